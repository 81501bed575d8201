"""Mail as mail programs write it: single messages, mailboxes, saved web pages, with what a reader should get."""

# ruff: noqa: E501 - mails have long lines

from __future__ import annotations

import base64
import binascii
import datetime as dt
import quopri
import random
from collections.abc import Callable
from dataclasses import replace
from email.header import Header
from email.utils import format_datetime
from html import escape

from tests.documents.corpus import Sample, Truth
from tests.documents.corpus_web import bare, wordpress
from tests.documents.prose import NAMES, headline, paragraph, sentence

_LEGACY = {
    "en": "windows-1252",
    "de": "iso-8859-1",
    "fr": "iso-8859-15",
    "es": "windows-1252",
    "ru": "koi8-r",
    "ja": "iso-2022-jp",
}


class _Letter:
    """What a message tells: sender, subject, date and paragraphs."""

    def __init__(self, rng: random.Random, language: str) -> None:
        self.rng, self.language = rng, language
        self.sender = rng.choice(NAMES)
        self.subject = headline(rng, language)
        self.moment = dt.datetime(
            rng.randrange(1996, 2026),
            rng.randrange(1, 13),
            rng.randrange(1, 29),
            rng.randrange(24),
            rng.randrange(60),
            rng.randrange(60),
            tzinfo=dt.timezone(dt.timedelta(hours=rng.randrange(-5, 6))),
        )
        self.paragraphs = [paragraph(rng, language, (1, 3)) for _ in range(rng.randint(2, 5))]
        self.identity = f"<{rng.randrange(10**9)}.{rng.randrange(10**6)}@mail.example.org>"
        # Charsets of Japan do not have every letter of a name.
        if language == "ja":
            self.sender = "Ann Lee"

    @property
    def text(self) -> str:
        return "\n\n".join(self.paragraphs)

    def fits(self, charset: str) -> str:
        """Return a charset that can write the letter: the one asked for, or UTF-8."""
        try:
            (self.text + self.subject).encode(charset)
        except UnicodeEncodeError:
            return "utf-8"
        return charset

    def headers(self, *more: str, charset: str = "utf-8") -> str:
        name = self.sender if self.sender.isascii() else Header(self.sender, "utf-8").encode()
        lines = [
            f"Return-Path: <{self.sender.split()[0].lower().encode('ascii', 'ignore').decode()}@example.org>",
            "Received: from mail.example.org (mail.example.org [192.0.2.1])\n\tby mx.example.net (Postfix) with ESMTPS id 4QX;\n\tSun, 17 Mar 2024 10:00:00 +0000 (UTC)",
            f"Message-ID: {self.identity}",
            f"Date: {format_datetime(self.moment)}",
            f"From: {name} <ann@example.org>",
            "To: desk@example.net",
            f"Subject: {Header(self.subject, charset, header_name='Subject').encode()}"
            if not self.subject.isascii()
            else f"Subject: {self.subject}",
            *more,
        ]
        self.rng.shuffle(lines)
        return "\n".join(lines)

    def truth(self, body: str | None = None, **metadata: str) -> Truth:
        return Truth(
            self.text if body is None else body,
            self.subject,
            self.moment.date().isoformat(),
            {"message-id": self.identity, **metadata},
        )


def _qp(raw: bytes) -> str:
    return quopri.encodestring(raw).decode("ascii")


def _b64(raw: bytes) -> str:
    return base64.encodebytes(raw).decode("ascii")


def _packed(rng: random.Random, text: str, charset: str, subtype: str = "plain", more: str = "") -> str:
    """Return the headers and the body of a text part, in a transfer encoding that fits."""
    raw = text.encode(charset)
    kind = f'Content-Type: text/{subtype}; charset="{charset}"{more}\nContent-Transfer-Encoding: '
    if rng.random() < 0.5:
        return f"{kind}quoted-printable\n\n{_qp(raw)}"
    return f"{kind}base64\n\n{_b64(raw)}"


def _html(letter: _Letter) -> str:
    return "\n".join(f"<p>{escape(one, quote=False)}</p>" for one in letter.paragraphs)


Written = tuple[str | bytes, Truth]


