import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from longshore.text.header import split_header

CASES = tomllib.loads((Path(__file__).parent.parent / "cases" / "headers.toml").read_text())["case"]


def _split(text, case):
    return split_header(text, case.get("date_order"), lambda _: case.get("language", "und"))


def _whole(header):
    start = header.header_start or 0
    return header.body[:start] + (header.header or "") + header.body[start:]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["label"])
def test_a_header_is_taken_as_the_case_says(case):
    got = _split(case["text"], case)
    assert got.header == case.get("header")
    assert got.header_start == (case.get("header_start", 0) if "header" in case else None)
    assert got.title == case.get("title")
    assert (got.published_date and got.published_date.isoformat()) == case.get("date")
    assert (got.published_at and got.published_at.isoformat()) == case.get("at")
    assert got.date_status == case.get("status", "parsed" if "date" in case else "none")
    assert got.date_precision == case.get("precision")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["label"])
def test_header_and_body_give_the_text_back(case):
    assert _whole(_split(case["text"], case)).strip() == case["text"].strip()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["label"])
def test_a_body_has_no_header(case):
    body = _split(case["text"], case).body
    again = _split(body, case)
    assert (again.body, again.header) == (body, None)


# Lines that headers and what looks like them are made of, so that their neighbours meet.
LINES = st.sampled_from(
    [
        "", "", "  ", "Date: 2024-03-17", "17 March 2024", "Published: 17.03.2024 10:32", "Updated: 18 March 2024",
        "By Ann Lee", "By Ann Lee on March 17, 2024", "03/04/2024", "2024-02-30", "Lagos, 3 May 2024",
        "Harbour reopens after storm", "The harbour opened again on Sunday, two days after the storm had shut it.",
        "Subject: The pier", "From: Ann", "Date: Sun, 17 Mar 2024 08:05:00 +0100", " folded", "Title: The pier",
        "令和6年3月17日", "- item", "2024-03-17 | 12", "Datum: 3. April 2024", "March 2024", "x", "\tx 12",
    ]
)  # fmt: skip
DOCUMENTS = st.lists(LINES, max_size=8).map("\n".join)


@settings(deadline=None, max_examples=400)
@given(DOCUMENTS)
def test_any_lines_can_be_put_together_again_and_leave_no_header(text):
    header = split_header(text)
    assert _whole(header).strip() == text.strip()
    assert not header.body.startswith(("\n", " \n"))
    assert header.body == header.body.rstrip()
    # A block may stand above a text that has a date line of its own.
    if header.header is None or ":" not in header.header:
        again = split_header(header.body)
        assert (again.body, again.header, again.title) == (header.body, None, again.title)


@settings(deadline=None, max_examples=300)
@given(st.text(max_size=400) | st.text("0123456789-/.: \nMarch年月日", max_size=300))
def test_any_text_can_be_put_together_again(text):
    header = split_header(text)
    assert _whole(header).strip() == text.strip()
    assert (header.date_status == "parsed") == (header.published_date is not None)
    assert header.published_at is None or header.published_at.utcoffset().total_seconds() == 0


@pytest.mark.parametrize("sign", ["1", "-", ": ", "2024-", "年", "a: ", "=?", "(", " ", "\n", "---\n", "By ", "1/"])
def test_a_megabyte_of_one_sign_is_no_header(sign):
    text = sign * (1_000_000 // len(sign))
    assert split_header(text).header is None
