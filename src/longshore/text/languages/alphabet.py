"""Character tables for plausibility: code points to ids, with langdetect's folding of letters.

A character is an id of 12 bits: 0 for a blank, then the unknown letters (upper case or not) and the signs, then the
characters of the profiles. Unlike langdetect, Hangul syllables are not folded, and a sign (`³`, `„`, a line of a box)
is a gap at the end of a word but an unknown letter inside one.
"""

from __future__ import annotations

from itertools import compress
from typing import TYPE_CHECKING, Final

import numpy as np
from langdetect.utils.ngram import NGram

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    Codes = npt.NDArray[np.int64]
    Ids = npt.NDArray[np.uint16]
    Flags = npt.NDArray[np.bool_]

ID_BITS: Final = 12
BLANK: Final = 0
UNKNOWN: Final = 1
UNKNOWN_UPPER: Final = 2
SIGN: Final = 3
COMMON_SIGN: Final = 4
FIRST_KNOWN: Final = 5

# Above this no character is in a profile and none has case; the last one below it is a noncharacter.
_CODE_LIMIT: Final = 0x20000
# Blocks that langdetect folds to one character: general punctuation, Vietnamese letters (the upper part of
# Latin Extended Additional), Kana, Bopomofo, Hangul.
_FOLDED_BLOCKS: Final = (
    (0x2000, 0x2070, " "),
    (0x1EA0, 0x1F00, "ể"),
    (0x3040, 0x30A0, "あ"),
    (0x30A0, 0x3100, "ア"),
    (0x3100, 0x3130, "ㄅ"),
    (0x31A0, 0x31C0, "ㄅ"),
    (0xAC00, 0xD7B0, "가"),
)
_FOLDED_LETTERS: Final = (("ș", "ş"), ("ț", "ţ"), ("ی", "ي"))
# Signs to a reader. Not those that join words (dashes, apostrophes, blanks), nor letters (ª, º).
_SIGNS: Final = (
    (0x00A1, 0x00AA),
    (0x00AB, 0x00BA),
    (0x00BB, 0x00C0),
    (0x00D7, 0x00D8),
    (0x00F7, 0x00F8),
    (0x02C6, 0x02C8),
    (0x02D8, 0x02DE),
    (0x2016, 0x2018),
    (0x201A, 0x2028),
    (0x2030, 0x2060),
    (0x20A0, 0x20D0),
    (0x2100, 0x2C00),
    (0x1F000, 0x1FB00),
)
_COMMON_SIGNS: Final = "«»“”„…•·£€§©®°²¿¡№"


class Alphabet:
    """Tables from code points to ids, for the characters that the profiles are made of."""

    def __init__(self, characters: str) -> None:
        known = np.frombuffer(characters.encode("utf-32-le"), np.uint32)
        by_char = dict(zip(characters, range(FIRST_KNOWN, FIRST_KNOWN + len(known)), strict=True))
        by_char[" "] = BLANK
        every = np.arange(_CODE_LIMIT, dtype=np.uint32).tobytes().decode("utf-32-le", "surrogatepass")
        upper = list(compress(range(_CODE_LIMIT), map(str.isupper, every)))
        digits = list(compress(range(_CODE_LIMIT), map(str.isdecimal, every)))

        plain = np.full(_CODE_LIMIT, UNKNOWN, np.uint16)
        plain[upper] = UNKNOWN_UPPER
        plain[known] = np.arange(FIRST_KNOWN, FIRST_KNOWN + len(known))
        plain[ord(" ")] = BLANK
        self.ids: Ids = _fold(plain.copy(), lambda char: by_char.get(char, UNKNOWN))
        self.reading_ids: Ids = _for_reading(self.ids.copy(), plain)
        # Digits stand between words, but those of other scripts also where a letter was misread.
        self.reading_ids[digits] = COMMON_SIGN
        self.reading_ids[:0x80] = self.ids[:0x80]
        self.is_upper: Flags = np.zeros(1 << ID_BITS, bool)
        self.is_upper[plain[upper]] = True
        self.lower_ids: Ids = np.arange(1 << ID_BITS, dtype=np.uint16)
        self.lower_ids[UNKNOWN_UPPER] = UNKNOWN
        self.lower_ids[plain[known]] = [by_char.get(char.lower(), UNKNOWN) for char in characters]

    def to_read(self, text: str) -> tuple[Codes, Ids]:
        """Return the code points, and the ids as a reader sees them: only a capital inside a word is one."""
        points = codes(text)
        ids = self.reading_ids.take(points)
        upper = self.is_upper.take(ids)
        if upper.any():
            # Not after a small letter, which is any letter that is not upper.
            upper[1:] &= (ids[:-1] < FIRST_KNOWN) | upper[:-1]
            ids[upper] = self.lower_ids.take(ids[upper])
        return points, ids


def codes(text: str) -> Codes:
    """Return the code points of a text, those that no table holds as a noncharacter."""
    if text.isascii():
        return np.frombuffer(text.encode(), np.uint8).astype(np.int64)
    points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
    return np.minimum(points, _CODE_LIMIT - 1).astype(np.int64)


def _fold(ids: Ids, id_of: Callable[[str], int]) -> Ids:
    """Apply langdetect's `NGram.normalize` to a table, block by block."""
    ids[[code for code in range(0x80) if not chr(code).isalpha()]] = BLANK
    ids[[ord(char) for char in NGram.LATIN1_EXCLUDED]] = BLANK
    for low, high, char in _FOLDED_BLOCKS:
        ids[low:high] = id_of(char)
    for char, folded in _FOLDED_LETTERS:
        ids[ord(char)] = id_of(folded)
    ideographs = {ord(char): id_of(to) for char, to in NGram.CJK_MAP.items() if "\u4e00" <= char <= "\u9fff"}
    ids[list(ideographs)] = list(ideographs.values())
    return ids


def _for_reading(ids: Ids, plain: Ids) -> Ids:
    ids[0xAC00:0xD7B0] = plain[0xAC00:0xD7B0]
    for low, high in _SIGNS:
        ids[low:high] = SIGN
    ids[[ord(char) for char in _COMMON_SIGNS]] = COMMON_SIGN
    ids[0x3000] = BLANK
    return ids
