import datetime as dt
import json
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from longshore.text.data import read_json
from longshore.text.dates.calendars import from_hijri, from_persian
from longshore.text.dates.dateline import read_date_line
from longshore.text.dates.parse import read_line
from longshore.text.dates.resolve import resolve

_DATES = Path(__file__).parent.parent / "cases" / "dates.jsonl"
CASES = [json.loads(line) for line in _DATES.read_text().splitlines()]
LANGUAGES = (
    "af ar bg bn ca cs cy da de el en es et fa fi fr gu he hi hr hu id it kn lt lv mk ml mr ne nb nl pa pl pt ro ru sk"
    " sl so sq sv sw ta te th fil tr uk ur"
)


def _read(line, date_order=None, language="und"):
    dates = read_line(line).dates
    return resolve(dates[0], date_order, lambda: language) if dates else None


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["label"])
def test_a_date_is_read_as_the_case_says(case):
    got = _read(case["line"], case.get("date_order"), case.get("language", "und"))
    if case.get("status") == "none":
        assert got is None
        return
    assert got.status == case.get("status", "parsed")
    assert (got.date and got.date.isoformat()) == case.get("date")
    assert (got.at and got.at.isoformat()) == case.get("at")
    assert got.precision == case.get("precision", "day" if "date" in case else None)


@pytest.mark.parametrize("language", LANGUAGES.split())
def test_every_month_of_a_language_is_read_under_every_name(language):
    for number, names in enumerate(read_json("date_names.json")[language].split("|")[:12], 1):
        assert names
        for name in names.split(","):
            got = _read(f"17 {name} 2024", language=language)
            assert got.date == dt.date(2024, number, 17), name


@settings(deadline=None, max_examples=200)
@given(st.dates(dt.date(1500, 1, 1), dt.date(2199, 12, 31)), st.times(), st.sampled_from(["T", " ", "t"]))
def test_iso_dates_are_read_as_python_reads_them(day, time, between):
    moment = dt.datetime.combine(day, time, dt.UTC)
    got = _read(moment.isoformat(between))
    assert got.date == day
    assert got.at == moment
    week = "{}-W{:02}-{}".format(*moment.isocalendar())
    assert _read(week).date == day
    assert _read(f"{moment.year:04}-{moment.timetuple().tm_yday:03}").date == day


@settings(deadline=None, max_examples=200)
@given(st.dates(dt.date(1950, 1, 1), dt.date(2049, 12, 31)), st.integers(-14 * 60, 14 * 60))
def test_mail_dates_are_read_with_two_digits_of_the_year_too(day, minutes):
    offset = f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}{abs(minutes) % 60:02}"
    for year in ("%Y", "%y"):
        got = _read(f"{day:%a, %d %b }{day:{year}} 10:32:01 {offset}")
        assert got.date == day
        assert got.at == dt.datetime(day.year, day.month, day.day, 10, 32, 1, tzinfo=dt.UTC) - dt.timedelta(
            minutes=minutes
        )


@settings(deadline=None, max_examples=200)
@given(st.dates(dt.date(1900, 1, 1), dt.date(2099, 12, 31)))
def test_an_ambiguous_date_is_never_guessed(day):
    got = _read(f"{day.day:02}/{day.month:02}/{day.year}", language="en")
    if day.day <= 12 and day.day != day.month:
        assert (got.status, got.date) == ("ambiguous", None)
        assert _read(f"{day:%A}, {day.day:02}/{day.month:02}/{day.year}").date in (day, None)
    else:
        assert got.date == day


@settings(deadline=None, max_examples=300)
@given(st.text(max_size=200) | st.text("0123456789-/.:, MarchmaiT+年月日", max_size=120))
def test_any_line_is_read_without_an_error(line):
    read_date_line(line.replace("\n", " "))
    for written in read_line(line.replace("\n", " ")).dates:
        assert 0 <= written.start < written.end <= len(line)
        resolve(written)


def test_the_calendars_have_no_gaps():
    for convert, first, last in ((from_persian, 1206, 1498), (from_hijri, 1365, 1500)):
        days = [
            day
            for year in range(first, last + 1)
            for month in range(1, 13)
            for number in range(1, 33)
            if (day := convert(year, month, number))
        ]
        assert all((after - before).days == 1 for before, after in pairwise(days))
