"""The text of a document taken out of its format, and the metadata columns' limits.

The format modules in `documents/` make these values; `normalise.py` turns them into records.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from longshore.text.decode import Decoded

MOST_KEYS: Final = 64
MOST_BYTES: Final = 8192
# Where the names are that found no room.
CUT: Final = "_cut"
_LONGEST_NAME: Final = 100


@dataclass(frozen=True, slots=True)
class Extracted:
    """The text of one document, taken out of its format, and the fields that the format carries.

    text: unescaped, not yet repaired. steps: for the column `extraction`, such as `mail:text/plain`. title, date: as
    they stand in the format. metadata: values as they stand, under lower-case names. decoded: how the bytes of the
    text were decoded, where that is not how the file was (a part of a mail).
    """

    text: str
    steps: tuple[str, ...] = ()
    title: str | None = None
    date: str | None = None
    metadata: dict[str, str] = field(default_factory=dict)
    decoded: Decoded | None = None


def bounded_metadata(metadata: Mapping[str, str]) -> dict[str, str]:
    """Return the fields that fit into the column: at most 64 of 8 KiB together; `_cut` names those that do not.

    >>> bounded_metadata({"author": "Ann", "note": "x" * 9000})
    {'author': 'Ann', '_cut': 'note'}
    """
    kept: dict[str, str] = {}
    cut: list[str] = []
    room = MOST_BYTES
    for name, value in metadata.items():
        key = name.strip().lower()[:_LONGEST_NAME]
        size = len(key.encode("utf-8", "replace")) + len(value.encode("utf-8", "replace"))
        if not key or not value or key in kept:
            continue
        if size > room or len(kept) >= MOST_KEYS - 1:
            cut.append(key)
            continue
        kept[key] = value
        room -= size
    if cut:
        kept[CUT] = ", ".join(cut)[:_LONGEST_NAME]
    return kept
