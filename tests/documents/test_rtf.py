"""Rich Text Format: what is recognised, and what is taken out."""

import pytest

from longshore.documents import rtf
from longshore.records import Reason

WORD = rb"""{\rtf1\ansi\ansicpg1252\deff0{\fonttbl{\f0\fnil\fcharset0 Calibri;}{\f1\fnil\fcharset204 Arial;}
{\f2\fnil\fcharset2 Symbol;}}{\colortbl ;\red255\green0\blue0;}{\stylesheet{\s0 Normal;}}
{\info{\title The {\b pier}}{\author Ann Gr\'fcn}{\keywords sea, fish}{\creatim\yr2024\mo3\dy17\hr10\min5}}
{\*\generator Riched20 10.0.19041}{\header A header}\viewkind4\uc1
\pard\sa200\f0\fs22\lang9 The harbour was \i quiet\i0 , \'84still\'93.\par
\f1\'cf\'f0\'e8\'f7\'e0\'eb\f0  and {\f2\'b7}more\par
Uni \u1055?\u1088?\u-10179?\u-8704? end \{x\}\emdash y{\pict\pngblip 89504e47}\line next{\footnote A note.}\par
{\field{\*\fldinst HYPERLINK "http://a"}{\fldrslt a link}}{\v hidden}{\*\unknown zzz}\par
\trowd a\cell b\cell\row}
"""


def text_of(body, head=rb"\ansi\ansicpg1252"):
    return rtf.extract("", rb"{\rtf1" + head + b" " + body + b"}").text


def test_text_comes_out_with_its_characters_and_without_control_words():
    assert rtf.recognise(WORD.decode("latin-1"), "a.txt").media_type == "application/rtf"
    extracted = rtf.extract("", WORD)
    assert extracted.text == (
        "The harbour was quiet, „still“.\n\nПричал and more\n\nUni Пр😀 end {x}—y\nnext\n\na link\n\na\tb\n\nA note."
    )


def test_the_information_group_gives_title_date_and_fields():
    extracted = rtf.extract("", WORD)
    assert (extracted.title, extracted.date) == ("The pier", "2024-03-17T10:05")
    assert extracted.metadata == {"author": "Ann Grün", "keywords": "sea, fish"}


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (rb"One.\par Two.\par", "One.\n\nTwo."),
        (rb"One.\par\par Two\par and three.\par", "One.\n\nTwo\nand three."),
        (b"One.\\\nTwo.\\\n", "One.\n\nTwo."),
        (rb"One.\line Two.\tab Three.", "One.\nTwo.\tThree."),
        (rb"\uc2 a\u8364\'80\'80b\uc0 \u8364 c", "a€b€c"),
        (rb"{\uc0\u8364}\u8364?x", "€€x"),
        (rb"\bin3 \}{x", "x"),
        (rb"{\upr{ANSI}{\*\ud{Unicode}}}x", "Unicodex"),
    ],
)
def test_breaks_and_fallbacks_are_read(body, text):
    assert text_of(body) == text


@pytest.mark.parametrize(
    ("head", "body", "text"),
    [
        (rb"\ansi\ansicpg1251", rb"\'cf\'f0\'e8\'f7\'e0\'eb", "Причал"),
        (rb"\ansi\ansicpg932", rb"\'83\'65\'83X\'83e", "テステ"),
        (rb"\ansi\ansicpg936", rb"\'b8\'db\'bf\'da", "港口"),
        (rb"\mac", rb"\'8a", "ä"),
        (rb"\pc", rb"\'84", "ä"),
        (rb"\ansi\ansicpg99999", rb"\'e4", "ä"),
        (rb"\ansi\ansicpg1251", "Причал".encode("cp1251"), "Причал"),
        (rb"\ansi\ansicpg65001", "Причал".encode(), "Причал"),
    ],
)
def test_the_code_page_is_obeyed(head, body, text):
    assert text_of(body, head) == text


@pytest.mark.parametrize(
    "text",
    [r"{\rtf1 is how Rich Text begins.", r"{\rtf} and {\b} are groups.", "{\\rtfm}", "It has {\\rtf1\\ansi\\par}."],
)
def test_prose_about_rich_text_is_none(text):
    assert rtf.recognise(text, "a.rtf") is None


def test_a_document_without_text_is_empty():
    assert rtf.extract("", rb"{\rtf1\ansi\pard\par}").reason is Reason.EMPTY


@pytest.mark.parametrize(
    "body",
    [b"{" * 200_000, b"{\\b " * 100_000, b"}" * 200_000, b"\\bin999999999 x", b"\\'8" * 100_000, b"\\u-99999999999 x",
     b"\\" * 200_001, b"\\uc999999999\\u1?", b"{\\fonttbl" * 50_000, b"\\ansicpg-1\\'e4"],
)  # fmt: skip
def test_hostile_documents_are_read_to_their_end(body):
    rtf.extract("", b"{\\rtf1\\ansi It was quiet. " + body)
