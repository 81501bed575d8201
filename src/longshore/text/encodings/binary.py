"""Binary content: files known by their first bytes, and bytes that no text has.

Promised: images, archives, executables, office files, fonts, databases, sound, film and serialised objects are named;
text of any script and encoding passes. Not promised: that a short run of random bytes is told from text.
Asked only after Unicode with its zero bytes, EBCDIC and the like have had their say.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Final, NamedTuple

from longshore.text.data import read_toml
from longshore.text.encodings.binary_documents import name_of_compound, name_of_media, name_of_zip

# What documents that are spelt in ASCII begin with.
_SPELT: Final = (b"%PDF-", b"{\\rtf1\\", b"{\\rtf\\")


class Signature(NamedTuple):
    """The bytes that a binary format has at an offset. in_text: a text may have them too."""

    at: int
    bytes: bytes
    name: str
    in_text: bool


@cache
def _signatures() -> tuple[tuple[Signature, ...], ...]:
    """Return the signatures to compare, by the first byte of a file."""
    rows = [
        Signature(row.get("at", 0), row["bytes"].encode("latin-1"), row["name"], row.get("in_text", False))
        for row in read_toml("signatures.toml")["signature"]
    ]
    return tuple(tuple(row for row in rows if row.at or row.bytes[0] == first) for first in range(256))


_PICKLE: Final = re.compile(rb"(?:\x80[\x02-\x05]|[\]})]q\0).*\.\Z", re.DOTALL)
_OLD_PICKLE: Final = re.compile(rb"\A(?:\((?:dp|lp|ip|t|d|l)\d*\n|c[A-Za-z_.]+\n[A-Za-z_]+\n)(?s:.*)[.]\Z")

# Bytes that text does not have. Not tab, line ends, form feed, the DOS end of file, escape, backspace, bell, shifts.
_CONTROLS: Final = bytes(code for code in range(0x20) if code not in b"\a\b\t\n\v\f\r\x0e\x0f\x1a\x1b") + b"\x7f"
_LOOKED_AT: Final = 1 << 16
# Vietnamese charsets keep six to twelve rare capitals there: a title may have a few of a hundred.
_MOST_CONTROLS: Final = 0.02
_FEW_CONTROLS: Final = 2
# A field padded with zeros here and there is still text.
_MOST_NULS: Final = 0.10


def name_by_controls(raw: bytes) -> str | None:
    """Name a file that is not text by how many zero and control bytes it has; None where it may be text."""
    looked_at = raw[:_LOOKED_AT]
    nuls = looked_at.count(0)
    controls = len(looked_at) - len(looked_at.translate(None, _CONTROLS)) - nuls
    if nuls > _MOST_NULS * len(looked_at):
        return "binary data: too many zero bytes"
    if controls > _FEW_CONTROLS and controls > _MOST_CONTROLS * len(looked_at):
        return "binary data: too many control bytes"
    if nuls and controls > _FEW_CONTROLS:
        return "binary data: zero and control bytes"
    return None


def name_of_spelt_binary(raw: bytes) -> str | None:
    """Return what a file is whose bytes are good text but are not meant to be read; None where they are."""
    if raw.startswith(_SPELT):
        return name_by_signature(raw)
    if raw.startswith((b"(", b"c")) and raw.endswith(b".") and _OLD_PICKLE.match(raw):
        return "a serialised Python object"
    return None


def name_by_signature(raw: bytes) -> str | None:
    """Return what a file is whose first bytes are known; None for any other."""
    for signature in _signatures()[raw[0]] if raw else ():
        if raw.startswith(signature.bytes, signature.at) and (not signature.in_text or _has_controls(raw)):
            return _document_name(raw, signature) or signature.name
    if raw.startswith(b"BM") and raw[6:10] == b"\0\0\0\0":
        return "a bitmap image"
    if _PICKLE.match(raw):
        return "a serialised Python object"
    if not _has_controls(raw):
        return None
    if raw[2:4] == b"\r\n" and raw[16:17] in {b"\xe3", b"c"}:
        return "Python bytecode"
    return "an executable" if raw.startswith(b"MZ") else None


def _document_name(raw: bytes, signature: Signature) -> str | None:
    """Return the format of a document within a format of containers: a Word document is a ZIP."""
    if signature.bytes == b"PK\3\4":
        return name_of_zip(raw)
    if signature.bytes == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
        return name_of_compound(raw)
    return name_of_media(raw) if signature.bytes == b"ftyp" else None


def _has_controls(raw: bytes) -> bool:
    head = raw[:1024]
    return len(head.translate(None, _CONTROLS)) < len(head)
