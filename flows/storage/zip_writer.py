"""Write a zip of files that another zip holds, as they are compressed there: the standard library would pack them anew.

It would also write other names: those that are not marked as UTF-8 would come out as something else. Layout: PKWARE's
APPNOTE 6.3.10, 4.3.7 to 4.3.16. Not here: files or offsets beyond 4 GiB, which no landed pack can have.
"""

from __future__ import annotations

import struct
import zipfile
import zlib
from typing import TYPE_CHECKING, BinaryIO

from flows.records import Reason
from flows.storage.pack_limits import PackError

if TYPE_CHECKING:
    from collections.abc import Iterator

_LOCAL = struct.Struct("<4s5H3L2H")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_END = struct.Struct("<4s4H2LH")
_END_64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR_64 = struct.Struct("<4sLQL")
_UTF8_NAME = 0x800
# Sizes stand behind the data: here they are known before it.
_SIZES_BEHIND = 0x8
_ZIP64_EXTRA = 1
_MAX_16, _MAX_32 = 0xFFFF, 0xFFFFFFFF
_CHUNK = 1024 * 1024


class ZipWriter:
    """Takes files one after the other; `finish` writes the directory."""

    def __init__(self, out: BinaryIO) -> None:
        """Take an empty file."""
        self._out = out
        self._directory: list[bytes] = []
        self._offset = 0

    def copy(self, info: zipfile.ZipInfo, packed: BinaryIO) -> None:
        """Copy a file out of the zip that `info` is of, without unpacking it."""
        packed.seek(info.header_offset)
        local = _LOCAL.unpack(packed.read(_LOCAL.size))
        packed.seek(local[-2] + local[-1], 1)
        self._begin(info, info.compress_type, info.CRC, info.compress_size, info.file_size)
        left = info.compress_size
        while left:
            data = packed.read(min(left, _CHUNK))
            if not data:
                raise PackError(Reason.CORRUPT_ARCHIVE, "The zip ends in the middle of a file.")
            self._write(data)
            left -= len(data)

    def add(self, info: zipfile.ZipInfo, data: bytes) -> None:
        """Add other bytes under the name of a file, not compressed."""
        self._begin(info, zipfile.ZIP_STORED, zlib.crc32(data), len(data), len(data))
        self._write(data)

    def finish(self) -> None:
        """Write the directory of what was taken."""
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
            raise PackError(Reason.UNREADABLE, "It is too large to be written again.")
        name, extra = _name(info), _without_sizes(info.extra)
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


def _name(info: zipfile.ZipInfo) -> bytes:
    """Give the bytes of the name: `zipfile` reads those that are not marked as UTF-8 by cp437, which has them all."""
    return info.orig_filename.encode("utf-8" if info.flag_bits & _UTF8_NAME else "cp437")


def _time(info: zipfile.ZipInfo) -> tuple[int, int]:
    year, month, day, hour, minute, second = info.date_time
    return hour << 11 | minute << 5 | second // 2, (year - 1980) << 9 | month << 5 | day


def _without_sizes(extra: bytes) -> bytes:
    """Leave out the field for sizes beyond 4 GiB: some write it for any file."""
    return b"".join(field for number, field in _fields(extra) if number != _ZIP64_EXTRA)


def _fields(extra: bytes) -> Iterator[tuple[int, bytes]]:
    while len(extra) >= 4:
        number, size = struct.unpack_from("<2H", extra)
        yield number, extra[: 4 + size]
        extra = extra[4 + size :]
