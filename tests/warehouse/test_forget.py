"""Forget: the record, its originals and every copy are gone, and do not come back."""

import hashlib
import io
import os
import zipfile

import pytest
import sqlalchemy as sa
from test_compaction import ledger_agrees

from longshore.cli.dry_run import preview
from longshore.errors import SettingsError
from longshore.maintenance import reprocess
from longshore.maintenance.changes import read_changes
from longshore.maintenance.forget import forget_records, plan_forget
from longshore.maintenance.verify import verify
from longshore.storage.fault_injection import FORGET_STEPS, REWRITE_STEPS
from longshore.storage.landing import LocalLanding
from longshore.storage.ledger.tables import batches, sources
from longshore.text.normalise import normalise
from tests.warehouse.project import article, in_child

SECRET = article(2)
SECRET_ID = hashlib.sha256(SECRET.encode()).hexdigest()
WORDS = "(2)"


def forget(project, *record_ids, **how):
    return forget_records(project.settings, record_ids or [SECRET_ID], **how)


def disagreements(project):
    """Give what `verify` finds wrong."""
    return [one["kind"] for one in verify(project.settings).to_dict()["disagreements"]]


def nothing_is_left(project):
    """No record, and no file below landing or warehouse that is or holds the original."""
    assert SECRET_ID not in project.table()["record_id"].to_pylist()
    for path in project.root.rglob("*"):
        if path.is_file():
            assert path.read_bytes() != SECRET.encode(), path
    for folder in (project.warehouse.inner / "rewrites").glob("*/*"):
        raise AssertionError(f"{folder} holds old parts")
    return True


def test_record_and_original_are_gone(project):
    project.ingest_in_parts(2)
    summary = forget(project)
    assert (summary.records_removed, summary.originals_deleted) == (1, 1)
    assert nothing_is_left(project)
    assert project.table().num_rows == 5
    assert ledger_agrees(project)
    assert disagreements(project) == []


def test_verify_proves_it(project):
    project.ingest_in_parts(1)
    original = next((project.root / "landing" / "_archive").rglob("00002.txt"))
    forget(project)
    assert disagreements(project) == []
    original.write_text(SECRET)
    assert disagreements(project) == ["original-unknown"], "it is not to be there"
    original.unlink()
    project.drop("again.txt", SECRET)
    project.ingest()
    assert disagreements(project) == [], "it waits in _rejected, with its reason"
    forget(project)
    assert disagreements(project) == []


def test_verify_tells_of_a_forgetting_that_has_not_ended(project):
    project.ingest_in_parts(1)
    assert in_child(lambda: forget(project), "forget.buried:kill") == -9
    assert "forget-unfinished" in disagreements(project)


def test_every_copy_is_gone_also_those_that_were_duplicates_or_await_their_grace(project):
    project.options["rewrite_grace_seconds"] = 3600
    project.ingest_in_parts(3)
    project.drop("copy/other-name.txt", SECRET)
    project.ingest()
    project.compact()
    summary = forget(project)
    assert summary.originals_deleted == 2
    assert nothing_is_left(project)


def test_a_delivery_of_forgotten_bytes_is_rejected_and_forgetting_again_deletes_it(project):
    project.ingest_in_parts(1)
    forget(project)
    project.drop("again.txt", SECRET)
    summary = project.ingest()
    assert dict(summary.reasons) == {"FORGOTTEN": 1}
    assert SECRET_ID not in project.table()["record_id"].to_pylist()
    assert forget(project).originals_deleted == 1
    assert nothing_is_left(project)
    assert not list((project.root / "landing" / "_rejected").rglob("*.reason.json"))


def test_a_dry_run_says_so(project):
    project.ingest_in_parts(1)
    forget(project)
    project.drop("again.txt", SECRET)
    project.drop("new.txt", article(77))
    found = preview(project.settings, wait=False)
    assert (found.rejected, found.published) == (1, 1)


def test_no_sample_of_a_text_stays_in_the_ledger(project, monkeypatch):
    monkeypatch.setattr(reprocess, "normalise_members", lambda members, *_: [normalise(members[0].raw.upper())])
    project.ingest_in_parts(1)
    summary = reprocess.reprocess_warehouse(project.settings, "char_count > 0", dry_run=True)
    assert summary.samples["text"]
    forget(project)
    words = b"THE HARBOUR WAS QUIET".lower()
    for path in project.warehouse.inner.rglob("*"):
        assert not path.is_file() or words not in path.read_bytes().lower(), path


