"""How a run ends and what it says, run in this process against the served project's Prefect server."""

from __future__ import annotations

import concurrent.futures as cf
import datetime as dt
import errno
import warnings
from pathlib import Path

import pytest

from longshore.ingestion.executors import Workload
from longshore.orchestration.flow_files import load_flow
from longshore.records import Batch, LandedFile, Source
from longshore.settings import Settings
from longshore.storage.lock import one_run_at_a_time
from tests.flows.project import until

pytestmark = [
    pytest.mark.timeout(1800),
    # Prefect's and its libraries' own, on which nothing here depends.
    pytest.mark.filterwarnings("ignore"),
]


@pytest.fixture(scope="module")
def prefect_api(served):
    """Have this process's Prefect use the served project's server."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from prefect.settings import PREFECT_API_URL, temporary_settings

        with temporary_settings({PREFECT_API_URL: served.api.url}):
            yield served.api


@pytest.fixture
def folders(tmp_path, monkeypatch):
    """A project of its own, in the working directory; files are stable at once."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LONGSHORE_STABLE_SECONDS", "0")
    (tmp_path / "landing").mkdir()
    return tmp_path


def test_a_run_with_rejected_files_says_so_in_its_state(prefect_api, folders):
    ingest = load_flow("ingest")

    (folders / "landing/good.txt").write_text("A quiet afternoon on the quay, and the gulls were loud.")
    (folders / "landing/empty.txt").write_text("")
    state = ingest(return_state=True)
    assert (state.type.value, state.name) == ("COMPLETED", "CompletedWithRejects")
    assert "2 file(s): 1 published, 1 rejected" in state.message
    wanted = "normalise 2 files from landing/"
    until("the task run of the batch", lambda: wanted in {run["name"] for run in _task_runs(prefect_api, state)})
    assert ingest(return_state=True).name == "NothingToDo"


def test_batches_on_a_dask_cluster_are_task_runs_as_always(prefect_api, folders, monkeypatch):
    pytest.importorskip("distributed", reason="distributed is not installed: pip install 'longshore[dask]'")
    monkeypatch.setenv("LONGSHORE_EXECUTOR", "dask")
    monkeypatch.setenv("LONGSHORE_WORKERS", "1")
    monkeypatch.setenv("LONGSHORE_MAX_FILES_PER_BATCH", "2")
    for number in range(4):
        (folders / f"landing/{number}.txt").write_text(
            f"At {number} o'clock the ferry came in, and the gulls were loud."
        )
    state = load_flow("ingest")(return_state=True)
    assert (state.type.value, state.name) == ("COMPLETED", "Completed")

    def completed() -> list[str]:
        return [run["name"] for run in _task_runs(prefect_api, state) if run["state_type"] == "COMPLETED"]

    until("the task runs of both batches", lambda: completed().count("normalise 2 files from landing/") == 2)


@pytest.mark.usefixtures("prefect_api")
def test_a_run_that_finds_another_at_work_is_skipped_and_names_it(folders):
    ingest = load_flow("ingest")

    with one_run_at_a_time(folders / "warehouse/_longshore", "ingest elsewhere", dt.datetime.now(dt.UTC)):
        state = ingest(return_state=True)
    assert (state.type.value, state.name) == ("COMPLETED", "Skipped")
    assert "ingest elsewhere" in state.message


@pytest.mark.usefixtures("prefect_api")
def test_a_run_that_cannot_go_on_fails_with_one_plain_sentence(folders):
    ingest = load_flow("ingest")

    (folders / "landing").rmdir()
    state = ingest(return_state=True)
    assert state.type.value == "FAILED"
    assert "does not exist" in state.message
    assert "Traceback" not in state.message


@pytest.mark.usefixtures("prefect_api")
def test_the_summary_is_the_same_as_without_prefect(folders):
    from longshore.orchestration.runs import run_tracked
    from longshore.records import SilentObserver
    from longshore.settings import load_settings

    (folders / "landing/one.txt").write_text("One more crate was carried into the shed before the rain.")
    summary = run_tracked(load_settings(), wait=True, observer=SilentObserver())
    assert (summary.state, summary.published, summary.records) == ("completed", 1, 1)


@pytest.mark.usefixtures("prefect_api")
def test_a_hiccup_of_the_disk_is_tried_again_and_bad_rights_are_not():
    from prefect import flow

    normalise_batch = load_flow("ingest").fn.__globals__["normalise_batch"]

    class Hiccup:
        def __init__(self, number: int) -> None:
            self.number, self.tries = number, 0

        def run(self) -> str:
            self.tries += 1
            if self.tries == 1:
                raise OSError(self.number, "made by the test")
            return "done"

    @flow
    def go(work: object) -> str:
        return normalise_batch.submit(work, "1 file", "landing/").result()

    passing = Hiccup(errno.EIO)
    assert go.with_options(validate_parameters=False)(passing) == "done"
    assert passing.tries == 2
    lasting = Hiccup(errno.EACCES)
    with pytest.raises(PermissionError):
        go.with_options(validate_parameters=False)(lasting)
    assert lasting.tries == 1


def test_only_what_may_pass_is_transient():
    from sqlalchemy.exc import OperationalError

    from longshore.orchestration.runs import is_transient

    assert is_transient(OSError(errno.EIO, ""))
    assert is_transient(TimeoutError())
    assert is_transient(OperationalError("", {}, Exception("database is locked")))
    assert not is_transient(OSError(errno.ENOSPC, ""))
    assert not is_transient(ValueError("bad data"))


class _Prompt:
    """An executor whose batches are done at once."""

    slots = 2

    def run(self, batch: Batch, order: object) -> str:
        del order
        return f"staged {batch.batch_id}"


def _batches(count: int) -> list[Batch]:
    big = 4 * 1024 * 1024
    return [
        Batch(f"{i}", (Source(LandedFile(f"a/{i}.txt", big, 0, i), "00"),), (), dt.datetime.now(dt.UTC), None)
        for i in range(count)
    ]


def test_no_more_batches_are_in_hand_than_there_is_use_for(monkeypatch):
    from longshore.orchestration import task_executor

    monkeypatch.setattr(task_executor, "choose_executor", lambda *_: _Prompt())
    taken = 0

    def counted():
        nonlocal taken
        for batch in _batches(50):
            taken += 1
            yield batch

    with cf.ThreadPoolExecutor(2) as threads:
        settings, workload = Settings(executor="processes"), Workload(1000)
        workers = task_executor.PrefectExecutor(settings, workload, lambda work, *_: threads.submit(work.run))
        for given, _ in enumerate(workers.normalise(counted(), None), 1):
            assert taken - given <= 4


def _task_runs(api, state):
    run_id = str(state.state_details.flow_run_id)
    return api.post("/task_runs/filter", {"flow_runs": {"id": {"any_": [run_id]}}})


def test_names_of_batches_are_short_and_true():
    from longshore.orchestration.task_executor import files_of, place_of

    (batch,) = _batches(1)
    assert (files_of(batch), place_of(batch)) == ("1 file", "a/")
    assert Path(place_of(batch)).name == "a"
