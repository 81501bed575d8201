"""The database that a ledger is in: open it, begin a transaction, and say for a person what it failed with.

Promised: a ledger that is open is of this version; what a durable transaction has written is on the disk before the
next step, with all that came before it, also where the server is set up to be quick rather than sure. What is in the
database is `ledger_tables.py`.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import os
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from longshore.errors import LedgerError
from longshore.storage.filesystem import FILE_MODE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LEDGER_VERSION = 1

metadata = sa.MetaData()

# SQLite makes row numbers only for a column whose type is INTEGER.
KEY = sa.BigInteger().with_variant(sa.Integer, "sqlite")


class _UtcTime(sa.TypeDecorator[dt.datetime]):
    """A moment in UTC; SQLite keeps it as text without a zone."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: sa.Dialect) -> dt.datetime | None:
        """Take any aware datetime."""
        if value is None:
            return None
        value = value.astimezone(dt.UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: dt.datetime | None, dialect: sa.Dialect) -> dt.datetime | None:
        """Give an aware datetime in UTC."""
        del dialect
        return None if value is None else value.replace(tzinfo=value.tzinfo or dt.UTC).astimezone(dt.UTC)


def _partial_index(table: sa.Table, statement: str) -> None:
    """Make a partial index with its table.

    As a statement, because `sa.Index(postgresql_where=…)` imports the whole PostgreSQL dialect, which doubles the time
    that a command on SQLite takes to start.
    """
    sa.event.listen(table, "after_create", sa.DDL(statement))  # type: ignore[no-untyped-call]  # SQLAlchemy has no types here


class _Digest(sa.LargeBinary):
    """The 32 bytes of a SHA-256; both drivers take and give `bytes` as they are, and there are many."""

    cache_ok = True

    def bind_processor(self, dialect: sa.Dialect) -> None:
        """Wrap nothing."""

    def result_processor(self, dialect: sa.Dialect, coltype: object) -> None:
        """Unwrap nothing."""


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

batches = sa.Table(
    "batches",
    metadata,
    sa.Column("batch_no", KEY, primary_key=True),
    sa.Column("batch_id", sa.Text, nullable=False, index=True),
    sa.Column("run_no", sa.BigInteger, nullable=False),
    sa.Column("state", sa.Text, nullable=False),  # claimed, staged, published, settled
    sa.Column("part", sa.Text),  # below warehouse/records/; null where nothing became a record
    sa.Column("rows", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("part_bytes", sa.BigInteger),
    sa.Column("part_sha256", _Digest(32)),
    sa.Column("published", sa.Integer, nullable=False, server_default="0"),
    sa.Column("duplicates", sa.Integer, nullable=False, server_default="0"),
    sa.Column("rejected", sa.Integer, nullable=False, server_default="0"),
    sa.Column("ingested_at", _UtcTime, nullable=False),
    sa.Column("finalized_at", _UtcTime),
    sa.Column("after_ingest", sa.Text),  # archive, delete or keep, as it was when the batch was settled
)
# Recovery asks for the few that are not settled among millions that are.
_partial_index(batches, "CREATE INDEX batches_unfinished ON batches (batch_no) WHERE state <> 'settled'")

# A source is here from its claim on: the primary key is the promise that nothing is published twice.
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
    sa.Column("is_member", sa.Boolean, nullable=False),  # of a pack, whose own delivery is a row of its own
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("modified_ns", sa.BigInteger, nullable=False),
    sa.Column("inode", sa.BigInteger, nullable=False),
    sa.Column("record_id", _Digest(32)),
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("reason", sa.Text),
    sa.Column("detail", sa.Text),
    sa.Column("finalized_as", sa.Text),  # where the landed file is now, if not where its path says
)
_partial_index(deliveries, "CREATE INDEX deliveries_rejected ON deliveries (delivery_no) WHERE outcome = 'rejected'")

# Files that were left in landing (`after_ingest = "keep"`), to be known again without being read.
kept = sa.Table(
    "kept",
    metadata,
    sa.Column("path", sa.Text, primary_key=True),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("modified_ns", sa.BigInteger, nullable=False),
    sa.Column("stuck", sa.Boolean, nullable=False, server_default=sa.false()),  # should have been moved, and could not
    sqlite_with_rowid=False,
)

# A run that begins asks for those that did not end, among the hundreds of thousands of a year.
_partial_index(runs, "CREATE INDEX runs_open ON runs (run_no) WHERE state = 'running'")

# From version n to n + 1: what to do to an older ledger, at index n - 1. With each comes the older shape, as
# `tests/storage/schemas/N.sql`, which the tests bring up to date.
MIGRATIONS: tuple[Callable[[sa.Connection], None], ...] = ()


def bring_up_to_date(db: sa.Connection) -> None:
    """Make the tables where there are none, or take those of an older ledger to this version; all in one transaction.

    Raises:
        LedgerError: a newer Longshore wrote them.
    """
    if not sa.inspect(db).has_table(about.name):
        metadata.create_all(db)
        db.execute(sa.insert(about).values(key="ledger_version", value=str(LEDGER_VERSION)))
        return
    version = int(db.execute(sa.select(about.c.value).where(about.c.key == "ledger_version")).scalar_one())
    if version > LEDGER_VERSION:
        raise LedgerError(
            f"The ledger is of version {version}, and this Longshore knows versions up to {LEDGER_VERSION}. "
            "Install the Longshore that wrote it, or a newer one."
        )
    for older in range(version, LEDGER_VERSION):
        MIGRATIONS[older - 1](db)
        db.execute(sa.update(about).where(about.c.key == "ledger_version").values(value=str(older + 1)))


