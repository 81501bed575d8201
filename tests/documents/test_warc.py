"""Web archives: which records are documents, and what is taken out of each."""

import gzip
import io
import zlib

import pytest

from longshore.documents import warc
from longshore.documents.kinds import ContainerRejectedError, Extracted, NotThisKindError
from longshore.records import Reason

MIB = 1 << 20
PAGE = "<html><head><title>Pier</title></head><body><p>Früh war es still.</p></body></html>"


def record(kind, block, content_type="application/http; msgtype=response", **fields):
    head = {
        "WARC-Type": kind,
        "WARC-Record-ID": "<urn:uuid:1>",
        "WARC-Date": "2024-03-17T10:00:00Z",
        "Content-Type": content_type,
        "Content-Length": len(block),
        "WARC-Target-URI": "https://a.example/pier",
        **fields,
    }
    lines = "".join(f"{name}: {value}\r\n" for name, value in head.items() if value is not None)
    return f"WARC/1.0\r\n{lines}\r\n".encode() + block + b"\r\n\r\n"


def response(body, content_type="text/html; charset=utf-8", status="200 OK", **fields):
    head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in fields.items())
    return f"HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\n{head}\r\n".encode() + body


INFO = record("warcinfo", b"software: x\r\n", "application/warc-fields")


def split(raw, most=MIB):
    return list(warc.split(io.BytesIO(raw), "a.warc", most))


def extract(raw, **options):
    return warc.extract(raw, lambda html: Extracted(html, ("html:main-content",), "Pier"), **options)


def test_pages_and_texts_are_documents_and_all_other_records_are_passed_over():
    request = record("request", b"GET / HTTP/1.1\r\n\r\n", "application/http; msgtype=request")
    page = record("response", response(PAGE.encode()))
    text = record("response", response(b"It was quiet.", "text/plain"))
    others = [
        record("response", response(b"\x89PNG" + bytes(100), "image/png")),
        record("response", response(b"gone", status="404 Not Found")),
        record("revisit", b"HTTP/1.1 200 OK\r\n\r\n"),
        record("metadata", b"fetchTimeMs: 5\r\n", "application/warc-fields"),
    ]
    members = split(INFO + request + page + b"".join(others) + text)
    assert [(one.name, one.media_type, one.reader) for one in members] == [
        ("1", "text/html", "warc"), ("2", "text/plain", "warc")
    ]  # fmt: skip
    assert members[0].raw == page.removesuffix(b"\r\n\r\n")


def test_a_page_comes_with_its_address_and_the_day_it_was_fetched():
    (member,) = split(record("response", response(PAGE.encode())))
    extracted = extract(member.raw)
    assert (extracted.text, extracted.title) == (PAGE, "Pier")
    assert extracted.steps == ("warc:response", "html:main-content")
    assert extracted.metadata["url"] == "https://a.example/pier"
    assert extracted.metadata["warc-date"] == "2024-03-17T10:00:00Z"
    assert extracted.date is None


def test_a_text_of_wet_is_read_as_it_stands():
    raw = INFO + record("conversion", "Früh war\n\nes still.".encode(), "text/plain")
    assert warc.recognise(raw.decode(), "a.txt").container
    (member,) = split(raw)
    assert extract(member.raw).text == "Früh war\n\nes still."


def chunked(body):
    return b"".join(b"%x;a=b\r\n%s\r\n" % (len(part), part) for part in (body[:10], body[10:])) + b"0\r\n\r\n"


def raw_deflate(body):
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(body) + packer.flush()


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        (gzip.compress(PAGE.encode(), mtime=0), {"Content_Encoding": "gzip"}),
        (zlib.compress(PAGE.encode()), {"Content_Encoding": "deflate"}),
        (raw_deflate(PAGE.encode()), {"Content_Encoding": "deflate"}),
        (chunked(PAGE.encode()), {"Transfer_Encoding": "chunked"}),
        (chunked(gzip.compress(PAGE.encode(), mtime=0)), {"Transfer_Encoding": "chunked", "Content_Encoding": "gzip"}),
        (PAGE.encode(), {"Transfer_Encoding": "chunked", "Content_Encoding": "gzip"}),
        (PAGE.encode(), {"Content_Encoding": "br"}),
        (gzip.compress(PAGE.encode(), mtime=0)[:-8], {"Content_Encoding": "gzip"}),
    ],
)
def test_a_body_is_put_together_and_unpacked(body, fields):
    (member,) = split(record("response", response(body, **fields)))
    assert extract(member.raw).text == PAGE


