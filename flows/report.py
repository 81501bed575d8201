"""What a run tells people: a summary as lines for a terminal, or as JSON.

Everything that came from outside (names, texts) is escaped before it reaches a terminal.
"""

from __future__ import annotations

import contextlib
import json
import shlex
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from flows.records import Outcome
from flows.terminal import table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from flows.records import Brief
    from flows.summary import IngestSummary, Refusal

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
    speed = f", {summary.new / summary.seconds:,.0f} files/s" if summary.new >= 1000 and summary.seconds else ""
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
