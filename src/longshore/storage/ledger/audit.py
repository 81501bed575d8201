"""The questions of `longshore verify`: about parts, originals, and the ledger itself.

Promised: nothing is written, and memory is bounded by a batch or a part, not by the ledger. Everything here is for the
holder of the run lock.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from longshore.records import Outcome
from longshore.storage.ledger.batches import FINALIZED, chunks, delivery_of
from longshore.storage.ledger.tables import CHECKED, batches, check_expression, deliveries, forgotten, sources
from longshore.storage.names import from_source_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from longshore.records import Delivery
    from longshore.storage.ledger.batches import Ledger

_HELD_ROWS = 500
# A longer list of disagreements helps nobody.
MAX_LISTED = 1000


@dataclass(frozen=True, slots=True)
class LedgerPart:
    """A part as the ledger describes it; after a compaction several batches share one."""

    part: str
    rows: int
    bytes: int
    sha256: str
    batches: int


@dataclass(frozen=True, slots=True)
class Original:
    """A finalized landed file. `finalized_as`: where it is if not where its path says; empty: nowhere."""

    delivery: Delivery
    after_ingest: str | None
    finalized_as: str | None
    ingested_at: dt.datetime
    # Whether it was left in landing; set by `queries.file_rejections` only.
    kept: bool = False


def damage(ledger: Ledger) -> str | None:
    """Describe the damage of the database file, if there is any; a server checks its own files.

    SQLite checks its structure; rows whose values changed outside SQLite no longer match their checksums.
    """
    if ledger.engine.dialect.name != "sqlite":
        return None
    try:
        with ledger.engine.connect() as db:
            said = [str(row[0]) for row in db.exec_driver_sql("PRAGMA integrity_check(3)")]
            if said != ["ok"]:
                # One message may have several lines, the first of them a heading.
                return "; ".join(line for one in said for line in one.splitlines()[-1:])
            for table in CHECKED:
                differs = [f"row_check IS NOT {check_expression(table)}"]
                # Text and a blob of the same bytes have the same checksum.
                differs += [
                    f"typeof(\"{c.name}\") = '{'text' if isinstance(c.type, sa.LargeBinary) else 'blob'}'"
                    for c in table.c
                ]
                query = f"SELECT count(*) FROM {table.name} WHERE {' OR '.join(differs)}"  # noqa: S608 - of our own names
                count = db.exec_driver_sql(query).scalar_one()
                if count:
                    return f"{count:,} row(s) of the table {table.name} do not match their checksums"
    except sa.exc.DatabaseError as error:
        return str(error.orig).rstrip(".")
    return None


def parts(ledger: Ledger) -> Iterator[LedgerPart]:
    """Yield the parts that readers should see."""
    query = (
        sa.select(
            batches.c.part,
            sa.func.sum(batches.c.rows),
            batches.c.part_bytes,
            batches.c.part_sha256,
            sa.func.count(),
        )
        .where(batches.c.state == FINALIZED, batches.c.part.is_not(None))
        # All batches of a part have the same values; PostgreSQL has no max() of bytes.
        .group_by(batches.c.part, batches.c.part_bytes, batches.c.part_sha256)
        .order_by(batches.c.part)
    )
    with ledger.engine.connect() as db:
        for part, rows, part_bytes, sha256, number in db.execute(query):
            yield LedgerPart(part, int(rows), int(part_bytes or 0), bytes(sha256 or b"").hex(), number)


def parts_of(ledger: Ledger, record_ids: Iterable[str]) -> dict[str, str | None]:
    """Return, for those of these records that a finalized batch owns, the part that they should be in."""
    found: dict[str, str | None] = {}
    ids = [bytes.fromhex(record_id) for record_id in record_ids]
    query = sa.select(sources.c.record_id, batches.c.part).join(batches, batches.c.batch_no == sources.c.batch_no)
    with ledger.engine.connect() as db:
        for chunk in chunks(ids):
            chosen = sources.c.record_id.in_(chunk)
            for record_id, part in db.execute(query.where(chosen, batches.c.state == FINALIZED)):
                found[bytes(record_id).hex()] = part
    return found


def miscounted_rows(ledger: Ledger) -> list[tuple[str, int, int]]:
    """Return the batches whose row count differs from the number of their sources: batch id, rows, sources."""
    counted = sa.select(sources.c.batch_no, sa.func.count().label("n")).group_by(sources.c.batch_no).subquery()
    number = sa.func.coalesce(counted.c.n, 0)
    query = (
        sa.select(batches.c.batch_id, batches.c.rows, number)
        .outerjoin(counted, counted.c.batch_no == batches.c.batch_no)
        .where(batches.c.state == FINALIZED, batches.c.rows != number)
        .limit(MAX_LISTED)
    )
    with ledger.engine.connect() as db:
        return [(batch_id, int(rows), int(n)) for batch_id, rows, n in db.execute(query)]


def ownerless_sources(ledger: Ledger) -> list[str]:
    """Return the sources whose batch does not exist."""
    query = (
        sa.select(sources.c.record_id)
        .outerjoin(batches, batches.c.batch_no == sources.c.batch_no)
        .where(batches.c.batch_no.is_(None))
        .limit(MAX_LISTED)
    )
    with ledger.engine.connect() as db:
        return [bytes(row[0]).hex() for row in db.execute(query)]


def deliveries_without_record(ledger: Ledger) -> list[tuple[str, str]]:
    """Return the deliveries that should have a record and have none: path and record id.

    Forgotten records are left out.
    """
    wanted = deliveries.c.outcome.in_((Outcome.PUBLISHED, Outcome.DUPLICATE))
    query = (
        sa.select(deliveries.c.path, deliveries.c.record_id)
        .join(batches, batches.c.batch_no == deliveries.c.batch_no)
        .outerjoin(sources, sources.c.record_id == deliveries.c.record_id)
        .where(wanted, deliveries.c.record_id.is_not(None), batches.c.state == FINALIZED)
        .where(sources.c.record_id.is_(None), ~_is_forgotten(deliveries.c.record_id))
        .limit(MAX_LISTED)
    )
    with ledger.engine.connect() as db:
        return [(path, bytes(record_id).hex()) for path, record_id in db.execute(query)]


def forgotten_records(ledger: Ledger) -> list[str]:
    """Return the records that exist although their forgetting has finished."""
    query = (
        sa.select(sources.c.record_id)
        .join(forgotten, forgotten.c.record_id == sources.c.record_id)
        .where(forgotten.c.done_at.is_not(None))
        .limit(MAX_LISTED)
    )
    with ledger.engine.connect() as db:
        return [bytes(row[0]).hex() for row in db.execute(query)]


def miscounted_deliveries(ledger: Ledger) -> list[str]:
    """Return the finalized batches whose counts by outcome differ from those of their deliveries."""

    def tally(outcome: Outcome) -> sa.ColumnElement[int]:
        return sa.func.coalesce(sa.func.sum(sa.case((deliveries.c.outcome == outcome, 1), else_=0)), 0)

    alone = sa.and_(deliveries.c.batch_no == batches.c.batch_no, deliveries.c.is_member.is_(False))
    query = (
        sa.select(batches.c.batch_id)
        .outerjoin(deliveries, alone)
        .where(batches.c.state == FINALIZED)
        .group_by(batches.c.batch_no, batches.c.batch_id)
        .having(
            sa.or_(
                batches.c.published != tally(Outcome.PUBLISHED),
                batches.c.duplicates != tally(Outcome.DUPLICATE),
                batches.c.rejected != tally(Outcome.REJECTED),
            )
        )
        .limit(MAX_LISTED)
    )
    with ledger.engine.connect() as db:
        return [row[0] for row in db.execute(query)]


def originals(ledger: Ledger) -> Iterator[Original]:
    """Yield every landed file of a finalized batch, ordered by the day of its batch.

    The originals of forgotten records are left out: one that still exists is unknown. Rejected files are included:
    a forgotten source that landed again waits in `_rejected/`.
    """
    query = (
        sa.select(deliveries, batches.c.after_ingest, batches.c.ingested_at)
        .join(batches, batches.c.batch_no == deliveries.c.batch_no)
        .where(batches.c.state == FINALIZED, deliveries.c.is_member.is_(False))
        .where(sa.or_(deliveries.c.outcome == Outcome.REJECTED, ~_is_forgotten(deliveries.c.record_id)))
        .order_by(batches.c.ingested_at, deliveries.c.delivery_no)
    )
    with ledger.engine.connect().execution_options(stream_results=True, max_row_buffer=_HELD_ROWS) as db:
        for row in db.execute(query):
            place = None if row.finalized_as is None else from_source_path(row.finalized_as)
            yield Original(delivery_of(row), row.after_ingest, place, row.ingested_at)


def _is_forgotten(record_id: sa.ColumnElement[bytes]) -> sa.ColumnElement[bool]:
    return sa.exists().where(forgotten.c.record_id == record_id)
