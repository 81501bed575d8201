"""Compaction: fewer parts, the same rows, and a ledger that stays true."""

import hashlib
import json

import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa

from longshore.errors import LockHeldError
from longshore.maintenance import rewrite
from longshore.maintenance.compact import plan_groups
from longshore.maintenance.rewrite import now
from longshore.storage.ledger.rewrites import PublishedPart, published_parts
from longshore.storage.ledger.tables import batches
from longshore.storage.lock import one_run_at_a_time
from tests.warehouse.project import article


def ledger_agrees(project):
    """Every visible part is the one that the ledger says, with the rows that it says, and none is missing."""
    with project.ledger() as ledger:
        known = published_parts(ledger, project.parts())
        records = ledger.counts()["records"]
        with ledger.engine.connect() as db:
            named = {row.part for row in db.execute(sa.select(batches.c.part).where(batches.c.part.is_not(None)))}
    assert named == set(project.parts())
    for part in known:
        path = project.warehouse.records / part.part
        assert hashlib.sha256(path.read_bytes()).hexdigest() == part.sha256
        assert pq.read_metadata(path).num_rows == part.rows
    assert sum(part.rows for part in known) == records == project.table().num_rows
    return True


def test_many_parts_become_one_with_the_same_rows(project):
    project.ingest_in_parts(6)
    before = project.table()
    summary = project.compact()
    found = [(one.partition[:8], one.parts_before, one.parts_after, one.rows) for one in summary.partitions]
    assert found == [("ingest_d", 6, 1, 18), ("run_date", 6, 1, 18)]
    assert len(project.parts()) == 1
    assert project.table().equals(before)
    assert ledger_agrees(project)


def test_a_second_compaction_has_nothing_to_do(project):
    project.ingest_in_parts(4)
    project.compact()
    parts = project.parts()
    assert project.compact().partitions == []
    assert project.parts() == parts


def test_rows_are_sorted_as_readers_filter(project):
    project.ingest_in_parts(5)
    project.compact()
    table = pq.read_table(project.warehouse.records / project.parts()[0])
    keys = [
        (language, str(date or ""), record_id)
        for language, date, record_id in zip(
            *(table[name].to_pylist() for name in ("language", "published_date", "record_id")), strict=True
        )
    ]
    assert keys == sorted(keys)


def test_a_dry_run_writes_nothing(project):
    project.ingest_in_parts(3)
    parts = project.parts()
    summary = project.compact(dry_run=True)
    assert summary.partitions[0].parts_after == 1
    assert project.parts() == parts
    assert ledger_agrees(project)


def test_old_parts_are_kept_for_the_grace_period_out_of_every_readers_way(project):
    project.options["rewrite_grace_seconds"] = 3600
    project.ingest_in_parts(3)
    project.compact()
    kept = list((project.warehouse.inner / "rewrites").glob("*/ingest_date=*/*.parquet"))
    assert len(kept) == 3
    project.options["rewrite_grace_seconds"] = 0
    project.compact()
    assert not list((project.warehouse.inner / "rewrites").glob("*/*"))


def test_a_part_published_while_new_parts_are_built_is_not_swept_away(project, monkeypatch):
    project.ingest_in_parts(3)
    from longshore.maintenance import rewrite as room

    exchange = room.exchange_partition
    project.drop("late.txt", article(900))

    def publish_first(*arguments):
        # The lock is held here: what a run did just before it was taken.
        monkeypatch.setattr(room, "exchange_partition", exchange)
        return exchange(*arguments)

    def ingest_then_lock(*arguments):
        project.ingest()
        return lock(*arguments)

    lock = room.run_lock_within
    monkeypatch.setattr(room, "exchange_partition", publish_first)
    monkeypatch.setattr(room, "run_lock_within", ingest_then_lock)
    project.compact()
    assert len(project.parts()) == 2
    assert project.table().num_rows == 10
    assert ledger_agrees(project)


def test_a_partition_is_left_for_later_while_a_run_holds_the_warehouse(project, monkeypatch):
    monkeypatch.setattr(rewrite, "WAIT_SECONDS", 0.1)
    project.ingest_in_parts(3)
    before = project.table()
    with one_run_at_a_time(project.warehouse.inner, "ingest test", now()):
        summary = project.compact()
    assert "ingest test" in summary.partitions[0].skipped
    assert project.table().equals(before)
    project.compact()
    assert len(project.parts()) == 1
    assert ledger_agrees(project)


def test_only_one_rewrite_works_at_a_time(project):
    project.ingest_in_parts(2)
    with one_run_at_a_time(project.warehouse.inner / "rewrites", "compact other", now()), pytest.raises(LockHeldError):
        project.compact()


