"""Move the files of a published batch out of the way: to `_archive/`, to `_rejected/`, deleted, or left.

May be done again after a crash, any number of times: a file that was moved already is simply no longer there.
"""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING

from flows.records import LandedFile, Outcome
from flows.storage import faults
from flows.storage.landing import ARCHIVE, REJECTED, MovedError
from flows.storage.names import shortened, to_source_path

if TYPE_CHECKING:
    from flows.settings import Settings
    from flows.storage.landing import Landing
    from flows.storage.ledger import Ending, Ledger


def settle(
    batch_no: int,
    ingested_at: dt.datetime,
    ledger: Ledger,
    landing: Landing,
    settings: Settings,
    *,
    again: bool = False,
) -> list[str]:
    """Settle every landed file of a published batch, and tell the ledger; give a sentence for each surprise.

    Args:
        batch_no: the batch.
        ingested_at: when it was claimed; its day names the archive's folder.
        ledger: told where each file went, in one transaction at the end.
        landing: where the files are.
        settings: `after_ingest` decides.
        again: this is recovery, where a file that is gone was settled before.
    """
    archive = f"{ARCHIVE}/{ingested_at:%Y-%m-%d}"
    moved: dict[int, str] = {}
    kept: list[Ending] = []
    surprises: list[str] = []
    for ending in ledger.endings(batch_no):
        if ending.member or ending.outcome is Outcome.DEFERRED:
            continue
        if settings.after_ingest == "keep":
            kept.append(ending)
            continue
        file = LandedFile(ending.path, ending.size, ending.modified_ns, ending.inode)
        folder = REJECTED if ending.outcome is Outcome.REJECTED else archive
        faults.step("settle.file")
        try:
            if ending.outcome is not Outcome.REJECTED and settings.after_ingest == "delete":
                landing.delete(file)
                continue
            place = landing.move(file, folder)
        except MovedError as error:
            place = f"{folder}/{ending.path}"
            if not again:
                surprises.append(f"{to_source_path(ending.path)} was read, but could not be settled: {error}.")
                continue
        except PermissionError as error:
            surprises.append(f"{to_source_path(ending.path)} could not be moved out of landing: {error.strerror}.")
            kept.append(ending)
            continue
        if place != f"{folder}/{ending.path}":
            moved[ending.delivery_no] = place
        if ending.outcome is Outcome.REJECTED and landing.exists(place):
            _write_reason(landing, place, ending, ingested_at)
    landing.sync_folders()
    faults.step("settle.done")
    ledger.mark_settled(batch_no, moved, kept, dt.datetime.now(dt.UTC))
    faults.step("ledger.settled")
    return surprises


def reason_name(name: str) -> str:
    """Give the name of the file that says why `name` was rejected."""
    return shortened(name, ".reason.json")


def _write_reason(landing: Landing, place: str, ending: Ending, when: dt.datetime) -> None:
    reason = {
        "path": to_source_path(ending.path),
        "reason": ending.reason,
        "detail": ending.detail,
        "record_id": ending.record_id,
        "bytes": ending.size,
        "rejected_at": when.isoformat(timespec="seconds"),
        "next": "Mend the file or the settings, then `longshore retry` puts it back into landing.",
    }
    data = json.dumps(reason, ensure_ascii=True, indent=2).encode() + b"\n"
    landing.write_beside(place, reason_name(place.rpartition("/")[2]), data)
