"""One question to five engines: how many rows, characters by language, and a filtered count."""

import datetime as dt
import importlib.util
import shutil
from collections import Counter

import pytest

SINCE = dt.date(2024, 6, 1)
MORE_CHARS = 300


def duckdb_answers(folder):
    import duckdb

    parts = f"read_parquet('{folder}/ingest_date=*/[0-9a-f]*.parquet', hive_partitioning = true, union_by_name = true)"
    with duckdb.connect() as db:
        # One statement, so that one listing answers all of it.
        rows = db.execute(
            f"SELECT language, sum(char_count), count(*), count(*) FILTER "
            f"(WHERE published_date >= DATE '{SINCE}' AND char_count > {MORE_CHARS}) FROM {parts} GROUP BY language"
        ).fetchall()
    return _summed(rows)


def polars_answers(folder):
    import polars as pl

    chosen = (pl.col("published_date") >= SINCE) & (pl.col("char_count") > MORE_CHARS)
    parts = f"{folder}/ingest_date=*/[0-9a-f]*.parquet"
    frame = pl.scan_parquet(parts, hive_partitioning=True, missing_columns="insert", extra_columns="ignore")
    rows = frame.group_by("language").agg(
        pl.col("char_count").cast(pl.Int64).sum(), pl.len(), chosen.sum().alias("chosen")
    )
    return _summed(rows.collect().rows())


def pandas_answers(folder):
    import pandas as pd

    columns = ["language", "published_date", "char_count"]
    frame = pd.read_parquet(folder, columns=columns, dtype_backend="pyarrow")
    chosen = frame[(frame.published_date >= SINCE) & (frame.char_count > MORE_CHARS)]
    by_language = frame.groupby("language")["char_count"].sum()
    return len(frame), {str(key): int(value) for key, value in by_language.items()}, len(chosen)


def pyarrow_answers(folder):
    import pyarrow.compute as pc
    import pyarrow.dataset as ds

    table = ds.dataset(folder, partitioning="hive").to_table(columns=["language", "published_date", "char_count"])
    sums = Counter()
    for language, chars in zip(table["language"].to_pylist(), table["char_count"].to_pylist(), strict=True):
        sums[language] += chars
    chosen = table.filter((pc.field("published_date") >= SINCE) & (pc.field("char_count") > MORE_CHARS))
    return table.num_rows, dict(sums), chosen.num_rows


def spark_answers(folder):
    chosen = f"published_date >= DATE '{SINCE}' AND char_count > {MORE_CHARS}"
    rows = (
        spark_session()
        .read.parquet(str(folder))
        .selectExpr("language", "char_count", f"CAST({chosen} AS INT) AS chosen")
        .groupBy("language")
        .agg({"char_count": "sum", "*": "count", "chosen": "sum"})
        .selectExpr("language", "`sum(char_count)`", "`count(1)`", "coalesce(`sum(chosen)`, 0)")
        .collect()
    )
    return _summed(tuple(row) for row in rows)


def spark_session():
    from pyspark.sql import SparkSession

    return (
        SparkSession.builder.master("local[1]")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.sql.shuffle.partitions", "1")
        .config("spark.driver.host", "localhost")
        .getOrCreate()
    )


ENGINES = {
    "duckdb": duckdb_answers,
    "polars": polars_answers,
    "pandas": pandas_answers,
    "pyarrow": pyarrow_answers,
    "spark": spark_answers,
}

HAS_SPARK = bool(shutil.which("java") and importlib.util.find_spec("pyspark"))
SPARK = pytest.mark.skipif(not HAS_SPARK, reason="needs pyspark and Java")
ALL_ENGINES = [pytest.param(name, marks=SPARK) if name == "spark" else name for name in ENGINES]


def _summed(rows):
    rows = list(rows)
    return (
        sum(int(row[2]) for row in rows),
        {row[0]: int(row[1]) for row in rows},
        sum(int(row[3] or 0) for row in rows),
    )
