"""One ingest run, step by step. Read this first, then `text/normalise.py`: that is the whole story.

1. lock      one run at a time on a warehouse; a second one stops at once and names the holder
2. recover   finish or undo what a dead run left, by the ledger's state of each batch
3. discover  list the stable files in landing/, oldest first
4. claim     plan batches and claim their sources in the ledger; a source that has a record already is a duplicate
5. stage     a worker reads, normalises, and writes one part where no reader looks
6. publish   the ledger records how each file ends; one rename makes the part visible
7. finalize  the landed files go to _archive/ or _rejected/, and the ledger records that

The process may die between any two steps: step 2 of the next run repairs that. Promised, and attacked by tests: nothing
lost, nothing twice, nothing partial. Not here: what is in a text (`text/`), when runs happen (`orchestration/`).
"""

from __future__ import annotations

import datetime as dt
import time
import uuid
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import sqlalchemy as sa

from longshore.ingestion.delivery_log import write_deliveries
from longshore.ingestion.discovery import Discovery
from longshore.ingestion.executors import Workload, choose_executor
from longshore.ingestion.finalization import finalize
from longshore.ingestion.planning import (
    batch_of,
    conclude_archives,
    estimate_texts,
    plan_batches,
    reject_special_file,
    split_into_groups,
)
from longshore.ingestion.project import claim_landing, landing_of, ledger_url_of, open_ledger, warehouse_of
from longshore.ingestion.recovery import check_ledger, finish_deletions, record_finalization, recover
from longshore.ingestion.rules import rule_book
from longshore.ingestion.summary import IngestSummary
from longshore.ingestion.worker import WorkOrder
from longshore.records import Batch, Outcome, SilentObserver, Staged
from longshore.settings import load_settings
from longshore.storage import fault_injection
from longshore.storage.ledger.batches import Ledger
from longshore.storage.ledger.engine import ledger_failed
from longshore.storage.ledger.queries import endings_of_run, ledger_id
from longshore.storage.ledger.runs import begin_run, end_run
from longshore.storage.lock import one_run_at_a_time

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from longshore.ingestion.executors import Executor, ExecutorFactory
    from longshore.records import Delivery, LandedFile, RunObserver
    from longshore.settings import Settings
    from longshore.storage.listing import Listing
    from longshore.storage.stores.interface import Landing, Warehouse


def ingest(
    settings: Settings | None = None,
    *,
    executor: Executor | ExecutorFactory = choose_executor,
    observer: RunObserver | None = None,
    wait: bool = False,
    run_name: str = "ingest",
) -> IngestSummary:
    """Ingest the stable files in landing/ and return an outcome for every file seen.

    Args:
        settings: of the project; default: those of the working directory (`longshore.toml`, environment).
        executor: where batches run, or a function from settings and expected work to it. Default: as the setting
            `executor` says.
        observer: notified of each batch when it is finished.
        wait: wait once for files that are not stable yet, as for a person at a terminal.
        run_name: how a second run, which finds the warehouse locked, names this one.

    Raises:
        LockHeldError: another run holds the warehouse; nothing was done.
        LandingMissingError: the landing folder does not exist.
        OSError, LongshoreError: the run could not finish; nothing is lost, and the next run resumes.
    """
    settings = settings or load_settings()
    run = _Run.open(settings, observer or SilentObserver(), executor)
    try:
        holder = f"{run_name} {run.summary.run_id[:8]}"
        with one_run_at_a_time(run.warehouse.inner, holder, _now(), settings.ledger_url) as run.check_lock:
            run.warehouse.make()
            if settings.after_ingest != "keep":
                run.landing.make()
            with open_ledger(settings) as ledger:
                warning = check_ledger(ledger, run.warehouse, run.landing)
                if warning:
                    run.tell(warning)
                claim_landing(ledger, settings)
                run.warehouse.claim(ledger_id(ledger))
                run.run(ledger, wait=wait)
    except sa.exc.SQLAlchemyError as error:
        raise ledger_failed(error, ledger_url_of(settings)) from error
    finally:
        run.landing.close()
    return run.summary


