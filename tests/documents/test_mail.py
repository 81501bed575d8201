"""Mail: single messages, mailboxes and saved pages; and what hostile ones cost."""

from __future__ import annotations

import io
import time
import unicodedata

import pytest

from longshore.documents import mail, mbox
from longshore.documents.detect import recognise
from longshore.documents.kinds import NotThisKindError
from longshore.documents.mime import decode_labelled, decode_value, unpack
from longshore.text.decode import Decoded, decode
from longshore.text.header import split_header
from longshore.text.repair import repair
from tests.documents.corpus_mail import archives, mailboxes, mails

MAILS, MAILBOXES, ARCHIVES = mails(), mailboxes(), archives()
HEAD = "From: ann@example.org\nDate: Sun, 17 Mar 2024 10:00:00 +0100\nSubject: Fog\nMIME-Version: 1.0\n"


def text_of(raw):
    decoded = decode(raw)
    assert isinstance(decoded, Decoded)
    return decoded.text


def plain(text):
    text = unicodedata.normalize("NFC", text).replace("\r\n", "\n")
    return "\n".join(line.rstrip() for line in text.strip().split("\n"))


def body_of(raw):
    """Return the body as a record would have it: where nothing is unpacked, the header reader takes the headers off."""
    extracted = mail.extract(text_of(raw), raw)
    return extracted.text if extracted.steps else split_header(repair(extracted.text).text).body


def test_messages_mailboxes_and_saved_pages_are_known_for_what_they_are():
    samples = [*MAILS, *MAILBOXES, *ARCHIVES]
    kinds = [recognise(text_of(sample.raw), sample.name) for sample in samples]
    wrong = [
        (sample.name, kind)
        for sample, kind in zip(samples, kinds, strict=True)
        if (kind.media_type, kind.container) != (sample.media_type, sample.container)
    ]
    assert len(wrong) <= len(samples) / 100, wrong


def test_the_body_of_a_message_is_what_somebody_wrote():
    wrong = [sample.name for sample in MAILS if plain(body_of(sample.raw)) != plain(sample.documents[0].body)]
    assert len(wrong) <= len(MAILS) / 100, wrong


def test_the_fields_of_a_message_are_decoded():
    for sample in MAILS:
        extracted, truth = mail.extract(text_of(sample.raw), sample.raw), sample.documents[0]
        assert extracted.title == truth.title, sample.name
        assert extracted.date, sample.name
        assert extracted.metadata.items() >= truth.metadata.items(), sample.name


def test_a_mailbox_gives_its_messages_one_by_one():
    for sample in MAILBOXES:
        members = list(mbox.split(io.BytesIO(sample.raw), 10_000_000))
        assert [member.name for member in members] == [str(number + 1) for number in range(len(sample.documents))]
        for member, truth in zip(members, sample.documents, strict=True):
            assert plain(body_of(member.raw)) == plain(truth.body)


def test_a_saved_page_is_extracted_as_a_page():
    for sample in ARCHIVES:
        extracted, truth = mail.extract(text_of(sample.raw), sample.raw), sample.documents[0]
        assert extracted.title == truth.title
        assert truth.date is None or (extracted.date or "").startswith(truth.date)
        assert set(truth.body.split("\n")) <= set(extracted.text.split("\n"))


def test_a_message_that_needs_no_unpacking_keeps_its_whole_text_and_has_no_step():
    text = f"{HEAD}Content-Type: text/plain; charset=utf-8\n\nGrüße.\n"
    extracted = mail.extract(text, text.encode())
    assert (extracted.text, extracted.steps, extracted.title) == (text, (), "Fog")
    assert extracted.metadata["from"] == "ann@example.org"


@pytest.mark.parametrize(
    "text",
    [
        "From: Ann\nTo: Bob\nSubject: Fog\n\nNo boats.",
        "From Monday on the harbour is closed.\n\nNobody came.",
        "From ann Sun Mar 17 10:00:00 2024\n\nis how a mailbox begins.",
        "Date: 2024-03-17\nTitle: Fog\n\nNo boats.",
        "Message: closed\n\nNo boats.",
        "Subject: the pier\nVerb: closes\nObject: the gate\n\nA grammar.",
        "Received: three boxes\nSender: Paul\nDate: Monday\n\nA delivery note.",
        "Note: see below\nFrom: Kiel\nTo: Bergen\nDate: 3 May\n\nA voyage.",
        "Content-Type: text/html is what a server sends.\n\nThen comes a page.",
        "To: be\nOr: not\nTo: be\n\nThat is the question.",
        "Ann: hello\nBob: hello\nAnn: is the pier open?\n",
        "http://example.org/a\nhttps://example.org/b\n",
    ],
)
def test_fields_above_a_letter_and_lines_with_colons_are_no_mail(text):
    assert recognise(text, "a.eml").media_type == "text/plain"


def test_a_message_is_known_below_dozens_of_headers_that_programs_add():
    added = "".join(f"X-MS-Exchange-Organization-{number}: {number}\n" for number in range(60))
    text = f"{added}Feedback-ID: 1\nFrom: ann@example.org\nMessage-ID: <1@example.org>\nSubject: Fog\n\nNo boats.\n"
    assert recognise(text, "a.txt").media_type == "message/rfc822"


