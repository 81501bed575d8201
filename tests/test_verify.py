from __future__ import annotations

import datetime as dt
import os
import shutil
import zipfile

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from longshore.errors import LedgerError, LongshoreError
from longshore.ingestion.executors import InlineExecutor
from longshore.maintenance.changes import read_changes
from longshore.maintenance.compact import compact_warehouse
from longshore.maintenance.forget import forget_records
from longshore.maintenance.rejections import discard, rejected_files, rejected_members, retry
from longshore.maintenance.repair import repair_project
from longshore.maintenance.reprocess import reprocess_warehouse
from longshore.maintenance.status import status_of
from longshore.maintenance.verify import record_ids_of, verify
from longshore.pipeline import ingest as run_ingest
from longshore.settings import Settings
from longshore.storage.landing import LocalLanding
from longshore.storage.ledger.batches import Ledger
from longshore.storage.ledger.runs import begin_run
from longshore.storage.lock import one_run_at_a_time
from longshore.storage.warehouse import LocalWarehouse

TEXTS = {f"{n}.txt": f"The harbour of berth {n} was quiet in the evening.".encode() for n in range(6)}


@pytest.fixture
def settings(tmp_path):
    (tmp_path / "landing").mkdir()
    return Settings(
        landing=tmp_path / "landing", warehouse=tmp_path / "warehouse", stable_seconds=0, max_files_per_batch=2
    )


def put(settings, files):
    for name, data in files.items():
        path = settings.landing / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def ingest(settings):
    return run_ingest(settings, executor=InlineExecutor())


def kinds(settings, **how):
    return sorted({one.kind for one in verify(settings, **how).disagreements})


@pytest.fixture
def filled(settings):
    put(settings, TEXTS | {"empty.txt": b"", "again.txt": TEXTS["0.txt"], "sub/picture.bin": bytes(range(256)) * 9})
    ingest(settings)
    assert not verify(settings).disagreements
    return settings


def parts(settings):
    return [settings.warehouse / "records" / part for part in LocalWarehouse(settings.warehouse).parts()]


def ledger_file(settings):
    return settings.warehouse / "_longshore" / "ledger.sqlite3"


def archived(settings, name):
    return next((settings.landing / "_archive").rglob(name))


def ids(settings):
    store = LocalWarehouse(settings.warehouse)
    return sorted(record_id for part in store.parts() for record_id in record_ids_of(store, part))


def test_an_untouched_project_agrees(filled):
    found = verify(filled)
    assert found.to_dict()["agree"] is True
    assert (found.records, found.originals) == (6, 9)


def test_a_project_without_anything_agrees(settings):
    assert not verify(settings).disagreements


def test_a_part_that_is_gone_is_named(filled):
    parts(filled)[0].unlink()
    assert kinds(filled) == ["part-missing"]


