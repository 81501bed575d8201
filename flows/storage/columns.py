"""Columns of Arrow from plain Python values.

Promised: what `pyarrow.array` gives for the same values and type. That function asks whether its list may be a pandas
object, which loads pandas wherever it is installed: 0.4 s and 50 MB in every process that writes its first part. Here
the buffers are laid out as the Arrow format has them, so nobody asks.
Not promised: types that the contract with readers does not use.
"""

from __future__ import annotations

import datetime as dt
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Sequence, Sized

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MICROSECOND = dt.timedelta(microseconds=1)
_FIRST_DAY = _EPOCH.toordinal()
# Offsets of strings and lists are of 32 bits; pyarrow itself cuts what is longer into chunks.
_MOST_OFFSET = 2**31 - 1


def column(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    """Give the values, None for a null, as an array of a type.

    >>> column(["a", None], pa.string()).to_pylist()
    ['a', None]
    """
    if pa.types.is_string(kind):
        return _strings(values, kind)
    if pa.types.is_list(kind):
        items = column(list(chain.from_iterable(values)), kind.value_type)
        return pa.Array.from_buffers(kind, len(values), [None, _offsets(values)], children=[items])
    if pa.types.is_struct(kind):
        fields = [column([getattr(value, field.name) for value in values], field.type) for field in kind]
        return pa.Array.from_buffers(kind, len(values), [None], children=fields)
    validity, whole = _validity(values, 0)
    if pa.types.is_boolean(kind):
        data = np.packbits(np.array(whole, bool), bitorder="little")
    elif pa.types.is_timestamp(kind) and any(isinstance(value, dt.datetime) for value in whole):
        data = np.array([(value - _EPOCH) // _MICROSECOND if value else 0 for value in whole], np.int64)
    elif pa.types.is_timestamp(kind):
        data = np.array(whole, np.int64)
    elif pa.types.is_date32(kind):
        data = np.array([value.toordinal() - _FIRST_DAY if value else 0 for value in whole], np.int32)
    else:
        data = np.array(whole, kind.to_pandas_dtype())
    return pa.Array.from_buffers(kind, len(values), [validity, pa.py_buffer(data)])


def _strings(values: Sequence[str | None], kind: pa.DataType) -> pa.Array:
    validity, whole = _validity(values, "")
    encoded = [value.encode() for value in whole]
    if sum(map(len, encoded)) > _MOST_OFFSET:
        return pa.array(values, kind)
    return pa.Array.from_buffers(kind, len(values), [validity, _offsets(encoded), pa.py_buffer(b"".join(encoded))])


def _offsets(values: Sequence[Sized]) -> pa.Buffer:
    offsets = np.zeros(len(values) + 1, np.int32)
    np.cumsum(np.fromiter(map(len, values), np.int32, len(values)), out=offsets[1:])
    return pa.py_buffer(offsets)


def _validity(values: Sequence[Any], instead: Any) -> tuple[pa.Buffer | None, Sequence[Any]]:  # noqa: ANN401 - of any type
    """Give the buffer that says which values are none, where any is, and the values with something instead of those."""
    if None not in values:
        return None, values
    known = np.array([value is not None for value in values])
    whole = [instead if value is None else value for value in values]
    return pa.py_buffer(np.packbits(known, bitorder="little")), whole
