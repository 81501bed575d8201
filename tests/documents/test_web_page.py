"""Web pages: their kind, their text, their fields, and what hostile ones cost."""

from __future__ import annotations

import re
import sys
import time
from collections import Counter

import pytest

from longshore.documents import web_page
from longshore.documents.detect import recognise
from longshore.documents.kinds import PLAIN
from longshore.documents.markup import simplify
from longshore.text.decode import Decoded, decode
from tests.documents.corpus_web import LAYOUTS, web_pages

PAGES = web_pages()


def text_of(sample):
    decoded = decode(sample.raw)
    assert isinstance(decoded, Decoded)
    return decoded.text


def lines(text, title):
    return Counter(line for line in (" ".join(line.split()) for line in text.split("\n")) if line not in ("", title))


def f1(text, truth):
    got, want = lines(text, truth.title), lines(truth.body, truth.title)
    return 2 * (got & want).total() / (got.total() + want.total())


def test_pages_are_known_for_what_they_are():
    wrong = [sample.name for sample in PAGES if recognise(text_of(sample), sample.name).media_type != sample.media_type]
    assert len(wrong) <= len(PAGES) / 100, wrong


@pytest.mark.parametrize("layout", [layout.__name__ for layout in LAYOUTS])
def test_the_paragraphs_of_a_page_are_its_article(layout):
    scores = [
        f1(web_page.extract(text_of(sample), sample.raw).text, sample.documents[0])
        for sample in PAGES
        if sample.name.startswith(layout)
    ]
    assert sum(scores) / len(scores) >= 0.93


def test_titles_and_dates_are_those_that_the_page_carries():
    dated = titled = with_date = 0
    for sample in PAGES:
        extracted, truth = web_page.extract(text_of(sample), sample.raw), sample.documents[0]
        titled += extracted.title == truth.title
        with_date += truth.date is not None
        dated += truth.date is not None and (extracted.date or "").startswith(truth.date)
        assert extracted.metadata.items() >= truth.metadata.items()
    assert titled >= 0.95 * len(PAGES)
    assert dated >= 0.95 * with_date


def test_a_page_that_is_simplified_gives_the_same_text_and_fields():
    for sample in PAGES:
        text = text_of(sample).replace("\r\n", "\n")
        assert web_page.extract(simplify(text), b"") == web_page.extract(text, b"")


def test_no_markup_and_no_script_is_in_the_text():
    for sample in PAGES:
        text = web_page.extract(text_of(sample), sample.raw).text
        assert not re.search(r"</?[a-z]+>|document\.write|&[a-z]+;|color:", text)


TEXTS = [
    "<html> is the root of a page, and <body> holds what one sees.\n\nNever close <br>.",
    "<!DOCTYPE html> is the first line of every page.\n\nThen comes <html>.",
    "<p>This is how a paragraph looks.\n\nThe tag <p> opens it, and </p> closes it; few people close it.",
    "<li>one item of a list</li>",
    "<p>One paragraph alone.</p>",
    "<3 is a heart. <- is an arrow.",
    "< 5 euros > 3 euros",
    "<ann> hello\n<bob> hello ann\n<ann> is the pier open?\n",
    '<div align="center">\n<h1>A tool</h1>\n</div>\n\nThe tool reads files. It has no options, and it never asks.\n'
    * 3,
    "<b>Note</b>: the harbour is closed. <i>Nobody</i> may enter.",
    "<http://example.org> is the address.",
    "<template><div><p>One.</p><p>Two.</p></div></template>",
    f"<TEI><text><body>{'<p>One.</p>' * 50}</body></text></TEI>",
    "<?xml version='1.0'?>\nis what XML begins with.",
]


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_about_html_or_with_a_few_tags_stays_text(text):
    assert web_page.recognise(text, "a.html") is None
    assert recognise(text, "a.txt").media_type in (PLAIN.media_type, "text/markdown", "application/xml")


@pytest.mark.parametrize(
    "text",
    [
        "<p>One.</p>\n<p>Two.</p>",
        '<div class="story"><p>One <b>bold</b>.</p></div>',
        "<h2>Head</h2>\n<p>One.<p>Two.",
        "<ul>\n<li>One</li>\n<li>Two</li>\n<li>Three</li>\n</ul>",
        "<table><tr><td>One</td><td>Two</td></tr></table><p>Three.</p>",
        "<!DOCTYPE html><title>Pier</title><p>One.",
        "<HTML><BODY>\nOne.<BR>Two.\n</BODY></HTML>",
        "\n\n<!-- saved -->\n<html><head></head><body></body></html>",
    ],
)
def test_a_page_or_the_body_of_one_is_html(text):
    assert recognise(text, "a.txt").media_type == "text/html"


def test_a_page_that_is_one_form_or_one_sidebar_keeps_its_text():
    paragraphs = "".join(
        f"<p>{number} boats came back in the evening, most of them without a catch.</p>" for number in range(9)
    )
    for wrapper in ('<form id="aspnetForm">{}</form>', '<div class="layout-with-sidebar">{}</div>'):
        page = f"<html><body>{wrapper.format(paragraphs)}</body></html>"
        assert web_page.extract(page, b"").text.count("boats") == 9


