"""The folders below one root, opened by descriptor: each name on the way without following a link.

Promised: no path leads out of the root, whatever was put in the place of a folder, and nothing is moved over a file.
Not promised: that two threads may use one `Folders` together.
"""

from __future__ import annotations

import contextlib
import errno
import os
from typing import TYPE_CHECKING

from flows.storage.durable import FOLDER_MODE, rename_no_replace
from flows.storage.names import with_suffix_before_ending

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_OPEN_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_HELD = 64


class Folders:
    """Folders of one root; some are held open for the next file in them. Close it."""

    def __init__(self, root: Path) -> None:
        """Open the root, which may be a link.

        Raises:
            FileNotFoundError, NotADirectoryError: there is no such folder.
        """
        # By the path that was asked for: the descriptor, and the path that the folder really has.
        self._folders: dict[str, tuple[int, str]] = {}
        self._root_fd = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)

    def close(self) -> None:
        """Close the root and the folders that are held open."""
        self.forget()
        if self._root_fd >= 0:
            os.close(self._root_fd)
            self._root_fd = -1

    def forget(self) -> None:
        """Close the folders that are held open but the root."""
        for fd, _ in self._folders.values():
            os.close(fd)
        self._folders.clear()

    @contextlib.contextmanager
    def opened(self, folder: str) -> Iterator[int]:
        """Open a folder for the block, each name on the way without following a link."""
        fd = os.dup(self._root_fd)
        try:
            for name in folder.split("/") if folder else ():
                inner = os.open(name, _OPEN_FOLDER, dir_fd=fd)
                os.close(fd)
                fd = inner
            yield fd
        finally:
            os.close(fd)

    def make_room(self) -> None:
        """Close the folders that are held open, once they are many; those in use are looked up after this."""
        if len(self._folders) >= _HELD:
            self.forget()

    def locate(self, path: str, *, make: bool = False) -> tuple[int, str]:
        """Give the folder of a path, held open for the next file in it, and the last name."""
        folder, _, name = path.rpartition("/")
        held = self._folders.get(folder)
        if held is None:
            held = self._folders[folder] = self._open_or_make(folder) if make else self._open_held(folder)
        return held[0], name

    def actual(self, path: str) -> str:
        """Give the folder that `locate` found or made for a path, with a `/` at its end; the root is nothing."""
        folder = self._folders[path.rpartition("/")[0]][1]
        return f"{folder}/" if folder else ""

    def _open_held(self, folder: str) -> tuple[int, str]:
        with self.opened(folder) as fd:
            return os.dup(fd), folder

    def _open_or_make(self, folder: str) -> tuple[int, str]:
        """Open a folder, made where it is missing; where a file has its name, `~2` … is put before the ending."""
        fd = os.dup(self._root_fd)
        actual = []
        try:
            for name in folder.split("/") if folder else ():
                inner, chosen = _enter(fd, name)
                os.close(fd)
                fd = inner
                actual.append(chosen)
        except BaseException:
            os.close(fd)
            raise
        return fd, "/".join(actual)


def _enter(fd: int, name: str) -> tuple[int, str]:
    for chosen in free_names(name):
        try:
            with contextlib.suppress(FileExistsError):
                if not exists(chosen, fd):
                    os.mkdir(chosen, FOLDER_MODE, dir_fd=fd)
            return os.open(chosen, _OPEN_FOLDER, dir_fd=fd), chosen
        except OSError as error:
            if error.errno not in (errno.ELOOP, errno.ENOTDIR):
                raise
    raise FileExistsError(errno.EEXIST, "a million files have this name already", name)


def free_names(wanted: str) -> Iterator[str]:
    """Give a name, then the same with `~2`, `~3` … before its ending."""
    yield wanted
    for number in range(2, 1_000_000):
        yield with_suffix_before_ending(wanted, f"~{number}")


def exists(name: str, fd: int) -> bool:
    """Tell whether anything has this name in an open folder, be it a link that leads nowhere."""
    try:
        os.stat(name, dir_fd=fd, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def rename_to_free_name(source_fd: int, name: str, target_fd: int, wanted: str) -> str:
    """Move a file between two open folders, under the first of its names that is free, and give that name.

    Raises:
        FileNotFoundError: there is nothing to move.
    """
    for chosen in free_names(wanted):
        try:
            rename_no_replace(name, chosen, source_dir=source_fd, target_dir=target_fd)
        except FileExistsError:
            continue
        return chosen
    raise FileExistsError(errno.EEXIST, "a million files have this name already", wanted)
