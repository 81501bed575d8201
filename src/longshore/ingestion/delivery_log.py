"""The delivery log: the outcome of every delivery as a Parquet table, for readers without access to the ledger.

Promised: every delivery of a run is in `warehouse/deliveries/` exactly once, in one part named by the run and written
at its end; if the run died, the next one writes it. Not included: deferred files; they are delivered again.
"""

from __future__ import annotations

import itertools
import os
from typing import TYPE_CHECKING, NamedTuple

from longshore.ingestion.originals import place_of_row
from longshore.storage import fault_injection
from longshore.storage.filesystem import FILE_MODE
from longshore.storage.ledger.queries import batches_of_run, mark_written, unwritten_runs

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import pyarrow as pa

    from longshore.storage.ledger.batches import Ledger
    from longshore.storage.ledger.queries import RunPart
    from longshore.storage.stores.interface import Warehouse

_GROUP_ROWS = 8_192


class DeliveryRow(NamedTuple):
    """A row of the table; `storage/schema.py` describes the columns."""

    run_id: str
    batch_id: str
    path: str
    is_member: bool
    source_bytes: int
    source_modified_at: int
    record_id: str | None
    outcome: str
    reason: str | None
    detail: str | None
    settled_as: str | None
    ingested_at: dt.datetime
    settled_at: dt.datetime


def write_deliveries(ledger: Ledger, warehouse: Warehouse) -> list[str]:
    """Write a part for each run whose deliveries are not in the table yet, and return the paths of the parts.

    Only for the holder of the run lock, when every batch is finalized: at the end of a run, or after recovery.
    """
    parts = []
    for run in unwritten_runs(ledger):
        _write_part(warehouse, run.part, rows_of(ledger, run))
        mark_written(ledger, run)
        parts.append(run.part)
    return parts


def write_again(ledger: Ledger, warehouse: Warehouse, run: RunPart) -> None:
    """Write the part of a run again from the ledger; none of its rows may be in the table."""
    _write_part(warehouse, run.part, rows_of(ledger, run))


def _write_part(warehouse: Warehouse, part: str, rows: Iterator[DeliveryRow]) -> None:
    if warehouse.exists("deliveries", part):
        # The run died before the ledger recorded it: a part of that name is complete.
        return
    staged = warehouse.inner / "staging" / part.rpartition("/")[2]
    staged.unlink(missing_ok=True)
    _write_parquet(staged, rows)
    fault_injection.step("deliveries.staged")
    warehouse.publish_deliveries(staged, part)


def _write_parquet(path: Path, rows: Iterator[DeliveryRow]) -> None:
    import pyarrow.parquet as pq  # noqa: PLC0415 - not in a run without work

    from longshore.storage.schema import DELIVERIES, file_metadata, part_options  # noqa: PLC0415

    schema = DELIVERIES.with_metadata(file_metadata(""))
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE)
    with os.fdopen(fd, "wb") as sink:
        with pq.ParquetWriter(sink, schema, **part_options(schema)) as writer:
            while group := list(itertools.islice(rows, _GROUP_ROWS)):
                writer.write_table(_table(group, schema))
        sink.flush()
        os.fsync(sink.fileno())


def _table(rows: Sequence[DeliveryRow], schema: pa.Schema) -> pa.Table:
    import pyarrow as pa  # noqa: PLC0415

    from longshore.storage.schema import column  # noqa: PLC0415

    values = dict(zip(DeliveryRow._fields, zip(*rows, strict=True), strict=True))
    return pa.Table.from_arrays([column(values[field.name], field.type) for field in schema], schema=schema)


def rows_of(ledger: Ledger, run: RunPart) -> Iterator[DeliveryRow]:
    """Yield the deliveries of one run as rows of the table."""
    for batch, found in batches_of_run(ledger, run):
        kept = batch.after_ingest == "keep"
        for row in found:
            _, _, path, is_member, size, modified_ns, _, digest, outcome, reason, detail, finalized_as, _ = tuple(row)
            # Null if the landed file was not moved, or was deleted.
            moved = not is_member and (finalized_as is not None or not kept)
            yield DeliveryRow(
                run.run_id,
                batch.batch_id,
                path,
                is_member,
                size,
                modified_ns // 1000,
                digest.hex() if digest is not None else None,
                outcome,
                reason,
                detail,
                place_of_row(row, batch) if moved else None,
                batch.ingested_at,
                batch.finalized_at,
            )
