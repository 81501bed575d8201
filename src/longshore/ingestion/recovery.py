"""Recovery: finish or undo the batches of an interrupted run, by their state in the ledger.

Also the last step of a batch (`record_finalization`), which recovery repeats, and the refusal to run on a lost ledger.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import TYPE_CHECKING

from longshore.errors import LedgerError
from longshore.ingestion.finalization import finalize
from longshore.ingestion.project import what_was_lost
from longshore.storage import fault_injection
from longshore.storage.landing import MovedError
from longshore.storage.ledger.batches import FINALIZED, STAGED
from longshore.storage.ledger.queries import deliveries_at
from longshore.storage.ledger.rewrites import mark_deliveries_gone
from longshore.storage.listing import DELETING
from longshore.storage.partition_swap import recover_rewrites

if TYPE_CHECKING:
    from longshore.ingestion.finalization import Finalization
    from longshore.settings import Settings
    from longshore.storage.ledger.batches import Ledger
    from longshore.storage.stores.interface import Landing, Warehouse


def recover(ledger: Ledger, warehouse: Warehouse, landing: Landing, settings: Settings) -> int:
    """Finish or undo what an interrupted run left; return the number of batches. Only for the holder of the run lock.

    The ledger's state, and whether the part is there byte for byte, decide: a batch whose part readers may have seen is
    finished; any other is undone.
    """
    landing.forget_folders()
    # First: while a rewrite is unfinished, a part may be at either of two places.
    rewrites = recover_rewrites(ledger, warehouse, settings.rewrite_grace_seconds)
    unfinished = ledger.unfinished()
    for batch in unfinished:
        visible = batch.state == STAGED and (
            batch.part is None or warehouse.finish_publish(batch.part, batch.part_sha256)
        )
        if visible:
            done = finalize(ledger.endings(batch.batch_no), batch.ingested_at, landing, settings, again=True)
            record_finalization(ledger, batch.batch_no, done, settings)
        else:
            ledger.release(batch.batch_no)
    warehouse.drop_staging()
    return len(unfinished) + rewrites


def finish_deletions(ledger: Ledger, landing: Landing) -> list[str]:
    """Delete again what earlier runs could not delete (`after_ingest = "delete"`); return a sentence for each problem.

    Deleted is a file that the ledger knows there, or whose bytes are a published record. Any other stays for `verify`.
    """
    files = list(landing.files_below(DELETING))
    known = deliveries_at(ledger, [file.path for file in files]) if files else {}
    problems = []
    for file in files:
        row = known.get(file.path)
        try:
            if row is None or (row.size, row.modified_ns) != (file.size, file.modified_ns):
                record_id = hashlib.sha256(landing.read(file)).hexdigest()
                if ledger.owners([record_id]).get(record_id) != FINALIZED:
                    continue
            landing.delete(file)
        except (MovedError, OSError) as error:
            problems.append(f"{file.path} could not be deleted: {error}. The next run tries again.")
            continue
        if row is not None:
            mark_deliveries_gone(ledger, [row.delivery_no])
    return problems


def record_finalization(ledger: Ledger, batch_no: int, done: Finalization, settings: Settings) -> None:
    """Record in the ledger where the files of a batch are now: it is finalized."""
    ledger.mark_finalized(
        batch_no, done.places, done.left, dt.datetime.now(dt.UTC), after_ingest=settings.after_ingest, stuck=done.stuck
    )
    fault_injection.step("ledger.finalized")


def check_ledger(ledger: Ledger, warehouse: Warehouse, landing: Landing) -> str | None:
    """Refuse to run on an empty ledger if there are records: files delivered again would be published again.

    If only archived originals show that there was an older ledger, nothing can be published twice: return a warning.

    Raises:
        LedgerError: there are records that the ledger does not know.
    """
    lost = what_was_lost(ledger, warehouse, landing)
    if lost and warehouse.has_parts():
        raise LedgerError(lost)
    return lost
