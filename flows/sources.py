"""Read the sources of a batch and normalise them, each group together.

Promised: what comes of a source depends on its bytes alone, not on what else is in its group; bad data, and a fault of
ours, end as a named rejection of that source; a file that moved, or a disk that failed, defers that file alone.
"""

from __future__ import annotations

import errno
import hashlib
import logging
import time
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from flows.records import Reason, Record, Rejection
from flows.storage import faults
from flows.storage.landing import Landing, MovedError
from flows.storage.names import to_source_path
from flows.storage.pack_limits import PackError
from flows.storage.packs import members
from flows.storage.patterns import first_match

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from flows.records import LandedFile, Source
    from flows.storage.pack_limits import PackLimits
    from flows.text.policy import TextPolicy

_log = logging.getLogger(__name__)

# Texts that are normalised together: more of them gain nothing, and fewer bytes stay in the processor's cache.
_GROUP_SOURCES = 64
_GROUP_BYTES = 1 << 18


@dataclass(frozen=True, slots=True)
class WorkOrder:
    """What a worker must know besides the batch: plain values, cheap to send."""

    landing: str
    warehouse: str
    run_id: str
    policy: TextPolicy
    declared_encodings: dict[str, str]
    zstd_level: int
    pack_limits: PackLimits


@dataclass(slots=True)
class Work:
    """What came of some sources. failed: by record id; a reason of None defers. times: seconds and path of each."""

    rows: list[tuple[Record, str, LandedFile]] = field(default_factory=list)
    failed: dict[str, tuple[Reason | None, str]] = field(default_factory=dict)
    times: list[tuple[float, str]] = field(default_factory=list)

    def add(self, other: Work) -> None:
        """Take in what came of others."""
        self.rows += other.rows
        self.failed |= other.failed
        self.times += other.times


def normalise_sources(sources: Sequence[Source], order: WorkOrder) -> Work:
    """Read and normalise the sources, group by group; nothing of a pack counts if it cannot be read to its end."""
    works: list[Work] = []
    group = _Group(order)
    with Landing(Path(order.landing)) as landing:
        for _, of_a_file in groupby(sources, key=lambda source: source.file.path):
            works.append(_read_file(list(of_a_file), landing, group))
    group.normalise()
    all_of_them = Work()
    for work in works:
        all_of_them.add(work)
    return all_of_them


def _read_file(sources: Sequence[Source], landing: Landing, group: _Group) -> Work:
    """Put a landed file, or all that is new in a pack, into the group; give where what comes of it will be."""
    work = Work()
    try:
        faults.step("worker.read")
        for source, raw in read_sources(sources, landing, group.order.pack_limits):
            if hashlib.sha256(raw).hexdigest() != source.record_id:
                raise MovedError("it changed after its batch was claimed")
            group.put(source, raw, work)
    except MovedError as moved:
        return Work(failed={source.record_id: (None, str(moved)) for source in sources})
    except OSError as error:
        return Work(failed={source.record_id: failure(error) for source in sources})
    return work


def read_sources(sources: Sequence[Source], landing: Landing, limits: PackLimits) -> Iterator[tuple[Source, bytes]]:
    """Read the bytes of the sources of one landed file: itself, or what is wanted of a pack, in the pack's order.

    Raises:
        MovedError: the landed file is no longer what it was when its batch was claimed.
    """
    if sources[0].member is None:
        yield sources[0], landing.read(sources[0].file)
        return
    wanted = {source.member: source for source in sources}
    try:
        for member in members(sources[0].file, landing, limits):
            source = wanted.pop(member.name, None)
            if source is not None and member.data is not None:
                yield source, member.data
    except PackError as error:
        raise MovedError(f"it could be unpacked when its batch was claimed, and now cannot: {error}") from error
    if wanted:
        raise MovedError("it changed after its batch was claimed")


def failure(error: OSError) -> tuple[Reason | None, str]:
    """Say how a file ends that could not be read: rejected where it may not be, deferred where the disk failed."""
    if error.errno in (errno.EACCES, errno.EPERM):
        return Reason.UNREADABLE, f"The file may not be read: {error.strerror}. Give the user of the run that right."
    return None, f"reading it failed: {error.strerror}"


class _Group:
    """Sources that are normalised together: many small ones, or a large one alone, so that its time is its own."""

    def __init__(self, order: WorkOrder) -> None:
        self.order = order
        self._sources: list[tuple[Source, bytes, Work]] = []
        self._bytes = 0

    def put(self, source: Source, raw: bytes, work: Work) -> None:
        """Take a source in, and say where what comes of it goes."""
        if len(raw) > _GROUP_BYTES - self._bytes or len(self._sources) == _GROUP_SOURCES:
            self.normalise()
        self._sources.append((source, raw, work))
        self._bytes += len(raw)
        if self._bytes >= _GROUP_BYTES:
            self.normalise()

    def normalise(self) -> None:
        """Normalise what is in the group, and empty it."""
        began = time.perf_counter()
        paths = [to_source_path(source.path) for source, _, _ in self._sources]
        results = self._results(paths)
        seconds_per_byte = (time.perf_counter() - began) / max(1, self._bytes)
        for (source, raw, work), path, result in zip(self._sources, paths, results, strict=True):
            if isinstance(result, Rejection):
                work.failed[source.record_id] = (result.reason, result.detail)
            else:
                work.rows.append((result, path, source.file))
                work.times.append((seconds_per_byte * len(raw), path))
        self._sources.clear()
        self._bytes = 0

    def _results(self, paths: list[str]) -> list[Record | Rejection]:
        from flows.text.normalise import normalise_together  # noqa: PLC0415 - a run that finds nothing must not wait for it

        declared = self.order.declared_encodings
        sources = [
            (raw, first_match(declared, path) if declared else None)
            for (_, raw, _), path in zip(self._sources, paths, strict=True)
        ]
        try:
            return normalise_together(sources, self.order.policy)
        except Exception:
            return [self._alone(*source, path) for source, path in zip(sources, paths, strict=True)]

    def _alone(self, raw: bytes, declared: str | None, path: str) -> Record | Rejection:
        from flows.text.normalise import normalise  # noqa: PLC0415 - as above

        try:
            return normalise(raw, self.order.policy, declared)
        except Exception as error:  # one file must never stop the others, whatever is wrong with it or with us
            _log.exception("Normalising %s failed; the file is rejected.", path)
            problem = f"{type(error).__name__}: {error}"
            detail = f"Normalising it failed ({problem}). This is a fault in Longshore: report it."
            return Rejection(Reason.UNREADABLE, detail)
