"""Durable writes and atomic renames, and the folders below a root, opened without following links.

Promised: no path leads out of the root, whatever replaces a folder, and nothing is moved over a file. Not promised: use
of one `Folders` by two threads.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
from functools import cache
from typing import TYPE_CHECKING

from longshore.records import LandedFile
from longshore.storage import fault_injection
from longshore.storage.names import with_suffix_before_ending

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


class MovedError(Exception):
    """The file is no longer the one that was listed: it vanished, grew, or was replaced. The file is deferred."""


def landed(path: str, found: os.stat_result) -> LandedFile:
    """Return the file that `os.stat` found at a path."""
    return LandedFile(path, found.st_size, _int64(found.st_mtime_ns), _inode(found), _int64(found.st_ctime_ns))


def is_same(found: os.stat_result, file: LandedFile) -> bool:
    """Return whether `os.stat` found the file that was listed, unchanged."""
    return found.st_size == file.size and _inode(found) == file.inode and _int64(found.st_mtime_ns) == file.modified_ns


def _int64(time_ns: int) -> int:
    # A file may have any year; a database's integer, and an Arrow timestamp, end in 2262.
    return max(-0x7FFF_FFFF_FFFF_FFFF, min(time_ns, 0x7FFF_FFFF_FFFF_FFFF))


def _inode(found: os.stat_result) -> int:
    # Some file systems use all 64 bits; a database's integer has 63.
    return found.st_ino & 0x7FFF_FFFF_FFFF_FFFF


FILE_MODE = 0o640
FOLDER_MODE = 0o750

_AT_FDCWD = -100
_RENAME_NOREPLACE = 1  # linux/fs.h
_RENAME_EXCHANGE = 2


def write_durably(path: Path, data: bytes | memoryview, step: str = "") -> None:
    """Write a new file and fsync its bytes, but not its name; an existing file is an error.

    Args:
        path: the file to make; its folder must exist.
        data: all of its bytes.
        step: the name of this write for `faults`.

    Raises:
        FileExistsError: the file is there already.
        OSError: the disk is full, the folder is not writable …; what was written of the file stays.
    """
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE)
    try:
        view = memoryview(fault_injection.cut(step, data))
        while view:
            view = view[os.write(fd, view) :]
        fault_injection.step(step, path=path)
        os.fsync(fd)
    finally:
        os.close(fd)


def fsync_folder(path: Path | str, *, dir_fd: int | None = None) -> None:
    """Fsync the names in a folder."""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=dir_fd)
    try:
        fsync_fd(fd)
    finally:
        os.close(fd)


def fsync_fd(fd: int) -> None:
    """Fsync an open folder or file; ignored if the file system cannot fsync folders."""
    try:
        os.fsync(fd)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise


def make_folders(path: Path) -> None:
    """Create a folder and those above it, and fsync each name."""
    missing = []
    while not path.is_dir():
        missing.append(path)
        path = path.parent
    for folder in reversed(missing):
        folder.mkdir(mode=FOLDER_MODE, exist_ok=True)
        fsync_folder(folder.parent)


def rename_no_replace(
    source: Path | str, target: Path | str, *, source_dir: int | None = None, target_dir: int | None = None
) -> None:
    """Rename in one atomic step, never over anything; the folders are not yet fsynced.

    On Linux by renameat2(2) with RENAME_NOREPLACE. Without it, by link and unlink, and for a folder, which cannot
    be linked, by a check before the rename: only there a race is possible.

    Raises:
        FileExistsError: something is at the target.
        OSError: as rename(2).
    """
    if _renameat2(source, target, source_dir, target_dir, _RENAME_NOREPLACE):
        return
    try:
        os.link(source, target, src_dir_fd=source_dir, dst_dir_fd=target_dir, follow_symlinks=False)
        os.unlink(source, dir_fd=source_dir)
    except FileExistsError:
        raise
    except OSError:
        if _exists(target, target_dir):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), os.fspath(target)) from None
        os.rename(source, target, src_dir_fd=source_dir, dst_dir_fd=target_dir)


def exchange(one: Path, other: Path) -> bool:
    """Exchange two names in one atomic step; return False, with nothing changed, if the system cannot."""
    return _renameat2(one, other, None, None, _RENAME_EXCHANGE)


def _exists(path: Path | str, dir_fd: int | None) -> bool:
    try:
        os.stat(path, dir_fd=dir_fd, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def _renameat2(
    source: Path | str, target: Path | str, source_dir: int | None, target_dir: int | None, flags: int
) -> bool:
    """Call renameat2(2); return False if it is not available."""
    call = _libc_renameat2()
    if call is None:
        return False
    result = call(
        _AT_FDCWD if source_dir is None else source_dir,
        os.fsencode(source),
        _AT_FDCWD if target_dir is None else target_dir,
        os.fsencode(target),
        flags,
    )
    if result == 0:
        return True
    code = ctypes.get_errno()
    if code in (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP):
        return False
    raise OSError(code, os.strerror(code), os.fspath(source), None, os.fspath(target))


@cache
def _libc_renameat2() -> Callable[..., int] | None:
    try:
        call = ctypes.CDLL(None, use_errno=True).renameat2
    except (OSError, AttributeError):
        return None
    call.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_uint)
    call.restype = ctypes.c_int
    return call


_OPEN_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_HELD = 64


class Folders:
    """Folders of one root; some stay open for the next file in them. Close it."""

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
        """Close the cached folders if there are many; call it before `locate`."""
        if len(self._folders) >= _HELD:
            self.forget()

    def locate(self, path: str, *, make: bool = False) -> tuple[int, str]:
        """Return the folder of a path, kept open for the next file in it, and the last name."""
        folder, _, name = path.rpartition("/")
        held = self._folders.get(folder)
        if held is None:
            held = self._folders[folder] = self._open_or_make(folder) if make else self._open_held(folder)
        return held[0], name

    def actual(self, path: str) -> str:
        """Return the folder that `locate` found or created for a path, with a final `/`; empty for the root."""
        folder = self._folders[path.rpartition("/")[0]][1]
        return f"{folder}/" if folder else ""

    def _open_held(self, folder: str) -> tuple[int, str]:
        with self.opened(folder) as fd:
            return os.dup(fd), folder

    def _open_or_make(self, folder: str) -> tuple[int, str]:
        """Open a folder, created if missing; if a file has its name, `~2` … is put before the suffix."""
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
    """Yield a name, then the same with `~2`, `~3` … before its suffix."""
    yield wanted
    for number in range(2, 1_000_000):
        yield with_suffix_before_ending(wanted, f"~{number}")


def exists(name: str, fd: int) -> bool:
    """Return whether anything, even a broken link, has this name in an open folder."""
    try:
        os.stat(name, dir_fd=fd, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def rename_to_free_name(source_fd: int, name: str, target_fd: int, wanted: str) -> str:
    """Move a file between two open folders to the first free name, and return that name.

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
