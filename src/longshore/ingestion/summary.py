"""The summary of a run: its counts, as lines for a terminal or as JSON.

Counted once, here, and shown everywhere: a *file* is a landed file, also an archive; a *document* is what can become a
record: a file that is no archive, an archive member, or an archive that could not be opened. Each ends as published,
duplicate, rejected or deferred, and each published document is one record. Text from outside is escaped before it
reaches a terminal.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING, Any

from longshore.console import table
from longshore.records import Outcome
from longshore.storage.listing import PassedOver
from longshore.storage.names import to_source_path
from longshore.storage.stores.url import Location
from longshore.text.mojibake.describe import describe_plan

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from longshore.records import Batch, Brief, Delivery, Staged

# The summary of a run over millions of files lists only the first of them.
_LISTED = 200
# The most rows of a table in a terminal.
_ROWS = 40
DRY_RUN = "dry-run"
_WORST_FIRST = (Outcome.REJECTED, Outcome.DEFERRED, Outcome.DUPLICATE)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A document without a new record, and the reason."""

    path: str
    outcome: Outcome
    reason: str | None
    detail: str


@dataclass(slots=True)
class IngestSummary:
    """The counts of one run.

    state: `completed`, `nothing-to-do`, `cancelled`, `failed` or `dry-run`. seen, published, duplicate, rejected,
    deferred: files. documents: the same of documents, by outcome. reasons: of the rejected documents. waiting: stable
    files beyond the limits of the run; they were not taken, so they are not `seen`.
    """

    run_id: str
    started_at: dt.datetime
    state: str = "running"
    seconds: float = 0.0
    seen: int = 0
    published: int = 0
    duplicate: int = 0
    rejected: int = 0
    deferred: int = 0
    documents: Counter[str] = field(default_factory=Counter)
    records: int = 0
    source_bytes: int = 0
    part_bytes: int = 0
    parts: list[str] = field(default_factory=list)
    reasons: Counter[str] = field(default_factory=Counter)
    tallies: dict[str, Counter[str]] = field(default_factory=dict)
    stage_seconds: dict[str, float] = field(default_factory=dict)
    briefs: list[Brief] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    slowest: list[tuple[str, float]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    passed_over: PassedOver = field(default_factory=PassedOver)
    waiting: int = 0

    @property
    def finished(self) -> int:
        """The number of files that were published, duplicate or rejected."""
        return self.published + self.duplicate + self.rejected

    def note(self, sentence: str) -> None:
        """Keep a sentence for the report, up to a limit."""
        if len(self.notes) < _LISTED:
            self.notes.append(sentence)

    def add(self, batch: Batch, staged: Staged, endings: Sequence[Delivery]) -> None:
        """Count a finished batch with the final outcome of all its deliveries."""
        self.records += staged.rows
        self.source_bytes += staged.source_bytes
        self.part_bytes += staged.part_bytes
        if staged.rows and batch.part and len(self.parts) < _LISTED:
            self.parts.append(batch.part)
        for column, counts in staged.tallies.items():
            self.tallies.setdefault(column, Counter()).update(counts)
        for stage, seconds in staged.seconds.items():
            self.stage_seconds[stage] = self.stage_seconds.get(stage, 0.0) + seconds
        self.add_briefs(staged.briefs)
        self.slowest = sorted([*self.slowest, *staged.slowest], key=lambda item: -item[1])[:5]
        self.count(endings)

    def count(self, endings: Iterable[Delivery]) -> None:
        """Count the files and documents of some deliveries; an archive stands before its members."""
        for _, of_a_file in groupby(endings, key=lambda ending: ending.file.path):
            own, *members = of_a_file
            self.seen += 1
            setattr(self, own.outcome, getattr(self, own.outcome) + 1)
            for document in members or (own,):
                self.documents[document.outcome] += 1
                if document.outcome is Outcome.REJECTED:
                    self.reasons[document.reason or ""] += 1
                if document.outcome is not Outcome.PUBLISHED and len(self.refusals) < _LISTED:
                    path, detail = to_source_path(document.path), document.detail or ""
                    self.refusals.append(Refusal(path, document.outcome, document.reason, detail))

    def add_briefs(self, briefs: Sequence[Brief]) -> None:
        """Keep what the report shows of some records, up to a limit."""
        self.briefs += briefs[: max(0, _LISTED - len(self.briefs))]

    def recount(self, batches: Iterable[tuple[Batch, Staged, Sequence[Delivery]]]) -> None:
        """Replace the counts by those of these batches, as the ledger knows them; what was deferred stays."""
        self.published = self.duplicate = self.rejected = self.records = self.part_bytes = 0
        self.documents = Counter({Outcome.DEFERRED: self.documents[Outcome.DEFERRED]})
        self.refusals = [refusal for refusal in self.refusals if refusal.outcome is Outcome.DEFERRED]
        self.reasons.clear()
        self.parts.clear()
        self.seen = self.deferred
        for batch, staged, endings in batches:
            self.add(batch, staged, endings)

    def defer(self, young: int) -> None:
        """Count files that are not stable yet: they are left for the next run."""
        self.seen += young
        self.deferred += young
        self.documents[Outcome.DEFERRED] += young

    def check(self) -> None:
        """Check the first promise: every file and document has exactly one outcome, every published one a record."""
        outcomes = self.finished + self.deferred
        if outcomes != self.seen or self.records != self.documents[Outcome.PUBLISHED]:
            raise AssertionError(
                f"{self.seen} files have {outcomes} outcomes, and {self.documents[Outcome.PUBLISHED]} published "
                f"documents {self.records} records: this is a fault in Longshore."
            )

    def to_dict(self) -> dict[str, Any]:
        """Return the summary as plain values, for JSON."""
        return {
            "run_id": self.run_id,
            "state": self.state,
            "started_at": self.started_at.isoformat(),
            "seconds": round(self.seconds, 3),
            "files": {"seen": self.seen, **{outcome: getattr(self, outcome) for outcome in Outcome}},
            "documents": {"seen": self.documents.total(), **{outcome: self.documents[outcome] for outcome in Outcome}},
            "records": self.records,
            "source_bytes": self.source_bytes,
            "part_bytes": self.part_bytes,
            "parts": self.parts,
            "reasons": dict(self.reasons),
            "tallies": {column: dict(counts.most_common(50)) for column, counts in self.tallies.items()},
            "stage_seconds": {stage: round(seconds, 3) for stage, seconds in self.stage_seconds.items()},
            "refusals": [
                {"path": r.path, "outcome": r.outcome.value, "reason": r.reason, "detail": r.detail}
                for r in self.refusals
            ],
            "slowest": [{"path": path, "seconds": round(seconds, 4)} for path, seconds in self.slowest],
            "waiting": self.waiting,
            "passed_over": self.passed_over.to_dict(),
            "notes": self.notes,
        }


def as_json(summary: IngestSummary) -> str:
    """Return the summary as one JSON object."""
    return json.dumps(summary.to_dict(), ensure_ascii=True, indent=2)


def as_lines(summary: IngestSummary, landing: Location, *, verbose: bool = False) -> Iterator[str]:
    """Yield the lines that a person reads after a run.

    verbose: show repair plans as they are recorded.
    """
    if summary.state == "nothing-to-do":
        yield f"Nothing new in {landing}: no stable file waits there."
        yield from summary.passed_over.sentences()
        return
    yield from _documents_table(summary, verbose=verbose)
    yield ""
    yield headline(summary)
    if summary.reasons:
        yield "Rejected: " + ", ".join(f"{count:,} {reason}" for reason, count in summary.reasons.most_common())
    if summary.rejected and summary.state != DRY_RUN:
        yield f"  {summary.rejected:,} file(s) are in {landing}/_rejected, each with its reason beside it."
    yield from summary.passed_over.sentences()


def headline(summary: IngestSummary) -> str:
    """Return the counts in one line: of files, and of documents if there were archives."""
    counts = f"{summary.seen:,} file(s): {_outcomes({o: getattr(summary, o) for o in Outcome})}"
    documents = summary.documents
    if documents.total() != summary.seen:
        counts += f"; {documents.total():,} document(s): {_outcomes(documents)}"
    if summary.state == DRY_RUN:
        return f"{counts}. Nothing was written."
    speed = (
        f", {summary.finished / summary.seconds:,.0f} files/s" if summary.finished >= 1000 and summary.seconds else ""
    )
    return f"{counts}  ({summary.seconds:.1f} s{speed})"


def _outcomes(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{counts[outcome]:,} {outcome}" for outcome in Outcome if counts.get(outcome)) or "none"


def document_rows(summary: IngestSummary, *, verbose: bool = False) -> list[tuple[str, ...]]:
    """Return a row for each listed document: path, outcome, language, date, encoding, repairs or reason.

    verbose: repairs as plans that replay, not in words.
    """
    rows: list[tuple[str, ...]] = [
        (r.path, r.outcome, "", "", "", f"{r.reason}: {r.detail}" if r.reason else r.detail) for r in summary.refusals
    ]
    for brief in summary.briefs:
        date = str(brief.published_date or ("" if brief.date_status == "none" else brief.date_status))
        repairs = ", ".join(brief.repairs if verbose else describe_plan(brief.repairs))
        rows.append((brief.path, Outcome.PUBLISHED, brief.language, date, brief.encoding, repairs))
    return sorted(rows)


def _documents_table(summary: IngestSummary, *, verbose: bool) -> Iterator[str]:
    """Yield one table of all documents or, where they are too many, of the first that did not become a record."""
    rows, total = document_rows(summary, verbose=verbose), summary.documents.total()
    if total > _ROWS:
        rows = sorted((row for row in rows if row[1] != Outcome.PUBLISHED), key=lambda row: _WORST_FIRST.index(row[1]))
        rows = rows[:_ROWS]
    became, done = ("would be", "what would be done") if summary.state == DRY_RUN else ("became", "what was done")
    if rows:
        yield from table(("document", became, "language", "date", "encoding", done), rows)
    if rows and total > len(rows):
        more = "" if summary.state == DRY_RUN else "; `longshore find` and `longshore rejected` list them"
        yield f"… and {total - len(rows):,} more{more}."
