"""One run at a time on a warehouse, by a lock that the operating system lets go of when its holder dies.

Promised: two processes on one machine never hold it together, and no time-out is ever waited for. Not promised:
anything between machines that share a folder over a network file system without flock; for several machines the
ledger is on PostgreSQL and its advisory lock is taken too (`lock_postgresql.py`).
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import socket
import time
from typing import TYPE_CHECKING

from flows.errors import LockHeldError
from flows.storage.durable import FILE_MODE, make_folders

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterator
    from pathlib import Path


def on_postgresql(ledger_url: str) -> bool:
    """Tell whether a ledger is in PostgreSQL, and may be used from several machines."""
    return ledger_url.startswith("postgresql")


@contextlib.contextmanager
def one_run_at_a_time(folder: Path, what: str, now: dt.datetime, ledger_url: str = "") -> Iterator[Callable[[], None]]:
    """Hold the warehouse for the time of the block.

    Gives what to call before something is made visible: it makes sure that the lock is still held.

    Args:
        folder: the warehouse's `_longshore/`; made where it is missing.
        what: the run, as a person may read it: `ingest 7f3a (pid 812 on host)`.
        now: since when, UTC.
        ledger_url: of the ledger; where that is PostgreSQL, its lock is taken too, which holds between machines.

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
                from flows.storage.lock_postgresql import advisory_lock  # noqa: PLC0415 - only for several machines

                still_held = stack.enter_context(advisory_lock(ledger_url, folder.name, what))
            yield still_held
        os.ftruncate(fd, 0)
    finally:
        os.close(fd)


def _always() -> None:
    """Do nothing: the operating system takes a lock from nobody."""


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
    """Say which run holds the warehouse now, or None."""
    return _holder_here(folder) or _holder_anywhere(folder, ledger_url)


def _holder_anywhere(folder: Path, ledger_url: str) -> str | None:
    if not on_postgresql(ledger_url):
        return None
    from flows.storage.lock_postgresql import advisory_holder  # noqa: PLC0415 - only for several machines

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
