"""Merge the parts of the deliveries table, as compaction merges the records': a run a minute writes 1,440 a day.

Promised: the same rows before and after, proven by a checksum of every column, exchanged in one step that a reader sees
or does not see (`storage/rewrites.py`). The part of a run that the ledger does not know to be written yet is left: were
it merged, and had its run died just then, the next run would write its rows once more. The rows stay in the order in
which they came, so that a question for an hour reads a row group or two.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from flows.errors import WarehouseError
from flows.storage import faults
from flows.storage.checksum import ColumnSums
from flows.storage.durable import FILE_MODE
from flows.storage.ledger_deliveries import WrittenDeliveries
from flows.storage.ledger_rewrites import Move, Plan, PublishedPart
from flows.storage.schema import DELIVERIES, conform, file_metadata, part_options
from flows.storage.sorted_part import WrittenPart, sha256_of
from flows.upkeep.building import prove

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from flows.storage.ledger_rewrites import NewPart
    from flows.upkeep.rewriting import Rewriter

# As many as a run writes in one group, and as few as keep the times of a group close together.
_GROUP_ROWS = 50_000
_GROUP_BYTES = 32 * 1024 * 1024


def parts_of_deliveries(rewriter: Rewriter, partition: str) -> list[PublishedPart]:
    """Give the parts of a partition of the deliveries table that may be merged.

    A part that cannot be read is left alone: it cannot be merged, and no ledger has its hash.
    """
    in_hand = WrittenDeliveries(rewriter.ledger).runs_in_hand()
    found = []
    for path in (rewriter.warehouse.deliveries / partition).glob("*.parquet"):
        part = f"{partition}/{path.name}"
        if path.stem in in_hand or not rewriter.is_known(part):
            continue
        try:
            rows = pq.read_metadata(path).num_rows
        except (OSError, pa.ArrowException):
            continue
        found.append(PublishedPart(part, rows, path.stat().st_size, "", ()))
    return found


def merge_deliveries(
    rewriter: Rewriter, partition: str, groups: Sequence[Sequence[PublishedPart]]
) -> list[NewPart] | None:
    """Merge each of these groups of parts to one, in one exchange; give the new parts.

    Raises:
        LockHeldError, WarehouseError: as `Rewriter.rewrite`; nothing was changed.
    """
    folder_of = rewriter.warehouse.deliveries

    def build(folder: Path) -> Plan:
        moves: list[Move] = []
        new_parts: list[NewPart] = []
        for group in groups:
            # Groups are planned by size; the rows of each are to stay in their order.
            old = sorted((folder_of / part.part for part in group), key=_began)
            new = _merge(old, folder, rewriter.settings.zstd_level)
            moves += [Move(part.part, new.part, ()) for part in group]
            new_parts.append(new)
        return Plan(tuple(moves), tuple(new_parts))

    return rewriter.exchange(partition, build)


def _began(part: Path) -> str:
    with pq.ParquetFile(part) as file:
        return next((str(batch[0][0]) for batch in file.iter_batches(1, columns=["ingested_at"])), "")


def _merge(old: Sequence[Path], folder: Path, zstd_level: int) -> NewPart:
    draft = folder.parent / "draft.parquet"
    draft.unlink(missing_ok=True)
    wanted = ColumnSums(key="path")
    schema = DELIVERIES.with_metadata(file_metadata(""))
    fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE)
    with os.fdopen(fd, "wb") as sink:
        with pq.ParquetWriter(sink, schema, **part_options(schema, zstd_level)) as writer:
            for table in _groups(old):
                wanted.add(table)
                writer.write_table(table.cast(schema), row_group_size=_GROUP_ROWS)
        sink.flush()
        os.fsync(sink.fileno())
    faults.step("rewrite.built")
    written = WrittenPart(wanted.rows, draft.stat().st_size, sha256_of(draft))
    return prove(draft, written, wanted, folder)


def _groups(parts: Sequence[Path]) -> Iterator[pa.Table]:
    """Give the rows of all parts in their order, as many at a time as make a row group."""
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
