"""Dates whose parts are named by signs, or whose months are counted: 2024年3月17日, 2024년 3월 17일, 17 tháng 3 2024.

Promised: any numerals, and the eras of Japan and Taiwan.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from flows.text.dates.calendars import from_era
from flows.text.dates.parts import Candidate, Written, clock_of, day_of, full_year

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
    r"""[\s,，|・]{0,3}(?P<half>午前|午後|上午|下午|오전|오후|凌晨|早上|晚上|中午|[AP]M)?\s?
    (?P<hour>\d{1,2})\s?[時时點点시]\s?(?:(?P<minute>\d{1,2})\s?[分분]\s?(?:(?P<second>\d{1,2})\s?[秒초])?)?""",
    re.VERBOSE,
)  # fmt: skip
_AFTERNOON: Final = frozenset(("午後", "下午", "오후", "晚上", "中午", "PM"))
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
    """Let a date in numbers take in the sign of the day of the week that stands behind it."""
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
