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
import json
import re
import time
from dataclasses import dataclass, field
from itertools import groupby, zip_longest
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from longshore.errors import LedgerError, LockHeldError, LongshoreError
from longshore.ingestion.delivery_log import rows_of
from longshore.ingestion.finalization import REASON_ENDING, archive_day, place_of, reason_name
from longshore.ingestion.project import adopt_landing, open_ledger, what_was_lost
from longshore.records import GONE, Outcome
from longshore.storage.landing import Landing, MovedError
from longshore.storage.ledger import audit
from longshore.storage.ledger.engine import NoLedgerError
from longshore.storage.ledger.queries import count_unwritten_batches, unwritten_run_ids, written_runs
from longshore.storage.ledger.rewrites import unfinished_forgets
from longshore.storage.listing import ARCHIVE, DELETING, REJECTED
from longshore.storage.lock import holder_of, one_run_at_a_time
from longshore.storage.names import printable
from longshore.storage.warehouse import Warehouse

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from longshore.records import LandedFile
    from longshore.settings import Settings
    from longshore.storage.ledger.audit import LedgerPart, Original
    from longshore.storage.ledger.batches import Ledger
    from longshore.storage.ledger.queries import RunPart

# A batch of a folder that is wholly wrong must not make a report of gigabytes.
_LISTED = 1000


@dataclass(frozen=True, slots=True)
class Disagreement:
    """One thing that is not as it should be: what kind, where, and what was seen, as a sentence."""

    kind: str
    place: str
    sentence: str


@dataclass(slots=True)
class Verification:
    """The findings of `verify`. `repaired`: what `--repair` did before the check."""

    parts: int = 0
    records: int = 0
    originals: int = 0
    disagreements: list[Disagreement] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    repaired: list[str] = field(default_factory=list)

    def add(self, kind: str, place: str, sentence: str) -> None:
        """Keep a disagreement."""
        self.disagreements.append(Disagreement(kind, place, sentence))

    def lines(self) -> Iterator[str]:
        """Return the lines that a person reads; names from outside are escaped."""
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
        """Return it as plain values, for JSON."""
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


def as_json(found: Verification) -> str:
    """Return what was found as one JSON object."""
    return json.dumps(found.to_dict(), ensure_ascii=True, indent=2)


def check_originals(ledger: Ledger, landing: Landing, found: Verification) -> None:
    """Compare the archive a day at a time, then what was rejected."""
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
            _check_known(landing, places, found)  # the clock went backwards: this day was walked before
            continue
        days_seen.add(day)
        _check_folder(landing, day, places, found)
    for day in landing.folders_in(ARCHIVE):
        if day not in days_seen:
            _check_folder(landing, day, {}, found)
    _check_rejected(landing, rejected, found)
    for file in landing.files_below(DELETING):
        sentence = (
            "It waits to be deleted. The next run does that if its bytes are a record; else put it back into landing."
        )
        found.add("original-undeleted", file.path, sentence)


def finalized_place(original: Original) -> str | None:
    """Return where below landing/ the file of a settled delivery is; None where it is not to be looked for."""
    if original.finalized_as is not None:
        place = original.finalized_as
        # A file that could not be moved is its owner's again: it may be moved or changed by hand.
        return place if place != GONE and place.startswith("_") and not place.startswith(DELETING) else None
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
    _compare_originals(landing, places, there, found)
    for path in there.keys() - places.keys():
        sentence = "The ledger knows no delivery that went there. To have it ingested, move it into landing."
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
            found.add("original-missing", path, "It was settled there, and is gone.")
        elif (file.size, file.modified_ns) == (delivery.file.size, delivery.file.modified_ns):
            continue
        elif delivery.record_id is None or _sha256(landing, file) != delivery.record_id:
            found.add("original-changed", path, "Something wrote into it after it was read.")


def _check_rejected(landing: Landing, places: dict[str, Original], found: Verification) -> None:
    everything = {file.path: file for file in landing.files_below(REJECTED)}
    reasons = {path for path in everything if path.endswith(REASON_ENDING)}
    _compare_originals(landing, places, everything, found)
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


