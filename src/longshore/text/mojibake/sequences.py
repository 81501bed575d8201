"""Shapes of UTF-8 sequences read in another encoding.

The tables come from Python's own codecs, without ftfy (0.15 s to import), because every text is checked with them.
An encoding named `sloppy-…` is ftfy's: unassigned bytes are the control characters of Latin-1.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Final

# ftfy's ten, the most frequent first, and the other code page of DOS, which looks like cp437.
ENCODINGS: Final = (
    "latin-1",
    "sloppy-windows-1252",
    "sloppy-windows-1251",
    "sloppy-windows-1250",
    "sloppy-windows-1253",
    "sloppy-windows-1254",
    "sloppy-windows-1257",
    "iso-8859-2",
    "macroman",
    "cp437",
    "cp850",
)
# Encodings that ftfy leaves alone: its badness does not recognise them.
RARER_ENCODINGS: Final = (
    "cp866",
    "koi8-r",
    "sloppy-windows-1256",
    "sloppy-windows-1255",
    "sloppy-windows-1258",
    "sloppy-cp874",
    "cp852",
    "iso-8859-15",
    "mac-cyrillic",
    "iso-8859-5",
)


def _chars_of_bytes(encoding: str, first: int, last: int) -> str:
    """Return the characters of a range of bytes; unassigned bytes are read as Latin-1."""
    name = encoding.removeprefix("sloppy-")
    return "".join(
        chr(byte) if char == "\ufffd" else char
        for byte in range(first, last + 1)
        for char in bytes([byte]).decode(name, "replace")
    )


@cache
def sequence_pattern(encoding: str) -> re.Pattern[str]:
    """Return a pattern for unbroken runs of UTF-8 sequences as they look in an encoding."""
    two, three, four, rest = (
        re.escape(_chars_of_bytes(encoding, *bounds))
        for bounds in ((0xC2, 0xDF), (0xE0, 0xEF), (0xF0, 0xF4), (0x80, 0xBF))
    )
    return re.compile(f"(?:[{two}][{rest}]|[{three}][{rest}]{{2}}|[{four}][{rest}]{{3}})+")


@cache
def _beginnings() -> tuple[dict[str, int], dict[str, int]]:
    """Return for each character the encodings, a bit each, in which it may begin a sequence, and continue one."""
    leads: dict[str, int] = {}
    followers: dict[str, int] = {}
    for bit, encoding in enumerate(ENCODINGS + RARER_ENCODINGS):
        for chars, bounds in ((leads, (0xC2, 0xF4)), (followers, (0x80, 0xBF))):
            for char in _chars_of_bytes(encoding, *bounds):
                chars[char] = chars.get(char, 0) | 1 << bit
    return leads, followers


def encodings_of_sequences(run: str) -> int:
    """Return the encodings, a bit each, in which a run of non-ASCII characters is nothing but UTF-8 sequences.

    >>> encodings_of_sequences("Ã©") & 1, encodings_of_sequences("é")
    (1, 0)
    """
    if len(run) < 2:
        return 0
    leads, followers = _beginnings()
    possible = leads.get(run[0], 0) & followers.get(run[1], 0)
    if possible:
        for bit, encoding in enumerate(ENCODINGS + RARER_ENCODINGS):
            if possible >> bit & 1 and not sequence_pattern(encoding).fullmatch(run):
                possible &= ~(1 << bit)
    return possible
