"""What the ledger knows of rejected files and members: which there are, and which went back into landing."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from longshore.records import GONE, Outcome
from longshore.storage.ledger.audit import Original
from longshore.storage.ledger.batches import SETTLED, chunks, delivery_of
from longshore.storage.ledger.rewrites import DONE, EXCHANGED, rewrites, rewritten
from longshore.storage.ledger.tables import about, batches, deliveries, kept, runs, sources
from longshore.storage.names import from_source_path, to_source_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from longshore.storage.ledger.batches import Ledger

_LEDGER_ID = "ledger_id"


def batches_after(db: sa.Connection, batch_no: int) -> list[sa.Row[Any]]:
    """Give the batches that came later and can be read, up to the first that is not finished yet.

    Batches of one run end in any order; stopping before one that is in hand keeps them in order of their numbers.
    """
    unfinished = sa.select(sa.func.min(batches.c.batch_no)).where(batches.c.state != SETTLED)
    first_unfinished = db.execute(unfinished).scalar_one()
    query = sa.select(batches).where(batches.c.batch_no > batch_no, batches.c.part.is_not(None))
    if first_unfinished is not None:
        query = query.where(batches.c.batch_no < first_unfinished)
    return list(db.execute(query.order_by(batches.c.batch_no)))


def rewrites_after(db: sa.Connection, rewrite_no: int, kinds: Iterable[str]) -> list[tuple[int, str]]:
    """Give the rewrites of these kinds that came later and that readers see, each with its kind."""
    query = sa.select(rewrites.c.rewrite_no, rewrites.c.kind).where(
        rewrites.c.rewrite_no > rewrite_no,
        rewrites.c.kind.in_(list(kinds)),
        rewrites.c.state.in_((EXCHANGED, DONE)),
    )
    return [(row.rewrite_no, row.kind) for row in db.execute(query.order_by(rewrites.c.rewrite_no))]


def ids_of_batch(db: sa.Connection, batch_no: int) -> tuple[str, ...]:
    """Give the records that a batch published and that are still there."""
    # By way of the deliveries, which are indexed by batch; one that was forgotten is no source any more.
    query = (
        sa.select(deliveries.c.record_id)
        .join(sources, (sources.c.record_id == deliveries.c.record_id) & (sources.c.batch_no == deliveries.c.batch_no))
        .where(deliveries.c.batch_no == batch_no, deliveries.c.outcome == Outcome.PUBLISHED)
    )
    return tuple(sorted({bytes(row.record_id).hex() for row in db.execute(query)}))


def ids_of_rewrite(db: sa.Connection, rewrite_no: int) -> tuple[str, ...]:
    """Give the records that a rewrite changed or removed."""
    query = sa.select(rewritten.c.record_id).where(rewritten.c.rewrite_no == rewrite_no)
    return tuple(sorted(bytes(row.record_id).hex() for row in db.execute(query)))


def mark_of(ledger: Ledger) -> str:
    """Give the ledger's own mark: batches of a ledger that was made anew have other numbers."""
    query = sa.select(about.c.value).where(about.c.key == _LEDGER_ID)
    with ledger.engine.begin() as db:
        found = db.execute(query).scalar_one_or_none()
        if found is None:
            found = uuid.uuid4().hex[:8]
            db.execute(sa.insert(about).values(key=_LEDGER_ID, value=found))
    return str(found)


# Deliveries of all batches up to this one are in the table.
_WRITTEN_TO = "deliveries_written_to_batch"
# Up to this one they were in it before the ledger was made anew, in parts of runs that the ledger has forgotten.
_TAKEN_TO = "deliveries_taken_as_written_to_batch"


@dataclass(frozen=True, slots=True)
class RunPart:
    """The part of one run: its path below `deliveries/` until it is merged, its first batch, its last."""

    run_no: int
    run_id: str
    part: str
    first_batch: int
    last_batch: int


