"""The ledger: what was delivered, claimed, published and rejected.

Promised: a source (its SHA-256) belongs to at most one batch. The state of a batch, together with whether its part is
visible, determines what to do after a crash. A batch goes `claimed` → `staged` → `finalized`, one transaction each.
Its deliveries are intentions until its part is visible (or, without a part, until it is `staged`); then they are facts.

Only `staged` is on the disk before the next step begins. A power cut may take back `claimed`: nothing was staged then.
It may take back `finalized`: finalizing again changes nothing. It never takes back a step and leaves a later one,
because all are in one log. There is no state between the rename that publishes and `finalized`: the name of the part
shows that it was published, and the rename is on the disk before the first file is moved.

Not promised: SQLite on a network file system. There the ledger belongs in PostgreSQL (`ledger_url`).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Self, TypeVar

import sqlalchemy as sa

from longshore.errors import LedgerError
from longshore.records import Delivery, LandedFile, Outcome
from longshore.storage.ledger.engine import begin, open_engine
from longshore.storage.ledger.tables import batches, deliveries, kept, sources, store_value, stored_value
from longshore.storage.names import from_source_path, to_source_path

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from longshore.records import Batch, Source

# SQLite accepts 32,766 variables in a statement.
_CHUNK = 500
# The ledger is kept for ever, and nobody reads a longer one.
_DETAIL_CHARS = 1000

_LANDING = "landing"

_NEW_SOURCES = (sources.c.record_id, sources.c.batch_no)
_NEW_DELIVERIES = (
    deliveries.c.batch_no,
    deliveries.c.path,
    deliveries.c.is_member,
    deliveries.c.size,
    deliveries.c.modified_ns,
    deliveries.c.inode,
    deliveries.c.record_id,
    deliveries.c.outcome,
    deliveries.c.reason,
    deliveries.c.detail,
    deliveries.c.changed_ns,
)

_T = TypeVar("_T")

# Paths are stored as `source_path`: valid Unicode whatever the name holds.
as_stored = to_source_path
as_path = from_source_path


def insert_sources(db: sa.Connection, batch_no: int, new: Sequence[Source]) -> None:
    """Insert the sources of a batch.

    Raises:
        sqlalchemy.exc.IntegrityError: one of them belongs to another batch.
    """
    for chunk in chunks(new):
        _insert_many(db, _NEW_SOURCES, [(bytes.fromhex(source.record_id), batch_no) for source in chunk])


def insert_deliveries(db: sa.Connection, batch_no: int, new: Sequence[Delivery]) -> None:
    """Insert the deliveries of a batch, archive members included."""
    for chunk in chunks(new):
        _insert_many(db, _NEW_DELIVERIES, [_row(delivery, batch_no) for delivery in chunk])


def change_outcomes(db: sa.Connection, batch_no: int, endings: Sequence[Delivery]) -> None:
    """Change the outcomes of some deliveries of a batch, and update the counts of the batch."""
    if endings:
        _change(
            db,
            batch_no,
            {
                as_stored(e.path): {"outcome": e.outcome, "reason": e.reason, "detail": sentence(e.detail)}
                for e in endings
            },
        )
        _count_again(db, batch_no)


def change_places(db: sa.Connection, batch_no: int, places: dict[str, str]) -> None:
    """Record, by path, where the files of some deliveries of a batch are now (empty: nowhere)."""
    _change(db, batch_no, {as_stored(path): {"finalized_as": as_stored(place)} for path, place in places.items()})


def replace_kept(db: sa.Connection, left: Sequence[Delivery], *, stuck: bool) -> None:
    """Record the identity of the files of these deliveries, which were left in landing."""
    for chunk in chunks(left):
        paths = [as_stored(delivery.file.path) for delivery in chunk]
        db.execute(sa.delete(kept).where(kept.c.path.in_(paths)))
        db.execute(
            sa.insert(kept),
            [
                {
                    "path": path,
                    "size": one.file.size,
                    "modified_ns": one.file.modified_ns,
                    "changed_ns": one.file.changed_ns,
                    "inode": one.file.inode,
                    "stuck": stuck,
                }
                for path, one in zip(paths, chunk, strict=True)
            ],
        )


def counts_of(by_outcome: Mapping[str, int]) -> dict[str, int]:
    """Return the columns of a batch that count its deliveries."""
    columns = {"published": Outcome.PUBLISHED, "duplicates": Outcome.DUPLICATE, "rejected": Outcome.REJECTED}
    return {column: by_outcome.get(outcome.value, 0) for column, outcome in columns.items()}


def delivery_of(row: sa.Row[Any]) -> Delivery:
    """Build a delivery from its row, which must not be that of an archive member."""
    return Delivery(
        file=LandedFile(as_path(row.path), row.size, row.modified_ns, row.inode, row.changed_ns or 0),
        record_id=bytes(row.record_id).hex() if row.record_id is not None else None,
        outcome=Outcome(row.outcome),
        reason=row.reason,
        detail=row.detail,
    )


def sentence(detail: str | None) -> str | None:
    """Shorten and escape a detail so that any database accepts it: names and messages may hold any character."""
    if detail is None or (len(detail) <= _DETAIL_CHARS and detail.isascii() and detail.isprintable()):
        return detail
    return detail[:_DETAIL_CHARS].encode("utf-8", "backslashreplace").decode().replace("\0", "\\0")


def id_chunks(record_ids: Iterable[str]) -> Iterator[list[bytes]]:
    """Yield record ids as the ledger has them, in lists that fit one statement."""
    ids = iter(record_ids)
    while chunk := [bytes.fromhex(record_id) for record_id in islice(ids, _CHUNK)]:
        yield chunk


def chunks(items: Sequence[_T]) -> Iterator[Sequence[_T]]:
    """Yield the items in slices that fit one statement."""
    for start in range(0, len(items), _CHUNK):
        yield items[start : start + _CHUNK]


def _row(delivery: Delivery, batch_no: int) -> tuple[Any, ...]:
    """Return a delivery as the values of `_NEW_DELIVERIES`."""
    file = delivery.file
    return (
        batch_no,
        as_stored(delivery.path),
        delivery.member is not None,
        delivery.size,
        file.modified_ns,
        file.inode,
        bytes.fromhex(delivery.record_id) if delivery.record_id else None,
        delivery.outcome.value,
        delivery.reason and str(delivery.reason),
        sentence(delivery.detail),
        file.changed_ns,
    )


def _insert_many(db: sa.Connection, columns: Sequence[sa.Column[Any]], rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert rows through the driver, values bound: SQLAlchemy's own work would cost three times the insert."""
    if rows:
        mark = "?" if db.dialect.name == "sqlite" else "%s"
        names, marks = ", ".join(column.name for column in columns), ", ".join(mark for _ in columns)
        statement = f"INSERT INTO {columns[0].table.name} ({names}) VALUES ({marks})"  # noqa: S608 - of our own names
        db.exec_driver_sql(statement, list(rows))


