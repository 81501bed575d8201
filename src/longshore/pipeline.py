"""One run, step by step. Read this first, then `text/normalise.py`: that is the whole story.

1. lock     one run at a time on a warehouse; a second ends at once and says who holds it
2. recover  finish or undo what a dead run left, by the ledger's state of each batch
3. list     the files in landing/ that have settled, oldest first
4. claim    each batch's sources in the ledger; a source that has a record already is a duplicate
5. stage    a worker reads, normalises, and writes one part that no reader sees yet
6. publish  the ledger says what each file comes to; one rename makes the part visible
7. settle   the landed files go to _archive/ or _rejected/, and the ledger is told

Between any two of these steps the process may die: the next run's step 2 makes it good. Promised and attacked by
tests: nothing lost, nothing twice, nothing half. Out of scope: what is in a text (`text/`), when runs happen (`serve`).
"""

from __future__ import annotations

import datetime as dt
import os
import time
import uuid
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import sqlalchemy as sa

from longshore.ingestion.delivery_log import write_deliveries
from longshore.ingestion.discovery import Intake
from longshore.ingestion.finalization import finalize
from longshore.ingestion.planning import batch_of, conclude_archives, cut, not_a_file, plan_batches, texts_expected
from longshore.ingestion.project import ledger_url_of, open_ledger
from longshore.ingestion.recovery import recover, refuse_to_forget, write_down
from longshore.ingestion.summary import IngestSummary
from longshore.ingestion.worker import WorkOrder
from longshore.records import Observer, Outcome, Silent, Staged
from longshore.storage import fault_injection
from longshore.storage.landing import Landing
from longshore.storage.ledger.batches import Ledger
from longshore.storage.ledger.engine import ledger_failed
from longshore.storage.ledger.runs import begin_run, end_run
from longshore.storage.lock import one_run_at_a_time
from longshore.storage.warehouse import Warehouse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from longshore.ingestion.executors import Workers
    from longshore.records import Batch, Delivery, LandedFile
    from longshore.settings import Settings
    from longshore.storage.listing import Listing


def ingest(
    settings: Settings,
    choose_workers: Callable[[int, int], Workers],
    *,
    observer: Observer | None = None,
    wait: bool = False,
    what: str = "ingest",
) -> IngestSummary:
    """Ingest what has settled in landing/, and account for every file that was seen.

    Args:
        settings: of the project.
        choose_workers: from (slots, expected texts) to where the batches run.
        observer: told of each batch as it ends.
        wait: wait once for files that are merely too young, as a person at a terminal would.
        what: what this run is called to one that finds the warehouse held.

    Raises:
        LockHeldError: another run holds this warehouse; nothing was done.
        LandingMissingError: there is no landing folder.
        OSError, LongshoreError: the run could not finish; nothing is lost, and the next run goes on from there.
    """
    run = _Run.open(settings, observer or Silent())
    try:
        named = f"{what} {run.summary.run_id[:8]}"
        with one_run_at_a_time(run.warehouse.inner, named, _now(), settings.ledger_url) as run.still_held:
            run.warehouse.make()
            with open_ledger(settings) as ledger:
                lost = refuse_to_forget(ledger, run.warehouse, run.landing)
                if lost:
                    run.say(lost)
                run.go(ledger, choose_workers, wait=wait)
    except sa.exc.SQLAlchemyError as error:
        raise ledger_failed(error, ledger_url_of(settings)) from error
    finally:
        run.landing.close()
    return run.summary


