"""The worker: read the sources of a batch, normalise each, stage one part.

Bad data becomes a rejection of that document alone. A broken world (a full disk, a read-only warehouse) is an error,
and then the batch never happened.
"""

from __future__ import annotations

import errno
import hashlib
import logging
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from longshore.documents.kinds import NotThisKindError
from longshore.records import Brief, Reason, Record, Rejection, Staged
from longshore.storage import fault_injection
from longshore.storage.archives.stream import ArchiveError
from longshore.storage.landing import MovedError
from longshore.storage.names import to_source_path
from longshore.storage.stores.choose import location_of, open_landing, open_warehouse
from longshore.storage.warehouse import parquet_bytes
from longshore.text.version import NORMALISER_VERSION

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Sequence

    import pyarrow as pa

    from longshore.documents.kinds import Member
    from longshore.ingestion.rules import RuleBook
    from longshore.records import Batch, LandedFile, Source
    from longshore.storage.stores.interface import Landing, StagedPart, Warehouse
    from longshore.text.normalise import Document

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
    rules: RuleBook


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
    with _landing(order) as landing:
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
        for source, member in _claimed(sources, landing, group.order.rules):
            group.put(source, member, results)
    except MovedError as moved:
        return _Results(failed={source.record_id: (None, str(moved)) for source in sources})
    except OSError as error:
        return _Results(failed={source.record_id: failure(error) for source in sources})
    return results


def _claimed(sources: Sequence[Source], landing: Landing, book: RuleBook) -> Iterator[tuple[Source, Member]]:
    """Yield what `read_sources` does, if it is still what was claimed; else raise MovedError."""
    for source, member in read_sources(sources, landing, book):
        fault_injection.step("worker.read", path=source.path)
        if hashlib.sha256(member.raw or b"").hexdigest() != source.record_id:
            raise MovedError("it changed after its batch was claimed")
        yield source, member


def read_sources(sources: Sequence[Source], landing: Landing, book: RuleBook) -> Iterator[tuple[Source, Member]]:
    """Yield the sources of one landed file with their bytes: the file itself, or its members in their order.

    Raises:
        MovedError: the landed file changed since its batch was claimed.
    """
    from longshore.ingestion.reading import members_of, whole  # noqa: PLC0415 - not in a run without work
    from longshore.ingestion.sidecars import sidecar_fields  # noqa: PLC0415

    if sources[0].member is None:
        file = sources[0].file
        path = to_source_path(file.path)
        yield sources[0], whole(landing.read(file), sidecar_fields(path, landing, book.of(path)))
        return
    left = iter(sources)
    wanted = next(left, None)
    try:
        for member in members_of(sources[0].file, landing, book):
            # Both are in the order of the file.
            if wanted is not None and member.name == wanted.member and member.raw is not None:
                yield wanted, member
                wanted = next(left, None)
    except NotThisKindError:
        raise MovedError("it changed after its batch was claimed") from None
    except ArchiveError as error:
        raise MovedError(f"it was unpacked when its batch was claimed, and now cannot be: {error}") from error
    if wanted is not None:
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
        self._sources: list[tuple[Source, Member, _Results]] = []
        self._bytes = 0

    def put(self, source: Source, member: Member, results: _Results) -> None:
        """Queue a source; its result will be added to `results`."""
        if member.size > _GROUP_BYTES - self._bytes or len(self._sources) == _GROUP_SOURCES:
            self.normalise()
        self._sources.append((source, member, results))
        self._bytes += member.size
        if self._bytes >= _GROUP_BYTES:
            self.normalise()

    def normalise(self) -> None:
        """Normalise the queued sources and clear the queue."""
        began = time.perf_counter()
        paths = [to_source_path(source.path) for source, _, _ in self._sources]
        results = normalise_members([member for _, member, _ in self._sources], paths, self.order.rules)
        seconds_per_byte = (time.perf_counter() - began) / max(1, self._bytes)
        for (source, member, of_its_file), path, result in zip(self._sources, paths, results, strict=True):
            if isinstance(result, Rejection):
                of_its_file.failed[source.record_id] = (result.reason, result.detail)
            else:
                of_its_file.rows.append((result, path, source.file))
                of_its_file.times.append((seconds_per_byte * member.size, path))
        self._sources.clear()
        self._bytes = 0


