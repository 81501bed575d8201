"""The deliveries table: what became of every file, for readers who do not see the ledger.

Promised: every delivery of a run is in `warehouse/deliveries/` exactly once, in one part named by the run, written at
its end; where a run died, the next one writes it. Compaction merges the parts of a day (`merged_deliveries.py`). Not
promised: files that were deferred; they come again.
"""

from __future__ import annotations

import itertools
import os
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import sqlalchemy as sa

from flows.originals import place_of_row
from flows.storage import faults
from flows.storage.durable import FILE_MODE, fsync_folder, make_folders, rename_no_replace
from flows.storage.ledger import SETTLED
from flows.storage.ledger_tables import about, batches, deliveries, runs

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import pyarrow as pa

    from flows.storage.ledger import Ledger
    from flows.storage.warehouse import Warehouse

# In the ledger: deliveries of all batches up to this one are in the table.
_WRITTEN_TO = "deliveries_written_to_batch"
# Up to this one they were in it before the ledger was made anew, in parts of runs that the ledger has forgotten.
_TAKEN_TO = "deliveries_taken_as_written_to_batch"
_GROUP_ROWS = 50_000


@dataclass(frozen=True, slots=True)
class RunPart:
    """The part of one run: its path below `deliveries/` until it is merged, its first batch, its last."""

    run_no: int
    run_id: str
    part: str
    first_batch: int
    last_batch: int


class DeliveryRow(NamedTuple):
    """A row of the table; `storage/schema.py` says what each column means."""

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
    """Write a part for each run whose deliveries are not in the table yet, and give the parts' paths.

    Only for the holder of the run lock, when every batch is settled: at a run's end, or after recovery.
    """
    parts = []
    for run in _runs(ledger, batches.c.batch_no > _marked(ledger, _WRITTEN_TO)):
        _write_part(warehouse, run.part, rows_of(ledger, run))
        _mark(ledger, _WRITTEN_TO, run.last_batch)
        parts.append(run.part)
    return parts


def written_runs(ledger: Ledger) -> Iterator[RunPart]:
    """Give the runs whose deliveries are in the table, by what the ledger says."""
    written = batches.c.batch_no.between(_marked(ledger, _TAKEN_TO) + 1, _marked(ledger, _WRITTEN_TO))
    return _runs(ledger, written)


def unwritten_batches(ledger: Ledger) -> int:
    """Give the number of settled batches whose deliveries are not in the table yet."""
    unwritten = batches.c.batch_no > _marked(ledger, _WRITTEN_TO)
    query = sa.select(sa.func.count()).where(unwritten, batches.c.state == SETTLED)
    with ledger.engine.connect() as db:
        return int(db.execute(query).scalar_one())


def take_as_written(ledger: Ledger) -> None:
    """Let the table be, as it was, for all batches of a ledger that was made anew: they were in it before."""
    with ledger.engine.connect() as db:
        last = int(db.execute(sa.select(sa.func.max(batches.c.batch_no))).scalar_one() or 0)
    _mark(ledger, _TAKEN_TO, last)
    _mark(ledger, _WRITTEN_TO, last)


def runs_in_hand(ledger: Ledger) -> set[str]:
    """Give the ids of the runs of which the ledger does not know yet that their part is written."""
    query = sa.select(runs.c.run_id).join(batches, batches.c.run_no == runs.c.run_no).distinct()
    with ledger.engine.connect() as db:
        return set(db.execute(query.where(batches.c.batch_no > _marked(ledger, _WRITTEN_TO))).scalars())


def set_aside(warehouse: Warehouse, part: str) -> None:
    """Move a part that is not right out of the readers' sight."""
    # Not where parts of records are set aside: there is no text in it to be forgotten.
    aside = warehouse.inner / "deliveries-aside" / f"{secrets.token_hex(4)}-{part.rpartition('/')[2]}"
    make_folders(aside.parent)
    rename_no_replace(warehouse.deliveries / part, aside)


def write_again(ledger: Ledger, warehouse: Warehouse, run: RunPart) -> None:
    """Write the part of a run, of which no row is in the table, anew from the ledger."""
    _write_part(warehouse, run.part, rows_of(ledger, run))


def _runs(ledger: Ledger, which: sa.ColumnElement[bool]) -> Iterator[RunPart]:
    query = (
        sa.select(
            runs.c.run_no,
            runs.c.run_id,
            runs.c.started_at,
            sa.func.min(batches.c.batch_no),
            sa.func.max(batches.c.batch_no),
        )
        .join(runs, runs.c.run_no == batches.c.run_no)
        .where(which, batches.c.state == SETTLED)
        .group_by(runs.c.run_no, runs.c.run_id, runs.c.started_at)
        .order_by(runs.c.run_no)
    )
    with ledger.engine.connect() as db:
        found = db.execute(query).all()
    for run_no, run_id, started_at, first, last in found:
        yield RunPart(run_no, run_id, f"run_date={started_at:%Y-%m-%d}/{run_id}.parquet", first, last)


def _marked(ledger: Ledger, key: str) -> int:
    with ledger.engine.connect() as db:
        return int(db.execute(sa.select(about.c.value).where(about.c.key == key)).scalar_one_or_none() or 0)


def _mark(ledger: Ledger, key: str, batch_no: int) -> None:
    with ledger.engine.begin() as db:
        db.execute(sa.delete(about).where(about.c.key == key))
        db.execute(sa.insert(about).values(key=key, value=str(batch_no)))


def _write_part(warehouse: Warehouse, part: str, rows: Iterator[DeliveryRow]) -> None:
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


def _write_parquet(path: Path, rows: Iterator[DeliveryRow]) -> None:
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


def _table(rows: Sequence[DeliveryRow], schema: pa.Schema) -> pa.Table:
    import pyarrow as pa  # noqa: PLC0415

    from flows.storage.columns import column  # noqa: PLC0415

    values = dict(zip(DeliveryRow._fields, zip(*rows, strict=True), strict=True))
    return pa.Table.from_arrays([column(values[field.name], field.type) for field in schema], schema=schema)


def rows_of(ledger: Ledger, run: RunPart) -> Iterator[DeliveryRow]:
    """Give the deliveries of one run as rows of the table, batch by batch."""
    of_run = sa.select(batches).where(
        batches.c.run_no == run.run_no, batches.c.batch_no.between(run.first_batch, run.last_batch)
    )
    with ledger.engine.connect() as db:
        for batch in db.execute(of_run.order_by(batches.c.batch_no)).all():
            kept = batch.after_ingest == "keep"
            query = sa.select(deliveries).where(deliveries.c.batch_no == batch.batch_no)
            for row in db.execute(query.order_by(deliveries.c.delivery_no)).all():
                _, _, path, is_member, size, modified_ns, _, digest, outcome, reason, detail, settled_as = row
                # Null where the landed file was not moved, or is gone.
                moved = not is_member and (settled_as is not None or not kept)
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
                    batch.settled_at,
                )
