"""The landing folder: which files have settled; read them; settle them.

Promised: only regular files below the root are opened, each folder on the way by `openat` without following a link,
and none that could block (a FIFO, a device). A file is moved or deleted only if it is still the one that was read.
Nothing is ever moved over another file, but a pack that is written again over itself. Not promised: a writer that holds
a file open through the settle time and goes on writing after the file was archived writes into the archive; `longshore
verify` finds it.

Moves are not fsynced: a rename is atomic, so that after a power cut a file is at the one place or at the other, and one
that stands in landing/ again is a duplicate of a record which was on the disk before the move began.
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
from typing import TYPE_CHECKING, BinaryIO, Self

from flows.errors import LandingMissingError
from flows.records import LandedFile
from flows.storage.durable import FILE_MODE, FOLDER_MODE, fsync_fd, rename_no_replace
from flows.storage.names import with_suffix_before_ending

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

ARCHIVE = "_archive"
REJECTED = "_rejected"
# Where a file that is to be deleted stands for the moment in which it is looked at a last time.
DELETING = "_deleting"
# One fixed name: a draft that a dead run left is written over by the run that settles the same file again.
DRAFT = ".longshore.draft"
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
        # By the path that was asked for: the descriptor, and the path that the folder really has.
        self._folders: dict[str, tuple[int, str]] = {}
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
        odd: Iterator[LandedFile] = (file for file in listing.not_files if wanted is None or wanted(file.path))
        listing.not_files = list(odd if known is None else _without(odd, known))
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
                        file = _landed(path, found)
                        if stat_module.S_ISREG(found.st_mode):
                            yield file, _changed(found)
                        else:
                            listing.not_files.append(file)
            except FileNotFoundError:
                continue
            except OSError as error:
                listing.problems.append(f"The folder {folder or '.'} could not be listed: {error.strerror}.")

    def files_below(self, folder: str) -> Iterator[LandedFile]:
        """Give whatever lies below one of Longshore's own folders (`_archive/…`, `_rejected`), but folders."""
        folders = [folder]
        while folders:
            folder = folders.pop()
            try:
                with self._opened(folder) as fd, os.scandir(fd) as entries:
                    for entry in entries:
                        path = f"{folder}/{entry.name}"
                        if entry.is_dir(follow_symlinks=False):
                            folders.append(path)
                        else:
                            yield _landed(path, os.stat(entry.name, dir_fd=fd, follow_symlinks=False))
            except FileNotFoundError:
                continue

    def folders_in(self, folder: str) -> list[str]:
        """Give the paths of the folders in one of Longshore's own folders."""
        try:
            with self._opened(folder) as fd, os.scandir(fd) as entries:
                return sorted(f"{folder}/{entry.name}" for entry in entries if entry.is_dir(follow_symlinks=False))
        except FileNotFoundError:
            return []

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

    def check_open(self, fd: int, file: LandedFile) -> None:
        """Hold that an open file is still the one that was listed, after it was read.

        Raises:
            MovedError: it changed while it was read.
        """
        if not _is_same(os.fstat(fd), file):
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
            if len(data) != file.size or not _is_same(os.fstat(fd), file):
                raise MovedError("it changed while it was read")
        finally:
            os.close(fd)
        return data

    # Settling

    def move(self, file: LandedFile, target: str) -> str:
        """Move a landed file to `target` (`_archive/2026-11-21/a/b.txt`) and give the path that it has there.

        Where another file has that path already, `~2` … is put before the ending.

        Raises:
            MovedError: the landed file vanished, or is not the one that was listed (it is left, or put back).
        """
        self._make_room()
        return self._move(file, target)

    def find_moved(self, file: LandedFile, target: str) -> str | None:
        """Give the path that `move` gave a file in an attempt which did not live to tell; None if it is gone."""
        self._make_room()
        try:
            fd, wanted = self._locate(target, make=True)
            for chosen in _free_names(wanted):
                if _is_same(os.stat(chosen, dir_fd=fd, follow_symlinks=False), file):
                    return f"{self._actual(target)}{chosen}"
        except FileNotFoundError:
            return None
        return None

    def delete(self, file: LandedFile) -> None:
        """Delete a landed file if it is still the one that was read.

        It is taken out of the way first and looked at there: what replaces it in that moment is not deleted.

        Raises:
            MovedError: it vanished, or is another one now.
        """
        self._make_room()
        waiting = f"{DELETING}/{file.inode}"
        fd, name = self._locate(waiting, make=True)
        if not _exists(name, fd):  # else an earlier attempt died between the two steps
            self._move(file, waiting)
        if not _is_same(os.stat(name, dir_fd=fd, follow_symlinks=False), file):
            self._put_back(fd, name, file)
            raise MovedError("it was replaced before it was settled")
        os.unlink(name, dir_fd=fd)

    def put_back(self, path: str, landed_path: str) -> str:
        """Move a file from `_rejected/` to its place in landing/, never over anything; give the path that it has there.

        Raises:
            MovedError: there is no such file.
        """
        self._make_room()
        fd, name = self._located(path)
        target_fd, wanted = self._locate(landed_path, make=True)
        chosen = _rename_to_free_name(fd, name, target_fd, wanted)
        return f"{self._actual(landed_path)}{chosen}"

    def write_beside(self, path: str, name: str, data: bytes) -> None:
        """Write a small new file into the folder of `path`; an older one of that name is replaced."""
        self._make_room()
        fd, _ = self._locate(path, make=True)
        with _draft_in(fd) as out:
            out.write(data)
            out.flush()
            os.fsync(out.fileno())
        os.rename(DRAFT, name, src_dir_fd=fd, dst_dir_fd=fd)

    def draft_beside(self, path: str) -> BinaryIO:
        """Open an empty draft in the folder of `path`, to be written and read; what a dead run left of one is gone."""
        self._make_room()
        return _draft_in(self._locate(path)[0])

    def replace_by_draft(self, file: LandedFile) -> None:
        """Put the draft beside a file in its place, with its time: the one rename here that replaces anything.

        Raises:
            MovedError: it is no longer the file that was listed; nothing was changed.
        """
        self._make_room()
        fd, name = self._located(file.path)
        self._check(fd, name, file)
        os.utime(DRAFT, ns=(file.modified_ns, file.modified_ns), dir_fd=fd)
        os.rename(DRAFT, name, src_dir_fd=fd, dst_dir_fd=fd)
        fsync_fd(fd)

    def remove_beside(self, path: str, name: str) -> None:
        """Remove a file that `write_beside` wrote; one that is gone is let be."""
        self._make_room()
        with contextlib.suppress(FileNotFoundError):
            fd, _ = self._locate(path)
            os.unlink(name, dir_fd=fd)

    def look(self, path: str) -> LandedFile | None:
        """Give what has this path now (whatever it is), or None."""
        try:
            self._make_room()
            fd, name = self._locate(path)
            return _landed(path, os.stat(name, dir_fd=fd, follow_symlinks=False))
        except (FileNotFoundError, NotADirectoryError):
            return None

    def forget_folders(self) -> None:
        """Close the folders that are held open but the root."""
        for fd, _ in self._folders.values():
            os.close(fd)
        self._folders.clear()

    def _move(self, file: LandedFile, target: str) -> str:
        source_fd, name = self._located(file.path)
        self._check(source_fd, name, file)
        target_fd, wanted = self._locate(target, make=True)
        chosen = _rename_to_free_name(source_fd, name, target_fd, wanted)
        # Between the look and the rename it may have been replaced: then it is a new delivery, and goes back.
        try:
            found = os.stat(chosen, dir_fd=target_fd, follow_symlinks=False)
        except FileNotFoundError:
            raise MovedError("it vanished while it was settled") from None
        if not _is_same(found, file):
            self._put_back(target_fd, chosen, file)
            raise MovedError("it was replaced before it was settled")
        return f"{self._actual(target)}{chosen}"

    def _put_back(self, fd: int, name: str, file: LandedFile) -> None:
        landing_fd, wanted = self._locate(file.path, make=True)
        _rename_to_free_name(fd, name, landing_fd, wanted)

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
            self.forget_folders()

    def _located(self, path: str) -> tuple[int, str]:
        """Give the folder of a landed file, and its name there.

        Raises:
            MovedError: the folder is gone, or is no folder any more.
        """
        try:
            return self._locate(path)
        except FileNotFoundError:
            raise MovedError("it vanished, with its folder, before it was settled") from None
        except OSError as error:
            if error.errno in (errno.ELOOP, errno.ENOTDIR):
                raise MovedError("its folder was replaced before it was settled") from None
            raise

    def _locate(self, path: str, *, make: bool = False) -> tuple[int, str]:
        """Give the folder of a path, held open for the next file in it, and the last name."""
        folder, _, name = path.rpartition("/")
        held = self._folders.get(folder)
        if held is None:
            held = self._folders[folder] = self._open_or_make(folder) if make else self._open_held(folder)
        return held[0], name

    def _actual(self, path: str) -> str:
        """Give the folder that `_locate` found or made for a path, with a `/` at its end; the root is nothing."""
        folder = self._folders[path.rpartition("/")[0]][1]
        return f"{folder}/" if folder else ""

    def _open_held(self, folder: str) -> tuple[int, str]:
        with self._opened(folder) as fd:
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


