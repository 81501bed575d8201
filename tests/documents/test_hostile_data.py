"""Rows, feeds, subtitles, exports, web archives and Rich Text that are made to cost much."""

import contextlib
import io
import json
import time

import pytest

from longshore.documents import exports, fragment, rows, rtf, subtitles, syndication, warc
from longshore.documents.kinds import ContainerRejectedError, NotThisKindError

MIB = 1 << 20
CUE = "1\n00:00:01,000 --> 00:00:02,000\n"
RECORD = b"WARC/1.0\r\nWARC-Type: metadata\r\nContent-Length: 0\r\n\r\n\r\n\r\n"


def split_rows(raw):
    return list(rows.split(io.BytesIO(raw), "a.csv", None, MIB))


HOSTILE = {
    "many keys": lambda n: rows.extract(json.dumps({f"k{i}": "v" for i in range(n)}), b""),
    "nested objects": lambda n: rows.recognise('{"a":' * n + "1" + "}" * n, "a.json"),
    "a long array": lambda n: rows.recognise("[" + "{}," * n + "{}]", "a.json"),
    "objects in one line": lambda n: split_rows(b'{"text":"a"}' * n),
    "a list of paths": lambda n: rows.extract(json.dumps({"content": ["a/" * n + " x"]}), b""),
    "open quotes": lambda n: split_rows(b'title,text\n"a\n' + b"b\n" * n),
    "quotes": lambda n: rows.recognise("title,text\n" + '"' * n + "\n", "a.csv"),
    "open tags": lambda n: fragment.strip_tags("<p>" + "<b>" * n),
    "open attributes": lambda n: fragment.strip_tags("<p>" + '<a "' * n),
    "open scripts": lambda n: fragment.strip_tags("<p>" + "<script>" * n),
    "open comments": lambda n: fragment.strip_tags("<p>" + "<!--" * n),
    "blanks": lambda n: fragment.strip_tags("<pre>" + " " * n + "</pre>"),
    "empty items": lambda n: list(
        syndication.split(io.BytesIO(b'<rss version="2.0">' + b"<item/>" * n + b"</rss>"), "a", MIB)
    ),
    "open items": lambda n: syndication.recognise('<rss version="2.0">' + "<item>" * n + "</rss>", "a"),
    "brackets": lambda n: syndication.recognise('<rss version="2.0">' + "<" * n + "</rss>", "a"),
    "open elements": lambda n: syndication.extract("<item>" + "<a>" * n + "</item>", b""),
    "open sections": lambda n: syndication.extract(f"<item><title>{'<![CDATA[' * n}]]></title></item>", b""),
    "cues": lambda n: subtitles.extract((CUE + "It was quiet.\n\n") * n, b""),
    "blank lines in a cue": lambda n: subtitles.recognise(CUE + "\n" * n + "x\n", "a"),
    "rules": lambda n: exports.recognise(("_" * 40 + "\n") * n, "a"),
    "fields": lambda n: exports.recognise("Length: 5 words\n" * n + "End of Document\n", "a"),
    "separators": lambda n: exports.recognise("".join(f"{i} of {n} DOCUMENTS\n" for i in range(1, n + 1)), "a"),
    "groups": lambda n: rtf.extract("", b"{\\rtf1 " + b"{\\b x" * n),
    "halves of characters": lambda n: rtf.extract("", b"{\\rtf1\\ansicpg932 " + b"\\'83" * n),
    "records": lambda n: list(warc.split(io.BytesIO(RECORD * n), "a", MIB)),
}


def cost(attack, size):
    started = time.process_time()
    with contextlib.suppress(NotThisKindError, ContainerRejectedError):
        attack(size)
    return time.process_time() - started


@pytest.mark.parametrize("attack", HOSTILE)
def test_the_cost_of_hostile_input_grows_with_its_size_and_no_faster(attack):
    size = 10_000
    assert min(cost(HOSTILE[attack], 4 * size) for _ in range(2)) <= 12 * cost(HOSTILE[attack], size) + 0.1
