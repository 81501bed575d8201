"""Processes forked from a warm one: a fork costs some milliseconds where a fresh Python costs a second."""

from __future__ import annotations

import contextlib
import gc
import multiprocessing
import os
import time
import traceback
from concurrent import futures
from typing import TYPE_CHECKING

from longshore.errors import LockHeldError
from longshore.ingestion import process_pool

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def fork(body: Callable[[], str], said: Path) -> int:
    """Run a function in a forked process; what it gives is written to a file, an error too."""
    pid = os.fork()
    if pid:
        return pid
    code = 0
    try:
        os.dup2(os.open(os.devnull, os.O_RDWR), 2)
        text = body()
    except BaseException:
        text, code = traceback.format_exc(), 1
    with contextlib.suppress(BaseException):
        said.write_text(text, errors="backslashreplace")
    os._exit(code)


def wait(pid: int) -> int:
    """Wait for a process; give its exit code, below zero for the signal that killed it."""
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def freeze() -> None:
    """Let no collection of garbage write into what the children share with this process."""
    gc.collect()
    gc.freeze()


def once_free(run: Callable[[], str]) -> str:
    """Run, after waiting for workers of a killed run: forked here, they hold its lock until they see that it died."""
    for _ in range(1000):
        with contextlib.suppress(LockHeldError):
            return run()
        time.sleep(0.02)
    return run()


def fork_workers() -> None:
    """Let worker processes be forked in this process, too."""
    process_pool._new_pool = _forked_pool


def _forked_pool(slots: int) -> futures.ProcessPoolExecutor:
    return futures.ProcessPoolExecutor(
        slots, mp_context=multiprocessing.get_context("fork"), initializer=_follow, initargs=(os.getpid(),)
    )


def _follow(coordinator: int) -> None:
    process_pool._set_up_worker(coordinator)
