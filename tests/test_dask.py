"""Batches on a Dask cluster: the rows are those of a local run, whatever dies, joins late, or is not fit."""

from __future__ import annotations

import concurrent.futures as cf
import contextlib
import io
import logging
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import zipfile
from typing import TYPE_CHECKING

import pyarrow.dataset as ds
import pytest

from longshore.errors import SettingsError, WorkerError
from longshore.ingestion import dask_cluster
from longshore.ingestion.dask_cluster import DaskExecutor, refuse_other_versions, versions
from longshore.ingestion.executors import InlineExecutor
from longshore.maintenance.verify import verify
from longshore.orchestration.task_executor import PrefectExecutor
from longshore.pipeline import ingest
from longshore.records import SilentObserver
from longshore.settings import Settings, load_settings
from longshore.storage.warehouse import LocalWarehouse
from tests.dask_processes import ROOT, Processes, until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from longshore.records import Batch

pytest.importorskip("distributed", reason="distributed is not installed: pip install 'longshore[dask]'")
pytestmark = [
    pytest.mark.timeout(900),
    # Dask's own and its libraries', on which nothing here depends.
    pytest.mark.filterwarnings("ignore"),
]

# The columns that name place and time.
ELSEWHERE = ("source_modified_at", "batch_id", "ingested_at", "ingest_date")
FILES = 24


def fill(landing: Path) -> None:
    """Put plain files, a duplicate, an empty file and an archive into landing."""
    landing.mkdir(parents=True)
    for number in range(FILES):
        (landing / f"{number:02}.txt").write_text(f"At {number} o'clock the ferry came in, and the gulls were loud.")
    (landing / "again.txt").write_bytes((landing / "03.txt").read_bytes())
    (landing / "empty.txt").touch()
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as box:
        for number in range(5):
            box.writestr(f"{number}.txt", f"Crate {number} stood on the quay until the evening.")
    (landing / "box.zip").write_bytes(held.getvalue())


def settings_of(folder: Path, address: str = "", **more: object) -> Settings:
    return Settings(
        landing=folder / "landing",
        warehouse=folder / "warehouse",
        stable_seconds=0,
        workers=2,
        max_files_per_batch=3,
        executor="dask",
        dask_address=address,
        **more,
    )


def rows(settings: Settings) -> list[dict[str, object]]:
    table = ds.dataset(settings.warehouse / "records", partitioning="hive").to_table()
    found = table.drop_columns(list(ELSEWHERE)).to_pylist()
    return sorted(found, key=lambda row: row["record_id"])


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, object]]:
    """Give the rows that a run in one process makes."""
    folder = tmp_path_factory.mktemp("local")
    fill(folder / "landing")
    settings = settings_of(folder)
    ingest(settings, executor=InlineExecutor())
    return rows(settings)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    fill(tmp_path / "landing")
    return tmp_path


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[Processes]:
    with Processes(tmp_path) as made:
        yield made


def check(settings: Settings, local: list[dict[str, object]]) -> None:
    """Nothing is lost, twice or partial, and nothing is left behind."""
    assert rows(settings) == local
    found = verify(settings)
    assert not found.disagreements, list(found.lines())
    assert not list(LocalWarehouse(settings.warehouse).staged())


class OnBatch(SilentObserver):
    """Does something when the first batch is finished."""

    def __init__(self, act: Callable[[], object]) -> None:
        self.act: Callable[[], object] | None = act

    def batch_finished(self, batch: Batch, staged: object, endings: object) -> None:
        del batch, staged, endings
        act, self.act = self.act, None
        if act is not None:
            act()


def test_a_local_cluster_makes_the_rows_of_a_run_in_one_process(folder, local):
    settings = settings_of(folder)
    assert ingest(settings).state == "completed"
    check(settings, local)
    assert ingest(settings).state == "nothing-to-do"


def test_a_file_that_kills_its_dask_workers_is_rejected_and_all_others_are_published(folder, local, monkeypatch):
    (folder / "landing/deadly.txt").write_text("This one kills whoever reads it.")
    monkeypatch.setenv("LONGSHORE_FAULT", "worker.read:kill:@deadly.txt")
    settings = settings_of(folder)
    assert ingest(settings).reasons == {"EMPTY": 1, "CRASHED": 1}
    check(settings, local)


