"""The worker's side of a batch: read each source, normalise it, stage one part.

Bad data ends as a named rejection of that file alone. A broken world (the disk is full, the warehouse is read-only)
is an exception: the batch is then as if it had never begun.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from flows.records import Brief, Reason, Record, Staged
from flows.sources import normalise_sources
from flows.storage import faults
from flows.storage.warehouse import Warehouse
from flows.text.version import NORMALISER_VERSION

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable

    import pyarrow as pa

    from flows.records import Batch, LandedFile
    from flows.sources import Work, WorkOrder
    from flows.storage.warehouse import StagedPart

_log = logging.getLogger(__name__)

# A run's report shows files one by one only where they are few.
_BRIEFS = 60
_SLOWEST = 5


def normalise_batch(batch: Batch, order: WorkOrder) -> Staged:
    """Turn the sources of a batch into one staged part, and say what became of each.

    Raises:
        OSError: the part could not be written; nothing of it is visible.
    """
    began = time.perf_counter()
    work = normalise_sources(batch.sources, order)
    _defer_with_the_deferred(batch, work)
    normalised = time.perf_counter()
    faults.step("normalise")
    name, rows, part_bytes, sha256 = None, 0, 0, ""
    part = None
    if work.rows:
        part = _stage(batch, order, work)
    if part is not None:
        name, rows, part_bytes, sha256 = part.name, part.rows, part.bytes, part.sha256
    records = [record for record, _, _ in work.rows]
    return Staged(
        batch_no=batch.batch_no,
        part_name=name,
        rows=rows,
        part_bytes=part_bytes,
        part_sha256=sha256,
        failed=work.failed,
        source_bytes=sum(record.source_bytes for record in records),
        seconds={"normalise": normalised - began, "stage": time.perf_counter() - normalised},
        tallies=_tallies(records),
        briefs=tuple(_brief(record, path) for record, path, _ in work.rows[:_BRIEFS]),
        dates=_date_range(records),
        slowest=tuple((path, seconds) for seconds, path in sorted(work.times, reverse=True)[:_SLOWEST]),
    )


def _defer_with_the_deferred(batch: Batch, work: Work) -> None:
    """Defer each pack that holds the bytes of something deferred: a pack is published wholly or not at all."""
    while deferred := {record_id for record_id, (reason, _) in work.failed.items() if reason is None}:
        packs = {d.file.path for d in batch.deliveries if d.member is not None and d.record_id in deferred}
        others = {s.record_id for s in batch.sources if s.member is not None and s.file.path in packs} - deferred
        if not others:
            return
        detail = "another file that holds the same bytes as one in this pack could not be read"
        work.failed |= dict.fromkeys(others, (None, detail))
        work.rows = [row for row in work.rows if row[0].record_id not in others]


def _fits(
    row: tuple[Record, str, LandedFile],
    table_of: Callable[[list[tuple[Record, str, LandedFile]]], pa.Table],
    work: Work,
) -> bool:
    """Tell whether a record can be written at all; if not, its source is rejected, and the others go on."""
    try:
        table_of([row])
    except Exception as error:
        problem = f"{type(error).__name__}: {error}"
        detail = f"Its record cannot be written ({problem}). This is a fault in Longshore: report it."
        work.failed[row[0].record_id] = (Reason.UNREADABLE, detail)
        return False
    return True


def _stage(batch: Batch, order: WorkOrder, work: Work) -> StagedPart | None:
    """Write the part; None where none of its rows could be written."""
    from flows.storage.schema import records_table  # noqa: PLC0415 - pyarrow, only where a part is written

    def table_of(rows: list[tuple[Record, str, LandedFile]]) -> pa.Table:
        return records_table(rows, batch.batch_id, batch.ingested_at, NORMALISER_VERSION)

    try:
        table = table_of(work.rows)
    except Exception:
        _log.exception("The rows of batch %s do not make a table: each is tried alone.", batch.batch_id[:12])
        work.rows = [row for row in work.rows if _fits(row, table_of, work)]
        if not work.rows:
            return None
        table = table_of(work.rows)
    return Warehouse(Path(order.warehouse)).stage(order.run_id, f"{batch.batch_id}.parquet", table, order.zstd_level)


def _tallies(records: list[Record]) -> dict[str, dict[str, int]]:
    return {
        "language": dict(Counter(record.language for record in records)),
        "encoding": dict(Counter(record.encoding for record in records)),
        "encoding_method": dict(Counter(record.encoding_method for record in records)),
        "repairs": dict(Counter("repaired" if record.repairs else "as it was" for record in records)),
        "date_status": dict(Counter(record.date_status for record in records)),
        "published_year": dict(Counter(str(r.published_date.year) for r in records if r.published_date is not None)),
    }


def _date_range(records: list[Record]) -> tuple[dt.date, dt.date] | None:
    dates = [record.published_date for record in records if record.published_date is not None]
    return (min(dates), max(dates)) if dates else None


def _brief(record: Record, path: str) -> Brief:
    return Brief(
        path=path,
        language=record.language,
        encoding=record.encoding,
        published_date=record.published_date,
        date_status=record.date_status,
        repairs=record.repairs,
        words=record.word_count,
    )