_COMPARED = ["batch_id", "path", "is_member", "record_id", "outcome", "reason"]
_A_PART = re.compile(r"run_date=\d{4}-\d\d-\d\d/[0-9a-f]{32}\.parquet")


@dataclass(slots=True)
class Amiss:
    """Faults of the deliveries table: parts with the reason, and runs that no sound part holds.

    older: parts that tell of runs which the ledger does not know. strays: files that are no parts.
    """

    parts: dict[str, str] = field(default_factory=dict)
    missing: list[RunPart] = field(default_factory=list)
    older: list[str] = field(default_factory=list)
    strays: list[str] = field(default_factory=list)


def check_deliveries(ledger: Ledger, warehouse: Warehouse, found: Verification) -> None:
    """Compare the rows of each run with the ledger, and name what else lies there."""
    unwritten = count_unwritten_batches(ledger)
    if unwritten:
        sentence = f"{unwritten:,} batch(es) are not in it. The next run, or --repair, writes them."
        found.add("deliveries-unwritten", "deliveries", sentence)
    amiss = what_is_amiss(ledger, warehouse)
    for part, why in amiss.parts.items():
        found.add("deliveries-differ", f"deliveries/{part}", f"{why} --repair rewrites it.")
    told = {part.partition("/")[0] for part in amiss.parts}
    for run in amiss.missing:
        # Where a part of that day is not right, the run may be in it.
        if run.part.partition("/")[0] not in told:
            found.add("deliveries-differ", f"deliveries/{run.part}", "It is gone. --repair rewrites it.")
    for path in amiss.strays:
        found.add("file-stray", f"deliveries/{path}", "It is no part; readers may stumble over it. Move it away.")
    if amiss.older:
        number = len(amiss.older)
        found.notes.append(f"{number:,} part(s) of deliveries/ tell of runs from before the ledger was rebuilt.")


def what_is_amiss(ledger: Ledger, warehouse: Warehouse) -> Amiss:
    """Compare the table with what the ledger says should be in it."""
    runs = {run.run_id: run for run in written_runs(ledger)}
    in_hand = unwritten_run_ids(ledger)
    amiss, told = Amiss(), set[str]()
    for part in sorted(warehouse.delivery_files()):
        if not _A_PART.fullmatch(part):
            amiss.strays.append(part)
            continue
        seen: set[str] = set()
        why = _compare_deliveries(warehouse.deliveries / part, runs, told, seen, ledger)
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


def _compare_deliveries(part: Path, runs: dict[str, RunPart], told: set[str], seen: set[str], ledger: Ledger) -> str:
    """Return how a part differs from what the ledger knows of its runs, nothing where it does not; `seen`: its runs."""
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
    """Return the rows of a part, the run's id and what is compared."""
    import pyarrow.parquet as pq  # noqa: PLC0415 - see above

    names = ["run_id", *_COMPARED]
    with part.open("rb") as source, pq.ParquetFile(source) as file:
        for batch in file.iter_batches(columns=names):
            columns = {name: batch.column(name).to_pylist() for name in names}
            yield from zip(*columns.values(), strict=True)


# What is in the place of a repair: rows of a part that is gone cannot be made up.
_FROM_A_BACKUP = 'Put it back from a backup; without one, see "Verify and repair" in docs/explanation/guarantees.md.'


# An ingest run is often due in the same second as the nightly verification: it goes first.
_RETRY_SECONDS = 2.0


def verify(settings: Settings, *, repair: bool = False, adopt: bool = False) -> Verification:
    """Compare everything with everything, under the run lock; with `repair` mend first what can be repaired.

    adopt: record first that the warehouse belongs to this landing folder from now on.

    Raises:
        LongshoreError: a run is at work; nothing was compared.
    """
    warehouse = Warehouse(settings.warehouse)
    try:
        now = dt.datetime.now(dt.UTC)
        lock = one_run_at_a_time(warehouse.inner, "verify", now, settings.ledger_url)
        with lock, Landing(settings.landing) as landing:
            repaired = []
            if adopt:
                adopt_landing(settings)
            if repair:
                from longshore.maintenance.repair import mend  # noqa: PLC0415 - only where something is to be repaired

                repaired = mend(settings, warehouse, landing)
            found = _verify(settings, warehouse, landing)
            found.repaired = repaired
            return found
    except LockHeldError as held:
        # Not as `Skipped`, which ends with 0: whoever asked must not take it for an answer.
        raise LongshoreError(f"Not verified: {held.holder}.") from None


