"""The warehouse: stage, publish and list parts.

Promised: every part in `records/` is complete. A part is written and fsynced in `_longshore/staging/`, which no reader
opens, and becomes visible by one rename that never replaces anything. Not promised: this on a file system where rename
is not atomic, or with staging and records on different file systems.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from longshore.errors import WarehouseError
from longshore.storage import fault_injection
from longshore.storage.filesystem import fsync_folder, make_folders, rename_no_replace, write_durably

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class StagedPart:
    """A part that is on the disk but not visible to readers."""

    name: str
    rows: int
    bytes: int
    sha256: str


class Warehouse:
    """The folders below one warehouse root."""

    def __init__(self, root: Path) -> None:
        """Name the folders; none is created before something is written."""
        self.root = root
        self.records = root / "records"
        self.deliveries = root / "deliveries"
        self.inner = root / "_longshore"
        self._staging = self.inner / "staging"
        self._partitions: set[Path] = set()

    @property
    def ledger_url(self) -> str:
        """The URL of the ledger unless the settings name another."""
        return f"sqlite:///{self.inner / 'ledger.sqlite3'}"

    def table_of(self, partition: str) -> Path:
        """Return the folder of the table that a partition belongs to: records or deliveries."""
        return self.deliveries if partition.startswith("run_date=") else self.records

    def make(self) -> None:
        """Create missing folders."""
        make_folders(self.records)
        make_folders(self._staging)

    def begin_staging(self, run_id: str) -> None:
        """Create the staging folder of a run: a worker that outlives its run cannot write into another's."""
        make_folders(self._staging / run_id)

    def stage(self, run_id: str, name: str, table: pa.Table) -> StagedPart:
        """Write a table as a part that no reader sees yet, and fsync it."""
        data = _parquet_bytes(table)
        # A new name for each attempt: the file of a worker that died must not be in the way.
        name = f"{secrets.token_hex(4)}-{name}"
        write_durably(self._staging / run_id / name, data, "stage.write")
        fault_injection.step("stage.done")
        return StagedPart(name, table.num_rows, len(data), hashlib.sha256(data).hexdigest())

    def publish(self, run_id: str, name: str, part: str) -> None:
        """Make a staged part visible, in one step; `part` is its path below `records/`.

        Raises:
            WarehouseError: another file has this name already; nothing was changed.
        """
        target = self.records / part
        self._make_partition(target.parent)
        fault_injection.step("publish.rename")
        try:
            rename_no_replace(self._staging / run_id / name, target)
        except FileExistsError:
            raise WarehouseError(
                f"{target} exists already, but the ledger does not know it. Nothing was changed. "
                "`longshore verify --repair` makes the ledger agree with the warehouse."
            ) from None
        fault_injection.step("publish.renamed")
        fsync_folder(target.parent)

    def finish_publish(self, part: str, sha256: str) -> bool:
        """Fsync a rename whose process may have died before it did; return False if this part is not visible.

        A file of that name with other bytes is not this part.
        """
        try:
            found = hashlib.sha256((self.records / part).read_bytes()).hexdigest()
        except FileNotFoundError:
            return False
        if found != sha256:
            return False
        fsync_folder((self.records / part).parent)
        fsync_folder(self.records)
        return True

    def set_aside(self, part: str) -> None:
        """Move a part to `_longshore/aside/`, where no reader looks, never over another."""
        target = self.inner / "aside" / part
        make_folders(target.parent)
        rename_no_replace(self.records / part, target)
        fsync_folder(target.parent)
        fsync_folder((self.records / part).parent)

    def aside(self) -> Iterator[str]:
        """Yield the path, below the warehouse, of each part that was set aside."""
        return (f"_longshore/aside/{path}" for path in _files_below(self.inner / "aside"))

    def has_parts(self) -> bool:
        """Return whether readers see any part."""
        return next(self.parts(), None) is not None

    def _make_partition(self, folder: Path) -> None:
        if folder not in self._partitions:
            make_folders(folder)
            # Also if it existed: its creator may have died before its name was on the disk.
            fsync_folder(folder.parent)
            self._partitions.add(folder)

    def drop_staging(self) -> None:
        """Remove everything staged. Only for the holder of the run lock, which knows that no batch is open."""
        if self._staging.is_dir():
            for folder in self._staging.iterdir():
                if folder.is_dir():
                    shutil.rmtree(folder, ignore_errors=True)
                else:
                    folder.unlink(missing_ok=True)

    def parts(self) -> Iterator[str]:
        """Yield the path of each visible part below `records/`."""
        return (path for path in self.files() if path.endswith(".parquet"))

    def files(self) -> Iterator[str]:
        """Yield the path of each file below `records/`, including files that do not belong there."""
        return _files_below(self.records)

    def delivery_files(self) -> Iterator[str]:
        """Yield the path of each file below `deliveries/`, including files that do not belong there."""
        return _files_below(self.deliveries)

    def staged(self) -> Iterator[str]:
        """Yield the path, below staging, of each file that is staged or was left there."""
        return _files_below(self._staging)


def _files_below(root: Path) -> Iterator[str]:
    for folder, folders, names in os.walk(root):
        folders.sort()
        for name in sorted(names):
            yield os.path.relpath(f"{folder}/{name}", root)


def _parquet_bytes(table: pa.Table) -> memoryview:
    import pyarrow as pa  # noqa: PLC0415 - half a second that `status` and `inspect` need not pay
    import pyarrow.parquet as pq  # noqa: PLC0415

    from longshore.storage.schema import part_options  # noqa: PLC0415

    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, **part_options(table.schema))
    return memoryview(sink.getvalue())
