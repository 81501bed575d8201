"""The compressed streams: gzip, bzip2, xz, Zstandard, read from front to back in bounded memory.

Promised: a stream that was cut off, is damaged, or has something else behind its end is an error, never a shorter text.
Several streams one behind the other are one text, as their own tools have it. Not here: how much may be unpacked
(`archive_limits.py`).
"""

from __future__ import annotations

import bz2
import gzip
import lzma
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Protocol

from longshore.records import Reason

if TYPE_CHECKING:
    from collections.abc import Callable

# Below so many bytes no ratio does harm, and a short text of one repeated line packs as well as a bomb.
_HARMLESS_BYTES = 1024 * 1024


class ArchiveError(Exception):
    """The pack cannot be taken: a named reason, and what was seen, as a sentence."""

    def __init__(self, reason: Reason, detail: str) -> None:
        """Keep both."""
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


class Stream(Protocol):
    """What is read from front to back."""

    def read(self, size: int, /) -> bytes:
        """Give at most `size` bytes, nothing only at the end."""


@dataclass(frozen=True, slots=True)
class ArchiveLimits:
    """The settings that bound a pack.

    max_bytes: unpacked, all together. max_members: files in it. max_ratio: unpacked to packed.
    max_depth: 1 is a pack that holds no packs. max_member_bytes: of one file in it (`max_file_bytes`).
    """

    max_bytes: int
    max_members: int
    max_ratio: int
    max_depth: int
    max_member_bytes: int


class Budget:
    """What is left of the limits of one pack, with all packs inside it."""

    def __init__(self, limits: ArchiveLimits, packed_bytes: int) -> None:
        """Begin with everything left; `packed_bytes` is the size of the landed file."""
        self.limits = limits
        self._most = min(limits.max_bytes, max(_HARMLESS_BYTES, limits.max_ratio * packed_bytes))
        self._packed_bytes = packed_bytes
        self._bytes = 0
        self._members = 0

    def spend(self, count: int) -> None:
        """Count bytes that were unpacked, or are about to be.

        Raises:
            ArchiveError: ARCHIVE_BOMB, they are too many.
        """
        self._bytes += count
        if self._bytes > self.limits.max_bytes:
            raise _bomb(f"It unpacks to more than {self.limits.max_bytes:,} bytes, which `max_archive_bytes` allows.")
        if self._bytes > self._most:
            raise _bomb(
                f"Its {self._packed_bytes:,} bytes unpack to more than {self.limits.max_ratio} times as many, which "
                "`archive_limits` (max_ratio) allows; texts compress to a third or a tenth."
            )

    def take_members(self, count: int = 1) -> None:
        """Count members.

        Raises:
            ArchiveError: ARCHIVE_BOMB, they are too many.
        """
        self._members += count
        if self._members > self.limits.max_members:
            raise _bomb(f"It holds more than {self.limits.max_members:,} files (`archive_limits`, max_members).")

    def check_depth(self, depth: int, name: str) -> None:
        """Hold that packs are not nested too deep.

        Raises:
            ArchiveError: ARCHIVE_BOMB, they are.
        """
        if depth > self.limits.max_depth:
            raise _bomb(
                f"{name!r} in it is nested {depth} deep; `archive_limits` (max_depth) allows {self.limits.max_depth}. "
                "Unpack the outer one and land what it holds."
            )


class Counted:
    """A stream whose bytes are counted against a budget."""

    def __init__(self, stream: Stream, budget: Budget) -> None:
        """Wrap a stream."""
        self._stream = stream
        self._budget = budget

    def read(self, size: int, /) -> bytes:
        """Give at most `size` bytes.

        Raises:
            ArchiveError: they are more than the pack may unpack to.
        """
        data = self._stream.read(size)
        self._budget.spend(len(data))
        return data


class Peeked:
    """A stream whose first bytes were read already."""

    def __init__(self, head: bytes, stream: Stream) -> None:
        """Put the bytes before the rest of the stream."""
        self._head = head
        self._stream = stream

    def read(self, size: int, /) -> bytes:
        """Give at most `size` bytes."""
        if self._head:
            data, self._head = self._head[:size], self._head[size:]
            return data
        return self._stream.read(size)


def read_exactly(stream: Stream, size: int) -> bytes:
    """Give `size` bytes, fewer only where the stream ends before."""
    data = stream.read(size)
    if len(data) == size or not data:
        return data
    pieces, missing = [data], size - len(data)
    while missing and (data := stream.read(missing)):
        pieces.append(data)
        missing -= len(data)
    return b"".join(pieces)


def _bomb(detail: str) -> ArchiveError:
    return ArchiveError(Reason.ARCHIVE_BOMB, detail)


_CHUNK = 64 * 1024
# What `xz -9` needs is 65 MiB; a header may ask for 4 GiB.
_XZ_MEMORY = 128 * 1024 * 1024


def decompressed(kind: str, packed: BinaryIO) -> Stream:
    """Give what a compressed file holds, as a stream; `kind` is `gz`, `bz2`, `xz` or `zst`.

    Its `read` raises ArchiveError, or what the library raises for damaged data: `packs.members` tells them apart.
    """
    if kind == "gz":
        return gzip.GzipFile(fileobj=packed, mode="rb")
    if kind == "bz2":
        return _Streams(packed, bz2.BZ2Decompressor)
    if kind == "xz":
        return _Streams(packed, lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_XZ_MEMORY))
    import pyarrow as pa  # noqa: PLC0415 - only where a .zst has landed

    return pa.CompressedInputStream(pa.PythonFile(packed, mode="r"), "zstd")  # type: ignore[no-any-return]


class _Streams:
    """One or more streams of a codec, one behind the other, perhaps padded with zeros."""

    def __init__(self, packed: BinaryIO, new: Callable[[], bz2.BZ2Decompressor | lzma.LZMADecompressor]) -> None:
        self._packed = packed
        self._new = new
        self._decoder: bz2.BZ2Decompressor | lzma.LZMADecompressor | None = None
        self._rest = b""

    def read(self, size: int, /) -> bytes:
        while True:
            if self._decoder is None:
                if not self._find_next():
                    return b""
                self._decoder = self._new()
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
        """Go to where the next stream begins; False at the end of the file."""
        while True:
            self._rest = self._rest.lstrip(b"\0")
            if self._rest:
                return True
            self._rest = self._packed.read(_CHUNK)
            if not self._rest:
                return False
