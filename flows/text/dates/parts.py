"""The parts of a written date: the day and all ways to read it, the clock, the precision."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Literal

from flows.text.policy import DateOrder

DatePrecision = Literal["year", "month", "day", "minute", "second"]


@dataclass(frozen=True, slots=True)
class Clock:
    """A time of day as written. offset: minutes east of UTC, where that is written and unmistakable."""

    hour: int
    minute: int
    second: int | None = None
    microsecond: int = 0
    offset: int | None = None
    next_day: bool = False


@dataclass(frozen=True, slots=True)
class Candidate:
    """One way to read the day; `day` is None where the calendar has no such day.

    order: of a date in numbers. languages: those in which the month's name means this month, empty for all; with an
    order, those that have it too.
    """

    day: dt.date | None
    order: DateOrder | None = None
    languages: frozenset[str] = frozenset()


@dataclass(slots=True)
class Written:
    """A date as it stands on a line: `line[start:end]`, with all ways to read it.

    precision: of the day. plain: stands in a form that nothing but a date has, so that an impossible one is
    still a date. converted: from a calendar whose days may be one off. evidence: sets of languages, each from one
    word on the line.
    """

    start: int
    end: int
    candidates: tuple[Candidate, ...]
    precision: DatePrecision = "day"
    plain: bool = True
    converted: bool = False
    weekdays: frozenset[int] = frozenset()
    clock: Clock | None = None
    evidence: list[frozenset[str]] = field(default_factory=list)


def day_of(year: int, month: int, day: int) -> dt.date | None:
    """Give the day, or None where the calendar has none."""
    try:
        return dt.date(year, month, day)
    except ValueError:
        return None


def full_year(year: int, digits: int) -> int:
    """Give the year that two or three digits stand for, by the rule of RFC 5322 section 4.3.

    >>> full_year(93, 2), full_year(24, 2), full_year(104, 3), full_year(1993, 4)
    (1993, 2024, 2004, 1993)
    """
    if digits == 2:
        return year + (2000 if year < 50 else 1900)
    return year + 1900 if digits == 3 else year


def clock_of(
    hour: str, minute: str | None, second: str | None, fraction: str | None, offset: int | None
) -> Clock | None:
    """Give the time of day, or None where no clock shows it. `24:00` is midnight at the end of the day."""
    h, m, s = int(hour), int(minute or 0), int(second) if second else None
    end_of_day = h == 24 and m == 0 and not s
    if (h > 23 and not end_of_day) or m > 59 or (s or 0) > 60:
        return None
    micro = int(fraction[:6].ljust(6, "0")) if fraction and s != 60 else 0
    return Clock(0 if end_of_day else h, m, s, micro, offset, end_of_day)
