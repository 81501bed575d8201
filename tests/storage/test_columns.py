"""Columns of Arrow, beside what pyarrow makes of the same values."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from longshore.storage import schema
from longshore.storage.schema import column

_MOMENTS = st.datetimes(dt.datetime(1600, 1, 1), dt.datetime(2600, 1, 1), timezones=st.just(dt.UTC))  # noqa: DTZ001
_TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
_VALUES = {
    pa.string(): _TEXTS,
    pa.int32(): st.integers(-(2**31), 2**31 - 1),
    pa.int64(): st.integers(-(2**63), 2**63 - 1),
    pa.float32(): st.floats(width=32, allow_nan=False),
    pa.bool_(): st.booleans(),
    pa.date32(): st.dates(),
    pa.timestamp("us", tz="UTC"): _MOMENTS,
}
_COLUMNS = st.sampled_from(list(_VALUES)).flatmap(
    lambda kind: st.tuples(st.just(kind), st.lists(st.none() | _VALUES[kind], max_size=20))
)


# No deadline: the first array of pyarrow's own loads pandas.
@settings(deadline=None)
@given(_COLUMNS)
def test_a_column_is_what_pyarrow_makes_of_the_same_values(typed: tuple[pa.DataType, list[object]]) -> None:
    kind, values = typed
    made = column(values, kind)
    made.validate(full=True)
    assert made.equals(pa.array(values, kind))


@settings(deadline=None)
@given(st.lists(st.lists(_TEXTS, max_size=3), max_size=9))
def test_lists_of_strings_are_what_pyarrow_makes_of_them(values: list[list[str]]) -> None:
    made = column(values, pa.list_(pa.string()))
    made.validate(full=True)
    assert made.equals(pa.array(values, pa.list_(pa.string())))


@dataclass
class _Guess:
    language: str
    confidence: float


def test_lists_of_objects_become_lists_of_structs() -> None:
    kind = pa.list_(pa.struct([("language", pa.string()), ("confidence", pa.float32())]))
    made = column([[_Guess("de", 0.5), _Guess("nl", 0.25)], [], [_Guess("el", 1.0)]], kind)
    made.validate(full=True)
    assert made.to_pylist() == [
        [{"language": "de", "confidence": 0.5}, {"language": "nl", "confidence": 0.25}],
        [],
        [{"language": "el", "confidence": 1.0}],
    ]


def test_moments_may_be_given_in_microseconds() -> None:
    kind = pa.timestamp("us", tz="UTC")
    assert column([1_700_000_000_123_456, 0], kind).equals(pa.array([1_700_000_000_123_456, 0], kind))


def test_strings_that_outgrow_their_offsets_are_left_to_pyarrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema, "_MOST_OFFSET", 5)
    assert column(["abc", None, "def"], pa.string()).to_pylist() == ["abc", None, "def"]
