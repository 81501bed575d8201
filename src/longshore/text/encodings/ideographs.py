"""How likely a character of Chinese, Japanese or Korean text is, by how common it is in each.

A wrong reading of bytes gives rare characters: GBK's second half, JIS level 2, syllables that no Korean writes. So
three classes and a short list of the commonest are enough. The classes are the national standards' own, which
were cut by frequency: GB 2312 level 1, Big5 level 1, JIS X 0208 level 1, KS X 1001.

Promised: a chance for every character of the Basic Multilingual Plane in each of the four.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from longshore.text.data import read_toml
from longshore.text.languages.punctuation import signs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import numpy.typing as npt

LANGUAGES: Final = ("zh-Hans", "zh-Hant", "ja", "ko")
# The fifth row of the table: Japanese in half-width katakana alone (tickers, telegrams, old terminals), which is rare.
LOG_PRIORS: Final = np.array([0.0, 0.0, 0.0, 0.0, -2.0])

# The commonest characters of each, with about half of running text.
_COMMON: Final = read_toml("common_characters.toml")
_JIS_WAVES: Final = "、。「」『』・ー〜～（）！？：，；《》〈〉【】　〔〕…"

# (who, class) -> the whole chance of the class. What is left over is for anything else.
_LATIN_SHARE: Final = 0.15
_PLAIN_SIGN_SHARE: Final = 0.10


class _Mix(NamedTuple):
    """The parts of running text in a language; each part is spread evenly over its characters."""

    kana: float
    katakana: float
    common: float
    level_one: float
    level_two: float


_MIXES: Final[dict[str, _Mix]] = {
    "zh-Hans": _Mix(0.0005, 0.0005, 0.42, 0.28, 0.012),
    "zh-Hant": _Mix(0.0005, 0.0005, 0.42, 0.28, 0.012),
    "ja": _Mix(0.36, 0.10, 0.17, 0.12, 0.005),
    "ko": _Mix(0.0005, 0.0005, 0.45, 0.22, 0.004),
}
_WIDE_SIGN_SHARE: Final = 0.10
_HALF_KATAKANA: Final = 0.003
_HALF_WIDTH_SHARE: Final = 0.8
_HANJA: Final = 0.01
_RARE: Final = 1e-7


@cache
def chances() -> npt.NDArray[np.float32]:
    """Return ln(chance) of every character of the Basic Multilingual Plane: [language, code]; takes 25 ms, once."""
    table = np.full((len(LANGUAGES), 0x10000), _RARE)
    table[:] = np.exp(signs().share) * _PLAIN_SIGN_SHARE
    hanzi = np.zeros(0x10000, np.bool_)
    hanzi[0x3400:0xA000] = hanzi[0xAC00:0xD7A4] = hanzi[0xF900:0xFB00] = True
    table[:, hanzi] = _RARE / 10
    for row, language in enumerate(LANGUAGES):
        mix = _MIXES[language]
        for codes, share in _classes(language, mix):
            table[row, codes] = np.maximum(table[row, codes], share / len(codes))
        _spread(table[row], map(ord, _JIS_WAVES), _WIDE_SIGN_SHARE)
        _spread(table[row], [code for code in range(0x80) if chr(code).isalpha()], _LATIN_SHARE)
        _spread(table[row], range(0xFF66, 0xFFA0), _HALF_KATAKANA / 10 if language != "ja" else _HALF_KATAKANA)
        _spread(table[row], range(0xFF10, 0xFF5B), 0.01)
    table = np.vstack([table, _half_width_row(table[LANGUAGES.index("ja")])])
    logs: npt.NDArray[np.float32] = np.log(table).astype(np.float32)
    return logs


def _half_width_row(japanese: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the chances of a text in half-width katakana: little else but blanks, digits and its own signs."""
    row = japanese / 10
    row[range(0xFF61, 0xFFA0)] = _HALF_WIDTH_SHARE / (0xFFA0 - 0xFF61)
    return row


def _spread(row: npt.NDArray[np.float64], codes: Iterable[int], share: float) -> None:
    where = list(codes)
    row[where] = np.maximum(row[where], share / len(where))


def _classes(language: str, mix: _Mix) -> list[tuple[list[int], float]]:
    kana, katakana = list(range(0x3041, 0x3094)), list(range(0x30A1, 0x30F7))
    common, one, two = _LISTS[language]()
    classes = [
        (kana, mix.kana),
        (katakana, mix.katakana),
        (sorted({ord(character) for character in common}), mix.common),
        (one, mix.level_one),
        (two, mix.level_two),
    ]
    if language == "ko":
        classes.append((_rows("euc_kr", 0xCA, 0xFE), _HANJA))
    return classes


_LISTS: Final[dict[str, Callable[[], tuple[str, list[int], list[int]]]]] = {
    "zh-Hans": lambda: (_COMMON["simplified"], _rows("gb2312", 0xB0, 0xD8), _rows("gb2312", 0xD8, 0xF8)),
    "zh-Hant": lambda: (_COMMON["traditional"], _rows("big5", 0xA4, 0xC7), _rows("big5", 0xC9, 0xFA)),
    "ja": lambda: (_COMMON["kanji"], _rows("euc_jp", 0xB0, 0xD0), _rows("euc_jp", 0xD0, 0xF5)),
    "ko": lambda: (_COMMON["hangul"], _rows("euc_kr", 0xB0, 0xC9), list(range(0xAC00, 0xD7A4))),
}


def _rows(codec: str, first: int, end: int) -> list[int]:
    """Return the characters of some rows of a national standard, in the order of its double bytes."""
    trails = (*range(0x40, 0x7F), *range(0xA1, 0xFF)) if codec == "big5" else range(0xA1, 0xFF)
    pairs = b"".join([bytes((lead, trail)) for lead in range(first, end) for trail in trails])
    return [ord(character) for character in pairs.decode(codec, "ignore")]
