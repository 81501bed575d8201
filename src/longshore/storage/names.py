"""Names from outside: how a path below landing/ is stored in records, and printed.

A path inside the program is what `os.fsdecode` gives, `/`-separated, relative to the landing root. A `source_path` is
the same as valid Unicode: bytes that are not UTF-8 are percent-encoded (`%FF`), and a literal `%` is `%25`.
"""

from __future__ import annotations

import hashlib
import os
import re
import unicodedata
from urllib.parse import unquote_to_bytes

_SURROGATE = re.compile("[\udc80-\udcff]")
# Unicode's default-ignorable characters that count as letters, marks or symbols, and two symbols that are blank.
_INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U0001d159\U000e0100-\U000e01ef]"
)
NAME_MAX_BYTES = 255


def to_source_path(path: str) -> str:
    """Convert a path to valid Unicode, reversibly.

    >>> to_source_path("100%/caf\\udce9.txt")
    '100%25/caf%E9.txt'
    """
    if path.isascii() and "%" not in path:
        return path
    return _SURROGATE.sub(lambda match: f"%{ord(match[0]) - 0xDC00:02X}", path.replace("%", "%25"))


def from_source_path(source_path: str) -> str:
    """Convert a `source_path` back to the path.

    >>> from_source_path("100%25/caf%E9.txt")
    '100%/caf\\udce9.txt'
    """
    return os.fsdecode(unquote_to_bytes(source_path)) if "%" in source_path else source_path


def printable(text: str) -> str:
    r"""Escape what a terminal or a reader could be misled by: controls, line breaks, and invisible characters.

    Spaces of all widths stay; format characters (bidi overrides, soft hyphens, tags), private and unassigned code
    points, variation selectors and fillers do not.

    >>> printable("a\x1b[31m\nb\u3164")
    'a\\x1b[31m\\nb\\u3164'
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        character.encode("unicode_escape", "surrogatepass").decode("ascii") if _is_unsafe(character) else character
        for character in text
    )


def _is_unsafe(character: str) -> bool:
    if character.isprintable():
        return _INVISIBLE.match(character) is not None
    return unicodedata.category(character) != "Zs"


def with_suffix_before_ending(name: str, suffix: str) -> str:
    """Insert a suffix before the extension of a name, and keep the name within 255 bytes.

    A hash replaces the middle of a name that would become too long, so that two of them stay different.

    >>> with_suffix_before_ending("report.txt", "~2")
    'report~2.txt'
    """
    stem, dot, ending = name.rpartition(".")
    if not stem or len(os.fsencode(ending)) > 16:
        stem, dot, ending = name, "", ""
    return shortened(stem, f"{suffix}{dot}{ending}")


def shortened(stem: str, tail: str) -> str:
    """Join a stem and a tail; the stem is cut (and marked by its hash) if the name exceeds 255 bytes."""
    raw = os.fsencode(stem)
    room = NAME_MAX_BYTES - len(os.fsencode(tail))
    if len(raw) <= room:
        return stem + tail
    mark = "~" + hashlib.sha256(raw).hexdigest()[:8]
    kept = raw[: room - len(mark)].decode("utf-8", "ignore")
    return kept + mark + tail
