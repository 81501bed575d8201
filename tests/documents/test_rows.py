"""JSON and tables: what is recognised, which documents they hold, and what is taken out of each."""

import codecs
import io
import json
import tracemalloc

import pytest

from longshore.documents import rows
from longshore.documents.kinds import ContainerRejectedError, Extracted, NotThisKindError
from longshore.records import Reason, Rejection

MIB = 1 << 20


def split(raw, name="a.txt", text_field=None, most=MIB):
    return list(rows.split(io.BytesIO(raw), name, text_field, most))


def read(raw, name="a.txt", text_field=None):
    """Return what is extracted from each document of a container."""
    members = split(raw, name, text_field)
    texts = [member.decoded.text if member.decoded else member.raw.decode() for member in members]
    return [rows.extract(text, member.raw, text_field) for text, member in zip(texts, members, strict=True)]


def test_each_line_is_a_document_with_its_own_bytes():
    raw = codecs.BOM_UTF8 + b'{"text": "one", "id": 1}\r\n\r\n{"text": "two", "id": 2}'
    assert [(member.name, member.raw) for member in split(raw)] == [
        ("1", b'{"text": "one", "id": 1}'),
        ("2", b'{"text": "two", "id": 2}'),
    ]


@pytest.mark.parametrize(
    "raw",
    [
        b'[{"text": "one"},\n {"text": "two"}]',
        b'{"text": "one"}{"text": "two"}',
        b'{\n  "text": "one"\n}\n{\n  "text": "two"\n}\n',
        b'{"status": "ok", "articles": [{"text": "one"}, {"text": "two"}], "page": 1}',
        b'{"response": {"docs": [{"text": "one"}, {"text": "two"}]}}',
        b'\x1e{"text": "one"}\n\x1e{"text": "two"}\n',
        b'{"text": {"0": "one", "1": "two"}, "id": {"0": 1, "1": 2}}',
        b'{"columns": ["text", "id"], "index": [0, 1], "data": [["one", 1], ["two", 2]]}',
    ],
)
def test_objects_are_documents_in_every_form_of_a_file(raw):
    assert rows.recognise(raw.decode(), "a.txt").container
    assert [document.text for document in read(raw)] == ["one", "two"]


def test_the_paragraphs_of_an_article_are_no_documents():
    text = '{"title": "Pier", "content": [{"type": "p", "text": "One."}, {"type": "p", "text": "Two."}]}'
    assert not rows.recognise(text, "a.json").container
    assert rows.extract(text, b"").text == "One.\n\nTwo."


def test_an_object_of_documents_is_split_and_labels_of_a_program_are_none():
    body = "It was so quiet that nobody came to the pier."
    raw = json.dumps({"7": {"title": "A", "text": body}, "9": {"title": "B", "text": body}}).encode()
    assert [document.title for document in read(raw)] == ["A", "B"]
    labels = '{"home": {"title": "Welcome", "body": "Log in"}, "about": {"title": "About", "body": "A pier"}}'
    assert not rows.recognise(labels, "en.json").container
    assert rows.extract(labels, b"").reason is Reason.NO_TEXT_FIELD


@pytest.mark.parametrize(
    "text",
    [
        '[{"text": "It was", "start": 0.5, "duration": 1.5}, {"text": "quiet.", "start": 2, "duration": 1}]',
        '{"segments": [{"start": 0.0, "end": 1.0, "text": " It was"}, {"start": 1, "end": 2, "text": " quiet."}]}',
        "start\tend\ttext\n0\t1000\tIt was\n1000\t2000\tquiet.\n",
    ],
)
def test_captions_of_speech_recognition_are_one_document(text):
    assert not rows.recognise(text, "a.json").container
    assert rows.extract(text, b"").text == "It was quiet."


