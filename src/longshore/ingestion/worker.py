"""The worker: read the sources of a batch, normalise each, stage one part.

Bad data becomes a rejection of that document alone. A broken world (a full disk, a read-only warehouse) is an error,
and then the batch never happened.
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
from longshore.storage.landing import MovedError
from longshore.storage.listing import first_match
from longshore.storage.names import to_source_path
from longshore.storage.stores.choose import location_of, open_landing, open_warehouse
from longshore.storage.warehouse import parquet_bytes
from longshore.text.normalise import NORMALISER_VERSION

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Sequence

    import pyarrow as pa

    from longshore.records import Batch, LandedFile, Source
    from longshore.storage.archives.stream import ArchiveLimits
    from longshore.storage.stores.interface import Landing, StagedPart
    from longshore.text.policy import TextPolicy

_log = logging.getLogger(__name__)

# Limits of a group of texts that are normalised together: larger groups gain nothing and leave the processor cache.
_GROUP_SOURCES = 64
_GROUP_BYTES = 1 << 18


@dataclass(frozen=True, slots=True)
class WorkOrder:
    """The settings of a run that a worker needs: plain values, cheap to send."""

    landing: str
    warehouse: str
    inner: str
    run_id: str
    policy: TextPolicy
    declared_encodings: dict[str, str]
    archive_limits: ArchiveLimits


@dataclass(slots=True)
class _Results:
    """The results of some sources. failed: by record id; a reason of None defers. times: seconds and path of each."""

    rows: list[tuple[Record, str, LandedFile]] = field(default_factory=list)
    failed: dict[str, tuple[Reason | None, str]] = field(default_factory=dict)
    times: list[tuple[float, str]] = field(default_factory=list)

    def add(self, other: _Results) -> None:
        """Add the results of other sources."""
        self.rows += other.rows
        self.failed |= other.failed
        self.times += other.times


def _normalise_sources(sources: Sequence[Source], order: WorkOrder) -> _Results:
    """Read and normalise the sources in groups; an archive that cannot be read to its end counts as unread."""
    by_file: list[_Results] = []
    group = _Group(order)
    warehouse = open_warehouse(location_of(order.warehouse), inner=Path(order.inner))
    with open_landing(location_of(order.landing), warehouse.spool(order.run_id)) as landing:
        landing.fetch(source.file for source in sources)
        for _, of_a_file in groupby(sources, key=lambda source: source.file.path):
            by_file.append(_read_file(list(of_a_file), landing, group))
    group.normalise()
    results = _Results()
    for one in by_file:
        results.add(one)
    return results


def _read_file(sources: Sequence[Source], landing: Landing, group: _Group) -> _Results:
    """Queue the sources of one landed file for the group; return the object that will hold their results."""
    results = _Results()
    try:
        for source, raw in read_sources(sources, landing, group.order.archive_limits):
            fault_injection.step("worker.read", path=source.path)
            if hashlib.sha256(raw).hexdigest() != source.record_id:
                raise MovedError("it changed after its batch was claimed")
            group.put(source, raw, results)
    except MovedError as moved:
        return _Results(failed={source.record_id: (None, str(moved)) for source in sources})
    except OSError as error:
        return _Results(failed={source.record_id: failure(error) for source in sources})
    return results


def read_sources(sources: Sequence[Source], landing: Landing, limits: ArchiveLimits) -> Iterator[tuple[Source, bytes]]:
    """Yield the sources of one landed file with their bytes: the file itself, or archive members in archive order.

    Raises:
        MovedError: the landed file changed since its batch was claimed.
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
        raise MovedError(f"it was unpacked when its batch was claimed, and now cannot be: {error}") from error
    if wanted:
        raise MovedError("it changed after its batch was claimed")


def failure(error: OSError) -> tuple[Reason | None, str]:
    """Return reason and detail for a failed read: a rejection without permission, else a deferral (no reason)."""
    if error.errno in (errno.EACCES, errno.EPERM):
        return (
            Reason.UNREADABLE,
            f"The file cannot be read: {error.strerror}. Give the user of the run read permission.",
        )
    return None, f"reading it failed: {error.strerror}"


class _Group:
    """Sources that are normalised together: many small ones, or a large one alone, so that its time is known."""

    def __init__(self, order: WorkOrder) -> None:
        self.order = order
        self._sources: list[tuple[Source, bytes, _Results]] = []
        self._bytes = 0

    def put(self, source: Source, raw: bytes, results: _Results) -> None:
        """Queue a source; its result will be added to `results`."""
        if len(raw) > _GROUP_BYTES - self._bytes or len(self._sources) == _GROUP_SOURCES:
            self.normalise()
        self._sources.append((source, raw, results))
        self._bytes += len(raw)
        if self._bytes >= _GROUP_BYTES:
            self.normalise()

    def normalise(self) -> None:
        """Normalise the queued sources and clear the queue."""
        began = time.perf_counter()
        paths = [to_source_path(source.path) for source, _, _ in self._sources]
        results = self._results(paths)
        seconds_per_byte = (time.perf_counter() - began) / max(1, self._bytes)
        for (source, raw, of_its_file), path, result in zip(self._sources, paths, results, strict=True):
            if isinstance(result, Rejection):
                of_its_file.failed[source.record_id] = (result.reason, result.detail)
            else:
                of_its_file.rows.append((result, path, source.file))
                of_its_file.times.append((seconds_per_byte * len(raw), path))
        self._sources.clear()
        self._bytes = 0

    def _results(self, paths: list[str]) -> list[Record | Rejection]:
        from longshore.text.normalise import normalise_together  # noqa: PLC0415 - not in a run without work

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
            _log.exception("Normalising %s failed; it is rejected.", path)
            problem = f"{type(error).__name__}: {error}"
            detail = f"Normalising it failed ({problem}). This is a fault in Longshore: report it."
            return Rejection(Reason.UNREADABLE, detail)


