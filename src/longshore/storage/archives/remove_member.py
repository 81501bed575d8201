"""Rewrite an archive without some of its files, for `forget`.

Promised: every other file is in the new archive, in the old order, under its name and with its bytes. Nothing that was
to be removed is in it, nor in the archives inside it, under whatever name. The same archive gives the same bytes.
Memory is bounded by one file of the archive. Not promised: entries of folders, which hold nothing.
"""

from __future__ import annotations

import bz2
import gzip
import hashlib
import io
import lzma
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from longshore.records import Reason
from longshore.storage.archives.members import is_hidden, kind_of, may_be_archive, safe_name
from longshore.storage.archives.stream import ArchiveError, Counted, Peeked, decompressed, read_all, read_exactly
from longshore.storage.archives.tar import BLOCK, entries_with_headers, is_tar
from longshore.storage.archives.zip import ZipWriter, described_entries, name_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from contextlib import AbstractContextManager

    from longshore.storage.archives.stream import Budget, Stream

_HEAD_BYTES = 4096


def remove_members(
    packed: BinaryIO,
    out: BinaryIO,
    name: str,
    gone: Collection[str],
    budget: Budget,
    shorten: Callable[[bytes, str], bytes],
) -> int:
    """Write the archive to `out` without the files whose SHA-256 is in `gone`; return how many files remain.

    shorten: returns a file's bytes without what is gone in it: the same object if nothing is, nothing if all is.

    Raises:
        ArchiveError: it is damaged, exceeds a limit, or cannot be rewritten; `out` must not be used.
        Exception: what the libraries raise for damaged data.
    """
    removal = _Removal(frozenset(gone), budget, shorten)
    removal.rewrite(packed, out, name, 1)
    return removal.left


@dataclass(slots=True)
class _Removal:
    gone: frozenset[str]
    budget: Budget
    shorten: Callable[[bytes, str], bytes]
    left: int = 0
    removed: int = 0

    def rewrite(self, packed: BinaryIO, out: BinaryIO, name: str, depth: int) -> None:
        self.budget.check_depth(depth, name)
        kind = kind_of(name, packed.read(_HEAD_BYTES))
        packed.seek(0)
        if kind == "zip":
            self._zip(packed, out, depth)
        elif kind == "tar":
            self._tar(Counted(packed, self.budget), out, depth)
        elif kind is None:
            raise ArchiveError(Reason.CORRUPT_ARCHIVE, f"{name!r} is no longer an archive.")
        else:
            self._compressed(kind, packed, out, name, depth)

    def _zip(self, packed: BinaryIO, out: BinaryIO, depth: int) -> None:
        writer = ZipWriter(out)
        for info, stream in described_entries(packed, self.budget):
            data = read_all(stream)
            kept = self._kept(name_of(info), data, depth)
            if kept is data:
                writer.copy(info, packed)
            elif kept is not None:
                writer.add(info, kept)
        writer.finish()

    def _tar(self, stream: Stream, out: BinaryIO, depth: int) -> None:
        # Of each entry: whether it is in the new archive, and whether it counts as a document.
        stays: list[bool] = []
        for headers, entry in entries_with_headers(stream):
            if entry.same_as is not None:
                # A hard link has the bytes of its target, and goes with it.
                stays.append(stays[entry.same_as])
                self.left += stays[-1] and not is_hidden(safe_name(entry.name))
                self.removed += not stays[-1]
                out.write(headers if stays[-1] else b"")
                continue
            data = read_all(entry.stream)
            kept = self._kept(entry.name, data, depth)
            stays.append(kept is not None)
            if kept is not None:
                own = headers[-BLOCK:] if kept is data else _resized(headers[-BLOCK:], len(kept))
                out.write(headers[:-BLOCK] + own + kept + bytes(-len(kept) % BLOCK))
        out.write(bytes(2 * BLOCK))

    def _compressed(self, kind: str, packed: BinaryIO, out: BinaryIO, name: str, depth: int) -> None:
        stream = Counted(decompressed(kind, packed), self.budget)
        head = read_exactly(stream, BLOCK)
        stem = name.rpartition(".")[0]
        with _compressing(kind, out) as inner:
            if is_tar(head, empty=False):
                self._tar(Peeked(head, stream), inner, depth)
            else:
                kept = self._kept(stem or name, head + read_all(stream), depth)
                inner.write(kept or b"")

    def _kept(self, name: str, data: bytes, depth: int) -> bytes | None:
        """Return what takes the place of a file: itself, the rewritten inner archive, or nothing."""
        name = safe_name(name)
        if may_be_archive(name) and not is_hidden(name) and kind_of(name, data[:_HEAD_BYTES]):
            return self._inner(name, data, depth)
        if hashlib.sha256(data).hexdigest() in self.gone:
            self.removed += 1
            return None
        shorter = self.shorten(data, name)
        self.removed += shorter is not data
        if data and not shorter:
            return None
        self.left += not is_hidden(name)
        return shorter

    def _inner(self, name: str, data: bytes, depth: int) -> bytes | None:
        left, removed = self.left, self.removed
        out = io.BytesIO()
        self.rewrite(io.BytesIO(data), out, name.rpartition("/")[2], depth + 1)
        if self.removed == removed:
            return data
        return out.getvalue() if self.left > left else None


class _Unclosed:
    """A file that stays open when its writer is closed."""

    closed = False

    def __init__(self, out: BinaryIO) -> None:
        self._out = out

    def write(self, data: bytes) -> int:
        return self._out.write(data)

    def flush(self) -> None:
        """Do nothing: whoever opened the file flushes it."""

    def close(self) -> None:
        """Do nothing."""

    def tell(self) -> int:
        return self._out.tell()


def _compressing(kind: str, out: BinaryIO) -> AbstractContextManager[BinaryIO]:
    if kind == "gz":
        # Without time and name, so that the same archive gives the same bytes.
        return gzip.GzipFile("", "wb", fileobj=out, mtime=0)  # type: ignore[return-value]  # it writes bytes
    if kind == "bz2":
        return bz2.BZ2File(out, "wb")  # type: ignore[return-value]  # the same
    if kind == "xz":
        return lzma.LZMAFile(out, "wb")  # type: ignore[return-value]  # the same
    import pyarrow as pa  # noqa: PLC0415 - only for a .zst

    return pa.CompressedOutputStream(pa.PythonFile(_Unclosed(out), mode="w"), "zstd")  # type: ignore[no-any-return]


def _resized(header: bytes, size: int) -> bytes:
    """Return a tar header with another size: size and checksum are octal numbers at fixed places (POSIX.1-1988)."""
    block = bytearray(header)
    block[124:136] = b"%011o\0" % size
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)
