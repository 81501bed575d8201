"""Rewriting of parts while readers read: the steps that compact, reprocess and forget share.

1. lock      take the rewrite lock, and finish or undo what a killed rewrite left
2. build     write new parts from old ones, and verify them
3. wait      for the run lock: an ingest run ends first
4. exchange  the folder of the partition (`storage/partition_swap.py`, also for what happens if the process dies)
"""

from __future__ import annotations

import contextlib
import datetime as dt
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from longshore.errors import LockHeldError, WarehouseError
from longshore.ingestion.project import landing_of, open_ledger, refuse_lost_ledger, warehouse_of
from longshore.ingestion.recovery import recover
from longshore.storage import fault_injection
from longshore.storage.filesystem import fsync_folder
from longshore.storage.ledger.batches import Ledger
from longshore.storage.ledger.queries import ledger_id
from longshore.storage.ledger.rewrites import Move, NewPart, Plan, begin_rewrite, published_parts, unfinished_rewrites
from longshore.storage.ledger.runs import begin_run, end_run
from longshore.storage.parquet import ColumnSums, SortedPart, sha256_of
from longshore.storage.partition_swap import (
    abandon,
    exchange_partition,
    one_rewrite_at_a_time,
    recover_rewrites,
    run_lock_within,
)
from longshore.storage.schema import SCHEMA_VERSION, conform
from longshore.storage.stores.interface import table_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence
    from pathlib import Path

    from longshore.settings import Settings
    from longshore.storage.ledger.rewrites import PublishedPart
    from longshore.storage.parquet import WrittenPart
    from longshore.storage.stores.interface import Warehouse

# Rows decoded at once; a news text has some kilobytes.
_READ_ROWS = 1024
# How long a rewrite waits for an ingest run to end. After that the partition is left for the next compaction.
WAIT_SECONDS = 600.0


@dataclass(slots=True)
class Transform:
    """A transformation of rows; this one changes nothing.

    gone: removed records, each with its batch. touched: changed or removed records. The ledger records both.
    """

    gone: list[tuple[str, int]] = field(default_factory=list)
    touched: list[str] = field(default_factory=list)

    def table(self, table: pa.Table, partition: str) -> pa.Table:
        """Return the new rows for these rows."""
        del partition
        return table

    def group_changed(self) -> bool:
        """Return whether the new part of the last group replaces its old parts."""
        return True


def build_part(warehouse: Warehouse, group: Sequence[PublishedPart], folder: Path, change: Transform) -> NewPart | None:
    """Build and verify one part from the transformed rows of a group of parts; return None if no row is left.

    Args:
        warehouse: holds the old parts.
        group: the old parts.
        folder: the new folder of the partition, which no reader opens yet.
        change: transforms the rows.

    Raises:
        WarehouseError: an old part is damaged, or the new one differs from the rows that were written.
    """
    draft = folder.parent / "draft.parquet"
    draft.unlink(missing_ok=True)
    writer = SortedPart(draft, folder.parent)
    wanted = ColumnSums()
    for part in group:
        read = 0
        for table in tables_of(warehouse, part):
            read += table.num_rows
            changed = change.table(table, folder.name)
            wanted.add(changed)
            writer.add(changed)
        if read != part.rows:
            raise WarehouseError(
                f"{part.part} holds {read} rows, but the ledger says {part.rows}. Nothing was changed. "
                "Run `longshore verify` for details."
            )
    if not writer.rows:
        return None
    written = writer.finish()
    fault_injection.step("rewrite.built")
    return place_verified(draft, written, wanted, folder)


def tables_of(warehouse: Warehouse, part: PublishedPart) -> Iterator[pa.Table]:
    """Yield the rows of a part in slices, in the columns of the current schema.

    Raises:
        WarehouseError: its bytes differ from those that were published.
    """
    with warehouse.local(f"records/{part.part}") as path:
        if part.sha256 and sha256_of(path) != part.sha256:
            raise WarehouseError(
                f"{warehouse.root / 'records' / part.part} is damaged: its bytes differ from those that were "
                "published. Nothing was changed. Run `longshore verify` for details."
            )
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(_READ_ROWS):
                yield conform(pa.Table.from_batches([batch]))


def place_verified(draft: Path, written: WrittenPart, wanted: ColumnSums, folder: Path) -> NewPart:
    """Read a new part back, compare it with the rows that were written, and move it into the new folder.

    Raises:
        WarehouseError: it differs.
    """
    found = ColumnSums(key=wanted.key)
    with pq.ParquetFile(draft) as file:
        for batch in file.iter_batches(_READ_ROWS):
            found.add(pa.Table.from_batches([batch]))
    differences = wanted.differences(found)
    if differences or found.rows != written.rows:
        raise WarehouseError(
            f"The new part differs from the rows that were written ({', '.join(differences) or 'rows'}). It was "
            "dropped, and nothing was changed. The disk, the memory or Longshore is at fault: report it if it happens "
            "again."
        )
    # Named by its bytes: a name never has other bytes, so a reader's cache stays right.
    name = f"{written.sha256[:32]}.parquet"
    draft.rename(folder / name)
    fsync_folder(folder)
    return NewPart(f"{folder.name}/{name}", written.rows, written.bytes, written.sha256)


