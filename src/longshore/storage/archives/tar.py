"""The members of a tar, from front to back, strictly.

`tarfile` ends quietly at a damaged header or where a tar was cut off, and holds a header of any size in memory. Here
such a tar is an error: a text that was in it would be lost without a word.
"""

from __future__ import annotations

import tarfile
from typing import TYPE_CHECKING, NamedTuple

from longshore.records import Reason
from longshore.storage.archives.stream import ArchiveError, read_exactly

if TYPE_CHECKING:
    from collections.abc import Iterator

    from longshore.storage.archives.stream import Stream

BLOCK = tarfile.BLOCKSIZE
_ZEROS = bytes(BLOCK)
_CHUNK = 64 * 1024
# Extended headers hold a path and a few numbers.
_MAX_HEADER_BYTES = 1024 * 1024
_NO_FILE = {
    tarfile.LNKTYPE: "a hard link",
    tarfile.SYMTYPE: "a link",
    tarfile.CHRTYPE: "a device",
    tarfile.BLKTYPE: "a device",
    tarfile.FIFOTYPE: "a pipe",
}
_VOLUME_LABEL = b"V"
# They stand before the header of a file, and have data of their own.
_EXTENDING = (
    tarfile.XHDTYPE,
    tarfile.SOLARIS_XHDTYPE,
    tarfile.GNUTYPE_LONGNAME,
    tarfile.XGLTYPE,
    tarfile.GNUTYPE_LONGLINK,
    _VOLUME_LABEL,
)


class Entry(NamedTuple):
    """A file in a tar: its name as it stands there, its size, and its bytes (to be read before the next entry)."""

    name: str
    size: int
    stream: Stream


def is_tar(head: bytes, *, empty: bool) -> bool:
    """Tell whether a file that begins so is a tar: its first header's checksum holds.

    An empty tar is nothing but zeros: it is one only where `empty` says that its name calls it a tar.
    """
    if len(head) < BLOCK:
        return False
    return empty if head[:BLOCK] == _ZEROS else _parse(head[:BLOCK]) is not None


def tar_entries(stream: Stream) -> Iterator[Entry]:
    """Give each regular file of a tar; folders are passed over. Raises as `entries_with_headers`."""
    return (entry for _, entry in entries_with_headers(stream))


def entries_with_headers(stream: Stream) -> Iterator[tuple[bytes, Entry]]:
    """Give each regular file of a tar with its headers as they stand there, its own block last; no folders.

    Raises:
        ArchiveError: CORRUPT_ARCHIVE, UNSAFE_MEMBER (a link or a device), UNREADABLE (a kind that is not read).
    """
    extended: dict[str, str] = {}
    raw = b""
    while (block := read_exactly(stream, BLOCK)) != _ZEROS:
        header = _parse(block)
        if header is None:
            where = "has a damaged header" if len(block) == BLOCK else "ends without its end mark: it was cut off"
            raise ArchiveError(Reason.CORRUPT_ARCHIVE, f"The tar {where}.")
        raw += block
        if header.type in _EXTENDING:
            padded = _header_data(stream, header)
            raw += padded
            data = padded[: header.size]
            if header.type in (tarfile.XHDTYPE, tarfile.SOLARIS_XHDTYPE):
                extended |= _pax(data)
            elif header.type == tarfile.GNUTYPE_LONGNAME:
                extended["path"] = _text(data.partition(b"\0")[0])
        else:
            entry = _entry(stream, header, extended)
            if entry is not None:
                yield raw, entry
                _skip_rest(entry)
            extended, raw = {}, b""
    _check_end(stream)


def _entry(stream: Stream, header: tarfile.TarInfo, extended: dict[str, str]) -> Entry | None:
    name = extended.get("path", header.name)
    if header.isdir():
        return None
    if header.type in _NO_FILE:
        raise ArchiveError(Reason.UNSAFE_MEMBER, f"{name!r} in it is {_NO_FILE[header.type]}; only files are taken.")
    if (
        header.type not in tarfile.REGULAR_TYPES
        or header.type == tarfile.GNUTYPE_SPARSE  # which that module counts among the regular ones
        or any(k.startswith("GNU.sparse") for k in extended)
    ):
        raise ArchiveError(Reason.UNREADABLE, f"{name!r} in it is stored in a way that is not read; pack it plainly.")
    try:
        size = int(extended.get("size", header.size))
    except ValueError:
        size = -1
    if size < 0:
        raise ArchiveError(Reason.CORRUPT_ARCHIVE, f"{name!r} in it has no size that can be.")
    return Entry(name, size, _Part(stream, size))


def _parse(block: bytes) -> tarfile.TarInfo | None:
    try:
        return tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
    except (tarfile.HeaderError, ValueError):
        return None


def _header_data(stream: Stream, header: tarfile.TarInfo) -> bytes:
    """Give the data of a header, padded to whole blocks."""
    if not 0 <= header.size <= _MAX_HEADER_BYTES:
        raise ArchiveError(Reason.CORRUPT_ARCHIVE, f"The tar has a header of {header.size:,} bytes.")
    data = read_exactly(stream, _padded(header.size))
    if len(data) < _padded(header.size):
        raise ArchiveError(Reason.CORRUPT_ARCHIVE, "The tar ends in the middle of a header: it was cut off.")
    return data


def _pax(data: bytes) -> dict[str, str]:
    """Read the records of an extended header: `length key=value\\n`, the length of the whole record (POSIX.1-2001)."""
    found = {}
    while data.strip(b"\0"):
        length, _, _ = data.partition(b" ")
        size = int(length) if length.isdigit() and len(length) < 9 else 0
        record = data[len(length) + 1 : size]
        key, equals, value = record.partition(b"=")
        if not equals or not value.endswith(b"\n"):
            raise ArchiveError(Reason.CORRUPT_ARCHIVE, "The tar has a damaged extended header.")
        found[_text(key)] = _text(value[:-1])
        data = data[size:]
    return found


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")


def _padded(size: int) -> int:
    return -(-size // BLOCK) * BLOCK


class _Part:
    """The next `size` bytes of a stream."""

    def __init__(self, stream: Stream, size: int) -> None:
        self._stream = stream
        self.left = size

    def read(self, size: int, /) -> bytes:
        if not self.left:
            return b""
        data = self._stream.read(min(size, self.left))
        if not data:
            raise ArchiveError(Reason.CORRUPT_ARCHIVE, "The tar ends in the middle of a file: it was cut off.")
        self.left -= len(data)
        return data

    def skip(self) -> None:
        while self.read(_CHUNK):
            pass


def _skip_rest(entry: Entry) -> None:
    part = entry.stream
    assert isinstance(part, _Part)
    part.skip()
    part.left = _padded(entry.size) - entry.size
    part.skip()


def _check_end(stream: Stream) -> None:
    """Read on to the end, so that the checksum of what it is packed with is checked too."""
    while data := stream.read(_CHUNK):
        if data.strip(b"\0"):
            raise ArchiveError(
                Reason.CORRUPT_ARCHIVE, "The tar goes on behind its end mark: two were joined, or it is damaged."
            )
