"""Header lines above a text, and lines that look like them: a class of lines each, with its date or none."""

import json
from pathlib import Path

import pytest

from longshore.text.dates.context import without_asides
from longshore.text.header import split_header

_LINES = Path(__file__).parent.parent / "cases" / "header_lines.jsonl"
CASES = [json.loads(line) for line in _LINES.read_text("utf-8").splitlines()]
BODY = "\n\nThe harbour opened again on Sunday, two days after the storm had shut it. Ships had waited outside."


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['class']}: {case['text'][:40]}")
def test_a_line_above_a_text_has_the_date_that_a_reader_sees(case):
    header = split_header(case["text"] + BODY, None, lambda _: case["language"])
    assert (header.published_date and header.published_date.isoformat()) == case.get("date")
    assert header.date_status == case.get("status", "parsed" if "date" in case else "none")
    start = header.header_start or 0
    assert (header.body[:start] + (header.header or "") + header.body[start:]).strip() == case["text"] + BODY


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["text"][:40])
def test_an_aside_is_blanked_out_and_nothing_moves(case):
    left = without_asides(case["text"])
    assert len(left) == len(case["text"])
    assert all(kept in (" ", sign) for kept, sign in zip(left, case["text"], strict=True))