@dataclass(slots=True)
class _Run:
    """What the steps of one run share."""

    settings: Settings
    landing: Landing
    warehouse: Warehouse
    observer: Observer
    summary: IngestSummary
    order: WorkOrder
    run_no: int = 0
    # Files that are left for the next run: they changed while they were read, or the disk failed.
    given_up: set[str] = field(default_factory=set)
    listed: int = 0
    # Files of this round that wait for a batch in hand which holds the same bytes.
    held: int = 0
    # Raises when the lock of this run was lost: called before anything is made visible.
    still_held: Callable[[], None] = lambda: None

    @classmethod
    def open(cls, settings: Settings, observer: Observer) -> _Run:
        run_id = uuid.uuid4().hex
        order = WorkOrder(
            landing=os.fspath(settings.landing),
            warehouse=os.fspath(settings.warehouse),
            run_id=run_id,
            policy=settings.text_policy,
            declared_encodings=settings.declared_encodings,
            zstd_level=settings.zstd_level,
            archive_limits=settings.archive_limits,
        )
        summary = IngestSummary(run_id, _now())
        return cls(settings, Landing(settings.landing), Warehouse(settings.warehouse), observer, summary, order)

    def go(self, ledger: Ledger, choose_workers: Callable[[int, int], Workers], *, wait: bool) -> None:
        """Recover, then take rounds of files until none is left; write down how it ended in any case."""
        began = time.monotonic()
        summary = self.summary
        self.run_no = begin_run(ledger, summary.run_id, "ingest", _now())
        try:
            recovered = recover(ledger, self.warehouse, self.landing, self.settings)
            if recovered:
                self.say(f"{recovered} unfinished batch(es) of a run that died were finished or undone.")
            # Of runs that died; nothing otherwise.
            write_deliveries(ledger, self.warehouse)
            self.warehouse.begin_staging(summary.run_id)
            self._rounds(ledger, choose_workers, wait=wait)
            summary.check()
            write_deliveries(ledger, self.warehouse)
            summary.state = "completed" if summary.new else "nothing-to-do"
        except BaseException as error:
            summary.state = "failed" if isinstance(error, Exception) else "cancelled"
            raise
        finally:
            summary.seconds = time.monotonic() - began
            end_run(ledger, self.run_no, summary.state, _now(), summary.to_dict())

    def _rounds(self, ledger: Ledger, choose_workers: Callable[[int, int], Workers], *, wait: bool) -> None:
        workers: Workers | None = None
        intake = Intake(self.settings, self.landing, ledger, self.given_up, self.say)
        try:
            while True:
                listing = intake.look(wait=wait)
                wait = False
                files = intake.within_limits(listing.files, self.summary.seen)
                self.summary.waiting = len(listing.files) - len(files)
                if workers is None:
                    # Of the first look: later ones leave out, too, what this run has given up on.
                    self.summary.passed_over = listing.passed_over
                workers = workers or choose_workers(self.settings.worker_count, texts_expected(files))
                ended = self._odd_ones(ledger, listing) + self._round(ledger, workers, files)
                if not ended or not (listing.more or self.held):
                    break
            self.summary.defer(intake.leave(listing, self.summary.waiting))
        except BaseException:
            if workers is not None:
                workers.stop()
            # What is in hand is finished or undone now, so that a stopped run leaves nothing to guess.
            recover(ledger, self.warehouse, self.landing, self.settings)
            seen, listed = self.summary.seen, self.listed
            self.say(f"Stopped after {seen:,} of {listed:,} file(s); about {listed - seen:,} are left in landing.")
            raise
        else:
            workers.stop()
            self.warehouse.drop_staging()

    def _odd_ones(self, ledger: Ledger, listing: Listing) -> int:
        """Reject what is no regular file."""
        odd = listing.not_files
        for start in range(0, len(odd), self.settings.max_files_per_batch):
            some = odd[start : start + self.settings.max_files_per_batch]
            self._conclude_without_worker(ledger, batch_of(map(not_a_file, some), _now()))
        return len(odd)

    def _round(self, ledger: Ledger, workers: Workers, files: list[LandedFile]) -> int:
        """Take these files through claim, stage, publish and settle; say how many came to an end."""
        before = self.summary.seen
        self.held = 0
        source_bytes = sum(file.size for file in files)
        self.listed += len(files)
        self.observer.listed(len(files), source_bytes)
        for batch, staged in workers.normalise(self._claimed_batches(ledger, files, workers.slots), self.order):
            self._conclude(ledger, batch, staged)
        return self.summary.seen - before

    def _claimed_batches(self, ledger: Ledger, files: list[LandedFile], slots: int) -> Iterator[Batch]:
        """Plan and claim one batch after the other, each only when a worker is free for it."""
        for group in cut(files, self.settings, slots):
            for batch, waiting in plan_batches(group, self.landing, ledger, self.settings, _now):
                self.held += len(waiting)
                if batch.sources:
                    claimed = replace(batch, batch_no=ledger.claim(batch, self.run_no))
                    fault_injection.step("claim")
                    yield claimed
                elif batch.deliveries:
                    self._conclude_without_worker(ledger, batch)

    def _conclude_without_worker(self, ledger: Ledger, batch: Batch) -> None:
        nothing = Staged.nothing()
        if all(delivery.outcome is Outcome.DEFERRED for delivery in batch.deliveries):
            # Nothing happened: the ledger need not know.
            self._count(batch, nothing, batch.deliveries)
        else:
            self._conclude(ledger, replace(batch, batch_no=ledger.claim(batch, self.run_no)), nothing)

    def _conclude(self, ledger: Ledger, batch: Batch, staged: Staged) -> None:
        """Publish a staged batch and settle its files."""
        endings = conclude_archives([staged.ending_of(delivery) for delivery in batch.deliveries])
        changed = [ending for ending, claimed in zip(endings, batch.deliveries, strict=True) if ending != claimed]
        part = batch.part if staged.rows else None
        self.still_held()
        ledger.mark_staged(
            batch.batch_no, part, staged.rows, staged.part_bytes, staged.part_sha256, changed, staged.failed
        )
        fault_injection.step("ledger.staged")
        if part is not None and staged.part_name is not None:
            self.warehouse.publish(self.order.run_id, staged.part_name, part)
        done = finalize(endings, batch.ingested_at, self.landing, self.settings)
        write_down(ledger, batch.batch_no, done, self.settings)
        for sentence in done.surprises:
            self.say(sentence)
        self._count(batch, staged, endings)

    def _count(self, batch: Batch, staged: Staged, endings: Sequence[Delivery]) -> None:
        self.given_up.update(ending.file.path for ending in endings if ending.outcome is Outcome.DEFERRED)
        self.summary.add(batch, staged, endings)
        self.observer.settled(batch, staged, endings)

    def say(self, sentence: str) -> None:
        """Tell those who watch, now, and those who read the report."""
        self.summary.note(sentence)
        self.observer.said(sentence)


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