def test_one_unfinished_line_spoils_no_file_of_lines():
    raw = b'{"text": "one"}\n{"text": "two"}\n{"text": "thr'
    first, second, third = read(raw)
    assert (first.text, second.text, third.reason) == ("one", "two", Reason.UNDECODABLE)


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"text": "this", "body": "that"}, "this"),
        ({"content": "that", "body": "this"}, "this"),
        ({"text": "", "content": "this"}, "this"),
        ({"title": "A", "description": "A summary of so many words.", "body": "this"}, "this"),
        ({"title": "A", "description": "A summary of so many words."}, "A summary of so many words."),
        ({"Überschrift": "A", "Inhalt": "this"}, "this"),
        ({"标题": "A", "正文": "这是正文。"}, "这是正文。"),
        ({"articleBody": ["one", "two"]}, "one\n\ntwo"),
        ({"title": {"rendered": "A"}, "content": {"rendered": "<p>this</p>\n", "protected": False}}, "this"),
        ({"text": "It was … https://t.co/x", "extended_tweet": {"full_text": "It was cut."}}, "It was cut."),
        ({"kind": "t3", "data": {"title": "A", "selftext": "this", "created_utc": 1710672000}}, "this"),
        ({"text": ["one ", {"type": "bold", "text": "two"}, " three"]}, "one two three"),
        ({"text": "AT&amp;T said &#8220;no&#8221;."}, "AT&T said “no”."),
        ({"text": "Write &amp; for & in a page."}, "Write &amp; for & in a page."),
        ({"text": "Close each <p> you open."}, "Close each <p> you open."),
    ],
)
def test_the_text_is_the_best_field_that_is_named_as_one(fields, text):
    extracted = rows.extract(json.dumps(fields), b"")
    assert isinstance(extracted, Extracted)
    assert extracted.text == text


def test_a_field_that_is_a_whole_page_gives_its_article():
    body = "The harbour was quiet that morning, and nobody came to the pier before the afternoon."
    menu = "<nav><ul><li><a href='/'>Home</a></li><li><a href='/a'>News</a></li></ul></nav>"
    article = f"<article><p>{body}</p><p>{body}</p></article>"
    page = f"<!DOCTYPE html><html><head><title>Pier</title></head><body>{menu}{article}</body></html>"
    extracted = rows.extract(json.dumps({"url": "u", "html": page}), b"")
    assert extracted.text == f"{body}\n\n{body}"


def test_title_date_and_the_other_fields_come_out_as_they_stand():
    extracted = rows.extract(
        '{"headline": "The  pier", "publishedAt": "17.3.2024", "modified": "2025", "Author": {"name": "Ann"},'
        ' "tags": ["a", "b"], "price": 1.10, "ok": true, "none": null, "text": "t"}',
        b"",
    )
    assert (extracted.title, extracted.date) == ("The pier", "17.3.2024")
    assert extracted.metadata == {
        "modified": "2025", "author.name": "Ann", "tags": "a, b", "price": "1.10", "ok": "true"
    }  # fmt: skip


@pytest.mark.parametrize("epoch", ["1710672000", "1710672000.0", "1710672000123", '"1710672000"'])
def test_a_date_in_seconds_since_1970_is_written_out_and_kept(epoch):
    extracted = rows.extract(f'{{"created_utc": {epoch}, "text": "t"}}', b"")
    assert extracted.date == "2024-03-17T10:40:00Z"
    assert extracted.metadata == {"created_utc": epoch.strip('"')}


@pytest.mark.parametrize(
    "text",
    [
        '{"name": "pier", "version": "1.0", "description": "A small web framework for you.", "dependencies": {}}',
        '{"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {"name": "Pier"}}]}',
        '{"cells": [{"cell_type": "markdown", "source": ["# Pier"]}], "nbformat": 4, "metadata": {"a": "b"}}',
        '{"level": "info", "message": "Server started on port 3000"}\n{"level": "info", "message": "Bye"}\n',
        '{"$schema": "https://a.example", "title": "Pier", "description": "An object that says what a pier is."}',
        '{"a": "x"}{"a": "y"}',
        '{"content": ["./src/**/*.html", "./lib/*.js"], "theme": {"extend": {}}, "name": "x"}',
    ],
)
def test_json_without_a_text_field_is_refused_with_its_fields_and_the_setting(text):
    assert rows.recognise(text, "a.json").media_type == "application/json"
    rejection = rows.extract(text, b"")
    assert rejection.reason is Reason.NO_TEXT_FIELD
    assert "`text_field`" in rejection.detail


