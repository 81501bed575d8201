"""Forget a document of a container: its rows go, the others stay what they were, also in an archive."""

import hashlib
import json

import pytest
from test_compaction import ledger_agrees
from test_forget import disagreements, forget

from longshore.maintenance.reprocess import reprocess_warehouse
from tests.storage.archive_samples import zip_of
from tests.warehouse.project import article

SECRET = json.dumps({"title": "The secret", "text": "Nobody may read any longer that the harbour was sold."}).encode()
SECRET_ID = hashlib.sha256(SECRET).hexdigest()
OTHERS = [json.dumps({"title": f"Title {number}", "text": article(number)}).encode() for number in (3, 5)]
LINES = b"\n".join([OTHERS[0], SECRET, OTHERS[1]]) + b"\n"
ARRAY = b"[" + b", ".join([OTHERS[0], SECRET, OTHERS[1]]) + b"]"
FILES = {
    "rows.jsonl": LINES,
    "array.json": ARRAY,
    "box.zip": zip_of([("a.txt", article(7).encode()), ("inner/rows.jsonl", LINES)]),
}


def deliver(project, name):
    project.drop(name, FILES[name])
    project.ingest()
    return next((project.root / "landing" / "_archive").rglob(name))


@pytest.mark.parametrize("name", FILES)
def test_the_document_is_gone_and_the_others_can_be_read_again(project, name):
    path = deliver(project, name)
    before = project.table().num_rows
    summary = forget(project, SECRET_ID)
    assert (summary.records_removed, summary.left) == (1, [])
    assert project.table().num_rows == before - 1
    for file in project.root.rglob("*"):
        assert not file.is_file() or b"harbour was sold" not in file.read_bytes(), file
    assert path.exists()
    assert disagreements(project) == []
    assert ledger_agrees(project)
    again = reprocess_warehouse(project.settings, "char_count > 0", dry_run=True)
    assert (again.rows_chosen, again.missing_rows, again.rows_changed) == (before - 1, 0, 0)


def test_a_container_with_nothing_else_in_it_is_deleted(project):
    project.drop("one.jsonl", SECRET + b"\n" + OTHERS[0] + b"\n")
    project.ingest()
    path = next((project.root / "landing" / "_archive").rglob("one.jsonl"))
    assert forget(project, SECRET_ID, hashlib.sha256(OTHERS[0]).hexdigest()).originals_deleted == 2
    assert not path.exists()
    assert disagreements(project) == []


@pytest.mark.parametrize("name", FILES)
def test_it_is_rejected_when_it_is_delivered_again(project, name):
    deliver(project, name)
    forget(project, SECRET_ID)
    project.drop(f"again-{name}", FILES[name])
    summary = project.ingest()
    assert (summary.records, dict(summary.reasons)) == (0, {"FORGOTTEN": 1})
