"""Web archives: WARC, and WET, which holds texts. Each page or text is a document.

The framing is three rules of ISO 28500, read here: `fastwarc` gives no bytes of a record as they stand in the file,
and those are a document's identity.
Documents are responses with a status of 2xx and resources that hold HTML or plain text, and conversions. Requests,
metadata, revisits, redirects and other media (PDF, images) are passed over.
Promised: no length that a record states is trusted; what a body is compressed to is unpacked within a limit.
Not promised: a record that is cut into segments.
"""

from __future__ import annotations

import re
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import BinaryIO, Final, NamedTuple

from longshore.documents.kinds import ContainerRejectedError, Extracted, Kind, Member, NotThisKindError
from longshore.records import Reason, Rejection
from longshore.text.decode import Decoded, decode

MEDIA_TYPE: Final = "application/warc"
READER: Final = "warc"

_VERSION: Final = re.compile(rb"WARC/(?:0\.1[678]|1\.[01])[ \t]*\r?\n\Z")
_HEAD: Final = re.compile(
    r"\s*WARC/(?:0\.1[678]|1\.[01])[ \t]*\r?\n((?:[\w-]{1,80}:[^\n]*\n|[ \t]+\S[^\n]*\n){2,200})\r?\n"
)
_LONGEST_LINE: Final = 1 << 16
_MOST_LINES: Final = 1_000
_GLANCE: Final = 1 << 14
_CHUNK: Final = 1 << 20
_CHARSET: Final = re.compile(r"charset\s*=\s*[\"']?([\w.:-]{1,40})", re.IGNORECASE)
_DEFAULT_CHARSETS: Final = frozenset({"iso-8859-1", "latin1", "latin-1", "us-ascii", "ascii", "windows-1252"})
_META_CHARSET: Final = re.compile(rb"<meta\s[^>]{0,200}?charset\s*=\s*[\"']?([\w.:-]{1,40})", re.IGNORECASE)
_HTML: Final = re.compile(rb"\s*(?:<!--[^>]{0,2000}-->\s*)?(?:<!doctype html|<html|<head|<body)", re.IGNORECASE)
_PAGES: Final = frozenset({"text/html", "application/xhtml+xml"})
_TEXTS: Final = frozenset({"text/plain"})
_SHOWN: Final = 8

Page = Callable[[str], "Extracted | Rejection"]


class _Head(NamedTuple):
    """The head of a record: its bytes, its fields in lower case, and how long its block is said to be."""

    raw: bytes
    fields: dict[str, str]
    length: int


def may_begin(head: str) -> bool:
    """Return whether a file begins with a record."""
    return head.lstrip().startswith("WARC/") and _HEAD.match(head[:_GLANCE]) is not None


def recognise(text: str, name: str) -> Kind | None:
    """Return the kind of a web archive that is text throughout (WET), or None. Others are no text: see `split`."""
    del name
    match = _HEAD.match(text[:_GLANCE]) if text.startswith("WARC/") else None
    if match is None or not {"warc-type", "content-length"} <= _fields(match[1]).keys():
        return None
    return Kind(MEDIA_TYPE, "the head of a WARC record, with its type and length", container=True)


def split(stream: BinaryIO, name: str, max_member_bytes: int) -> Iterator[Member]:
    """Yield the pages and texts of a web archive; raise NotThisKindError where a file is none.

    Raises ContainerRejectedError where it ends within a record, or holds no page and no text.
    """
    del name
    found = others = 0
    media: Counter[str] = Counter()
    for _, kind in _records(stream, max_member_bytes):
        found += kind in _PAGES | _TEXTS
        others += not kind
        media[kind] += bool(kind) and kind not in _PAGES | _TEXTS
    if not found:
        held = ", ".join(f"{kind} ({count})" for kind, count in media.most_common(_SHOWN) if count)
        what = f"; it has {held}" if held else f"; it has {others} requests, notes and the like"
        raise ContainerRejectedError(Rejection(Reason.BINARY, f"The web archive holds no page and no text{what}."))
    number = 0
    for member, kind in _records(stream, max_member_bytes):
        if kind in _PAGES | _TEXTS:
            number += 1
            yield replace(member, name=str(number))


def extract(raw: bytes, extract_page: Page, most_bytes: int = 1 << 26) -> Extracted | Rejection:
    """Extract the text of a record, with its address and date.

    raw: the whole record. extract_page: extracts the text of a page from its HTML. most_bytes: the limit of an
    unpacked body.
    """
    end = re.search(rb"\r?\n\r?\n", raw)
    if end is None:
        return Rejection(Reason.UNDECODABLE, "The record has no head.")
    fields = _fields(raw[: end.start()].decode("utf-8", "replace"))
    block = raw[end.end() :]
    content_type = fields.get("content-type", "")
    step = "warc:" + fields.get("warc-type", "")
    if "application/http" in content_type.lower():
        http = _http(block)
        content_type = http.get("content-type", "")
        body = _body(block, http, most_bytes)
    else:
        body = block.removesuffix(b"\r\n\r\n") if len(block) > _length(fields) else block
    if isinstance(body, Rejection):
        return body
    metadata = {key: fields[name] for name, key in _METADATA.items() if name in fields}
    decoded = _decode(body, content_type)
    if isinstance(decoded, Rejection):
        return decoded
    if _media_type(content_type, body) in _TEXTS:
        return Extracted(decoded.text, (step,), None, None, {**_dated(fields), **metadata}, replace(decoded, text=""))
    page = extract_page(decoded.text)
    if isinstance(page, Rejection):
        return page
    return replace(
        page,
        steps=(step, *page.steps),
        metadata={**_dated(fields), **page.metadata, **metadata},
        decoded=replace(decoded, text=""),
    )


