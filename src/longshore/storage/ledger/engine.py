"""The database of the ledger: open it, begin transactions, explain its failures.

Promised: an open ledger has the current version. What a durable transaction wrote is on the disk before the next step,
with everything that came before it, also on a server that is configured for speed.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

import sqlalchemy as sa

from longshore.errors import LedgerError
from longshore.storage.filesystem import FILE_MODE
from longshore.storage.ledger.tables import LEDGER_VERSION, about, bring_up_to_date, row_check, version_of

if TYPE_CHECKING:
    from collections.abc import Iterator

# SQLite's default is 2 MB; the sources of ten million deliveries take 600.
_CACHE_KIB = 64 * 1024
# Write the log back at 32 MB instead of 4: a page that many batches change is then written once.
_LOG_PAGES = 8000
# Held while the tables are created or changed, so that two processes do not both create them.
_SCHEMA_LOCK = 0x4C4F4E48
_DISK_FULL = "database or disk is full"


class NoLedgerError(LedgerError):
    """There is no ledger yet, and opening it to read must not create one."""


def open_engine(url: str, *, read_only: bool = False) -> sa.Engine:
    """Open a ledger.

    Args:
        url: an SQLAlchemy URL.
        read_only: write nothing; otherwise the ledger is created, or brought up to date, if necessary.

    Raises:
        NoLedgerError: there is no ledger, and `read_only` is set.
        LedgerError: it is damaged, cannot be reached, or a newer Longshore wrote it; with `read_only` also: it is
            older, or a database of something else.
    """
    engine = connect(url, read_only=read_only)
    try:
        if read_only:
            _check_readable(engine, sa.make_url(url))
            return engine
        with engine.begin() as db:
            if db.dialect.name == "sqlite":
                # The driver would otherwise commit after each CREATE and ALTER, and a crash leave half of a change.
                db.exec_driver_sql("BEGIN IMMEDIATE")
            elif db.dialect.name == "postgresql":
                db.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_SCHEMA_LOCK})")
            bring_up_to_date(db)
    except LedgerError:
        engine.dispose()
        raise
    except (sa.exc.SQLAlchemyError, ValueError) as error:
        engine.dispose()
        raise _unusable(sa.make_url(url), error) from error
    return engine


def _check_readable(engine: sa.Engine, url: sa.URL) -> None:
    where = url.render_as_string()
    if engine.dialect.name == "sqlite" and not os.path.lexists(_sqlite_file(url) or ""):
        raise NoLedgerError(f"There is no ledger at {where} yet: `longshore ingest` creates it.")
    with engine.connect() as db:
        tables = sa.inspect(db).get_table_names()
        if about.name not in tables:
            if tables and engine.dialect.name == "sqlite":
                raise LedgerError(
                    f"The database at {where} is not a ledger of Longshore; nothing was changed in it. "
                    "Correct `ledger_url` in longshore.toml."
                )
            raise NoLedgerError(f"There is no ledger at {where} yet: `longshore ingest` creates it.")
        version = version_of(db)
    if version < LEDGER_VERSION:
        raise LedgerError(
            f"The ledger at {where} has version {version}, and this command does not change it. "
            "Run `longshore ingest` once: it brings the ledger up to date."
        )


def connect(url: str, *, read_only: bool = False, **driver_options: str) -> sa.Engine:
    """Create an engine for a ledger's URL without opening a connection.

    Raises:
        LedgerError: the URL is invalid, or its driver is not installed.
    """
    try:
        parsed = sa.make_url(url)
        database = _sqlite_file(parsed)
        if read_only and database:
            # A URI, because only there SQLite can be told not to write. Without the right to write into the folder,
            # SQLite cannot create the log's index; without a log, nobody writes, and none is needed.
            unshared = not os.access(Path(database).parent, os.W_OK) and not Path(f"{database}-wal").exists()
            query = {"mode": "ro", "uri": "true"} | ({"immutable": "1"} if unshared else {})
            parsed = parsed.set(database=f"file:{quote(database)}", query=query)
        engine = sa.create_engine(parsed, connect_args=driver_options)
    except ImportError as error:
        raise LedgerError(
            f"`ledger_url` needs a driver that is not installed ({error.name}). For postgresql+psycopg://: "
            "pip install 'longshore[postgres]'."
        ) from error
    except (sa.exc.ArgumentError, ValueError) as error:
        raise LedgerError(f"`ledger_url` cannot be read: {error}") from error
    if engine.dialect.name == "sqlite":
        sa.event.listen(engine, "connect", _set_up_reading)
        if not read_only:
            _make_private(database)
            sa.event.listen(engine, "connect", _set_up_sqlite)
            sa.event.listen(engine, "checkout", _restore_full_sync)
    elif read_only:
        engine = engine.execution_options(postgresql_readonly=True)
    return engine


@contextlib.contextmanager
def begin(engine: sa.Engine, *, durable: bool) -> Iterator[sa.Connection]:
    """Begin a transaction. A power cut (never a crash) may take back, as a whole, one that is not durable."""
    with engine.begin() as db:
        if db.dialect.name == "sqlite":
            # Before the first write: SQLite does not change it inside a transaction.
            db.exec_driver_sql(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
        elif db.dialect.name == "postgresql":
            db.exec_driver_sql(f"SET LOCAL synchronous_commit = {'on' if durable else 'off'}")
        yield db


def ledger_failed(error: sa.exc.SQLAlchemyError, url: str | None = None) -> LedgerError:
    """Turn a failure of the database into an error for people: where it is (if known), the cause, what to do."""
    cause = getattr(error, "orig", None) or error
    said = " ".join(str(cause).split()).rstrip(".")
    damaged = "malformed" in said or "not a database" in said
    where = f" at {sa.make_url(url).render_as_string()}" if url else ""
    next_step = (
        "`longshore verify --repair` rebuilds it from the warehouse and the archive."
        if damaged
        else "Fix this and run again; the run resumes where it stopped."
    )
    return LedgerError(f"The ledger{where} failed: {said}. {next_step}")


def _unusable(url: sa.URL, error: Exception) -> LedgerError:
    cause = str(getattr(error, "orig", None) or error).strip().rstrip(".")
    where = url.render_as_string()
    if url.get_backend_name() != "sqlite":
        return LedgerError(
            f"The ledger at {where} cannot be used: {cause}. Check that the server is running and the name is right."
        )
    if cause == _DISK_FULL:
        return LedgerError(f"The ledger at {where} cannot be used: {cause}. Free some space there; nothing is lost.")
    return LedgerError(
        f"The ledger at {where} cannot be used: {cause}. If its file is damaged, `longshore verify --repair` rebuilds "
        "it from the warehouse and the archive."
    )


def _sqlite_file(url: sa.URL) -> str | None:
    """Return the file of an SQLite URL; None for another database and for one in memory."""
    database = url.database
    if url.get_backend_name() != "sqlite" or not database or database == ":memory:":
        return None
    return unquote(database.removeprefix("file:").partition("?")[0]) if database.startswith("file:") else database


def _make_private(database: str | None) -> None:
    """Create the file before SQLite does, not readable for everyone; the log files take their mode from it."""
    if database:
        with contextlib.suppress(OSError):  # SQLite reports it better
            os.close(os.open(database, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE))


def _restore_full_sync(connection: Any, _record: object, _proxy: object) -> None:  # noqa: ANN401 - as below
    """Start each use of a connection with FULL: an earlier one may have lowered it (`begin`)."""
    connection.execute("PRAGMA synchronous = FULL")


def _set_up_reading(connection: Any, _record: object) -> None:  # noqa: ANN401 - a DB-API connection has no common type
    connection.create_function("longshore_check", -1, row_check, deterministic=True)
    connection.execute("PRAGMA busy_timeout = 30000")
    connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")


def _set_up_sqlite(connection: Any, _record: object) -> None:  # noqa: ANN401 - as above
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")
    # FULL, not NORMAL: a batch that the ledger calls staged must still be staged after a power cut.
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute(f"PRAGMA wal_autocheckpoint = {_LOG_PAGES}")
    cursor.close()
