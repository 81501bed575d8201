"""The necessary conditions: which texts cannot be changed by repair, told in some 40 µs for a news article.

Promise: where `cannot_change` says so, neither `repair` under the conservative policy nor ftfy with that policy's
settings, on the whole text or line by line, would change a character. Three facts make it so, each cheap to see:

1. no control, odd line end, escape or byte order mark, and composed already (NFC);
2. no three neighbours that a row of `SUSPECTS` describes, and ftfy reads nothing as mojibake without such;
3. no sample of the letters that looks like UTF-8 read in another encoding, for the readings ftfy does not know.

The neighbours are looked at with NumPy, all rows at once, a bit each: three table look-ups and two ANDs a character.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import TYPE_CHECKING, Final

import numpy as np

from flows.text.sequences import is_encoded_twice
from flows.text.suspects import ANY, SUSPECTS, WORD

if TYPE_CHECKING:
    from collections.abc import Iterator

# Small enough that the arrays stay in the processor's cache, large enough that their set-up does not count.
_BLOCK_CHARS: Final = 1 << 16
_BITS: Final = np.uint32
_UNWANTED: Final = 1  # the first row's bit
_KEPT_ASCII: Final = bytes([9, 10, *range(0x20, 0x7F)])
_FOREIGN_RUN: Final = re.compile("[^\0-\x7f]+")
# How many runs of letters outside ASCII are tried, from the beginning and from the middle of a block.
_SAMPLED_RUNS: Final = 3


def cannot_change(text: str) -> bool:
    """Tell that repair would leave every character as it is; False means only that it must look."""
    if text.isascii():
        return not text.encode().translate(None, _KEPT_ASCII)
    return unicodedata.is_normalized("NFC", text) and not any(
        _suspicion(block) or _looks_encoded_twice(block) for block in blocks(text)
    )


def may_be_garbled(text: str) -> bool:
    """Tell that a text without surrogates might hold mojibake: the gate that `mend` and the fast path share."""
    return not text.isascii() and bool(_suspicion(text) & ~_UNWANTED or _looks_encoded_twice(text))


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


@cache
def _tables() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Build the three tables of the basic plane: which rows a character fits as first, second, third neighbour."""
    plane = "".join(map(chr, range(0x10000)))
    tables = []
    for place in range(3):
        table = np.zeros(0x10000, _BITS)
        for row, classes in enumerate(SUSPECTS):
            table[members(classes[place], plane)] |= _BITS(1 << row)
        tables.append(table)
    return tables[0], tables[1], tables[2]


def members(wanted: str, plane: str) -> np.ndarray:
    """Mark the characters of a class; halves of astral characters are in the classes that know of them."""
    if wanted == ANY:
        return np.ones(len(plane), bool)
    body = WORD + "\ud800-\udfff" if wanted == WORD else re.sub(r"[\[\]\\^]", r"\\\g<0>", wanted)
    found = np.zeros(len(plane), bool)
    found[[match.start() for match in re.finditer(f"[{body}]", plane)]] = True
    return found


def _suspicion(text: str) -> int:
    """Give the bits of the rows that some three neighbours fit; all bits where the text holds a surrogate."""
    try:
        units = np.frombuffer(f"\n{text}\n\n".encode("utf-16-le"), np.uint16).astype(np.intp)
    except UnicodeEncodeError:
        return -1
    first, second, third = _tables()
    found = first.take(units[:-2])
    found &= second.take(units[1:-1])
    if not found.any():  # as in most clean texts
        return 0
    found &= third.take(units[2:])
    return int(np.bitwise_or.reduce(found))


def _looks_encoded_twice(text: str) -> bool:
    """Tell that a run of letters, among the few looked at, is made of UTF-8's sequences in some encoding."""
    return any(
        is_encoded_twice(run[0])
        for start in (0, len(text) // 2)
        for _, run in zip(range(_SAMPLED_RUNS), _FOREIGN_RUN.finditer(text, start), strict=False)
    )
