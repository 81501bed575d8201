"""Each step on line ends and control characters removes what it should, and nothing the second time."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from longshore.text.mojibake import controls
from longshore.text.mojibake.controls import (
    CONTROLS,
    compose,
    fix_line_breaks,
    fix_surrogates,
    remove_control_chars,
    remove_terminal_escapes,
)
from longshore.text.repair import repair

MARKS = st.text(st.sampled_from("\u0301\u0323\u0302\u0345\u0344\u0f73\u0f75\u3099\u05b0\u0653a!\u1eb1"), max_size=300)

FRAMED = st.text(st.one_of(st.characters(), st.sampled_from("\x1b[0m]\x07\x08\r\n\x85 _a\ud83d\udc1f")), max_size=60)


@pytest.mark.parametrize("step", [step for _, step in CONTROLS], ids=[name for name, _ in CONTROLS])
@given(
    text=st.text(st.one_of(st.characters(), st.sampled_from("\x1b[0m]\x07\x08\r\n\x85 _a\ud83d\udc1f")), max_size=60)
)
@settings(max_examples=50, deadline=None)
def test_all_steps_together_leave_nothing_for_a_second_time(step, text):
    for _, each in CONTROLS:
        text = each(text)
    assert step(text) == text


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("\x1b[38;5;196mbold\x1b[0m", "bold"),
        ("\x1b[?25lhidden\x1b[?25h", "hidden"),
        ("\x1b]8;;http://example.org\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1b]0;never closed\nnext line", "0;never closed\nnext line"),
        ("\x1b(0lqqk\x1b(B", "lqqk"),
        ("\x1bPq#0~~\x1b\\picture", "picture"),
        ("H\bHe\bea\bad\bd", "Head"),
        ("a\b\bb", "a\b\bb"),
    ],
)
def test_what_a_terminal_swallows_goes(text, plain):
    assert remove_terminal_escapes(text) == plain


@pytest.mark.parametrize(
    "text",
    [
        "Wait\x85 what\x85 no",  # a blank behind: an ellipsis of windows-1252
        "one\x85two\x93three\x85four",  # another C1 control: windows-1252
        "one\x85two\nthree\x85four",  # lines end otherwise
        "one\x85two",  # one says nothing
        "b\u00c4\x85d\u017c k\u00c4\x85t",  # the second byte of a letter
    ],
)
def test_a_next_line_control_that_may_be_an_ellipsis_is_kept_for_mojibake(text):
    assert fix_line_breaks(text) == text


def test_tabs_joiners_and_soft_hyphens_stay():
    text = "a\tb\u00adc\u200bd\u200ee\u2060f"
    assert remove_control_chars(text) == text


def test_surrogates_become_what_they_stand_for_or_the_mark_of_loss():
    assert fix_surrogates("\ud83d\udc1f \udc1f\ud83d") == "🐟 \ufffd\ufffd"


@settings(max_examples=200, deadline=None)
@given(MARKS, st.integers(1, 80))
def test_composing_is_unicodes_own_however_a_text_is_cut(text, size):
    patch = pytest.MonkeyPatch()
    patch.setattr(controls, "_PIECE_CHARS", size)
    try:
        assert compose(text * 2) == unicodedata.normalize("NFC", text * 2)
    finally:
        patch.undo()


def test_a_long_run_of_marks_is_composed_as_unicode_composes_it():
    text = "a" + "\u0301\u0323" * 500 + "b\u0301"
    assert compose(text) == unicodedata.normalize("NFC", text)


def test_texts_between_nul_stay_apart():
    assert repair("the pier\0the quay at dawn\0").text == "the pier\nthe quay at dawn\n"
    assert repair("qu\0ay").text == "quay"