def thunderbird(letter: _Letter) -> Written:
    """Write both texts, the plain one flowed."""
    rng = letter.rng
    boundary = f"------------{rng.randrange(10**24):024}"
    flowed = "\n\n".join(_wrapped(one, letter.language) for one in letter.paragraphs)
    part = f"Content-Type: text/plain; charset=UTF-8; format=flowed\nContent-Transfer-Encoding: 8bit\n\n{flowed}\n"
    html = f'<html>\n  <head>\n    <meta http-equiv="content-type" content="text/html; charset=UTF-8">\n  </head>\n  <body>\n{_html(letter)}\n  </body>\n</html>\n'
    body = (
        f"This is a multi-part message in MIME format.\n--{boundary}\n{part}\n--{boundary}\n"
        f"Content-Type: text/html; charset=UTF-8\nContent-Transfer-Encoding: 8bit\n\n{html}\n--{boundary}--\n"
    )
    head = letter.headers(
        "MIME-Version: 1.0",
        "User-Agent: Mozilla Thunderbird",
        "Content-Language: en-GB",
        f'Content-Type: multipart/alternative;\n boundary="{boundary}"',
    )
    return f"{head}\n\n{body}", letter.truth()


def _wrapped(text: str, language: str) -> str:
    """Break lines as format=flowed has it."""
    if language == "ja":
        return text
    lines, line = [], ""
    for word in text.split(" "):
        if len(line) + len(word) > 70:
            lines.append(line)
            line = ""
        line += word + " "
    return "\n".join([*lines, line[:-1]])


def gmail(letter: _Letter) -> Written:
    rng = letter.rng
    boundary = f"0000000000{rng.randrange(16**12):012x}0{rng.randrange(10**9)}"
    div = "<div><br></div>".join(f"<div>{escape(one, quote=False)}</div>" for one in letter.paragraphs)
    parts = (_packed(rng, letter.text + "\n", "UTF-8"), _packed(rng, f'<div dir="ltr">{div}</div>\n', "UTF-8", "html"))
    body = "".join(f"--{boundary}\n{part}\n" for part in parts)
    head = letter.headers(
        "MIME-Version: 1.0",
        f'Content-Type: multipart/alternative; boundary="{boundary}"',
        "X-Gm-Message-State: AOJu0YyX",
        "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;\n        d=gmail.com; s=20230601; t=1;\n        h=to:subject;\n        bh=abc=;\n        b=def==",
    )
    return f"{head}\n\n{body}--{boundary}--\n", letter.truth()


def outlook(letter: _Letter) -> Written:
    """Write HTML alone, as newsletters and phones do, with Office's conditional comments."""
    rows = "\n".join(
        f"<p class=MsoNormal><span lang=EN-US style='font-size:11.0pt'>{escape(one, quote=False)}<o:p></o:p></span></p>"
        for one in letter.paragraphs
    )
    html = f"""<html xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office" xmlns="http://www.w3.org/TR/REC-html40"><head><meta http-equiv=Content-Type content="text/html; charset=utf-8"><meta name=Generator content="Microsoft Word 15 (filtered medium)"><!--[if !mso]><style>v\\:* {{behavior:url(#default#VML);}}</style><![endif]--><style><!--
p.MsoNormal {{margin:0cm;}}
--></style><!--[if gte mso 9]><xml><o:shapedefaults v:ext="edit" spidmax="1026" /></xml><![endif]--></head><body lang=EN-US link="#0563C1"><div class=WordSection1>{rows}</div></body></html>"""
    charset = letter.fits("windows-1252") if letter.rng.random() < 0.5 else "utf-8"
    head = letter.headers("MIME-Version: 1.0", "X-Mailer: Microsoft Outlook 16.0", "Thread-Index: AdpJ")
    return (
        f"{head}\n{_packed(letter.rng, html.replace('charset=utf-8', f'charset={charset}'), charset, 'html')}",
        letter.truth(),
    )


def mutt(letter: _Letter) -> Written:
    """Write one plain part in 8bit: nothing is to be unpacked."""
    charset = letter.fits(letter.rng.choice(("utf-8", _LEGACY[letter.language])))
    head = letter.headers(
        "MIME-Version: 1.0",
        f"Content-Type: text/plain; charset={charset}",
        "Content-Disposition: inline",
        "Content-Transfer-Encoding: 8bit",
        "User-Agent: Mutt/2.2.12",
    )
    return f"{head}\n\n{letter.text}\n".encode(charset), letter.truth()


