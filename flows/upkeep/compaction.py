"""Compaction: merge the small parts of a partition into few large ones, while readers read and ingest runs go on.

Promised: the same rows before and after, proven by a checksum of every column; a reader sees all old parts or all new
ones of a partition (`storage/rewrites.py`); a process that dies leaves nothing that the next run does not make good.
Not promised: that parts come out of an exact size, since what compresses how is known only afterwards.
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from flows.errors import LockHeldError, WarehouseError
from flows.storage.rewrites import drop_old
from flows.upkeep.building import Change
from flows.upkeep.forget import ForgetSummary, finish_forgetting
from flows.upkeep.merged_deliveries import merge_deliveries, parts_of_deliveries
from flows.upkeep.rewriting import rewriting

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from flows.observer import Observer
    from flows.settings import Settings
    from flows.storage.ledger_rewrites import NewPart, PublishedPart
    from flows.upkeep.rewriting import Rewriter


@dataclass(frozen=True, slots=True)
class CompactedPartition:
    """What became of one partition. `skipped` says why nothing was done, else it is empty."""

    partition: str
    parts_before: int
    parts_after: int
    rows: int
    bytes_before: int
    bytes_after: int
    skipped: str = ""


@dataclass(slots=True)
class CompactionSummary:
    """What a compaction did. `failed` is set where a partition was left because something is wrong with it."""

    dry_run: bool = False
    seconds: float = 0.0
    partitions: list[CompactedPartition] = field(default_factory=list)
    old_folders_removed: int = 0
    failed: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Give the summary as plain values, for JSON."""
        return asdict(self)

    def lines(self) -> Iterator[str]:
        """Give the lines that a person reads."""
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
            yield f"{self.old_folders_removed} old folder(s) removed, their grace period was over."


def compact_warehouse(
    settings: Settings, observer: Observer | None = None, *, dry_run: bool = False
) -> CompactionSummary:
    """Merge what is worth merging in every partition, and say what was done.

    Args:
        settings: `target_part_bytes`, `rewrite_grace_seconds`, `rewrite_wait_seconds` count here.
        observer: told of each partition as it ends.
        dry_run: only say what would be merged.

    Raises:
        LockHeldError: another compaction, reprocessing or forgetting is at work; nothing was done.
    """
    began = time.monotonic()
    summary = CompactionSummary(dry_run)
    with rewriting(settings, "compact", summary.to_dict) as rewriter:
        if not dry_run and rewriter.tombstones.half_forgotten():
            # Someone asked for it, and the process died: it is not left to be asked for again.
            finish_forgetting(rewriter, ForgetSummary())
        for partition in rewriter.partitions() + rewriter.delivery_partitions():
            done = _compact_partition(rewriter, partition, summary)
            if done is not None:
                summary.partitions.append(done)
                if observer is not None:
                    observer.said(f"{partition}: {done.skipped or f'{done.parts_before} -> {done.parts_after} parts'}")
        if not dry_run:
            summary.old_folders_removed += drop_old(rewriter.warehouse, rewriter.store, settings.rewrite_grace_seconds)
        summary.seconds = time.monotonic() - began
    return summary


def plan_groups(parts: Sequence[PublishedPart], target_part_bytes: int) -> list[list[PublishedPart]]:
    """Choose which parts are merged with which, each group to one part of at most about the target.

    Parts are taken from the smallest up, and one joins a group only if the others in it are together at least half as
    large. So a row is written again only when its part grows by half: some twenty times on the way from kilobytes to
    the target, however often compaction runs, and the parts left in a partition are few.
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
    return rewriter.rewrite(partition, groups, Change())


def _compact_partition(rewriter: Rewriter, partition: str, summary: CompactionSummary) -> CompactedPartition | None:
    of_deliveries = rewriter.warehouse.table_of(partition) == rewriter.warehouse.deliveries
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