def verify_when_free(settings: Settings, *, repair: bool, patience_seconds: float) -> Verification:
    """Verify as soon as no run is at work, waiting at most `patience_seconds`.

    Raises:
        LongshoreError: a run is still at work; nothing was compared.
    """
    folder = Warehouse(settings.warehouse).inner
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
            _check_strangers(ledger, warehouse, found, {batch.part for batch in unfinished if batch.part})
            if unfinished:
                found.notes.append("Originals and deliveries were not compared: some batches are unfinished.")
            else:
                check_originals(ledger, landing, found)
                check_deliveries(ledger, warehouse, found)
    except NoLedgerError:
        lost = what_was_lost(None, warehouse, landing)
        if lost:
            found.add("ledger-lost", "ledger", lost)
    except LedgerError as error:
        found.add("ledger-damaged", "ledger", str(error))
    return found


def _check_counts(ledger: Ledger, found: Verification) -> None:
    for batch_id, rows, number in audit.miscounted_rows(ledger):
        found.add("batch-miscounted", batch_id, f"It has {rows:,} rows, but {number:,} sources.")
    for batch_id in audit.miscounted_deliveries(ledger):
        found.add("batch-miscounted", batch_id, "Its counts by outcome are not those of its deliveries.")
    for record_id in audit.ownerless_sources(ledger):
        found.add("claim-stale", record_id, "It is claimed by a batch that does not exist. --repair drops the claim.")
    for path, record_id in audit.deliveries_without_record(ledger):
        found.add("record-missing", path, f"It was delivered as {record_id}, of which there is no record.")
    for record_id in unfinished_forgets(ledger, audit.MAX_LISTED):
        sentence = "Something of it may be left. `longshore forget` with it, or the next `longshore compact`, goes on."
        found.add("forget-unfinished", record_id, sentence)
    for record_id in audit.forgotten_records(ledger):
        found.add("record-forgotten", record_id, "It was forgotten, and has a record. `longshore forget` removes it.")


def _check_parts(ledger: Ledger, warehouse: Warehouse, found: Verification) -> None:
    for part in audit.parts(ledger):
        found.parts += 1
        found.records += part.rows
        try:
            _check_part(part, ledger, warehouse, found)
        except FileNotFoundError:
            found.add("part-missing", part.part, f"{part.rows:,} records of it are gone. {_FROM_A_BACKUP}")
        except OSError as error:
            found.add("part-damaged", part.part, f"It cannot be read: {error.strerror or error}.")


def _check_part(part: LedgerPart, ledger: Ledger, warehouse: Warehouse, found: Verification) -> None:
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
    homes = audit.parts_of(ledger, ids)
    for record_id in set(ids):
        if record_id not in homes:
            found.add("record-unknown", part.part, f"The ledger does not know its record {record_id}.")
        elif homes[record_id] != part.part:
            found.add("record-twice", part.part, f"Its record {record_id} belongs to {homes[record_id]}.")


def record_ids_of(warehouse: Warehouse, part: str) -> list[str]:
    """Return the record ids of a part in their order."""
    import pyarrow.parquet as pq  # noqa: PLC0415 - see above

    with (warehouse.records / part).open("rb") as file:
        ids: list[str] = pq.read_table(file, columns=["record_id"]).column("record_id").to_pylist()
    return ids


def _check_strangers(ledger: Ledger, warehouse: Warehouse, found: Verification, in_hand: set[str]) -> None:
    known = {part.part for part in audit.parts(ledger)} | in_hand
    for path in warehouse.files():
        if path in known:
            continue
        if path.endswith(".parquet"):
            found.add("part-unknown", path, "The ledger does not know it. --repair adopts it if its records are new.")
        else:
            found.add("file-stray", path, "It is no part; readers may stumble over it. Move it away.")
    for path in warehouse.staged():
        found.add("litter", path, "A run that died left it in staging. The next run, or --repair, drops it.")