def _draft_in(fd: int) -> BinaryIO:
    flags = os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW
    return os.fdopen(os.open(DRAFT, flags, FILE_MODE, dir_fd=fd), "w+b")


def _enter(fd: int, name: str) -> tuple[int, str]:
    for chosen in _free_names(name):
        try:
            with contextlib.suppress(FileExistsError):
                if not _exists(chosen, fd):
                    os.mkdir(chosen, FOLDER_MODE, dir_fd=fd)
            return os.open(chosen, _OPEN_FOLDER, dir_fd=fd), chosen
        except OSError as error:
            if error.errno not in (errno.ELOOP, errno.ENOTDIR):
                raise
    raise FileExistsError(errno.EEXIST, "a million files have this name already", name)


def _free_names(wanted: str) -> Iterator[str]:
    yield wanted
    for number in range(2, 1_000_000):
        yield with_suffix_before_ending(wanted, f"~{number}")


def _exists(name: str, fd: int) -> bool:
    try:
        os.stat(name, dir_fd=fd, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def _rename_to_free_name(source_fd: int, name: str, target_fd: int, wanted: str) -> str:
    for chosen in _free_names(wanted):
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


def _landed(path: str, found: os.stat_result) -> LandedFile:
    return LandedFile(path, found.st_size, _modified_ns(found), _inode(found))


def _is_same(found: os.stat_result, file: LandedFile) -> bool:
    return found.st_size == file.size and _inode(found) == file.inode and _modified_ns(found) == file.modified_ns


def _modified_ns(found: os.stat_result) -> int:
    # A file may claim any year; a database's integer, and an Arrow timestamp, end in 2262.
    return max(-0x7FFF_FFFF_FFFF_FFFF, min(found.st_mtime_ns, 0x7FFF_FFFF_FFFF_FFFF))


def _inode(found: os.stat_result) -> int:
    # Some file systems use all 64 bits; a database's integer has 63.
    return found.st_ino & 0x7FFF_FFFF_FFFF_FFFF
