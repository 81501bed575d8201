"""Copies of a source in landing's own folders, found by their bytes and not by what the ledger says.

Somebody may have renamed an archived original, appended to it, or delivered it in an archive that was rejected as a
whole. The ledger knows none of these places.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from longshore.documents.kinds import NotThisKindError
from longshore.ingestion.reading import members_of
from longshore.storage.archives.stream import ArchiveError
from longshore.storage.landing import MovedError
from longshore.storage.listing import ARCHIVE, DELETING, REJECTED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from longshore.ingestion.rules import RuleBook
    from longshore.records import LandedFile
    from longshore.storage.stores.interface import Landing

_READ_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Copy:
    """A file that holds a source: `whole`, at its `beginning`, or as a `member` of an archive (its name)."""

    record_id: str
    file: LandedFile
    form: Literal["whole", "beginning", "member"]
    member: str | None = None


def find_copies(landing: Landing, sizes: Mapping[str, int], known: Iterable[str], book: RuleBook) -> Iterator[Copy]:
    """Yield every copy of these sources in `_archive/`, `_rejected/` and `_deleting/`.

    Every file of a source's size is read, every archive and container in `_rejected/`, and of the files in `known` the
    beginning. Archives in `_archive/` are left out: the ledger knows their members.

    Args:
        landing: the landing folder.
        sizes: bytes of each source, by record id.
        known: paths where originals should be; one that grew is read as far as the source's size.
        book: the rules of the project, with the limits of archives.
    """
    wanted = set(sizes)
    whole_sizes = set(sizes.values())
    for path in known:
        file = landing.look(path)
        if file is not None:
            yield from _beginnings(landing, file, sizes)
    for folder in (ARCHIVE, REJECTED, DELETING):
        for file in landing.files_below(folder):
            if file.size in whole_sizes:
                record_id = _prefix_sha256(landing, file, file.size)
                if record_id in wanted:
                    yield Copy(record_id, file, "whole")
            if folder == REJECTED:
                yield from _members(landing, file, wanted, book)


def _beginnings(landing: Landing, file: LandedFile, sizes: Mapping[str, int]) -> Iterator[Copy]:
    for record_id, size in sizes.items():
        if 0 < size < file.size and _prefix_sha256(landing, file, size) == record_id:
            yield Copy(record_id, file, "beginning")


def _prefix_sha256(landing: Landing, file: LandedFile, size: int) -> str | None:
    """Return the SHA-256 of the first `size` bytes, None if the file cannot be read or is not the one listed."""
    digest = hashlib.sha256()
    try:
        fd = landing.open(file)
    except (OSError, MovedError):
        return None
    try:
        while size and (data := os.read(fd, min(size, _READ_BYTES))):
            digest.update(data)
            size -= len(data)
    except OSError:
        return None
    finally:
        os.close(fd)
    return digest.hexdigest()


def _members(landing: Landing, file: LandedFile, wanted: set[str], book: RuleBook) -> Iterator[Copy]:
    """Yield the members of an archive that are wanted, as far as it can be read."""
    try:
        for member in members_of(file, landing, book, find=True):
            record_id = hashlib.sha256(member.raw or b"").hexdigest()
            if record_id in wanted:
                yield Copy(record_id, file, "member", member.name)
    except (ArchiveError, NotThisKindError, MovedError, OSError):
        return
