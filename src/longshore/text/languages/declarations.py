"""Trigrams of the Universal Declaration of Human Rights, which most languages have: a second model of each language.

It tells short texts apart, and it knows languages without a profile that read like one that has one: Serbian in Latin
letters like Croatian, Malay like Indonesian, Galician like Portuguese. Both are known from the same text, so that only
the language differs. `training/build_declarations.py` makes `declarations.npz`. The words of `related_languages.toml`
help where trigrams do not: Serbian and Croatian differ in few of them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from longshore.text.data import read_arrays, read_toml
from longshore.text.languages.profiles import read_profile
from longshore.text.languages.scripts import NO_SCRIPT, NUMBERS, script_numbers, text_of

if TYPE_CHECKING:
    import numpy.typing as npt

    Codes = npt.NDArray[np.integer]
    Ints = npt.NDArray[np.int64]

BLANK: Final = 0
# A letter that is in none of the declarations.
UNKNOWN: Final = 1
FIRST_LETTER: Final = 2
ID_BITS: Final = 12
# Log-probabilities are kept in parts of a nat above that of a trigram that a declaration has not.
STEPS: Final = 32
UNSEEN: Final = 1e-5
# Enough to tell neighbours apart; more would only cost time.
_MOST: Final = 400
# A letter is one of a language if its profile has it this often.
_LETTER_CHANCE: Final = 1e-4
_TRIGRAM: Final = 3
_MISREAD: Final = ("cp1250", "cp1254", "cp1257")
_WORD: Final = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")


class Closeness(NamedTuple):
    """Evidence for a neighbour of a language.

    lead: of the likeliest neighbour over the language, in nats; negative where the language is likelier, and minus one
    for each trigram where it has no neighbour. declared: the same by the declarations alone, without the profile of the
    language. trigrams: how many there were. strange, letters: how many the language has not, and all. words: how
    many more there are that only a relative has than those that only the language has.
    """

    lead: float = 0.0
    declared: float = 0.0
    trigrams: int = 0
    strange: int = 0
    letters: int = 0
    words: int = 0


@dataclass(frozen=True)
class _Neighbours:
    """A language and its neighbours.

    keys: of the trigrams that one of them has, ascending. leads: of each neighbour over the language, by trigram, in
    steps, first with the profile of the language and then without; zeros in the last row. strange: which letters the
    language has not.
    """

    keys: Ints
    leads: npt.NDArray[np.float32]
    strange: npt.NDArray[np.bool_]


@cache
def arrays() -> dict[str, np.ndarray]:
    """Return the arrays of the data file."""
    return read_arrays("declarations.npz")


@cache
def _numbers(script: str = "") -> npt.NDArray[np.int64]:
    """Tabulate the number of each code point; letters of other scripts than this one are blanks."""
    numbers = letter_numbers(str(arrays()["characters"]))
    if script:
        numbers[(script_numbers() != NO_SCRIPT) & (script_numbers() != NUMBERS[script])] = BLANK
    return numbers


def letter_numbers(characters: str) -> npt.NDArray[np.int64]:
    """Tabulate the number of each code point: of letters by their place in `characters`, capitals as small ones."""
    numbers = np.where(script_numbers() == NO_SCRIPT, BLANK, UNKNOWN).astype(np.int64)
    for number, char in enumerate(characters, FIRST_LETTER):
        for form in (char, char.upper()):
            if len(form) == 1:
                numbers[ord(form)] = number
    return numbers


def trigrams_of(numbers: Ints) -> Ints:
    """Return the key of each trigram of letters; between words is one blank."""
    padded = np.zeros(len(numbers) + 2, np.int64)
    padded[1:-1] = numbers
    kept = padded[1:][(padded[1:] != BLANK) | (padded[:-1] != BLANK)]
    keys: Ints = kept[:-2] << 2 * ID_BITS | kept[1:-1] << ID_BITS | kept[2:]
    return keys


@cache
def _own(languages: tuple[str, ...]) -> tuple[Ints, npt.NDArray[np.float32], list[int]]:
    """Return the trigrams in languages that have a profile, the steps of each text, and the first text of each."""
    data = arrays()
    texts = [data["columns"][(data["languages"] == language) & data["is_own"]] for language in languages]
    places = [_place(column) for of_one in texts for column in of_one]
    keys, steps = _table(places)
    return keys, steps, np.cumsum([0, *map(len, texts)])[:-1].tolist()


def _place(column: int) -> slice:
    return slice(*arrays()["starts"][column : column + 2])


def _table(places: list[slice]) -> tuple[Ints, npt.NDArray[np.float32]]:
    """Return the trigrams of some texts, ascending, and their steps in each text; zeros in the last row."""
    data = arrays()
    rows = np.unique(np.concatenate([data["rows"][place] for place in places]))
    steps = np.zeros((len(rows) + 1, len(places)), np.float32)
    for column, place in enumerate(places):
        steps[np.searchsorted(rows, data["rows"][place]), column] = data["steps"][place]
    return data["keys"][rows], steps


def likelihood(codes: Codes, script: str, languages: tuple[str, ...]) -> npt.NDArray[np.float64]:
    """Return the log-likelihood of a text in each language, in nats above that of trigrams that none has."""
    keys, steps, firsts = _own(languages)
    of_texts = _sums(keys, steps, trigrams_of(_numbers(script).take(codes)))
    return np.maximum.reduceat(of_texts.astype(np.float64), firsts) / STEPS


def _sums(keys: Ints, table: npt.NDArray[np.float32], wanted: Ints) -> npt.NDArray[np.float32]:
    rows = np.searchsorted(keys, wanted)
    rows[keys.take(rows, mode="clip") != wanted] = len(keys)
    # Whole numbers below 2**24: their sums are exact in any order. A product with ones is BLAS.
    sums: npt.NDArray[np.float32] = np.ones(len(rows), np.float32) @ table.take(rows, axis=0)
    return sums


@cache
def _neighbours(language: str) -> _Neighbours | None:
    """Return a language with its neighbours, or None where no declaration is known."""
    data = arrays()
    columns = np.flatnonzero(data["languages"] == language)
    if not len(columns):
        return None
    keys, steps = _table([_place(column) for column in data["columns"][columns]])
    is_own = data["is_own"][columns]
    own, others = steps[:, is_own].max(axis=1, keepdims=True), steps[:, ~is_own]
    # A declaration is short: what a neighbour has and the language has not in it may well be in other texts.
    profile, known = _profile_steps(language)
    own_or_known = own.copy()
    place = np.searchsorted(keys, profile)
    found = keys.take(place, mode="clip") == profile
    np.maximum.at(own_or_known[:, 0], place[found], known[found])
    leads = np.ascontiguousarray(np.hstack([others - np.where(others > 0, own_or_known, own), others - own]))
    strange = np.ones(len(str(data["characters"])) + FIRST_LETTER, bool)
    letters = read_profile(language).letters(_LETTER_CHANCE)
    # Nor are those that its letters become where they are misread: Turkish has ý, þ and ð for ı, ş and ğ then.
    letters += "".join(letters.encode(charset, "ignore").decode("cp1252", "ignore") for charset in _MISREAD)
    strange[_numbers()[list(map(ord, letters))]] = False
    strange[keys[own[:-1, 0] > 0] & (1 << ID_BITS) - 1] = False
    strange[[BLANK, UNKNOWN]] = False, True
    return _Neighbours(keys, leads, strange)


def _profile_steps(language: str) -> tuple[Ints, npt.NDArray[np.float32]]:
    """Return the trigrams of a language's profile, and the steps of each."""
    profile = read_profile(language)
    numbers = _numbers()[np.frombuffer(profile.spelled.encode("utf-32-le"), np.uint32)]
    last = (np.cumsum(profile.lengths) - 1)[profile.lengths == _TRIGRAM]
    keys = numbers[last - 2] << 2 * ID_BITS | numbers[last - 1] << ID_BITS | numbers[last]
    chances = profile.chances[profile.lengths == _TRIGRAM]
    return keys, np.rint(STEPS * np.log(chances / UNSEEN + 1)).astype(np.float32)


