"""Verification: compare landing, ledger, archive, rejected files and warehouse, and list where they disagree.

1. ledger      its file is undamaged, and its own counts add up
2. parts       each exists byte for byte, is readable, and holds the records that the ledger names, each once
3. unknown     `records/` holds nothing else, and staging is empty
4. originals   each finalized file is where the ledger says, unchanged, and no other file is there
5. deliveries  the delivery log holds every delivery of every run once (`delivery_check.py`)

Promised: verification writes nothing (repair is `repair.py`), memory is bounded by one part and one day of the archive,
and the run lock is held meanwhile. Not promised: an archived file with unchanged size and mtime is not read again.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import time
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING, Any

from longshore.errors import LedgerError, LockHeldError, LongshoreError, RepairUnfinishedError
from longshore.ingestion.finalization import REASON_ENDING, archive_day, place_of, reason_name
from longshore.ingestion.project import adopt_landing, landing_of, open_ledger, warehouse_of, what_was_lost
from longshore.maintenance.delivery_check import compare_delivery_log
from longshore.maintenance.repair import repair_project
from longshore.records import GONE, Outcome
from longshore.storage.landing import MovedError
from longshore.storage.ledger import audit
from longshore.storage.ledger.engine import NoLedgerError
from longshore.storage.ledger.queries import count_unwritten_batches
from longshore.storage.ledger.rewrites import unfinished_forgets
from longshore.storage.listing import ARCHIVE, DELETING, REJECTED
from longshore.storage.lock import holder_of, one_run_at_a_time
from longshore.storage.names import printable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from longshore.records import LandedFile
    from longshore.settings import Settings
    from longshore.storage.ledger.audit import LedgerPart, Original
    from longshore.storage.ledger.batches import Ledger
    from longshore.storage.stores.interface import Landing, Warehouse

# A thoroughly wrong folder must not make a report of gigabytes.
_LISTED = 1000
_NOT_A_PART = "It is not a part, and readers may fail on it. Move it away."


@dataclass(frozen=True, slots=True)
class Disagreement:
    """One disagreement: its kind, its place, and a sentence about it."""

    kind: str
    place: str
    sentence: str


@dataclass(slots=True)
class Verification:
    """The findings of `verify`. `repaired`: what a repair did before the check."""

    parts: int = 0
    records: int = 0
    originals: int = 0
    disagreements: list[Disagreement] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    repaired: list[str] = field(default_factory=list)

    def add(self, kind: str, place: str, sentence: str) -> None:
        """Add a disagreement."""
        self.disagreements.append(Disagreement(kind, place, sentence))

    def lines(self) -> Iterator[str]:
        """Yield the lines that a person reads; names from outside are escaped."""
        yield from (printable(f"Repaired: {sentence}") for sentence in self.repaired)
        yield from map(printable, self.notes)
        for one in self.disagreements[:_LISTED]:
            yield printable(f"{one.kind}  {one.place}: {one.sentence}")
        if len(self.disagreements) > _LISTED:
            yield f"… and {len(self.disagreements) - _LISTED:,} more."
        counts = f"{self.records:,} record(s) in {self.parts:,} part(s), {self.originals:,} original(s)"
        if self.disagreements:
            yield f"{len(self.disagreements):,} disagreement(s); {counts}."
        else:
            yield f"All agree: {counts}."

    def to_dict(self) -> dict[str, Any]:
        """Return the findings as plain values, for JSON."""
        return {
            "agree": not self.disagreements,
            "parts": self.parts,
            "records": self.records,
            "originals": self.originals,
            "disagreements": [
                {"kind": one.kind, "place": one.place, "sentence": one.sentence} for one in self.disagreements
            ],
            "notes": self.notes,
            "repaired": self.repaired,
        }


def check_originals(ledger: Ledger, landing: Landing, found: Verification) -> None:
    """Compare the archive day by day, then the rejected files."""
    rejected: dict[str, Original] = {}
    days_seen = set()
    for day, originals in groupby(audit.originals(ledger), lambda one: archive_day(one.ingested_at)):
        places: dict[str, Original] = {}
        for original in originals:
            place = finalized_place(original)
            if place is None:
                continue
            found.originals += 1
            (rejected if place.startswith(f"{REJECTED}/") else places)[place] = original
        if day in days_seen:
            _check_known(landing, places, found)  # the clock went backwards: this day was checked before
            continue
        days_seen.add(day)
        _check_folder(landing, day, places, found)
    for day in landing.folders_in(ARCHIVE):
        if day not in days_seen:
            _check_folder(landing, day, {}, found)
    _check_rejected(landing, rejected, found)
    for file in landing.files_below(DELETING):
        sentence = (
            "It waits to be deleted. The next run deletes it if its bytes are a record; otherwise, move it to landing."
        )
        found.add("original-undeleted", file.path, sentence)


def finalized_place(original: Original) -> str | None:
    """Return where below landing/ the file of a finalized delivery is; None if no place is prescribed."""
    if original.finalized_as is not None:
        place = original.finalized_as
        # A file that could not be moved belongs to its owner again, who may move or change it.
        return place if place != GONE and place.startswith("_") and not place.startswith(DELETING) else None
    if original.after_ingest == "keep" or original.after_ingest is None:
        return None
    if original.delivery.outcome is Outcome.REJECTED or original.after_ingest == "archive":
        return place_of(original.delivery, archive_day(original.ingested_at))
    return None


def _check_folder(landing: Landing, folder: str, places: dict[str, Original], found: Verification) -> None:
    there = {file.path: file for file in landing.files_below(folder)}
    if places and not there:
        found.notes.append(f"{folder} was removed as a whole, with {len(places):,} original(s).")
        return
    _compare_originals(landing, places, there, found)
    for path in there.keys() - places.keys():
        sentence = "The ledger knows no delivery that went there. Move it into landing to ingest it."
        found.add("original-unknown", path, sentence)


def _check_known(landing: Landing, places: dict[str, Original], found: Verification) -> None:
    there = {path: file for path in places if (file := landing.look(path)) is not None}
    _compare_originals(landing, places, there, found)


def _compare_originals(
    landing: Landing, places: dict[str, Original], there: dict[str, LandedFile], found: Verification
) -> None:
    for path, original in places.items():
        file, delivery = there.get(path), original.delivery
        if file is None:
            found.add("original-missing", path, "It was moved there, and is missing.")
        elif landing.same_bytes(file, delivery.file):
            continue
        elif delivery.record_id is None or _sha256(landing, file) != delivery.record_id:
            found.add("original-changed", path, "It was changed after it was read.")


def _check_rejected(landing: Landing, places: dict[str, Original], found: Verification) -> None:
    everything = {file.path: file for file in landing.files_below(REJECTED)}
    reasons = {path for path in everything if path.endswith(REASON_ENDING)}
    there = {path: original for path, original in places.items() if path in everything}
    _compare_originals(landing, there, everything, found)
    for path in places.keys() - there.keys():
        sentence = "It is missing. If it was deleted on purpose, `longshore rejected --discard PATH` acknowledges that."
        found.add("rejected-missing", path, sentence)
    expected = set()
    for path in places:
        folder, _, name = path.rpartition("/")
        expected.add(f"{folder}/{reason_name(name)}")
        if path in everything and f"{folder}/{reason_name(name)}" not in reasons:
            found.add("reason-missing", path, "Its reason file is missing; the ledger still has the reason.")
    for path in everything.keys() - places.keys() - expected:
        found.add("original-unknown", path, "The ledger knows no rejected delivery that went there.")


def _sha256(landing: Landing, file: LandedFile) -> str | None:
    try:
        return hashlib.sha256(landing.read(file)).hexdigest()
    except (OSError, MovedError):
        return None


def check_deliveries(ledger: Ledger, warehouse: Warehouse, found: Verification) -> None:
    """Compare the delivery log with the ledger."""
    unwritten = count_unwritten_batches(ledger)
    if unwritten:
        sentence = f"{unwritten:,} batch(es) are not in the delivery log. The next run, or --repair, writes them."
        found.add("deliveries-unwritten", "deliveries", sentence)
    faults = compare_delivery_log(ledger, warehouse)
    for part, fault in faults.parts.items():
        found.add("deliveries-differ", f"deliveries/{part}", f"{fault} --repair rewrites it.")
    wrong_days = {part.partition("/")[0] for part in faults.parts}
    for run in faults.missing:
        # A wrong part of the same day may hold the run.
        if run.part.partition("/")[0] not in wrong_days:
            found.add("deliveries-differ", f"deliveries/{run.part}", "It is missing. --repair writes it again.")
    for path in faults.strays:
        found.add("file-stray", f"deliveries/{path}", _NOT_A_PART)
    if faults.older:
        number = len(faults.older)
        found.notes.append(f"{number:,} part(s) of deliveries/ hold runs from before the ledger was rebuilt.")


# Nothing can repair this: the rows of a missing part are not anywhere else.
_FROM_A_BACKUP = 'Restore it from a backup; without one, see "Verify and repair" in docs/explanation/guarantees.md.'


# An ingest run is often due in the same second as the nightly verification: it goes first.
_RETRY_SECONDS = 2.0


def verify(settings: Settings, *, repair: bool = False, adopt: bool = False) -> Verification:
    """Compare landing, ledger, archive, rejected files and warehouse under the run lock.

    Args:
        settings: of the project.
        repair: first repair what can be repaired.
        adopt: first record that the warehouse belongs to this landing folder from now on.

    Raises:
        LongshoreError: a run is at work; nothing was compared.
    """
    warehouse = warehouse_of(settings)
    try:
        now = dt.datetime.now(dt.UTC)
        lock = one_run_at_a_time(warehouse.inner, "verify", now, settings.ledger_url)
        with lock, landing_of(settings) as landing:
            if adopt:
                adopt_landing(settings)
            repaired = repair_project(settings, warehouse, landing) if repair else []
            found = _verify(settings, warehouse, landing)
            found.repaired = repaired
            return found
    except LockHeldError as held:
        # Not `Skipped`, which exits with 0: that would look like agreement.
        raise LongshoreError(f"Not verified: {held.holder}.") from None


def verify_when_free(settings: Settings, *, repair: bool, patience_seconds: float) -> Verification:
    """Verify as soon as no run is at work, waiting at most `patience_seconds`.

    Raises:
        LongshoreError: a run is still at work; nothing was compared.
    """
    folder = warehouse_of(settings).inner
    deadline = time.monotonic() + patience_seconds
    while True:
        try:
            return verify(settings, repair=repair)
        except LongshoreError:
            if holder_of(folder) is None or time.monotonic() > deadline:
                raise
        time.sleep(_RETRY_SECONDS)


def _verify(settings: Settings, warehouse: Warehouse, landing: Landing) -> Verification:
    found = Verification()
    try:
        with open_ledger(settings, read_only=True) as ledger:
            damage = audit.damage(ledger)
            if damage is not None:
                found.add("ledger-damaged", "ledger", f"{damage}. --repair rebuilds it.")
                return found
            unfinished = ledger.unfinished()
            for batch in unfinished:
                sentence = f"It is {batch.state}: the next run, or --repair, finishes or undoes it."
                found.add("batch-unfinished", batch.batch_id, sentence)
            _check_counts(ledger, found)
            _check_parts(ledger, warehouse, found)
            _check_unknown_files(ledger, warehouse, found, {batch.part for batch in unfinished if batch.part})
            if unfinished:
                found.notes.append("Originals and deliveries were not compared: some batches are unfinished.")
            else:
                check_originals(ledger, landing, found)
                check_deliveries(ledger, warehouse, found)
    except NoLedgerError:
        lost = what_was_lost(None, warehouse, landing)
        if lost:
            found.add("ledger-lost", "ledger", lost)
    except RepairUnfinishedError as error:
        found.add("repair-unfinished", "ledger", str(error))
    except LedgerError as error:
        found.add("ledger-damaged", "ledger", str(error))
    return found


def _check_counts(ledger: Ledger, found: Verification) -> None:
    for batch_id, rows, number in audit.miscounted_rows(ledger):
        found.add("batch-miscounted", batch_id, f"It has {rows:,} rows but {number:,} sources.")
    for batch_id in audit.miscounted_deliveries(ledger):
        found.add("batch-miscounted", batch_id, "Its counts by outcome differ from those of its deliveries.")
    for record_id in audit.ownerless_sources(ledger):
        found.add("claim-stale", record_id, "A batch that does not exist claims it. --repair drops the claim.")
    for path, record_id in audit.deliveries_without_record(ledger):
        found.add("record-missing", path, f"It was delivered as {record_id}, which has no record.")
    for record_id in unfinished_forgets(ledger, audit.MAX_LISTED):
        sentence = "Copies may be left. `longshore forget` with this id, or the next `longshore compact`, continues."
        found.add("forget-unfinished", record_id, sentence)
    for record_id in audit.forgotten_records(ledger):
        found.add("record-forgotten", record_id, "It was forgotten, but has a record. `longshore forget` removes it.")


def _check_parts(ledger: Ledger, warehouse: Warehouse, found: Verification) -> None:
    for part in audit.parts(ledger):
        found.parts += 1
        found.records += part.rows
        try:
            _check_part(part, ledger, warehouse, found)
        except FileNotFoundError:
            found.add("part-missing", part.part, f"{part.rows:,} records are missing. {_FROM_A_BACKUP}")
        except OSError as error:
            found.add("part-damaged", part.part, f"It cannot be read: {error.strerror or error}.")


def _check_part(part: LedgerPart, ledger: Ledger, warehouse: Warehouse, found: Verification) -> None:
    import pyarrow as pa  # noqa: PLC0415 - half a second that other commands need not pay

    from longshore.storage.parquet import sha256_of  # noqa: PLC0415 - as above

    with warehouse.local(f"records/{part.part}") as path:
        sha256 = sha256_of(path)
        if sha256 != part.sha256:
            found.add("part-damaged", part.part, f"Its bytes differ from those that were published. {_FROM_A_BACKUP}")
        try:
            ids = _record_ids(path)
        except (pa.ArrowException, KeyError) as error:
            if sha256 == part.sha256:
                found.add("part-damaged", part.part, f"It cannot be read: {error}.")
            return
    if len(ids) != part.rows:
        found.add("part-miscounted", part.part, f"It holds {len(ids):,} records; the ledger says {part.rows:,}.")
    if len(set(ids)) != len(ids):
        found.add("record-twice", part.part, f"{len(ids) - len(set(ids)):,} of its records are in it more than once.")
    homes = audit.parts_of(ledger, ids)
    for record_id in set(ids):
        if record_id not in homes:
            found.add("record-unknown", part.part, f"The ledger does not know its record {record_id}.")
        elif homes[record_id] != part.part:
            found.add("record-twice", part.part, f"Its record {record_id} belongs to {homes[record_id]}.")


def record_ids_of(warehouse: Warehouse, part: str) -> list[str]:
    """Return the record ids of a part, in order."""
    with warehouse.local(f"records/{part}") as path:
        return _record_ids(path)


def _record_ids(part: Path) -> list[str]:
    import pyarrow.parquet as pq  # noqa: PLC0415 - as above

    with part.open("rb") as file:
        ids: list[str] = pq.read_table(file, columns=["record_id"]).column("record_id").to_pylist()
    return ids


def _check_unknown_files(ledger: Ledger, warehouse: Warehouse, found: Verification, unfinished: set[str]) -> None:
    known = {part.part for part in audit.parts(ledger)} | unfinished
    for path in warehouse.files():
        if path in known:
            continue
        if path.endswith(".parquet"):
            found.add("part-unknown", path, "The ledger does not know it. --repair adopts it if its records are new.")
        else:
            found.add("file-stray", path, _NOT_A_PART)
    for path in warehouse.staged():
        found.add("litter", path, "A run that died left it in staging. The next run, or --repair, deletes it.")
