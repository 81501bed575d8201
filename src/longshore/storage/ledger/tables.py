"""The tables of the ledger, and the steps that bring an older ledger up to date.

The ledger may hold ten million deliveries, so a row is short: a record id is 32 bytes, times belong to the batch, and
the place of a file follows from its path unless `finalized_as` says otherwise.

In SQLite each row of the tables in `CHECKED` holds a checksum of itself (`row_check`). SQLite computes it whenever a
row is written, by a generated column, and `audit.damage` compares it. PostgreSQL has checksums of its own.
"""

from __future__ import annotations

import datetime as dt
import uuid
import zlib
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles

from longshore.errors import LedgerError

if TYPE_CHECKING:
    from collections.abc import Callable

LEDGER_VERSION = 2

metadata = sa.MetaData()

# SQLite numbers rows only in a column whose type is INTEGER.
KEY = sa.BigInteger().with_variant(sa.Integer, "sqlite")


class _UtcTime(sa.TypeDecorator[dt.datetime]):
    """A moment in UTC; SQLite stores it as text without a zone."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: sa.Dialect) -> dt.datetime | None:
        """Accept any aware datetime."""
        if value is None:
            return None
        value = value.astimezone(dt.UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: dt.datetime | None, dialect: sa.Dialect) -> dt.datetime | None:
        """Return an aware datetime in UTC."""
        del dialect
        return None if value is None else value.replace(tzinfo=value.tzinfo or dt.UTC).astimezone(dt.UTC)


def _partial_index(table: sa.Table, statement: str) -> None:
    """Create a partial index together with its table.

    `sa.Index(postgresql_where=…)` would import the whole PostgreSQL dialect, which doubles the start-up time of a
    command on SQLite.
    """
    sa.event.listen(table, "after_create", sa.DDL(statement))  # type: ignore[no-untyped-call]  # SQLAlchemy has no types here


class _Digest(sa.LargeBinary):
    """The 32 bytes of a SHA-256. Both drivers take and return `bytes`, so nothing is converted."""

    cache_ok = True

    def bind_processor(self, dialect: sa.Dialect) -> None:
        """Convert nothing."""

    def result_processor(self, dialect: sa.Dialect, coltype: object) -> None:
        """Convert nothing."""


about = sa.Table(
    "longshore",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)

runs = sa.Table(
    "runs",
    metadata,
    sa.Column("run_no", KEY, primary_key=True),
    sa.Column("run_id", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),  # ingest, compact, reprocess ...
    sa.Column("state", sa.Text, nullable=False),  # running, completed, failed, cancelled, crashed
    sa.Column("started_at", _UtcTime, nullable=False),
    sa.Column("ended_at", _UtcTime),
    sa.Column("host", sa.Text, nullable=False),
    sa.Column("pid", sa.Integer, nullable=False),
    sa.Column("summary", sa.Text),  # JSON
)
_partial_index(runs, "CREATE INDEX runs_open ON runs (run_no) WHERE state = 'running'")

batches = sa.Table(
    "batches",
    metadata,
    sa.Column("batch_no", KEY, primary_key=True),
    sa.Column("batch_id", sa.Text, nullable=False, index=True),
    sa.Column("run_no", sa.BigInteger, nullable=False),
    sa.Column("state", sa.Text, nullable=False),  # claimed, staged, finalized
    sa.Column("part", sa.Text),  # below warehouse/records/; null if nothing became a record
    sa.Column("rows", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("part_bytes", sa.BigInteger),
    sa.Column("part_sha256", _Digest(32)),
    sa.Column("published", sa.Integer, nullable=False, server_default="0"),
    sa.Column("duplicates", sa.Integer, nullable=False, server_default="0"),
    sa.Column("rejected", sa.Integer, nullable=False, server_default="0"),
    sa.Column("ingested_at", _UtcTime, nullable=False),
    sa.Column("finalized_at", _UtcTime),
    sa.Column("after_ingest", sa.Text),  # archive, delete or keep, as set when the batch was finalized
)
sa.Index("batches_part", batches.c.part)
_UNFINISHED_INDEX = "CREATE INDEX batches_unfinished ON batches (batch_no) WHERE state <> 'finalized'"
_partial_index(batches, _UNFINISHED_INDEX)

# A source is inserted by its claim: the primary key guarantees that nothing is published twice.
sources = sa.Table(
    "sources",
    metadata,
    sa.Column("record_id", _Digest(32), primary_key=True),
    sa.Column("batch_no", KEY, nullable=False),
    sqlite_with_rowid=False,
)

deliveries = sa.Table(
    "deliveries",
    metadata,
    sa.Column("delivery_no", KEY, primary_key=True),
    sa.Column("batch_no", KEY, nullable=False, index=True),
    sa.Column("path", sa.Text, nullable=False),  # as `source_path` in the records
    sa.Column("is_member", sa.Boolean, nullable=False),  # of an archive, which has a row before those of its members
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("modified_ns", sa.BigInteger, nullable=False),
    sa.Column("inode", sa.BigInteger, nullable=False),
    sa.Column("record_id", _Digest(32)),
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("reason", sa.Text),
    sa.Column("detail", sa.Text),
    sa.Column("finalized_as", sa.Text),  # where the landed file is now, if not where its path says
    sa.Column("changed_ns", sa.BigInteger),  # ctime of the landed file
)
_partial_index(deliveries, "CREATE INDEX deliveries_rejected ON deliveries (delivery_no) WHERE outcome = 'rejected'")

# Files that were left in landing (`after_ingest = "keep"`), so that they are recognised without being read.
kept = sa.Table(
    "kept",
    metadata,
    sa.Column("path", sa.Text, primary_key=True),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("modified_ns", sa.BigInteger, nullable=False),
    sa.Column("stuck", sa.Boolean, nullable=False, server_default=sa.false()),  # could not be moved
    sa.Column("changed_ns", sa.BigInteger),
    sa.Column("inode", sa.BigInteger),
    sqlite_with_rowid=False,
)

rewrites = sa.Table(
    "rewrites",
    metadata,
    sa.Column("rewrite_no", KEY, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),  # compact, reprocess, forget
    sa.Column("run_no", sa.BigInteger, nullable=False),
    sa.Column("partition", sa.Text, nullable=False),  # below warehouse/records/
    sa.Column("state", sa.Text, nullable=False),  # building, ready, exchanged, done
    sa.Column("plan", sa.Text),  # JSON of a Plan, from `ready` on
    sa.Column("ended_at", sa.BigInteger),  # seconds since the epoch, from `exchanged` on
    sqlite_autoincrement=True,  # a number is never used again: the cursors of `changes` rely on that
)

# The records that a reprocess or a forget changed or removed, for `changes`.
rewritten = sa.Table(
    "rewritten_records",
    metadata,
    sa.Column("rewrite_no", sa.BigInteger, primary_key=True),
    sa.Column("record_id", sa.LargeBinary(32), primary_key=True),
)

# Tombstones. `done_at` is null until the record and its originals are gone.
forgotten = sa.Table(
    "forgotten",
    metadata,
    sa.Column("record_id", sa.LargeBinary(32), primary_key=True),
    sa.Column("asked_at", sa.BigInteger, nullable=False),
    sa.Column("done_at", sa.BigInteger),
)

# Not `sources`: `audit` compares them with deliveries and batches, and ten million checksums take 50 MB.
CHECKED = (about, runs, batches, deliveries, kept, forgotten)


def row_check(*values: int | bytes | None) -> int:
    """Return the checksum of the values of a row; registered with SQLite as `longshore_check`."""
    return zlib.crc32(b"\x1f".join(b"\xff" if v is None else v if isinstance(v, bytes) else b"%d" % v for v in values))


def check_expression(table: sa.Table) -> str:
    """Return the SQL expression of a row's checksum."""
    columns = (
        f'"{c.name}"' if isinstance(c.type, sa.Integer | sa.Boolean) else f'CAST("{c.name}" AS BLOB)' for c in table.c
    )
    return f"longshore_check({', '.join(columns)})"


