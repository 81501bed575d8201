"""Files that Longshore writes below landing/: first a draft, which then takes the name of the file in one step.

Promised: under that name there is the whole file or none, or the one that was there before.
"""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, BinaryIO

from flows.storage.durable import FILE_MODE, fsync_fd
from flows.storage.moving import check_unchanged, locate_landed

if TYPE_CHECKING:
    from flows.records import LandedFile
    from flows.storage.folders import Folders

# One fixed name: a draft that a dead run left is written over by the run that settles the same file again.
DRAFT = ".longshore.draft"


def write_beside(folders: Folders, path: str, name: str, data: bytes) -> None:
    """Write a small new file into the folder of `path`; an older one of that name is replaced."""
    folders.make_room()
    fd, _ = folders.locate(path, make=True)
    with _draft_in(fd) as out:
        out.write(data)
        out.flush()
        os.fsync(out.fileno())
    os.rename(DRAFT, name, src_dir_fd=fd, dst_dir_fd=fd)


def draft_beside(folders: Folders, path: str) -> BinaryIO:
    """Open an empty draft in the folder of `path`, to be written and read; what a dead run left of one is gone."""
    folders.make_room()
    return _draft_in(folders.locate(path)[0])


def replace_by_draft(folders: Folders, file: LandedFile) -> None:
    """Put the draft beside a file in its place, with its time: the one rename that replaces what was delivered.

    Raises:
        MovedError: it is no longer the file that was listed; nothing was changed.
    """
    folders.make_room()
    fd, name = locate_landed(folders, file.path)
    check_unchanged(fd, name, file)
    os.utime(DRAFT, ns=(file.modified_ns, file.modified_ns), dir_fd=fd)
    os.rename(DRAFT, name, src_dir_fd=fd, dst_dir_fd=fd)
    fsync_fd(fd)


def remove_beside(folders: Folders, path: str, name: str) -> None:
    """Remove a file that was written here; one that is gone is let be."""
    folders.make_room()
    with contextlib.suppress(FileNotFoundError):
        fd, _ = folders.locate(path)
        os.unlink(name, dir_fd=fd)


def _draft_in(fd: int) -> BinaryIO:
    flags = os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW
    return os.fdopen(os.open(DRAFT, flags, FILE_MODE, dir_fd=fd), "w+b")
