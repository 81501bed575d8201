"""Move landed files to where they are settled, back, or out of the world.

Promised: a file is moved or deleted only if it is still the one that was read, and never over another file. Where one
comes in between the look and the rename, it is put back. Not promised: that a move is on the disk (`landing.py` says
why that need not be).
"""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

from flows.storage.folders import exists, free_names, rename_to_free_name
from flows.storage.identity import MovedError, is_same
from flows.storage.passed_over import DELETING

if TYPE_CHECKING:
    from flows.records import LandedFile
    from flows.storage.folders import Folders

_REPLACED = "it changed or was replaced after it was read: that is a new delivery"


def move(folders: Folders, file: LandedFile, target: str) -> str:
    """Move a landed file to `target` (`_archive/2026-11-21/a/b.txt`) and give the path that it has there.

    Where another file has that path already, `~2` … is put before the ending.

    Raises:
        MovedError: the landed file vanished, or is not the one that was listed (it is left, or put back).
    """
    folders.make_room()
    return _move(folders, file, target)


def find_moved(folders: Folders, file: LandedFile, target: str) -> str | None:
    """Give the path that `move` gave a file in an attempt which did not live to tell; None if it is gone."""
    folders.make_room()
    try:
        fd, wanted = folders.locate(target, make=True)
        for chosen in free_names(wanted):
            if is_same(os.stat(chosen, dir_fd=fd, follow_symlinks=False), file):
                return f"{folders.actual(target)}{chosen}"
    except FileNotFoundError:
        return None
    return None


def delete(folders: Folders, file: LandedFile) -> None:
    """Delete a landed file if it is still the one that was read.

    It is taken out of the way first and looked at there: what replaces it in that moment is not deleted.

    Raises:
        MovedError: it vanished, or is another one now.
    """
    folders.make_room()
    waiting = f"{DELETING}/{file.inode}"
    fd, name = folders.locate(waiting, make=True)
    if not exists(name, fd):  # else an earlier attempt died between the two steps
        _move(folders, file, waiting)
    if not is_same(os.stat(name, dir_fd=fd, follow_symlinks=False), file):
        _to_landing(folders, fd, name, file)
        raise MovedError(_REPLACED)
    os.unlink(name, dir_fd=fd)


def put_back(folders: Folders, path: str, landed_path: str) -> str:
    """Move a file from `_rejected/` to its place in landing/, never over anything; give the path that it has there.

    Raises:
        MovedError: there is no such file.
    """
    folders.make_room()
    fd, name = locate_landed(folders, path)
    target_fd, wanted = folders.locate(landed_path, make=True)
    chosen = _rename(fd, name, target_fd, wanted)
    return f"{folders.actual(landed_path)}{chosen}"


def locate_landed(folders: Folders, path: str) -> tuple[int, str]:
    """Give the folder of a landed file, and its name there.

    Raises:
        MovedError: the folder is gone, or is no folder any more.
    """
    try:
        return folders.locate(path)
    except FileNotFoundError:
        raise MovedError("it vanished, with its folder, before it was settled") from None
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENOTDIR):
            raise MovedError("its folder was replaced before it was settled") from None
        raise


def check_unchanged(fd: int, name: str, file: LandedFile) -> None:
    """Hold that a name in an open folder is still the file that was read.

    Raises:
        MovedError: it vanished, or is another one now.
    """
    try:
        found = os.stat(name, dir_fd=fd, follow_symlinks=False)
    except FileNotFoundError:
        raise MovedError("it vanished before it was settled") from None
    if not is_same(found, file):
        raise MovedError(_REPLACED)


def _move(folders: Folders, file: LandedFile, target: str) -> str:
    source_fd, name = locate_landed(folders, file.path)
    check_unchanged(source_fd, name, file)
    target_fd, wanted = folders.locate(target, make=True)
    chosen = _rename(source_fd, name, target_fd, wanted)
    # Between the look and the rename it may have been replaced: then it is a new delivery, and goes back.
    try:
        found = os.stat(chosen, dir_fd=target_fd, follow_symlinks=False)
    except FileNotFoundError:
        raise MovedError("it vanished while it was settled") from None
    if not is_same(found, file):
        _to_landing(folders, target_fd, chosen, file)
        raise MovedError(_REPLACED)
    return f"{folders.actual(target)}{chosen}"


def _to_landing(folders: Folders, fd: int, name: str, file: LandedFile) -> None:
    landing_fd, wanted = folders.locate(file.path, make=True)
    _rename(fd, name, landing_fd, wanted)


def _rename(source_fd: int, name: str, target_fd: int, wanted: str) -> str:
    try:
        return rename_to_free_name(source_fd, name, target_fd, wanted)
    except FileNotFoundError:
        raise MovedError("it vanished before it was settled") from None
