"""Conditions: as SQL says, checked against DuckDB; anything else is refused with its place."""

import contextlib
import datetime as dt
import re

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from longshore.errors import SettingsError
from longshore.maintenance.row_filter import parse_where

ROWS = pa.table(
    {
        "record_id": ["a", "b", "c", "d"],
        "language": ["und", "de", "en", "de"],
        "title": [None, "Hafen", "It's foggy", "100%"],
        "encoding_confidence": pa.array([0.2, 0.9, 0.5, 1.0], pa.float32()),
        "char_count": pa.array([1, 20, 300, 4000], pa.int32()),
        "published_date": [None, dt.date(2024, 5, 1), dt.date(2024, 6, 1), dt.date(2025, 1, 1)],
        "ingest_date": [dt.date(2026, 11, 21)] * 4,
    }
)

CONDITIONS = [
    "language = 'und' or encoding_confidence < 0.5",
    "language = 'de' AND NOT char_count > 100",
    "not (language = 'de' or language = 'en')",
    "language in ('de', 'und') and title is not null",
    "language not in ('de')",
    "title is null",
    "title = 'It''s foggy'",
    "title like 'H%'",
    "published_date >= '2024-06-01'",
    "published_date between '2024-01-01' and '2024-12-31'",
    "char_count <> 20 and char_count != 1",
    "char_count >= -5",
    "ingest_date = '2026-11-21'",
    "language = 'a' or language = 'und' and char_count = 1",
    "title not like '%y'",
]


@pytest.mark.parametrize("condition", CONDITIONS)
def test_a_condition_chooses_what_sql_chooses(condition):
    chosen = ROWS.filter(parse_where(condition))["record_id"].to_pylist()
    with duckdb.connect() as db:
        db.register("rows", ROWS)
        assert chosen == [row[0] for row in db.execute(f"SELECT record_id FROM rows WHERE {condition}").fetchall()]


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ("", "a column"),
        ("language", "a comparison"),
        ("language = ", "a value"),
        ("language = 'de' language", "the end"),
        ("(language = 'de'", "`)`"),
        ("lingua = 'de'", "no column 'lingua'"),
        ("repairs = 'x'", "is a list"),
        ("char_count = 'many'", "not a value for char_count"),
        ("language = 5", "not a value for language"),
        ("published_date > 'soon'", "not a value for published_date"),
        ("language = 'de'; drop table records", "cannot be read at 16"),
        ("language in ()", "a value"),
        ("__import__('os')", "no column"),
        ("language = 'open", "cannot be read at 12"),
        ("(" * 5000 + "language = 'de'", "nested too deeply"),
        ("language = '" + "x" * 20_000 + "'", "longer than"),
        ("char_count > " + "9" * 5000, "longer than 100 characters"),
        ("char_count > " + "9" * 90, "not a value for char_count"),
        ("language_confidence > 0." + "9" * 5000, "longer than 100 characters"),
    ],
)
def test_what_cannot_be_understood_is_refused_in_words(condition, words):
    with pytest.raises(SettingsError, match=re.escape(words)):
        parse_where(condition)


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="languagecharcount_ =<>()'1.,andornotisnullin", max_size=60))
def test_any_text_gives_an_expression_or_a_refusal(text):
    with contextlib.suppress(SettingsError):
        ROWS.filter(parse_where(text))
