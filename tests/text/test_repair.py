"""Promises of repair: damage is repaired, sound text stays, plans replay, a second repair changes nothing."""

import tomllib
import unicodedata
from functools import reduce
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from longshore.text.mojibake.replay import replay
from longshore.text.repair import repair
from tests.text.troubled import misread, read_as_browsers_do, texts

CASES = Path(__file__).parent.parent / "cases"


def cases(name):
    return [
        pytest.param(case, id=case["label"], marks=[pytest.mark.xfail(strict=True)] if "known_failure" in case else [])
        for case in tomllib.loads((CASES / name).read_text(encoding="utf-8"))["case"]
    ]


def damaged_text(case):
    if "garbled" in case:
        return case["garbled"]
    if "read" in case:
        return read_as_browsers_do(case["right"].encode(case["read"]), case["as"])
    if "words" in case:
        every = case["words"]
        words = enumerate(case["right"].split(" "), start=1)
        return " ".join(reduce(misread, case["via"], word) if number % every == 0 else word for number, word in words)
    chosen = case.get("lines")
    return "\n".join(
        reduce(misread, case["via"], line) if chosen is None or number in chosen else line
        for number, line in enumerate(case["right"].strip("\n").split("\n"), start=1)
    )


@pytest.mark.parametrize("case", cases("mojibake.toml"))
def test_mojibake_is_repaired(case):
    assert repair(damaged_text(case)).text.strip("\n") == case["right"].strip("\n")


@pytest.mark.parametrize("case", [case for case in cases("mojibake.toml") if not case.marks])
def test_a_plan_replays_on_the_text_that_it_repaired(case):
    repaired = repair(damaged_text(case))
    assert replay(damaged_text(case), repaired.repairs) == repaired.text


@pytest.mark.parametrize("case", cases("clean.toml"))
def test_sound_text_stays_exactly_as_it_is(case):
    repaired = repair(case["text"])
    assert repaired.text == case["text"]
    assert repaired.repairs == ()


@pytest.mark.parametrize(
    ("damaged", "right"),
    [
        ("one\r\ntwo\rthree\u2028four\u2029five\vsix\fseven", "one\ntwo\nthree\nfour\nfive\nsix\nseven"),
        ("first line\x85second line\x85third", "first line\nsecond line\nthird"),
        ("Wait\x85 what\x85 no", "Wait… what… no"),
        ("\x1b[1;31mred\x1b[0m and \x1b]0;a title\x07plain\x1b(B", "red and plain"),
        ("N\bNA\bAM\bME\bE and _\bu_\bn_\bd_\be_\br", "NAME and under"),
        ("\ufeffa\ufeffb\x00c\x7f\x1a", "abc"),
        ("\ud83d\udc1f and \ud83d alone", "🐟 and \ufffd alone"),
        ("cafe\u0301", "café"),
    ],
)
def test_line_ends_controls_and_surrogates_are_repaired(damaged, right):
    assert repair(damaged).text == right


def test_policy_off_does_only_what_the_record_promises():
    assert repair("sÃ³ \x1b[1misto\r\ncafe\u0301 \udc80", "off").text == "sÃ³ \x1b[1misto\ncafé \ufffd"


def test_a_plan_of_the_former_policy_ftfy_defaults_still_replays():
    assert replay("“ﬁn” &amp; sÃ³", ["apply:fix_text"]) == '"fin" & só'


@settings(max_examples=400, deadline=None)
@given(texts(), st.sampled_from(["conservative", "off"]))
def test_any_text_becomes_one_that_keeps_the_contract(text, policy):
    repaired = repair(text, policy)
    assert unicodedata.is_normalized("NFC", repaired.text)
    assert not set(repaired.text) & set("\r\v\f\u2028\u2029")
    repaired.text.encode("utf-8")
    assert replay(text, repaired.repairs) == repaired.text
    again = repair(repaired.text, policy)
    assert (again.text, again.repairs) == (repaired.text, ())
