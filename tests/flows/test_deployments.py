"""What runs when is declared once; `longshore serve` and `prefect.yaml` must agree on it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
import yaml

from longshore.errors import SettingsError
from longshore.orchestration.deployments import as_prefect_yaml, deployments
from longshore.settings import Settings
from tests.flows.project import ROOT

FLOWS = ROOT / "flows"


@pytest.fixture
def written():
    return yaml.safe_load((ROOT / "prefect.yaml").read_text())


def test_prefect_yaml_is_made_from_the_definition():
    made = as_prefect_yaml(Settings())
    assert (ROOT / "prefect.yaml").read_text() == made, (
        "run `python -m longshore.orchestration.deployments > prefect.yaml`"
    )


def test_serve_and_prefect_yaml_agree(written):
    from longshore.orchestration.scheduler import deployment_of

    settings = Settings()
    served = {one.name: deployment_of(one, settings) for one in deployments(settings)}
    assert set(served) == {one["name"] for one in written["deployments"]}
    for one in written["deployments"]:
        ours = served[one["name"]]
        assert ours.entrypoint.endswith(one["entrypoint"])
        assert ours.version == one["version"]
        assert ours.tags == one["tags"]
        assert ours.description == one["description"]
        (schedule,) = ours.schedules
        (theirs,) = one["schedules"]
        assert (schedule.schedule.cron, schedule.schedule.timezone, schedule.slug) == (
            theirs["cron"],
            theirs["timezone"],
            theirs["slug"],
        )


def test_a_schedule_that_is_no_cron_line_is_an_error_that_says_what_one_is():
    from longshore.orchestration.scheduler import deployment_of

    settings = Settings(schedule_cron="every minute")
    with pytest.raises(SettingsError, match="five fields"):
        deployment_of(deployments(settings)[0], settings)


def test_no_deployment_has_a_concurrency_limit_whose_slot_could_leak():
    from longshore.orchestration.scheduler import deployment_of

    settings = Settings()
    assert all(deployment_of(one, settings).concurrency_limit is None for one in deployments(settings))


@pytest.mark.parametrize("one", deployments(Settings()), ids=lambda one: one.name)
def test_each_parameter_is_a_described_field_of_the_form(one):
    from longshore.orchestration.scheduler import deployment_of

    schema = deployment_of(one, Settings())._parameter_openapi_schema
    for name, field in schema.properties.items():
        assert field.get("description"), f"{one.name}: {name} has no description"


def _flow_modules():
    for path in sorted(FLOWS.rglob("*.py")):
        tree = ast.parse(path.read_text())
        names = {
            alias.name
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom) and node.module in ("prefect", "prefect.tasks", "prefect.assets")
            for alias in node.names
        }
        if names & {"flow", "task", "materialize"}:
            yield path


@pytest.mark.parametrize("path", list(_flow_modules()), ids=lambda path: path.name)
def test_flow_modules_do_not_postpone_annotations(path: Path):
    """With postponed annotations every served run of a flow with typed parameters fails."""
    assert "from __future__ import annotations" not in path.read_text()
