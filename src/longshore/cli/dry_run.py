"""What an ingest would do, without doing any of it: `longshore ingest --dry-run`."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from longshore.console import table
from longshore.ingestion.planning import identify, reject_forgotten, reject_special_file
from longshore.ingestion.project import ledger_if_any, waiting_files
from longshore.ingestion.worker import read_sources
from longshore.records import Outcome, Rejection, Source
from longshore.storage.landing import Landing, MovedError
from longshore.storage.ledger.rewrites import buried
from longshore.storage.listing import PassedOver, first_match
from longshore.storage.names import to_source_path
from longshore.text.normalise import normalise

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from longshore.records import Delivery
    from longshore.settings import Settings
    from longshore.storage.ledger.batches import Ledger

# More rows than a screen holds tell a person nothing; a program may like more of them.
_ROWS = 40
_LISTED = 200
_MOST_FILES = 1_000_000


@dataclass(slots=True)
class Preview:
    """What would become of each file."""

    rows: list[tuple[str, ...]] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    young: int = 0
    more: bool = False
    passed_over: PassedOver = field(default_factory=PassedOver)
    problems: list[str] = field(default_factory=list)

    def add(self, path: str, outcome: Outcome, *cells: str) -> None:
        """Count a file, and keep a row for it while there are few."""
        self.counts[outcome.value] += 1
        if len(self.rows) < _LISTED:
            self.rows.append((path, outcome.value, *cells))

    def lines(self) -> Iterator[str]:
        """Give it as lines for a person."""
        shown = self.rows[:_ROWS]
        if shown:
            yield from table(("file", "would be", "language", "date", "encoding", "what would be done"), shown)
        hidden = self.counts.total() - len(shown)
        if hidden:
            yield f"… and {hidden:,} more"
        counts = ", ".join(f"{self.counts[name]:,} {name}" for name in Outcome if self.counts[name])
        yield f"{self.counts.total():,} file(s): {counts or 'none'}. Nothing was written."
        if self.young:
            yield f"{self.young:,} file(s) have not settled yet."
        if self.more:
            yield "Others wait behind them: the run would have its fill (--max-files, or `max_files_per_run`)."
        yield from self.passed_over.sentences()
        yield from self.problems

    def to_dict(self) -> dict[str, Any]:
        """Give it as plain values, for JSON; of the files, the first 200."""
        names = ("path", "outcome", "language", "date", "encoding", "detail")
        return {
            "dry_run": True,
            "files": {"seen": self.counts.total()} | {outcome.value: self.counts[outcome] for outcome in Outcome},
            "listed": [dict(zip(names, row, strict=True)) for row in self.rows],
            "not_stable": self.young,
            "more": self.more,
            "passed_over": self.passed_over.to_dict(),
            "problems": self.problems,
        }


def preview(settings: Settings, *, wait: bool, say: Callable[[str], None] = lambda _: None) -> Preview:
    """Say what an ingest would do with what has settled; writes nothing, takes no lock, needs no ledger.

    `wait`: once, for files that are merely too young; `say` is told so.

    Raises:
        LandingMissingError: there is no landing folder.
    """
    found = Preview()
    limit = settings.max_files_per_run or _MOST_FILES
    with Landing(settings.landing) as landing, ledger_if_any(settings) as ledger:
        listing = waiting_files(landing, ledger, settings, limit)
        if listing.young and wait:
            seconds = listing.young_seconds
            say(f"{len(listing.young):,} file(s) have changed just now: waiting {seconds:.1f} s for them.")
            time.sleep(seconds)
            listing = waiting_files(landing, ledger, settings, limit)
        seen: set[str] = set()
        for file in listing.not_files:
            _add_unread(found, reject_special_file(file))
        for file in listing.files:
            new = list(_new_sources(found, identify(file, landing, settings), ledger, seen))
            if new:
                _normalise(found, new, landing, settings)
        found.young = len(listing.young)
        found.more, found.problems, found.passed_over = listing.more, listing.problems, listing.passed_over
    return found


def _new_sources(
    found: Preview, deliveries: Iterable[Delivery], ledger: Ledger | None, seen: set[str]
) -> Iterator[Source]:
    """Say what becomes of each delivery of a landed file that is not normalised, and give the others' sources."""
    for delivery in deliveries:
        record_id = delivery.record_id
        if record_id is None:
            # A pack has no record of its own: its members speak for it.
            if delivery.outcome is not Outcome.PUBLISHED:
                _add_unread(found, delivery)
        elif ledger and (forgotten := buried(ledger, [record_id])):
            _add_unread(found, reject_forgotten(delivery, forgotten))
        elif record_id in seen or (ledger and ledger.owners([record_id])):
            found.add(to_source_path(delivery.path), Outcome.DUPLICATE, "", "", "", "its record exists already")
        else:
            seen.add(record_id)
            yield Source(delivery.file, record_id, delivery.member)


def _add_unread(found: Preview, delivery: Delivery) -> None:
    detail = f"{delivery.reason}: {delivery.detail}" if delivery.reason else delivery.detail or ""
    found.add(to_source_path(delivery.path), delivery.outcome, "", "", "", detail)


def _normalise(found: Preview, sources: list[Source], landing: Landing, settings: Settings) -> None:
    try:
        for source, raw in read_sources(sources, landing, settings.limits_of_archives):
            _add_normalised(found, to_source_path(source.path), raw, settings)
    except (MovedError, OSError) as error:
        found.add(to_source_path(sources[0].file.path), Outcome.DEFERRED, "", "", "", str(error))


def _add_normalised(found: Preview, path: str, raw: bytes, settings: Settings) -> None:
    result = normalise(raw, settings.text_policy, first_match(settings.declared_encodings, path))
    if isinstance(result, Rejection):
        found.add(path, Outcome.REJECTED, "", "", "", f"{result.reason}: {result.detail}")
    else:
        date = str(result.published_date or ("" if result.date_status == "none" else result.date_status))
        found.add(path, Outcome.PUBLISHED, result.language, date, result.encoding, ", ".join(result.repairs))