@compiles(sa.schema.CreateTable, "sqlite")  # type: ignore[no-untyped-call,untyped-decorator,unused-ignore]  # no types here
def _create_table(element: sa.schema.CreateTable, compiler: Any, **options: Any) -> str:  # noqa: ANN401 - as SQLAlchemy's
    statement: str = compiler.visit_create_table(element, **options)
    table = element.element
    if table not in CHECKED:
        return statement
    check = f"row_check INTEGER GENERATED ALWAYS AS ({check_expression(table)}) STORED"
    return statement.replace("\n\tPRIMARY KEY", f"\n\t{check}, \n\tPRIMARY KEY", 1)


def _to_version_2(db: sa.Connection) -> None:
    """Rename `settled` to `finalized`; add ctime and inode to what `keep` remembers, and the checksums of rows."""
    inspector = sa.inspect(db)
    old_tables = [table for table in CHECKED if inspector.has_table(table.name)]
    for table, old, new in (("batches", "settled_at", "finalized_at"), ("deliveries", "settled_as", "finalized_as")):
        db.exec_driver_sql(f"ALTER TABLE {table} RENAME COLUMN {old} TO {new}")
    db.exec_driver_sql("UPDATE batches SET state = 'finalized' WHERE state = 'settled'")
    # Development versions wrote this state between `staged` and `settled`; recovery looks at the part.
    db.exec_driver_sql("UPDATE batches SET state = 'staged' WHERE state = 'published'")
    for statement in (
        "ALTER TABLE deliveries ADD COLUMN changed_ns BIGINT",
        "ALTER TABLE kept ADD COLUMN changed_ns BIGINT",
        "ALTER TABLE kept ADD COLUMN inode BIGINT",
        "DROP INDEX batches_unfinished",
        "DROP INDEX IF EXISTS batches_part",
    ):
        db.exec_driver_sql(statement)
    if db.dialect.name == "sqlite":
        for checked in old_tables:
            _rebuild(db, checked)
    else:
        db.exec_driver_sql(_UNFINISHED_INDEX)
        db.exec_driver_sql("CREATE INDEX batches_part ON batches (part)")
    metadata.create_all(db, tables=[rewrites, rewritten, forgotten], checkfirst=True)
    if not db.execute(sa.select(about.c.value).where(about.c.key == LEDGER_ID)).first():
        db.execute(sa.insert(about).values(key=LEDGER_ID, value=uuid.uuid4().hex[:8]))


