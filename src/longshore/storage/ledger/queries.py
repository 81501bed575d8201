"""Queries about published batches, the deliveries table, originals and rejections."""

from __future__ import annotations

import datetime as dt
import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from longshore.records import GONE, Outcome
from longshore.storage.ledger.audit import Original
from longshore.storage.ledger.batches import FINALIZED, chunks, delivery_of
from longshore.storage.ledger.rewrites import DONE, EXCHANGED
from longshore.storage.ledger.tables import (
    LEDGER_ID,
    batches,
    deliveries,
    forgotten,
    kept,
    rewrites,
    rewritten,
    runs,
    sources,
    store_value,
    stored_value,
)
from longshore.storage.names import from_source_path, to_source_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from longshore.records import Delivery
    from longshore.storage.ledger.batches import Ledger


def batches_after(db: sa.Connection, batch_no: int) -> list[sa.Row[Any]]:
    """Return the later batches that readers see, up to the first unfinished one.

    Batches of one run finish in any order; stopping at an unfinished one keeps them in the order of their numbers.
    """
    unfinished = sa.select(sa.func.min(batches.c.batch_no)).where(batches.c.state != FINALIZED)
    first_unfinished = db.execute(unfinished).scalar_one()
    query = sa.select(batches).where(batches.c.batch_no > batch_no, batches.c.part.is_not(None))
    if first_unfinished is not None:
        query = query.where(batches.c.batch_no < first_unfinished)
    return list(db.execute(query.order_by(batches.c.batch_no)))


def rewrites_after(db: sa.Connection, rewrite_no: int, kinds: Iterable[str]) -> list[tuple[int, str]]:
    """Return the later rewrites of these kinds that readers see, each with its kind."""
    query = sa.select(rewrites.c.rewrite_no, rewrites.c.kind).where(
        rewrites.c.rewrite_no > rewrite_no,
        rewrites.c.kind.in_(list(kinds)),
        rewrites.c.state.in_((EXCHANGED, DONE)),
    )
    return [(row.rewrite_no, row.kind) for row in db.execute(query.order_by(rewrites.c.rewrite_no))]


def ids_of_batch(db: sa.Connection, batch_no: int) -> tuple[str, ...]:
    """Return the records that a batch published and that still exist."""
    # Through the deliveries, which are indexed by batch; a forgotten record is no source any more.
    query = (
        sa.select(deliveries.c.record_id)
        .join(sources, (sources.c.record_id == deliveries.c.record_id) & (sources.c.batch_no == deliveries.c.batch_no))
        .where(deliveries.c.batch_no == batch_no, deliveries.c.outcome == Outcome.PUBLISHED)
    )
    return tuple(sorted({bytes(row.record_id).hex() for row in db.execute(query)}))


def ids_of_rewrite(db: sa.Connection, rewrite_no: int) -> tuple[str, ...]:
    """Return the records that a rewrite changed or removed."""
    query = sa.select(rewritten.c.record_id).where(rewritten.c.rewrite_no == rewrite_no)
    return tuple(sorted(bytes(row.record_id).hex() for row in db.execute(query)))


def ledger_id(ledger: Ledger) -> str:
    """Return the id of the ledger; one that was rebuilt has another id, and numbers its batches differently."""
    with ledger.engine.connect() as db:
        return stored_value(db, LEDGER_ID) or ""


# The deliveries of all batches up to this one are in the table.
_WRITTEN_TO = "deliveries_written_to_batch"
# Up to this one they were in it before the ledger was rebuilt, in parts of runs that the ledger does not know.
_TAKEN_TO = "deliveries_taken_as_written_to_batch"


@dataclass(frozen=True, slots=True)
class RunPart:
    """The part of one run: its path below `deliveries/` until it is merged, its first and its last batch."""

    run_no: int
    run_id: str
    part: str
    first_batch: int
    last_batch: int


def unwritten_runs(ledger: Ledger) -> Iterator[RunPart]:
    """Yield the runs whose deliveries are not in the table yet; all their batches must be finalized."""
    return _runs(ledger, batches.c.batch_no > _marked(ledger, _WRITTEN_TO))


def written_runs(ledger: Ledger) -> Iterator[RunPart]:
    """Yield the runs whose deliveries are in the table according to the ledger."""
    return _runs(ledger, batches.c.batch_no.between(_marked(ledger, _TAKEN_TO) + 1, _marked(ledger, _WRITTEN_TO)))


def mark_written(ledger: Ledger, run: RunPart) -> None:
    """Record that the part of a run is published."""
    _mark(ledger, _WRITTEN_TO, run.last_batch)


def take_as_written(ledger: Ledger) -> None:
    """Record that the table holds the deliveries of all batches already: those of a rebuilt ledger."""
    with ledger.engine.connect() as db:
        last = int(db.execute(sa.select(sa.func.max(batches.c.batch_no))).scalar_one() or 0)
    _mark(ledger, _TAKEN_TO, last)
    _mark(ledger, _WRITTEN_TO, last)


