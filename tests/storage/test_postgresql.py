"""A ledger for several machines: the same promises on a real PostgreSQL."""

from __future__ import annotations

import datetime as dt
import os
import signal
import socket
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa

from longshore.errors import LedgerError, LockHeldError
from longshore.ingestion.executors import InlineExecutor
from longshore.pipeline import ingest
from longshore.settings import load_settings
from longshore.storage import fault_injection
from longshore.storage.ledger.batches import Ledger
from longshore.storage.ledger.rewrites import bury
from longshore.storage.ledger.runs import begin_run, last_runs
from longshore.storage.ledger.tables import deliveries, runs
from longshore.storage.lock import holder_of, one_run_at_a_time
from tests.storage.archive_samples import ONE, THREE, TWO, land, zip_of

if TYPE_CHECKING:
    from longshore.ingestion.summary import IngestSummary
    from longshore.settings import Settings
    from tests.postgresql import Postgresql

ROOT = Path(__file__).parents[2]
NOW = dt.datetime(2026, 11, 21, 8, 0, tzinfo=dt.UTC)

# The crash matrix kills at every step; here an archive is among the files, before and after they become visible.
STEPS = ["ledger.staged", "publish.renamed"]


@pytest.fixture
def project(tmp_path: Path, postgres_url: str) -> Settings:
    (tmp_path / "landing").mkdir()
    return load_settings(landing=tmp_path / "landing", warehouse=tmp_path / "warehouse", ledger_url=postgres_url)


def test_a_tombstone_is_on_the_disk_before_the_next_step_also_where_the_server_is_set_up_to_be_quick(
    postgres_url: str,
) -> None:
    """The server of these tests has synchronous_commit off, as some that people run have."""
    with Ledger(postgres_url) as ledger:
        during: list[str] = []

        def ask(connection: sa.Connection) -> None:
            during.append(connection.exec_driver_sql("SHOW synchronous_commit").scalar_one())

        sa.event.listen(ledger.engine, "commit", ask)
        bury(ledger, ["ab" * 32], NOW)
    assert during == ["on"]


def _ingest(settings: Settings) -> IngestSummary:
    return ingest(settings, executor=InlineExecutor())


def _paths(settings: Settings) -> list[str]:
    return sorted(pq.read_table(settings.warehouse / "records").column("source_path").to_pylist())


def _land_all(settings: Settings) -> None:
    land(settings.landing, "one.txt", ONE)
    land(settings.landing, "same.txt", ONE)
    land(settings.landing, "archive.zip", zip_of({"two.txt": TWO, "none.txt": b""}))
    land(settings.landing, "bad\udcffname\n.txt", b"\0\1\2\3" * 100)


def test_files_go_through_and_the_counts_add_up(project: Settings) -> None:
    _land_all(project)
    summary = _ingest(project)
    assert (summary.published, summary.duplicate, summary.rejected, summary.records) == (2, 1, 1, 2)
    with Ledger(project.ledger_url) as ledger:
        assert ledger.counts() == {"records": 2, "published": 2, "duplicate": 1, "rejected": 1}
        assert last_runs(ledger, 1)[0]["state"] == "completed"
        assert not ledger.unfinished()
    assert _ingest(project).seen == 0
    assert not (project.warehouse / "_longshore" / "ledger.sqlite3").exists()


@pytest.mark.parametrize("step", STEPS)
def test_a_run_that_is_killed_is_made_good_by_the_next(project: Settings, step: str) -> None:
    _land_all(project)
    child = os.fork()
    if not child:
        try:
            fault_injection._armed = f"{step}:kill"
            _ingest(project)
        finally:
            os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    _ingest(project)
    assert _paths(project) == ["archive.zip!/two.txt", "one.txt"]
    with Ledger(project.ledger_url) as ledger, ledger.engine.connect() as db:
        ended = db.execute(sa.select(deliveries.c.outcome).where(deliveries.c.is_member.is_(False)))
        assert Counter(outcome for (outcome,) in ended) == {"published": 2, "duplicate": 1, "rejected": 1}
        states = db.execute(sa.select(runs.c.state).order_by(runs.c.run_no)).scalars().all()
    assert states[0] == "crashed"
    assert states[1] in {"completed", "nothing-to-do"}