# SQLite holds in memory what it reads: 2 MB by default, where the sources of ten million deliveries take 600.
_CACHE_KIB = 64 * 1024
# The log is written back at 32 MB, not 4: a page that many batches touch is then written once for them.
_LOG_PAGES = 8000
# Taken while the tables are made or changed, so that two that open a new ledger together do not both make them.
_SCHEMA_LOCK = 0x4C4F4E48
# What SQLite says of a disk without room.
_DISK_FULL = "database or disk is full"


def open_engine(url: str) -> sa.Engine:
    """Open a ledger, made or brought up to date where need be.

    Raises:
        LedgerError: it is damaged, cannot be reached, or a newer Longshore wrote it.
    """
    engine = connect(url)
    try:
        with engine.begin() as db:
            if db.dialect.name == "sqlite":
                # Or the driver would commit after each CREATE and ALTER, and a crash leave half of a change.
                db.exec_driver_sql("BEGIN IMMEDIATE")
            elif db.dialect.name == "postgresql":
                db.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_SCHEMA_LOCK})")
            bring_up_to_date(db)
    except LedgerError:
        engine.dispose()
        raise
    except (sa.exc.SQLAlchemyError, ValueError) as error:
        engine.dispose()
        raise _unusable(engine.url, error) from error
    return engine


def connect(url: str, **more: str) -> sa.Engine:
    """Make an engine for a ledger's URL without opening it; `more` goes to the database's driver.

    Raises:
        LedgerError: the URL cannot be read, or its driver is not installed.
    """
    try:
        engine = sa.create_engine(url, connect_args=more)
    except ImportError as error:
        raise LedgerError(
            f"`ledger_url` needs a driver that is not installed ({error.name}). For postgresql+psycopg://: "
            "pip install 'longshore[postgres]'."
        ) from error
    except (sa.exc.ArgumentError, ValueError) as error:
        raise LedgerError(f"`ledger_url` cannot be read: {error}") from error
    if engine.dialect.name == "sqlite":
        _make_private(engine.url.database)
        sa.event.listen(engine, "connect", _set_up_sqlite)
        sa.event.listen(engine, "checkout", _make_sure)
    return engine


@contextlib.contextmanager
def begin(engine: sa.Engine, *, durable: bool) -> Iterator[sa.Connection]:
    """Begin a transaction; one that is not durable may be taken back, whole, by a power cut (never by a crash)."""
    with engine.begin() as db:
        if db.dialect.name == "sqlite":
            # Before the first write: SQLite does not change it inside a transaction.
            db.exec_driver_sql(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
        elif db.dialect.name == "postgresql":
            db.exec_driver_sql(f"SET LOCAL synchronous_commit = {'on' if durable else 'off'}")
        yield db


def ledger_failed(error: sa.exc.SQLAlchemyError, url: str | None = None) -> LedgerError:
    """Put a failure of the database in words for a person: where it is (if that is known), what it said, what to do."""
    cause = getattr(error, "orig", None) or error
    said = " ".join(str(cause).split()).rstrip(".")
    damaged = "malformed" in said or "not a database" in said
    next_step = "`longshore verify --repair` makes it anew from the warehouse and the archive"
    where = f" at {sa.make_url(url).render_as_string()}" if url else ""
    return LedgerError(
        f"The ledger{where} failed: {said}. "
        + (f"{next_step}." if damaged else "Mend that, and the next run goes on from here.")
    )


def _unusable(url: sa.URL, error: Exception) -> LedgerError:
    cause = str(getattr(error, "orig", None) or error).strip().rstrip(".")
    where = url.render_as_string()
    if url.get_backend_name() != "sqlite":
        return LedgerError(f"The ledger at {where} cannot be used: {cause}. Is the server up, and the name right?")
    if cause == _DISK_FULL:
        return LedgerError(f"The ledger at {where} cannot be used: {cause}. Make room there; nothing is lost.")
    return LedgerError(
        f"The ledger at {where} cannot be used: {cause}. If its file is damaged, `longshore verify --repair` makes it "
        "anew from the warehouse and the archive."
    )


def _make_private(database: str | None) -> None:
    """Make the file that SQLite would make for everyone to read; its log files take their mode from it."""
    if database and database != ":memory:":
        with contextlib.suppress(OSError):  # SQLite says better what is wrong
            os.close(os.open(database, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE))


def _make_sure(connection: Any, _record: object, _proxy: object) -> None:  # noqa: ANN401 - as below
    """Begin each use of a connection with FULL: an earlier one may have needed less (`begin`)."""
    connection.execute("PRAGMA synchronous = FULL")


def _set_up_sqlite(connection: Any, _record: object) -> None:  # noqa: ANN401 - a DB-API connection has no common type
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")
    # FULL, not NORMAL: a batch that the ledger says is staged must still be so after a power cut.
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA busy_timeout = 30000")
    cursor.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
    cursor.execute(f"PRAGMA wal_autocheckpoint = {_LOG_PAGES}")
    cursor.close()
