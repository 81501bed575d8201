"""A landing in an object store: list objects, fetch them many at a time, finalize them by copy and delete.

Promised: what was read is one version of an object, named by its ETag. A move is a copy within the store to a free key,
then a deletion of that version: an object that was replaced meanwhile stays, and is a new delivery. Memory is bounded
by a round of files, not by the number of keys; what is below `_archive/` is not listed again. Objects are stable when
they are listed, because an upload shows nothing before its end.

Not promised: that a file and its copy never exist together; whoever lists between the two steps sees both. Identity is
ETag and size; where an ETag says nothing about the bytes (Azure, multipart copies), bytes are compared.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import heapq
import os
import shutil
import tempfile
import threading
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Self, TypeVar, cast

from longshore.storage import fault_injection
from longshore.storage.filesystem import MovedError, free_names
from longshore.storage.listing import ARCHIVE, REJECTED, Listing, is_passed_over, oldest_first, without
from longshore.storage.stores.client import CONCURRENCY, PROBES, ChangedError, ObjectStore, StoredObject

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from longshore.storage.stores.url import StoreUrl

from longshore.records import LandedFile

_In = TypeVar("_In")
_Out = TypeVar("_Out")

_REPLACED = "it changed or was replaced after it was read: that is a new delivery"
_VANISHED = "it vanished before it was finalized"
_LAST = "\U0010ffff"
# Of a key, in all three kinds of stores.
_KEY_BYTES = 1024


def identity_of(etag: str) -> int:
    """Return the number that stands for an ETag in the ledger, as the inode does for a local file."""
    return int.from_bytes(hashlib.sha256(etag.encode()).digest()[:8]) >> 1


class ObjectLanding:
    """The files below one address. `spool`: an existing folder that the processes of a run share."""

    def __init__(self, url: StoreUrl, spool: Path | None = None) -> None:
        """Keep the address; the first request connects."""
        self.root = url
        self._store = ObjectStore(url)
        self._given_spool = spool
        self._own_spool: Path | None = None
        self._draft: BinaryIO | None = None
        self._failed: dict[LandedFile, OSError | MovedError] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close connections, threads and drafts, and delete what only this process has fetched."""
        if "_pool" in self.__dict__:
            self._pool.shutdown(cancel_futures=True)
        if self._own_spool is not None:
            shutil.rmtree(self._own_spool, ignore_errors=True)
        self._drop_draft()
        self._store.close()

    def make(self) -> None:
        """Refuse a store in which finalizing would not be safe.

        Raises:
            SettingsError: it ignores conditions.
        """
        self._store.check_moves()

    def forget_folders(self) -> None:
        """Do nothing: there are no folders in an object store."""

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
        """List the objects, oldest first, at most `limit` of them; all are stable."""
        del stable_seconds, now, seen_before
        listing = Listing()

        def chosen() -> Iterator[LandedFile]:
            for file in self._walk(listing, take_underscored=take_underscored):
                if wanted is None or wanted(file.path):
                    yield file
                else:
                    listing.passed_over.unwanted += 1

        found = chosen() if known is None else without(chosen(), known)
        files = heapq.nsmallest(limit + 1, found, key=oldest_first)
        listing.more = len(files) > limit
        listing.files = list(self._without_markers(files[:limit]))
        return listing

    def _walk(self, listing: Listing, *, take_underscored: bool) -> Iterator[LandedFile]:
        """Yield every object that is not ignored by its name; a folder that is ignored is skipped as a whole."""
        after: str | None = ""
        while after is not None:
            start, after = after, None
            for found in self._store.objects("", start):
                ignored = _ignored_part(found.key, take_underscored=take_underscored)
                if not ignored:
                    yield _landed(found)
                    continue
                listing.passed_over.add(ignored, is_folder=ignored != found.key)
                if ignored != found.key:
                    after = f"{ignored}/{_LAST}"
                    break

    def _without_markers(self, files: Iterable[LandedFile]) -> Iterator[LandedFile]:
        """Leave out the empty objects that tools make to show a folder: their keys end with a slash."""
        files = list(files)
        empty = [file.path for file in files if not file.size]
        markers = {path for path, found in zip(empty, self.map(self._store.head, empty), strict=True) if found is None}
        return (file for file in files if file.path not in markers)

    def files_below(self, folder: str) -> Iterator[LandedFile]:
        """Yield every file below one of Longshore's own folders."""
        found = (one for one in self._store.objects(folder) if not one.key.startswith(f"{PROBES}/"))
        return self._without_markers(map(_landed, found))

    def stable_files(self) -> Iterator[LandedFile]:
        """Yield every archived and rejected file, in any order."""
        for folder in (ARCHIVE, REJECTED):
            yield from map(_landed, self._store.objects(folder))

    def folders_in(self, folder: str) -> list[str]:
        """Return the paths of the folders in one of Longshore's own folders."""
        return [f"{folder}/{name}" for name in self._store.folders(folder)]

    def look(self, path: str) -> LandedFile | None:
        """Return what is at this path now, or None."""
        found = self._store.head(path)
        return _landed(found) if found is not None else None

    def same_bytes(self, found: LandedFile, delivered: LandedFile) -> bool:
        """Return whether size and ETag, or size and the MD5 that an ETag usually is, are those of the delivery."""
        if found.size != delivered.size:
            return False
        return found.inode == delivered.inode or self._identity_by_bytes(found) == delivered.inode

    def _identity_by_bytes(self, file: LandedFile) -> int:
        try:
            return identity_of(_md5_etag(_md5(self._store.get(file.path)).hexdigest()))
        except FileNotFoundError:
            return -1

    # Reading

    def fetch(self, files: Iterable[LandedFile]) -> None:
        """Fetch these files into the spool, many at a time; what fails there fails when it is read."""
        spool = self._spool(make=True)
        assert spool is not None

        def one(file: LandedFile) -> tuple[LandedFile, OSError | MovedError | None]:
            try:
                if not _spooled(spool, file).exists():
                    self._keep(file, spool)
            except (OSError, MovedError) as error:
                return file, error
            return file, None

        for file, error in self.map(one, files):
            if error is not None:
                self._failed[file] = error

    def release(self, file: LandedFile) -> None:
        """Delete a file from the spool."""
        spool = self._spool()
        if spool is not None:
            _spooled(spool, file).unlink(missing_ok=True)

    def open(self, file: LandedFile) -> int:
        """Return the descriptor of a local copy of a landed file, which is fetched unless it was.

        Without a spool the copy has no name, so that no crash can leave it.

        Raises:
            MovedError: it vanished or is not the version that was listed.
            OSError: it may not be read, or the store fails.
        """
        self._raise_failure(file)
        spool = self._spool()
        if spool is None:
            with tempfile.TemporaryFile() as copy:
                self._download(file, cast("BinaryIO", copy))
                copy.seek(0)
                return os.dup(copy.fileno())
        if not _spooled(spool, file).exists():
            self._keep(file, spool)
        return os.open(_spooled(spool, file), os.O_RDONLY | os.O_CLOEXEC)

    def check_open(self, fd: int, file: LandedFile) -> None:
        """Do nothing: what was fetched is one version, and does not change."""

    def read(self, file: LandedFile) -> bytes:
        """Read a landed file whole. Raises as `open`."""
        self._raise_failure(file)
        spool = self._spool()
        if spool is not None:
            with contextlib.suppress(FileNotFoundError):
                return _spooled(spool, file).read_bytes()
        with self._of_version(file) as etag:
            return self._store.get(file.path, etag)

    def _raise_failure(self, file: LandedFile) -> None:
        """Raise the error of fetching a file, once: a store that is down shall not be waited for twice."""
        error = self._failed.pop(file, None)
        if error is not None:
            raise error

    @contextlib.contextmanager
    def _of_version(self, file: LandedFile) -> Iterator[str]:
        """Return the ETag to ask for, for the block; what the store answers there becomes what `Landing` raises."""
        try:
            yield file.etag or self._etag_now(file)
        except FileNotFoundError:
            raise MovedError("it vanished before it was read") from None
        except ChangedError:
            raise MovedError("it changed after it was listed") from None

    def _download(self, file: LandedFile, into: BinaryIO) -> None:
        with self._of_version(file) as etag:
            self._store.download(file.path, into, etag)

    def _keep(self, file: LandedFile, spool: Path) -> None:
        """Fetch a file into the spool, in one step for other processes."""
        spooled = _spooled(spool, file)
        draft = spooled.with_name(f"{spooled.name}.{os.getpid()}-{threading.get_ident()}")
        try:
            with draft.open("wb") as out:
                self._download(file, out)
            draft.rename(spooled)
        finally:
            draft.unlink(missing_ok=True)

    def _spool(self, *, make: bool = False) -> Path | None:
        """Return the folder of fetched files: the run's, if it is on this machine, else one of this process's own."""
        if self._given_spool is not None and self._given_spool.is_dir():
            return self._given_spool
        if self._own_spool is None and make:
            self._own_spool = Path(tempfile.mkdtemp(prefix="longshore-"))
        return self._own_spool

    # Finalizing

    def map(self, function: Callable[[_In], _Out], items: Iterable[_In]) -> Iterator[_Out]:
        """Call a function for each item, `CONCURRENCY` at a time; results and errors come in order."""
        waiting: deque[Future[_Out]] = deque()
        try:
            for item in items:
                waiting.append(self._pool.submit(function, item))
                if len(waiting) >= CONCURRENCY:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
            # What has begun ends before the caller goes on, or it would act behind its back.
            for future in waiting:
                if not future.cancelled():
                    future.exception()

    @cached_property
    def _pool(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(CONCURRENCY, "longshore-store")

    def move(self, file: LandedFile, target: str, sha256: str | None = None) -> str:
        """Copy a landed file to a free key, delete the version that was read, and return the new path.

        Raises:
            MovedError: it vanished, or is another one now (it is left).
        """
        etag = file.etag or self._etag_now(file)
        place = self._copy(file, target, sha256)
        fault_injection.step("finalize.copied")
        if self._store.delete_version(file.path, etag) == "changed" and not self._holds(place, file, sha256):
            # The copy is of the new version, which stays in landing.
            self._store.delete([place])
            raise MovedError(_REPLACED)
        return place

    def _copy(self, file: LandedFile, target: str, sha256: str | None) -> str:
        for place in _free_places(target):
            if len((self.root / place).prefix.encode()) > _KEY_BYTES:
                raise OSError(errno.ENAMETOOLONG, "its archived key would be longer than stores allow")
            try:
                if self._store.copy(file.path, place) or self._holds(place, file, sha256):
                    return place
            except FileNotFoundError:
                raise MovedError(_VANISHED) from None
        raise FileExistsError(target)

    def _holds(self, place: str, file: LandedFile, sha256: str | None) -> bool:
        """Return whether the object at a place has the bytes of a file: an earlier attempt has copied it."""
        found = self.look(place)
        if found is None or found.size != file.size:
            return False
        if found.inode == file.inode:
            return True
        if sha256 is not None:
            return hashlib.sha256(self._store.get(place)).hexdigest() == sha256
        return self._identity_by_bytes(found) == file.inode

    def find_moved(self, file: LandedFile, target: str, sha256: str | None = None) -> str | None:
        """Return the path to which an interrupted `move` moved a file; None if it is gone."""
        for place in _free_places(target):
            if self._holds(place, file, sha256):
                return place
            if self.look(place) is None:
                return None
        return None

    def delete(self, file: LandedFile) -> None:
        """Delete a landed file if it is still the version that was read.

        Raises:
            MovedError: it vanished, or is another one now.
        """
        fault_injection.step("finalize.unlink")
        ended = self._store.delete_version(file.path, file.etag or self._etag_now(file))
        if ended != "deleted":
            raise MovedError(_VANISHED if ended == "gone" else _REPLACED)

    def put_back(self, path: str, landed_path: str) -> str:
        """Move a file from `_rejected/` back to landing/, never over anything; return its new path.

        Raises:
            MovedError: there is no such file.
        """
        file = self.look(path)
        if file is None:
            raise MovedError(_VANISHED)
        return self.move(file, landed_path)

    def _etag_now(self, file: LandedFile) -> str:
        """Return the ETag of a file that the ledger knows by its identity only.

        Raises:
            MovedError: it vanished, or is another one now.
        """
        found = self.look(file.path)
        if found is None:
            raise MovedError(_VANISHED)
        if found != LandedFile(file.path, file.size, found.modified_ns, file.inode):
            raise MovedError(_REPLACED)
        return found.etag

    # Files that Longshore writes

    def write_beside(self, path: str, name: str, data: bytes) -> None:
        """Write a small object beside a file; an older one of that name is replaced."""
        self._store.put(_beside(path, name), data)

    def draft_beside(self, path: str) -> BinaryIO:
        """Open an empty local draft, to be written and read; closing it keeps it for `replace_by_draft`."""
        del path
        self._drop_draft()
        self._draft = cast("BinaryIO", tempfile.TemporaryFile())  # noqa: SIM115 - until it replaces a file
        return os.fdopen(os.dup(self._draft.fileno()), "w+b")

    def identity_of_draft(self, draft: BinaryIO) -> int:
        """Return the number for the ETag that the draft will have; where ETags are no MD5, the bytes are compared."""
        draft.seek(0)
        digest = _md5()
        while data := draft.read(1 << 20):
            digest.update(data)
        return identity_of(_md5_etag(digest.hexdigest()))

    def replace_by_draft(self, file: LandedFile) -> LandedFile:
        """Replace an object by the draft if it is still this version; return what is there now.

        Raises:
            MovedError: it is no longer the file that was listed; nothing was changed.
        """
        assert self._draft is not None  # the caller has written one
        self._draft.seek(0)
        with self._of_version(file) as etag:
            self._store.replace(file.path, self._draft.read(), etag)
        self._drop_draft()
        self.release(file)
        found = self.look(file.path)
        if found is None:
            raise MovedError(_VANISHED)
        return found

    def _drop_draft(self) -> None:
        if self._draft is not None:
            self._draft.close()
            self._draft = None

    def fsync_beside(self, path: str) -> None:
        """Do nothing: an object store answers when it has stored."""

    def remove_beside(self, path: str, name: str) -> None:
        """Delete an object, if it still exists."""
        self._store.delete([_beside(path, name)])


def _md5(data: bytes = b"") -> hashlib._Hash:
    return hashlib.md5(data, usedforsecurity=False)


def _md5_etag(digest: str) -> str:
    return f'"{digest}"'


def _spooled(spool: Path, file: LandedFile) -> Path:
    return spool / hashlib.sha256(f"{file.path}\0{file.inode}".encode("utf-8", "surrogateescape")).hexdigest()


def _landed(found: StoredObject) -> LandedFile:
    return LandedFile(found.key, found.size, found.modified_ns, identity_of(found.etag), etag=found.etag)


def _ignored_part(key: str, *, take_underscored: bool) -> str:
    """Return the outermost folder of a key that is ignored, or the key itself if its name is; else nothing."""
    at = 0
    while at >= 0:
        end = key.find("/", at)
        path, name = (key[:end], key[at:end]) if end >= 0 else (key, key[at:])
        if is_passed_over(path, name, take_underscored=take_underscored):
            return path
        at = end + 1 if end >= 0 else -1
    return ""


def _free_places(target: str) -> Iterator[str]:
    folder, slash, name = target.rpartition("/")
    return (f"{folder}{slash}{chosen}" for chosen in free_names(name))


def _beside(path: str, name: str) -> str:
    folder, slash, _ = path.rpartition("/")
    return f"{folder}{slash}{name}"
