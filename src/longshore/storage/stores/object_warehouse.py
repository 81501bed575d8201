"""A warehouse in an object store: stage, publish and list parts, and replace them.

Promised: a part is one object, created with a condition under a key that follows from its batch, so that readers see
all of it or nothing, and no retry or late request can publish it twice or over another. Before recovery undoes a batch
it occupies the key of its part with an empty part (a fence): a request of the dead run that arrives late finds the key
taken. Fences hold no row, and a later run removes them.

Staged parts lie on the disk of the machine that runs; a worker on another machine stages them in the store. The ledger
and the run lock are in a database, and `_longshore/ledger` in the store names it: a second ledger is refused.

Not promised: exchanging parts in one step, which no object store can. A rewrite creates the new parts and then deletes
the old ones: a reader that lists between the two sees rows of one partition twice, for about as long as two requests
take; one that listed before and opens afterwards gets a loud "no such object", which a retry fixes.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import shutil
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from longshore.errors import SettingsError, WarehouseError
from longshore.storage import fault_injection
from longshore.storage.filesystem import make_folders
from longshore.storage.stores.client import ObjectStore
from longshore.storage.stores.interface import table_of
from longshore.storage.warehouse import StagedPart, parquet_bytes, stage_locally, stage_sorted_locally

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    import pyarrow as pa

    from longshore.storage.ledger.rewrites import NewPart
    from longshore.storage.stores.url import StoreUrl

_INNER = "_longshore"
_LEDGER = f"{_INNER}/ledger"
_STAGING = f"{_INNER}/staging"
_FENCES = f"{_INNER}/fences"
_ASIDE = f"{_INNER}/aside"
# How long a request of a dead run may be under way; stores and proxies give up after minutes.
_LATE_SECONDS = 3600
_FOOTER_BYTES = 64 * 1024
_PART = ".parquet"
_FENCE = b"longshore.fence"


class ObjectWarehouse:
    """The objects below one warehouse address. `inner`: a local folder for locks and drafts."""

    def __init__(self, url: StoreUrl, inner: Path) -> None:
        """Keep the address; the first request connects."""
        self.root = url
        self.inner = inner
        self._store = ObjectStore(url)
        self._staging = inner / "staging"

    @property
    def ledger_url(self) -> str:
        """Raise an error: an object store cannot hold a database.

        Raises:
            SettingsError: always.
        """
        raise SettingsError(
            f"The warehouse {self.root} is in an object store, which cannot hold the ledger. Set `ledger_url`: a "
            "PostgreSQL for several machines, or a SQLite file on a disk of the only machine that runs Longshore."
        )

    def make(self) -> None:
        """Refuse a store that ignores conditions, and remove old fences."""
        make_folders(self._staging)
        self._store.check_creates()
        for fence in list(self._store.objects(_FENCES)):
            if time.time() - fence.modified_ns / 1e9 > _LATE_SECONDS:
                self._remove_fence(fence.key)

    def claim(self, ledger_id: str, *, adopt: bool = False) -> None:
        """Record that this ledger knows what is in the warehouse.

        Raises:
            SettingsError: another ledger does.
        """
        if adopt:
            self._store.put(_LEDGER, ledger_id.encode())
        elif not self._store.create(_LEDGER, ledger_id.encode()):
            raise SettingsError(
                f"The warehouse {self.root} belongs to another ledger than the one that `ledger_url` names. Two "
                "ledgers would publish the same texts twice. Name the right one, or use another warehouse; if the "
                "ledger was lost, `longshore verify --repair` takes the warehouse over."
            )

    # Parts

    def begin_staging(self, run_id: str) -> None:
        """Create the local staging folder of a run."""
        make_folders(self._staging / run_id)

    def spool(self, run_id: str) -> Path:
        """Return the local folder in which a run keeps what it has fetched; on another machine it does not exist."""
        return self._staging / run_id

    def stage(self, run_id: str, name: str, table: pa.Table) -> StagedPart:
        """Write a table as a part that no reader sees: on this machine's disk if the run is here, else in the store."""
        data = parquet_bytes(table)
        if (self._staging / run_id).is_dir():
            return stage_locally(self._staging / run_id, name, data, table.num_rows)
        sha256 = hashlib.sha256(data).hexdigest()
        name = f"{sha256}-{name}"
        self._store.put(f"{_STAGING}/{run_id}/{name}", bytes(data))
        fault_injection.step("stage.done")
        return StagedPart(name, table.num_rows, len(data), sha256)

    def stage_sorted(self, run_id: str, name: str, tables: Iterable[pa.Table]) -> StagedPart | None:
        """Write tables in any order as one sorted part that no reader sees, where `stage` does."""
        if (self._staging / run_id).is_dir():
            return stage_sorted_locally(self._staging / run_id, name, tables)
        with tempfile.TemporaryDirectory(prefix="longshore-") as folder:
            part = stage_sorted_locally(Path(folder), name, tables)
            if part:
                self._store.put(f"{_STAGING}/{run_id}/{part.name}", (Path(folder) / part.name).read_bytes())
        return part

    def publish(self, run_id: str, name: str, part: str, sha256: str) -> None:
        """Create the part under its key in `records/`, unless the same bytes are there already.

        Raises:
            WarehouseError: other bytes have this key, or the staged part is damaged; nothing was changed.
        """
        try:
            data = (self._staging / run_id / name).read_bytes()
        except FileNotFoundError:
            data = self._store.get(f"{_STAGING}/{run_id}/{name}")
        if hashlib.sha256(data).hexdigest() != sha256:
            raise WarehouseError(f"The staged part {name} is damaged. Nothing was published; the next run resumes.")
        fault_injection.step("publish.rename")
        if not self._created("records", part, data):
            raise WarehouseError(
                f"{self.root / 'records' / part} exists already, but the ledger does not know it. Nothing was changed. "
                "`longshore verify --repair` makes the ledger agree with the warehouse."
            )
        fault_injection.step("publish.renamed")

    def finish_publish(self, part: str, sha256: str) -> bool:
        """Return whether this part is visible; if not, occupy its key, so that no late request makes it visible."""
        return self._sha256(f"records/{part}") == sha256 or self._is_there_after_all("records", part, sha256)

    def _is_there_after_all(self, table: str, part: str, sha256: str) -> bool:
        """Occupy the key of a part; return True if the part was created in this moment."""
        key = f"{table}/{part}"
        self._store.put(f"{_FENCES}/{key}", b"")
        return not self._store.create(key, _fence(table)) and self._sha256(key) == sha256

    def _created(self, table: str, part: str, data: bytes) -> bool:
        """Create a part, also in place of a fence; return False if other bytes have its key."""
        key = f"{table}/{part}"
        if self._store.create(key, data):
            return True
        found = self._store.head(key)
        if found is None or not _is_fence(self._store.get(key, found.etag)):
            return False
        self._store.replace(key, data, found.etag)
        self._store.delete([f"{_FENCES}/{key}"])
        return True

    def _sha256(self, key: str) -> str | None:
        try:
            return hashlib.sha256(self._store.get(key)).hexdigest()
        except FileNotFoundError:
            return None

    def _remove_fence(self, marker: str) -> None:
        key = marker.removeprefix(f"{_FENCES}/")
        found = self._store.head(key)
        if found is not None and _is_fence(self._store.get(key, found.etag)):
            self._store.delete([key])
        self._store.delete([marker])

    def drop_staging(self) -> None:
        """Remove everything staged. Only for the holder of the run lock, which knows that no batch is open."""
        if self._staging.is_dir():
            for entry in self._staging.iterdir():
                if entry.is_dir():
                    shutil.rmtree(entry, ignore_errors=True)
                else:
                    entry.unlink(missing_ok=True)
        self._store.delete([found.key for found in self._store.objects(_STAGING)])

    def publish_deliveries(self, draft: Path, part: str) -> None:
        """Create a part of `deliveries/` from a local file, and remove the file.

        Raises:
            WarehouseError: other bytes have this key.
        """
        if not self._store.create(f"deliveries/{part}", draft.read_bytes()):
            raise WarehouseError(f"{self.root / 'deliveries' / part} exists already. Nothing was changed.")
        fault_injection.step("deliveries.renamed")
        draft.unlink()

    def set_aside(self, part: str, table: str = "records") -> None:
        """Move a part to where no reader looks, never over another."""
        folder = _ASIDE if table == "records" else f"{_INNER}/deliveries-aside"
        name = part if table == "records" else f"{secrets.token_hex(4)}-{part.rpartition('/')[2]}"
        key = f"{table}/{part}"
        if not self._store.create(f"{folder}/{name}", self._store.get(key)):
            raise WarehouseError(f"{self.root / folder / name} exists already. Nothing was changed.")
        self._store.delete([key])

    # Reading

    def exists(self, table: str, part: str) -> bool:
        """Return whether a part of a table is visible."""
        return self._store.head(f"{table}/{part}") is not None

    @contextlib.contextmanager
    def local(self, path: str) -> Iterator[Path]:
        """Download an object for the block, to a file without a name that no crash can leave."""
        make_folders(self.inner)
        with tempfile.TemporaryFile(dir=self.inner) as file:
            self._store.download(path, file)
            yield Path(f"/proc/{os.getpid()}/fd/{file.fileno()}")

    def metadata(self, table: str, part: str) -> pa.parquet.FileMetaData:
        """Read the footer of a part with one or two small requests."""
        import pyarrow as pa  # noqa: PLC0415 - half a second that `status` and `inspect` need not pay
        import pyarrow.parquet as pq  # noqa: PLC0415

        key, size = f"{table}/{part}", self.size(table, part)
        data = self._store.tail(key, size, _FOOTER_BYTES)
        # The last eight bytes: the length of the footer, and "PAR1".
        length = int.from_bytes(data[-8:-4], "little") + 8
        if length > len(data):
            data = self._store.tail(key, size, min(size, length))
        return pq.read_metadata(pa.BufferReader(data))

    def size(self, table: str, part: str) -> int:
        """Return the size of a part in bytes."""
        found = self._store.head(f"{table}/{part}")
        if found is None:
            raise FileNotFoundError(f"{self.root / table / part} does not exist")
        return found.size

    def partitions(self, table: str) -> list[str]:
        """Return the names of the partition folders of a table, oldest first."""
        return self._store.folders(table)

    def parts_in(self, table: str, partition: str) -> list[str]:
        """Return the paths of the parts of a partition, in order, without fences."""
        found = (path for path in self._below(f"{table}/{partition}", f"{partition}/") if path.endswith(_PART))
        fenced = self._fenced(table)
        return [path for path in found if path not in fenced]

    def has_parts(self) -> bool:
        """Return whether readers see any part."""
        return next(self.parts(), None) is not None

    def parts(self) -> Iterator[str]:
        """Yield the path of each visible part below `records/`, without fences."""
        return (path for path in self.files() if path.endswith(_PART))

    def files(self) -> Iterator[str]:
        """Yield the path of each object below `records/` that is no fence, including those that do not belong there."""
        fenced = self._fenced("records")
        return (path for path in self._below("records") if path not in fenced)

    def delivery_files(self) -> Iterator[str]:
        """Yield the path of each object below `deliveries/` that is no fence."""
        fenced = self._fenced("deliveries")
        return (path for path in self._below("deliveries") if path not in fenced)

    def staged(self) -> Iterator[str]:
        """Yield the path of each part that is staged in the store or on this machine's disk."""
        yield from self._below(_STAGING)
        for folder, _, names in os.walk(self._staging):
            yield from (os.path.relpath(f"{folder}/{name}", self._staging) for name in names)

    def aside(self) -> Iterator[str]:
        """Yield the path, below the root, of each part that was set aside."""
        return self._below(_ASIDE, f"{_ASIDE}/")

    def delete_aside(self, path: str) -> None:
        """Delete a part that was set aside."""
        self._store.delete([path])

    def _below(self, folder: str, named: str = "") -> Iterator[str]:
        return (named + found.key[len(folder) + 1 :] for found in self._store.objects(folder))

    def _fenced(self, table: str) -> set[str]:
        """Return the parts that are fences. A part may have taken the place of one whose marker is still there."""
        marked = self._below(f"{_FENCES}/{table}")
        return {part for part in marked if self._is_fenced(f"{table}/{part}")}

    def _is_fenced(self, key: str) -> bool:
        try:
            return _is_fence(self._store.get(key))
        except FileNotFoundError:
            return False

    # Rewrites

    def build_folder(self, rewrite_no: int, partition: str) -> Path:
        """Create and return the empty local folder for the new parts of a rewrite."""
        shutil.rmtree(self._rewrite(rewrite_no), ignore_errors=True)
        folder = self._rewrite(rewrite_no) / partition
        make_folders(folder)
        return folder

    def prepare_exchange(self, rewrite_no: int, partition: str, going: Collection[str]) -> None:
        """Check that the old parts are there.

        Raises:
            WarehouseError: one is not; nothing was changed.
        """
        del rewrite_no
        missing = set(going) - set(self._below(f"{table_of(partition)}/{partition}", f"{partition}/"))
        if missing:
            raise WarehouseError(
                f"{self.root / table_of(partition) / min(missing)} disappeared while its partition was rewritten; "
                "nothing was changed. `longshore verify` says whether the ledger and the warehouse agree."
            )

    def exchange(self, rewrite_no: int, partition: str, going: Collection[str], new: Sequence[NewPart]) -> None:
        """Create the new parts, then delete the old ones."""
        table = table_of(partition)
        for part in new:
            data = (self._rewrite(rewrite_no) / part.part).read_bytes()
            if not self._created(table, part.part, data):
                raise WarehouseError(f"{self.root / table / part.part} exists already. Nothing was replaced.")
            fault_injection.step("rewrite.created")
        self._store.delete([f"{table}/{part}" for part in going])
        fault_injection.step("rewrite.exchanged")

    def finish_exchange(self, rewrite_no: int, partition: str, going: Collection[str], new: Sequence[NewPart]) -> bool:
        """Delete the old parts if all new ones are there, else the new ones; return whether the new ones are seen."""
        del rewrite_no
        table = table_of(partition)
        there = [part for part in new if self._sha256(f"{table}/{part.part}") == part.sha256]
        if len(there) < len(new):
            # Requests of the dead process may still be under way.
            there = [part for part in new if part in there or self._is_there_after_all(table, part.part, part.sha256)]
        if len(there) == len(new):
            self._store.delete([f"{table}/{part}" for part in going])
            return True
        self._store.delete([f"{table}/{part.part}" for part in there])
        return False

    def drop_rewrite(self, rewrite_no: int) -> bool:
        """Delete the local drafts of a rewrite; return whether they are gone."""
        shutil.rmtree(self._rewrite(rewrite_no), ignore_errors=True)
        return not self._rewrite(rewrite_no).exists()

    def _rewrite(self, rewrite_no: int) -> Path:
        return self.inner / "rewrites" / str(rewrite_no)


def _fence(table: str) -> bytes:
    """Return a part without rows; its metadata tell what it is for."""
    from longshore.storage.schema import DELIVERIES, RECORDS  # noqa: PLC0415 - pyarrow, only where recovery needs it

    schema = RECORDS if table == "records" else DELIVERIES
    return bytes(parquet_bytes(schema.with_metadata({_FENCE: b"1"}).empty_table()))


def _is_fence(data: bytes) -> bool:
    """Return whether an object is a fence, also one that another version of Longshore has written."""
    import pyarrow as pa  # noqa: PLC0415 - as above
    import pyarrow.parquet as pq  # noqa: PLC0415

    try:
        found = pq.read_metadata(pa.BufferReader(data))
    except pa.ArrowException:
        return False
    return not found.num_rows and _FENCE in (found.metadata or {})
