"""Forget what came in an archive: it alone is taken out, for good, and the others stay what they were."""

import gzip
import hashlib
import io
import tarfile
import zipfile

import pytest
import sqlalchemy as sa
from test_compaction import ledger_agrees
from test_forget import SECRET, SECRET_ID, disagreements, forget, nothing_is_left

from longshore.maintenance.reprocess import reprocess_warehouse
from longshore.records import LandedFile
from longshore.storage import fault_injection
from longshore.storage.archives.members import members
from longshore.storage.archives.remove_member import remove_members
from longshore.storage.archives.stream import ArchiveLimits, Budget
from longshore.storage.fault_injection import REMOVE_MEMBER_STEPS
from longshore.storage.landing import LocalLanding
from longshore.storage.ledger.tables import deliveries
from tests.storage.archive_samples import COMPRESS, hard_link, tar_of, zip_of
from tests.warehouse.project import article, in_child

RAW = SECRET.encode()
OTHER, THIRD = article(3).encode(), article(5).encode()
FILES = [("inner/a.txt", RAW), ("inner/b 100%.txt", OTHER), ("ü/c.txt", THIRD)]


def long_names():
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name, data in (("é" * 120 + ".txt", RAW), ("è" * 120 + ".txt", OTHER), ("c.txt", THIRD)):
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return sink.getvalue()


def old_names():
    """A zip whose names are bytes that nothing says the encoding of."""
    data = zip_of([("caf#.txt", RAW), ("th#.txt", OTHER), ("c.txt", THIRD)])
    return data.replace(b"#", b"\x82")


def streamed():
    """A zip that was written without looking back: sizes stand behind the data."""

    class Pipe(io.RawIOBase):
        def __init__(self):
            self.data = b""

        def writable(self):
            return True

        def write(self, data):
            self.data += bytes(data)
            return len(data)

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in FILES:
            with archive.open(name, "w", force_zip64=True) as out:
                out.write(data)
    return pipe.data


ARCHIVES = {
    "archive.zip": zip_of(FILES),
    "stored.zip": zip_of(FILES, zipfile.ZIP_STORED),
    "lzma.zip": zip_of(FILES, zipfile.ZIP_LZMA),
    "streamed.zip": streamed(),
    "old.zip": old_names(),
    "archive.tar": tar_of(FILES),
    "long.tar": long_names(),
    **{f"archive.tar.{ending}": compress(tar_of(FILES)) for ending, compress in COMPRESS.items()},
    "twice.zip": zip_of([("a.txt", RAW), ("b.txt", OTHER), ("again.txt", RAW), (".hidden", RAW), ("c.txt", THIRD)]),
    "nested.zip": zip_of([("in.zip", zip_of(FILES[:2])), ("c.txt", THIRD)]),
    "nested.tar": tar_of([("in.zip", zip_of(FILES[:2])), ("c.txt", THIRD)]),
    "texts.tar": tar_of([("a.txt.gz", gzip.compress(RAW)), ("b.txt.gz", gzip.compress(OTHER)), ("c.txt", THIRD)]),
    "other.zip": zip_of([("in.tar.gz", gzip.compress(tar_of(FILES[:1]))), ("b.txt", OTHER), ("c.txt", THIRD)]),
}  # fmt: skip


def deliver(project, name, data):
    project.drop(f"archives/{name}", data)
    project.ingest()
    return next((project.root / "landing" / "_archive").rglob(name))


def held(project, path, limits=None):
    """Give the members of an archive as a run reads them: name to bytes."""
    with LocalLanding(path.parent) as landing:
        found = path.stat()
        file = LandedFile(path.name, found.st_size, found.st_mtime_ns, found.st_ino)
        return {one.name: one.data for one in members(file, landing, limits or project.settings.limits_of_archives)}


@pytest.mark.parametrize("name", ARCHIVES)
def test_the_text_is_out_of_the_archive_and_the_others_are_what_they_were(project, name):
    path = deliver(project, name, ARCHIVES[name])
    before, modified = held(project, path), path.stat().st_mtime_ns
    summary = forget(project)
    assert (summary.records_removed, summary.left) == (1, [])
    assert held(project, path) == {key: data for key, data in before.items() if data != RAW}
    assert RAW not in path.read_bytes()
    assert path.stat().st_mtime_ns == modified
    assert nothing_is_left(project)
    assert disagreements(project) == []
    assert ledger_agrees(project)
    again = reprocess_warehouse(project.settings, "char_count > 0", dry_run=True)
    assert (again.rows_chosen, again.missing_rows) == (2, 0)


@pytest.mark.parametrize("name", ["archive.zip", "archive.tar.gz"])
def test_the_ledger_names_the_hash_of_what_the_archive_is_now(project, name):
    path = deliver(project, name, ARCHIVES[name])
    forget(project)
    with project.ledger() as ledger, ledger.engine.connect() as db:
        row = db.execute(sa.select(deliveries).where(deliveries.c.is_member.is_(False))).one()
    assert hashlib.sha256(path.read_bytes()).hexdigest() in row.detail
    assert row.size == path.stat().st_size
    assert disagreements(project) == []


