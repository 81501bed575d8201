"""What `longshore verify` asks the ledger, and what its `--repair` writes there.

Promised: memory is bounded by a batch or a part, not by the ledger. Everything here is for the holder of the run lock.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa

from flows.records import Outcome
from flows.storage.ledger import PUBLISHED, SETTLED
from flows.storage.ledger_rows import delivery_of
from flows.storage.ledger_tables import batches, deliveries, kept, sources
from flows.storage.names import from_source_path, to_source_path
from flows.storage.tombstones import half_forgotten

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from flows.records import Delivery
    from flows.storage.ledger import Ledger

_VISIBLE: Final = (PUBLISHED, SETTLED)
_CHUNK = 500
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
    """A landed file that was settled. `settled_as`: where it is, if not where its path says; empty: nowhere."""

    delivery: Delivery
    after_ingest: str | None
    settled_as: str | None
    ingested_at: dt.datetime
    # Asked for by `rejections` only: it is remembered as left in landing, just as it is.
    kept: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """A file inside a pack that became no record."""

    source_path: str
    reason: str
    detail: str
    size: int
    ingested_at: dt.datetime


@dataclass(frozen=True, slots=True)
class Found:
    """A delivery that `--repair` writes down: what the warehouse, the archive or a reason file says about it."""

    source_path: str
    size: int
    modified_ns: int
    record_id: str | None
    outcome: Outcome
    reason: str | None = None
    detail: str | None = None
    settled_as: str | None = None
    is_member: bool = False


@dataclass(frozen=True, slots=True)
class Adoption:
    """A batch that `--repair` writes down. `part`: None for one that only remembers deliveries."""

    batch_id: str
    ingested_at: dt.datetime
    after_ingest: str
    part: LedgerPart | None
    record_ids: Sequence[str]
    found: Sequence[Found]


class LedgerAudit:
    """The part of the ledger that is about checking and mending it."""

    def __init__(self, ledger: Ledger) -> None:
        """Use an open ledger."""
        self._engine = ledger.engine
        self._has_tombstones = sa.inspect(self._engine).has_table("forgotten")

    # Asking

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
            .where(batches.c.state.in_(_VISIBLE), batches.c.part.is_not(None))
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
            for start in range(0, len(ids), _CHUNK):
                chosen = sources.c.record_id.in_(ids[start : start + _CHUNK])
                for record_id, part in db.execute(query.where(chosen, batches.c.state.in_(_VISIBLE))):
                    found[bytes(record_id).hex()] = part
        return found

    def miscounted(self) -> list[tuple[str, int, int]]:
        """Give the batches whose number of rows is not that of their sources: batch id, rows, sources."""
        counted = sa.select(sources.c.batch_no, sa.func.count().label("n")).group_by(sources.c.batch_no).subquery()
        number = sa.func.coalesce(counted.c.n, 0)
        query = (
            sa.select(batches.c.batch_id, batches.c.rows, number)
            .outerjoin(counted, counted.c.batch_no == batches.c.batch_no)
            .where(batches.c.state.in_(_VISIBLE), batches.c.rows != number)
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
            batches.c.state.in_(_VISIBLE),
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
        with self._engine.connect().execution_options(stream_results=True, max_row_buffer=_CHUNK) as db:
            for row in db.execute(query):
                place = None if row.settled_as is None else from_source_path(row.settled_as)
                yield Original(delivery_of(row), row.after_ingest, place, row.ingested_at)

    def rejections(self, reason: str | None = None) -> Iterator[Original]:
        """Give the settled deliveries that were rejected (for this reason), oldest first."""
        same = sa.and_(
            kept.c.path == deliveries.c.path,
            kept.c.size == deliveries.c.size,
            kept.c.modified_ns == deliveries.c.modified_ns,
        )
        query = (
            sa.select(deliveries, batches.c.after_ingest, batches.c.ingested_at, kept.c.path.label("kept_path"))
            .join(batches, batches.c.batch_no == deliveries.c.batch_no)
            .outerjoin(kept, same)
            .where(deliveries.c.outcome == Outcome.REJECTED, deliveries.c.is_member.is_(False))
            .where(batches.c.state == SETTLED)
            .order_by(deliveries.c.delivery_no)
        )
        if reason is not None:
            query = query.where(deliveries.c.reason == reason)
        with self._engine.connect() as db:
            rows = db.execute(query).all()
        for row in rows:
            place = None if row.settled_as is None else from_source_path(row.settled_as)
            yield Original(delivery_of(row), row.after_ingest, place, row.ingested_at, row.kept_path is not None)

    def rejected_members(self, reason: str | None = None) -> Iterator[Refused]:
        """Give the files inside packs that became no record (for this reason), oldest first."""
        query = (
            sa.select(deliveries, batches.c.ingested_at)
            .join(batches, batches.c.batch_no == deliveries.c.batch_no)
            .where(deliveries.c.outcome == Outcome.REJECTED, deliveries.c.is_member.is_(True))
            .where(batches.c.state == SETTLED)
            .order_by(deliveries.c.delivery_no)
        )
        if reason is not None:
            query = query.where(deliveries.c.reason == reason)
        with self._engine.connect() as db:
            for row in db.execute(query):
                yield Refused(row.path, row.reason or "", row.detail or "", row.size, row.ingested_at)

    def archived_on(self, day: str) -> set[str]:
        """Give the places in one day's folder of the archive at which some delivery is."""
        begin = day_of(day)
        if begin is None:
            return set()
        query = (
            sa.select(deliveries.c.path)
            .join(batches, batches.c.batch_no == deliveries.c.batch_no)
            .where(deliveries.c.settled_as.is_(None), deliveries.c.is_member.is_(False))
            .where(deliveries.c.outcome != Outcome.REJECTED)
            .where(batches.c.ingested_at >= begin, batches.c.ingested_at < begin + dt.timedelta(days=1))
        )
        with self._engine.connect() as db:
            return {f"{day}/{from_source_path(path)}" for (path,) in db.execute(query)}

    def has_members(self, path: str) -> bool:
        """Tell whether members of this pack were delivered."""
        begin = f"{path}!/"
        query = sa.select(deliveries.c.delivery_no).where(
            deliveries.c.is_member.is_(True), deliveries.c.path >= begin, deliveries.c.path < f"{path}!0"
        )
        with self._engine.connect() as db:
            return db.execute(query.limit(1)).first() is not None

    # Mending

    def adopt(self, run_no: int, adoptions: Iterable[Adoption]) -> None:
        """Write down batches that were published, as their part and their files say, in one transaction."""
        with self._engine.begin() as db:
            for one in adoptions:
                result = db.execute(sa.insert(batches).values(_batch_row(one, run_no)))
                batch_no = int(result.inserted_primary_key[0])  # type: ignore[index]  # an insert of one row has a key
                if one.record_ids:
                    rows = [
                        {"record_id": bytes.fromhex(record_id), "batch_no": batch_no} for record_id in one.record_ids
                    ]
                    db.execute(sa.insert(sources), rows)
                if one.found:
                    db.execute(sa.insert(deliveries), [_row(found, batch_no) for found in one.found])

    def drop_ownerless_sources(self) -> int:
        """Drop the claims whose batch does not exist; say how many."""
        known = sa.select(batches.c.batch_no)
        with self._engine.begin() as db:
            return db.execute(sa.delete(sources).where(sources.c.batch_no.not_in(known))).rowcount

    def mark_gone(self, place: str) -> None:
        """Remember that a rejected file is no longer where it was settled: it was put back into landing."""
        stored = to_source_path(place)
        rejected = deliveries.c.outcome == Outcome.REJECTED
        usual = to_source_path(place.partition("/")[2])
        with self._engine.begin() as db:
            for place_is in (
                deliveries.c.settled_as == stored,
                sa.and_(deliveries.c.settled_as.is_(None), deliveries.c.path == usual),
            ):
                db.execute(sa.update(deliveries).where(rejected, place_is).values(settled_as=""))


