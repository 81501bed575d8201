"""The dates of one line, with their times, zones and days of the week, in any language.

1. forms without a dictionary   ISO 8601, RFC 5322, numbers (`forms`); 年月日 (`signs`)
2. months by name               17 March 2024, March 17, 2024, 2024. március 17., ๑๗ มีนาคม ๒๕๖๗
3. what stands beside a date    day of the week, time, zone (`neighbours`)

Promised: every way to read a date is kept; which one is meant is settled in `flows.text.dates.settling`.
Not promised: relative dates (yesterday), dates without a year, dates in words (the first of May).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from flows.text.dates.calendars import from_buddhist, from_hijri, from_persian
from flows.text.dates.forms import is_of_another_calendar, iso_dates, mail_dates, numeric_dates
from flows.text.dates.neighbours import with_neighbours
from flows.text.dates.parts import Candidate, Written, day_of, full_year
from flows.text.dates.signs import counted_month_dates, east_asian_dates, with_east_asian_weekday
from flows.text.dates.tokens import Token, shape, tokens_of


@dataclass(frozen=True, slots=True)
class DatedLine:
    """A line cut into tokens, in which each whole date is one token (`D`)."""

    tokens: list[Token]

    @property
    def dates(self) -> list[Written]:
        """The dates, in the order of the line."""
        return [token.written for token in self.tokens if token.written]


# Full-width signs that stand in dates. A fold of the same length keeps every place in the line.
_WIDE: Final = str.maketrans("－‐‑‒–—―−／⁄∕．：，（）　\u00a0\u2009\u202f", "--------///.:,()    ")


def plain_digits(line: str) -> str:
    """Give the line with the digits of every script as ASCII, each in its place.

    >>> plain_digits("１٧ มีนาคม ๒๕๖๗")
    '17 มีนาคม 2567'
    """
    if line.isascii():
        return line
    digits = {ord(c): str(unicodedata.decimal(c)) for c in set(line) if not c.isascii() and c.isdecimal()}
    return line.translate(digits).translate(_WIDE)


# What may stand between the parts of a date: 17. März 2024, 17 de marzo del 2024, 29 / Dezember / 2022, [Sept] 04.
_IN = r"[_.,/\-'()foVagj]{0,6}?"
# A year of two digits, unless a longer one follows or it begins a time.
_SHORT_YEAR = r"'?d(?![dotyn]|_?[:h]|\.d|[_.,/\-']{0,3}[yn])"
_YEAR = rf"(?:[yn]|{_SHORT_YEAR})"
_NAMED = re.compile(
    rf"""(?<!d:)(?:
      (?P<dmy>d{_IN}[MBm](?:_?/_?[MBm])?{_IN}{_YEAR})
    | (?P<mdy>[MBm]{_IN}d(?:{_IN}[yn]|(?:,_?|-|_?'){_SHORT_YEAR}))
    | (?P<ymd>y{_IN}[MBm]{_IN}d(?![:\d]))
    | (?P<ydm>y{_IN}d{_IN}[MBm])
    | (?P<my>[MB]{_IN}y)
    | (?P<ym>y{_IN}[MB])
    )""",
    re.VERBOSE,
)


# 2550 is 2007: Thai pages of the web are hardly older.
_BUDDHIST_FROM: Final = 50


def read_line(line: str) -> DatedLine:
    """Cut a line into tokens and find its dates."""
    plain = plain_digits(line)
    tokens: list[Token] = []
    at = 0
    for written in _forms(plain, line):
        tokens += tokens_of(plain, at, written.start)
        tokens.append(Token("D", written.start, written.end, line[written.start : written.end], written=written))
        at = written.end
    tokens += tokens_of(plain, at, len(plain))
    tokens = _with_named_dates(tokens, line)
    return DatedLine(with_neighbours(tokens))


def _forms(plain: str, line: str) -> list[Written]:
    """Find the dates that need no dictionary; of two that overlap the first kind wins."""
    found: list[Written] = []
    for dates in (
        [written for written in iso_dates(plain) if not is_of_another_calendar(written, line)],
        mail_dates(plain),
        east_asian_dates(plain),
        counted_month_dates(plain),
        numeric_dates(plain, line),
    ):
        found += [d for d in dates if all(d.end <= other.start or d.start >= other.end for other in found)]
    if not line.isascii():
        found = [with_east_asian_weekday(written, plain) for written in found]
    return sorted(found, key=lambda written: written.start)


def _with_named_dates(tokens: list[Token], line: str) -> list[Token]:
    """Put one token in the place of each date whose month has a name."""
    letters = shape(tokens)
    result: list[Token] = []
    at = 0
    for match in _NAMED.finditer(letters):
        part = tokens[match.start() : match.end()]
        written = _named(part, match.lastgroup or "", line)
        if written:
            result += tokens[at : match.start()]
            result.append(Token("D", written.start, written.end, line[written.start : written.end], written=written))
            at = match.end()
    return result + tokens[at:]


def _named(part: list[Token], order: str, line: str) -> Written | None:
    """Read the tokens of a date with a month's name, or None where they cannot be one."""
    month = _month([token for token in part if token.kind in "MBm"])
    if month is None:
        return None
    numbers = [token for token in part if token.kind in "dtyn"]
    if len(order) == 2:
        year_token, day = numbers[0], 1
    else:
        year_token = numbers[0] if order.startswith("y") else numbers[1]
        day_token = numbers[1] if order.startswith("y") else numbers[0]
        # 87-FEB-26: a number that is no day is the year.
        if order == "dmy" and len(year_token.text) == 2 and int(day_token.text) > 31:
            year_token, day_token = day_token, year_token
        day = int(day_token.text)
    # A count of comments or a time may be glued to a year: 31. Dezember 201915.
    digits = year_token.text[:4] if len(year_token.text) > 4 else year_token.text
    if len(year_token.text) > 4 and not digits.startswith(("19", "20")):
        return None
    years = _years(digits, month)
    end = year_token.start + 4 if part[-1] is year_token else part[-1].end
    end = min(end, part[-1].end)
    candidates = tuple(candidate for year in years for candidate in _in_calendar(month, year, day, line))
    if not candidates:
        return None
    hijri = month.meaning is not None and month.meaning.calendar == "hijri"
    written = Written(part[0].start, end, candidates, converted=hijri)
    if len(order) == 2:
        written.precision = "month"
    return written


def _years(digits: str, month: Token) -> tuple[int, ...]:
    """Give the years that digits may stand for: Thais shorten that of the Buddha, 67 is 2567, and 24 may be either."""
    year = full_year(int(digits), len(digits))
    meaning = month.meaning
    if len(digits) != 2 or meaning is None or any(languages != {"th"} for languages in meaning.months.values()):
        return (year,)
    return (2500 + int(digits),) if int(digits) >= _BUDDHIST_FROM else (year, 2500 + int(digits))


def _month(named: list[Token]) -> Token | None:
    """Give the month of a date, or None where two names beside each other (آذار/مارس) mean different ones."""
    first = named[0]
    if len(named) == 1:
        return first
    meanings = [token.meaning for token in named if token.meaning]
    common = {
        number: languages & meanings[1].months[number]
        for number, languages in meanings[0].months.items()
        if number in meanings[1].months
    }
    return first._replace(meaning=replace(meanings[0], months=common)) if common else None


def _in_calendar(month: Token, year: int, day: int, line: str) -> Iterable[Candidate]:
    """Give a candidate for each month that the name may mean, in the calendar that the name or the year shows."""
    meaning = month.meaning
    assert meaning is not None
    for number, languages in meaning.months.items():
        if meaning.calendar == "persian":
            if 1206 <= year <= 1498:
                yield Candidate(from_persian(year, number, day))
        elif meaning.calendar == "hijri":
            if 1300 <= year <= 1500:
                yield Candidate(from_hijri(year, number, day))
        elif year >= 2484 and (languages == {"th"} or "พ.ศ" in line):
            gregorian = from_buddhist(year)
            if gregorian:
                yield Candidate(day_of(gregorian, number, day))
        elif 1000 <= year <= 2199:
            yield Candidate(day_of(year, number, day), languages=frozenset(languages))