class WrittenDeliveries:
    """The part of the ledger that is about the table of deliveries."""

    def __init__(self, ledger: Ledger) -> None:
        """Use an open ledger."""
        self._engine = ledger.engine

    def unwritten_runs(self) -> Iterator[RunPart]:
        """Give the runs whose deliveries are not in the table yet; every batch of them must be settled."""
        return self._runs(batches.c.batch_no > self._marked(_WRITTEN_TO))

    def written_runs(self) -> Iterator[RunPart]:
        """Give the runs whose deliveries are in the table, by what the ledger says."""
        return self._runs(batches.c.batch_no.between(self._marked(_TAKEN_TO) + 1, self._marked(_WRITTEN_TO)))

    def mark_written(self, run: RunPart) -> None:
        """Remember that the part of a run is in its place."""
        self._mark(_WRITTEN_TO, run.last_batch)

    def take_as_written(self) -> None:
        """Let the table be, as it was, for all batches of a ledger that was made anew: they were in it before."""
        with self._engine.connect() as db:
            last = int(db.execute(sa.select(sa.func.max(batches.c.batch_no))).scalar_one() or 0)
        self._mark(_TAKEN_TO, last)
        self._mark(_WRITTEN_TO, last)

    def count_unwritten_batches(self) -> int:
        """Give the number of settled batches whose deliveries are not in the table yet."""
        unwritten = batches.c.batch_no > self._marked(_WRITTEN_TO)
        query = sa.select(sa.func.count()).where(unwritten, batches.c.state == SETTLED)
        with self._engine.connect() as db:
            return int(db.execute(query).scalar_one())

    def runs_in_hand(self) -> set[str]:
        """Give the ids of the runs of which the ledger does not know yet that their part is written."""
        query = sa.select(runs.c.run_id).join(batches, batches.c.run_no == runs.c.run_no).distinct()
        with self._engine.connect() as db:
            return set(db.execute(query.where(batches.c.batch_no > self._marked(_WRITTEN_TO))).scalars())

    def rows_of(self, run: RunPart) -> Iterator[tuple[sa.Row[Any], Sequence[sa.Row[Any]]]]:
        """Give each batch of a run with its deliveries, in their order."""
        of_run = sa.select(batches).where(
            batches.c.run_no == run.run_no, batches.c.batch_no.between(run.first_batch, run.last_batch)
        )
        with self._engine.connect() as db:
            for batch in db.execute(of_run.order_by(batches.c.batch_no)).all():
                query = sa.select(deliveries).where(deliveries.c.batch_no == batch.batch_no)
                yield batch, db.execute(query.order_by(deliveries.c.delivery_no)).all()

    def _runs(self, which: sa.ColumnElement[bool]) -> Iterator[RunPart]:
        query = (
            sa.select(
                runs.c.run_no,
                runs.c.run_id,
                runs.c.started_at,
                sa.func.min(batches.c.batch_no),
                sa.func.max(batches.c.batch_no),
            )
            .join(runs, runs.c.run_no == batches.c.run_no)
            .where(which, batches.c.state == SETTLED)
            .group_by(runs.c.run_no, runs.c.run_id, runs.c.started_at)
            .order_by(runs.c.run_no)
        )
        with self._engine.connect() as db:
            found = db.execute(query).all()
        for run_no, run_id, started_at, first, last in found:
            yield RunPart(run_no, run_id, f"run_date={started_at:%Y-%m-%d}/{run_id}.parquet", first, last)

    def _marked(self, key: str) -> int:
        with self._engine.connect() as db:
            return int(db.execute(sa.select(about.c.value).where(about.c.key == key)).scalar_one_or_none() or 0)

    def _mark(self, key: str, batch_no: int) -> None:
        with self._engine.begin() as db:
            db.execute(sa.delete(about).where(about.c.key == key))
            db.execute(sa.insert(about).values(key=key, value=str(batch_no)))


@dataclass(frozen=True, slots=True)
class Brought:
    """A delivery of a record's bytes, with `ingested_at` and `after_ingest` of its batch; of a member, its pack's."""

    row: sa.Row[Any]
    pack: sa.Row[Any] | None


class LedgerOriginals:
    """The part of the ledger that is about where records came from."""

    def __init__(self, ledger: Ledger) -> None:
        """Use an open ledger."""
        self._engine = ledger.engine

    def in_batches(self, batch_nos: Iterable[int], record_ids: Iterable[str]) -> Iterator[Brought]:
        """Give the deliveries in these batches that brought one of these records."""
        wanted = {bytes.fromhex(record_id) for record_id in record_ids}
        for chunk in chunks(sorted(set(batch_nos))):
            yield from self._brought(deliveries.c.batch_no.in_(chunk), wanted)

    def of_records(self, record_ids: Iterable[str]) -> Iterator[Brought]:
        """Give every delivery that ever brought one of these records; this looks through all of them."""
        for chunk in chunks(sorted({bytes.fromhex(record_id) for record_id in record_ids})):
            yield from self._brought(deliveries.c.record_id.in_(chunk), set(chunk))

    def _brought(self, where: sa.ColumnElement[bool], wanted: set[bytes]) -> Iterator[Brought]:
        query = (
            sa.select(deliveries, batches.c.ingested_at, batches.c.after_ingest)
            .join(batches, batches.c.batch_no == deliveries.c.batch_no)
            .where(where, deliveries.c.record_id.is_not(None))
            # Where it was published first: a duplicate is the second choice.
            .order_by(sa.desc(deliveries.c.outcome == Outcome.PUBLISHED), deliveries.c.delivery_no)
        )
        with self._engine.connect() as db:
            for row in db.execute(query):
                if bytes(row.record_id) not in wanted:
                    continue
                if not row.is_member:
                    yield Brought(row, None)
                elif row.finalized_as != GONE:  # else it was taken out of its pack
                    pack = _archive_of(db, row)
                    if pack is not None:
                        yield Brought(row, pack)


def _archive_of(db: sa.Connection, row: sa.Row[Any]) -> sa.Row[Any] | None:
    """Find the delivery of the pack that a member came in: the row before it that is no member."""
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
            place = None if row.finalized_as is None else from_source_path(row.finalized_as)
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
                deliveries.c.finalized_as == stored,
                sa.and_(deliveries.c.finalized_as.is_(None), deliveries.c.path == usual),
            ):
                db.execute(sa.update(deliveries).where(rejected, place_is).values(finalized_as=GONE))


def _rejected(query: sa.Select[Any], reason: str | None, *, members: bool) -> sa.Select[Any]:
    """Keep what was rejected (for this reason) in settled batches, files or members of packs, oldest first."""
    query = query.where(deliveries.c.outcome == Outcome.REJECTED, deliveries.c.is_member.is_(members))
    if reason is not None:
        query = query.where(deliveries.c.reason == reason)
    return query.where(batches.c.state == SETTLED).order_by(deliveries.c.delivery_no)
