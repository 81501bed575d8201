"""Evidence of a reading beyond its letters: punctuation, capitals, digits and scripts within words.

Added up as natural logarithms, for several readings at once; `evidence.py` puts the letters to it.
"""

from __future__ import annotations

import math
import unicodedata
from functools import cache
from typing import TYPE_CHECKING, Final

import numpy as np

from longshore.text.languages.letter_model import FOREIGN, OUTSIDE
from longshore.text.languages.punctuation import CLASSES, DIGIT, LETTER, RUN_GOES_ON, signs

if TYPE_CHECKING:
    import numpy.typing as npt

    from longshore.text.languages.letter_model import Floats, Ids, Script

    Codes = npt.NDArray[np.uint16]
    Counts = npt.NDArray[np.int64]
    Sums = npt.NDArray[np.float64]

_LETTER_BESIDE_DIGIT: Final = -5.0
_MIXED_WORD: Final = -4.0
_FOREIGN_ACCENT: Final = -4.0
# langdetect counts all letters of U+1EA0-1EFF as one; some 45 of them are in use, either case.
VIETNAMESE_LETTER: Final = -3.8
# Whoever uses a sign uses it again: its share is learnt, as from this many signs seen before.
_SIGNS_SEEN_BEFORE: Final = 100.0
_LEARNT_LOG_SHARE: Final = math.log(3e-5)  # of signs rarer than this a second one is no more likely than the first
# How often a letter is a capital, by the cases of the two before it.
UPPER_FIRST: Final = 0.12
_UPPER_AFTER_LOWER: Final = 0.003
_UPPER_AFTER_FIRST_UPPER: Final = 0.1
_UPPER_AFTER_INNER_UPPER: Final = 0.3
_UPPER_AMONG_UPPER: Final = 0.9


def weigh_frame(padded: Codes, last: Ids, this: Ids, script: Script) -> Floats:
    """Weigh signs, cases, digits and scripts of each text; two line ends stand before it in `padded`, one behind.

    last, this: the letters' ids at each of its positions, and at the one before.
    """
    table = signs()
    kind = table.kind.take(padded)
    left, here, right = kind[:, 1:-2], kind[:, 2:-1], kind[:, 3:]
    codes = padded[:, 2:-1]
    row, at = np.nonzero(this == OUTSIDE)
    signed = codes[row, at]
    fits = table.fit.take(table.role.take(signed) + left[row, at] * CLASSES + right[row, at])
    weights = np.where(
        table.runs.take(signed) & (padded[row, at + 1] == signed), RUN_GOES_ON, table.share.take(signed) + fits
    )
    sums: Floats = np.bincount(row, weights, len(codes)).astype(np.float32)
    case = cases().take(padded)
    sums += _case_costs().take(case[:, :-3] * (last != OUTSIDE) * 9 + case[:, 1:-2] * 3 + case[:, 2:-1]).sum(axis=1)
    if (here == DIGIT).any():
        beyond = padded >= 0x80
        beside = (here == LETTER) & (left == DIGIT) & beyond[:, 2:-1]
        beside |= (here == DIGIT) & (left == LETTER) & beyond[:, 1:-2]
        sums += _LETTER_BESIDE_DIGIT * beside.sum(axis=1)
    if script == "vietnamese":
        sums += VIETNAMESE_LETTER * ((codes >= 0x1EA0) & (codes < 0x1F00)).sum(axis=1)
    elif script != "latin" and (this == FOREIGN).any():
        foreign = this == FOREIGN
        mixed = (foreign & (last > FOREIGN)) | ((this > FOREIGN) & (last == FOREIGN))
        sums += _MIXED_WORD * mixed.sum(axis=1) + _FOREIGN_ACCENT * (foreign & (codes >= 0x80)).sum(axis=1)
    return sums


def weigh_repeated_signs(texts: Codes, ids: Ids) -> Sums:
    """Return what was charged each text too much for signs that it uses again and again."""
    table = signs()
    outside = ids == OUTSIDE
    charged = outside & (texts >= 0x80)
    charged[:, 1:] &= ~(table.runs.take(texts[:, 1:]) & (texts[:, 1:] == texts[:, :-1]))
    row, at = np.nonzero(charged)
    found, counts = np.unique(row << 16 | texts[row, at], return_counts=True)
    totals = np.zeros(len(texts))
    again = (counts > 1) & (table.share.take(found & 0xFFFF) > _LEARNT_LOG_SHARE) & table.learnt.take(found & 0xFFFF)
    if again.any():
        rows, shares = found[again] >> 16, table.share.take(found[again] & 0xFFFF).astype(np.float64)
        seen = np.log(_SIGNS_SEEN_BEFORE + outside.sum(axis=1))[rows] + shares
        before = _SIGNS_SEEN_BEFORE * np.exp(shares)
        learnt = np.array(weigh_learnt(before, counts[again])) - counts[again] * seen
        np.add.at(totals, rows, np.maximum(learnt, 0.0))
    return totals


def weigh_learnt(weights: npt.NDArray[np.floating], counts: Counts) -> list[float]:
    """Return ln of how likely something is that came so often, when each time makes it likelier."""
    pairs = zip(weights.tolist(), counts.tolist(), strict=True)
    return [math.lgamma(weight + count) - math.lgamma(weight) for weight, count in pairs]


@cache
def cases() -> Ids:
    """Return the case of every character: 0 none, 1 lower, 2 upper."""
    table = np.zeros(0x10000, np.int32)
    for code in (*range(0x41, 0x590), *range(0x1E00, 0x2000)):
        table[code] = {"Ll": 1, "Lu": 2, "Lt": 2}.get(unicodedata.category(chr(code)), 0)
    table[[0xB5, 0x192]] = 0
    return table


@cache
def _case_costs() -> Floats:
    """Return ln(chance) of a letter's case after the cases of the two before it."""
    upper = {0: UPPER_FIRST, 1: _UPPER_AFTER_LOWER, 2: _UPPER_AFTER_FIRST_UPPER}
    table = np.zeros((3, 3, 3), np.float32)
    for before in range(3):
        for last in range(3):
            chance = {(2, 2): _UPPER_AMONG_UPPER, (1, 2): _UPPER_AFTER_INNER_UPPER}.get((before, last), upper[last])
            table[before, last, 1:] = np.log([1 - chance, chance])
    return table.reshape(-1)
