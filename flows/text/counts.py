"""How long a text is, in characters, words and lines."""

from __future__ import annotations

import re
from dataclasses import dataclass

import regex

_ASCII_WORD = re.compile(r"[A-Za-z0-9_]+(?:['.:,][A-Za-z0-9_]+)*")
# A word of UAX #29 that holds a letter or a number; scripts that are written without blanks
# (Han, Kana, Thai, Khmer …) count a character each, as the default rules of the annex give.
_WORD = regex.compile(
    r"[\p{Han}\p{Hiragana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]\p{M}*|"
    r"\p{Katakana}+|"
    r"[\p{L}\p{N}_][\p{L}\p{N}\p{M}\p{Cf}_--[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]]*"
    r"(?:['’.·:,][\p{L}\p{N}_--[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]]"
    r"[\p{L}\p{N}\p{M}\p{Cf}_--[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]]*)*",
    flags=regex.VERSION1,
)


@dataclass(frozen=True, slots=True)
class Counts:
    """Lengths of a text: characters (code points), words, lines."""

    chars: int
    words: int
    lines: int


def count(text: str) -> Counts:
    """Count characters, words and lines; an empty text has none of each."""
    pattern = _ASCII_WORD if text.isascii() else _WORD
    words = sum(1 for _ in pattern.finditer(text))
    return Counts(len(text), words, text.count("\n") + 1 if text else 0)