def mailbox(*bodies):
    head = "From ann@example.org Sun Mar 17 10:00:00 2024\nFrom: ann@example.org\nSubject: Fog\n\n"
    return "".join(f"{head}{body}\n\n" for body in bodies).encode()


def members_of(raw, most=1_000_000):
    return list(mbox.split(io.BytesIO(raw), most))


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (">From here on", "From here on"),
        (">>From here on", ">From here on"),
        ("> From here on", "> From here on"),
        ("From here on", "From here on"),
        (
            "From ann@example.org Sun Mar 17 10:00:00 2024\n\nno header",
            "From ann@example.org Sun Mar 17 10:00:00 2024\n\nno header",
        ),
    ],
)
def test_lines_that_begin_with_from_stay_in_a_body(written, read):
    members = members_of(mailbox(f"One.\n\n{written}", "Two."))
    assert [member.raw.decode().partition("\n\n")[2] for member in members] == [f"One.\n\n{read}\n", "Two.\n"]


def test_a_length_that_does_not_end_at_a_separator_is_not_believed():
    raw = mailbox("One.", "Two.").replace(b"Subject", b"Content-Length: 30\nSubject")
    assert [member.raw.count(b".\n") for member in members_of(raw)] == [1, 1]


def test_a_length_that_ends_at_a_separator_holds_for_what_looks_like_one():
    inner = "From ann@example.org Sun Mar 17 10:00:00 2024\nFrom: ann@example.org\n\nOne."
    raw = mailbox(inner, "Two.").replace(b"Subject", b"Content-Length: %d\nSubject" % (len(inner) + 1), 1)
    assert [member.raw.decode().partition("\n\n")[2] for member in members_of(raw)] == [inner + "\n", "Two.\n"]


def test_a_message_longer_than_allowed_has_no_bytes_and_hides_no_other():
    members = members_of(mailbox("One.", "x" * 5_000, "Three."), most=1_000)
    assert [member.raw is None for member in members] == [False, True, False]
    assert members[1].size > 5_000


def test_a_stream_that_begins_with_no_separator_is_no_mailbox():
    with pytest.raises(NotThisKindError):
        members_of(b"From Monday on\n\nthe harbour is closed.\n")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("=?utf-8?B?R3LDvA==?= =?utf-8?B?w59l?=", "Grüße"),
        ("=?UTF-8?B?R3LD?=\n =?UTF-8?B?vMOfZQ==?=", "Grüße"),
        ("=?iso-8859-1?q?Gr=FC=DFe?= aus =?iso-8859-1?q?K=F6ln?=", "Grüße aus Köln"),
        ("=?utf-8*de?q?Gr=C3=BC=C3=9Fe?=", "Grüße"),
        ("=?klingon?q?Gr=C3=BC=C3=9Fe?=", "Grüße"),
        ("=?utf-8?q?broken", "=?utf-8?q?broken"),
        ('"=?utf-8?q?J=C3=B6rg?=" <j@example.org>', '"Jörg" <j@example.org>'),
        ("Grüße", "Grüße"),
        ("Re: a =? b", "Re: a =? b"),
    ],
)
def test_encoded_words_are_decoded_as_mail_programs_decode_them(value, text):
    assert decode_value(value.encode()) == text


@pytest.mark.parametrize(
    ("text", "charset", "label"),
    [
        ("Größe und Maß", "utf-8", "iso-8859-1"),
        ("Größe und „Maß“", "windows-1252", "iso-8859-1"),
        ("한국어 문장입니다", "euc-kr", "ks_c_5601-1987"),
        ("日本語の文章です", "iso-2022-jp", "ISO-2022-JP"),
        ("Größe und Maß", "utf-7", "unicode-1-1-utf-7"),
        ("Größe und Maß", "utf-8", "no-such-charset"),
        ("Паром вышел из порта с опозданием", "koi8-r", "koi8-r"),
        ("Паром вышел из порта с опозданием на час, потому что туман не рассеивался", "windows-1251", "us-ascii"),
        ("שלום לכולם", "iso-8859-8", "iso-8859-8-i"),
    ],
)
def test_a_label_is_obeyed_where_it_fits_and_else_the_bytes_decide(text, charset, label):
    decoded = decode_labelled(text.encode(charset), label)
    assert decoded is not None
    assert decoded.text == text


@pytest.mark.parametrize(
    ("packed", "encoding", "raw"),
    [
        (b"R3LD vMOf\r\nZQ", "base64", "Grüße".encode()),
        (b"YQ==\nYg==\n", "base64", b"ab"),
        (b"YWJj\n_______\nA footer of the list\n", "base64", b"abc_______\nA footer of the list\n"),
        (b"a=20=\n b =\n", "quoted-printable", b"a  b "),
        (b"100 =% =G1", "quoted-printable", b"100 =% =G1"),
        (b"begin 644 a\n#86)C\n`\nend\n", "x-uuencode", b"abc"),
        (b"as it is", "x-unknown", b"as it is"),
    ],
)
def test_transfer_encodings_are_undone_as_far_as_they_reach(packed, encoding, raw):
    assert unpack(packed, encoding) == raw