_METADATA: Final = {
    "warc-target-uri": "url",
    "warc-record-id": "warc-record-id",
    "warc-identified-content-language": "warc-language",
}


def _dated(fields: dict[str, str]) -> dict[str, str]:
    """Return when the page was fetched, which is no date of publication."""
    return {"warc-date": fields["warc-date"]} if "warc-date" in fields else {}


def _decode(body: bytes, content_type: str) -> Decoded | Rejection:
    """Decode a body: what is not Unicode as its head or the page says, unless that is what servers say by default."""
    decoded = decode(body)
    if isinstance(decoded, Rejection) or decoded.method in {"bom", "utf-8"}:
        return decoded
    meta = _META_CHARSET.search(body[:4_096])
    named = _CHARSET.search(content_type)
    for hint in (named[1] if named else None, meta[1].decode() if meta else None):
        if hint and not hint.lower().startswith("utf") and hint.lower() not in _DEFAULT_CHARSETS:
            declared = decode(body, hint)
            if isinstance(declared, Decoded):
                return declared
    return decoded


def _fields(head: str) -> dict[str, str]:
    """Return the fields of a head under their names in lower case; folded lines joined."""
    fields: dict[str, str] = {}
    last = ""
    for line in head.splitlines()[:_MOST_LINES]:
        name, sign, value = line.partition(":")
        if line[:1] in {" ", "\t"} and last:
            fields[last] = f"{fields[last]} {line.strip()}"
        elif sign and name.strip():
            last = name.strip().lower()
            fields.setdefault(last, value.strip())
    return fields


def _length(fields: dict[str, str]) -> int:
    value = fields.get("content-length", "")
    if not (value.isascii() and value.isdigit() and len(value) < 19):
        raise NotThisKindError(f"a record without a length ({value[:40]!r})")
    return int(value)


def _records(stream: BinaryIO, most_bytes: int) -> Iterator[tuple[Member, str]]:
    """Yield each record, and the media type of the document that it holds; no type where it holds none."""
    stream.seek(0)
    count = 0
    while True:
        head = _read_head(stream, first=count == 0)
        if head is None:
            return
        count += 1
        size = len(head.raw) + head.length
        start = stream.tell()
        glance = stream.read(min(head.length, _GLANCE))
        kind = _document_type(head.fields, glance)
        held = size <= most_bytes and kind in _PAGES | _TEXTS
        rest = stream.read(head.length - len(glance)) if held else b""
        if not held:
            stream.seek(max(start + head.length - 1, start))
            ended = head.length == 0 or len(stream.read(1)) == 1
        else:
            ended = len(glance) + len(rest) == head.length
        if not ended:
            detail = f"The web archive ends within record {count}, which is {head.length} bytes long as it says."
            raise ContainerRejectedError(Rejection(Reason.CORRUPT_ARCHIVE, detail))
        raw = head.raw + glance + rest if held else None
        yield Member("", raw, size, "text/plain" if kind in _TEXTS else "text/html", reader=READER), kind


def _read_head(stream: BinaryIO, *, first: bool) -> _Head | None:
    """Read the head of the next record; None at the end."""
    line = stream.readline(_LONGEST_LINE)
    while line in {b"\r\n", b"\n"}:
        line = stream.readline(_LONGEST_LINE)
    if not line:
        if first:
            raise NotThisKindError("an empty file")
        return None
    if not _VERSION.match(line):
        raise NotThisKindError("no version of WARC where a record begins")
    lines = [line]
    while line not in {b"\r\n", b"\n"}:
        line = stream.readline(_LONGEST_LINE)
        lines.append(line)
        if not line.endswith(b"\n") or len(lines) > _MOST_LINES:
            raise NotThisKindError("the head of a record does not end")
    raw = b"".join(lines)
    fields = _fields(raw.decode("utf-8", "replace"))
    if "warc-type" not in fields:
        raise NotThisKindError("a record without a type")
    return _Head(raw, fields, _length(fields))


def _document_type(fields: dict[str, str], glance: bytes) -> str:
    """Return the media type of what a record holds for a reader; nothing for requests, notes and the like."""
    kind = fields["warc-type"].lower()
    content_type = fields.get("content-type", "")
    if kind == "conversion":
        return _media_type(content_type or "text/plain", glance)
    if kind == "resource":
        return _media_type(content_type, glance)
    if kind != "response" or "http" not in content_type.lower():
        return ""
    http = _http(glance)
    if not http["status"].startswith("2"):
        return ""
    end = re.search(rb"\r?\n\r?\n", glance)
    return _media_type(http.get("content-type", ""), glance[end.end() :] if end else b"")


