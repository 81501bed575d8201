"""Finalization: move the files of a published batch to `_archive/` or `_rejected/`, delete them, or leave them.

Idempotent: after a crash it may run again any number of times, because a file that was moved is found where it went. A
file that cannot be moved (no permission, another file system) is left and recorded in the ledger, so that it is not
ingested again and does not stop the others.
"""

from __future__ import annotations

import datetime as dt
import errno
import json
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from longshore.records import GONE, Outcome
from longshore.storage import fault_injection
from longshore.storage.landing import MovedError, NotDeletedError
from longshore.storage.listing import ARCHIVE, REJECTED
from longshore.storage.names import shortened, to_source_path, with_suffix_before_ending

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from longshore.records import Delivery
    from longshore.settings import Settings
    from longshore.storage.stores.interface import Landing

REASON_ENDING = ".reason.json"
# A file that cannot be moved for one of these reasons stays; any other error (a full disk) stops the run.
_IMMOVABLE = (errno.EACCES, errno.EPERM, errno.EROFS, errno.EXDEV, errno.EBUSY, errno.ENAMETOOLONG)

_IMMOVABLE_FILE = "{file} could not be moved out of landing: {cause}. It stays there and is not ingested again."
_UNDELETED_FILE = (
    "{file} was ingested and could not be deleted: {cause}. It is in _deleting/; the next run tries again."
)


@dataclass(slots=True)
class Finalization:
    """The result of finalizing a batch, for the ledger and for people.

    places: by path, where a file is if not at its usual place (`GONE`: nowhere).
    left: files that stay in landing, which the ledger must recognise. stuck: they should have been moved.
    problems: a sentence for each.
    """

    places: dict[str, str] = field(default_factory=dict)
    left: list[Delivery] = field(default_factory=list)
    stuck: bool = False
    problems: list[str] = field(default_factory=list)

    def keep(self, ending: Delivery, error: OSError) -> str:
        """Record where a file is that could not be moved or deleted; return the problem as a sentence to fill in."""
        if isinstance(error, NotDeletedError):
            self.places[ending.file.path] = error.place
            return _UNDELETED_FILE
        self.places[ending.file.path] = ending.file.path
        self.left.append(ending)
        self.stuck = True
        return _IMMOVABLE_FILE


class _Attempt(NamedTuple):
    """One file that was to be put away: where it is now (None: nowhere), or why not."""

    ending: Delivery
    wanted: str
    place: str | None
    error: MovedError | OSError | None = None


def finalize(
    endings: Iterable[Delivery],
    ingested_at: dt.datetime,
    landing: Landing,
    settings: Settings,
    *,
    again: bool = False,
) -> Finalization:
    """Move, delete or leave every landed file of a published batch.

    Args:
        endings: the final outcome of each delivery.
        ingested_at: when the batch was claimed; its day names the archive folder.
        landing: where the files are.
        settings: `after_ingest` decides.
        again: this is recovery, where a missing file may have been finalized before.
    """
    done = Finalization()
    failed: dict[str, list[str]] = {}
    day = archive_day(ingested_at)
    files = [one for one in endings if one.member is None and one.outcome is not Outcome.DEFERRED]

    def put_away(ending: Delivery) -> _Attempt:
        landing.release(ending.file)
        fault_injection.step("finalize.file")
        wanted = place_of(ending, day)
        try:
            place = _put_away(ending, wanted, landing, settings, again=again)
        except MovedError as error:
            return _Attempt(ending, wanted, None, error)
        except OSError as error:
            if error.errno not in _IMMOVABLE:
                raise
            return _Attempt(ending, wanted, None, error)
        fault_injection.step("finalize.moved")
        if place is not None and ending.outcome is Outcome.REJECTED:
            _write_reason(landing, place, ending, ingested_at)
        return _Attempt(ending, wanted, place)

    if settings.after_ingest == "keep":
        for ending in files:
            landing.release(ending.file)
        done.left += files
        files = []
    for ending, wanted, place, error in landing.map(put_away, files):
        if isinstance(error, MovedError):
            done.places[ending.file.path] = GONE
            if not (again and settings.after_ingest == "delete"):
                done.problems.append(f"{to_source_path(ending.path)} was ingested, but could not be moved: {error}.")
        elif error is not None:
            problem = done.keep(ending, error).replace("{cause}", _cause(error))
            failed.setdefault(problem, []).append(to_source_path(ending.path))
        elif place is not None and place != wanted:
            done.places[ending.file.path] = place
    done.problems.extend(_summarise(failed))
    fault_injection.step("finalize.done")
    return done


def _cause(error: OSError) -> str:
    return "its archive is on another file system" if error.errno == errno.EXDEV else error.strerror or str(error)


def _summarise(failed: dict[str, list[str]]) -> Iterator[str]:
    """Yield a sentence for each cause, not for each file: where one cannot be moved, its neighbours cannot either."""
    for problem, paths in failed.items():
        named = paths[0] if len(paths) == 1 else f"{len(paths):,} files, such as {paths[0]},"
        yield problem.replace("{file}", named)


@lru_cache(maxsize=64)
def archive_day(ingested_at: dt.datetime) -> str:
    """Return the archive folder for the files of a batch."""
    return f"{ARCHIVE}/{ingested_at:%Y-%m-%d}"


def place_of(ending: Delivery, day: str) -> str:
    """Return where the file of a delivery goes (`day`: the archive folder of its batch) if that place is free."""
    if ending.outcome is Outcome.REJECTED:
        return f"{REJECTED}/{_without_reason_ending(ending.file.path)}"
    return f"{day}/{ending.file.path}"


def reason_name(name: str) -> str:
    """Return the name of the file that holds the reason why `name` was rejected."""
    return shortened(name, REASON_ENDING)


def _put_away(ending: Delivery, wanted: str, landing: Landing, settings: Settings, *, again: bool) -> str | None:
    """Move or delete one file; return where it is now, or None if it was deleted."""
    if ending.outcome is not Outcome.REJECTED and settings.after_ingest == "delete":
        landing.delete(ending.file)
        return None
    try:
        return landing.move(ending.file, wanted, ending.record_id)
    except MovedError:
        found = landing.find_moved(ending.file, wanted, ending.record_id) if again else None
        if found is None:
            raise
        return found


def _without_reason_ending(path: str) -> str:
    """Return a path that no reason file can have, so that an original and a reason never share a name."""
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
        "next": "Fix the file or the settings, then run `longshore retry` to put it back into landing.",
    }
    data = json.dumps(reason, ensure_ascii=True, indent=2).encode() + b"\n"
    landing.write_beside(place, reason_name(place.rpartition("/")[2]), data)
