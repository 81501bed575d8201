"""Rejected files: list them with their reasons, move them back into landing, discard them.

Promised: a file that is moved back never replaces another; its reason file is deleted, and the ledger keeps the
rejection. With `after_ingest = "keep"`, rejected files never left landing: `retry` makes the next run read them again.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from longshore.console import table
from longshore.errors import SettingsError
from longshore.ingestion.finalization import archive_day, place_of, reason_name
from longshore.ingestion.project import landing_of, ledger_if_any, open_ledger, refuse_lost_ledger, warehouse_of
from longshore.records import GONE, Outcome
from longshore.storage.landing import MovedError
from longshore.storage.ledger.batches import Ledger
from longshore.storage.ledger.queries import file_rejections, mark_rejection_gone, member_rejections
from longshore.storage.ledger.runs import drop_kept
from longshore.storage.listing import REJECTED
from longshore.storage.lock import one_run_at_a_time
from longshore.storage.names import from_source_path, to_source_path

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from longshore.settings import Settings
    from longshore.storage.ledger.audit import Original
    from longshore.storage.stores.interface import Landing


@dataclass(frozen=True, slots=True)
class Rejected:
    """One rejected document. `path`: as delivered; `place`: where it is below landing/, None for an archive member."""

    path: str
    reason: str
    detail: str
    bytes: int
    rejected_at: str
    place: str | None

    def to_dict(self) -> dict[str, Any]:
        """Return the rejection as plain values, for JSON."""
        return asdict(self)


def rejected_files(settings: Settings, reason: str | None = None) -> list[Rejected]:
    """Return the rejected files that are still there, oldest first; `reason` selects."""
    with landing_of(settings) as landing, ledger_if_any(settings) as ledger:
        refuse_lost_ledger(ledger, warehouse_of(settings), landing)
        return quarantined(ledger, landing, reason) if ledger is not None else []


def quarantined(ledger: Ledger, landing: Landing, reason: str | None = None) -> list[Rejected]:
    """Return the rejected files of an open ledger that are still there, oldest first."""
    return [one for one in _recorded(ledger, reason) if landing.look(_path_of(one)) is not None]


def _recorded(ledger: Ledger, reason: str | None) -> list[Rejected]:
    """Return the rejected files that the ledger expects to be there, oldest first."""
    # By place: a kept file that was retried may have been rejected more than once.
    found: dict[str, Rejected] = {}
    for one in file_rejections(ledger, reason):
        place = _place(one)
        if place is not None:
            found[place] = _rejected(one, place)
    return list(found.values())


def _path_of(one: Rejected) -> str:
    assert one.place is not None  # only archive members have none
    return from_source_path(one.place)


def rejected_members(settings: Settings, reason: str | None = None) -> list[Rejected]:
    """Return the rejected archive members, oldest first; they cannot be moved back on their own."""
    with ledger_if_any(settings) as ledger:
        refuse_lost_ledger(ledger, warehouse_of(settings))
        if ledger is None:
            return []
        return [
            Rejected(one.source_path, one.reason, one.detail, one.size, _moment(one.ingested_at), None)
            for one in member_rejections(ledger, reason)
        ]


def as_lines(found: Sequence[Rejected]) -> Iterator[str]:
    """Yield the lines that a person reads; names and texts from outside are escaped."""
    if not found:
        yield "No file is rejected."
        return
    rows = [(one.path, one.reason, one.rejected_at, one.detail) for one in found]
    yield from table(("file", "reason", "rejected at", "detail"), rows)
    yield ""
    if any(one.place is None for one in found):
        yield f"{len(found):,} archive member(s). Repair one and deliver it on its own, or in another archive."
    else:
        yield f"{len(found):,} file(s). `longshore retry PATH`, `--reason R` or `--all` moves them back into landing."


def as_json(found: Sequence[Rejected]) -> str:
    """Return the rejections as JSON."""
    return json.dumps([one.to_dict() for one in found], ensure_ascii=True, indent=2)


def retry(
    settings: Settings, paths: Sequence[str] = (), *, reason: str | None = None, everything: bool = False
) -> list[str]:
    """Move rejected files back into landing, for the next run; return the path of each.

    Args:
        settings: of the project.
        paths: as `longshore rejected` shows them, or as they are in `_rejected/`.
        reason: choose all with this reason.
        everything: choose all.

    Raises:
        SettingsError: a path is not that of a rejected file; nothing was moved.
        LockHeldError: a run is at work; nothing was moved.
    """
    warehouse = warehouse_of(settings)
    now = dt.datetime.now(dt.UTC)
    with one_run_at_a_time(warehouse.inner, "retry", now, settings.ledger_url), landing_of(settings) as landing:
        chosen = _chosen(rejected_files(settings, reason), paths, everything=everything or reason is not None)
        with open_ledger(settings) as ledger:
            return [back for one in chosen if (back := _put_back(one, landing, ledger)) is not None]


def discard(
    settings: Settings, paths: Sequence[str] = (), *, reason: str | None = None, everything: bool = False
) -> list[str]:
    """Delete rejected files and their reason files for good; return the path of each.

    One that somebody has deleted already is acknowledged: `verify` no longer misses it. A rejected file that never left
    landing (`after_ingest = "keep"`) is its owner's to delete, and is skipped.

    Args:
        settings: of the project.
        paths: as `longshore rejected` shows them, or as they are in `_rejected/`.
        reason: choose all with this reason.
        everything: choose all.

    Raises:
        SettingsError: a path is not that of a rejected file; nothing was deleted.
        LockHeldError: a run is at work; nothing was deleted.
        OSError: a file cannot be deleted.
    """
    warehouse = warehouse_of(settings)
    now = dt.datetime.now(dt.UTC)
    with (
        one_run_at_a_time(warehouse.inner, "discard", now, settings.ledger_url),
        landing_of(settings) as landing,
        open_ledger(settings) as ledger,
    ):
        refuse_lost_ledger(ledger, warehouse, landing)
        found = [one for one in _recorded(ledger, reason) if _path_of(one).startswith(f"{REJECTED}/")]
        chosen = _chosen(found, paths, everything=everything or reason is not None)
        for one in chosen:
            place = _path_of(one)
            name = place.rpartition("/")[2]
            with contextlib.suppress(FileNotFoundError):
                landing.remove_beside(place, name)
                landing.remove_beside(place, reason_name(name))
                landing.fsync_beside(place)
            mark_rejection_gone(ledger, place)
        return [one.path for one in chosen]


def _chosen(found: Sequence[Rejected], paths: Sequence[str], *, everything: bool) -> list[Rejected]:
    if everything and not paths:
        return list(found)
    wanted = set()
    for path in paths:
        same = [one for one in found if path in (one.path, one.place, f"{REJECTED}/{one.path}")]
        if not same:
            raise SettingsError(f"{path} is not a rejected file; `longshore rejected` lists them. Nothing was changed.")
        wanted.update(same)
    return [one for one in found if one in wanted]


def _put_back(one: Rejected, landing: Landing, ledger: Ledger) -> str | None:
    place, path = _path_of(one), from_source_path(one.path)
    if not place.startswith(f"{REJECTED}/"):
        drop_kept(ledger, [path])
        return one.path
    try:
        back = landing.put_back(place, path)
    except MovedError:
        return None
    # The reason file last: without one, the ledger still finds the file.
    landing.remove_beside(place, reason_name(place.rpartition("/")[2]))
    mark_rejection_gone(ledger, place)
    return to_source_path(back)


def _place(one: Original) -> str | None:
    if one.finalized_as is not None:
        return None if one.finalized_as == GONE else one.finalized_as
    if one.after_ingest == "keep":
        return one.delivery.file.path if one.kept else None
    return place_of(one.delivery, archive_day(one.ingested_at))


def _moment(when: dt.datetime) -> str:
    return when.isoformat(timespec="seconds")


def _rejected(one: Original, place: str) -> Rejected:
    delivery = one.delivery
    assert delivery.outcome is Outcome.REJECTED
    return Rejected(
        path=to_source_path(delivery.file.path),
        reason=delivery.reason or "",
        detail=delivery.detail or "",
        bytes=delivery.file.size,
        rejected_at=_moment(one.ingested_at),
        place=to_source_path(place),
    )
