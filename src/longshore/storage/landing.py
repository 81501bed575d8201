"""The landing folder: list stable files, read them, finalize them.

Promised: only regular files below the root are opened, each folder on the way by `openat` without following a link,
and none that could block (a FIFO, a device). A file is moved or deleted only if it is still the one that was read.
Nothing is ever moved over another file, except an archive that `forget` rewrites. Not promised: a writer that keeps a
file open for longer than `stable_seconds` and goes on writing writes into the archived file; `longshore verify` finds
it.

Moves are not fsynced: a rename is atomic, so that after a power cut a file is at the one place or at the other, and one
that stands in landing/ again is a duplicate of a record which was on the disk before the move began.
"""

from __future__ import annotations

import contextlib
import errno
import os
from typing import TYPE_CHECKING, BinaryIO, Self, TypeVar

from longshore.errors import LandingMissingError
from longshore.storage import fault_injection
from longshore.storage.filesystem import (
    FILE_MODE,
    Folders,
    MovedError,
    exists,
    free_names,
    fsync_fd,
    is_same,
    landed,
    rename_to_free_name,
)
from longshore.storage.listing import ARCHIVE, DELETING, REJECTED, Listing, list_stable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from longshore.records import LandedFile

_In = TypeVar("_In")
_Out = TypeVar("_Out")

# One fixed name: the run that finalizes the same file again overwrites the draft that a dead run left.
DRAFT = ".longshore.draft"


class NotDeletedError(OSError):
    """A file was moved to `place` to be deleted there, and could not be."""

    def __init__(self, error: OSError, place: str) -> None:
        """Keep the cause and the place, below landing/."""
        super().__init__(error.errno, error.strerror)
        self.place = place


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
    """Open an empty draft in the folder of `path` for writing and reading; an older draft is overwritten."""
    folders.make_room()
    return _draft_in(folders.locate(path)[0])


def replace_by_draft(folders: Folders, file: LandedFile) -> LandedFile:
    """Replace a file by the draft beside it, keep its mtime, and return what is there now.

    This is the only rename that replaces what was delivered.

    Raises:
        MovedError: it is no longer the file that was listed; nothing was changed.
    """
    folders.make_room()
    fd, name = locate_landed(folders, file.path)
    check_unchanged(fd, name, file)
    os.utime(DRAFT, ns=(file.modified_ns, file.modified_ns), dir_fd=fd)
    os.rename(DRAFT, name, src_dir_fd=fd, dst_dir_fd=fd)
    fsync_fd(fd)
    return landed(file.path, os.stat(name, dir_fd=fd, follow_symlinks=False))


def remove_beside(folders: Folders, path: str, name: str) -> None:
    """Remove a file that was written here, if it still exists."""
    folders.make_room()
    with contextlib.suppress(FileNotFoundError):
        fd, _ = folders.locate(path)
        os.unlink(name, dir_fd=fd)


def _draft_in(fd: int) -> BinaryIO:
    flags = os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW
    return os.fdopen(os.open(DRAFT, flags, FILE_MODE, dir_fd=fd), "w+b")


_REPLACED = "it changed or was replaced after it was read: that is a new delivery"


def move(folders: Folders, file: LandedFile, target: str) -> str:
    """Move a landed file to `target` (`_archive/2026-11-21/a/b.txt`) and return its new path.

    If another file has that path, `~2` … is put before the suffix.

    Raises:
        MovedError: the landed file vanished, or is not the one that was listed (it is left, or put back).
    """
    folders.make_room()
    return _move(folders, file, target)


