"""EBCDIC, the charsets of mainframes: which there are, and whether a file is in one.

They keep nothing of ASCII: a blank is 0x40 and letters are beyond 0x80, so that such a file looks like nothing else.
Not promised: the right one of them where a text has none of the few signs in which they differ.
"""

from __future__ import annotations

from functools import cache
from typing import Final, NamedTuple

from flows.text.charsets.candidates import SingleByte, single_byte_charset
from flows.text.charsets.evidence import codes_of, log_likelihood

# (name, Python codec, how common), as in `candidates.py`.
_EBCDIC: Final[tuple[tuple[str, str, float], ...]] = (
    ("cp500", "cp500", 0.0),
    ("cp037", "cp037", -0.5),
    ("cp1140", "cp1140", -1.5),
)
_LETTERS: Final = bytes(
    base + offset
    for base, count in ((0x81, 9), (0x91, 9), (0xA2, 8), (0xC1, 9), (0xD1, 9), (0xE2, 8))
    for offset in range(count)
)
_LOOKED_AT: Final = 4096


class Ebcdic(NamedTuple):
    """A file in EBCDIC: its text, the charset, and the next best."""

    text: str
    encoding: str
    runner_up: str


def read_ebcdic(raw: bytes) -> Ebcdic | None:
    """Read a file that has the blanks and letters of EBCDIC; None where it has not.

    >>> read_ebcdic("The ferry left the harbour late.".encode("cp037")).text
    'The ferry left the harbour late.'
    """
    head = raw[:_LOOKED_AT]
    blanks, letters = head.count(0x40), len(head) - len(head.translate(None, _LETTERS))
    if blanks * 14 < len(head) or letters * 2 < len(head) or head.count(0x20) * 100 > len(head):
        return None
    scores = {
        charset.name: log_likelihood(codes_of(charset.decode(head)), charset.script) + charset.log_prior
        for charset in _charsets()
    }
    ranked = sorted(scores, key=lambda name: -scores[name])
    best = next(charset for charset in _charsets() if charset.name == ranked[0])
    return Ebcdic(best.decode(raw), best.name, ranked[1])


@cache
def _charsets() -> tuple[SingleByte, ...]:
    return tuple(single_byte_charset(name, codec, "latin", prior) for name, codec, prior in _EBCDIC)
