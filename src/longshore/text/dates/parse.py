"""The dates of one line, with their times, zones and days of the week, in any language.

1. forms without a dictionary   ISO 8601, RFC 5322, numbers, 年月日 (`forms`)
2. months by name               17 March 2024, March 17, 2024, 2024. március 17., ๑๗ มีนาคม ๒๕๖๗
3. the words beside a date      day of the week, time, zone (`with_neighbours`)

Promised: every way to read a date is kept; `longshore.text.dates.resolve` decides which one is meant.
Not promised: relative dates (yesterday), dates without a year, dates in words (the first of May).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from longshore.text.dates.calendars import from_buddhist, from_ethiopian, from_hijri, from_persian
from longshore.text.dates.forms import (
    counted_month_dates,
    east_asian_dates,
    is_of_another_calendar,
    iso_dates,
    mail_dates,
    numeric_dates,
    with_east_asian_weekday,
    with_known_calendar,
)
from longshore.text.dates.resolve import Candidate, Clock, Written, clock_of, day_of, full_year
from longshore.text.dates.tokens import Token, offset_from, offset_of, shape, tokens_of

_TIME = r"""(?:(?P<lead>a)[_.]{0,2})?
    (?: (?P<colon>d:d)(?:(?P<second>:d)(?P<fraction>[.,][dtyn])?)?(?!:?[dtyn])
      | (?P<letter>dhd|d_h_d)(?:_?[xW]_d_?[xf])?
      | (?P<point>d\.d)(?P<point_second>\.d)?(?!\.?[dtyn])
      | (?P<four>y)(?=_z|_?h)
      | (?P<hour>d)(?=_?[ah])
    )(?:_?(?P<half>a)\.?)?(?:_?h\.?)?"""
_ZONE = r"""(?:[_,]{0,2}\(?
    (?: (?P<zone>z)(?:(?P<from_zone>[+\-]d(?::d)?|[+\-]y))?
      | (?P<offset>\+d:d|[+\-]y) )
    (?![a-zA-Z])\)?(?:_?\([zxy_fgj]{1,9}\))?)?"""

_WEEKDAY_BEFORE = re.compile(r"(?P<weekday>[WBV])[_.,~()|\-]{0,3}(?:[fj][_.]{0,2})?$")
_NAME_BEFORE = re.compile("x_$")
_WEEKDAY_AFTER = re.compile(r"(?:_?[of])?(?!-[WB])[_.,(~\-]{0,3}(?P<weekday>[WB])\)?(?![_.,]{0,3}D)")
_TIME_BEFORE = re.compile(rf"(?<![dtyn:.]){_TIME}{_ZONE}[_.,~|/()fojVg'\-]{{0,5}}$", re.VERBOSE)
_TIME_AFTER = re.compile(rf"[_.,~|/()fojVamgzh'\-]{{0,9}}?{_TIME}{_ZONE}", re.VERBOSE)
_ZONE_AFTER = re.compile(_ZONE, re.VERBOSE)

# A date looks no further to its left than this many tokens.
_REACH = 24


def with_neighbours(tokens: list[Token]) -> list[Token]:
    """Extend each date by its weekday, time and zone, from left to right."""
    at = 0
    while at < len(tokens):
        if tokens[at].kind == "D":
            tokens, at = _widened(tokens, at)
        at += 1
    return tokens


def _widened(tokens: list[Token], at: int) -> tuple[list[Token], int]:
    """Extend the date at one index and return the new tokens with its new index."""
    letters = shape(tokens)
    written = tokens[at].written
    assert written is not None
    first, last = at, at + 1
    for _ in range(2):
        if not written.weekdays and (match := _WEEKDAY_AFTER.match(letters, last)):
            written = _with_weekday(written, tokens[match.start("weekday")])
            last = match.end()
        if written.clock is None and (match := _TIME_AFTER.match(letters, last)):
            clock = _clock(match, tokens, 0)
            if clock:
                written, last = replace(written, clock=clock), match.end()
        if written.clock and written.clock.offset is None and (match := _ZONE_AFTER.match(letters, last)):
            offset = _offset(match, tokens, 0)
            if match.end() > last:
                written, last = replace(written, clock=replace(written.clock, offset=offset)), match.end()
        behind = max(0, first - _REACH)
        match = _WEEKDAY_BEFORE.search(letters[behind:first])
        if match and not written.weekdays and _is_weekday(written, tokens[: behind + match.start("weekday") + 1]):
            written = _with_weekday(written, tokens[behind + match.start("weekday")])
            first = behind + match.start()
            behind = max(0, first - _REACH)
        if written.clock is None and (match := _TIME_BEFORE.search(letters[behind:first])):
            clock = _clock(match, tokens, behind)
            if clock:
                written, first = replace(written, clock=clock), behind + match.start()
    written = replace(written, start=tokens[first].start, end=tokens[last - 1].end)
    whole = Token("D", written.start, written.end, "", written=written)
    return [*tokens[:first], whole, *tokens[last:]], first


def _is_weekday(written: Written, tokens: list[Token]) -> bool:
    """Return whether the last token is a day of the week.

    A word that is also glue (`on` in Norwegian), or ends a name (Harbour Sun), is one where it fits the date.
    """
    token = tokens[-1]
    assert token.meaning is not None
    if token.kind != "V" and not _NAME_BEFORE.search(shape(tokens[:-1])):
        return True
    return any(candidate.day and candidate.day.weekday() in token.meaning.weekdays for candidate in written.candidates)


def _with_weekday(written: Written, token: Token) -> Written:
    assert token.meaning is not None
    weekdays = token.meaning.weekdays
    languages = frozenset().union(*weekdays.values())
    # Abbreviations of two letters are shared by too many languages to be evidence.
    evidence = [*written.evidence, languages] if len(token.text) > 2 else written.evidence
    return replace(written, weekdays=frozenset(weekdays), evidence=evidence)


def _clock(match: re.Match[str], tokens: list[Token], base: int) -> Clock | None:
    """Read the time that a pattern found, or None where no clock shows it."""

    def text(group: str, place: int = 0) -> str:
        return tokens[base + match.start(group) + place].text

    def last(group: str) -> str:
        return tokens[base + match.end(group) - 1].text

    second = fraction = None
    if match["colon"] or match["letter"] or match["point"]:
        group = "colon" if match["colon"] else "letter" if match["letter"] else "point"
        hour, minute = text(group), last(group)
        if len(minute) != 2:
            return None
        seconds = "second" if match["second"] else "point_second"
        second = text(seconds, 1) if match[seconds] else None
        if second is not None and len(second) != 2:
            return None
        fraction = text("fraction", 1) if match["fraction"] else None
    elif match["four"]:
        hour, minute = text("four")[:2], text("four")[2:]
    else:
        hour, minute = text("hour"), "0"
    half = next((text(name) for name in ("lead", "half") if match[name]), None)
    if half is not None:
        name = "lead" if match["lead"] else "half"
        meaning = tokens[base + match.start(name)].meaning
        if int(hour) <= 12 and meaning is not None and meaning.afternoon is not None:
            hour = str(int(hour) % 12 + (12 if meaning.afternoon else 0))
    return clock_of(hour, minute, second, fraction, _offset(match, tokens, base))


def _offset(match: re.Match[str], tokens: list[Token], base: int) -> int | None:
    """Read the zone that a pattern found: minutes east of UTC, where that is written and unmistakable."""
    group = "from_zone" if match["from_zone"] else "offset" if match["offset"] else None
    if group is None:
        return offset_of(tokens[base + match.start("zone")].text) if match["zone"] else None
    sign, hours, *rest = (t.text for t in tokens[base + match.start(group) : base + match.end(group)])
    if len(hours) == 4:
        return offset_from(sign, hours[:2], hours[2:])
    return offset_from(sign, hours, rest[1] if rest else None)


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
    """Return the line with the digits of every script as ASCII, each in its place.

    >>> plain_digits("１٧ มีนาคม ๒๕๖๗")
    '17 มีนาคม 2567'
    """
    if line.isascii():
        return line
    digits = {ord(c): str(unicodedata.decimal(c)) for c in set(line) if not c.isascii() and c.isdecimal()}
    return line.translate(digits).translate(_WIDE)


# Signs and words between the parts of a date: 17. März 2024, 17 de marzo del 2024, 29 / Dezember / 2022, [Sept] 04.
_IN = r"[_.,/\-'()foVagj]{0,6}?"
# A year of two digits, unless a longer one follows or it begins a time.
_SHORT_YEAR = r"'?d(?![dotyn]|_?[:h]|\.d|[_.,/\-']{0,3}[yn])"
_YEAR = rf"(?:[yn]|{_SHORT_YEAR})"
_NAMED = re.compile(
    rf"""(?<!d:)(?:
      (?P<dmy>d{_IN}[MBm](?:_?[/(~-]_?[MBm]\)?)?{_IN}{_YEAR})
    | (?P<mdy>[MBm]{_IN}d(?:{_IN}[yn]|(?:,_?|-|_?'){_SHORT_YEAR}))
    | (?P<ymd>y{_IN}[MBm]{_IN}d(?![:\d]))
    | (?P<ydm>y{_IN}d{_IN}[MBm])(?!{_IN}[yn])
    | (?P<my>[MB]{_IN}y)
    | (?P<ym>y{_IN}[MB])
    )""",
    re.VERBOSE,
)


_LONGEST_YEAR: Final = 5
_AMHARIC: Final = frozenset(("am",))
_OUR_ERA_IN_AMHARIC = re.compile(r"እ\.?\s?[ኤአ]\.?\s?አ")
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
        found = [with_known_calendar(with_east_asian_weekday(written, plain), line) for written in found]
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
    # With one digit more it is no year, but for 19100, which was 2000.
    glued = len(year_token.text) > _LONGEST_YEAR
    digits = year_token.text[:4] if glued else year_token.text
    if len(year_token.text) > 4 and not digits.startswith(("19", "20") if glued else "191"):
        return None
    years = _years(digits, month)
    end = year_token.start + 4 if part[-1] is year_token and glued else part[-1].end
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
    """Return the years that digits may stand for: Thai years are shortened too, 67 is 2567; 24 may be either."""
    year = full_year(int(digits), len(digits))
    meaning = month.meaning
    if len(digits) != 2 or meaning is None or any(languages != {"th"} for languages in meaning.months.values()):
        return (year,)
    return (2500 + int(digits),) if int(digits) >= _BUDDHIST_FROM else (year, 2500 + int(digits))


def _month(named: list[Token]) -> Token | None:
    """Return the month of a date, or None where two names beside each other (آذار/مارس) mean different ones."""
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
    """Return a candidate for each month that the name may mean, in the calendar that the name or the year shows."""
    meaning = month.meaning
    assert meaning is not None
    for number, languages in meaning.months.items():
        if meaning.calendar == "persian":
            if 1206 <= year <= 1498:
                yield Candidate(from_persian(year, number, day))
        elif meaning.calendar == "hijri":
            if 1300 <= year <= 1500:
                yield Candidate(from_hijri(year, number, day))
        elif meaning.calendar == "ethiopian":
            yield Candidate(from_ethiopian(year, number, day), languages=_AMHARIC)
        elif year >= 2484 and (languages == {"th"} or "พ.ศ" in line):
            gregorian = from_buddhist(year)
            if gregorian:
                yield Candidate(day_of(gregorian, number, day))
        elif 1000 <= year <= 2199:
            yield Candidate(day_of(year, number, day), languages=frozenset(languages))
            if "ti" in languages and not _OUR_ERA_IN_AMHARIC.search(line):
                # The names of Ethiopia's months, which Eritrea has for ours: that of September is Ethiopia's first.
                yield Candidate(from_ethiopian(year, (number - 9) % 12 + 1, day), languages=_AMHARIC)
