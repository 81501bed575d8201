"""Which Prefect API a run is seen by, and what a person is told about it."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from tests.flows.project import free_port, make_project


@pytest.fixture
def project(tmp_path):
    project = make_project(tmp_path / "project")
    project.drop("a.txt", "The pilot boat went out at noon.")
    return project


def test_without_an_api_the_run_is_direct_and_a_hint_says_how_to_have_one(project):
    done = project.longshore("ingest")
    assert done.returncode == 0
    assert "Hint: every minute, and with a web page of all runs" in done.stdout
    assert "1 file(s): 1 published" in done.stdout


def test_an_api_that_does_not_answer_is_a_clear_error(project):
    url = f"http://127.0.0.1:{free_port()}/api"
    # Both wait eight seconds for an answer: at the same time.
    with ThreadPoolExecutor() as together:
        answers = list(together.map(lambda name: project.longshore(name, PREFECT_API_URL=url), ["ingest", "serve"]))
    for done in answers:
        assert done.returncode == 2
        assert url in done.stderr
        assert "Traceback" not in done.stderr
    assert (project.landing / "a.txt").exists()


@pytest.mark.parametrize(
    ("path", "status", "body", "problem"),
    [
        ("/api", 200, b"true", None),
        ("", 200, b"<!doctype html>", "an API's address ends in /api"),
        ("/api", 404, b"", "an API's address ends in /api"),
        ("/api/accounts/A/workspaces/W", 404, b"", None),
        ("/api", 401, b"", None),
        ("/api", 502, b"", "HTTP 502"),
    ],
)
def test_what_answers_must_be_a_prefect_api(path, status, body, problem):
    """Prefect's own web page answers 200 to any path: without `/api` a run would end in a traceback of Prefect's."""
    from longshore.orchestration.api import answers

    class Page(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        found = answers(f"http://127.0.0.1:{server.server_port}{path}", 5.0)
        server.shutdown()
    assert found == problem or (found and problem in found)


def test_a_state_file_of_a_serve_that_has_died_is_not_believed(project):
    state = project.folder / ".longshore"
    state.mkdir()
    (state / "serve.lock").write_bytes(b"")
    (state / "serve.json").write_text('{"pid": 1, "api_url": "http://127.0.0.1:9/api", "page_url": "", "since": ""}')
    done = project.longshore("ingest")
    assert done.returncode == 0
    assert "Hint: every minute" in done.stdout


def test_serving_needs_a_landing_folder(tmp_path):
    project = make_project(tmp_path / "project")
    project.landing.rmdir()
    done = project.longshore("serve")
    assert done.returncode == 2
    assert "does not exist" in done.stderr


def test_runs_tell_that_they_live_as_often_as_the_automation_expects(monkeypatch):
    """With Prefect's own 180 s the automation would call runs `Crashed` that are well."""
    import os

    import yaml

    from longshore.orchestration.api import HEARTBEAT_SECONDS, HEARTBEAT_VARIABLE, use_api
    from longshore.orchestration.automations import crashed_automation
    from tests.flows.project import ROOT

    for name in ("PREFECT_API_URL", HEARTBEAT_VARIABLE, "DO_NOT_TRACK", "PREFECT_SERVER_ANALYTICS_ENABLED"):
        monkeypatch.setenv(name, "")
    use_api("http://127.0.0.1:1/api")
    assert os.environ[HEARTBEAT_VARIABLE] == str(HEARTBEAT_SECONDS)
    assert crashed_automation().trigger.within.total_seconds() == 3 * HEARTBEAT_SECONDS
    for one in yaml.safe_load((ROOT / "prefect.yaml").read_text())["deployments"]:
        assert one["work_pool"]["job_variables"]["env"] == {HEARTBEAT_VARIABLE: str(HEARTBEAT_SECONDS)}
