"""What a repair writes into the ledger: batches that were published and deliveries that were settled, found again.

Only for the holder of the run lock.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from longshore.records import Outcome
from longshore.storage.ledger.batches import SETTLED
from longshore.storage.ledger.tables import batches, deliveries, sources
from longshore.storage.names import from_source_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from longshore.storage.ledger.audit import LedgerPart
    from longshore.storage.ledger.batches import Ledger


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
    finalized_as: str | None = None
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


class LedgerAdoption:
    """The part of the ledger that is about making it agree with what lies on the disk."""

    def __init__(self, ledger: Ledger) -> None:
        """Use an open ledger."""
        self._engine = ledger.engine

    def archived_on(self, day: str) -> set[str]:
        """Give the places in one day's folder of the archive at which some delivery is."""
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
