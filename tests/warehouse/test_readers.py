"""The reading guides: every block runs, and reads what it says, with parts of two schema versions and litter beside."""

import re
import warnings
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.warehouse.engines import ALL_ENGINES, ENGINES, SPARK, spark_session
from tests.warehouse.project import ROOT

HOW_TO = ROOT / "docs" / "how-to"


def blocks(page):
    return re.findall(r"```(python|sql)\n(.*?)```", (HOW_TO / page).read_text(), re.DOTALL)


def run_page(page, names):
    """Run every block of a page, one after the other, as a reader would."""
    import duckdb

    for language, block in blocks(page):
        # Spark looks for a path below the folder that its Java was started in, for another test.
        code = block.replace('"warehouse/', f'"{Path.cwd()}/warehouse/') if "spark" in page else block
        if language == "python":
            exec(code, names)
        else:
            with duckdb.connect() as db:
                for statement in filter(str.strip, code.split(";")):
                    db.execute(statement).fetchall()


@pytest.fixture
def two_versions(project, monkeypatch):
    """Make a warehouse with parts of two schema versions, and stand beside it."""
    project.ingest_in_parts(3, files_each=4)
    path = project.warehouse.records / project.parts()[-1]
    table = pq.ParquetFile(path).read()
    path.unlink()
    topics = pa.array(["harbour"] * table.num_rows)
    pq.write_table(table.append_column(pa.field("topic", pa.string()), topics), path)
    monkeypatch.chdir(project.root)
    return project


@pytest.mark.parametrize("name", ALL_ENGINES)
def test_every_block_of_the_guides_runs(project, monkeypatch, name):
    project.ingest_in_parts(2)
    monkeypatch.chdir(project.root)
    if name == "spark":
        spark_session()
    with warnings.catch_warnings():
        if name == "spark":
            warnings.simplefilter("ignore")
        run_page(f"read-{name}.md", {})


@pytest.mark.parametrize("name", ALL_ENGINES)
def test_what_another_program_leaves_beside_the_parts_is_passed_over(project, name):
    project.ingest_in_parts(2)
    expected = ENGINES["pyarrow"](project.warehouse.records)
    day = project.warehouse.records / project.parts()[0].partition("/")[0]
    (day / "_tmp").mkdir()
    for litter in ("_SUCCESS", ".x.parquet.crc", ".x.parquet", "_x.parquet", "_tmp/x.parquet"):
        (day / litter).write_bytes(b"litter")
    assert ENGINES[name](project.warehouse.records) == expected


@pytest.mark.usefixtures("two_versions")
def test_parts_of_two_versions_read_together_in_duckdb():
    names = {}
    exec(blocks("read-duckdb.md")[0][1], names)
    assert names["records"].aggregate("count(*), count(topic)").fetchall() == [(12, 4)]


@pytest.mark.usefixtures("two_versions")
def test_parts_of_two_versions_read_together_in_polars():
    names = {"pl": pytest.importorskip("polars")}
    exec(next(code for _, code in blocks("read-polars.md") if "missing_columns" in code), names)
    frame = names["records"].select("record_id", "topic", "ingest_date").collect()
    assert (frame.height, frame["topic"].null_count()) == (12, 8)


@pytest.mark.usefixtures("two_versions")
def test_parts_of_two_versions_read_together_in_pandas():
    names = {"pd": pytest.importorskip("pandas")}
    exec(next(code for _, code in blocks("read-pandas.md") if "unify_schemas" in code), names)
    assert (len(names["records"]), int(names["records"].topic.count())) == (12, 4)


@pytest.mark.usefixtures("two_versions")
def test_parts_of_two_versions_read_together_in_pyarrow():
    names = {}
    for _, code in blocks("read-pyarrow.md"):
        exec(code, names)
    exec(next(code for _, code in blocks("read-pyarrow.md") if "unify_schemas" in code), names)
    assert names["records"].to_table(columns=["topic"])["topic"].null_count == 8


@SPARK
def test_parts_of_two_versions_read_together_in_spark(two_versions):
    records = spark_session().read.option("mergeSchema", "true").parquet(str(two_versions.warehouse.records))
    assert (records.count(), records.where("topic IS NOT NULL").count()) == (12, 4)