def ancient(letter: _Letter) -> Written:
    """Write a message of 1992: no MIME."""
    head = "\n".join(line for line in letter.headers().split("\n") if not line.startswith("Return"))
    return f"{head}\nLines: 12\n\n{letter.text}\n", letter.truth()


def one_part(letter: _Letter) -> Written:
    """Write one plain part, packed, in a charset of the language."""
    charset = letter.fits(_LEGACY[letter.language])
    return (
        f"{letter.headers('MIME-Version: 1.0', charset=charset)}\n{_packed(letter.rng, letter.text + chr(10), charset)}",
        letter.truth(),
    )


def wrong_label(letter: _Letter) -> Written:
    """Write UTF-8 under another label, or under one that nobody knows."""
    label = letter.rng.choice(("iso-8859-1", "us-ascii", "x-unknown", "klingon", "", "windows-1252"))
    head = letter.headers(
        "MIME-Version: 1.0", f'Content-Type: text/plain; charset="{label}"', "Content-Transfer-Encoding: base64"
    )
    return f"{head}\n\n{_b64(letter.text.encode())}", letter.truth()


def attached(letter: _Letter) -> Written:
    """Write a text and attachments, one with a name as RFC 2231 writes it."""
    rng = letter.rng
    name = "Übersicht März.pdf"
    encoded = "utf-8''" + "".join(f"%{byte:02X}" for byte in name.encode())
    half = len(encoded) // 2 // 3 * 3 + encoded.index("'") % 3
    cut = encoded.index("%", half)
    body = (
        f"--=_b\n{_packed(rng, letter.text + chr(10), 'utf-8')}\n--=_b\n"
        f"Content-Type: application/pdf;\n name*0*={encoded[:cut]};\n name*1*={encoded[cut:]}\nContent-Disposition: attachment;\n filename*0*={encoded[:cut]};\n filename*1*={encoded[cut:]}\n"
        f"Content-Transfer-Encoding: base64\n\n{_b64(bytes(rng.randrange(256) for _ in range(300)))}\n--=_b\n"
        f'Content-Type: text/plain; name="notes.txt"\nContent-Disposition: attachment; filename="notes.txt"\n\n{sentence(rng)}\n--=_b--\n'
    )
    head = letter.headers("MIME-Version: 1.0", 'Content-Type: multipart/mixed; boundary="=_b"')
    return f"{head}\n\n{body}", letter.truth(attachments=f"{name}, notes.txt")


def apple(letter: _Letter) -> Written:
    """Write a text in pieces with a picture between, as Apple Mail does."""
    first, rest = letter.paragraphs[0], "\n\n".join(letter.paragraphs[1:])
    body = (
        f"--Apple-Mail=_1\nContent-Transfer-Encoding: quoted-printable\nContent-Type: text/plain;\n\tcharset=utf-8\n\n{_qp(first.encode())}\n"
        "--Apple-Mail=_1\nContent-Disposition: inline;\n\tfilename=IMG_1.jpeg\nContent-Type: image/jpeg;\n\tname=IMG_1.jpeg\nContent-Transfer-Encoding: base64\n\n/9j/4AAQSkZJRg==\n"
        f"--Apple-Mail=_1\nContent-Transfer-Encoding: quoted-printable\nContent-Type: text/plain;\n\tcharset=utf-8\n\n{_qp(rest.encode())}\n--Apple-Mail=_1--\n"
    )
    head = letter.headers(
        "Mime-Version: 1.0 (Mac OS X Mail 16.0 \\(3731.700.6\\))",
        'Content-Type: multipart/mixed;\n\tboundary="Apple-Mail=_1"',
        "X-Mailer: Apple Mail (2.3731.700.6)",
    )
    return f"{head}\n\n{body}", letter.truth(attachments="IMG_1.jpeg")