def count_unwritten_batches(ledger: Ledger) -> int:
    """Return the number of finalized batches whose deliveries are not in the table yet."""
    unwritten = batches.c.batch_no > _marked(ledger, _WRITTEN_TO)
    query = sa.select(sa.func.count()).where(unwritten, batches.c.state == FINALIZED)
    with ledger.engine.connect() as db:
        return int(db.execute(query).scalar_one())


def unwritten_run_ids(ledger: Ledger) -> set[str]:
    """Return the ids of the runs whose part is not recorded as written."""
    query = sa.select(runs.c.run_id).join(batches, batches.c.run_no == runs.c.run_no).distinct()
    with ledger.engine.connect() as db:
        return set(db.execute(query.where(batches.c.batch_no > _marked(ledger, _WRITTEN_TO))).scalars())


def batches_of_run(ledger: Ledger, run: RunPart) -> Iterator[tuple[sa.Row[Any], Sequence[sa.Row[Any]]]]:
    """Yield each batch of a run with its deliveries, in order."""
    of_run = sa.select(batches).where(
        batches.c.run_no == run.run_no, batches.c.batch_no.between(run.first_batch, run.last_batch)
    )
    with ledger.engine.connect() as db:
        for batch in db.execute(of_run.order_by(batches.c.batch_no)).all():
            query = sa.select(deliveries).where(deliveries.c.batch_no == batch.batch_no)
            yield batch, db.execute(query.order_by(deliveries.c.delivery_no)).all()


def endings_of_run(ledger: Ledger, run_no: int) -> Iterator[tuple[sa.Row[Any], list[Delivery]]]:
    """Yield each batch of a run with the final outcome of its deliveries, an archive before its members."""
    for batch, rows in batches_of_run(ledger, RunPart(run_no, "", "", 0, sys.maxsize)):
        endings: list[Delivery] = []
        for row in rows:
            ending = delivery_of(row)
            if row.is_member:
                archive = next(one.file for one in reversed(endings) if one.member is None)
                ending = replace(ending, file=archive, member=ending.path[len(archive.path) + len("!/") :])
            endings.append(ending)
        yield batch, endings


def _runs(ledger: Ledger, which: sa.ColumnElement[bool]) -> Iterator[RunPart]:
    query = (
        sa.select(
            runs.c.run_no,
            runs.c.run_id,
            runs.c.started_at,
            sa.func.min(batches.c.batch_no),
            sa.func.max(batches.c.batch_no),
        )
        .join(runs, runs.c.run_no == batches.c.run_no)
        .where(which, batches.c.state == FINALIZED)
        .group_by(runs.c.run_no, runs.c.run_id, runs.c.started_at)
        .order_by(runs.c.run_no)
    )
    with ledger.engine.connect() as db:
        found = db.execute(query).all()
    for run_no, run_id, started_at, first, last in found:
        yield RunPart(run_no, run_id, f"run_date={started_at:%Y-%m-%d}/{run_id}.parquet", first, last)


def _marked(ledger: Ledger, key: str) -> int:
    with ledger.engine.connect() as db:
        return int(stored_value(db, key) or 0)


def _mark(ledger: Ledger, key: str, batch_no: int) -> None:
    with ledger.engine.begin() as db:
        store_value(db, key, str(batch_no))


@dataclass(frozen=True, slots=True)
class Brought:
    """A delivery of a record, with `ingested_at` and `after_ingest` of its batch; a member's archive."""

    row: sa.Row[Any]
    archive: sa.Row[Any] | None


def deliveries_in_batches(ledger: Ledger, batch_nos: Iterable[int], record_ids: Iterable[str]) -> Iterator[Brought]:
    """Yield the deliveries in these batches that delivered one of these records."""
    wanted = {bytes.fromhex(record_id) for record_id in record_ids}
    for chunk in chunks(sorted(set(batch_nos))):
        yield from _brought(ledger, deliveries.c.batch_no.in_(chunk), wanted)


def deliveries_of_records(ledger: Ledger, record_ids: Iterable[str]) -> Iterator[Brought]:
    """Yield every delivery of these records; this scans all deliveries."""
    for chunk in chunks(sorted({bytes.fromhex(record_id) for record_id in record_ids})):
        yield from _brought(ledger, deliveries.c.record_id.in_(chunk), set(chunk))


def sizes_of_records(ledger: Ledger, record_ids: Iterable[str]) -> dict[str, int]:
    """Return the size in bytes of each of these sources, as it was delivered; this scans all deliveries."""
    found: dict[str, int] = {}
    with ledger.engine.connect() as db:
        for chunk in chunks(sorted({bytes.fromhex(record_id) for record_id in record_ids})):
            query = sa.select(deliveries.c.record_id, deliveries.c.size).where(deliveries.c.record_id.in_(chunk))
            # Deliveries of one source have one size, unless a member was removed from an archive of that name.
            found |= {bytes(row.record_id).hex(): row.size for row in db.execute(query)}
    return found


