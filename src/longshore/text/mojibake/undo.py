"""One round of garbling undone: text that is UTF-8 read in another encoding, back to what its bytes say.

Promise: `undo` gives a text or None, never a guess of part of it: all of the text's bytes in that encoding must
be UTF-8, bar the losses that ftfy knows how to see (a no-break space turned to a blank, a byte turned to U+FFFD).
It takes linear time; ftfy's own decoder of UTF-8's variants does not, so that one is replaced here.

Not promised: that undoing is right. Whether the text looked garbled at all is `mojibake.py`'s question.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal

import ftfy.bad_codecs
from ftfy.badness import is_bad
from ftfy.chardata import ALTERED_UTF8_RE
from ftfy.fixes import replace_lossy_sequences, restore_byte_a0

ftfy.bad_codecs.ok()  # the `sloppy-` encodings are known from here on

Scope = Literal["", "lines:", "spans:"]

_LEAD: Final = re.compile(rb"[\xc2-\xf4][\x80-\xbf]")
_CESU_PAIR: Final = re.compile(rb"\xed([\xa0-\xaf][\x80-\xbf])\xed([\xb0-\xbf][\x80-\xbf])")


@dataclass(frozen=True, slots=True)
class Undoing:
    """How one round is undone: ftfy's steps, by their names."""

    encoding: str
    transcodings: tuple[str, ...] = ()
    variants: bool = False

    def steps(self, scope: Scope) -> tuple[str, ...]:
        """Name the steps, each with the scope that it works on."""
        decoding = "utf-8-variants" if self.variants else "utf-8"
        names = f"encode:{self.encoding}", *(f"transcode:{name}" for name in self.transcodings), f"decode:{decoding}"
        return tuple(scope + name for name in names)

    def __or__(self, other: Undoing) -> Undoing:
        """Join two ways through one encoding: what either needs."""
        names = dict.fromkeys(self.transcodings + other.transcodings)
        both = tuple(name for name in _TRANSCODERS if name in names)
        return Undoing(self.encoding, both, self.variants or other.variants)


@dataclass(frozen=True, slots=True)
class Undone:
    """The result of undoing a misreading, the steps, and how many multi-byte characters support it."""

    text: str
    how: Undoing
    witnesses: int


_TRANSCODERS: Final = {
    "restore_byte_a0": restore_byte_a0,
    "replace_lossy_sequences": replace_lossy_sequences,
}


def undo(text: str, encoding: str, *, losses: bool) -> Undone | None:
    """Read the text's bytes in an encoding as UTF-8; None where they are not, or say nothing.

    With `losses`, bytes that were lost on the way are seen and put back as ftfy does it.

    >>> undo("sÃ³", "latin-1", losses=False).text
    'só'
    """
    try:
        raw = text.encode(encoding)
    except UnicodeEncodeError:
        return None
    if raw.translate(None, b"\x1a").isascii():
        return None  # nothing but U+FFFD, which stands for nothing known
    transcodings: list[str] = []
    if losses:
        # In MacRoman a blank after an en dash would be taken for one (ftfy's finding).
        if encoding != "macroman" and ALTERED_UTF8_RE.search(raw):
            raw = _transcode(raw, "restore_byte_a0", transcodings)
        if encoding.startswith("sloppy"):
            raw = _transcode(raw, "replace_lossy_sequences", transcodings)
    if b"\x1a" in raw and encoding.startswith("sloppy"):
        return None  # a U+FFFD that stands for nothing known
    witnesses = len(_LEAD.findall(raw))
    if not witnesses and not transcodings:
        return None
    variants = False
    try:
        undone = raw.decode("utf-8")
    except UnicodeDecodeError:
        variants = True
        try:
            undone = decode_variants(raw)
        except UnicodeDecodeError:
            return None
    return Undone(undone, Undoing(encoding, tuple(transcodings), variants), witnesses) if undone != text else None


def _transcode(raw: bytes, name: str, done: list[str]) -> bytes:
    changed = _TRANSCODERS[name](raw)
    if changed != raw:
        done.append(name)
    return changed


def decode_variants(raw: bytes) -> str:
    """Decode UTF-8, CESU-8 and Java's NUL as ftfy's `utf-8-variants` does, in linear time.

    Raises UnicodeDecodeError where the bytes are none of the three.
    """
    if b"\xc0" in raw or b"\xed" in raw:
        raw = _CESU_PAIR.sub(lambda pair: _join_surrogates(pair[1], pair[2]), raw.replace(b"\xc0\x80", b"\0"))
    return raw.decode("utf-8")


def _join_surrogates(high: bytes, low: bytes) -> bytes:
    point = ((high[0] & 0x0F) << 16) + ((high[1] & 0x3F) << 10) + ((low[0] & 0x0F) << 6) + (low[1] & 0x3F)
    return chr(point + 0x10000).encode()


def undo_line(line: str, encoding: str) -> Undone | None:
    """Undo one line: first as it stands; where it looks garbled, also with its losses."""
    if line.isascii():
        return None
    return undo(line, encoding, losses=False) or (undo(line, encoding, losses=True) if is_bad(line) else None)
