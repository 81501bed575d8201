"""A rewrite that dies at any step loses nothing, doubles nothing, and is made good by whoever comes next."""

import pytest
from test_compaction import ledger_agrees

from longshore.storage.fault_injection import REWRITE_STEPS
from longshore.storage.filesystem import exchange
from tests.warehouse.project import article, in_child

KILLED = -9


# Both healers at the steps around the exchange, where they must decide; one of them elsewhere.
HEALED = [(step, "ingest") for step in REWRITE_STEPS] + [(step, "compact") for step in REWRITE_STEPS[3:6]]


@pytest.mark.parametrize(("step", "healer"), HEALED)
def test_a_killed_compaction_is_made_good(project, step, healer):
    project.ingest_in_parts(3)
    before = project.table()
    assert in_child(project.compact, f"{step}:kill") == KILLED
    assert project.table().equals(before), "readers saw the death"
    if healer == "ingest":
        project.drop("later.txt", article(700))
        project.ingest()
        assert project.table().num_rows == before.num_rows + 1
    project.compact()
    assert len(project.parts()) == 1
    assert ledger_agrees(project)
    project.compact()
    assert not list((project.warehouse.inner / "rewrites").glob("*/*"))


@pytest.mark.parametrize("step", REWRITE_STEPS[:-1])
def test_a_full_disk_during_compaction_leaves_all_as_it_was_or_as_it_should_be(project, step):
    project.ingest_in_parts(3)
    before = project.table()
    assert in_child(project.compact, f"{step}:enospc") == 3
    assert project.table().equals(before)
    assert ledger_agrees(project)
    assert len(list((project.warehouse.inner / "rewrites").glob("*/*"))) == 0


@pytest.mark.parametrize("step", [*REWRITE_STEPS, "rewrite.aside"])
def test_the_same_holds_where_two_names_cannot_be_exchanged(project, step, monkeypatch):
    from longshore.storage import folder_exchange

    monkeypatch.setattr(folder_exchange, "exchange", lambda _one, _other: False)
    project.ingest_in_parts(3)
    before = project.table()
    assert in_child(project.compact, f"{step}:kill") == KILLED
    project.ingest()
    assert project.table().equals(before)
    assert ledger_agrees(project)
    project.compact()
    assert project.table().equals(before)
    assert len(project.parts()) == 1


def test_a_batch_that_died_between_rename_and_ledger_is_not_merged_before_it_is_published(project):
    project.ingest_in_parts(2)
    project.drop("x.txt", article(800))
    assert in_child(project.ingest, "publish.renamed:kill") == KILLED
    assert len(project.parts()) == 3
    project.compact()
    assert len(project.parts()) == 2, "its part came along under its own name"
    project.ingest()
    assert project.table().num_rows == 7
    assert ledger_agrees(project)


def test_this_system_exchanges_names(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    (tmp_path / "a" / "old").touch()
    assert exchange(tmp_path / "a", tmp_path / "b")
    assert (tmp_path / "b" / "old").exists()