def _change(db: sa.Connection, batch_no: int, changes: dict[str, dict[str, str | None]]) -> None:
    """Update some deliveries of a batch, given by path, in one statement."""
    if not changes:
        return
    query = sa.select(deliveries.c.delivery_no, deliveries.c.path).where(deliveries.c.batch_no == batch_no)
    if len(changes) <= _CHUNK:
        query = query.where(deliveries.c.path.in_(list(changes)))
    rows = [{"no": no, **changes[path]} for no, path in db.execute(query) if path in changes]
    if not rows:
        return
    statement = sa.update(deliveries).where(deliveries.c.delivery_no == sa.bindparam("no"))
    db.execute(statement.values({name: sa.bindparam(name) for name in rows[0] if name != "no"}), rows)


def _count_again(db: sa.Connection, batch_no: int) -> None:
    """Set the counts of a batch to those of its deliveries."""
    outcomes = db.execute(
        sa.select(deliveries.c.outcome, sa.func.count())
        .where(deliveries.c.batch_no == batch_no, deliveries.c.is_member.is_(False))
        .group_by(deliveries.c.outcome)
    )
    counts = counts_of({row[0]: row[1] for row in outcomes})
    db.execute(sa.update(batches).where(batches.c.batch_no == batch_no).values(**counts))


