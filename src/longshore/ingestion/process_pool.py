"""The process pool: batches in spawned local processes.

Promised: a process that dies is replaced, and its batch runs again; `stop` ends all within a moment; the processes end
with the one that started them, whatever kills it.
"""

from __future__ import annotations

import concurrent.futures as cf
import contextlib
import importlib
import itertools
import multiprocessing
import os
import signal
import sys
import threading
import types
from concurrent.futures.process import BrokenProcessPool
from typing import TYPE_CHECKING, Self, TypeVar

from longshore.errors import StoppedError
from longshore.ingestion.isolation import WorkerDiedError, run_again
from longshore.ingestion.worker import normalise_batch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from longshore.ingestion.worker import WorkOrder
    from longshore.records import Batch, Staged

# Modules that a batch imports late, so that a run without work does not load them.
_NEEDED = ("longshore.text.normalise", "longshore.storage.schema")

# Starting a process changes the state of this one for a moment (`undisturbed_start`).
_starting = threading.Lock()

_T = TypeVar("_T")


class ProcessExecutor:
    """Runs batches in spawned local processes, which start with the first batch and are replaced when one dies."""

    def __init__(self, slots: int) -> None:
        """Set the number of processes."""
        self.slots = slots
        self._pool: cf.ProcessPoolExecutor | None = None
        self._lock = threading.Lock()
        self._stopped = False
        # Each runs one batch whose worker died.
        self._alone: list[ProcessExecutor] = []

    def normalise(self, batches: Iterable[Batch], order: WorkOrder) -> Iterator[tuple[Batch, Staged]]:
        """Normalise the batches, one in each process and one waiting for each; retry those whose worker died."""
        self._stopped = False
        remaining = iter(batches)
        running: dict[cf.Future[Staged], Batch] = {}
        lost: list[Batch] = []
        while True:
            if not lost:
                for batch in itertools.islice(remaining, 2 * self.slots - len(running)):
                    running[self._submit(normalise_batch, batch, order)] = batch
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
                yield batch, self._run_again(batch, order)
            else:
                return

    def start(self) -> Self:
        """Start the processes now, so that they import while the first batches are planned."""
        with self._lock:
            if self._pool is None:
                self._pool = _new_pool(self.slots)
                _submit(self._pool, os.getpid)
        return self

    def run(self, batch: Batch, order: WorkOrder) -> Staged:
        """Normalise one batch in one of the processes; retry it if that dies."""
        try:
            return self.call(normalise_batch, batch, order)
        except WorkerDiedError:
            return self._run_again(batch, order)

    def call(self, act: Callable[[Batch, WorkOrder], _T], batch: Batch, order: WorkOrder) -> _T:
        """Run a function on a batch in one of the processes and wait for its result.

        Raises:
            WorkerDiedError: the process died.
            StoppedError: the executor was stopped meanwhile.
        """
        try:
            return self._submit(act, batch, order).result()
        except (BrokenProcessPool, cf.CancelledError):
            if self._stopped:
                raise StoppedError from None
            raise WorkerDiedError from None

    def _submit(self, act: Callable[[Batch, WorkOrder], _T], batch: Batch, order: WorkOrder) -> cf.Future[_T]:
        with self._lock:
            if self._stopped:
                raise StoppedError
            if self._pool is None:
                self._pool = _new_pool(self.slots)
            try:
                return _submit(self._pool, act, batch, order)
            except BrokenProcessPool:
                self._pool = _new_pool(self.slots)
                return _submit(self._pool, act, batch, order)

    def _run_again(self, batch: Batch, order: WorkOrder) -> Staged:
        """Run a batch whose worker died again, alone in a process, so that it takes no other batch with it."""
        with self._lock:
            if self._stopped:
                raise StoppedError
            alone = ProcessExecutor(1)
            self._alone.append(alone)
        try:
            return run_again(batch, order, alone.call)
        finally:
            alone.stop()
            with self._lock:
                self._alone.remove(alone)

    def stop(self) -> None:
        """Kill the processes."""
        with self._lock:
            self._stopped = True
            pool, self._pool = self._pool, None
            alone = list(self._alone)
        for one in alone:
            one.stop()
        if pool is not None:
            processes = list((pool._processes or {}).values())  # noqa: SLF001 - public from Python 3.14 on (kill_workers)
            pool.shutdown(wait=False, cancel_futures=True)
            for process in processes:
                process.kill()
            for process in processes:
                process.join(5)


def _new_pool(slots: int) -> cf.ProcessPoolExecutor:
    return cf.ProcessPoolExecutor(
        slots, mp_context=multiprocessing.get_context("spawn"), initializer=_set_up_worker, initargs=(os.getpid(),)
    )


def _submit(pool: cf.ProcessPoolExecutor, act: Callable[..., _T], *arguments: object) -> cf.Future[_T]:
    """Submit a call to a pool; its first calls start its processes."""
    with undisturbed_start():
        return pool.submit(act, *arguments)


@contextlib.contextmanager
def undisturbed_start() -> Iterator[None]:
    """Start processes and threads in the block with SIGINT blocked and without this program's main module.

    A terminal sends Ctrl-C to all processes, and one that is still importing would end in a traceback. A spawned
    process imports its parent's main module, and in a flow run that is all of Prefect, which no worker needs.
    """
    with _starting:
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        main, sys.modules["__main__"] = sys.modules["__main__"], types.ModuleType("__main__")
        try:
            yield
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
