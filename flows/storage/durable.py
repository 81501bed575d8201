"""One door for writes and renames that must survive a power cut.

Promised: after `write_durably` returns, the bytes are on the disk; after `rename_no_replace` and `fsync_folder`, the
new name is. Nothing is ever written over. Not promised: anything on a file system or a disk that
answers fsync without having written, or on one where rename is not atomic (some network file systems).
"""

from __future__ import annotations

import ctypes
import errno
import os
from functools import cache
from typing import TYPE_CHECKING

from flows.storage import faults

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FILE_MODE = 0o640
FOLDER_MODE = 0o750

_AT_FDCWD = -100
_RENAME_NOREPLACE = 1  # linux/fs.h
_RENAME_EXCHANGE = 2


def write_durably(path: Path, data: bytes | memoryview, step: str = "") -> None:
    """Write a new file and bring its bytes to the disk, its name not yet; an existing file is an error.

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
        view = memoryview(faults.cut(step, data))
        while view:
            view = view[os.write(fd, view) :]
        faults.step(step, path=path)
        os.fsync(fd)
    finally:
        os.close(fd)


def fsync_folder(path: Path | str, *, dir_fd: int | None = None) -> None:
    """Bring the names in a folder to the disk."""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=dir_fd)
    try:
        fsync_fd(fd)
    finally:
        os.close(fd)


def fsync_fd(fd: int) -> None:
    """Bring an open folder or file to the disk; a file system that has no fsync for folders is let be."""
    try:
        os.fsync(fd)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise


def make_folders(path: Path) -> None:
    """Make a folder and those above it, each name brought to the disk."""
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

    On Linux by renameat2(2) with RENAME_NOREPLACE. Where the kernel or the file system has none, by link and unlink,
    and for what cannot be linked (a folder) by a check before the rename: only there a race is possible.

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
    """Exchange two names in one atomic step; False where this system cannot (nothing was changed then)."""
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
    """Call renameat2(2); False where it is not to be had."""
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
