"""Rows of the ledger: how a delivery becomes one and is read from one, and how many are written at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from flows.records import Delivery, LandedFile, Outcome
from flows.storage.ledger_tables import deliveries, sources
from flows.storage.names import from_source_path, to_source_path

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import sqlalchemy as sa

# Well below the 32,766 variables that SQLite takes in a statement.
CHUNK = 500
# Longer ones are of no use to a person, and the ledger is kept for ever.
_DETAIL_CHARS = 1000

NEW_SOURCES = (sources.c.record_id, sources.c.batch_no)
NEW_DELIVERIES = (
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


def delivery_of(row: sa.Row[Any]) -> Delivery:
    """Make a delivery of its row; it must not be one of a pack's member."""
    return Delivery(
        file=LandedFile(as_path(row.path), row.size, row.modified_ns, row.inode),
        record_id=bytes(row.record_id).hex() if row.record_id is not None else None,
        outcome=Outcome(row.outcome),
        reason=row.reason,
        detail=row.detail,
    )


def delivery_row(delivery: Delivery, batch_no: int) -> tuple[Any, ...]:
    """Give a delivery as the values of `NEW_DELIVERIES`."""
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


def insert_many(db: sa.Connection, columns: Sequence[sa.Column[Any]], rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert many rows by the driver itself, values bound: what SQLAlchemy adds to each costs thrice the insert."""
    if rows:
        mark = "?" if db.dialect.name == "sqlite" else "%s"
        names, marks = ", ".join(column.name for column in columns), ", ".join(mark for _ in columns)
        statement = f"INSERT INTO {columns[0].table.name} ({names}) VALUES ({marks})"  # noqa: S608 - of our own names
        db.exec_driver_sql(statement, list(rows))


def sentence(detail: str | None) -> str | None:
    """Make a sentence that any database takes: names and messages from outside may hold anything."""
    if detail is None or (len(detail) <= _DETAIL_CHARS and detail.isascii() and detail.isprintable()):
        return detail
    return detail[:_DETAIL_CHARS].encode("utf-8", "backslashreplace").decode().replace("\0", "\\0")


def chunks(items: Sequence[_T]) -> Iterator[Sequence[_T]]:
    """Give so many at a time as one statement takes."""
    for start in range(0, len(items), CHUNK):
        yield items[start : start + CHUNK]
