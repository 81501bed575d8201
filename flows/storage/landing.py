"""The landing folder: which files have settled; read them; settle them.

Promised: only regular files below the root are opened, each folder on the way by `openat` without following a link,
and none that could block (a FIFO, a device). A file is moved only if it is still the one that was read. Nothing is
ever moved over another file. Not promised: a writer that holds a file open through the settle time and goes on
writing after the file was archived writes into the archive; `longshore verify` finds it.
"""

from __future__ import annotations

import contextlib
import errno
import heapq
import itertools
import os
import stat as stat_module
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from flows.errors import LandingMissingError
from flows.records import LandedFile
from flows.storage.durable import FILE_MODE, FOLDER_MODE, fsync_fd, rename_no_replace
from flows.storage.names import with_suffix_before_ending

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

ARCHIVE = "_archive"
REJECTED = "_rejected"
_UPLOADING = (".part", ".partial", ".tmp", ".crdownload", ".filepart", "~")
_OPEN_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_OPEN_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY
_FOLDERS_HELD = 64


class MovedError(Exception):
    """The file is no longer the one that was listed: it vanished, grew, or was replaced. It is deferred."""


@dataclass(slots=True)
class Listing:
    """What one look at the landing folder saw.

    files: settled, oldest first. more: there were others beyond the limit. young: path to (size, modified_ns) of files
    that have not settled yet; young_seconds: until they all may have; odd_clock: the clock of one is ahead of ours.
    not_files: links, FIFOs, sockets, devices. problems: folders that could not be listed.
    """

    files: list[LandedFile] = field(default_factory=list)
    more: bool = False
    young: dict[str, tuple[int, int]] = field(default_factory=dict)
    young_seconds: float = 0.0
    odd_clock: bool = False
    not_files: list[LandedFile] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


