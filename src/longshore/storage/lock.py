"""The run lock of a warehouse, which the operating system releases when its holder dies.

Promised: two processes on one machine never hold it together, and nothing waits for a time-out. Not promised: the same
between machines that share a folder over a network file system without flock. For several machines the ledger is in
PostgreSQL, and its advisory lock is taken too.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import socket
import time
from typing import TYPE_CHECKING

import sqlalchemy as sa

from longshore.errors import LedgerError, LockHeldError
from longshore.storage.filesystem import FILE_MODE, make_folders
from longshore.storage.ledger.engine import connect
from longshore.storage.ledger.tables import runs

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterator
    from pathlib import Path

# The first half of the lock's key is ours ("LONG"); the second says which lock in which schema.
_OURS = 0x4C4F4E47
_KEY = "hashtext(coalesce(current_schema(), '') || :name)"
# A vanished machine answers no probe: after 15 s of silence three of them, 5 s apart. The server sends them.
_SESSION = (
    "SET tcp_keepalives_idle = 15",
    "SET tcp_keepalives_interval = 5",
    "SET tcp_keepalives_count = 3",
    # The lock is idle for as long as a run lasts.
    "SET idle_session_timeout = 0",
)


@contextlib.contextmanager
def advisory_lock(url: str, name: str, what: str) -> Iterator[Callable[[], None]]:
    """Hold the PostgreSQL lock called `name` during the block, on a separate connection.

    Yields a function that raises LedgerError if the lock was lost.

    Args:
        url: of the ledger.
        name: which lock: an ingest and a compaction take different ones.
        what: the run, as a person may read it; the server shows it as the application's name.

    Raises:
        LockHeldError: another run holds it; its message says which, since when.
        LedgerError: the server cannot be reached.
    """
    engine = connect(url, application_name=f"longshore {what}"[:63])
    try:
        with _connection(engine) as db:
            for statement in _SESSION:
                db.exec_driver_sql(statement)
            query = sa.text(f"SELECT pg_try_advisory_lock({_OURS}, {_KEY})")
            if not db.execute(query, {"name": name}).scalar_one():
                raise LockHeldError(_postgresql_holder(db, name))

            def still_held() -> None:
                try:
                    db.exec_driver_sql("SELECT 1")
                except sa.exc.SQLAlchemyError as error:
                    raise LedgerError(
                        "The connection to PostgreSQL that holds the lock of this run was lost, and another run may "
                        "have it now. Nothing more is published; the next run resumes."
                    ) from error

            try:
                yield still_held
            finally:
                # The server notices only after a moment that the connection is closed: whoever comes next would find
                # the lock held by a run that has ended. Where the connection is lost, so is the lock.
                with contextlib.suppress(sa.exc.SQLAlchemyError):
                    db.execute(sa.text(f"SELECT pg_advisory_unlock({_OURS}, {_KEY})"), {"name": name})
    finally:
        engine.dispose()


def advisory_holder(url: str, name: str) -> str | None:
    """Return the run that holds the lock called `name`, as a sentence, or None."""
    engine = connect(url, application_name="longshore status")
    try:
        with _connection(engine) as db:
            held = db.execute(sa.text(f"SELECT EXISTS ({_HOLDERS})"), {"name": name}).scalar_one()
            return _postgresql_holder(db, name) if held else None
    finally:
        engine.dispose()


_HOLDERS = f"""
    SELECT pid FROM pg_locks
    WHERE locktype = 'advisory' AND granted AND classid = {_OURS}
      AND objid = ({_KEY}::bigint & 4294967295)::oid
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""  # noqa: S608 - of constants above

_SESSION_OF_HOLDER = f"""
    SELECT application_name, coalesce(host(client_addr), 'this machine'),
           to_char(backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"+00:00"')
    FROM pg_stat_activity WHERE pid IN ({_HOLDERS})
"""  # noqa: S608 - of constants above


