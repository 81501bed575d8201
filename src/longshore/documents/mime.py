"""The structure of a mail (RFC 5322, MIME): its headers decoded, its parts found and unpacked.

The standard library's parser makes an object of every part, however many there are, and its structured headers cost
milliseconds. This one keeps places in the bytes, and no more parts, levels and headers than a mail has.

Promised: total over any bytes; time and memory are linear in them. Where a mail contradicts its labels (a charset that
does not fit, a boundary that is missing, base64 with foreign characters) it is read as mail programs read it.
"""

from __future__ import annotations

import binascii
import re
from dataclasses import dataclass, field
from email.header import decode_header
from email.message import Message
from typing import TYPE_CHECKING, Final

from longshore.text.decode import Decoded, decode

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_MOST_HEADER_BYTES: Final = 262_144
_MOST_HEADERS: Final = 1_000
_LONGEST_HEADER: Final = 8_192
_MOST_PARTS: Final = 1_000
_DEEPEST: Final = 20
_FIELD: Final = re.compile(rb"([!-9;-~]{1,76})[ \t]*:[ \t]*([^\r\n]*(?:\r?\n[ \t][^\r\n]*)*)(?:\r?\n|\Z)")
_FROM_LINE: Final = re.compile(rb">?From [^\r\n]*\r?\n")
_BLANK: Final = re.compile(rb"[ \t]*(?:\r?\n|\Z)")


@dataclass(frozen=True, slots=True)
class Headers:
    """The headers of a message or a part, by their lower-case names, unfolded. end: where the body begins."""

    fields: tuple[tuple[str, bytes], ...]
    end: int

    def raw(self, name: str) -> bytes | None:
        """Return the first value of that name."""
        return next((value for found, value in self.fields if found == name), None)

    def text(self, name: str) -> str:
        """Return a value with its encoded words decoded; several of one name are joined by commas."""
        return ", ".join(filter(None, (decode_value(value) for found, value in self.fields if found == name)))


def read_headers(raw: bytes, start: int, end: int) -> Headers:
    """Read the block of headers at a place; what is no header ends it, as a blank line does."""
    at = start
    if match := _FROM_LINE.match(raw, at, end):
        at = match.end()
    limit = min(end, start + _MOST_HEADER_BYTES)
    fields: list[tuple[str, bytes]] = []
    while at < limit:
        if match := _BLANK.match(raw, at, end):
            return Headers(tuple(fields), match.end())
        match = _FIELD.match(raw, at, limit)
        if match is None or len(fields) >= _MOST_HEADERS:
            break
        value = match[2][:_LONGEST_HEADER]
        fields.append((match[1].decode("ascii").lower(), value))
        at = match.end()
    if at < end and at >= limit:
        # More headers than any mail has: the body begins below them.
        blank = re.compile(rb"\r?\n[ \t]*\r?\n").search(raw, at, end)
        at = blank.end() if blank else end
    return Headers(tuple(fields), at)


def decode_value(value: bytes) -> str:
    """Return the text of a header: folds undone, encoded words (RFC 2047) and bytes beyond ASCII decoded.

    >>> decode_value(b"=?utf-8?q?Gr=C3=BC=C3=9Fe?= from Kiel")
    'Grüße from Kiel'
    """
    unfolded = re.sub(rb"\r?\n[ \t]+", b" ", value).strip()
    text = _decoded(unfolded, None)
    if "=?" not in text:
        return text
    try:
        chunks = decode_header(text)
    except (ValueError, binascii.Error):
        return text
    parts = []
    for chunk, charset in chunks:
        if isinstance(chunk, str):
            parts.append(chunk)
        elif charset is None:
            parts.append(chunk.decode("raw-unicode-escape"))
        else:
            parts.append(_decoded(chunk, charset.partition("*")[0]))
    return " ".join("".join(parts).split())


def _decoded(raw: bytes, label: str | None) -> str:
    if raw.isascii() and label is None:
        return raw.decode("ascii")
    found = decode_labelled(raw, label)
    return found.text if found else raw.decode("latin-1")


_ASCII_LABELS: Final = frozenset(
    (
        "",
        "us-ascii",
        "ascii",
        "ansi_x3.4-1968",
        "utf-8",
        "utf8",
        "unknown",
        "unknown-8bit",
        "x-unknown",
        "default",
        "8bit",
        "binary",
    )
)
_C1: Final = re.compile("[\x80-\x9f]")
_SURE: Final = 0.97