def test_html_stands_for_a_plain_text_that_only_points_to_it():
    html = "<p>" + "The harbour was quiet, and nobody came. " * 20 + "</p>"
    raw = (
        f"{HEAD}Content-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/plain\n\nYour client does"
        f" not show HTML.\n--b\nContent-Type: text/html\n\n{html}\n--b--\n"
    )
    assert mail.extract(raw, raw.encode()).text.startswith("The harbour was quiet")


def test_lines_of_a_mail_in_html_stay_lines():
    html = '<div dir="ltr">Hello Ann,<div><br></div><div>no boats.</div><ul><li>fog</li><li>ice</li></ul>Bob</div>'
    raw = f"{HEAD}Content-Type: text/html\n\n{html}\n"
    assert mail.extract(raw, raw.encode()).text == "Hello Ann,\n\nno boats.\n\nfog\nice\n\nBob"


def test_what_a_mail_hides_is_no_text_and_what_it_attaches_is_named():
    raw = (
        f"{HEAD}Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/html\n\n"
        '<div style="display:none">Preview</div><p>No boats.</p>\n'
        "--b\nContent-Type: text/plain\nContent-Disposition: attachment\n\nA note.\n--b--\n"
    )
    extracted = mail.extract(raw, raw.encode())
    assert extracted.text == "No boats."
    assert extracted.metadata["attachments"] == "text/plain"


def multipart(body, kind="mixed", n=1):
    return HEAD + f"Content-Type: multipart/{kind}; boundary=b\n\n" + body * n


HOSTILE = {
    "boundaries": lambda n: multipart("--b\n", n=n),
    "parts": lambda n: multipart("--b\n\nx\n", n=n),
    "alternatives": lambda n: multipart("--b\nContent-Type: text/html\n\n<p>x</p>\n", "alternative", n),
    "deep": lambda n: (
        HEAD + "".join(f"Content-Type: multipart/mixed; boundary=b{i}\n\n--b{i}\n" for i in range(n // 10))
    ),
    "deep alike": lambda n: multipart("--b\nContent-Type: multipart/mixed; boundary=b\n\n", n=n),
    "deep messages": lambda n: HEAD + "Content-Type: message/rfc822\n\n" * n,
    "a long header": lambda n: HEAD + "X: " + "a" * 20 * n + "\n\nx",
    "encoded words": lambda n: HEAD + "X: " + "=?utf-8?q?a?= " * n + "\n\nx",
    "parameters": lambda n: HEAD + "Content-Type: text/plain; " + "a=b; " * n + "\n\nx",
    "quotes": lambda n: HEAD + 'Content-Type: text/plain; a="' + '\\"' * n + "\n\nx",
    "headers": lambda n: HEAD + "X: y\n" * n + "\n\nx",
    "folds": lambda n: HEAD + "X: y\n" + "\t\n" * n + "\n\nx",
    "base64": lambda n: HEAD + "Content-Transfer-Encoding: base64\n\n" + "YQ==\n" * n,
    "blanks in base64": lambda n: HEAD + "Content-Transfer-Encoding: base64\n\n" + "= " * n + "\n" * n + "-",
    "uuencode": lambda n: HEAD + "\n" + "begin 644 a\n" * n,
    "uuencode without an end": lambda n: HEAD + "\n" + ("begin 644 a\n" + "MAAAA\n" * 50) * (n // 50),
    "flowed": lambda n: HEAD + "Content-Type: text/plain; format=flowed\n\n" + "x \n" * n,
    "html": lambda n: HEAD + "Content-Type: text/html\n\n" + "<div>" * n,
    "empty lines of html": lambda n: HEAD + "Content-Type: text/html\n\n" + "<div>" + "<span>" * n,
    "no boundary": lambda n: HEAD + "Content-Type: multipart/mixed\n\n" + "--x " * n,
    "separators": lambda n: "From a Sun Mar 17 10:00:00 2024\nA: b\n" * n,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_message_costs_no_more_than_time_in_proportion(name):
    """Four times the message costs no more than some ten times the time; a quadratic cost would be sixteen times."""

    def cost(size):
        text = HOSTILE[name](size)
        start = time.process_time()
        mail.recognise(text, "a.eml")
        mail.extract(text, text.encode())
        if name == "separators":
            assert sum(1 for _ in mbox.split(io.BytesIO(text.encode()), 1_000)) == size
        return time.process_time() - start

    small = min(cost(15_000) for _ in range(2))
    assert cost(60_000) < 11 * small + 0.3


def test_parts_beyond_what_a_mail_has_are_left_out_and_that_is_said():
    assert "mail:cut" in mail.extract("", multipart("--b\n\nx\n", n=2_000).encode()).steps
    assert "mail:cut" not in mail.extract("", multipart("--b\n\nx\n", n=20).encode()).steps
