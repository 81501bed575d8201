"""The members of a zip, by its central directory."""

from __future__ import annotations

import stat
import zipfile
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from flows.records import Reason
from flows.storage.pack_limits import Counted, PackError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flows.storage.pack_limits import Budget, Stream

_CHUNK = 1024 * 1024
_ENTRY_MARK = b"PK\x01\x02"
_ENCRYPTED = 0x1
_UTF8_NAME = 0x800
# Only for deflate does `zipfile` bound what a read unpacks; of the others it unpacks as many packed bytes as asked for.
_SMALL_READ = 4096


class Entry(NamedTuple):
    """A file in a zip: its name, its size as the zip says, and its bytes."""

    name: str
    size: int
    stream: Stream


def zip_entries(packed: BinaryIO, budget: Budget) -> Iterator[Entry]:
    """Give each file of a zip; folders are passed over. Raises as `described_entries`."""
    return (entry for _, entry in described_entries(packed, budget))


def described_entries(packed: BinaryIO, budget: Budget) -> Iterator[tuple[zipfile.ZipInfo, Entry]]:
    """Give each file of a zip with what the zip says of it; folders are passed over.

    Raises:
        PackError: ENCRYPTED_ARCHIVE, UNSAFE_MEMBER (a link), UNREADABLE (an unknown compression), ARCHIVE_BOMB.
        zipfile.BadZipFile: it is damaged, as are other errors of that module.
    """
    _check_count(packed, budget)
    with zipfile.ZipFile(packed) as pack:
        infos = pack.infolist()
        for info in infos:
            _check(info)
        # What the directory says is enough to refuse it; what is unpacked is counted all the same.
        files = [info for info in infos if not info.is_dir()]
        if sum(info.file_size for info in files) > budget.limits.max_bytes:
            budget.spend(budget.limits.max_bytes + 1)
        for info in files:
            with pack.open(info) as opened:
                small = info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
                stream = _InSmallReads(opened) if small else opened
                yield info, Entry(_name(info), info.file_size, Counted(stream, budget))


def _check_count(packed: BinaryIO, budget: Budget) -> None:
    """Hold the number of members before `zipfile` makes an object of each: no directory has more entries than marks."""
    marks, tail = 0, b""
    while data := packed.read(_CHUNK):
        marks += (tail + data).count(_ENTRY_MARK)
        tail = data[-len(_ENTRY_MARK) + 1 :]
        if marks > 2 * budget.limits.max_members:
            budget.take_members(marks)
    packed.seek(0)


def _check(info: zipfile.ZipInfo) -> None:
    if info.flag_bits & _ENCRYPTED:
        raise PackError(Reason.ENCRYPTED_ARCHIVE, f"{_name(info)!r} in it is encrypted. Land the files unencrypted.")
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise PackError(Reason.UNSAFE_MEMBER, f"{_name(info)!r} in it is a link or a device; only files are taken.")


def _name(info: zipfile.ZipInfo) -> str:
    """Give the name as the bytes have it: UTF-8, also where the zip does not say so, or bytes that are not.

    `zipfile` reads names without the UTF-8 flag as cp437, which few of the programs that write them mean.
    """
    if info.flag_bits & _UTF8_NAME:
        return info.filename
    try:
        return info.filename.encode("cp437").decode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return info.filename


class _InSmallReads:
    def __init__(self, stream: Stream) -> None:
        self._stream = stream

    def read(self, size: int, /) -> bytes:
        return self._stream.read(min(size, _SMALL_READ))
