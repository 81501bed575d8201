"""How long a text is, in characters, words and lines.

A word is a segment between the default word boundaries of Unicode (UAX #29) that holds a letter or a number, or a sign
that stands for some (`㍍`): `don't` and `3.14` are one, `and/or` is two; where a script is written without blanks (Han,
Hiragana, Thai …) each letter is one, as the default rules of the annex give. A mark with no letter before it is none.

No boundary is ever looked for. Each character becomes a byte that says how it behaves in words; a few replacements
on those bytes do the rules that need more than one character, and what is left is to count where words start. Linear in
the length; besides the text it takes a few megabytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

import numpy as np

from longshore.text.data import read_arrays

if TYPE_CHECKING:
    import numpy.typing as npt

# Classes, of the property Word_Break: a ALetter, h Hebrew_Letter, 0 Numeric, k Katakana, _ ExtendNumLet, q MidNumLet
# and Single_Quote, l MidLetter, n MidNum, d Double_Quote, x Extend, Format and ZWJ; i other letters and numbers, each a
# word by itself; a blank for all the rest.
_CODE_LIMIT: Final = 0x20000
# Tags and variation selectors; between them and the limit are ideographs only.
_SELECTORS: Final = 0xE0000
_PRIVATE: Final = 0xF0000
# Long texts go piece by piece, cut where no rule looks across.
_PIECE: Final = 1 << 20
# What has no end for so long is cut all the same, and counts once more.
_LONGEST_WORD: Final = 4 << 20

# What stands between letters, or between digits, and joins them (WB6, WB7, WB11, WB12; WB7b and WB7c for Hebrew).
_JOINS: Final = ((b"q", b"a"), (b"l", b"a"), (b"q", b"0"), (b"n", b"0"))
_HEBREW_JOIN: Final = (b"d", b"h")
_HEBREW_AS_LETTER: Final = bytes.maketrans(b"h", b"a")
# Katakana joins with itself and with underscores, but not with what it meets here (WB13).
_KATAKANA_BREAKS: Final = ((b"ka", b"k a"), (b"k0", b"k 0"), (b"ak", b"a k"), (b"0k", b"0 k"))
# What is inside words.
_INSIDE: Final = bytes(ord("a") if char in b"a0k_" else ord(" ") for char in range(256))
_UNDERSCORES_APART: Final = bytes(char if char in b"a0k_" else ord(" ") for char in range(256))


@dataclass(frozen=True, slots=True)
class Counts:
    """Lengths of a text: characters (code points), words, lines."""

    chars: int
    words: int
    lines: int


def count(text: str) -> Counts:
    """Count characters, words and lines; an empty text has none of each.

    >>> count("It's 3.14, isn't it?\\n日本")
    Counts(chars=23, words=6, lines=2)
    """
    return Counts(len(text), _count_words(text), text.count("\n") + 1 if text else 0)


def _count_words(text: str) -> int:
    if len(text) <= _PIECE:
        return _words_of(_classes(text))
    words = 0
    left = b""
    for start in range(0, len(text), _PIECE):
        classes = left + _classes(text[start : start + _PIECE])
        cut = max(classes.rfind(b" "), classes.rfind(b"i")) + 1
        if not cut and len(classes) > _LONGEST_WORD:
            cut = len(classes)
        words += _words_of(classes[:cut])
        left = classes[cut:]
    return words + _words_of(left)


def _classes(text: str) -> bytes:
    if text.isascii():
        return text.encode().translate(_tables()[0])
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
    classes = _tables()[1].take(codes, mode="clip")
    if codes.max() >= _SELECTORS:
        classes[codes >= _SELECTORS] = ord("x")
        classes[codes >= _PRIVATE] = ord(" ")
    return classes.tobytes()


def _words_of(classes: bytes) -> int:
    if b"x" in classes:
        classes = classes.replace(b"x", b"")  # a mark is as the character before it (WB4)
    if b"h" in classes:
        classes = _joined(classes, *_HEBREW_JOIN).translate(_HEBREW_AS_LETTER)
    for sign, around in _JOINS:
        if sign in classes:
            classes = _joined(classes, sign, around)
    if b"k" in classes:
        for met, broken in _KATAKANA_BREAKS:
            classes = classes.replace(met, broken)
    inside = classes.translate(_INSIDE)
    words = classes.count(b"i") + inside.count(b" a") + inside.startswith(b"a")
    if b"_" in classes:
        # A word of underscores alone holds no letter.
        words -= sum(not word.strip(b"_") for word in classes.translate(_UNDERSCORES_APART).split())
    return words


def _joined(classes: bytes, sign: bytes, around: bytes) -> bytes:
    joined = around + sign + around
    if joined not in classes:
        return classes
    # Twice, for what stands between two signs belongs to both: U.S.A.
    return classes.replace(joined, around * 3).replace(joined, around * 3)


@cache
def _tables() -> tuple[bytes, npt.NDArray[np.uint8]]:
    """Return the classes of ASCII, as a table for `bytes.translate`, and those of all code points below the limit."""
    classes = np.full(_CODE_LIMIT, ord(" "), np.uint8)
    runs = read_arrays("word_break.npz")
    for first, last, word_break in zip(runs["first"], runs["last"], runs["word_break"], strict=True):
        classes[first : last + 1] = word_break
    classes[-1] = ord("i")
    return classes[:256].tobytes(), classes