def related(letter: _Letter) -> Written:
    """Write HTML with a picture of its own, beside the plain text."""
    rng = letter.rng
    html = f'<html><body>{_html(letter)}<img src="cid:logo@x"></body></html>'
    inner = f"--r1\n{_packed(rng, html, 'utf-8', 'html')}\n--r1\nContent-Type: image/png; name=logo.png\nContent-ID: <logo@x>\nContent-Transfer-Encoding: base64\n\niVBORw0KGgo=\n--r1--\n"
    outer = f"--a1\n{_packed(rng, letter.text + chr(10), 'utf-8')}\n--a1\nContent-Type: multipart/related; boundary=r1\n\n{inner}\n--a1--\n"
    return (
        f"{letter.headers('MIME-Version: 1.0', 'Content-Type: multipart/alternative; boundary=a1')}\n\n{outer}",
        letter.truth(),
    )


def signed(letter: _Letter) -> Written:
    body = f"--s1\n{_packed(letter.rng, letter.text + chr(10), 'utf-8')}\n--s1\nContent-Type: application/pgp-signature; name=signature.asc\n\n-----BEGIN PGP SIGNATURE-----\n\niQEzBAEB\n-----END PGP SIGNATURE-----\n\n--s1--\n"
    return (
        f"{letter.headers('MIME-Version: 1.0', 'Content-Type: multipart/signed; micalg=pgp-sha256; protocol=application/pgp-signature; boundary=s1')}\n\n{body}",
        letter.truth(),
    )


def forwarded(letter: _Letter) -> Written:
    """Write a text with another message attached."""
    other = _Letter(letter.rng, letter.language)
    inner = f"{other.headers('MIME-Version: 1.0')}\n{_packed(letter.rng, other.text + chr(10), 'utf-8')}"
    body = f'--f1\n{_packed(letter.rng, letter.text + chr(10), "utf-8")}\n--f1\nContent-Type: message/rfc822\nContent-Disposition: attachment; filename="forwarded.eml"\n\n{inner}\n--f1--\n'
    head = letter.headers("MIME-Version: 1.0", "Content-Type: multipart/mixed; boundary=f1")
    return f"{head}\n\n{body}", letter.truth(f"{letter.text}\n\n{other.text}", attachments="forwarded.eml")


def bounced(letter: _Letter) -> Written:
    body = (
        f"--d1\n{_packed(letter.rng, letter.text + chr(10), 'utf-8')}\n--d1\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.net\n\n"
        "Final-Recipient: rfc822; bob@example.net\nAction: failed\nStatus: 5.1.1\n\n--d1\nContent-Type: text/rfc822-headers\n\nFrom: ann@example.org\nSubject: x\n\n--d1--\n"
    )
    return (
        f"{letter.headers('MIME-Version: 1.0', 'Content-Type: multipart/report; report-type=delivery-status; boundary=d1')}\n\n{body}",
        letter.truth(),
    )


def uuencoded(letter: _Letter) -> Written:
    """Write a text with a file below it, as programs did before MIME."""
    data = bytes(letter.rng.randrange(256) for _ in range(200))
    lines = "".join(binascii.b2a_uu(data[at : at + 45]).decode("ascii") for at in range(0, len(data), 45))
    return f"{letter.headers()}\n\n{letter.text}\n\nbegin 644 map.gif\n{lines}`\nend\n", letter.truth(
        attachments="map.gif"
    )


WRITERS: tuple[Callable[[_Letter], Written], ...] = (
    thunderbird, gmail, outlook, mutt, ancient, one_part, wrong_label, attached, apple, related, signed, forwarded, bounced,
    uuencoded,
)  # fmt: skip
_LANGUAGES = ("en", "en", "de", "fr", "es", "ru", "ja")


def _written(rng: random.Random, writer: Callable[[_Letter], Written]) -> tuple[bytes, Truth]:
    text, truth = writer(_Letter(rng, rng.choice(_LANGUAGES)))
    return text if isinstance(text, bytes) else text.encode(), truth


def mails(seed: int = 2, each: int = 20) -> list[Sample]:
    """Return single messages of every writer, some with line ends of the network."""
    rng = random.Random(seed)
    samples = []
    for writer in WRITERS:
        for number in range(each):
            raw, truth = _written(rng, writer)
            raw = raw.replace(b"\n", b"\r\n") if rng.random() < 0.5 else raw
            name = f"{writer.__name__}_{number}" + rng.choice((".eml", ".eml", ".txt", ""))
            samples.append(Sample(name, raw, "message/rfc822", (truth,)))
    return samples


