"""Batches on a Dask cluster: an existing one (`dask_address`), or one of this machine's processes.

The coordinator submits each batch as one Dask task. A worker reads the landed files, stages the part, and returns
counts and names; ledger, publishing and finalization stay with the coordinator.

Promised: before a worker does anything, its versions are compared with the coordinator's, and it must see the same
landing folder and warehouse. A batch whose worker died runs elsewhere; if Dask runs a batch twice, because a worker was
only cut off, both stage the same file and one of them is published. A batch that kills its workers is tried file by
file in child processes of a worker. Workers may join and leave at any time.
Not promised: anything against who can reach the scheduler's port. Dask runs code that is sent to it, so protect the
port by TLS or a network policy; the local cluster uses TLS.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
import logging
import multiprocessing
import os
import pickle
import platform
import queue
import threading
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from longshore import __version__
from longshore.errors import SettingsError, StoppedError, WorkerError
from longshore.ingestion.isolation import WorkerDiedError, run_again, run_without_culprits
from longshore.ingestion.process_pool import ProcessExecutor, undisturbed_start
from longshore.ingestion.worker import normalise_batch
from longshore.storage.filesystem import is_same
from longshore.storage.stores.choose import location_of, open_warehouse
from longshore.text.version import NORMALISER_VERSION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from longshore.ingestion.worker import WorkOrder
    from longshore.records import Batch, Staged

_log = logging.getLogger(__name__)
_T = TypeVar("_T")

# How long a scheduler may take to answer when a run begins.
_CONNECT_SECONDS = 30
# How often a waiting run looks whether the cluster has any worker.
_LOOK_SECONDS = 2.0
# Packages whose version may change a row, or how Dask talks.
_PACKAGES = ("distributed", "pyarrow", "ftfy", "chardet", "langdetect", "numpy")
# A worker must see one of the first few files of its batch: the others may be on their way to somewhere else.
_FILES_TO_SEE = 3


class DaskExecutor:
    """Runs each batch as a task of a Dask cluster. It connects when it is first used."""

    def __init__(self, address: str, workers: int) -> None:
        """Store where the cluster is.

        Args:
            address: of the scheduler; empty for a cluster of local processes.
            workers: of a local cluster, how many. Otherwise how far the cluster may grow: twice as many batches are
                submitted at once, because an adaptive cluster grows by what waits.
        """
        self._address = address
        self._workers = workers
        self._cluster: Any = None
        self._client: Any = None
        self._lock = threading.Lock()
        self._stopped = False
        self._numbers = itertools.count()

    @property
    def slots(self) -> int:
        """The number of batches that run at once now, or as many as there may be soon."""
        info = self._connected().scheduler_info(n_workers=0)
        return max(1, self._workers, int(info["total_threads"]))

    def normalise(self, batches: Iterable[Batch], order: WorkOrder) -> Iterator[tuple[Batch, Staged]]:
        """Normalise the batches, as many at once as the cluster has threads, and one waiting for each."""
        remaining = iter(batches)
        running: dict[str, tuple[Batch, Any]] = {}
        done: queue.SimpleQueue[Any] = queue.SimpleQueue()
        while True:
            for batch in itertools.islice(remaining, max(0, 2 * self.slots - len(running))):
                future = self._submit(normalise_batch, batch, order)
                running[future.key] = batch, future
                future.add_done_callback(done.put)
            if not running:
                return
            batch, future = running.pop(self._when(lambda: done.get(timeout=_LOOK_SECONDS), queue.Empty).key)
            yield batch, self._finish(future, batch, order)

    def run(self, batch: Batch, order: WorkOrder) -> Staged:
        """Normalise one batch on the cluster; retry it where its workers die."""
        return self._finish(self._submit(normalise_batch, batch, order), batch, order)

    def stop(self) -> None:
        """Forget the tasks, and end a local cluster. What an existing cluster is doing ends there, unseen."""
        with self._lock:
            self._stopped = True
            client, self._client = self._client, None
            cluster, self._cluster = self._cluster, None
        for one in (client, cluster):
            if one is not None:
                with contextlib.suppress(Exception):  # also where the scheduler is gone
                    one.close(timeout=5)

    def _finish(self, future: Any, batch: Batch, order: WorkOrder) -> Staged:  # noqa: ANN401 - distributed has no types
        try:
            return self._result(future, normalise_batch, batch, order)
        except WorkerDiedError:
            _log.warning("Batch %s killed its Dask workers; it runs again, apart.", batch.batch_id[:12])
        try:
            return self._call(run_in_child, batch, order)
        except WorkerDiedError:
            # A container that is killed as a whole takes the worker with the child: each file is a task then.
            return run_without_culprits(batch, order, self._call)

    def _call(self, act: Callable[[Batch, WorkOrder], _T], batch: Batch, order: WorkOrder) -> _T:
        return self._result(self._submit(act, batch, order), act, batch, order)

    def _submit(
        self, act: Callable[[Batch, WorkOrder], _T], batch: Batch, order: WorkOrder, *, must_see: bool = True
    ) -> Any:  # noqa: ANN401 - as above
        order = replace(
            order,
            landing=_absolute(order.landing),
            warehouse=_absolute(order.warehouse),
            inner=_absolute(order.inner),
        )
        # Of the deliveries a worker needs those of archive members only.
        members = tuple(delivery for delivery in batch.deliveries if delivery.member is not None)
        # Keys are the cluster's, not the client's: another run must never be given the result of this one.
        key = f"{act.__name__}-{order.run_id}-{batch.batch_id[:16]}-{next(self._numbers)}"
        # The scheduler unpickles what it is sent and needs no Longshore for this; the worker unpickles, and so calls.
        call = pickle.dumps(_Call((act, replace(batch, deliveries=members), order, versions(), must_see)))
        return self._connected().submit(pickle.loads, call, key=key, pure=False, retries=0)

    def _result(self, future: Any, act: Callable[[Batch, WorkOrder], _T], batch: Batch, order: WorkOrder) -> _T:  # noqa: ANN401 - as above
        """Wait for a task and return its result.

        Raises:
            WorkerDiedError: too many workers died with it.
            StoppedError: the executor was stopped meanwhile.
            WorkerError: the scheduler is gone, or a worker is not fit for the run.
        """
        from distributed import CancelledError, KilledWorker  # noqa: PLC0415 - an extra

        try:
            result: _T = self._when(lambda: future.result(timeout=_LOOK_SECONDS), TimeoutError)
        except KilledWorker:
            raise WorkerDiedError from None
        except CancelledError:
            if self._stopped:
                raise StoppedError from None
            raise WorkerError(
                f"The Dask scheduler{self._at} was lost. Nothing is lost or published twice: the next run goes on."
            ) from None
        except UnseenFilesError as unseen:
            if _sees(batch, order.landing):
                raise WorkerError(f"{unseen} Mount the same folder at the same path on each worker.") from None
            # They are gone here too: the worker finds out which of the others are left.
            return self._result(self._submit(act, batch, order, must_see=False), act, batch, order)
        except (ImportError, AttributeError) as error:
            raise WorkerError(
                f"A Dask worker cannot run Longshore's tasks: {error}. Install longshore {__version__} there."
            ) from error
        return result

    def _when(self, wait: Callable[[], _T], not_yet: type[Exception]) -> _T:
        """Repeat a wait that raises `not_yet`; say once in a while that there is no worker."""
        told = False
        while True:
            try:
                return wait()
            except not_yet:
                client = self._client
                if self._stopped or client is None:
                    raise StoppedError from None
                if client.scheduler_info(n_workers=0)["n_workers"]:
                    told = False
                elif not told:
                    _log.warning("The Dask cluster%s has no worker. The run waits for one.", self._at)
                    told = True

    @property
    def _at(self) -> str:
        return f" at {self._address}" if self._address else ""

    def _connected(self) -> Any:  # noqa: ANN401 - as above
        """Return the client; connect first if it was not used yet.

        Raises:
            SettingsError: `distributed` is not installed.
            WorkerError: no scheduler answers, or a worker is not fit for the run.
        """
        with self._lock:
            if self._stopped:
                raise StoppedError
            if self._client is None:
                self._connect()
            return self._client

    def _connect(self) -> None:
        try:
            from distributed import Client, LocalCluster  # noqa: PLC0415 - an extra
        except ImportError as error:
            raise SettingsError(
                '`executor = "dask"` needs the package distributed: pip install "longshore[dask]".'
            ) from error
        if not self._address:
            with undisturbed_start():
                self._cluster = LocalCluster(  # type: ignore[no-untyped-call]
                    n_workers=self._workers,
                    threads_per_worker=1,
                    host="127.0.0.1",
                    # Whoever reaches a scheduler can run code: also another user of this machine.
                    security=True,
                    dashboard_address=None,
                    silence_logs=logging.ERROR,
                )
                # Replaces also workers that could not be started again after one died.
                self._cluster.adapt(minimum=self._workers, maximum=self._workers)
        try:
            client = Client(  # type: ignore[no-untyped-call]
                self._cluster or self._address, timeout=_CONNECT_SECONDS, set_as_default=False
            )
        except (OSError, ValueError, TypeError) as error:
            raise WorkerError(
                f"No Dask scheduler answers at {self._address} ({error}). Start one (`dask scheduler`), or correct "
                "`dask_address`."
            ) from error
        self._client = client
        _refuse_unfit_workers(client)


def _refuse_unfit_workers(client: Any) -> None:  # noqa: ANN401 - as above
    """Compare the versions of all present workers before any work; those that join later are compared by `work`."""
    for address, answer in client.run(versions, on_error="return").items():
        if isinstance(answer, dict):
            refuse_other_versions(versions(), answer, f"The Dask worker {address}")
        elif not isinstance(answer, OSError):  # it has just left
            raise WorkerError(
                f"The Dask worker {address} cannot run longshore {__version__}: {answer}. Install it there."
            )


class _Call:
    """A call of `work` that is made where it is unpickled."""

    def __init__(self, arguments: tuple[object, ...]) -> None:
        self._arguments = arguments

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return work, self._arguments


# --- What runs on a worker ---


class UnseenFilesError(WorkerError):
    """A worker sees none of the first files of its batch."""


def work(
    act: Callable[[Batch, WorkOrder], _T],
    batch: Batch,
    order: WorkOrder,
    wanted: dict[str, str],
    must_see: bool,  # noqa: FBT001 - pickled calls have no keywords
) -> _T:
    """Run `act(batch, order)` on a worker, if it would make the same rows of the same files as the coordinator.

    Raises:
        WorkerError: it has other versions, or sees another warehouse or landing folder.
    """
    here = f"The Dask worker on {platform.node()}"
    refuse_other_versions(wanted, versions(), here)
    # The run has just made this folder, and its name is random: who sees it sees the same warehouse.
    warehouse = location_of(order.warehouse)
    if isinstance(warehouse, Path) and not open_warehouse(warehouse).spool(order.run_id).is_dir():
        raise WorkerError(
            f"{here} does not see the warehouse {order.warehouse} of this run. Mount the same folder at the same path "
            "on each worker."
        )
    if must_see and batch.sources and not _sees(batch, order.landing):
        raise UnseenFilesError(f"{here} does not see the files in {order.landing}.")
    return act(batch, order)


def run_in_child(batch: Batch, order: WorkOrder) -> Staged:
    """Run a batch that killed workers in child processes of this one, and reject the files that kill them."""
    # Dask's processes are daemons, which may have no children; these end with their parent.
    multiprocessing.current_process().daemon = False
    children = ProcessExecutor(1)
    try:
        return run_again(batch, order, children.call)
    finally:
        children.stop()


@functools.cache
def versions() -> dict[str, str]:
    """Return the versions that must be equal on the coordinator and all workers, by name."""
    found = {
        "python": ".".join(platform.python_version_tuple()[:2]),
        "longshore": __version__,
        "normaliser": NORMALISER_VERSION,
    }
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "none"
    return found


def refuse_other_versions(wanted: dict[str, str], found: dict[str, str], who: str) -> None:
    """Raise an error that names each version that differs.

    Raises:
        WorkerError: one does.
    """
    differ = [f"{name} {found.get(name)} instead of {ours}" for name, ours in wanted.items() if found.get(name) != ours]
    if differ:
        raise WorkerError(
            f"{who} has {', '.join(differ)}: its rows could differ. Install the same versions on the coordinator and "
            "all workers (constraints.txt)."
        )


def _sees(batch: Batch, landing: str) -> bool:
    """Return whether one of the first files of a batch is in landing as the coordinator listed it."""
    if not isinstance(location_of(landing), Path):
        return True
    for source in batch.sources[:_FILES_TO_SEE]:
        with contextlib.suppress(OSError):
            found = os.lstat(os.path.join(landing, source.file.path))  # noqa: PTH118 - as the landing folder does
            if is_same(found, source.file):
                return True
    return False


def _absolute(place: str) -> str:
    """Return a folder as an absolute path; a URL as it is."""
    return place if not isinstance(location_of(place), Path) else os.path.abspath(place)  # noqa: PTH100 - symbolic links stay as they are written
