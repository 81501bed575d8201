"""A second project on the same Prefect server, with `--watch`, `--metrics-port` and `--log-format json`."""

from __future__ import annotations

import json
import os
import signal
import urllib.request

import pytest

from tests.flows.project import BUSY, ENOUGH_FILES, FLOW, descendants, end, free_port, make_project, texts, until

pytestmark = pytest.mark.timeout(1800)


@pytest.fixture(scope="module")
def watched(served, tmp_path_factory):
    port = free_port()
    project = make_project(tmp_path_factory.mktemp("watched") / "project", PREFECT_API_URL=served.api.url)
    settings = project.folder / "longshore.toml"
    # The schedule is never due here: what is taken was seen by the watch.
    settings.write_text(settings.read_text() + 'project = "second"\nschedule_cron = "0 0 1 1 *"\n')
    project.serve("--watch", "--metrics-port", str(port), "--log-format", "json")
    project.metrics_port = port
    try:
        yield project
    finally:
        assert project.stop() == 0


def test_a_dropped_file_starts_a_run_without_the_schedule(watched):
    watched.drop("seen.txt", "Seen as soon as it had been put down.")
    until("the record", lambda: watched.rows("SELECT 1 FROM records WHERE source_path = 'seen.txt'"))


def test_prometheus_is_told_of_it(watched):
    def figures():
        with urllib.request.urlopen(f"http://127.0.0.1:{watched.metrics_port}/metrics", timeout=30) as answer:
            return answer.read().decode()

    until("the figure", lambda: 'longshore_files_total{outcome="published"} 1.0' in figures(), every=2)
    for name in ("longshore_backlog_files", "longshore_oldest_waiting_seconds", "longshore_last_success_age_seconds"):
        assert f"\n{name} " in figures()


def test_every_log_line_is_json(watched):
    lines = [line for line in watched.output.splitlines() if line.strip()]
    assert lines
    for line in lines:
        assert isinstance(json.loads(line), dict), line


def test_the_log_of_a_run_is_in_the_terminal_and_in_prefect(watched, served):
    watched.drop("logged.txt", "The log of this run is read by a collector.")
    until("the record", lambda: watched.rows("SELECT 1 FROM records WHERE source_path = 'logged.txt'"))

    def events(message, since=""):
        found = [json.loads(line) for line in watched.output.splitlines() if line.strip()]
        return [event for event in found if message in event["message"] and since in str(event.get("flow_run_id"))]

    batch = until("the line of the batch", lambda: events("1 record(s), 0 rejected"))[-1]
    run_id = batch["flow_run_id"]
    assert (batch["level"], batch["records"], batch["rejected"]) == ("INFO", 1, 0)
    assert len(batch["batch"]) >= 12
    assert batch["source_bytes"] > 0
    (end,) = until("the last line of the run", lambda: events("1 published", run_id))
    assert (end["state"], end["records"], end["files"]["published"]) == ("completed", 1, 1)
    assert len(events(batch["message"], run_id)) == 1, "each event is written once"
    assert len(events("Longshore is serving")) == 1

    def told():
        logs = served.api.post("/logs/filter", {"logs": {"flow_run_id": {"any_": [run_id]}}})
        return {log["message"] for log in logs} >= {batch["message"], end["message"]}

    until("the same lines in Prefect", told)


def test_a_project_does_not_take_over_the_deployments_of_another(served, tmp_path):
    other = make_project(tmp_path / "other", PREFECT_API_URL=served.api.url)

    def answered():
        done = other.longshore("serve")
        return None if BUSY in done.stderr else done

    done = until("an answer of the server", answered)
    assert done.returncode == 2
    assert "`project`" in done.stderr


def test_a_run_whose_machine_dies_stays_running_for_now(served, tmp_path):
    """The last test of `test_story.py` but one looks what became of it: that takes two minutes."""
    project = make_project(tmp_path / "doomed", PREFECT_API_URL=served.api.url)
    settings = project.folder / "longshore.toml"
    settings.write_text(settings.read_text() + 'project = "doomed"\nschedule_cron = "0 0 1 1 *"\n')
    for index, text in enumerate(texts(ENOUGH_FILES, 400, seed=4)):
        project.drop(f"{index:04}.txt", text)
    try:
        project.serve()
        until("some of its work", lambda: project.rows("SELECT 1 FROM records LIMIT 1"), every=0.1)
        deployment = served.api.deployment(f"{FLOW}/ingest-doomed")["id"]
        running = {"state": {"type": {"any_": ["RUNNING"]}}}
        body = {"deployments": {"id": {"any_": [deployment]}}, "flow_runs": running}
        (run,) = served.api.post("/flow_runs/filter", body)
        everyone = [project.process.pid, *descendants(project.process.pid)]
        # As when the power goes: nobody is left to say a word.
        for number in (signal.SIGSTOP, signal.SIGKILL):
            for pid in everyone:
                os.kill(pid, number)
        project.process.wait(30)
        assert served.api.run(run["id"])["state_type"] == "RUNNING"
        served.doomed_run = run["id"]
    finally:
        end(project)
