"""The members of a tar, from front to back, strictly.

`tarfile` stops silently at a damaged header or where a tar was cut off, and holds a header of any size in memory. Here
such a tar is an error, because texts in it would be lost silently.
"""

from __future__ import annotations

import io
import tarfile
from typing import TYPE_CHECKING, NamedTuple

from longshore.records import Reason
from longshore.storage.archives.stream import ArchiveError, read_all, read_exactly

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from longshore.storage.archives.stream import Budget, Stream

BLOCK = tarfile.BLOCKSIZE
_ZEROS = bytes(BLOCK)
_CHUNK = 64 * 1024
# For all headers before one file: they hold a path and a few numbers.
_MAX_HEADER_BYTES = 1024 * 1024
_LENGTH_DIGITS = 8
_NO_FILE = {
    tarfile.LNKTYPE: "a hard link to a file that is not before it",
    tarfile.SYMTYPE: "a link",
    tarfile.CHRTYPE: "a device",
    tarfile.BLKTYPE: "a device",
    tarfile.FIFOTYPE: "a pipe",
}
_PAX = (tarfile.XHDTYPE, tarfile.SOLARIS_XHDTYPE)
_VOLUME_LABEL = b"V"
# They stand before the header of a file, and have data of their own.
_EXTENDING = (*_PAX, tarfile.GNUTYPE_LONGNAME, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGLINK, _VOLUME_LABEL)


class Entry(NamedTuple):
    """A file in a tar: its name in the tar, its size, and its bytes (to be read before the next entry).

    same_as: for a hard link, the number of the earlier entry that has its bytes, counted from 0.
    """

    name: str
    size: int
    stream: Stream
    same_as: int | None = None


def is_tar(head: bytes, *, empty: bool) -> bool:
    """Return whether a file with this head is a tar: the checksum of its first header is right.

    A tar without files consists of zeros; `empty` tells whether zeros count as a tar.
    """
    if len(head) < BLOCK:
        return False
    return empty if head[:BLOCK] == _ZEROS else _parse(head[:BLOCK]) is not None


def tar_entries(stream: Stream, reopen: Callable[[], Stream], budget: Budget) -> Iterator[tuple[str, int, Stream]]:
    """Yield name, size and bytes of each regular file of a tar; hard links come last, with the bytes of their target.

    The bytes of links are found in a second pass, on the stream that `reopen` returns.
    Raises as `entries_with_headers`.
    """
    links: dict[int, list[str]] = {}
    for _, entry in entries_with_headers(stream):
        if entry.same_as is None:
            yield entry.name, entry.size, entry.stream
        else:
            links.setdefault(entry.same_as, []).append(entry.name)
    if not links:
        return
    for number, (_, entry) in enumerate(entries_with_headers(reopen())):
        if number not in links:
            continue
        kept = entry.size <= budget.limits.max_member_bytes
        data = read_all(entry.stream) if kept else b""
        for name in links[number]:
            budget.spend(entry.size)
            yield name, entry.size, io.BytesIO(data) if kept else _Zeros(entry.size)


def entries_with_headers(stream: Stream) -> Iterator[tuple[bytes, Entry]]:
    """Yield each regular file and each hard link of a tar with its raw headers, its own block last; no folders.

    Raises:
        ArchiveError: CORRUPT_ARCHIVE, UNSAFE_MEMBER (a link or a device), UNREADABLE (an unsupported kind).
    """
    numbers: dict[str, int] = {}
    count = 0
    extended: dict[bytes, str] = {}
    raw = bytearray()
    while (block := read_exactly(stream, BLOCK)) != _ZEROS:
        header = _parse(block)
        if header is None:
            what = "has a damaged header" if len(block) == BLOCK else "ends without its end mark: it was cut off"
            raise ArchiveError(Reason.CORRUPT_ARCHIVE, f"The tar {what}.")
        raw += block
        if header.type in _EXTENDING:
            padded = _header_data(stream, header, len(raw))
            raw += padded
            data = padded[: header.size]
            if header.type in _PAX:
                extended |= _pax(data)
            elif header.type == tarfile.GNUTYPE_LONGNAME:
                extended[b"path"] = _text(data.partition(b"\0")[0])
            elif header.type == tarfile.GNUTYPE_LONGLINK:
                extended[b"linkpath"] = _text(data.partition(b"\0")[0])
            continue
        entry = _entry(stream, header, extended, numbers)
        if entry is not None:
            numbers[_plain(entry.name)] = count if entry.same_as is None else entry.same_as
            count += 1
            yield bytes(raw), entry
            _skip_rest(entry)
        extended, raw = {}, bytearray()
    _check_end(stream)


