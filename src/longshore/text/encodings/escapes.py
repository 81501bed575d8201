"""EBCDIC, the charsets of mainframes: which there are, and whether a file is in one.

They keep nothing of ASCII: a blank is 0x40 and letters are beyond 0x80, so that such a file looks like nothing else.
Not promised: the right one of them where a text has none of the few signs in which they differ.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Final, NamedTuple

from longshore.text.encodings.charsets import SingleByte, reader_of, single_byte_charset
from longshore.text.encodings.evidence import codes_of, log_likelihood

# Labels stand at the top; HTML 5 looks as far.
_LABEL_PREFIX_BYTES: Final = 1024
_LABEL: Final = re.compile(rb"(?:charset|encoding|coding)\s*[=:]\s*[\"']?([a-z][\w.:-]{2,30})")
# Labels that browsers take for a wider charset, as `candidates.py` does.
_WIDER: Final = {
    "ascii": "windows-1252",
    "iso-8859-1": "windows-1252",
    "iso-8859-9": "windows-1254",
    "iso-8859-11": "windows-874",
    "tis-620": "windows-874",
    "gbk": "gb18030",
}


def label_of(raw: bytes) -> str | None:
    """Return the name of the encoding that a file says it is in; None where it says nothing or names none.

    >>> label_of(b'<?xml version="1.0" encoding="KOI8-R"?>')
    'koi8-r'
    """
    head = raw[:_LABEL_PREFIX_BYTES].lower()
    found = _LABEL.search(head) if b"charset" in head or b"coding" in head else None
    if not found:
        return None
    try:
        name = reader_of(found[1].decode("ascii"))[0]
    except LookupError:
        return None
    return _WIDER.get(name, name)


# An escape that designates a set of double-byte characters, and the codecs that may know it, narrow to wide.
_DESIGNATION: Final = re.compile(rb"\x1b\$[@-D]|\x1b\$\([@-Q]|\x1b\(I|\x1b\$\)C")
_JAPANESE: Final = ("iso2022_jp", "iso2022_jp_1", "iso2022_jp_2", "iso2022_jp_ext", "iso2022_jp_3", "iso2022_jp_2004")
_KOREAN: Final = ("iso2022_kr",)
# Characters read to each that is not, in a damaged file.
_LEAST_JAPANESE: Final = 3
# ASCII taken for pairs is in rare ideographs.
_IDEOGRAPHS_TO_KANA: Final = 10
# RFC 1843: double bytes between ~{ and ~}, a line at most.
_HIGH_HALF: Final = bytes(code | 0x80 for code in range(0x100))
_COMPARED_BYTES: Final = 400
# How much rarer HZ is than ASCII with braces and tildes (ln).
_HZ_IS_RARE: Final = -4.0
_HZ_RUN: Final = re.compile(rb"~\{((?:[\x21-\x77][\x21-\x7e])+)~\}")


def read_escaped(raw: bytes) -> tuple[str, str] | None:
    """Return the text and the encoding of a file of seven bits with escapes; None where it has none."""
    designation = _DESIGNATION.search(raw)
    if designation:
        korean = designation[0] == b"\x1b$)C"
        for codec in _KOREAN if korean else _JAPANESE:
            text = _decode(raw, codec)
            if text is not None:
                return text, "iso-2022-kr" if korean else "iso-2022-jp"
        # Damaged: where UTF-8 stands beside it, the escapes are some terminal's.
        text = None if korean or not raw.isascii() else _decode_damaged(raw)
        if text is not None:
            return text, "iso-2022-jp"
    if b"~{" in raw and _HZ_RUN.search(raw):
        text = _decode(raw, "hz")
        if text is not None and _is_chinese(b"".join(_HZ_RUN.findall(raw))[:_COMPARED_BYTES]):
            return text, "hz"
    return None


def _is_chinese(pairs: bytes) -> bool:
    """Compare the pairs of an HZ run as Chinese with the same bytes as ASCII: templates and smileys have `~{` too."""
    chinese = log_likelihood(codes_of(pairs.translate(_HIGH_HALF).decode("gb2312", "replace")), "cjk")
    return chinese + _HZ_IS_RARE > log_likelihood(codes_of(pairs.decode("ascii")), "latin")


def _decode(raw: bytes, codec: str) -> str | None:
    try:
        text = raw.decode(codec)
    except UnicodeDecodeError:
        return None
    return None if text.isascii() else text


def _decode_damaged(raw: bytes) -> str | None:
    """Read ISO-2022-JP that lost some bytes, each bad pair as U+FFFD; None where too little is Japanese."""
    text = min((raw.decode(codec, "replace") for codec in _JAPANESE), key=lambda text: text.count("\ufffd"))
    japanese = sum("\u3000" <= character < "\ua000" for character in text)
    kana = sum("\u3040" <= character < "\u3100" for character in text)
    is_japanese = kana * _IDEOGRAPHS_TO_KANA > japanese > _LEAST_JAPANESE * text.count("\ufffd")
    return text if is_japanese else None


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
_EBCDIC_SAMPLE_BYTES: Final = 4096


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
    head = raw[:_EBCDIC_SAMPLE_BYTES]
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
