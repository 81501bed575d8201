"""Which languages a charset can write: a text is seldom in one that lacks the letters of its language.

Promised: for each language of the model in Latin letters, a chance between 0 and 1 that a text of it would be put
into a charset; 1 where the charset has all its letters. Not here: how common a charset is (`candidates.py`).
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

import numpy as np

from flows.text.charsets.candidates import single_byte
from flows.text.languages.letter_counts import FIRST_LETTER
from flows.text.languages.letters import letters

if TYPE_CHECKING:
    from flows.text.charsets.candidates import SingleByte
    from flows.text.languages.letters import Floats

# So many more of a language's letters may be lacking.
_FOREIGN_NAMES: Final = 0.002
# What each further hundredth of lacking letters costs (ln), and the most: transcriptions without marks exist.
_LACKING_HUNDREDTH: Final = 2.0
_MOST: Final = 4.0
_ASCII_LETTERS: Final = [ord(letter) for letter in "abcdefghijklmnopqrstuvwxyz"]


def chances_of_being_held(charset: SingleByte) -> Floats:
    """Give the chance that a text in each language of Latin letters would be in this charset."""
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