CLAIMED, STAGED, FINALIZED = "claimed", "staged", "finalized"
# A literal, not a bound value: otherwise SQLite does not use the partial index.
_UNFINISHED = batches.c.state != sa.literal_column("'finalized'")


@dataclass(frozen=True, slots=True)
class BatchState:
    """An unfinished batch, for recovery."""

    batch_no: int
    batch_id: str
    state: str
    part: str | None
    part_sha256: str
    ingested_at: dt.datetime


class Ledger:
    """One open ledger. Close it, or use it as a context manager."""

    def __init__(self, url: str, *, read_only: bool = False) -> None:
        """Open the ledger at an SQLAlchemy URL. Arguments and errors are those of `open_engine`."""
        self.engine = open_engine(url, read_only=read_only)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()

    # Queries

    def owners(self, record_ids: Iterable[str]) -> dict[str, str]:
        """Return the state of the batch of each of these sources that belongs to one."""
        found: dict[str, str] = {}
        with self.engine.connect() as db:
            for chunk in id_chunks(record_ids):
                query = (
                    sa.select(sources.c.record_id, batches.c.state)
                    .join(batches, batches.c.batch_no == sources.c.batch_no)
                    .where(sources.c.record_id.in_(chunk))
                )
                found.update({bytes(record_id).hex(): state for record_id, state in db.execute(query)})
        return found

    def is_empty(self) -> bool:
        """Return whether the ledger has no batch."""
        with self.engine.connect() as db:
            return db.execute(sa.select(batches.c.batch_no).limit(1)).first() is None

    def counts(self) -> dict[str, int]:
        """Return the number of published records, and of deliveries by outcome."""
        effective = batches.c.state == FINALIZED
        with self.engine.connect() as db:
            records = db.execute(
                sa.select(sa.func.coalesce(sa.func.sum(batches.c.rows), 0)).where(effective)
            ).scalar_one()
            rows = db.execute(
                sa.select(
                    sa.func.coalesce(sa.func.sum(batches.c.published), 0),
                    sa.func.coalesce(sa.func.sum(batches.c.duplicates), 0),
                    sa.func.coalesce(sa.func.sum(batches.c.rejected), 0),
                ).where(effective)
            ).one()
        return {"records": int(records), "published": int(rows[0]), "duplicate": int(rows[1]), "rejected": int(rows[2])}

    def landing(self) -> str | None:
        """Return the landing folder that the warehouse belongs to, as `record_landing` got it."""
        with self.engine.connect() as db:
            return stored_value(db, _LANDING)

    def record_landing(self, folder: str) -> None:
        """Record the landing folder that the warehouse belongs to from now on."""
        with self.engine.begin() as db:
            store_value(db, _LANDING, folder)

    # The protocol

    def claim(self, batch: Batch, run_no: int) -> int:
        """Insert a batch with its sources and deliveries, in one transaction, and return its number.

        Raises:
            sqlalchemy.exc.IntegrityError: a source belongs to another batch: another run works without the lock.
        """
        with begin(self.engine, durable=False) as db:
            result = db.execute(
                sa.insert(batches).values(
                    batch_id=batch.batch_id,
                    run_no=run_no,
                    state=CLAIMED,
                    part=batch.part,
                    ingested_at=batch.ingested_at,
                    **counts_of(Counter(d.outcome.value for d in batch.deliveries if d.member is None)),
                )
            )
            batch_no = int(result.inserted_primary_key[0])  # type: ignore[index]  # an insert of one row has a key
            insert_sources(db, batch_no, batch.sources)
            insert_deliveries(db, batch_no, batch.deliveries)
        return batch_no

    def mark_staged(
        self,
        batch_no: int,
        part: str | None,
        rows: int,
        part_bytes: int,
        sha256: str,
        endings: Sequence[Delivery],
        failed: Iterable[str] = (),
    ) -> None:
        """Record that a batch is staged, and the outcome that each delivery will have once it is published.

        Args:
            batch_no: the batch.
            part: its path below `records/`; None if nothing became a record.
            rows: of the part.
            part_bytes: size of the part.
            sha256: of the part.
            endings: the deliveries whose outcome differs from the one claimed.
            failed: the sources that did not become a record; they are released.
        """
        with begin(self.engine, durable=True) as db:
            changed = db.execute(
                sa.update(batches)
                .where(batches.c.batch_no == batch_no, batches.c.state == CLAIMED)
                .values(
                    state=STAGED,
                    part=part,
                    rows=rows,
                    part_bytes=part_bytes,
                    part_sha256=bytes.fromhex(sha256) if sha256 else None,
                )
            )
            if changed.rowcount != 1:
                raise LedgerError(
                    "Another run released a batch of this run: two runs are working on one ledger. This run stops; the "
                    "files of the batch are still in landing."
                )
            for chunk in chunks([bytes.fromhex(record_id) for record_id in failed]):
                db.execute(sa.delete(sources).where(sources.c.record_id.in_(chunk), sources.c.batch_no == batch_no))
            change_outcomes(db, batch_no, endings)

    def mark_finalized(
        self,
        batch_no: int,
        places: dict[str, str],
        left: Sequence[Delivery],
        now: dt.datetime,
        *,
        after_ingest: str,
        stuck: bool = False,
    ) -> None:
        """Record that the part of a batch is visible and its landed files are finalized.

        Args:
            batch_no: the batch.
            places: by path, where a file is now if not where its path says (empty: nowhere).
            left: the files that stay in landing, to be recognised by their identity.
            now: UTC.
            after_ingest: what was done with the other files.
            stuck: whether the files in `left` could not be moved.
        """
        with begin(self.engine, durable=False) as db:
            change_places(db, batch_no, places)
            replace_kept(db, left, stuck=stuck)
            db.execute(
                sa.delete(deliveries).where(deliveries.c.batch_no == batch_no, deliveries.c.outcome == Outcome.DEFERRED)
            )
            db.execute(
                sa.update(batches)
                .where(batches.c.batch_no == batch_no)
                .values(state=FINALIZED, finalized_at=now, after_ingest=after_ingest)
            )

    def release(self, batch_no: int) -> None:
        """Delete a batch that was not published: its sources may be claimed again."""
        # By the primary key of `sources`, which may hold millions.
        claimed = sa.select(deliveries.c.record_id).where(deliveries.c.batch_no == batch_no)
        with begin(self.engine, durable=False) as db:
            db.execute(sa.delete(sources).where(sources.c.record_id.in_(claimed), sources.c.batch_no == batch_no))
            db.execute(sa.delete(deliveries).where(deliveries.c.batch_no == batch_no))
            db.execute(sa.delete(batches).where(batches.c.batch_no == batch_no))

    # Recovery

    def unfinished(self) -> list[BatchState]:
        """Return the batches that a dead run left, oldest first."""
        columns = (
            batches.c.batch_no,
            batches.c.batch_id,
            batches.c.state,
            batches.c.part,
            batches.c.part_sha256,
            batches.c.ingested_at,
        )
        query = sa.select(*columns).where(_UNFINISHED).order_by(batches.c.batch_no)
        with self.engine.connect() as db:
            return [
                BatchState(batch_no, batch_id, state, part, bytes(sha256 or b"").hex(), ingested_at)
                for batch_no, batch_id, state, part, sha256, ingested_at in db.execute(query)
            ]

    def endings(self, batch_no: int) -> list[Delivery]:
        """Return the delivery of each landed file of a batch; archive members are finalized with their archive."""
        query = (
            sa.select(deliveries)
            .where(deliveries.c.batch_no == batch_no, deliveries.c.is_member.is_(False))
            .order_by(deliveries.c.delivery_no)
        )
        with self.engine.connect() as db:
            return [delivery_of(row) for row in db.execute(query)]