@pytest.mark.parametrize("name", ["one.txt.gz", "one.zip"])
def test_an_archive_with_nothing_else_in_it_is_deleted(project, name):
    path = deliver(project, name, gzip.compress(RAW) if name.endswith("gz") else zip_of([("a.txt", RAW)]))
    assert forget(project).originals_deleted == 1
    assert not path.exists()
    assert disagreements(project) == []


@pytest.mark.parametrize("after_ingest", ["keep", "delete"])
def test_it_is_gone_wherever_archive_are_kept(project, after_ingest):
    project.options["after_ingest"] = after_ingest
    path = project.drop("archive.zip", ARCHIVES["archive.zip"])
    project.ingest()
    forget(project)
    assert path.exists() == (after_ingest == "keep")
    assert not path.exists() or RAW not in held(project, path).values()
    assert project.ingest().seen == 0, "the archive is still known, by its new size"
    assert disagreements(project) == []


def test_two_texts_of_one_archive_go_at_once(project):
    path = deliver(project, "archive.zip", ARCHIVES["archive.zip"])
    assert forget(project, SECRET_ID, hashlib.sha256(OTHER).hexdigest()).originals_deleted == 2
    assert list(held(project, path)) == ["ü/c.txt"]
    assert disagreements(project) == []


def test_an_archive_that_brings_it_again_is_told_of_by_verify_and_mended_by_the_next_compaction(project):
    deliver(project, "archive.zip", ARCHIVES["archive.zip"])
    forget(project)
    again = deliver(project, "again.zip", ARCHIVES["archive.zip"])
    assert disagreements(project) == ["forget-unfinished"]
    project.compact()
    assert disagreements(project) == []
    assert nothing_is_left(project)
    assert len(held(project, again)) == 2


def test_a_damaged_archive_is_named_and_stays_asked_for(project):
    path = deliver(project, "archive.tar.gz", ARCHIVES["archive.tar.gz"])
    path.write_bytes(path.read_bytes()[:-20])
    summary = forget(project)
    assert "archive.tar.gz" in summary.left[0]
    assert "forget-unfinished" in disagreements(project)
    path.write_bytes(ARCHIVES["archive.tar.gz"])
    assert forget(project).left == []
    assert RAW not in held(project, path).values()


@pytest.mark.parametrize("step", REMOVE_MEMBER_STEPS)
@pytest.mark.parametrize("name", ["archive.zip", "archive.tar.gz"])
def test_a_forgetting_that_died_over_an_archive_is_finished_by_the_next_compaction(project, name, step):
    path = deliver(project, name, ARCHIVES[name])
    assert in_child(lambda: forget(project), f"{step}:kill") == -9
    assert "forget-unfinished" in disagreements(project)
    assert OTHER in held(project, path).values()
    project.compact()
    assert sorted(held(project, path).values()) == sorted([OTHER, THIRD])
    assert nothing_is_left(project)
    assert disagreements(project) == []
    assert [one.name for one in path.parent.iterdir()] == [name]


@pytest.mark.parametrize("step", REMOVE_MEMBER_STEPS)
def test_a_full_disk_leaves_the_archive_whole_and_the_text_asked_for(project, step):
    path = deliver(project, "archive.zip", ARCHIVES["archive.zip"])
    fault_injection.arm(f"{step}:enospc")
    try:
        assert "No space left" in forget(project).left[0]
    finally:
        fault_injection.arm("")
    assert len(held(project, path)) >= 2
    assert [one.name for one in path.parent.iterdir()] == ["archive.zip"]
    assert forget(project).left == []
    assert disagreements(project) == []


def test_a_hard_link_goes_with_the_file_whose_bytes_it_has():
    limits = ArchiveLimits(2**20, 100, 100, 1, 2**20)
    links = [hard_link("link to a", "a.txt"), hard_link("link to b", "b.txt")]
    data = tar_of({"a.txt": RAW, "b.txt": OTHER}, more=links)
    out = io.BytesIO()
    assert (
        remove_members(io.BytesIO(data), out, "a.tar", {SECRET_ID}, Budget(limits, len(data)), lambda data, _: data)
        == 2
    )
    out.seek(0)
    with tarfile.open(fileobj=out) as left:
        assert left.getnames() == ["b.txt", "link to b"]
        assert left.extractfile("link to b").read() == OTHER


def test_a_zip_of_more_files_than_a_plain_directory_counts_is_written_again(monkeypatch):
    monkeypatch.setattr("longshore.storage.archives.zip._MAX_16", 3)
    limits = ArchiveLimits(2**31, 100, 10**6, 1, 2**30)
    data = zip_of([(f"{number}.txt", b"%d" % number) for number in range(9)])
    out = io.BytesIO()
    gone = hashlib.sha256(b"7").hexdigest()
    assert (
        remove_members(io.BytesIO(data), out, "many.zip", {gone}, Budget(limits, len(data)), lambda data, _: data) == 8
    )
    with zipfile.ZipFile(out) as archive:
        assert [archive.read(name) for name in archive.namelist()] == [
            b"%d" % number for number in range(9) if number != 7
        ]
