"""Tombstones: which records were forgotten on request, and of which of them something may be left.

Promised: a tombstone is on the disk before anything of its record is removed, and it stands as long as the ledger.
"""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from longshore.records import GONE
from longshore.storage.ledger.batches import VISIBLE, chunks
from longshore.storage.ledger.engine import begin
from longshore.storage.ledger.tables import KEY, batches, deliveries, kept, metadata, sources

if TYPE_CHECKING:
    from collections.abc import Iterable

    from longshore.storage.ledger.batches import Ledger

BUILDING, READY, EXCHANGED, DONE = "building", "ready", "exchanged", "done"

rewrites = sa.Table(
    "rewrites",
    metadata,
    sa.Column("rewrite_no", KEY, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),  # compact, reprocess, forget
    sa.Column("run_no", sa.BigInteger, nullable=False),
    sa.Column("partition", sa.Text, nullable=False),  # below warehouse/records/
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("plan", sa.Text),  # JSON of a Plan, from `ready` on
    sa.Column("ended_at", sa.BigInteger),  # seconds since the epoch, from `exchanged` on
    sqlite_autoincrement=True,  # a number is never used again: tokens of `changes` rest on that
)

# The records that a reprocess or a forget touched: what `changes` tells.
rewritten = sa.Table(
    "rewritten_records",
    metadata,
    sa.Column("rewrite_no", sa.BigInteger, primary_key=True),
    sa.Column("record_id", sa.LargeBinary(32), primary_key=True),
)

# A part's batches are asked for by its name.
_BY_PART = sa.Index("batches_part", batches.c.part)


@dataclass(frozen=True, slots=True)
class Move:
    """The rows of one old part go into a new one, or (None) are all gone."""

    old: str
    new: str | None
    batch_nos: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class NewPart:
    """A part that a rewrite makes; `part` is its path below `records/`."""

    part: str
    rows: int
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What a rewrite does to one partition. `gone`: the records that it leaves out, each with its batch."""

    moves: tuple[Move, ...]
    new_parts: tuple[NewPart, ...]
    gone: tuple[tuple[str, int], ...] = ()

    def to_json(self) -> str:
        """Write the plan down."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Plan:
        """Read a plan that was written down."""
        plan = json.loads(text)
        return cls(
            tuple(Move(move["old"], move["new"], tuple(move["batch_nos"])) for move in plan["moves"]),
            tuple(NewPart(**part) for part in plan["new_parts"]),
            tuple((record_id, batch_no) for record_id, batch_no in plan["gone"]),
        )


@dataclass(frozen=True, slots=True)
class Rewrite:
    """One rewrite of one partition, as the ledger has it."""

    rewrite_no: int
    kind: str
    partition: str
    state: str
    plan: Plan | None
    ended_at: int | None


@dataclass(frozen=True, slots=True)
class PublishedPart:
    """A part that readers see, as the ledger has it: all its batches are published."""

    part: str
    rows: int
    bytes: int
    sha256: str
    batch_nos: tuple[int, ...]


