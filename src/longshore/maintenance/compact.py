"""Compaction: merge the small parts of a partition into few large ones, while readers read and ingest runs continue.

Promised: the rows are the same before and after, checked by a checksum of every column; a reader sees all old parts or
all new parts of a partition (`storage/partition_swap.py`); whatever a killed process leaves, the next one finishes or
undoes. Not promised: an exact part size, because the compression ratio is known only afterwards.
"""

from __future__ import annotations

import contextlib
import os
import time
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from longshore.errors import LockHeldError, WarehouseError
from longshore.maintenance.forget import ForgetSummary, finish_forgetting
from longshore.maintenance.rewrite import Transform, place_verified, rewriting
from longshore.storage import fault_injection
from longshore.storage.filesystem import FILE_MODE
from longshore.storage.ledger.queries import unwritten_run_ids
from longshore.storage.ledger.rewrites import Move, Plan, PublishedPart, unfinished_forgets
from longshore.storage.parquet import ColumnSums, WrittenPart, sha256_of
from longshore.storage.partition_swap import drop_old
from longshore.storage.schema import DELIVERIES, conform, file_metadata, part_options
from longshore.storage.stores.interface import table_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from longshore.maintenance.rewrite import Rewriter
    from longshore.records import RunObserver
    from longshore.settings import Settings
    from longshore.storage.ledger.rewrites import NewPart

# As many rows as a run writes per row group, and few enough that their times are close together.
_GROUP_ROWS = 50_000
_GROUP_BYTES = 32 * 1024 * 1024


def parts_of_deliveries(rewriter: Rewriter, partition: str) -> list[PublishedPart]:
    """Return the parts of a partition of the delivery log that may be merged; unreadable ones are left out."""
    unwritten = unwritten_run_ids(rewriter.ledger)
    found = []
    warehouse = rewriter.warehouse
    for part in warehouse.parts_in("deliveries", partition):
        if part.rpartition("/")[2].removesuffix(".parquet") in unwritten or not rewriter.is_known(part):
            continue
        try:
            rows = warehouse.metadata("deliveries", part).num_rows
        except (OSError, pa.ArrowException):
            continue
        found.append(PublishedPart(part, rows, warehouse.size("deliveries", part), "", ()))
    return found


def merge_deliveries(
    rewriter: Rewriter, partition: str, groups: Sequence[Sequence[PublishedPart]]
) -> list[NewPart] | None:
    """Merge each group of parts into one, in one exchange; return the new parts.

    Raises:
        LockHeldError, WarehouseError: as for `Rewriter.rewrite`; nothing was changed.
    """

    def build(folder: Path) -> Plan:
        moves: list[Move] = []
        new_parts: list[NewPart] = []
        for group in groups:
            # Groups are planned by size, but rows must stay in order of time.
            with contextlib.ExitStack() as stack:
                local = (stack.enter_context(rewriter.warehouse.local(f"deliveries/{part.part}")) for part in group)
                new = _merge(sorted(local, key=_began), folder)
            moves += [Move(part.part, new.part, ()) for part in group]
            new_parts.append(new)
        return Plan(tuple(moves), tuple(new_parts))

    return rewriter.exchange(partition, build)


def _began(part: Path) -> str:
    with pq.ParquetFile(part) as file:
        return next((str(batch[0][0]) for batch in file.iter_batches(1, columns=["ingested_at"])), "")


def _merge(old: Sequence[Path], folder: Path) -> NewPart:
    draft = folder.parent / "draft.parquet"
    draft.unlink(missing_ok=True)
    wanted = ColumnSums(key="path")
    schema = DELIVERIES.with_metadata(file_metadata(""))
    fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE)
    with os.fdopen(fd, "wb") as sink:
        with pq.ParquetWriter(sink, schema, **part_options(schema)) as writer:
            for table in _groups(old):
                wanted.add(table)
                writer.write_table(table.cast(schema), row_group_size=_GROUP_ROWS)
        sink.flush()
        os.fsync(sink.fileno())
    fault_injection.step("rewrite.built")
    written = WrittenPart(wanted.rows, draft.stat().st_size, sha256_of(draft))
    return place_verified(draft, written, wanted, folder)


def _groups(parts: Sequence[Path]) -> Iterator[pa.Table]:
    """Yield the rows of all parts in order, one row group at a time."""
    held: list[pa.Table] = []
    rows = size = 0
    for part in parts:
        for table in _tables(part):
            held.append(table)
            rows, size = rows + table.num_rows, size + table.nbytes
            if rows >= _GROUP_ROWS or size >= _GROUP_BYTES:
                yield pa.concat_tables(held)
                held, rows, size = [], 0, 0
    if held:
        yield pa.concat_tables(held)


def _tables(part: Path) -> Iterator[pa.Table]:
    try:
        with pq.ParquetFile(part) as file:
            for batch in file.iter_batches(_GROUP_ROWS):
                yield conform(pa.Table.from_batches([batch]), DELIVERIES)
    except pa.ArrowException as error:
        raise WarehouseError(f"{part} is damaged ({error}). Nothing was changed.") from error


