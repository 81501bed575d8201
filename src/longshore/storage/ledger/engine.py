"""The database that a ledger is in: open it, begin a transaction, and say for a person what it failed with.

Promised: a ledger that is open is of this version; what a durable transaction has written is on the disk before the
next step, with all that came before it, also where the server is set up to be quick rather than sure. What is in the
database is `ledger_tables.py`.
"""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from longshore.errors import LedgerError
from longshore.storage.filesystem import FILE_MODE
from longshore.storage.ledger.tables import bring_up_to_date

if TYPE_CHECKING:
    from collections.abc import Iterator

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
