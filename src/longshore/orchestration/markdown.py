"""The report of a run in markdown, with the headline figures also as one line.

Promised: bounded in size whatever the run held; names from outside can neither make markup nor hide; no text of any
file is in it. Out of scope: terminals and JSON (`report.py`), and where the report is put (`prefect_report.py`).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from longshore.ingestion.summary import headline
from longshore.records import Outcome
from longshore.storage.names import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from longshore.ingestion.summary import IngestSummary, Refusal
    from longshore.maintenance.compact import CompactionSummary
    from longshore.maintenance.verify import Verification
    from longshore.settings import Settings

# More rows than one looks at tell nothing; the rest is summed up in one.
_ROWS = 12
# A table artifact of some hundred kB still opens at once.
_REJECTED_ROWS = 200
_CELL_CHARS = 1000
_BAR_CELLS = 24
# Prefect's page shows numeric entities as they stand, but takes backslashes. `:` and `@` make links of addresses.
_MARKUP = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", **{character: f"\\{character}" for character in "|`*_[]()#!~$\\:@"}}
)
# Prefect's second page makes links of addresses after it has read the escapes: only a character between hinders it.
# `printable` never lets a name have a word joiner of its own.
_ADDRESS = re.compile(r"(?<=www)(?=\.)|(?<=\\@)|(?<=https\\:)(?=//)|(?<=http\\:)(?=//)", re.IGNORECASE)
_JOINER = "\N{WORD JOINER}"


def as_card(summary: IngestSummary) -> str:
    """Return the headline figures in one line: what the card of the artifact shows.

    Single line breaks are blanks there, so there are none.
    """
    parts = [headline(summary)]
    languages: Mapping[str, int] = summary.tallies.get("language", {})
    if languages:
        parts.append("languages: " + ", ".join(f"{name} {count:,}" for name, count in _most(languages)[:4]))
    if summary.reasons:
        parts.append("rejected: " + ", ".join(f"{name} {count:,}" for name, count in summary.reasons.most_common(4)))
    return " · ".join(parts)


def as_markdown(summary: IngestSummary, settings: Settings) -> str:
    """Return the report of a run that did something."""
    return "\n".join(_lines(summary, settings)) + "\n"


def rejected_rows(summary: IngestSummary) -> list[dict[str, str]]:
    """Return a row for each rejected file, within bounds: what is searchable on the web page."""
    return [_rejected_row(refusal) for refusal in _rejected(summary)[:_REJECTED_ROWS]]


def _lines(summary: IngestSummary, settings: Settings) -> Iterator[str]:
    # The headline itself stands above it on the page, as the description.
    yield from _headline_table(summary)
    for title, column in (
        ("Languages", "language"),
        ("Encodings", "encoding"),
        ("How the encoding was known", "encoding_method"),
        ("Repairs", "repairs"),
        ("Dates in the headers", "date_status"),
    ):
        yield from _section(title, summary.tallies.get(column, {}), summary.records)
    years = dict(sorted(summary.tallies.get("published_year", {}).items(), reverse=True))
    yield from _section("Publishing dates by year", years, sum(years.values()), in_order=True)
    yield from _rejections(summary, settings)
    yield from _slowest(summary)
    yield from _parts(summary, settings)
    notes = [*summary.notes[:_ROWS], *summary.passed_over.sentences()]
    if notes:
        yield "## Notes"
        yield ""
        yield from (f"- {escaped(note)}" for note in notes)
        yield ""


def _headline_table(summary: IngestSummary) -> Iterator[str]:
    per_second = f"{summary.finished / summary.seconds:,.0f}" if summary.seconds else "-"
    megabytes = summary.source_bytes / 1e6
    yield "## What became of the documents"
    yield ""
    # The same counts as in the terminal and in JSON: of files and of the documents in them.
    yield f"| | seen | {' | '.join(Outcome)} |"
    yield f"| --- |{' ---: |' * (1 + len(Outcome))}"
    for name, seen, counts in (
        ("files", summary.seen, {outcome: getattr(summary, outcome) for outcome in Outcome}),
        ("documents", summary.documents.total(), summary.documents),
    ):
        yield f"| {name} | **{seen:,}** | {' | '.join(f'{counts[outcome]:,}' for outcome in Outcome)} |"
    yield ""
    yield f"{summary.records:,} records. {megabytes:,.2f} MB in {summary.seconds:,.1f} seconds, {per_second} files/s."
    yield ""


def _section(
    title: str, counts: Mapping[str, int], whole: int, *, of: str = "records", in_order: bool = False
) -> Iterator[str]:
    if not counts:
        return
    rows = list(counts.items()) if in_order else _most(counts)
    shown = rows[:_ROWS]
    rest = sum(count for _, count in rows[_ROWS:])
    yield f"## {title}"
    yield ""
    yield f"| | {of} | | share |"
    yield "| --- | ---: | --- | ---: |"
    for name, count in [*shown, *([(f"{len(rows) - _ROWS} others", rest)] if rest else [])]:
        yield f"| {escaped(name)} | {count:,} | {bar(count, whole)} | {_percent(count, whole)} |"
    yield ""


def _rejections(summary: IngestSummary, settings: Settings) -> Iterator[str]:
    if not summary.reasons:
        return
    yield from _section("Rejected, by reason", summary.reasons, sum(summary.reasons.values()), of="documents")
    rejected = _rejected(summary)
    yield "| document | reason | what was seen |"
    yield "| --- | --- | --- |"
    for refusal in rejected[:_ROWS]:
        yield f"| {escaped(refusal.path)} | {refusal.reason} | {escaped(refusal.detail)} |"
    yield ""
    if len(rejected) > _ROWS:
        yield "The artifact `rejected-files` of this run has more of them."
    yield f"They are in `{printable(str(settings.landing / '_rejected'))}`, each with its reason beside it."
    yield "`longshore retry` puts them back when the cause is repaired."
    yield ""


def _slowest(summary: IngestSummary) -> Iterator[str]:
    if summary.slowest:
        yield "## Slowest files"
        yield ""
        yield "| file | milliseconds |"
        yield "| --- | ---: |"
        yield from (f"| {escaped(path)} | {seconds * 1000:,.1f} |" for path, seconds in summary.slowest)
        yield ""
    if summary.stage_seconds:
        stages = ", ".join(f"{name} {seconds:,.2f} s" for name, seconds in summary.stage_seconds.items())
        yield f"Seconds of work, all workers together: {stages}."
        yield ""


def _parts(summary: IngestSummary, settings: Settings) -> Iterator[str]:
    if summary.parts:
        yield "## Read it"
        yield ""
        yield "```sql"
        yield "SELECT title, language, published_date, text"
        yield f"FROM '{printable(str(settings.warehouse))}/records/**/*.parquet';  -- DuckDB"
        yield "```"
        yield ""
        yield f"{len(summary.parts):,} new part(s): " + ", ".join(f"`{part}`" for part in summary.parts[:3])
        yield ""


def bar(count: int, whole: int) -> str:
    """Draw a share as a bar; what is there at all is seen.

    >>> bar(1, 2)
    '████████████'
    >>> bar(1, 100000)
    '▏'
    """
    eighths = round(8 * _BAR_CELLS * count / whole) if whole else 0
    full, part = divmod(min(eighths, 8 * _BAR_CELLS), 8)
    return "█" * full + ("▏▎▍▌▋▊▉"[part - 1] if part else "") or "▏"


def escaped(text: str, most: int = 160) -> str:
    """Write a name or a sentence from outside so that it stays one cell of a table and makes no markup."""
    text = printable(text)
    if len(text) > most:
        text = f"{text[: most // 2]}…{text[-(most // 2) :]}"
    return _ADDRESS.sub(_JOINER, text.translate(_MARKUP))


def _most(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def _percent(count: int, whole: int) -> str:
    return f"{100 * count / whole:.1f} %" if whole else ""


def _rejected(summary: IngestSummary) -> Sequence[Refusal]:
    return [refusal for refusal in summary.refusals if refusal.outcome is Outcome.REJECTED]


def _rejected_row(refusal: Refusal) -> dict[str, str]:
    # Prefect's page renders the strings of a table as markdown.
    return {
        "file": escaped(refusal.path, _CELL_CHARS),
        "reason": refusal.reason or "",
        "what was seen": escaped(refusal.detail, _CELL_CHARS),
    }


# Findings shown in the report of a verification.
_SHOWN_FINDINGS = 50


def compaction_report(summary: CompactionSummary) -> str:
    """Return the report of a compaction."""
    rows = [
        f"| {escaped(one.partition)} | {one.parts_before} | {one.parts_after} | {one.rows:,} "
        f"| {one.bytes_before / 2**20:,.1f} | {one.bytes_after / 2**20:,.1f} | {escaped(one.skipped)} |"
        for one in summary.partitions[:200]
    ]
    head = [
        "# Compaction",
        "",
        "| partition | parts before | after | rows | MiB before | after | skipped because |",
        "| --- | ---: | ---: | ---: | ---: | ---: | --- |",
    ]
    return "\n".join([*head, *rows]) + "\n"


def verification_report(found: Verification) -> str:
    """Return the report of what does not agree."""
    lines = [
        "# Verification",
        "",
        *(f"- repaired: {escaped(sentence)}" for sentence in found.repaired[:_SHOWN_FINDINGS]),
    ]
    lines += ["", "| what | where | what was seen |", "| --- | --- | --- |"]
    lines += [
        f"| {escaped(one.kind)} | {escaped(one.place)} | {escaped(one.sentence)} |"
        for one in found.disagreements[:_SHOWN_FINDINGS]
    ]
    return "\n".join(lines) + "\n"
