"""The members of a zip, by its central directory, and a writer that copies them."""

from __future__ import annotations

import stat
import struct
import zipfile
import zlib
from typing import TYPE_CHECKING, BinaryIO

from longshore.records import Reason
from longshore.storage.archives.stream import ArchiveError, Counted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from longshore.storage.archives.stream import Budget, Stream

_LOCAL = struct.Struct("<4s5H3L2H")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_END = struct.Struct("<4s4H2LH")
_END_64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR_64 = struct.Struct("<4sLQL")
_UTF8_NAME = 0x800
# Set if the sizes follow the data; here they are known before it.
_SIZES_BEHIND = 0x8
_ZIP64_EXTRA = 1
_MAX_16, _MAX_32 = 0xFFFF, 0xFFFFFFFF
_CHUNK = 1024 * 1024


class ZipWriter:
    """Writes files one after the other; `finish` writes the directory."""

    def __init__(self, out: BinaryIO) -> None:
        """Write to an empty file."""
        self._out = out
        self._directory: list[bytes] = []
        self._offset = 0

    def copy(self, info: zipfile.ZipInfo, packed: BinaryIO) -> None:
        """Copy a file from the zip that `info` belongs to, without unpacking it."""
        packed.seek(info.header_offset)
        local = _LOCAL.unpack(packed.read(_LOCAL.size))
        packed.seek(local[-2] + local[-1], 1)
        self._begin(info, info.compress_type, info.CRC, info.compress_size, info.file_size)
        left = info.compress_size
        while left:
            data = packed.read(min(left, _CHUNK))
            if not data:
                raise ArchiveError(Reason.CORRUPT_ARCHIVE, "The zip ends in the middle of a file.")
            self._write(data)
            left -= len(data)

    def add(self, info: zipfile.ZipInfo, data: bytes) -> None:
        """Add other bytes under the name of a file, uncompressed."""
        self._begin(info, zipfile.ZIP_STORED, zlib.crc32(data), len(data), len(data))
        self._write(data)

    def finish(self) -> None:
        """Write the directory."""
        start, count = self._offset, len(self._directory)
        for entry in self._directory:
            self._write(entry)
        size = self._offset - start
        if count >= _MAX_16:
            end = self._offset
            self._write(_END_64.pack(b"PK\x06\x06", _END_64.size - 12, 45, 45, 0, 0, count, count, size, start))
            self._write(_LOCATOR_64.pack(b"PK\x06\x07", 0, end, 1))
        count = min(count, _MAX_16)
        self._write(_END.pack(b"PK\x05\x06", 0, 0, count, count, size, start, 0))

    def _begin(self, info: zipfile.ZipInfo, method: int, crc: int, packed_size: int, size: int) -> None:
        if max(packed_size, size, self._offset) >= _MAX_32:
            raise ArchiveError(Reason.UNREADABLE, "It is too large to be rewritten.")
        name, extra = _written_name(info), _without_sizes(info.extra)
        flags = info.flag_bits & ~_SIZES_BEHIND
        what = (info.extract_version, flags, method, *_time(info), crc, packed_size, size, len(name), len(extra))
        made_by = info.create_version | info.create_system << 8
        where = (len(info.comment), 0, info.internal_attr, info.external_attr, self._offset)
        central = _CENTRAL.pack(b"PK\x01\x02", made_by, *what, *where)
        self._directory.append(central + name + extra + info.comment)
        self._write(_LOCAL.pack(b"PK\x03\x04", *what) + name + extra)

    def _write(self, data: bytes) -> None:
        self._out.write(data)
        self._offset += len(data)


def _written_name(info: zipfile.ZipInfo) -> bytes:
    """Return the bytes of the name: `zipfile` decodes names without the UTF-8 flag as cp437, which has all bytes."""
    return info.orig_filename.encode("utf-8" if info.flag_bits & _UTF8_NAME else "cp437")


def _time(info: zipfile.ZipInfo) -> tuple[int, int]:
    year, month, day, hour, minute, second = info.date_time
    return hour << 11 | minute << 5 | second // 2, (year - 1980) << 9 | month << 5 | day


def _without_sizes(extra: bytes) -> bytes:
    """Remove the field for sizes beyond 4 GiB, which some tools write for every file."""
    return b"".join(field for number, field in _fields(extra) if number != _ZIP64_EXTRA)


def _fields(extra: bytes) -> Iterator[tuple[int, bytes]]:
    while len(extra) >= 4:
        number, size = struct.unpack_from("<2H", extra)
        yield number, extra[: 4 + size]
        extra = extra[4 + size :]


_ENTRY_MARK = b"PK\x01\x02"
_ENCRYPTED = 0x1
# `zipfile` limits what a read unpacks for deflate only; of other codecs it unpacks that many packed bytes.
_SMALL_READ = 4096


def zip_entries(packed: BinaryIO, budget: Budget) -> Iterator[tuple[str, int, Stream]]:
    """Yield name, size as the zip states it, and bytes of each file of a zip. Raises as `described_entries`."""
    return ((name_of(info), info.file_size, stream) for info, stream in described_entries(packed, budget))


def described_entries(packed: BinaryIO, budget: Budget) -> Iterator[tuple[zipfile.ZipInfo, Stream]]:
    """Yield the description and the bytes of each file of a zip; folders are skipped.

    Raises:
        ArchiveError: ENCRYPTED_ARCHIVE, UNSAFE_MEMBER (a link), UNREADABLE (an unknown compression), ARCHIVE_BOMB.
        zipfile.BadZipFile: it is damaged; other errors of that module mean the same.
    """
    _check_count(packed, budget)
    with zipfile.ZipFile(packed) as archive:
        infos = archive.infolist()
        for info in infos:
            _check(info)
        # The sizes in the directory suffice to refuse it; what is really unpacked is counted as well.
        files = [info for info in infos if not info.is_dir()]
        if sum(info.file_size for info in files) > budget.limits.max_bytes:
            budget.spend(budget.limits.max_bytes + 1)
        for info in files:
            with archive.open(info) as opened:
                small = info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
                stream = _InSmallReads(opened) if small else opened
                yield info, Counted(stream, budget)


def _check_count(packed: BinaryIO, budget: Budget) -> None:
    """Check the number of members before `zipfile` creates an object for each: an entry has a mark."""
    marks, tail = 0, b""
    while data := packed.read(_CHUNK):
        marks += (tail + data).count(_ENTRY_MARK)
        tail = data[-len(_ENTRY_MARK) + 1 :]
        if marks > 2 * budget.limits.max_members:
            budget.take_members(marks)
    packed.seek(0)


def _check(info: zipfile.ZipInfo) -> None:
    if info.flag_bits & _ENCRYPTED:
        raise ArchiveError(
            Reason.ENCRYPTED_ARCHIVE, f"{name_of(info)!r} in it is encrypted. Land the files unencrypted."
        )
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise ArchiveError(Reason.UNSAFE_MEMBER, f"{name_of(info)!r} in it is a link or a device; only files are read.")


def name_of(info: zipfile.ZipInfo) -> str:
    """Return the name as its bytes are: UTF-8, also without the flag for it, or surrogates for other bytes.

    `zipfile` decodes names without the UTF-8 flag as cp437, which few programs mean that write them.
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