def mailboxes(seed: int = 3, each: int = 8) -> list[Sample]:
    """Return mailboxes of three formats; bodies hold lines that begin with `From `."""
    rng = random.Random(seed)
    samples = []
    for kind in ("mboxo", "mboxrd", "mboxcl2"):
        for number in range(each):
            parts, truths = [], []
            for _ in range(rng.randint(1, 6)):
                raw, truth = _written(rng, rng.choice(WRITERS))
                if (
                    rng.random() < 0.4
                    and b"multipart" not in raw
                    and b"base64" not in raw
                    and b"printable" not in raw
                    and b"begin" not in raw
                ):
                    raw += b"\nFrom here on it was quiet.\n\nFrom Monday to Friday nobody came.\n"
                    truth = replace(
                        truth, body=truth.body + "\n\nFrom here on it was quiet.\n\nFrom Monday to Friday nobody came."
                    )
                head, _, body = raw.partition(b"\n\n")
                if kind == "mboxcl2":
                    head += b"\nContent-Length: %d" % len(body)
                else:
                    body = (b"\n" + body).replace(b"\nFrom ", b"\n>From ")[1:]
                day = rng.choice(
                    (b"Sun Mar 17 10:00:00 2024", b"Sun Mar  3 10:00:00 +0100 2024", b"Fri, 01 Mar 2024 10:00:00 +0000")
                )
                sender = rng.choice((b"ann@example.org", b"MAILER-DAEMON", b"-", b"1794040@xxx"))
                parts.append(b"From " + sender + b" " + day + b"\n" + head + b"\n\n" + body + b"\n")
                truths.append(truth)
            raw = b"".join(parts)
            raw = raw.replace(b"\n", b"\r\n") if kind != "mboxcl2" and rng.random() < 0.2 else raw
            samples.append(
                Sample(
                    f"{kind}_{number}" + rng.choice((".mbox", "", ".txt")),
                    raw,
                    "message/rfc822",
                    tuple(truths),
                    container=True,
                )
            )
    return samples


def archives(seed: int = 4, each: int = 20) -> list[Sample]:
    """Return web pages as Chrome and Internet Explorer save them in one file."""
    rng = random.Random(seed)
    samples = []
    for number in range(each):
        page, truth, _ = rng.choice((wordpress, bare))(rng, rng.choice(_LANGUAGES))
        url = truth.metadata.get("url", "https://www.example.org/a")
        boundary = f"----MultipartBoundary--{rng.randrange(10**30)}----"
        if rng.random() < 0.6:
            head = f'From: <Saved by Blink>\nSnapshot-Content-Location: {url}\nSubject: {Header(truth.title or "", "utf-8").encode()}\nDate: Sun, 17 Mar 2024 10:00:00 -0000\nMIME-Version: 1.0\nContent-Type: multipart/related;\n\ttype="text/html";\n\tboundary="{boundary}"\n'
            part = f"Content-Type: text/html\nContent-ID: <frame-1@mhtml.blink>\nContent-Transfer-Encoding: quoted-printable\nContent-Location: {url}\n\n{_qp(page.encode())}\n"
        else:
            head = f'From: "Saved by Windows Internet Explorer 8"\nSubject: {Header(truth.title or "", "utf-8").encode()}\nDate: Sun, 17 Mar 2024 10:00:00 +0100\nMIME-Version: 1.0\nContent-Type: multipart/related;\n\ttype="text/html";\n\tboundary="{boundary}"\nX-MimeOLE: Produced By Microsoft MimeOLE V6.00\n'
            part = f'Content-Type: text/html;\n\tcharset="utf-8"\nContent-Transfer-Encoding: {"base64" if number % 2 else "quoted-printable"}\nContent-Location: {url}\n\n{_b64(page.encode()) if number % 2 else _qp(page.encode())}\n'
        picture = (
            f"Content-Type: image/png\nContent-Transfer-Encoding: base64\nContent-Location: {url}.png\n\niVBORw0KGgo=\n"
        )
        text = f"{head}\n\n--{boundary}\n{part}\n--{boundary}\n{picture}\n--{boundary}--\n"
        samples.append(
            Sample(
                f"page_{number}" + rng.choice((".mhtml", ".mht", ".txt")),
                text.replace("\n", "\r\n").encode(),
                "multipart/related",
                (truth,),
            )
        )
    return samples
