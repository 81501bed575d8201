"""The optional header of a text: what date, what title, and the body without it.

1. a block      front matter, mail headers (`longshore.text.header_block`), at the very top
2. a date line  first, after a headline, or after a byline (`longshore.text.dates.dateline`)
3. a title      from the block, or a line that plainly is a headline and stays in the text (`longshore.text.title`)

Promised: `text[:start] + header + text[start:]` is the repaired text again but for outer blanks. A date in a sentence,
a dateline (`NIAMEY, March 17 (AP) –`), a list, a table, a log or a poem is never taken; a text without a header costs
microseconds, and no more than its first few kilobytes are looked at, however long it is. Doing it again to the body
finds nothing more, but where a block stood above a text that has a date line of its own.
Not promised: dates further down than the third line, or than the fourth below a byline.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from longshore.text.dates.dateline import LONGEST_LINE, DateLine, read_date_line
from longshore.text.dates.places import WINDOW, find_date_line, next_line
from longshore.text.dates.resolve import DatePrecision, DateReading, DateStatus, resolve
from longshore.text.extracted import bounded_metadata
from longshore.text.header_block import read_block
from longshore.text.policy import DateOrder
from longshore.text.title import headline

__all__ = ["DatePrecision", "DateStatus", "Header", "split_header"]

# A header with more date lines than this is a list of dates.
_MOST_DATES: Final = 6
# How much of a body is looked at for a headline and for the text below it, in characters.
_HEADLINE_WINDOW: Final = 512
_YEARS_TO_COME: Final = 2050
_DEVANAGARI = re.compile("[\u0900-\u097f]")
_ETHIOPIC = re.compile("[\u1200-\u137f]")


@dataclass(frozen=True, slots=True)
class Header:
    """The header at the top of a text, and the body without it."""

    body: str
    header: str | None = None
    header_start: int | None = None
    title: str | None = None
    published_date: dt.date | None = None
    published_at: dt.datetime | None = None
    date_status: DateStatus = "none"
    date_precision: DatePrecision | None = None
    metadata: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Found:
    """A header at `text[start:end]`, with the blank lines that go with it."""

    start: int
    end: int
    title: str | None = None
    dates: tuple[DateLine, ...] = ()
    block: bool = False
    fields: tuple[tuple[str, str], ...] = ()


def split_header(
    text: str, date_order: DateOrder | None = None, language_of: Callable[[str], str] | None = None
) -> Header:
    """Split the header off a repaired text; what is not plainly a header stays.

    date_order: how numbers are meant that nothing on the line settles. language_of: gives the language of the body,
    asked only where that alone can settle them.

    >>> header = split_header("Published: 17 March 2024\\n\\nThe harbour was quiet.")
    >>> header.published_date.isoformat(), header.body, header.header
    ('2024-03-17', 'The harbour was quiet.', 'Published: 17 March 2024\\n\\n')
    """
    first = next_line(text, 0)
    found = _find(text, first)
    if found is None:
        body = text[first:].rstrip()
        return Header(body, title=_title(body))
    body = (text[first : found.start] + text[found.end :]).rstrip()
    reading = _reading(found.dates, date_order, language_of, body)
    metadata = bounded_metadata(_by_name(found.fields)) if found.fields else {}
    if not body:  # a document that is all header is its own text
        dated = (reading.date, reading.at, reading.status, reading.precision)
        return Header(text[first:].rstrip(), None, None, found.title, *dated, metadata)
    return Header(
        body,
        text[0 if found.start == first else found.start : found.end],
        found.start - first,
        found.title or _title(body, apart=found.start > first),
        reading.date,
        reading.at,
        reading.status,
        reading.precision,
        metadata,
    )


def carried_header(
    text: str,
    title: str | None,
    date: str | None,
    metadata: dict[str, str],
    date_order: DateOrder | None = None,
    language_of: Callable[[str], str] | None = None,
) -> Header:
    """Return the header of a text whose format carries its title and date; nothing is taken out of the text.

    title: without one, the headline that the text begins with. date: as it stands in the format.

    >>> carried_header("The harbour was quiet.", "Calm", "Sun, 17 Mar 2024 10:00:00 +0000", {}).published_date
    datetime.date(2024, 3, 17)
    """
    body = text[next_line(text, 0) :].rstrip()
    dated = _read_field(f"date: {date.strip()}"[:LONGEST_LINE]) if date and date.strip() else None
    reading = _reading((dated,) if dated else (), date_order, language_of, body)
    status = "invalid" if date and date.strip() and dated is None else reading.status
    title = " ".join(title.split()) if title else None
    return Header(
        body,
        title=title or _title(body),
        published_date=reading.date,
        published_at=reading.at,
        date_status=status,
        date_precision=reading.precision,
        metadata=bounded_metadata(metadata),
    )


def _by_name(fields: tuple[tuple[str, str], ...]) -> dict[str, str]:
    """Return the fields under lower-case names; values of a repeated name are joined, a line each.

    Whom a mail is from is its author.
    """
    found: dict[str, str] = {}
    for name, value in fields:
        key = name.lower()
        found[key] = f"{found[key]}\n{value}" if key in found and value else found.get(key) or value
    if "from" in found:
        found.setdefault("author", found["from"])
    return found


def _find(text: str, first: int) -> _Found | None:
    """Find the whole header: what stands at its end may be header again (Published, then Updated)."""
    found = _find_once(text, first)
    while found and len(found.dates) <= _MOST_DATES:
        kept = text[first : found.start]
        again = _find_once(kept + text[found.end : found.end + WINDOW], 0) if kept else _find_once(text, found.end)
        if again is None:
            return found
        base = found.end - len(kept) if kept else 0
        if again.start + base != found.end:
            # A second date further down. Under a block it is the text's own; else this is a chronicle, not a header.
            return found if found.block else None
        title = found.title or again.title
        found = _Found(
            found.start,
            again.end + base,
            title,
            found.dates + again.dates,
            found.block or again.block,
            found.fields + again.fields,
        )
    return None


def _find_once(text: str, first: int) -> _Found | None:
    """Find one block or one date line."""
    block = read_block(text, first)
    if block is None:
        place = find_date_line(text, first)
        return _Found(place.start, place.end, None, (place.dated,)) if place else None
    dates = tuple(dated for line in block.dates if (dated := _read_field(line[:LONGEST_LINE])))
    start = first if block.start is None else block.start
    return _Found(start, next_line(text, block.end), block.title, dates, block=True, fields=block.fields)


def _read_field(line: str) -> DateLine | None:
    """Read a date field of a block: under its own name, whose language may settle the order, or as a mere date."""
    return read_date_line(line) or read_date_line("date:" + line.partition(":")[2])


def _reading(
    dates: tuple[DateLine, ...],
    date_order: DateOrder | None,
    language_of: Callable[[str], str] | None,
    body: str,
) -> DateReading:
    """Settle the date of publication: that of the first line that does not tell a change only."""
    dated = next((dated for dated in dates if not dated.updated), dates[0] if dates else None)
    if dated is None:
        return DateReading(None, None, "none", None)
    if _may_be_of_another_calendar(dated, body):
        return DateReading(None, None, "ambiguous", None)
    ask = None if language_of is None else lambda: language_of(body)
    return resolve(dated.written, date_order, ask, dated.evidence)


def _may_be_of_another_calendar(dated: DateLine, body: str) -> bool:
    """Return whether a date in numbers stands above a text whose script goes with another calendar too.

    Ethiopia counts days and years by its own calendar, Eritrea by ours. Years to come are years of Nepal.
    """
    start, candidates = body[:WINDOW], dated.written.candidates
    if any(c.order in ("DMY", "MDY") for c in candidates) and _ETHIOPIC.search(start):
        return True
    to_come = any(c.order and c.day and c.day.year >= _YEARS_TO_COME for c in candidates)
    return to_come and _DEVANAGARI.search(start) is not None


def _title(body: str, *, apart: bool = False) -> str | None:
    """Return the headline that a body begins with; it stays there."""
    end = body.find("\n", 0, _HEADLINE_WINDOW)
    if end < 0:
        return None
    return headline(body[:end], body[end : end + _HEADLINE_WINDOW], apart=apart)
