"""The warehouse: stage, publish and list parts.

Promised: every part in `records/` is complete. A part is written and fsynced in `_longshore/staging/`, which no reader
opens, and becomes visible by one rename that never replaces anything. Not promised: this on a file system where rename
is not atomic, or with staging and records on different file systems.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import secrets
import shutil
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from longshore.errors import WarehouseError
from longshore.storage import fault_injection
from longshore.storage.filesystem import fsync_folder, make_folders, rename_no_replace, write_durably
from longshore.storage.folder_exchange import bring_along, remove_if_empty, swap, was_exchanged
from longshore.storage.stores.interface import table_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence
    from pathlib import Path

    import pyarrow as pa

    from longshore.storage.ledger.rewrites import NewPart


@dataclass(frozen=True, slots=True)
class StagedPart:
    """A part that is on the disk but not visible to readers."""

    name: str
    rows: int
    bytes: int
    sha256: str


class LocalWarehouse:
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

    def make(self) -> None:
        """Create missing folders."""
        make_folders(self.records)
        make_folders(self._staging)

    def claim(self, ledger_id: str, *, adopt: bool = False) -> None:
        """Do nothing: the ledger is a file of the warehouse, or its server is named for this one."""

    def begin_staging(self, run_id: str) -> None:
        """Create the staging folder of a run: a worker that outlives its run cannot write into another's."""
        make_folders(self._staging / run_id)

    def spool(self, run_id: str) -> Path:
        """Return the folder in which a run keeps what it has fetched from a landing in an object store."""
        return self._staging / run_id

    def stage(self, run_id: str, name: str, table: pa.Table) -> StagedPart:
        """Write a table as a part that no reader sees yet, and fsync it."""
        return stage_locally(self._staging / run_id, name, parquet_bytes(table), table.num_rows)

    def stage_sorted(self, run_id: str, name: str, tables: Iterable[pa.Table]) -> StagedPart | None:
        """Write tables in any order as one sorted part that no reader sees yet, in bounded memory, and fsync it.

        Returns None if they hold no row.
        """
        make_folders(self._staging / run_id)
        return stage_sorted_locally(self._staging / run_id, name, tables)

    def publish(self, run_id: str, name: str, part: str, sha256: str) -> None:
        """Make a staged part visible, in one step; `part` is its path below `records/`.

        Raises:
            WarehouseError: another file has this name already; nothing was changed.
        """
        del sha256  # the rename cannot change the bytes
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

    def publish_deliveries(self, draft: Path, part: str) -> None:
        """Make a file visible in `deliveries/`, in one step."""
        target = self.deliveries / part
        make_folders(target.parent)
        rename_no_replace(draft, target)
        fault_injection.step("deliveries.renamed")
        fsync_folder(target.parent)

    def set_aside(self, part: str, table: str = "records") -> None:
        """Move a part to where no reader looks, never over another."""
        if table == "records":
            target = self.inner / "aside" / part
        else:
            # Apart from records that are set aside: `forget` need not search it, because it holds no text.
            target = self.inner / "deliveries-aside" / f"{secrets.token_hex(4)}-{part.rpartition('/')[2]}"
        make_folders(target.parent)
        rename_no_replace(self.root / table / part, target)
        fsync_folder(target.parent)
        fsync_folder((self.root / table / part).parent)

    def aside(self) -> Iterator[str]:
        """Yield the path, below the warehouse, of each part that was set aside."""
        return (f"_longshore/aside/{path}" for path in _files_below(self.inner / "aside"))

    def delete_aside(self, path: str) -> None:
        """Delete a part that was set aside."""
        (self.root / path).unlink()

    # Reading

    def exists(self, table: str, part: str) -> bool:
        """Return whether a part of a table is visible."""
        return (self.root / table / part).exists()

    @contextlib.contextmanager
    def local(self, path: str) -> Iterator[Path]:
        """Return, for a block, the path of a file below the root."""
        found = self.root / path
        if not found.exists():
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), os.fspath(found))
        yield found

    def metadata(self, table: str, part: str) -> pa.parquet.FileMetaData:
        """Read the footer of a part."""
        import pyarrow.parquet as pq  # noqa: PLC0415 - half a second that `status` and `inspect` need not pay

        return pq.read_metadata(self.root / table / part)

    def size(self, table: str, part: str) -> int:
        """Return the size of a part in bytes."""
        return (self.root / table / part).stat().st_size

    def partitions(self, table: str) -> list[str]:
        """Return the names of the partition folders of a table, oldest first."""
        folder = self.root / table
        return sorted(entry.name for entry in folder.iterdir() if entry.is_dir()) if folder.is_dir() else []

    def parts_in(self, table: str, partition: str) -> list[str]:
        """Return the paths of the parts of a partition, in order."""
        folder = self.root / table / partition
        return [f"{partition}/{path.name}" for path in sorted(folder.glob("*.parquet"))]

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

    # Rewrites

    def build_folder(self, rewrite_no: int, partition: str) -> Path:
        """Create and return the empty folder that will replace that of a partition."""
        # A dead process with an older ledger may have left one with this number.
        shutil.rmtree(self._rewrite(rewrite_no), ignore_errors=True)
        folder = self._rewrite(rewrite_no) / partition
        make_folders(folder)
        return folder

    def prepare_exchange(self, rewrite_no: int, partition: str, going: Collection[str]) -> None:
        """Hard-link every other part of the old folder into the new one, and check that the old parts are there.

        Raises:
            WarehouseError: the partition is not as it was when the new parts were built; nothing was changed.
        """
        bring_along(self._visible(partition), self._rewrite(rewrite_no) / partition, _names(going))

    def exchange(self, rewrite_no: int, partition: str, going: Collection[str], new: Sequence[NewPart]) -> None:
        """Exchange the old folder and the new one, which holds everything that readers shall see."""
        del going, new
        visible, built = self._visible(partition), self._rewrite(rewrite_no) / partition
        swap(visible, built)
        fault_injection.step("rewrite.exchanged")
        remove_if_empty(visible)
        fsync_folder(visible.parent)
        fsync_folder(built.parent)

    def finish_exchange(self, rewrite_no: int, partition: str, going: Collection[str], new: Sequence[NewPart]) -> bool:
        """Finish an exchange whose process died; return whether readers see the new folder."""
        built = self._rewrite(rewrite_no) / partition
        return was_exchanged(self._visible(partition), built, _names(going), _names(part.part for part in new))

    def drop_rewrite(self, rewrite_no: int) -> bool:
        """Delete the folder of a rewrite, which no reader opens; return whether it is gone."""
        shutil.rmtree(self._rewrite(rewrite_no), ignore_errors=True)
        return not self._rewrite(rewrite_no).exists()

    def _rewrite(self, rewrite_no: int) -> Path:
        return self.inner / "rewrites" / str(rewrite_no)

    def _visible(self, partition: str) -> Path:
        return self.root / table_of(partition) / partition


