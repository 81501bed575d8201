"""The interface of a landing and of a warehouse: all that a run needs from them, wherever they are.

`storage/landing.py` and `storage/warehouse.py` keep the promises on a local disk, `object_landing.py` and
`object_warehouse.py` in an object store; `choose.py` chooses by the setting. The promises and errors of a method are
those of the local one, unless the object store's module says otherwise. Paths are below the root, `/`-separated.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO, Protocol, Self, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    import pyarrow as pa

    from longshore.records import LandedFile
    from longshore.storage.ledger.rewrites import NewPart
    from longshore.storage.listing import Listing
    from longshore.storage.stores.url import StoreUrl

_In = TypeVar("_In")
_Out = TypeVar("_Out")


class StagedPart(Protocol):
    """A part that is written but not visible to readers."""

    @property
    def name(self) -> str:
        """Its name in the staging area."""

    @property
    def rows(self) -> int:
        """Its number of rows."""

    @property
    def bytes(self) -> int:
        """Its size."""

    @property
    def sha256(self) -> str:
        """The SHA-256 of its bytes, in hex."""


class Landing(Protocol):
    """The files below one landing root. Close it, or use it as a context manager."""

    @property
    def root(self) -> Path | StoreUrl:
        """Where it is."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...

    def close(self) -> None:
        """Release what is held open."""

    def make(self) -> None:
        """Refuse a place in which finalizing would not be safe."""

    def forget_folders(self) -> None:
        """Drop what is remembered about folders: others may have taken their places."""

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
        """List the stable files, oldest first, at most `limit` of them."""

    def files_below(self, folder: str) -> Iterator[LandedFile]:
        """Yield every file below one of Longshore's own folders."""

    def stable_files(self) -> Iterator[LandedFile]:
        """Yield every archived and rejected file."""

    def folders_in(self, folder: str) -> list[str]:
        """Return the paths of the folders in one of Longshore's own folders."""

    def look(self, path: str) -> LandedFile | None:
        """Return what is at this path now, or None."""

    def same_bytes(self, found: LandedFile, delivered: LandedFile) -> bool:
        """Return whether a finalized file is surely the one that was delivered; if not, its bytes must be compared."""

    # Reading

    def fetch(self, files: Iterable[LandedFile]) -> None:
        """Prepare reading these files, many at a time where each read waits for a network; errors come when reading."""

    def release(self, file: LandedFile) -> None:
        """Drop what `fetch` and `read` keep of a file."""

    def open(self, file: LandedFile) -> int:
        """Open a landed file for reading and return its descriptor."""

    def check_open(self, fd: int, file: LandedFile) -> None:
        """Check that an open file is still the one that was listed, after it was read."""

    def read(self, file: LandedFile) -> bytes:
        """Read a landed file whole."""

    # Finalizing

    def map(self, function: Callable[[_In], _Out], items: Iterable[_In]) -> Iterator[_Out]:
        """Call a function for each item, many at a time where each call waits for a network; results in order."""

    def move(self, file: LandedFile, target: str, sha256: str | None = None) -> str:
        """Move a landed file, never over another one, and return its new path. `sha256`: of its bytes, if known."""

    def find_moved(self, file: LandedFile, target: str, sha256: str | None = None) -> str | None:
        """Return the path to which an interrupted `move` moved a file; None if it is gone."""

    def delete(self, file: LandedFile) -> None:
        """Delete a landed file if it is still the one that was read."""

    def put_back(self, path: str, landed_path: str) -> str:
        """Move a file from `_rejected/` back to landing/, never over anything; return its new path."""

    # Files that Longshore writes

    def write_beside(self, path: str, name: str, data: bytes) -> None:
        """Write a small new file into the folder of `path`; an older one of that name is replaced."""

    def draft_beside(self, path: str) -> BinaryIO:
        """Open an empty draft for a new version of a file, to be written and read."""

    def identity_of_draft(self, draft: BinaryIO) -> int | None:
        """Return the `inode` that `same_bytes` shall find where the draft is; None if it does not ask for it."""

    def replace_by_draft(self, file: LandedFile) -> LandedFile:
        """Replace a file by its draft, if it is still the one that was listed; return what is there now."""

    def fsync_beside(self, path: str) -> None:
        """Make the names in the folder of a file durable."""

    def remove_beside(self, path: str, name: str) -> None:
        """Remove a file, if it still exists."""