@dataclass(frozen=True, slots=True)
class Rewriter:
    """The context of one run that rewrites. Made by `rewriting`."""

    settings: Settings
    warehouse: Warehouse
    ledger: Ledger
    kind: str
    run_no: int

    def partitions(self) -> list[str]:
        """Return the names of the partition folders, oldest first."""
        return self.warehouse.partitions("records")

    def delivery_partitions(self) -> list[str]:
        """Return the names of the partition folders of the delivery log, oldest first."""
        return self.warehouse.partitions("deliveries")

    def parts_of(self, partition: str) -> list[PublishedPart]:
        """Return the parts of a partition that may be rewritten: published, and of a known schema."""
        names = self.warehouse.parts_in("records", partition)
        return [part for part in published_parts(self.ledger, names) if self.is_known(part.part)]

    def rewrite(
        self,
        partition: str,
        groups: Sequence[Sequence[PublishedPart]],
        change: Transform,
    ) -> list[NewPart] | None:
        """Rewrite groups of parts of one partition, each group into one new part, in one exchange.

        Return the new parts; None if nothing changed, so nothing was exchanged.

        Raises:
            LockHeldError: an ingest run did not end within `WAIT_SECONDS`; nothing was changed.
            WarehouseError: an old part is damaged, or a new one is wrong; nothing was changed.
        """

        def build(folder: Path) -> Plan:
            moves: list[Move] = []
            new_parts: list[NewPart] = []
            for group in groups:
                new = build_part(self.warehouse, group, folder, change)
                if not change.group_changed() or (new and new.part in {old.part for old in group}):
                    if new:
                        (folder / new.part.rpartition("/")[2]).unlink()
                    continue
                moves += [Move(old.part, new.part if new else None, old.batch_nos) for old in group]
                new_parts += [new] if new else []
            return Plan(tuple(moves), tuple(new_parts), tuple(change.gone))

        return self.exchange(partition, build, change.touched)

    def exchange(
        self, partition: str, build: Callable[[Path], Plan], touched: Collection[str] = ()
    ) -> list[NewPart] | None:
        """Replace old parts of a partition by those that `build` writes into a new folder, in one exchange.

        Return the new parts; None if the plan moves nothing. Raises as `rewrite` does, and as `build` does.
        """
        rewrite_no = begin_rewrite(self.ledger, self.kind, self.run_no, partition)
        try:
            plan = build(self.warehouse.build_folder(rewrite_no, partition))
            fault_injection.step("rewrite.verified")
            if not plan.moves:
                abandon(self.warehouse, self.ledger, rewrite_no)
                return None
            with self.run_lock() as still_held:
                rewrite = (rewrite_no, partition)
                exchange_partition(self.warehouse, self.ledger, rewrite, plan, still_held, touched)
        except BaseException:
            self._undo()
            raise
        return list(plan.new_parts)

    def run_lock(self) -> contextlib.AbstractContextManager[Callable[[], None]]:
        """Wait for the run lock and hold it during the block, which receives a check that it is still held."""
        settings = self.settings
        return run_lock_within(self.warehouse, self.kind, WAIT_SECONDS, settings.ledger_url)

    def recover_batches(self) -> None:
        """Finish or undo the batches of a run that died. The caller must hold the run lock too."""
        with landing_of(self.settings) as landing:
            recover(self.ledger, self.warehouse, landing, self.settings)

    def is_known(self, part: str) -> bool:
        """Return whether this Longshore knows the schema version of a part."""
        try:
            metadata = self.warehouse.metadata(table_of(part), part).metadata or {}
        except (OSError, pa.ArrowInvalid):
            # Damaged: `tables_of` reports it.
            return True
        return int(metadata.get(b"longshore.schema_version", b"0")) <= SCHEMA_VERSION

    def _undo(self) -> None:
        """Undo or finish the rewrite in progress. The rewrite lock is held."""
        with contextlib.suppress(LockHeldError), self.run_lock():
            recover_rewrites(self.ledger, self.warehouse, self.settings.rewrite_grace_seconds, building=True)


@contextlib.contextmanager
def rewriting(
    settings: Settings, kind: str, summary: Callable[[], dict[str, Any]], *, dry_run: bool = False
) -> Iterator[Rewriter]:
    """Hold the rewrite lock during the block, recover what a killed rewrite left, and record the run in the ledger.

    A dry run is no run: it is not recorded.

    Raises:
        LockHeldError: another rewrite is at work.
        LedgerError: the ledger was lost, or a repair is unfinished.
    """
    warehouse = warehouse_of(settings)
    run_id = uuid.uuid4().hex
    with (
        one_rewrite_at_a_time(warehouse, f"{kind} {run_id[:8]}", now(), settings.ledger_url),
        open_ledger(settings) as ledger,
    ):
        refuse_lost_ledger(ledger, warehouse)
        warehouse.claim(ledger_id(ledger))
        run_no = 0 if dry_run else begin_run(ledger, run_id, kind, now())
        state = "failed"
        try:
            rewriter = Rewriter(settings, warehouse, ledger, kind, run_no)
            if unfinished_rewrites(ledger):
                with rewriter.run_lock():
                    recover_rewrites(ledger, warehouse, settings.rewrite_grace_seconds, building=True)
            yield rewriter
            state = "completed"
        finally:
            if not dry_run:
                end_run(ledger, run_no, state, now(), summary())


def now() -> dt.datetime:
    """Return the current time, in UTC."""
    return dt.datetime.now(dt.UTC)
