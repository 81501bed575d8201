"""The schema of records and deliveries, and Arrow tables built from them.

`column` returns what `pyarrow.array` returns for the same values and type. That function checks whether its list is a
pandas object, which imports pandas wherever it is installed: 0.4 s and 50 MB in every process that writes its first
part. Here the buffers are laid out as the Arrow format specifies. Types that no schema uses are not supported.
"""

from __future__ import annotations

import datetime as dt
import inspect
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from longshore import __version__

if TYPE_CHECKING:
    from collections.abc import Sequence, Sized

    from longshore.records import LandedFile, Record

SCHEMA_VERSION = 2

# Spark cannot read nanoseconds.
_TIMESTAMP = pa.timestamp("us", tz="UTC")
_METADATA = pa.map_(pa.string(), pa.string())
_CANDIDATE = pa.struct([pa.field("language", pa.string()), pa.field("confidence", pa.float32())])

# name, type, null allowed, description
_COLUMNS: tuple[tuple[str, pa.DataType, bool, str], ...] = (
    (
        "record_id",
        pa.string(),
        False,
        "Lower-case hex SHA-256 of the source bytes: same bytes, same record.",
    ),
    (
        "source_path",
        pa.string(),
        False,
        "Path below the landing root, /-separated; bytes that are not UTF-8 are written %FF, a literal % is %25.",
    ),
    ("source_bytes", pa.int64(), False, "Size of the source in bytes."),
    ("source_modified_at", _TIMESTAMP, False, "When the landed file was last modified, by its own clock."),
    ("feed", pa.string(), True, "The name of the feed whose rules applied; null where none did."),
    (
        "media_type",
        pa.string(),
        True,
        "The IANA media type of the document as found: text/plain, text/html, message/rfc822 ... Null in version 1.",
    ),
    (
        "extraction",
        pa.list_(pa.string()),
        True,
        "The steps that took the text out of its format, in their order; empty for plain text. Null in version 1.",
    ),
    (
        "text",
        pa.string(),
        False,
        "The normalised body: header removed, NFC, \\n line ends, no blank lines at its ends.",
    ),
    ("title", pa.string(), True, "From a header block, or a copy of the first line where it plainly is a headline."),
    ("published_date", pa.date32(), True, "The date in the header; null where there is none or it cannot be known."),
    ("published_at", _TIMESTAMP, True, "The moment in the header, where it gave a time and a zone."),
    ("date_status", pa.string(), False, "none, parsed, ambiguous or invalid."),
    ("date_precision", pa.string(), True, "How exact the date is: year, month, day, minute or second."),
    ("header", pa.string(), True, "What was taken out of the top, exactly as it stood after repair."),
    (
        "header_start",
        pa.int32(),
        True,
        "Where in text the header stood (characters): text[:header_start] + header + text[header_start:] is the whole.",
    ),
    (
        "metadata",
        _METADATA,
        True,
        "Fields of the header or format, names in lower case; at most 64, 8 KiB; _cut names others. Null in version 1.",
    ),
    ("language", pa.string(), False, "ISO 639-1 code (639-3 where there is none); und where it cannot be told."),
    ("script", pa.string(), True, "ISO 15924 code of the script: Latn, Cyrl, Hans, Hant, Arab ..."),
    ("language_confidence", pa.float32(), False, "0-1, calibrated: of the rows that say 0.9, nine in ten are right."),
    ("language_candidates", pa.list_(_CANDIDATE), False, "At most three languages, best first."),
    ("encoding", pa.string(), False, "What the bytes were decoded with: the WHATWG name where it has one."),
    ("encoding_method", pa.string(), False, "bom, utf-8, detected, mixed or declared."),
    ("encoding_confidence", pa.float32(), False, "0-1, how sure the encoding is."),
    ("encoding_runner_up", pa.string(), True, "The next best encoding, where the choice was close."),
    ("replacement_chars", pa.int32(), False, "How many U+FFFD are in the text."),
    ("repairs", pa.list_(pa.string()), False, "The steps that repaired the text, in their order."),
    ("text_sha256", pa.string(), False, "SHA-256 of text in UTF-8: equal where two encodings of one article met."),
    ("char_count", pa.int32(), False, "Characters (code points) in text."),
    ("word_count", pa.int32(), False, "Words in text by Unicode rules (UAX #29)."),
    ("line_count", pa.int32(), False, "Lines in text."),
    ("normaliser_version", pa.string(), False, "Version of the rules that made this row; a change may change rows."),
    ("batch_id", pa.string(), False, "The batch that this record was published in."),
    ("ingested_at", _TIMESTAMP, False, "When the batch was ingested."),
)

