"""Values packed in binary without a signature: MessagePack, CBOR, BSON, Python's marshal, protocol buffers, zlib.

Such a file is read by its own rules, and it is no text where they hold: lengths that fit to the last byte, strings that
are UTF-8 and most of it, and between them bytes that text does not have. A text may fit by chance as far as a word or
two, never so.

Promised: text of any script and encoding passes; the work does not grow with the file beyond one look at its strings.
Not promised: that a few values, lists of mere numbers, or protocol buffers that are valid UTF-8 are told from text.
Asked only of files that are not valid UTF-8.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

# At most this many values are read; a longer file need not be read to its end.
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
        """Return the next bytes, of a header or a number."""
        found = self.raw[self.at : self.at + size]
        if len(found) < size:
            raise Misfit
        self.at += size
        self.heads += len(_NOT_OF_TEXT.findall(found))
        return found

    def number(self, size: int, order: Literal["big", "little"] = "big") -> int:
        """Return the next bytes as a number."""
        return int.from_bytes(self.take(size), order)

    def varint(self) -> int:
        """Return a number in groups of seven bits."""
        value = 0
        for shift in range(0, 70, 7):
            byte = self.take(1)[0]
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
        raise Misfit

    def text(self, size: int) -> str:
        """Return a string, which must be UTF-8 without control characters."""
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
        """Skip the given number of values while the format still fits."""
        self._check(count, depth)
        for _ in range(count):
            if self.left <= 0:
                return
            value(self, depth + 1)

    def pairs(self, value: Value, count: int, depth: int) -> None:
        """Skip the given number of keys and values; keys are of one kind, and those that are names have no blanks."""
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
        """Return whether what was walked over is a file of this format beyond doubt."""
        whole = self.at == len(self.raw) or self.left <= 0
        mostly = self.in_strings >= _MOSTLY_STRINGS * self.at
        signs = self.heads >= _FEWEST_HEADS and self.heads + self.signs >= _FEWEST_SIGNS
        return whole and mostly and signs and self.strings >= _FEWEST_STRINGS


Value = Callable[[Walk, int], "str | None"]


_INFLATED: Final = 1 << 12
# The highest number that is taken for a field of a protocol buffer.
_LAST_FIELD: Final = 200
# The sizes of MessagePack's numbers and extensions, from a float of 32 bits to an extension of 16 bytes.
_MESSAGE_PACK_SIZES: Final = dict(enumerate((4, 8, 1, 2, 4, 8, 1, 2, 4, 8, 2, 3, 5, 9, 17), 0xCA))


def _message_pack(walk: Walk, depth: int) -> str | None:
    """Source: https://github.com/msgpack/msgpack/blob/master/spec.md."""
    walk.left -= 1
    head = walk.take(1)[0]
    if 0xA0 <= head < 0xC0:
        return walk.text(head & 0x1F)
    if head in (0xD9, 0xDA, 0xDB):
        return walk.text(walk.number(1 << (head - 0xD9)))
    if head < 0x80 or head >= 0xE0 or head in (0xC0, 0xC2, 0xC3):
        return None
    if head < 0x90:
        walk.pairs(_message_pack, head & 0x0F, depth)
    elif head < 0xA0:
        walk.each(_message_pack, head & 0x0F, depth)
    elif head in (0xDC, 0xDD):
        walk.each(_message_pack, walk.number(2 << (head - 0xDC)), depth)
    elif head in (0xDE, 0xDF):
        walk.pairs(_message_pack, walk.number(2 << (head - 0xDE)), depth)
    elif head in (0xC4, 0xC5, 0xC6):
        walk.skip(walk.number(1 << (head - 0xC4)))
    elif head in (0xC7, 0xC8, 0xC9):
        walk.skip(walk.number(1 << (head - 0xC7)) + 1)
    elif head == 0xC1:
        raise Misfit
    else:
        walk.skip(_MESSAGE_PACK_SIZES[head])
    return None


def _cbor(walk: Walk, depth: int) -> str | None:
    """Source: RFC 8949; tags and simple values that nobody was given are no CBOR."""
    walk.left -= 1
    head = walk.take(1)[0]
    kind, detail = head >> 5, head & 0x1F
    if detail == 31 and kind in (4, 5):
        walk.until(b"\xff", _cbor, depth)
        return None
    if detail > 27 or 0xC6 <= head < 0xD0 or 0xE0 <= head < 0xF4:
        raise Misfit
    value = detail if detail < 24 else walk.number(1 << (detail - 24))
    match kind:
        case 2:
            walk.skip(value)
        case 3:
            return walk.text(value)
        case 4:
            walk.each(_cbor, value, depth)
        case 5:
            walk.pairs(_cbor, value, depth)
        case 6:
            walk.each(_cbor, 1, depth)
    return None


