"""Executors: where batches run. In this process, in a process pool, or in anything with the methods of `Executor`.

An executor takes batches one by one as it has room and returns each with its result, in any order, so that memory does
not grow with the backlog.
"""

from __future__ import annotations

import concurrent.futures as cf
import importlib
import itertools
import logging
import multiprocessing
import os
import signal
import sys
import threading
import types
from concurrent.futures.process import BrokenProcessPool
from typing import TYPE_CHECKING, Protocol, Self, TypeAlias, TypeVar

from longshore.errors import WorkerError
from longshore.ingestion.worker import normalise_batch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from longshore.ingestion.worker import WorkOrder
    from longshore.records import Batch, Staged


_log = logging.getLogger(__name__)

# Starting a process costs about as much as normalising this many news texts.
MIN_TEXTS_FOR_PROCESSES = 1500
# A batch is given up after this many workers died of it.
_ATTEMPTS = 3
# Modules that a batch imports late, so that a run without work does not load them.
_NEEDED = ("longshore.text.normalise", "longshore.storage.schema")

# Starting a process changes the state of this one for a moment (`_submit`).
_starting = threading.Lock()

_T = TypeVar("_T")


class Executor(Protocol):
    """A place where batches run."""

    @property
    def slots(self) -> int:
        """The number of batches that run at once."""

    def normalise(self, batches: Iterable[Batch], order: WorkOrder) -> Iterator[tuple[Batch, Staged]]:
        """Normalise the batches and yield each with its result, in any order.

        A batch is taken from the iterable only when there is room to run it.
        """

    def stop(self) -> None:
        """Stop all work at once; recovery drops what was staged."""


# From (slots, expected texts) to an executor.
ExecutorFactory: TypeAlias = "Callable[[int, int], Executor]"


class InlineExecutor:
    """Runs batches in this process, one after another, without any start-up cost."""

    slots = 1

    def normalise(self, batches: Iterable[Batch], order: WorkOrder) -> Iterator[tuple[Batch, Staged]]:
        """Normalise the batches in their order."""
        for batch in batches:
            yield batch, normalise_batch(batch, order)

    def stop(self) -> None:
        """Do nothing: nothing runs between two batches."""


class ProcessExecutor:
    """Runs batches in spawned local processes, which start with the first batch and are replaced when one dies."""

    def __init__(self, slots: int) -> None:
        """Set the number of processes."""
        self.slots = slots
        self._pool: cf.ProcessPoolExecutor | None = None
        self._lock = threading.Lock()

    def normalise(self, batches: Iterable[Batch], order: WorkOrder) -> Iterator[tuple[Batch, Staged]]:
        """Normalise the batches, one in each process and one waiting for each; retry those whose worker died."""
        remaining = iter(batches)
        running: dict[cf.Future[Staged], Batch] = {}
        lost: list[Batch] = []
        while True:
            if not lost:
                for batch in itertools.islice(remaining, 2 * self.slots - len(running)):
                    running[self.submit(batch, order)] = batch
            if running:
                done, _ = cf.wait(running, return_when=cf.FIRST_COMPLETED)
                for future in done:
                    batch = running.pop(future)
                    try:
                        staged = future.result()
                    except BrokenProcessPool:
                        lost.append(batch)
                    else:
                        yield batch, staged
            elif lost:
                batch = lost.pop()
                yield batch, self._retry(batch, order)
            else:
                return

    def start(self) -> Self:
        """Start the processes now, so that they import while the first batches are planned."""
        with self._lock:
            if self._pool is None:
                self._pool = _new_pool(self.slots)
                _submit(self._pool, os.getpid)
        return self

    def submit(self, batch: Batch, order: WorkOrder) -> cf.Future[Staged]:
        """Submit one batch to the pool."""
        with self._lock:
            if self._pool is None:
                self._pool = _new_pool(self.slots)
            try:
                return _submit(self._pool, normalise_batch, batch, order)
            except BrokenProcessPool:
                self._pool = _new_pool(self.slots)
                return _submit(self._pool, normalise_batch, batch, order)

    def _retry(self, batch: Batch, order: WorkOrder) -> Staged:
        """Run a batch whose worker died again, each time alone in a new process."""
        for attempt in range(2, _ATTEMPTS + 1):
            _log.warning("A worker died; batch %s runs again (attempt %d).", batch.batch_id[:12], attempt)
            with self._lock:
                pool = self._pool = _new_pool(1)
            try:
                staged = _submit(pool, normalise_batch, batch, order).result()
            except BrokenProcessPool:
                continue
            # The next batch starts a pool of full size.
            self.stop()
            return staged
        raise killed_its_worker(batch, _ATTEMPTS)

    def stop(self) -> None:
        """Kill the processes."""
        with self._lock:
            pool, self._pool = self._pool, None
        if pool is not None:
            processes = list((pool._processes or {}).values())  # noqa: SLF001 - public from Python 3.14 on (kill_workers)
            pool.shutdown(wait=False, cancel_futures=True)
            for process in processes:
                process.kill()
            for process in processes:
                process.join(5)


def killed_its_worker(batch: Batch, attempts: int) -> WorkerError:
    """Return the error for a batch that killed every worker that ran it."""
    first, last = batch.sources[0].file.path, batch.sources[-1].file.path
    return WorkerError(
        f"Batch {batch.batch_id[:12]} killed its worker {attempts} times (out of memory?). Its files, from "
        f"{first!r} to {last!r}, are still in landing. Find the one with --max-files 1, or use smaller batches."
    )


def choose_executor(slots: int, expected_texts: int) -> Executor:
    """Return an in-process executor for little work, else a process pool."""
    if slots == 1 or expected_texts < MIN_TEXTS_FOR_PROCESSES:
        return InlineExecutor()
    return ProcessExecutor(slots).start()


def _new_pool(slots: int) -> cf.ProcessPoolExecutor:
    return cf.ProcessPoolExecutor(
        slots, mp_context=multiprocessing.get_context("spawn"), initializer=_set_up_worker, initargs=(os.getpid(),)
    )


def _submit(pool: cf.ProcessPoolExecutor, act: Callable[..., _T], *arguments: object) -> cf.Future[_T]:
    """Submit a call to a pool; its first calls start its processes.

    The processes start with SIGINT blocked: a terminal sends Ctrl-C to all of them, and one that is still importing
    would end in a traceback. They also start without a main module: a spawned process imports its parent's, and in a
    flow run that is all of Prefect, which no worker needs.
    """
    with _starting:
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        main, sys.modules["__main__"] = sys.modules["__main__"], types.ModuleType("__main__")
        try:
            return pool.submit(act, *arguments)
        finally:
            sys.modules["__main__"] = main
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _set_up_worker(coordinator: int) -> None:
    """Leave Ctrl-C to the coordinator, end with it, and import what every batch needs."""
    # As in `cli/main.py`, for runs that another program starts.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_follow, args=(coordinator,), daemon=True).start()
    for name in _NEEDED:
        importlib.import_module(name)


def _follow(coordinator: int) -> None:
    parent = multiprocessing.parent_process()
    if parent is not None and parent.pid == coordinator:
        parent.join()
        os._exit(1)
