"""Which files in the landing folder have settled, oldest first, and what else lies there."""

from __future__ import annotations

import heapq
import itertools
import os
import stat as stat_module
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from flows.storage.identity import landed
from flows.storage.passed_over import PassedOver, is_passed_over

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from flows.records import LandedFile
    from flows.storage.folders import Folders


@dataclass(slots=True)
class Listing:
    """What one look at the landing folder saw.

    files: settled, oldest first. more: there were others beyond the limit. young: path to (size, modified_ns) of files
    that have not settled yet; young_seconds: until they all may have; odd_clock: the clock of one is ahead of ours.
    not_files: links, FIFOs, sockets, devices. passed_over: what is left out by its name. problems: folders that could
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


def list_settled(
    folders: Folders,
    settle_seconds: float,
    now: float,
    limit: int,
    wanted: Callable[[str], bool] | None = None,
    seen_before: dict[str, tuple[int, int]] | None = None,
    known: Callable[[Sequence[LandedFile]], set[str]] | None = None,
    *,
    take_underscored: bool = False,
) -> Listing:
    """List the files that have settled, oldest first, at most `limit` of them.

    A file has settled when it was last changed `settle_seconds` before `now` (seconds since the epoch), or, where
    its clock is not ours, when an earlier look of at least so long ago (`seen_before`) saw it the same.
    `wanted` is asked for each path; `known` gives, of some files, the paths of those to pass over.
    Memory is bounded by `limit`, not by the folder, but for what is young or no file.
    """
    listing = Listing()

    def settled() -> Iterator[LandedFile]:
        for file, changed in _walk(folders, listing, take_underscored=take_underscored):
            if wanted is not None and not wanted(file.path):
                listing.passed_over.unwanted += 1
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


def _walk(root: Folders, listing: Listing, *, take_underscored: bool) -> Iterator[tuple[LandedFile, float]]:
    """Give every regular file with the time (seconds) of its last change; what is no file goes to the listing."""
    folders = [""]
    while folders:
        folder = folders.pop()
        try:
            with root.opened(folder) as fd, os.scandir(fd) as entries:
                for entry in entries:
                    path = f"{folder}/{entry.name}" if folder else entry.name
                    if is_passed_over(path, entry.name, take_underscored=take_underscored):
                        listing.passed_over.add(entry, path)
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


def _without(files: Iterator[LandedFile], known: Callable[[Sequence[LandedFile]], set[str]]) -> Iterator[LandedFile]:
    while chunk := list(itertools.islice(files, 500)):
        passed_over = known(chunk)
        yield from (file for file in chunk if file.path not in passed_over)


def _oldest_first(file: LandedFile) -> tuple[int, str]:
    return file.modified_ns, file.path


def _changed(found: os.stat_result) -> float:
    """Give when a file was last changed: by its mtime, or by its ctime where the mtime lies in the future."""
    return found.st_ctime if found.st_mtime > time.time() else found.st_mtime