def test_a_date_that_only_the_page_shows_is_found_above_the_text():
    paragraphs = "".join(
        f"<p>{number} boats came back in the evening, most of them without a catch.</p>" for number in range(9)
    )
    for line in ("<div>By Ann Lee, 17 March 2024</div>", '<p class="byline">Published on 17 March 2024</p>'):
        page = f"<html><head><title>The pier</title></head><body><h1>The pier</h1>{line}{paragraphs}</body></html>"
        assert web_page.extract(page, b"").date == "17 March 2024"


def test_a_subheading_that_is_a_link_stays():
    paragraphs = "".join(
        f"<p>{number} boats came back in the evening, most of them without a catch.</p>" for number in range(9)
    )
    page = f"<html><body><article>{paragraphs}<h2><a href='/a'>The fog</a></h2>{paragraphs}</article></body></html>"
    assert "\n\nThe fog\n\n" in web_page.extract(page, b"").text


def test_what_a_page_is_without_an_article_is_all_its_text():
    page = "<html><head><title>Links</title></head><body><a href='/a'>One</a><br><a href='/b'>Two</a></body></html>"
    extracted = web_page.extract(page, b"")
    assert (extracted.text, extracted.steps) == ("One\nTwo", ("html:all-text",))


def test_trafilatura_is_another_engine_where_it_is_installed():
    pytest.importorskip("trafilatura")
    paragraphs = "".join(
        f"<p>{number} boats came back in the evening, most of them without a catch.</p>" for number in range(9)
    )
    extracted = web_page.extract(f"<html><body><article>{paragraphs}</article></body></html>", b"", "trafilatura")
    assert extracted.text.count("boats") == 9
    assert extracted.steps == ("html:trafilatura",)


def test_an_engine_that_is_not_installed_is_named_with_its_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "trafilatura", None)
    with pytest.raises(ModuleNotFoundError, match=r"longshore\[trafilatura\]"):
        web_page.extract("<html><body><p>One.</p></body></html>", b"", "trafilatura")


HOSTILE = {
    "deep": lambda n: "<html><body><p>x</p>" + "<div>" * n,
    "deep in values": lambda n: "<html><body><p>x</p>" + "<div a='</div>'>" * n,
    "deep in svg": lambda n: "<html><body><p>x</p><svg><title>" + "<div>" * n,
    "deep after a quote": lambda n: '<html><body><p>x</p><p ">' + "<div>" * n,
    "reopened formatting": lambda n: "<html><body>" + "<font><p>" * n,
    "reopened links": lambda n: "<html><body><p>x</p>" + "<a href=x><p>" * n,
    "lists": lambda n: "<html><body><p>x</p>" + "<ul><li>x" * n,
    "tables": lambda n: "<html><body><p>x</p>" + "<table><tr><td>" * n,
    "paragraphs": lambda n: "<html><body><div>" + "<p>x" * n,
    "attributes": lambda n: "<html><body><p>x</p><a " + " ".join(f"a{number}" for number in range(n)) + ">y</a>",
    "quoted tags": lambda n: "<html><body><p>x</p><a " + ' a="<>"' * n + ">y</a>",
    "a long attribute": lambda n: f"<html><body><p>x</p><a href='{'x' * 20 * n}'>y</a>",
    "headings": lambda n: "<html><body><p>x</p>" + "<h2>x</h2>" * n,
    "fields": lambda n: "<html><head>" + "<meta name=a content=b>" * n + "</head><body><p>x</p>",
    "dates": lambda n: "<html><body><p>x</p>" + "<div class=date>1</div>" * n,
    "links": lambda n: "<html><body><p>x</p>" + "<main><a href=x>1</a></main>" * n,
    "signs": lambda n: "<html><body><p>x</p>" + "<" * n,
    "unclosed": lambda n: "<html><body><p>x</p>" + "<a " * n,
    "quotes": lambda n: "<html><body><p>x</p>" + '<a ="' * n,
    "comments": lambda n: "<html><body><p>x</p>" + "<!--" * n,
    "entities": lambda n: "<html><body><p>x</p>" + "&amp;&lt;&nosuch" * n,
    "breaks": lambda n: "<html><body><p>x</p>" + "<br>" * n,
    "scripts": lambda n: "<html><body><p>x</p>" + "<script>x</script>" * n,
    "data": lambda n: f'<html><body><p>x</p><script type="application/ld+json">{"[" * n}</script>',
    "fragment": lambda n: "<p>x</p>" + "<div>" * n,
    "openings": lambda n: "<!-- -->" * n,
    "entity bomb": lambda n: f'<!DOCTYPE html [<!ENTITY a "{"a" * n}">]><html><body><p>{"&a;" * n}</p></body></html>',
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_page_costs_no_more_than_time_in_proportion(name):
    """Four times the page costs no more than some ten times the time; a quadratic cost would be sixteen times."""

    def cost(size):
        page = HOSTILE[name](size)
        start = time.process_time()
        web_page.recognise(page, "a.html")
        web_page.extract(page, b"")
        return time.process_time() - start

    small = min(cost(15_000) for _ in range(2))
    assert cost(60_000) < 11 * small + 0.3