class Landing:
    """The files below one landing root. Close it, or use it as a context manager: it holds a few folders open."""

    def __init__(self, root: Path) -> None:
        """Open the root.

        Raises:
            LandingMissingError: there is no such folder.
        """
        self.root = root
        self._folders: dict[str, int] = {}
        try:
            self._root_fd = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
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
        self.forget_folders()
        if self._root_fd >= 0:
            os.close(self._root_fd)
            self._root_fd = -1

    # Listing

    def list_settled(
        self,
        settle_seconds: float,
        now: float,
        limit: int,
        wanted: Callable[[str], bool] | None = None,
        seen_before: dict[str, tuple[int, int]] | None = None,
        known: Callable[[Sequence[LandedFile]], set[str]] | None = None,
    ) -> Listing:
        """List the files that have settled, oldest first, at most `limit` of them.

        A file has settled when it was last changed `settle_seconds` before `now` (seconds since the epoch), or, where
        its clock is not ours, when an earlier look of at least so long ago (`seen_before`) saw it the same.
        `wanted` is asked for each path; `known` gives, of some files, the paths of those to pass over.
        Memory is bounded by `limit`, not by the folder.
        """
        listing = Listing()

        def settled() -> Iterator[LandedFile]:
            for file, changed in self._walk(listing):
                if wanted is not None and not wanted(file.path):
                    continue
                age = now - changed
                seen = (file.size, file.modified_ns)
                if age >= settle_seconds or (seen_before and seen_before.get(file.path) == seen):
                    yield file
                else:
                    listing.young[file.path] = seen
                    listing.odd_clock |= age < 0
                    listing.young_seconds = max(listing.young_seconds, min(settle_seconds - age, settle_seconds))

        found = settled() if known is None else _without(settled(), known)
        files = heapq.nsmallest(limit + 1, found, key=_oldest_first)
        listing.more = len(files) > limit
        listing.files = files[:limit]
        return listing

    def _walk(self, listing: Listing) -> Iterator[tuple[LandedFile, float]]:
        """Give every regular file with the time (seconds) of its last change; what is no file goes to the listing."""
        folders = [""]
        while folders:
            folder = folders.pop()
            try:
                with self._opened(folder) as fd, os.scandir(fd) as entries:
                    for entry in entries:
                        path = f"{folder}/{entry.name}" if folder else entry.name
                        if _is_ignored(entry.name):
                            continue
                        try:
                            if entry.is_dir(follow_symlinks=False):
                                folders.append(path)
                                continue
                            # A stat of its own: the entry's own would be the same call.
                            found = os.stat(entry.name, dir_fd=fd, follow_symlinks=False)
                        except FileNotFoundError:
                            continue
                        file = LandedFile(path, found.st_size, found.st_mtime_ns, _inode(found))
                        if stat_module.S_ISREG(found.st_mode):
                            yield file, _changed(found)
                        else:
                            listing.not_files.append(file)
            except FileNotFoundError:
                continue
            except OSError as error:
                listing.problems.append(f"The folder {folder or '.'} could not be listed: {error.strerror}.")

    # Reading

    def open(self, file: LandedFile) -> int:
        """Open a landed file for reading and give its descriptor.

        Raises:
            MovedError: it vanished or is not the file that was listed.
            OSError: it may not be read (EACCES, EPERM), or the disk fails.
        """
        self._make_room()
        try:
            folder, name = self._locate(file.path)
            opened = os.open(name, _OPEN_FILE, dir_fd=folder)
        except FileNotFoundError:
            raise MovedError("it vanished before it was read") from None
        except OSError as error:
            if error.errno in (errno.ELOOP, errno.ENOTDIR, errno.ENXIO):
                raise MovedError("it was replaced by something that is not a file") from None
            raise
        if not _is_same(os.fstat(opened), file):
            os.close(opened)
            raise MovedError("it changed after it was listed")
        return opened

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
            if len(data) != file.size or not _is_same(os.fstat(fd), file):
                raise MovedError("it changed while it was read")
        finally:
            os.close(fd)
        return data

    # Settling

    def move(self, file: LandedFile, folder: str) -> str:
        """Move a landed file below `folder` (`_archive/2026-11-21`, `_rejected`) and give the path it has there.

        It keeps its path; where another file has it already, `~2` … is put before the ending.

        Raises:
            MovedError: the landed file vanished, or is not the one that was listed (it is left, or put back).
        """
        target = f"{folder}/{file.path}"
        self._make_room()
        source_fd, name = self._locate(file.path)
        target_fd, wanted = self._locate(target, make=True)
        self._check(source_fd, name, file)
        chosen = _rename_to_free_name(source_fd, name, target_fd, wanted)
        # Between the look and the rename it may have been replaced: then it is a new delivery, and goes back.
        if not _is_same(os.stat(chosen, dir_fd=target_fd, follow_symlinks=False), file):
            _rename_to_free_name(target_fd, chosen, source_fd, name)
            raise MovedError("it was replaced before it was settled")
        return f"{target[: -len(wanted)]}{chosen}"

    def delete(self, file: LandedFile) -> None:
        """Delete a landed file if it is still the one that was read.

        Raises:
            MovedError: it vanished, or is another one now.
        """
        self._make_room()
        fd, name = self._locate(file.path)
        self._check(fd, name, file)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name, dir_fd=fd)

    def write_beside(self, path: str, name: str, data: bytes) -> None:
        """Write a small new file into the folder of `path`; an older one of that name is replaced."""
        self._make_room()
        fd, _ = self._locate(path, make=True)
        draft = f".{os.getpid()}.draft"
        out = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, FILE_MODE, dir_fd=fd)
        try:
            os.write(out, data)
            os.fsync(out)
        finally:
            os.close(out)
        os.rename(draft, name, src_dir_fd=fd, dst_dir_fd=fd)

    def exists(self, path: str) -> bool:
        """Tell whether anything has this path."""
        try:
            self._make_room()
            fd, name = self._locate(path)
            os.stat(name, dir_fd=fd, follow_symlinks=False)
        except OSError:
            return False
        return True

    def sync_folders(self) -> None:
        """Bring the moves since the last call to the disk: one fsync for each folder that is held open."""
        for fd in self._folders.values():
            fsync_fd(fd)

    def forget_folders(self) -> None:
        """Close the folders that are held open but the root."""
        for fd in self._folders.values():
            os.close(fd)
        self._folders.clear()

    # Folders

    def _check(self, fd: int, name: str, file: LandedFile) -> None:
        try:
            found = os.stat(name, dir_fd=fd, follow_symlinks=False)
        except FileNotFoundError:
            raise MovedError("it vanished before it was settled") from None
        if not _is_same(found, file):
            raise MovedError("it was replaced before it was settled")

    @contextlib.contextmanager
    def _opened(self, folder: str) -> Iterator[int]:
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

    def _make_room(self) -> None:
        """Close the folders that are held open, once they are many; those in use are looked up after this."""
        if len(self._folders) >= _FOLDERS_HELD:
            self.sync_folders()
            self.forget_folders()

    def _locate(self, path: str, *, make: bool = False) -> tuple[int, str]:
        """Give the folder of a path, held open for the next file in it, and the last name."""
        folder, _, name = path.rpartition("/")
        fd = self._folders.get(folder)
        if fd is None:
            fd = self._open_or_make(folder) if make else self._open_held(folder)
            self._folders[folder] = fd
        return fd, name

    def _open_held(self, folder: str) -> int:
        with self._opened(folder) as fd:
            return os.dup(fd)

    def _open_or_make(self, folder: str) -> int:
        fd = os.dup(self._root_fd)
        for name in folder.split("/") if folder else ():
            try:
                inner = os.open(name, _OPEN_FOLDER, dir_fd=fd)
            except FileNotFoundError:
                with contextlib.suppress(FileExistsError):
                    os.mkdir(name, FOLDER_MODE, dir_fd=fd)
                fsync_fd(fd)
                inner = os.open(name, _OPEN_FOLDER, dir_fd=fd)
            os.close(fd)
            fd = inner
        return fd


def _rename_to_free_name(source_fd: int, name: str, target_fd: int, wanted: str) -> str:
    for attempt in range(1, 1_000_000):
        chosen = wanted if attempt == 1 else with_suffix_before_ending(wanted, f"~{attempt}")
        try:
            rename_no_replace(name, chosen, source_dir=source_fd, target_dir=target_fd)
        except FileExistsError:
            continue
        except FileNotFoundError:
            raise MovedError("it vanished before it was settled") from None
        return chosen
    raise FileExistsError(errno.EEXIST, "a million files have this name already", wanted)


def _without(files: Iterator[LandedFile], known: Callable[[Sequence[LandedFile]], set[str]]) -> Iterator[LandedFile]:
    while chunk := list(itertools.islice(files, 500)):
        passed_over = known(chunk)
        yield from (file for file in chunk if file.path not in passed_over)


def _is_ignored(name: str) -> bool:
    return name[0] in "._" or name.endswith(_UPLOADING)


def _oldest_first(file: LandedFile) -> tuple[int, str]:
    return file.modified_ns, file.path


def _changed(found: os.stat_result) -> float:
    """Give when a file was last changed: by its mtime, or by its ctime where the mtime lies in the future."""
    return found.st_ctime if found.st_mtime > time.time() else found.st_mtime


def _is_same(found: os.stat_result, file: LandedFile) -> bool:
    return found.st_size == file.size and found.st_mtime_ns == file.modified_ns and _inode(found) == file.inode


def _inode(found: os.stat_result) -> int:
    # Some file systems use all 64 bits; a database's integer has 63.
    return found.st_ino & 0x7FFF_FFFF_FFFF_FFFF
