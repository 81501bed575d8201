"""A repair that dies at any step: nothing else runs until it is finished, and nothing is lost or doubled.

CRASH_MATRIX=full takes every error of the disk, and in delete mode every step on PostgreSQL too.
"""

from __future__ import annotations

import collections
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

from longshore.maintenance.verify import record_ids_of
from longshore.storage.fault_injection import REPAIR_STEPS
from longshore.storage.warehouse import LocalWarehouse
from tests.crash.project import fill, record_ids

SRC = Path(__file__).parent.parent.parent / "src"
UNFINISHED = "repair is unfinished"
# How often a step is passed: a part is adopted, and a folder of originals recorded, more than once.
TIMES = {"repair.adopted": (1, 3)}
KILLS = [(step, "kill", nth) for step in REPAIR_STEPS for nth in TIMES.get(step, (1,))]
# Steps of a damaged SQLite file only: a server checks its own files, and a lost one is not moved.
MOVED = ("repair.marked", "repair.moved")
FULL = os.environ.get("CRASH_MATRIX") == "full"
STOPS = [
    (step, kind, 1) for step in ("repair.begun", "repair.adopted", "repair.recorded") for kind in ("eacces", "enospc")
]
STOPS = STOPS if FULL else STOPS[2:3] + STOPS[5:]


class Project:
    """The small project of the crash matrix, driven by the command line."""

    def __init__(self, root: Path, url: str = "", after_ingest: str = "archive") -> None:
        self.root, self.url, self.after_ingest = root, url, after_ingest

    def run(self, *arguments: str, fault: str = "", files_a_batch: int = 4) -> subprocess.CompletedProcess[str]:
        """Run a command of Longshore, with a fault that strikes it."""
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith(("LONGSHORE_", "PREFECT_"))
        }
        environment |= {
            "PYTHONPATH": str(SRC),
            "LONGSHORE_STABLE_SECONDS": "0",
            "LONGSHORE_MAX_FILES_PER_BATCH": str(files_a_batch),
            "LONGSHORE_WORKERS": "1",
            "LONGSHORE_AFTER_INGEST": self.after_ingest,
            "LONGSHORE_LEDGER_URL": self.url,
            "LONGSHORE_FAULT": fault,
        }
        command = [sys.executable, "-m", "longshore", *arguments]
        return subprocess.run(command, cwd=self.root, env=environment, capture_output=True, text=True, check=False)

    def lose_ledger(self, *, damaged: bool) -> None:
        """Take the ledger away, or write noise into its file."""
        if self.url:
            engine = sa.create_engine(self.url)
            with engine.begin() as db:
                db.exec_driver_sql("DROP SCHEMA public CASCADE")
                db.exec_driver_sql("CREATE SCHEMA public")
            engine.dispose()
            return
        folder = self.root / "warehouse/_longshore"
        for path in folder.glob("ledger*"):
            if damaged and not path.name.endswith(("-wal", "-shm")):
                path.write_bytes(b"noise" * 4096)
            else:
                path.unlink()

    def published(self) -> collections.Counter[str]:
        """Count the records of each id in the warehouse."""
        store = LocalWarehouse(self.root / "warehouse")
        return collections.Counter(record_id for part in store.parts() for record_id in record_ids_of(store, part))


def _die_and_finish(project: Project, step: str, kind: str, nth: int) -> None:
    fill(project.root / "landing")
    assert project.run("ingest").returncode == 0
    originals = shutil.copytree(project.root / "landing/_archive", project.root / "originals")
    project.lose_ledger(damaged=step in MOVED)
    died = project.run("verify", "--repair", fault=f"{step}:{kind}:{nth}")
    assert died.returncode != 0, died.stdout
    # The same files are delivered again, and an ordinary run follows, as a scheduler would have it. Other batches:
    # equal ones would make parts of the same names, which hides that a source is published twice.
    fill(project.root / "landing")
    refused = project.run("ingest", files_a_batch=12)
    assert refused.returncode != 0
    assert UNFINISHED in refused.stderr
    assert max(project.published().values()) == 1
    done = project.run("verify", "--repair")
    assert done.returncode == 0, done.stdout + done.stderr
    assert project.run("ingest", files_a_batch=12).returncode == 0
    assert project.published() == collections.Counter(record_ids().values())
    agrees = project.run("verify")
    assert agrees.returncode == 0, agrees.stdout
    # Every original of before is remembered: nothing in the archive is unknown to the ledger.
    archived = {path.read_bytes() for path in (project.root / "landing/_archive").rglob("*") if path.is_file()}
    assert {path.read_bytes() for path in originals.rglob("*") if path.is_file()} <= archived


@pytest.mark.parametrize(("step", "kind", "nth"), [*KILLS, *STOPS])
def test_a_repair_that_dies_is_finished_before_anything_else_runs(tmp_path, step, kind, nth):
    _die_and_finish(Project(tmp_path), step, kind, nth)


@pytest.mark.parametrize(("step", "kind", "nth"), [case for case in KILLS if case[0] not in MOVED])
def test_the_same_with_the_ledger_in_postgresql(tmp_path, postgres_url, step, kind, nth):
    _die_and_finish(Project(tmp_path, postgres_url), step, kind, nth)


def _die_and_delete(project: Project, step: str) -> None:
    """A file could not be deleted, the ledger is lost, and the repair dies: the next one deletes the file."""
    fill(project.root / "landing")
    assert project.run("ingest", fault="finalize.unlink:ebusy:5").returncode == 0
    assert len(list((project.root / "landing/_deleting").iterdir())) == 1
    project.lose_ledger(damaged=False)
    assert project.run("verify", "--repair", fault=f"{step}:kill").returncode != 0
    assert UNFINISHED in project.run("ingest").stderr
    done = project.run("verify", "--repair")
    assert done.returncode == 0, done.stdout + done.stderr
    assert not list((project.root / "landing/_deleting").iterdir())
    fill(project.root / "landing")
    assert project.run("ingest", files_a_batch=12).returncode == 0
    assert project.published() == collections.Counter(record_ids().values())
    assert not list(project.root.glob("landing/*.txt"))
    agrees = project.run("verify")
    assert agrees.returncode == 0, agrees.stdout


IN_DELETE_MODE = [step for step in REPAIR_STEPS if step not in MOVED]


@pytest.mark.parametrize("step", IN_DELETE_MODE)
def test_a_file_that_could_not_be_deleted_is_deleted_by_the_repair_that_finishes(tmp_path, step):
    _die_and_delete(Project(tmp_path, after_ingest="delete"), step)


@pytest.mark.parametrize("step", IN_DELETE_MODE if FULL else IN_DELETE_MODE[-2:])
def test_the_same_in_delete_mode_with_the_ledger_in_postgresql(tmp_path, postgres_url, step):
    _die_and_delete(Project(tmp_path, postgres_url, "delete"), step)


def test_every_other_command_refuses_until_the_repair_is_finished(tmp_path):
    project = Project(tmp_path)
    fill(tmp_path / "landing")
    assert project.run("ingest").returncode == 0
    project.lose_ledger(damaged=False)
    assert project.run("verify", "--repair", fault="repair.recorded:kill").returncode != 0
    for command in ("ingest", "status", "compact", "changes", "rejected", "reprocess", "verify"):
        refused = project.run(command)
        assert refused.returncode != 0
        assert UNFINISHED in refused.stdout + refused.stderr, command
    assert project.run("verify", "--repair").returncode == 0
    # The rejected files were recorded before it died, and once more would be twice.
    assert project.run("rejected", "--json").stdout.count('"BINARY"') == 1
