"""A repair plan is read strictly: an error names the step that is unknown."""

import pytest

from longshore.text.mojibake.describe import describe_plan
from longshore.text.mojibake.replay import _FUNCTIONS, replay, replay_steps
from longshore.text.repair import repair


@pytest.mark.parametrize("step", ["encode", "apply:fix_everything", "words:encode:latin-1", "decode:utf-8; rm", ""])
def test_an_unknown_step_is_named(step):
    with pytest.raises(ValueError, match="plan"):
        replay("text", [step])


def test_a_plan_that_ends_inside_a_group_is_refused():
    with pytest.raises(ValueError, match="middle"):
        replay("sÃ³", ["encode:latin-1"])


def test_a_plan_that_the_text_cannot_take_is_refused():
    with pytest.raises(ValueError, match="does not hold"):
        replay("clean", ["encode:latin-1", "decode:utf-8"])


def test_steps_replay_group_by_group():
    text = "sÃ³\r\n"
    plan = repair(text).repairs
    assert list(replay_steps(text, plan)) == [
        ("sÃ³\n", "apply:fix_line_breaks"),
        ("só\n", "encode:latin-1 decode:utf-8"),
    ]


def test_a_plan_stays_short_for_a_long_text():
    lines = [f"línea {number} clara\nlÃ­nea {number} estropeada" for number in range(2000)]
    assert len(repair("\n".join(lines)).repairs) <= 4


def test_every_step_of_a_plan_has_words():
    for name in _FUNCTIONS:
        (words,) = describe_plan([name])
        assert ":" not in words


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        (["encode:sloppy-windows-1252", "decode:utf-8"], "mojibake repaired: windows-1252 read as UTF-8"),
        (
            ["spans:encode:latin-1", "spans:transcode:restore_byte_a0", "spans:decode:utf-8-variants"],
            "mojibake repaired: ISO-8859-1 read as UTF-8, in some words, lost bytes restored",
        ),
        (["encode:cp1251", "decode:koi8-r"], "mojibake repaired: cp1251 read as koi8-r"),
    ],
)
def test_a_plan_is_told_in_words(plan, words):
    assert describe_plan(plan) == [words]
    assert describe_plan(plan * 2) == [words]
