"""Landing as it really is: each trap ends where the design says, with a reason, and never blocks the rest."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import itertools
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import zipfile
from pathlib import Path

import pytest

from longshore import pipeline
from longshore.errors import LockHeldError
from longshore.ingestion import planning, worker
from longshore.ingestion.executors import InlineExecutor
from longshore.ingestion.summary import IngestSummary
from longshore.maintenance.status import status_of
from longshore.maintenance.verify import record_ids_of, verify
from longshore.pipeline import ingest as run_ingest
from longshore.settings import Settings
from longshore.storage import fault_injection, filesystem
from longshore.storage.ledger.batches import Ledger
from longshore.storage.lock import holder_of, one_run_at_a_time
from longshore.storage.warehouse import LocalWarehouse

ROOT = Path(__file__).parents[1]
TEXT = b"The harbour was quiet, and the ships lay still in the evening light."


@pytest.fixture
def settings(tmp_path):
    (tmp_path / "landing").mkdir()
    made = Settings(landing=tmp_path / "landing", warehouse=tmp_path / "warehouse", stable_seconds=0)
    yield made
    assert not verify(made).disagreements, "whatever was in landing, all must agree afterwards"


def put(settings, name, data=TEXT, *, age=100.0):
    path = settings.landing / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    os.utime(path, (time.time() - age,) * 2)
    return path


def ingest(settings, **how):
    return run_ingest(settings, executor=InlineExecutor(), **how)


def records(settings):
    store = LocalWarehouse(settings.warehouse)
    return [record_id for part in store.parts() for record_id in record_ids_of(store, part)]


def counts(summary):
    return summary.published, summary.duplicate, summary.rejected, summary.deferred


def reasons(summary):
    return {refusal.path: refusal.reason for refusal in summary.refusals if refusal.reason}


# Files that are not whole yet


def test_a_file_that_is_still_written_waits_until_it_is_stable(settings):
    settings = settings.model_copy(update={"stable_seconds": 60})
    path = put(settings, "slow.txt", age=10)
    assert counts(ingest(settings)) == (0, 0, 0, 1)
    with path.open("ab") as file:
        file.write(b" And the wind fell.")
    assert counts(ingest(settings)) == (0, 0, 0, 1)
    os.utime(path, (time.time() - 61,) * 2)
    assert counts(ingest(settings)) == (1, 0, 0, 0)


def test_a_person_waits_once_for_young_files(settings, monkeypatch):
    settings = settings.model_copy(update={"stable_seconds": 600})
    path = put(settings, "young.txt", age=0)
    slept = []

    def sleep(seconds):
        slept.append(seconds)
        os.utime(path, (time.time() - 601,) * 2)

    monkeypatch.setattr(pipeline.time, "sleep", sleep)
    summary = ingest(settings, wait=True)
    assert len(slept) == 1
    assert 0 < slept[0] <= 600
    assert counts(summary) == (1, 0, 0, 0)
    assert "waiting" in summary.notes[0]


def test_a_partial_upload_is_not_seen_before_it_is_renamed_into_place(settings):
    path = put(settings, "article.txt.part")
    put(settings, ".hidden.txt")
    assert ingest(settings).state == "nothing-to-do"
    path.rename(path.with_suffix(""))
    assert counts(ingest(settings)) == (1, 0, 0, 0)


@pytest.mark.parametrize("errno_name", ["EROFS", "EPERM", "EBUSY"])
@pytest.mark.parametrize("finished_by", ["ingest", "repair"])
def test_a_file_that_cannot_be_deleted_is_reported_and_deleted_by_the_next_run(
    settings, monkeypatch, errno_name, finished_by
):
    settings = settings.model_copy(update={"after_ingest": "delete"})
    put(settings, "stays.txt")
    put(settings, "goes.txt", b"The ferry left at noon with forty people on board.")
    refuse_to_delete(monkeypatch, getattr(errno, errno_name), times=1)
    first = ingest(settings)
    monkeypatch.undo()
    assert counts(first) == (2, 0, 0, 0)
    assert any("could not be deleted" in note for note in first.notes)
    (left,) = (settings.landing / "_deleting").iterdir()
    assert [one.kind for one in verify(settings).disagreements] == ["original-undeleted"]
    if finished_by == "ingest":
        assert ingest(settings).state == "nothing-to-do"
    else:
        verify(settings, repair=True)
    assert not left.exists()
    assert not verify(settings).disagreements


def refuse_to_delete(monkeypatch, number, times):
    refusals = iter(range(times))

    def step(name, **_):
        if name == "finalize.unlink" and next(refusals, None) is not None:
            raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fault_injection, "step", step)


def test_a_file_that_still_cannot_be_deleted_is_reported_by_each_run(settings, monkeypatch):
    settings = settings.model_copy(update={"after_ingest": "delete"})
    put(settings, "stays.txt")
    refuse_to_delete(monkeypatch, errno.EROFS, times=2)
    for _ in range(2):
        assert any("could not be deleted" in note for note in ingest(settings).notes)
    ingest(settings)
    assert not any((settings.landing / "_deleting").iterdir())


def test_a_file_that_an_older_version_left_undeleted_is_deleted_if_its_bytes_are_a_record(settings):
    settings = settings.model_copy(update={"after_ingest": "delete"})
    put(settings, "a.txt")
    ingest(settings)
    known, unknown = put(settings, "_deleting/1"), put(settings, "_deleting/2", b"Nobody has ingested this text.")
    ingest(settings)
    assert (known.exists(), unknown.exists()) == (False, True)
    unknown.unlink()


@pytest.mark.parametrize("change", ["append", "truncate", "replace", "vanish"])
@pytest.mark.parametrize("moment", ["after listing", "after claiming", "after staging"])
def test_a_file_that_changes_under_the_run_never_becomes_a_mixture(settings, monkeypatch, change, moment):
    path = put(settings, "moving.txt")
    put(settings, "steady.txt", b"The ferry left at noon with forty people on board.")
    new = TEXT + b" And the wind fell." if change == "append" else TEXT[:30]

    def touch():
        if change == "vanish":
            path.unlink(missing_ok=True)
        elif change == "replace":
            (path.parent / "new.part").write_bytes(new)
            (path.parent / "new.part").rename(path)
        else:
            path.write_bytes(new)

    module, name = {
        "after listing": (planning, "identify"),
        "after claiming": (worker, "read_sources"),
        "after staging": (pipeline, "finalize"),
    }[moment]
    original = getattr(module, name)
    done = []

    def first_touch(*arguments, **more):
        if not done:
            done.append(touch())
        return original(*arguments, **more)

    monkeypatch.setattr(module, name, first_touch)
    first = ingest(settings)
    assert first.seen == 2
    assert first.published + first.deferred == 2
    second = ingest(settings)
    there = [] if change == "vanish" else [new]
    if moment == "after staging":
        there.append(TEXT)  # its record was published from whole bytes before the change
    there.append(b"The ferry left at noon with forty people on board.")
    wanted = {hashlib.sha256(data).hexdigest() for data in there}
    assert sorted(records(settings)) == sorted(wanted)
    assert second.deferred == 0


def test_a_file_that_vanishes_with_its_folder_blocks_nothing(settings, monkeypatch):
    put(settings, "gone/a.txt")
    put(settings, "b.txt", b"The ferry left at noon with forty people on board.")
    original = pipeline.finalize

    def finalize(*arguments, **more):
        with contextlib.suppress(FileNotFoundError):
            (settings.landing / "gone/a.txt").unlink()
            (settings.landing / "gone").rmdir()
        return original(*arguments, **more)

    monkeypatch.setattr(pipeline, "finalize", finalize)
    summary = ingest(settings)
    assert counts(summary) == (2, 0, 0, 0)
    assert "vanished" in summary.notes[0]


# Deliveries


def test_a_file_under_another_name_is_a_duplicate_and_is_archived(settings):
    put(settings, "a.txt")
    ingest(settings)
    put(settings, "b.txt")
    assert counts(ingest(settings)) == (0, 1, 0, 0)
    assert len(records(settings)) == 1
    assert {path.name for path in (settings.landing / "_archive").rglob("*.txt")} == {"a.txt", "b.txt"}


def test_the_same_name_with_new_content_is_a_new_record_and_the_older_stays(settings):
    put(settings, "a.txt")
    ingest(settings)
    put(settings, "a.txt", b"The ferry left at noon with forty people on board.")
    assert counts(ingest(settings)) == (1, 0, 0, 0)
    assert len(records(settings)) == 2
    assert {path.name for path in (settings.landing / "_archive").rglob("*.txt")} == {"a.txt", "a~2.txt"}


@pytest.mark.parametrize("files_a_batch", [1, 2, 10])
def test_identical_content_in_one_batch_or_several_is_one_record(settings, files_a_batch):
    settings = settings.model_copy(update={"max_files_per_batch": files_a_batch})
    for number in range(7):
        put(settings, f"{number}.txt", TEXT if number % 2 else b"The ferry left at noon with forty people on board.")
    assert counts(ingest(settings)) == (2, 5, 0, 0)
    assert len(records(settings)) == 2


def test_a_file_and_later_a_folder_of_one_name_are_both_archived(settings):
    put(settings, "report")
    ingest(settings)
    put(settings, "report/part.txt", b"The ferry left at noon with forty people on board.")
    assert counts(ingest(settings)) == (1, 0, 0, 0)
    assert len(list((settings.landing / "_archive").rglob("report~2/part.txt"))) == 1


def test_an_original_called_as_a_reason_is_not_replaced_by_one(settings):
    put(settings, "a.txt", b"")
    put(settings, "a.txt.reason.json", b" ")
    assert counts(ingest(settings)) == (0, 0, 2, 0)
    kept = sorted(path.read_bytes() for path in (settings.landing / "_rejected").iterdir())
    assert kept[:2] == [b"", b" "]
    assert len(kept) == 4


# Names, depths, numbers


NAMES = {
    "not UTF-8": b"caf\xe9\xff.txt",
    "newline": b"two\nlines.txt",
    "quotes": b'it\'s "so".txt',
    "bidi": "invoice\u202egnp.txt".encode(),
    "dash": b"-rf.txt",
    "255 bytes": b"n" * 251 + b".txt",
    "255 bytes without an ending": "ä".encode() * 127 + b"x",
    "percent": b"100%25.txt",
    "escape": b"\x1b[31mred.txt",
    "spaces": b"  .txt",
    "backslash": b"up\\..\\..\\etc.txt",
}


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
@pytest.mark.parametrize("data", [TEXT, b""], ids=["record", "rejected"])
def test_any_name_comes_through_twice(settings, name, data):
    for text in (data, data + b" "):
        put(settings, os.fsdecode(name), text)
        summary = ingest(settings)
        assert counts(summary) == ((1, 0, 0, 0) if data else (0, 0, 1, 0))
    assert len(list(settings.landing.iterdir())) == 1, "landing is empty but for its own folder"


def test_sixty_folders_deep_is_no_trouble(settings):
    put(settings, "/".join(["d" * 50] * 60) + "/deep.txt")
    assert counts(ingest(settings)) == (1, 0, 0, 0)


def test_of_thousands_of_files_in_one_folder_the_oldest_are_taken_within_the_limit(settings):
    settings = settings.model_copy(update={"max_files_per_run": 50})
    folder = settings.landing / "many"
    folder.mkdir()
    for number in range(5_000):
        fd = os.open(folder / f"{number}.txt", os.O_CREAT | os.O_WRONLY)
        os.write(fd, b"Ship %d lay in the harbour." % number)
        os.close(fd)
    oldest = {f"{number}.txt" for number in range(4_950, 5_000)}
    for name in oldest:
        os.utime(folder / name, (1_000_000, 1_000_000))
    assert counts(ingest(settings)) == (50, 0, 0, 0)
    assert {path.name for path in (settings.landing / "_archive").rglob("*.txt")} == oldest


@pytest.mark.parametrize("year", [1901, 1970, 2100])
def test_any_modification_time_comes_through(settings, year):
    path = put(settings, "old.txt")
    os.utime(path, ((year - 1970) * 31_556_952,) * 2)
    assert counts(ingest(settings)) == (1, 0, 0, 0)


def test_a_clock_that_jumped_backwards_delays_a_file_once_and_not_for_ever(settings, monkeypatch):
    settings = settings.model_copy(update={"stable_seconds": 0.2})
    put(settings, "a.txt", age=-3600)
    real = time.time
    monkeypatch.setattr(pipeline.time, "time", lambda: real() - 1800)
    assert counts(ingest(settings)) == (1, 0, 0, 0)


# What is no file, or may not be read


@pytest.mark.parametrize("mode", ["archive", "delete", "keep"])
def test_links_pipes_sockets_and_devices_are_rejected_unopened(settings, tmp_path, mode):
    settings = settings.model_copy(update={"after_ingest": mode})
    secret = tmp_path / "secret.txt"
    secret.write_text("This must never be read.")
    landing = settings.landing
    put(settings, "good.txt")
    (landing / "outside.txt").symlink_to(secret)
    (landing / "inside.txt").symlink_to("good.txt")
    (landing / "loop").symlink_to(".")
    (landing / "up").symlink_to("..")
    os.mkfifo(landing / "pipe.txt")
    with socket.socket(socket.AF_UNIX) as listening:
        here = Path.cwd()
        os.chdir(landing)
        try:
            listening.bind("socket.txt")
        finally:
            os.chdir(here)
    expected = 6
    with contextlib.suppress(PermissionError):
        os.mknod(landing / "null", 0o666 | 0o020000, os.makedev(1, 3))
        expected += 1
    summary = ingest(settings)
    assert counts(summary) == (1, 0, expected, 0)
    assert set(reasons(summary).values()) == {"NOT_A_FILE"}
    assert ingest(settings).state == "nothing-to-do", "they are not rejected again and again"
    assert secret.read_text() == "This must never be read."


def test_patterns_hold_for_links_too(settings):
    settings = settings.model_copy(update={"exclude": ("*.lnk",)})
    (settings.landing / "a.lnk").symlink_to("nowhere")
    assert ingest(settings).state == "nothing-to-do"


def test_a_folder_that_becomes_a_link_is_not_followed(settings, tmp_path, monkeypatch):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "a.txt").write_bytes(TEXT)
    put(settings, "sub/a.txt")
    original = planning.identify

    def identify(file, landing, settings, rules):
        (settings.landing / "sub").rename(settings.landing / ".sub")
        (settings.landing / "sub").symlink_to(outside)
        return original(file, landing, settings, rules)

    monkeypatch.setattr(planning, "identify", identify)
    summary = ingest(settings)
    assert counts(summary)[0] == 0
    assert (outside / "a.txt").read_bytes() == TEXT


def test_a_sparse_file_of_eight_gibibytes_is_refused_unread(settings):
    with (settings.landing / "huge.txt").open("wb") as file:
        file.truncate(8 << 30)
    began = time.process_time()
    summary = ingest(settings)
    assert reasons(summary) == {"huge.txt": "TOO_LARGE"}
    assert time.process_time() - began < 60, "it was read"


# All is imported by a first run as root: the interpreter may be where nobody may read.
_AS_SOMEBODY = """
import os, sys, tempfile, pathlib
from longshore.cli.main import main
with tempfile.TemporaryDirectory() as warm:
    pathlib.Path(warm, "landing").mkdir()
    pathlib.Path(warm, "landing", "a.txt").write_text("The harbour was quiet in the evening.")
    pathlib.Path(warm, "landing", "b.txt").write_text("")
    main(["ingest", "--json", "--landing", warm + "/landing", "--warehouse", warm + "/warehouse"])
    main(["ingest", "--landing", warm + "/landing", "--warehouse", warm + "/warehouse"])
