"""Archives through a whole run: one delivery, published wholly or not at all, and counts that add up."""

from __future__ import annotations

import json
import os
import signal
from collections import Counter
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa

from longshore.ingestion.executors import InlineExecutor
from longshore.maintenance.rejections import as_lines, rejected_files, rejected_members
from longshore.pipeline import ingest
from longshore.records import Outcome
from longshore.settings import load_settings
from longshore.storage import fault_injection
from longshore.storage.ledger.batches import Ledger
from longshore.storage.ledger.tables import deliveries
from longshore.storage.warehouse import LocalWarehouse
from tests.storage.archive_samples import COMPRESS, ONE, THREE, TWO, encrypted_zip, land, tar_of, zip_of

if TYPE_CHECKING:
    from pathlib import Path

    from longshore.ingestion.summary import IngestSummary
    from longshore.settings import Settings

PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
FOUR = b"Il porto era quieto e le barche dormivano sotto la luna.\n"


@pytest.fixture
def project(tmp_path: Path) -> Settings:
    (tmp_path / "landing").mkdir()
    return load_settings(landing=tmp_path / "landing", warehouse=tmp_path / "warehouse")


def _ingest(settings: Settings) -> IngestSummary:
    summary = ingest(settings, executor=InlineExecutor())
    assert summary.seen == summary.published + summary.duplicate + summary.rejected + summary.deferred
    return summary


def _killed_at(step: str, settings: Settings) -> bool:
    """Ingest in a child that is killed at a step, and tell whether it was. A start of Python would take seconds."""
    child = os.fork()
    if not child:
        try:
            fault_injection._armed = f"{step}:kill"
            ingest(settings, executor=InlineExecutor())
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL


def _rows(settings: Settings) -> dict[str, str]:
    """Give the texts in the warehouse by path; each source is there once."""
    table = pq.read_table(settings.warehouse / "records") if any(LocalWarehouse(settings.warehouse).parts()) else None
    rows = table.to_pylist() if table else []
    assert len({row["record_id"] for row in rows}) == len(rows)
    return {row["source_path"]: row["text"] for row in rows}


def _ledger(settings: Settings) -> list[tuple[Any, ...]]:
    with Ledger(LocalWarehouse(settings.warehouse).ledger_url) as ledger, ledger.engine.connect() as db:
        query = sa.select(deliveries.c.path, deliveries.c.is_member, deliveries.c.outcome, deliveries.c.reason)
        return [tuple(row) for row in db.execute(query.order_by(deliveries.c.delivery_no))]


def _files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_an_archive_is_one_delivery_and_each_member_a_record(project: Settings) -> None:
    land(project.landing, "day/archive.zip", zip_of({"in/one.txt": ONE, "two.txt": TWO}))
    land(project.landing, "three.txt.gz", COMPRESS["gz"](THREE))
    summary = _ingest(project)
    assert (summary.seen, summary.published, summary.records) == (2, 2, 3)
    assert _rows(project) == {
        "day/archive.zip!/in/one.txt": ONE.decode().strip(),
        "day/archive.zip!/two.txt": TWO.decode().strip(),
        "three.txt.gz!/three.txt": THREE.decode().strip(),
    }
    assert sorted(_ledger(project)) == [
        ("day/archive.zip", False, "published", None),
        ("day/archive.zip!/in/one.txt", True, "published", None),
        ("day/archive.zip!/two.txt", True, "published", None),
        ("three.txt.gz", False, "published", None),
        ("three.txt.gz!/three.txt", True, "published", None),
    ]
    assert [path.partition("/")[2].partition("/")[2] for path in _files(project.landing)] == [
        "day/archive.zip",
        "three.txt.gz",
    ]


def test_an_archive_delivered_twice_is_a_duplicate(project: Settings) -> None:
    packed = tar_of({"one.txt": ONE, "two.txt": TWO})
    land(project.landing, "first.tar", packed)
    land(project.landing, "second.tar", packed)
    summary = _ingest(project)
    assert (summary.published, summary.duplicate, summary.records) == (1, 1, 2)
    land(project.landing, "third.tar", packed)
    summary = _ingest(project)
    assert (summary.published, summary.duplicate, summary.records) == (0, 1, 0)
    assert len(_rows(project)) == 2


