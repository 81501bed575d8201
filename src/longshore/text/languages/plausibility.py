"""Plausibility of a reading: how likely its letters follow each other in the language that fits best.

Built from langdetect's 55 profiles on first use. Promised: any text has an answer, the same on every run and machine.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

import numpy as np

from longshore.text.languages.alphabet import BLANK, FIRST_KNOWN, ID_BITS, SIGN, Alphabet
from longshore.text.languages.profiles import PAIR, SINGLE, SMOOTHING, load_profiles

if TYPE_CHECKING:
    import numpy.typing as npt

    from longshore.text.languages.alphabet import Codes, Ids
    from longshore.text.languages.profiles import Ints, Profiles, Rows

    Floats = npt.NDArray[np.float32]
    Steps = npt.NDArray[np.int8]

# Logarithms are kept in steps of 1/8, a byte each: the error of a mean is far below any difference that matters.
_STEPS: Final = 8
# The chance of a letter that no language knows, and of a blank after letters that nothing is known about.
_UNHEARD_OF: Final = 1e-6
_BLANK_CHANCE: Final = 0.15
_STEP_DOWN: Final = float(np.log(0.4))
# How readily a language borrows the letters of the others (é in English).
_BORROWING: Final = 0.02
_FOREIGN_LETTER: Final = 3e-5
# A sign's own cost: a rare one, a common one (quotes, currency); and one that repeats the sign before it (boxes).
_SIGN_COSTS: Final = np.array([-9.0, -6.5])
_SIGN_KINDS: Final = np.uint16(len(_SIGN_COSTS))
_REPEATED_SIGN_COST: Final = -1.0
# Besides: one that is not common before a letter without a blank (`½uvre`).
_SIGN_BEFORE_LETTER_COST: Final = -4.0
# Going from Latin to another script or back: between words, and inside one (but ideographs and Hangul need no blank).
_SWITCH_COST: Final = -3.0
_SWITCH_INSIDE_COST: Final = -6.0

# From here on (Hangul Jamo) letters took two bytes in legacy encodings, and need no blanks around them.
_WIDE: Final = 0x1100
_ONE: Final = np.uint64(ID_BITS)
_TWO: Final = np.uint64(2 * ID_BITS)
_ID_MASK: Final = np.uint64((1 << ID_BITS) - 1)
# Above this a language knows the n-gram (float32 cannot tell less from ln SMOOTHING).
_UNKNOWN_LIKELIHOOD: Final = float(np.log(SMOOTHING)) + 1e-5


class Reader:
    """The profiles as chances of a character after the two before it."""

    def __init__(self, profiles: Profiles, alphabet: Alphabet) -> None:
        self._profiles = profiles
        self._alphabet = alphabet
        self._chances = _conditional_chances(profiles)
        characters = np.frombuffer(profiles.characters.encode("utf-32-le"), np.uint32)
        self._is_other = np.zeros(1 << ID_BITS, bool)
        # Not Latin: all but Latin up to its Extended-B, and Extended Additional.
        self._is_other[FIRST_KNOWN : FIRST_KNOWN + len(characters)] = (characters >= 0x250) & (
            (characters < 0x1E00) | (characters >= 0x1F00)
        )

    def plausibility(self, text: str) -> float:
        """Return the mean log-probability per letter or sign; see `plausibility`."""
        codes, ids = self._alphabet.to_read(text)
        cost = 0.0
        signs = ids[ids - SIGN < _SIGN_KINDS]
        if len(signs):
            cost = _cost_of_signs(codes, ids)
            ids[ids - SIGN < _SIGN_KINDS] = BLANK
        at = ids.nonzero()[0]
        wide = 0
        if not text.isascii():
            cost += self._cost_of_switches(codes, ids, at)
            # An ideograph or a Hangul syllable took two bytes where a letter took one: count what the bytes gave.
            wide = int(np.count_nonzero(codes[at] >= _WIDE))
        cells = len(at) + len(signs) + wide
        return (cost + self._cost_of_letters(ids)) / cells if cells else 0.0

    def _cost_of_letters(self, ids: Ids) -> float:
        chars = np.zeros(len(ids) + 3, np.uint64)
        chars[2:-1] = ids
        # A blank is judged as the end of a word only.
        at = (chars[2:] | chars[1:-1]).nonzero()[0]
        first, middle, last = chars[at], chars[at + 1], chars[at + 2]
        pairs = middle << _ONE | last
        rows = self._profiles.rows_of(first << _TWO | pairs)
        unknown = self._profiles.unknown_row
        down = (rows == unknown).nonzero()[0]
        steps = np.count_nonzero(middle[down])
        rows[down] = pair_rows = self._profiles.rows_of(pairs[down] | PAIR)
        down = down[pair_rows == unknown]
        steps += len(down)
        rows[down] = np.where(last[down] == BLANK, unknown + 1, self._profiles.rows_of(last[down] | SINGLE))
        # A row of weights for the letters of other scripts, with the blanks behind them, and one for the rest.
        weights = np.empty((2, len(rows)), np.float32)
        weights[0] = self._is_other[np.where(last == BLANK, middle, last).view(np.int64)]
        np.subtract(1, weights[0], out=weights[1])
        sums = weights @ self._chances.take(rows, axis=0).astype(np.float32)
        return float(sums.max(axis=1).sum()) / _STEPS + _STEP_DOWN * float(steps)

    def _cost_of_switches(self, codes: Codes, ids: Ids, at: Ints) -> float:
        at = at[ids[at] >= FIRST_KNOWN]
        other = self._is_other[ids[at]]
        switches = (other[1:] != other[:-1]).nonzero()[0]
        before, after = at[switches], at[switches + 1]
        inside = (after - before == 1) & (np.maximum(codes[before], codes[after]) < _WIDE)
        return _SWITCH_COST * len(switches) + _SWITCH_INSIDE_COST * float(np.count_nonzero(inside))


def _cost_of_signs(codes: Codes, ids: Ids) -> float:
    at = (ids - SIGN < _SIGN_KINDS).nonzero()[0]
    costs = _SIGN_COSTS[ids[at] - SIGN]
    after = np.append(ids, BLANK)[at + 1]
    costs[(after >= FIRST_KNOWN) & (ids[at] == SIGN)] += _SIGN_BEFORE_LETTER_COST
    costs[1:][(codes[at[1:]] == codes[at[:-1]]) & (at[1:] - at[:-1] == 1)] = _REPEATED_SIGN_COST
    return float(costs.sum())


def _conditional_chances(profiles: Profiles) -> Steps:
    """Tabulate ln P(last character | those before it) for each n-gram and language, in steps.

    Where a language does not know an n-gram: what it gives the shorter one, a step down. Behind the rows of the
    profiles one more: a blank after nothing known.
    """
    likelihood = profiles.log_probability
    keys = profiles.keys[:-1]
    lengths = profiles.lengths
    last, middle = keys & _ID_MASK, keys >> np.uint64(ID_BITS) & _ID_MASK
    chances = np.full((len(likelihood) + 1, likelihood.shape[1]), _in_steps(np.log(_UNHEARD_OF)), np.int8)
    chances[-1] = _in_steps(np.log(_BLANK_CHANCE))

    singles = np.flatnonzero(lengths == 1)
    chance = np.exp(likelihood[singles]) - SMOOTHING
    chances[singles] = _in_steps(np.log(chance + _BORROWING * chance.mean(axis=1, keepdims=True) + _FOREIGN_LETTER))

    pairs = np.flatnonzero(lengths == 2)
    starts = pairs[middle[pairs] == BLANK]
    shorter = np.where(last[pairs] == BLANK, len(likelihood), profiles.rows_of(last[pairs] | SINGLE))
    _fill(chances, profiles, pairs, shorter, profiles.rows_of(middle[pairs] | SINGLE))
    words = np.exp(likelihood[starts]) - SMOOTHING
    chances[starts] = np.maximum(
        chances[starts], _in_steps(np.log(np.maximum(words, 0) / words.sum(axis=0) + _UNHEARD_OF**2))
    )

    triples = np.flatnonzero(lengths == 3)
    shorter = profiles.rows_of(keys[triples] & np.uint64((1 << 2 * ID_BITS) - 1) | PAIR)
    _fill(chances, profiles, triples, shorter, profiles.rows_of(keys[triples] >> np.uint64(ID_BITS) | PAIR))
    return chances


def _fill(chances: Steps, profiles: Profiles, rows: Rows, shorter: Rows, context: Rows) -> None:
    """Fill in the rows of one length: a step below the shorter n-gram, or the share among those of one context."""
    below = chances[shorter].astype(np.int16) + np.int16(round(_STEP_DOWN * _STEPS))
    chances[rows] = np.maximum(below, np.int16(-128))
    # The rows of one length lie together, so that this is no copy.
    likelihood = profiles.log_probability[rows[0] : rows[-1] + 1]
    which, column = np.nonzero(likelihood > _UNKNOWN_LIKELIHOOD)
    of_context = profiles.log_probability[context[which], column]
    known = of_context > _UNKNOWN_LIKELIHOOD
    which, column, of_context = which[known], column[known], of_context[known]
    length = int(profiles.lengths[rows[0]])
    count = (np.exp(likelihood[which, column]) - SMOOTHING) * profiles.totals[length - 1, column]
    among = (np.exp(of_context) - SMOOTHING) * profiles.totals[length - 2, column]
    chances[rows[which], column] = _in_steps(np.log(count / among))


def _in_steps(logarithm: npt.NDArray[np.floating]) -> Steps:
    steps: Steps = np.clip(np.rint(logarithm * _STEPS), -128, 0).astype(np.int8)
    return steps


@cache
def _reader() -> Reader:
    profiles = load_profiles()
    return Reader(profiles, Alphabet(profiles.characters))


def plausibility(text: str) -> float:
    """Return how well a text reads: the mean log-probability of its letters in the language that fits best.

    For choosing between readings of the same bytes: higher is better. The words of one of the 55 languages give
    about -2.5, wrong letters -4 and less, letters that nobody has heard of -14; 0.0 where there is no letter at all.
    It is a mean over letters and signs, where one from U+1100 on counts twice (it took two bytes), so that readings
    of the same bytes have the same divisor and their means compare as their totals do.
    Blanks, digits, ASCII punctuation, dashes and apostrophes cost nothing; a sign (`£`, `³`) has its own cost and
    parts words, so that it is dear inside one; C1 controls, private use and U+FFFD are letters nobody has heard of.
    An inner capital is dear (`caractÉre`), other capitals are read as small letters.

    >>> plausibility("déjà vu à Paris") > plausibility("dйjа vu а Paris")
    True
    """
    return _reader().plausibility(text)
