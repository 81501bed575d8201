"""The table in `deliveries/`, for `verify`: every delivery of every run once, as the ledger has it.

The rows of a run lie together, in the part that it wrote or in one that compaction merged of several; each part is read
once. Promised: memory is bounded by some thousand rows and a name for each run. Not compared: where a file is now,
which changes after its row was written (a rejected file is put back, an original is forgotten).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import groupby, zip_longest
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from flows.deliveries import rows_of
from flows.storage.ledger_deliveries import WrittenDeliveries

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from flows.storage.ledger import Ledger
    from flows.storage.ledger_deliveries import RunPart
    from flows.storage.warehouse import Warehouse
    from flows.upkeep.verification import Verification

_COMPARED = ["batch_id", "path", "is_member", "record_id", "outcome", "reason"]
_A_PART = re.compile(r"run_date=\d{4}-\d\d-\d\d/[0-9a-f]{32}\.parquet")


@dataclass(slots=True)
class Amiss:
    """What is not right in the table: parts, each with why; the runs that no right part tells of.

    older: parts that tell of runs which the ledger does not know. strays: files that are no parts.
    """

    parts: dict[str, str] = field(default_factory=dict)
    missing: list[RunPart] = field(default_factory=list)
    older: list[str] = field(default_factory=list)
    strays: list[str] = field(default_factory=list)


def check_deliveries(ledger: Ledger, warehouse: Warehouse, found: Verification) -> None:
    """Compare the rows of each run with the ledger, and name what else lies there."""
    unwritten = WrittenDeliveries(ledger).count_unwritten_batches()
    if unwritten:
        sentence = f"{unwritten:,} batch(es) are not in it. The next run, or --repair, writes them."
        found.add("deliveries-unwritten", "deliveries", sentence)
    amiss = what_is_amiss(ledger, warehouse)
    for part, why in amiss.parts.items():
        found.add("deliveries-differ", f"deliveries/{part}", f"{why} --repair writes it anew.")
    told = {part.partition("/")[0] for part in amiss.parts}
    for run in amiss.missing:
        # Where a part of that day is not right, the run may be in it.
        if run.part.partition("/")[0] not in told:
            found.add("deliveries-differ", f"deliveries/{run.part}", "It is gone. --repair writes it anew.")
    for path in amiss.strays:
        found.add("file-stray", f"deliveries/{path}", "It is no part; readers may stumble over it. Move it away.")
    if amiss.older:
        number = len(amiss.older)
        found.notes.append(f"{number:,} part(s) of deliveries/ tell of runs from before the ledger was made anew.")


def what_is_amiss(ledger: Ledger, warehouse: Warehouse) -> Amiss:
    """Compare the table with what the ledger says should be in it."""
    runs = {run.run_id: run for run in WrittenDeliveries(ledger).written_runs()}
    in_hand = WrittenDeliveries(ledger).runs_in_hand()
    amiss, told = Amiss(), set[str]()
    for part in sorted(warehouse.delivery_files()):
        if not _A_PART.fullmatch(part):
            amiss.strays.append(part)
            continue
        seen: set[str] = set()
        why = _compare(warehouse.deliveries / part, runs, told, seen, ledger)
        if why:
            amiss.parts[part] = why
        else:
            told |= seen
        if seen - runs.keys() - in_hand:
            amiss.older.append(part)
    for run in runs.values():
        if run.run_id not in told and next(rows_of(ledger, run), None) is not None:
            amiss.missing.append(run)
    return amiss


def _compare(part: Path, runs: dict[str, RunPart], told: set[str], seen: set[str], ledger: Ledger) -> str:
    """Say how a part differs from what the ledger knows of its runs, nothing where it does not; `seen`: its runs."""
    import pyarrow as pa  # noqa: PLC0415 - half a second that other commands need not pay

    try:
        for run_id, rows in groupby(_rows(part), key=lambda row: row[0]):
            if run_id in told or run_id in seen:
                return f"It tells once more of the run {run_id}."
            seen.add(run_id)
            run = runs.get(run_id)
            if run is None:
                continue
            wanted = map(attrgetter(*_COMPARED), rows_of(ledger, run))
            for number, (there, known) in enumerate(zip_longest((row[1:] for row in rows), wanted), 1):
                if there != known:
                    path = (there or known or ("", "?"))[1]
                    return f"Row {number:,} of the run {run_id} ({path}) is not as the ledger has it."
    except (pa.ArrowException, KeyError, OSError) as error:
        return f"It cannot be read: {error}."
    return ""


def _rows(part: Path) -> Iterator[tuple[Any, ...]]:
    """Give the rows of a part, the run's id and what is compared."""
    import pyarrow.parquet as pq  # noqa: PLC0415 - see above

    names = ["run_id", *_COMPARED]
    with part.open("rb") as source, pq.ParquetFile(source) as file:
        for batch in file.iter_batches(columns=names):
            columns = {name: batch.column(name).to_pylist() for name in names}
            yield from zip(*columns.values(), strict=True)
