"""Which deliveries brought the bytes of a record, alone or inside a pack, as rows of the ledger.

Where the files of them are now is said by `originals.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from flows.records import GONE, Outcome
from flows.storage.ledger_rows import chunks
from flows.storage.ledger_tables import batches, deliveries

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from flows.storage.ledger import Ledger


@dataclass(frozen=True, slots=True)
class Brought:
    """A delivery of a record's bytes, with `ingested_at` and `after_ingest` of its batch; of a member, its pack's."""

    row: sa.Row[Any]
    pack: sa.Row[Any] | None


class LedgerOriginals:
    """The part of the ledger that is about where records came from."""

    def __init__(self, ledger: Ledger) -> None:
        """Use an open ledger."""
        self._engine = ledger.engine

    def in_batches(self, batch_nos: Iterable[int], record_ids: Iterable[str]) -> Iterator[Brought]:
        """Give the deliveries in these batches that brought one of these records."""
        wanted = {bytes.fromhex(record_id) for record_id in record_ids}
        for chunk in chunks(sorted(set(batch_nos))):
            yield from self._brought(deliveries.c.batch_no.in_(chunk), wanted)

    def of_records(self, record_ids: Iterable[str]) -> Iterator[Brought]:
        """Give every delivery that ever brought one of these records; this looks through all of them."""
        for chunk in chunks(sorted({bytes.fromhex(record_id) for record_id in record_ids})):
            yield from self._brought(deliveries.c.record_id.in_(chunk), set(chunk))

    def _brought(self, where: sa.ColumnElement[bool], wanted: set[bytes]) -> Iterator[Brought]:
        query = (
            sa.select(deliveries, batches.c.ingested_at, batches.c.after_ingest)
            .join(batches, batches.c.batch_no == deliveries.c.batch_no)
            .where(where, deliveries.c.record_id.is_not(None))
            # Where it was published first: a duplicate is the second choice.
            .order_by(sa.desc(deliveries.c.outcome == Outcome.PUBLISHED), deliveries.c.delivery_no)
        )
        with self._engine.connect() as db:
            for row in db.execute(query):
                if bytes(row.record_id) not in wanted:
                    continue
                if not row.is_member:
                    yield Brought(row, None)
                elif row.settled_as != GONE:  # else it was taken out of its pack
                    pack = _pack_of(db, row)
                    if pack is not None:
                        yield Brought(row, pack)


def _pack_of(db: sa.Connection, row: sa.Row[Any]) -> sa.Row[Any] | None:
    """Find the delivery of the pack that a member came in: the row before it that is no member."""
    query = (
        sa.select(deliveries)
        .where(
            deliveries.c.batch_no == row.batch_no,
            deliveries.c.is_member.is_(False),
            deliveries.c.delivery_no < row.delivery_no,
        )
        .order_by(deliveries.c.delivery_no.desc())
        .limit(1)
    )
    return db.execute(query).first()