def _media_type(content_type: str, body: bytes) -> str:
    """Return the media type that a head states, or what the body looks like where it states none."""
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type in {"", "unknown/unknown", "application/octet-stream"}:
        return "text/html" if _HTML.match(body) else media_type or "application/octet-stream"
    return media_type


def _http(block: bytes) -> dict[str, str]:
    """Return the fields of an HTTP head in lower case, with its status."""
    head = re.split(rb"\r?\n\r?\n", block[: _LONGEST_LINE * 4], maxsplit=1)[0].decode("latin-1")
    status, _, rest = head.partition("\n")
    words = status.split()
    return {**_fields(rest), "status": words[1] if len(words) > 1 and words[0].startswith("HTTP/") else ""}


def _body(block: bytes, http: dict[str, str], most_bytes: int) -> bytes | Rejection:
    """Return the body of an HTTP message: put together from its chunks, and unpacked within a limit."""
    end = re.search(rb"\r?\n\r?\n", block)
    body = block[end.end() :] if end else b""
    if "chunked" in http.get("transfer-encoding", "").lower():
        body = _unchunked(body)
    codings = [one.strip() for one in http.get("content-encoding", "").lower().split(",")]
    for coding in reversed(codings):
        unpacked = _unpacked(body, coding, most_bytes)
        if isinstance(unpacked, Rejection):
            return unpacked
        body = unpacked
    return body


def _unchunked(body: bytes) -> bytes:
    """Return the bytes of the chunks; a body that is not in chunks, as crawlers store it, as it is."""
    parts: list[bytes] = []
    at = 0
    while True:
        line_end = body.find(b"\n", at, at + 100)
        size = body[at:line_end].split(b";")[0].strip() if line_end >= 0 else b""
        if not re.fullmatch(rb"[0-9A-Fa-f]{1,8}", size):
            return b"".join(parts) if parts else body
        length = int(size, 16)
        if length == 0:
            return b"".join(parts)
        at = line_end + 1
        parts.append(body[at : at + length])
        at += length
        at += 2 if body[at : at + 2] == b"\r\n" else 1


def _unpacked(body: bytes, coding: str, most_bytes: int) -> bytes | Rejection:
    """Return an unpacked body. A crawler may have stored it unpacked under the head that it got: then as it is."""
    if coding in {"gzip", "x-gzip"} and body.startswith(b"\x1f\x8b"):
        return _inflated(body, 31, most_bytes)
    if coding == "deflate":
        zlib_head = len(body) > 1 and body[0] & 0x0F == 8 and (body[0] << 8 | body[1]) % 31 == 0
        unpacked = _inflated(body, 15 if zlib_head else -15, most_bytes)
        return body if isinstance(unpacked, Rejection) and unpacked.reason is Reason.UNDECODABLE else unpacked
    if coding == "br":
        return _unbrotli(body, most_bytes)
    if coding == "zstd" and body.startswith(b"\x28\xb5\x2f\xfd"):
        return Rejection(Reason.UNDECODABLE, "The body is packed with Zstandard, which is not unpacked.")
    return body


_TOO_LARGE: Final = "The body unpacks to more than {} bytes."


def _inflated(body: bytes, bits: int, most_bytes: int) -> bytes | Rejection:
    """Inflate a body; one that was cut short gives what there is."""
    inflater = zlib.decompressobj(bits)
    try:
        unpacked = inflater.decompress(body, most_bytes + 1)
    except zlib.error as error:
        return Rejection(Reason.UNDECODABLE, f"The body cannot be unpacked: {error}.")
    if len(unpacked) > most_bytes:
        return Rejection(Reason.ARCHIVE_BOMB, _TOO_LARGE.format(most_bytes))
    return unpacked


def _unbrotli(body: bytes, most_bytes: int) -> bytes | Rejection:
    """Unpack Brotli piece by piece; a body that is not packed, as crawlers store it, is returned as it is."""
    try:
        import brotli  # noqa: PLC0415 - optional, and needed by few
    except ImportError:
        if isinstance(decode(body[:_GLANCE]), Decoded):
            return body
        return Rejection(Reason.UNDECODABLE, "The body is packed with Brotli; install longshore[warc] to unpack it.")
    unpacker = brotli.Decompressor()
    parts: list[bytes] = []
    size = 0
    try:
        data = body
        while True:
            part = unpacker.process(data, output_buffer_limit=_CHUNK)
            parts.append(part)
            size += len(part)
            if size > most_bytes:
                return Rejection(Reason.ARCHIVE_BOMB, _TOO_LARGE.format(most_bytes))
            if unpacker.can_accept_more_data() or unpacker.is_finished():
                return b"".join(parts)
            data = b""
    except brotli.error:
        return body
