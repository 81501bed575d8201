"""Move the files of a published batch out of the way: to `_archive/`, to `_rejected/`, deleted, or left.

May be done again after a crash, any number of times: a file that was moved already is found where it went. A file that
cannot be moved (no right to, another file system) is left and remembered, so that it is neither ingested again nor
stops the others.
"""

from __future__ import annotations

import datetime as dt
import errno
import json
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from longshore.records import GONE, Outcome
from longshore.storage import fault_injection
from longshore.storage.landing import MovedError
from longshore.storage.listing import ARCHIVE, REJECTED
from longshore.storage.names import shortened, to_source_path, with_suffix_before_ending

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from longshore.records import Delivery
    from longshore.settings import Settings
    from longshore.storage.landing import Landing

REASON_ENDING = ".reason.json"
# A file that fails to move with one of these stays; with any other (the disk is full, it fails) the run stops.
_IMMOVABLE = (errno.EACCES, errno.EPERM, errno.EROFS, errno.EXDEV, errno.EBUSY, errno.ENAMETOOLONG)


@dataclass(slots=True)
class Finalization:
    """What settling a batch came to, for the ledger and for people.

    places: by path, where a file is that is not where its path says (`GONE`: nowhere).
    left: files that stay in landing, to be known again by path, size and time.
    stuck: those of them that should not have stayed. surprises: a sentence for each.
    """

    places: dict[str, str] = field(default_factory=dict)
    left: list[Delivery] = field(default_factory=list)
    stuck: bool = False
    surprises: list[str] = field(default_factory=list)


def finalize(
    endings: Iterable[Delivery],
    ingested_at: dt.datetime,
    landing: Landing,
    settings: Settings,
    *,
    again: bool = False,
) -> Finalization:
    """Settle every landed file of a published batch.

    Args:
        endings: how each of its deliveries ended.
        ingested_at: when it was claimed; its day names the archive's folder.
        landing: where the files are.
        settings: `after_ingest` decides.
        again: this is recovery, where a file that is gone may have been settled before.
    """
    done = Finalization()
    immovable: dict[str, list[str]] = {}
    day = archive_day(ingested_at)
    for ending in endings:
        if ending.member is not None or ending.outcome is Outcome.DEFERRED:
            continue
        if settings.after_ingest == "keep":
            done.left.append(ending)
            continue
        fault_injection.step("finalize.file")
        try:
            wanted = place_of(ending, day)
            place = _put_away(ending, wanted, landing, settings, again=again)
        except MovedError as error:
            done.places[ending.file.path] = GONE
            if not (again and settings.after_ingest == "delete"):
                done.surprises.append(f"{to_source_path(ending.path)} was read, but could not be settled: {error}.")
        except OSError as error:
            if error.errno not in _IMMOVABLE:
                raise
            immovable.setdefault(_cause(error), []).append(to_source_path(ending.path))
            done.places[ending.file.path] = ending.file.path
            done.left.append(ending)
            done.stuck = True
        else:
            fault_injection.step("finalize.moved")
            if place is None:
                continue
            if place != wanted:
                done.places[ending.file.path] = place
            if ending.outcome is Outcome.REJECTED:
                _write_reason(landing, place, ending, ingested_at)
    done.surprises.extend(_told_together(immovable))
    fault_injection.step("finalize.done")
    return done


def _cause(error: OSError) -> str:
    return "its archive is on another file system" if error.errno == errno.EXDEV else error.strerror or str(error)


def _told_together(immovable: dict[str, list[str]]) -> Iterator[str]:
    """Give a sentence for each cause, not for each file: where one cannot be moved, hundreds beside it cannot."""
    for cause, paths in immovable.items():
        named = paths[0] if len(paths) == 1 else f"{len(paths):,} files, such as {paths[0]},"
        yield f"{named} could not be moved out of landing: {cause}. What stays there is not ingested again."


@lru_cache(maxsize=64)
def archive_day(ingested_at: dt.datetime) -> str:
    """Give the folder of the archive that a batch's files go to."""
    return f"{ARCHIVE}/{ingested_at:%Y-%m-%d}"


def place_of(ending: Delivery, day: str) -> str:
    """Say where the file of a delivery goes (`day`: of its batch), unless something has that place already."""
    if ending.outcome is Outcome.REJECTED:
        return f"{REJECTED}/{_without_reason_ending(ending.file.path)}"
    return f"{day}/{ending.file.path}"


def reason_name(name: str) -> str:
    """Give the name of the file that says why `name` was rejected."""
    return shortened(name, REASON_ENDING)


def _put_away(ending: Delivery, wanted: str, landing: Landing, settings: Settings, *, again: bool) -> str | None:
    """Move or delete one file; give where it is now, None where it is deleted."""
    if ending.outcome is not Outcome.REJECTED and settings.after_ingest == "delete":
        landing.delete(ending.file)
        return None
    try:
        return landing.move(ending.file, wanted)
    except MovedError:
        found = landing.find_moved(ending.file, wanted) if again else None
        if found is None:
            raise
        return found


def _without_reason_ending(path: str) -> str:
    """Give a path that no reason file can have: else an original and the reason of another would have one name."""
    if REASON_ENDING not in path:
        return path
    names = [with_suffix_before_ending(n, "~") if n.endswith(REASON_ENDING) else n for n in path.split("/")]
    return "/".join(names)


def _write_reason(landing: Landing, place: str, ending: Delivery, when: dt.datetime) -> None:
    reason = {
        "path": to_source_path(ending.path),
        "reason": ending.reason,
        "detail": ending.detail,
        "record_id": ending.record_id,
        "bytes": ending.file.size,
        "rejected_at": when.isoformat(timespec="seconds"),
        "next": "Mend the file or the settings, then `longshore retry` puts it back into landing.",
    }
    data = json.dumps(reason, ensure_ascii=True, indent=2).encode() + b"\n"
    landing.write_beside(place, reason_name(place.rpartition("/")[2]), data)
