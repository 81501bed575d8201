"""Where a letter's chances after two others stand, for all letters of a text at once.

A walk through a text is a state for every two letters, and a row for every state and next letter: of the three where
a profile knows them, else of the last two, else of the letter alone. So a text costs two look-ups a letter, however
many n-grams there are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from flows.text.languages.letter_counts import OUTSIDE

if TYPE_CHECKING:
    from flows.text.languages.letter_counts import Ids, Keys


class Walk(NamedTuple):
    """The look-ups of one script.

    states: by before * width + last, where the state's part of `rows` begins. rows: by that and the next letter.
    """

    width: int
    states: Ids
    rows: Ids

    def rows_of(self, before: Ids, last: Ids, this: Ids) -> Ids:
        """Give the row of each `this` after `before` and `last`; what stands before a word does not matter."""
        rows: Ids = self.rows.take(self.states.take(before * self.width + last) + this)
        return rows

    def last_of_rows(self) -> Ids:
        """Give the letter that the n-gram of each row ends in."""
        last = np.zeros(int(self.rows.max()) + 1, np.int32)
        last[self.rows] = np.tile(np.arange(self.width, dtype=np.int32), len(self.rows) // self.width)
        return last


class Parts(NamedTuple):
    """What the chances of each row are the sum of: rows of the tables of threes, of twos, and of letters alone."""

    triple: Ids
    pair: Ids
    one: Ids


def walk_of(width: int, pair_rows: Ids, triple_keys: Keys) -> tuple[Walk, Parts]:
    """Lay out a walk.

    pair_rows: the row of each two letters in the table of twos, its highest where no profile knows them.
    triple_keys: the known threes (ids as digits of base `width`), in the order of their table; a row behind them is
    for all others.
    """
    letters = np.arange(width)
    unknown_pair, unknown_triple = pair_rows.max(), len(triple_keys)
    pairs = np.flatnonzero(pair_rows != unknown_pair)
    opened = np.unique(triple_keys // width)
    states = np.tile(letters, width)
    states[opened] = width + np.arange(len(opened))
    states[OUTSIDE::width] = states[OUTSIDE]
    after_one = np.tile(letters, width)
    after_one[pairs] = width + np.arange(len(pairs))
    after_one = after_one.reshape(width, width)
    rows = np.concatenate([after_one, after_one[opened % width]]).reshape(-1)
    opening = np.searchsorted(opened, triple_keys // width) + width
    rows[opening * width + triple_keys % width] = width + len(pairs) + np.arange(len(triple_keys))
    parts = Parts(
        triple=np.concatenate([np.full(width + len(pairs), unknown_triple), np.arange(len(triple_keys))]),
        pair=np.concatenate([np.full(width, unknown_pair), pair_rows[pairs], pair_rows[triple_keys % width**2]]),
        one=np.concatenate([letters, pairs % width, triple_keys % width]),
    )
    return Walk(width, (states * width).astype(np.int32), rows.astype(np.int32)), parts
