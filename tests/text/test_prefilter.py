"""A text that the prefilter finds sound is one that neither ftfy under our settings nor repair would change."""

import re
import re._constants as op
import re._parser as parser
import subprocess
import sys
import unicodedata

import ftfy
import numpy as np
import pytest
from ftfy.badness import BADNESS_RE
from hypothesis import given, settings
from hypothesis import strategies as st

from longshore.text.mojibake.prefilter import blocks, diagnose, members, suspects
from longshore.text.mojibake.sequences import ENCODINGS
from tests.text.troubled import misread, texts

PLANE = "".join(map(chr, range(0x10000)))
CONSERVATIVE = ftfy.TextFixerConfig(
    unescape_html=False, fix_latin_ligatures=False, fix_character_width=False, uncurl_quotes=False
)


def matched_by(item):
    """Mark which characters of the basic plane one item of a parsed expression matches."""
    kind, value = item
    if kind is op.LITERAL:
        return members(chr(value))
    if kind is op.ANY:
        return ~members("\n")
    assert kind is op.IN
    found = np.zeros(len(PLANE), bool)
    for part, inner in value:
        if part is op.LITERAL:
            found[inner] = True
        elif part is op.RANGE:
            found[inner[0] : inner[1] + 1] = True
        elif part is op.CATEGORY:
            sign = {op.CATEGORY_SPACE: r"\s", op.CATEGORY_WORD: r"\w"}[inner]
            found[[match.start() for match in re.finditer(sign, PLANE)]] = True
        else:
            assert part is op.NEGATE
    return ~found if value[0][0] is op.NEGATE else found


def ways(items):
    """Return every sequence of single characters that a parsed expression stands for."""
    found = [[]]
    for kind, value in items:
        if kind is op.AT:  # the beginning of a text or line: the prefilter puts a line end before it
            choices = [[members("\n")]]
        elif kind is op.MAX_REPEAT:
            assert value[:2] == (0, 1)
            choices = [[], *ways(value[2])]
        elif kind is op.BRANCH:
            choices = [way for branch in value[1] for way in ways(branch)]
        elif kind is op.SUBPATTERN:
            choices = ways(value[3])
        else:
            choices = [[matched_by((kind, value))]]
        found = [[*way, *choice] for way in found for choice in choices]
    return found


def test_every_alternative_of_the_installed_ftfys_badness_is_covered_by_a_row():
    rows = [[members(part) for part in chars] for _, chars in suspects()]
    alternatives = ways(parser.parse(BADNESS_RE.pattern, re.VERBOSE))
    assert len(alternatives) > 30
    for way in alternatives:
        padded = way + [members("\0-\uffff")] * (3 - len(way))
        assert any(
            all(not (padded[at + place] & ~row[place]).any() for place in range(3))
            for at in range(len(padded) - 2)
            for row in rows
        ), [PLANE[np.flatnonzero(part)[0]] for part in way]


def test_the_rows_fit_the_bits_of_the_table():
    assert len(suspects()) <= 32


@settings(max_examples=300, deadline=None)
@given(texts())
def test_ftfy_changes_nothing_in_a_sound_text(text):
    if unicodedata.is_normalized("NFC", text) and diagnose(text).sound:
        assert ftfy.fix_text(text, CONSERVATIVE) == text
        assert ftfy.fix_and_explain(text, CONSERVATIVE).text == text


@settings(max_examples=100, deadline=None)
@given(texts(), st.integers(1, 9))
def test_blocks_make_up_the_text(text, size):
    pieces = list(blocks(text, size))
    assert "".join(pieces) == text
    assert all(pieces[:-1])


def test_sound_text_is_recognised_without_loading_ftfy():
    code = (
        "import sys; from longshore.text.repair import repair; "
        "repair('Déjà vu, “так” — 天气'); sys.exit('ftfy' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_mojibake_inside_a_word_is_seen_in_every_encoding(encoding):
    # Letters whose first byte is a capital or a sign there; a small letter as in MacRoman's `ƒ` may be a language's.
    seen = [diagnose(f"ma{misread(letter, encoding.removeprefix('sloppy-'))}ana").mojibake for letter in "ñéąřşñüńç"]
    assert sum(seen) >= len(seen) - 2, (encoding, seen)