PARTITION = pa.field(
    "ingest_date",
    pa.date32(),
    nullable=False,
    metadata={"description": "The UTC day of ingested_at; the name of the partition folder, not in the files."},
)

# `settled_…` is what the ledger calls `finalized_…`: readers of a published table rely on its column names.
_DELIVERY_COLUMNS: tuple[tuple[str, pa.DataType, bool, str], ...] = (
    ("run_id", pa.string(), False, "The run that took the delivery in."),
    ("batch_id", pa.string(), False, "The batch that the delivery was part of."),
    ("path", pa.string(), False, "Path below the landing root, written as source_path; a.zip!/name for a member."),
    ("is_member", pa.bool_(), False, "Whether it is an archive member; the archive has a row before it."),
    ("source_bytes", pa.int64(), False, "Size in bytes when it was taken."),
    ("source_modified_at", _TIMESTAMP, False, "When the file was last modified, by its own clock."),
    ("record_id", pa.string(), True, "SHA-256 of its bytes; null where they were not read."),
    ("outcome", pa.string(), False, "published, duplicate or rejected."),
    ("reason", pa.string(), True, "Why it was rejected: EMPTY, BINARY, TOO_LARGE ..."),
    ("detail", pa.string(), True, "The same as a sentence: what was seen."),
    ("settled_as", pa.string(), True, "Where the landed file is now, below the landing root; null if not moved."),
    ("ingested_at", _TIMESTAMP, False, "When its batch was taken."),
    ("settled_at", _TIMESTAMP, False, "When its batch was published and its file out of the way."),
)

RUN_DATE = pa.field(
    "run_date",
    pa.date32(),
    nullable=False,
    metadata={"description": "The UTC day on which the run began; the name of the partition folder, not in the files."},
)


def _schema(columns: tuple[tuple[str, pa.DataType, bool, str], ...]) -> pa.Schema:
    return pa.schema(
        [
            pa.field(name, kind, nullable=nullable, metadata={"description": description})
            for name, kind, nullable, description in columns
        ]
    )


RECORDS = _schema(_COLUMNS)
DELIVERIES = _schema(_DELIVERY_COLUMNS)

# The order of the rows in a part, so that statistics prune what people filter by.
SORTED_BY = ("language", "published_date", "record_id")

# What a reprocessing does not change.
OF_THE_DELIVERY = frozenset({"source_path", "source_modified_at", "batch_id", "ingested_at"})

# Long or all different: a dictionary only costs there.
WITHOUT_DICTIONARY = frozenset({"record_id", "source_path", "text", "title", "header", "text_sha256"})


def file_metadata(normaliser_version: str) -> dict[str, str]:
    """Return the key-value metadata of every part."""
    return {
        "longshore.schema_version": str(SCHEMA_VERSION),
        "longshore.normaliser_version": normaliser_version,
        "longshore.version": __version__,
    }


def part_options(schema: pa.Schema, group_rows: int = 0) -> dict[str, Any]:
    """Return the Parquet options of a part; benchmarks/README.md has the reasons.

    Args:
        schema: of the part.
        group_rows: how many rows a group has, where a part has several: then a bloom filter says which of them cannot
            hold a `record_id`, if this pyarrow can write one.
    """
    return _bloom_filter(group_rows) | {
        "compression": "zstd",
        # Higher levels save little on news texts for the time they take.
        "compression_level": 3,
        "use_dictionary": [
            f"{field.name}.key_value.key" if pa.types.is_map(field.type) else field.name
            for field in schema
            if field.name not in WITHOUT_DICTIONARY
        ],
        "write_page_index": True,
        "version": "2.6",
        "coerce_timestamps": "us",
    }