def day_of(folder: str) -> dt.datetime | None:
    """Give the day that a folder of the archive is for."""
    try:
        return dt.datetime.strptime(folder.rpartition("/")[2], "%Y-%m-%d").replace(tzinfo=dt.UTC)
    except ValueError:
        return None


def _batch_row(one: Adoption, run_no: int) -> dict[str, Any]:
    alone = [found.outcome for found in one.found if not found.is_member]
    row: dict[str, Any] = {
        "batch_id": one.batch_id,
        "run_no": run_no,
        "state": SETTLED,
        "ingested_at": one.ingested_at,
        "settled_at": one.ingested_at,
        "after_ingest": one.after_ingest,
        "published": alone.count(Outcome.PUBLISHED),
        "duplicates": alone.count(Outcome.DUPLICATE),
        "rejected": alone.count(Outcome.REJECTED),
    }
    if one.part is not None:
        row |= {
            "part": one.part.part,
            "rows": one.part.rows,
            "part_bytes": one.part.bytes,
            "part_sha256": bytes.fromhex(one.part.sha256),
        }
    return row


def _row(found: Found, batch_no: int) -> dict[str, Any]:
    return {
        "batch_no": batch_no,
        "path": found.source_path,
        "is_member": found.is_member,
        "size": found.size,
        "modified_ns": found.modified_ns,
        "inode": 0,
        "record_id": bytes.fromhex(found.record_id) if found.record_id else None,
        "outcome": found.outcome,
        "reason": found.reason,
        "detail": found.detail,
        "settled_as": found.settled_as,
    }
