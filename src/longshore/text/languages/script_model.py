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

from longshore.text.languages.profiles import SMOOTHING, Profile, read_profile
from longshore.text.languages.scripts import CODE_LIMIT, NO_SCRIPT, NUMBERS, script_numbers

if TYPE_CHECKING:
    import numpy.typing as npt

    Codes = npt.NDArray[np.integer]
    Rows = npt.NDArray[np.intp]
    Sums = npt.NDArray[np.float64]
    Sums32 = npt.NDArray[np.float32]
    Steps = npt.NDArray[np.int16]

BLANK: Final = 0
UNKNOWN: Final = 1
FIRST_LETTER: Final = 2
# In the place of the last number, which depends on how many letters there are.
_UNKNOWN_UPPER: Final = 255
# langdetect folds a block to a letter, and letters to their twins.
_VIETNAMESE: Final = (0x1EA0, 0x1F00, "ể")
_TWINS: Final = (("ș", "ş"), ("ț", "ţ"), ("ی", "ي"))


def letters_of(characters: set[str], script: str) -> list[str]:
    """Return characters that langdetect keeps of a script, and of none (the middle dot of Catalan), capitals last."""
    numbers = script_numbers()
    twins = {twin for twin, _ in _TWINS}
    kept = (
        char
        for char in characters
        if numbers[ord(char)] in (NO_SCRIPT, NUMBERS[script])
        and _folded()[ord(char)] != BLANK
        and char not in twins
        and not ("\u1ea0" <= char <= "\u1eff" and char != "ể")
    )
    return sorted(kept, key=lambda char: (char.isupper(), char))


@cache
def _folded() -> npt.NDArray[np.uint8]:
    """Tabulate what langdetect's `NGram.normalize` blanks, and what is upper case."""
    numbers = np.full(CODE_LIMIT, UNKNOWN, np.uint8)
    every = np.arange(CODE_LIMIT, dtype=np.uint32).tobytes().decode("utf-32-le", "surrogatepass")
    numbers[list(compress(range(CODE_LIMIT), map(str.isupper, every)))] = _UNKNOWN_UPPER
    numbers[[code for code in range(0x80) if not chr(code).isalpha()]] = BLANK
    numbers[[ord(char) for char in NGram.LATIN1_EXCLUDED]] = BLANK
    numbers[0x2000:0x2070] = BLANK
    return numbers


def numbers_by_code(letters: list[str], script: str) -> npt.NDArray[np.uint8]:
    """Tabulate the number of each code point, for the letters of a script."""
    known = {letter: number for number, letter in enumerate(letters, FIRST_LETTER)}
    scripts = script_numbers()
    numbers = _folded().copy()
    numbers[(scripts != NO_SCRIPT) & (scripts != NUMBERS[script])] = BLANK
    numbers[numbers == _UNKNOWN_UPPER] = FIRST_LETTER + len(letters)
    numbers[[ord(letter) for letter in letters]] = list(known.values())
    low, high, folded = _VIETNAMESE
    numbers[low:high] = known.get(folded, UNKNOWN)
    for char, twin in _TWINS:
        numbers[ord(char)] = known.get(twin, UNKNOWN)
    if script == "Grek":
        numbers[0x1F00:0x2000] = [known.get(_monotonic(chr(code)), UNKNOWN) for code in range(0x1F00, 0x2000)]
    return numbers


def _monotonic(char: str) -> str:
    """Write a letter of polytonic Greek as it is written today."""
    letters = unicodedata.normalize("NFD", char)
    accented = not {"\u0300", "\u0301", "\u0342"}.isdisjoint(letters)
    return unicodedata.normalize("NFC", letters[0] + "\u0301" * accented)


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

# Rows are a multiple of this many float32 wide: half a line of memory.
_COLUMNS: Final = 8
# The number of a character that is not of the alphabet.
_FOREIGN: Final = 255


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
        letters = letters_of(set("".join([profile.spelled for profile in profiles])), script)
        self._width = FIRST_LETTER + len(letters) + 1
        self._first_upper = FIRST_LETTER + sum(not letter.isupper() for letter in letters)
        self._numbers = numbers_by_code(letters, script)
        entries = _entries(profiles, letters)
        walk = _walk(entries, self._width)
        self._states = (walk.states * self._width).astype(np.int32)
        self._rows = walk.rows.astype(np.int16)
        self._sums, self._triple_steps = _tables(entries, walk, self._width, len(profiles))

    def score(self, codes: Codes, parts: int = 1) -> Scores:
        """Score the parts of a text, which have the same length, at most 1,000 characters."""
        length = len(codes)
        chars = np.zeros(length + 1, np.intp)
        chars[1:] = self._numbers.take(codes)
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
        """Return the log-likelihood of the triples alone that end in some rows, in 1/STEPS nat."""
        return float(np.add.reduce(self._triple_steps[language].take(rows.ravel()), dtype=np.int64))


