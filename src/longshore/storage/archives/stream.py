"""Byte streams of archives: guarded reads, limits, and the decompression of gzip, bzip2, xz and Zstandard.

Promised: streams are read from front to back in bounded memory. A compressed stream that was cut off, is damaged, or
is followed by something else is an error, never a shorter text. Concatenated streams are one text, as in their own
tools.
"""

from __future__ import annotations

import bz2
import errno
import io
import lzma
import os
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Protocol

from longshore.records import Reason

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import SupportsIndex

    from typing_extensions import Buffer

# Below this size no ratio does harm, and a short text that repeats one line compresses as well as a bomb.
_HARMLESS_BYTES = 1024 * 1024


class ArchiveError(Exception):
    """The archive cannot be read: a reason code, and a sentence with details."""

    def __init__(self, reason: Reason, detail: str) -> None:
        """Keep both."""
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


class Stream(Protocol):
    """Something that is read from front to back."""

    def read(self, size: int, /) -> bytes:
        """Return at most `size` bytes, and none only at the end."""


class GuardedFile(io.RawIOBase):
    """An open file that remembers the error of a failed read.

    `zipfile`, `gzip`, `lzma` and pyarrow turn an `OSError` of the file below them into one about the archive. With
    `error`, a failing disk is told from a damaged archive whatever the library raised.
    """

    def __init__(self, fd: int) -> None:
        """Read from a descriptor, which stays open."""
        self._fd = fd
        self.error: OSError | None = None

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: Buffer, /) -> int:
        """Read into a buffer."""
        view = memoryview(buffer)
        try:
            data = os.read(self._fd, len(view))
        except OSError as error:
            self.error = error
            raise
        view[: len(data)] = data
        return len(data)

    def seek(self, offset: SupportsIndex, whence: int = os.SEEK_SET, /) -> int:
        """Move to an offset. A damaged archive may ask for an impossible one: that error is not remembered."""
        try:
            return os.lseek(self._fd, int(offset), whence)
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.EOVERFLOW):
                self.error = error
            raise


@dataclass(frozen=True, slots=True)
class ArchiveLimits:
    """The settings that limit an archive.

    max_bytes: of all members, unpacked. max_members: number of files. max_ratio: unpacked to packed size.
    max_depth: 1 allows no archive inside the archive. max_member_bytes: of one file (`max_file_bytes`).
    """

    max_bytes: int
    max_members: int
    max_ratio: int
    max_depth: int
    max_member_bytes: int


class Budget:
    """The remaining limits of one archive, including the archives inside it."""

    def __init__(self, limits: ArchiveLimits, packed_bytes: int) -> None:
        """Start with everything left; `packed_bytes` is the size of the landed file."""
        self.limits = limits
        self._most = min(limits.max_bytes, max(_HARMLESS_BYTES, limits.max_ratio * packed_bytes))
        self._packed_bytes = packed_bytes
        self._bytes = 0
        self._members = 0

    def spend(self, count: int) -> None:
        """Count bytes that were unpacked, or are about to be.

        Raises:
            ArchiveError: ARCHIVE_BOMB, the limit is exceeded.
        """
        self._bytes += count
        if self._bytes > self.limits.max_bytes:
            raise bomb(f"It unpacks to more than {self.limits.max_bytes:,} bytes (limit `max_archive_bytes`).")
        if self._bytes > self._most:
            raise bomb(
                f"Its {self._packed_bytes:,} bytes unpack to more than {self.limits.max_ratio} times as many (limit "
                "`max_ratio` of `archive_limits`). Texts shrink to a third or a tenth."
            )

    def take_members(self, count: int = 1) -> None:
        """Count members.

        Raises:
            ArchiveError: ARCHIVE_BOMB, the limit is exceeded.
        """
        self._members += count
        if self._members > self.limits.max_members:
            raise bomb(f"It holds more than {self.limits.max_members:,} files (`max_members` of `archive_limits`).")

    def check_depth(self, depth: int, name: str) -> None:
        """Raise an error if archives are nested too deeply.

        Raises:
            ArchiveError: ARCHIVE_BOMB, the limit is exceeded.
        """
        if depth > self.limits.max_depth:
            raise bomb(
                f"{name!r} in it is an archive at depth {depth}; {self.limits.max_depth} are allowed (`max_depth` of "
                "`archive_limits`). Unpack the outer archive and land what it holds."
            )


class Counted:
    """A stream whose bytes are counted against a budget."""

    def __init__(self, stream: Stream, budget: Budget) -> None:
        """Wrap a stream."""
        self._stream = stream
        self._budget = budget

    def read(self, size: int, /) -> bytes:
        """Return at most `size` bytes.

        Raises:
            ArchiveError: ARCHIVE_BOMB, the archive unpacks to more than it may.
        """
        data = self._stream.read(size)
        self._budget.spend(len(data))
        return data