def test_the_same_bytes_packed_and_plain_and_twice_in_an_archive_are_one_record(project: Settings) -> None:
    land(project.landing, "a.txt", ONE)
    land(project.landing, "b.txt.gz", COMPRESS["gz"](ONE))
    land(project.landing, "c.zip", zip_of({"x.txt": TWO, "y.txt": TWO, "z.txt": ONE}))
    summary = _ingest(project)
    assert (summary.seen, summary.published, summary.duplicate, summary.records) == (3, 2, 1, 2)
    outcomes = {path: outcome for path, _, outcome, _ in _ledger(project)}
    assert outcomes == {
        "a.txt": "published",
        "b.txt.gz": "duplicate",
        "b.txt.gz!/b.txt": "duplicate",
        "c.zip": "published",
        "c.zip!/x.txt": "published",
        "c.zip!/y.txt": "duplicate",
        "c.zip!/z.txt": "duplicate",
    }


def test_a_picture_in_an_archive_is_rejected_by_name_and_keeps_no_text_out(project: Settings) -> None:
    land(project.landing, "archive.zip", zip_of({"photo.png": PICTURE, "one.txt": ONE, "none.txt": b""}))
    summary = _ingest(project)
    assert (summary.published, summary.rejected, summary.records) == (1, 0, 1)
    assert summary.reasons == {"BINARY": 1, "EMPTY": 1}, "the reasons count documents"
    assert {(r.path, r.reason) for r in summary.refusals} == {
        ("archive.zip!/photo.png", "BINARY"),
        ("archive.zip!/none.txt", "EMPTY"),
    }
    assert ("archive.zip!/photo.png", True, "rejected", "BINARY") in _ledger(project)
    assert any(name.startswith("_archive/") for name in _files(project.landing))
    assert not rejected_files(project), "the archive itself was taken"
    assert [(one.path, one.reason) for one in rejected_members(project)] == [
        ("archive.zip!/photo.png", "BINARY"),
        ("archive.zip!/none.txt", "EMPTY"),
    ]
    assert [one.path for one in rejected_members(project, "EMPTY")] == ["archive.zip!/none.txt"]
    assert "archive member" in list(as_lines(rejected_members(project)))[-1]


def test_an_archive_of_nothing_but_pictures_is_rejected(project: Settings) -> None:
    land(project.landing, "photos.zip", zip_of({"1.png": PICTURE, "2.png": PICTURE + b"2", "none": b""}))
    land(project.landing, "none.zip", zip_of({}))
    summary = _ingest(project)
    assert (summary.seen, summary.rejected, summary.records) == (2, 2, 0)
    assert summary.reasons == {"BINARY": 2, "EMPTY": 2}
    assert "_rejected/photos.zip" in _files(project.landing)
    reason = json.loads((project.landing / "_rejected/photos.zip.reason.json").read_text())
    assert reason["reason"] == "BINARY"
    assert "'1.png' BINARY" in reason["detail"]


def test_a_hostile_archive_is_rejected_and_blocks_nothing_else(project: Settings) -> None:
    archives = {
        "CORRUPT_ARCHIVE": zip_of({"a.txt": ONE, "b.txt": TWO})[:-30],
        "ARCHIVE_BOMB": zip_of({"a.txt": b"a" * 8_000_000}),
        "UNSAFE_MEMBER": zip_of({"a.txt": ONE, "../../b.txt": TWO}),
        "ENCRYPTED_ARCHIVE": encrypted_zip(),
    }
    for reason, packed in archives.items():
        land(project.landing, f"{reason}.zip", packed)
    land(project.landing, "four.txt", FOUR)
    before = _files(project.landing.parent)
    summary = _ingest(project)
    assert summary.reasons == dict.fromkeys(archives, 1)
    assert _rows(project) == {"four.txt": FOUR.decode().strip()}
    new = set(_files(project.landing.parent)) - set(before)
    assert all(name.startswith(("landing/_", "warehouse/")) for name in new)


