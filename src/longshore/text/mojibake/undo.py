"""Undo one round of mojibake: UTF-8 read in another encoding, back to the text of its bytes.

Promised: `undo` returns a text or None, and never guesses a part. All bytes of the text in that encoding must be UTF-8,
except for the losses that ftfy recognises (a no-break space that became a blank, a byte that became U+FFFD).
It takes linear time. ftfy's decoder of UTF-8 variants does not, so it is replaced here.

Not promised: that undoing is right. `fix.py` decides whether the text was mojibake at all.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal

import ftfy.bad_codecs
from ftfy.chardata import ALTERED_UTF8_RE
from ftfy.fixes import replace_lossy_sequences, restore_byte_a0

ftfy.bad_codecs.ok()  # registers the `sloppy-` encodings

Scope = Literal["", "lines:", "spans:"]

_LEAD: Final = re.compile(rb"[\xc2-\xf4][\x80-\xbf]")
# The beginning of a sequence whose end was cut off with all that followed.
_CUT: Final = re.compile(rb"(?:[\xc2-\xdf]|[\xe0-\xef][\x80-\xbf]?|[\xf0-\xf4][\x80-\xbf]{0,2})(?=[\t\n\r ]*\Z)")
# Fewer sequences before it are no proof.
_ENOUGH: Final = 3
_LAST_BYTES: Final = 16
_CESU_PAIR: Final = re.compile(rb"\xed([\xa0-\xaf][\x80-\xbf])\xed([\xb0-\xbf][\x80-\xbf])")


@dataclass(frozen=True, slots=True)
class Undoing:
    """The steps that undo one round, by ftfy's names."""

    encoding: str
    transcodings: tuple[str, ...] = ()
    variants: bool = False

    def steps(self, scope: Scope) -> tuple[str, ...]:
        """Return the names of the steps, each with the scope that it works on."""
        decoding = "utf-8-variants" if self.variants else "utf-8"
        names = f"encode:{self.encoding}", *(f"transcode:{name}" for name in self.transcodings), f"decode:{decoding}"
        return tuple(scope + name for name in names)

    def __or__(self, other: Undoing) -> Undoing:
        """Return the steps that either of two ways through one encoding needs."""
        names = dict.fromkeys(self.transcodings + other.transcodings)
        both = tuple(name for name in _TRANSCODERS if name in names)
        return Undoing(self.encoding, both, self.variants or other.variants)


@dataclass(frozen=True, slots=True)
class Undone:
    """A text after one round was undone, the steps, and the number of multi-byte sequences that support it."""

    text: str
    how: Undoing
    sequences: int


def _replace_cut_end(raw: bytes) -> bytes:
    return _CUT.sub("\ufffd".encode(), raw)


_TRANSCODERS: Final = {
    "restore_byte_a0": restore_byte_a0,
    "replace_lossy_sequences": replace_lossy_sequences,
    "replace_cut_end": _replace_cut_end,
}


def undo(text: str, encoding: str, *, losses: bool) -> Undone | None:
    """Read the bytes of a text in an encoding as UTF-8; None if they are not UTF-8 or hold no sequence.

    losses: whether to restore bytes that were lost on the way, as ftfy does, and to mark a last character that was cut.

    >>> undo("sÃ³", "latin-1", losses=False).text
    'só'
    """
    try:
        raw = text.encode(encoding)
    except UnicodeEncodeError:
        return None
    if raw.translate(None, b"\x1a").isascii():
        return None  # nothing but U+FFFD, whose byte is unknown
    transcodings: list[str] = []
    if losses:
        # In MacRoman a blank after an en dash would be taken for a lost byte (found by ftfy).
        if encoding != "macroman" and ALTERED_UTF8_RE.search(raw):
            raw = _transcode(raw, "restore_byte_a0", transcodings)
        if encoding.startswith("sloppy"):
            raw = _transcode(raw, "replace_lossy_sequences", transcodings)
    if b"\x1a" in raw and encoding.startswith("sloppy"):
        return None  # a U+FFFD whose byte is unknown
    sequences = len(_LEAD.findall(raw))
    if losses and sequences > _ENOUGH and _CUT.search(raw, max(0, len(raw) - _LAST_BYTES)):
        raw = _transcode(raw, "replace_cut_end", transcodings)
    if not sequences and not transcodings:
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
    return Undone(undone, Undoing(encoding, tuple(transcodings), variants), sequences) if undone != text else None


def _transcode(raw: bytes, name: str, done: list[str]) -> bytes:
    changed = _TRANSCODERS[name](raw)
    if changed != raw:
        done.append(name)
    return changed


def decode_variants(raw: bytes) -> str:
    """Decode UTF-8, CESU-8 and Java's NUL as ftfy's `utf-8-variants` does, in linear time.

    Raises UnicodeDecodeError if the bytes are none of the three.
    """
    if b"\xc0" in raw or b"\xed" in raw:
        raw = _CESU_PAIR.sub(lambda pair: _join_surrogates(pair[1], pair[2]), raw.replace(b"\xc0\x80", b"\0"))
    return raw.decode("utf-8")


def _join_surrogates(high: bytes, low: bytes) -> bytes:
    point = ((high[0] & 0x0F) << 16) + ((high[1] & 0x3F) << 10) + ((low[0] & 0x0F) << 6) + (low[1] & 0x3F)
    return chr(point + 0x10000).encode()
