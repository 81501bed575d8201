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
from functools import cache
from itertools import compress
from typing import TYPE_CHECKING, Final

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

# Parts of a nat. Whole numbers below 2**24 add up exactly in float32 in any order: those of 3,000 n-grams do.
STEPS: Final = 512

_LONGEST_PART: Final = 512
_ONES: Final = np.ones((1, _LONGEST_PART), np.float32)

_BLANK: Final = 0
_UNKNOWN: Final = 1
_FIRST_LETTER: Final = 2
# Stand for a capital that is in no profile (its number depends on how many letters there are), and for what is no
# letter of the script.
_UNKNOWN_UPPER: Final = 254
_FOREIGN: Final = 255
# Numbers of pairs that are in no profile: after one that ends in a letter comes a triple, after the other none.
_UNKNOWN_PAIR: Final = 0
_UNKNOWN_END: Final = 1
_FIRST_PAIR: Final = 2
# Rows are a multiple of this many float32 wide: half a line of memory.
_COLUMNS: Final = 8
# langdetect folds a block to a letter, and letters to their twins.
_VIETNAMESE: Final = (0x1EA0, 0x1F00, "ể")
_TWINS: Final = (("ș", "ş"), ("ț", "ţ"), ("ی", "ي"))


class ScriptModel:
    """The profiles of one script's languages. Read-only once built.

    A row holds what each language gives an n-gram: row 0 is nothing, row 1 an n-gram that no profile knows; then come
    the letters, the pairs and the triples.
    """

    def __init__(self, script: str) -> None:
        self.languages = LANGUAGES[script]
        profiles = [read_profile(language) for language in self.languages]
        words = [word for profile in profiles for word in profile.ngrams]
        self._letters = _letters(set("".join(words)), script)
        # Capitals behind the others, so that a comparison finds them.
        self._first_upper = _FIRST_LETTER + sum(not letter.isupper() for letter in self._letters)
        self._width = width = _FIRST_LETTER + len(self._letters) + 1
        self._ids = _ids_by_code(self._letters, script)

        lengths, spelled = _spell(words, self._letters)
        kept = (spelled != _FOREIGN).all(axis=0)
        lengths, (first, second, third) = lengths[kept], spelled[:, kept]
        # A triple is found by its first two, also where these are too rare for a profile of their own.
        is_pair = np.zeros(width * width, bool)
        is_pair[np.where(lengths == 2, second * width + third, first * width + second)[lengths > 1]] = True
        self._pairs = np.full(width * width, width + _UNKNOWN_PAIR, np.int32)
        self._pairs[_BLANK::width] = width + _UNKNOWN_END
        self._pairs[is_pair] = width + _FIRST_PAIR + np.arange(np.count_nonzero(is_pair))
        first_triple = width + _FIRST_PAIR + int(np.count_nonzero(is_pair))
        places = self._pairs[first * width + second] * width + third
        is_triple = np.zeros(first_triple * width, bool)
        is_triple[places[lengths == 3]] = True
        self._triples = np.full(first_triple * width, _UNKNOWN, np.int16)
        self._triples.reshape(-1, width)[self._pairs[_BLANK::width]] = _BLANK
        self._triples[is_triple] = first_triple + np.arange(np.count_nonzero(is_triple))

        # The last column counts triples, known or not.
        columns = -(-(len(profiles) + 1) // _COLUMNS) * _COLUMNS
        self._unknown = round(float(np.log(SMOOTHING)) * STEPS)
        self._steps = np.full((first_triple + np.count_nonzero(is_triple), columns), self._unknown, np.float32)
        self._steps[_BLANK] = self._steps[:, -1] = 0
        self._steps[first_triple:, -1] = self._steps[_UNKNOWN, -1] = 1
        rows = np.choose(lengths - 1, [third, self._pairs[second * width + third], self._triples[places]])
        column = np.repeat(np.arange(len(profiles)), [len(profile.ngrams) for profile in profiles])
        chances = np.concatenate([profile.chances for profile in profiles])
        self._steps[rows, column[kept]] = np.rint(np.log(chances[kept] + SMOOTHING) * STEPS)

    def score(self, codes: Codes, parts: int = 1) -> Sums:
        """Give the log-likelihoods of the parts of a text, in 1/STEPS nat: first by single characters, pairs, triples.

        Second by the parts, which have the same length, at most 512 characters. Third by languages; in the very last
        place of the triples is their number. An n-gram that a profile does not know has langdetect's smoothing.
        """
        rows = self._rows(codes, parts)
        size = rows.shape[1] // parts
        # Products with ones are BLAS: several times as fast as sums over an axis.
        sums = np.matmul(_ONES[:, :size], self._steps.take(rows.ravel(), axis=0).reshape(3 * parts, size, -1))
        exact: Sums = sums.reshape(3, parts, -1).astype(np.float64)
        return exact

    def ngrams(self, codes: Codes) -> list[str]:
        """Spell the n-grams that a profile knows, in no order."""
        rows = self._rows(codes, 1)
        known = (rows > _BLANK) & (self._steps[rows, : len(self.languages)] > self._unknown).any(axis=2)
        letters = [" ", "", *self._letters, ""]
        spelled = [" ", *(letters[number] for number in self._ids.take(codes).tolist())]
        return ["".join(spelled[end + 1 - kind : end + 2]) for kind, end in np.argwhere(known).tolist()]

    def _rows(self, codes: Codes, parts: int) -> Rows:
        """Give the rows of the single characters, the pairs and the triples that end at each character.

        Filled up with rows of nothing to a multiple of `parts`. A text begins as after a blank.
        """
        length = len(codes)
        chars = np.zeros(length + 1, np.intp)
        chars[1:] = self._ids.take(codes)
        pairs = self._pairs.take(chars[:-1] * self._width + chars[1:])
        rows = np.zeros((3, -(-length // parts) * parts), np.intp)
        rows[0, :length] = chars[1:]
        rows[1, :length] = pairs
        rows[2, 1:length] = self._triples.take(pairs[:-1] * self._width + chars[2:])
        upper = chars >= self._first_upper
        # langdetect skips what ends in a run of capitals.
        run = (upper[1:] & upper[:-1]).nonzero()[0]
        if len(run):
            rows[:, run] = _BLANK
        return rows


def _spell(words: list[str], letters: list[str]) -> tuple[Rows, Rows]:
    """Give the lengths of n-grams, and the numbers of their characters: the last one third, 0 before short ones."""
    numbers = np.full(CODE_LIMIT, _FOREIGN, np.intp)
    numbers[[ord(letter) for letter in letters]] = np.arange(_FIRST_LETTER, _FIRST_LETTER + len(letters))
    numbers[ord(" ")] = _BLANK
    spelled = numbers.take(np.frombuffer("".join(words).encode("utf-32-le"), np.uint32))
    lengths = np.fromiter(map(len, words), np.intp, len(words))
    last = np.cumsum(lengths) - 1
    from_last = np.arange(2, -1, -1)[:, np.newaxis]
    return lengths, np.where(lengths > from_last, spelled.take(last - from_last, mode="clip"), _BLANK)


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