def test_an_archive_larger_than_archives_may_be_is_too_large(project: Settings) -> None:
    noise = os.urandom(200_000)
    land(project.landing, "large.zip", zip_of({"a.txt": noise}))
    summary = _ingest(load_settings(landing=project.landing, warehouse=project.warehouse, max_archive_bytes=100_000))
    assert summary.reasons == {"TOO_LARGE": 1}


def test_an_archive_that_changes_between_claim_and_reading_is_deferred_whole(
    project: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    # b.zip holds bytes that a.txt brings first; when a.txt is deferred, b.zip must be too.
    land(project.landing, "a.txt", ONE)
    land(project.landing, "b.zip", zip_of({"one.txt": ONE, "two.txt": TWO}))
    land(project.landing, "c.txt", TWO)
    land(project.landing, "d.txt", FOUR)

    def change(name: str, *, path: str = "") -> None:
        del path
        if name == "claim":
            (project.landing / "a.txt").write_bytes(THREE)

    monkeypatch.setattr(fault_injection, "step", change)
    summary = _ingest(project)
    monkeypatch.undo()
    assert (summary.seen, summary.published, summary.deferred) == (4, 1, 3)
    assert _rows(project) == {"d.txt": FOUR.decode().strip()}
    assert [path for path, *_ in _ledger(project)] == ["d.txt"]
    os.utime(project.landing / "a.txt", (1_700_000_000, 1_700_000_000))
    summary = _ingest(project)
    assert (summary.published, summary.duplicate, summary.records) == (2, 1, 3)


def test_an_archive_is_never_cut_into_two_batches(project: Settings) -> None:
    land(project.landing, "archive.tar", tar_of({f"{n}.txt": f"Page {n} of the log.\n".encode() for n in range(40)}))
    land(project.landing, "one.txt", ONE)
    small = load_settings(landing=project.landing, warehouse=project.warehouse, max_files_per_batch=10)
    summary = _ingest(small)
    assert (summary.published, summary.records) == (2, 41)
    batches = Counter(row["batch_id"] for row in pq.read_table(project.warehouse / "records").to_pylist())
    assert sorted(batches.values()) == [1, 40]


def test_archives_share_a_batch_only_as_far_as_they_fit_unpacked(project: Settings) -> None:
    for n in range(6):
        text = "".join(f"{n} {line} a line of a long log\n" for line in range(2000)).encode()
        land(project.landing, f"{n}.txt.gz", COMPRESS["gz"](text))
    small = load_settings(landing=project.landing, warehouse=project.warehouse, max_bytes_per_batch=160_000)
    summary = _ingest(small)
    assert (summary.published, summary.records, len(summary.parts)) == (6, 6, 3)


@pytest.mark.parametrize("after_ingest", ["archive", "delete", "keep"])
@pytest.mark.parametrize(
    "step", ["claim", "stage.done", "ledger.staged", "publish.renamed", "finalize.file", "finalize.done"]
)
def test_an_archive_survives_a_kill_at_every_step(project: Settings, step: str, after_ingest: str) -> None:
    land(project.landing, "archive.zip", zip_of({"one.txt": ONE, "photo.png": PICTURE, "two.txt": TWO}))
    land(project.landing, "again.zip", zip_of({"two.txt": TWO}))
    settings = load_settings(landing=project.landing, warehouse=project.warehouse, after_ingest=after_ingest)
    # Nothing is moved where files are kept: that step is not passed.
    assert _killed_at(step, settings) is ((step, after_ingest) != ("finalize.file", "keep"))
    _ingest(settings)
    assert set(_rows(project)) == {"archive.zip!/one.txt", "again.zip!/two.txt"} or set(_rows(project)) == {
        "archive.zip!/one.txt",
        "archive.zip!/two.txt",
    }
    top = [(path, outcome) for path, member, outcome, _ in _ledger(project) if not member]
    assert Counter(outcome for _, outcome in top) in ({"published": 2}, {"published": 1, "duplicate": 1})
    assert len(top) == len(set(top)) == 2
    assert not any(outcome == Outcome.DEFERRED for _, outcome in top)