print("=====", flush=True)
os.setgroups([]); os.setgid(65534); os.setuid(65534)
sys.exit(main(sys.argv[1:]))
"""


def as_somebody(settings, *arguments):
    """Run a command as a user without rights (`nobody`)."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT / "src"),
        "LONGSHORE_STABLE_SECONDS": "0",
        "LONGSHORE_WORKERS": "1",
    }
    places = ["--landing", str(settings.landing), "--warehouse", str(settings.warehouse)]
    return subprocess.run(
        [sys.executable, "-c", _AS_SOMEBODY, *arguments, *places],
        env=environment, cwd=settings.landing.parent, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody without rights")
def test_files_and_folders_without_permission_block_nothing(settings):
    # pytest closes its folders to others; with its workers side by side there is one more of them.
    for folder in settings.landing.parents:
        if folder == settings.landing.parent or folder.name.startswith(("pytest-", "popen-")):
            folder.chmod(0o755)
    settings.warehouse.mkdir()
    put(settings, "open.txt")
    put(settings, "closed.txt", b"Closed.").chmod(0)
    put(settings, "locked/in.txt", b"Locked in.")
    put(settings, "stuck/here.txt", b"The ferry left at noon with forty people on board.")
    put(settings, "stuck/there.txt", b"The ferry came back at noon with fifty people on board.")
    for path in (settings.landing, settings.warehouse, *settings.landing.rglob("*")):
        os.chown(path, 65534, 65534)
    (settings.landing / "locked").chmod(0)
    (settings.landing / "stuck").chmod(0o555)
    first = as_somebody(settings, "ingest")
    assert first.returncode == 0, first.stderr
    assert "3 published, 1 rejected" in first.stdout, first.stdout + first.stderr
    assert "closed.txt" in first.stdout
    assert "locked could not be listed" in first.stderr
    assert "2 files, such as stuck/" in first.stderr
    assert first.stderr.count("could not be moved out of landing") == 1, "a sentence a cause, not a line a file"
    assert "2 ingested file(s) could not be moved out" in as_somebody(settings, "status").stdout
    again = as_somebody(settings, "ingest")
    assert "Nothing new" in again.stdout, "what cannot be moved is not ingested again and again"
    (settings.landing / "locked").chmod(0o755)
    (settings.landing / "stuck").chmod(0o755)


# Two at once, and stopping


def test_a_second_run_ends_at_once_and_says_who_is_at_work(settings):
    import datetime as dt

    put(settings, "a.txt")
    with one_run_at_a_time(settings.warehouse / "_longshore", "ingest 12345678", dt.datetime.now(dt.UTC)):
        with pytest.raises(LockHeldError, match=r"Skipped: ingest 12345678 .* is running since 20") as held:
            ingest(settings)
        assert held.value.exit_code == 0
    assert counts(ingest(settings)) == (1, 0, 0, 0)


def environment():
    return {**os.environ, "PYTHONPATH": str(ROOT / "src"), "LONGSHORE_STABLE_SECONDS": "0", "LONGSHORE_WORKERS": "1"}


def longshore(settings, *arguments, start_new_session=False, **variables):
    places = ["--landing", str(settings.landing), "--warehouse", str(settings.warehouse)]
    command = [sys.executable, "-m", "longshore", *arguments, *places]
    return subprocess.Popen(
        command, env=environment() | variables, cwd=settings.landing.parent, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=start_new_session,
    )  # fmt: skip


def many(settings, number):
    for index in range(number):
        put(settings, f"{index}.txt", b"Ship %d lay in the harbour and waited for the evening tide. " % index * 5)


def until(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.01)


_HOLD = """
import datetime as dt, pathlib, sys, time
from longshore.storage.lock import one_run_at_a_time
with one_run_at_a_time(pathlib.Path(sys.argv[1]), "ingest 12345678", dt.datetime.now(dt.UTC)):
    time.sleep(600)
"""


def test_the_lock_is_free_when_its_holder_is_killed_and_a_second_process_is_skipped(settings):
    put(settings, "a.txt")
    inner = settings.warehouse / "_longshore"
    with subprocess.Popen([sys.executable, "-c", _HOLD, str(inner)], env=environment()) as first:
        try:
            until(lambda: holder_of(inner) is not None)
            second = longshore(settings, "ingest")
            said, problems = second.communicate(timeout=100)
            assert second.returncode == 0, problems
            assert said.startswith(f"Skipped: ingest 12345678 (process {first.pid} on "), said
            third = longshore(settings, "ingest", "--json")
            found = json.loads(third.communicate(timeout=100)[0])
            assert found["state"] == "skipped"
            assert f"process {first.pid}" in found["holder"]
        finally:
            first.kill()
    assert holder_of(inner) is None, "the operating system lets go, with no time-out to wait for"
    assert counts(ingest(settings)) == (1, 0, 0, 0)


STOPS = ("claim", "ledger.staged", "publish.renamed", "finalize.moved", "finalize.done", "ledger.finalized", "counting")


@pytest.mark.parametrize("where", STOPS)
@pytest.mark.parametrize("nth", [1, 3])
def test_a_stopped_run_counts_what_is_in_the_warehouse_and_leaves_a_clean_verify(settings, monkeypatch, where, nth):
    settings = settings.model_copy(update={"max_files_per_batch": 10})
    many(settings, 40)
    put(settings, "empty.txt", b"", age=1000)
    with zipfile.ZipFile(settings.landing / "two.zip", "w") as archive:
        archive.writestr("one.txt", TEXT)
        archive.writestr("none.txt", b"")
    os.utime(settings.landing / "two.zip", (1_000_000_000,) * 2)
    passed = itertools.count(1)

    def stop(name, **_):
        if name == where and next(passed) == nth:
            raise KeyboardInterrupt

    def stop_counting(summary, endings):
        stop("counting")
        count(summary, endings)

    count = IngestSummary.count
    monkeypatch.setattr(fault_injection, "step", stop)
    monkeypatch.setattr(IngestSummary, "count", stop_counting)
    with pytest.raises(KeyboardInterrupt):
        ingest(settings)
    monkeypatch.undo()
    assert not verify(settings).disagreements
    status = status_of(settings)
    (run,) = status.runs
    counted = run["summary"]
    gone = 42 - len(list(settings.landing.glob("*.*")))
    assert run["state"] == "cancelled"
    assert counted["files"]["seen"] == gone == status.published + status.duplicate + status.rejected
    assert counted["records"] == counted["documents"]["published"] == status.records == len(records(settings))
    assert any(f"Stopped after {gone} of " in note for note in counted["notes"])
    ingest(settings)
    assert len(records(settings)) == 41


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stopped_run_tidies_up_and_says_what_is_left(settings, number):
    many(settings, 3000)
    run = longshore(settings, "ingest")
    until(lambda: list((settings.warehouse / "records").rglob("*.parquet")) if settings.warehouse.exists() else [])
    run.send_signal(number)
    began = time.monotonic()
    _, problems = run.communicate(timeout=60)
    assert run.returncode == 130, problems
    assert time.monotonic() - began < 30, "far above the five seconds that are promised, for a busy machine"
    assert "are left in landing" in problems
    with Ledger(LocalWarehouse(settings.warehouse).ledger_url) as ledger:
        assert ledger.unfinished() == [], "nothing is left to guess"
    assert not list(LocalWarehouse(settings.warehouse).staged())
    ingest(settings)
    assert len(records(settings)) == 3000


def test_ctrl_c_in_a_terminal_shows_no_traceback_of_workers_that_start(settings):
    """A terminal sends it to the whole group: also to workers that have not come to ignoring it yet."""
    many(settings, 2500)

    def workers():
        pids = Path(f"/proc/{run.pid}/task/{run.pid}/children").read_text().split()
        return [pid for pid in pids if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]

    with longshore(settings, "ingest", start_new_session=True, LONGSHORE_WORKERS="2") as run:
        until(lambda: len(workers()) == 2)
        blocked = [re.search(r"SigBlk:\s*(\w+)", Path(f"/proc/{pid}/status").read_text())[1] for pid in workers()]
        os.killpg(run.pid, signal.SIGINT)
        _, problems = run.communicate(timeout=60)
    assert all(int(mask, 16) & 1 << signal.SIGINT - 1 for mask in blocked), "they are born deaf to it"
    assert run.returncode in (130, -signal.SIGINT), problems
    assert "Traceback" not in problems


def test_a_file_named_to_mislead_a_terminal_is_shown_escaped(settings):
    put(settings, "\x1b[2Jwiped\u202e.txt", b"")
    run = longshore(settings, "ingest")
    said, _ = run.communicate(timeout=60)
    assert "\x1b" not in said
    assert "\u202e" not in said
    assert "\\x1b[2Jwiped" in said


def test_two_runs_started_together_ingest_everything_once(settings):
    many(settings, 200)
    states = []

    def run():
        try:
            states.append(ingest(settings).state)
        except LockHeldError:
            states.append("skipped")

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert "completed" in states
    assert len(records(settings)) == len(set(records(settings))) == 200


def test_what_longshore_writes_is_not_for_everyone(settings):
    put(settings, "a.txt", b"")
    put(settings, "b.txt")
    before = os.umask(0)
    try:
        ingest(settings)
    finally:
        os.umask(before)
    own = [*settings.warehouse.rglob("*"), settings.landing / "_rejected" / "a.txt.reason.json"]
    modes = {path: path.stat().st_mode & 0o777 for path in own if path.is_file()}
    assert set(modes.values()) == {0o640}, modes
    assert filesystem.FOLDER_MODE == 0o750


def test_a_text_that_a_fault_of_ours_stops_is_rejected_alone(settings, monkeypatch):
    from longshore.text import normalise

    split_header = normalise.split_header

    def faulty(text, *rest):
        if "night" in text:
            raise ZeroDivisionError("night")
        return split_header(text, *rest)

    monkeypatch.setattr(normalise, "split_header", faulty)
    for word in ("morning", "noon", "night", "dawn"):
        put(settings, f"{word}.txt", TEXT.replace(b"evening", word.encode()))
    assert counts(ingest(settings)) == (3, 0, 1, 0)
    assert "ZeroDivisionError" in (settings.landing / "_rejected" / "night.txt.reason.json").read_text()