class Warehouse(Protocol):
    """The tables, the staging area and the rewrites below one warehouse root.

    `inner` is a local folder for locks and drafts. Tables are `records` and `deliveries`; the path of a part is below
    its table.
    """

    @property
    def root(self) -> Path | StoreUrl:
        """Where it is."""

    @property
    def inner(self) -> Path:
        """The local folder for locks and drafts."""

    @property
    def ledger_url(self) -> str:
        """The URL of the ledger unless the settings name another."""

    def make(self) -> None:
        """Prepare what writing needs; refuse a place that cannot keep the promises."""

    def claim(self, ledger_id: str, *, adopt: bool = False) -> None:
        """Record that this ledger knows what is in the warehouse; refuse a second one, unless it is adopted."""

    # Parts

    def begin_staging(self, run_id: str) -> None:
        """Create the staging area of a run."""

    def spool(self, run_id: str) -> Path:
        """Return the local folder in which a run keeps landed files that it has fetched; it may not exist here."""

    def stage(self, run_id: str, name: str, table: pa.Table) -> StagedPart:
        """Write a table as a part that no reader sees yet."""

    def stage_sorted(self, run_id: str, name: str, tables: Iterable[pa.Table]) -> StagedPart | None:
        """Write tables in any order as one sorted part that no reader sees yet; None if they hold no row."""

    def publish(self, run_id: str, name: str, part: str, sha256: str) -> None:
        """Make a staged part visible in `records/`, in one step."""

    def finish_publish(self, part: str, sha256: str) -> bool:
        """Return whether this part is visible; if not, it never will be."""

    def drop_staging(self) -> None:
        """Remove everything staged. Only for the holder of the run lock."""

    def publish_deliveries(self, draft: Path, part: str) -> None:
        """Make a local file visible in `deliveries/`, in one step, and remove it."""

    def set_aside(self, part: str, table: str = "records") -> None:
        """Move a part to where no reader looks, never over another."""

    # Reading

    def exists(self, table: str, part: str) -> bool:
        """Return whether a part of a table is visible."""

    def local(self, path: str) -> AbstractContextManager[Path]:
        """Return, for a block, the local path of a file below the root.

        Raises FileNotFoundError where there is none.
        """

    def metadata(self, table: str, part: str) -> pa.parquet.FileMetaData:
        """Read the footer of a part."""

    def size(self, table: str, part: str) -> int:
        """Return the size of a part in bytes."""

    def partitions(self, table: str) -> list[str]:
        """Return the names of the partition folders of a table, oldest first."""

    def parts_in(self, table: str, partition: str) -> list[str]:
        """Return the paths of the parts of a partition, in order."""

    def has_parts(self) -> bool:
        """Return whether readers see any part."""

    def parts(self) -> Iterator[str]:
        """Yield the path of each visible part below `records/`."""

    def files(self) -> Iterator[str]:
        """Yield the path of each file below `records/`, including files that do not belong there."""

    def delivery_files(self) -> Iterator[str]:
        """Yield the path of each file below `deliveries/`, including files that do not belong there."""

    def staged(self) -> Iterator[str]:
        """Yield the path of each file that is staged or was left there."""

    def aside(self) -> Iterator[str]:
        """Yield the path, below the root, of each part that was set aside."""

    def delete_aside(self, path: str) -> None:
        """Delete a part that was set aside."""

    # Rewrites: `storage/partition_swap.py` says when each is called

    def build_folder(self, rewrite_no: int, partition: str) -> Path:
        """Create and return the empty local folder for the new parts of a rewrite."""

    def prepare_exchange(self, rewrite_no: int, partition: str, going: Collection[str]) -> None:
        """Check that the parts that go are there, and bring along the others."""

    def exchange(self, rewrite_no: int, partition: str, going: Collection[str], new: Sequence[NewPart]) -> None:
        """Replace the parts that go by the new ones."""

    def finish_exchange(self, rewrite_no: int, partition: str, going: Collection[str], new: Sequence[NewPart]) -> bool:
        """Finish or undo an exchange whose process died; return whether readers see the new parts."""

    def drop_rewrite(self, rewrite_no: int) -> bool:
        """Delete what a rewrite left where no reader looks; return whether nothing is left."""


def table_of(partition: str) -> str:
    """Return the name of the table that a partition, or a part in it, belongs to."""
    return "deliveries" if partition.startswith("run_date=") else "records"
