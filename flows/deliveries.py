"""The deliveries table: what became of every file, for readers who do not see the ledger.

Promised: every delivery of a run is in `warehouse/deliveries/` exactly once, in one part named by the run, written at
its end; where a run died, the next one writes it. Not promised: files that were deferred; they come again.
"""

from __future__ import annotations

import itertools
import os
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from flows.originals import place_of_row
from flows.storage import faults
from flows.storage.durable import FILE_MODE, fsync_folder, make_folders, rename_no_replace
from flows.storage.ledger import SETTLED
from flows.storage.ledger_tables import about, batches, deliveries, runs

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import pyarrow as pa

    from flows.storage.ledger import Ledger
    from flows.storage.warehouse import Warehouse

# In the ledger: deliveries of all batches up to this one are in the table.
_WRITTEN_TO = "deliveries_written_to_batch"
_GROUP_ROWS = 50_000


def write_deliveries(ledger: Ledger, warehouse: Warehouse) -> list[str]:
    """Write a part for each run whose deliveries are not in the table yet, and give the parts' paths.

    Only for the holder of the run lock, when every batch is settled: at a run's end, or after recovery.
    """
    with ledger.engine.connect() as db:
        key = sa.select(about.c.value).where(about.c.key == _WRITTEN_TO)
        written_to = int(db.execute(key).scalar_one_or_none() or 0)
        found = db.execute(
            sa.select(runs.c.run_no, runs.c.run_id, runs.c.started_at, sa.func.max(batches.c.batch_no))
            .join(runs, runs.c.run_no == batches.c.run_no)
            .where(batches.c.batch_no > written_to, batches.c.state == SETTLED)
            .group_by(runs.c.run_no, runs.c.run_id, runs.c.started_at)
            .order_by(runs.c.run_no)
        ).all()
    parts = []
    for run_no, run_id, started_at, last_batch in found:
        part = f"run_date={started_at:%Y-%m-%d}/{run_id}.parquet"
        _write_part(warehouse, part, _rows(ledger, run_no, run_id, written_to))
        with ledger.engine.begin() as db:
            db.execute(sa.delete(about).where(about.c.key == _WRITTEN_TO))
            db.execute(sa.insert(about).values(key=_WRITTEN_TO, value=str(last_batch)))
        parts.append(part)
    return parts


def _write_part(warehouse: Warehouse, part: str, rows: Iterator[dict[str, Any]]) -> None:
    target = warehouse.deliveries / part
    if target.exists():
        # Written, but the run died before the ledger knew: a part of that name is whole.
        return
    staged = warehouse.inner / "staging" / target.name
    staged.unlink(missing_ok=True)
    _write_parquet(staged, rows)
    faults.step("deliveries.staged")
    make_folders(target.parent)
    rename_no_replace(staged, target)
    faults.step("deliveries.renamed")
    fsync_folder(target.parent)


def _write_parquet(path: Path, rows: Iterator[dict[str, Any]]) -> None:
    import pyarrow.parquet as pq  # noqa: PLC0415 - a run that finds nothing must not wait for it

    from flows.storage.schema import DELIVERIES, file_metadata, part_options  # noqa: PLC0415

    schema = DELIVERIES.with_metadata(file_metadata(""))
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE)
    with os.fdopen(fd, "wb") as sink:
        with pq.ParquetWriter(sink, schema, **part_options(schema, zstd_level=3)) as writer:
            while group := list(itertools.islice(rows, _GROUP_ROWS)):
                writer.write_table(_table(group, schema))
        sink.flush()
        os.fsync(sink.fileno())


def _table(rows: Sequence[dict[str, Any]], schema: pa.Schema) -> pa.Table:
    import pyarrow as pa  # noqa: PLC0415

    from flows.storage.columns import column  # noqa: PLC0415

    columns = [column([row[field.name] for row in rows], field.type) for field in schema]
    return pa.Table.from_arrays(columns, schema=schema)


def _rows(ledger: Ledger, run_no: int, run_id: str, after_batch: int) -> Iterator[dict[str, Any]]:
    """Give the deliveries of one run, batch by batch."""
    of_run = sa.select(batches).where(batches.c.run_no == run_no, batches.c.batch_no > after_batch)
    with ledger.engine.connect() as db:
        for batch in db.execute(of_run.order_by(batches.c.batch_no)).all():
            query = sa.select(deliveries).where(deliveries.c.batch_no == batch.batch_no)
            for row in db.execute(query.order_by(deliveries.c.delivery_no)):
                yield {
                    "run_id": run_id,
                    "batch_id": batch.batch_id,
                    "path": row.path,
                    "is_member": row.is_member,
                    "source_bytes": row.size,
                    "source_modified_at": row.modified_ns // 1000,
                    "record_id": bytes(row.record_id).hex() if row.record_id is not None else None,
                    "outcome": row.outcome,
                    "reason": row.reason,
                    "detail": row.detail,
                    "settled_as": _place(row, batch),
                    "ingested_at": batch.ingested_at,
                    "settled_at": batch.settled_at,
                }


def _place(row: Any, batch: Any) -> str | None:  # noqa: ANN401 - rows of the ledger
    """Say where the landed file is, as a `source_path`; None where it was not moved, or is gone."""
    if row.is_member or (row.settled_as is None and batch.after_ingest == "keep"):
        return None
    return place_of_row(row, batch)
