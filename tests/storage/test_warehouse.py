from __future__ import annotations

import hashlib

import pyarrow as pa
import pytest

from longshore.errors import WarehouseError
from longshore.storage import fault_injection
from longshore.storage.warehouse import LocalWarehouse

TABLE = pa.table({"record_id": ["a", "b"]})
PART = "ingest_date=2026-11-21/b.parquet"


@pytest.fixture
def warehouse(tmp_path):
    made = LocalWarehouse(tmp_path)
    made.make()
    made.begin_staging("run")
    return made


def test_a_second_attempt_stages_the_same_file(warehouse):
    first = warehouse.stage("run", "b.parquet", TABLE)
    second = warehouse.stage("run", "b.parquet", TABLE)
    assert first == second
    assert list(warehouse.staged()) == [f"run/{first.name}"]


def test_an_attempt_that_ends_late_changes_nothing_that_was_staged_or_published(warehouse):
    """Its worker was thought dead. The file it read is another meanwhile, so that its part has other bytes."""
    part = warehouse.stage("run", "b.parquet", TABLE)
    other = warehouse.stage("run", "b.parquet", TABLE.slice(1))
    assert other.name != part.name
    warehouse.publish("run", part.name, PART, part.sha256)
    again = warehouse.stage("run", "b.parquet", TABLE)
    assert again == part
    assert warehouse.finish_publish(PART, part.sha256)
    warehouse.drop_staging()
    with pytest.raises(FileNotFoundError):
        warehouse.stage("run", "b.parquet", TABLE)


def test_nothing_is_published_over_another_part(warehouse):
    for _ in range(2):
        part = warehouse.stage("run", "b.parquet", TABLE)
        if PART in warehouse.parts():
            with pytest.raises(WarehouseError, match="verify --repair"):
                warehouse.publish("run", part.name, PART, part.sha256)
        else:
            warehouse.publish("run", part.name, PART, part.sha256)


def test_a_file_of_the_parts_name_with_other_bytes_is_not_that_part(warehouse):
    part = warehouse.stage("run", "b.parquet", TABLE)
    assert not warehouse.finish_publish(PART, part.sha256)
    warehouse.publish("run", part.name, PART, part.sha256)
    assert warehouse.finish_publish(PART, part.sha256)
    assert not warehouse.finish_publish(PART, hashlib.sha256(b"other").hexdigest())


def test_a_failed_write_leaves_nothing_that_readers_see(warehouse):
    fault_injection.arm("stage.write:enospc")
    try:
        with pytest.raises(OSError, match="No space left"):
            warehouse.stage("run", "b.parquet", TABLE)
    finally:
        fault_injection.arm("")
    assert list(warehouse.files()) == []
    warehouse.drop_staging()
    assert list(warehouse.staged()) == []