def test_brotli_is_unpacked():
    brotli = pytest.importorskip("brotli")
    (member,) = split(record("response", response(brotli.compress(PAGE.encode()), Content_Encoding="br")))
    assert extract(member.raw).text == PAGE


def test_a_body_that_unpacks_to_too_much_is_refused():
    packed = [(gzip.compress(bytes(10 * MIB)), "gzip"), (zlib.compress(bytes(10 * MIB)), "deflate")]
    for body, coding in packed:
        (member,) = split(record("response", response(body, Content_Encoding=coding)))
        assert extract(member.raw, most_bytes=MIB).reason is Reason.ARCHIVE_BOMB


@pytest.mark.parametrize(
    ("content_type", "codec"),
    [
        ("text/html; charset=windows-1251", "cp1251"),
        ('text/html; charset="koi8-r"', "koi8-r"),
        ("text/html; charset=windows-1251", "utf-8"),
        ("text/html; charset=no-such", "utf-8"),
        ("text/html", "utf-8"),
        (None, "utf-8"),
    ],
)
def test_the_charset_of_the_head_is_a_hint(content_type, codec):
    page = "<html><p>Причал был тих.</p></html>"
    (member,) = split(record("response", response(page.encode(codec), content_type or "")))
    extracted = extract(member.raw)
    assert extracted.text == page
    assert extracted.decoded.encoding in {"windows-1251", "koi8-r", "koi8-u", "utf-8"}


@pytest.mark.parametrize(
    "raw",
    [
        b"WARC/1.0 is a format of archives.\r\n",
        b"WARC/1.0\r\n\r\n",
        b"It says:\r\n" + record("conversion", b"text", "text/plain"),
        record("conversion", b"text", "text/plain", **{"Content-Length": "9" * 30}),
        record("conversion", b"text", "text/plain", **{"Content-Length": "-1"}),
        record("conversion", b"text", "text/plain", **{"Content-Length": None}),
        record("conversion", b"a longer text", "text/plain", **{"Content-Length": "3"}),
        b"WARC/1.0\r\n" + b"a: b\r\n" * 10_000,
        b"WARC/1.0\r\n" + b"a" * 200_000,
    ],
)
def test_what_is_not_framed_as_a_web_archive_is_none(raw):
    with pytest.raises(NotThisKindError):
        split(raw)


@pytest.mark.parametrize("length", [500, 10**15])
def test_an_archive_that_ends_within_a_record_is_corrupt(length):
    raw = record("response", response(PAGE.encode())) + record("response", b"x", **{"Content-Length": length})
    with pytest.raises(ContainerRejectedError) as caught:
        split(raw)
    assert caught.value.rejection.reason is Reason.CORRUPT_ARCHIVE


def test_an_archive_of_images_says_what_it_holds():
    with pytest.raises(ContainerRejectedError) as caught:
        split(INFO + record("response", response(b"\x89PNG", "image/png")) * 3)
    assert caught.value.rejection.reason is Reason.BINARY
    assert "image/png (3)" in caught.value.rejection.detail


def test_a_page_longer_than_allowed_is_counted_and_not_held():
    small, large = (record("response", response(b"<html>" + b"x" * size)) for size in (10, 50_000))
    members = split(small + large + small, most=1_000)
    assert [member.raw is None for member in members] == [False, True, False]
    assert members[1].size == len(large) - 4


def test_prose_about_web_archives_is_no_archive():
    assert warc.recognise("WARC/1.0\nis what a record begins with.\n\nIt goes on.\n", "a.warc") is None
    assert warc.recognise("A WARC has records: WARC-Type: response\n", "a.warc") is None
