"""What a run tells people: a summary as lines for a terminal, or as JSON.

Everything that came from outside (names, texts) is escaped before it reaches a terminal.
"""

from __future__ import annotations

import contextlib
import json
import shlex
import shutil
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from longshore.console import table
from longshore.records import Outcome
from longshore.storage.listing import PassedOver
from longshore.storage.names import to_source_path

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Sequence

    from longshore.records import Batch, Brief, Delivery, Staged

# A run over millions of files must not carry a line for each.
_LISTED = 200


@dataclass(frozen=True, slots=True)
class Refusal:
    """A file that became no record, and why."""

    path: str
    outcome: Outcome
    reason: str | None
    detail: str


@dataclass(slots=True)
class IngestSummary:
    """The tally of one run.

    state: `completed`, `nothing-to-do`, `cancelled` or `failed`. waiting: files that had settled, and were left because
    the run had its fill (`max_files_per_run`, `max_bytes_per_run`); they were not taken, so they are not `seen`.
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
        """Keep a sentence for the people who read the report, within bounds."""
        if len(self.notes) < _LISTED:
            self.notes.append(sentence)

    def add(self, batch: Batch, staged: Staged, endings: Sequence[Delivery]) -> None:
        """Count a batch that was settled; `endings` are all its deliveries as they ended."""
        self.records += staged.rows
        self.source_bytes += staged.source_bytes
        self.part_bytes += staged.part_bytes
        if staged.rows and batch.part and len(self.parts) < _LISTED:
            self.parts.append(batch.part)
        for column, counts in staged.tallies.items():
            self.tallies.setdefault(column, Counter()).update(counts)
        for stage, seconds in staged.seconds.items():
            self.stage_seconds[stage] = self.stage_seconds.get(stage, 0.0) + seconds
        self.briefs += staged.briefs[: max(0, _LISTED - len(self.briefs))]
        self.slowest = sorted([*self.slowest, *staged.slowest], key=lambda item: -item[1])[:5]
        for ending in endings:
            if ending.member is None:
                self.count(ending)
            elif ending.outcome is Outcome.REJECTED:
                self._list(ending)

    def count(self, ending: Delivery) -> None:
        """Count one delivery."""
        self.seen += 1
        setattr(self, ending.outcome.value, getattr(self, ending.outcome.value) + 1)
        if ending.outcome in (Outcome.REJECTED, Outcome.DEFERRED):
            self._refuse(ending)
        elif ending.outcome is Outcome.DUPLICATE and len(self.refusals) < _LISTED:
            self.refusals.append(Refusal(to_source_path(ending.path), ending.outcome, None, ending.detail or ""))

    def defer(self, young: int) -> None:
        """Count files that have not settled yet: they were seen, and are left for the next run."""
        self.seen += young
        self.deferred += young

    def _refuse(self, ending: Delivery) -> None:
        if ending.reason:
            self.reasons[ending.reason] += 1
        self._list(ending)

    def _list(self, ending: Delivery) -> None:
        if len(self.refusals) < _LISTED:
            path = to_source_path(ending.path)
            self.refusals.append(Refusal(path, ending.outcome, ending.reason, ending.detail or ""))

    def check(self) -> None:
        """Hold the first promise: every file seen has exactly one outcome."""
        total = self.published + self.duplicate + self.rejected + self.deferred
        if total != self.seen:
            raise AssertionError(
                f"{self.seen} files were seen, but {total} have an outcome: this is a fault in Longshore."
            )

    def to_dict(self) -> dict[str, Any]:
        """Give the summary as plain values, for JSON."""
        return {
            "run_id": self.run_id,
            "state": self.state,
            "started_at": self.started_at.isoformat(),
            "seconds": round(self.seconds, 3),
            "files": {
                "seen": self.seen,
                "published": self.published,
                "duplicate": self.duplicate,
                "rejected": self.rejected,
                "deferred": self.deferred,
            },
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


# More rows than a screen holds tell a person nothing.
_ROWS = 40


def as_json(summary: IngestSummary) -> str:
    """Give the summary as one JSON object."""
    return json.dumps(summary.to_dict(), ensure_ascii=True, indent=2)


def as_lines(summary: IngestSummary, landing: Path, warehouse: Path) -> Iterator[str]:
    """Give the lines that a person reads after a run."""
    if summary.state == "nothing-to-do":
        yield f"Nothing new in {landing}: no file that has settled waits there."
        yield from summary.passed_over.sentences()
        return
    yield from _table_of_files(summary)
    yield ""
    yield headline(summary)
    if summary.reasons:
        yield "Rejected: " + ", ".join(f"{count} {reason}" for reason, count in summary.reasons.most_common())
        yield f"  They are in {landing}/_rejected, each with its reason beside it."
    yield from summary.passed_over.sentences()
    if summary.records:
        records = f"{warehouse}/records"
        yield f"Parquet: {records}/" + (
            summary.parts[0] if len(summary.parts) == 1 else f"  ({len(summary.parts)} new parts)"
        )
        yield f"Read it: {reading_line(records)}"


def reading_line(records: str) -> str:
    """Give a command that shows the records on this machine: DuckDB's where it is installed, else our own Python's."""
    if shutil.which("duckdb"):
        sql = f"SELECT title, language, published_date FROM {_quoted(f'{records}/**/*.parquet')}"  # noqa: S608 - a line to copy, not to run
        return f"duckdb -c {_for_a_shell(sql)}"
    python = Path(sys.executable)
    with contextlib.suppress(ValueError):
        python = python.relative_to(Path.cwd())
    columns = "columns=['title', 'language', 'published_date']"
    some = f"pq.read_table({records!r}, {columns})[:20].to_pylist()"
    program = f"import pyarrow.parquet as pq; print(*{some}, sep=chr(10))"
    return f"{shlex.quote(str(python))} -c {_for_a_shell(program)}"


def _for_a_shell(text: str) -> str:
    return shlex.quote(text) if set(text) & set('"$`\\!') else f'"{text}"'


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def headline(summary: IngestSummary) -> str:
    """Say in one line what became of the files."""
    counts = ", ".join(
        f"{count:,} {name}"
        for count, name in (
            (summary.published, "published"),
            (summary.duplicate, "duplicate"),
            (summary.rejected, "rejected"),
            (summary.deferred, "deferred"),
        )
        if count
    )
    speed = (
        f", {summary.finished / summary.seconds:,.0f} files/s" if summary.finished >= 1000 and summary.seconds else ""
    )
    return f"{summary.seen:,} file(s): {counts or 'none'}  ({summary.seconds:.1f} s{speed})"


def _table_of_files(summary: IngestSummary) -> Iterator[str]:
    if summary.seen > _ROWS:
        yield from _refused(summary.refusals)
        return
    rows = [_brief_row(brief) for brief in summary.briefs]
    rows += [
        (r.path, r.outcome.value, "", "", "", f"{r.reason}: {r.detail}" if r.reason else r.detail)
        for r in summary.refusals
    ]
    yield from table(("file", "became", "language", "date", "encoding", "what was done"), sorted(rows))


def _brief_row(brief: Brief) -> tuple[str, ...]:
    date = str(brief.published_date or ("" if brief.date_status == "none" else brief.date_status))
    return (brief.path, "record", brief.language, date, brief.encoding, ", ".join(brief.repairs))


def _refused(refusals: Sequence[Refusal]) -> Iterator[str]:
    rejected = [r for r in refusals if r.outcome is Outcome.REJECTED]
    rows = [(r.path, r.reason or "", r.detail) for r in rejected[:_ROWS]]
    if rows:
        yield from table(("rejected", "reason", "what was seen"), rows)
    if len(rejected) > _ROWS:
        yield "… `longshore rejected` lists them all."
