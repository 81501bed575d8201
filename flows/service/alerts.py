"""When a person should look: nothing came for too long, too much was rejected, too much waits.

The thresholds are settings and off by default. The same sentences are in `longshore status --check`, which fails on
them (for cron and Nagios-style monitors), and in the event `longshore.alert` that a scheduled run sends.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from flows.settings import Settings
    from flows.status import Status


@dataclass(frozen=True, slots=True)
class Alert:
    """Something a person should look at: `idle`, `rejected-share`, `backlog`, `failed` or `problem`, and a sentence."""

    kind: str
    detail: str


def alerts(status: Status, settings: Settings, now: dt.datetime) -> list[Alert]:
    """Give what a person should look at; empty when all is well."""
    return [
        *_failed(status),
        *(Alert("problem", sentence) for sentence in status.problems),
        *_idle(status, settings, now),
        *_rejected(status, settings),
        *backlog_alerts(status, settings),
    ]


def rejected_share_alert(rejected: int, seen: int, most: float | None) -> Alert | None:
    """Give the alert of a run that rejected more than this share of what it saw.

    >>> rejected_share_alert(3, 4, 0.5).detail
    'The last run with work rejected 3 of 4 files (75 %); alert_rejected_share allows 50 %.'
    """
    if most is None or not seen or rejected / seen <= most:
        return None
    share = f"{rejected:,} of {seen:,} files ({100 * rejected / seen:.0f} %)"
    allowed = f"alert_rejected_share allows {100 * most:.0f} %"
    return Alert("rejected-share", f"The last run with work rejected {share}; {allowed}.")


def _failed(status: Status) -> Iterator[Alert]:
    ended = [run for run in status.runs if run["state"] != "running"]
    if ended and ended[0]["state"] in ("failed", "crashed"):
        last = ended[0]
        yield Alert(
            "failed", f"The last run ({last['kind']}, {last['started_at']:%Y-%m-%d %H:%M} UTC) {last['state']}."
        )


def _idle(status: Status, settings: Settings, now: dt.datetime) -> Iterator[Alert]:
    if settings.alert_idle_hours is None:
        return
    published = [run for run in status.runs if _files(run).get("published")]
    since = published[0]["started_at"] if published else None
    if since is None or now - since > dt.timedelta(hours=settings.alert_idle_hours):
        when = f"since {since:%Y-%m-%d %H:%M} UTC" if since else "in any run that is remembered"
        yield Alert("idle", f"Nothing was published {when}; alert_idle_hours allows {settings.alert_idle_hours:g} h.")


def _rejected(status: Status, settings: Settings) -> Iterator[Alert]:
    worked = [_files(run) for run in status.runs if _files(run).get("seen")]
    if worked:
        found = rejected_share_alert(worked[0]["rejected"], worked[0]["seen"], settings.alert_rejected_share)
        if found:
            yield found


def backlog_alerts(status: Status, settings: Settings) -> list[Alert]:
    """Give the alert of a landing folder in which more waits than the settings allow."""
    most = settings.alert_backlog_files
    if most is None or status.waiting <= most:
        return []
    return [Alert("backlog", f"{status.waiting:,} files wait in landing/; alert_backlog_files allows {most:,}.")]


def _files(run: Mapping[str, Any]) -> dict[str, int]:
    found: dict[str, int] = run["summary"].get("files", {})
    return found
