"""langdetect's profiles of the languages that share a script, scored exactly and at once.

Promised: the n-grams of a text are langdetect's, to the multiset (same folding of letters, same skipped capitals), but
letters of other scripts are blanks here, and polytonic Greek is read as monotonic. All of them count, where langdetect
draws at random until one language is ahead. Sums are of whole numbers (1/512 of a nat each), so that no machine adds
them up to anything else.

A text is read by walking: the last two letters are a state, and the state and the next letter give the row of the
longest n-gram that is known to end there. That row already holds the sum of it and of the shorter ones inside it, so
that each letter costs a step in a table and a row. No hash, no search: a few steps of NumPy for a whole text.
"""

from __future__ import annotations

import unicodedata
from functools import cache
from itertools import compress
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from langdetect.utils.ngram import NGram

from flows.text.profiles import SMOOTHING, read_profile
from flows.text.script import CODE_LIMIT, NO_SCRIPT, NUMBERS, script_numbers

if TYPE_CHECKING:
    import numpy.typing as npt

    Codes = npt.NDArray[np.integer]
    Rows = npt.NDArray[np.intp]
    Sums = npt.NDArray[np.float64]

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

# Parts of a nat. Whole numbers below 2**24 add up exactly in float32 in any order: those of 1,000 letters do.
STEPS: Final = 512

_LONGEST_PART: Final = 1000
_ONES: Final = np.ones((1, _LONGEST_PART), np.float32)

_BLANK: Final = 0
_UNKNOWN: Final = 1
_FIRST_LETTER: Final = 2
# Stand for a capital that is in no profile (its number depends on how many letters there are), and for what is no
# letter of the script.
_UNKNOWN_UPPER: Final = 254
_FOREIGN: Final = 255
# Rows are a multiple of this many float32 wide: half a line of memory.
_COLUMNS: Final = 8
# langdetect folds a block to a letter, and letters to their twins.
_VIETNAMESE: Final = (0x1EA0, 0x1F00, "ể")
_TWINS: Final = (("ș", "ş"), ("ț", "ţ"), ("ی", "ي"))


class Scores(NamedTuple):
    """How likely the parts of a text are in each language of a script.

    totals: (parts, languages), in 1/STEPS nat. triple_counts: how many n-grams of three letters each part has. rows: of
    its letters, (parts, letters). An n-gram that a profile does not know has langdetect's smoothing.
    """

    totals: Sums
    triple_counts: Sums
    rows: Rows


