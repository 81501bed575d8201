"""A project: one warehouse, one landing folder, one ledger; what is recognised, refused, and left unwritten."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa

from longshore.cli.main import main
from longshore.errors import LedgerError, SettingsError
from longshore.ingestion.executors import InlineExecutor
from longshore.maintenance.changes import read_changes
from longshore.maintenance.forget import forget_records
from longshore.maintenance.rejections import rejected_files, rejected_members
from longshore.maintenance.status import status_of
from longshore.maintenance.verify import verify
from longshore.pipeline import ingest
from longshore.settings import load_settings
from longshore.storage.ledger import audit
from longshore.storage.ledger.batches import Ledger
from longshore.storage.ledger.tables import metadata
from longshore.storage.listing import is_passed_over
from longshore.storage.warehouse import LocalWarehouse
from tests.storage.archive_samples import ONE, THREE, TWO, land, zip_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from longshore.ingestion.summary import IngestSummary
    from longshore.settings import Settings

LONG_AGO = (1_700_000_000, 1_700_000_000)


def _project(root: Path, landing: str = "landing", **options: object) -> Settings:
    (root / landing).mkdir(parents=True, exist_ok=True)
    return load_settings(landing=root / landing, warehouse=root / "warehouse", **options)


def _ingest(settings: Settings) -> IngestSummary:
    return ingest(settings, executor=lambda _slots, _files: InlineExecutor())


def _texts(settings: Settings) -> set[str]:
    return set(pq.read_table(settings.warehouse / "records").column("text").to_pylist())


# Identity


def _replaced_by_rename(path: Path, data: bytes) -> None:
    new = path.with_name(".new")
    new.write_bytes(data)
    os.utime(new, LONG_AGO)
    new.rename(path)


def _rewritten_in_place(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    os.utime(path, LONG_AGO)


@pytest.mark.parametrize("change", [_replaced_by_rename, _rewritten_in_place])
def test_a_kept_file_that_changes_at_equal_size_and_mtime_is_ingested(
    tmp_path: Path, change: Callable[[Path, bytes], None]
) -> None:
    settings = _project(tmp_path, after_ingest="keep")
    path = land(settings.landing, "daily.txt", b"The ferry left the pier at noon today.\n")
    assert _ingest(settings).published == 1
    assert _ingest(settings).seen == 0, "an unchanged file is recognised"
    change(path, b"The ferry left the pier at four today.\n")
    assert _ingest(settings).published == 1
    assert len(_texts(settings)) == 2


# One landing folder


def test_a_second_landing_folder_is_refused_by_every_command(tmp_path: Path) -> None:
    first, second = _project(tmp_path), _project(tmp_path, "other")
    land(first.landing, "daily.txt", ONE)
    land(second.landing, "daily.txt", TWO[: len(ONE)])
    _ingest(first)
    before = sorted(second.landing.rglob("*"))
    for command in (
        _ingest,
        verify,
        status_of,
        rejected_files,
        lambda settings: verify(settings, repair=True),
        lambda settings: list(read_changes(settings)),
        lambda settings: forget_records(settings, ["ab" * 32], block_unknown=True),
    ):
        with pytest.raises(SettingsError, match=r"belongs to the landing folder .*/landing, .*--adopt-landing"):
            command(second)  # type: ignore[operator]  # functions of several types
    assert sorted(second.landing.rglob("*")) == before


def test_a_moved_landing_folder_is_adopted_on_request(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = _project(tmp_path)
    land(first.landing, "daily.txt", ONE)
    _ingest(first)
    first.landing.rename(tmp_path / "moved")
    moved = _project(tmp_path, "moved")
    with pytest.raises(SettingsError):
        _ingest(moved)
    monkeypatch.chdir(tmp_path)
    where = ["--landing", str(moved.landing), "--warehouse", str(moved.warehouse)]
    assert main(["verify", "--adopt-landing", *where]) == 0
    land(moved.landing, "two.txt", TWO)
    assert _ingest(moved).published == 1
    assert not verify(moved).disagreements


def test_a_project_that_is_moved_as_a_whole_stays_the_same(tmp_path: Path) -> None:
    settings = _project(tmp_path / "here")
    land(settings.landing, "daily.txt", ONE)
    _ingest(settings)
    shutil.move(tmp_path / "here", tmp_path / "there")
    settings = _project(tmp_path / "there")
    land(settings.landing, "two.txt", TWO)
    assert _ingest(settings).published == 1


# Commands that only read

READING: dict[str, Callable[[Settings], object]] = {
    "status": status_of,
    "rejected": rejected_files,
    "rejected --members": rejected_members,
    "changes": lambda settings: list(read_changes(settings)),
    "verify": verify,
}


@pytest.mark.parametrize("name", READING)
def test_a_command_that_reads_leaves_a_database_of_something_else_as_it_is(tmp_path: Path, name: str) -> None:
    notes = tmp_path / "notes.sqlite3"
    with sqlite3.connect(notes) as db:
        db.execute("CREATE TABLE notes (note TEXT)")
    db.close()
    before = notes.read_bytes()
    settings = _project(tmp_path, ledger_url=f"sqlite:///{notes}")
    if name == "verify":
        assert "not a ledger" in verify(settings).disagreements[0].sentence
    else:
        with pytest.raises(LedgerError, match="is not a ledger of Longshore; nothing was changed"):
            READING[name](settings)
    assert notes.read_bytes() == before
    assert {path.name for path in tmp_path.glob("notes*")} == {"notes.sqlite3"}


@pytest.mark.parametrize("name", READING)
def test_a_command_that_reads_does_not_create_a_ledger(tmp_path: Path, name: str) -> None:
    settings = _project(tmp_path, ledger_url=f"sqlite:///{tmp_path / 'new.sqlite3'}")
    if name == "changes":
        with pytest.raises(LedgerError, match="There is no ledger"):
            READING[name](settings)
    else:
        READING[name](settings)
    assert not list(tmp_path.glob("new*"))


@pytest.mark.parametrize("name", READING)
def test_a_command_that_reads_changes_nothing_in_the_ledger(tmp_path: Path, name: str) -> None:
    settings = _project(tmp_path)
    land(settings.landing, "one.txt", ONE)
    land(settings.landing, "empty.txt", b"")
    _ingest(settings)
    before = _rows(settings)
    READING[name](settings)
    assert _rows(settings) == before


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody else")
def test_the_ledger_of_others_can_be_read_from_a_folder_that_cannot_be_written() -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "ledger.sqlite3")
        Ledger(f"sqlite:///{file}").close()
        Path(folder).chmod(0o755)
        file.chmod(0o644)
        child = os.fork()
        if not child:
            ended = 1
            try:
                os.setuid(65534)
                with Ledger(f"sqlite:///{file}", read_only=True) as ledger:
                    ended = ledger.counts()["records"]
            finally:
                os._exit(ended)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


# Names


@pytest.mark.parametrize(
    "suffix", ["inprogress", "incomplete", "download", "aria2", "_COPYING_", "opdownload", "!ut", "writing", "part"]
)
def test_an_unfinished_upload_is_ignored(suffix: str) -> None:
    assert is_passed_over(f"in/news.txt.{suffix}", f"news.txt.{suffix}")
    assert not is_passed_over(f"in/{suffix}.txt", f"{suffix}.txt") or suffix.startswith("_")


# Bit flips


def _rows(settings: Settings) -> dict[str, list[object]]:
    with Ledger(LocalWarehouse(settings.warehouse).ledger_url, read_only=True) as ledger, ledger.engine.connect() as db:
        return {table.name: sorted(map(repr, db.execute(sa.select(table)))) for table in metadata.sorted_tables}


def test_a_flipped_bit_in_the_ledger_is_found_or_changes_nothing(tmp_path: Path) -> None:
    settings = _project(tmp_path)
    for number in range(40):
        land(settings.landing, f"{number}.txt", ONE + b"%d\n" % number)
    land(settings.landing, "a.zip", zip_of({"two.txt": TWO, "three.txt": THREE, "none": b""}))
    land(settings.landing, "empty.txt", b"")
    _ingest(settings)
    file = settings.warehouse / "_longshore/ledger.sqlite3"
    sound, rows = file.read_bytes(), _rows(settings)
    assert not verify(settings).disagreements
    chance = random.Random(1)
    in_use = [at for at in range(100, len(sound)) if sound[at]]
    missed = []
    for at in chance.sample(in_use, 400):
        flipped = bytearray(sound)
        flipped[at] ^= 1 << chance.randrange(8)
        file.write_bytes(flipped)
        for log in ("-wal", "-shm"):
            file.with_name(file.name + log).unlink(missing_ok=True)
        try:
            with Ledger(f"sqlite:///{file}", read_only=True) as ledger:
                found = audit.damage(ledger) or _contradictions(ledger)
            if not found and _rows(settings) != rows:
                missed.append(at)
        except (LedgerError, sa.exc.DatabaseError):
            continue
    file.write_bytes(sound)
    assert missed == []
    assert not verify(settings).disagreements


def _contradictions(ledger: Ledger) -> list[object]:
    """What verify says of `sources`, which have no checksums."""
    return [
        *audit.miscounted_rows(ledger),
        *audit.ownerless_sources(ledger),
        *audit.deliveries_without_record(ledger),
        *audit.miscounted_deliveries(ledger),
    ]
