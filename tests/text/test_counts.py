"""Words by the rules of UAX #29."""

from __future__ import annotations

from itertools import pairwise

import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from longshore.text import counts as counts_module
from longshore.text.counts import Counts, count

BOUNDARY = regex.compile(r"\b", regex.WORD | regex.VERSION1)
LETTER_OR_NUMBER = regex.compile(r"[\p{L}\p{N}]")


def words_by_regex(text: str) -> int:
    """Count the segments between the word boundaries of the regex package that hold a letter or a number."""
    cuts = sorted({0, len(text), *(match.start() for match in BOUNDARY.finditer(text))})
    return sum(bool(LETTER_OR_NUMBER.search(text, *span)) for span in pairwise(cuts))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", 0),
        (" \n\t… — “”", 0),
        ("The harbour was quiet.", 4),
        ("don't e.g. U.S.A. o'clock", 4),
        ("it’s l’été d’abord", 3),
        ("and/or well-known", 4),
        ("3.14 1,000.5 12:30 2024-03-17", 7),
        ("a.1 1.a a,b", 6),
        ("foo_bar __init__ _ ___", 2),
        ("end.Next key:value", 2),
        ("x²  ½", 3),
        ("日本語", 3),
        ("ひらがな", 4),
        ("カタカナ ﾃｽﾄ", 2),
        ("カナ漢字abc", 4),
        ("カナ_abc", 1),
        ("한국어 문장", 2),
        ("ไทย", 3),
        ("हिन्दी भाषा", 2),
        ("צה\"ל ג'ירפה", 2),
        ('he said "yes"', 3),
        ("cafe\u0301 soft\u00adhyphen zero\u200djoiner", 3),
        ("\u0301 \u0301", 0),
        # The rules look through marks (WB4), also before the sign between two letters.
        ("o\u0331'ne a:\u0308a", 2),
        ("👍🏽 ok 👨\u200d👩\u200d👧", 1),
        ("𝔘𝔫𝔦 𠀀𠀁 葛\U000e0100城", 5),
        ("\U000f0000 \ud800 a\udfff", 1),
    ],
)
def test_words_of(text, words):
    assert count(text).words == words


def test_counts_of_nothing_and_of_lines():
    assert count("") == Counts(0, 0, 0)
    assert count("one\ntwo\n") == Counts(8, 2, 3)


ALPHABET = "aZzé ß'’.:,;_\"0123\n אב״カナー漢ひไท가½²m·x-/@‘\u2003"


@settings(max_examples=400, deadline=None)
@given(st.text(alphabet=ALPHABET, max_size=30))
def test_words_are_those_between_the_boundaries_of_the_regex_package(text):
    assert count(text).words == words_by_regex(text)


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=50))
def test_any_text_has_a_count(text):
    found = count(text)
    assert 0 <= found.words <= found.chars == len(text)
    assert count(text + "\n" + text).words == 2 * found.words


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet=ALPHABET + "\u0301", max_size=60), st.integers(1, 7))
def test_long_texts_are_counted_piece_by_piece_with_the_same_result(text, piece):
    words = count(text).words
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(counts_module, "_PIECE", piece)
        assert count(text).words == words
