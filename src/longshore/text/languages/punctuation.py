"""How likely a sign that is no letter stands where it stands: `£` before a digit, `’` between letters.

Promised: a weight (natural logarithm) for every character of the Basic Multilingual Plane between any two neighbours.
The numbers are orders of magnitude, from what typography does with each sign; what matters is that a wrong reading
of bytes puts signs where no writer does (`caf‚`, `œ5m`, `don\u00d5t`).
"""

from __future__ import annotations

import math
import unicodedata
from functools import cache
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

# What a neighbour is.
SPACE, LETTER, DIGIT, OPEN, CLOSE, SIGN, BOX, CONTROL = range(8)
CLASSES: Final = 8
_NAMES: Final = {"s": SPACE, "l": LETTER, "d": DIGIT, "o": OPEN, "c": CLOSE, "x": SIGN, "b": BOX, "k": CONTROL}

# A sign where it belongs, where one of its sides is odd, and where both are.
_FITS: Final = 0.0
_HALF: Final = -3.0
_MISFIT: Final = -6.0


class _Role(NamedTuple):
    """Signs that are used alike: how common each is among what is no letter, and between which neighbours.

    `places` are pairs of left and right neighbours by their letters in `_NAMES`; `*` is any.
    """

    signs: str
    share: float
    places: tuple[tuple[str, str], ...]


_OPENING: Final = (("sox", "ldxo"),)
_ANY: Final = (("*", "*"),)
_ROLES: Final = (
    _Role("’", 2e-2, (("ldcx", "lscxo"), ("so", "ld"))),
    _Role("“”", 2e-3, (("sox", "ldox"), ("ldcx", "scxo"))),
    _Role("«»", 1e-3, (("sox", "ldsox"), ("ldcxs", "scx"))),
    _Role("‘", 3e-4, (*_OPENING, ("ldcx", "scx"))),
    _Role("„", 8e-4, _OPENING),
    _Role("¿¡", 3e-4, _OPENING),
    _Role("‚‹", 3e-5, _OPENING),
    _Role("›", 3e-5, (("ldcx", "scx"),)),
    _Role("–—", 2e-3, (("s", "s"), ("dlcx", "dlsox"), ("s", "ldx"))),
    _Role("…", 1e-3, (("ldcsx", "scxo"), ("so", "l"))),
    _Role("\u00a0", 3e-3, (("ldcxo", "ldcxo"), ("ldcxs", "s"))),
    _Role("•", 3e-4, (("s", "sl"),)),
    _Role("·", 4e-4, (("sx", "sx"), ("s", "l"), ("l", "l"))),
    _Role("¯", 1e-4, (("sx", "sx"),)),
    _Role("●■▪◦○□▲►◄▼", 1e-5, (("s", "sl"),)),
    _Role("£", 8e-4, (("sox", "d"),)),
    _Role("€", 6e-4, (("sox", "d"), ("d", "scx"), ("s", "s"), ("s", "c"))),
    _Role("¥₪₩₫", 2e-5, (("sox", "d"), ("d", "sc"))),
    _Role("¢", 1e-5, (("d", "sc"),)),
    _Role("°", 4e-4, (("d", "scl"), ("s", "lc"), ("l", "sd"))),
    _Role("ºª", 2e-4, (("dlc", "sc"),)),
    _Role("№", 1e-4, (("so", "sd"),)),
    _Role("©", 4e-4, (("so", "sd"),)),
    _Role("®™", 1e-4, (("l", "sc"),)),
    _Role("½¼¾", 1e-4, (("ds", "sc"),)),
    _Role("²³", 1e-4, (("l", "scx"),)),
    _Role("¹", 2e-5, (("l", "sc"),)),
    _Role("×", 6e-5, (("s", "s"), ("d", "d"))),
    _Role("±", 2e-5, (("s", "ds"),)),
    _Role("§", 2e-4, (("so", "sd"),)),
    _Role("†", 3e-4, (("sox", "sd"), ("l", "sc"))),
    _Role("¶‡", 1e-5, (("so", "s"), ("l", "sc"))),
    _Role("÷", 3e-6, (("s", "s"), ("d", "d"))),
    _Role("´", 4e-5, (("l", "ls"), ("s", "l"))),
    _Role("\u00ad", 5e-4, (("l", "lsc"), ("d", "d"), ("s", "sd"))),
    _Role("‰", 1e-5, (("d", "sc"),)),
    _Role("µ", 1e-5, (("sd", "l"),)),
    _Role("ƒ", 1e-6, (("s", "ds"),)),
    _Role("¤¦¨¸¬¨ˆ˜˝˛ˇ˘˙˚`", 1e-6, (("s", "s"),)),
    _Role("≈≠≤≥∞√∑∏∂∫◊", 2e-6, (("s", "s"), ("s", "d"))),
    # Scripts with signs of their own.
    _Role("،؛؟", 4e-3, (("lc", "s"),)),
    _Role("־", 3e-3, (("l", "l"),)),
    _Role("׳״", 3e-4, (("l", "ls"),)),
    _Role("ـ", 3e-4, (("l", "ls"),)),
    _Role("฿", 2e-5, (("sd", "sd"),)),
    _Role("ๆฯ", 2e-3, _ANY),
    _Role("΄΅", 2e-6, (("s", "l"),)),
    _Role("\u200c\u200d\u200e\u200f", 2e-4, _ANY),
    _Role("、。「」『』・ー〜～（）！？：，；《》〈〉【】", 1e-2, _ANY),
)
# Shares of ASCII among what is no letter.
_ASCII: Final = {
    " ": 0.7,
    "\n": 0.04,
    ",": 0.05,
    ".": 0.05,
    "\r": 0.02,
    "-": 0.01,
    "'": 0.01,
    '"': 0.01,
    "!": 0.004,
    "|": 0.0005,
}
_ASCII_DIGIT: Final = 0.008
_ASCII_OTHER: Final = 0.002
# What text does not hold, but a wrong reading does.
_RARE: Final = {"Cc": 1e-9, "Cn": 1e-12, "Co": 1e-10, "Cs": 1e-12}
_OTHER_SIGN: Final = 1e-7
_BOX_SHARE: Final = 1e-5
_BOX_AFTER_BOX: Final = 0.2  # frames come in runs
# And so do leaders and rules; ln(chance) of one after itself.
_RUNS: Final = "·¯…•–—\u00a0"
RUN_GOES_ON: Final = math.log(0.5)


