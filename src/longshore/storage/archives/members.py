"""Packed input: a landed file that holds texts, each a source of its own.

`.gz`, `.bz2`, `.xz` and `.zst` hold one text, or a tar; `.tar` and `.zip` hold many.

A file is a pack when its name ends as a pack's and its first bytes are a pack's. The first bytes alone would open
documents (.docx, .epub, .jar are zips inside); the ending alone would refuse a text that a browser has unpacked on the
way and saved as `.gz`. So a text named `.gz` is a text, and a .docx is binary.

Promised: nothing is written, no name in a pack reaches the file system, memory is bounded by one member, and every
member is given or the whole pack is an error. Not promised: packs that need a password, or several files.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Literal

from longshore.records import Reason
from longshore.storage.archives.stream import (
    ArchiveError,
    ArchiveLimits,
    Budget,
    Counted,
    Peeked,
    decompressed,
    read_exactly,
)
from longshore.storage.archives.tar import BLOCK, is_tar, tar_entries
from longshore.storage.archives.zip import zip_entries
from longshore.storage.landing import MovedError
from longshore.storage.names import with_suffix_before_ending

if TYPE_CHECKING:
    from collections.abc import Iterator

    from longshore.records import LandedFile
    from longshore.storage.archives.stream import Stream
    from longshore.storage.landing import Landing

Kind = Literal["gz", "bz2", "xz", "zst", "tar", "zip"]

_ENDINGS = (".gz", ".tgz", ".bz2", ".tbz", ".tbz2", ".xz", ".txz", ".zst", ".zstd", ".tzst", ".tar", ".zip")
_TAR_ENDINGS = (".tgz", ".tbz", ".tbz2", ".txz", ".tzst", ".tar")
_SIGNATURES: tuple[tuple[Kind, re.Pattern[bytes]], ...] = (
    ("gz", re.compile(rb"\x1f\x8b\x08")),
    ("bz2", re.compile(rb"BZh[1-9](?:1AY&SY|\x17\x72\x45\x38\x50\x90)")),
    ("xz", re.compile(rb"\xfd7zXZ\0")),
    ("zst", re.compile(rb"(?:\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18)")),
    # A file's header, an empty zip, a piece of several.
    ("zip", re.compile(rb"PK(?:\x03\x04|\x05\x06|\x07\x08)")),
)
_UNICODE_MARK = re.compile(rb"\xff\xfe|\xfe\xff|\0\0\xfe\xff")
_HEAD_BYTES = 4096
_CHUNK = 1024 * 1024
# The longest path that Linux takes.
_MAX_NAME_BYTES = 4096
_OUTSIDE = re.compile(r"[\\/]|[A-Za-z]:[\\/]|(?:.*[\\/])?\.\.(?:[\\/]|\Z)|.*\0", re.DOTALL)
# What macOS puts into every zip, and what landing passes over as well.
_HIDDEN = re.compile(r"(?:\A|/)(?:\.|__MACOSX/)")
# Errors of the disk below, not of the pack: those of the libraries have no number, or one for a wild offset.
_DISK_ERRORS = {errno.EIO, errno.ESTALE, errno.ENODEV, errno.ENXIO, errno.ETIMEDOUT, errno.ENOMEM}


@dataclass(frozen=True, slots=True)
class Member:
    """A file in a pack. `name` is unique in it; of one in a pack inside it is `inner.zip!/name.txt`.

    data: its bytes; None where it is larger than `max_member_bytes`, and was not kept.
    """

    name: str
    size: int
    data: bytes | None


def may_be_archive(path: str) -> bool:
    """Tell by its name alone whether a file may be a pack."""
    return path.lower().endswith(_ENDINGS)


def kind_of(path: str, head: bytes) -> Kind | None:
    """Tell what kind of pack a file of this name that begins so is; None where it is none.

    Raises:
        ArchiveError: CORRUPT_ARCHIVE, it is named as a pack and holds neither that nor text.
    """
    if not may_be_archive(path):
        return None
    for kind, signature in _SIGNATURES:
        if signature.match(head):
            return kind
    if is_tar(head, empty=path.lower().endswith(_TAR_ENDINGS)):
        return "tar"
    if b"\0" in head and not _UNICODE_MARK.match(head):
        raise ArchiveError(Reason.CORRUPT_ARCHIVE, "It is named as a pack, but begins as none that is known.")
    return None


def is_archive(file: LandedFile, landing: Landing) -> bool:
    """Tell whether a landed file is a pack; it is opened only where its name says that it may be.

    Raises:
        ArchiveError, MovedError, OSError: as `members`.
    """
    if not may_be_archive(file.path):
        return False
    with _opened(file, landing) as packed:
        return kind_of(file.path, packed.read(_HEAD_BYTES)) is not None


def members(file: LandedFile, landing: Landing, limits: ArchiveLimits) -> Iterator[Member]:
    """Give each file of a landed pack, in the pack's order: the same on every reading.

    Raises:
        ArchiveError: the pack is damaged, encrypted, unsafe, or a bomb; what was given before must not be used.
        MovedError: it is not, or was not all the time, the file that was listed.
        OSError: it may not be read, or the disk fails.
    """
    budget = Budget(limits, file.size)
    try:
        with _opened(file, landing) as packed:
            yield from _unique(members_in(packed, file.path.rpartition("/")[2], budget))
    except (ArchiveError, MovedError):
        raise
    except OSError as error:
        if error.errno in _DISK_ERRORS or error.errno in (errno.EACCES, errno.EPERM):
            raise
        raise _damaged(error) from error
    except Exception as error:  # whatever the libraries make of hostile bytes, it is the pack that is damaged
        raise _damaged(error) from error


@contextlib.contextmanager
def _opened(file: LandedFile, landing: Landing) -> Iterator[BinaryIO]:
    fd = landing.open(file)
    try:
        # The libraries close what they read from when they are done with it; the descriptor is ours.
        with os.fdopen(fd, "rb", closefd=False) as packed:
            yield packed
        landing.check_open(fd, file)
    finally:
        os.close(fd)


def members_in(packed: BinaryIO, name: str, budget: Budget, depth: int = 1) -> Iterator[Member]:
    """Give the members of an open pack of this name, and of the packs in it; whatever its libraries raise is raised.

    Two of them may have one name here.
    """
    budget.check_depth(depth, name)
    kind = kind_of(name, packed.read(_HEAD_BYTES))
    packed.seek(0)
    for inner, said, stream in _entries(packed, kind, name, budget):
        safe = safe_name(inner)
        if is_hidden(safe):
            continue
        size, data = _read(stream, said, budget.limits.max_member_bytes)
        if data is not None and may_be_archive(safe) and kind_of(safe, data[:_HEAD_BYTES]):
            for member in members_in(io.BytesIO(data), safe.rpartition("/")[2], budget, depth + 1):
                yield Member(f"{safe}!/{member.name}", member.size, member.data)
        else:
            budget.take_members()
            yield Member(safe, size, data)


def is_hidden(name: str) -> bool:
    """Tell whether a file in a pack is passed over for its name."""
    return _HIDDEN.search(name) is not None


def _entries(packed: BinaryIO, kind: Kind | None, name: str, budget: Budget) -> Iterator[tuple[str, int, Stream]]:
    """Give name, size (-1 where it is not known before) and bytes of each file in a pack."""
    if kind == "zip":
        yield from zip_entries(packed, budget)
        return
    if kind == "tar":
        yield from tar_entries(Counted(packed, budget))
        return
    if kind is None:
        raise MovedError("it is no pack any more")
    stream = Counted(decompressed(kind, packed), budget)
    head = read_exactly(stream, BLOCK)
    whole = Peeked(head, stream)
    stem = name.rpartition(".")[0]
    if is_tar(head, empty=name.lower().endswith(_TAR_ENDINGS) or stem.lower().endswith(".tar")):
        yield from tar_entries(whole)
    else:
        yield stem or name, -1, whole


def _read(stream: Stream, size: int, most: int) -> tuple[int, bytes | None]:
    """Read a member to its end, so that its checksum is checked: its size and, unless too large, its bytes."""
    pieces: list[bytes] | None = [] if size <= most else None
    total = 0
    while data := stream.read(_CHUNK):
        total += len(data)
        if total > most:
            pieces = None
        if pieces is not None:
            pieces.append(data)
    return total, None if pieces is None else b"".join(pieces)


def safe_name(name: str) -> str:
    """Give a member's name without `./`.

    Raises:
        ArchiveError: UNSAFE_MEMBER, it is absolute, leads out of the pack, or is none.
    """
    safe = "/".join(part for part in name.split("/") if part not in {"", "."})
    if _OUTSIDE.match(name) or not safe or len(name.encode("utf-8", "surrogatepass")) > _MAX_NAME_BYTES:
        raise ArchiveError(Reason.UNSAFE_MEMBER, f"It holds a file named {name[:200]!r}, which leads out of the pack.")
    return safe


def _unique(found: Iterator[Member]) -> Iterator[Member]:
    """Give a member whose name came before another one: a tar may hold a file and its later versions."""
    names: set[str] = set()
    for member in found:
        name, attempt = member.name, 1
        while name in names:
            attempt += 1
            folder, slash, last = member.name.rpartition("/")
            name = f"{folder}{slash}{with_suffix_before_ending(last, f'~{attempt}')}"
        names.add(name)
        yield member if attempt == 1 else Member(name, member.size, member.data)


def _damaged(error: Exception) -> ArchiveError:
    said = str(error) or type(error).__name__
    lowered = said.lower()
    if "memory" in lowered or isinstance(error, MemoryError):
        return ArchiveError(Reason.ARCHIVE_BOMB, "It asks for more memory to be unpacked than any text needs.")
    if isinstance(error, NotImplementedError):
        return ArchiveError(Reason.UNREADABLE, f"It is packed in a way that is not read ({said}). Pack it plainly.")
    return ArchiveError(Reason.CORRUPT_ARCHIVE, f"It is damaged: {said}.")
