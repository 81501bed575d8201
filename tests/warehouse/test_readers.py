"""Five engines read the warehouse, and agree: before, while and after parts are merged."""

import importlib.util
import re
import shutil
import subprocess
import sys
import time
import warnings

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import ROOT
from engines import ENGINES, pyarrow_answers, spark_session

HOW_TO = ROOT / "docs" / "how-to"
HAS_SPARK = bool(shutil.which("java") and importlib.util.find_spec("pyspark"))
SPARK = pytest.mark.skipif(not HAS_SPARK, reason="needs pyspark and Java")
ALL_ENGINES = [pytest.param(name, marks=SPARK) if name == "spark" else name for name in ENGINES]

# Merges two parts at a time, so that a folder is exchanged again and again.
COMPACT_SLOWLY = """
import sys, time
from pathlib import Path
from flows import compaction
from flows.settings import Settings
settings = Settings(landing=Path("landing"), warehouse=Path("warehouse"), rewrite_grace_seconds=0)
def two_at_a_time(parts, target):
    return [sorted(parts, key=lambda part: part.bytes)[:2]] if len(parts) > 1 else []
compaction.plan_groups = two_at_a_time
deadline = time.monotonic() + float(sys.argv[1])
while compaction.compact_warehouse(settings).partitions and time.monotonic() < deadline:
    time.sleep(float(sys.argv[2]))
"""


def blocks(page):
    return re.findall(r"```(python|sql)\n(.*?)```", (HOW_TO / page).read_text(), re.DOTALL)


def run_page(page, names):
    """Run every block of a page, one after the other, as a reader would."""
    import duckdb

    for language, code in blocks(page):
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


@pytest.mark.parametrize(
    ("names", "parts", "pause"),
    [
        (("duckdb", "polars", "pandas", "pyarrow"), 12, 0.1),
        # Spark's own start-up and planning take longer than an exchange.
        pytest.param(("spark",), 6, 0.5, marks=SPARK),
    ],
)
def test_a_reader_never_sees_a_row_twice_or_missing_while_parts_are_merged(project, names, parts, pause):
    project.ingest_in_parts(parts, files_each=2)
    folder = project.warehouse.records
    expected = pyarrow_answers(folder)
    for name in names:
        assert ENGINES[name](folder) == expected
    compacting = subprocess.Popen(
        [sys.executable, "-c", COMPACT_SLOWLY, "60", str(pause)],
        cwd=project.root,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
    )
    try:
        while compacting.poll() is None:
            for name in names:
                assert retried(lambda name=name: ENGINES[name](folder)) == expected
    finally:
        compacting.kill()
        compacting.wait()
    assert compacting.returncode == 0
    assert len(project.parts()) == 1
    for name in names:
        assert ENGINES[name](folder) == expected


GONE = ("No such file", "does not exist", "NOT_EXIST", "FileNotFound", "Cannot open file")


def retried(ask, tries=5):
    """Ask again after a loud error that names a missing file; any other is a failure."""
    for _ in range(tries):
        try:
            return ask()
        except Exception as error:
            if not any(words in f"{type(error).__name__} {error}" for words in GONE):
                raise
            time.sleep(0.05)
    raise AssertionError("a retry did not mend it")


def test_five_engines_agree_before_and_after_compaction(project):
    project.ingest_in_parts(5, files_each=4)
    names = [name for name in ENGINES if name != "spark" or HAS_SPARK]
    before = {name: ENGINES[name](project.warehouse.records) for name in names}
    assert all(answer == before["pyarrow"] for answer in before.values()), before
    assert before["pyarrow"][0] == 20
    project.compact()
    assert {name: ENGINES[name](project.warehouse.records) for name in names} == before
