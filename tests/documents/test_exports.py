"""Exports of news databases: where they are split, and what is taken out of each article."""

import io

import pytest

from longshore.documents import exports
from longshore.documents.kinds import NotThisKindError

NEXIS = """                               {n} of {total} DOCUMENTS


                               The Harbour Gazette

                     March 17, 2024 Sunday
                           Late Edition - Final

Fisheries in
Trouble

BYLINE: By ANN SMITH
SECTION: Section A; Foreign Desk; Pg. 1

LENGTH: 118 words

DATELINE: BOSTON

The harbour was quiet that morning, and
nobody came.

Then: it was loud. NOTE: the date.

SUBJECT: FISHERIES (90%);
HARBORS (80%)

LOAD-DATE: March 17, 2024

LANGUAGE: ENGLISH

               Copyright 2024 The Harbour Gazette
                          All Rights Reserved


"""
NEXIS_UNI = """Fisheries in Trouble
The Harbour Gazette
March 17, 2024 Sunday
Late Edition - Final

Copyright 2024 The Harbour Gazette All Rights Reserved

Section: Section A; Foreign Desk; Pg. 1
Length: 118 words
Byline: By ANN SMITH
Body

The harbour was quiet that morning, and nobody came.

Then: it was loud. NOTE: the date.

Load-Date: March 17, 2024

Classification

Language: ENGLISH
Subject: FISHERIES (90%)

End of Document

"""
FACTIVA = """Foreign Desk
Fisheries in Trouble

By ANN SMITH
118 words
17 March 2024
The Harbour Gazette
HGAZ
1
English
(c) 2024 The Harbour Gazette

The harbour was quiet that morning, and nobody came.

Then: it was loud. NOTE: the date.

Document HGAZ000020240317ek3h0000{n}

"""
FACTIVA_CODED = """SE Foreign Desk
HD
Fisheries in Trouble
BY By ANN SMITH
WC 118 words
PD 17 March 2024
SN The Harbour Gazette
SC HGAZ
LA English
CY (c) 2024 The Harbour Gazette
LP
The harbour was quiet that morning, and nobody came.
TD
Then: it was loud. NOTE: the date.
NS gfish : Fishing
AN
Document HGAZ000020240317ek3h0000{n}

"""
PROQUEST = """____________________________________________________________

Document {n} of {total}

Fisheries in Trouble

Author: SMITH, ANN

Publication info: The Harbour Gazette ; Boston [Boston]. 17 Mar 2024: A.1.

ProQuest document link

Abstract: It was quiet.

Full text: The harbour was quiet that morning, and nobody came.

Then: it was loud. NOTE: the date.

Subject: Fisheries

Title: Fisheries in Trouble

Publication title: The Harbour Gazette

Publication date: Mar 17, 2024

ProQuest document ID: 12345{n}

"""
PROQUEST_END = "_" * 60 + "\n\nContact us at: http://a.example\n\nDatabase copyright © 2024 ProQuest LLC.\n"
BODY = "The harbour was quiet that morning, and nobody came.\n\nThen: it was loud. NOTE: the date."


def series(article, count=3, end=""):
    return "".join(article.format(n=number, total=count) for number in range(1, count + 1)) + end


def split(text, most=1 << 20):
    return list(exports.split(io.BytesIO(text.encode()), "a.txt", most))


EXPORTS = {
    "nexis": (series(NEXIS), "March 17, 2024 Sunday", {"author": "By ANN SMITH", "source": "The Harbour Gazette"}),
    "nexis-uni": (series(NEXIS_UNI), "March 17, 2024 Sunday", {"author": "By ANN SMITH", "length": "118 words"}),
    "factiva": (
        series(FACTIVA, end="Search Summary\nText fish\n\n© 2024 Factiva, Inc. All rights reserved.\n"),
        "17 March 2024",
        {"author": "By ANN SMITH", "source": "The Harbour Gazette", "section": "Foreign Desk", "pages": "1"},
    ),
    "factiva-coded": (series(FACTIVA_CODED), "17 March 2024", {"source": "The Harbour Gazette", "language": "English"}),
    "proquest": (
        series(PROQUEST, end=PROQUEST_END),
        "Mar 17, 2024",
        {"author": "SMITH, ANN", "publication": "The Harbour Gazette", "abstract": "It was quiet."},
    ),
}