@dataclass(slots=True)
class _Run:
    """The state that the steps of one run share."""

    settings: Settings
    landing: Landing
    warehouse: Warehouse
    observer: RunObserver
    executor: Executor | ExecutorFactory
    summary: IngestSummary
    order: WorkOrder
    run_no: int = 0
    # Files left for the next run, because they changed while they were read or a read failed.
    deferred: set[str] = field(default_factory=set)
    found: int = 0
    after_crash: bool = False
    # Files of this round that wait for a claimed batch with the same bytes.
    waiting: int = 0
    # Raises if this run lost its lock; called before anything is made visible.
    check_lock: Callable[[], None] = lambda: None

    @classmethod
    def open(cls, settings: Settings, observer: RunObserver, executor: Executor | ExecutorFactory) -> _Run:
        run_id = uuid.uuid4().hex
        warehouse = warehouse_of(settings)
        landing = landing_of(settings, spool=warehouse.spool(run_id))
        order = WorkOrder(
            landing=str(settings.landing),
            warehouse=str(settings.warehouse),
            inner=str(warehouse.inner),
            run_id=run_id,
            rules=rule_book(settings),
        )
        summary = IngestSummary(run_id, _now())
        return cls(settings, landing, warehouse, observer, executor, summary, order)

    def run(self, ledger: Ledger, *, wait: bool) -> None:
        """Recover, then ingest in rounds until no file is left; record how the run ended in any case."""
        began = time.monotonic()
        summary = self.summary
        self.run_no = begin_run(ledger, summary.run_id, "ingest", _now())
        try:
            recovered = recover(ledger, self.warehouse, self.landing, self.settings)
            if recovered:
                self.after_crash = True
                self.tell(f"{recovered} unfinished batch(es) of an interrupted run were finished or undone.")
            for problem in finish_deletions(ledger, self.landing):
                self.tell(problem)
            # The deliveries of interrupted runs; usually none.
            write_deliveries(ledger, self.warehouse)
            self.warehouse.begin_staging(summary.run_id)
            self._ingest_rounds(ledger, wait=wait)
            summary.check()
            write_deliveries(ledger, self.warehouse)
            summary.state = "completed" if summary.finished else "nothing-to-do"
        except BaseException as error:
            summary.state = "failed" if isinstance(error, Exception) else "cancelled"
            raise
        finally:
            summary.seconds = time.monotonic() - began
            end_run(ledger, self.run_no, summary.state, _now(), summary.to_dict())

    def _ingest_rounds(self, ledger: Ledger, *, wait: bool) -> None:
        executor: Executor | None = None
        discovery = Discovery(self.settings, self.landing, ledger, self.deferred, self.tell)
        try:
            while True:
                listing = discovery.list_files(wait=wait)
                wait = False
                files = discovery.within_limits(listing.files, self.summary.seen)
                self.summary.waiting = len(listing.files) - len(files)
                if executor is None:
                    # Of the first listing: later ones also leave out the files that this run deferred.
                    self.summary.passed_over = listing.passed_over
                    executor = self._start_executor(files)
                ended = self._reject_special_files(ledger, listing) + self._ingest_files(ledger, executor, files)
                if not ended or not (listing.more or self.waiting):
                    break
            self.summary.defer(discovery.report_left(listing, self.summary.waiting))
        except BaseException as error:
            if executor is not None:
                executor.stop()
            # Finish or undo the claimed batches now, so that a stopped run leaves nothing open.
            recover(ledger, self.warehouse, self.landing, self.settings)
            self.summary.recount(self._finished_batches(ledger))
            if not isinstance(error, Exception):
                write_deliveries(ledger, self.warehouse)
            seen, found = self.summary.seen, self.found
            self.tell(f"Stopped after {seen:,} of {found:,} file(s); about {found - seen:,} are left in landing.")
            raise
        else:
            executor.stop()
            self.warehouse.drop_staging()

    def _finished_batches(self, ledger: Ledger) -> Iterator[tuple[Batch, Staged, Sequence[Delivery]]]:
        """Yield the batches of this run from the ledger: a stop may come between publishing and counting one."""
        for row, endings in endings_of_run(ledger, self.run_no):
            batch = Batch(row.batch_id, (), (), row.ingested_at, row.part, row.batch_no)
            yield batch, replace(Staged.nothing(), rows=row.rows, part_bytes=row.part_bytes or 0), endings

    def _start_executor(self, files: Sequence[LandedFile]) -> Executor:
        if callable(self.executor):
            return self.executor(self.settings, Workload(estimate_texts(files), self.after_crash))
        return self.executor

    def _reject_special_files(self, ledger: Ledger, listing: Listing) -> int:
        """Reject links, pipes, sockets and devices; return how many."""
        special = listing.not_files
        for start in range(0, len(special), self.settings.max_files_per_batch):
            some = special[start : start + self.settings.max_files_per_batch]
            self._conclude_unstaged(ledger, batch_of(map(reject_special_file, some), _now()))
        return len(special)

    def _ingest_files(self, ledger: Ledger, executor: Executor, files: list[LandedFile]) -> int:
        """Claim, stage, publish and finalize these files; return how many are finished."""
        before = self.summary.seen
        self.waiting = 0
        self.found += len(files)
        self.observer.files_found(len(files), sum(file.size for file in files))
        for batch, staged in executor.normalise(self._claimed_batches(ledger, files, executor.slots), self.order):
            self._conclude(ledger, batch, staged)
        return self.summary.seen - before

    def _claimed_batches(self, ledger: Ledger, files: list[LandedFile], slots: int) -> Iterator[Batch]:
        """Plan and claim one batch after another, each when the executor asks for it."""
        for group in split_into_groups(files, self.settings, slots):
            for batch, waiting in plan_batches(group, self.landing, ledger, self.settings, _now):
                self.waiting += len(waiting)
                if batch.sources:
                    claimed = replace(batch, batch_no=ledger.claim(batch, self.run_no))
                    fault_injection.step("claim")
                    yield claimed
                elif batch.deliveries:
                    self._conclude_unstaged(ledger, batch)

    def _conclude_unstaged(self, ledger: Ledger, batch: Batch) -> None:
        """Conclude a batch without a source: all duplicates, rejected or deferred."""
        nothing = Staged.nothing()
        if all(delivery.outcome is Outcome.DEFERRED for delivery in batch.deliveries):
            # Deferred files come again; the ledger does not record them.
            self._count(batch, nothing, batch.deliveries)
        else:
            self._conclude(ledger, replace(batch, batch_no=ledger.claim(batch, self.run_no)), nothing)

    def _conclude(self, ledger: Ledger, batch: Batch, staged: Staged) -> None:
        """Publish a staged batch and finalize its files."""
        endings = conclude_archives([staged.ending_of(delivery) for delivery in batch.deliveries])
        changed = [ending for ending, claimed in zip(endings, batch.deliveries, strict=True) if ending != claimed]
        part = batch.part if staged.rows else None
        self.check_lock()
        ledger.mark_staged(
            batch.batch_no, part, staged.rows, staged.part_bytes, staged.part_sha256, changed, staged.failed
        )
        fault_injection.step("ledger.staged")
        if part is not None and staged.part_name is not None:
            self.warehouse.publish(self.order.run_id, staged.part_name, part, staged.part_sha256)
        done = finalize(endings, batch.ingested_at, self.landing, self.settings)
        record_finalization(ledger, batch.batch_no, done, self.settings)
        for sentence in done.problems:
            self.tell(sentence)
        self._count(batch, staged, endings)

    def _count(self, batch: Batch, staged: Staged, endings: Sequence[Delivery]) -> None:
        self.deferred.update(ending.file.path for ending in endings if ending.outcome is Outcome.DEFERRED)
        self.summary.add(batch, staged, endings)
        self.observer.batch_finished(batch, staged, endings)

    def tell(self, sentence: str) -> None:
        """Notify the observer now, and keep the sentence for the report."""
        self.summary.note(sentence)
        self.observer.message(sentence)


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