def test_a_container_without_a_text_field_is_refused_as_a_whole():
    for raw in (b'{"a": "x"}\n{"a": "y"}\n', b"id,name,city\n1,Ann,Rome\n2,Bob,Bonn\n3,Cid,Oslo\n"):
        with pytest.raises(ContainerRejectedError) as caught:
            split(raw, "a.csv")
        assert caught.value.rejection.reason is Reason.NO_TEXT_FIELD


def test_the_settings_name_the_text_field_also_with_dots():
    raw = b'{"n": {"said": "one"}, "text": "no"}\n{"n": {"said": "two"}, "text": "no"}\n'
    assert [document.text for document in read(raw, text_field="n.said")] == ["one", "two"]
    table = b"id;said\n1;It was quiet.\n2;It was loud.\n"
    assert [document.text for document in read(table, text_field="Said")] == ["It was quiet.", "It was loud."]


@pytest.mark.parametrize(
    "text",
    [
        "[1] The pier was closed.",
        "[sic] he wrote",
        "[1, 2, 3]",
        '{"a": 1}',
        "{braces} and prose",
        'Send this:\n{"text": "one"}\n{"text": "two"}\n',
        '{"text": "one"}\nand then prose\n{"text": "two"}\n',
        "{'text': 'a dictionary of Python'}",
        '{"text": "comments"} // no',
        "[" * 100_000,
        '{"a":' * 100_000,
        '[{"text": "one"}, {"text": "two"}',
    ],
)
def test_a_text_that_is_not_wholly_json_stays_text(text):
    assert rows.recognise(text, "a.txt") is None
    with pytest.raises(NotThisKindError):
        split(text.encode())


@pytest.mark.parametrize(
    "value",
    ["9" * 100_000, "1e999999", "NaN", "-Infinity", '"\\ud800"', '"\\udc00\\ud800"', "[" * 400 + "]" * 400, "null"],
)
def test_odd_values_are_read_and_harm_nothing(value):
    extracted = rows.extract(f'{{"odd": {value}, "odd": {value}, "text": "It was \\ud83d quiet."}}', b"")
    assert extracted.text == "It was \ufffd quiet."
    json.dumps(extracted.metadata).encode()
    assert all(one.encode() is not None for one in extracted.metadata.values())


QUOTED = (
    'title,text,date\n"Pier, old","It was ""quiet"".\n\nThen, not.",2024-03-17\nHall,It was loud today,2024-03-18\n'
)


def test_a_row_is_read_alone_below_its_header():
    members = split(QUOTED.encode())
    assert members[0].raw == b'title,text,date\n"Pier, old","It was ""quiet"".\n\nThen, not.",2024-03-17'
    assert members[0].media_type == "text/csv"
    assert [member.size for member in members] == [len(member.raw) for member in members]
    first, second = read(QUOTED.encode())
    assert (first.title, first.text, first.date) == ("Pier, old", 'It was "quiet".\n\nThen, not.', "2024-03-17")
    assert second.text == "It was loud today"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_every_delimiter_line_end_and_encoding_gives_the_same_rows(delimiter, line_end, encoding):
    lines = (
        ["id", "Titel", "Text"],
        ["1", "Brücke", '"Es war früh, still; sehr.|"'],
        ["2", "Größe", "Später mehr davon."],
    )
    raw = line_end.join(delimiter.join(line) for line in lines).encode(encoding)
    texts = [document.text for document in read(raw)]
    assert texts == ["Es war früh, still; sehr.|", "Später mehr davon."]
    for member in split(raw):
        if member.decoded:
            codec = "utf-16-le" if encoding == "utf-16" else encoding
            assert member.decoded.text == member.raw.decode(codec)


