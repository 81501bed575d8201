"""Dates in forms that need no dictionary: ISO 8601, RFC 5322, numbers with one sign between them.

Promised: ISO 8601 in full for days (calendar, ordinal and week dates, basic and extended), times with fractions,
`24:00` and zones; RFC 5322 with its rule for years of two and three digits and its old zones.
Not promised: durations and intervals.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from longshore.text.dates.calendars import from_buddhist, from_era, from_hijri, from_persian
from longshore.text.dates.resolve import Candidate, Written, clock_of, day_of, full_year
from longshore.text.dates.tokens import offset_from, offset_of

# Of Chinese, by place or with ten; 元 is the first year of an era.
NUMERALS: Final = "〇○零一二三四五六七八九十元"
_EAST_ASIAN = re.compile(
    rf"""(?<!\d)(?:(?:(?P<era>明治|大正|昭和|平成|令和|(?:中華|中华)?民[國国])|西[元暦曆]|公元)\s?)?
    (?P<year>\d{{1,4}}|[{NUMERALS}]{{1,4}})\s?[年년]\s?
    (?:[(（](?:明治|大正|昭和|平成|令和|西暦)?[\d元]{{1,4}}年[)）]\s?)?(?P<month>\d{{1,2}}|[{NUMERALS}]{{1,2}})\s?[月월]
    (?: \s?(?P<day>\d{{1,2}}(?=\d?\d:\d\d)|\d{{1,2}}(?!\d|:)|[{NUMERALS}]{{1,3}})\s?[日號号일]? )?
    (?: \s?[(（]?(?:[周週]|星期|礼拜|禮拜)?(?P<weekday>[一二三四五六日天月火水木金土월화수목금토일])(?:曜日?|요일)?[)）]
      | \s?(?:[周週]|星期|礼拜|禮拜)(?P<weekday2>[一二三四五六日天])
      | \s?(?P<weekday3>[月火水木金土日])曜日?
      | \s?(?P<weekday4>[월화수목금토일])요일 )?""",
    re.VERBOSE,
)  # fmt: skip
# Behind a date in numbers: 2024/3/17(日), 2024-03-17 星期日, 2024.3.17.(일).
_WEEKDAY = re.compile(
    r"""\.?\s?(?:
      \((?:[周週]|星期|礼拜|禮拜)?(?P<in_brackets>[一二三四五六日天月火水木金土월화수목금토일])(?:曜日?|요일)?\)
    | (?:[周週]|星期|礼拜|禮拜)(?P<alone>[一二三四五六日天]) )""",
    re.VERBOSE,
)
_EAST_ASIAN_WEEKDAYS: Final = {
    sign: day
    for signs in ("一二三四五六日", "月火水木金土日", "월화수목금토일", "______天")
    for day, sign in enumerate(signs)
}
_EAST_ASIAN_CLOCK = re.compile(
    r"""[\s,，|・]{0,3}(?P<half>午前|午後|上午|下午|오전|오후|凌晨|早上|晚上|中午|[早晨朝晚]|[AP]M)?\s?
    (?P<hour>\d{1,2})\s?[時时點点시]\s?(?:(?P<minute>\d{1,2})\s?[分분]\s?(?:(?P<second>\d{1,2})\s?[秒초])?)?""",
    re.VERBOSE,
)  # fmt: skip
_AFTERNOON: Final = frozenset(("午後", "下午", "오후", "晚上", "晚", "中午", "PM"))
# Vietnamese and Mongolian count their months.
_COUNTED_MONTHS = re.compile(
    r"""(?<!\d)(?:(?P<day>\d{1,2})[ ,]{1,2}(?:tháng[ ]|thg[ ]|th)(?P<month>\d{1,2})[, ]{1,2}(?:năm[ ])?(?P<year>\d{4})
    | (?:tháng[ ]|thg[ ]|th)(?P<vmonth>\d{1,2})[ ](?P<vday>\d{1,2}),?[ ](?P<vyear>\d{4})
    | (?P<myear>\d{4})\s?оны?\s(?P<mmonth>\d{1,2})(?:\s?-?р)?\sсарын\s?(?P<mday>\d{1,2}))(?!\d)""",
    re.VERBOSE | re.IGNORECASE,
)


def counted_month_dates(line: str) -> list[Written]:
    """Find the dates whose month has a number and a word: 17 tháng 3 năm 2024, 2024 оны 3 сарын 17.

    >>> counted_month_dates("ngày 17 tháng 3 năm 2024")[0].candidates[0].day
    datetime.date(2024, 3, 17)
    """
    found = []
    for match in _COUNTED_MONTHS.finditer(line):
        year, month, day = (
            int(match[name] or match["m" + name] or match["v" + name]) for name in ("year", "month", "day")
        )
        found.append(Written(match.start(), match.end(), (Candidate(day_of(year, month, day)),)))
    return found


def _numeral(text: str) -> int:
    """Read a number in digits or in Chinese numerals, by place (二〇二四) or with ten (二十七)."""
    if text.isdigit() and text.isascii():
        return int(text)
    if text == "元":
        return 1
    values = {sign: i for i, sign in enumerate("〇一二三四五六七八九")} | {"零": 0, "○": 0}
    if "十" in text:
        tens, _, ones = text.partition("十")
        return values.get(tens, 1) * 10 + values.get(ones, 0)
    return int("".join(str(values.get(sign, 0)) for sign in text))


def with_east_asian_weekday(written: Written, line: str) -> Written:
    """Extend a date in numbers by the sign of the day of the week that stands behind it."""
    match = _WEEKDAY.match(line, written.end)
    if not match or written.weekdays:
        return written
    sign = match["in_brackets"] or match["alone"]
    return replace(written, end=match.end(), weekdays=frozenset([_EAST_ASIAN_WEEKDAYS[sign]]))


def east_asian_dates(line: str) -> list[Written]:
    """Find the dates with 年, 月, 日 and 년, 월, 일, in any numerals and eras.

    >>> east_asian_dates("令和6年3月17日（日）")[0].candidates[0].day
    datetime.date(2024, 3, 17)
    """
    found: list[Written] = []
    if "年" not in line and "년" not in line:
        return found
    for match in _EAST_ASIAN.finditer(line):
        group = match.groupdict()
        year = _numeral(group["year"])
        if group["era"]:
            year = from_era(group["era"], year) or 0
        elif len(group["year"]) == 2 and group["year"].isdigit():
            year = full_year(year, 2)
        if not 1000 <= year <= 2999:
            continue
        day = day_of(year, _numeral(group["month"]), _numeral(group["day"] or "1"))
        sign = group["weekday"] or group["weekday2"] or group["weekday3"] or group["weekday4"]
        weekdays = frozenset([_EAST_ASIAN_WEEKDAYS[sign]]) if sign else frozenset[int]()
        end, clock = match.end(), None
        time = _EAST_ASIAN_CLOCK.match(line, end)
        if time:
            hour = int(time["hour"])
            if time["half"] in _AFTERNOON and hour <= 12:
                hour = hour % 12 + 12
            clock = clock_of(str(hour), time["minute"], time["second"], None, None)
            end = time.end()
        written = Written(match.start(), end, (Candidate(day, "YMD"),), weekdays=weekdays, clock=clock)
        if not group["day"]:
            written.precision = "month"
        found.append(written)
    return found


_ISO = re.compile(
    r"""(?<!\d)(?<!\d[.\-/:])(?<![/=])
    (?: (?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)
      | (?P<wyear>\d{4})-?W(?P<week>\d\d)-?(?P<weekday>[1-7])
      | (?P<oyear>\d{4})-(?P<ordinal>\d{3})(?!\d)
      | (?P<basic>\d{8})(?=T\d|\s*$|Z|[ ]\d\d?:\d) )
    (?: (?: [Tt] | [ ]{1,2}(?=\d\d?:) )
        (?P<hour>\d\d?) (?: :?(?P<minute>\d\d) (?: :?(?P<second>\d\d) (?:[.,](?P<fraction>\d{1,12}))? )? )?
        (?: [ ]?(?: (?P<zulu>[Zz])(?![^\W\d_]) | (?P<sign>[+\-−])(?P<zh>\d\d)(?::?(?P<zm>\d\d))?(?!\d) ) )?
        (?: \[[\w/+\-]{1,40}\] )?
      | [Zz](?![^\W\d_]) | [+\-−]\d\d:\d\d(?!\d)
    )?
    (?!\d|[.\-/]\d)""",
    re.VERBOSE,
)  # fmt: skip

_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_RFC = re.compile(
    r"""(?<![\w.])(?:(?P<weekday>Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]{0,6},?\s{0,3})?
    (?P<day>\d{1,2})[ \t\-]{1,3}(?P<month>Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[ \t\-]{1,3}
    (?P<year>\d{4}|191\d\d|1[0-4]\d|\d\d)
    [ \t]{1,3}(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:\.(?P<fraction>\d{1,9}))?)?
    (?: [ \t]{0,3}(?: (?P<sign>[+\-])(?P<zh>\d\d)(?P<zm>\d\d) | (?P<zone>UT|UTC|GMT|Z|[ECMP][SD]T) )(?![\w:]|[+\-]\d)
        (?: [ ]?\([^()\n]{1,40}\) )? )?""",
    re.VERBOSE | re.IGNORECASE,
)

# As C's asctime, date(1) and git write it: Sun Mar 17 10:32:01 UTC 2024, Sun 17 Mar 10:32:01 UTC 2024.
_ASCTIME = re.compile(
    r"""(?<![\w.])(?P<weekday>Mon|Tue|Wed|Thu|Fri|Sat|Sun)[ ]{1,2}(?:(?P<day_first>\d{1,2})[ ])?
    (?P<month>Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[ ]{1,2}
    (?(day_first)|(?P<day>\d{1,2})[ ])(?P<hour>\d\d):(?P<minute>\d\d)(?::(?P<second>\d\d))?(?P<fraction>)
    (?:[ ](?P<zone>[A-Z]{1,5}))?[ ](?P<year>\d{4})(?:[ ](?P<sign>[+\-])(?P<zh>\d\d)(?P<zm>\d\d))?(?!\w)""",
    re.VERBOSE,
)
_MAIL_LABEL = re.compile(r"\b(?:date|sent|pubdate|lastbuilddate)[ \t]*:", re.IGNORECASE)

_NUMBERS = r"""
    (?P<a>\d{4}|\d{1,2})(?P<sep>[ ]?[.\-/][ ]?)(?P<b>\d{1,2})(?P<sep2>[ ]?[.\-/][ ]?)
    (?P<c>(?:19|20)\d\d|\d{4}(?!\d)|\d{1,2}(?!\d))
    (?![./]\d|-\d(?!\d?:\d\d)|[ ]?:)"""
_NUMERIC = re.compile(rf"(?<!\d)(?<!\d[.\-/:])(?<![/=?&#@\\]){_NUMBERS}", re.VERBOSE)
# As Scandinavians write it: 17/3 2024, 17/3-24.
_DAY_AND_MONTH = re.compile(r"(?<![\d/.])(\d{1,2})/(\d{1,2})(?:[ ]|\s?[\-–]\s?)((?:19|20)\d\d)(?![\d/.\-])")
# The same date twice, glued together.
_NUMERIC_AGAIN = re.compile(_NUMBERS, re.VERBOSE)


_DEVANAGARI_DIGITS = re.compile("[०-९]{4}")
# From 2050 on; earlier ones are years of ours too, in which Hindi and Marathi write dates.
_YEARS_OF_VIKRAM: Final = range(2050, 2200)
_NATIVE_DIGITS = re.compile("[٠-٩۰-۹]")


def _offset(match: re.Match[str], *, mail: bool) -> int | None:
    """Return the offset that the groups of a pattern caught."""
    groups = match.groupdict()
    if groups["sign"]:
        return offset_from(groups["sign"], groups["zh"], groups["zm"])
    name = "Z" if groups.get("zulu") else groups.get("zone")
    return offset_of(name, mail=mail) if name else None


def iso_dates(line: str) -> list[Written]:
    """Find the ISO 8601 dates of a line whose digits are ASCII.

    >>> iso_dates("2024-03-17T10:32:00+01:00")[0].clock
    Clock(hour=10, minute=32, second=0, microsecond=0, offset=60, next_day=False)
    """
    return [_iso(match) for match in _ISO.finditer(line)]


def _iso(match: re.Match[str]) -> Written:
    group = match.groupdict()
    if group["year"]:
        day = day_of(int(group["year"]), int(group["month"]), int(group["day"]))
    elif group["week"]:
        try:
            day = dt.date.fromisocalendar(int(group["wyear"]), int(group["week"]), int(group["weekday"]))
        except ValueError:
            day = None
    elif group["ordinal"]:
        first = day_of(int(group["oyear"]), 1, 1)
        day = first and first + dt.timedelta(int(group["ordinal"]) - 1) if int(group["oyear"]) < 9999 else None
        day = day if day and first and day.year == first.year else None
    else:
        basic = group["basic"]
        day = day_of(int(basic[:4]), int(basic[4:6]), int(basic[6:]))
    clock = None
    if group["hour"]:
        clock = clock_of(group["hour"], group["minute"], group["second"], group["fraction"], _offset(match, mail=False))
    # Seven or eight digits that are no valid date are a number.
    plain = not group["basic"] and not group["ordinal"]
    return Written(match.start(), match.end(), (Candidate(day, "YMD"),), plain=plain, clock=clock)


def mail_dates(line: str) -> list[Written]:
    """Find the dates of a line that are written as RFC 5322 has them; its old zones count after a label of mail or RSS.

    >>> mail_dates("Fri, 23 Apr 93 22:34:22 GMT")[0].candidates[0].day
    datetime.date(1993, 4, 23)
    """
    found: list[Written] = []
    if ":" not in line:
        return found
    mail = bool(_MAIL_LABEL.search(line))
    for match in (*_RFC.finditer(line), *_ASCTIME.finditer(line)):
        group = match.groupdict()
        year = full_year(int(group["year"]), len(group["year"]))
        number = int(group["day"] or group["day_first"])
        day = day_of(year, _MONTHS.index(group["month"].lower()) + 1, number)
        offset = _offset(match, mail=mail)
        clock = clock_of(group["hour"], group["minute"], group["second"], group["fraction"], offset)
        weekdays = frozenset([_DAYS.index(group["weekday"].lower())]) if group["weekday"] else frozenset[int]()
        found.append(Written(match.start(), match.end(), (Candidate(day),), weekdays=weekdays, clock=clock))
    return found


def _numeric_candidates(a: str, b: str, c: str, separator: str, line: str) -> tuple[Candidate, ...]:
    """Return every order in which three numbers may be meant."""
    if len(a) == 4:
        return (_year_first(int(a), int(b), int(c), line),)
    year = full_year(int(c), len(c))
    if 2484 <= year <= 2643 and re.search("[\u0e00-\u0e7f]", line):
        year = from_buddhist(year) or year
    both = (
        Candidate(day_of(year, int(b), int(a)), "DMY"),
        Candidate(day_of(year, int(a), int(b)), "MDY"),
    )
    if len(c) == 4 or len(a) == 1:
        return both
    # With dashes even English may put a year of two digits first.
    languages = frozenset(("en",)) if separator == "-" else frozenset[str]()
    return (*both, Candidate(day_of(full_year(int(a), 2), int(b), int(c)), "YMD", languages))


def _year_first(year: int, month: int, day: int, line: str) -> Candidate:
    """Read year, month, day: the year may be one of another calendar where the line's script says which."""
    if 1300 <= year <= 1500 and re.search("[\u06f0-\u06f9پچژگ]|تاریخ|ه.?ش", line):
        return Candidate(from_persian(year, month, day), "YMD")
    if 1300 <= year <= 1500 and re.search("[\u0660-\u0669]|هـ", line):
        return Candidate(from_hijri(year, month, day), "YMD")
    if 2484 <= year <= 2643 and re.search("[\u0e00-\u0e7f]", line):
        year = from_buddhist(year) or year
    return Candidate(day_of(year, month, day), "YMD")


def with_known_calendar(written: Written, line: str) -> Written:
    """Mark a date in numbers whose digits and year are those of Nepal: 2080 is 2023 or 2024 there."""
    years = {candidate.day.year for candidate in written.candidates if candidate.day}
    if not _DEVANAGARI_DIGITS.search(line) or years.isdisjoint(_YEARS_OF_VIKRAM):
        return written
    return replace(written, calendar_known=False)


def is_of_another_calendar(written: Written, line: str) -> bool:
    """Return whether a date in the form of ISO 8601 has the digits and the years of Persian or Hijri dates."""
    if line.isascii() or not _NATIVE_DIGITS.search(line):
        return False
    return any(candidate.day and 1300 <= candidate.day.year <= 1500 for candidate in written.candidates)


def _numeric_matches(line: str) -> Iterator[re.Match[str]]:
    """Find three numbers with the same sign between, and the same again where it is glued to its end."""
    for match in _NUMERIC.finditer(line):
        yield match
        again = _NUMERIC_AGAIN.match(line, match.end())
        if again:
            yield again


def numeric_dates(line: str, original: str) -> list[Written]:
    """Find the dates in numbers; `original` is the line with its own digits, which may show the calendar.

    >>> [c.day.isoformat() for c in numeric_dates("03/04/2024", "03/04/2024")[0].candidates]
    ['2024-04-03', '2024-03-04']
    """
    found = []
    has_long_year = re.search(r"\d{4}", line) is not None
    for match in _numeric_matches(line):
        a, b, c = match["a"], match["b"], match["c"]
        if match["sep"].strip() != match["sep2"].strip() or len(a) == len(c) == 4:
            continue
        if len(c) == 1 and len(a) < 4:
            continue
        candidates = _numeric_candidates(a, b, c, match["sep"].strip(), original)
        long_year = max(len(a), len(c)) == 4
        # H31.4.30 is a year of an era, or a part's number.
        if not long_year and line[: match.start()][-1:].isalpha():
            continue
        # Beside a year of four digits 15.07.09 is a time.
        if not long_year and (has_long_year or not any(candidate.day for candidate in candidates)):
            continue
        found.append(Written(match.start(), match.end(), candidates, plain=long_year))
    for match in _DAY_AND_MONTH.finditer(line):
        candidates = _numeric_candidates(match[1], match[2], match[3], "/", original)
        found.append(Written(match.start(), match.end(), candidates))
    return found
