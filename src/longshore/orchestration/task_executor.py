"""Batches as Prefect task runs: the run's threads carry the task runs, an executor carries the work.

Promised: as many batches in progress as there is use for; a batch whose process died runs again, alone; `stop` ends all
within a moment. Where few files wait, they are done in the run's own process: it takes less time than starting another.
This module does not import Prefect: it is told how to submit.
"""

from __future__ import annotations

import os
import queue
from typing import TYPE_CHECKING, Any, Protocol

from longshore.ingestion.executors import choose_executor
from longshore.ingestion.process_pool import ProcessExecutor
from longshore.ingestion.worker import normalise_batch
from longshore.storage.names import printable, to_source_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from longshore.ingestion.executors import Executor, Workload
    from longshore.ingestion.worker import WorkOrder
    from longshore.records import Batch, Staged
    from longshore.settings import Settings

# Some two seconds of work: less than cancelling may take, and about what a first process takes to start.
_FEW_BYTES = 2 * 1024 * 1024
_FEW_FILES = 250


class Future(Protocol):
    """The part of a submitted task run's interface that is used."""

    def add_done_callback(self, fn: Callable[[Any], None]) -> None:
        """Call back when it is done."""

    def result(self) -> Any:  # noqa: ANN401 - Prefect's futures are generic
        """Return what the task gave, or raise what it raised."""


class Work:
    """One batch and how to do it; opaque, so that Prefect neither walks through it nor shows it."""

    __slots__ = ("_batch", "_order", "_workers")

    def __init__(self, batch: Batch, order: WorkOrder, workers: PrefectExecutor) -> None:
        self._batch, self._order, self._workers = batch, order, workers

    def run(self) -> Staged:
        """Normalise the batch, wherever that is quickest."""
        return self._workers.run(self._batch, self._order)


class PrefectExecutor:
    """Batches run as task runs of the flow run that this is made in."""

    def __init__(self, settings: Settings, workload: Workload, submit: Callable[[Work, str, str], Future]) -> None:
        """Choose where batches run, and store what submits a task run.

        submit: from (work, how many files, where from).
        """
        self._submit = submit
        self._few = settings.executor == "auto" and workload.texts <= _FEW_FILES and not workload.after_crash
        if settings.executor == "auto":
            pool = ProcessExecutor(settings.worker_count)
            self._workers: Executor = pool if self._few else pool.start()
        else:
            self._workers = choose_executor(settings, workload)

    @property
    def slots(self) -> int:
        """The number of batches that run at once."""
        return self._workers.slots

    def normalise(self, batches: Iterable[Batch], order: WorkOrder) -> Iterator[tuple[Batch, Staged]]:
        """Submit the batches, as many at once as there are slots and one in waiting each; give each back as it ends."""
        done: queue.SimpleQueue[Any] = queue.SimpleQueue()
        in_hand: dict[int, tuple[Batch, Future]] = {}
        waiting = iter(batches)
        exhausted = False
        while True:
            while not exhausted and len(in_hand) < 2 * self.slots:
                batch = next(waiting, None)
                if batch is None:
                    exhausted = True
                    break
                future = self._submit(Work(batch, order, self), files_of(batch), place_of(batch))
                in_hand[id(future)] = (batch, future)
                future.add_done_callback(lambda future: done.put(id(future)))
            if not in_hand:
                return
            batch, future = in_hand.pop(done.get())
            yield batch, future.result()

    def run(self, batch: Batch, order: WorkOrder) -> Staged:
        """Do one batch, in a thread of the task runner: here if it is small, else in a process.

        Raises:
            WorkerError: workers die of it, and no file alone is the reason.
            StoppedError: the run was told to stop meanwhile.
        """
        if self._few and sum(source.file.size for source in batch.sources) <= _FEW_BYTES:
            return normalise_batch(batch, order)
        return self._workers.run(batch, order)

    def stop(self) -> None:
        """End the work in progress at once."""
        self._workers.stop()


def place_of(batch: Batch) -> str:
    """Return in a word where the files of a batch are from.

    >>> from longshore.records import Batch
    >>> place_of(Batch("", (), (), None, None))
    'landing/'
    """
    folders = {os.path.dirname(source.file.path) for source in batch.sources}  # noqa: PTH120 - `/`-separated names
    common = os.path.commonpath(folders) if folders and "" not in folders else ""
    return f"{printable(to_source_path(common))}/" if common else "landing/"


def files_of(batch: Batch) -> str:
    """Return how much a batch holds: `1 file`, `500 files`, `1,200 texts of 3 files`."""
    texts, files = len(batch.sources), len({source.file.path for source in batch.sources})
    counted = f"{files:,} file" + ("s" if files != 1 else "")
    return counted if files == texts else f"{texts:,} texts of {counted}"