def _marshal(walk: Walk, depth: int) -> None:
    """Source: Python/marshal.c; a reference may be kept of each value (the high bit)."""
    walk.left -= 1
    kind = bytes((walk.take(1)[0] & 0x7F,))
    if kind in b"NTF.S":
        return
    if kind in b"zZ":
        walk.text(walk.number(1))
    elif kind in b"utaA":
        walk.text(walk.number(4, "little"))
    elif kind == b"s":
        walk.skip(walk.number(4, "little"))
    elif kind in b"ir":
        walk.take(4)
    elif kind == b"g":
        walk.skip(8)
    elif kind == b"l":
        walk.skip(2 * abs(int.from_bytes(walk.take(4), "little", signed=True)))
    elif kind == b")":
        walk.each(_marshal, walk.number(1), depth)
    elif kind in b"([<>":
        walk.each(_marshal, walk.number(4, "little"), depth)
    elif kind == b"{":
        walk.until(b"0", _marshal, depth)
    else:
        raise Misfit


def _protocol_buffer(walk: Walk, depth: int) -> None:
    """Source: https://protobuf.dev/programming-guides/encoding. What is no string is a message again."""
    walk.left -= 1
    field = walk.varint()
    if not 0 < field >> 3 <= _LAST_FIELD:
        raise Misfit
    match field & 7:
        case 0:
            walk.varint()
        case 1:
            walk.skip(8)
        case 2:
            _string_or_message(walk, walk.varint(), depth)
        case 5:
            walk.skip(4)
        case _:
            raise Misfit


def _string_or_message(walk: Walk, size: int, depth: int) -> None:
    try:
        walk.text(size)
    except Misfit:
        end = walk.at + size
        if end > len(walk.raw) or depth > DEEPEST:
            raise
        while walk.at < end and walk.left > 0:
            _protocol_buffer(walk, depth + 1)
        if walk.at != end and walk.left > 0:
            raise


# The first bytes of what holds values: a text that begins with another one pays nothing.
_FORMATS: Final = (
    (frozenset((*range(0x81, 0xA0), *range(0xD9, 0xE0))), _message_pack, "MessagePack data"),
    (frozenset((*range(0x78, 0x7C), *range(0x81, 0xC0), *range(0xD8, 0xDC))), _cbor, "CBOR data"),
    (frozenset((*b"([{)<>", *(byte | 0x80 for byte in b"([{)<>"))), _marshal, "a serialised Python object"),
    (frozenset(range(8, 0x100)), _protocol_buffer, "a protocol buffer"),
)


def name_by_structure(raw: bytes) -> str | None:
    """Return which kind of serialised data a file is that is not valid UTF-8; None where it may be text.

    >>> name_by_structure(b"\\x82\\xa4port\\xa5Brest\\xa5depth\\xcc\\xc8")
    'MessagePack data'
    """
    for firsts, value, name in _FORMATS:
        if raw[0] in firsts and _holds(raw, firsts, value):
            return name
    if _is_bson(raw):
        return "BSON data"
    return "zlib data" if raw[0] == 0x78 and _inflates(raw) else None


def _holds(raw: bytes, firsts: frozenset[int], value: Value) -> bool:
    walk = Walk(raw)
    try:
        while walk.at < len(raw) and walk.left > 0:
            if raw[walk.at] not in firsts:
                return False
            value(walk, 0)
    except Misfit:
        return False
    return walk.fits()


def _is_bson(raw: bytes) -> bool:
    """Read documents, each with its length before it and a zero byte at its end (https://bsonspec.org)."""
    at = 0
    for _ in range(LOOKED_AT):
        size = int.from_bytes(raw[at : at + 4], "little")
        if size < 5 or raw[at + size - 1 : at + size] != b"\0":
            return False
        at += size
        if at == len(raw):
            return True
    return True


def _inflates(raw: bytes) -> bool:
    try:
        return len(raw) > 8 and bool(zlib.decompressobj().decompress(raw[:_INFLATED], _INFLATED))
    except zlib.error:
        return False
