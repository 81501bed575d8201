"""A run that ingests a container is killed at each step: its documents are there once, or not yet, never in part."""

import json

import pytest

from longshore.ingestion import worker
from longshore.maintenance.verify import verify
from longshore.storage.fault_injection import STEPS
from tests.warehouse.project import Project, in_child

LINES = [json.dumps({"text": f"The harbour of berth {n} was quiet, and the ships lay still."}) for n in range(5)]


@pytest.fixture(params=["together", "piece by piece"])
def project(tmp_path, monkeypatch, request):
    if request.param == "piece by piece":
        monkeypatch.setattr(worker, "_STREAMED", 2)
        monkeypatch.setattr(worker, "_PIECE", 2)
    project = Project(tmp_path)
    project.drop("rows.jsonl", "\n".join(LINES[:4]))
    return project


@pytest.mark.parametrize("step", STEPS)
def test_killed_at_each_step_every_document_is_there_once_in_the_end(project, step):
    assert in_child(project.ingest, f"{step}:kill") == -9
    if any(project.warehouse.parts()):
        assert project.table().num_rows == 4, "all documents of a file, or none"
    project.drop("later.jsonl", "\n".join(LINES[3:]))
    project.ingest()
    table = project.table()
    assert sorted(table["text"].to_pylist()) == sorted(json.loads(line)["text"] for line in LINES)
    assert verify(project.settings).to_dict()["disagreements"] == []


@pytest.mark.parametrize("step", ["normalise", "stage.write", "stage.done"])
def test_a_full_disk_leaves_the_container_for_the_next_run(project, step):
    assert in_child(project.ingest, f"{step}:enospc") == 3
    assert not any(project.warehouse.parts())
    project.ingest()
    assert project.table().num_rows == 4
