"""Dates of other calendars as Gregorian dates.

Promised: the Solar Hijri calendar of Iran and Afghanistan for the years 1206-1498 (the 33-year rule is exact there),
the Umm al-Qura calendar for the years 1365-1500, the Ethiopian calendar, the Buddhist years of Thailand since its year
began on 1 January (1941), and the years of Japanese emperors since Meiji and of the Republic of China.
Not promised: a Hijri date outside Saudi Arabia, where a month begins when the moon is seen, may be a day off.
"""

from __future__ import annotations

import datetime as dt
from functools import cache
from typing import Final

from longshore.text.data import read_toml

# 29 August of the year 8 of the Julian calendar.
_ETHIOPIAN_EPOCH: Final = 2796
# A day before the true epoch: `leap_days_before` below counts one too many from the start.
_PERSIAN_EPOCH: Final = dt.date(622, 3, 21)


def from_persian(year: int, month: int, day: int) -> dt.date | None:
    """Convert a Solar Hijri date, or None where there is no such date.

    >>> from_persian(1402, 12, 27)
    datetime.date(2024, 3, 17)
    """
    if not (1206 <= year <= 1498 and 1 <= month <= 12 and 1 <= day <= 31):
        return None
    leap = (25 * year + 11) % 33 < 8
    if day > (31 if month <= 6 else 30 if month < 12 or leap else 29):
        return None
    leap_days_before = (8 * year + 21) // 33
    days_before_month = 31 * (month - 1) if month <= 7 else 30 * (month - 1) + 6
    return _PERSIAN_EPOCH + dt.timedelta(365 * (year - 1) + leap_days_before + days_before_month + day - 1)


def from_ethiopian(year: int, month: int, day: int) -> dt.date | None:
    """Convert a date of the Ethiopian calendar, or None where there is no such date.

    >>> from_ethiopian(2016, 7, 8)
    datetime.date(2024, 3, 17)
    """
    days = 30 if month <= 12 else 5 + (year % 4 == 3)
    if not (1800 <= year <= 2100 and 1 <= month <= 13 and 1 <= day <= days):
        return None
    return dt.date.fromordinal(_ETHIOPIAN_EPOCH + 365 * (year - 1) + year // 4 + 30 * (month - 1) + day - 1)


@cache
def _umm_al_qura() -> tuple[int, dt.date, str]:
    """Return the first year of the table, its first day, and for each month 1 where it has 30 days, else 0."""
    table = read_toml("calendars.toml")["umm_al_qura"]
    digits = "".join(table["months"].split())
    return table["first_year"], table["begins"], f"{int(digits, 16):0{4 * len(digits)}b}"


def from_hijri(year: int, month: int, day: int) -> dt.date | None:
    """Convert a date of the Umm al-Qura calendar, or None where there is no such date or no table.

    >>> from_hijri(1445, 9, 7)
    datetime.date(2024, 3, 17)
    """
    first_year, begins, long_months = _umm_al_qura()
    months = (year - first_year) * 12 + month - 1
    if not (1 <= month <= 12 and 0 <= months < len(long_months)):
        return None
    if not 1 <= day <= 29 + int(long_months[months]):
        return None
    return begins + dt.timedelta(29 * months + long_months.count("1", 0, months) + day - 1)


@cache
def _eras() -> dict[str, int]:
    """Return the year before the first of each era."""
    eras: dict[str, int] = read_toml("calendars.toml")["eras"]
    return eras


def from_era(era: str, year: int) -> int | None:
    """Return the Gregorian year of a year of an era of Japan or Taiwan, or None where the era is not known.

    >>> from_era("令和", 6)
    2024
    """
    before = _eras().get(era.removeprefix("中華").removeprefix("中华"))
    return None if before is None or year < 1 else before + year


def from_buddhist(year: int) -> int | None:
    """Return the Gregorian year of a Thai one, or None where it cannot be one since its year begins in January.

    >>> from_buddhist(2567)
    2024
    """
    return year - 543 if 2484 <= year <= 2643 else None
