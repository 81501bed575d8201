"""Sorted parts, written from rows in any order in bounded memory, and checksums of columns.

An external merge sort: rows are gathered up to `RUN_BYTES`, sorted, and spilled; at the end the runs are merged, a row
group at a time. Promised: the part holds exactly the rows that were added, in the readers' order, and is on the disk
when `finish` returns. Memory: some four times `RUN_BYTES`, whatever the part's size (a single longer text apart).
"""

from __future__ import annotations

import hashlib
import itertools
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from longshore.storage.filesystem import FILE_MODE, fsync_folder
from longshore.storage.schema import RECORDS, SORTED_BY, file_metadata, part_options

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

Hashes = npt.NDArray[np.uint64]

_NULL = np.uint64(0x9E3779B97F4A7C15)
_ODD = np.uint64(0xBF58476D1CE4E5B9)


@dataclass(slots=True)
class ColumnSums:
    """The sums of all columns of what was added, and the number of rows. Equal sums: the same rows.

    key: the column whose values tell the rows apart.
    """

    rows: int = 0
    sums: dict[str, int] = field(default_factory=dict)
    key: str = "record_id"

    def add(self, table: pa.Table) -> None:
        """Add the rows of a table."""
        self.rows += table.num_rows
        if not table.num_rows:
            return
        ids = row_hashes(table[self.key].combine_chunks())
        for name in table.column_names:
            values = ids if name == self.key else row_hashes(table[name].combine_chunks())
            total = int(np.sum(_mix(ids ^ _mix(values)), dtype=np.uint64))
            self.sums[name] = (self.sums.get(name, 0) + total) % 2**64

    def differences(self, other: ColumnSums) -> list[str]:
        """Name what differs: `rows`, or columns."""
        rows = [] if self.rows == other.rows else ["rows"]
        names = sorted(self.sums.keys() | other.sums.keys())
        return rows + [name for name in names if self.sums.get(name) != other.sums.get(name)]


def row_hashes(array: pa.Array) -> Hashes:
    """Return a hash for each value of an array, nested ones too; equal values have equal hashes."""
    hashes = _hashes(array)
    if array.null_count:
        hashes = np.where(array.is_null().to_numpy(zero_copy_only=False), _NULL, hashes)
    return hashes


def _hashes(array: pa.Array) -> Hashes:
    kind = array.type
    if pa.types.is_string(kind):
        return _of_strings(array)
    if pa.types.is_map(kind):
        return _of_lists(array.cast(pa.list_(pa.struct([kind.key_field, kind.item_field]))))
    if pa.types.is_list(kind):
        return _of_lists(array)
    if pa.types.is_struct(kind):
        hashes = np.zeros(len(array), np.uint64)
        for child in array.flatten():
            hashes = _mix(hashes ^ row_hashes(child))
        return hashes
    width = f"uint{max(8, kind.bit_width)}"
    if pa.types.is_boolean(kind):
        numbers = array.cast(pa.uint8()).fill_null(0).to_numpy()
    else:
        # The bits as they are: a float's too, so that no rounding hides a change.
        numbers = array.view(f"int{kind.bit_width}").fill_null(0).to_numpy()
    return _mix(numbers.view(width).astype(np.uint64))


def _of_strings(array: pa.Array) -> Hashes:
    encoded = array.dictionary_encode()
    if not len(encoded.dictionary):
        return np.zeros(len(array), np.uint64)
    _, offsets, data = encoded.dictionary.buffers()
    ends = np.frombuffer(offsets, np.int32)[: len(encoded.dictionary) + 1].tolist()
    view = memoryview(data) if data is not None else memoryview(b"")
    digests = b"".join(
        hashlib.blake2b(view[start:end], digest_size=8).digest() for start, end in itertools.pairwise(ends)
    )
    hashes: Hashes = np.frombuffer(digests, np.uint64)[encoded.indices.fill_null(0).to_numpy()]
    return hashes