def normalise_members(members: Sequence[Member], paths: Sequence[str], rules: RuleBook) -> list[Record | Rejection]:
    """Return the record or rejection of each document, in their order. One document never stops the others.

    paths: the `source_path` of each.
    """
    from longshore.text.normalise import normalise_together  # noqa: PLC0415 - not in a run without work

    opened = [_open(member, path, rules) for member, path in zip(members, paths, strict=True)]
    documents = [document for document in opened if not isinstance(document, Rejection)]
    try:
        results = iter(normalise_together(documents))
    except Exception:  # found again below, by the document that it is about
        results = iter([_alone(document) for document in documents])
    return [document if isinstance(document, Rejection) else next(results) for document in opened]


def _open(member: Member, path: str, rules: RuleBook) -> Document | Rejection:
    from longshore.ingestion.reading import open_document  # noqa: PLC0415 - not in a run without work

    try:
        return open_document(member, path, rules.of(path))
    except Exception as error:  # whatever is wrong with it or with us
        return _fault("Opening", error)


def _alone(document: Document) -> Record | Rejection:
    from longshore.text.normalise import normalise_together  # noqa: PLC0415 - as above

    try:
        return normalise_together([document])[0]
    except Exception as error:  # as above
        return _fault("Normalising", error)


def _fault(step: str, error: Exception) -> Rejection:
    _log.exception("%s a document failed; it is rejected.", step)
    problem = f"{type(error).__name__}: {error}"
    return Rejection(Reason.UNREADABLE, f"{step} it failed ({problem}). This is a fault in Longshore: report it.")


# A run's report lists records one by one only if they are few.
_BRIEFS = 60
_SLOWEST = 5
# A file with more documents is normalised and written piece by piece.
_STREAMED = 4096
_PIECE = 1024

_Row: TypeAlias = "tuple[Record, str, LandedFile]"


def normalise_batch(batch: Batch, order: WorkOrder) -> Staged:
    """Normalise the sources of a batch into one staged part, and return the result of each.

    Raises:
        OSError: the part could not be written; readers see none of it.
    """
    files = {source.file.path for source in batch.sources}
    if len(batch.sources) > _STREAMED and len(files) == 1:
        return _normalise_large_file(batch, order)
    began = time.perf_counter()
    results = _normalise_sources(batch.sources, order)
    _defer_archives(batch, results)
    normalised = time.perf_counter()
    fault_injection.step("normalise")
    part = None
    if table := _table(batch, results):
        part = _warehouse(order).stage(order.run_id, f"{batch.batch_id}.parquet", table)
    tally = _Tally()
    tally.add(results.rows, results.times)
    return tally.staged(batch, part, results.failed, normalised - began, time.perf_counter() - normalised)


def _normalise_large_file(batch: Batch, order: WorkOrder) -> Staged:
    """Normalise the documents of one large container; memory is bounded by a piece of them."""
    began = time.perf_counter()
    results, tally, group = _Results(), _Tally(), _Group(order)

    def pieces() -> Iterator[pa.Table]:
        with _landing(order) as landing:
            for source, member in _claimed(batch.sources, landing, order.rules):
                group.put(source, member, results)
                if len(results.rows) >= _PIECE:
                    yield from piece()
        group.normalise()
        yield from piece()

    def piece() -> Iterator[pa.Table]:
        if table := _table(batch, results):
            yield table
        tally.add(results.rows, results.times)
        results.rows, results.times = [], []

    part = None
    try:
        part = _warehouse(order).stage_sorted(order.run_id, f"{batch.batch_id}.parquet", pieces())
    except MovedError as moved:
        results, tally = _Results(failed={source.record_id: (None, str(moved)) for source in batch.sources}), _Tally()
    fault_injection.step("normalise")
    return tally.staged(batch, part, results.failed, time.perf_counter() - began, 0.0)


