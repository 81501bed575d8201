"""What `longshore changes` asks the ledger: what came after a batch and after a rewrite, in their order."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from flows.records import Outcome
from flows.storage.ledger import SETTLED
from flows.storage.ledger_rewrites import DONE, EXCHANGED, rewrites, rewritten
from flows.storage.ledger_tables import about, batches, deliveries, sources

if TYPE_CHECKING:
    from collections.abc import Iterable

    from flows.storage.ledger import Ledger

_LEDGER_ID = "ledger_id"


def batches_after(db: sa.Connection, batch_no: int) -> list[sa.Row[Any]]:
    """Give the batches that came later and can be read, up to the first that is not finished yet.

    Batches of one run end in any order; stopping before one that is in hand keeps them in order of their numbers.
    """
    unfinished = sa.select(sa.func.min(batches.c.batch_no)).where(batches.c.state != SETTLED)
    first_unfinished = db.execute(unfinished).scalar_one()
    query = sa.select(batches).where(batches.c.batch_no > batch_no, batches.c.part.is_not(None))
    if first_unfinished is not None:
        query = query.where(batches.c.batch_no < first_unfinished)
    return list(db.execute(query.order_by(batches.c.batch_no)))


def rewrites_after(db: sa.Connection, rewrite_no: int, kinds: Iterable[str]) -> list[tuple[int, str]]:
    """Give the rewrites of these kinds that came later and that readers see, each with its kind."""
    query = sa.select(rewrites.c.rewrite_no, rewrites.c.kind).where(
        rewrites.c.rewrite_no > rewrite_no,
        rewrites.c.kind.in_(list(kinds)),
        rewrites.c.state.in_((EXCHANGED, DONE)),
    )
    return [(row.rewrite_no, row.kind) for row in db.execute(query.order_by(rewrites.c.rewrite_no))]


def ids_of_batch(db: sa.Connection, batch_no: int) -> tuple[str, ...]:
    """Give the records that a batch published and that are still there."""
    # By way of the deliveries, which are indexed by batch; one that was forgotten is no source any more.
    query = (
        sa.select(deliveries.c.record_id)
        .join(sources, (sources.c.record_id == deliveries.c.record_id) & (sources.c.batch_no == deliveries.c.batch_no))
        .where(deliveries.c.batch_no == batch_no, deliveries.c.outcome == Outcome.PUBLISHED)
    )
    return tuple(sorted({bytes(row.record_id).hex() for row in db.execute(query)}))


def ids_of_rewrite(db: sa.Connection, rewrite_no: int) -> tuple[str, ...]:
    """Give the records that a rewrite changed or removed."""
    query = sa.select(rewritten.c.record_id).where(rewritten.c.rewrite_no == rewrite_no)
    return tuple(sorted(bytes(row.record_id).hex() for row in db.execute(query)))


def mark_of(ledger: Ledger) -> str:
    """Give the ledger's own mark: batches of a ledger that was made anew have other numbers."""
    query = sa.select(about.c.value).where(about.c.key == _LEDGER_ID)
    with ledger.engine.begin() as db:
        found = db.execute(query).scalar_one_or_none()
        if found is None:
            found = uuid.uuid4().hex[:8]
            db.execute(sa.insert(about).values(key=_LEDGER_ID, value=found))
    return str(found)
