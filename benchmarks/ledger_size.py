"""Cost of the ledger: for a file while it is ingested, and for a new run once it remembers millions of files.

    python benchmarks/ledger_size.py [--deliveries 10000000] [--url postgresql+psycopg://...] [--folder DIR]

Measures the steps of the protocol for 20,000 files in batches of 500; then fills an SQLite ledger with as many
deliveries (in random order of their ids, as they come in life: a tree filled in order would be a third smaller) and
compares what a run over 1,000 new files asks of it with what it asks of an empty one (medians of five runs each).
"""

from __future__ import annotations

import argparse
import datetime as dt
import hashlib
import os
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
from longshore.records import Batch, Delivery, LandedFile, Outcome, Source
from longshore.storage.ledger.batches import Ledger
from longshore.storage.ledger.runs import begin_run
from longshore.storage.ledger.tables import row_check

BATCH = 500
# Another's work on the machine must not be taken for ours.
RUNS = 5
NOW = dt.datetime(2026, 11, 21, 8, 0, tzinfo=dt.UTC)


def record_id(number: int, kind: str = "old") -> bytes:
    """Return the id of a source that nobody else has."""
    return hashlib.sha256(f"{kind} {number}".encode()).digest()


def path(number: int) -> str:
    """Return a path as feeds name their files."""
    return f"agency-{number % 40:02d}/2026/{number % 365:03d}/article-{number:09d}.txt"


def batch_of(first: int, kind: str) -> Batch:
    """Return a batch of new files, nine in ten of them new sources."""
    files = [
        LandedFile(path(n), 4000 + n % 5000, 1_763_000_000_000_000_000 + n, 40_000_000 + n)
        for n in range(first, first + BATCH)
    ]
    ids = [record_id(first + index, kind).hex() for index in range(BATCH)]
    deliveries = [
        Delivery(
            file,
            one,
            Outcome.PUBLISHED if n % 10 else Outcome.DUPLICATE,
            None,
            None if n % 10 else "Its record exists already.",
        )
        for n, (file, one) in enumerate(zip(files, ids, strict=True))
    ]
    sources = [Source(d.file, d.record_id or "") for d in deliveries if d.outcome is Outcome.PUBLISHED]
    batch_id = hashlib.sha256(f"{kind}{first}".encode()).hexdigest()[:32]
    part = f"ingest_date=2026-11-21/{batch_id}.parquet"
    return Batch(batch_id, tuple(sources), tuple(deliveries), NOW, part)


def protocol(ledger: Ledger, files: int, kind: str) -> dict[str, float]:
    """Carry new files through the ledger's steps; return the microseconds a file of each."""
    spent = {"owners": 0.0, "claim": 0.0, "staged": 0.0, "finalized": 0.0}
    for first in range(0, files, BATCH):
        batch = batch_of(first, kind)
        began = time.perf_counter()
        ledger.owners({d.record_id for d in batch.deliveries if d.record_id})
        owned = time.perf_counter()
        number = ledger.claim(batch, 1)
        claimed = time.perf_counter()
        # One file in fifty turns out to be no text.
        refused = [d for d in batch.deliveries if d.outcome is Outcome.PUBLISHED][::50]
        changed = [Delivery(d.file, d.record_id, Outcome.REJECTED, "BINARY", "It holds NUL bytes.") for d in refused]
        ledger.mark_staged(number, batch.part, 440, 1_000_000, "ab" * 32, changed, [d.record_id or "" for d in refused])
        staged = time.perf_counter()
        ledger.mark_finalized(number, {}, [], NOW, after_ingest="archive")
        finalized = time.perf_counter()
        for step, seconds in zip(
            spent, (owned - began, claimed - owned, staged - claimed, finalized - staged), strict=True
        ):
            spent[step] += seconds
    return {step: seconds / files * 1e6 for step, seconds in spent.items()}