def _bloom_filter(group_rows: int) -> dict[str, Any]:
    import pyarrow.parquet as pq  # noqa: PLC0415 - `longshore schema` does without

    if not group_rows or "bloom_filter_options" not in inspect.signature(pq.write_table).parameters:
        return {}
    return {"bloom_filter_options": {"record_id": {"ndv": group_rows, "fpp": 0.01}}}


def conform(table: pa.Table, schema: pa.Schema = RECORDS) -> pa.Table:
    """Return a table of an older schema version with the columns of this one; missing columns are null."""
    columns = [
        table[field.name].cast(field.type) if field.name in table.column_names else pa.nulls(len(table), field.type)
        for field in schema
    ]
    return pa.Table.from_arrays(columns, schema=schema)


def records_table(
    rows: Sequence[tuple[Record, str, LandedFile]], batch_id: str, ingested_at: dt.datetime, normaliser_version: str
) -> pa.Table:
    """Build the table of one part, a row for each record, in the order that readers filter by.

    Args:
        rows: a record, its `source_path`, and the file that it came from.
        batch_id: of the whole table.
        ingested_at: UTC, of the whole table.
        normaliser_version: for the metadata.
    """
    rows = sorted(rows, key=_reading_order)
    records = [record for record, _, _ in rows]
    of_the_delivery: dict[str, Sequence[Any]] = {
        "source_path": [path for _, path, _ in rows],
        "source_modified_at": [file.modified_ns // 1000 for _, _, file in rows],
        "batch_id": [batch_id] * len(rows),
        "ingested_at": [ingested_at] * len(rows),
    }
    columns = [_column(field, of_the_delivery.get(field.name), records) for field in RECORDS]
    return pa.Table.from_arrays(columns, schema=RECORDS.with_metadata(file_metadata(normaliser_version)))


def renewed_table(rows: pa.Table, records: list[Record]) -> pa.Table:
    """Return rows with the values of their new records; the columns of the delivery stay as they are.

    Args:
        rows: as they are, in the columns of the contract.
        records: one for each of the rows, in their order.
    """
    columns = [
        rows[field.name] if field.name in OF_THE_DELIVERY else _column(field, None, records) for field in RECORDS
    ]
    return pa.Table.from_arrays(columns, schema=RECORDS)


def _reading_order(row: tuple[Record, str, LandedFile]) -> tuple[str, str, str]:
    record = row[0]
    return record.language, str(record.published_date or ""), record.record_id


def _column(field: pa.Field, values: Sequence[Any] | None, records: list[Record]) -> pa.Array:
    return column([getattr(record, field.name) for record in records] if values is None else values, field.type)


_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MICROSECOND = dt.timedelta(microseconds=1)
_FIRST_DAY = _EPOCH.toordinal()
# Offsets of strings and lists are of 32 bits; pyarrow itself cuts what is longer into chunks.
_MOST_OFFSET = 2**31 - 1


def column(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    """Return the values, None for a null, as an array of a type.

    >>> column(["a", None], pa.string()).to_pylist()
    ['a', None]
    """
    if pa.types.is_string(kind):
        return _strings(values, kind)
    if pa.types.is_map(kind):
        pairs = [list(value.items()) for value in values]
        entry = pa.struct([kind.key_field, kind.item_field])
        keys = column([key for items in pairs for key, _ in items], kind.key_type)
        items = column([item for items in pairs for _, item in items], kind.item_type)
        entries = pa.Array.from_buffers(entry, len(keys), [None], children=[keys, items])
        return pa.Array.from_buffers(kind, len(values), [None, _offsets(pairs)], children=[entries])
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
    """Return the validity buffer (None if no value is null), and the values with `instead` for nulls."""
    if None not in values:
        return None, values
    known = np.array([value is not None for value in values])
    whole = [instead if value is None else value for value in values]
    return pa.py_buffer(np.packbits(known, bitorder="little")), whole
