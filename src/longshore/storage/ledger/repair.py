"""Write batches and deliveries that `verify --repair` found again. Only for the holder of the run lock."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from longshore.records import Outcome
from longshore.storage.ledger.batches import FINALIZED
from longshore.storage.ledger.engine import begin
from longshore.storage.ledger.tables import batches, delete_value, deliveries, sources, store_value, stored_value
from longshore.storage.names import from_source_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from longshore.storage.ledger.audit import LedgerPart
    from longshore.storage.ledger.batches import Ledger


# The key of an unfinished repair, and its two values.
_REPAIR, _LOST, _INTACT = "repair", "lost", "intact"


@dataclass(frozen=True, slots=True)
class Found:
    """A delivery for `--repair` to insert, as the warehouse, `_archive/` or a reason file describes it."""

    source_path: str
    size: int
    modified_ns: int
    record_id: str | None
    outcome: Outcome
    reason: str | None = None
    detail: str | None = None
    finalized_as: str | None = None
    is_member: bool = False


@dataclass(frozen=True, slots=True)
class Adoption:
    """A batch for `--repair` to insert. `part`: None if it only holds deliveries."""

    batch_id: str
    ingested_at: dt.datetime
    after_ingest: str
    part: LedgerPart | None
    record_ids: Sequence[str]
    found: Sequence[Found]


def repair_marker(url: str) -> Path | None:
    """Return the file that exists while a repair replaces a ledger file; None for a ledger on a server."""
    parsed = sa.make_url(url)
    if parsed.get_backend_name() != "sqlite" or not parsed.database:
        return None
    return Path(f"{parsed.database}.repair")


def begin_repair(ledger: Ledger, *, lost: bool) -> None:
    """Record durably that a repair has begun. lost: the ledger was lost, so that originals must be recorded again."""
    with begin(ledger.engine, durable=True) as db:
        store_value(db, _REPAIR, _LOST if lost else _INTACT)


def unfinished_repair(ledger: Ledger) -> str | None:
    """Return what `begin_repair` recorded, None if no repair is unfinished."""
    with ledger.engine.connect() as db:
        return stored_value(db, _REPAIR)


def lost_before(ledger: Ledger) -> bool:
    """Return whether an unfinished repair began with a lost ledger."""
    return unfinished_repair(ledger) == _LOST


def end_repair(ledger: Ledger) -> None:
    """Record durably that the repair has finished."""
    with begin(ledger.engine, durable=True) as db:
        delete_value(db, _REPAIR)


def recorded_rejections(ledger: Ledger) -> set[tuple[str, str | None]]:
    """Return path and place of each rejected file that the ledger knows."""
    query = sa.select(deliveries.c.path, deliveries.c.finalized_as).where(
        deliveries.c.outcome == Outcome.REJECTED, deliveries.c.is_member.is_(False)
    )
    with ledger.engine.connect() as db:
        return {(path, place) for path, place in db.execute(query)}


def archived_on(ledger: Ledger, day: str) -> set[str]:
    """Return the places in one day's folder of `_archive/` that belong to a delivery."""
    begin = day_of(day)
    if begin is None:
        return set()
    query = (
        sa.select(deliveries.c.path)
        .join(batches, batches.c.batch_no == deliveries.c.batch_no)
        .where(deliveries.c.finalized_as.is_(None), deliveries.c.is_member.is_(False))
        .where(deliveries.c.outcome != Outcome.REJECTED)
        .where(batches.c.ingested_at >= begin, batches.c.ingested_at < begin + dt.timedelta(days=1))
    )
    with ledger.engine.connect() as db:
        return {f"{day}/{from_source_path(path)}" for (path,) in db.execute(query)}


def has_members(ledger: Ledger, path: str) -> bool:
    """Return whether members of this archive were delivered."""
    begin = f"{path}!/"
    query = sa.select(deliveries.c.delivery_no).where(
        deliveries.c.is_member.is_(True), deliveries.c.path >= begin, deliveries.c.path < f"{path}!0"
    )
    with ledger.engine.connect() as db:
        return db.execute(query.limit(1)).first() is not None


def adopt(ledger: Ledger, run_no: int, adoptions: Iterable[Adoption]) -> None:
    """Insert batches that were published, as their part and their files show, in one transaction."""
    with ledger.engine.begin() as db:
        for one in adoptions:
            result = db.execute(sa.insert(batches).values(_batch_row(one, run_no)))
            batch_no = int(result.inserted_primary_key[0])  # type: ignore[index]  # an insert of one row has a key
            if one.record_ids:
                rows = [{"record_id": bytes.fromhex(record_id), "batch_no": batch_no} for record_id in one.record_ids]
                db.execute(sa.insert(sources), rows)
            if one.found:
                db.execute(sa.insert(deliveries), [_row(found, batch_no) for found in one.found])


def drop_ownerless_sources(ledger: Ledger) -> int:
    """Delete the sources whose batch does not exist; return their number."""
    known = sa.select(batches.c.batch_no)
    with ledger.engine.begin() as db:
        return db.execute(sa.delete(sources).where(sources.c.batch_no.not_in(known))).rowcount


def day_of(folder: str) -> dt.datetime | None:
    """Return the day of a folder in `_archive/`; None if it is not one of a day."""
    try:
        return dt.datetime.strptime(folder.rpartition("/")[2], "%Y-%m-%d").replace(tzinfo=dt.UTC)
    except ValueError:
        return None


def _batch_row(one: Adoption, run_no: int) -> dict[str, Any]:
    alone = [found.outcome for found in one.found if not found.is_member]
    row: dict[str, Any] = {
        "batch_id": one.batch_id,
        "run_no": run_no,
        "state": FINALIZED,
        "ingested_at": one.ingested_at,
        "finalized_at": one.ingested_at,
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
        "finalized_as": found.finalized_as,
    }
