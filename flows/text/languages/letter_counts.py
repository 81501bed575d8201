"""langdetect's counts of n-grams as chances of the next character: the numbers under `letters.py`.

Promised: each part is a chance given what goes before it, times its weight, so that the parts of one character
(alone, after one, after two) add up to its chance.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from flows.text.languages.alphabet import FIRST_KNOWN, ID_BITS
from flows.text.languages.profiles import SMOOTHING

if TYPE_CHECKING:
    import numpy.typing as npt

    from flows.text.languages.profiles import Profiles

    Counts = npt.NDArray[np.float64]
    Keys = npt.NDArray[np.int64]
    Ids = npt.NDArray[np.int32]

# The ids of a script's characters: of a space and of everything else that is no letter; of the first letter known.
OUTSIDE: Final = 0
FIRST_LETTER: Final = 3
# After a sign or space: another sign or space.
OUT_AGAIN: Final = 0.35
# The parts that trigrams, bigrams and single letters have in a chance, of 1; after a space, bigrams have both.
_TRIPLE, _PAIR, _SINGLE = 0.55, 0.28, 0.15


class Table(NamedTuple):
    """N-grams of one length: their keys (ids as digits of base `width`), sorted, and a number for each language."""

    keys: Keys
    values: Counts


def count_ngrams(profiles: Profiles, languages: tuple[str, ...], ids: Ids, width: int) -> list[Table]:
    """Count the n-grams of a script's letters, folded to lower case: of one, two and three characters."""
    characters = np.frombuffer(profiles.characters.encode("utf-32-le"), np.uint32)
    own = np.full(1 << ID_BITS, -1, np.int64)
    within = characters < len(ids)
    own[FIRST_KNOWN : FIRST_KNOWN + len(characters)][within] = ids[characters[within]]
    own[own < FIRST_LETTER] = -1
    own[0] = OUTSIDE
    keys, lengths = profiles.keys[:-1], profiles.lengths
    columns = [profiles.languages.index(language) for language in languages]
    tables = []
    for length in (1, 2, 3):
        rows = np.flatnonzero(lengths == length)
        parts = [
            own[(keys[rows] >> np.uint64(ID_BITS * place) & np.uint64((1 << ID_BITS) - 1)).view(np.int64)]
            for place in reversed(range(length))
        ]
        kept = np.logical_and.reduce([part >= 0 for part in parts])
        rows = rows[kept]
        folded = np.zeros(len(rows), np.int64)
        for part in parts:
            folded = folded * width + part[kept]
        chance = np.exp(profiles.log_probability[rows][:, columns].astype(np.float64)) - SMOOTHING
        # float32 cannot tell chances below this from none.
        chance[chance < 1e-9] = 0.0
        order = np.argsort(folded, kind="stable")
        unique, starts = np.unique(folded[order], return_index=True)
        counts = chance[order] * profiles.totals[length - 1, columns]
        tables.append(Table(unique, np.add.reduceat(counts, starts, axis=0)))
    return tables


def chances_of(counts: list[Table], width: int) -> list[Table]:
    """Turn counts into each n-gram's part in the chance of its last character after the others."""
    singles, pairs, triples = counts
    seen = np.zeros((width, singles.values.shape[1]))
    seen[singles.keys] = singles.values
    begun = np.zeros_like(seen)
    np.add.at(begun, pairs.keys // width, pairs.values)
    ones = np.zeros_like(seen)
    ones[OUTSIDE] = begun[OUTSIDE]  # as many words end as begin
    ones[singles.keys] = singles.values
    ones *= _SINGLE / ones.sum(axis=0)
    # Rare n-grams are cut from the profiles: what goes before counts whole where it is known.
    whole = np.maximum(seen, begun)[pairs.keys // width]
    starts = (pairs.keys // width == OUTSIDE)[:, np.newaxis]
    part = np.where(starts, (_TRIPLE + _PAIR) * (1 - OUT_AGAIN), _PAIR)
    twos = part * np.divide(pairs.values, whole, out=np.zeros_like(whole), where=whole > 0)
    opened, starts_at = np.unique(triples.keys // width, return_index=True)
    continued = np.add.reduceat(triples.values, starts_at, axis=0)
    at = np.searchsorted(pairs.keys, opened)
    found = pairs.keys.take(at, mode="clip") == opened
    continued[found] = np.maximum(continued[found], pairs.values[at[found]])
    whole = continued[np.searchsorted(opened, triples.keys // width)]
    threes = _TRIPLE * np.divide(triples.values, whole, out=np.zeros_like(whole), where=whole > 0)
    return [Table(np.arange(width), ones), Table(pairs.keys, twos), Table(triples.keys, threes)]