def decode_labelled(raw: bytes, label: str | None) -> Decoded | None:
    r"""Decode the bytes of a part: by its label where that fits, else by what they are; None where they hold no text.

    A label does not fit that nobody knows, that cannot read the bytes, that gives control characters, or that says
    something else than UTF-8 of bytes that are UTF-8.

    >>> decode_labelled("Größe".encode(), "iso-8859-1").text, decode_labelled("Größe".encode("cp1252"), "x").encoding
    ('Größe', 'windows-1252')
    """
    own = decode(raw)
    plain = (label or "").strip().strip("\"'").lower()
    if (
        plain in _ASCII_LABELS
        or not raw
        or (isinstance(own, Decoded) and own.method in ("utf-8", "bom") and not raw.isascii())
    ):
        return own if isinstance(own, Decoded) else None
    if raw.isascii() and not _spells_in_ascii(plain):
        return own if isinstance(own, Decoded) else None
    declared = decode(raw, plain)
    if (
        isinstance(declared, Decoded)
        and _C1.search(declared.text)
        and plain.replace("_", "-") in ("iso-8859-1", "latin1", "iso8859-1", "iso-8859-15", "iso-8859-9")
    ):
        wider = decode(raw, "windows-1254" if plain.endswith("9") else "windows-1252")
        declared = wider if isinstance(wider, Decoded) else declared
    if not isinstance(declared, Decoded) or _C1.search(declared.text):
        return own if isinstance(own, Decoded) else declared if isinstance(declared, Decoded) else None
    if isinstance(own, Decoded) and own.confidence >= _SURE and own.text != declared.text and own.method == "detected":
        return own
    return declared


def _spells_in_ascii(label: str) -> bool:
    return label.startswith(("iso-2022", "hz", "utf-7", "unicode-1-1-utf-7", "csiso2022"))


@dataclass(frozen=True, slots=True)
class Part:
    """A message, or a part. Its body is `raw[headers.end:end]`.

    parts: those of a multipart, in their order. cut: whether there are more of them, or deeper ones, than are read.
    """

    raw: bytes
    headers: Headers
    end: int
    media_type: str
    parameters: dict[str, str] = field(default_factory=dict)
    parts: tuple[Part, ...] = ()
    cut: bool = False

    @property
    def encoding(self) -> str:
        """The transfer encoding."""
        value = self.headers.raw("content-transfer-encoding") or b""
        return value.decode("latin-1").strip().strip("\"';").lower()

    @property
    def disposition(self) -> str:
        """`attachment`, `inline` or nothing."""
        value = (self.headers.raw("content-disposition") or b"").decode("latin-1")
        return value.partition(";")[0].strip().lower()

    @property
    def file_name(self) -> str:
        """The name of the file that it is, or nothing."""
        disposition = self.headers.raw("content-disposition")
        name = _parameters(disposition).get("filename", "") if disposition else ""
        return name or self.parameters.get("name", "")

    def unpacked(self) -> bytes:
        """Return the bytes of its body, its transfer encoding undone."""
        return unpack(self.raw[self.headers.end : self.end], self.encoding)


def read_message(raw: bytes) -> Part:
    """Return the structure of a message."""
    return _read(raw, 0, len(raw), 0, [_MOST_PARTS])


def _read(raw: bytes, start: int, end: int, depth: int, left: list[int], default: str = "text/plain") -> Part:
    headers = read_headers(raw, start, end)
    content_type = headers.raw("content-type")
    media_type, parameters = _media_type(content_type) if content_type else ("", {})
    media_type = media_type or default
    parts: list[Part] = []
    cut = depth == _DEEPEST and media_type.startswith(("multipart/", "message/"))
    if depth < _DEEPEST:
        if media_type.startswith("multipart/"):
            default = "message/rfc822" if media_type == "multipart/digest" else "text/plain"
            for part_start, part_end in _spans(raw, headers.end, end, parameters.get("boundary", "")):
                if left[0] <= 0:
                    cut = True
                    break
                left[0] -= 1
                parts.append(_read(raw, part_start, part_end, depth + 1, left, default))
        elif media_type in ("message/rfc822", "message/global", "message/news"):
            encoding = (headers.raw("content-transfer-encoding") or b"").decode("latin-1").strip().lower()
            if encoding in ("base64", "quoted-printable"):
                inner = unpack(raw[headers.end : end], encoding)
                parts.append(_read(inner, 0, len(inner), depth + 1, left))
            else:
                parts.append(_read(raw, headers.end, end, depth + 1, left))
    if media_type.startswith("multipart/") and not parts:
        # No boundary in it: what it holds is read as text.
        media_type = "text/plain"
    return Part(raw, headers, end, media_type, parameters, tuple(parts), cut or any(part.cut for part in parts))


_ANY_DELIMITER: Final = re.compile(rb"^--([^\s-][^\r\n]{0,69}?)[ \t]*\r?$", re.MULTILINE)


