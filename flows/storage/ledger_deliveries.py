"""Which runs' deliveries are in the table `warehouse/deliveries/`, and what the ledger knows of each of them.

Promised: a batch is counted as written only when the part that tells of it is in its place; a ledger that was made
anew counts what was there before it as written.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from flows.storage.ledger import SETTLED
from flows.storage.ledger_tables import about, batches, deliveries, runs

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from flows.storage.ledger import Ledger

# Deliveries of all batches up to this one are in the table.
_WRITTEN_TO = "deliveries_written_to_batch"
# Up to this one they were in it before the ledger was made anew, in parts of runs that the ledger has forgotten.
_TAKEN_TO = "deliveries_taken_as_written_to_batch"


@dataclass(frozen=True, slots=True)
class RunPart:
    """The part of one run: its path below `deliveries/` until it is merged, its first batch, its last."""

    run_no: int
    run_id: str
    part: str
    first_batch: int
    last_batch: int


class WrittenDeliveries:
    """The part of the ledger that is about the table of deliveries."""

    def __init__(self, ledger: Ledger) -> None:
        """Use an open ledger."""
        self._engine = ledger.engine

    def unwritten_runs(self) -> Iterator[RunPart]:
        """Give the runs whose deliveries are not in the table yet; every batch of them must be settled."""
        return self._runs(batches.c.batch_no > self._marked(_WRITTEN_TO))

    def written_runs(self) -> Iterator[RunPart]:
        """Give the runs whose deliveries are in the table, by what the ledger says."""
        return self._runs(batches.c.batch_no.between(self._marked(_TAKEN_TO) + 1, self._marked(_WRITTEN_TO)))

    def mark_written(self, run: RunPart) -> None:
        """Remember that the part of a run is in its place."""
        self._mark(_WRITTEN_TO, run.last_batch)

    def take_as_written(self) -> None:
        """Let the table be, as it was, for all batches of a ledger that was made anew: they were in it before."""
        with self._engine.connect() as db:
            last = int(db.execute(sa.select(sa.func.max(batches.c.batch_no))).scalar_one() or 0)
        self._mark(_TAKEN_TO, last)
        self._mark(_WRITTEN_TO, last)

    def count_unwritten_batches(self) -> int:
        """Give the number of settled batches whose deliveries are not in the table yet."""
        unwritten = batches.c.batch_no > self._marked(_WRITTEN_TO)
        query = sa.select(sa.func.count()).where(unwritten, batches.c.state == SETTLED)
        with self._engine.connect() as db:
            return int(db.execute(query).scalar_one())

    def runs_in_hand(self) -> set[str]:
        """Give the ids of the runs of which the ledger does not know yet that their part is written."""
        query = sa.select(runs.c.run_id).join(batches, batches.c.run_no == runs.c.run_no).distinct()
        with self._engine.connect() as db:
            return set(db.execute(query.where(batches.c.batch_no > self._marked(_WRITTEN_TO))).scalars())

    def rows_of(self, run: RunPart) -> Iterator[tuple[sa.Row[Any], Sequence[sa.Row[Any]]]]:
        """Give each batch of a run with its deliveries, in their order."""
        of_run = sa.select(batches).where(
            batches.c.run_no == run.run_no, batches.c.batch_no.between(run.first_batch, run.last_batch)
        )
        with self._engine.connect() as db:
            for batch in db.execute(of_run.order_by(batches.c.batch_no)).all():
                query = sa.select(deliveries).where(deliveries.c.batch_no == batch.batch_no)
                yield batch, db.execute(query.order_by(deliveries.c.delivery_no)).all()

    def _runs(self, which: sa.ColumnElement[bool]) -> Iterator[RunPart]:
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
        with self._engine.connect() as db:
            found = db.execute(query).all()
        for run_no, run_id, started_at, first, last in found:
            yield RunPart(run_no, run_id, f"run_date={started_at:%Y-%m-%d}/{run_id}.parquet", first, last)

    def _marked(self, key: str) -> int:
        with self._engine.connect() as db:
            return int(db.execute(sa.select(about.c.value).where(about.c.key == key)).scalar_one_or_none() or 0)

    def _mark(self, key: str, batch_no: int) -> None:
        with self._engine.begin() as db:
            db.execute(sa.delete(about).where(about.c.key == key))
            db.execute(sa.insert(about).values(key=key, value=str(batch_no)))
