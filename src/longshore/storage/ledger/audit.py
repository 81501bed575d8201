"""What `longshore verify` asks the ledger: what it says of parts, of originals, and of itself.

Promised: nothing is written, and memory is bounded by a batch or a part, not by the ledger. Everything here is for the
holder of the run lock. What a repair writes down is `ledger_adoption.py`.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from longshore.records import Outcome
from longshore.storage.ledger.batches import SETTLED, VISIBLE, chunks, delivery_of
from longshore.storage.ledger.rewrites import half_forgotten
from longshore.storage.ledger.tables import batches, deliveries, sources
from longshore.storage.names import from_source_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from longshore.records import Delivery
    from longshore.storage.ledger.batches import Ledger

# Of the originals: as few as keep memory bounded.
_HELD_ROWS = 500
# A list of a hundred thousand disagreements tells nobody more than its beginning.
_LISTED = 1000


@dataclass(frozen=True, slots=True)
class LedgerPart:
    """A part as the ledger has it: after a compaction several batches share one."""

    part: str
    rows: int
    bytes: int
    sha256: str
    batches: int


@dataclass(frozen=True, slots=True)
class Original:
    """A landed file that was settled. `finalized_as`: where it is, if not where its path says; empty: nowhere."""

    delivery: Delivery
    after_ingest: str | None
    finalized_as: str | None
    ingested_at: dt.datetime
    # Asked for by `Rejections` only: it is remembered as left in landing, just as it is.
    kept: bool = False


class LedgerAudit:
    """The part of the ledger that is about checking it."""

    def __init__(self, ledger: Ledger) -> None:
        """Use an open ledger."""
        self._engine = ledger.engine
        self._has_tombstones = sa.inspect(self._engine).has_table("forgotten")

    def damage(self) -> str | None:
        """Say what is wrong with the database file itself, if anything is; a server looks after its own."""
        if self._engine.dialect.name != "sqlite":
            return None
        with self._engine.connect() as db:
            said = [str(row[0]) for row in db.exec_driver_sql("PRAGMA integrity_check(3)")]
        # It may be several lines, the first of them a heading.
        return None if said == ["ok"] else "; ".join(line for one in said for line in one.splitlines()[-1:])

    def parts(self) -> Iterator[LedgerPart]:
        """Give the parts that readers should see."""
        query = (
            sa.select(
                batches.c.part,
                sa.func.sum(batches.c.rows),
                batches.c.part_bytes,
                batches.c.part_sha256,
                sa.func.count(),
            )
            .where(batches.c.state.in_(VISIBLE), batches.c.part.is_not(None))
            # All batches of a part say the same of it; PostgreSQL has no max() of bytes.
            .group_by(batches.c.part, batches.c.part_bytes, batches.c.part_sha256)
            .order_by(batches.c.part)
        )
        with self._engine.connect() as db:
            for part, rows, part_bytes, sha256, number in db.execute(query):
                yield LedgerPart(part, int(rows), int(part_bytes or 0), bytes(sha256 or b"").hex(), number)

    def parts_of(self, record_ids: Iterable[str]) -> dict[str, str | None]:
        """Give, of these records, those that a visible batch owns, with the part that they should be in."""
        found: dict[str, str | None] = {}
        ids = [bytes.fromhex(record_id) for record_id in record_ids]
        query = sa.select(sources.c.record_id, batches.c.part).join(batches, batches.c.batch_no == sources.c.batch_no)
        with self._engine.connect() as db:
            for chunk in chunks(ids):
                chosen = sources.c.record_id.in_(chunk)
                for record_id, part in db.execute(query.where(chosen, batches.c.state.in_(VISIBLE))):
                    found[bytes(record_id).hex()] = part
        return found

    def miscounted(self) -> list[tuple[str, int, int]]:
        """Give the batches whose number of rows is not that of their sources: batch id, rows, sources."""
        counted = sa.select(sources.c.batch_no, sa.func.count().label("n")).group_by(sources.c.batch_no).subquery()
        number = sa.func.coalesce(counted.c.n, 0)
        query = (
            sa.select(batches.c.batch_id, batches.c.rows, number)
            .outerjoin(counted, counted.c.batch_no == batches.c.batch_no)
            .where(batches.c.state.in_(VISIBLE), batches.c.rows != number)
            .limit(_LISTED)
        )
        with self._engine.connect() as db:
            return [(batch_id, int(rows), int(n)) for batch_id, rows, n in db.execute(query)]

    def ownerless_sources(self) -> list[str]:
        """Give the sources whose batch does not exist."""
        query = (
            sa.select(sources.c.record_id)
            .outerjoin(batches, batches.c.batch_no == sources.c.batch_no)
            .where(batches.c.batch_no.is_(None))
            .limit(_LISTED)
        )
        with self._engine.connect() as db:
            return [bytes(row[0]).hex() for row in db.execute(query)]

    def deliveries_without_record(self) -> list[tuple[str, str]]:
        """Give the deliveries that should have a record, and whose source has none: path and record id.

        What was forgotten on request is not among them.
        """
        wanted = deliveries.c.outcome.in_((Outcome.PUBLISHED, Outcome.DUPLICATE))
        conditions: list[sa.ColumnElement[bool]] = [
            wanted,
            deliveries.c.record_id.is_not(None),
            batches.c.state.in_(VISIBLE),
            sources.c.record_id.is_(None),
        ]
        if self._has_tombstones:
            tombs = sa.table("forgotten", sa.column("record_id"))
            conditions.append(~sa.exists().where(tombs.c.record_id == deliveries.c.record_id))
        query = (
            sa.select(deliveries.c.path, deliveries.c.record_id)
            .join(batches, batches.c.batch_no == deliveries.c.batch_no)
            .outerjoin(sources, sources.c.record_id == deliveries.c.record_id)
            .where(*conditions)
            .limit(_LISTED)
        )
        with self._engine.connect() as db:
            return [(path, bytes(record_id).hex()) for path, record_id in db.execute(query)]

    def half_forgotten(self) -> list[str]:
        """Give the records whose forgetting has not come to its end, or whose bytes came again in a pack."""
        if not self._has_tombstones:
            return []
        with self._engine.connect() as db:
            return half_forgotten(db, _LISTED)

    def forgotten_records(self) -> list[str]:
        """Give the records that exist though they were forgotten, and nobody is at it."""
        if not self._has_tombstones:
            return []
        tombs = sa.table("forgotten", sa.column("record_id"), sa.column("done_at"))
        query = (
            sa.select(sources.c.record_id)
            .join(tombs, tombs.c.record_id == sources.c.record_id)
            .where(tombs.c.done_at.is_not(None))
            .limit(_LISTED)
        )
        with self._engine.connect() as db:
            return [bytes(row[0]).hex() for row in db.execute(query)]

    def miscounted_deliveries(self) -> list[str]:
        """Give the settled batches whose tally by outcome is not that of their deliveries."""

        def tally(outcome: Outcome) -> sa.ColumnElement[int]:
            return sa.func.coalesce(sa.func.sum(sa.case((deliveries.c.outcome == outcome, 1), else_=0)), 0)

        alone = sa.and_(deliveries.c.batch_no == batches.c.batch_no, deliveries.c.is_member.is_(False))
        query = (
            sa.select(batches.c.batch_id)
            .outerjoin(deliveries, alone)
            .where(batches.c.state == SETTLED)
            .group_by(batches.c.batch_no, batches.c.batch_id)
            .having(
                sa.or_(
                    batches.c.published != tally(Outcome.PUBLISHED),
                    batches.c.duplicates != tally(Outcome.DUPLICATE),
                    batches.c.rejected != tally(Outcome.REJECTED),
                )
            )
            .limit(_LISTED)
        )
        with self._engine.connect() as db:
            return [row[0] for row in db.execute(query)]

    def originals(self) -> Iterator[Original]:
        """Give every landed file of a settled batch, in the order of the batches' days.

        The originals of what was forgotten are left out: one that is still there is unknown. Rejected files are not:
        bytes that came again after they were forgotten wait there for a person.
        """
        conditions: list[sa.ColumnElement[bool]] = [batches.c.state == SETTLED, deliveries.c.is_member.is_(False)]
        if self._has_tombstones:
            tombs = sa.table("forgotten", sa.column("record_id"))
            forgotten = sa.exists().where(tombs.c.record_id == deliveries.c.record_id)
            conditions.append(sa.or_(deliveries.c.outcome == Outcome.REJECTED, ~forgotten))
        query = (
            sa.select(deliveries, batches.c.after_ingest, batches.c.ingested_at)
            .join(batches, batches.c.batch_no == deliveries.c.batch_no)
            .where(*conditions)
            .order_by(batches.c.ingested_at, deliveries.c.delivery_no)
        )
        with self._engine.connect().execution_options(stream_results=True, max_row_buffer=_HELD_ROWS) as db:
            for row in db.execute(query):
                place = None if row.finalized_as is None else from_source_path(row.finalized_as)
                yield Original(delivery_of(row), row.after_ingest, place, row.ingested_at)
