"""The compressed streams: gzip, bzip2, xz, Zstandard, read from front to back in bounded memory.

Promised: a stream that was cut off, is damaged, or has something else behind its end is an error, never a shorter text.
Several streams one behind the other are one text, as their own tools have it. Not here: how much may be unpacked
(`pack_limits.py`).
"""

from __future__ import annotations

import bz2
import gzip
import lzma
from typing import TYPE_CHECKING, BinaryIO

from flows.records import Reason
from flows.storage.pack_limits import PackError

if TYPE_CHECKING:
    from collections.abc import Callable

    from flows.storage.pack_limits import Stream

_CHUNK = 64 * 1024
# What `xz -9` needs is 65 MiB; a header may ask for 4 GiB.
_XZ_MEMORY = 128 * 1024 * 1024


def decompressed(kind: str, packed: BinaryIO) -> Stream:
    """Give what a compressed file holds, as a stream; `kind` is `gz`, `bz2`, `xz` or `zst`.

    Its `read` raises PackError, or what the library raises for damaged data: `packs.members` tells them apart.
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
                    raise PackError(Reason.CORRUPT_ARCHIVE, "It ends in the middle of its data: it was cut off.")
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
