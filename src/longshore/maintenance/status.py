"""The state of a project: waiting files, recent runs, records, rejected files."""

from __future__ import annotations

import datetime as dt
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from longshore.ingestion.project import landing_of, ledger_if_any, waiting_files, warehouse_of, what_was_lost
from longshore.maintenance.rejections import quarantined
from longshore.storage.ledger.runs import count_stuck, last_runs
from longshore.storage.listing import PassedOver
from longshore.storage.lock import holder_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from longshore.settings import Settings

# A larger backlog is shown as "more than": the exact number of a million is not worth their listing in memory.
_COUNTED = 200_000


@dataclass(slots=True)
class Status:
    """The state of a project at one moment.

    published, duplicate, rejected: files of all runs. quarantined: rejected files that are still there.
    """

    landing: str
    warehouse: str
    waiting: int
    waiting_more: bool
    waiting_bytes: int
    oldest_seconds: float | None
    young: int
    running: str | None
    records: int = 0
    published: int = 0
    duplicate: int = 0
    rejected: int = 0
    quarantined: int = 0
    stuck: int = 0
    passed_over: PassedOver = field(default_factory=PassedOver)
    runs: list[dict[str, Any]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def lines(self) -> Iterator[str]:
        """Yield the lines that a person reads."""
        more = "more than " if self.waiting_more else ""
        oldest = f", the oldest for {_duration(self.oldest_seconds)}" if self.oldest_seconds is not None else ""
        yield f"waiting    {more}{self.waiting:,} file(s) in {self.landing} ({self.waiting_bytes:,} bytes{oldest})"
        if self.young:
            yield f"           {self.young:,} more are not stable yet"
        if self.stuck:
            yield f"           {self.stuck:,} ingested file(s) could not be moved out, and stay there"
        yield f"records    {self.records:,} in {self.warehouse}/records"
        yield f"duplicates {self.duplicate:,} file(s)"
        yield f"rejected   {self.quarantined:,} file(s) in {self.landing}/_rejected (`longshore rejected`)"
        yield f"running    {self.running or 'nothing'}"
        yield "last runs" if self.runs else "last runs  none yet"
        kinds, states = ([run[column] for run in self.runs] for column in ("kind", "state"))
        for run in self.runs:
            files = run["summary"].get("files", {})
            counts = ", ".join(f"{count:,} {name}" for name, count in files.items() if count and name != "seen")
            seconds = run["summary"].get("seconds", 0)
            took = f"{counts} ({seconds:.1f} s)" if counts else f"({seconds:.1f} s)"
            name = f"{run['kind']:<{max(map(len, kinds))}}  {run['state']:<{max(map(len, states))}}"
            yield f"  {run['started_at']:%Y-%m-%d %H:%M:%S}Z  {name}  {took}"
        yield from self.passed_over.sentences()
        yield from self.problems

    def to_dict(self) -> dict[str, Any]:
        """Return the state as plain values, for JSON."""
        return {
            "landing": self.landing,
            "warehouse": self.warehouse,
            "waiting": {
                "files": self.waiting,
                "more": self.waiting_more,
                "bytes": self.waiting_bytes,
                "oldest_seconds": self.oldest_seconds,
                "not_stable": self.young,
            },
            "stuck": self.stuck,
            "passed_over": self.passed_over.to_dict(),
            "records": self.records,
            "duplicate": self.duplicate,
            "rejected": self.quarantined,
            "all_runs": {"published": self.published, "duplicate": self.duplicate, "rejected": self.rejected},
            "running": self.running,
            "runs": [
                {key: value.isoformat() if isinstance(value, dt.datetime) else value for key, value in run.items()}
                for run in self.runs
            ],
            "problems": self.problems,
        }


def status_of(settings: Settings, runs: int = 5) -> Status:
    """Return the state of a project from landing, ledger and lock; change nothing and wait for nothing.

    Raises:
        LandingMissingError: the landing folder does not exist.
        LedgerError: the ledger cannot be used.
    """
    warehouse = warehouse_of(settings)
    with landing_of(settings) as landing, ledger_if_any(settings) as ledger:
        now = time.time()
        listing = waiting_files(landing, ledger, settings, _COUNTED)
        oldest = listing.files[0].modified_ns / 1e9 if listing.files else None
        status = Status(
            landing=str(settings.landing),
            warehouse=str(settings.warehouse),
            waiting=len(listing.files),
            waiting_more=listing.more,
            waiting_bytes=sum(file.size for file in listing.files),
            oldest_seconds=round(max(0.0, now - oldest), 1) if oldest is not None else None,
            young=len(listing.young),
            running=holder_of(warehouse.inner, settings.ledger_url),
            passed_over=listing.passed_over,
            problems=listing.problems,
        )
        lost = what_was_lost(ledger, warehouse, landing)
        if lost:
            status.problems = [*status.problems, lost]
        if ledger is not None:
            counts = ledger.counts()
            status.records, status.published, status.duplicate, status.rejected = (
                counts["records"],
                counts["published"],
                counts["duplicate"],
                counts["rejected"],
            )
            status.runs = last_runs(ledger, runs)
            status.quarantined = len(quarantined(ledger, landing))
            status.stuck = count_stuck(ledger)
            if not status.running and not holder_of(warehouse.inner, settings.ledger_url):
                # Nobody held the lock before or after the ledger was read: an open run has died.
                for run in status.runs:
                    run["state"] = "crashed" if run["state"] == "running" else run["state"]
    return status


def _duration(seconds: float | None) -> str:
    seconds = seconds or 0.0
    for unit, size in (("days", 86_400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} seconds"
