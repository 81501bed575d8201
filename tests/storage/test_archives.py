"""What an archive gives, and what it cannot do to us."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import re
import resource
import struct
import subprocess
import tarfile
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from longshore.ingestion.planning import identify
from longshore.ingestion.rules import rule_book
from longshore.records import LandedFile, Outcome, Reason
from longshore.settings import load_settings
from longshore.storage.archives.members import is_archive, kind_of, members
from longshore.storage.archives.stream import ArchiveError, ArchiveLimits
from longshore.storage.landing import LocalLanding, MovedError
from tests.storage.archive_samples import (
    ADVERSARIAL,
    COMPRESS,
    ONE,
    THREE,
    TWO,
    encrypted_zip,
    hard_link,
    land,
    overlapping_zip,
    tar_link,
    tar_of,
    zip_of,
    zip_with_link,
)

MIB = 1024 * 1024
LIMITS = ArchiveLimits(max_bytes=32 * MIB, max_members=1000, max_ratio=100, max_depth=2, max_member_bytes=4 * MIB)


def _landed(folder: Path, name: str, data: bytes) -> LandedFile:
    found = land(folder, name, data).stat()
    return LandedFile(name, found.st_size, found.st_mtime_ns, found.st_ino)


def _members(folder: Path, name: str, data: bytes, limits: ArchiveLimits = LIMITS) -> dict[str, bytes | None]:
    with LocalLanding(folder) as landing:
        found = list(members(_landed(folder, name, data), landing, limits))
    assert len({member.name for member in found}) == len(found), "names must be unique in an archive"
    return {member.name: member.data for member in found}


def _refused(folder: Path, name: str, data: bytes, limits: ArchiveLimits = LIMITS) -> ArchiveError:
    before = sorted(os.walk(folder.parent))
    with pytest.raises(ArchiveError) as caught:
        _members(folder, name, data, limits)
    (folder / name).unlink()
    assert sorted(os.walk(folder.parent)) == before, "nothing may be written"
    return caught.value


@pytest.mark.parametrize("codec", COMPRESS)
def test_a_compressed_text_is_one_member_named_without_the_ending(tmp_path: Path, codec: str) -> None:
    assert _members(tmp_path, f"news.txt.{codec}", COMPRESS[codec](ONE)) == {"news.txt": ONE}


@pytest.mark.parametrize("codec", COMPRESS)
def test_several_compressed_streams_in_one_file_are_one_text(tmp_path: Path, codec: str) -> None:
    packed = COMPRESS[codec](ONE) + COMPRESS[codec](TWO)
    assert _members(tmp_path, f"news.{codec}", packed) == {"news": ONE + TWO}


@pytest.mark.parametrize("codec", ["", *COMPRESS])
@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_a_tar_gives_its_files_in_every_format_and_compression(tmp_path: Path, codec: str, form: int) -> None:
    long = f"{'deep/' * 15}leaf.txt" if form == tarfile.USTAR_FORMAT else f"{'deep/' * 60}dédié.txt"
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w", format=form) as tar:
        for name, data in {"./one.txt": ONE, long: TWO}.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
        folder = tarfile.TarInfo("folder")
        folder.type = tarfile.DIRTYPE
        tar.addfile(folder)
    data = COMPRESS[codec](sink.getvalue()) if codec else sink.getvalue()
    assert _members(tmp_path, f"archive.tar.{codec}" if codec else "archive.tar", data) == {"one.txt": ONE, long: TWO}


@pytest.mark.parametrize("ending", ["tgz", "gz"])
def test_what_is_compressed_decides_whether_it_is_a_tar_or_a_text(tmp_path: Path, ending: str) -> None:
    assert _members(tmp_path, f"archive.{ending}", COMPRESS["gz"](tar_of({"one.txt": ONE}))) == {"one.txt": ONE}
    assert _members(tmp_path, f"text.{ending}", COMPRESS["gz"](ONE)) == {"text": ONE}


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_zip_gives_its_files_in_every_compression(tmp_path: Path, method: int) -> None:
    packed = zip_of({"in/one.txt": ONE, "empty/": b"", "två.txt": TWO, "none.txt": b""}, method)
    assert _members(tmp_path, "PACK.ZIP", packed) == {"in/one.txt": ONE, "två.txt": TWO, "none.txt": b""}


def test_a_name_in_a_zip_is_utf_8_whether_the_zip_says_so_or_not(tmp_path: Path) -> None:
    packed = zip_of({"café.txt": ONE})
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = packed.index(mark) + offset
        packed = packed[:place] + struct.pack("<H", 0) + packed[place + 2 :]
    assert _members(tmp_path, "archive.zip", packed) == {"café.txt": ONE}


def test_the_tools_that_people_use_are_read(tmp_path: Path) -> None:
    source = tmp_path / "source"
    land(source, "a/one.txt", ONE)
    land(source, "two.txt", TWO)
    landing = tmp_path / "landing"
    landing.mkdir()
    for ending, flag in (("tar", ""), ("tar.gz", "z"), ("tar.bz2", "j"), ("tar.xz", "J")):
        subprocess.run(["tar", f"c{flag}f", landing / f"archive.{ending}", "-C", source, "."], check=True)
        packed = (landing / f"archive.{ending}").read_bytes()
        assert _members(landing, f"archive.{ending}", packed) == {"a/one.txt": ONE, "two.txt": TWO}


def test_hidden_files_in_an_archive_are_passed_over_as_in_landing(tmp_path: Path) -> None:
    packed = zip_of({"one.txt": ONE, "__MACOSX/._one.txt": b"\0\5\x16\7", ".DS_Store": b"\0\0\0\1Bud1"})
    assert _members(tmp_path, "archive.zip", packed) == {"one.txt": ONE}


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_that_comes_twice_in_an_archive_is_two_members(tmp_path: Path) -> None:
    twice = [("a.txt", ONE), ("a.txt", TWO), ("a~2.txt", THREE)]
    expected = {"a.txt": ONE, "a~2.txt": TWO, "a~2~2.txt": THREE}
    assert _members(tmp_path, "archive.tar", tar_of(twice)) == expected
    assert _members(tmp_path, "archive.zip", zip_of(twice)) == expected


def test_an_archive_in_an_archive_is_read_to_the_depth_that_is_allowed(tmp_path: Path) -> None:
    inner = COMPRESS["gz"](ONE)
    packed = tar_of({"day/one.txt.gz": inner, "two.txt": TWO})
    assert _members(tmp_path, "archive.tar", packed) == {"day/one.txt.gz!/one.txt": ONE, "two.txt": TWO}
    deep = zip_of({"archive.tar": packed})
    error = _refused(tmp_path, "deep.zip", deep)
    assert error.reason is Reason.ARCHIVE_BOMB
    assert "max_depth" in error.detail


def test_a_member_larger_than_a_file_may_be_is_given_without_its_bytes(tmp_path: Path) -> None:
    large = os.urandom(3 * MIB) + os.urandom(3 * MIB)
    files = {"large.txt": large, "one.txt": ONE}
    assert _members(tmp_path, "archive.tar", tar_of(files)) == {"large.txt": None, "one.txt": ONE}
    assert _members(tmp_path, "archive.zip", zip_of(files)) == {"large.txt": None, "one.txt": ONE}
    assert _members(tmp_path, "large.txt.gz", COMPRESS["gz"](large)) == {"large.txt": None}


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("report.docx", zip_of({"word/document.xml": ONE})),
        ("library.jar", zip_of({"META-INF/MANIFEST.MF": ONE})),
        ("notes", COMPRESS["gz"](ONE)),
        ("unpacked-on-the-way.txt.gz", ONE),
        ("unpacked-on-the-way.tar", ONE),
        ("wide.gz", ONE.decode().encode("utf-16")),
        ("nothing.zip", b""),
    ],
)
def test_what_is_an_archive_by_name_or_content_alone_is_a_file_like_any_other(
    tmp_path: Path, name: str, data: bytes
) -> None:
    with LocalLanding(tmp_path) as landing:
        assert not is_archive(_landed(tmp_path, name, data), landing)


DAMAGED = {
    "cut.gz": COMPRESS["gz"](ONE)[:-6],
    "cut.bz2": COMPRESS["bz2"](ONE)[:-6],
    "cut.xz": COMPRESS["xz"](ONE)[:-6],
    "cut.zst": COMPRESS["zst"](ONE)[:-3],
    "sum.gz": COMPRESS["gz"](ONE)[:-8] + b"\0\0\0\0" + COMPRESS["gz"](ONE)[-4:],
    "more.gz": COMPRESS["gz"](ONE) + b"and more",
    "more.bz2": COMPRESS["bz2"](ONE) + b"and more",
    "more.xz": COMPRESS["xz"](ONE) + b"and more",
    "more.zst": COMPRESS["zst"](ONE) + b"and more",
    "cut.zip": zip_of({"a.txt": ONE, "b.txt": TWO})[:-30],
    "half.zip": zip_of({"a.txt": ONE, "b.txt": TWO})[:60],
    "changed.zip": zip_of({"a.txt": ONE}, zipfile.ZIP_STORED).replace(b"ferry", b"fairy"),
    "part.zip": b"PK\x07\x08" + zip_of({"a.txt": ONE})[:40],
    "no-end-mark.tar": tar_of({"a.txt": ONE})[:1024],
    "cut-in-a-file.tar": tar_of({"a.txt": ONE * 100})[:2048],
    "cut-at-a-member.tar": tar_of({"a.txt": ONE, "b.txt": TWO})[:1024],
    "header.tar": tar_of({"a.txt": ONE, "b.txt": TWO}).replace(b"b.txt", b"c.txt"),
    "joined.tar": tar_of({"a.txt": ONE}) + tar_of({"b.txt": TWO}),
    "sum.tar.gz": COMPRESS["gz"](tar_of({"a.txt": ONE}))[:-8] + bytes(8),
    "noise.zip": bytes(range(256)),
    "inner.tar": tar_of({"a.txt": ONE, "b.txt.gz": COMPRESS["gz"](TWO)[:-4]}),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_archive_is_refused_whole(tmp_path: Path, name: str) -> None:
    assert _refused(tmp_path, name, DAMAGED[name]).reason is Reason.CORRUPT_ARCHIVE


UNSAFE_NAMES = [
    "/etc/cron.d/x",
    "../x.txt",
    "a/../../x.txt",
    "..",
    "a/..",
    "..\\x.txt",
    "C:\\x.txt",
    "\\\\host\\x",
    "./",
]


@pytest.mark.parametrize("inner", UNSAFE_NAMES)
def test_a_member_that_leads_outside_makes_the_archive_unsafe(tmp_path: Path, inner: str) -> None:
    assert _refused(tmp_path, "archive.tar", tar_of({"a.txt": ONE, inner: TWO})).reason is Reason.UNSAFE_MEMBER
    if not inner.endswith("/"):
        assert _refused(tmp_path, "archive.zip", zip_of({"a.txt": ONE, inner: TWO})).reason is Reason.UNSAFE_MEMBER


@pytest.mark.parametrize("inner", ["a..txt", "..a/b.txt", "a...", "a:b.txt", "12:30 news.txt", "-rf", "%2e%2e/x"])
def test_a_member_that_only_looks_odd_is_taken(tmp_path: Path, inner: str) -> None:
    if not inner.startswith("."):
        assert _members(tmp_path, "archive.tar", tar_of({inner: ONE})) == {inner: ONE}


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE])
def test_a_link_or_a_device_makes_a_tar_unsafe(tmp_path: Path, kind: bytes) -> None:
    packed = tar_of({"a.txt": ONE}, more=[tar_link("link.txt", kind)])
    assert _refused(tmp_path, "archive.tar", packed).reason is Reason.UNSAFE_MEMBER


@pytest.mark.parametrize("name", ["a.tar", "a.tar.gz", "a.tar.zst"])
def test_a_hard_link_to_an_earlier_file_is_read_with_its_bytes(tmp_path: Path, name: str) -> None:
    links = [hard_link("again.txt", "./in/one.txt"), hard_link("third.txt", "again.txt"), hard_link("large", "2")]
    data = tar_of({"in/one.txt": ONE, "2": bytes(5 * MIB), "two.txt": TWO}, more=links)
    codec = name.rpartition(".")[2]
    wide = replace(LIMITS, max_ratio=100_000)
    found = _members(tmp_path, name, COMPRESS[codec](data) if codec in COMPRESS else data, wide)
    once = {"in/one.txt": ONE, "2": None, "two.txt": TWO}
    assert found == once | {"again.txt": ONE, "third.txt": ONE, "large": None}


def test_hard_links_made_by_tar_are_read(tmp_path: Path) -> None:
    source, landing = tmp_path / "source", tmp_path / "landing"
    landing.mkdir()
    land(source, "a/one.txt", ONE)
    os.link(source / "a/one.txt", source / "a/same.txt")
    for form in ("gnu", "posix", "ustar"):
        command = ["tar", f"--format={form}", "-cf", landing / "a.tar", "-C", source, "."]
        subprocess.run(command, check=True)
        found = _members(landing, "a.tar", (landing / "a.tar").read_bytes())
        assert found == {"a/one.txt": ONE, "a/same.txt": ONE}


def test_a_hard_link_to_a_file_of_two_versions_has_the_bytes_of_the_one_before_it(tmp_path: Path) -> None:
    first = tar_of([("a.txt", ONE)], more=[hard_link("link 1", "a.txt")]).rstrip(b"\0")
    second = tar_of([("a.txt", TWO)], more=[hard_link("link 2", "a.txt")])
    data = first + bytes(-len(first) % 512) + second
    expected = {"a.txt": ONE, "a~2.txt": TWO, "link 1": ONE, "link 2": TWO}
    assert _members(tmp_path, "a.tar", data) == expected


def test_many_hard_links_to_a_large_file_are_a_bomb(tmp_path: Path) -> None:
    links = [hard_link(f"{n}.txt", "a.txt") for n in range(100)]
    data = tar_of({"a.txt": os.urandom(MIB)}, more=links)
    assert _refused(tmp_path, "a.tar", data).reason is Reason.ARCHIVE_BOMB


def test_a_link_makes_a_zip_unsafe(tmp_path: Path) -> None:
    assert _refused(tmp_path, "archive.zip", zip_with_link()).reason is Reason.UNSAFE_MEMBER


@pytest.mark.parametrize("form", ["gnu", "posix"])
def test_a_sparse_file_in_a_tar_is_refused_and_never_read_without_its_holes(tmp_path: Path, form: str) -> None:
    source = tmp_path / "source"
    source.mkdir()
    with (source / "holes.txt").open("wb") as file:
        file.truncate(1024 * 1024)
        file.seek(0, os.SEEK_END)
        file.write(b"end")
    subprocess.run(
        ["tar", "--create", "--sparse", f"--format={form}", "-f", tmp_path / "archive.tar", "-C", source, "holes.txt"],
        check=True,
    )
    landing = tmp_path / "landing"
    landing.mkdir()
    packed = (tmp_path / "archive.tar").read_bytes()
    assert len(packed) < MIB, "tar made it sparse"
    assert _refused(landing, "archive.tar", packed).reason is Reason.UNREADABLE


def test_an_encrypted_zip_says_so(tmp_path: Path) -> None:
    assert _refused(tmp_path, "archive.zip", encrypted_zip()).reason is Reason.ENCRYPTED_ARCHIVE


def test_a_compression_that_is_not_known_is_not_called_damage(tmp_path: Path) -> None:
    packed = zip_of({"a.txt": ONE}, zipfile.ZIP_STORED)
    for mark, offset in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        place = packed.index(mark) + offset
        packed = packed[:place] + struct.pack("<H", 98) + packed[place + 2 :]
    assert _refused(tmp_path, "archive.zip", packed).reason is Reason.UNREADABLE


BOMBS = {
    "ratio.zip": zip_of({"a.txt": b"a" * 4 * MIB}),
    "ratio.txt.gz": COMPRESS["gz"](b"a" * 4 * MIB),
    "ratio.txt.bz2": COMPRESS["bz2"](b"a" * 4 * MIB),
    "ratio.txt.xz": COMPRESS["xz"](b"a" * 4 * MIB),
    "ratio.txt.zst": COMPRESS["zst"](b"a" * 4 * MIB),
    "ratio.tar.xz": COMPRESS["xz"](tar_of({"a.txt": b"a" * 4 * MIB})),
    "lzma.zip": zip_of({"a.txt": b"a" * 4 * MIB}, zipfile.ZIP_LZMA),
    "bzip2.zip": zip_of({"a.txt": b"a" * 4 * MIB}, zipfile.ZIP_BZIP2),
    "count.zip": zip_of({f"{n}.txt": b"" for n in range(1001)}),
    "count.tar.gz": COMPRESS["gz"](tar_of({f"{n}.txt": b"" for n in range(1001)})),
    "overlap.zip": overlapping_zip(64, b"a" * MIB),
    "many-entries.zip": overlapping_zip(60_000, b"a" * MIB),
    "nested.zip": zip_of({"a.zip": zip_of({"b.zip": zip_of({"c.txt": ONE})})}),
    "in-a-archive.tar": tar_of({f"{n}.txt.gz": COMPRESS["gz"](b"a" * 3 * MIB) for n in range(4)}),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_by_what_it_unpacks_to(tmp_path: Path, name: str) -> None:
    assert _refused(tmp_path, name, BOMBS[name]).reason is Reason.ARCHIVE_BOMB


def test_an_archive_that_unpacks_to_more_than_allowed_is_a_bomb_at_any_ratio(tmp_path: Path) -> None:
    noise = os.urandom(512 * 1024)
    small = ArchiveLimits(max_bytes=2 * MIB, max_members=1000, max_ratio=100, max_depth=2, max_member_bytes=4 * MIB)
    for name, data in {
        "archive.tar": tar_of({f"{n}.txt": noise for n in range(5)}),
        "archive.zip": zip_of({f"{n}.txt": noise for n in range(5)}),
        "archive.gz": COMPRESS["gz"](noise * 5),
    }.items():
        error = _refused(tmp_path, name, data, small)
        assert error.reason is Reason.ARCHIVE_BOMB
        assert "max_archive_bytes" in error.detail


def test_a_header_that_asks_for_gigabytes_is_refused_before_they_are_read(tmp_path: Path) -> None:
    info = tarfile.TarInfo("a.txt")
    info.type = tarfile.XHDTYPE
    info.size = 8 * 1024 * MIB
    header = info.tobuf(tarfile.GNU_FORMAT)
    assert _refused(tmp_path, "archive.tar", header + bytes(4096)).reason is Reason.CORRUPT_ARCHIVE


def test_what_an_archive_costs_in_memory_is_bounded_by_a_member(tmp_path: Path) -> None:
    import tracemalloc

    bomb = COMPRESS["gz"](b"a" * 64 * MIB)
    open_wide = ArchiveLimits(
        max_bytes=64 * MIB, max_members=10, max_ratio=10_000, max_depth=1, max_member_bytes=4 * MIB
    )
    file = _landed(tmp_path, "bomb.gz", bomb)
    with LocalLanding(tmp_path) as landing:
        tracemalloc.start()
        assert [member.data for member in members(file, landing, open_wide)] == [None]
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 16 * MIB


def test_an_archive_that_changes_while_it_is_read_is_not_used(tmp_path: Path) -> None:
    file = _landed(tmp_path, "archive.tar", tar_of({"a.txt": ONE, "b.txt": TWO}))
    with LocalLanding(tmp_path) as landing:
        found = members(file, landing, LIMITS)
        next(found)
        with (tmp_path / "archive.tar").open("ab") as more:
            more.write(bytes(512))
        with pytest.raises(MovedError):
            list(found)


# A read that fails

READ_ERRORS = (
    *(errno.EIO, errno.EMFILE, errno.ENFILE, errno.EUCLEAN, errno.EBADMSG, errno.ENOTCONN, errno.ECONNRESET),
    *(errno.ENOLINK, errno.ESTALE, errno.ETIMEDOUT, errno.EINVAL, errno.ENOMEM, errno.EREMOTEIO),
)
NOISE = os.urandom(300_000)
EVERY_KIND = {
    "a.zip": zip_of({"a.txt": NOISE, "b.txt": TWO}),
    "stored.zip": zip_of({"a.txt": NOISE, "b.txt": TWO}, zipfile.ZIP_STORED),
    "bzip2.zip": zip_of({"a.txt": NOISE}, zipfile.ZIP_BZIP2),
    "lzma.zip": zip_of({"a.txt": NOISE}, zipfile.ZIP_LZMA),
    "a.tar": tar_of({"a.txt": NOISE, "b.txt": TWO}),
    **{f"a.tar.{codec}": compress(tar_of({"a.txt": NOISE, "b.txt": TWO})) for codec, compress in COMPRESS.items()},
    **{f"a.txt.{codec}": compress(NOISE) for codec, compress in COMPRESS.items()},
}


def _fail_at(monkeypatch: pytest.MonkeyPatch, call: str, number: int, code: int) -> list[int]:
    """Let the n-th call of a function of `os` fail, and all after it; return where the calls are counted."""
    real, calls = getattr(os, call), [0]

    def failing(*args: object, **options: object) -> object:
        calls[0] += 1
        if calls[0] >= number:
            raise OSError(code, os.strerror(code))
        return real(*args, **options)

    monkeypatch.setattr(os, call, failing)
    return calls


@pytest.mark.parametrize("code", READ_ERRORS, ids=errno.errorcode.get)
@pytest.mark.parametrize("name", EVERY_KIND)
def test_a_read_that_fails_is_no_damage_of_the_archive(
    tmp_path: Path, name: str, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = _landed(tmp_path, name, EVERY_KIND[name])
    with LocalLanding(tmp_path) as landing:
        with monkeypatch.context() as patch:
            reads = _fail_at(patch, "read", 10**9, code)
            list(members(file, landing, LIMITS))
        for number in range(1, reads[0] + 1):
            found = members(file, landing, LIMITS)
            with monkeypatch.context() as patch:
                _fail_at(patch, "read", number, code)
                with pytest.raises(OSError, match=re.escape(os.strerror(code))) as caught:
                    list(found)
            assert caught.value.errno == code


@pytest.mark.parametrize("code", READ_ERRORS, ids=errno.errorcode.get)
@pytest.mark.parametrize("call", ["open", "read", "lseek"])
@pytest.mark.parametrize("name", ["a.zip", "a.tar", "a.txt.gz", "plain.txt"])
def test_an_archive_that_cannot_be_read_is_deferred_as_a_plain_file_is(
    tmp_path: Path, name: str, call: str, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = _landed(tmp_path, name, EVERY_KIND.get(name, ONE))
    with LocalLanding(tmp_path) as landing, monkeypatch.context() as patch:
        calls = _fail_at(patch, call, 1, code)
        settings = load_settings(landing=tmp_path)
        found = identify(file, landing, settings, rule_book(settings))
    # An impossible offset is what a damaged zip asks for.
    if calls[0] and (call, code) != ("lseek", errno.EINVAL):
        assert [one.outcome for one in found] == [Outcome.DEFERRED]


def test_an_archive_that_is_cut_while_it_is_read_is_deferred(tmp_path: Path) -> None:
    file = _landed(tmp_path, "a.tar", tar_of({"a.txt": NOISE, "b.txt": NOISE[1:], "c.txt": TWO}))
    with LocalLanding(tmp_path) as landing:
        found = members(file, landing, LIMITS)
        next(found)
        os.truncate(tmp_path / "a.tar", 1024)
        with pytest.raises(MovedError):
            list(found)


# Archives that are made to cost much

_CPU_SECONDS, _MEMORY = 4, 1024 * MIB


@pytest.mark.parametrize("name", ADVERSARIAL)
def test_an_adversarial_archive_costs_little_time_and_memory(tmp_path: Path, name: str) -> None:
    """The limits are those of the kernel, far above what a reader needs that is linear in the archive."""
    file = _landed(tmp_path, name, ADVERSARIAL[name]())
    child = os.fork()
    if not child:
        used = os.times().user + os.times().system
        used_memory = int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
        resource.setrlimit(resource.RLIMIT_CPU, (int(used) + 1 + _CPU_SECONDS,) * 2)
        resource.setrlimit(resource.RLIMIT_AS, (used_memory + _MEMORY,) * 2)
        ended = 1
        try:
            with LocalLanding(tmp_path) as landing, contextlib.suppress(ArchiveError):
                list(members(file, landing, replace(LIMITS, max_bytes=256 * MIB, max_members=100_000)))
            ended = 0
        finally:
            os._exit(ended)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


SOUND = [
    ("a.tar", tar_of({"a.txt": ONE, "b.txt": TWO})),
    ("a.zip", zip_of({"a.txt": ONE, "b.txt": TWO})),
    *((f"a.{codec}", compress(ONE)) for codec, compress in COMPRESS.items()),
]


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_any_bytes_are_members_or_a_named_refusal(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    name, packed = data.draw(st.sampled_from(SOUND))
    hostile = bytearray(packed)
    for _ in range(data.draw(st.integers(1, 4))):
        hostile[data.draw(st.integers(0, len(hostile) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(hostile)))
    folder = tmp_path_factory.mktemp("any")
    file = _landed(folder, name, bytes(hostile[:cut]) if data.draw(st.booleans()) else bytes(hostile))
    # Any other error fails the test.
    with LocalLanding(folder) as landing, contextlib.suppress(ArchiveError):
        if is_archive(file, landing):
            list(members(file, landing, LIMITS))


def test_an_archive_needs_both_its_ending_and_its_first_bytes() -> None:
    assert kind_of("a.zip", COMPRESS["gz"](ONE)) == "gz"
    assert kind_of("a.txt", COMPRESS["gz"](ONE)) is None
