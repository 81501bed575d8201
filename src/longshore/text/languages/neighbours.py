"""Letters of languages without a profile: a text full of them is in none that has one, however alike it reads.

Azerbaijani reads like Turkish but for its ə, Serbian like Macedonian but for ћ and ђ, Belarusian like Ukrainian but for
ў. Looked for in short texts where there is doubt only, so that a common text costs nothing.
Promised: a name or a quotation with such letters makes no text foreign; nor do letters that come of misreading, as
Turkish with ý, þ and ð has them.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from typing import TYPE_CHECKING, Final, NamedTuple

from longshore.text.data import read_toml
from longshore.text.languages.scripts import text_of

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


class Relatives(NamedTuple):
    """Words that only a language has, and words that only its relatives without a profile have."""

    own: frozenset[str]
    others: frozenset[str]


@cache
def relatives() -> dict[str, tuple[Relatives, ...]]:
    """Return the relatives of each language that has some."""
    return {
        language: tuple(Relatives(frozenset(row["own"].split()), frozenset(row["others"].split())) for row in rows)
        for language, rows in read_toml("related_languages.toml").items()
    }


_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_FEWEST: Final = 2
_MOST_LETTERS: Final = 2_000
# The model itself tells these from their relatives, but where it is in doubt.
_APART: Final = frozenset(("ca", "en", "es", "it", "pt"))
_SURE: Final = 0.95


def is_in_a_relative(codes: npt.NDArray[np.integer], language: str, confidence: float) -> bool:
    """Return whether the words of a text that seems to be in a language are those of a relative without a profile."""
    related = relatives().get(language, ())
    if not related or (language in _APART and confidence > _SURE):
        return False
    words = Counter(_WORD.findall(text_of(codes[:_MOST_LETTERS]).lower()))
    return any(
        (others := _count(words, each.others)) >= _FEWEST and others > _count(words, each.own) for each in related
    )


def _count(words: Counter[str], wanted: frozenset[str]) -> int:
    return sum(words[word] for word in wanted)


# Of the orthographies as in CLDR's exemplar characters; none is a letter of a language that has a profile.
_OF_OTHERS: Final = frozenset(
    # Azerbaijani, Hausa and West Africa, Maltese, Esperanto, Sami
    "əǝŋɓɗƙƴɛɔɲɖƒɣʋħġċĉĝŝĵĥŭŧ"
    # Belarusian, Serbian, Kazakh, Kyrgyz, Tatar, Bashkir, Tajik, Mongolian, Chuvash, Ossetian, Abkhaz
    "ўћђәғқңөұүһҳҷӣӯҡҙҫӑӗӳӕӷҕҧҭҵҽҿӌӏ"
    # Pashto, Kurdish, Uyghur, Sindhi, Saraiki
    "ټډړږښېۍەۆێڕڵڤۇۈۋڄڃڦڇڊڏڙڳڱڻٻݙݨ"
)
_NORDIC: Final = frozenset("ðþ")
_READ_LIKE_NORDIC: Final = frozenset(("da", "de", "en", "nl", "no", "sv"))
_LETTERS_WORD: Final = re.compile(r"[^\W\d_]+")
# From this many on, and this share of the letters, they are no quotation.
_FEWEST_LETTERS: Final = 3
_SHARE: Final = 0.015


def has_letters_of_others(codes: npt.NDArray[np.integer], language: str) -> bool:
    """Return whether more of a text's letters are those of languages without a profile than can be chance."""
    text = text_of(codes)
    if text.isascii():
        return False
    wanted = _OF_OTHERS | _NORDIC if language in _READ_LIKE_NORDIC else _OF_OTHERS
    # Names do not count.
    found = sum(char in wanted for word in _LETTERS_WORD.findall(text) if not word[0].isupper() for char in word)
    return found >= _FEWEST_LETTERS and found > _SHARE * sum(map(str.isalpha, text))
