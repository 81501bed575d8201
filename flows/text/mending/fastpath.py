"""The necessary conditions: which texts cannot be changed by repair, told in some 40 µs for a news article.

Promise: where `cannot_change` says so, neither `repair` under the conservative policy nor ftfy with that policy's
settings, on the whole text or line by line, would change a character. Three facts make it so, each cheap to see:

1. no control, odd line end, escape or byte order mark, and composed already (NFC);
2. no three neighbours that a row of `SUSPECTS` describes, and ftfy reads nothing as mojibake without such;
3. none of what our own readings ask for: a sample of letters that could be UTF-8 in an encoding that ftfy does not
   know, or letters that no language has together.

The neighbours are looked at with NumPy, all rows at once, a bit each: a few table look-ups and ANDs a character.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

import numpy as np

from flows.text.mending.sequences import encodings_of_sequences
from flows.text.mending.suspects import CYRILLIC_ROWS, ELSEWHERE, MISREAD_ROWS, STRANGERS, SUSPECTS, WORD

if TYPE_CHECKING:
    from collections.abc import Iterator

# Small enough that the arrays stay in the processor's cache, large enough that their set-up does not count.
_BLOCK_CHARS: Final = 1 << 16
# The bits of the rows on what is unwanted anywhere, on UTF-8, and on other legacy encodings.
_UNWANTED: Final = 1
_GARBLED: Final = (1 << len(SUSPECTS) - MISREAD_ROWS) - 1 - _UNWANTED
_C1: Final = 2
_MISREAD: Final = np.uint32((1 << len(SUSPECTS)) - 1 - _GARBLED - _UNWANTED + _C1)
_MISREAD_CYRILLIC: Final = np.uint32((1 << len(SUSPECTS)) - (1 << len(SUSPECTS) - CYRILLIC_ROWS))
_ELSEWHERE: Final = 1 << 31
_STRANGER_LETTERS: Final = "".join(dict.fromkeys("".join(STRANGERS)))
_STRANGER_MASKS: Final = tuple(sum(1 << _STRANGER_LETTERS.index(letter) for letter in rule) for rule in STRANGERS)
_KEPT_ASCII: Final = bytes([9, 10, *range(0x20, 0x7F)])
_FOREIGN_RUN: Final = re.compile("[^\0-\x7f]+")
# How many runs of letters outside ASCII are tried, from the beginning and from the middle of a block.
_SAMPLED_RUNS: Final = 3
_LONG_RUN: Final = 6


def cannot_change(text: str) -> bool:
    """Tell that repair would leave every character as it is; False means only that it must look."""
    return (text.isascii() or unicodedata.is_normalized("NFC", text)) and is_sound(text)


def is_sound(text: str) -> bool:
    """Tell that nothing in a composed text calls for repair."""
    return all(look(block) == _NOTHING and not looks_encoded_twice(block) for block in blocks(text))


def blocks(text: str, block_chars: int = _BLOCK_CHARS) -> Iterator[str]:
    """Cut a text into blocks of whole lines; a longer line is cut before a letter of ASCII where there is one."""
    start = 0
    while len(text) - start > block_chars:
        end = text.rfind("\n", start, start + block_chars) + 1
        if end <= start:
            end = _cut(text, start, start + block_chars)
        yield text[start:end]
        start = end
    yield text[start:]


def _cut(text: str, start: int, latest: int) -> int:
    """Find where to cut a line that is too long: not within what may be one garbled character."""
    for end in range(latest, max(start, latest - 256), -1):
        if text[end].isascii():
            return end
    return latest


@dataclass(frozen=True, slots=True)
class Look:
    """What a few table look-ups a character say of a block: what it might hold."""

    unwanted: bool  # controls, odd line ends, marks that show nothing
    garbled: bool  # UTF-8 read in another encoding, as ftfy's badness knows it and a little beyond
    misread: bool  # letters of another encoding than it was read in, no UTF-8


_NOTHING: Final = Look(unwanted=False, garbled=False, misread=False)
_ANYTHING: Final = Look(unwanted=True, garbled=True, misread=True)


def look(text: str) -> Look:
    """Look at all characters of a block at once; one with a surrogate might hold anything."""
    if text.isascii():
        return _ANYTHING if text.encode().translate(None, _KEPT_ASCII) else _NOTHING
    try:
        units = np.frombuffer(f"\n{text}\n\n".encode("utf-16-le"), np.uint16).astype(np.intp)
    except UnicodeEncodeError:
        return _ANYTHING
    first, second, third, letters = _tables()
    found = first.take(units[:-2])
    found &= second.take(units[1:-1])
    rows, misread = 0, False
    if found.any():  # as in few clean texts
        found &= third.take(units[2:])
        rows = int(np.bitwise_or.reduce(found))
        misread = bool(rows & _MISREAD) and _is_misread_throughout(found, int(np.count_nonzero(units > 0x7F)))
    present = int(np.bitwise_or.reduce(letters.take(units)))
    strangers = not present & _ELSEWHERE and any(present & mask == mask for mask in _STRANGER_MASKS)
    return Look(bool(rows & _UNWANTED), bool(rows & _GARBLED), misread or strangers)


def _is_misread_throughout(found: np.ndarray, foreign: int) -> bool:
    """Tell places all over a text from the odd one in a clean one (Irish `ag tÚs`); Cyrillic shows in few places."""
    places = int(np.count_nonzero(found & _MISREAD))
    return 10 * places >= foreign or int(np.count_nonzero(found & _MISREAD_CYRILLIC)) > 1


@cache
def _tables() -> tuple[np.ndarray, ...]:
    """Build the tables of the basic plane: which rows a character fits in each of three places, which letter it is."""
    tables = [np.zeros(0x10000, np.uint32) for _ in range(4)]
    for row, classes in enumerate(SUSPECTS):
        for table, wanted in zip(tables, classes, strict=False):
            table[members(wanted)] |= np.uint32(1 << row)
    for bit, letter in enumerate(_STRANGER_LETTERS):
        tables[-1][ord(letter)] = 1 << bit
    tables[-1][members(ELSEWHERE)] = _ELSEWHERE
    return tuple(tables)


def members(wanted: str) -> np.ndarray:
    """Mark the characters of a class in the basic plane; halves of astral ones are words, and nothing else but any."""
    found = np.zeros(0x10000, bool)
    if wanted == WORD:
        found[[match.start() for match in re.finditer(r"\w", "".join(map(chr, range(0x10000))))]] = True
        wanted = "\ud800-\udfff"
    for first, last in re.findall("(?s)(.)(?:-(.))?", wanted):
        found[ord(first) : ord(last or first) + 1] = True
    return found


def looks_encoded_twice(text: str) -> bool:
    """Tell that two of a few runs of letters, or a long one, are UTF-8's sequences in one encoding."""
    if text.isascii():
        return False
    once = 0
    for start in (0, len(text) // 2):
        for _, run in zip(range(_SAMPLED_RUNS), _FOREIGN_RUN.finditer(text, start), strict=False):
            encodings = encodings_of_sequences(run[0])
            if encodings & once or (encodings and len(run[0]) >= _LONG_RUN):
                return True
            once |= encodings
    return False