def find_moved(folders: Folders, file: LandedFile, target: str) -> str | None:
    """Return the path to which an interrupted `move` moved a file; None if it is gone."""
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
        NotDeletedError: it is out of landing, and could not be deleted there.
    """
    folders.make_room()
    waiting = f"{DELETING}/{file.inode}"
    fd, name = folders.locate(waiting, make=True)
    if not exists(name, fd):  # else an earlier attempt died between the two steps
        _move(folders, file, waiting)
    if not is_same(os.stat(name, dir_fd=fd, follow_symlinks=False), file):
        _to_landing(folders, fd, name, file)
        raise MovedError(_REPLACED)
    try:
        fault_injection.step("finalize.unlink")
        os.unlink(name, dir_fd=fd)
    except OSError as error:
        raise NotDeletedError(error, waiting) from error


def put_back(folders: Folders, path: str, landed_path: str) -> str:
    """Move a file from `_rejected/` back to landing/, never over anything; return its new path.

    Raises:
        MovedError: there is no such file.
    """
    folders.make_room()
    fd, name = locate_landed(folders, path)
    target_fd, wanted = folders.locate(landed_path, make=True)
    chosen = _rename(fd, name, target_fd, wanted)
    return f"{folders.actual(landed_path)}{chosen}"


def locate_landed(folders: Folders, path: str) -> tuple[int, str]:
    """Return the open folder of a landed file, and its name there.

    Raises:
        MovedError: the folder is gone, or no longer a folder.
    """
    try:
        return folders.locate(path)
    except FileNotFoundError:
        raise MovedError("it vanished, with its folder, before it was finalized") from None
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENOTDIR):
            raise MovedError("its folder was replaced before it was finalized") from None
        raise


def check_unchanged(fd: int, name: str, file: LandedFile) -> None:
    """Check that a name in an open folder is still the file that was read.

    Raises:
        MovedError: it vanished, or is another one now.
    """
    try:
        found = os.stat(name, dir_fd=fd, follow_symlinks=False)
    except FileNotFoundError:
        raise MovedError("it vanished before it was finalized") from None
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
        raise MovedError("it vanished while it was finalized") from None
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
        raise MovedError("it vanished before it was finalized") from None


__all__ = ["LocalLanding", "MovedError"]

_OPEN_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY


class LocalLanding:
    """The files below one landing root. Close it, or use it as a context manager: it holds a few folders open."""

    def __init__(self, root: Path) -> None:
        """Open the root.

        Raises:
            LandingMissingError: there is no such folder.
        """
        self.root = root
        try:
            self._folders = Folders(root)
        except (FileNotFoundError, NotADirectoryError):
            raise LandingMissingError(
                f"The landing folder {root} does not exist. `longshore init` makes one here, or name yours with "
                "--landing, LONGSHORE_LANDING or `landing` in longshore.toml."
            ) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the folders that are held open."""
        self._folders.close()

    def make(self) -> None:
        """Do nothing: a rename needs no promise of the file system but POSIX's."""

    def forget_folders(self) -> None:
        """Close the cached folders: others may have taken their places."""
        self._folders.forget()

    # Listing

    def list_stable(
        self,
        stable_seconds: float,
        now: float,
        limit: int,
        wanted: Callable[[str], bool] | None = None,
        seen_before: dict[str, tuple[int, int]] | None = None,
        known: Callable[[Sequence[LandedFile]], set[str]] | None = None,
        *,
        take_underscored: bool = False,
    ) -> Listing:
        """List the stable files, as `listing.list_stable` does."""
        return list_stable(
            self._folders, stable_seconds, now, limit, wanted, seen_before, known, take_underscored=take_underscored
        )

    def files_below(self, folder: str) -> Iterator[LandedFile]:
        """Yield every file below one of Longshore's own folders (`_archive/…`, `_rejected`)."""
        folders = [folder]
        while folders:
            folder = folders.pop()
            try:
                with self._folders.opened(folder) as fd, os.scandir(fd) as entries:
                    for entry in entries:
                        path = f"{folder}/{entry.name}"
                        if entry.is_dir(follow_symlinks=False):
                            folders.append(path)
                        else:
                            yield landed(path, os.stat(entry.name, dir_fd=fd, follow_symlinks=False))
            except FileNotFoundError:
                continue

    def stable_files(self) -> Iterator[LandedFile]:
        """Yield every archived and rejected file, in any order."""
        yield from self.files_below(ARCHIVE)
        yield from self.files_below(REJECTED)

    def folders_in(self, folder: str) -> list[str]:
        """Return the paths of the folders in one of Longshore's own folders."""
        try:
            with self._folders.opened(folder) as fd, os.scandir(fd) as entries:
                return sorted(f"{folder}/{entry.name}" for entry in entries if entry.is_dir(follow_symlinks=False))
        except FileNotFoundError:
            return []

    def look(self, path: str) -> LandedFile | None:
        """Return what is at this path now (whatever it is), or None."""
        try:
            self._folders.make_room()
            fd, name = self._folders.locate(path)
            return landed(path, os.stat(name, dir_fd=fd, follow_symlinks=False))
        except (FileNotFoundError, NotADirectoryError):
            return None

    def same_bytes(self, found: LandedFile, delivered: LandedFile) -> bool:
        """Return whether size and mtime of a finalized file are those of the delivery: a move keeps both."""
        return (found.size, found.modified_ns) == (delivered.size, delivered.modified_ns)

    # Reading

    def fetch(self, files: Iterable[LandedFile]) -> None:
        """Do nothing: a local file is read in no time."""

    def release(self, file: LandedFile) -> None:
        """Do nothing: nothing was fetched."""

    def open(self, file: LandedFile) -> int:
        """Open a landed file for reading and return its descriptor.

        Raises:
            MovedError: it vanished or is not the file that was listed.
            OSError: it may not be read (EACCES, EPERM), or the disk fails.
        """
        self._folders.make_room()
        try:
            folder, name = self._folders.locate(file.path)
            opened = os.open(name, _OPEN_FILE, dir_fd=folder)
        except FileNotFoundError:
            raise MovedError("it vanished before it was read") from None
        except OSError as error:
            if error.errno in (errno.ELOOP, errno.ENOTDIR, errno.ENXIO):
                raise MovedError("it was replaced by something that is not a file") from None
            raise
        if not is_same(os.fstat(opened), file):
            os.close(opened)
            raise MovedError("it changed after it was listed")
        return opened

    def check_open(self, fd: int, file: LandedFile) -> None:
        """Check that an open file is still the one that was listed, after it was read.

        Raises:
            MovedError: it changed while it was read.
        """
        if not is_same(os.fstat(fd), file):
            raise MovedError("it changed while it was read")

    def read(self, file: LandedFile) -> bytes:
        """Read a landed file whole.

        Raises:
            MovedError: it is not, or was not all the time, the file that was listed.
            OSError: it may not be read, or the disk fails.
        """
        fd = self.open(file)
        try:
            # One byte more than listed: a file that grew is seen at once.
            data = os.read(fd, file.size + 1)
            while len(data) < file.size:
                more = os.read(fd, file.size + 1 - len(data))
                if not more:
                    break
                data += more
            if len(data) != file.size or not is_same(os.fstat(fd), file):
                raise MovedError("it changed while it was read")
        finally:
            os.close(fd)
        return data

    # Finalizing: promises and errors are those of the functions above

    def map(self, function: Callable[[_In], _Out], items: Iterable[_In]) -> Iterator[_Out]:
        """Call a function for each item, one after another."""
        return map(function, items)

    def move(self, file: LandedFile, target: str, sha256: str | None = None) -> str:
        """Move a landed file, never over another one, and return its new path."""
        del sha256  # inode, size and mtime tell what it is
        return move(self._folders, file, target)

    def find_moved(self, file: LandedFile, target: str, sha256: str | None = None) -> str | None:
        """Return the path to which an interrupted `move` moved a file; None if it is gone."""
        del sha256
        return find_moved(self._folders, file, target)

    def delete(self, file: LandedFile) -> None:
        """Delete a landed file if it is still the one that was read."""
        delete(self._folders, file)

    def put_back(self, path: str, landed_path: str) -> str:
        """Move a file from `_rejected/` back to landing/, never over anything; return its new path."""
        return put_back(self._folders, path, landed_path)

    # Files that Longshore writes

    def write_beside(self, path: str, name: str, data: bytes) -> None:
        """Write a small new file into the folder of `path`; an older one of that name is replaced."""
        try:
            write_beside(self._folders, path, name, data)
        except OSError as error:
            # By descriptor: the error alone would not say where the disk is full.
            error.filename = os.fspath(self.root / path)
            raise

    def draft_beside(self, path: str) -> BinaryIO:
        """Open an empty draft in the folder of `path`, to be written and read."""
        return draft_beside(self._folders, path)

    def identity_of_draft(self, draft: BinaryIO) -> int | None:
        """Return None: size and mtime tell what is there."""
        del draft
        return None

    def replace_by_draft(self, file: LandedFile) -> LandedFile:
        """Replace a file by the draft beside it, if it is still the one that was listed; return what is there now."""
        return replace_by_draft(self._folders, file)

    def fsync_beside(self, path: str) -> None:
        """Fsync the folder of a file; its path may be longer than the system takes in one call."""
        fd, _ = self._folders.locate(path)
        fsync_fd(fd)

    def remove_beside(self, path: str, name: str) -> None:
        """Remove a file that `write_beside` wrote, if it still exists."""
        remove_beside(self._folders, path, name)
