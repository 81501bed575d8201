"""A walk through a file by the rules of a format: which strings are met, and what stands between them.

Promised: a walk that does not fit ends with `Misfit`; it is as long as so many values at most, however long the file.
The formats are in `serialised.py`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

# So many values are looked at: of a longer file they need not be the whole.
LOOKED_AT: Final = 400
DEEPEST: Final = 24
# Bytes outside of strings that plain words do not have (a name with its length counts too), and with them letters
# beyond ASCII within strings.
_FEWEST_HEADS: Final = 2
_FEWEST_SIGNS: Final = 5
_FEWEST_STRINGS: Final = 2
_LETTERS_LOOKED_AT: Final = 1 << 10
_MOSTLY_STRINGS: Final = 0.5
_NOT_OF_TEXT: Final = re.compile(rb"[\0-\x08\x0e-\x1a\x1c-\x1f\x7f-\xff]")
_NOT_OF_STRINGS: Final = re.compile("[\0-\x08\x0e-\x1a\x1c-\x1f\x7f-\x9f]")
_BLANK: Final = re.compile(r"\s")


class Misfit(Exception):  # noqa: N818 - no error: the bytes are something else
    """The bytes are not in this format."""


@dataclass(slots=True)
class Walk:
    """Where in a file a format's rules have led, and which strings were met on the way."""

    raw: bytes
    at: int = 0
    left: int = LOOKED_AT
    strings: int = 0
    in_strings: int = 0
    heads: int = 0
    signs: int = 0

    def take(self, size: int) -> bytes:
        """Give the next bytes, of a header or a number."""
        found = self.raw[self.at : self.at + size]
        if len(found) < size:
            raise Misfit
        self.at += size
        self.heads += len(_NOT_OF_TEXT.findall(found))
        return found

    def number(self, size: int, order: Literal["big", "little"] = "big") -> int:
        """Give the next bytes as a number."""
        return int.from_bytes(self.take(size), order)

    def varint(self) -> int:
        """Give a number in groups of seven bits."""
        value = 0
        for shift in range(0, 70, 7):
            byte = self.take(1)[0]
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
        raise Misfit

    def text(self, size: int) -> str:
        """Give a string, which must be UTF-8 without control characters."""
        found = self.raw[self.at : self.at + size]
        if len(found) < size:
            raise Misfit
        try:
            text = found.decode()
        except UnicodeDecodeError:
            raise Misfit from None
        if _NOT_OF_STRINGS.search(text):
            raise Misfit
        self.at += size
        self.strings += size > 0
        self.in_strings += size
        self.signs += sum(character > "\x7f" for character in text[:_LETTERS_LOOKED_AT])
        return text

    def skip(self, size: int) -> None:
        """Pass bytes that are no string."""
        if self.at + size > len(self.raw):
            raise Misfit
        self.at += size

    def each(self, value: Value, count: int, depth: int) -> None:
        """Pass so many values, as long as there is reason to look."""
        self._check(count, depth)
        for _ in range(count):
            if self.left <= 0:
                return
            value(self, depth + 1)

    def pairs(self, value: Value, count: int, depth: int) -> None:
        """Pass so many keys and values; keys are of one kind, and those that are names have no blanks."""
        self._check(count, depth)
        named = set()
        for _ in range(count):
            if self.left <= 0:
                return
            key = value(self, depth + 1)
            if key is not None and _BLANK.search(key):
                raise Misfit
            self.heads += key is not None
            named.add(key is not None)
            if len(named) > 1:
                raise Misfit
            value(self, depth + 1)

    def until(self, end: bytes, value: Value, depth: int) -> None:
        """Pass values up to a byte that ends them."""
        while self.left > 0:
            if self.raw[self.at : self.at + 1] == end:
                self.take(1)
                return
            self.each(value, 1, depth)

    def _check(self, count: int, depth: int) -> None:
        if depth > DEEPEST or count > len(self.raw) - self.at:
            raise Misfit

    def fits(self) -> bool:
        """Tell whether what was walked over is a file of this format beyond doubt."""
        whole = self.at == len(self.raw) or self.left <= 0
        mostly = self.in_strings >= _MOSTLY_STRINGS * self.at
        signs = self.heads >= _FEWEST_HEADS and self.heads + self.signs >= _FEWEST_SIGNS
        return whole and mostly and signs and self.strings >= _FEWEST_STRINGS


Value = Callable[[Walk, int], "str | None"]
