"""What the next run does about a run that died: each batch it left is finished or undone, by the ledger's word alone.

Also the last step of a batch (`write_down`), which recovery repeats, and the one case that no run may go on from.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from longshore.errors import LedgerError
from longshore.ingestion.finalization import finalize
from longshore.ingestion.project import what_was_lost
from longshore.storage import fault_injection
from longshore.storage.ledger.batches import STAGED
from longshore.storage.partition_swap import recover_rewrites

if TYPE_CHECKING:
    from longshore.ingestion.finalization import Finalization
    from longshore.settings import Settings
    from longshore.storage.landing import Landing
    from longshore.storage.ledger.batches import Ledger
    from longshore.storage.warehouse import Warehouse


def recover(ledger: Ledger, warehouse: Warehouse, landing: Landing, settings: Settings) -> int:
    """Finish or undo what a dead run left, and say how many batches that were. Only for the holder of the run lock.

    Nothing but the ledger's state and whether the part is there, byte for byte, decides: a part that readers may have
    seen goes forward; anything earlier never happened.
    """
    landing.forget_folders()
    # First: where a part is, is only certain once no rewrite stands half-way.
    rewrites = recover_rewrites(ledger, warehouse, settings.rewrite_grace_seconds)
    unfinished = ledger.unfinished()
    for batch in unfinished:
        visible = batch.state == STAGED and (
            batch.part is None or warehouse.finish_publish(batch.part, batch.part_sha256)
        )
        if visible:
            done = finalize(ledger.endings(batch.batch_no), batch.ingested_at, landing, settings, again=True)
            write_down(ledger, batch.batch_no, done, settings)
        else:
            ledger.release(batch.batch_no)
    warehouse.drop_staging()
    return len(unfinished) + rewrites


def write_down(ledger: Ledger, batch_no: int, done: Finalization, settings: Settings) -> None:
    """Tell the ledger where the files of a batch are now: it is settled."""
    ledger.mark_finalized(
        batch_no, done.places, done.left, dt.datetime.now(dt.UTC), after_ingest=settings.after_ingest, stuck=done.stuck
    )
    fault_injection.step("ledger.finalized")


def refuse_to_forget(ledger: Ledger, warehouse: Warehouse, landing: Landing) -> str | None:
    """Stop where the ledger is new but the warehouse is not: everything delivered again would be published again.

    Where only originals tell of an older ledger nothing can be doubled: that is a sentence, given for people.

    Raises:
        LedgerError: there are records that the ledger does not know.
    """
    lost = what_was_lost(ledger, warehouse, landing)
    if lost and warehouse.has_parts():
        raise LedgerError(lost)
    return lost