def test_where_a_worker_dies_with_its_children_the_culprit_is_found_as_well(tmp_path, monkeypatch):
    """A container that is killed as a whole: the process that tries the files dies with the worker."""
    from distributed import LocalCluster

    (tmp_path / "landing").mkdir()
    for name in ("a.txt", "b.txt", "deadly.txt"):
        (tmp_path / "landing" / name).write_text(f"The ferry {name} came in, and the gulls were loud.")
    monkeypatch.setenv("LONGSHORE_FAULT", "worker.read:kill:@deadly.txt")
    monkeypatch.setattr(dask_cluster, "run_in_child", _die)
    with LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None, silence_logs=50) as cluster:
        cluster.adapt(minimum=1, maximum=1)
        # Each death costs the start of a worker.
        cluster.scheduler.allowed_failures = 0
        settings = settings_of(tmp_path, cluster.scheduler_address)
        summary = ingest(settings)
    assert (summary.records, summary.reasons) == (2, {"CRASHED": 1})
    assert not verify(settings).disagreements


def _die(_batch: object, _order: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_worker_that_is_killed_loses_nothing(folder, local, processes):
    doomed = processes.worker()
    processes.worker()
    until(lambda: processes.workers() == 2, "two workers")
    settings = settings_of(folder, processes.address)
    summary = ingest(settings, observer=OnBatch(doomed.kill))
    assert summary.state == "completed"
    check(settings, local)


def test_a_worker_that_was_thought_dead_and_ends_late_does_no_harm(folder, local, tmp_path):
    """It stops between normalising and staging; Dask gives its batch to another; then it goes on and stages too."""
    (tmp_path / "dask").mkdir()
    with Processes(tmp_path / "dask", worker_ttl="3s") as processes:
        zombie = processes.worker(LONGSHORE_FAULT="normalise:stop")
        processes.worker()
        until(lambda: processes.workers() == 2, "two workers")
        settings = settings_of(folder, processes.address)
        warehouse = LocalWarehouse(settings.warehouse)

        def wake() -> None:
            """Wake it once everything is published but the run not over, and wait until it has staged its part."""
            until(lambda: processes.workers() == 1, "the scheduler to give the worker up")
            zombie.send_signal(signal.SIGCONT)
            until(lambda: any(path.endswith(".parquet") for path in warehouse.staged()), "the late part")

        class Last(SilentObserver):
            seen = 0

            def batch_finished(self, batch, staged, endings):
                del batch, staged
                self.seen += len({ending.file.path for ending in endings})
                if self.seen == FILES + 3:
                    wake()

        summary = ingest(settings, observer=Last())
        assert (summary.state, summary.records) == ("completed", len(local))
    check(settings, local)


def test_workers_that_join_late_are_waited_for_with_a_message(folder, local, processes, caplog):
    settings = settings_of(folder, processes.address)

    def join() -> None:
        until(lambda: "has no worker" in caplog.text, "the message")
        processes.worker()

    helper = threading.Thread(target=join)
    with caplog.at_level(logging.WARNING):
        helper.start()
        assert ingest(settings).state == "completed"
        helper.join()
    check(settings, local)


def test_an_adaptive_cluster_grows_from_nothing_and_is_used(folder, local):
    from distributed import LocalCluster

    seen = []
    with LocalCluster(n_workers=0, threads_per_worker=1, dashboard_address=None, silence_logs=50) as cluster:
        cluster.adapt(minimum=0, maximum=2, target_duration="10ms", interval="100ms")
        settings = settings_of(folder, cluster.scheduler_address)
        ingest(settings, observer=OnBatch(lambda: seen.append(len(cluster.scheduler.workers))))
    assert seen[0] >= 1
    check(settings, local)


def test_a_worker_with_other_versions_is_refused_before_any_work(folder, local, processes, tmp_path):
    other = tmp_path / "other/ftfy-0.0.1.dist-info"
    other.mkdir(parents=True)
    (other / "METADATA").write_text("Metadata-Version: 2.1\nName: ftfy\nVersion: 0.0.1\n")
    before = sorted(path.name for path in (folder / "landing").iterdir())
    worker = processes.worker(python_path=str(tmp_path / "other"))
    until(lambda: processes.workers() == 1, "the worker")
    settings = settings_of(folder, processes.address)
    with pytest.raises(WorkerError, match=r"ftfy 0\.0\.1 instead of"):
        ingest(settings)
    assert sorted(path.name for path in (folder / "landing").iterdir()) == before
    worker.kill()
    processes.worker()
    assert ingest(settings).state == "completed"
    check(settings, local)


def test_a_worker_with_other_versions_that_joins_late_is_refused_as_well(folder, processes, tmp_path, caplog):
    other = tmp_path / "other/ftfy-0.0.1.dist-info"
    other.mkdir(parents=True)
    (other / "METADATA").write_text("Metadata-Version: 2.1\nName: ftfy\nVersion: 0.0.1\n")

    def join() -> None:
        until(lambda: "has no worker" in caplog.text, "the message")
        processes.worker(python_path=str(tmp_path / "other"))

    helper = threading.Thread(target=join)
    helper.start()
    with caplog.at_level(logging.WARNING), pytest.raises(WorkerError, match=r"ftfy 0\.0\.1 instead of"):
        ingest(settings_of(folder, processes.address))
    helper.join()


def test_a_worker_without_longshore_is_named(folder, processes, tmp_path):
    (tmp_path / "other/longshore").mkdir(parents=True)
    (tmp_path / "other/longshore/__init__.py").touch()
    processes.worker(python_path=str(tmp_path / "other"))
    until(lambda: processes.workers() == 1, "the worker")
    with pytest.raises(WorkerError, match="cannot run longshore"):
        ingest(settings_of(folder, processes.address))


def test_versions_that_differ_are_all_named():
    wanted = versions()
    refuse_other_versions(wanted, versions(), "it")
    found = {name: value for name, value in wanted.items() if name != "normaliser"} | {"python": "2.7"}
    with pytest.raises(WorkerError, match=r"python 2\.7 instead of .*, normaliser None instead of"):
        refuse_other_versions(wanted, found, "it")


@pytest.mark.parametrize("hidden", ["landing", "warehouse"])
def test_a_worker_that_does_not_see_the_folders_is_refused(folder, processes, hidden):
    """A mount of its own hides the folder, as on a host that has not mounted it."""
    if subprocess.run(["unshare", "-m", "true"], capture_output=True, check=False).returncode:
        pytest.skip("this user may not make mount namespaces here")
    (folder / "warehouse").mkdir()
    before = sorted(path.name for path in (folder / "landing").iterdir())
    script = f'mount -t tmpfs none "{folder / hidden}" && exec "$@"'
    processes.worker(inside=["unshare", "-m", "sh", "-c", script, "sh"])
    until(lambda: processes.workers() == 1, "the worker")
    with pytest.raises(WorkerError, match=f"does not see the .*{hidden}.* Mount the same folder at the same path"):
        ingest(settings_of(folder, processes.address))
    assert sorted(path.name for path in (folder / "landing").iterdir()) == before


def test_files_that_are_gone_when_a_worker_comes_to_them_are_no_fault_of_its_mounts(folder, processes):
    """Their sender took them back after they were claimed: they are deferred, as in a local run."""
    processes.worker()
    until(lambda: processes.workers() == 1, "the worker")
    settings = settings_of(folder, processes.address)

    class Vanishing(DaskExecutor):
        def _submit(self, act, batch, order, **how):
            if any(source.path == "05.txt" for source in batch.sources):
                for source in batch.sources:
                    (folder / "landing" / source.path).unlink(missing_ok=True)
            return super()._submit(act, batch, order, **how)

    summary = ingest(settings, executor=Vanishing(processes.address, 2))
    assert summary.deferred == 3
    assert not verify(settings).disagreements


def test_a_scheduler_that_is_lost_ends_the_run_and_the_next_one_goes_on(folder, local, processes):
    processes.worker()
    until(lambda: processes.workers() == 1, "a worker")
    with pytest.raises(WorkerError, match="was lost"):
        ingest(settings_of(folder, processes.address), observer=OnBatch(processes.scheduler.kill))
    settings = settings_of(folder)
    assert ingest(settings).state == "completed"
    check(settings, local)


def test_a_scheduler_that_does_not_answer_is_named(folder, monkeypatch):
    monkeypatch.setattr(dask_cluster, "_CONNECT_SECONDS", 1)
    with pytest.raises(WorkerError, match=r"No Dask scheduler answers at tcp://127\.0\.0\.1:9"):
        ingest(settings_of(folder, "tcp://127.0.0.1:9"))
    assert len(list((folder / "landing").iterdir())) == FILES + 3


def test_tracked_batches_run_on_the_cluster_too(folder, local):
    names = []
    with cf.ThreadPoolExecutor(8) as threads:

        def submit(work, files, place):
            names.append((files, place))
            return threads.submit(work.run)

        settings = settings_of(folder)
        summary = ingest(settings, executor=lambda *how: PrefectExecutor(*how, submit))
    assert summary.state == "completed"
    check(settings, local)
    assert len(names) >= FILES // 3


def test_a_run_that_is_stopped_leaves_nothing_open(folder, local):
    settings = settings_of(folder)

    def interrupt() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ingest(settings, observer=OnBatch(interrupt))
    assert not verify(settings).disagreements
    assert ingest(settings, executor=InlineExecutor()).state == "completed"
    check(settings, local)


def test_without_the_package_the_error_says_what_to_install(folder, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "distributed", None)
    with pytest.raises(SettingsError, match=r'pip install "longshore\[dask\]"'):
        ingest(settings_of(folder))


def test_an_address_without_the_executor_is_an_error(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SettingsError, match='Set executor = "dask" too'):
        load_settings(dask_address="tcp://host:8786")


def test_nothing_is_started_for_an_empty_landing(folder):
    shutil.rmtree(folder / "landing")
    (folder / "landing").mkdir()
    assert ingest(settings_of(folder, "tcp://127.0.0.1:9")).state == "nothing-to-do"


def test_results_are_counts_and_names(folder, monkeypatch):
    """No text travels back to the coordinator."""
    import pickle

    sizes = []
    finish = DaskExecutor._finish

    def measured(self, future, batch, order):
        staged = finish(self, future, batch, order)
        sizes.append(len(pickle.dumps(staged)))
        return staged

    monkeypatch.setattr(DaskExecutor, "_finish", measured)
    for path in (folder / "landing").iterdir():
        path.unlink()
    text = "The ferry came in at noon, and the gulls were loud. " * 2000
    for number in range(3):
        (folder / f"landing/{number}.txt").write_text(f"{number} {text}")
    assert ingest(settings_of(folder)).records == 3
    assert max(sizes) < len(text) / 10


def test_the_commands_of_the_how_to_page_run(folder, local):
    """The scheduler and the worker stay until the end; the port is another, so that two test runs do not meet."""
    blocks = re.findall(r"```sh\n(.*?)```", (ROOT / "docs/how-to/dask.md").read_text(), re.DOTALL)
    install, alone, *start, last = (block.strip() for block in blocks)
    assert install == 'pip install "longshore[dask]"'
    (folder / "longshore.toml").write_text("stable_seconds = 0\nworkers = 2\nmax_files_per_batch = 3\n")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    started = []

    def shell(command: str) -> subprocess.Popen[bytes]:
        for name, module in (("dask", "dask"), ("longshore", "longshore")):
            command = re.sub(rf"(^| ){name} ", rf"\1{sys.executable} -m {module} ", command)
        environment = {name: value for name, value in os.environ.items() if not name.startswith("LONGSHORE_")}
        environment["PYTHONPATH"] = str(ROOT / "src")
        command = command.replace("8786", port)
        started.append(subprocess.Popen(["sh", "-c", command], cwd=folder, env=environment, start_new_session=True))
        return started[-1]

    try:
        assert shell(alone).wait() in (0, 1)
        shutil.rmtree(folder / "landing")
        shutil.rmtree(folder / "warehouse")
        fill(folder / "landing")
        for command in start:
            shell(command)
            until(lambda: _listens(int(port)), "the scheduler")
        assert shell(last).wait() in (0, 1)
    finally:
        for process in started:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    check(settings_of(folder), local)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
