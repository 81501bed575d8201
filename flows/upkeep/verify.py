"""Do landing, ledger, archive, rejected and warehouse agree? `longshore verify` says so, or lists where they do not.

1. ledger     its file is sound, and its own counts add up
2. parts      each is there, byte for byte, readable, and holds the records that the ledger says, each once
3. strangers  nothing else lies in `records/`, nothing is left in staging
4. originals  each file that was settled is where the ledger says, unchanged; no other file lies there
5. deliveries the table in `deliveries/` has every delivery of every run once, as the ledger has it

Promised: nothing is written (`--repair` is `mend.py`), memory is bounded by one part and one day of the archive, and
the run lock is held, so that what is compared stands still. Not promised: the bytes of an archived file whose size
and time are as they were are not read again.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import TYPE_CHECKING

from flows.errors import LedgerError, LockHeldError, LongshoreError
from flows.project import open_ledger, what_was_lost
from flows.storage.landing import Landing
from flows.storage.ledger_audit import LedgerAudit
from flows.storage.lock import one_run_at_a_time
from flows.storage.warehouse import Warehouse
from flows.upkeep.verification import Verification
from flows.upkeep.verify_deliveries import check_deliveries
from flows.upkeep.verify_originals import check_originals

# What is in the place of a repair: rows of a part that is gone cannot be made up.
_FROM_A_BACKUP = 'Put it back from a backup; without one, see "Verify and repair" in docs/explanation/guarantees.md.'

if TYPE_CHECKING:
    from flows.settings import Settings
    from flows.storage.ledger_audit import LedgerPart


def verify(settings: Settings, *, repair: bool = False) -> Verification:
    """Compare everything with everything, under the run lock; with `repair` mend first what can be mended.

    Raises:
        LongshoreError: a run is at work; nothing was compared.
    """
    warehouse = Warehouse(settings.warehouse)
    try:
        now = dt.datetime.now(dt.UTC)
        lock = one_run_at_a_time(warehouse.inner, "verify", now, settings.ledger_url)
        with lock, Landing(settings.landing) as landing:
            repaired = []
            if repair:
                from flows.upkeep.mend import mend  # noqa: PLC0415 - only where something is to be mended

                repaired = mend(settings, warehouse, landing)
            found = _verify(settings, warehouse, landing)
            found.repaired = repaired
            return found
    except LockHeldError as held:
        # Not as `Skipped`, which ends with 0: whoever asked must not take it for an answer.
        raise LongshoreError(f"Not verified: {held.holder}.") from None


def _verify(settings: Settings, warehouse: Warehouse, landing: Landing) -> Verification:
    found = Verification()
    if not settings.ledger_url and not warehouse.has_ledger():
        lost = what_was_lost(None, warehouse, landing)
        if lost:
            found.add("ledger-lost", "ledger", lost)
        return found
    try:
        with open_ledger(settings) as ledger:
            audit = LedgerAudit(ledger)
            damage = audit.damage()
            if damage is not None:
                found.add("ledger-damaged", "ledger", f"{damage}. --repair makes it anew.")
                return found
            unfinished = ledger.unfinished()
            for batch in unfinished:
                sentence = f"It is {batch.state}: the next run, or --repair, finishes or undoes it."
                found.add("batch-unfinished", batch.batch_id, sentence)
            _check_counts(audit, found)
            _check_parts(audit, warehouse, found)
            _check_strangers(audit, warehouse, found, {batch.part for batch in unfinished if batch.part})
            if unfinished:
                found.notes.append("Originals and deliveries were not compared: some batches are unfinished.")
            else:
                check_originals(audit, landing, found)
                check_deliveries(ledger, warehouse, found)
    except LedgerError as error:
        found.add("ledger-damaged", "ledger", str(error))
    return found


def _check_counts(audit: LedgerAudit, found: Verification) -> None:
    for batch_id, rows, number in audit.miscounted():
        found.add("batch-miscounted", batch_id, f"It has {rows:,} rows, but {number:,} sources.")
    for batch_id in audit.miscounted_deliveries():
        found.add("batch-miscounted", batch_id, "Its counts by outcome are not those of its deliveries.")
    for record_id in audit.ownerless_sources():
        found.add("claim-stale", record_id, "It is claimed by a batch that does not exist. --repair drops the claim.")
    for path, record_id in audit.deliveries_without_record():
        found.add("record-missing", path, f"It was delivered as {record_id}, of which there is no record.")
    for record_id in audit.half_forgotten():
        sentence = "Something of it may be left. `longshore forget` with it, or the next `longshore compact`, goes on."
        found.add("forget-unfinished", record_id, sentence)
    for record_id in audit.forgotten_records():
        found.add("record-forgotten", record_id, "It was forgotten, and has a record. `longshore forget` removes it.")


def _check_parts(audit: LedgerAudit, warehouse: Warehouse, found: Verification) -> None:
    for part in audit.parts():
        found.parts += 1
        found.records += part.rows
        try:
            _check_part(part, audit, warehouse, found)
        except FileNotFoundError:
            found.add("part-missing", part.part, f"{part.rows:,} records of it are gone. {_FROM_A_BACKUP}")
        except OSError as error:
            found.add("part-damaged", part.part, f"It cannot be read: {error.strerror or error}.")


def _check_part(part: LedgerPart, audit: LedgerAudit, warehouse: Warehouse, found: Verification) -> None:
    import pyarrow as pa  # noqa: PLC0415 - half a second that other commands need not pay

    path = warehouse.records / part.part
    sha256 = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            sha256.update(chunk)
    if sha256.hexdigest() != part.sha256:
        found.add("part-damaged", part.part, f"Its bytes are not those that were published. {_FROM_A_BACKUP}")
    try:
        ids = record_ids_of(warehouse, part.part)
    except (pa.ArrowException, KeyError) as error:
        if sha256.hexdigest() == part.sha256:
            found.add("part-damaged", part.part, f"It is not readable: {error}.")
        return
    if len(ids) != part.rows:
        found.add("part-miscounted", part.part, f"It holds {len(ids):,} records; the ledger says {part.rows:,}.")
    if len(set(ids)) != len(ids):
        found.add("record-twice", part.part, f"{len(ids) - len(set(ids)):,} of its records are in it twice.")
    homes = audit.parts_of(ids)
    for record_id in set(ids):
        if record_id not in homes:
            found.add("record-unknown", part.part, f"The ledger does not know its record {record_id}.")
        elif homes[record_id] != part.part:
            found.add("record-twice", part.part, f"Its record {record_id} belongs to {homes[record_id]}.")


def record_ids_of(warehouse: Warehouse, part: str) -> list[str]:
    """Give the record ids of a part in their order."""
    import pyarrow.parquet as pq  # noqa: PLC0415 - see above

    with (warehouse.records / part).open("rb") as file:
        ids: list[str] = pq.read_table(file, columns=["record_id"]).column("record_id").to_pylist()
    return ids


def _check_strangers(audit: LedgerAudit, warehouse: Warehouse, found: Verification, in_hand: set[str]) -> None:
    known = {part.part for part in audit.parts()} | in_hand
    for path in warehouse.files():
        if path in known:
            continue
        if path.endswith(".parquet"):
            found.add("part-unknown", path, "The ledger does not know it. --repair adopts it if its records are new.")
        else:
            found.add("file-stray", path, "It is no part; readers may stumble over it. Move it away.")
    for path in warehouse.staged():
        found.add("litter", path, "A run that died left it in staging. The next run, or --repair, drops it.")