def test_a_part_that_was_set_aside_goes_too(project):
    project.ingest_in_parts(1)
    (part,) = project.parts()
    copy = project.warehouse.inner / "aside" / part
    copy.parent.mkdir(parents=True)
    copy.write_bytes((project.warehouse.records / part).read_bytes())
    forget(project)
    assert not copy.exists()


def test_an_original_that_cannot_be_deleted_is_named_and_stays_asked_for(project, monkeypatch):
    project.ingest_in_parts(1)

    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(LocalLanding, "remove_beside", refuse)
        assert "Permission denied" in forget(project).left[0]
    assert "forget-unfinished" in disagreements(project)
    project.compact()
    assert disagreements(project) == []
    assert nothing_is_left(project)


def test_a_record_that_came_back_is_told_of_by_verify(project):
    """As after a part of a backup was put back, and adopted."""
    project.ingest_in_parts(1)
    (part,) = project.parts()
    data = (project.warehouse.records / part).read_bytes()
    forget(project)
    (stranger,) = project.parts()
    (project.warehouse.records / stranger).unlink()
    (project.warehouse.records / part).write_bytes(data)
    with project.ledger() as ledger, ledger.engine.begin() as db:
        db.execute(sa.delete(batches))
        db.execute(sa.delete(sources))
    verify(project.settings, repair=True)
    assert "record-forgotten" in disagreements(project)
    forget(project)
    assert SECRET_ID not in project.table()["record_id"].to_pylist()
    assert "record-forgotten" not in disagreements(project)


def test_what_was_never_delivered_may_be_forgotten_ahead(project):
    project.ingest_in_parts(1, files_each=1)
    assert forget(project, block_unknown=True).unknown == [SECRET_ID]
    project.drop("late.txt", SECRET)
    assert dict(project.ingest().reasons) == {"FORGOTTEN": 1}


def test_the_last_record_of_a_partition_may_go(project):
    project.drop("only.txt", SECRET)
    project.ingest()
    forget(project)
    assert project.parts() == []
    project.ingest_in_parts(1, files_each=2)
    assert project.table().num_rows == 2
    assert ledger_agrees(project)


@pytest.mark.parametrize("after_ingest", ["keep", "delete"])
def test_it_is_gone_wherever_originals_are_kept(project, after_ingest):
    project.options["after_ingest"] = after_ingest
    project.ingest_in_parts(1)
    forget(project)
    assert nothing_is_left(project)
    assert project.ingest().rejected == 0


def test_readers_of_changes_are_told(project):
    project.ingest_in_parts(1)
    (added,) = read_changes(project.settings)
    forget(project)
    (change,) = read_changes(project.settings, added.token)
    assert (change.change, change.record_ids) == ("forgotten", (SECRET_ID,))


@pytest.mark.parametrize("wrong", ["", "abc", SECRET_ID.upper(), SECRET_ID + "\n", "../../etc/passwd"])
def test_what_is_no_record_id_is_refused(project, wrong):
    project.ingest_in_parts(1)
    with pytest.raises(SettingsError):
        forget(project, wrong)


@pytest.mark.parametrize("step", [*FORGET_STEPS, *REWRITE_STEPS])
def test_a_forgetting_that_died_is_finished_by_the_next_compaction(project, step):
    project.ingest_in_parts(2)
    assert in_child(lambda: forget(project), f"{step}:kill") == -9
    project.drop("again.txt", SECRET)
    project.ingest()
    assert project.table()["record_id"].to_pylist().count(SECRET_ID) <= 1
    project.compact()
    assert nothing_is_left(project)
    assert project.table().num_rows == 5
    assert ledger_agrees(project)


def test_the_command_says_what_it_did(project):
    project.ingest_in_parts(1)
    shown = project.run("forget", SECRET_ID)
    assert shown.returncode == 0, shown.stderr
    assert "1 record(s) removed, 1 original(s) deleted" in shown.stdout


def original_of(project):
    return next((project.root / "landing" / "_archive").rglob("00002.txt"))


