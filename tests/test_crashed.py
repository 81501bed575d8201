"""A file that kills its worker: it is found and rejected alone, and everything else is published."""

from __future__ import annotations

import concurrent.futures as cf
import datetime as dt
import io
import json
import os
import subprocess
import sys
import zipfile
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from longshore.errors import WorkerError
from longshore.ingestion import isolation
from longshore.ingestion.process_pool import ProcessExecutor
from longshore.ingestion.worker import rehearse_batch
from longshore.maintenance.verify import record_ids_of, verify
from longshore.orchestration.task_executor import PrefectExecutor
from longshore.pipeline import ingest
from longshore.records import Batch, LandedFile, Reason, Source, Staged
from longshore.settings import Settings
from longshore.storage.warehouse import LocalWarehouse

if TYPE_CHECKING:
    from longshore.ingestion.summary import IngestSummary

ROOT = Path(__file__).parents[1]
CULPRIT = "3-deadly.txt"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    landing = tmp_path / "landing"
    landing.mkdir()
    for number in range(8):
        put(landing / f"{number}.txt", f"At {number} o'clock the ferry came in.".encode(), number)
    put(landing / CULPRIT, b"This one kills whoever reads it.", 3)
    return Settings(
        landing=landing,
        warehouse=tmp_path / "warehouse",
        stable_seconds=0,
        workers=2,
        max_files_per_batch=5,
        executor="processes",
    )


def put(path: Path, data: bytes, age: int) -> None:
    path.write_bytes(data)
    os.utime(path, (1_700_000_000 + age,) * 2)


def check(settings: Settings, summary: IngestSummary, published: int, rejected: str) -> None:
    """Everything is published once but the culprit, which lies in quarantine with its reason."""
    warehouse = LocalWarehouse(settings.warehouse)
    ids = [record_id for part in warehouse.parts() for record_id in record_ids_of(warehouse, part)]
    assert len(ids) == len(set(ids)) == published
    assert (summary.published, summary.reasons) == (published, {"CRASHED": 1})
    assert not list(warehouse.staged())
    found = verify(settings)
    assert not found.disagreements, found.lines()
    reason = json.loads((settings.landing / "_rejected" / f"{rejected}.reason.json").read_text())
    assert reason["reason"] == "CRASHED"


def test_a_file_that_kills_its_process_is_rejected_and_all_others_are_published(settings, monkeypatch):
    monkeypatch.setenv("LONGSHORE_FAULT", f"worker.read:kill:@{CULPRIT}")
    check(settings, ingest(settings), 8, CULPRIT)
    assert sum(1 for _ in LocalWarehouse(settings.warehouse).parts()) == 2, "the batch of the culprit is one part, too"


def test_tracked_batches_are_treated_alike(settings, monkeypatch):
    monkeypatch.setenv("LONGSHORE_FAULT", f"worker.read:kill:@{CULPRIT}")
    with cf.ThreadPoolExecutor(4) as threads:

        def tracked(settings, workload):
            return PrefectExecutor(settings, workload, lambda work, _files, _place: threads.submit(work.run))

        check(settings, ingest(settings, executor=tracked), 8, CULPRIT)


def test_an_archive_loses_only_the_member_that_kills_its_process(settings, monkeypatch):
    for path in settings.landing.iterdir():
        path.unlink()
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as box:
        for number in range(5):
            box.writestr(f"{number}.txt", f"Crate {number} stood on the quay.")
        box.writestr("deadly.txt", "This one kills whoever reads it.")
    put(settings.landing / "box.zip", held.getvalue(), 0)
    monkeypatch.setenv("LONGSHORE_FAULT", "worker.read:kill:@!/deadly.txt")
    summary = ingest(settings)
    assert (summary.records, summary.reasons) == (5, {"CRASHED": 1})
    assert not verify(settings).disagreements


