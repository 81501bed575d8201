"""The originals, for `verify`: each settled file is where the ledger says, unchanged, and no other file lies there."""

from __future__ import annotations

import hashlib
from itertools import groupby
from typing import TYPE_CHECKING

from flows.records import GONE, Outcome
from flows.settling import REASON_ENDING, archive_day, place_of, reason_name
from flows.storage.landing import MovedError
from flows.storage.passed_over import ARCHIVE, DELETING, REJECTED

if TYPE_CHECKING:
    from flows.records import LandedFile
    from flows.storage.landing import Landing
    from flows.storage.ledger_audit import LedgerAudit, Original
    from flows.upkeep.verification import Verification


def check_originals(audit: LedgerAudit, landing: Landing, found: Verification) -> None:
    """Compare the archive a day at a time, then what was rejected."""
    rejected: dict[str, Original] = {}
    days_seen = set()
    for day, originals in groupby(audit.originals(), lambda one: archive_day(one.ingested_at)):
        places: dict[str, Original] = {}
        for original in originals:
            place = settled_place(original)
            if place is None:
                continue
            found.originals += 1
            (rejected if place.startswith(f"{REJECTED}/") else places)[place] = original
        if day in days_seen:
            _check_known(landing, places, found)  # the clock went backwards: this day was walked before
            continue
        days_seen.add(day)
        _check_folder(landing, day, places, found)
    for day in landing.folders_in(ARCHIVE):
        if day not in days_seen:
            _check_folder(landing, day, {}, found)
    _check_rejected(landing, rejected, found)
    for file in landing.files_below(DELETING):
        found.add("original-unknown", file.path, "A run died while it deleted this file. Delete it, or put it back.")


def settled_place(original: Original) -> str | None:
    """Say where below landing/ the file of a settled delivery is; None where it is not to be looked for."""
    if original.settled_as is not None:
        place = original.settled_as
        # A file that could not be moved is its owner's again: it may be moved or changed by hand.
        return place if place != GONE and place.startswith("_") else None
    if original.after_ingest == "keep" or original.after_ingest is None:
        return None
    if original.delivery.outcome is Outcome.REJECTED or original.after_ingest == "archive":
        return place_of(original.delivery, archive_day(original.ingested_at))
    return None


def _check_folder(landing: Landing, folder: str, places: dict[str, Original], found: Verification) -> None:
    there = {file.path: file for file in landing.files_below(folder)}
    if places and not there:
        found.notes.append(f"{folder} was taken away as a whole, with {len(places):,} original(s).")
        return
    _compare(landing, places, there, found)
    for path in there.keys() - places.keys():
        sentence = "The ledger knows no delivery that went there. To have it ingested, move it into landing."
        found.add("original-unknown", path, sentence)


def _check_known(landing: Landing, places: dict[str, Original], found: Verification) -> None:
    there = {path: file for path in places if (file := landing.look(path)) is not None}
    _compare(landing, places, there, found)


def _compare(landing: Landing, places: dict[str, Original], there: dict[str, LandedFile], found: Verification) -> None:
    for path, original in places.items():
        file, delivery = there.get(path), original.delivery
        if file is None:
            found.add("original-missing", path, "It was settled there, and is gone.")
        elif (file.size, file.modified_ns) == (delivery.file.size, delivery.file.modified_ns):
            continue
        elif delivery.record_id is None or _sha256(landing, file) != delivery.record_id:
            found.add("original-changed", path, "Something wrote into it after it was read.")


def _check_rejected(landing: Landing, places: dict[str, Original], found: Verification) -> None:
    everything = {file.path: file for file in landing.files_below(REJECTED)}
    reasons = {path for path in everything if path.endswith(REASON_ENDING)}
    _compare(landing, places, everything, found)
    expected = set()
    for path in places:
        folder, _, name = path.rpartition("/")
        expected.add(f"{folder}/{reason_name(name)}")
        if path in everything and f"{folder}/{reason_name(name)}" not in reasons:
            found.add("reason-missing", path, "Nothing beside it says why it was rejected; the ledger does.")
    for path in everything.keys() - places.keys() - expected:
        found.add("original-unknown", path, "The ledger knows no delivery that was rejected to there.")


def _sha256(landing: Landing, file: LandedFile) -> str | None:
    try:
        return hashlib.sha256(landing.read(file)).hexdigest()
    except (OSError, MovedError):
        return None
