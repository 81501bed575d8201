"""Resolution of a written date to a day.

Promised: no guess. Of several ways to read a date these choose, in this order: impossibility (there is no month 17),
the day of the week beside it, the declared order, a word on the line whose languages have one order only, the language
of the text. If more than one way is left, the date is `ambiguous` and has no value.
A day of the week that no reading has makes the date `ambiguous` too: one of the two is wrong.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final, Literal

from longshore.text.dates.calendars import from_buddhist, from_persian
from longshore.text.policy import DateOrder

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
    still a date. converted: from a calendar whose days may be one off. calendar_known: nothing on the line speaks for
    another calendar. evidence: sets of languages, each from one word on the line.
    """

    start: int
    end: int
    candidates: tuple[Candidate, ...]
    precision: DatePrecision = "day"
    plain: bool = True
    converted: bool = False
    calendar_known: bool = True
    weekdays: frozenset[int] = frozenset()
    clock: Clock | None = None
    evidence: list[frozenset[str]] = field(default_factory=list)


def day_of(year: int, month: int, day: int) -> dt.date | None:
    """Return the day, or None where the calendar has none."""
    try:
        return dt.date(year, month, day)
    except ValueError:
        return None


def full_year(year: int, digits: int) -> int:
    """Return the year that two or three digits stand for, by the rule of RFC 5322 section 4.3.

    Five digits are 19 before a count of years since 1900, as programs wrote them after 1999.

    >>> full_year(93, 2), full_year(24, 2), full_year(104, 3), full_year(1993, 4), full_year(19100, 5)
    (1993, 2024, 2004, 1993, 2000)
    """
    if digits == 2:
        return year + (2000 if year < 50 else 1900)
    return year % 1000 + 1900 if digits in (3, 5) else year


def clock_of(
    hour: str, minute: str | None, second: str | None, fraction: str | None, offset: int | None
) -> Clock | None:
    """Return the time of day, or None where no clock shows it. `24:00` is midnight at the end of the day."""
    h, m, s = int(hour), int(minute or 0), int(second) if second else None
    end_of_day = h == 24 and m == 0 and not s
    if (h > 23 and not end_of_day) or m > 59 or (s or 0) > 60:
        return None
    micro = int(fraction[:6].ljust(6, "0")) if fraction and s != 60 else 0
    return Clock(0 if end_of_day else h, m, s, micro, offset, end_of_day)


DateStatus = Literal["none", "parsed", "ambiguous", "invalid"]


@dataclass(frozen=True, slots=True)
class DateReading:
    """A reading of a written date: the day as written (no zone moves it), and the moment if time and zone are given."""

    date: dt.date | None
    at: dt.datetime | None
    status: DateStatus
    precision: DatePrecision | None


# No text is dated so by our calendar: these are years since the Hijra, and since the Buddha or the Creation.
_YEARS_OF_OTHERS: Final = range(1300, 1500)
# Those of Vikram, which Nepal counts, are 57 ahead of ours.
_YEARS_TO_COME: Final = 2050
_YEARS_OF_OTHERS_AGAIN: Final = 2200

# English is written in both orders, and Chinese with the year first or, in Singapore and Hong Kong, with the day first.
# Some languages that put the year first have no one order of day and month where a year stands last; all others put the
# day first.
_BOTH: Final = frozenset(("en", "fil", "tl", "ceb", "zu", "xh", "ee", "or", "ks"))
_UNKNOWN: Final = frozenset(("und", "", "zh"))
_YEAR_FIRST: Final = frozenset(("ja", "ko", "hu", "mn"))
_YEAR_EITHER_END: Final = frozenset(("af", "ckb", "eo", "eu", "fa", "lt", "mg", "ne", "ps", "si", "sv", "ug"))


def orders_of(language: str) -> frozenset[DateOrder]:
    """Return the orders in which a language writes dates in numbers.

    >>> sorted(orders_of("de")), sorted(orders_of("en"))
    (['DMY'], ['DMY', 'MDY'])
    """
    code = language.partition("-")[0]
    if code in _UNKNOWN:
        return frozenset(("DMY", "MDY", "YMD"))
    if code in _BOTH:
        return frozenset(("DMY", "MDY"))
    if code in _YEAR_FIRST:
        return frozenset(("YMD",))
    return frozenset(("DMY", "YMD")) if code in _YEAR_EITHER_END else frozenset(("DMY",))