def test_a_file_that_kills_the_run_itself_is_found_by_the_next_run(settings):
    """A small backlog is done in the run's own process: the next run knows that one died, and uses others."""
    (settings.landing.parent / "longshore.toml").write_text("stable_seconds = 0\nworkers = 2\n")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("LONGSHORE_", "PREFECT_"))}
    environment |= {"PYTHONPATH": str(ROOT / "src"), "LONGSHORE_FAULT": f"worker.read:kill:@{CULPRIT}"}
    command = [sys.executable, "-m", "longshore", "ingest", "--no-wait", "--json"]
    first, second = (
        subprocess.run(command, cwd=settings.landing.parent, env=environment, capture_output=True, check=False)
        for _ in range(2)
    )
    assert first.returncode == -9
    assert second.returncode in (0, 1), second.stderr
    summary = json.loads(second.stdout)
    assert (summary["records"], summary["reasons"]) == (8, {"CRASHED": 1})
    assert not verify(settings).disagreements


class _Deadly:
    """Workers that die of some files; stands for `call`."""

    def __init__(self, *deadly: str, at_most: int = 100) -> None:
        self.deadly, self.at_most, self.deaths = deadly, at_most, 0

    def __call__(self, act, batch, _order):
        dies = len(batch.sources) > self.at_most or any(source.path in self.deadly for source in batch.sources)
        if dies or "" in self.deadly:
            self.deaths += 1
            raise isolation.WorkerDiedError
        return None if act is rehearse_batch else Staged.nothing()


def batch_of(*paths: str, member: str | None = None) -> Batch:
    sources = (Source(LandedFile(path, 1, 0, 0), f"id of {path}", member) for path in paths)
    return Batch("batch", tuple(sources), (), dt.datetime.now(dt.UTC), "part")


def test_a_worker_that_dies_of_something_else_costs_no_file():
    deaths = iter([True, False])

    def call(_act, _batch, _order):
        if next(deaths):
            raise isolation.WorkerDiedError
        return Staged.nothing()

    assert isolation.run_again(batch_of("a", "b"), None, call).failed == {}


def test_each_of_several_culprits_is_found():
    staged = isolation.run_again(batch_of("a", "b", "c", "d"), None, _Deadly("b", "d"))
    assert {id_: reason for id_, (reason, _) in staged.failed.items()} == dict.fromkeys(
        ("id of b", "id of d"), Reason.CRASHED
    )


def test_files_that_kill_only_together_stay_in_landing_and_the_error_says_what_to_change():
    with pytest.raises(WorkerError, match="max_bytes_per_batch") as caught:
        isolation.run_again(batch_of("a\x1b.txt", "b"), None, _Deadly(at_most=1))
    assert "\x1b" not in str(caught.value)


def test_a_broken_machine_rejects_no_file():
    with pytest.raises(WorkerError, match="before they read a file"):
        isolation.run_again(batch_of("a", "b"), None, _Deadly(""))
    with pytest.raises(WorkerError, match="of every file"):
        isolation.run_again(batch_of(*"abcde"), None, _Deadly(*"abcde"))


def test_an_archive_that_kills_at_every_member_costs_few_workers():
    sources = tuple(Source(LandedFile("box.zip", 1, 0, 0), f"id {n}", f"{n}.txt") for n in range(1000))
    batch = Batch("batch", sources, (), dt.datetime.now(dt.UTC), "part")
    deadly = _Deadly(*(source.path for source in sources))
    staged = isolation.run_again(batch, None, deadly)
    assert len(staged.failed) == 1000
    assert deadly.deaths < 100


def test_a_stopped_pool_runs_nothing_again():
    executor = ProcessExecutor(1)
    executor.stop()
    with pytest.raises(WorkerError, match="told to stop"):
        executor.run(batch_of("a"), None)
    assert executor._pool is None


def test_work_that_is_stopped_meanwhile_is_not_a_crash(monkeypatch):
    executor = ProcessExecutor(1)
    future: cf.Future[None] = cf.Future()
    monkeypatch.setattr(executor, "_submit", lambda *_: future)
    executor.stop()
    future.set_exception(BrokenProcessPool("its process was killed by stop()"))
    with pytest.raises(WorkerError, match="told to stop"):
        executor.run(batch_of("a"), None)