def _names(parts: Iterable[str]) -> list[str]:
    return [part.rpartition("/")[2] for part in parts]


def _files_below(root: Path) -> Iterator[str]:
    for folder, folders, names in os.walk(root):
        folders.sort()
        for name in sorted(names):
            yield os.path.relpath(f"{folder}/{name}", root)


def stage_locally(folder: Path, name: str, data: memoryview, rows: int) -> StagedPart:
    """Write a part into a staging folder, under a name that begins with the hash of its bytes.

    A batch may be done twice, when a worker is thought dead and is not: the second attempt finds the same file there,
    or has other bytes and another name. Neither changes what was staged.
    """
    draft = folder / f"{secrets.token_hex(8)}.draft"
    write_durably(draft, data, "stage.write")
    return _named_by_hash(draft, StagedPart(name, rows, len(data), hashlib.sha256(data).hexdigest()))


def stage_sorted_locally(folder: Path, name: str, tables: Iterable[pa.Table]) -> StagedPart | None:
    """Write tables in any order as one sorted part, as `stage_locally` does; None if they hold no row."""
    from longshore.storage.parquet import write_sorted  # noqa: PLC0415 - pyarrow.compute, only for large files

    draft = folder / f"{secrets.token_hex(8)}.draft"
    written = write_sorted(draft, tables)
    fault_injection.step("stage.write")
    return _named_by_hash(draft, StagedPart(name, written.rows, written.bytes, written.sha256)) if written else None


def _named_by_hash(draft: Path, part: StagedPart) -> StagedPart:
    staged = draft.with_name(f"{part.sha256}-{part.name}")
    try:
        rename_no_replace(draft, staged)
    except FileExistsError:
        draft.unlink()
    fault_injection.step("stage.done")
    return replace(part, name=staged.name)


def parquet_bytes(table: pa.Table) -> memoryview:
    """Return a table as the bytes of a part; the same table gives the same bytes."""
    import pyarrow as pa  # noqa: PLC0415 - half a second that `status` and `inspect` need not pay
    import pyarrow.parquet as pq  # noqa: PLC0415

    from longshore.storage.schema import part_options  # noqa: PLC0415

    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, **part_options(table.schema))
    return memoryview(sink.getvalue())
