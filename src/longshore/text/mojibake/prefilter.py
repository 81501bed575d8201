"""The one place that asks whether a text may need repair, in some 40 µs for a news article.

Promised: if `diagnose` finds a composed text sound, neither repair nor ftfy's conservative settings would change a
character of it. Three cheap conditions ensure that:

1. no control character, odd line end, escape or byte order mark;
2. no run of three neighbours that a row of `data/mojibake_suspects.toml` describes; ftfy needs one;
3. no sample of letters that may be UTF-8 in an encoding unknown to ftfy, and no letters that no language has together.

NumPy checks all rows at once, one bit each: a few table look-ups and ANDs for each character.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from longshore.text.data import read_toml
from longshore.text.mojibake.sequences import encodings_of_sequences

if TYPE_CHECKING:
    from collections.abc import Iterator

# Small enough for the processor's cache, large enough that the set-up of the arrays does not count.
_BLOCK_CHARS: Final = 1 << 16
_ANY_CHAR: Final = "\0-\uffff"
_PLACES: Final = 3
_ELSEWHERE: Final = 1 << 31
_CLEAN_ASCII: Final = bytes([9, 10, *range(0x20, 0x7F)])
_FOREIGN_RUN: Final = re.compile("[^\0-\x7f]+")
# How many runs of non-ASCII letters are tried, from the beginning and from the middle of a block.
_SAMPLED_RUNS: Final = 3
_LONG_RUN: Final = 6


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The repairs that a text may need: `suspicious` holds its blocks that may be mojibake or misread."""

    controls: bool  # control characters, odd line ends, invisible marks
    mojibake: bool  # UTF-8 read in another encoding, as ftfy's badness knows it and a little beyond
    misread: bool  # legacy text read in the wrong legacy encoding
    suspicious: tuple[str, ...]

    @property
    def sound(self) -> bool:
        """Whether repair has nothing to do but to compose."""
        return not (self.controls or self.suspicious)


def diagnose(text: str) -> Diagnosis:
    """Check all characters of a text. A text with a surrogate may hold anything."""
    controls = mojibake = misread = False
    suspicious = []
    for block in blocks(text):
        found = _diagnose_block(block)
        controls, mojibake, misread = controls or found[0], mojibake or found[1], misread or found[2]
        if found[1] or found[2] or may_be_mojibake_throughout(block):
            suspicious.append(block)
    return Diagnosis(controls, mojibake, misread, tuple(suspicious))


def blocks(text: str, block_chars: int = _BLOCK_CHARS) -> Iterator[str]:
    """Cut a text into blocks of whole lines; cut a longer line before an ASCII character if there is one."""
    start = 0
    while len(text) - start > block_chars:
        end = text.rfind("\n", start, start + block_chars) + 1
        if end <= start:
            latest = start + block_chars
            # Not within the characters that may be one of UTF-8.
            end = next((at for at in range(latest, max(start, latest - 256), -1) if text[at].isascii()), latest)
        yield text[start:end]
        start = end
    yield text[start:]


def _diagnose_block(text: str) -> tuple[bool, bool, bool]:
    """Return whether a block may hold control characters, mojibake, misread legacy text."""
    if text.isascii():
        return bool(text.encode().translate(None, _CLEAN_ASCII)), False, False
    try:
        units = np.frombuffer(f"\n{text}\n\n".encode("utf-16-le"), np.uint16).astype(np.intp)
    except UnicodeEncodeError:
        return True, True, True
    tables = _tables()
    first, second, third = tables.places
    found = first.take(units[:-2])
    found &= second.take(units[1:-1])
    rows, misread = 0, False
    if found.any():  # as in few clean texts
        found &= third.take(units[2:])
        rows = int(np.bitwise_or.reduce(found))
        # Damage is all over a misread text; one odd place is not enough (Irish `ag tÚs`). Cyrillic shows in few places.
        places = int(np.count_nonzero(found & tables.misread))
        throughout = 10 * places >= int(np.count_nonzero(units > 0x7F))
        misread = places > 0 and (throughout or int(np.count_nonzero(found & tables.cyrillic)) > 1)
    present = int(np.bitwise_or.reduce(tables.letters.take(units)))
    strangers = not present & _ELSEWHERE and any(present & group == group for group in tables.strangers)
    return bool(rows & tables.unwanted), bool(rows & tables.mojibake), misread or strangers


