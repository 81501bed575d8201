"""What a served project does, told in order on one server: each test leaves it running for the next."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.flows.project import (
    ENOUGH_FILES,
    FLOW,
    ROOT,
    Project,
    alive,
    clean_environment,
    descendants,
    run_at_work,
    texts,
    until,
)

pytestmark = pytest.mark.timeout(1800)


def test_serving_says_where_everything_is(served: Project) -> None:
    """The first screen answers: where to look, when it runs, where to drop files, where to read."""
    for wanted in ("web page", "http://127.0.0.1:", "* * * * *", "next run", str(served.landing), str(served.records)):
        assert wanted in served.output


def test_a_first_run_starts_at_once(served: Project) -> None:
    until("the first file as a record", lambda: served.rows("SELECT 1 FROM records WHERE source_path = 'first.txt'"))


def test_a_second_serve_on_the_same_project_is_told_so(served: Project) -> None:
    second = served.longshore("serve")
    assert second.returncode == 2
    assert "is being served already" in second.stderr
    assert "127.0.0.1" in second.stderr


def test_a_dropped_file_is_in_the_warehouse_after_the_next_scheduled_run(served: Project) -> None:
    served.drop("news/dropped.txt", "Date: 17 March 2024\n\n\nThe council has bought a new crane for the harbour.\n")
    served.drop("news/picture.txt", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR")
    query = "SELECT text, published_date FROM records WHERE source_path = 'news/dropped.txt'"
    ((text, date),) = until("the dropped file as a record", lambda: served.rows(query))
    assert text.endswith("The council has bought a new crane for the harbour.")
    assert date is None or str(date) == "2024-03-17"

    def scheduled() -> list[Any]:
        return [r for r in served.api.runs(FLOW) if r["auto_scheduled"] and r["state_name"] == "CompletedWithRejects"]

    until("the end of the scheduled run that did it", scheduled)
    assert (served.landing / "_rejected/news/picture.txt").exists()


def test_a_run_that_did_something_leaves_a_report_and_a_table_of_what_it_rejected(served: Project) -> None:
    report = until("the report", lambda: served.api.artifacts("ingest-report"))[0]
    assert "published" in report["description"]
    assert "| **" in report["data"]
    assert "█" in report["data"]

    def tables() -> list[Any]:
        return [table for table in served.api.artifacts("rejected-files") if "picture.txt" in table["data"]]

    (table, *_) = until("the table", tables)
    assert "crane for the harbour" not in str(report) + str(table), "texts stay on this machine"


def test_a_run_with_nothing_to_do_says_so(served: Project) -> None:
    def done_alone() -> Any:
        """A run that meets a scheduled one is skipped, and says nothing of the files."""
        run = served.api.ended(served.api.start(f"{FLOW}/ingest"))
        return None if run["state_name"] == "Skipped" else run

    run = until("a run that met no other", done_alone)
    assert (run["state_type"], run["state_name"]) == ("COMPLETED", "NothingToDo")


def test_events_name_the_part_and_the_rejected_file(served: Project) -> None:
    """Only this project's events count: others publish to the same server, and their folders may be gone."""

    def published_here() -> list[Any]:
        payloads = [event["payload"] for event in served.api.events("longshore.part.published")]
        return [payload for payload in payloads if Path(payload["path"]).is_relative_to(served.folder)]

    (part, *_) = until("the event of a part of this project", published_here)
    assert part["rows"] >= 1
    assert Path(part["path"]).is_file()

    def rejected_here() -> list[Any]:
        payloads = [event["payload"] for event in served.api.events("longshore.file.rejected")]
        return [payload for payload in payloads if payload["path"] == "news/picture.txt"]

    (rejected, *_) = until("the event of the rejected file", rejected_here)
    assert rejected["reason"] == "BINARY"
    assert until("the event of the run", lambda: served.api.events("longshore.run.finished"))


def test_an_automation_starts_a_consumer_for_a_new_part(served: Project, tmp_path: Path) -> None:
    """The two programs are those of docs/how-to/react-to-new-parts.md, as they stand there."""
    page = (ROOT / "docs/how-to/react-to-new-parts.md").read_text()
    programs = re.findall(r"```python\n# (\w+\.py)\n(.*?)```", page, re.DOTALL)
    assert [name for name, _ in programs] == ["consumer.py", "automate.py"]
    for name, text in programs:
        (tmp_path / name).write_text(text)
    environment = clean_environment(PREFECT_API_URL=served.api.url, DO_NOT_TRACK="1")
    with (tmp_path / "consumer.out").open("wb") as out:
        consumer = subprocess.Popen(
            [sys.executable, "consumer.py"], cwd=tmp_path, env=environment, stdout=out, stderr=subprocess.STDOUT
        )
    made_by_serve = {automation["name"] for automation in served.api.post("/automations/filter", {})}
    try:
        until("the consumer", lambda: _maybe(lambda: served.api.deployment("consume/consumer")))
        subprocess.run([sys.executable, "automate.py"], cwd=tmp_path, env=environment, check=True, timeout=300)
        dropped: list[float] = []

        def consumed() -> list[Any]:
            """Return the consumer's runs; the server takes a while to load a new automation, so a part may pass it."""
            if not dropped or time.monotonic() - dropped[-1] > 20:
                dropped.append(time.monotonic())
                text = f"Barge {len(dropped)} with bread and letters has come down the river.\n"
                served.drop(f"for-the-consumer-{len(dropped)}.txt", text)
                served.api.start(f"{FLOW}/ingest")
            return [run for run in served.api.runs("consume") if run["state_type"] == "COMPLETED"]

        (run, *_) = until("the consumer's work", consumed)
        assert run["parameters"]["path"].endswith(".parquet")
        assert run["parameters"]["rows"] >= 1
    finally:
        for automation in served.api.post("/automations/filter", {}):
            if automation["name"] not in made_by_serve:
                served.api.delete(f"/automations/{automation['id']}")
        left = descendants(consumer.pid)
        consumer.terminate()
        consumer.wait(60)
        for pid in left:
            if alive(pid):
                os.kill(pid, signal.SIGKILL)


