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


def test_a_second_attempt_is_not_stopped_by_what_the_first_left(warehouse):
    first = warehouse.stage("run", "b.parquet", TABLE)
    second = warehouse.stage("run", "b.parquet", TABLE)
    assert first.name != second.name
    assert first.sha256 == second.sha256


def test_nothing_is_published_over_another_part(warehouse):
    for _ in range(2):
        part = warehouse.stage("run", "b.parquet", TABLE)
        if PART in warehouse.parts():
            with pytest.raises(WarehouseError, match="verify --repair"):
                warehouse.publish("run", part.name, PART)
        else:
            warehouse.publish("run", part.name, PART)


def test_a_file_of_the_parts_name_with_other_bytes_is_not_that_part(warehouse):
    part = warehouse.stage("run", "b.parquet", TABLE)
    assert not warehouse.finish_publish(PART, part.sha256)
    warehouse.publish("run", part.name, PART)
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
