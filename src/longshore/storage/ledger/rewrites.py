"""Rewrites of parts, and the tombstones of forgotten records.

Promised: a tombstone is on the disk before anything of its record is removed, and stays as long as the ledger.
"""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from longshore.records import GONE
from longshore.storage.ledger.batches import FINALIZED, chunks, id_chunks
from longshore.storage.ledger.engine import begin
from longshore.storage.ledger.tables import batches, deliveries, forgotten, kept, rewrites, rewritten, sources

if TYPE_CHECKING:
    from collections.abc import Iterable

    from longshore.storage.ledger.batches import Ledger

BUILDING, READY, EXCHANGED, DONE = "building", "ready", "exchanged", "done"


@dataclass(frozen=True, slots=True)
class Move:
    """The rows of one old part go into a new part, or (None) all disappear."""

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
    """The effect of a rewrite on one partition. `gone`: the records that it removes, each with its batch."""

    moves: tuple[Move, ...]
    new_parts: tuple[NewPart, ...]
    gone: tuple[tuple[str, int], ...] = ()

    def to_json(self) -> str:
        """Serialise the plan."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Plan:
        """Parse a serialised plan."""
        plan = json.loads(text)
        return cls(
            tuple(Move(move["old"], move["new"], tuple(move["batch_nos"])) for move in plan["moves"]),
            tuple(NewPart(**part) for part in plan["new_parts"]),
            tuple((record_id, batch_no) for record_id, batch_no in plan["gone"]),
        )


@dataclass(frozen=True, slots=True)
class Rewrite:
    """One rewrite of one partition."""

    rewrite_no: int
    kind: str
    partition: str
    state: str
    plan: Plan | None
    ended_at: int | None


@dataclass(frozen=True, slots=True)
class PublishedPart:
    """A part that readers see: all its batches are finalized."""

    part: str
    rows: int
    bytes: int
    sha256: str
    batch_nos: tuple[int, ...]


# A rewrite's walk


def begin_rewrite(ledger: Ledger, kind: str, run_no: int, partition: str) -> int:
    """Record that new parts are being built for a partition; return the number of the rewrite."""
    values = {"kind": kind, "run_no": run_no, "partition": partition, "state": BUILDING}
    with begin(ledger.engine, durable=True) as db:
        result = db.execute(sa.insert(rewrites).values(values))
        return int(result.inserted_primary_key[0])  # type: ignore[index]  # an insert of one row has a key


def mark_ready(ledger: Ledger, rewrite_no: int, plan: Plan, touched: Iterable[str] = ()) -> None:
    """Record what the exchange that follows will do, and which records it changes or removes."""
    with begin(ledger.engine, durable=True) as db:
        db.execute(
            sa.update(rewrites).where(rewrites.c.rewrite_no == rewrite_no).values(state=READY, plan=plan.to_json())
        )
        rows = [{"rewrite_no": rewrite_no, "record_id": bytes.fromhex(record_id)} for record_id in touched]
        if rows:
            db.execute(sa.insert(rewritten), rows)


def mark_exchanged(ledger: Ledger, rewrite_no: int, plan: Plan, now: dt.datetime) -> None:
    """Record what readers see now: where the rows of each batch are, and which records are gone."""
    parts = {part.part: part for part in plan.new_parts}
    lost: dict[int, int] = {}
    for _, batch_no in plan.gone:
        lost[batch_no] = lost.get(batch_no, 0) + 1
    with begin(ledger.engine, durable=True) as db:
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


def mark_done(ledger: Ledger, rewrite_no: int) -> None:
    """Record that the old folder is gone too, and drop the plan."""
    with begin(ledger.engine, durable=True) as db:
        db.execute(sa.update(rewrites).where(rewrites.c.rewrite_no == rewrite_no).values(state=DONE, plan=None))


def abandon_rewrite(ledger: Ledger, rewrite_no: int) -> None:
    """Delete a rewrite that readers never saw."""
    with begin(ledger.engine, durable=True) as db:
        db.execute(sa.delete(rewritten).where(rewritten.c.rewrite_no == rewrite_no))
        db.execute(sa.delete(rewrites).where(rewrites.c.rewrite_no == rewrite_no))


def unfinished_rewrites(ledger: Ledger) -> list[Rewrite]:
    """Return the rewrites whose old folder still exists, oldest first."""
    query = sa.select(rewrites).where(rewrites.c.state != DONE).order_by(rewrites.c.rewrite_no)
    with ledger.engine.connect() as db:
        rows = db.execute(query).all()
    return [
        Rewrite(r.rewrite_no, r.kind, r.partition, r.state, Plan.from_json(r.plan) if r.plan else None, r.ended_at)
        for r in rows
    ]


# What there is to rewrite


def published_parts(ledger: Ledger, parts: Iterable[str]) -> list[PublishedPart]:
    """Return those of these parts whose batches are all finalized, in the order of publication."""
    found: dict[str, list[Any]] = {}
    query = sa.select(
        batches.c.part, batches.c.batch_no, batches.c.state, batches.c.rows, batches.c.part_bytes,
        batches.c.part_sha256,
    )  # fmt: skip
    with ledger.engine.connect() as db:
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
        if all(row.state == FINALIZED for row in rows)
    ]


def published_places(ledger: Ledger, record_ids: Iterable[str]) -> dict[str, tuple[int, str]]:
    """Return the batch and the part of each of these records that is published."""
    query = (
        sa.select(sources.c.record_id, batches.c.batch_no, batches.c.part)
        .join(batches, batches.c.batch_no == sources.c.batch_no)
        .where(batches.c.state == FINALIZED, batches.c.part.is_not(None))
    )
    homes = {}
    with ledger.engine.connect() as db:
        for chunk in chunks([bytes.fromhex(record_id) for record_id in record_ids]):
            for record_id, batch_no, part in db.execute(query.where(sources.c.record_id.in_(chunk))):
                homes[bytes(record_id).hex()] = (batch_no, part)
    return homes


def bury(ledger: Ledger, record_ids: Iterable[str], now: dt.datetime) -> None:
    """Insert a tombstone for each of these sources: none of them is ever ingested again."""
    wanted = {bytes.fromhex(record_id) for record_id in record_ids}
    with begin(ledger.engine, durable=True) as db:
        for chunk in chunks(sorted(wanted)):
            query = sa.select(forgotten.c.record_id).where(forgotten.c.record_id.in_(chunk))
            new = set(chunk) - {bytes(row.record_id) for row in db.execute(query)}
            if new:
                asked_at = int(now.timestamp())
                db.execute(sa.insert(forgotten), [{"record_id": one, "asked_at": asked_at} for one in sorted(new)])
            # Asked again: a later delivery may have left another original to remove.
            db.execute(sa.update(forgotten).where(forgotten.c.record_id.in_(chunk)).values(done_at=None))


def mark_forgotten(ledger: Ledger, record_ids: Iterable[str], now: dt.datetime) -> None:
    """Record that nothing of these records is left."""
    with begin(ledger.engine, durable=True) as db:
        for chunk in chunks([bytes.fromhex(record_id) for record_id in record_ids]):
            db.execute(
                sa.update(forgotten).where(forgotten.c.record_id.in_(chunk)).values(done_at=int(now.timestamp()))
            )


def mark_deliveries_gone(ledger: Ledger, delivery_nos: Iterable[int]) -> None:
    """Record that the landed files or archive members of these deliveries no longer exist."""
    with begin(ledger.engine, durable=True) as db:
        for chunk in chunks(list(delivery_nos)):
            db.execute(sa.update(deliveries).where(deliveries.c.delivery_no.in_(chunk)).values(finalized_as=GONE))


def mark_members_removed(ledger: Ledger, archive_no: int, size: int, said: str, inode: int | None) -> None:
    """Record what an archive will be once members are removed: its size, a sentence with its hash, its identity."""
    with begin(ledger.engine, durable=True) as db:
        archive = db.execute(sa.select(deliveries).where(deliveries.c.delivery_no == archive_no)).one()
        detail = (archive.detail or "").removesuffix(said).rstrip()
        same = sa.and_(
            kept.c.path == archive.path, kept.c.size == archive.size, kept.c.modified_ns == archive.modified_ns
        )
        db.execute(sa.update(kept).where(same).values(size=size))
        values = {"size": size, "detail": f"{detail} {said}".strip()} | ({} if inode is None else {"inode": inode})
        db.execute(sa.update(deliveries).where(deliveries.c.delivery_no == archive_no).values(values))


def unfinished_forgets(ledger: Ledger, most: int | None = None) -> list[str]:
    """Return the records whose forgetting has not finished, or whose bytes came again inside an archive.

    A forgotten source that lands again as a file waits in `_rejected/`; inside an archive it is in `_archive/`.
    """
    archive = deliveries.alias("archive")
    outcome_of_archive = (
        sa.select(archive.c.outcome)
        .where(archive.c.batch_no == deliveries.c.batch_no, archive.c.is_member.is_(False))
        .where(archive.c.delivery_no < deliveries.c.delivery_no)
        .order_by(archive.c.delivery_no.desc())
        .limit(1)
        .scalar_subquery()
    )
    again = (
        sa.select(deliveries.c.record_id)
        .join(batches, batches.c.batch_no == deliveries.c.batch_no)
        # A literal, not a bound value: otherwise SQLite does not use the partial index.
        .where(deliveries.c.outcome == sa.literal_column("'rejected'"), deliveries.c.reason == "FORGOTTEN")
        .where(deliveries.c.is_member.is_(True), deliveries.c.finalized_as.is_(None))
        .where(batches.c.state == FINALIZED, batches.c.after_ingest != "delete", outcome_of_archive != "rejected")
    )
    begun = sa.select(forgotten.c.record_id).where(forgotten.c.done_at.is_(None))
    query = sa.union(begun, again).order_by("record_id").limit(most)
    with ledger.engine.connect() as db:
        return [bytes(row.record_id).hex() for row in db.execute(query)]


def buried(ledger: Ledger, record_ids: Iterable[str]) -> dict[str, dt.datetime]:
    """Return those of these sources that were forgotten, each with the time of the request."""
    query = sa.select(forgotten.c.record_id, forgotten.c.asked_at)
    found = {}
    with ledger.engine.connect() as db:
        for chunk in id_chunks(record_ids):
            for record_id, asked_at in db.execute(query.where(forgotten.c.record_id.in_(chunk))):
                found[bytes(record_id).hex()] = dt.datetime.fromtimestamp(asked_at, dt.UTC)
    return found
