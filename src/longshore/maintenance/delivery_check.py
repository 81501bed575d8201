"""The delivery log compared with the ledger: every delivery of every run is in it exactly once.

Promised: nothing is written, and memory is bounded by one row group.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import groupby, zip_longest
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from longshore.ingestion.delivery_log import rows_of
from longshore.storage.ledger.queries import unwritten_run_ids, written_runs

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from longshore.storage.ledger.batches import Ledger
    from longshore.storage.ledger.queries import RunPart
    from longshore.storage.stores.interface import Warehouse

_COMPARED = ["batch_id", "path", "is_member", "record_id", "outcome", "reason"]
_A_PART = re.compile(r"run_date=\d{4}-\d\d-\d\d/[0-9a-f]{32}\.parquet")


@dataclass(slots=True)
class LogFaults:
    """Faults of the delivery log: wrong parts with the reason, and runs that no correct part holds.

    older: parts with runs that the ledger does not know. strays: files that are not parts.
    """

    parts: dict[str, str] = field(default_factory=dict)
    missing: list[RunPart] = field(default_factory=list)
    older: list[str] = field(default_factory=list)
    strays: list[str] = field(default_factory=list)


def compare_delivery_log(ledger: Ledger, warehouse: Warehouse) -> LogFaults:
    """Compare the delivery log with what the ledger says should be in it."""
    runs = {run.run_id: run for run in written_runs(ledger)}
    unwritten = unwritten_run_ids(ledger)
    faults, correct = LogFaults(), set[str]()
    for part in sorted(warehouse.delivery_files()):
        if not _A_PART.fullmatch(part):
            faults.strays.append(part)
            continue
        seen: set[str] = set()
        with warehouse.local(f"deliveries/{part}") as path:
            fault = _compare_part(path, runs, correct, seen, ledger)
        if fault:
            faults.parts[part] = fault
        else:
            correct |= seen
        if seen - runs.keys() - unwritten:
            faults.older.append(part)
    for run in runs.values():
        if run.run_id not in correct and next(rows_of(ledger, run), None) is not None:
            faults.missing.append(run)
    return faults


def _compare_part(part: Path, runs: dict[str, RunPart], correct: set[str], seen: set[str], ledger: Ledger) -> str:
    """Describe how a part differs from the ledger, or return an empty string; add the runs of the part to `seen`."""
    import pyarrow as pa  # noqa: PLC0415 - half a second that other commands need not pay

    try:
        for run_id, rows in groupby(_rows(part), key=lambda row: row[0]):
            if run_id in correct or run_id in seen:
                return f"It holds the run {run_id} a second time."
            seen.add(run_id)
            run = runs.get(run_id)
            if run is None:
                continue
            wanted = map(attrgetter(*_COMPARED), rows_of(ledger, run))
            for number, (there, known) in enumerate(zip_longest((row[1:] for row in rows), wanted), 1):
                if there != known:
                    path = (there or known or ("", "?"))[1]
                    return f"Row {number:,} of the run {run_id} ({path}) differs from the ledger."
    except (pa.ArrowException, KeyError, OSError) as error:
        return f"It cannot be read: {error}."
    return ""


def _rows(part: Path) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of a part: the id of the run, then the compared columns."""
    import pyarrow.parquet as pq  # noqa: PLC0415 - see above

    names = ["run_id", *_COMPARED]
    with part.open("rb") as source, pq.ParquetFile(source) as file:
        for batch in file.iter_batches(columns=names):
            columns = {name: batch.column(name).to_pylist() for name in names}
            yield from zip(*columns.values(), strict=True)