# A run's report lists records one by one only if they are few.
_BRIEFS = 60
_SLOWEST = 5


def normalise_batch(batch: Batch, order: WorkOrder) -> Staged:
    """Normalise the sources of a batch into one staged part, and return the result of each.

    Raises:
        OSError: the part could not be written; readers see none of it.
    """
    began = time.perf_counter()
    results = _normalise_sources(batch.sources, order)
    _defer_archives(batch, results)
    normalised = time.perf_counter()
    fault_injection.step("normalise")
    name, rows, part_bytes, sha256 = None, 0, 0, ""
    part = None
    if results.rows:
        part = _stage(batch, order, results)
    if part is not None:
        name, rows, part_bytes, sha256 = part.name, part.rows, part.bytes, part.sha256
    records = [record for record, _, _ in results.rows]
    return Staged(
        batch_no=batch.batch_no,
        part_name=name,
        rows=rows,
        part_bytes=part_bytes,
        part_sha256=sha256,
        failed=results.failed,
        source_bytes=sum(record.source_bytes for record in records),
        seconds={"normalise": normalised - began, "stage": time.perf_counter() - normalised},
        tallies=_tallies(records),
        briefs=tuple(brief_of(record, path) for record, path, _ in results.rows[:_BRIEFS]),
        dates=_date_range(records),
        slowest=tuple((path, seconds) for seconds, path in sorted(results.times, reverse=True)[:_SLOWEST]),
    )


def rehearse_batch(batch: Batch, order: WorkOrder) -> None:
    """Do the work of a batch and write nothing: where the batch kills its process, so does this.

    A sentence of our own comes first: without sources, a process that dies of that is not killed by any file.
    """
    from longshore.text.normalise import normalise  # noqa: PLC0415 - not in a run without work

    fault_injection.step("worker.read")
    normalise(b"The ferry came in at noon.", order.policy)
    results = _normalise_sources(batch.sources, order)
    if results.rows:
        parquet_bytes(_table_of(batch, results.rows))


def _defer_archives(batch: Batch, results: _Results) -> None:
    """Defer each archive that holds a deferred source: an archive is published completely or not at all."""
    while deferred := {record_id for record_id, (reason, _) in results.failed.items() if reason is None}:
        archives = {d.file.path for d in batch.deliveries if d.member is not None and d.record_id in deferred}
        others = {s.record_id for s in batch.sources if s.member is not None and s.file.path in archives} - deferred
        if not others:
            return
        detail = "another file with the same bytes as a member of this archive could not be read"
        results.failed |= dict.fromkeys(others, (None, detail))
        results.rows = [row for row in results.rows if row[0].record_id not in others]


def _table_of(batch: Batch, rows: list[tuple[Record, str, LandedFile]]) -> pa.Table:
    from longshore.storage.schema import records_table  # noqa: PLC0415 - pyarrow, only where a part is written

    return records_table(rows, batch.batch_id, batch.ingested_at, NORMALISER_VERSION)


def _fits(batch: Batch, row: tuple[Record, str, LandedFile], results: _Results) -> bool:
    """Return whether a record can be written at all; if not, reject its source."""
    try:
        _table_of(batch, [row])
    except Exception as error:
        problem = f"{type(error).__name__}: {error}"
        detail = f"Its record cannot be written ({problem}). This is a fault in Longshore: report it."
        results.failed[row[0].record_id] = (Reason.UNREADABLE, detail)
        return False
    return True


def _stage(batch: Batch, order: WorkOrder, results: _Results) -> StagedPart | None:
    """Write the part; return None if none of its rows could be written."""
    try:
        table = _table_of(batch, results.rows)
    except Exception:
        _log.exception("The rows of batch %s cannot be written together; each is tried alone.", batch.batch_id[:12])
        results.rows = [row for row in results.rows if _fits(batch, row, results)]
        if not results.rows:
            return None
        table = _table_of(batch, results.rows)
    warehouse = open_warehouse(location_of(order.warehouse), inner=Path(order.inner))
    return warehouse.stage(order.run_id, f"{batch.batch_id}.parquet", table)


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


def brief_of(record: Record, path: str) -> Brief:
    """Return what a report shows of a record."""
    return Brief(
        path=path,
        language=record.language,
        encoding=record.encoding,
        published_date=record.published_date,
        date_status=record.date_status,
        repairs=record.repairs,
    )
