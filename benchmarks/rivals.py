"""The programs that a user would write instead of Longshore, with the same libraries: the things to beat.

    python benchmarks/rivals.py loop|flow|floor FOLDER OUT.parquet

loop   one loop over the files: decode, ftfy, a date line, langdetect, one Parquet file
flow   the usual Prefect form of it: a task run for each file
floor  the least that anyone must do: stat, read, SHA-256, rename, zstd Parquet; no decision about any text
"""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import re
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

DATE_LINE = re.compile(r"\s*(?:date:?\s+)?(\d{4}-\d{2}-\d{2})\s*\n", re.IGNORECASE)


def normalise_simply(path: Path) -> dict[str, Any]:
    """Do what most first versions do with a file."""
    import ftfy
    from charset_normalizer import from_bytes
    from langdetect import DetectorFactory, LangDetectException, detect_langs

    DetectorFactory.seed = 0
    raw = path.read_bytes()
    row: dict[str, Any] = {"path": str(path), "encoding": "utf-8", "date": None, "language": None, "confidence": None}
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        best = from_bytes(raw).best()
        row["encoding"] = best.encoding if best else "latin-1"
        text = str(best) if best else raw.decode("latin-1")
    text = ftfy.fix_text(text, uncurl_quotes=False)
    if found := DATE_LINE.match(text):
        row["date"], text = dt.date.fromisoformat(found[1]), text[found.end() :]
    try:
        guess = detect_langs(text)[0]
        row["language"], row["confidence"] = guess.lang, guess.prob
    except LangDetectException:
        pass
    return {**row, "text": text.strip()}


def _files(folder: str) -> list[Path]:
    return sorted(path for path in Path(folder).rglob("*") if path.is_file())


def loop(folder: str, out: str) -> None:
    """One loop, one Parquet file."""
    pq.write_table(pa.Table.from_pylist([normalise_simply(path) for path in _files(folder)]), out)


def flow(folder: str, out: str) -> None:
    """A Prefect task run for each file."""
    from prefect import flow as prefect_flow
    from prefect import task

    one = task(normalise_simply)

    @prefect_flow(log_prints=False)
    def ingest() -> None:
        rows = [future.result() for future in one.map(_files(folder))]
        pq.write_table(pa.Table.from_pylist(rows), out)

    ingest()


def floor(folder: str, out: str) -> None:
    """Read, hash, move and write: no decision at all."""
    rows: dict[str, list[Any]] = {"id": [], "path": [], "size": [], "text": []}
    archive = Path(f"{out}.archive")
    for folder_name, _, names in os.walk(folder):
        target = f"{archive}/{os.path.relpath(folder_name, folder)}"
        Path(target).mkdir(parents=True, exist_ok=True)
        for name in names:
            path = f"{folder_name}/{name}"
            fd = os.open(path, os.O_RDONLY)
            size = os.fstat(fd).st_size
            raw = os.read(fd, size)
            os.close(fd)
            rows["id"].append(hashlib.sha256(raw).hexdigest())
            rows["path"].append(path)
            rows["size"].append(size)
            rows["text"].append(raw)
            os.rename(path, f"{target}/{name}")  # noqa: PTH104 - the floor makes no object it can do without
    pq.write_table(pa.table(rows), out, compression="zstd")


if __name__ == "__main__":
    {"loop": loop, "flow": flow, "floor": floor}[sys.argv[1]](*sys.argv[2:])
