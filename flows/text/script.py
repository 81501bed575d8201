"""Which script a text is written in (ISO 15924), by counting its letters.

Promised: each letter has the script that Unicode gives it; digits, signs and blanks have none. An ideograph stands for
about three letters of an alphabet, a syllable for two, so that a page of Chinese with English names is Chinese.
Chinese is `Hans` or `Hant` by the characters that only one of the two has, and `Hani` where the text has none of them;
Han with Kana is `Jpan`, Hangul with or without Han is `Kore`.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

import numpy as np

from flows.text.script_table import RANGES

if TYPE_CHECKING:
    import numpy.typing as npt

    Codes = npt.NDArray[np.integer]
    Counts = npt.NDArray[np.int64]

# Code points from here on are ideographs or have no script.
CODE_LIMIT: Final = 0x20000
NO_SCRIPT: Final = 0
SCRIPTS: Final = ("", *sorted({part.partition(":")[2] for part in RANGES.split()}))
NUMBERS: Final = {script: number for number, script in enumerate(SCRIPTS)}

# What Japanese and Korean mix is one script here, by a name of no script. A character is worth as many letters of an
# alphabet as its word takes in English, about.
EAST_ASIAN: Final = "East Asian"
_WEIGHTS: Final = {"Hani": 3.0, "Hang": 2.5, "Hira": 2.0, "Kana": 2.0, "Bopo": 2.0, "Yiii": 2.0, "Ethi": 2.0}
# By number: the script, and what a letter of it is worth.
LETTER_WEIGHTS: Final = [
    (EAST_ASIAN if script in ("Hani", "Hira", "Kana", "Hang", "Bopo") else script, _WEIGHTS.get(script, 1.0))
    for script in SCRIPTS
]


@cache
def script_numbers() -> npt.NDArray[np.uint8]:
    """Tabulate the number of each code point's script below `CODE_LIMIT`, the last for all above."""
    table = np.full(CODE_LIMIT, NO_SCRIPT, np.uint8)
    for part in RANGES.split():
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


def east_asian_language(codes: Codes, counts: Counts) -> tuple[str, str]:
    """Tell Chinese, Japanese and Korean apart, and which form of Chinese: language and script.

    Kana are at least one in twelve of the characters of Japanese, but in Chinese only in names. `Hani` where nothing
    tells the form. codes: of the text; counts: of its letters, by script number.
    """
    han, hangul = int(counts[NUMBERS["Hani"]]), int(counts[NUMBERS["Hang"]])
    kana = int(counts[NUMBERS["Hira"]] + counts[NUMBERS["Kana"]])
    if hangul * 2 > han + kana:
        return "ko", "Kore"
    ideographs = codes[(codes >= 0x4E00) & (codes < 0xA000)] - 0x4E00
    form, japanese = _han_forms()
    if kana * 12 > han or np.count_nonzero(japanese.take(ideographs)) * 20 > han:
        return "ja", "Jpan"
    balance = int(form.take(ideographs).sum(dtype=np.int64))
    return "zh", "Hans" if balance > 0 else "Hant" if balance < 0 else "Hani"
