"""Build a new part from old ones, and prove that it is what went in.

1. read     each old part, its bytes checked against the ledger's SHA-256
2. change   a table at a time: nothing (compact), other values (reprocess), fewer rows (forget)
3. write    one sorted part for a group of old ones, in bounded memory
4. verify   read the new part back from the disk: the same rows, ids and checksum of every column as went in

Nothing here is visible to readers: what is built is put in its place by `rewriting.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from flows.errors import WarehouseError
from flows.storage import faults
from flows.storage.checksum import ColumnSums
from flows.storage.durable import fsync_folder
from flows.storage.ledger_rewrites import NewPart
from flows.storage.schema import conform
from flows.storage.sorted_part import SortedPart, sha256_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from flows.storage.ledger_rewrites import PublishedPart
    from flows.storage.sorted_part import WrittenPart
    from flows.storage.warehouse import Warehouse

# Rows that are decoded at once; a news text is some kilobytes.
_READ_ROWS = 1024


@dataclass(slots=True)
class Change:
    """What happens to the rows on their way: nothing here. `gone` and `touched` are what the ledger must be told."""

    gone: list[tuple[str, int]] = field(default_factory=list)
    touched: list[str] = field(default_factory=list)

    def table(self, table: pa.Table, partition: str) -> pa.Table:
        """Give the rows as they are to be."""
        del partition
        return table

    def group_changed(self) -> bool:
        """Tell whether the group that was just built is to take the place of its old parts."""
        return True


def build_part(
    warehouse: Warehouse, group: Sequence[PublishedPart], folder: Path, change: Change, zstd_level: int
) -> NewPart | None:
    """Build one part of the rows of a group of old ones, as `change` makes them, and prove it; None without any row.

    Args:
        warehouse: whose.
        group: the old parts.
        folder: the partition's new folder, which no reader opens yet.
        change: what happens to the rows.
        zstd_level: of the new part.

    Raises:
        WarehouseError: an old part is damaged, or the new one is not what went in.
    """
    draft = folder.parent / "draft.parquet"
    draft.unlink(missing_ok=True)
    writer = SortedPart(draft, folder.parent, zstd_level)
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
                f"{part.part} holds {read} rows, and the ledger says {part.rows}. Nothing was changed. "
                "`longshore verify` says more."
            )
    if not writer.rows:
        return None
    written = writer.finish()
    faults.step("rewrite.built")
    return prove(draft, written, wanted, folder)


def tables_of(warehouse: Warehouse, part: PublishedPart) -> Iterator[pa.Table]:
    """Give the rows of a part, some at a time, in the columns of the present schema.

    Raises:
        WarehouseError: its bytes are not those that were published.
    """
    path = warehouse.records / part.part
    if part.sha256 and sha256_of(path) != part.sha256:
        raise WarehouseError(
            f"{path} is damaged: its bytes are not those that were published. Nothing was changed. "
            "`longshore verify` says more."
        )
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(_READ_ROWS):
            yield conform(pa.Table.from_batches([batch]))


def prove(draft: Path, written: WrittenPart, wanted: ColumnSums, folder: Path) -> NewPart:
    """Read a new part back, compare it with what went in, and put it into the folder that is being built.

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
            f"The new part differs from what went in ({', '.join(differences) or 'rows'}), so it was dropped and "
            "nothing was changed. The disk, the memory, or Longshore is at fault: report it if it happens again."
        )
    # Named by its bytes: no name ever has other bytes, so a reader's cache or an old listing cannot mislead.
    name = f"{written.sha256[:32]}.parquet"
    draft.rename(folder / name)
    fsync_folder(folder)
    return NewPart(f"{folder.name}/{name}", written.rows, written.bytes, written.sha256)
