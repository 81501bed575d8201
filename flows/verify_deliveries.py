"""The table in `deliveries/`, for `verify`: every delivery of every run once, as the ledger has it.

Promised: memory is bounded by some thousand rows. Not compared: where a file is now, which changes after its row was
written (a rejected file is put back, an original is forgotten).
"""

from __future__ import annotations

import re
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from flows.deliveries import rows_of, unwritten_batches, written_runs

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from flows.deliveries import RunPart
    from flows.storage.ledger import Ledger
    from flows.storage.warehouse import Warehouse
    from flows.verification import Verification

_COMPARED = ["batch_id", "path", "is_member", "record_id", "outcome", "reason"]
_A_PART = re.compile(r"run_date=\d{4}-\d\d-\d\d/[0-9a-f]{32}\.parquet")


def check_deliveries(ledger: Ledger, warehouse: Warehouse, found: Verification) -> None:
    """Compare the part of each run with the ledger, and name what else lies there."""
    unwritten = unwritten_batches(ledger)
    if unwritten:
        sentence = f"{unwritten:,} batch(es) are not in it. The next run, or --repair, writes them."
        found.add("deliveries-unwritten", "deliveries", sentence)
    known = set()
    for run in written_runs(ledger):
        known.add(run.part)
        why = what_is_amiss(ledger, warehouse, run)
        if why:
            found.add("deliveries-differ", f"deliveries/{run.part}", f"{why} --repair writes it anew.")
    strangers = set(warehouse.delivery_files()) - known
    for path in sorted(strangers):
        if not _A_PART.fullmatch(path):
            found.add("file-stray", f"deliveries/{path}", "It is no part; readers may stumble over it. Move it away.")
    older = sum(1 for path in strangers if _A_PART.fullmatch(path))
    if older:
        found.notes.append(f"{older:,} part(s) of deliveries/ tell of runs from before the ledger was made anew.")


def what_is_amiss(ledger: Ledger, warehouse: Warehouse, run: RunPart) -> str:
    """Say how the part of a run differs from what the ledger knows of it; nothing where it does not."""
    import pyarrow as pa  # noqa: PLC0415 - half a second that other commands need not pay

    wanted = (tuple(row[name] for name in _COMPARED) for row in rows_of(ledger, run))
    try:
        for number, (there, known) in enumerate(zip_longest(_rows(warehouse.deliveries / run.part), wanted), 1):
            if there != known:
                path = (there or known or ("", "?"))[1]
                return f"Its row {number:,} ({path}) is not as the ledger has it."
    except FileNotFoundError:
        return "It is gone."
    except (pa.ArrowException, KeyError, OSError) as error:
        return f"It cannot be read: {error}."
    return ""


def _rows(part: Path) -> Iterator[tuple[Any, ...]]:
    import pyarrow.parquet as pq  # noqa: PLC0415 - see above

    with part.open("rb") as source, pq.ParquetFile(source) as file:
        for batch in file.iter_batches(columns=_COMPARED):
            columns = {name: batch.column(name).to_pylist() for name in _COMPARED}
            yield from zip(*columns.values(), strict=True)
