"""Encodings that switch charsets by escapes and keep to seven bits: ISO-2022-JP and -KR, HZ.

They are valid ASCII, and so valid UTF-8; only their escapes tell. Promised: a file is read as one of them only
where all of it decodes and gives characters beyond ASCII. Not promised: ISO-2022-CN, which Python has no codec for.
"""

from __future__ import annotations

import re
from typing import Final

# An escape that designates a set of double-byte characters, and the codecs that may know it, narrow to wide.
_DESIGNATION: Final = re.compile(rb"\x1b\$[@-D]|\x1b\$\([@-Q]|\x1b\(I|\x1b\$\)C")
_JAPANESE: Final = ("iso2022_jp", "iso2022_jp_1", "iso2022_jp_2", "iso2022_jp_ext", "iso2022_jp_3", "iso2022_jp_2004")
_KOREAN: Final = ("iso2022_kr",)
# RFC 1843: double bytes between ~{ and ~}, a line at most.
_HZ_RUN: Final = re.compile(rb"~\{((?:[\x21-\x77][\x21-\x7e])+)~\}")


def read_escaped(raw: bytes) -> tuple[str, str] | None:
    """Give the text and the encoding of a file of seven bits with escapes; None where it has none."""
    designation = _DESIGNATION.search(raw)
    if designation:
        korean = designation[0] == b"\x1b$)C"
        for codec in _KOREAN if korean else _JAPANESE:
            text = _decode(raw, codec)
            if text is not None:
                return text, "iso-2022-kr" if korean else "iso-2022-jp"
    if b"~{" in raw and _HZ_RUN.search(raw):
        text = _decode(raw, "hz")
        if text is not None:
            return text, "hz"
    return None


def _decode(raw: bytes, codec: str) -> str | None:
    try:
        text = raw.decode(codec)
    except UnicodeDecodeError:
        return None
    return None if text.isascii() else text
