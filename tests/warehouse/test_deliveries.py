"""The deliveries table: every file that was brought to an end, once."""

import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

from longshore.maintenance.verify import verify
from longshore.storage.fault_injection import REWRITE_STEPS
from longshore.storage.schema import DELIVERIES
from tests.warehouse.project import article, in_child


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
    "step", ["publish.renamed", "finalize.file", "ledger.finalized", "deliveries.staged", "deliveries.renamed"]
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


def table(project):
    return ds.dataset(project.warehouse.deliveries, partitioning="hive").to_table().sort_by("path")


def test_the_parts_of_a_day_become_one_with_the_same_rows_in_their_order(project):
    project.ingest_in_parts(6)
    before = table(project)
    project.compact()
    (part,) = parts(project)
    assert table(project).equals(before)
    times = pq.read_table(part, partitioning=None)["ingested_at"].to_pylist()
    assert times == sorted(times)
    assert pq.read_schema(part).equals(DELIVERIES, check_metadata=False)
    project.ingest_in_parts(1, first=100)
    assert len(parts(project)) == 2
    assert table(project).num_rows == before.num_rows + 3


def test_they_are_merged_where_the_records_need_not_be(project):
    project.drop("a.txt", article(1))
    for name in "bcd":
        project.ingest()
        project.drop(f"{name}.txt", article(1))
    project.ingest()
    assert (len(project.parts()), len(parts(project))) == (1, 4)
    project.compact()
    assert len(parts(project)) == 1
    assert sorted(outcome for _, outcome in delivered(project)) == ["duplicate"] * 3 + ["published"]


def test_the_part_of_a_run_that_the_ledger_has_not_been_told_of_is_left(project):
    """Merged, it would be written again by the next run: its rows would be there twice."""
    project.ingest_in_parts(3)
    project.drop("a.txt", article(70))
    assert in_child(project.ingest, "deliveries.renamed:kill") == -9
    before = delivered(project)
    project.compact()
    assert len(parts(project)) == 2
    project.ingest()
    project.compact()
    assert delivered(project) == before
    assert len(parts(project)) == 1


@pytest.mark.parametrize("step", REWRITE_STEPS)
def test_a_merge_that_died_is_made_good(project, step):
    project.drop("a.txt", article(1))
    project.ingest()
    project.drop("b.txt", article(1))
    project.ingest()
    before = table(project)
    assert in_child(project.compact, f"{step}:kill") == -9
    assert table(project).equals(before)
    project.ingest()
    assert table(project).equals(before)
    project.compact()
    assert table(project).equals(before)
    assert len(parts(project)) == 1
    project.compact()
    assert not list((project.warehouse.inner / "rewrites").glob("*/*"))


def test_a_part_of_a_newer_longshore_and_a_damaged_one_stay_as_they_are(project):
    project.ingest_in_parts(4)
    newer, damaged, *_ = parts(project)
    rows = pq.read_table(newer, partitioning=None)
    newer.unlink()
    pq.write_table(rows.replace_schema_metadata({"longshore.schema_version": "99"}), newer)
    damaged.write_bytes(b"PAR1")
    project.compact()
    assert newer.exists()
    assert damaged.read_bytes() == b"PAR1"
    assert len(parts(project)) == 3


def test_verify_compares_merged_parts_too_and_a_repair_writes_their_runs_anew(project):
    project.ingest_in_parts(4)
    project.compact()
    before = delivered(project)
    assert verify(project.settings).disagreements == []
    (part,) = parts(project)
    rows = pq.read_table(part, partitioning=None)
    part.unlink()
    pq.write_table(rows.slice(1), part)
    assert [one.kind for one in verify(project.settings).disagreements] == ["deliveries-differ"]
    assert verify(project.settings, repair=True).disagreements == []
    assert delivered(project) == before
    assert len(parts(project)) == 4
    project.compact()
    assert verify(project.settings).disagreements == []


def test_verify_names_a_run_that_is_told_twice(project):
    project.ingest_in_parts(2)
    kept = parts(project)[0]
    data = kept.read_bytes()
    project.compact()
    kept.write_bytes(data)
    assert [one.kind for one in verify(project.settings).disagreements] == ["deliveries-differ"]
    verify(project.settings, repair=True)
    assert verify(project.settings).disagreements == []
    assert len(delivered(project)) == 6