def fill(file: Path, deliveries: int) -> None:
    """Write deliveries straight into the tables of a new ledger."""
    Ledger(f"sqlite:///{file}").close()
    db = sqlite3.connect(file)
    db.create_function("longshore_check", -1, row_check, deterministic=True)
    for pragma in ("journal_mode = OFF", "synchronous = OFF", "cache_size = -3000000"):
        db.execute(f"PRAGMA {pragma}")

    def rows(batch: int) -> Iterator[tuple[object, ...]]:
        for n in range(batch * BATCH, (batch + 1) * BATCH):
            outcome, detail = ("published", None) if n % 10 else ("duplicate", "Its record exists already.")
            yield (
                batch + 1,
                path(n),
                0,
                4000 + n % 5000,
                1_763_000_000_000_000_000 + n,
                40_000_000 + n,
                record_id(n),
                outcome,
                detail,
            )

    for batch in range(deliveries // BATCH):
        batch_id = hashlib.sha256(str(batch).encode()).hexdigest()[:32]
        db.execute(
            "INSERT INTO batches (batch_id, run_no, state, part, rows, part_bytes, part_sha256, published, "
            "duplicates, rejected, ingested_at, finalized_at, after_ingest) "
            "VALUES (?, ?, 'finalized', ?, 450, 1000000, ?, 450, 50, 0, "
            "'2026-11-21 08:00:00.000000', '2026-11-21 08:00:00.000000', 'archive')",
            (batch_id, batch // 20 + 1, f"ingest_date=2026-11-21/{batch_id}.parquet", record_id(batch, "part")),
        )
        found = list(rows(batch))
        db.executemany(
            "INSERT INTO deliveries (batch_no, path, is_member, size, modified_ns, inode, record_id, outcome, detail) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            found,
        )
        db.executemany(
            "INSERT INTO sources VALUES (?, ?)", [(row[6], row[0]) for row in found if row[7] == "published"]
        )
    for run in range(deliveries // BATCH // 20):
        db.execute(
            "INSERT INTO runs (run_id, kind, state, started_at, ended_at, host, pid, summary) VALUES "
            "(?, 'ingest', 'completed', '2026-11-21 08:00:00.000000', '2026-11-21 08:00:00.000000', 'quay', 1, ?)",
            (f"{run:032x}", "x" * 1200),
        )
    db.commit()
    db.close()
    # What was filled is brought to the disk here, and not by the first who opens it.
    with file.open("rb") as filled:
        os.fsync(filled.fileno())
    Ledger(f"sqlite:///{file}").close()


def run_over(url: str, files: int, kind: str) -> dict[str, float]:
    """Run the ledger steps of a run over new files; return the seconds of each step."""
    spent: dict[str, float] = {}

    def clock(name: str, began: float) -> float:
        now = time.perf_counter()
        spent[name] = now - began
        return now

    at = time.perf_counter()
    with Ledger(url) as ledger:
        at = clock("open", at)
        begin_run(ledger, kind, "ingest", NOW)
        ledger.unfinished()
        ledger.is_empty()
        at = clock("begin", at)
        new = {record_id(n, kind).hex() for n in range(files)}
        at = time.perf_counter()
        ledger.owners(new)
        at = clock(f"look up {files:,}", at)
        known = {record_id(n * 7 + 1).hex() for n in range(files)}
        at = time.perf_counter()
        ledger.owners(known)
        at = clock(f"look up {files:,} old ones", at)
        ledger.counts()
        at = clock("counts", at)
        each = protocol(ledger, files, kind)
        spent[f"write {files:,}"] = sum(each.values()) * files / 1e6
    return spent


def median_run(file: Path, *, forget: bool = False) -> dict[str, float]:
    """Return the median of each step in several runs, each over new files; `forget`: in a new ledger each time."""
    runs = []
    for number in range(RUNS):
        if forget:
            for ending in ("", "-wal", "-shm"):
                Path(f"{file}{ending}").unlink(missing_ok=True)
        runs.append(run_over(f"sqlite:///{file}", 1000, f"run {number}"))
    return {step: statistics.median(run[step] for run in runs) for step in runs[0]}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--deliveries", type=int, default=2_000_000)
    parser.add_argument("--url", help="measure the protocol on this ledger only")
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    if options.url:
        with Ledger(options.url) as ledger:
            print_protocol(protocol(ledger, 20_000, str(time.time_ns())))
        return
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        empty, full = (Path(folder, name) for name in ("empty.sqlite3", "full.sqlite3"))
        with Ledger(f"sqlite:///{empty}") as ledger:
            print_protocol(protocol(ledger, 20_000, "first"))
        empty.unlink()
        began = time.perf_counter()
        fill(full, options.deliveries)
        size = full.stat().st_size
        print(
            f"\n{options.deliveries:,} deliveries: {size / 1e9:.2f} GB, {size / options.deliveries:.0f} bytes each "
            f"(filled in {time.perf_counter() - began:.0f} s)"
        )
        before, after = median_run(empty, forget=True), median_run(full)
        print(f"{'a run over 1,000 new files':32}{'empty ledger':>14}{'this ledger':>14}")
        for step, seconds in before.items():
            print(f"{step:32}{seconds * 1000:11.1f} ms{after[step] * 1000:11.1f} ms")
        print(f"{'together':32}{sum(before.values()) * 1000:11.1f} ms{sum(after.values()) * 1000:11.1f} ms")


def print_protocol(each: dict[str, float]) -> None:
    """Print the microseconds a file."""
    print("20,000 files in batches of 500, microseconds a file:")
    print(
        "  " + ", ".join(f"{step} {cost:.1f}" for step, cost in each.items()) + f"; together {sum(each.values()):.1f}"
    )


if __name__ == "__main__":
    main()
