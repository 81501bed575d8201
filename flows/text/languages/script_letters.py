"""How langdetect sees the letters of one script: which it keeps, folds, blanks and skips, as numbers.

Promised: the same as its `NGram.normalize`, but letters of other scripts are blanks here, and polytonic Greek is read
as monotonic, so that older texts are Greek too. 0 is a blank, 1 a letter that no profile knows; then come the
letters, capitals behind the others; the last number is a capital that no profile knows.
"""

from __future__ import annotations

import unicodedata
from functools import cache
from itertools import compress
from typing import TYPE_CHECKING, Final

import numpy as np
from langdetect.utils.ngram import NGram

from flows.text.languages.script import CODE_LIMIT, NO_SCRIPT, NUMBERS, script_numbers

if TYPE_CHECKING:
    import numpy.typing as npt

BLANK: Final = 0
UNKNOWN: Final = 1
FIRST_LETTER: Final = 2
# In the place of the last number, which depends on how many letters there are.
_UNKNOWN_UPPER: Final = 255
# langdetect folds a block to a letter, and letters to their twins.
_VIETNAMESE: Final = (0x1EA0, 0x1F00, "ể")
_TWINS: Final = (("ș", "ş"), ("ț", "ţ"), ("ی", "ي"))


def letters_of(characters: set[str], script: str) -> list[str]:
    """Give the characters that langdetect keeps of a script, and of none (the middle dot of Catalan); capitals last."""
    numbers = script_numbers()
    twins = {twin for twin, _ in _TWINS}
    kept = (
        char
        for char in characters
        if numbers[ord(char)] in (NO_SCRIPT, NUMBERS[script])
        and _folded()[ord(char)] != BLANK
        and char not in twins
        and not ("\u1ea0" <= char <= "\u1eff" and char != "ể")
    )
    return sorted(kept, key=lambda char: (char.isupper(), char))


@cache
def _folded() -> npt.NDArray[np.uint8]:
    """Tabulate what langdetect's `NGram.normalize` blanks, and what is upper case."""
    numbers = np.full(CODE_LIMIT, UNKNOWN, np.uint8)
    every = np.arange(CODE_LIMIT, dtype=np.uint32).tobytes().decode("utf-32-le", "surrogatepass")
    numbers[list(compress(range(CODE_LIMIT), map(str.isupper, every)))] = _UNKNOWN_UPPER
    numbers[[code for code in range(0x80) if not chr(code).isalpha()]] = BLANK
    numbers[[ord(char) for char in NGram.LATIN1_EXCLUDED]] = BLANK
    numbers[0x2000:0x2070] = BLANK
    return numbers


def numbers_by_code(letters: list[str], script: str) -> npt.NDArray[np.uint8]:
    """Tabulate the number of each code point, for the letters of a script."""
    known = {letter: number for number, letter in enumerate(letters, FIRST_LETTER)}
    scripts = script_numbers()
    numbers = _folded().copy()
    numbers[(scripts != NO_SCRIPT) & (scripts != NUMBERS[script])] = BLANK
    numbers[numbers == _UNKNOWN_UPPER] = FIRST_LETTER + len(letters)
    numbers[[ord(letter) for letter in letters]] = list(known.values())
    low, high, folded = _VIETNAMESE
    numbers[low:high] = known.get(folded, UNKNOWN)
    for char, twin in _TWINS:
        numbers[ord(char)] = known.get(twin, UNKNOWN)
    if script == "Grek":
        numbers[0x1F00:0x2000] = [known.get(_monotonic(chr(code)), UNKNOWN) for code in range(0x1F00, 0x2000)]
    return numbers


def _monotonic(char: str) -> str:
    """Write a letter of polytonic Greek as it is written today."""
    letters = unicodedata.normalize("NFD", char)
    accented = not {"\u0300", "\u0301", "\u0342"}.isdisjoint(letters)
    return unicodedata.normalize("NFC", letters[0] + "\u0301" * accented)
