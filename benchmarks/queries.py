"""Compare sizes of row groups and pages, compressions, and bloom filters by the queries that readers run.

Writes one part of the size that compaction makes, in several layouts, and asks each the four questions that people
ask: one language, one month, one id, counts by language and month. For each it says the file's size, the processor
time in DuckDB and Polars (best of several: other work on the machine disturbs it least), and how many bytes
statistics cannot rule out, which is what a reader on slow storage pays.

    python benchmarks/queries.py --rows 60000 [--texts FOLDER]

The texts are made of a fixed vocabulary by Zipf's law, or cut from the UTF-8 files of FOLDER, which compress as real
texts do.
"""

import argparse
import datetime as dt
import hashlib
import os
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from longshore.storage.schema import RECORDS, SORTED_BY, part_options

Ranges = dict[str, tuple[Any, Any] | None]
Question = tuple[tuple[str, ...], Ranges]

LANGUAGES = {"en": 40, "de": 15, "es": 12, "fr": 10, "ru": 6, "zh": 5, "pt": 4, "it": 3, "und": 2, "ja": 2, "pl": 1}
DAYS = 365 * 2
FIRST_DAY = dt.date(2023, 1, 1)


def main() -> None:
    """Print a table, a line a layout."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=60_000)
    parser.add_argument("--texts", type=Path)
    parser.add_argument("--repeat", type=int, default=5)
    options = parser.parse_args()
    table = make_rows(options.rows, options.texts)
    print(f"{table.num_rows:,} rows, {table.nbytes / 2**20:,.0f} MiB in memory\n")
    print("| layout | MiB | written s | " + " | ".join(f"{q} DuckDB / Polars ms | {q} MiB" for q in QUESTIONS) + " |")
    print("| --- | --- | --- |" + " --- | --- |" * len(QUESTIONS))
    with tempfile.TemporaryDirectory() as folder:
        for name, layout in layouts().items():
            path = Path(folder) / "records" / "ingest_date=2026-11-21" / "part.parquet"
            path.parent.mkdir(parents=True, exist_ok=True)
            began = time.process_time()
            write(path, table, **layout)
            seconds = time.process_time() - began
            cells = [f"{name} | {path.stat().st_size / 2**20:.1f} | {seconds:.2f}"]
            for ask in QUESTIONS.values():
                record_id = table["record_id"][table.num_rows // 3].as_py()
                duck = best(lambda ask=ask, p=path, i=record_id: ask_duckdb(p, ask, i), options.repeat)
                polar = best(lambda ask=ask, p=path, i=record_id: ask_polars(p, ask, i), options.repeat)
                cells.append(f"{duck * 1000:.1f} / {polar * 1000:.1f} | {needed(path, ask, record_id) / 2**20:.2f}")
            print("| " + " | ".join(cells) + " |", flush=True)
            path.unlink()


def layouts() -> dict[str, dict[str, Any]]:
    """Return the layouts: one thing at a time varied around what is chosen."""
    found = {f"groups of {rows:,}": {"group_rows": rows} for rows in (2_048, 8_192, 16_384, 65_536)}
    found["unsorted"] = {"shuffled": True}
    found |= {f"pages of {size // 1024} KiB": {"data_page_size": size} for size in (64 * 1024, 256 * 1024)}
    found |= {f"zstd {level}": {"compression_level": level} for level in (1, 3, 6, 9)}
    found["bloom filter on record_id"] = {"bloom_filter_options": {"record_id": {"ndv": 16_384}}}
    return found


def write(path: Path, table: pa.Table, group_rows: int = 16_384, *, shuffled: bool = False, **changes: Any) -> None:  # noqa: ANN401 - what pyarrow takes
    """Write a part in one layout."""
    if shuffled:
        order = list(range(table.num_rows))
        random.Random(1).shuffle(order)
        table = table.take(pa.array(order))
    settings = part_options(table.schema) | changes
    with pq.ParquetWriter(path, table.schema, **settings) as writer:
        for start in range(0, table.num_rows, group_rows):
            writer.write_table(table.slice(start, group_rows), row_group_size=group_rows)


# The questions: columns that are read, and the range that each filtered column must meet.
MONTH = (dt.date(2024, 3, 1), dt.date(2024, 3, 31))
QUESTIONS: dict[str, Question] = {
    "one language": (("record_id", "title", "published_date", "language"), {"language": ("pl", "pl")}),
    "one month": (("record_id", "title", "language", "published_date"), {"published_date": MONTH}),
    "one id": (("record_id", "text"), {"record_id": None}),
    "counts": (("language", "published_date"), {}),
}


def ask_duckdb(path: Path, ask: Question, record_id: str) -> int:
    """Ask in SQL; give the number of rows that came."""
    import duckdb

    columns, ranges = ask
    where = " AND ".join(f"{c} BETWEEN '{a}' AND '{b}'" for c, (a, b) in filled(ranges, record_id).items()) or "true"
    with duckdb.connect(config={"threads": 1}) as db:
        if not ranges:
            query = "language, date_trunc('month', published_date), count(*) FROM '{}' GROUP BY ALL"
            return len(db.execute("SELECT " + query.format(path)).fetchall())
        return len(db.execute(f"SELECT {', '.join(columns)} FROM '{path}' WHERE {where}").fetchall())


def ask_polars(path: Path, ask: Question, record_id: str) -> int:
    """Ask by a lazy scan; give the number of rows that came."""
    import polars as pl

    columns, ranges = ask
    frame = pl.scan_parquet(path)
    if not ranges:
        month = pl.col("published_date").dt.truncate("1mo")
        return frame.group_by("language", month).agg(pl.len()).collect().height
    for column, (low, high) in filled(ranges, record_id).items():
        frame = frame.filter(pl.col(column).is_between(pl.lit(low), pl.lit(high)))
    return frame.select(columns).collect().height


def needed(path: Path, ask: Question, record_id: str) -> int:
    """Return the bytes of the row groups that statistics cannot rule out, in the columns that are read."""
    columns, ranges = ask
    metadata = pq.read_metadata(path)
    total = 0
    for index in range(metadata.num_row_groups):
        group = metadata.row_group(index)
        chunks = {group.column(i).path_in_schema: group.column(i) for i in range(group.num_columns)}
        if all(
            chunks[column].statistics is not None
            and chunks[column].statistics.has_min_max
            and chunks[column].statistics.min <= high
            and chunks[column].statistics.max >= low
            for column, (low, high) in filled(ranges, record_id).items()
        ):
            total += sum(chunks[column].total_compressed_size for column in columns)
    return total


def filled(ranges: Ranges, record_id: str) -> dict[str, tuple[Any, Any]]:
    """Put the id that is looked for into the ranges."""
    return {column: span or (record_id, record_id) for column, span in ranges.items()}


def best(act: Callable[[], object], repeat: int) -> float:
    """Return the shortest of several processor times, in seconds."""
    times = []
    for _ in range(repeat):
        began = time.process_time()
        act()
        times.append(time.process_time() - began)
    return min(times)


def make_rows(count: int, folder: Path | None) -> pa.Table:
    """Make records of a plausible spread: languages by weight, half of them dated, texts of some kilobytes."""
    chance = random.Random(7)
    texts = texts_of(folder, chance) if folder else made_texts(chance)
    rows = []
    for number in range(count):
        text = next(texts)
        record_id = hashlib.sha256(str(number).encode()).hexdigest()
        dated = chance.random() < 0.5
        values = {
            "record_id": record_id,
            "source_path": f"feed/{number // 1000:04d}/{number:07d}.txt",
            "source_bytes": len(text) + 20,
            "source_modified_at": dt.datetime(2026, 11, 21, tzinfo=dt.UTC) - dt.timedelta(seconds=number),
            "text": text,
            "title": text[: text.find("\n")][:80] if chance.random() < 0.4 else None,
            "published_date": FIRST_DAY + dt.timedelta(days=chance.randrange(DAYS)) if dated else None,
            "date_status": "parsed" if dated else "none",
            "date_precision": "day" if dated else None,
            "language": chance.choices(list(LANGUAGES), list(LANGUAGES.values()))[0],
            "script": "Latn",
            "language_confidence": round(chance.random(), 2),
            "language_candidates": [{"language": "en", "confidence": 0.9}],
            "encoding": "utf-8",
            "encoding_method": "utf-8",
            "encoding_confidence": 1.0,
            "replacement_chars": 0,
            "repairs": [],
            "text_sha256": hashlib.sha256(text.encode()).hexdigest(),
            "char_count": len(text),
            "word_count": text.count(" ") + 1,
            "line_count": text.count("\n") + 1,
            "normaliser_version": "1",
            "batch_id": f"{number // 500:032x}",
            "ingested_at": dt.datetime(2026, 11, 21, tzinfo=dt.UTC),
        }
        rows.append({field.name: values.get(field.name) for field in RECORDS})
    rows.sort(key=lambda row: tuple(str(row[name] or "") for name in SORTED_BY))
    return pa.Table.from_pylist(rows, schema=RECORDS)


def made_texts(chance: random.Random) -> Iterator[str]:
    """Return texts without end, of made words."""
    letters = "etaoinshrdlucmfwypvbgk"
    words = ["".join(chance.choices(letters, k=chance.randint(2, 11))) for _ in range(20_000)]
    weights = [1 / (rank + 3) for rank in range(len(words))]
    while True:
        yield " ".join(chance.choices(words, weights, k=chance.randint(60, 500)))


def texts_of(folder: Path, chance: random.Random) -> Iterator[str]:
    """Return texts without end, cut from real ones."""
    whole = []
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            try:
                whole.append(path.read_text(encoding="utf-8"))
            except UnicodeDecodeError:
                continue
    joined = "\n".join(whole)
    start = 0
    while True:
        cut = joined[start : start + chance.randint(300, 4000)].replace("\0", "")
        yield cut
        start += len(cut)
        if start >= len(joined):
            # Once they are used up: the same words in another order, so that nothing is found again at length.
            words = joined.split(" ")
            chance.shuffle(words)
            joined, start = " ".join(words), 0


if __name__ == "__main__":
    os.nice(5)
    main()