@pytest.mark.parametrize("database", EXPORTS)
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_each_article_of_an_export_is_a_document_with_its_fields(database, line_end):
    text, date, metadata = EXPORTS[database]
    text = text.replace("\n", line_end)
    kind = exports.recognise(text, "a.txt")
    assert (kind.media_type, kind.container, kind.reader) == ("text/plain", True, "exports")
    members = split(text)
    assert [member.name for member in members] == ["1", "2", "3"]
    for member in members:
        article = exports.extract(member.raw.decode(), member.raw)
        assert (article.title, article.date, article.text) == ("Fisheries in Trouble", date, BODY)
        assert metadata.items() <= article.metadata.items()


def test_labels_in_another_language_and_before_headline_and_body_are_read():
    article = """{n} von 2 DOKUMENTEN

QUELLE: Die Hafenpost
DATUM: 17. März 2024
TITEL: Hafen in Not
AUTOR: Ann Schmidt
LÄNGE: 41 Wörter

BODY:
Der Hafen war ruhig,
und niemand kam.

UPDATE: 18. März 2024

"""
    for member in split("".join(article.format(n=number) for number in (1, 2))):
        found = exports.extract(member.raw.decode(), member.raw)
        assert (found.title, found.date) == ("Hafen in Not", "17. März 2024")
        assert found.text == "Der Hafen war ruhig, und niemand kam."
        assert found.metadata.items() >= {"source": "Die Hafenpost", "author": "Ann Schmidt"}.items()


def test_an_article_keeps_its_own_bytes_and_their_encoding():
    text = series(NEXIS_UNI.replace("nobody", "der müde Bär"))
    members = list(exports.split(io.BytesIO(text.encode("cp1252")), "a.txt", 1 << 20))
    assert [member.raw.decode("cp1252") for member in members] == [member.decoded.text for member in members]
    assert members[0].raw == NEXIS_UNI.replace("nobody", "der müde Bär").strip().encode("cp1252")


def test_a_part_of_a_longer_export_and_several_in_one_file_are_split():
    part = "".join(NEXIS.format(n=number, total=700) for number in (501, 502))
    assert len(split(part)) == 2
    assert len(split(series(NEXIS) + series(NEXIS, 2))) == 5


def test_an_article_longer_than_allowed_is_counted_and_not_held():
    long = FACTIVA.format(n=2).replace("nobody", "nobody " * 1_000)
    members = split(FACTIVA.format(n=1) + long + FACTIVA.format(n=3), most=1_000)
    assert [member.raw is None for member in members] == [False, True, False]


@pytest.mark.parametrize(
    "text",
    [
        "He read 1 of 50 DOCUMENTS, and then no more.\n",
        "1 of 50 DOCUMENTS\n\nwas all that he read.\n",
        "1 of 3\n\nIt begins here.\n\n2 of 3\n\nIt goes on.\n\n3 of 3\n\nIt ends here.\n",
        "1 of 3 DOCUMENTS\n\nIt begins here.\n\n2 of 3 DOCUMENTS\n\nIt goes on.\n",
        "It was quiet.\n\nEnd of Document\n",
        "First.\n\nEnd of Document\n\nSecond.\n\nEnd of Document\n",
        "See Document HGAZ000020240317ek3h00001\n\nDocument HGAZ000020240317ek3h00001\n",
        "_" * 40 + "\n\nPart one\n\n" + "_" * 40 + "\n\nPart two\n",
        "_" * 40 + "\n\nTitle: The pier\n\n" + "_" * 40 + "\n\nand then prose\n",
        series(NEXIS).replace("2 of 3", "7 of 3"),
        series(NEXIS_UNI) + "And a text that no separator ends.\n",
    ],
)
def test_a_text_about_an_export_is_none(text):
    assert exports.recognise(text, "a.txt") is None
    with pytest.raises(NotThisKindError):
        split(text)


def test_what_may_be_an_export_is_seen_from_its_first_kilobytes():
    assert all(exports.may_begin(text[:4096]) for text, _, _ in EXPORTS.values())
    assert not exports.may_begin("It was quiet, and nobody came.\n" * 100)
