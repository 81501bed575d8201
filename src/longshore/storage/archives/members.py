"""Archives: landed files that hold documents, each a source of its own.

`.gz`, `.bz2`, `.xz` and `.zst` hold one document, or a tar; `.tar` and `.zip` hold many.

A file is an archive if both its suffix and its first bytes are those of an archive. The first bytes alone would open
documents (.docx, .epub and .jar are zip files); the suffix alone would reject a text that a browser unpacked on the way
and saved as `.gz`. So a text named `.gz` is a text, and a .docx is binary.

Promised: nothing is written, no name in an archive reaches the file system, memory is bounded by one member, and
either every member is returned or the archive is an error. A failing disk is an `OSError`, never a damaged archive.
Not promised: archives that need a password, or consist of several files.
"""

from __future__ import annotations

import contextlib
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
    GuardedFile,
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
    from longshore.storage.stores.interface import Landing

Kind = Literal["gz", "bz2", "xz", "zst", "tar", "zip"]

_ENDINGS = (".gz", ".tgz", ".bz2", ".tbz", ".tbz2", ".xz", ".txz", ".zst", ".zstd", ".tzst", ".tar", ".zip")
_TAR_ENDINGS = (".tgz", ".tbz", ".tbz2", ".txz", ".tzst", ".tar")
_SIGNATURES: tuple[tuple[Kind, re.Pattern[bytes]], ...] = (
    ("gz", re.compile(rb"\x1f\x8b\x08")),
    ("bz2", re.compile(rb"BZh[1-9](?:1AY&SY|\x17\x72\x45\x38\x50\x90)")),
    ("xz", re.compile(rb"\xfd7zXZ\0")),
    ("zst", re.compile(rb"(?:\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18)")),
    # The header of a file, an empty zip, a piece of a split zip.
    ("zip", re.compile(rb"PK(?:\x03\x04|\x05\x06|\x07\x08)")),
)
_UNICODE_MARK = re.compile(rb"\xff\xfe|\xfe\xff|\0\0\xfe\xff")
_HEAD_BYTES = 4096
_CHUNK = 1024 * 1024
# The longest path that Linux allows.
_MAX_NAME_BYTES = 4096
_OUTSIDE = re.compile(r"[\\/]|[A-Za-z]:[\\/]|(?:.*[\\/])?\.\.(?:[\\/]|\Z)|.*\0", re.DOTALL)
# What macOS adds to every zip, and names that landing ignores as well.
_HIDDEN = re.compile(r"(?:\A|/)(?:\.|__MACOSX/)")


@dataclass(frozen=True, slots=True)
class Member:
    """A file in an archive. `name` is unique in it; in an archive inside it, it is `inner.zip!/name.txt`.

    data: its bytes; None if it is larger than `max_member_bytes`.
    """

    name: str
    size: int
    data: bytes | None


def may_be_archive(path: str) -> bool:
    """Return whether a file may be an archive by its name."""
    return path.lower().endswith(_ENDINGS)


def kind_of(path: str, head: bytes) -> Kind | None:
    """Return the kind of archive of a file with this name and head; None if it is not one.

    Raises:
        ArchiveError: CORRUPT_ARCHIVE, it is named like an archive and holds neither one nor text.
    """
    if not may_be_archive(path):
        return None
    for kind, signature in _SIGNATURES:
        if signature.match(head):
            return kind
    if is_tar(head, empty=path.lower().endswith(_TAR_ENDINGS)):
        return "tar"
    if b"\0" in head and not _UNICODE_MARK.match(head):
        raise ArchiveError(
            Reason.CORRUPT_ARCHIVE, "It is named like an archive, but its first bytes are not those of one."
        )
    return None


def is_archive(file: LandedFile, landing: Landing) -> bool:
    """Return whether a landed file is an archive; it is opened only if it may be one by its name.

    Raises:
        ArchiveError, MovedError, OSError: as `members`.
    """
    if not may_be_archive(file.path):
        return False
    with opened(file, landing) as packed:
        return kind_of(file.path, packed.read(_HEAD_BYTES)) is not None


