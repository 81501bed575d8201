"""Bounded reading of containers of text: lines and values of any length, in an encoding decided by the whole file.

Promised: a line or a value longer than allowed is counted, never held. A file in UTF-8, damaged bytes included, is
read as it streams; a file in another encoding is decoded as a whole, once.
"""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import BinaryIO, Final, NamedTuple

from longshore.documents.kinds import Member, NotThisKindError
from longshore.records import Rejection
from longshore.text.decode import Decoded, decode

_CHUNK: Final = 1 << 16
_BOM: Final = codecs.BOM_UTF8
# Python's names of encodings whose bytes are found again by encoding; of these two the mark stays outside.
_CODECS: Final = {"utf-16le": "utf-16-le", "utf-16be": "utf-16-be", "utf-32le": "utf-32-le", "utf-32be": "utf-32-be"}


class Piece(NamedTuple):
    """A line or a value: its bytes in UTF-8, None if there are more than allowed, and how many there are.

    quotes: how many quotation marks a line has that is not held.
    """

    raw: bytes | None
    size: int
    quotes: int = 0


@dataclass(frozen=True, slots=True)
class TextStream:
    """The text of a container as a seekable stream of UTF-8.

    decoded: how a file in another encoding was decoded, with no text; None where the stream is the file. codec: the
    codec that gives the bytes of the file again; None if none does.
    """

    stream: BinaryIO
    start: int = 0
    decoded: Decoded | None = None
    codec: str | None = None

    def rewind(self) -> BinaryIO:
        """Return the stream at the first character of the text."""
        self.stream.seek(self.start)
        return self.stream

    def member(self, number: int, piece: Piece, media_type: str, reader: str = "") -> Member:
        """Return a piece of the stream as a member with its own bytes."""
        if piece.raw is None or self.decoded is None:
            return Member(str(number), piece.raw, piece.size, media_type, reader=reader)
        text = piece.raw.decode("utf-8", "surrogatepass")
        raw = text.encode(self.codec, "surrogatepass") if self.codec else piece.raw
        return Member(str(number), raw, len(raw), media_type, replace(self.decoded, text=text), reader)


def text_source(text: str) -> TextStream:
    """Return a text that is in memory as a stream."""
    return TextStream(io.BytesIO(text.removeprefix("\ufeff").encode("utf-8", "surrogatepass")))


def open_text(stream: BinaryIO, declared: str | None = None, hint: str | None = None) -> TextStream:
    """Return the text of a seekable stream; raise NotThisKindError where there is none.

    declared: an encoding that the settings give for the file. hint: one that the file itself names, obeyed where the
    file is not UTF-8 and can be read so.
    """
    stream.seek(0)
    marked = stream.read(3) == _BOM
    if declared is None and _is_utf_8(stream):
        return TextStream(stream, len(_BOM) if marked else 0)
    stream.seek(0)
    raw = stream.read()
    decoded = decode(raw, declared or hint)
    if hint and not declared and isinstance(decoded, Rejection):
        decoded = decode(raw)
    if isinstance(decoded, Rejection):
        raise NotThisKindError(decoded.detail)
    if decoded.encoding == "utf-8" and decoded.method in {"mixed", "utf-8", "bom"}:
        # Each document's bytes are decoded on their own: one that is damaged does not touch the others.
        return TextStream(stream, len(_BOM) if marked else 0)
    text = decoded.text
    codec = _codec_of(decoded.encoding, text, raw)
    return TextStream(
        io.BytesIO(text.encode("utf-8", "surrogatepass")), 0, replace(decoded, text="", candidates=()), codec
    )


def _is_utf_8(stream: BinaryIO) -> bool:
    """Return whether all bytes are UTF-8 without a zero byte, which UTF-16 has."""
    stream.seek(0)
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        while chunk := stream.read(_CHUNK):
            if 0 in chunk or 0x1B in chunk:
                return False
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _codec_of(encoding: str, text: str, raw: bytes) -> str | None:
    """Return the codec that encodes a text to the bytes it was decoded from, a mark at their start left out."""
    try:
        codec = codecs.lookup(_CODECS.get(encoding, encoding)).name
        encoded = text.encode(codec, "surrogatepass" if codec.startswith("utf") else "strict")
    except (LookupError, UnicodeError):
        return None
    return codec if raw.endswith(encoded) and len(raw) - len(encoded) <= len(codecs.BOM_UTF32_LE) else None


def lines_of(stream: BinaryIO, most_bytes: int) -> Iterator[Piece]:
    """Yield the lines with their ends; a longer one than allowed as its size."""
    while line := stream.readline(most_bytes + 2):
        size = len(line)
        if size <= most_bytes + 1 or line.endswith(b"\n"):
            yield Piece(line, size)
            continue
        quotes = line.count(b'"')
        while not line.endswith(b"\n") and (line := stream.readline(_CHUNK)):
            size += len(line)
            quotes += line.count(b'"')
        yield Piece(None, size, quotes)