def ids_with_prefix(ledger: Ledger, prefix: str) -> set[str]:
    """Return the known record ids that begin with these hexadecimal digits: published, delivered, or forgotten."""
    low, high = (bytes.fromhex(prefix.ljust(64, digit)) for digit in "0f")
    found: set[str] = set()
    with ledger.engine.connect() as db:
        for column in (sources.c.record_id, deliveries.c.record_id, forgotten.c.record_id):
            query = sa.select(column).where(column.between(low, high)).distinct()
            found |= {bytes(record_id).hex() for record_id in db.execute(query).scalars()}
    return found


def ids_of_path(ledger: Ledger, source_path: str) -> set[str]:
    """Return the sources that were delivered under this path (`box.zip!/a.txt` for an archive member)."""
    query = sa.select(deliveries.c.record_id).where(
        deliveries.c.path == source_path, deliveries.c.record_id.is_not(None)
    )
    with ledger.engine.connect() as db:
        return {bytes(record_id).hex() for record_id in db.execute(query).scalars()}


def deliveries_of_path(ledger: Ledger, source_path: str) -> Sequence[sa.Row[Any]]:
    """Return what was delivered under this path, the last delivery first; this scans all deliveries."""
    query = sa.select(deliveries).where(deliveries.c.path == source_path).order_by(deliveries.c.delivery_no.desc())
    with ledger.engine.connect() as db:
        return db.execute(query).all()


def _brought(ledger: Ledger, where: sa.ColumnElement[bool], wanted: set[bytes]) -> Iterator[Brought]:
    query = (
        sa.select(deliveries, batches.c.ingested_at, batches.c.after_ingest)
        .join(batches, batches.c.batch_no == deliveries.c.batch_no)
        .where(where, deliveries.c.record_id.is_not(None))
        # The delivery that was published comes before its duplicates.
        .order_by(sa.desc(deliveries.c.outcome == Outcome.PUBLISHED), deliveries.c.delivery_no)
    )
    with ledger.engine.connect() as db:
        for row in db.execute(query):
            if bytes(row.record_id) not in wanted:
                continue
            if not row.is_member:
                yield Brought(row, None)
            elif row.finalized_as != GONE:  # otherwise it was removed from its archive
                archive = _archive_of(db, row)
                if archive is not None:
                    yield Brought(row, archive)


def _archive_of(db: sa.Connection, row: sa.Row[Any]) -> sa.Row[Any] | None:
    """Find the delivery of the archive that a member came in: the nearest row before it that is not a member."""
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


@dataclass(frozen=True, slots=True)
class RejectedMember:
    """An archive member that did not become a record."""

    source_path: str
    reason: str
    detail: str
    size: int
    ingested_at: dt.datetime


def file_rejections(ledger: Ledger, reason: str | None = None) -> Iterator[Original]:
    """Yield the finalized deliveries of files that were rejected (for this reason), oldest first."""
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
    with ledger.engine.connect() as db:
        rows = db.execute(_rejected(query, reason, members=False)).all()
    for row in rows:
        place = None if row.finalized_as is None else from_source_path(row.finalized_as)
        yield Original(delivery_of(row), row.after_ingest, place, row.ingested_at, row.kept_path is not None)


def member_rejections(ledger: Ledger, reason: str | None = None) -> Iterator[RejectedMember]:
    """Yield the archive members that were rejected (for this reason), oldest first."""
    query = sa.select(deliveries, batches.c.ingested_at).join(batches, batches.c.batch_no == deliveries.c.batch_no)
    with ledger.engine.connect() as db:
        for row in db.execute(_rejected(query, reason, members=True)):
            yield RejectedMember(row.path, row.reason or "", row.detail or "", row.size, row.ingested_at)


def mark_rejection_gone(ledger: Ledger, place: str) -> None:
    """Record that a rejected file is no longer in `_rejected/`: it was moved back to landing."""
    stored = to_source_path(place)
    rejected = deliveries.c.outcome == Outcome.REJECTED
    usual = to_source_path(place.partition("/")[2])
    with ledger.engine.begin() as db:
        for place_is in (
            deliveries.c.finalized_as == stored,
            sa.and_(deliveries.c.finalized_as.is_(None), deliveries.c.path == usual),
        ):
            db.execute(sa.update(deliveries).where(rejected, place_is).values(finalized_as=GONE))


def deliveries_at(ledger: Ledger, places: Sequence[str]) -> dict[str, sa.Row[Any]]:
    """Return the deliveries whose landed files are at these places, by place. This scans all deliveries."""
    with ledger.engine.connect() as db:
        stored = {to_source_path(place): place for place in places}
        found: dict[str, sa.Row[Any]] = {}
        for chunk in chunks(list(stored)):
            query = sa.select(deliveries).where(deliveries.c.finalized_as.in_(chunk)).order_by(deliveries.c.delivery_no)
            found |= {stored[row.finalized_as]: row for row in db.execute(query)}
        return found


def _rejected(query: sa.Select[Any], reason: str | None, *, members: bool) -> sa.Select[Any]:
    """Select the rejected files or archive members (of this reason) of finalized batches, oldest first."""
    query = query.where(deliveries.c.outcome == Outcome.REJECTED, deliveries.c.is_member.is_(members))
    if reason is not None:
        query = query.where(deliveries.c.reason == reason)
    return query.where(batches.c.state == FINALIZED).order_by(deliveries.c.delivery_no)
