"""The schema as text, Arrow, JSON, SQL and Markdown: for `longshore schema` and `docs/reference/schema.*`.

Everything here is generated from `storage/schema.py`. Promised to readers: within a schema version no
column changes its name, type, order or nullability; a new version only adds columns that may be null, at the end.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from longshore.console import table
from longshore.storage.schema import DELIVERIES, PARTITION, RECORDS, RUN_DATE, SCHEMA_VERSION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_TABLES: Final = {"records": (RECORDS, PARTITION), "deliveries": (DELIVERIES, RUN_DATE)}

# DuckDB's names; other databases know most of them too.
_SQL_TYPES: Final = {
    pa.string(): "VARCHAR",
    pa.int64(): "BIGINT",
    pa.int32(): "INTEGER",
    pa.float32(): "FLOAT",
    pa.date32(): "DATE",
    pa.bool_(): "BOOLEAN",
    pa.timestamp("us", tz="UTC"): "TIMESTAMP WITH TIME ZONE",
}


def as_text() -> str:
    """Return a table of the columns of the records: name, type, meaning."""
    found = [_column(field) for field in _fields("records")]
    rows = [(one["name"], one["type"] + ("?" if one["nullable"] else ""), one["description"]) for one in found]
    said = f"Schema version {SCHEMA_VERSION}. A ? marks a column that may be null."
    return "\n".join([said, "", *table(("column", "type", "meaning"), rows)])


def as_arrow() -> str:
    """Return the Arrow schema of the records as pyarrow prints it, with the partition column at the end."""
    return str(RECORDS.append(PARTITION).to_string(show_field_metadata=False))


def as_json() -> str:
    """Return both tables as one JSON object: the version, then each column with type, nullability and meaning."""
    tables = {name: [_column(field) for field in _fields(name)] for name in _TABLES}
    return json.dumps({"schema_version": SCHEMA_VERSION, **tables}, indent=2, ensure_ascii=True)


def as_sql() -> str:
    """Return a CREATE TABLE statement for each table, in DuckDB's dialect, with the meanings as comments."""
    return "\n\n".join(_create_table(name) for name in _TABLES)


def as_markdown() -> str:
    """Return the reference page of the schema."""
    lines = [
        "# Schema",
        "",
        f"Schema version {SCHEMA_VERSION}. This page is what `longshore schema --format markdown` prints.",
        "",
        "Within a version no column changes. A new version only adds columns that may be null, and",
        "[the changelog](../../CHANGELOG.md) says so; older parts then read with nulls there.",
        "Every part says its version in the Parquet metadata (`longshore.schema_version`).",
    ]
    for name, (_, partition) in _TABLES.items():
        lines += ["", f"## `warehouse/{name}/`", "", "| column | type | null | meaning |", "| --- | --- | --- | --- |"]
        for column in map(_column, _fields(name)):
            null = "yes" if column["nullable"] else "no"
            meaning = column["description"].replace("|", "\\|")
            lines.append(f"| `{column['name']}` | `{column['type']}` | {null} | {meaning} |")
        lines += ["", f"`{partition.name}` is not in the files: it is the name of the folder (Hive style)."]
    return "\n".join(lines)


FORMATS: Final[dict[str, Callable[[], str]]] = {
    "text": as_text,
    "arrow": as_arrow,
    "json": as_json,
    "sql": as_sql,
    "markdown": as_markdown,
}


def _fields(name: str) -> Iterator[pa.Field]:
    schema, partition = _TABLES[name]
    yield from schema
    yield partition


def _column(field: pa.Field) -> dict[str, Any]:
    return {
        "name": field.name,
        "type": type_name(field.type),
        "nullable": field.nullable,
        "description": field.metadata[b"description"].decode(),
    }


def type_name(kind: pa.DataType) -> str:
    """Return a type as Arrow writes it, without the names of list items."""
    return str(kind).replace("element: ", "").replace("item: ", "")


def _create_table(name: str) -> str:
    fields = list(_fields(name))
    lines = [f"CREATE TABLE {name} (  -- schema version {SCHEMA_VERSION}"]
    for index, field in enumerate(fields):
        null = "" if field.nullable else " NOT NULL"
        comma = "," if index < len(fields) - 1 else ""
        lines.append(f"  {field.name} {_sql_type(field.type)}{null}{comma}  -- {_column(field)['description']}")
    return "\n".join([*lines, ");"])


def _sql_type(kind: pa.DataType) -> str:
    if pa.types.is_map(kind):
        return f"MAP({_sql_type(kind.key_type)}, {_sql_type(kind.item_type)})"
    if pa.types.is_list(kind):
        return f"{_sql_type(kind.value_type)}[]"
    if pa.types.is_struct(kind):
        return "STRUCT(" + ", ".join(f"{inner.name} {_sql_type(inner.type)}" for inner in kind) + ")"
    return _SQL_TYPES[kind]
