"""langdetect's profiles of the languages that share a script, scored exactly and at once.

Promised: the n-grams of a text are langdetect's, to the multiset (same folding of letters, same skipped capitals), but
letters of other scripts are blanks here, and polytonic Greek is read as monotonic. All of them count, where langdetect
draws at random until one language is ahead. Sums are of whole numbers (1/512 of a nat each), so that no machine adds
them up to anything else.

An n-gram is found by walking: the pair's number in a table of all letters by all letters, the triple's row in a table
of all pairs by all letters. No hash, no search: a few steps of NumPy for a whole text.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import cache
from itertools import compress
from typing import TYPE_CHECKING, Final

import numpy as np
from langdetect.utils.ngram import NGram

from flows.text.profiles import SMOOTHING, read_profile
from flows.text.script import CODE_LIMIT, NO_SCRIPT, NUMBERS, script_numbers

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy.typing as npt

    Codes = npt.NDArray[np.integer]
    Rows = npt.NDArray[np.intp]
    Sums = npt.NDArray[np.int64]

# The languages that langdetect knows, by script. (Of Han, Kana and Hangul its profiles know too little: script.py.)
LANGUAGES: Final = {
    "Arab": ("ar", "fa", "ur"),
    "Beng": ("bn",),
    "Cyrl": ("bg", "mk", "ru", "uk"),
    "Deva": ("hi", "mr", "ne"),
    "Grek": ("el",),
    "Gujr": ("gu",),
    "Guru": ("pa",),
    "Hebr": ("he",),
    "Knda": ("kn",),
    "Latn": (
        *("af", "ca", "cs", "cy", "da", "de", "en", "es", "et", "fi", "fr", "hr", "hu", "id", "it", "lt"),
        *("lv", "nl", "no", "pl", "pt", "ro", "sk", "sl", "so", "sq", "sv", "sw", "tl", "tr", "vi"),
    ),
    "Mlym": ("ml",),
    "Taml": ("ta",),
    "Telu": ("te",),
    "Thai": ("th",),
}

# Parts of a nat. Whole numbers below 2**24 add up exactly in float32 in any order: some 3,000 n-grams.
STEPS: Final = 512

_BLANK: Final = 0
_UNKNOWN: Final = 1
_UNKNOWN_UPPER: Final = 2
_FIRST_LETTER: Final = 3
# Rows of memory lines: 16 float32.
_COLUMNS: Final = 16
# langdetect folds a block to a letter, and letters to their twins.
_VIETNAMESE: Final = (0x1EA0, 0x1F00, "ể")
_TWINS: Final = (("ș", "ş"), ("ț", "ţ"), ("ی", "ي"))


@dataclass(frozen=True, slots=True)
class Scores:
    """How likely the parts of a text are in each language of a script.

    totals: (parts, languages), in 1/STEPS nat, of all n-grams. triples: the same of those of three characters alone;
    triple_counts: (parts,), how many those are. An n-gram that a profile does not know has langdetect's smoothing.
    """

    totals: Sums
    triples: Sums
    triple_counts: Sums


class ScriptModel:
    """The profiles of one script's languages. Read-only once built."""

    def __init__(self, script: str) -> None:
        self.languages = LANGUAGES[script]
        profiles = [read_profile(language) for language in self.languages]
        letters = _letters(set("".join(word for profile in profiles for word in profile.ngrams)), script)
        self._width = _FIRST_LETTER + len(letters)
        self._ids = _ids_by_code(letters, script)
        self._is_upper = np.array([False, False, True, *(letter.isupper() for letter in letters)])

        spelled = set(letters) | {" "}
        ngrams = {word for profile in profiles for word in profile.ngrams if spelled.issuperset(word)}
        # A triple is found by its first two, also where these are too rare for a profile of their own.
        pairs = sorted({word[:2] for word in ngrams if len(word) > 1})
        triples = sorted(word for word in ngrams if len(word) == 3)
        self._first_pair = self._width
        first_triple = self._first_pair + 1 + len(pairs)
        first, second = self._spell(pairs, 2)
        self._pairs = np.zeros(self._width**2, np.int16)
        self._pairs[first * self._width + second] = np.arange(1, 1 + len(pairs))
        first, second, third = self._spell(triples, 3)
        self._triples = np.zeros((1 + len(pairs)) * self._width, np.int16)
        number = self._pairs[first * self._width + second].astype(np.intp)
        self._triples[number * self._width + third] = np.arange(first_triple, first_triple + len(triples))

        rows = {letter: row for row, letter in enumerate(letters, _FIRST_LETTER)}
        rows |= {pair: row for row, pair in enumerate(pairs, self._first_pair + 1)}
        rows |= {triple: row for row, triple in enumerate(triples, first_triple)}
        self._unknown = round(float(np.log(SMOOTHING)) * STEPS)
        columns = -(-len(profiles) // _COLUMNS) * _COLUMNS
        self._steps = np.full((first_triple + len(triples), columns), self._unknown, np.float32)
        for column, profile in enumerate(profiles):
            kept = [word in rows for word in profile.ngrams]
            at = [rows[word] for word in compress(profile.ngrams, kept)]
            self._steps[at, column] = np.rint(np.log(profile.chances[kept] + SMOOTHING) * STEPS)
        self._ngrams = ["", "", "", *letters, "", *pairs, *triples]

    def ngrams(self, codes: Codes) -> list[str]:
        """Spell the n-grams that a profile knows, in no order."""
        rows = self._rows(codes)[0]
        return [self._ngrams[row] for row in rows[(self._steps[rows] > self._unknown).any(axis=1)].tolist()]

    def score(self, codes: Codes, parts: int = 1) -> Scores:
        """Score a text as a whole and in parts of the same length. A part must not be longer than 3,000 characters."""
        rows, is_triple = self._rows(codes, parts)
        size = rows.shape[1] // parts
        ones = np.ones((1, size), np.float32)
        # Products with ones are BLAS: several times as fast as sums over an axis.
        sums = np.matmul(ones, self._steps.take(rows.ravel(), axis=0).reshape(3 * parts, size, -1))
        by_kind = sums.reshape(3, parts, -1)[:, :, : len(self.languages)].astype(np.int64)
        triple_counts = is_triple.reshape(parts, size).sum(axis=1)
        # What is no triple, and the padding, went by the unknown row.
        triples = by_kind[2] - (size - triple_counts)[:, np.newaxis] * self._unknown
        return Scores(by_kind.sum(axis=0), triples, triple_counts)

    def _rows(self, codes: Codes, parts: int = 1) -> tuple[Rows, npt.NDArray[np.bool_]]:
        """Give the rows of the single characters, the pairs and the triples that end at each character.

        Padded with unknown ones to a multiple of `parts`. Also where a triple ends, known or not.
        """
        length = len(codes)
        padded = -(-length // parts) * parts
        chars = np.zeros(length + 1, np.intp)
        chars[1:] = self._ids.take(codes)
        pairs = self._pairs.take(chars[:-1] * self._width + chars[1:]).astype(np.intp)
        rows = np.zeros((3, padded), np.intp)
        rows[0, :length] = chars[1:]
        np.add(pairs, self._first_pair, out=rows[1, :length])
        rows[2, 1:length] = self._triples.take(pairs[:-1] * self._width + chars[2:])
        is_triple = np.zeros(padded, bool)
        is_triple[1:length] = chars[1:-1]
        upper = self._is_upper.take(chars)
        run = (upper[1:] & upper[:-1]).nonzero()[0]
        if len(run):
            rows[:, run] = 0
            is_triple[run] = False
        return rows, is_triple

    def _spell(self, words: list[str], length: int) -> Iterable[Rows]:
        codes = np.frombuffer("".join(words).encode("utf-32-le"), np.uint32)
        return self._ids.take(codes).astype(np.intp).reshape(-1, length).T


def _letters(characters: set[str], script: str) -> list[str]:
    """Give the characters of a script, and those of none (the middle dot of Catalan), that langdetect keeps."""
    numbers = script_numbers()
    twins = {twin for twin, _ in _TWINS}
    return sorted(
        char
        for char in characters
        if numbers[ord(char)] in (NO_SCRIPT, NUMBERS[script])
        and _folded()[ord(char)] != _BLANK
        and char not in twins
        and not ("\u1ea0" <= char <= "\u1eff" and char != "ể")
    )


@cache
def _folded() -> npt.NDArray[np.uint8]:
    """Tabulate what langdetect's `NGram.normalize` blanks, and what is upper case."""
    ids = np.full(CODE_LIMIT, _UNKNOWN, np.uint8)
    every = np.arange(CODE_LIMIT, dtype=np.uint32).tobytes().decode("utf-32-le", "surrogatepass")
    ids[list(compress(range(CODE_LIMIT), map(str.isupper, every)))] = _UNKNOWN_UPPER
    ids[[code for code in range(0x80) if not chr(code).isalpha()]] = _BLANK
    ids[[ord(char) for char in NGram.LATIN1_EXCLUDED]] = _BLANK
    ids[0x2000:0x2070] = _BLANK
    return ids


def _ids_by_code(letters: list[str], script: str) -> npt.NDArray[np.uint8]:
    ids = _folded().copy()
    scripts = script_numbers()
    ids[(scripts != NO_SCRIPT) & (scripts != NUMBERS[script])] = _BLANK
    numbers = {letter: number for number, letter in enumerate(letters, _FIRST_LETTER)}
    ids[[ord(letter) for letter in letters]] = list(numbers.values())
    low, high, folded = _VIETNAMESE
    ids[low:high] = numbers.get(folded, _UNKNOWN)
    for char, twin in _TWINS:
        ids[ord(char)] = numbers.get(twin, _UNKNOWN)
    if script == "Grek":
        ids[0x1F00:0x2000] = [numbers.get(_monotonic(chr(code)), _UNKNOWN) for code in range(0x1F00, 0x2000)]
    return ids


def _monotonic(char: str) -> str:
    """Write a letter of polytonic Greek as it is written today, so that older texts are Greek too."""
    letters = unicodedata.normalize("NFD", char)
    accented = not {"\u0300", "\u0301", "\u0342"}.isdisjoint(letters)
    return unicodedata.normalize("NFC", letters[0] + "\u0301" * accented)


@cache
def script_model(script: str) -> ScriptModel:
    """Give the model of a script, built on first use. Threads that come at once may build it twice, to no harm."""
    return ScriptModel(script)
