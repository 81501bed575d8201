"""Optional header block to date, title and body. (First form.)"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import Literal

from flows.text.policy import DateOrder

DateStatus = Literal["none", "parsed", "ambiguous", "invalid"]
DatePrecision = Literal["year", "month", "day", "minute", "second"]

_LINE = re.compile(r"\s*(?:date:?\s+)?(\d{4}-\d\d-\d\d)[ \t]*\n\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Header:
    """What stood at the top of a text, and the body without it."""

    body: str
    header: str | None = None
    header_start: int | None = None
    title: str | None = None
    published_date: dt.date | None = None
    published_at: dt.datetime | None = None
    date_status: DateStatus = "none"
    date_precision: DatePrecision | None = None


def split_header(text: str, date_order: DateOrder | None = None) -> Header:
    """Take the header block off a repaired text; what is not plainly a header stays."""
    del date_order
    match = _LINE.match(text)
    if not match:
        return Header(text.strip())
    date = dt.date.fromisoformat(match[1])
    return Header(text[match.end() :].rstrip(), match[0], 0, None, date, None, "parsed", "day")
