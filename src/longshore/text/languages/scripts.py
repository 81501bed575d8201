"""Script of a text (ISO 15924), by counting its letters.

Promised: each letter has the script that Unicode gives it; digits, signs and blanks have none. An ideograph stands for
about three letters of an alphabet, a syllable for two, so that a page of Chinese with English names is Chinese.
Chinese is `Hans` or `Hant` by the characters that only one of the two has, and `Hani` where the text has none of them;
Han with Kana is `Jpan`, Hangul with or without Han is `Kore`.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from longshore.text.data import read_bytes

if TYPE_CHECKING:
    import numpy.typing as npt

    Codes = npt.NDArray[np.integer]
    Counts = npt.NDArray[np.int64]

# First and last code point in hexadecimal, and the script; ascending.
_RANGES: Final = tuple(read_bytes("scripts.txt").decode().split())
# Code points from here on are ideographs or have no script.
CODE_LIMIT: Final = 0x20000
# From here on there are no letters: tags (the flags of England, Scotland and Wales are spelled with them), variation
# selectors and private use.
_NO_LETTERS: Final = 0xE0000
NO_SCRIPT: Final = 0
SCRIPTS: Final = ("", *sorted({part.partition(":")[2] for part in _RANGES}))
NUMBERS: Final = {script: number for number, script in enumerate(SCRIPTS)}

# What Japanese and Korean mix is one script here, by a name of no script. A character is worth as many letters of an
# alphabet as its word takes in English, about.
EAST_ASIAN: Final = "East Asian"
_WEIGHTS: Final = {"Hani": 3.0, "Hang": 2.5, "Hira": 2.0, "Kana": 2.0, "Bopo": 2.0, "Yiii": 2.0, "Ethi": 2.0}
# How few ideographs Japanese may have together without Kana: headlines and addresses do.
_WITHOUT_KANA: Final = 20
# Vowel points and what stretches a line, neither letters nor parts of one (a hamza is), in scripts that have them.
_POINTED: Final = ("Arab", "Hebr")
_POINTS: Final = (
    *range(0x591, 0x5BE),
    0x5BF,
    0x5C1,
    0x5C2,
    0x5C4,
    0x5C5,
    0x5C7,
    *range(0x610, 0x61B),
    0x640,
    *range(0x64B, 0x653),
    0x670,
)
# By number: the script, and the weight of one of its letters.
_LETTER_WEIGHTS: Final = [
    (EAST_ASIAN if script in ("Hani", "Hira", "Kana", "Hang", "Bopo") else script, _WEIGHTS.get(script, 1.0))
    for script in SCRIPTS
]


@cache
def script_numbers() -> npt.NDArray[np.uint8]:
    """Tabulate the number of each code point's script below `CODE_LIMIT`, the last for all above."""
    table = np.full(CODE_LIMIT, NO_SCRIPT, np.uint8)
    for part in _RANGES:
        span, _, script = part.partition(":")
        low, _, high = span.partition("-")
        table[int(low, 16) : int(high or low, 16) + 1] = NUMBERS[script]
    # A noncharacter, which stands for all code points from the limit on: nearly all that are used are ideographs.
    table[-1] = NUMBERS["Hani"]
    return table


@cache
def _han_forms() -> tuple[npt.NDArray[np.int8], npt.NDArray[np.bool_]]:
    """Tabulate the ideographs: 1 only in GB 2312, -1 only in Big5; and those only in JIS X 0208.

    The three standards were made of the characters in daily use of their countries.
    """
    every = "".join(map(chr, range(0x4E00, 0xA000)))
    in_use = [set(every.encode(codec, "ignore").decode(codec)) for codec in ("gb2312", "big5", "shift_jis")]
    simplified, traditional, japanese = ([char in charset for char in every] for charset in in_use)
    form = np.array(simplified, np.int8) - np.array(traditional, np.int8)
    return form, np.array(japanese) & ~np.array(simplified) & ~np.array(traditional)


class Letters(NamedTuple):
    """The scripts of a text with the weight of their letters, heaviest first.

    counts: of its letters by script number; zeros where the text is ASCII.
    """

    scripts: list[tuple[str, float]]
    counts: Counts


def codes_of(text: str) -> Codes:
    """Return the code points of a text: ideographs from the limit on as the last one below it, tags as blanks."""
    if text.isascii():
        return np.frombuffer(text.encode(), np.uint8)
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
    limited = np.minimum(codes, CODE_LIMIT - 1)
    limited[codes >= _NO_LETTERS] = ord(" ")
    return limited


def without_points(codes: Codes, script: str) -> Codes:
    """Remove the vowel points of Arabic and Hebrew, which most texts, and the profiles, do without."""
    return codes[_is_no_point().take(codes)] if script in _POINTED else codes


@cache
def _is_no_point() -> npt.NDArray[np.bool_]:
    table = np.ones(CODE_LIMIT, bool)
    table[list(_POINTS)] = False
    return table


def text_of(codes: Codes) -> str:
    """Return the text that some code points spell."""
    return codes.astype(np.uint32).tobytes().decode("utf-32-le", "replace")


def count_letters(codes: Codes) -> Letters:
    """Count the letters of each script, East Asian ones in one sum."""
    if codes.itemsize == 1:
        letters = codes.tobytes().translate(None, _ASCII_OTHERS)
        return Letters([("Latn", float(len(letters)))] if letters else [], _NO_COUNTS)
    counts = np.bincount(script_numbers().take(codes), minlength=len(SCRIPTS))
    worth: dict[str, float] = {}
    for number in counts.nonzero()[0].tolist():
        script, weight = _LETTER_WEIGHTS[number]
        worth[script] = worth.get(script, 0.0) + weight * int(counts[number])
    worth.pop("", None)
    return Letters(sorted(worth.items(), key=lambda item: -item[1]), counts)


_NO_COUNTS: Final = np.zeros(len(SCRIPTS), np.int64)
_ASCII_OTHERS: Final = bytes(code for code in range(0x80) if not chr(code).isalpha())


def east_asian_language(codes: Codes, counts: Counts) -> tuple[str, str]:
    """Distinguish Chinese, Japanese and Korean, and the forms of Chinese: language and script.

    Kana are at least one in twelve of the characters of Japanese, but in Chinese only in names. Characters of
    Japan alone tell where there is no room for Kana: in a longer text they are forms that some Chinese prefer (爲, 裏,
    啓). `Hani` where nothing tells the form. codes: of the text; counts: of its letters, by script number.
    """
    han, hangul = int(counts[NUMBERS["Hani"]]), int(counts[NUMBERS["Hang"]])
    kana = int(counts[NUMBERS["Hira"]] + counts[NUMBERS["Kana"]])
    if hangul * 2 > han + kana:
        return "ko", "Kore"
    ideographs = codes[(codes >= 0x4E00) & (codes < 0xA000)] - 0x4E00
    form, japanese = _han_forms()
    is_short = kana > 0 or han <= _WITHOUT_KANA
    if kana * 12 > han or (is_short and np.count_nonzero(japanese.take(ideographs)) * 20 > han):
        return "ja", "Jpan"
    balance = int(form.take(ideographs).sum(dtype=np.int64))
    return "zh", "Hans" if balance > 0 else "Hant" if balance < 0 else "Hani"
