"""The same deployments by `prefect deploy`, a process work pool and a worker: once for real."""

from __future__ import annotations

import subprocess
import sys

import pytest

from longshore.orchestration.deployments import WORK_POOL, as_prefect_yaml, deployments, full_name
from longshore.settings import Settings
from tests.flows.project import make_project

pytestmark = pytest.mark.timeout(1800)


@pytest.fixture
def project(served, tmp_path):
    return make_project(tmp_path / "project", PREFECT_API_URL=served.api.url, DO_NOT_TRACK="1")


def prefect(project, *arguments):
    done = subprocess.run(
        [sys.executable, "-m", "prefect", "--no-prompt", *arguments],
        cwd=project.folder,
        env=project.environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_worker_runs_what_prefect_yaml_deploys(served, project):
    # A name of its own, and never due by itself: the served project shares the server.
    settings = Settings(project="pool", schedule_cron="0 0 1 1 *")
    assert project.longshore("init", ".").returncode == 0
    (project.folder / "prefect.yaml").write_text(as_prefect_yaml(settings))
    prefect(project, "work-pool", "create", WORK_POOL, "--type", "process")
    prefect(project, "deploy", "--all")
    for one in deployments(settings):
        found = served.api.deployment(f"longshore-{one.name}/{full_name(one, settings)}")
        assert (found["entrypoint"], found["work_pool_name"]) == (f"flows/{one.name}.py:{one.name}", WORK_POOL)
        assert [(s["schedule"]["cron"], s["slug"]) for s in found["schedules"]] == [(one.cron, one.name)]
    project.drop("by-a-worker.txt", "The tug came back with an empty barge and a full crew.")
    run_id = served.api.start("longshore-ingest/ingest-pool")
    prefect(project, "worker", "start", "--pool", WORK_POOL, "--run-once")
    assert served.api.ended(run_id)["state_type"] == "COMPLETED"
    assert project.rows("SELECT source_path FROM records") == [("by-a-worker.txt",)]