@dataclass(frozen=True, slots=True)
class _Tables:
    """One bit for each row of suspects, and for each of the letters that may not meet."""

    places: list[np.ndarray]
    unwanted: int
    mojibake: int
    misread: np.uint32
    cyrillic: np.uint32
    letters: np.ndarray
    strangers: list[int]


@cache
def _tables() -> _Tables:
    """Build the tables of the basic plane: the rows that a character fits in each of three places, its letter bit."""
    places = [np.zeros(0x10000, np.uint32) for _ in range(_PLACES)]
    bits = dict.fromkeys(("unwanted", "either", "mojibake", "misread", "cyrillic"), 0)
    for row, (kind, chars) in enumerate(suspects()):
        bits[kind] |= 1 << row
        for table, wanted in zip(places, chars, strict=True):
            table[members(wanted)] |= np.uint32(1 << row)
    misread = _read()["misread"]
    known = "".join(dict.fromkeys("".join(misread["strangers"])))
    letters = np.zeros(0x10000, np.uint32)
    letters[members(misread["elsewhere"])] = _ELSEWHERE
    letters[[ord(letter) for letter in known]] = [1 << bit for bit in range(len(known))]
    return _Tables(
        places,
        bits["unwanted"],
        bits["mojibake"] | bits["either"],
        np.uint32(bits["misread"] | bits["cyrillic"] | bits["either"]),
        np.uint32(bits["cyrillic"]),
        letters,
        [sum(1 << known.index(letter) for letter in group) for group in misread["strangers"]],
    )


@cache
def _read() -> dict[str, Any]:
    return read_toml("mojibake_suspects.toml")


def char_class(name: str) -> str:
    """Return the characters of a class, as they stand between the brackets of a regular expression."""
    return _expand(_read()["classes"][name])


def _expand(chars: str) -> str:
    return re.sub(r"\{([A-Z]\w+)\}", lambda match: r"\w" if match[1] == "WORD" else char_class(match[1]), chars)


def suspects() -> list[tuple[str, tuple[str, ...]]]:
    """Return each row of suspects: its kind, and the characters in its three places."""
    rows = []
    for row in _read()["suspects"]:
        chars = row["chars"] + [_ANY_CHAR] * (_PLACES - len(row["chars"]))
        rows.append((row["kind"], tuple(map(_expand, chars))))
    return rows


def members(wanted: str) -> np.ndarray:
    r"""Mark the characters of a class in the basic plane. Halves of astral characters belong to `\w` alone."""
    found = np.zeros(0x10000, bool)
    if wanted == r"\w":
        found[[match.start() for match in re.finditer(r"\w", "".join(map(chr, range(0x10000))))]] = True
        wanted = "\ud800-\udfff"
    for first, last in re.findall("(?s)(.)(?:-(.))?", wanted):
        found[ord(first) : ord(last or first) + 1] = True
    return found


def may_be_mojibake_throughout(text: str) -> bool:
    """Return whether two of a few runs of letters, or a long one, are sequences of UTF-8 in one encoding."""
    if text.isascii():
        return False
    seen = 0
    for start in (0, len(text) // 2):
        for run in islice(_FOREIGN_RUN.finditer(text, start), _SAMPLED_RUNS):
            encodings = encodings_of_sequences(run[0])
            if encodings & seen or (encodings and len(run[0]) >= _LONG_RUN):
                return True
            seen |= encodings
    return False
