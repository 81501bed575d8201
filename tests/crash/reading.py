"""A reader that loops over the visible parts while something dies, and says what it should not have seen."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pyarrow.parquet as pq

if TYPE_CHECKING:
    from collections.abc import Iterator

_PAUSE_SECONDS = 0.02


class _File(NamedTuple):
    """What tells a file from another one."""

    path: str
    inode: int
    size: int
    modified_ns: int


def read_until(stop: Path, records: Path, *, rewritten: bool = False, may_go: int = 0) -> str:
    """Read all visible parts over and over, until told to stop; say what was wrong, if anything was.

    Every part is read whole in the moment in which it is first seen, and again if it is ever another file.

    Args:
        stop: a file; once it is there, a last look is taken.
        records: the folder that is read.
        rewritten: a rewrite may exchange the folder between a listing and a reading: that is loud, and read again.
        may_go: so many records may be forgotten meanwhile.
    """
    most, last = 0, False
    read: dict[_File, list[str]] = {}
    while not last:
        last = stop.exists()
        try:
            files = _files_below(os.fspath(records)) if records.exists() else ()
            ids = [record_id for one in files for record_id in _ids(one, read)]
        except FileNotFoundError:
            if not rewritten:
                raise
            last = False
            continue
        except ValueError as error:
            return str(error)
        if len(set(ids)) != len(ids):
            return "a reader saw a record twice"
        if len(ids) < most - may_go:
            return f"a reader saw {most} records, then {len(ids)}"
        most = max(most, len(ids))
        time.sleep(_PAUSE_SECONDS)
    return ""


def _ids(file: _File, read: dict[_File, list[str]]) -> list[str]:
    """Give the record ids of a part, which is read if it is new."""
    if file not in read:
        if not file.path.endswith(".parquet"):
            raise ValueError(f"a reader saw {file.path}")
        with Path(file.path).open("rb") as part:
            read[file] = pq.ParquetFile(part).read(use_threads=False).column("record_id").to_pylist()
    return read[file]


def _files_below(folder: str) -> Iterator[_File]:
    with os.scandir(folder) as entries:
        found = sorted(entries, key=lambda entry: entry.name)
    for entry in found:
        if entry.is_dir():
            yield from _files_below(entry.path)
        else:
            stat = entry.stat()
            yield _File(entry.path, stat.st_ino, stat.st_size, stat.st_mtime_ns)
