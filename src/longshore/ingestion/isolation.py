"""Retry a batch whose worker died, and find the file that killed it.

A batch runs again a few times, because a worker can die of something else. If it kills each, its files are rehearsed
one by one (everything is done except writing). A file that kills its worker alone is rejected as CRASHED, and the batch
runs without it.

Promised: the batch stays one batch with one part. Not promised: an answer for files that kill a worker only together;
that is an error which says what to change.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING, Protocol, TypeVar

from longshore.errors import WorkerError
from longshore.ingestion.worker import normalise_batch, rehearse_batch
from longshore.records import Reason
from longshore.storage.names import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from longshore.ingestion.worker import WorkOrder
    from longshore.records import Batch, Source, Staged

_log = logging.getLogger(__name__)

# A batch is run file by file after this many workers died of it.
ATTEMPTS = 3
# A file is rejected after this many workers died of it alone.
ATTEMPTS_ALONE = 2
# If all files of a batch with this many kill their workers, it is not the files.
_FEW_FILES = 5
# Each culprit costs processes: an archive with this many is rejected with all its members.
_MOST_CULPRITS_OF_A_FILE = 8

_T = TypeVar("_T")


class WorkerDiedError(Exception):
    """The process that ran a batch died."""


class Call(Protocol):
    """Runs a function on a batch where a crash does no harm, and returns its result.

    Raises:
        WorkerDiedError: the process that ran it died.
    """

    def __call__(self, act: Callable[[Batch, WorkOrder], _T], batch: Batch, order: WorkOrder, /) -> _T:
        """Run `act(batch, order)`."""


def run_again(batch: Batch, order: WorkOrder, call: Call) -> Staged:
    """Run a batch whose first worker died; after too many deaths, file by file.

    Raises:
        WorkerError: its files kill a worker only together, or workers die of no file at all.
    """
    for attempt in range(2, ATTEMPTS + 1):
        _log.warning("A worker died; batch %s runs again (attempt %d).", batch.batch_id[:12], attempt)
        try:
            return call(normalise_batch, batch, order)
        except WorkerDiedError:
            continue
    return run_without_culprits(batch, order, call)


def run_without_culprits(batch: Batch, order: WorkOrder, call: Call) -> Staged:
    """Rehearse a batch file by file, reject those that kill a worker as CRASHED, and run the rest.

    Raises:
        WorkerError: as `run_again`.
    """
    _log.warning("Batch %s killed every worker; its files are tried one by one.", batch.batch_id[:12])

    def survives(sources: Sequence[Source]) -> bool:
        for _ in range(ATTEMPTS_ALONE):
            try:
                call(rehearse_batch, replace(batch, sources=tuple(sources)), order)
            except WorkerDiedError:
                continue
            return True
        return False

    if not survives(()):
        raise _broken_machine("before they read a file")
    culprits: list[Source] = []
    for _, of_a_file in groupby(batch.sources, key=lambda source: source.file.path):
        sources = list(of_a_file)
        found: list[Source] = []
        _find_culprits(sources, survives, found)
        culprits += sources if len(found) >= _MOST_CULPRITS_OF_A_FILE else found
    if len(culprits) == len(batch.sources) and len({source.file.path for source in culprits}) >= _FEW_FILES:
        raise _broken_machine("of every file")
    if not culprits:
        raise killed_together(batch)
    for source in culprits:
        _log.warning("%s kills its worker: it is rejected as CRASHED.", printable(source.path))
    ids = {source.record_id for source in culprits}
    rest = tuple(source for source in batch.sources if source.record_id not in ids)
    try:
        staged = call(normalise_batch, replace(batch, sources=rest), order)
    except WorkerDiedError:
        raise killed_together(batch) from None
    detail = (
        f"The process that normalised it was killed, or crashed, {ATTEMPTS_ALONE} times (out of memory?). The other "
        "files of its batch are published. Report it with the file, if it can be shared."
    )
    return replace(staged, failed=staged.failed | dict.fromkeys(ids, (Reason.CRASHED, detail)))


def _find_culprits(
    sources: Sequence[Source], survives: Callable[[Sequence[Source]], bool], found: list[Source]
) -> None:
    """Add to `found` the sources of one landed file that kill a worker alone: by halves, as each reads the file."""
    if len(found) >= _MOST_CULPRITS_OF_A_FILE or survives(sources):
        return
    if len(sources) == 1:
        found.append(sources[0])
        return
    middle = len(sources) // 2
    _find_culprits(sources[:middle], survives, found)
    _find_culprits(sources[middle:], survives, found)


def _broken_machine(when: str) -> WorkerError:
    return WorkerError(
        f"Workers die {when} (out of memory, or a damaged installation?). Nothing is lost. Fix this; the next run goes "
        "on from here."
    )


def killed_together(batch: Batch) -> WorkerError:
    """Return the error for a batch that kills every worker although each of its files alone does not."""
    first, last = printable(batch.sources[0].file.path), printable(batch.sources[-1].file.path)
    return WorkerError(
        f"Batch {batch.batch_id[:12]} killed every worker that ran it, but none of its files does so alone (out of "
        f"memory?). Its files, from {first!r} to {last!r}, are still in landing. Lower `max_bytes_per_batch` or "
        "`workers` in longshore.toml, or give the workers more memory; the next run goes on from here."
    )
