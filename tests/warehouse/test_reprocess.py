"""Reprocess: rows are made anew from their originals; nothing is dropped, and what did not change stays."""

import zipfile

import pytest
from test_compaction import ledger_agrees

from longshore.errors import SettingsError
from longshore.ingestion import worker
from longshore.maintenance import reprocess as room
from longshore.maintenance.changes import read_changes
from longshore.maintenance.reprocess import reprocess_warehouse
from longshore.storage.fault_injection import REWRITE_STEPS
from longshore.storage.schema import OF_THE_DELIVERY
from tests.warehouse.project import article, in_child

ALL = "record_id is not null"


@pytest.fixture
def shouting(monkeypatch):
    """Let a newer normaliser write every title in capitals, and call itself version 99."""
    from dataclasses import replace

    def newer(*arguments):
        return [
            replace(result, title=f"TITLE {result.char_count}", normaliser_version="99")
            for result in worker.normalise_members(*arguments)
        ]

    monkeypatch.setattr(room, "normalise_members", newer)
    monkeypatch.setattr(room, "NORMALISER_VERSION", "99")


def reprocess(project, where=None, **options):
    return reprocess_warehouse(project.settings, where, **options)


def test_with_the_same_rules_nothing_changes(project):
    project.ingest_in_parts(2)
    parts, before = project.parts(), project.table()
    summary = reprocess(project, ALL)
    assert (summary.rows_chosen, summary.rows_changed) == (6, 0)
    assert project.parts() == parts
    assert project.table().equals(before)


@pytest.mark.usefixtures("shouting")
def test_new_rules_change_what_they_change_and_nothing_else(project):
    project.ingest_in_parts(2)
    before = project.table()
    summary = reprocess(project)
    after = project.table()
    assert (summary.rows_chosen, summary.rows_changed) == (6, 6)
    assert summary.columns == {"title": 6, "normaliser_version": 6}
    assert summary.samples["title"][0].after.startswith("TITLE")
    for name in ("record_id", "text", *OF_THE_DELIVERY):
        assert after[name].equals(before[name]), name
    assert set(after["normaliser_version"].to_pylist()) == {"99"}
    assert ledger_agrees(project)
    assert reprocess(project).rows_chosen == 0, "all rows are of the present version now"


@pytest.mark.usefixtures("shouting")
def test_a_dry_run_reports_the_same_and_writes_nothing(project):
    project.ingest_in_parts(2)
    before = project.table()
    assert reprocess(project, dry_run=True).columns["title"] == 6
    assert project.table().equals(before)


@pytest.mark.usefixtures("shouting")
def test_only_the_chosen_rows_and_their_parts_are_touched(project):
    project.ingest_in_parts(3)
    before = project.parts()
    path = project.table()["source_path"].to_pylist()[0]
    summary = reprocess(project, f"source_path = '{path}'")
    assert (summary.rows_chosen, summary.rows_changed) == (1, 1)
    assert len(set(before) & set(project.parts())) == 2
    assert project.table()["title"].to_pylist().count(None) == 8
    assert ledger_agrees(project)


@pytest.mark.usefixtures("shouting")
def test_a_row_without_an_original_stays_and_is_listed(project):
    project.ingest_in_parts(1)
    before = project.table()
    lost = next((project.root / "landing" / "_archive").rglob("00001.txt"))
    lost.unlink()
    summary = reprocess(project)
    row = project.table()["source_path"].to_pylist().index("day/00001.txt")
    assert summary.missing == [before["record_id"][row].as_py()]
    assert project.table().slice(row, 1).equals(before.slice(row, 1))
    assert summary.rows_changed == 2


@pytest.mark.usefixtures("shouting")
def test_an_original_that_was_tampered_with_counts_as_missing(project):
    project.ingest_in_parts(1, files_each=1)
    next((project.root / "landing" / "_archive").rglob("00000.txt")).write_text("something else")
    assert reprocess(project).missing_rows == 1


@pytest.mark.usefixtures("shouting")
def test_a_duplicates_original_will_do(project):
    project.ingest_in_parts(1, files_each=1)
    project.drop("twin.txt", article(0))
    project.ingest()
    next((project.root / "landing" / "_archive").rglob("00000.txt")).unlink()
    assert reprocess(project).rows_changed == 1


@pytest.mark.usefixtures("shouting")
def test_originals_inside_archives_are_read(project):
    with zipfile.ZipFile(project.root / "landing" / "box.zip", "w") as archive:
        archive.writestr("inner/a.txt", article(1))
        archive.writestr("inner/b 100%.txt", article(2))
    project.ingest()
    assert reprocess(project).rows_changed == 2


@pytest.mark.usefixtures("shouting")
def test_a_compacted_part_is_reprocessed_too_and_changes_are_told(project):
    project.ingest_in_parts(4)
    project.compact()
    *_, last = read_changes(project.settings)
    reprocess(project)
    (change,) = read_changes(project.settings, last.token)
    assert change.change == "revised"
    assert sorted(change.record_ids) == project.table()["record_id"].to_pylist()


def test_what_would_be_rejected_now_stays_and_is_listed(project, monkeypatch):
    from longshore.records import Reason, Rejection

    project.ingest_in_parts(1)
    before = project.table()
    monkeypatch.setattr(room, "normalise_members", lambda *_: [Rejection(Reason.BINARY, "It looks so now.")])
    summary = reprocess(project, ALL)
    assert len(summary.refused) == 3
    assert project.table().equals(before)


@pytest.mark.usefixtures("shouting")
@pytest.mark.parametrize("step", REWRITE_STEPS)
def test_a_reprocessing_that_died_is_made_good(project, step):
    project.ingest_in_parts(2)
    assert in_child(lambda: reprocess(project), f"{step}:kill") == -9
    project.drop("later.txt", article(700))
    project.ingest()
    assert project.table().num_rows == 7
    assert ledger_agrees(project)
    reprocess(project)
    assert set(project.table()["normaliser_version"].to_pylist()) == {"99"}
    assert ledger_agrees(project)


@pytest.mark.parametrize("version", ["", "x", "1.x", "v2"])
def test_what_is_no_version_is_refused(project, version):
    with pytest.raises(SettingsError):
        reprocess(project, older_than_version=version)


def test_the_command_says_what_would_change(project):
    project.ingest_in_parts(1)
    shown = project.run("reprocess", "--where", "char_count > 0", "--dry-run")
    assert shown.returncode == 0, shown.stderr
    assert "3 row(s) chosen, 0 would change" in shown.stdout