def test_one_changed_byte_in_a_part_is_found(filled):
    part = parts(filled)[0]
    data = bytearray(part.read_bytes())
    data[len(data) // 2] ^= 1
    part.write_bytes(data)
    assert "part-damaged" in kinds(filled)


def test_a_truncated_part_is_found(filled):
    part = parts(filled)[0]
    part.write_bytes(part.read_bytes()[:-10])
    assert kinds(filled) == ["part-damaged"]


def test_a_copied_part_is_found_and_set_aside(filled):
    part = parts(filled)[0]
    shutil.copy(part, part.with_name("copy.parquet"))
    assert "part-unknown" in kinds(filled)
    assert kinds(filled, repair=True) == []
    assert (filled.warehouse / "_longshore" / "aside").exists()
    assert len(ids(filled)) == len(set(ids(filled))) == 6


def test_a_stray_file_among_the_parts_is_named(filled):
    (parts(filled)[0].parent / "notes.tmp").write_text("x")
    assert kinds(filled) == ["file-stray"]


def test_an_original_that_is_gone_is_named(filled):
    archived(filled, "3.txt").unlink()
    assert kinds(filled) == ["original-missing"]


def test_a_late_writer_into_the_archive_is_found(filled):
    with archived(filled, "3.txt").open("ab") as file:
        file.write(b" And more.")
    assert kinds(filled) == ["original-changed"]


def test_a_touched_original_with_the_same_bytes_agrees(filled):
    os.utime(archived(filled, "3.txt"), (0, 0))
    assert kinds(filled) == []


def test_a_file_that_nobody_delivered_is_found_in_the_archive(filled):
    (archived(filled, "3.txt").parent / "stranger.txt").write_text("x")
    assert kinds(filled) == ["original-unknown"]


def test_a_day_of_the_archive_that_was_taken_away_is_no_disagreement(filled):
    shutil.rmtree(archived(filled, "3.txt").parent)
    found = verify(filled)
    assert not found.disagreements
    assert "removed as a whole" in found.notes[0]


def deliveries_parts(settings):
    return sorted((settings.warehouse / "deliveries").rglob("*.parquet"))


def delivered(settings):
    rows = [row for part in deliveries_parts(settings) for row in pq.read_table(part).to_pylist()]
    return sorted((row["path"], row["outcome"], row["record_id"]) for row in rows)


def test_a_part_of_the_deliveries_table_that_is_gone_or_damaged_is_written_anew(filled):
    before = delivered(filled)
    deliveries_parts(filled)[0].unlink()
    assert kinds(filled) == ["deliveries-differ"]
    assert kinds(filled, repair=True) == []
    deliveries_parts(filled)[0].write_bytes(b"no Parquet")
    assert kinds(filled) == ["deliveries-differ"]
    assert kinds(filled, repair=True) == []
    assert delivered(filled) == before


@pytest.mark.parametrize("change", ["another outcome", "a row too few", "a row twice"])
def test_a_row_that_is_not_as_the_ledger_has_it_is_found_and_mended(filled, change):
    before, part = delivered(filled), deliveries_parts(filled)[0]
    table = pq.read_table(part)
    if change == "another outcome":
        outcomes = pa.array(["rejected"] * table.num_rows, table.schema.field("outcome").type)
        table = table.set_column(table.schema.get_field_index("outcome"), table.schema.field("outcome"), outcomes)
    elif change == "a row too few":
        table = table.slice(1)
    else:
        table = pa.concat_tables([table, table.slice(0, 1)])
    pq.write_table(table, part)
    assert kinds(filled) == ["deliveries-differ"]
    assert kinds(filled, repair=True) == []
    assert delivered(filled) == before


def test_deliveries_that_a_dead_run_did_not_write_are_named_and_written_by_a_repair(filled, monkeypatch):
    put(filled, {"late.txt": b"The last ferry leaves at ten."})
    monkeypatch.setattr("longshore.pipeline.write_deliveries", lambda *_: [])
    ingest(filled)
    assert kinds(filled) == ["deliveries-unwritten"]
    assert kinds(filled, repair=True) == []
    assert [path for path, *_ in delivered(filled)].count("late.txt") == 1


def test_a_stray_file_in_the_deliveries_table_is_named(filled):
    (filled.warehouse / "deliveries" / "notes.tmp").write_text("x")
    assert kinds(filled) == ["file-stray"]


def test_a_ledger_made_anew_tells_no_delivery_twice(filled):
    before = delivered(filled)
    ledger_file(filled).unlink()
    assert kinds(filled, repair=True) == []
    ingest(filled)
    assert delivered(filled) == before
    assert kinds(filled) == []


def test_a_missing_reason_is_found(filled):
    (filled.landing / "_rejected" / "empty.txt.reason.json").unlink()
    assert kinds(filled) == ["reason-missing"]


def test_a_lost_ledger_stops_the_next_run_and_is_made_anew(filled):
    before = ids(filled)
    for path in ledger_file(filled).parent.glob("ledger.sqlite3*"):
        path.unlink()
    assert kinds(filled) == ["ledger-lost"]
    put(filled, {"late.txt": TEXTS["1.txt"], "new.txt": b"A new text about the ships in the harbour."})
    with pytest.raises(LedgerError, match="verify --repair"):
        ingest(filled)
    assert kinds(filled, repair=True) == []
    summary = ingest(filled)
    assert (summary.published, summary.duplicate) == (1, 1), "what was delivered again is still known"
    assert set(before) < set(ids(filled))
    assert kinds(filled) == []
    assert len(rejected_files(filled)) == 2, "the rejections are known again"


def test_a_lost_warehouse_is_told_and_made_anew_from_the_originals(filled):
    before = ids(filled)
    shutil.rmtree(filled.warehouse)
    assert kinds(filled) == ["ledger-lost"]
    assert any("longshore verify --repair" in problem for problem in status_of(filled).problems)
    assert any("neither a ledger nor a record" in note for note in ingest(filled).notes)
    assert verify(filled, repair=True).repaired
    assert ingest(filled).published
    assert not verify(filled).disagreements
    assert ids(filled) == before


def test_records_without_their_ledger_are_told_by_status(filled):
    ledger_file(filled).unlink()
    assert any("holds records: its file was lost" in problem for problem in status_of(filled).problems)


def test_no_command_takes_a_lost_ledger_for_an_answer(filled):
    """`forget` would say that nothing is left of a record which readers see."""
    record_id = ids(filled)[0]
    ledger_file(filled).unlink()
    for act in (
        lambda: forget_records(filled, [record_id]),
        lambda: compact_warehouse(filled),
        lambda: reprocess_warehouse(filled),
        lambda: list(read_changes(filled)),
        lambda: rejected_files(filled),
        lambda: rejected_members(filled),
        lambda: retry(filled, [], everything=True),
    ):
        with pytest.raises(LedgerError, match="verify --repair"):
            act()
    assert kinds(filled, repair=True) == []
    assert forget_records(filled, [record_id]).records_removed == 1


def test_a_lost_part_without_a_backup_comes_back_from_the_originals(filled):
    """As docs/explanation/guarantees.md tells it: the part and the ledger are moved away, and both are made anew."""
    before = ids(filled)
    parts(filled)[0].unlink()
    ledger_file(filled).rename(filled.warehouse.parent / "ledger.old")
    verify(filled, repair=True)
    ingest(filled)
    assert not verify(filled).disagreements
    assert ids(filled) == before


def test_a_run_that_was_killed_is_not_shown_as_running(filled):
    with Ledger(f"sqlite:///{ledger_file(filled)}") as ledger:
        begin_run(ledger, "ab" * 16, "ingest", dt.datetime.now(dt.UTC))
    assert status_of(filled).runs[0]["state"] == "crashed"


@pytest.mark.parametrize("sound_bytes", [0, 4096])
def test_a_corrupt_ledger_is_made_anew_and_kept_aside(filled, sound_bytes):
    path = ledger_file(filled)
    with Ledger(f"sqlite:///{path}") as ledger, ledger.engine.connect() as db:
        db.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    path.write_bytes(path.read_bytes()[:sound_bytes] + b"\xff" * 8192)
    assert kinds(filled) == ["ledger-damaged"]
    assert kinds(filled, repair=True) == []
    assert list(path.parent.glob("ledger.sqlite3.damaged-*"))
    assert len(ids(filled)) == 6


def test_a_ledger_of_a_newer_longshore_is_left_alone(filled):
    with Ledger(f"sqlite:///{ledger_file(filled)}") as ledger, ledger.engine.begin() as db:
        db.exec_driver_sql("UPDATE longshore SET value = '999' WHERE key = 'ledger_version'")
    with pytest.raises(LedgerError, match="newer"), LocalLanding(filled.landing) as landing:
        repair_project(filled, LocalWarehouse(filled.warehouse), landing)


def test_a_part_that_the_ledger_lost_is_adopted_with_its_deliveries(filled):
    with Ledger(f"sqlite:///{ledger_file(filled)}") as ledger, ledger.engine.begin() as db:
        db.exec_driver_sql("DELETE FROM sources WHERE batch_no = 2")
        db.exec_driver_sql("DELETE FROM deliveries WHERE batch_no = 2")
        db.exec_driver_sql("DELETE FROM batches WHERE batch_no = 2")
    assert "part-unknown" in kinds(filled)
    assert "part-unknown" not in kinds(filled, repair=True)
    assert len(ids(filled)) == 6


def test_a_claim_without_a_batch_is_dropped(filled):
    with Ledger(f"sqlite:///{ledger_file(filled)}") as ledger, ledger.engine.begin() as db:
        db.exec_driver_sql("INSERT INTO sources VALUES (zeroblob(32), 4711)")
    assert kinds(filled) == ["claim-stale"]
    assert kinds(filled, repair=True) == []


def test_verify_does_not_answer_while_a_run_is_at_work(filled):
    now = dt.datetime.now(dt.UTC)
    with one_run_at_a_time(filled.warehouse / "_longshore", "ingest 1", now), pytest.raises(LongshoreError) as error:
        verify(filled)
    assert error.value.exit_code == 1
    assert "Not verified: ingest 1" in str(error.value)


def test_retry_puts_a_file_back_and_takes_its_reason_away(filled):
    found = rejected_files(filled)
    assert [(one.path, one.reason) for one in found] == [("empty.txt", "EMPTY"), ("sub/picture.bin", "BINARY")]
    assert retry(filled, ["sub/picture.bin"]) == ["sub/picture.bin"]
    assert (filled.landing / "sub/picture.bin").exists()
    assert not list((filled.landing / "_rejected").rglob("picture*"))
    assert kinds(filled) == []
    assert ingest(filled).rejected == 1
    assert kinds(filled) == []


def test_retry_never_puts_a_file_over_another(filled):
    put(filled, {"empty.txt": b"There is a new text here about the harbour."})
    assert retry(filled, reason="EMPTY") == ["empty~2.txt"]
    assert (filled.landing / "empty.txt").read_bytes().startswith(b"There is")
    assert (filled.landing / "empty~2.txt").read_bytes() == b""


def test_retry_of_what_is_not_rejected_puts_nothing_back(filled):
    with pytest.raises(LongshoreError, match="not a rejected file"):
        retry(filled, ["empty.txt", "3.txt"])
    assert len(rejected_files(filled)) == 2


def test_discarding_deletes_rejected_files_and_verify_agrees(filled):
    assert discard(filled, reason="EMPTY") == ["empty.txt"]
    assert not list((filled.landing / "_rejected").rglob("empty*"))
    assert kinds(filled) == []
    assert [one.reason for one in rejected_files(filled)] == ["BINARY"]


def test_a_rejected_file_deleted_by_hand_is_missed_until_it_is_acknowledged(filled):
    for path in (filled.landing / "_rejected").rglob("picture*"):
        path.unlink()
    assert kinds(filled) == ["rejected-missing"]
    assert discard(filled, ["sub/picture.bin"]) == ["sub/picture.bin"]
    assert kinds(filled) == []


def test_discarding_what_is_not_rejected_deletes_nothing(filled):
    with pytest.raises(LongshoreError, match="not a rejected file"):
        discard(filled, ["empty.txt", "3.txt"])
    assert len(rejected_files(filled)) == 2


def test_in_keep_mode_a_rejected_file_stays_and_retry_makes_the_next_run_look_again(settings):
    settings = settings.model_copy(update={"after_ingest": "keep"})
    put(settings, {"empty.txt": b"", "a.txt": TEXTS["0.txt"]})
    assert ingest(settings).rejected == 1
    assert ingest(settings).state == "nothing-to-do"
    assert retry(settings, everything=True) == ["empty.txt"]
    assert ingest(settings).rejected == 1
    assert len(rejected_files(settings)) == 1, "one file, however often it was rejected"
    assert kinds(settings) == []


def lose_the_ledger(settings):
    for path in ledger_file(settings).parent.glob("ledger.sqlite3*"):
        path.unlink()


def test_a_rebuilt_ledger_knows_archives_and_their_members(settings):
    with zipfile.ZipFile(settings.landing / "box.zip", "w") as archive:
        archive.writestr("a.txt", "The harbour was quiet in the evening.")
        archive.writestr("in/b.txt", "The ferry left at noon with forty people.")
    put(settings, {"odd!/c.txt": TEXTS["0.txt"]})
    ingest(settings)
    assert kinds(settings) == []
    lose_the_ledger(settings)
    assert kinds(settings, repair=True) == []
    shutil.copy(archived(settings, "box.zip"), settings.landing / "again.zip")
    summary = ingest(settings)
    assert (summary.published, summary.duplicate) == (0, 1)
    assert kinds(settings) == []


def test_a_ledger_made_anew_knows_compacted_parts(filled):
    compact_warehouse(filled)
    assert kinds(filled) == []
    assert len(parts(filled)) == 1
    lose_the_ledger(filled)
    assert kinds(filled, repair=True) == []
    put(filled, {"again.txt": TEXTS["5.txt"]})
    assert ingest(filled).duplicate == 1
    assert kinds(filled) == []


def test_an_archived_file_without_a_record_goes_back_to_landing_with_a_new_ledger(filled):
    (archived(filled, "3.txt").parent / "lost.txt").write_text("A text of which there is no record in the harbour.")
    lose_the_ledger(filled)
    assert kinds(filled, repair=True) == []
    assert (filled.landing / "lost.txt").exists()
    assert ingest(filled).published == 1
    assert kinds(filled) == []
