"""A checksum of every column that does not depend on the order of the rows: what goes in must come out.

Each value is hashed together with the key of its row (its `record_id`), and the hashes of a column are summed modulo
2**64. So a lost row, a row that comes twice, a changed value, and values that changed places all change the sum.
Promised against accidents (a fault in a merge, a disk that lies), not against someone who forges values on purpose.
"""

from __future__ import annotations

import hashlib
import itertools
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

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
    """Give a hash for each value of an array, nested ones too; equal values have equal hashes."""
    hashes = _hashes(array)
    if array.null_count:
        hashes = np.where(array.is_null().to_numpy(zero_copy_only=False), _NULL, hashes)
    return hashes


def _hashes(array: pa.Array) -> Hashes:
    kind = array.type
    if pa.types.is_string(kind):
        return _of_strings(array)
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
