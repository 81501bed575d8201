"""The deliveries table: every file that was brought to an end, once."""

import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from conftest import article, in_child

from flows.storage.schema import DELIVERIES


def delivered(project):
    table = ds.dataset(project.warehouse.deliveries, partitioning="hive").to_table()
    return sorted(zip(table["path"].to_pylist(), table["outcome"].to_pylist(), strict=True))


def parts(project):
    return sorted(project.warehouse.deliveries.rglob("*.parquet"))


def test_every_file_of_a_run_is_in_one_part(project):
    project.drop("a.txt", article(1))
    project.drop("b/a.txt", article(1))
    project.drop("empty.txt", "")
    summary = project.ingest()
    assert delivered(project) == [("a.txt", "published"), ("b/a.txt", "duplicate"), ("empty.txt", "rejected")]
    assert [path.stem for path in parts(project)] == [summary.run_id]
    assert pq.read_schema(parts(project)[0]).equals(DELIVERIES, check_metadata=False)


def test_a_row_says_where_the_file_is_now(project):
    project.drop("a.txt", article(1))
    project.drop("empty.txt", "")
    project.ingest()
    rows = {row["path"]: row for row in pq.read_table(parts(project)[0]).to_pylist()}
    for row in rows.values():
        assert (project.root / "landing" / row["settled_as"]).is_file()
    assert rows["empty.txt"]["reason"] == "EMPTY"
    assert rows["a.txt"]["settled_at"] >= rows["a.txt"]["ingested_at"]


def test_a_run_with_nothing_to_do_writes_nothing(project):
    project.drop("a.txt", article(1))
    project.ingest()
    project.ingest()
    assert len(parts(project)) == 1


@pytest.mark.parametrize("after_ingest", ["keep", "delete"])
def test_a_file_that_was_not_moved_has_no_new_place(project, after_ingest):
    project.options["after_ingest"] = after_ingest
    project.drop("a.txt", article(1))
    project.ingest()
    assert pq.read_table(parts(project)[0])["settled_as"].to_pylist() == [None]


@pytest.mark.parametrize(
    "step", ["publish.renamed", "settle.file", "ledger.settled", "deliveries.staged", "deliveries.renamed"]
)
def test_the_deliveries_of_a_run_that_died_are_written_once_by_the_next(project, step):
    project.drop("a.txt", article(1))
    project.drop("b.txt", article(2))
    assert in_child(project.ingest, f"{step}:kill") == -9
    project.drop("c.txt", article(3))
    project.ingest()
    project.ingest()
    assert delivered(project) == [("a.txt", "published"), ("b.txt", "published"), ("c.txt", "published")]
    assert len(parts(project)) == 2