class ScriptModel:
    """The profiles of one script's languages. Read-only once built."""

    def __init__(self, script: str) -> None:
        self.languages = LANGUAGES[script]
        profiles = [read_profile(language) for language in self.languages]
        ngrams = "".join([profile.spelled for profile in profiles])
        letters = _letters(set(ngrams), script)
        # Capitals behind the others, so that a comparison finds them.
        self._first_upper = _FIRST_LETTER + sum(not letter.isupper() for letter in letters)
        self._width = width = _FIRST_LETTER + len(letters) + 1
        self._ids = _ids_by_code(letters, script)

        lengths = np.concatenate([profile.lengths for profile in profiles])
        spelled = _spell(ngrams, lengths, letters)
        kept = (spelled != _FOREIGN).all(axis=0)
        lengths, (first, second, third) = lengths[kept], spelled[:, kept]
        columns = np.repeat(np.arange(len(profiles)), [len(profile.lengths) for profile in profiles])[kept]
        chances = np.concatenate([profile.chances for profile in profiles])[kept]
        steps = np.rint(np.log(chances + SMOOTHING) * STEPS)
        unknown = round(float(np.log(SMOOTHING)) * STEPS)

        # States: a pair of letters that no profile knows, by its second one; then the known pairs. A triple is found
        # by its first two, also where these are too rare for a profile of their own.
        known = np.zeros(width * width, bool)
        known[np.where(lengths == 2, second * width + third, first * width + second)[lengths > 1]] = True
        pairs = known.nonzero()[0]
        states = np.tile(np.arange(width), width)
        states[pairs] = width + np.arange(len(pairs))
        triples = np.unique((states[first * width + second] * width + third)[lengths == 3])

        # Rows: a letter after a blank (0 is a blank after a blank: nothing), after a letter; the pairs; the triples.
        rows = np.tile(np.arange(width), (width, 1))
        rows[_BLANK + 1 :] += width
        rows.ravel()[pairs] = 2 * width + np.arange(len(pairs))
        by_pair = rows.ravel().copy()
        rows = rows[np.concatenate([np.arange(width), pairs % width])].ravel()
        without_triple = rows[triples]
        first_triple = 2 * width + len(pairs)
        rows[triples] = first_triple + np.arange(len(triples))
        self._states = (states * width).astype(np.int32)
        self._rows = rows.astype(np.int16)

        # The last column counts triples, known or not.
        self._sums = np.zeros((first_triple + len(triples), -(-(len(profiles) + 1) // _COLUMNS) * _COLUMNS), np.float32)
        sums = self._sums[:, : len(profiles)]
        is_single, is_pair, is_triple = lengths == 1, lengths == 2, lengths == 3
        # Of the triples alone: none ends in a letter after a blank.
        sums[width : 2 * width] = sums[first_triple:] = unknown
        sums[2 * width : first_triple][pairs // width != _BLANK] = unknown
        of_triples = self._rows[states[first * width + second] * width + third]
        sums[of_triples[is_triple], columns[is_triple]] = steps[is_triple]
        self._triple_steps = np.ascontiguousarray(sums.T, np.int16)
        self._sums[:, -1] = self._triple_steps[0] != 0
        # With the pairs and the single letters inside them.
        single = np.full((width, len(profiles)), unknown, np.float32)
        single[third[is_single], columns[is_single]] = steps[is_single]
        single[_BLANK] = 0
        pair = np.full((len(pairs), len(profiles)), unknown, np.float32)
        pair[(by_pair[second * width + third] - 2 * width)[is_pair], columns[is_pair]] = steps[is_pair]
        sums[:width] += single + unknown
        sums[width : 2 * width] += single + unknown
        sums[2 * width : first_triple] += pair + single[pairs % width]
        sums[first_triple:] += sums[without_triple] - unknown
        sums[_BLANK] = 0

    def score(self, codes: Codes, parts: int = 1) -> Scores:
        """Score the parts of a text, which have the same length, at most 1,000 characters."""
        length = len(codes)
        chars = np.zeros(length + 1, np.intp)
        chars[1:] = self._ids.take(codes)
        steps = np.zeros(length, np.intp)
        steps[1:] = self._states.take(chars[:-1] * self._width + chars[1:])[:-1]
        steps += chars[1:]
        size = -(-length // parts)
        rows = np.zeros(parts * size, np.intp)
        rows[:length] = self._rows.take(steps)
        # langdetect skips what ends in a run of capitals.
        upper = chars >= self._first_upper
        run = (upper[1:] & upper[:-1]).nonzero()[0]
        if len(run):
            rows[run] = 0
        # Products with ones are BLAS: several times as fast as sums over an axis.
        sums = np.matmul(_ONES[:, :size], self._sums.take(rows, axis=0).reshape(parts, size, self._sums.shape[1]))
        exact: Sums = sums[:, 0].astype(np.float64)
        return Scores(exact[:, : len(self.languages)], exact[:, -1], rows.reshape(parts, size))

    def triples(self, rows: Rows, language: int) -> float:
        """Give the log-likelihood of the triples alone that end in some rows, in 1/STEPS nat."""
        return float(np.add.reduce(self._triple_steps[language].take(rows.ravel()), dtype=np.int64))


def _spell(ngrams: str, lengths: Rows, letters: list[str]) -> Rows:
    """Give the numbers of the characters of n-grams: the last one third, 0 before short ones."""
    numbers = np.full(CODE_LIMIT, _FOREIGN, np.intp)
    numbers[[ord(letter) for letter in letters]] = np.arange(_FIRST_LETTER, _FIRST_LETTER + len(letters))
    numbers[ord(" ")] = _BLANK
    spelled = numbers.take(np.frombuffer(ngrams.encode("utf-32-le"), np.uint32))
    last = np.cumsum(lengths) - 1
    from_last = np.arange(2, -1, -1)[:, np.newaxis]
    return np.where(lengths > from_last, spelled.take(last - from_last, mode="clip"), _BLANK)


def _letters(characters: set[str], script: str) -> list[str]:
    """Give the characters that langdetect keeps of a script, and of none (the middle dot of Catalan); capitals last."""
    numbers = script_numbers()
    twins = {twin for twin, _ in _TWINS}
    kept = (
        char
        for char in characters
        if numbers[ord(char)] in (NO_SCRIPT, NUMBERS[script])
        and _folded()[ord(char)] != _BLANK
        and char not in twins
        and not ("\u1ea0" <= char <= "\u1eff" and char != "ể")
    )
    return sorted(kept, key=lambda char: (char.isupper(), char))


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
    ids[ids == _UNKNOWN_UPPER] = _FIRST_LETTER + len(letters)
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
