"""The sources and deliveries of a batch, and the files it left, as rows of the ledger: written, changed and read.

Promised: a batch takes as many statements whatever it holds, but for lists too long for one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import sqlalchemy as sa

from flows.records import Delivery, LandedFile, Outcome
from flows.storage.ledger_tables import batches, deliveries, kept, sources
from flows.storage.names import from_source_path, to_source_path

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from flows.records import Source

# Well below the 32,766 variables that SQLite takes in a statement.
_CHUNK = 500
# Longer ones are of no use to a person, and the ledger is kept for ever.
_DETAIL_CHARS = 1000

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
)

_T = TypeVar("_T")

# Paths are stored as `source_path`: valid Unicode whatever the name holds.
as_stored = to_source_path
as_path = from_source_path


def insert_sources(db: sa.Connection, batch_no: int, new: Sequence[Source]) -> None:
    """Write down that these sources belong to a batch.

    Raises:
        sqlalchemy.exc.IntegrityError: one belongs to another batch.
    """
    _insert_many(db, _NEW_SOURCES, [(bytes.fromhex(source.record_id), batch_no) for source in new])


def insert_deliveries(db: sa.Connection, batch_no: int, new: Sequence[Delivery]) -> None:
    """Write down the deliveries of a batch, members of packs among them."""
    _insert_many(db, _NEW_DELIVERIES, [_row(delivery, batch_no) for delivery in new])


def change_outcomes(db: sa.Connection, batch_no: int, endings: Sequence[Delivery]) -> None:
    """Make some deliveries of a batch end as these do, and count them anew."""
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
    """Remember, by path, where the files of some deliveries of a batch are now (empty: nowhere)."""
    _change(db, batch_no, {as_stored(path): {"settled_as": as_stored(place)} for path, place in places.items()})


def replace_kept(db: sa.Connection, left: Sequence[Delivery], *, stuck: bool) -> None:
    """Write down that the files of these deliveries were left in landing, as they are now."""
    for chunk in chunks(left):
        paths = [as_stored(delivery.file.path) for delivery in chunk]
        db.execute(sa.delete(kept).where(kept.c.path.in_(paths)))
        db.execute(
            sa.insert(kept),
            [
                {"path": path, "size": one.file.size, "modified_ns": one.file.modified_ns, "stuck": stuck}
                for path, one in zip(paths, chunk, strict=True)
            ],
        )


def counts_of(by_outcome: Mapping[str, int]) -> dict[str, int]:
    """Give the columns of a batch that count its deliveries."""
    columns = {"published": Outcome.PUBLISHED, "duplicates": Outcome.DUPLICATE, "rejected": Outcome.REJECTED}
    return {column: by_outcome.get(outcome.value, 0) for column, outcome in columns.items()}


def delivery_of(row: sa.Row[Any]) -> Delivery:
    """Make a delivery of its row; it must not be one of a pack's member."""
    return Delivery(
        file=LandedFile(as_path(row.path), row.size, row.modified_ns, row.inode),
        record_id=bytes(row.record_id).hex() if row.record_id is not None else None,
        outcome=Outcome(row.outcome),
        reason=row.reason,
        detail=row.detail,
    )


def sentence(detail: str | None) -> str | None:
    """Make a sentence that any database takes: names and messages from outside may hold anything."""
    if detail is None or (len(detail) <= _DETAIL_CHARS and detail.isascii() and detail.isprintable()):
        return detail
    return detail[:_DETAIL_CHARS].encode("utf-8", "backslashreplace").decode().replace("\0", "\\0")


def chunks(items: Sequence[_T]) -> Iterator[Sequence[_T]]:
    """Give so many at a time as one statement takes."""
    for start in range(0, len(items), _CHUNK):
        yield items[start : start + _CHUNK]


def _row(delivery: Delivery, batch_no: int) -> tuple[Any, ...]:
    """Give a delivery as the values of `_NEW_DELIVERIES`."""
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
    )


def _insert_many(db: sa.Connection, columns: Sequence[sa.Column[Any]], rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert many rows by the driver itself, values bound: what SQLAlchemy adds to each costs thrice the insert."""
    if rows:
        mark = "?" if db.dialect.name == "sqlite" else "%s"
        names, marks = ", ".join(column.name for column in columns), ", ".join(mark for _ in columns)
        statement = f"INSERT INTO {columns[0].table.name} ({names}) VALUES ({marks})"  # noqa: S608 - of our own names
        db.exec_driver_sql(statement, list(rows))


def _change(db: sa.Connection, batch_no: int, changes: dict[str, dict[str, str | None]]) -> None:
    """Change some deliveries of a batch, each given by its path: one statement for all of them."""
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
    """Make the counts of a batch those of its deliveries."""
    outcomes = db.execute(
        sa.select(deliveries.c.outcome, sa.func.count())
        .where(deliveries.c.batch_no == batch_no, deliveries.c.is_member.is_(False))
        .group_by(deliveries.c.outcome)
    )
    counts = counts_of({row[0]: row[1] for row in outcomes})
    db.execute(sa.update(batches).where(batches.c.batch_no == batch_no).values(**counts))
