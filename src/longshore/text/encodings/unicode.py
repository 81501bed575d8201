"""Unicode in its other forms: byte order marks, UTF-16 and UTF-32 without one, UTF-7, CESU-8 and Java's zero.

Promised: a form is named only where the whole file is well-formed in it. Plain UTF-8 is not here: `decode.py`
asks for it first, since nearly every file is.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final, Literal, NamedTuple

import numpy as np

from longshore.text.encodings import ideographs
from longshore.text.encodings.evidence import codes_of

Method = Literal["bom", "utf-8", "detected", "mixed", "declared"]


class Unicode(NamedTuple):
    """A file in a form of Unicode: its text, the form, and how that is known."""

    text: str
    encoding: str
    method: Method
    confidence: float


# UTF-32 first: its little-endian mark begins as UTF-16's does.
_MARKS: Final = (
    (b"\xff\xfe\0\0", "utf-32le"),
    (b"\0\0\xfe\xff", "utf-32be"),
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe", "utf-16le"),
    (b"\xfe\xff", "utf-16be"),
)
_UTF_7_MARKS: Final = (b"+/v8", b"+/v9", b"+/v+", b"+/v/")
_UTF_7_RUN: Final = re.compile(rb"\+([A-Za-z0-9+/]*)-?")
_UTF_7_ENDED: Final = re.compile(rb"\+[A-Za-z0-9+/]{3,}-")
# Different characters that stand for UTF-7 where none of its runs is ended by its own sign.
_FEWEST_SPELT: Final = 3
_CESU: Final = re.compile(rb"\xed[\xa0-\xaf][\x80-\xbf]\xed[\xb0-\xbf][\x80-\xbf]|\xc0\x80")
# A file that was cut, or damaged at one place, is still what its mark says.
_MOST_DAMAGE: Final = 0.001
# How much is looked at to see whether it is writing.
_LOOKED_AT: Final = 4096
_MOST_HALF_BLANKS: Final = 50
_MOST_STRANGE: Final = 0.01
_FEWEST: Final = 4
# Forty characters of any writing are more than these.
_FEWEST_DIFFERENT: Final = 8
_FEWEST_WIDE: Final = 10
# No letter is so much of a text; a table of weights is mostly of one.
_MOST_OF_ONE: Final = 0.5
_MOSTLY: Final = 0.97
# Running Chinese, Japanese and Korean has -6 to -8.5 a character; random ideographs -16.
_LEAST_LIKELY: Final = -11.0
# Blocks (256 code points) that occur beside any script: ASCII and Latin-1, punctuation, CJK punctuation, wide forms.
_COMMON_BLOCKS: Final = (0x00, 0x20, 0x30, 0xFF)


def read_marked(raw: bytes) -> Unicode | None:
    """Read a file that begins with a byte order mark."""
    for mark, encoding in _MARKS:
        if raw.startswith(mark):
            text = _strictly(raw[len(mark) :], encoding)
            if text is not None:
                return Unicode(text, encoding, "bom", 1.0)
            if encoding == "utf-8":
                return None  # damaged: `mixed.py` knows better what to do
            text = raw[len(mark) :].decode(encoding, "replace")
            if text.count("\ufffd") <= 1 + _MOST_DAMAGE * len(text) and _is_writing(text):
                return Unicode(text, encoding, "bom", 0.95)
    if raw.startswith(_UTF_7_MARKS):
        text = _strictly(raw, "utf-7")
        if text is not None:
            return Unicode(text.removeprefix("\ufeff"), "utf-7", "bom", 1.0)
    return None


def read_unmarked(raw: bytes) -> Unicode | None:
    """Read UTF-16 and UTF-32 without a mark, by where their zero bytes are or by what the text would be."""
    if len(raw) % 2 or len(raw) < 4:
        return None
    head = raw[:_LOOKED_AT]
    nuls = 0 in head
    # A blank has a zero byte beside it; U+20xx, dashes and quotes, has its 0x20 on one side always.
    if not nuls and min(head[0::2].count(0x20), head[1::2].count(0x20)) * _MOST_HALF_BLANKS > len(head):
        return None
    if nuls and len(raw) % 4 == 0:
        for encoding, zeros in (("utf-32le", raw[3::4]), ("utf-32be", raw[0::4])):
            if not zeros.strip(b"\0"):
                text = _strictly(raw, encoding)
                if text is not None and _is_writing(text):
                    return Unicode(text, encoding, "detected", 0.99)
    even, odd = raw[0:_LOOKED_AT:2].count(0), raw[1:_LOOKED_AT:2].count(0)
    # Zero bytes are the high halves, nearly all.
    orders = [("utf-16le", odd, even), ("utf-16be", even, odd)]
    for encoding, high, low in sorted(orders, key=lambda order: -order[1]):
        text = _strictly(raw, encoding)
        if text is not None and _is_writing(text):
            # Few low halves are zero, but for 一, a combining grave accent and their like.
            by_zeros = high > 0 and low * 8 <= high
            if by_zeros or _is_one_script(text):
                return Unicode(text, encoding, "detected", 0.98 if by_zeros else 0.9)
    return None


def read_utf_7(raw: bytes) -> Unicode | None:
    """Read ASCII that is UTF-7: every `+…` in it spells characters beyond ASCII, and so that chance is out.

    A run that ends with `-` proves it; of others it takes two, or one long one, in one script: `+100` is a number.
    """
    runs = [run for run in _UTF_7_RUN.findall(raw) if run]
    spelt = []
    for run in runs:
        characters = _strictly(b"+" + run + b"-", "utf-7") if len(run) > 2 else None
        if not characters or any(char.isascii() or _is_strange(char) for char in characters):
            return None
        spelt.append(characters)
    if not spelt or not (_UTF_7_ENDED.search(raw) or _is_spelt_on_purpose(spelt)):
        return None
    text = _strictly(raw, "utf-7")
    return None if text is None else Unicode(text, "utf-7", "detected", 0.9)


def _is_spelt_on_purpose(spelt: list[str]) -> bool:
    text = "".join(spelt)
    if len(set(text)) < _FEWEST_SPELT:
        return False
    codes = codes_of(text)
    if (codes >= 0x3400).any():
        return _is_one_script(text) and _is_writing(text)
    marks = (codes >= 0x2000) & (codes < 0x2200)
    blocks = np.bincount(np.where(codes < 0x250, 0, codes >> 8)[~marks], minlength=1)
    return bool(int(blocks.max()) == blocks.sum())


def read_variant(raw: bytes) -> Unicode | None:
    """Read CESU-8 (supplementary characters as two surrogates, from Oracle and MySQL) and Java's two-byte zero."""
    if (0xED not in raw and 0xC0 not in raw) or not _CESU.search(raw):
        return None
    # Registers the codec; ftfy is loaded anyway where a text is repaired.
    import ftfy.bad_codecs  # noqa: F401, PLC0415

    text = _strictly(raw, "utf-8-variants")
    return None if text is None else Unicode(text, "cesu-8", "detected", 0.99)


