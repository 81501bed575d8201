"""List the stable files of the landing folder, oldest first, and what else is there."""

from __future__ import annotations

import heapq
import itertools
import os
import stat as stat_module
import time
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from longshore.storage.filesystem import landed
from longshore.storage.names import printable, to_source_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import pathspec

    from longshore.records import LandedFile
    from longshore.storage.filesystem import Folders


def wanted_by(include: Sequence[str], exclude: Sequence[str]) -> Callable[[str], bool] | None:
    """Return the test that a path must pass, or None if every path passes. `exclude` wins over `include`."""
    if not include and not exclude:
        return None
    taken = _spec(tuple(include)) if include else None
    left = _spec(tuple(exclude))
    return lambda path: (taken is None or taken.match_file(path)) and not left.match_file(path)


def first_match(table: Mapping[str, str], path: str) -> str | None:
    """Return the value of the first pattern that matches the path, or None."""
    return next((value for pattern, value in table.items() if _spec((pattern,)).match_file(path)), None)


@lru_cache(maxsize=256)
def _spec(patterns: tuple[str, ...]) -> pathspec.PathSpec[Any]:
    import pathspec  # noqa: PLC0415 - only where a pattern is set

    return pathspec.PathSpec.from_lines("gitignore", patterns)


# Folders of the landing root for finalized files.
ARCHIVE = "_archive"
REJECTED = "_rejected"
# A file to delete is moved here and checked a last time.
DELETING = "_deleting"

_OWN = (ARCHIVE, REJECTED, DELETING)
# Suffixes that browsers, copy programs and upload tools give to what they have not finished.
_UPLOADING = (
    *(".part", ".partial", ".tmp", ".crdownload", ".filepart", ".inprogress", ".incomplete", ".download", ".aria2"),
    *("._COPYING_", ".opdownload", ".!ut", ".writing", "~"),
)
# Not deliveries.
_NO_DELIVERY = (".gitkeep", ".gitignore")


@dataclass(slots=True)
class PassedOver:
    """The files that a listing of the landing folder ignored.

    files, folders: ignored by name (such a folder is not listed); example: the path of one of them.
    unwanted: files that the settings `include` and `exclude` leave out.
    """

    files: int = 0
    folders: int = 0
    example: str = ""
    unwanted: int = 0

    def add(self, path: str, *, is_folder: bool) -> None:
        """Count what is ignored by name, except Longshore's own folders and files for git."""
        if path.rpartition("/")[2] in _NO_DELIVERY or path in _OWN:
            return
        if is_folder:
            self.folders += 1
            self.example = self.example or f"{path}/"
        else:
            if not self.files:
                self.example = path
            self.files += 1

    def sentences(self) -> Iterator[str]:
        """Yield one sentence about what was ignored, and why, if anything was."""
        counts = ((self.files, "file(s)"), (self.folders, "folder(s)"))
        reasons = [" and ".join(f"{count:,} {kind}" for count, kind in counts if count)]
        if reasons[0]:
            reasons[0] += f" by name, such as {printable(to_source_path(self.example))}"
        if self.unwanted:
            reasons.append(f"{self.unwanted:,} file(s) by `include` and `exclude`")
        if any(reasons):
            yield f"Ignored: {'; '.join(filter(None, reasons))}."

    def to_dict(self) -> dict[str, int | str | None]:
        """Return plain values, for JSON."""
        return {
            "files": self.files,
            "folders": self.folders,
            "example": to_source_path(self.example) or None,
            "unwanted": self.unwanted,
        }


def is_passed_over(path: str, name: str, *, take_underscored: bool = False) -> bool:
    """Return whether a file or folder is ignored because of its name.

    path: below the landing root, where Longshore's own folders are ignored whatever the settings are.

    >>> is_passed_over("_notes.txt", "_notes.txt"), is_passed_over("story.txt.part", "story.txt.part")
    (True, True)
    >>> is_passed_over("_notes.txt", "_notes.txt", take_underscored=True)
    False
    """
    underscored = name[0] == "_" and (not take_underscored or path in _OWN)
    return underscored or name[0] == "." or name.endswith(_UPLOADING)


