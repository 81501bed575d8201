"""Where batches run: here, in local processes, or wherever something with the same one method takes them.

A `Workers` takes batches as they are asked for and gives back what became of them, in any order. It never holds more
batches than it has use for, so that memory does not grow with the backlog.
"""

from __future__ import annotations

import concurrent.futures as cf
import importlib
import logging
import multiprocessing
import os
import signal
import sys
import threading
import types
from concurrent.futures.process import BrokenProcessPool
from typing import TYPE_CHECKING, Protocol, Self, TypeVar

from longshore.errors import WorkerError
from longshore.ingestion.worker import normalise_batch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from longshore.ingestion.worker import WorkOrder
    from longshore.records import Batch, Staged


_log = logging.getLogger(__name__)

# Starting a worker costs about as much as normalising so many news texts.
MIN_TEXTS_FOR_PROCESSES = 1500
# A batch whose worker died so often is given up: it is what kills them.
_ATTEMPTS = 3
# What a batch loads where it is used, so that a run which finds nothing does not.
_NEEDED = ("longshore.text.normalise", "longshore.storage.schema")

# One at a time: what a process is started with is the whole program's for a moment.
_starting = threading.Lock()

_T = TypeVar("_T")


class Workers(Protocol):
    """What the pipeline needs of a place where batches run."""

    @property
    def slots(self) -> int:
        """How many batches run at once."""

    def normalise(self, batches: Iterable[Batch], order: WorkOrder) -> Iterator[tuple[Batch, Staged]]:
        """Normalise the batches and give each back with what became of it, in any order.

        A batch is taken from the iterable only when there is a place to run it.
        """

    def stop(self) -> None:
        """End the work in hand at once; what was staged is dropped by whoever recovers."""


class InlineWorkers:
    """Batches run in this process, one after the other: no start-up, no second copy of anything."""

    slots = 1

    def normalise(self, batches: Iterable[Batch], order: WorkOrder) -> Iterator[tuple[Batch, Staged]]:
        """Normalise the batches in their order."""
        for batch in batches:
            yield batch, normalise_batch(batch, order)

    def stop(self) -> None:
        """Nothing is in hand between two batches."""


class ProcessWorkers:
    """Batches run in local processes (spawned), started when the first batch comes and made anew when one dies."""

    def __init__(self, slots: int) -> None:
        """Take how many processes to run."""
        self.slots = slots
        self._pool: cf.ProcessPoolExecutor | None = None
        self._lock = threading.Lock()

    def normalise(self, batches: Iterable[Batch], order: WorkOrder) -> Iterator[tuple[Batch, Staged]]:
        """Normalise the batches, as many at once as there are processes (and one in waiting each)."""
        yield from run_windowed(batches, lambda batch: self.submit(batch, order), 2 * self.slots, self.run_again(order))

    def start(self) -> Self:
        """Start the processes now: they load what they need while the first batches are planned."""
        with self._lock:
            if self._pool is None:
                self._pool = _new_pool(self.slots)
                _submit(self._pool, os.getpid)
        return self

    def submit(self, batch: Batch, order: WorkOrder) -> cf.Future[Staged]:
        """Hand one batch to a process."""
        with self._lock:
            if self._pool is None:
                self._pool = _new_pool(self.slots)
            try:
                return _submit(self._pool, normalise_batch, batch, order)
            except BrokenProcessPool:
                self._pool = _new_pool(self.slots)
                return _submit(self._pool, normalise_batch, batch, order)

    def run_again(self, order: WorkOrder) -> Callable[[Batch], Staged]:
        """Give what runs a batch whose worker died: again, alone, in a process of its own each time."""

        def again(batch: Batch) -> Staged:
            for attempt in range(2, _ATTEMPTS + 1):
                _log.warning("A worker died; batch %s runs again (attempt %d).", batch.batch_id[:12], attempt)
                with self._lock:
                    pool = self._pool = _new_pool(1)
                try:
                    staged = _submit(pool, normalise_batch, batch, order).result()
                except BrokenProcessPool:
                    continue
                # The next batch makes a pool of all slots again.
                self.stop()
                return staged
            raise killed_its_worker(batch, _ATTEMPTS)

        return again

    def stop(self) -> None:
        """Kill the processes; none of them outlives the run."""
        with self._lock:
            pool, self._pool = self._pool, None
        if pool is not None:
            processes = list((pool._processes or {}).values())  # noqa: SLF001 - public from Python 3.14 on (kill_workers)
            pool.shutdown(wait=False, cancel_futures=True)
            for process in processes:
                process.kill()
            for process in processes:
                process.join(5)


def run_windowed(
    batches: Iterable[Batch],
    submit: Callable[[Batch], cf.Future[Staged]],
    window: int,
    run_again: Callable[[Batch], Staged],
) -> Iterator[tuple[Batch, Staged]]:
    """Keep `window` batches in hand, give each back as it is done, and run again those whose worker died."""
    waiting = iter(batches)
    in_hand: dict[cf.Future[Staged], Batch] = {}
    lost: list[Batch] = []
    exhausted = False
    while True:
        while not exhausted and not lost and len(in_hand) < window:
            batch = next(waiting, None)
            if batch is None:
                exhausted = True
            else:
                in_hand[submit(batch)] = batch
        if not in_hand and not lost:
            if exhausted:
                return
            continue
        if in_hand:
            done, _ = cf.wait(in_hand, return_when=cf.FIRST_COMPLETED)
            for future in done:
                batch = in_hand.pop(future)
                try:
                    staged = future.result()
                except BrokenProcessPool:
                    lost.append(batch)
                else:
                    yield batch, staged
        elif lost:
            batch = lost.pop()
            yield batch, run_again(batch)


def killed_its_worker(batch: Batch, attempts: int) -> WorkerError:
    """Give the error of a batch that is given up because it kills whatever works on it."""
    first, last = batch.sources[0].file.path, batch.sources[-1].file.path
    return WorkerError(
        f"Batch {batch.batch_id[:12]} killed its worker {attempts} times (out of memory?). Its files, from "
        f"{first!r} to {last!r}, are still in landing. Try --max-files 1 to find the one, or smaller batches."
    )


def choose_workers(slots: int, expected_texts: int) -> Workers:
    """Give what is quickest for so many texts: this process, or others."""
    if slots == 1 or expected_texts < MIN_TEXTS_FOR_PROCESSES:
        return InlineWorkers()
    return ProcessWorkers(slots).start()


def _new_pool(slots: int) -> cf.ProcessPoolExecutor:
    return cf.ProcessPoolExecutor(
        slots, mp_context=multiprocessing.get_context("spawn"), initializer=_set_up_worker, initargs=(os.getpid(),)
    )


def _submit(pool: cf.ProcessPoolExecutor, act: Callable[..., _T], *arguments: object) -> cf.Future[_T]:
    """Hand something to a pool; with its first tasks its processes start.

    They are born deaf to Ctrl-C: a terminal sends it to all of them, and one that still imports would end in a
    traceback before it could ignore it. And they know of no main module: a spawned process imports its parent's
    first, and in a flow run that is all of Prefect, of which a worker needs nothing.
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
    """Leave Ctrl-C to the coordinator, do not outlive it, and load what every batch needs."""
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
