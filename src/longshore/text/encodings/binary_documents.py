"""Documents that are no text: which office format a ZIP or a compound file is, and which tool makes text of it.

A .docx is a ZIP whose members have the names of Word; they are read from the bytes, nothing is unpacked.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from longshore.text.data import read_toml

if TYPE_CHECKING:
    from collections.abc import Iterator

_LOCAL: Final = b"PK\x03\x04"
_CENTRAL: Final = re.compile(rb"PK\x01\x02.{24}(?P<name>..).{16}", re.DOTALL)
_LOCALS: Final = re.compile(rb"PK\x03\x04.{22}(?P<name>..)..", re.DOTALL)
# How much of the end is searched for the list of members, and how many of them are read.
_SEARCHED: Final = 1 << 22
_MOST_MEMBERS: Final = 5_000
_LONGEST_MIMETYPE: Final = 80


@cache
def _tables() -> dict[str, dict[str, str]]:
    table: dict[str, Any] = read_toml("document_formats.toml")
    return table


def name_of_zip(raw: bytes) -> str | None:
    """Return which document a ZIP file is, by its members; None for an archive."""
    tables = _tables()
    names = list(_members(raw))
    if names[:1] == ["mimetype"]:
        start = 30 + int.from_bytes(raw[26:28], "little") + int.from_bytes(raw[28:30], "little")
        stored = raw[start : start + _LONGEST_MIMETYPE].decode("ascii", "replace")
        for mimetype, name in tables["mimetype"].items():
            if stored.startswith(mimetype) and stored[len(mimetype) : len(mimetype) + 1] not in {"-", "."}:
                return name
    for member, name in tables["zip"].items():
        if any(one.startswith(member) if member.endswith("/") else one == member for one in names) and (
            not member.endswith("/") or member == "Index/" or "[Content_Types].xml" in names
        ):
            return name
    return None


def _members(raw: bytes) -> Iterator[str]:
    """Yield the names of a ZIP's members: of its list at the end, or of a file cut short from its beginning."""
    tail = raw[-_SEARCHED:]
    pattern = _CENTRAL if b"PK\x01\x02" in tail else _LOCALS
    searched = tail if pattern is _CENTRAL else raw[:_SEARCHED]
    for count, match in enumerate(pattern.finditer(searched)):
        if count >= _MOST_MEMBERS:
            return
        length = int.from_bytes(match["name"], "little")
        yield searched[match.end() : match.end() + length].decode("utf-8", "replace")


def name_of_compound(raw: bytes) -> str | None:
    """Return which document an OLE compound file is, by the names of its streams; None where none is known."""
    for stream, name in _tables()["compound"].items():
        if stream.encode("utf-16-le") + b"\0\0" in raw or (stream[0] == "H" and stream.encode("utf-16-le") in raw):
            return name
    return None


def name_of_media(raw: bytes) -> str | None:
    """Return which file of the ISO media family it is, by its brand; None where none is known."""
    brand = raw[8:12].decode("latin-1")
    return next((name for known, name in _tables()["brand"].items() if brand.startswith(known)), None)


def hint(name: str) -> str | None:
    """Return which tool makes text of a format, by its name; None where none is known.

    >>> hint("a PDF document")
    '`pdftotext` makes text of it; `ocrmypdf` first, if it is a scan.'
    """
    tables = _tables()
    if name in tables["hints"]:
        return tables["hints"][name]
    return next((text for word, text in tables["hints_by_word"].items() if word in name), None)