class _Entries(NamedTuple):
    """The entries of the profiles, one n-gram of a language each.

    first, second, third: the numbers of its characters, the last one third, 0 before short ones. length: how many they
    are. column: of the language. steps: its log-probability there, in 1/STEPS nat.
    """

    first: Rows
    second: Rows
    third: Rows
    length: Rows
    column: Rows
    steps: Sums


def _entries(profiles: list[Profile], letters: list[str]) -> _Entries:
    length = np.concatenate([profile.lengths for profile in profiles])
    chances = np.concatenate([profile.chances for profile in profiles])
    column = np.repeat(np.arange(len(profiles)), [len(profile.lengths) for profile in profiles])
    numbers = np.full(CODE_LIMIT, _FOREIGN, np.intp)
    numbers[[ord(letter) for letter in letters]] = np.arange(FIRST_LETTER, FIRST_LETTER + len(letters))
    numbers[ord(" ")] = BLANK
    spelled = "".join([profile.spelled for profile in profiles])
    in_numbers = numbers.take(np.frombuffer(spelled.encode("utf-32-le"), np.uint32))
    last = np.cumsum(length) - 1
    from_last = np.arange(2, -1, -1)[:, np.newaxis]
    chars = np.where(length > from_last, in_numbers.take(last - from_last, mode="clip"), BLANK)
    kept = (chars != _FOREIGN).all(axis=0)
    steps = np.rint(np.log(chances[kept] + SMOOTHING) * STEPS)
    first, second, third = chars[:, kept]
    return _Entries(first, second, third, length[kept], column[kept], steps)


class _Walk(NamedTuple):
    """How a text is walked through.

    states: of two letters, by first * width + second: a pair that no profile knows has its second letter's number, the
    known ones come behind those. rows: by state * width + next letter: of a letter after a blank (0 is a blank after a
    blank: nothing), a letter after a letter, a known pair, a known triple, in this order. pairs: the known ones, as
    first * width + second. shorter: for each triple, the row it would have if it were not known.
    """

    states: Rows
    rows: Rows
    pairs: Rows
    shorter: Rows


def _walk(entries: _Entries, width: int) -> _Walk:
    first_two = entries.first * width + entries.second
    last_two = entries.second * width + entries.third
    # A triple is found by its first two, also where these are too rare for a profile of their own.
    pairs = np.unique(np.where(entries.length == 2, last_two, first_two)[entries.length > 1])
    states = np.tile(np.arange(width), width)
    states[pairs] = width + np.arange(len(pairs))
    rows = np.tile(np.arange(width), (width, 1))
    rows[BLANK + 1 :] += width
    rows.ravel()[pairs] = 2 * width + np.arange(len(pairs))
    rows = rows[np.concatenate([np.arange(width), pairs % width])].ravel()
    triples = np.unique((states[first_two] * width + entries.third)[entries.length == 3])
    shorter = rows[triples]
    rows[triples] = 2 * width + len(pairs) + np.arange(len(triples))
    return _Walk(states, rows, pairs, shorter)


def _tables(entries: _Entries, walk: _Walk, width: int, languages: int) -> tuple[Sums32, Steps]:
    """Return for each row the sum of the n-grams that end there, and (by language, row) which part is a triple.

    In the last column of the sums is whether a triple ends there, known or not.
    """
    unknown = round(float(np.log(SMOOTHING)) * STEPS)
    first_triple = 2 * width + len(walk.pairs)
    table = np.zeros((first_triple + len(walk.shorter), -(-(languages + 1) // _COLUMNS) * _COLUMNS), np.float32)
    sums = table[:, :languages]

    def put(into: Sums32, places: Rows, length: int) -> None:
        of_length = entries.length == length
        into[places[of_length], entries.column[of_length]] = entries.steps[of_length]

    # First the triples alone: none ends in the second letter of a word.
    sums[width : 2 * width] = sums[first_triple:] = unknown
    sums[2 * width : first_triple][walk.pairs // width != BLANK] = unknown
    put(sums, walk.rows[walk.states[entries.first * width + entries.second] * width + entries.third], 3)
    triples = np.ascontiguousarray(sums.T, np.int16)
    table[:, -1] = triples[0] != 0
    # Then what is shorter inside them.
    single = np.full((width, languages), unknown, np.float32)
    put(single, entries.third, 1)
    single[BLANK] = 0
    pair = np.full((len(walk.pairs), languages), unknown, np.float32)
    put(pair, walk.states[entries.second * width + entries.third] - width, 2)
    sums[:width] += single + unknown
    sums[width : 2 * width] += single + unknown
    sums[2 * width : first_triple] += pair + single[walk.pairs % width]
    sums[first_triple:] += sums[walk.shorter] - unknown
    sums[BLANK] = 0
    return table, triples


@cache
def script_model(script: str) -> ScriptModel:
    """Return the model of a script, built on first use. Threads that come at once may build it twice, to no harm."""
    return ScriptModel(script)