def _entry(
    stream: Stream, header: tarfile.TarInfo, extended: dict[bytes, str], numbers: dict[str, int]
) -> Entry | None:
    name = extended.get(b"path", header.name)
    if header.isdir():
        return None
    if header.type == tarfile.LNKTYPE:
        target = numbers.get(_plain(extended.get(b"linkpath", header.linkname)))
        if target is not None and not header.size:
            return Entry(name, 0, _Part(stream, 0), target)
    if header.type in _NO_FILE:
        raise ArchiveError(Reason.UNSAFE_MEMBER, f"{name!r} in it is {_NO_FILE[header.type]}; only files are read.")
    if (
        header.type not in tarfile.REGULAR_TYPES
        or header.type == tarfile.GNUTYPE_SPARSE  # which `tarfile` counts among the regular ones
        or b"GNU.sparse" in extended
    ):
        raise ArchiveError(
            Reason.UNREADABLE, f"{name!r} in it is a sparse file or of an unknown kind. Create the tar without them."
        )
    try:
        size = int(extended.get(b"size", header.size))
    except ValueError:
        size = -1
    if size < 0:
        raise ArchiveError(Reason.CORRUPT_ARCHIVE, f"{name!r} in it has an impossible size.")
    return Entry(name, size, _Part(stream, size))


def _plain(name: str) -> str:
    return "/".join(part for part in name.split("/") if part not in {"", "."})


def _parse(block: bytes) -> tarfile.TarInfo | None:
    try:
        return tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
    except (tarfile.HeaderError, ValueError):
        return None


def _header_data(stream: Stream, header: tarfile.TarInfo, before: int) -> bytes:
    """Return the data of a header, padded to whole blocks; `before` bytes of headers came for the same file."""
    if not 0 <= header.size <= _MAX_HEADER_BYTES - before:
        raise ArchiveError(Reason.CORRUPT_ARCHIVE, f"The tar has {before + header.size:,} bytes of headers for a file.")
    data = read_exactly(stream, _padded(header.size))
    if len(data) < _padded(header.size):
        raise ArchiveError(Reason.CORRUPT_ARCHIVE, "The tar ends in the middle of a header: it was cut off.")
    return data


def _pax(data: bytes) -> dict[bytes, str]:
    """Return the values of an extended header that matter here, in one pass over it.

    Its records are `length key=value\\n`, the length of the whole record (POSIX.1-2001). A sparse file has several
    keys; one stands for all.
    """
    found: dict[bytes, str] = {}
    at, end = 0, len(data.rstrip(b"\0"))
    while at < end:
        space = data.find(b" ", at, at + _LENGTH_DIGITS + 1)
        length = data[at:space] if space > at else b""
        after = at + int(length) if length.isdigit() else 0
        equals = data.find(b"=", space, after)
        if equals < 0 or after > len(data) or data[after - 1 : after] != b"\n":
            raise ArchiveError(Reason.CORRUPT_ARCHIVE, "The tar has a damaged extended header.")
        key = data[space + 1 : equals]
        if key in (b"path", b"size", b"linkpath"):
            found[key] = _text(data[equals + 1 : after - 1])
        elif key.startswith(b"GNU.sparse"):
            found[b"GNU.sparse"] = ""
        at = after
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


class _Zeros:
    """A stream of zeros, for a file that is too large to be kept: only its size matters."""

    def __init__(self, size: int) -> None:
        self._left = size

    def read(self, size: int, /) -> bytes:
        data = bytes(min(size, self._left))
        self._left -= len(data)
        return data


def _skip_rest(entry: Entry) -> None:
    part = entry.stream
    assert isinstance(part, _Part)
    part.skip()
    part.left = _padded(entry.size) - entry.size
    part.skip()


def _check_end(stream: Stream) -> None:
    """Read to the end, so that the checksum of the compression is checked too."""
    while data := stream.read(_CHUNK):
        if data.strip(b"\0"):
            raise ArchiveError(
                Reason.CORRUPT_ARCHIVE, "The tar goes on after its end mark: two were joined, or it is damaged."
            )