def _spans(raw: bytes, start: int, end: int, boundary: str) -> Iterator[tuple[int, int]]:
    """Yield where the parts of a multipart begin and end."""
    delimiter = b"--" + boundary.encode("utf-8", "surrogateescape").rstrip()
    if not boundary or raw.find(delimiter, start, end) < 0:
        guess = _ANY_DELIMITER.search(raw, start, end)
        if guess is None:
            return
        delimiter = b"--" + guess[1]
    at, opened = start, -1
    while (at := raw.find(delimiter, at, end)) >= 0:
        line_end = raw.find(b"\n", at, end)
        line_end = end if line_end < 0 else line_end + 1
        rest = raw[at + len(delimiter) : min(line_end, at + len(delimiter) + 80)].strip()
        if (at == start or raw[at - 1 : at] == b"\n") and rest in (b"", b"--"):
            if opened >= 0:
                # The line end before a boundary belongs to the boundary.
                close = at - 1 - (raw[at - 2 : at - 1] == b"\r") if at > opened else at
                yield opened, max(opened, close)
            if rest:
                return
            opened = line_end
        at = max(line_end, at + 1)
    if 0 <= opened < end:
        yield opened, end


def _media_type(value: bytes) -> tuple[str, dict[str, str]]:
    media_type = value.partition(b";")[0].decode("latin-1").strip().lower()
    if not re.fullmatch(r"[\w.+-]+/[\w.+-]+", media_type):
        media_type = {"text": "text/plain", "html": "text/html"}.get(media_type, "")
    return media_type, _parameters(value)


def _parameters(value: bytes) -> dict[str, str]:
    """Return the parameters of a header, put together and decoded as RFC 2231 has it."""
    message = Message()
    message["content-type"] = re.sub(r"\s+", " ", _decoded(value[:_LONGEST_HEADER], None))
    found: dict[str, str] = {}
    pairs: Sequence[tuple[str, object]] = message.get_params(failobj=[]) or []
    for name, given in pairs[1:]:
        if isinstance(given, tuple):
            charset, _, text = given
            said = _decoded(text.encode("latin-1", "replace"), charset or "utf-8")
        else:
            said = decode_value(str(given).encode("utf-8", "surrogateescape"))
        found.setdefault(name.lower().rstrip("*"), said.strip())
    return found


def unpack(body: bytes, encoding: str) -> bytes:
    r"""Undo a transfer encoding, as far as the bytes are in it.

    >>> unpack(b"R3LDvMOfZQ==\n", "base64").decode(), unpack(b"Gr=C3=BC=C3=9Fe=\n!", "quoted-printable").decode()
    ('Grüße', 'Grüße!')
    """
    if encoding == "base64":
        return _from_base64(body)
    if encoding == "quoted-printable":
        return binascii.a2b_qp(body)
    if encoding in ("x-uuencode", "uuencode", "uue", "x-uue"):
        return _from_uuencode(body)
    return body


_NO_BASE64: Final = bytes(set(range(256)) - set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="))


def _from_base64(body: bytes) -> bytes:
    """Decode base64; a footer that a mailing list put below it in plain text stays below."""
    body, footer = _without_footer(body)
    packed = body.translate(None, _NO_BASE64)
    unpadded = packed.rstrip(b"=")
    if b"=" in unpadded:
        # Pieces that were padded each.
        pieces = [piece for piece in re.split(rb"=+", packed) if piece]
        return b"".join(map(_base64_piece, pieces)) + footer
    return _base64_piece(unpadded) + footer


_FOREIGN: Final = re.compile(rb"[^A-Za-z0-9+/=\s]")
_BEFORE_FOOTER: Final = re.compile(rb"=[ \t]*\r?\n(?=[^\n]*[^A-Za-z0-9+/=\s])|\n[ \t]*\r?\n(?=[^\n]*[^A-Za-z0-9+/=\s])")


def _without_footer(body: bytes) -> tuple[bytes, bytes]:
    """Cut off what stands below base64 in plain text: it begins at a line with characters that base64 has not."""
    foreign = _FOREIGN.search(body)
    if foreign is None:
        return body, b""
    if match := _BEFORE_FOOTER.search(body):
        return body[: match.end()], body[match.end() :]
    line = body.rfind(b"\n", 0, foreign.start()) + 1
    return (body[:line], body[line:]) if line else (body, b"")


def _base64_piece(packed: bytes) -> bytes:
    packed = packed[:-1] if len(packed) % 4 == 1 else packed
    return binascii.a2b_base64(packed + b"=" * (-len(packed) % 4))


def _from_uuencode(body: bytes) -> bytes:
    begun = False
    unpacked = []
    for line in body.splitlines():
        if not begun:
            begun = re.match(rb"begin(?:-base64)? [0-7]{3,4} ", line) is not None
        elif line.strip() in (b"end", b"`", b""):
            if line.strip() == b"end":
                break
        else:
            try:
                unpacked.append(binascii.a2b_uu(line))
            except binascii.Error:
                # Trailing blanks lost, or added: the length stands in the first character.
                size = (((line[0] - 32) & 63) * 4 + 5) // 3
                unpacked.append(binascii.a2b_uu(line[:size].ljust(size)))
    return b"".join(unpacked) if begun else body
