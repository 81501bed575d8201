"""Mail: single messages (`.eml`), mailboxes (mbox), and web pages that a browser saved as mail (MHTML).

Promised: the text that somebody wrote comes before its copy in HTML; every transfer encoding and charset is undone, and
what labels say wrongly is decided by the bytes; forwarded messages stand below the text; attachments are named.
Not promised: what is in attachments, encrypted parts and signatures.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from longshore.documents import web_page
from longshore.documents.kinds import Extracted, Kind
from longshore.documents.mbox import FROM_LINE
from longshore.documents.mime import Part, decode_labelled, read_message

if TYPE_CHECKING:
    from longshore.text.decode import Decoded

_HEAD: Final = 65_536
_MOST_LINES: Final = 1_000
_FIELD: Final = re.compile(r"([A-Za-z][!-9;-~]{0,75})[ \t]*:(?:[ \t]|$|\S)")
# Registered by RFC 5322, MIME, and what transports and lists add: what headers of mail are called.
_NAMES: Final = frozenset((
    "arc-authentication-results", "arc-message-signature", "arc-seal", "authentication-results", "auto-submitted",
    "bcc", "cc", "content-description", "content-disposition", "content-id", "content-language", "content-length",
    "content-location", "content-transfer-encoding", "content-type", "date", "delivered-to", "delivery-date",
    "disposition-notification-to", "dkim-signature", "domainkey-signature", "envelope-to", "errors-to", "from",
    "importance", "in-reply-to", "list-archive", "list-help", "list-id", "list-post", "list-subscribe",
    "list-unsubscribe", "message-id", "mime-version", "newsgroups", "organization", "path", "precedence", "priority",
    "received", "received-spf", "references", "reply-to", "resent-date", "resent-from", "resent-message-id",
    "resent-to", "return-path", "return-receipt-to", "sender", "snapshot-content-location", "status", "subject",
    "thread-index", "thread-topic", "to", "user-agent", "x-mailer", "x-original-to", "x-priority", "x-spam-status",
    "lines", "xref", "nntp-posting-host", "approved", "distribution", "followup-to", "keywords", "comments",
))  # fmt: skip
_ADDRESS: Final = re.compile(r"[^\s<>@]{1,100}(?:@| at )[^\s<>@]{2,200}")
_DATE: Final = re.compile(
    r"(?:[A-Za-z]{2,9},?\s+)?\d{1,2}[\s-]+[A-Za-z]{3,9}[\s-]+\d{2,4},?\s+\d{1,2}:\d\d(?::\d\d)?\b"
)
_BETTER_THAN_NOTHING: Final = 2
_FIRST_HEADERS: Final = 3


def recognise(text: str, name: str) -> Kind | None:
    """Return the kind of a mailbox, of a message, or of a web page saved as one; None for anything else.

    A few fields above a letter are no proof: a message has an address, an identity, or what only programs write.

    >>> recognise("From: ann@example.org\\nDate: 17 Mar 2024 10:00\\nSubject: Fog\\n\\nNo boats.", "").evidence
    'headers of mail: from, date, subject'
    >>> recognise("From: Ann\\nTo: Bob\\nSubject: Fog\\n\\nNo boats.", "a.eml") is None
    True
    """
    del name
    start = len(text[:64]) - len(text[:64].lstrip())
    first, _, following = text[start : start + 2_000].partition("\n")
    if first.startswith("From ") and FROM_LINE.match(first.encode("utf-8", "replace")):
        evidence = f"a line that separates messages of a mailbox: {first.rstrip()}"
        return Kind("message/rfc822", evidence, container=True) if _FIELD.match(following) else None
    if ":" not in first or not _FIELD.match(first):
        return None
    return _message(text, start)


def _message(text: str, start: int) -> Kind | None:
    found: dict[str, str] = {}
    last = ""
    ended = False
    lines = text[start : start + _HEAD].split("\n", _MOST_LINES)
    for line in (line.rstrip("\r") for line in lines):
        if not line.strip():
            ended = True
            break
        if line[0] in " \t":
            if not last:
                return None
            found[last] += line
            continue
        match = _FIELD.match(line)
        if match is None:
            return None
        last = match[1].lower()
        if len(found) < _FIRST_HEADERS and last not in _NAMES and "-" not in last:
            return None
        found.setdefault(last, "")
        found[last] += line[match.end(1) :].lstrip(" \t:")
    ended = ended or len(text) <= start + _HEAD
    known = [name for name in found if name in _NAMES]
    # Programs add dozens of their own, all with hyphens: X-MS-Exchange-Organization-AuthAs.
    foreign = sum(name not in _NAMES and "-" not in name for name in found)
    if not ended or len(known) < foreign:
        return None
    proofs = (
        "<" in found.get("message-id", "") and "@" in found["message-id"],
        found.get("mime-version", "").strip().startswith("1.") and "content-type" in found,
        re.match(r"(?:from|by|\()\b", found.get("received", "")) is not None and ";" in found["received"],
        _ADDRESS.search(found.get("from", "")) is not None,
        _DATE.match(found.get("date", "").strip()) is not None,
        "subject" in found,
        _ADDRESS.search(found.get("to", "")) is not None,
        re.match(r"\s*<[^<>\s]*>", found.get("return-path", "")) is not None,
        "/" in found.get("content-type", "") and "content-transfer-encoding" in found,
    )
    by_program = proofs[0] or proofs[1] or proofs[2] or proofs[7]
    if not (sum(proofs) >= 3 or (by_program and sum(proofs) >= _BETTER_THAN_NOTHING)):
        return None
    kind = "multipart/related" if _is_archive(found) else "message/rfc822"
    return Kind(kind, f"headers of mail: {', '.join(known[:8])}")


def _is_archive(headers: dict[str, str]) -> bool:
    """Return whether these are the headers of a web page that a browser saved."""
    content_type = headers.get("content-type", "").lower().lstrip()
    if "snapshot-content-location" in headers or _SAVED.match(headers.get("from", "")):
        return content_type.startswith(("multipart/related", "text/html"))
    sent = any(name in headers for name in ("to", "received", "message-id"))
    return content_type.startswith("multipart/related") and "text/html" in content_type and not sent


_SAVED: Final = re.compile(r"[\s\"<]*saved by ", re.IGNORECASE)
_MEANT_FOR_NO_READER: Final = (
    "message/delivery-status", "text/rfc822-headers", "application/pgp-signature", "application/pkcs7-signature",
    "text/x-amp-html", "text/calendar", "text/directory", "text/vcard", "text/x-vcard", "text/rtf",
)  # fmt: skip


# Of these, no one would call any an attachment: reports for programs, signatures, a copy of the text.
_UNNAMED: Final = ("message/delivery-status", "text/rfc822-headers", "text/x-amp-html")


@dataclass(slots=True)
class _Reading:
    """The texts read so far, the steps, the names of attachments, and how the first text was decoded."""

    texts: list[str] = field(default_factory=list)
    steps: list[str] = field(default_factory=list)
    attachments: list[str] = field(default_factory=list)
    decoded: Decoded | None = None

    def step(self, name: str) -> None:
        if name not in self.steps:
            self.steps.append(name)


def extract(text: str, raw: bytes) -> Extracted:
    """Return the text of a message and its fields.

    A message with one plain part that needs no unpacking has no step, and its text is the whole file, headers
    included: the header reader of plain texts takes it from there.
    """
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in raw[:64]:
        raw = text.encode("utf-8", "surrogatepass")
    raw = raw.removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n\t ") if raw[:1] in b"\xef\r\n\t " else raw
    message = read_message(raw)
    headers = message.headers
    title = headers.text("subject") or None
    date = headers.text("date") or None
    metadata = {name: value for name in _FIELDS if (value := headers.text(name))}
    if author := metadata.get("from"):
        metadata["author"] = author
    if _is_archive({name: value.decode("latin-1") for name, value in headers.fields}):
        return _archive(message, title)
    if _is_plain(message):
        return Extracted(text, (), title, date, metadata)
    reading = _Reading()
    _read(message, reading)
    if message.cut:
        reading.step("mail:cut")
    if reading.attachments:
        metadata["attachments"] = ", ".join(reading.attachments)
    return Extracted(
        "\n\n".join(part.strip("\n") for part in reading.texts if part.strip()),
        tuple(reading.steps) or ("mail:no-text",),
        title, date, metadata, reading.decoded,
    )  # fmt: skip


_FIELDS: Final = (
    "from", "to", "cc", "reply-to", "sender", "subject", "message-id", "in-reply-to", "references", "list-id",
    "newsgroups", "organization", "x-mailer", "user-agent",
)  # fmt: skip


def _is_plain(message: Part) -> bool:
    """Return whether a message is one plain text that stands in the file as it is."""
    if (
        message.media_type != "text/plain"
        or message.parts
        or message.encoding not in ("", "7bit", "8bit", "binary", "7-bit", "8-bit")
    ):
        return False
    if message.parameters.get("format", "").lower() == "flowed" or message.disposition == "attachment":
        return False
    return not re.search(rb"^begin [0-7]{3} \S", message.raw, re.MULTILINE)


def _read(part: Part, reading: _Reading) -> None:
    """Read a part and what is in it: of alternatives the best, else one after the other."""
    media_type = part.media_type
    if media_type == "multipart/alternative":
        _read_best(part, reading)
    elif media_type in ("multipart/signed", "multipart/report", "multipart/related", "multipart/encrypted"):
        _read_first(part, reading)
    elif media_type.startswith("multipart/"):
        for one in part.parts:
            _read(one, reading)
    elif media_type.startswith("message/") and part.parts:
        inner = part.parts[0]
        subject = inner.headers.text("subject")
        reading.attachments.append(part.file_name or subject or "message")
        reading.step("mail:message/rfc822")
        _read(inner, reading)
    elif _is_body(part):
        _read_text(part, reading)
    elif media_type not in _UNNAMED and not media_type.startswith("multipart/"):
        reading.attachments.append(part.file_name or media_type)


def _is_body(part: Part) -> bool:
    if part.disposition == "attachment" or part.media_type in _MEANT_FOR_NO_READER:
        return False
    # Some programs name the HTML that they send as the body.
    named = bool(part.file_name) and not (part.media_type == "text/html" and not part.disposition)
    return part.media_type.startswith("text/") and not named


def _read_first(part: Part, reading: _Reading) -> None:
    """Read the part that a multipart is about, and name the others."""
    parts = list(part.parts)
    start = part.parameters.get("start", "")
    if start and part.media_type == "multipart/related":
        parts.sort(key=lambda one: (one.headers.raw("content-id") or b"").decode("latin-1").strip() != start)
    elif part.media_type == "multipart/related":
        parts.sort(key=lambda one: not (_is_body(one) or one.media_type.startswith("multipart/")))
    for number, one in enumerate(parts):
        if number == 0 or (
            part.media_type == "multipart/report" and one.media_type.startswith("message/") and one.parts
        ):
            _read(one, reading)
        elif one.file_name:
            reading.attachments.append(one.file_name)
        elif (
            part.media_type == "multipart/related" and not _is_body(one) and not one.media_type.startswith("multipart/")
        ):
            reading.attachments.append(one.media_type)
    if part.media_type == "multipart/related" and len(parts) > 1:
        reading.step("mail:multipart/related")


_STAND_IN: Final = re.compile(
    r"html|e-?mail client|nicht (?:angezeigt|unterstützt)|online version|view (?:this|it)|browser", re.IGNORECASE
)
_SHORT: Final = 300
_MUCH_LONGER: Final = 5


def _read_best(part: Part, reading: _Reading) -> None:
    """Read the plain text of alternatives, or the HTML where the plain text is missing or only points to it."""
    trials: list[_Reading] = []
    for one in part.parts:
        trial = replace(reading, texts=[], steps=[], attachments=[], decoded=reading.decoded)
        _read(one, trial)
        trials.append(trial)
    said = [(sum(map(len, trial.texts)), trial) for trial in trials if any(text.strip() for text in trial.texts)]
    plain = next(((size, trial) for size, trial in said if not any(":html" in step for step in trial.steps)), None)
    html = next(((size, trial) for size, trial in said if any(":html" in step for step in trial.steps)), None)
    best = plain or html
    if (
        plain
        and html
        and plain[0] < _SHORT
        and html[0] > _MUCH_LONGER * plain[0]
        and _STAND_IN.search(plain[1].texts[0])
    ):
        best = html
    for trial in trials:
        reading.attachments += [name for name in trial.attachments if name not in reading.attachments]
    if best:
        reading.texts += best[1].texts
        reading.decoded = best[1].decoded
        for step in best[1].steps:
            reading.step(step)


def _read_text(part: Part, reading: _Reading) -> None:
    body = part.unpacked()
    label = part.parameters.get("charset")
    is_html = part.media_type in ("text/html", "application/xhtml+xml")
    if is_html and not label and (meta := re.search(rb"charset=[\"']?([\w-]{2,40})", body[:2_048])):
        label = meta[1].decode("ascii")
    found = decode_labelled(body, label)
    if found is None:
        return
    text = found.text.replace("\r\n", "\n")
    reading.decoded = reading.decoded or replace(found, text="")
    if part.encoding in ("base64", "quoted-printable") or "uue" in part.encoding:
        unpacked = f"mail:{part.encoding}"
    else:
        unpacked = ""
    if is_html:
        reading.step("mail:html")
        text = web_page.as_text(text)
    else:
        reading.step("mail:text/plain" if part.media_type == "text/plain" else f"mail:{part.media_type}")
        if part.media_type == "text/enriched":
            text = re.sub(r"<[^<>]{0,200}>", "", text)
        if part.parameters.get("format", "").lower() == "flowed":
            text = unflow(text, delete_space=part.parameters.get("delsp", "").lower() == "yes")
            reading.step("mail:format=flowed")
        text = _without_uuencoded(text, reading)
    if unpacked:
        reading.step(unpacked)
    if text.strip():
        reading.texts.append(text)


def unflow(text: str, *, delete_space: bool = False) -> str:
    r"""Join the lines of a flowed text (RFC 3676): a line that ends in a blank goes on in the next of the same depth.

    >>> unflow("The harbour \nwas quiet.\n From here on.\n> quoted \n> text\n-- \nAnn")
    'The harbour was quiet.\nFrom here on.\n> quoted text\n-- \nAnn'
    """
    pieces: list[str] = []
    flowing = -1
    for line in text.split("\n"):
        content = line.lstrip(">")
        depth = len(line) - len(content)
        content = content.removeprefix(" ")
        signature = content == "-- "
        if flowing != depth or signature:
            pieces.append("\n" + ">" * depth + " " * bool(depth))
        flowing = depth if content.endswith(" ") and not signature else -1
        pieces.append(content[:-1] if delete_space and flowing >= 0 else content)
    return "".join(pieces)[1:]


_UUENCODED: Final = re.compile(
    r"^begin [0-7]{3} (\S[^\n]{0,200})\n(?:[ -`]{1,62}\n)*?`?[ ]*\n?end[ \t]*(?:\n|\Z)", re.MULTILINE
)


def _without_uuencoded(text: str, reading: _Reading) -> str:
    """Cut the files that old programs put into the text itself, and name them."""
    if "\nbegin " not in text and not text.startswith("begin "):
        return text

    def cut(match: re.Match[str]) -> str:
        reading.attachments.append(match[1].strip())
        reading.step("mail:uuencode")
        return ""

    return _UUENCODED.sub(cut, text)


def _archive(message: Part, title: str | None) -> Extracted:
    """Extract the page of a web archive, as a page is extracted."""
    page = next((part for part in _leaves(message) if part.media_type in ("text/html", "application/xhtml+xml")), None)
    if page is None:
        return Extracted("", ("mhtml:no-page",), title)
    found = decode_labelled(page.unpacked(), page.parameters.get("charset"))
    extracted = web_page.extract(found.text if found else "", b"")
    metadata = dict(extracted.metadata)
    location = message.headers.text("snapshot-content-location") or page.headers.text("content-location")
    if location and not location.startswith("cid:"):
        metadata.setdefault("url", location)
    if saved := message.headers.text("date"):
        metadata["saved"] = saved
    packed = (f"mhtml:{page.encoding}",) if page.encoding in ("base64", "quoted-printable") else ()
    steps = ("mhtml:text/html", *packed, *extracted.steps)
    decoded = replace(found, text="") if found else None
    return Extracted(extracted.text, steps, extracted.title or title, extracted.date, metadata, decoded)


def _leaves(part: Part) -> list[Part]:
    return [leaf for one in part.parts for leaf in _leaves(one)] if part.parts else [part]