def _of_lists(array: pa.Array) -> Hashes:
    lengths = pc.list_value_length(array).fill_null(0).to_numpy().astype(np.int64)
    ends = np.cumsum(lengths)
    starts = ends - lengths
    children = row_hashes(array.flatten())
    places = np.arange(len(children), dtype=np.int64) - np.repeat(starts, lengths)
    running = np.concatenate(
        [np.zeros(1, np.uint64), np.cumsum(_mix(children + places.astype(np.uint64)), dtype=np.uint64)]
    )
    return _mix((running[ends] - running[starts]) ^ lengths.astype(np.uint64))


def _mix(numbers: Hashes) -> Hashes:
    """Spread every bit over all 64 (the finaliser of SplitMix64)."""
    numbers = (numbers ^ (numbers >> np.uint64(30))) * _ODD
    numbers = (numbers ^ (numbers >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: Hashes = numbers ^ (numbers >> np.uint64(31))
    return mixed


Rows = npt.NDArray[np.int64]

RUN_BYTES = 64 * 1024 * 1024
# While a large file is normalised, its list of documents is in memory as well.
_STREAMED_RUN_BYTES = 8 * 1024 * 1024
# See benchmarks/README.md: smaller groups prune better, larger ones save a little room; at this neither loses much.
GROUP_ROWS = 8_192
GROUP_BYTES = 32 * 1024 * 1024
_SPILL_ROWS = 1024
_NO_DATE = -(2**31)
_KEYS = [(name, "ascending") for name in SORTED_BY]


@dataclass(frozen=True, slots=True)
class WrittenPart:
    """A part on the disk."""

    rows: int
    bytes: int
    sha256: str


class SortedPart:
    """Collects tables of records, and writes them as one sorted part."""

    def __init__(self, path: Path, spill: Path, run_bytes: int = RUN_BYTES) -> None:
        """Set the path of the part, and an existing folder for what does not fit into memory."""
        self._path = path
        self._spill = spill
        self._run_bytes = run_bytes
        self._held: list[pa.Table] = []
        self._held_bytes = 0
        self._runs: list[Path] = []
        self._versions: set[str] = set()
        self._total_bytes = 0
        self.rows = 0

    def add(self, table: pa.Table) -> None:
        """Add rows."""
        if not table.num_rows:
            return
        self.rows += table.num_rows
        self._versions.update(pc.unique(table["normaliser_version"]).to_pylist())
        self._held.append(table)
        self._held_bytes += table.nbytes
        self._total_bytes += table.nbytes
        if self._held_bytes >= self._run_bytes:
            self._spill_run()

    def finish(self) -> WrittenPart:
        """Write and fsync the part, and delete the spilled runs."""
        group_rows = self._group_rows()
        if self._runs:
            self._spill_run()
            groups = self._merged(group_rows)
        else:
            table = _sorted(self._held)
            groups = (table.slice(start, group_rows) for start in range(0, table.num_rows, group_rows))
        # One group needs no filter: whoever opens the part reads it.
        self._write(groups, group_rows if self.rows > group_rows else 0)
        for run in self._runs:
            run.unlink()
        return WrittenPart(self.rows, self._path.stat().st_size, sha256_of(self._path))

    def discard(self) -> None:
        """Delete what was written; for an unfinished part."""
        for path in (*self._runs, self._path):
            path.unlink(missing_ok=True)

    def _group_rows(self) -> int:
        return max(1, min(GROUP_ROWS, GROUP_BYTES * self.rows // max(1, self._total_bytes)))

    def _write(self, groups: Iterator[pa.Table], filtered_rows: int) -> None:
        schema = RECORDS.with_metadata(file_metadata(",".join(sorted(self._versions))))
        fd = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE)
        with os.fdopen(fd, "wb") as sink:
            with pq.ParquetWriter(sink, schema, **part_options(schema, filtered_rows)) as writer:
                for group in groups:
                    writer.write_table(group.cast(schema), row_group_size=group.num_rows)
            sink.flush()
            os.fsync(sink.fileno())
        fsync_folder(self._path.parent)

    def _spill_run(self) -> None:
        table = _sorted(self._held)
        self._held, self._held_bytes = [], 0
        if not table.num_rows:
            return
        run = self._spill / f"{self._path.stem}.{len(self._runs)}.arrow"
        options = pa.ipc.IpcWriteOptions(compression="lz4")
        with pa.OSFile(str(run), "wb") as sink, pa.ipc.new_file(sink, table.schema, options=options) as writer:
            writer.write_table(table, max_chunksize=_SPILL_ROWS)
        self._runs.append(run)

    def _merged(self, group_rows: int) -> Iterator[pa.Table]:
        """Yield the rows of all runs in order, a row group at a time.

        The keys of all rows are held (some 100 bytes each); of the rest of a run only what the row group needs. The
        rows that a group takes from one run lie side by side in it, because the run is sorted too.
        """
        keys = [_read_run(run, SORTED_BY) for run in self._runs]
        sizes = [key.num_rows for key in keys]
        starts = np.concatenate([[0], np.cumsum(sizes)])
        order = _order(pa.concat_tables(keys))
        del keys
        cursors = [_Cursor(run) for run in self._runs]
        for begin in range(0, len(order), group_rows):
            chosen = order[begin : begin + group_rows]
            of_run = np.searchsorted(starts, chosen, "right") - 1
            counts = np.bincount(of_run, minlength=len(sizes))
            base = np.concatenate([[0], np.cumsum(counts)[:-1]])
            taken_before = np.array([cursor.taken for cursor in cursors])
            places = base[of_run] + (chosen - starts[of_run]) - taken_before[of_run]
            rows = [cursor.take(int(count)) for cursor, count in zip(cursors, counts, strict=True) if count]
            yield pa.concat_tables(rows).take(pa.array(places))


def write_sorted(path: Path, tables: Iterable[pa.Table]) -> WrittenPart | None:
    """Write and fsync tables in any order as one sorted part; None, and no part, if they hold no row.

    What does not fit into memory is spilled beside the part. If a table cannot be made, nothing is left.
    """
    part = SortedPart(path, path.parent, _STREAMED_RUN_BYTES)
    try:
        for table in tables:
            part.add(table)
        return part.finish() if part.rows else None
    except BaseException:
        part.discard()
        raise


class _Cursor:
    """Reads a spilled run from its beginning to its end, some rows at a time."""

    def __init__(self, run: Path) -> None:
        self._reader = pa.ipc.open_file(pa.OSFile(str(run), "rb"))
        self._next = 0
        self._left: pa.Table = self._reader.schema.empty_table()
        self.taken = 0

    def take(self, count: int) -> pa.Table:
        pieces = []
        self.taken += count
        while count:
            if not self._left.num_rows:
                self._left = pa.Table.from_batches([self._reader.get_batch(self._next)])
                self._next += 1
            piece = self._left.slice(0, count)
            self._left = self._left.slice(piece.num_rows)
            count -= piece.num_rows
            pieces.append(piece)
        return pa.concat_tables(pieces)


def _read_run(run: Path, columns: tuple[str, ...]) -> pa.Table:
    with pa.OSFile(str(run), "rb") as source:
        schema = pa.ipc.open_file(source).schema
        options = pa.ipc.IpcReadOptions(included_fields=[schema.get_field_index(name) for name in columns])
        return pa.ipc.open_file(source, options=options).read_all().select(list(columns))


def _sorted(tables: list[pa.Table]) -> pa.Table:
    if not tables:
        return RECORDS.empty_table()
    table = pa.concat_tables(tables)
    return table.take(pa.array(_order(table)))


def _order(table: pa.Table) -> Rows:
    # A missing date comes before all others; how to say so to the sort itself differs between pyarrow's versions.
    day = table["published_date"].cast(pa.int32()).fill_null(_NO_DATE)
    keys = table.select(list(SORTED_BY)).set_column(SORTED_BY.index("published_date"), "published_date", day)
    order: Rows = pc.sort_indices(keys, sort_keys=_KEYS).to_numpy().astype(np.int64)
    return order


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, in hex."""
    with path.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()