class Peeked:
    """A stream whose first bytes were read already."""

    def __init__(self, head: bytes, stream: Stream) -> None:
        """Put the bytes back before the rest of the stream."""
        self._head = head
        self._stream = stream

    def read(self, size: int, /) -> bytes:
        """Return at most `size` bytes."""
        if self._head:
            data, self._head = self._head[:size], self._head[size:]
            return data
        return self._stream.read(size)


def read_exactly(stream: Stream, size: int) -> bytes:
    """Return `size` bytes, or fewer at the end of the stream."""
    data = stream.read(size)
    if len(data) == size or not data:
        return data
    pieces, missing = [data], size - len(data)
    while missing and (data := stream.read(missing)):
        pieces.append(data)
        missing -= len(data)
    return b"".join(pieces)


def read_all(stream: Stream) -> bytes:
    """Return the rest of a stream."""
    pieces = []
    while data := stream.read(1024 * 1024):
        pieces.append(data)
    return b"".join(pieces)


def bomb(detail: str) -> ArchiveError:
    """Return the error of an archive that exceeds a limit."""
    return ArchiveError(Reason.ARCHIVE_BOMB, detail)


_CHUNK = 64 * 1024
# `xz -9` needs 65 MiB; a header may ask for 4 GiB.
_XZ_MEMORY = 128 * 1024 * 1024
# A stream costs microseconds however little it holds. Tools that write many put kilobytes into each.
_MAX_STREAMS = 200_000


class _GzipDecoder:
    """One gzip stream, header and checksums included. (`gzip` reads a header byte by byte.)"""

    def __init__(self) -> None:
        self._zlib = zlib.decompressobj(zlib.MAX_WBITS | 16)
        self.eof = False
        self.needs_input = True
        self.unused_data = b""

    def decompress(self, data: bytes, max_length: int) -> bytes:
        out = self._zlib.decompress(self._zlib.unconsumed_tail + data, max_length)
        self.eof, self.unused_data = self._zlib.eof, self._zlib.unused_data
        # A full answer may have a rest that needs no more input.
        self.needs_input = not self._zlib.unconsumed_tail and len(out) < max_length
        return out


_Decoder = bz2.BZ2Decompressor | lzma.LZMADecompressor | _GzipDecoder


def decompressed(kind: str, packed: BinaryIO) -> Stream:
    """Return the content of a compressed file as a stream; `kind` is `gz`, `bz2`, `xz` or `zst`.

    Its `read` raises ArchiveError, or what the library raises for damaged data.
    """
    if kind == "zst":
        import pyarrow as pa  # noqa: PLC0415 - only if a .zst has landed

        return pa.CompressedInputStream(pa.PythonFile(packed, mode="r"), "zstd")  # type: ignore[no-any-return]
    new: dict[str, Callable[[], _Decoder]] = {
        "gz": _GzipDecoder,
        "bz2": bz2.BZ2Decompressor,
        "xz": lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_XZ_MEMORY),
    }
    return _Concatenated(packed, new[kind])


class _Concatenated:
    """One or more streams of a codec, possibly padded with zeros."""

    def __init__(self, packed: BinaryIO, new: Callable[[], _Decoder]) -> None:
        self._packed = packed
        self._new = new
        self._decoder: _Decoder | None = None
        self._streams = 0
        self._rest = b""
        self._unpacked = b""
        self._at = 0

    def read(self, size: int, /) -> bytes:
        # Unpacked in chunks: a decoder copies what it holds for each call, and a tar asks for 512 bytes.
        if self._at == len(self._unpacked):
            self._unpacked, self._at = self._decompress(max(size, _CHUNK)), 0
        data = self._unpacked[self._at : self._at + size]
        self._at += len(data)
        return data

    def _decompress(self, size: int) -> bytes:
        while True:
            if self._decoder is None:
                if not self._find_next():
                    return b""
                self._decoder = self._new()
                self._streams += 1
                if self._streams > _MAX_STREAMS:
                    raise bomb(f"It consists of more than {_MAX_STREAMS:,} compressed streams.")
            feed, self._rest = self._rest, b""
            if not feed and self._decoder.needs_input:
                feed = self._packed.read(_CHUNK)
                if not feed:
                    raise ArchiveError(Reason.CORRUPT_ARCHIVE, "It ends in the middle of its data: it was cut off.")
            data = self._decoder.decompress(feed, size)
            if self._decoder.eof:
                self._rest = self._decoder.unused_data
                self._decoder = None
            if data:
                return data

    def _find_next(self) -> bool:
        """Move to the next stream; return False at the end of the file."""
        while True:
            self._rest = self._rest.lstrip(b"\0")
            if self._rest:
                return True
            self._rest = self._packed.read(_CHUNK)
            if not self._rest:
                return False
