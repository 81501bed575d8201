"""Sampling of a file for charset detection: the words in which its readings differ.

Bytes of ASCII read the same in nearly every charset, so the sample is the words that have others: from the first of
them on until there are enough, and one later word for every byte that is not among those. Words of plain ASCII are
taken apart: they tell the language.

Promised: every byte beyond ASCII that the file has is in the sample, however large the file is; one pass over it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

import numpy as np

from longshore.text.encodings.charsets import single_byte
from longshore.text.languages.letter_model import FIRST_LETTER, letters

if TYPE_CHECKING:
    from longshore.text.encodings.charsets import SingleByte
    from longshore.text.languages.letter_model import Floats

# This many more of a language's letters may be lacking.
_FOREIGN_NAMES: Final = 0.002
# What each further hundredth of lacking letters costs (ln), and the most: transcriptions without marks exist.
_LACKING_HUNDREDTH: Final = 2.0
_MOST: Final = 4.0
_ASCII_LETTERS: Final = [ord(letter) for letter in "abcdefghijklmnopqrstuvwxyz"]


def chances_of_being_held(charset: SingleByte) -> Floats:
    """Return the chance that a text in each language of Latin letters would be in this charset."""
    return _chances()[charset.name]


@cache
def _chances() -> dict[str, Floats]:
    model = letters("latin")
    everywhere = np.zeros(len(model.ones), np.bool_)
    everywhere[model.ids.take(_ASCII_LETTERS)] = True
    everywhere[:FIRST_LETTER] = True
    lacking: dict[str, Floats] = {}
    for charset in single_byte():
        if charset.script == "latin":
            held = everywhere.copy()
            held[model.ids.take(charset.codes)] = True
            lacking[charset.name] = model.ones[~held].sum(axis=0) / model.ones[FIRST_LETTER:].sum(axis=0)
    # What even the best charset lacks are foreign names.
    least = np.min(list(lacking.values()), axis=0) + _FOREIGN_NAMES
    return {
        name: np.exp(-np.clip((share - least) * 100 * _LACKING_HUNDREDTH, 0, _MOST)).astype(np.float32)
        for name, share in lacking.items()
    }


BEYOND_ASCII: Final = bytes(range(0x80, 0x100))
_ASCII: Final = bytes(range(0x80))
_FIRST_BEYOND: Final = re.compile(b"[\x80-\xff]")
_LETTERS: Final = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

# Enough to tell any two charsets by; more costs time and changed no answer.
_SAMPLE_BYTES: Final = 400
# The leaders of a table of contents, rules and frames: one byte again and again is no more evidence.
_RUN: Final = re.compile(b"([\x80-\xff])\\1{4,}")
# How much of a file is searched for words, from a little before the first byte beyond ASCII.
_SEARCHED_BYTES: Final = 1 << 15
_BEFORE: Final = 256
# A word longer than this has markup or an address glued to it, or is a line without blanks: what is around the bytes
# beyond ASCII is kept, up to so much.
_LONG_WORD: Final = 24
_AROUND: Final = 10
_LONGEST_WORD: Final = 200
_MOST_WORDS: Final = 200
_PLAIN_SEARCHED: Final = 2000
_PLAIN_BYTES: Final = 300
# Up to here, searching a file for each of 128 bytes is quicker than counting them all.
_SMALL: Final = 1 << 17


@dataclass(frozen=True, slots=True)
class Sample:
    """The part of a file that is weighed.

    words: those with bytes beyond ASCII, parted by blanks. rare: some bytes around each one that is not among those
    (they may cut a character of several bytes). plain: words of ASCII letters. distinct: each byte beyond
    ASCII once. beyond: how many such bytes the words have. letters: how many of the words' letters are beyond ASCII,
    of 1. ascii_to_beyond: how many bytes of the file are ASCII to each that is not.
    """

    words: bytes
    rare: bytes
    plain: bytes
    distinct: bytes
    beyond: int
    letters: float
    ascii_to_beyond: float


def take_sample(raw: bytes) -> Sample:
    """Draw a sample of bytes of which some are beyond ASCII."""
    distinct = _distinct(raw)
    found = _FIRST_BEYOND.search(raw)
    start = max(0, found.start() - _BEFORE) if found else 0
    searched = _RUN.sub(_shorten, raw[start : start + _SEARCHED_BYTES])
    words = b" ".join(_words(searched))
    rare = b" ".join([_around(raw, raw.index(code)) for code in sorted(set(distinct).difference(words))])
    joined = words + b" " + rare
    beyond = len(joined) - len(joined.translate(None, BEYOND_ASCII))
    ascii_letters = len(joined) - len(joined.translate(None, _LETTERS))
    plain_ascii = len(searched.translate(None, BEYOND_ASCII))
    return Sample(
        words=words,
        rare=rare,
        plain=b" ".join([word for word in raw[:_PLAIN_SEARCHED].split() if word.isalpha()])[:_PLAIN_BYTES],
        distinct=distinct,
        beyond=beyond,
        letters=beyond / max(1, beyond + ascii_letters),
        ascii_to_beyond=plain_ascii / max(1, len(searched) - plain_ascii),
    )


def _shorten(run: re.Match[bytes]) -> bytes:
    """Cut a run of one byte to three or four: as many as leave the pairs of a multi-byte charset as they are."""
    return run[1] * (4 - len(run[0]) % 2)


def _around(raw: bytes, at: int) -> bytes:
    """Return the part of a word around a byte."""
    left = raw[max(0, at - _AROUND) : at + 1].split()[-1]
    return left + raw[at : at + _AROUND].split()[0][1:]


def _words(searched: bytes) -> list[bytes]:
    """Return the first words that have bytes beyond ASCII, each once: a word again is no more evidence."""
    found = [word for word in searched.split() if not word.isascii()]
    words: dict[bytes, None] = {}
    size = 0
    # Half from the beginning, half from the middle on: files begin with banners and menus.
    for part, enough in ((found, _SAMPLE_BYTES // 2), (found[len(found) // 2 :], _SAMPLE_BYTES)):
        for long in part[:_MOST_WORDS]:
            if size >= enough:
                break
            word = _without_glued(long) if len(long) > _LONG_WORD else long
            if word not in words:
                words[word] = None
                size += len(word) + 1
    return list(words)


def _without_glued(word: bytes) -> bytes:
    first = len(word) - len(word.lstrip(_ASCII))
    last = len(word.rstrip(_ASCII)) - 1
    start = max(0, first - _AROUND)
    return word[start : min(last + _AROUND, start + _LONGEST_WORD)]


def _distinct(raw: bytes) -> bytes:
    if len(raw) <= _SMALL:
        return bytes([code for code in BEYOND_ASCII if code in raw])
    counts = np.zeros(256, np.int64)
    for start in range(0, len(raw), _SMALL):
        counts += np.bincount(np.frombuffer(raw[start : start + _SMALL], np.uint8), minlength=256)
    return bytes([code for code in BEYOND_ASCII if counts[code]])
