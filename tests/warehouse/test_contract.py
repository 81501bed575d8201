"""What readers rely on: the columns, and that a change of them is never silent.

After a change of a column: raise SCHEMA_VERSION, tell it in CHANGELOG.md as "schema version N", then
`python tests/warehouse/test_contract.py` writes the pages anew and adds the version to the history.
"""

import itertools
import json
import re
import sys
from pathlib import Path

import duckdb
import pyarrow as pa

from longshore.cli import schema_docs
from longshore.storage.schema import RECORDS, SCHEMA_VERSION

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"
HISTORY = REFERENCE / "schema-history.json"
PAGES = {"schema.md": schema_docs.as_markdown, "schema.json": schema_docs.as_json, "schema.sql": schema_docs.as_sql}


def columns():
    """Give what must not change within a version: name, type and nullability of each column."""
    tables = json.loads(schema_docs.as_json())
    return {
        table: [[column["name"], column["type"], column["nullable"]] for column in tables[table]]
        for table in ("records", "deliveries")
    }


def test_the_pages_are_what_the_code_says():
    for name, make in PAGES.items():
        assert (REFERENCE / name).read_text() == make() + "\n", f"{name} is stale: run this file"


def test_no_column_changes_without_a_new_version():
    history = json.loads(HISTORY.read_text())
    assert history[str(SCHEMA_VERSION)] == columns(), "a column changed: raise SCHEMA_VERSION and tell the changelog"


def test_a_new_version_only_adds_columns_that_may_be_null():
    history = [version for _, version in sorted(json.loads(HISTORY.read_text()).items(), key=lambda item: int(item[0]))]
    for older, newer in itertools.pairwise(history):
        for table, before in older.items():
            after = [column for column in newer[table] if column in before]
            assert after == before
            assert all(nullable for name, kind, nullable in newer[table] if [name, kind, nullable] not in before)


def test_every_version_after_the_first_is_in_the_changelog():
    for version in json.loads(HISTORY.read_text()):
        if int(version) > 1:
            changelog = (REFERENCE.parents[1] / "CHANGELOG.md").read_text()
            assert re.search(rf"schema version {version}\b", changelog, re.IGNORECASE)


def test_every_column_says_what_it_means():
    for field in RECORDS:
        assert len(field.metadata[b"description"].decode()) > 10


def test_the_sql_is_sql():
    with duckdb.connect() as db:
        db.execute(schema_docs.as_sql())
        described = db.execute("SELECT column_name, is_nullable FROM information_schema.columns").fetchall()
    assert dict(described)["record_id"] == "NO"
    assert len(described) == sum(len(table) for table in columns().values())


def test_the_json_is_json_and_the_arrow_form_names_every_column():
    assert json.loads(schema_docs.as_json())["schema_version"] == SCHEMA_VERSION
    assert all(f"{field.name}: " in schema_docs.as_arrow() for field in RECORDS)


def test_no_type_is_one_that_spark_cannot_read():
    for field in RECORDS:
        assert not pa.types.is_timestamp(field.type) or field.type.unit == "us"


if __name__ == "__main__":
    for name, make in PAGES.items():
        (REFERENCE / name).write_text(make() + "\n")
    known = json.loads(HISTORY.read_text()) if HISTORY.exists() else {}
    if known.get(str(SCHEMA_VERSION), columns()) != columns() and "--unreleased" not in sys.argv:
        sys.exit(f"The columns differ from those of version {SCHEMA_VERSION}: raise SCHEMA_VERSION.")
    HISTORY.write_text(json.dumps(known | {str(SCHEMA_VERSION): columns()}, indent=1) + "\n")