def _landing(order: WorkOrder) -> Landing:
    return open_landing(location_of(order.landing), _warehouse(order).spool(order.run_id))


def _warehouse(order: WorkOrder) -> Warehouse:
    return open_warehouse(location_of(order.warehouse), inner=Path(order.inner))


@dataclass(slots=True)
class _Tally:
    """The figures that a report shows of the records of a batch."""

    source_bytes: int = 0
    counts: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    briefs: list[Brief] = field(default_factory=list)
    dates: list[dt.date] = field(default_factory=list)
    slowest: list[tuple[float, str]] = field(default_factory=list)

    def add(self, rows: Sequence[_Row], times: Sequence[tuple[float, str]]) -> None:
        """Count further records, and the seconds that each took."""
        for record, _, _ in rows:
            self.source_bytes += record.source_bytes
            self.counts["language"][record.language] += 1
            self.counts["encoding"][record.encoding] += 1
            self.counts["encoding_method"][record.encoding_method] += 1
            self.counts["repairs"]["repaired" if record.repairs else "as it was"] += 1
            self.counts["date_status"][record.date_status] += 1
            if record.published_date is not None:
                self.counts["published_year"][str(record.published_date.year)] += 1
                self.dates.append(record.published_date)
        self.dates = [min(self.dates), max(self.dates)] if self.dates else []
        self.briefs += [brief_of(record, path) for record, path, _ in rows[: _BRIEFS - len(self.briefs)]]
        self.slowest = sorted([*self.slowest, *times], reverse=True)[:_SLOWEST]

    def staged(
        self,
        batch: Batch,
        part: StagedPart | None,
        failed: dict[str, tuple[Reason | None, str]],
        normalise_seconds: float,
        stage_seconds: float,
    ) -> Staged:
        """Return the result of the batch."""
        return Staged(
            batch_no=batch.batch_no,
            part_name=part.name if part else None,
            rows=part.rows if part else 0,
            part_bytes=part.bytes if part else 0,
            part_sha256=part.sha256 if part else "",
            failed=failed,
            source_bytes=self.source_bytes,
            seconds={"normalise": normalise_seconds, "stage": stage_seconds},
            tallies={name: dict(counts) for name, counts in self.counts.items()},
            briefs=tuple(self.briefs),
            dates=(self.dates[0], self.dates[-1]) if self.dates else None,
            slowest=tuple((path, seconds) for seconds, path in self.slowest),
        )


def rehearse_batch(batch: Batch, order: WorkOrder) -> None:
    """Do the work of a batch and write nothing: where the batch kills its process, so does this.

    A sentence of our own comes first: without sources, a process that dies of that is not killed by any file.
    """
    from longshore.text.normalise import normalise  # noqa: PLC0415 - not in a run without work

    fault_injection.step("worker.read")
    normalise(b"The ferry came in at noon.")
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


def _table_of(batch: Batch, rows: list[_Row]) -> pa.Table:
    from longshore.storage.schema import records_table  # noqa: PLC0415 - pyarrow, only where a part is written

    return records_table(rows, batch.batch_id, batch.ingested_at, NORMALISER_VERSION)


def _fits(batch: Batch, row: _Row, results: _Results) -> bool:
    """Return whether a record can be written at all; if not, reject its source."""
    try:
        _table_of(batch, [row])
    except Exception as error:
        problem = f"{type(error).__name__}: {error}"
        detail = f"Its record cannot be written ({problem}). This is a fault in Longshore: report it."
        results.failed[row[0].record_id] = (Reason.UNREADABLE, detail)
        return False
    return True


def _table(batch: Batch, results: _Results) -> pa.Table | None:
    """Return the rows as a table; None if there is none that could be written."""
    try:
        return _table_of(batch, results.rows) if results.rows else None
    except Exception:
        _log.exception("The rows of batch %s cannot be written together; each is tried alone.", batch.batch_id[:12])
        results.rows = [row for row in results.rows if _fits(batch, row, results)]
        return _table_of(batch, results.rows) if results.rows else None


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