def resolve(
    written: Written,
    date_order: DateOrder | None = None,
    language_of: Callable[[], str] | None = None,
    evidence: Iterable[frozenset[str]] = (),
) -> DateReading:
    """Return the day that a written date means; `language_of` is called only if nothing else decides."""
    possible = [candidate for candidate in written.candidates if candidate.day]
    if not possible:
        return DateReading(None, None, "invalid", None)
    contradicted = written.weekdays and not any(_has_weekday(c.day, written) for c in possible if c.day)
    if contradicted or not written.calendar_known:
        return DateReading(None, None, "ambiguous", None)
    possible = _narrowed(possible, written, date_order, [*written.evidence, *evidence])
    if len(_days(possible)) > 1 and language_of is not None:
        possible = _in_languages(possible, frozenset((language_of(),)))
    days: set[dt.date | None] = {*_days(possible)}
    if len(days) == 1 and possible[0].order:
        days = {_in_our_calendar(next(iter(_days(possible))), language_of)}
    if len(days) > 1 or None in days:
        return DateReading(None, None, "ambiguous", None)
    day = days.pop()
    assert day is not None
    if written.clock is None:
        return DateReading(day, None, "parsed", written.precision)
    precision: DatePrecision = "minute" if written.clock.second is None else "second"
    return DateReading(day, _moment(day, written.clock), "parsed", precision)


def _has_weekday(day: dt.date, written: Written) -> bool:
    """Return whether a day has the day of the week beside it; in a calendar of the moon it may be a day off."""
    off = (-1, 0, 1) if written.converted else (0,)
    return any((day.weekday() + days) % 7 in written.weekdays for days in off)


def _days(candidates: list[Candidate]) -> set[dt.date]:
    return {candidate.day for candidate in candidates if candidate.day}


def _in_our_calendar(day: dt.date, language_of: Callable[[], str] | None) -> dt.date | None:
    """Return the day that year, month and day in numbers mean, or None where the year is not one of our calendar.

    In a Thai text the year 2567 is 2024, and in a Persian one 1402 is: elsewhere it cannot be known.
    """
    if day.year not in _YEARS_OF_OTHERS and day.year < _YEARS_TO_COME:
        return day
    language = language_of() if language_of is not None else ""
    if day.year < _YEARS_OF_OTHERS_AGAIN and day.year not in _YEARS_OF_OTHERS:
        # 2080 is this year in Nepal.
        return None if language == "ne" else day
    if language == "th" and (year := from_buddhist(day.year)):
        return day_of(year, day.month, day.day)
    return from_persian(day.year, day.month, day.day) if language == "fa" else None


def _narrowed(
    possible: list[Candidate],
    written: Written,
    date_order: DateOrder | None,
    evidence: list[frozenset[str]],
) -> list[Candidate]:
    """Keep the candidates that the line and the declared order allow."""
    if len(_days(possible)) > 1 and written.weekdays:
        fitting = [c for c in possible if c.day and c.day.weekday() in written.weekdays]
        possible = fitting or possible
    if len(_days(possible)) > 1 and date_order:
        possible = [c for c in possible if c.order == date_order] or possible
    for languages in evidence:
        if len(_days(possible)) > 1:
            possible = _in_languages(possible, languages)
    return possible


def _in_languages(possible: list[Candidate], languages: frozenset[str]) -> list[Candidate]:
    """Keep the candidates that a text in one of these languages can mean; all, where none can."""
    codes = {language.partition("-")[0] for language in languages}
    orders = frozenset[DateOrder]().union(*map(orders_of, codes))
    fitting = [c for c in possible if c.languages & languages or (c.order in orders if c.order else not c.languages)]
    return fitting or possible


def _moment(day: dt.date, clock: Clock) -> dt.datetime | None:
    """Return the moment in UTC, or None where no zone is known."""
    if clock.offset is None:
        return None
    # A leap second is the first second of the next minute, as POSIX has it.
    leap = clock.second == 60
    local = dt.datetime(
        day.year, day.month, day.day, clock.hour, clock.minute, 59 if leap else clock.second or 0,
        clock.microsecond, tzinfo=dt.UTC,
    )  # fmt: skip
    try:
        return local + dt.timedelta(days=clock.next_day, seconds=leap, minutes=-clock.offset)
    except OverflowError:
        return None
