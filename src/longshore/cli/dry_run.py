"""The dry run: what an ingest would do, counted and shown as an ingest does, without writing anything."""

from __future__ import annotations

import datetime as dt
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from longshore.ingestion.discovery import Discovery
from longshore.ingestion.planning import (
    conclude_archives,
    identify,
    plan_delivery,
    reject_forgotten,
    reject_special_file,
)
from longshore.ingestion.project import landing_of, ledger_if_any, refuse_lost_ledger, warehouse_of
from longshore.ingestion.rules import RuleBook, rule_book
from longshore.ingestion.summary import DRY_RUN, IngestSummary
from longshore.ingestion.worker import brief_of, failure, normalise_members, read_sources
from longshore.records import Rejection, Source, Staged
from longshore.storage.landing import MovedError
from longshore.storage.ledger.rewrites import buried
from longshore.storage.names import to_source_path

if TYPE_CHECKING:
    from collections.abc import Callable

    from longshore.records import Delivery, LandedFile, Reason
    from longshore.settings import Settings
    from longshore.storage.ledger.batches import Ledger
    from longshore.storage.stores.interface import Landing


def preview(settings: Settings, *, wait: bool, tell: Callable[[str], None] = lambda _: None) -> IngestSummary:
    """Return the summary that an ingest of the stable files would have; takes no lock and needs no ledger.

    Args:
        settings: of the project.
        wait: wait once for files that are not stable yet.
        tell: receives what a person should know meanwhile.

    Raises:
        LandingMissingError: the landing folder does not exist.
        LedgerError: the ledger was lost; an ingest would refuse too.
    """
    began = time.monotonic()
    summary = IngestSummary(DRY_RUN, dt.datetime.now(dt.UTC), DRY_RUN)

    def note(sentence: str) -> None:
        summary.note(sentence)
        tell(sentence)

    with landing_of(settings) as landing, ledger_if_any(settings) as ledger:
        refuse_lost_ledger(ledger, warehouse_of(settings))
        done: set[str] = set()
        discovery = Discovery(settings, landing, ledger, done, note)
        planner = _Preview(settings, landing, ledger, summary, rule_book(settings))
        while True:
            listing = discovery.list_files(wait=wait and not done)
            files = discovery.within_limits(listing.files, summary.seen)
            summary.waiting = len(listing.files) - len(files)
            summary.passed_over = summary.passed_over if done else listing.passed_over
            summary.count(map(reject_special_file, listing.not_files))
            for file in files:
                planner.add(file)
            done.update(file.path for file in (*files, *listing.not_files))
            if not files or not listing.more:
                break
        summary.defer(discovery.report_left(listing, summary.waiting))
    summary.seconds = time.monotonic() - began
    summary.check()
    return summary


@dataclass(slots=True)
class _Preview:
    """Plans and normalises one file after another, as planning and the worker do for a batch."""

    settings: Settings
    landing: Landing
    ledger: Ledger | None
    summary: IngestSummary
    rules: RuleBook
    sources: dict[str, Source] = field(default_factory=dict)
    failed: dict[str, tuple[Reason | None, str]] = field(default_factory=dict)

    def add(self, file: LandedFile) -> None:
        """Count a file with the outcome that an ingest would give it."""
        found = identify(file, self.landing, self.settings, self.rules)
        known = len(self.sources)
        planned = list(map(self._planned, found))
        self._normalise(list(self.sources.values())[known:])
        staged = replace(Staged.nothing(), failed=self.failed)
        self.summary.count(conclude_archives([staged.ending_of(delivery) for delivery in planned]))

    def _planned(self, delivery: Delivery) -> Delivery:
        ids = [delivery.record_id] if delivery.record_id and self.ledger else []
        owners = self.ledger.owners(ids) if self.ledger else {}
        forgotten = buried(self.ledger, ids) if self.ledger else {}
        return plan_delivery(reject_forgotten(delivery, forgotten), owners, self.sources)

    def _normalise(self, sources: list[Source]) -> None:
        if not sources:
            return
        briefs = []
        try:
            for source, member in read_sources(sources, self.landing, self.rules):
                path = to_source_path(source.path)
                (result,) = normalise_members([member], [path], self.rules)
                if isinstance(result, Rejection):
                    self.failed[source.record_id] = (result.reason, result.detail)
                else:
                    briefs.append(brief_of(result, path))
        except MovedError as moved:
            self.failed |= {source.record_id: (None, str(moved)) for source in sources}
        except OSError as error:
            self.failed |= {source.record_id: failure(error) for source in sources}
        else:
            self.summary.records += len(briefs)
            self.summary.add_briefs(briefs)
