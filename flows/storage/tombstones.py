"""Tombstones: which records were forgotten on request, and of which of them something may be left.

Promised: a tombstone is on the disk before anything of its record is removed, and it stands as long as the ledger.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import sqlalchemy as sa

from flows.records import GONE
from flows.storage.ledger_engine import begin
from flows.storage.ledger_rows import chunks
from flows.storage.ledger_tables import batches, deliveries, kept, metadata

if TYPE_CHECKING:
    from collections.abc import Iterable

    from flows.storage.ledger import Ledger

# `done_at` is null until record and originals are gone.
forgotten = sa.Table(
    "forgotten",
    metadata,
    sa.Column("record_id", sa.LargeBinary(32), primary_key=True),
    sa.Column("asked_at", sa.BigInteger, nullable=False),
    sa.Column("done_at", sa.BigInteger),
)


class Tombstones:
    """The part of the ledger that is about forgetting."""

    def __init__(self, ledger: Ledger) -> None:
        """Use an open ledger; the table that an older one has not got is made."""
        self._engine = ledger.engine
        with begin(self._engine, durable=True) as db:
            metadata.create_all(db, tables=[forgotten], checkfirst=True)

    def bury(self, record_ids: Iterable[str], now: dt.datetime) -> None:
        """Set a tombstone for each of these sources: none of them is ever ingested again."""
        wanted = {bytes.fromhex(record_id) for record_id in record_ids}
        with begin(self._engine, durable=True) as db:
            for chunk in chunks(sorted(wanted)):
                query = sa.select(forgotten.c.record_id).where(forgotten.c.record_id.in_(chunk))
                new = set(chunk) - {bytes(row.record_id) for row in db.execute(query)}
                if new:
                    asked_at = int(now.timestamp())
                    db.execute(sa.insert(forgotten), [{"record_id": one, "asked_at": asked_at} for one in sorted(new)])
                # Asked again: a re-delivery may have left an original that is to go too.
                db.execute(sa.update(forgotten).where(forgotten.c.record_id.in_(chunk)).values(done_at=None))

    def mark_forgotten(self, record_ids: Iterable[str], now: dt.datetime) -> None:
        """Remember that nothing of these is left."""
        with begin(self._engine, durable=True) as db:
            for chunk in chunks([bytes.fromhex(record_id) for record_id in record_ids]):
                db.execute(
                    sa.update(forgotten).where(forgotten.c.record_id.in_(chunk)).values(done_at=int(now.timestamp()))
                )

    def mark_gone(self, delivery_nos: Iterable[int]) -> None:
        """Remember that the landed files, or the members of packs, of these deliveries are nowhere any more."""
        with begin(self._engine, durable=True) as db:
            for chunk in chunks(list(delivery_nos)):
                db.execute(sa.update(deliveries).where(deliveries.c.delivery_no.in_(chunk)).values(settled_as=GONE))

    def mark_repacked(self, pack_no: int, size: int, said: str) -> None:
        """Remember what a pack is to be from here on: how many bytes, and a sentence with their hash."""
        with begin(self._engine, durable=True) as db:
            pack = db.execute(sa.select(deliveries).where(deliveries.c.delivery_no == pack_no)).one()
            detail = (pack.detail or "").removesuffix(said).rstrip()
            same = sa.and_(kept.c.path == pack.path, kept.c.size == pack.size, kept.c.modified_ns == pack.modified_ns)
            db.execute(sa.update(kept).where(same).values(size=size))
            values = {"size": size, "detail": f"{detail} {said}".strip()}
            db.execute(sa.update(deliveries).where(deliveries.c.delivery_no == pack_no).values(values))

    def half_forgotten(self) -> list[str]:
        """Give the records whose forgetting was begun and has not ended, or of which a pack holds the bytes again."""
        with self._engine.connect() as db:
            return half_forgotten(db)


def half_forgotten(db: sa.Connection, most: int | None = None) -> list[str]:
    """Give the records of which something may be left though they were forgotten.

    Bytes that came again alone wait in `_rejected/` for a person; in a pack with others they lie in the archive.
    """
    pack = deliveries.alias("pack")
    outcome_of_pack = (
        sa.select(pack.c.outcome)
        .where(pack.c.batch_no == deliveries.c.batch_no, pack.c.is_member.is_(False))
        .where(pack.c.delivery_no < deliveries.c.delivery_no)
        .order_by(pack.c.delivery_no.desc())
        .limit(1)
        .scalar_subquery()
    )
    again = (
        sa.select(deliveries.c.record_id)
        .join(batches, batches.c.batch_no == deliveries.c.batch_no)
        # The outcome in the statement itself, or SQLite cannot tell that the small index will do.
        .where(deliveries.c.outcome == sa.literal_column("'rejected'"), deliveries.c.reason == "FORGOTTEN")
        .where(deliveries.c.is_member.is_(True), deliveries.c.settled_as.is_(None))
        .where(batches.c.state == "settled", batches.c.after_ingest != "delete", outcome_of_pack != "rejected")
    )
    begun = sa.select(forgotten.c.record_id).where(forgotten.c.done_at.is_(None))
    query = sa.union(begun, again).order_by("record_id").limit(most)
    return [bytes(row.record_id).hex() for row in db.execute(query)]


def buried(ledger: Ledger, record_ids: Iterable[str]) -> dict[str, dt.datetime]:
    """Give those of these sources that were forgotten, with when."""
    query = sa.select(forgotten.c.record_id, forgotten.c.asked_at)
    found = {}
    with ledger.engine.connect() as db:
        for chunk in chunks([bytes.fromhex(record_id) for record_id in record_ids]):
            for record_id, asked_at in db.execute(query.where(forgotten.c.record_id.in_(chunk))):
                found[bytes(record_id).hex()] = dt.datetime.fromtimestamp(asked_at, dt.UTC)
    return found