def closeness_to_neighbours(codes: Codes, script: str, language: str) -> Closeness:
    """Compare a text with the neighbours of the language that it seems to be in."""
    model = _neighbours(language)
    numbers = _numbers(script).take(codes)
    # A text in two scripts may begin with the other one.
    numbers = numbers[int((numbers != BLANK).argmax()) :][: 2 * _MOST]
    wanted = trigrams_of(numbers)[:_MOST]
    count = len(wanted)
    if model is None:
        return Closeness(-float(count), -float(count), count)
    leads = _sums(model.keys, model.leads, wanted).reshape(2, -1) / STEPS
    with_profile, declared = leads.max(axis=1).tolist() if leads.size else (-float(count), -float(count))
    strange, letters = int(np.count_nonzero(model.strange.take(numbers))), int(np.count_nonzero(numbers))
    return Closeness(with_profile, declared, count, strange, letters, _words(codes, language))


@cache
def relatives() -> dict[str, list[tuple[frozenset[str], frozenset[str]]]]:
    """Return, for languages that have relatives, the words that only these have, and only the language."""
    return {
        language: [(frozenset(row["others"].split()), frozenset(row["own"].split())) for row in rows]
        for language, rows in read_toml("related_languages.toml").items()
    }


def _words(codes: Codes, language: str) -> int:
    """Count how many more words only a relative of a language has than those that only the language has."""
    rows = relatives().get(language)
    if not rows:
        return 0
    words = _WORD.findall(text_of(codes[:_MOST]).lower())
    return max(0, *[sum((word in others) - (word in own) for word in words) for others, own in rows])
