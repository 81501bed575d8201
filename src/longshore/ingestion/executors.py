"""Executors: where batches run. In this process, in a process pool, or in anything with the methods of `Executor`.

An executor takes batches one by one as it has room and returns each with its result, in any order, so that memory does
not grow with the backlog.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias

from longshore.ingestion.process_pool import ProcessExecutor
from longshore.ingestion.worker import normalise_batch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from longshore.ingestion.worker import WorkOrder
    from longshore.records import Batch, Staged
    from longshore.settings import Settings

# Starting a process costs about as much as normalising this many news texts.
MIN_TEXTS_FOR_PROCESSES = 1500


@dataclass(frozen=True, slots=True)
class Workload:
    """The work that a run expects.

    texts: how many. after_crash: the run before died within a batch, and perhaps of one of its files.
    """

    texts: int
    after_crash: bool = False


class Executor(Protocol):
    """A place where batches run."""

    @property
    def slots(self) -> int:
        """The number of batches that run at once."""

    def normalise(self, batches: Iterable[Batch], order: WorkOrder) -> Iterator[tuple[Batch, Staged]]:
        """Normalise the batches and yield each with its result, in any order.

        A batch is taken from the iterable only when there is room to run it.
        """

    def run(self, batch: Batch, order: WorkOrder) -> Staged:
        """Normalise one batch and wait for it; it may be called in many threads.

        Raises:
            StoppedError: the executor was stopped meanwhile.
            WorkerError: workers die of the batch, and no file alone is the reason.
        """

    def stop(self) -> None:
        """Stop all work at once; recovery drops what was staged."""


ExecutorFactory: TypeAlias = "Callable[[Settings, Workload], Executor]"


class InlineExecutor:
    """Runs batches in this process, one after another, without any start-up cost."""

    slots = 1

    def normalise(self, batches: Iterable[Batch], order: WorkOrder) -> Iterator[tuple[Batch, Staged]]:
        """Normalise the batches in their order."""
        for batch in batches:
            yield batch, self.run(batch, order)

    def run(self, batch: Batch, order: WorkOrder) -> Staged:
        """Normalise one batch in the calling thread."""
        return normalise_batch(batch, order)

    def stop(self) -> None:
        """Do nothing: nothing runs between two batches."""


def choose_executor(settings: Settings, workload: Workload) -> Executor:
    """Return the executor that the settings name; with "auto" this process for little work, else a process pool.

    After a crash it is a process pool: a file that kills its process is found there, and would kill this one again.
    """
    slots = settings.worker_count
    if settings.executor == "in-process" or not workload.texts:
        return InlineExecutor()
    if settings.executor == "dask":
        from longshore.ingestion.dask_cluster import DaskExecutor  # noqa: PLC0415 - an extra

        return DaskExecutor(settings.dask_address, settings.workers if settings.dask_address else slots)
    little = slots == 1 or workload.texts < MIN_TEXTS_FOR_PROCESSES
    if settings.executor == "auto" and little and not workload.after_crash:
        return InlineExecutor()
    return ProcessExecutor(slots).start()
