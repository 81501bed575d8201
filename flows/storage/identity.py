"""What tells a landed file from another one: its size, its time and its inode, looked at before and after each step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flows.records import LandedFile

if TYPE_CHECKING:
    import os


class MovedError(Exception):
    """The file is no longer the one that was listed: it vanished, grew, or was replaced. It is deferred."""


def landed(path: str, found: os.stat_result) -> LandedFile:
    """Give what was found at a path as a landed file."""
    return LandedFile(path, found.st_size, _modified_ns(found), _inode(found))


def is_same(found: os.stat_result, file: LandedFile) -> bool:
    """Tell whether what was found is the file that was listed, unchanged."""
    return found.st_size == file.size and _inode(found) == file.inode and _modified_ns(found) == file.modified_ns


def _modified_ns(found: os.stat_result) -> int:
    # A file may claim any year; a database's integer, and an Arrow timestamp, end in 2262.
    return max(-0x7FFF_FFFF_FFFF_FFFF, min(found.st_mtime_ns, 0x7FFF_FFFF_FFFF_FFFF))


def _inode(found: os.stat_result) -> int:
    # Some file systems use all 64 bits; a database's integer has 63.
    return found.st_ino & 0x7FFF_FFFF_FFFF_FFFF