def test_a_damaged_part_is_never_merged(project):
    project.ingest_in_parts(3)
    path = project.warehouse.records / project.parts()[0]
    data = bytearray(path.read_bytes())
    data[len(data) // 3] ^= 1
    path.write_bytes(data)
    parts = project.parts()
    summary = project.compact()
    assert summary.failed
    assert "damaged" in summary.partitions[0].skipped
    assert project.parts() == parts


def test_a_merge_that_loses_or_changes_something_is_caught_before_readers_see_it(project, monkeypatch):
    project.ingest_in_parts(3)
    before = project.table()
    from longshore.storage import parquet

    sort = parquet._sorted
    monkeypatch.setattr(parquet, "_sorted", lambda tables: sort(tables).slice(1))
    summary = project.compact()
    assert summary.failed
    assert "differs" in summary.partitions[0].skipped
    assert project.table().equals(before)
    assert ledger_agrees(project)


def test_a_foreign_part_stays_where_it_is(project):
    project.ingest_in_parts(3)
    partition = project.parts()[0].split("/")[0]
    foreign = project.warehouse.records / partition / "foreign.parquet"
    pq.write_table(project.table().slice(0, 1).drop_columns(["ingest_date"]), foreign)
    data = foreign.read_bytes()
    project.compact()
    assert foreign.read_bytes() == data
    assert len(project.parts()) == 2


def test_a_duplicate_is_still_one_after_compaction(project):
    project.ingest_in_parts(3)
    project.compact()
    project.drop("again.txt", article(1))
    summary = project.ingest()
    assert (summary.duplicate, summary.published) == (1, 0)


def test_parts_of_an_older_schema_are_merged_with_nulls(project):
    project.ingest_in_parts(3)
    part = project.parts()[0]
    path = project.warehouse.records / part
    table = pq.read_table(path, partitioning=None).drop_columns(["title"])
    path.unlink()
    pq.write_table(table, path)
    with project.ledger() as ledger, ledger.engine.begin() as db:
        data = path.read_bytes()
        db.execute(
            sa.update(batches)
            .where(batches.c.part == part)
            .values(part_sha256=hashlib.sha256(data).digest(), part_bytes=len(data))
        )
    project.compact()
    assert len(project.parts()) == 1
    assert project.table().num_rows == 9
    assert "title" in project.table().column_names


def test_memory_is_spilled_and_the_part_is_the_same(project, monkeypatch):
    project.ingest_in_parts(8, files_each=40)
    before = project.table()
    from longshore.storage.parquet import SortedPart

    monkeypatch.setattr(rewrite, "SortedPart", lambda *arguments: SortedPart(*arguments, run_bytes=20_000))
    project.compact()
    assert len(project.parts()) == 1
    assert project.table().equals(before)
    assert not list(project.warehouse.inner.glob("rewrites/**/*.arrow"))


def test_a_part_of_several_row_groups_reads_the_same_with_its_filter(project, monkeypatch):
    import duckdb
    import polars as pl

    from longshore.storage import parquet

    monkeypatch.setattr(parquet, "GROUP_ROWS", 10)
    project.ingest_in_parts(4, files_each=10)
    before = project.table()
    project.compact()
    path = project.warehouse.records / project.parts()[0]
    assert pq.read_metadata(path).num_row_groups == 4
    assert project.table().equals(before)
    for record_id in before["record_id"].to_pylist()[::7]:
        query = f"SELECT count(*) FROM '{path}' WHERE record_id = '{record_id}'"
        assert duckdb.sql(query).fetchall() == [(1,)]
        assert pl.scan_parquet(path).filter(pl.col("record_id") == record_id).collect().height == 1


def test_the_command_prints_what_it_did(project):
    project.ingest_in_parts(3)
    shown = project.run("compact", "--json")
    assert shown.returncode == 0, shown.stderr
    assert json.loads(shown.stdout)["partitions"][0]["parts_after"] == 1


def sized(*sizes):
    return [PublishedPart(f"p{index}", 1, size, "", (index,)) for index, size in enumerate(sizes)]


@pytest.mark.parametrize(
    ("sizes", "groups"),
    [
        ((), []),
        ((5,), []),
        ((1, 1, 1, 1), [[1, 1, 1, 1]]),
        ((1, 1, 1, 1, 100), [[1, 1, 1, 1]]),  # the large one is not written again for four small ones
        ((10, 4, 3, 3), [[3, 3, 4, 10]]),
        ((90, 90), []),  # together more than the target
        ((50, 50, 50, 50), [[50, 50], [50, 50]]),
    ],
)
def test_a_row_is_written_again_only_when_its_part_grows_by_half(sizes, groups):
    found = plan_groups(sized(*sizes), 100)
    assert [[part.bytes for part in group] for group in found] == groups


def test_compacting_after_every_run_leaves_few_parts(project):
    for start in range(12):
        project.ingest_in_parts(1, first=start * 3)
        project.compact()
    assert len(project.parts()) <= 4
    assert ledger_agrees(project)
    assert ds.dataset(project.warehouse.records, partitioning="hive").count_rows() == 36