def members(file: LandedFile, landing: Landing, limits: ArchiveLimits) -> Iterator[Member]:
    """Yield each file of a landed archive, in an order that is the same on every reading.

    Raises:
        ArchiveError: the archive is damaged, encrypted, unsafe, or a bomb; members yielded before must not be used.
        MovedError: it is not, or did not remain, the file that was listed.
        OSError: it may not be read, or reading failed.
    """
    with opened(file, landing) as packed:
        yield from _unique(members_in(packed, file.path.rpartition("/")[2], Budget(limits, file.size)))


@contextlib.contextmanager
def opened(file: LandedFile, landing: Landing, answers: tuple[type[Exception], ...] = ()) -> Iterator[BinaryIO]:
    """Open a landed file for the block; whatever fails there is told apart as `members` promises.

    answers: exceptions of the block that are no failures.
    """
    fd = landing.open(file)
    guarded = GuardedFile(fd)
    try:
        try:
            yield io.BufferedReader(guarded)
        except (MovedError, GeneratorExit):
            raise
        except answers:
            raise
        except Exception as error:  # whatever the libraries make of hostile bytes
            if guarded.error is None:
                landing.check_open(fd, file)
                raise error if isinstance(error, ArchiveError) else _damaged(error) from error
        if guarded.error is not None:
            # Also if a library swallowed it, and the archive only seems to end.
            raise guarded.error
        landing.check_open(fd, file)
    finally:
        os.close(fd)


def members_in(packed: BinaryIO, name: str, budget: Budget, depth: int = 1) -> Iterator[Member]:
    """Yield the members of an open archive of this name, and of the archives in it.

    Names may repeat here. Raises ArchiveError, or what the libraries raise for damaged data.
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
    """Return whether a file in an archive is ignored because of its name."""
    return _HIDDEN.search(name) is not None


def _entries(packed: BinaryIO, kind: Kind | None, name: str, budget: Budget) -> Iterator[tuple[str, int, Stream]]:
    """Yield name, size (-1 if unknown) and bytes of each file in an archive."""
    if kind == "zip":
        yield from zip_entries(packed, budget)
        return
    if kind == "tar":

        def reopen() -> BinaryIO:
            packed.seek(0)
            return packed

        yield from tar_entries(Counted(packed, budget), reopen, budget)
        return
    if kind is None:
        raise MovedError("it is no longer an archive")

    def reopen_compressed() -> Stream:
        packed.seek(0)
        return decompressed(kind, packed)

    stream = Counted(decompressed(kind, packed), budget)
    head = read_exactly(stream, BLOCK)
    whole = Peeked(head, stream)
    stem = name.rpartition(".")[0]
    if is_tar(head, empty=name.lower().endswith(_TAR_ENDINGS) or stem.lower().endswith(".tar")):
        yield from tar_entries(whole, reopen_compressed, budget)
    else:
        yield stem or name, -1, whole


def _read(stream: Stream, size: int, most: int) -> tuple[int, bytes | None]:
    """Read a member to its end, so that its checksum is checked; return its size and, unless too large, its bytes."""
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
    """Return a member's name without `./`.

    Raises:
        ArchiveError: UNSAFE_MEMBER, it is absolute, leads out of the archive, or is empty.
    """
    safe = "/".join(part for part in name.split("/") if part not in {"", "."})
    if _OUTSIDE.match(name) or not safe or len(name.encode("utf-8", "surrogatepass")) > _MAX_NAME_BYTES:
        raise ArchiveError(
            Reason.UNSAFE_MEMBER, f"It holds a file named {name[:200]!r}, which leads out of the archive."
        )
    return safe


def _unique(found: Iterator[Member]) -> Iterator[Member]:
    """Rename members whose name came before: a tar may hold a file and its later versions."""
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
        return ArchiveError(Reason.ARCHIVE_BOMB, "Unpacking it needs more memory than any text does.")
    if isinstance(error, NotImplementedError):
        return ArchiveError(Reason.UNREADABLE, f"It is compressed in an unsupported way ({said}). Use deflate.")
    return ArchiveError(Reason.CORRUPT_ARCHIVE, f"It is damaged: {said}.")
