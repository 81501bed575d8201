"""Figures for Prometheus: `longshore serve --metrics-port 9464`, on loopback unless told otherwise.

Promised: the figures are what landing and ledger say at the moment they are asked for, so that they are right after
any restart and whichever process did the work; at most one look every few seconds, however often they are asked for.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from longshore.errors import SettingsError
from longshore.maintenance.status import Status, status_of
from longshore.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


@dataclass(frozen=True, slots=True)
class Alert:
    """Something a person should look at: `idle`, `rejected-share`, `backlog`, `failed` or `problem`, and a sentence."""

    kind: str
    detail: str


def alerts(status: Status, settings: Settings, now: dt.datetime) -> list[Alert]:
    """Return what a person should look at; empty when all is well."""
    return [
        *_failed(status),
        *(Alert("problem", sentence) for sentence in status.problems),
        *_idle(status, settings, now),
        *_rejected(status, settings),
        *backlog_alerts(status, settings),
    ]


def rejected_share_alert(rejected: int, seen: int, most: float | None) -> Alert | None:
    """Return the alert of a run that rejected more than this share of what it saw.

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
    """Return the alert of a landing folder in which more waits than the settings allow."""
    most = settings.alert_backlog_files
    if most is None or status.waiting <= most:
        return []
    return [Alert("backlog", f"{status.waiting:,} files wait in landing/; alert_backlog_files allows {most:,}.")]


def _files(run: Mapping[str, Any]) -> dict[str, int]:
    found: dict[str, int] = run["summary"].get("files", {})
    return found


# Scrapes closer together than this get the same figures.
_LOOK_EVERY_SECONDS = 5.0


class ProjectFigures(Collector):
    """Looks at a project each time that Prometheus asks."""

    def __init__(self, settings: Settings) -> None:
        """Store the project; nothing is looked at yet."""
        self._settings = settings
        self._looked = -_LOOK_EVERY_SECONDS
        self._found: list[Metric] = []

    def collect(self) -> Iterable[Metric]:
        """Return the figures of now."""
        if time.monotonic() - self._looked >= _LOOK_EVERY_SECONDS:
            self._found = list(figures(status_of(self._settings, runs=200), time.time()))
            self._looked = time.monotonic()
        return self._found


def figures(status: Status, now: float) -> Iterator[Metric]:
    """Return how a project stands as Prometheus figures; `now` is in seconds since the epoch."""
    yield GaugeMetricFamily("longshore_backlog_files", "Files that wait in landing/.", value=status.waiting)
    yield GaugeMetricFamily("longshore_backlog_bytes", "Bytes that wait in landing/.", value=status.waiting_bytes)
    yield GaugeMetricFamily(
        "longshore_oldest_waiting_seconds", "Age of the oldest file that waits.", value=status.oldest_seconds or 0.0
    )
    yield GaugeMetricFamily("longshore_records", "Records in the warehouse.", value=status.records)
    yield GaugeMetricFamily("longshore_running", "1 while a run holds the warehouse.", value=bool(status.running))
    files = CounterMetricFamily("longshore_files", "Files by how they ended.", labels=["outcome"])
    for outcome, count in (
        ("published", status.published),
        ("duplicate", status.duplicate),
        ("rejected", status.rejected),
    ):
        files.add_metric([outcome], count)
    yield files
    yield from _of_last_runs(status, now)


def _of_last_runs(status: Status, now: float) -> Iterator[Metric]:
    done = [run for run in status.runs if run["kind"] == "ingest" and run["state"] in ("completed", "nothing-to-do")]
    if done:
        ended = done[0]["ended_at"].timestamp()
        yield GaugeMetricFamily("longshore_last_success_timestamp_seconds", "When a run last went well.", value=ended)
        yield GaugeMetricFamily("longshore_last_success_age_seconds", "How long ago that was.", value=now - ended)
    worked = [run for run in status.runs if run["summary"].get("files", {}).get("seen")]
    if not worked:
        return
    summary = worked[0]["summary"]
    seconds = summary["seconds"]
    yield GaugeMetricFamily("longshore_last_run_seconds", "How long the last run with work took.", value=seconds)
    yield GaugeMetricFamily("longshore_last_run_bytes", "Bytes that it read.", value=summary["source_bytes"])
    stages = GaugeMetricFamily("longshore_last_run_stage_seconds", "Its seconds of work by stage.", labels=["stage"])
    for stage, seconds in summary.get("stage_seconds", {}).items():
        stages.add_metric([stage], seconds)
    yield stages
    reasons = GaugeMetricFamily("longshore_last_run_rejected_files", "What it rejected, by reason.", labels=["reason"])
    for reason, count in summary.get("reasons", {}).items():
        reasons.add_metric([reason], count)
    yield reasons


@contextlib.contextmanager
def exposed(settings: Settings, port: int) -> Iterator[None]:
    """Expose the figures at http://HOST:port/metrics, HOST being `server_host`, while the block runs.

    Raises:
        SettingsError: the port is taken.
    """
    registry = CollectorRegistry(auto_describe=False)
    # The first look is when the first one asks: a ledger that is not there yet is no error here.
    registry.register(ProjectFigures(settings))
    try:
        server, thread = start_http_server(port, settings.server_host, registry)
    except OSError as error:
        raise SettingsError(f"--metrics-port {port} cannot be used: {error.strerror}. Choose another.") from None
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join(2)
