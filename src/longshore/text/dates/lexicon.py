"""Meaning of a word on a date line: a month, a day of the week, a label, glue, or unknown.

Words are compared folded: case, accents, vowel points and the spelling variants of one letter do not count, so that
`MÄRZ`, `Miercoles` and `أبريل` are found. One word may mean several things (`mar` is March and a Tuesday, `listopad`
November in Polish and October in Croatian): a meaning keeps them all, and the context decides.

The table is built once, on the first line that needs it (some 5,000 names, a few milliseconds).
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Final, Literal

from longshore.text.data import read_json, read_toml

# The letter of each role in a line's pattern (`tokens.py`), by its table in `date_words.toml`.
_ROLE_LETTERS: Final = {
    "dates": "k",
    "published": "l",
    "updated": "u",
    "beside_labels": "j",
    "page_actions": "p",
    "not_publication": "e",
    "bylines": "b",
    "glue": "f",
    "after_hours": "h",
}
# Where the forms of each table begin on a line of names: twelve months, seven days, two halves of the day.
_FIRST_PLACES: Final = {"months": 0, "weekdays": 12, "halves": 19}

Calendar = Literal["gregorian", "persian", "hijri", "ethiopian"]
_LANGUAGES_OF_CALENDARS: Final[dict[Calendar, str]] = {"persian": "fa", "hijri": "ar", "ethiopian": "am"}

# Word separators: spaces, digits, and the punctuation and symbols of every script. Everything else is part of a word:
# Python's \w has no combining marks, without which half of the scripts of India fall to pieces.
NOT_IN_WORDS: Final = (
    r"\s\d!-/:-@\[-`{-~\u00a1-\u00a9\u00ab-\u00b4\u00b6-\u00b9\u00bb-\u00bf\u00d7\u00f7"
    r"\u02bc\u055a-\u055f\u0589\u05be\u05c0\u05c3\u05f3\u05f4\u060c\u061b\u061f\u066a-\u066d\u06d4\u0964\u0965\u0970"
    r"\u0f08-\u0f14\u104a-\u104f\u1361-\u1368\u17d4-\u17da\u2000-\u206f\u2190-\u2bff\u3000-\u3004\u3008-\u3020"
    r"\u3030\u30fb\ue000-\uf8ff\ufe30-\ufe4f\ufeff\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65\U0001f000-\U0001faff"
)
_WORD = re.compile(f"[^{NOT_IN_WORDS}]+")

_FOLD: Final = {
    **dict.fromkeys([*range(0x300, 0x370), *range(0x591, 0x5C8), *range(0x610, 0x61B), *range(0x64B, 0x660), 0x640]),
    **{ord(variant): letter for variant, letter in zip("ıیىکةہۀ", "iييكههه", strict=True)},
}


@dataclass(slots=True)
class Meaning:
    """All that a word, or a name of several words, may mean on a date line.

    months: month number to the languages that say so. weekdays: 0 is Monday. roles: letters, see `tokens`.
    """

    months: dict[int, set[str]] = field(default_factory=dict)
    calendar: Calendar = "gregorian"
    weekdays: dict[int, set[str]] = field(default_factory=dict)
    afternoon: bool | None = None
    roles: dict[str, set[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Meanings by folded words; `longest` says how many words the longest name that begins with a word has."""

    meanings: dict[str, Meaning]
    longest: dict[str, int]


def fold(word: str) -> str:
    """Return the form in which a word is compared: no case, no accents, no spelling variants.

    >>> fold("MÄRZ"), fold("Αυγούστου"), fold("KASIM")
    ('marz', 'αυγουστου', 'kasim')
    """
    if word.isascii():
        return word.lower()
    return unicodedata.normalize("NFKD", word.casefold()).translate(_FOLD)


def fold_words(text: str) -> str:
    """Fold every word of a name and put one space between two.

    >>> fold_words("terça-feira")
    'terca feira'
    """
    return " ".join(fold(word) for word in _WORD.findall(text))


@cache
def lexicon() -> Lexicon:
    """Build the table of all words that are known, once."""
    tables = read_toml("date_words.toml")
    meanings: defaultdict[str, Meaning] = defaultdict(Meaning)
    for language, line in read_json("date_names.json").items():
        for place, name in _names(line):
            _add_name(meanings[name], place, language)
    for table, first in _FIRST_PLACES.items():
        for language, line in tables["forms"][table].items():
            for place, name in _names(line):
                _add_name(meanings[fold_words(name)], first + place, language)
    for calendar, language in _LANGUAGES_OF_CALENDARS.items():
        _add_months(meanings, read_toml("calendars.toml")["months"][calendar], calendar, language)
    for table, role in _ROLE_LETTERS.items():
        for language, words in tables["words"][table].items():
            for word in words.split():
                meanings[fold_words(word.replace("_", " "))].roles.setdefault(role, set()).add(language)
    return Lexicon(dict(meanings), _longest(meanings))


def _names(line: str) -> Iterator[tuple[int, str]]:
    """Yield each name on a line of data with the index of its group."""
    for place, names in enumerate(line.split("|")):
        for name in names.split(",") if names.strip() else ():
            yield place, name.strip()


def _add_name(meaning: Meaning, place: int, language: str) -> None:
    """Add the meaning of a name by the index of its group: twelve months, seven days, before noon, after noon."""
    if place < 12:
        meaning.months.setdefault(place + 1, set()).add(language)
    elif place < 19:
        meaning.weekdays.setdefault(place - 12, set()).add(language)
    else:
        meaning.afternoon = place == 20


def _add_months(meanings: defaultdict[str, Meaning], line: str, calendar: Calendar, language: str) -> None:
    """Add the months of another calendar, where no name of ours is the same."""
    for place, name in _names(line):
        meaning = meanings[fold_words(name)]
        if not meaning.months:
            meaning.months[place + 1] = {language}
            meaning.calendar = calendar


def _longest(meanings: Iterable[str]) -> dict[str, int]:
    """Return the most words that a name has, by its first word."""
    longest: dict[str, int] = {}
    for name in meanings:
        first, _, rest = name.partition(" ")
        longest[first] = max(longest.get(first, 1), rest.count(" ") + 2 if rest else 1)
    return longest