@pytest.mark.parametrize(
    ("raw", "texts"),
    [
        (b"sep=;\r\ntitle;text\r\nA;It was quiet.\r\nB;It was loud.\r\n", ["It was quiet.", "It was loud."]),
        (b",title,text\n0,A,It was quiet.\n1,B,It was loud.\n", ["It was quiet.", "It was loud."]),
        (b'"id","body"\n"1","He said \\"no\\", twice"\n"2",\\N\n', ['He said "no", twice', None]),
        (
            b'id\ttext\ttitle\n1\tOne here.\\nTwo "here".\t\\N\n2\t"A" word here\tx\n',
            ['One here.\nTwo "here".', '"A" word here'],
        ),
        (b"id,title,text\n\n1,A,It was quiet.\n\n2,B,It was loud.\n\n", ["It was quiet.", "It was loud."]),
    ],
)  # fmt: skip
def test_tables_are_read_as_spreadsheets_and_databases_write_them(raw, texts):
    assert [None if isinstance(one, Rejection) else one.text for one in read(raw)] == texts


@pytest.mark.parametrize(
    "text",
    [
        "Tyger Tyger, burning bright\nIn the forests, of the night\nWhat immortal hand, or eye\n",
        "Bread, milk\nEggs, butter\nTea, sugar\n",
        "year,rain\n1990,12\n1991,13\n1992,9\n",
        "Title,text\nPier,It was quiet\nHall,It was loud, and cold\n",
        "Name;Ann\nAge;40\nCity;Rome\n",
        "| title | text |\n| --- | --- |\n| Pier | It was quiet there |\n",
        "text, he said\nbody, she said\n",
        "title\ttext\n",
        "2024-03-17 10:00:00,123 INFO pier: started\n2024-03-17 10:00:01,456 INFO pier: ended\n",
        "import os, sys\nfrom a import b, c\n",
    ],
)
def test_a_text_with_commas_is_no_table(text):
    assert rows.recognise(text, "a.csv") is None


def test_a_document_longer_than_allowed_is_counted_and_not_held():
    long = b"x" * 5_000
    for raw in (
        b'{"text": "one"}\n{"text": "' + long + b'"}\n{"text": "two"}\n',
        b'[{"text": "one"}, {"text": "' + long + b'"}, {"text": "two"}]',
        b'title,text\nA,It was so quiet\nB,"' + long + b'\n\n,"\nC,It was so loud\n',
    ):
        members = split(raw, most=1_000)
        assert [member.raw is None for member in members] == [False, True, False]
        assert members[1].size > 5_000


@pytest.mark.parametrize("form", ["lines", "array", "table"])
def test_a_large_file_is_split_in_the_memory_of_a_small_one(form, tmp_path):
    path = tmp_path / "large"
    with path.open("w") as file:
        file.write({"lines": "", "array": "[", "table": "title,text\n"}[form])
        for number in range(20_000):
            row = json.dumps({"title": f"T{number}", "text": "It was quiet in the harbour. " * 10})
            end = "\n" if form == "lines" else ",\n"
            file.write(f'T{number},"{"It was quiet, then. " * 10}"\n' if form == "table" else row + end)
        file.write('{"text": "end"}]' if form == "array" else "")
    with path.open("rb") as stream:
        tracemalloc.start()
        count = sum(1 for _ in rows.split(stream, "large", None, MIB))
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert count == 20_000 + (form == "array")
    assert peak < path.stat().st_size / 4


def test_one_endless_value_is_not_read_twice_over():
    raw = b'[{"text": "one"}, {"text": "' + b"\\\\" * (2 * MIB) + b'"}]'
    assert next(member.size for member in split(raw, most=1_000)) == 15