def _strictly(raw: bytes, encoding: str) -> str | None:
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError:
        return None


def _is_strange(char: str) -> bool:
    category = unicodedata.category(char)
    return category in {"Cn", "Co", "Cs"} or (category == "Cc" and char not in "\t\n\v\f\r\x1a\x1b\x85")


def _is_writing(text: str) -> bool:
    """Distinguish text from bytes read two by two: assigned characters, hardly any controls."""
    looked_at = text[:_LOOKED_AT]
    strange = {char for char in set(looked_at) if _is_strange(char)}
    if strange and sum(map(looked_at.count, strange)) > _MOST_STRANGE * len(looked_at):
        return False
    codes = codes_of(looked_at)
    wide = codes[((codes >= 0x3400) & (codes < 0xA000)) | ((codes >= 0xAC00) & (codes < 0xD7A4))]
    if len(wide) * 4 > len(codes):
        return bool((ideographs.chances()[:, wide].mean(axis=1)).max() > _LEAST_LIKELY)
    return True


def _is_one_script(text: str) -> bool:
    """Return whether nearly all of a text is of one or two blocks, or of Chinese, Japanese, Korean, or common signs."""
    codes = codes_of(text[:_LOOKED_AT])
    different, counts = np.unique(codes, return_counts=True)
    if len(different) < min(_FEWEST_DIFFERENT, len(codes) // 2) or counts.max() > max(1, _MOST_OF_ONE * len(codes)):
        return False  # a pattern of bytes, over and over
    blocks = codes >> 8
    count = np.bincount(blocks, minlength=256)
    wide = int(count[0x30:0x31].sum() + count[0x4E:0xA0].sum() + count[0xAC:0xD8].sum())
    common = int(count[list(_COMMON_BLOCKS)].sum() - count[0x30])
    own = int(np.sort(np.delete(count, _COMMON_BLOCKS))[-2:].sum())
    letters = max(wide, own)
    # Ideographs are of 82 blocks: a few of them are no evidence.
    few = len(blocks) < (_FEWEST if own >= wide else _FEWEST_WIDE)
    return not few and letters + common >= _MOSTLY * len(blocks) and letters * 2 > len(blocks)