def _postgresql_holder(db: sa.Connection, name: str) -> str:
    """Describe the holder of the lock: from the table of runs, or else from the sessions of the server."""
    session = db.execute(sa.text(_SESSION_OF_HOLDER), {"name": name}).first()
    what = session[0].removeprefix("longshore ") if session else "another run"
    query = sa.select(runs).where(runs.c.state == "running").order_by(runs.c.run_no.desc())
    with contextlib.suppress(sa.exc.SQLAlchemyError):
        for run in db.execute(query):
            if what == f"{run.kind} {run.run_id[:8]}":
                since = run.started_at.isoformat(timespec="seconds")
                return f"{what} (process {run.pid} on {run.host}) is running since {since}"
    if session is None:
        return f"{what} has just ended or just begun"
    return f"{what} (from {session[1]}) is running since {session[2]}"


@contextlib.contextmanager
def _connection(engine: sa.Engine) -> Iterator[sa.Connection]:
    try:
        db = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
    except sa.exc.SQLAlchemyError as error:
        cause = getattr(error, "orig", None) or error
        raise LedgerError(f"The ledger at {engine.url.render_as_string()} cannot be reached: {cause}.") from error
    try:
        yield db
    finally:
        # Where the connection is lost, there is nothing to give back.
        with contextlib.suppress(sa.exc.SQLAlchemyError):
            db.close()


def on_postgresql(ledger_url: str) -> bool:
    """Return whether a ledger is in PostgreSQL, and may be used from several machines."""
    return ledger_url.startswith("postgresql")


@contextlib.contextmanager
def one_run_at_a_time(folder: Path, what: str, now: dt.datetime, ledger_url: str = "") -> Iterator[Callable[[], None]]:
    """Hold the run lock of a warehouse during the block.

    Yields a function to call before something is made visible: it raises LedgerError if the lock was lost.

    Args:
        folder: the warehouse's `_longshore/`; created if it is missing.
        what: the run, as a person may read it: `ingest 7f3a (pid 812 on host)`.
        now: since when, UTC.
        ledger_url: of the ledger; in PostgreSQL its lock is taken too, which holds between machines.

    Raises:
        LockHeldError: another run holds it; its message says which, since when.
    """
    make_folders(folder)
    fd = os.open(folder / "run.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, FILE_MODE)
    try:
        _take(fd)
        note = {
            "what": what,
            "pid": os.getpid(),
            "host": socket.gethostname(),
            "since": now.isoformat(timespec="seconds"),
        }
        os.ftruncate(fd, 0)
        os.pwrite(fd, json.dumps(note).encode(), 0)
        with contextlib.ExitStack() as stack:
            still_held = _always
            if on_postgresql(ledger_url):
                still_held = stack.enter_context(advisory_lock(ledger_url, folder.name, what))
            yield still_held
        os.ftruncate(fd, 0)
    finally:
        os.close(fd)


def _always() -> None:
    """Do nothing: the operating system never takes the lock away."""


def _take(fd: int) -> None:
    for attempt in range(4):
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            # `holder_of` takes it for some microseconds to look: that is no run.
            if attempt == 3:
                raise LockHeldError(_holder(fd)) from None
            time.sleep(0.02)
        else:
            return


def holder_of(folder: Path, ledger_url: str = "") -> str | None:
    """Return the run that holds the warehouse, as a sentence, or None."""
    return _holder_here(folder) or _holder_anywhere(folder, ledger_url)


def _holder_anywhere(folder: Path, ledger_url: str) -> str | None:
    if not on_postgresql(ledger_url):
        return None

    return advisory_holder(ledger_url, folder.name)


def _holder_here(folder: Path) -> str | None:
    try:
        fd = os.open(folder / "run.lock", os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _holder(fd)
    finally:
        os.close(fd)
    return None


def _holder(fd: int) -> str:
    try:
        note = json.loads(os.pread(fd, 4096, 0))
        return f"{note['what']} (process {note['pid']} on {note['host']}) is running since {note['since']}"
    except (ValueError, KeyError):
        return "another run has just started"