def test_a_run_on_another_machine_is_skipped_and_told_who_is_at_work(
    tmp_path: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Two warehouse folders stand for two machines: no file lock is shared.
    here, there = tmp_path / "here", tmp_path / "there"
    with Ledger(postgres_url) as ledger, one_run_at_a_time(here, "ingest 12345678", NOW, postgres_url):
        with pytest.raises(LockHeldError, match=r"Skipped: ingest 12345678 \(from .*\) is running since 20"):
            one_run_at_a_time(here.parent / "there" / "here", "ingest b", NOW, postgres_url).__enter__()
        monkeypatch.setattr(socket, "gethostname", lambda: "quay-7")
        begin_run(ledger, "12345678abcdef", "ingest", NOW)
        known = rf"ingest 12345678 \(process {os.getpid()} on quay-7\) is running since 2026-11-21T08:00:00\+00:00"
        with pytest.raises(LockHeldError, match=known):
            one_run_at_a_time(there / "here", "ingest b", NOW, postgres_url).__enter__()
        assert "quay-7" in (holder_of(there / "here", postgres_url) or "")
        with one_run_at_a_time(there / "rewrites", "compact c", NOW, postgres_url):
            pass
    assert holder_of(there / "here", postgres_url) is None
    with one_run_at_a_time(there / "here", "ingest b", NOW, postgres_url):
        pass


def test_the_lock_is_free_as_soon_as_its_holder_is_dead(tmp_path: Path, postgres_url: str) -> None:
    holder = (
        "import datetime as dt, sys, time; from pathlib import Path\n"
        "from longshore.storage.lock import one_run_at_a_time\n"
        f"now, url = dt.datetime.now(dt.UTC), {postgres_url!r}\n"
        f"with one_run_at_a_time(Path({str(tmp_path / 'a')!r}), 'ingest x', now, url):\n"
        "    print('held', flush=True); time.sleep(600)"
    )
    process = subprocess.Popen([sys.executable, "-c", holder], cwd=ROOT, stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        with pytest.raises(LockHeldError):
            one_run_at_a_time(tmp_path / "b" / "a", "ingest y", NOW, postgres_url).__enter__()
    finally:
        process.kill()
        process.communicate()
    freed = threading.Event()
    for _ in range(100):
        try:
            with one_run_at_a_time(tmp_path / "b" / "a", "ingest y", NOW, postgres_url):
                return
        except LockHeldError:
            freed.wait(0.05)
    pytest.fail("the server did not let go of a dead holder's lock")


def test_a_run_whose_lock_is_lost_publishes_nothing_more(project: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    land(project.landing, "one.txt", ONE)
    land(project.landing, "three.txt", THREE)

    def cut_off(name: str, *, path: str | os.PathLike[str] = "") -> None:
        del path
        if name == "stage.done":
            with Ledger(project.ledger_url) as ledger, ledger.engine.begin() as db:
                who = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE :name"
                db.execute(sa.text(who), {"name": "longshore ingest%"})

    monkeypatch.setattr(fault_injection, "step", cut_off)
    with pytest.raises(LedgerError, match="lock of this run was lost"):
        _ingest(project)
    monkeypatch.undo()
    assert not list((project.warehouse / "records").rglob("*.parquet"))
    assert _ingest(project).published == 2


def test_whoever_comes_next_does_not_find_the_lock_of_a_run_that_has_ended(tmp_path: Path, postgres_url: str) -> None:
    """The server notices only after a moment that a connection was closed, and longer on a busy machine."""
    engine = sa.create_engine(postgres_url)
    held = sa.text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted")
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as watching:
        for _ in range(20):
            with one_run_at_a_time(tmp_path / "a", "ingest x", NOW, postgres_url):
                assert watching.execute(held).scalar_one() >= 1
            assert watching.execute(held).scalar_one() == 0
    engine.dispose()


def test_a_server_that_crashes_ends_the_run_and_loses_nothing(
    project: Settings, postgres_server: Postgresql, monkeypatch: pytest.MonkeyPatch
) -> None:
    land(project.landing, "one.txt", ONE)

    def crash(name: str, *, path: str | os.PathLike[str] = "") -> None:
        del path
        if name == "publish.renamed":
            postgres_server.restart()

    monkeypatch.setattr(fault_injection, "step", crash)
    with pytest.raises(LedgerError, match=r"ledger at .* failed|cannot be"):
        _ingest(project)
    monkeypatch.undo()
    assert _ingest(project).records == 0
    assert _paths(project) == ["one.txt"]


def test_a_server_that_is_not_there_is_said_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "landing").mkdir()
    url = "postgresql+psycopg://longshore:secret@127.0.0.1:1/none"
    settings = load_settings(landing=tmp_path / "landing", warehouse=tmp_path / "warehouse", ledger_url=url)
    with pytest.raises(LedgerError, match="cannot be") as caught:
        _ingest(settings)
    assert "secret" not in str(caught.value)


def test_two_that_open_a_new_ledger_together_both_can(postgres_url: str) -> None:
    problems: list[BaseException] = []

    def open_it() -> None:
        try:
            Ledger(postgres_url).close()
        except BaseException as error:
            problems.append(error)

    threads = [threading.Thread(target=open_it) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not problems


def test_every_command_works_with_a_ledger_in_postgresql(project: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    from longshore.cli.main import main

    def said(*command: str, code: int = 0) -> str:
        places = ["--landing", str(project.landing), "--warehouse", str(project.warehouse)]
        assert main([*command, *places]) == code
        return capsys.readouterr().out

    _land_all(project)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LONGSHORE_LEDGER_URL", project.ledger_url)
        said("ingest", "--no-wait")
        land(project.landing, "three.txt", THREE)
        said("ingest", "--no-wait")
        assert "All agree: 3 record(s)" in said("verify")
        assert "added" in said("changes")
        assert "bad%FFname" in said("rejected")
        said("retry", "--all")
        said("ingest", "--no-wait")
        said("compact")
        rows = pq.read_table(project.warehouse / "records").to_pylist()
        said("forget", next(row["record_id"] for row in rows if row["source_path"] == "three.txt"))
        assert "All agree: 2 record(s)" in said("verify")
        assert "2 in" in said("status")
        # What it remembers is lost: it is made anew from what is there.
        with Ledger(project.ledger_url) as ledger, ledger.engine.begin() as db:
            for table in ("deliveries", "sources", "batches", "runs", "kept"):
                db.exec_driver_sql(f"DELETE FROM {table}")
        said("ingest", "--no-wait", code=1)
        said("verify", "--repair")
        assert "All agree: 2 record(s)" in said("verify")
