"""A project owns its flows: its own files run where it has them, whatever else is called `flows`."""

from __future__ import annotations

import subprocess
import sys

import pytest

from longshore.orchestration.flow_files import FLOWS, entrypoint_of, flow_file, template_folder
from tests.flows.project import ROOT, make_project

pytestmark = pytest.mark.timeout(1800)

OLD_ENTRYPOINTS = {
    "flows.ingest.ingest": "flows/ingest.py:ingest",
    "flows.compact.compact": "flows/compact.py:compact",
    "flows.verify_flow.verify": "flows/verify.py:verify",
}


@pytest.fixture
def project(served, tmp_path):
    """Return a project made by `longshore init` whose runs the served project's Prefect server sees."""
    project = make_project(tmp_path / "project", PREFECT_API_URL=served.api.url, DO_NOT_TRACK="1")
    assert project.longshore("init", ".").returncode == 0
    return project


def test_a_flow_is_the_projects_own_file_or_else_the_shipped_one(tmp_path):
    assert flow_file("ingest", tmp_path) == template_folder() / "flows" / "ingest.py"
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows/ingest.py").write_text("")
    assert flow_file("ingest", tmp_path) == tmp_path / "flows/ingest.py"
    assert entrypoint_of("ingest", tmp_path) == "flows/ingest.py:ingest"


def test_init_writes_every_flow(project):
    assert {path.stem for path in (project.folder / "flows").glob("*.py")} == set(FLOWS)


def test_a_package_called_flows_on_the_path_is_in_nobodys_way(project, tmp_path):
    other = tmp_path / "other"
    (other / "flows").mkdir(parents=True)
    (other / "flows/__init__.py").write_text("raise RuntimeError('this package is not Longshore')\n")
    project.environment["PYTHONPATH"] = f"{other}:{project.environment['PYTHONPATH']}"
    project.drop("a.txt", "The ferry left at noon with forty people on board, and came back at six.")
    done = project.longshore("ingest")
    assert done.returncode == 0, done.stderr
    assert project.rows("SELECT source_path FROM records") == [("a.txt",)]


def test_a_flow_that_the_user_edited_is_the_one_that_runs(project):
    own = project.folder / "flows/ingest.py"
    own.write_text(own.read_text().replace('name="longshore-ingest"', 'name="press-ingest"'))
    project.drop("b.txt", "The crane on the quay has been painted red, and nobody can say who did it.")
    done = project.longshore("ingest")
    assert done.returncode == 0, done.stderr
    assert "press-ingest" in done.stdout + done.stderr


def test_a_flow_that_cannot_be_loaded_is_an_error_that_names_the_file(project):
    (project.folder / "flows/ingest.py").write_text("this is not Python\n")
    done = project.longshore("ingest")
    assert done.returncode == 2
    assert "flows/ingest.py cannot be loaded" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_old_prefect_yaml_deploys_after_the_upgrade_of_the_changelog(project):
    """The CHANGELOG says: run `longshore init`, then replace these three entry points."""
    text = (project.folder / "prefect.yaml").read_text()
    for old, new in OLD_ENTRYPOINTS.items():
        text = text.replace(new, old)
    assert "flows.verify_flow.verify" in text
    for old, new in OLD_ENTRYPOINTS.items():
        assert f"`{old}`" in (ROOT / "CHANGELOG.md").read_text()
        text = text.replace(old, new)
    text = text.replace("  - name: ", "  - name: upgraded-").replace('cron: "* * * * *"', 'cron: "0 0 1 1 *"')
    (project.folder / "prefect.yaml").write_text(text)
    command = [sys.executable, "-m", "prefect", "--no-prompt", "work-pool", "create", "longshore", "--type", "process"]
    subprocess.run(command, cwd=project.folder, env=project.environment, capture_output=True, check=False)
    done = subprocess.run(
        [sys.executable, "-m", "prefect", "--no-prompt", "deploy", "--all"],
        cwd=project.folder, env=project.environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