def _rebuild(db: sa.Connection, table: sa.Table) -> None:
    """Copy a table of SQLite into one of the new shape: ALTER TABLE cannot add a generated column that is stored."""
    names = ", ".join(f'"{column.name}"' for column in table.c)
    old = f"old_{table.name}"
    db.exec_driver_sql(f"ALTER TABLE {table.name} RENAME TO {old}")
    for (index,) in db.exec_driver_sql(
        "SELECT name FROM sqlite_master WHERE tbl_name = ? AND sql LIKE 'CREATE INDEX%'", (old,)
    ).all():
        db.exec_driver_sql(f"DROP INDEX {index}")
    metadata.create_all(db, tables=[table], checkfirst=False)
    db.exec_driver_sql(f"INSERT INTO {table.name} ({names}) SELECT {names} FROM {old}")  # noqa: S608 - of our own names
    db.exec_driver_sql(f"DROP TABLE {old}")


# The step from version n to n + 1 is at index n - 1. With each comes the older shape, `tests/storage/schemas/N.sql`.
MIGRATIONS: tuple[Callable[[sa.Connection], None], ...] = (_to_version_2,)
LEDGER_ID = "ledger_id"


def version_of(db: sa.Connection) -> int:
    """Return the version of an existing ledger.

    Raises:
        LedgerError: a newer Longshore wrote it.
    """
    version = int(db.execute(sa.select(about.c.value).where(about.c.key == "ledger_version")).scalar_one())
    if version > LEDGER_VERSION:
        raise LedgerError(
            f"The ledger has version {version}; this Longshore reads versions up to {LEDGER_VERSION}. "
            "Install the Longshore that wrote it, or a newer one."
        )
    return version


def bring_up_to_date(db: sa.Connection) -> None:
    """Create the tables if there are none, or migrate an older ledger to this version; all in one transaction.

    Raises:
        LedgerError: a newer Longshore wrote it.
    """
    if not sa.inspect(db).has_table(about.name):
        metadata.create_all(db)
        # Cursors of `changes` hold the id: a rebuilt ledger numbers its batches differently.
        values = {"ledger_version": str(LEDGER_VERSION), LEDGER_ID: uuid.uuid4().hex[:8]}
        db.execute(sa.insert(about), [{"key": key, "value": value} for key, value in values.items()])
        return
    for older in range(version_of(db), LEDGER_VERSION):
        MIGRATIONS[older - 1](db)
        db.execute(sa.update(about).where(about.c.key == "ledger_version").values(value=str(older + 1)))


def stored_value(db: sa.Connection, key: str) -> str | None:
    """Return what the table `longshore` holds under a key."""
    found: str | None = db.execute(sa.select(about.c.value).where(about.c.key == key)).scalar_one_or_none()
    return found


def store_value(db: sa.Connection, key: str, value: str) -> None:
    """Set what the table `longshore` holds under a key."""
    delete_value(db, key)
    db.execute(sa.insert(about).values(key=key, value=value))


def delete_value(db: sa.Connection, key: str) -> None:
    """Remove a key from the table `longshore`."""
    db.execute(sa.delete(about).where(about.c.key == key))