class Signs(NamedTuple):
    """Tables over the Basic Multilingual Plane.

    kind: what a character is as a neighbour. share: how common it is as a sign (ln). role: where its part of `fit`
    begins. fit: what its neighbours make of it (ln), by role, left and right. learnt: whether it comes again in a
    text once it has come. runs: whether it is often drawn out.
    """

    kind: npt.NDArray[np.int32]
    share: npt.NDArray[np.float32]
    role: npt.NDArray[np.int32]
    fit: npt.NDArray[np.float32]
    learnt: npt.NDArray[np.bool_]
    runs: npt.NDArray[np.bool_]


@cache
def signs() -> Signs:
    """Build the tables; takes some 30 ms, once."""
    kind = np.full(0x10000, LETTER, np.int32)
    share = np.full(0x10000, np.log(_OTHER_SIGN), np.float32)
    role = np.zeros(0x10000, np.int32)
    for code in (*range(0x3100), *range(0xE000, 0x10000)):
        kind[code], likely = _describe(chr(code))
        share[code] = np.log(likely)
    # Role 0 is for anything: every ASCII sign, and what is no sign. The last is for frames.
    fit = np.zeros((len(_ROLES) + 2, CLASSES, CLASSES), np.float32)
    for number, (members, likely, places) in enumerate(_ROLES, start=1):
        codes = [ord(member) for member in members]
        share[codes], role[codes] = np.log(likely), number
        kind[codes] = SPACE if members == "\u00a0" else SIGN
        fit[number] = _fit(places)
    learnt = role > 0
    role[0x2500:0x25A0] = len(_ROLES) + 1
    fit[-1] = _fit((("sb", "sb"),))
    fit[-1, BOX, :] += np.log(_BOX_AFTER_BOX / _BOX_SHARE)
    runs = np.zeros(0x10000, np.bool_)
    runs[[ord(sign) for sign in _RUNS]] = True
    return Signs(kind, share, role * CLASSES**2, fit.reshape(-1), learnt, runs)


def _describe(character: str) -> tuple[int, float]:
    category = unicodedata.category(character)
    if character in " \n\r\t\f":
        return SPACE, _ASCII.get(character, 0.005)
    if "\u2500" <= character < "\u25a0":
        return BOX, _BOX_SHARE
    if category in _RARE or character == "\ufffd":
        return CONTROL, _RARE.get(category, _RARE["Cn"])
    if category == "Nd":
        return DIGIT, _ASCII_DIGIT if character.isascii() else _ASCII_DIGIT / 20
    if character.isascii() and category[0] not in "LM":
        kind = OPEN if character in "([{<\"'/-=&#*" else CLOSE
        return kind, _ASCII.get(character, _ASCII_OTHER)
    return LETTER if category[0] in "LM" else SIGN, _OTHER_SIGN


def _fit(places: tuple[tuple[str, str], ...]) -> npt.NDArray[np.float32]:
    """Weigh every pair of neighbours by the best of the places."""
    every = "".join(_NAMES)
    fit = np.full((CLASSES, CLASSES), _MISFIT, np.float32)
    for left, right in places:
        lefts = [_NAMES[name] for name in (every if left == "*" else left)]
        rights = [_NAMES[name] for name in (every if right == "*" else right)]
        fit[lefts, :] = np.maximum(fit[lefts, :], _HALF)
        fit[:, rights] = np.maximum(fit[:, rights], _HALF)
        fit[np.ix_(lefts, rights)] = _FITS
    return fit
