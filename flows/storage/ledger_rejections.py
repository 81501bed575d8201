"""What the ledger knows of rejected files and members: which there are, and which went back into landing."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from flows.records import GONE, Outcome
from flows.storage.ledger import SETTLED
from flows.storage.ledger_audit import Original
from flows.storage.ledger_rows import delivery_of
from flows.storage.ledger_tables import batches, deliveries, kept
from flows.storage.names import from_source_path, to_source_path

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flows.storage.ledger import Ledger


@dataclass(frozen=True, slots=True)
class Refused:
    """A file inside a pack that became no record."""

    source_path: str
    reason: str
    detail: str
    size: int
    ingested_at: dt.datetime


class Rejections:
    """The part of the ledger that is about what was rejected."""

    def __init__(self, ledger: Ledger) -> None:
        """Use an open ledger."""
        self._engine = ledger.engine

    def of_files(self, reason: str | None = None) -> Iterator[Original]:
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
        )
        with self._engine.connect() as db:
            rows = db.execute(_rejected(query, reason, members=False)).all()
        for row in rows:
            place = None if row.settled_as is None else from_source_path(row.settled_as)
            yield Original(delivery_of(row), row.after_ingest, place, row.ingested_at, row.kept_path is not None)

    def of_members(self, reason: str | None = None) -> Iterator[Refused]:
        """Give the files inside packs that became no record (for this reason), oldest first."""
        query = sa.select(deliveries, batches.c.ingested_at).join(batches, batches.c.batch_no == deliveries.c.batch_no)
        with self._engine.connect() as db:
            for row in db.execute(_rejected(query, reason, members=True)):
                yield Refused(row.path, row.reason or "", row.detail or "", row.size, row.ingested_at)

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
                db.execute(sa.update(deliveries).where(rejected, place_is).values(settled_as=GONE))


def _rejected(query: sa.Select[Any], reason: str | None, *, members: bool) -> sa.Select[Any]:
    """Keep what was rejected (for this reason) in settled batches, files or members of packs, oldest first."""
    query = query.where(deliveries.c.outcome == Outcome.REJECTED, deliveries.c.is_member.is_(members))
    if reason is not None:
        query = query.where(deliveries.c.reason == reason)
    return query.where(batches.c.state == SETTLED).order_by(deliveries.c.delivery_no)