def test_a_killed_run_is_crashed_and_the_next_one_finishes_its_work(served: Project) -> None:
    for index, text in enumerate(texts(ENOUGH_FILES, 400, seed=1)):
        served.drop(f"killed/{index:04}.txt", text)
    served.api.start(f"{FLOW}/ingest")
    mine = "SELECT count(*), count(DISTINCT record_id) FROM records WHERE source_path LIKE 'killed/%'"
    until("some of its work", lambda: (served.rows(mine) or [(0, 0)])[0][0] > 0, every=0.1)
    run_id, process = run_at_work(served)
    os.kill(process, signal.SIGKILL)
    assert served.api.ended(run_id)["state_type"] == "CRASHED"
    until("all of its work, done by a scheduled run", lambda: served.rows(mine) == [(ENOUGH_FILES, ENOUGH_FILES)])
    assert not [path for path in (served.landing / "killed").glob("*.txt") if path.is_file()]


def test_a_cancelled_run_ends_with_nothing_lost(served: Project) -> None:
    for index, text in enumerate(texts(ENOUGH_FILES, 400, seed=2)):
        served.drop(f"cancelled/{index:04}.txt", text)
    served.api.start(f"{FLOW}/ingest")
    mine = "SELECT count(*), count(DISTINCT record_id) FROM records WHERE source_path LIKE 'cancelled/%'"
    until("some of its work", lambda: (served.rows(mine) or [(0, 0)])[0][0] > 0, every=0.1)
    run_id, _ = run_at_work(served)
    served.api.post(f"/flow_runs/{run_id}/set_state", {"state": {"type": "CANCELLING", "name": "Cancelling"}})
    assert served.api.ended(run_id)["state_type"] == "CANCELLED"
    tasks = served.api.post("/task_runs/filter", {"flow_runs": {"id": {"any_": [run_id]}}})
    failed = [task["state"]["message"] for task in tasks if task["state_type"] == "FAILED"]
    assert not failed, "what was stopped on purpose is not shown in red"
    served.api.start(f"{FLOW}/ingest")
    until("all of its work, done by the next run", lambda: served.rows(mine) == [(ENOUGH_FILES, ENOUGH_FILES)])


def test_ingest_on_the_command_line_is_a_flow_run_while_the_project_is_served(served: Project) -> None:
    served.drop("typed.txt", "Typed at a terminal while the schedule goes on, and seen on the same web page.\n")
    before = len(served.api.runs(FLOW))
    done = served.longshore("ingest", "--json")
    assert done.returncode == 0, done.stderr
    assert len(served.api.runs(FLOW)) > before


def test_a_run_whose_machine_died_is_crashed_by_its_missing_heartbeats(served: Project) -> None:
    """It was killed together with all that could have told of it, some tests ago."""
    if not served.doomed_run:
        pytest.skip("test_serve_options.py leaves the run, and was not asked for")
    run = served.api.ended(served.doomed_run)
    assert run["state_type"] == "CRASHED"
    assert "without a word" in run["state"]["message"]


def test_sigterm_in_the_middle_of_a_run_ends_everything_with_nothing_lost(served: Project) -> None:
    """The last chapter: no process is left, the state file is gone, and the next run goes on from there."""
    for index, text in enumerate(texts(ENOUGH_FILES, 400, seed=3)):
        served.drop(f"stopped/{index:04}.txt", text)
    served.api.start(f"{FLOW}/ingest")
    mine = "SELECT count(*), count(DISTINCT record_id) FROM records WHERE source_path LIKE 'stopped/%'"
    until("some of its work", lambda: (served.rows(mine) or [(0, 0)])[0][0] > 0, every=0.1)
    assert served.stop() == 0
    assert "Stopped. Nothing is lost" in served.output
    assert not (served.folder / ".longshore/serve.json").exists()
    done = served.longshore("ingest")
    assert done.returncode == 0, done.stderr
    assert served.rows(mine) == [(ENOUGH_FILES, ENOUGH_FILES)]


def _maybe(ask: Any) -> Any:
    try:
        return ask()
    except OSError:
        return None
