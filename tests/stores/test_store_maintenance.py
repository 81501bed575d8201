"""Compaction, reprocessing, forgetting, changes, verification and repair on an object store do what they do locally."""

from __future__ import annotations

import io
import zipfile

import pyarrow.parquet as pq
import pytest

from longshore.maintenance.changes import read_changes
from longshore.maintenance.compact import compact_warehouse
from longshore.maintenance.forget import forget_records
from longshore.maintenance.rejections import discard, rejected_files, retry
from longshore.maintenance.reprocess import reprocess_warehouse
from longshore.maintenance.status import status_of
from longshore.maintenance.verify import verify
from tests.stores.project import sha256

MOJIBAKE = "Die Fähren warteten, bis sich der Nebel über dem Wasser hob.\n" * 3
SECRET_TEXT = "This text was published by mistake, and its author wants it to be forgotten for ever.\n"
ROUNDS = 3


def _fill(project, rounds=ROUNDS, files=3):
    for number in range(rounds):
        for n in range(files):
            project.drop(f"{number}-{n}.txt", f"Ferry {number}-{n} waited for the fog to lift.\n")
        project.ingest()


def _members(project, key):
    with zipfile.ZipFile(io.BytesIO(project.objects.get(key))) as archive:
        return archive.namelist()


def _agree(project):
    assert [f"{one.kind} {one.place}: {one.sentence}" for one in verify(project.settings).disagreements] == []


def test_compaction_keeps_every_row_and_every_change(stored):
    _fill(stored)
    before, changes = stored.rows(), [change.batch_id for change in read_changes(stored.settings)]
    assert len(list(stored.warehouse.parts())) == ROUNDS

    summary = compact_warehouse(stored.settings)

    assert not summary.failed
    assert len(list(stored.warehouse.parts())) == 1
    assert len(list(stored.warehouse.delivery_files())) == 1
    assert stored.rows().equals(before)
    assert [change.batch_id for change in read_changes(stored.settings)] == changes
    _agree(stored)
    stored.drop("more.txt", "The harbour was quiet.\n")
    stored.ingest()
    assert len(stored.ids()) == ROUNDS * 3 + 1
    _agree(stored)


def test_reprocessing_reads_originals_from_the_store(stored):
    damaged = MOJIBAKE.encode().decode("cp1252").encode()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("inside.txt", damaged + b"In an archive.\n")
    stored.drop("a.txt", damaged)
    stored.drop("box.zip", packed.getvalue())
    stored.options = {"repair_policy": "off"}
    stored.ingest()
    assert all("Ã" in text for text in stored.rows()["text"].to_pylist())

    stored.options = {}
    reprocess_warehouse(stored.settings, where="char_count > 0")

    assert not any("Ã" in text for text in stored.rows()["text"].to_pylist())
    assert [change.change for change in read_changes(stored.settings)].count("revised") == 1
    _agree(stored)


def test_forgetting_leaves_no_copy_in_the_store(stored):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("stays.txt", "The harbour was quiet in the morning.\n")
        archive.writestr("goes.txt", SECRET_TEXT)
    _fill(stored, rounds=1)
    stored.drop("mistake.txt", SECRET_TEXT)
    stored.drop("box.zip", packed.getvalue())
    stored.ingest()

    summary = forget_records(stored.settings, [sha256(SECRET_TEXT)])

    assert (summary.records_removed, summary.left) == (1, [])
    assert sha256(SECRET_TEXT) not in stored.ids()
    assert len(stored.ids()) == 4
    (box,) = [key for key in stored.keys("") if key.endswith("box.zip")]
    assert _members(stored, box) == ["stays.txt"]
    assert all(b"published by mistake" not in stored.objects.get(key) for key in stored.keys(""))
    assert not any(b"published by mistake" in path.read_bytes() for path in stored.root.rglob("*") if path.is_file())
    _agree(stored)
    stored.drop("again.txt", SECRET_TEXT)
    assert stored.ingest().rejected == 1


def test_rejected_files_are_listed_retried_and_discarded(stored):
    stored.drop("empty.txt", "")
    stored.drop("deep/picture.txt", b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8)
    stored.ingest()
    assert {one.path: one.reason for one in rejected_files(stored.settings)} == {
        "empty.txt": "EMPTY",
        "deep/picture.txt": "BINARY",
    }
    assert retry(stored.settings, ["deep/picture.txt"]) == ["deep/picture.txt"]
    assert "drop/deep/picture.txt" in stored.keys("drop")
    assert status_of(stored.settings).waiting == 1
    stored.ingest()
    discard(stored.settings, everything=True)
    assert stored.keys("drop") == []
    _agree(stored)


def test_verification_finds_what_was_changed_behind_its_back(stored):
    _fill(stored, rounds=2)
    first, second = (f"house/records/{part}" for part in stored.warehouse.parts())
    stored.objects.put(first, stored.objects.get(second))
    stored.objects.delete([second])
    (original, *_) = stored.keys("drop/_archive")
    stored.objects.put(original, b"Not what was delivered.")
    stored.objects.put("drop/_archive/2020-01-01/stranger.txt", b"A stranger.")
    stored.objects.put("house/records/notes.txt", b"Not a part.")
    kinds = {one.kind for one in verify(stored.settings).disagreements}
    assert kinds >= {"part-damaged", "part-missing", "original-changed", "original-unknown", "file-stray"}


def test_a_ledger_that_was_lost_is_rebuilt_from_the_store(stored):
    _fill(stored, rounds=2)
    stored.drop("empty.txt", "")
    stored.ingest()
    before = stored.rows()
    for path in stored.root.glob("ledger.sqlite3*"):
        path.unlink()
    assert {one.kind for one in verify(stored.settings).disagreements} == {"ledger-lost"}

    assert verify(stored.settings, repair=True).disagreements == []

    assert stored.rows().equals(before)
    stored.drop("again.txt", "Ferry 0-0 waited for the fog to lift.\n")
    assert stored.ingest().duplicate == 1
    _agree(stored)


@pytest.mark.parametrize("created", [False, True], ids=["before the new part", "between the new part and the old ones"])
def test_a_compaction_that_died_is_finished_or_undone(stored, monkeypatch, created):
    from longshore.storage.stores.client import ObjectStore

    _fill(stored)
    before = stored.rows()

    def dies(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        # Neither it nor its own recovery gets on.
        patch.setattr("longshore.maintenance.rewrite.recover_rewrites", lambda *_args, **_named: 0)
        patch.setattr(ObjectStore, "delete" if created else "create", dies)
        with pytest.raises(KeyboardInterrupt):
            compact_warehouse(stored.settings)

    stored.ingest()

    assert stored.rows().equals(before)
    assert len(list(stored.warehouse.parts())) == (1 if created else ROUNDS)
    _agree(stored)
    compact_warehouse(stored.settings)
    assert len(list(stored.warehouse.parts())) == 1
    assert stored.rows().equals(before)
    _agree(stored)


def test_parts_in_the_store_are_whole_parquet_files_of_the_local_kind(stored):
    _fill(stored, rounds=1)
    (part,) = stored.warehouse.parts()
    with stored.warehouse.local(f"records/{part}") as path:
        assert pq.ParquetFile(path).metadata.num_rows == 3
    assert stored.warehouse.metadata("records", part).num_rows == 3
    assert stored.warehouse.size("records", part) == len(stored.objects.get(f"house/records/{part}"))
