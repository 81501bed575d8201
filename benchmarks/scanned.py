"""How much of a part do DuckDB and Polars really read, for the questions that people ask?

A part is written as compaction writes it, and once more with its rows in no order. Both engines read it through a door
that writes down each range of bytes that was asked for: DuckDB by a file system of its own, Polars from a small server.
Bytes: of these ranges, the footer included. Rows: of the row groups that any of them touches. Nothing here is a time.
"""

from __future__ import annotations

import argparse
import http.server
import re
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from fsspec.implementations.local import LocalFileSystem
from queries import QUESTIONS, Question, filled, make_rows, write

from longshore.storage.parquet import GROUP_ROWS, SortedPart

Range = tuple[int, int]
# DuckDB seeks and reads in two steps, and now and then another of its threads moves the same Python file in between.
_TRIES = 5


def main() -> None:
    """Print a table, a line a question."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=40_000)
    parser.add_argument("--texts", type=Path)
    options = parser.parse_args()
    table = make_rows(options.rows, options.texts)
    record_id = table["record_id"][table.num_rows // 3].as_py()
    with tempfile.TemporaryDirectory() as folder:
        chosen, unsorted = Path(folder) / "part.parquet", Path(folder) / "unsorted.parquet"
        part = SortedPart(chosen, Path(folder))
        part.add(table)
        part.finish()
        write(unsorted, table, GROUP_ROWS, shuffled=True)
        print(f"{table.num_rows:,} rows, {chosen.stat().st_size / 2**20:.1f} MiB\n")
        print("| question | DuckDB: rows, MiB | Polars: rows, MiB | unsorted, DuckDB: rows, MiB | Polars: rows, MiB |")
        print("| --- | --- | --- | --- | --- |")
        for name, ask in QUESTIONS.items():
            cells = [
                scanned(path, engine(path, ask, record_id))
                for path in (chosen, unsorted)
                for engine in (ranges_of_duckdb, ranges_of_polars)
            ]
            print(f"| {name} | " + " | ".join(f"{rows:,}, {size / 2**20:.2f}" for rows, size in cells) + " |")


def scanned(path: Path, ranges: list[Range]) -> tuple[int, int]:
    """Return the rows of the row groups that some range touches, and the bytes of all of them, each counted once."""
    metadata = pq.read_metadata(path)
    rows = 0
    for index in range(metadata.num_row_groups):
        group = metadata.row_group(index)
        chunks = [group.column(number) for number in range(group.num_columns)]
        starts = [chunk.dictionary_page_offset or chunk.data_page_offset for chunk in chunks]
        begin = min(starts)
        end = max(start + chunk.total_compressed_size for start, chunk in zip(starts, chunks, strict=True))
        # Footer, indexes and filters lie behind all groups.
        rows += group.num_rows * any(low < end and high > begin for low, high in ranges)
    size = last = 0
    for low, high in sorted(ranges):
        size += max(0, high - max(low, last))
        last = max(last, high)
    return rows, size


def ranges_of_duckdb(path: Path, ask: Question, record_id: str) -> list[Range]:
    """Ask in SQL."""
    import duckdb

    ranges: list[Range] = []

    class File:
        def __init__(self, file: Any) -> None:  # noqa: ANN401 - whatever fsspec opens
            self._file = file

        def read(self, size: int = -1) -> bytes:
            at = self._file.tell()
            data: bytes = self._file.read(size)
            ranges.append((at, at + len(data)))
            return data

        def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - all else is the file's
            return getattr(self._file, name)

    class Counted(LocalFileSystem):
        protocol = "counted"
        cachable = False

        def _open(self, path: str, mode: str = "rb", **options: Any) -> File:  # noqa: ANN401 - as fsspec has it
            return File(super()._open(path, mode, **options))

    columns, spans = ask
    where = " AND ".join(f"{c} BETWEEN '{a}' AND '{b}'" for c, (a, b) in filled(spans, record_id).items()) or "true"
    with duckdb.connect(config={"threads": 1}) as db:
        db.register_filesystem(Counted())
        source = f"read_parquet('counted://{path}')"
        if not spans:
            query = f"SELECT language, date_trunc('month', published_date), count(*) FROM {source} GROUP BY ALL"
        else:
            query = f"SELECT {', '.join(columns)} FROM {source} WHERE {where}"
        for _ in range(_TRIES):
            ranges.clear()
            try:
                db.execute(query).fetchall()
                break
            except duckdb.Error:
                continue
    return ranges


def ranges_of_polars(path: Path, ask: Question, record_id: str) -> list[Range]:
    """Ask by a lazy scan over HTTP."""
    import polars as pl

    ranges: list[Range] = []
    columns, spans = ask
    with served(path, lambda low, high: ranges.append((low, high))) as url:
        frame = pl.scan_parquet(url)
        for column, (low, high) in filled(spans, record_id).items():
            frame = frame.filter(pl.col(column).is_between(pl.lit(low), pl.lit(high)))
        month = pl.col("published_date").dt.truncate("1mo")
        (frame.select(columns) if spans else frame.group_by("language", month).agg(pl.len())).collect()
    return ranges


@contextmanager
def served(path: Path, note: Callable[[int, int], None]) -> Iterator[str]:
    """Serve one file by ranges, and note each."""
    size = path.stat().st_size

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            self._answer(200, size)

        def do_GET(self) -> None:
            asked = re.fullmatch(r"bytes=(\d*)-(\d*)", self.headers.get("Range", f"bytes=0-{size - 1}"))
            assert asked is not None
            low = int(asked[1]) if asked[1] else size - int(asked[2])
            high = min(int(asked[2]) + 1, size) if asked[1] and asked[2] else size
            note(low, high)
            with path.open("rb") as file:
                file.seek(low)
                data = file.read(high - low)
            self._answer(206, len(data), f"bytes {low}-{high - 1}/{size}")
            self.wfile.write(data)

        def _answer(self, status: int, length: int, content_range: str = "") -> None:
            self.send_response(status)
            self.send_header("Accept-Ranges", "bytes")
            self.send_header("Content-Length", str(length))
            if content_range:
                self.send_header("Content-Range", content_range)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Ignore the message."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/{path.name}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


if __name__ == "__main__":
    main()