def test_an_original_that_somebody_renamed_is_found_by_its_bytes(project):
    project.ingest_in_parts(1)
    original = original_of(project)
    original.rename(original.with_name("renamed by hand.txt"))
    assert forget(project).originals_deleted == 1
    assert nothing_is_left(project)


def test_an_original_whose_path_is_longer_than_a_path_may_be_is_gone(project):
    """The kernel refuses such a path as a whole; folders are opened one by one."""
    folder = os.open(project.root / "landing", os.O_RDONLY)
    for _ in range(20):
        os.mkdir("d" * 240, dir_fd=folder)
        below = os.open("d" * 240, os.O_RDONLY, dir_fd=folder)
        os.close(folder)
        folder = below
    file = os.open("deep.txt", os.O_WRONLY | os.O_CREAT, dir_fd=folder)
    os.write(file, SECRET.encode())
    os.close(file)
    os.close(folder)
    project.ingest()

    def names():
        return {name for _, _, found, _ in os.fwalk(project.root / "landing") for name in found}

    assert "deep.txt" in names()
    summary = forget(project)
    assert (summary.records_removed, summary.originals_deleted, summary.left) == (1, 1, [])
    assert "deep.txt" not in names()
    assert disagreements(project) == []


def test_a_file_that_waits_to_be_deleted_is_found_by_its_bytes(project):
    project.ingest_in_parts(1)
    waiting = project.root / "landing/_deleting"
    waiting.mkdir()
    original_of(project).rename(waiting / "00002.txt")
    assert forget(project).originals_deleted == 1
    assert nothing_is_left(project)


def test_an_original_that_somebody_appended_to_is_named_and_stays_asked_for(project):
    project.ingest_in_parts(1)
    original = original_of(project)
    original.write_text(SECRET + "and more")
    summary = forget(project)
    assert "00002.txt: somebody appended to it" in summary.left[0]
    assert "forget-unfinished" in disagreements(project)
    original.unlink()
    assert forget(project).left == []
    assert disagreements(project) == []


def test_a_copy_in_an_archive_that_was_rejected_as_a_whole_is_named(project):
    project.ingest_in_parts(1)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("inside.txt", SECRET)
        archive.writestr("../out.txt", "It leads outside, so that the whole archive is refused.")
    place = project.root / "landing/_rejected/whole.zip"
    project.drop("whole.zip", packed.getvalue())
    assert project.ingest().rejected == 1
    assert place.is_file()
    assert "inside.txt" in forget(project).left[0]
    place.unlink()
    assert forget(project).left == []


def test_a_dry_run_says_what_would_go_and_removes_nothing(project):
    project.ingest_in_parts(1)
    plan = plan_forget(project.settings, [SECRET_ID])
    assert (plan.records_removed, plan.originals_deleted) == (1, 1)
    assert "would be removed" in next(plan.lines())
    assert SECRET_ID in project.table()["record_id"].to_pylist()
    assert disagreements(project) == []


def test_the_beginning_of_an_id_is_enough_where_one_record_has_it(project):
    project.ingest_in_parts(1)
    assert forget(project, SECRET_ID[:8]).asked == [SECRET_ID]
    assert nothing_is_left(project)


def test_a_beginning_that_two_ids_have_is_refused(project):
    project.ingest_in_parts(1)
    other = SECRET_ID[:6] + "f" * 58
    forget(project, other, block_unknown=True)
    with pytest.raises(SettingsError, match="2 record ids"):
        forget(project, SECRET_ID[:6])


def test_a_path_names_what_was_delivered_under_it(project):
    project.ingest_in_parts(1)
    (path,) = {row["source_path"] for row in project.table().to_pylist() if row["record_id"] == SECRET_ID}
    assert forget_records(project.settings, paths=[path]).asked == [SECRET_ID]
    assert nothing_is_left(project)
    with pytest.raises(SettingsError, match="ever delivered as"):
        forget_records(project.settings, paths=["nowhere.txt"])


def test_an_unknown_id_is_an_error_and_blocks_nothing(project):
    project.ingest_in_parts(1)
    with pytest.raises(SettingsError, match="--block-unknown"):
        forget(project, "ab" * 32)
    assert disagreements(project) == []