class RewriteLedger:
    """The part of the ledger that is about rewrites."""

    def __init__(self, ledger: Ledger) -> None:
        """Use an open ledger; tables that an older one has not got are made."""
        self._engine = ledger.engine
        with begin(self._engine, durable=True) as db:
            metadata.create_all(db, tables=[rewrites, rewritten], checkfirst=True)
            _BY_PART.create(db, checkfirst=True)

    # A rewrite's walk

    def begin(self, kind: str, run_no: int, partition: str) -> int:
        """Remember that new parts are being built for a partition; give the rewrite's number."""
        values = {"kind": kind, "run_no": run_no, "partition": partition, "state": BUILDING}
        with begin(self._engine, durable=True) as db:
            result = db.execute(sa.insert(rewrites).values(values))
            return int(result.inserted_primary_key[0])  # type: ignore[index]  # an insert of one row has a key

    def mark_ready(self, rewrite_no: int, plan: Plan, touched: Iterable[str] = ()) -> None:
        """Write down what the exchange that comes next will do, and which records it changes or removes."""
        with begin(self._engine, durable=True) as db:
            db.execute(
                sa.update(rewrites).where(rewrites.c.rewrite_no == rewrite_no).values(state=READY, plan=plan.to_json())
            )
            rows = [{"rewrite_no": rewrite_no, "record_id": bytes.fromhex(record_id)} for record_id in touched]
            if rows:
                db.execute(sa.insert(rewritten), rows)

    def mark_exchanged(self, rewrite_no: int, plan: Plan, now: dt.datetime) -> None:
        """Make the ledger say what readers see now: where each batch's rows are, and which records are gone."""
        parts = {part.part: part for part in plan.new_parts}
        lost: dict[int, int] = {}
        for _, batch_no in plan.gone:
            lost[batch_no] = lost.get(batch_no, 0) + 1
        with begin(self._engine, durable=True) as db:
            for move in plan.moves:
                new = parts.get(move.new or "")
                values = {
                    "part": move.new,
                    "part_bytes": new.bytes if new else None,
                    "part_sha256": bytes.fromhex(new.sha256) if new else None,
                }
                for chunk in chunks(move.batch_nos):
                    db.execute(sa.update(batches).where(batches.c.batch_no.in_(chunk)).values(values))
            for batch_no, count in lost.items():
                db.execute(sa.update(batches).where(batches.c.batch_no == batch_no).values(rows=batches.c.rows - count))
            for gone in chunks([bytes.fromhex(record_id) for record_id, _ in plan.gone]):
                db.execute(sa.delete(sources).where(sources.c.record_id.in_(gone)))
            db.execute(
                sa.update(rewrites)
                .where(rewrites.c.rewrite_no == rewrite_no)
                .values(state=EXCHANGED, ended_at=int(now.timestamp()))
            )

    def mark_done(self, rewrite_no: int) -> None:
        """Remember that the old folder is gone too; the plan is needed no more."""
        with begin(self._engine, durable=True) as db:
            db.execute(sa.update(rewrites).where(rewrites.c.rewrite_no == rewrite_no).values(state=DONE, plan=None))

    def abandon(self, rewrite_no: int) -> None:
        """Forget a rewrite that readers never saw."""
        with begin(self._engine, durable=True) as db:
            db.execute(sa.delete(rewritten).where(rewritten.c.rewrite_no == rewrite_no))
            db.execute(sa.delete(rewrites).where(rewrites.c.rewrite_no == rewrite_no))

    def unfinished(self) -> list[Rewrite]:
        """Give the rewrites whose old folder is not gone yet, oldest first."""
        query = sa.select(rewrites).where(rewrites.c.state != DONE).order_by(rewrites.c.rewrite_no)
        with self._engine.connect() as db:
            rows = db.execute(query).all()
        return [
            Rewrite(r.rewrite_no, r.kind, r.partition, r.state, Plan.from_json(r.plan) if r.plan else None, r.ended_at)
            for r in rows
        ]

    # What there is to rewrite

    def published_parts(self, parts: Iterable[str]) -> list[PublishedPart]:
        """Give, of these parts, those whose batches are all published, in the order in which they came."""
        found: dict[str, list[Any]] = {}
        query = sa.select(
            batches.c.part, batches.c.batch_no, batches.c.state, batches.c.rows, batches.c.part_bytes,
            batches.c.part_sha256,
        )  # fmt: skip
        with self._engine.connect() as db:
            for chunk in chunks(list(parts)):
                for row in db.execute(query.where(batches.c.part.in_(chunk)).order_by(batches.c.batch_no)):
                    found.setdefault(row.part, []).append(row)
        return [
            PublishedPart(
                part,
                sum(row.rows for row in rows),
                rows[0].part_bytes,
                bytes(rows[0].part_sha256 or b"").hex(),
                tuple(row.batch_no for row in rows),
            )
            for part, rows in found.items()
            if all(row.state in VISIBLE for row in rows)
        ]

    def homes_of(self, record_ids: Iterable[str]) -> dict[str, tuple[int, str]]:
        """Give the batch and the part of each of these records that is published."""
        query = (
            sa.select(sources.c.record_id, batches.c.batch_no, batches.c.part)
            .join(batches, batches.c.batch_no == sources.c.batch_no)
            .where(batches.c.state.in_(VISIBLE), batches.c.part.is_not(None))
        )
        homes = {}
        with self._engine.connect() as db:
            for chunk in chunks([bytes.fromhex(record_id) for record_id in record_ids]):
                for record_id, batch_no, part in db.execute(query.where(sources.c.record_id.in_(chunk))):
                    homes[bytes(record_id).hex()] = (batch_no, part)
        return homes


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
                db.execute(sa.update(deliveries).where(deliveries.c.delivery_no.in_(chunk)).values(finalized_as=GONE))

    def mark_members_removed(self, archive_no: int, size: int, said: str) -> None:
        """Remember what a pack is to be from here on: how many bytes, and a sentence with their hash."""
        with begin(self._engine, durable=True) as db:
            pack = db.execute(sa.select(deliveries).where(deliveries.c.delivery_no == archive_no)).one()
            detail = (pack.detail or "").removesuffix(said).rstrip()
            same = sa.and_(kept.c.path == pack.path, kept.c.size == pack.size, kept.c.modified_ns == pack.modified_ns)
            db.execute(sa.update(kept).where(same).values(size=size))
            values = {"size": size, "detail": f"{detail} {said}".strip()}
            db.execute(sa.update(deliveries).where(deliveries.c.delivery_no == archive_no).values(values))

    def half_forgotten(self) -> list[str]:
        """Give the records whose forgetting was begun and has not ended, or of which a pack holds the bytes again."""
        with self._engine.connect() as db:
            return half_forgotten(db)


def half_forgotten(db: sa.Connection, most: int | None = None) -> list[str]:
    """Give the records of which something may be left though they were forgotten.

    Bytes that came again alone wait in `_rejected/` for a person; in a pack with others they lie in the archive.
    """
    pack = deliveries.alias("pack")
    outcome_of_archive = (
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
        .where(deliveries.c.is_member.is_(True), deliveries.c.finalized_as.is_(None))
        .where(batches.c.state == "settled", batches.c.after_ingest != "delete", outcome_of_archive != "rejected")
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