@dataclass(frozen=True, slots=True)
class CompactedPartition:
    """The result for one partition. `skipped`: why nothing was done, or empty."""

    partition: str
    parts_before: int
    parts_after: int
    rows: int
    bytes_before: int
    bytes_after: int
    skipped: str = ""


@dataclass(slots=True)
class CompactionSummary:
    """The result of a compaction. `failed`: a partition was left as it is because something is wrong with it."""

    dry_run: bool = False
    seconds: float = 0.0
    partitions: list[CompactedPartition] = field(default_factory=list)
    old_folders_removed: int = 0
    failed: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Return the summary as plain values, for JSON."""
        return asdict(self)

    def lines(self) -> Iterator[str]:
        """Yield the lines that a person reads."""
        for one in self.partitions:
            if one.skipped:
                yield f"{one.partition}: skipped. {one.skipped}"
                continue
            size = f"{one.bytes_before / 2**20:,.1f} MiB"
            size += "" if self.dry_run else f" -> {one.bytes_after / 2**20:,.1f} MiB"
            verb = "would become" if self.dry_run else "->"
            yield f"{one.partition}: {one.parts_before} parts {verb} {one.parts_after}, {one.rows:,} rows, {size}"
        if not self.partitions:
            yield "Nothing to compact: no partition has small parts that would make a larger one."
        if self.old_folders_removed:
            yield f"{self.old_folders_removed} old folder(s) removed: their grace period was over."


def compact_warehouse(
    settings: Settings, observer: RunObserver | None = None, *, dry_run: bool = False
) -> CompactionSummary:
    """Merge small parts in every partition, and finish what a killed `forget` left.

    Args:
        settings: `target_part_bytes` and `rewrite_grace_seconds` apply.
        observer: receives a message for each partition.
        dry_run: merge nothing; return what would be merged.

    Raises:
        LockHeldError: another compact, reprocess or forget is at work; nothing was done.
    """
    began = time.monotonic()
    summary = CompactionSummary(dry_run)
    with rewriting(settings, "compact", summary.to_dict, dry_run=dry_run) as rewriter:
        if not dry_run and unfinished_forgets(rewriter.ledger):
            # Its process died: nobody should have to ask again.
            finish_forgetting(rewriter, ForgetSummary())
        for partition in rewriter.partitions() + rewriter.delivery_partitions():
            done = _compact_partition(rewriter, partition, summary)
            if done is not None:
                summary.partitions.append(done)
                if observer is not None:
                    observer.message(
                        f"{partition}: {done.skipped or f'{done.parts_before} -> {done.parts_after} parts'}"
                    )
        if not dry_run:
            summary.old_folders_removed += drop_old(rewriter.warehouse, rewriter.ledger, settings.rewrite_grace_seconds)
        summary.seconds = time.monotonic() - began
    return summary


def plan_groups(parts: Sequence[PublishedPart], target_part_bytes: int) -> list[list[PublishedPart]]:
    """Choose the groups of parts to merge, each into one part of about `target_part_bytes` at most.

    Parts are taken in order of size, and a part joins a group only if the others in it are together at least half as
    large. So a row is rewritten only when its part grows by half: about twenty times from kilobytes to the target,
    however often compaction runs, and few parts are left in a partition.
    """
    groups: list[list[PublishedPart]] = []
    group: list[PublishedPart] = []
    size = 0
    for part in sorted(parts, key=lambda part: (part.bytes, part.batch_nos)):
        if group and (size + part.bytes > target_part_bytes or part.bytes > 2 * size):
            groups.append(group)
            group, size = [], 0
        group.append(part)
        size += part.bytes
    return [group for group in [*groups, group] if len(group) > 1]


def _merge_records(
    rewriter: Rewriter, partition: str, groups: Sequence[Sequence[PublishedPart]]
) -> list[NewPart] | None:
    return rewriter.rewrite(partition, groups, Transform())


def _compact_partition(rewriter: Rewriter, partition: str, summary: CompactionSummary) -> CompactedPartition | None:
    of_deliveries = table_of(partition) == "deliveries"
    parts = parts_of_deliveries(rewriter, partition) if of_deliveries else rewriter.parts_of(partition)
    groups = plan_groups(parts, rewriter.settings.target_part_bytes)
    if not groups:
        return None
    merged = [part for group in groups for part in group]
    rows, size = sum(part.rows for part in merged), sum(part.bytes for part in merged)
    left = len(parts) - len(merged) + len(groups)
    if summary.dry_run:
        return CompactedPartition(partition, len(parts), left, rows, size, size)
    try:
        merge = merge_deliveries if of_deliveries else _merge_records
        new = merge(rewriter, partition, groups) or []
    except LockHeldError as error:
        return CompactedPartition(partition, len(parts), len(parts), rows, size, size, error.holder)
    except WarehouseError as error:
        summary.failed = True
        return CompactedPartition(partition, len(parts), len(parts), rows, size, size, str(error))
    return CompactedPartition(partition, len(parts), left, rows, size, sum(part.bytes for part in new))
