"""The worker's side of a batch: read each source, normalise it, stage one part.

Bad data ends as a named rejection of that file alone. A broken world (the disk is full, the warehouse is read-only)
is an exception: the batch is then as if it had never begun.
"""

from __future__ import annotations

import errno
import hashlib
import logging
import time
from collections import Counter
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from longshore.records import Brief, Reason, Record, Rejection, Staged
from longshore.storage import fault_injection
from longshore.storage.archives.members import members
from longshore.storage.archives.stream import ArchiveError
from longshore.storage.landing import Landing, MovedError
from longshore.storage.listing import first_match
from longshore.storage.names import to_source_path
from longshore.storage.warehouse import Warehouse
from longshore.text.normalise import NORMALISER_VERSION

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterator, Sequence

    import pyarrow as pa

    from longshore.records import Batch, LandedFile, Source
    from longshore.storage.archives.stream import ArchiveLimits
    from longshore.storage.warehouse import StagedPart
    from longshore.text.policy import TextPolicy

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
    archive_limits: ArchiveLimits


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
        fault_injection.step("worker.read")
        for source, raw in read_sources(sources, landing, group.order.archive_limits):
            if hashlib.sha256(raw).hexdigest() != source.record_id:
                raise MovedError("it changed after its batch was claimed")
            group.put(source, raw, work)
    except MovedError as moved:
        return Work(failed={source.record_id: (None, str(moved)) for source in sources})
    except OSError as error:
        return Work(failed={source.record_id: failure(error) for source in sources})
    return work


def read_sources(sources: Sequence[Source], landing: Landing, limits: ArchiveLimits) -> Iterator[tuple[Source, bytes]]:
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
    except ArchiveError as error:
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
        from longshore.text.normalise import normalise_together  # noqa: PLC0415 - a run that finds nothing must not wait for it

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
        from longshore.text.normalise import normalise  # noqa: PLC0415 - as above

        try:
            return normalise(raw, self.order.policy, declared)
        except Exception as error:  # one file must never stop the others, whatever is wrong with it or with us
            _log.exception("Normalising %s failed; the file is rejected.", path)
            problem = f"{type(error).__name__}: {error}"
            detail = f"Normalising it failed ({problem}). This is a fault in Longshore: report it."
            return Rejection(Reason.UNREADABLE, detail)


_log = logging.getLogger(__name__)

# A run's report shows files one by one only where they are few.
_BRIEFS = 60
_SLOWEST = 5


def normalise_batch(batch: Batch, order: WorkOrder) -> Staged:
    """Turn the sources of a batch into one staged part, and say what became of each.

    Raises:
        OSError: the part could not be written; nothing of it is visible.
    """
    began = time.perf_counter()
    work = normalise_sources(batch.sources, order)
    _defer_with_the_deferred(batch, work)
    normalised = time.perf_counter()
    fault_injection.step("normalise")
    name, rows, part_bytes, sha256 = None, 0, 0, ""
    part = None
    if work.rows:
        part = _stage(batch, order, work)
    if part is not None:
        name, rows, part_bytes, sha256 = part.name, part.rows, part.bytes, part.sha256
    records = [record for record, _, _ in work.rows]
    return Staged(
        batch_no=batch.batch_no,
        part_name=name,
        rows=rows,
        part_bytes=part_bytes,
        part_sha256=sha256,
        failed=work.failed,
        source_bytes=sum(record.source_bytes for record in records),
        seconds={"normalise": normalised - began, "stage": time.perf_counter() - normalised},
        tallies=_tallies(records),
        briefs=tuple(_brief(record, path) for record, path, _ in work.rows[:_BRIEFS]),
        dates=_date_range(records),
        slowest=tuple((path, seconds) for seconds, path in sorted(work.times, reverse=True)[:_SLOWEST]),
    )


def _defer_with_the_deferred(batch: Batch, work: Work) -> None:
    """Defer each pack that holds the bytes of something deferred: a pack is published wholly or not at all."""
    while deferred := {record_id for record_id, (reason, _) in work.failed.items() if reason is None}:
        packs = {d.file.path for d in batch.deliveries if d.member is not None and d.record_id in deferred}
        others = {s.record_id for s in batch.sources if s.member is not None and s.file.path in packs} - deferred
        if not others:
            return
        detail = "another file that holds the same bytes as one in this pack could not be read"
        work.failed |= dict.fromkeys(others, (None, detail))
        work.rows = [row for row in work.rows if row[0].record_id not in others]


def _fits(
    row: tuple[Record, str, LandedFile],
    table_of: Callable[[list[tuple[Record, str, LandedFile]]], pa.Table],
    work: Work,
) -> bool:
    """Tell whether a record can be written at all; if not, its source is rejected, and the others go on."""
    try:
        table_of([row])
    except Exception as error:
        problem = f"{type(error).__name__}: {error}"
        detail = f"Its record cannot be written ({problem}). This is a fault in Longshore: report it."
        work.failed[row[0].record_id] = (Reason.UNREADABLE, detail)
        return False
    return True


def _stage(batch: Batch, order: WorkOrder, work: Work) -> StagedPart | None:
    """Write the part; None where none of its rows could be written."""
    from longshore.storage.schema import records_table  # noqa: PLC0415 - pyarrow, only where a part is written

    def table_of(rows: list[tuple[Record, str, LandedFile]]) -> pa.Table:
        return records_table(rows, batch.batch_id, batch.ingested_at, NORMALISER_VERSION)

    try:
        table = table_of(work.rows)
    except Exception:
        _log.exception("The rows of batch %s do not make a table: each is tried alone.", batch.batch_id[:12])
        work.rows = [row for row in work.rows if _fits(row, table_of, work)]
        if not work.rows:
            return None
        table = table_of(work.rows)
    return Warehouse(Path(order.warehouse)).stage(order.run_id, f"{batch.batch_id}.parquet", table)


def _tallies(records: list[Record]) -> dict[str, dict[str, int]]:
    return {
        "language": dict(Counter(record.language for record in records)),
        "encoding": dict(Counter(record.encoding for record in records)),
        "encoding_method": dict(Counter(record.encoding_method for record in records)),
        "repairs": dict(Counter("repaired" if record.repairs else "as it was" for record in records)),
        "date_status": dict(Counter(record.date_status for record in records)),
        "published_year": dict(Counter(str(r.published_date.year) for r in records if r.published_date is not None)),
    }


def _date_range(records: list[Record]) -> tuple[dt.date, dt.date] | None:
    dates = [record.published_date for record in records if record.published_date is not None]
    return (min(dates), max(dates)) if dates else None


def _brief(record: Record, path: str) -> Brief:
    return Brief(
        path=path,
        language=record.language,
        encoding=record.encoding,
        published_date=record.published_date,
        date_status=record.date_status,
        repairs=record.repairs,
        words=record.word_count,
    )