@dataclass(slots=True)
class Listing:
    """A listing of the landing folder.

    files: stable, oldest first. more: there are others beyond the limit. young: path to (size, modified_ns) of files
    that are not stable yet; young_seconds: until they all may be; odd_clock: the clock of one is ahead of ours.
    not_files: links, FIFOs, sockets, devices. passed_over: what is ignored. problems: folders that could
    not be listed.
    """

    files: list[LandedFile] = field(default_factory=list)
    more: bool = False
    young: dict[str, tuple[int, int]] = field(default_factory=dict)
    young_seconds: float = 0.0
    odd_clock: bool = False
    not_files: list[LandedFile] = field(default_factory=list)
    passed_over: PassedOver = field(default_factory=PassedOver)
    problems: list[str] = field(default_factory=list)


def list_stable(
    folders: Folders,
    stable_seconds: float,
    now: float,
    limit: int,
    wanted: Callable[[str], bool] | None = None,
    seen_before: dict[str, tuple[int, int]] | None = None,
    known: Callable[[Sequence[LandedFile]], set[str]] | None = None,
    *,
    take_underscored: bool = False,
) -> Listing:
    """List the stable files, oldest first, at most `limit` of them.

    A file is stable if it was last changed `stable_seconds` before `now` (seconds since the epoch), or, where
    its clock is not ours, when an earlier look of at least so long ago (`seen_before`) saw it the same.
    `wanted` is called for each path; `known` returns, for some files, the paths of those to leave out.
    Memory is bounded by `limit`, not by the folder, except for files that are not stable or not regular.
    """
    listing = Listing()

    def stable() -> Iterator[LandedFile]:
        for file, changed in _walk(folders, listing, take_underscored=take_underscored):
            if wanted is not None and not wanted(file.path):
                listing.passed_over.unwanted += 1
                continue
            age = now - changed
            seen = (file.size, file.modified_ns)
            if age >= stable_seconds or (seen_before and seen_before.get(file.path) == seen):
                yield file
            else:
                listing.young[file.path] = seen
                listing.odd_clock |= age < 0
                listing.young_seconds = max(listing.young_seconds, min(stable_seconds - age, stable_seconds))

    found = stable() if known is None else without(stable(), known)
    files = heapq.nsmallest(limit + 1, found, key=oldest_first)
    listing.more = len(files) > limit
    listing.files = files[:limit]
    odd: Iterator[LandedFile] = (file for file in listing.not_files if wanted is None or wanted(file.path))
    listing.not_files = list(odd if known is None else without(odd, known))
    return listing


def _walk(root: Folders, listing: Listing, *, take_underscored: bool) -> Iterator[tuple[LandedFile, float]]:
    """Yield every regular file with the time (seconds) of its last change; other kinds go to the listing."""
    folders = [""]
    while folders:
        folder = folders.pop()
        try:
            with root.opened(folder) as fd, os.scandir(fd) as entries:
                for entry in entries:
                    path = f"{folder}/{entry.name}" if folder else entry.name
                    if is_passed_over(path, entry.name, take_underscored=take_underscored):
                        listing.passed_over.add(path, is_folder=entry.is_dir(follow_symlinks=False))
                        continue
                    try:
                        if entry.is_dir(follow_symlinks=False):
                            folders.append(path)
                            continue
                        # A stat of its own: the entry's own would be the same call.
                        found = os.stat(entry.name, dir_fd=fd, follow_symlinks=False)
                    except FileNotFoundError:
                        continue
                    file = landed(path, found)
                    if stat_module.S_ISREG(found.st_mode):
                        yield file, _changed(found)
                    else:
                        listing.not_files.append(file)
        except FileNotFoundError:
            continue
        except OSError as error:
            listing.problems.append(f"The folder {folder or '.'} could not be listed: {error.strerror}.")


def without(files: Iterator[LandedFile], known: Callable[[Sequence[LandedFile]], set[str]]) -> Iterator[LandedFile]:
    """Yield the files without those that `known` returns."""
    while chunk := list(itertools.islice(files, 500)):
        passed_over = known(chunk)
        yield from (file for file in chunk if file.path not in passed_over)


def oldest_first(file: LandedFile) -> tuple[int, str]:
    """Return the key that sorts files by age."""
    return file.modified_ns, file.path


def _changed(found: os.stat_result) -> float:
    """Return when a file was last changed: its mtime, or its ctime if the mtime is in the future."""
    return found.st_ctime if found.st_mtime > time.time() else found.st_mtime
