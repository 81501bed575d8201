"""Mailboxes in the formats of the mbox family, split into their messages.

A line that begins with `From ` separates messages only if it ends in a date as mail programs write it and a header
follows. `>From ` in a body is unescaped (mboxo, mboxrd); a `Content-Length` that ends at a separator is obeyed, and
nothing in that body is a separator or escaped (mboxcl2).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from longshore.documents.kinds import Member, NotThisKindError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

_MONTH: Final = rb"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
FROM_LINE: Final = re.compile(
    rb"From (?:[^\r\n]{0,300}?[ \t])?[ \t]*(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),?[ \t]+"
    rb"(?:"
    + _MONTH
    + rb"[ \t]+\d{1,2}|\d{1,2}[ \t]+"
    + _MONTH
    + rb"[ \t]+\d{4})[ \t]+\d\d?:\d\d(?::\d\d)?[^\r\n]{0,60}"
)
_HEADER: Final = re.compile(rb"(?:>?From |[!-9;-~]{1,76}[ \t]*:)")
_ESCAPED: Final = re.compile(rb"^>(>*From )", re.MULTILINE)
_LENGTH: Final = re.compile(rb"content-length:[ \t]*(\d{1,12})[ \t]*\r?\n", re.IGNORECASE)
_CHUNK: Final = 65_536


def may_begin(head: str) -> bool:
    """Return whether a file begins with a line that separates messages."""
    start = head[:_CHUNK].lstrip()
    return start.startswith("From ") and FROM_LINE.match(start.encode("utf-8", "replace")) is not None


def split(stream: BinaryIO, max_member_bytes: int) -> Iterator[Member]:
    """Yield the messages of a mailbox, in file order, from a seekable stream; names are their numbers from 1.

    The bytes of a message are its own: without the line that separates it, and unescaped. Memory is bounded by the
    longest message that is allowed. Raises NotThisKindError where the stream does not begin with a separator.
    """
    lines = _Lines(stream)
    line = lines.read_next()
    if not FROM_LINE.fullmatch(line.rstrip(b"\r\n")):
        raise NotThisKindError
    number = 0
    while line:
        number += 1
        message = _Message(max_member_bytes)
        line = _read_message(lines, message)
        raw = message.bytes()
        yield Member(str(number), raw, message.size if raw is None else len(raw), "message/rfc822")


class _Lines:
    """Lines of a stream in pieces of at most a chunk. whole: whether the last piece began a line."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.begins_line = True
        self._ended = True

    def read(self) -> bytes:
        piece = self._stream.readline(_CHUNK)
        self.begins_line, self._ended = self._ended, piece.endswith(b"\n")
        return piece

    def read_next(self) -> bytes:
        """Read on to the next line that is not blank."""
        line = self.read()
        while line and not line.strip():
            line = self.read()
        return line

    def is_separator(self, line: bytes) -> bool:
        """Return whether a line that was just read separates messages: a header follows."""
        if not (self.begins_line and line.startswith(b"From ") and FROM_LINE.fullmatch(line.rstrip(b"\r\n"))):
            return False
        place = self._stream.tell()
        following = self._stream.readline(512)
        self._stream.seek(place)
        return _HEADER.match(following) is not None

    def body_ends_at_separator(self, length: int) -> bool:
        """Return whether a body of that length ends where the next message begins, or the file ends."""
        place = self._stream.tell()
        self._stream.seek(place + length)
        self._ended = True
        line = self.read_next()
        fits = (
            self.is_separator(line)
            if line
            else self._stream.tell() <= place + length + 4 and self._reaches(place + length)
        )
        self._stream.seek(place)
        self._ended = True
        return fits

    def _reaches(self, place: int) -> bool:
        self._stream.seek(place - 1)
        return bool(self._stream.read(1))

    def read_body(self, length: int) -> Iterator[bytes]:
        while length > 0:
            piece = self._stream.read(min(length, _CHUNK))
            if not piece:
                return
            length -= len(piece)
            yield piece
        self._ended = True


class _Message:
    """The bytes of one message, as many as are allowed."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._pieces: list[bytes] = []
        self._held = 0
        self.size = 0

    def add(self, piece: bytes) -> None:
        self.size += len(piece)
        # One line more than is allowed: the blank line at the end is no part of the message.
        if self.size <= self._most + 2:
            self._pieces.append(piece)
        else:
            self._pieces.clear()

    def bytes(self) -> bytes | None:
        raw = b"".join(self._pieces)
        if raw.endswith(b"\r\n\r\n"):
            raw = raw[:-2]
        elif raw.endswith(b"\n\n"):
            raw = raw[:-1]
        return raw if self.size <= self._most + 2 and len(raw) <= self._most else None


def _read_message(lines: _Lines, message: _Message) -> bytes:
    """Read a message up to the next separator, and return that, or nothing at the end of the file."""
    in_headers, length = True, -1
    while line := lines.read():
        if lines.is_separator(line):
            return line
        if in_headers:
            message.add(line)
            if match := _LENGTH.match(line):
                length = int(match[1])
            if not line.strip():
                in_headers = False
                if length > 0 and lines.body_ends_at_separator(length):
                    for piece in lines.read_body(length):
                        message.add(piece)
                    return lines.read_next()
            continue
        message.add(_ESCAPED.sub(rb"\1", line) if lines.begins_line and line[:1] == b">" else line)
    return b""
