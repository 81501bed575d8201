"""Repair of what can be repaired without guessing: `longshore verify --repair`.

1. ledger      a missing or corrupt file is moved aside and rebuilt; nothing of the old one is deleted
2. recover     unfinished batches are finished or undone, as the next run would do
3. claims      those whose batch does not exist are deleted
4. parts       an unknown part is adopted, with the deliveries that its rows describe; if other undamaged parts hold
               all its records too, it is set aside where no reader looks
5. originals   only for a rebuilt ledger: files in `_archive/` and `_rejected/` are recorded again; an archived file
               without a record moves back to landing, for the next run
6. deliveries  the delivery log is completed, and a part that differs from the ledger is written again

A repair may die at any point: until it is run again to its end, every other command refuses.
Not promised, because it would be a guess: rows of a missing or damaged part (their originals are in the archive),
rejections without a reason file, files that `after_ingest = "keep"` left in landing (the next run reads them again and
finds duplicates), and tombstones of forgotten records.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import sqlite3
import uuid
from itertools import groupby
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from longshore.errors import LedgerError
from longshore.ingestion.delivery_log import write_again, write_deliveries
from longshore.ingestion.finalization import REASON_ENDING, archive_day, reason_name
from longshore.ingestion.project import claim_landing, ledger_url_of, refuse_other_landing, what_was_lost
from longshore.ingestion.recovery import finish_deletions, recover
from longshore.maintenance.delivery_check import compare_delivery_log
from longshore.records import GONE, LandedFile, Outcome
from longshore.storage import fault_injection
from longshore.storage.filesystem import fsync_folder, rename_no_replace
from longshore.storage.landing import MovedError
from longshore.storage.ledger import audit
from longshore.storage.ledger.audit import LedgerPart
from longshore.storage.ledger.batches import Ledger
from longshore.storage.ledger.queries import ledger_id, take_as_written
from longshore.storage.ledger.repair import (
    Adoption,
    Found,
    adopt,
    archived_on,
    begin_repair,
    day_of,
    drop_ownerless_sources,
    end_repair,
    has_members,
    lost_before,
    recorded_rejections,
    repair_marker,
)
from longshore.storage.ledger.runs import begin_run, end_run
from longshore.storage.listing import ARCHIVE, REJECTED
from longshore.storage.names import from_source_path, to_source_path

if TYPE_CHECKING:
    from collections.abc import Iterator

    from longshore.settings import Settings
    from longshore.storage.stores.interface import Landing, Warehouse

_COLUMNS = ["record_id", "source_path", "source_bytes", "source_modified_at", "batch_id", "ingested_at"]
# Originals per transaction.
_BATCH = 500


def adopt_parts(ledger: Ledger, run_no: int, warehouse: Warehouse, landing: Landing) -> Iterator[str]:
    """Adopt the parts that the ledger does not know, or set them aside; yield a sentence for each."""
    import pyarrow as pa  # noqa: PLC0415 - half a second that other commands need not pay

    known = {part.part for part in audit.parts(ledger)}
    for part in list(warehouse.parts()):
        if part in known:
            continue
        try:
            rows = _rows(warehouse, part)
        except (pa.ArrowException, KeyError, OSError):
            continue  # cannot be adopted; `verify` lists it
        homes = audit.parts_of(ledger, (row["record_id"] for row in rows))
        if not homes:
            adopt(ledger, run_no, _adoptions(part, rows, warehouse, landing))
            fault_injection.step("repair.adopted")
            yield f"The part {part} with {len(rows):,} record(s) was adopted."
        elif len(homes) == len(rows) and _all_undamaged(set(homes.values()), ledger, warehouse):
            warehouse.set_aside(part)
            yield f"The part {part} held only records that other parts hold too. It was moved to _longshore/aside."


def _rows(warehouse: Warehouse, part: str) -> list[dict[str, Any]]:
    import pyarrow.parquet as pq  # noqa: PLC0415 - as above

    with warehouse.local(f"records/{part}") as path, path.open("rb") as file:
        rows: list[dict[str, Any]] = pq.read_table(file, columns=_COLUMNS).to_pylist()
    return rows


def _adoptions(part: str, rows: list[dict[str, Any]], warehouse: Warehouse, landing: Landing) -> Iterator[Adoption]:
    """Yield the batches whose rows are in a part: one, or several after a compaction."""
    with warehouse.local(f"records/{part}") as path:
        data = path.read_bytes()
    sha256 = hashlib.sha256(data).hexdigest()
    rows = sorted(rows, key=lambda row: row["batch_id"])
    for batch_id, of_a_batch in groupby(rows, key=lambda row: row["batch_id"]):
        mine = list(of_a_batch)
        ingested_at = min(row["ingested_at"] for row in mine)
        found = [_delivery(row, archive_day(ingested_at), landing) for row in mine]
        share = LedgerPart(part, len(mine), len(data), sha256, 1)
        yield Adoption(batch_id, ingested_at, "archive", share, [row["record_id"] for row in mine], found)


def _delivery(row: dict[str, Any], day: str, landing: Landing) -> Found:
    """Return the delivery of a record; its original is found in the archive by path and size."""
    file = landing.look(f"{day}/{from_source_path(row['source_path'])}")
    modified_ns = int(row["source_modified_at"].timestamp() * 1_000_000) * 1000
    there = file is not None and file.size == row["source_bytes"]
    return Found(
        source_path=row["source_path"],
        size=row["source_bytes"],
        modified_ns=file.modified_ns if file is not None and there else modified_ns,
        record_id=row["record_id"],
        outcome=Outcome.PUBLISHED,
        finalized_as=None if there else GONE,
        # The name of a folder may end with `!` too.
        is_member="!/" in row["source_path"] and not there,
    )


def _all_undamaged(parts: set[str | None], ledger: Ledger, warehouse: Warehouse) -> bool:
    return all(warehouse.finish_publish(part.part, part.sha256) for part in audit.parts(ledger) if part.part in parts)


def record_originals(ledger: Ledger, run_no: int, landing: Landing) -> Iterator[str]:
    """Record the files in `_archive/` and `_rejected/` again, or move them to landing; yield sentences with counts."""
    recorded = moved_back = 0
    for day in landing.folders_in(ARCHIVE):
        known = archived_on(ledger, day)
        unknown = [file for file in landing.files_below(day) if file.path not in known]
        for start in range(0, len(unknown), _BATCH):
            found, without_record = _duplicates(ledger, landing, day, unknown[start : start + _BATCH])
            if found:
                adopt(ledger, run_no, [_originals_batch(day, "archive", found)])
                recorded += len(found)
            for file in without_record:
                landing.put_back(file.path, file.path[len(day) + 1 :])
                moved_back += 1
    recorded_before = recorded_rejections(ledger)
    rejected = [one for one in _rejections(landing) if (one.source_path, one.finalized_as) not in recorded_before]
    if rejected:
        adopt(ledger, run_no, [_originals_batch(REJECTED, "archive", rejected)])
    if recorded or rejected:
        yield f"{recorded:,} archived and {len(rejected):,} rejected file(s) were recorded again."
    if moved_back:
        yield f"{moved_back:,} archived file(s) without a record are back in landing, for the next run."


def _originals_batch(folder: str, after_ingest: str, found: list[Found]) -> Adoption:
    when = day_of(folder) or dt.datetime.now(dt.UTC)
    batch_id = hashlib.sha256("\n".join(one.source_path for one in found).encode()).hexdigest()[:32]
    return Adoption(batch_id, when, after_ingest, None, [], found)


def _duplicates(
    ledger: Ledger, landing: Landing, day: str, files: list[LandedFile]
) -> tuple[list[Found], list[LandedFile]]:
    """Separate archived files that have a record, or members that have one, from those without."""
    found, without_record = [], []
    digests = {file.path: digest for file in files if (digest := _sha256(landing, file)) is not None}
    owned = audit.parts_of(ledger, digests.values())
    for file in files:
        path = to_source_path(file.path[len(day) + 1 :])
        digest = digests.get(file.path)
        if digest in owned:
            found.append(Found(path, file.size, file.modified_ns, digest, Outcome.DUPLICATE))
        elif has_members(ledger, path):
            found.append(Found(path, file.size, file.modified_ns, None, Outcome.PUBLISHED))
        elif digest is not None:
            without_record.append(file)
    return found, without_record


def _rejections(landing: Landing) -> Iterator[Found]:
    """Yield the rejected files that have a reason file."""
    for file in landing.files_below(REJECTED):
        folder, _, name = file.path.rpartition("/")
        if name.endswith(REASON_ENDING):
            continue
        reason_file = landing.look(f"{folder}/{reason_name(name)}")
        try:
            if reason_file is None:
                continue
            described: dict[str, Any] = json.loads(landing.read(reason_file))
            place = (
                None if file.path == f"{REJECTED}/{from_source_path(described['path'])}" else to_source_path(file.path)
            )
            yield Found(
                described["path"],
                file.size,
                file.modified_ns,
                described["record_id"],
                Outcome.REJECTED,
                described["reason"],
                described["detail"],
                place,
            )
        except (OSError, MovedError, ValueError, TypeError, KeyError):
            continue


def _sha256(landing: Landing, file: LandedFile) -> str | None:
    try:
        return hashlib.sha256(landing.read(file)).hexdigest()
    except (OSError, MovedError):
        return None


_CORRUPT = ("SQLITE_CORRUPT", "SQLITE_NOTADB")


def repair_project(settings: Settings, warehouse: Warehouse, landing: Landing) -> list[str]:
    """Repair what can be repaired; return a sentence for each repair. The caller must hold the run lock.

    Raises:
        LedgerError: a newer Longshore wrote the ledger, or its server cannot be reached; nothing was changed.
    """
    done = []
    url = ledger_url_of(settings)
    warehouse.make()
    damage = _replace_damaged(url)
    if damage is not None:
        done.append(damage)
    with Ledger(url) as ledger:
        refuse_other_landing(ledger, settings)
        claim_landing(ledger, settings)
        warehouse.claim(ledger_id(ledger), adopt=True)
        lost = damage is not None or lost_before(ledger) or what_was_lost(ledger, warehouse, landing) is not None
        # From here on the ledger is incomplete: every other command refuses until `end_repair`.
        begin_repair(ledger, lost=lost)
        _remove_marker(url)
        fault_injection.step("repair.begun")
        run_id, now = uuid.uuid4().hex, dt.datetime.now(dt.UTC)
        run_no = begin_run(ledger, run_id, "repair", now)
        finished = recover(ledger, warehouse, landing, settings)
        if finished:
            done.append(f"{finished} unfinished batch(es) were finished or undone.")
        dropped = drop_ownerless_sources(ledger)
        if dropped:
            done.append(f"{dropped} stale claim(s) were deleted.")
        done.extend(adopt_parts(ledger, run_no, warehouse, landing))
        # A rebuilt ledger knows now which records the files in _deleting/ are the originals of.
        done.extend(finish_deletions(ledger, landing))
        if lost:
            done.extend(record_originals(ledger, run_no, landing))
            fault_injection.step("repair.recorded")
            if next(warehouse.delivery_files(), None) is not None:
                take_as_written(ledger)
        done.extend(_write_deliveries(ledger, warehouse))
        fault_injection.step("repair.done")
        end_run(ledger, run_no, "completed", dt.datetime.now(dt.UTC), {"repaired": done})
        end_repair(ledger)
    return done


# The delivery log


def _write_deliveries(ledger: Ledger, warehouse: Warehouse) -> Iterator[str]:
    """Write the runs that are missing in the delivery log, and write wrong parts again; yield a sentence for each."""
    for part in write_deliveries(ledger, warehouse):
        yield f"The deliveries of a run were written: deliveries/{part}."
    faults = compare_delivery_log(ledger, warehouse)
    for part in faults.parts:
        warehouse.set_aside(part, "deliveries")
    for run in faults.missing:
        write_again(ledger, warehouse, run)
        yield f"The deliveries of a run were written again from the ledger: deliveries/{run.part}."


# The ledger's file


def _damage(url: str) -> str | None:
    """Describe the damage of a ledger file, or return None; raise for faults that are not in the file."""
    try:
        with Ledger(url) as ledger:
            return audit.damage(ledger)
    except LedgerError as error:
        cause: Any = error.__cause__
        return _corruption(cause)
    except sa.exc.DatabaseError as error:
        return _corruption(error)


def _corruption(error: Any) -> str:  # noqa: ANN401 - whatever the ledger raised
    original = getattr(error, "orig", None)
    if isinstance(original, sqlite3.DatabaseError) and original.sqlite_errorname.startswith(_CORRUPT):
        return str(original)
    if isinstance(error, BaseException):
        raise error
    raise LedgerError("The ledger was written by a newer Longshore: install that one. Nothing was changed.")


def _replace_damaged(url: str) -> str | None:
    """Move a damaged ledger file aside, so that a new one is created; return a sentence about it, or None.

    A marker file beside it tells every other command that a repair has begun, because the ledger that could tell is
    the one that is replaced. A server checks its own files.
    """
    marker = repair_marker(url)
    if marker is None:
        return None
    interrupted = marker.exists()
    damage = "its replacement was interrupted" if interrupted else _damage(url)
    if damage is None:
        return None
    if not interrupted:
        marker.touch()
        fsync_folder(marker.parent)
    fault_injection.step("repair.marked")
    aside = _move_aside(sa.make_url(url).database or "")
    fault_injection.step("repair.moved")
    return f"The ledger was damaged ({damage}) and was moved to {aside}; a new one was created."


def _remove_marker(url: str) -> None:
    marker = repair_marker(url)
    if marker is not None and marker.exists():
        marker.unlink()
        fsync_folder(marker.parent)


def _move_aside(database: str) -> str:
    aside = f"{database}.damaged-{dt.datetime.now(dt.UTC):%Y%m%dT%H%M%S}"
    for ending in ("", "-wal", "-shm"):
        if os.path.lexists(database + ending):
            rename_no_replace(database + ending, aside + ending)
    return aside
