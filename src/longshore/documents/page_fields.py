"""The fields that a web page carries: title, date, author and others, from the places where systems write them.

In order of trust: JSON-LD, `<meta>` (Open Graph, Dublin Core, what news systems add), microdata, `<time>`, `<title>`
and `<h1>`. Values stand as the page has them.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from html import unescape
from typing import TYPE_CHECKING, Any, Final

from longshore.text.dates.dateline import read_date_line

if TYPE_CHECKING:
    from resiliparse.parse.html import HTMLTree


@dataclass(frozen=True, slots=True)
class Fields:
    """The fields of one page. shown: values that its text may repeat: author, date, section."""

    title: str | None
    date: str | None
    metadata: dict[str, str]
    shown: tuple[str, ...]


_TITLES: Final = ("og:title", "twitter:title", "dc.title", "dcterms.title", "parsely-title", "sailthru.title", "title")
_DATES: Final = (
    "article:published_time", "og:article:published_time", "og:published_time", "datepublished", "date.issued",
    "dc.date.issued", "dcterms.issued", "dc.date", "dcterms.date", "dcterms.created", "dc.date.created",
    "parsely-pub-date", "sailthru.date", "pubdate", "publishdate", "publish-date", "publish_date", "published",
    "publication_date", "publicationdate", "date_published", "published_time", "cxenseparse:recs:publishtime",
    "article.published", "article_date_original", "originalpublicationdate", "ptime", "date", "datecreated",
    "creation_date", "rnews:datepublished", "citation_publication_date", "citation_date", "release_date", "displaydate",
)  # fmt: skip
_METADATA: Final = {
    "author": ("author", "article:author_name", "dc.creator", "dcterms.creator", "parsely-author", "sailthru.author",
               "byl", "citation_author", "twitter:data1", "article:author"),
    "url": ("og:url", "parsely-link", "dc.identifier", "twitter:url"),
    "section": ("article:section", "parsely-section", "section", "cg", "dc.subject"),
    "description": ("og:description", "description", "dc.description", "twitter:description"),
    "site": ("og:site_name", "application-name", "dc.publisher", "publisher", "citation_journal_title"),
    "language": ("og:locale", "content-language", "dc.language", "language"),
    "keywords": ("keywords", "news_keywords", "parsely-tags", "article:tag"),
    "modified": ("article:modified_time", "og:updated_time", "last-modified", "datemodified", "dcterms.modified",
                 "dc.date.modified", "lastmod"),
}  # fmt: skip
_MOST_ELEMENTS: Final = 3_000
_LONGEST_VALUE: Final = 2_000
_SEPARATOR: Final = re.compile(r"\s+[|\-–—:·•»«]+\s+|\s*(?:\||::|»|«)\s*")
_QUERY: Final = (
    'meta,title,h1,h2,h3,time,link[rel="canonical"],script[type="application/ld+json"],[itemprop],abbr.published'
)


def select(tree: HTMLTree, query: str, most: int = _MOST_ELEMENTS) -> list[Any]:
    """Return the elements that a selector of CSS matches, in their order, as many as a page has.

    A slice, because resiliparse's lists make all of their elements again for each step of an iteration.
    """
    document = tree.document
    return [] if document is None else list(document.query_selector_all(query)[:most])


def read_fields(tree: HTMLTree) -> Fields:  # noqa: PLR0912 - one branch for each place
    """Return the fields that a page carries: in JSON-LD, in `<meta>`, in microdata, in `<title>`, `<h1>`, `<time>`."""
    meta: dict[str, str] = {}
    found: dict[str, str] = {}
    items: dict[str, str] = {}
    times: list[tuple[bool, str]] = []
    headings: list[str] = []
    shown: list[str] = []
    title = ""
    for element in select(tree, _QUERY):
        tag = element.tag
        if tag == "meta":
            names = " ".join(filter(None, map(element.getattr, ("name", "property", "itemprop", "http-equiv"))))
            content = _value(element.getattr("content"))
            for name in names.lower().split():
                if content:
                    meta.setdefault(name, content)
        elif tag == "script":
            for name, value in _linked_data(element.text or "").items():
                found.setdefault(name, value)
        elif tag == "link":
            meta.setdefault("canonical", _value(element.getattr("href")))
        elif tag == "title":
            title = title or _value(element.text)
        else:
            text = _value(element.text)
            if tag in ("h1", "h2", "h3") and text:
                headings.append(text)
            said = _value(element.getattr("datetime") or element.getattr("content") or element.getattr("title")) or text
            name = (element.getattr("itemprop") or "").lower()
            if name and said:
                items.setdefault(name, text if name in ("headline", "name", "author") and text else said)
            if tag in ("time", "abbr"):
                marked = "publish" in f"{name} {element.getattr('class') or ''}".lower() or element.hasattr("pubdate")
                if said and any(map(str.isdigit, said)):
                    times.append((marked, said))
                shown.append(text)
    date = (
        found.get("date")
        or next((meta[name] for name in _DATES if meta.get(name)), None)
        or items.get("datepublished")
        or next((said for marked, said in times if marked), None)
        or next((said for _, said in times), None)
        or items.get("datecreated")
    )
    date = date or _visible_date(tree)
    metadata = {}
    for name, sources in _METADATA.items():
        said = found.get(name) or next((meta[source] for source in sources if meta.get(source)), "")
        if said:
            metadata[name] = said.removeprefix("By ") if name == "author" else said
    metadata.setdefault("author", items.get("author", ""))
    metadata["url"] = meta.get("canonical") or metadata.get("url", "")
    for html in select(tree, "html", 1):
        metadata["language"] = html.getattr("lang") or html.getattr("xml:lang") or metadata.get("language", "")
    metadata = {name: value for name, value in metadata.items() if value}
    author = metadata.get("author", "")
    shown += [author, *(part for part in re.split(r",| and |;", author)), date or "", (date or "")[:10]]
    given = found.get("title") or items.get("headline") or next((meta[name] for name in _TITLES if meta.get(name)), "")
    best = _title(given, title, headings, metadata.get("site", ""))
    return Fields(
        best or None, date, metadata, tuple(sorted({one.strip() for one in shown if one.strip()}, key=len)[::-1])
    )


_DATED: Final = ", ".join(
    f'[{attribute}*="{word}" i]'
    for attribute in ("class", "id")
    for word in ("date", "byline", "publish", "posted", "submitted", "timestamp")
)
_LONGEST_DATE_LINE: Final = 120
_MOST_DATES: Final = 3


def date_in(line: str) -> str | None:
    """Return the date of a line that says when its text was published, as it stands there.

    >>> date_in("By Ann Lee · August 13, 2014"), date_in("Copyright 2014")
    ('August 13, 2014', None)
    """
    if len(line) > _LONGEST_DATE_LINE or not any(map(str.isdigit, line)):
        return None
    found = read_date_line(line)
    return line[found.written.start : found.written.end] if found and not found.updated else None


def _visible_date(tree: HTMLTree) -> str | None:
    """Return the date in an element that is named for one; None where there are several, as in a list of articles."""
    texts = [_value(element.text) for element in select(tree, _DATED, _MOST_DATES * 10)]
    dates = dict.fromkeys(filter(None, map(date_in, dict.fromkeys(texts))))
    return next(iter(dates)) if 0 < len(dates) <= _MOST_DATES else None


def _value(text: str | None) -> str:
    return " ".join(text.split())[:_LONGEST_VALUE] if text else ""


_SHORTEST_TITLE: Final = 3


def _title(given: str, title: str, headings: list[str], site: str) -> str:
    """Choose the headline: what the data give for it, without the name of the site where a heading or that shows it.

    >>> _title("", "Pier reopens | The Post", [], ""), _title("", "Pier - reopened", ["Pier - reopened"], "")
    ('Pier reopens', 'Pier - reopened')
    """
    whole = given or title
    shown = sorted((one for one in headings if len(one) > _SHORTEST_TITLE and one in whole), key=len)
    if shown:
        return shown[-1]
    if site and whole.endswith(site) and len(whole) > len(site):
        cut = re.sub(r"[\s|\-–—:·•»«]+\Z", "", whole[: -len(site)])
        return cut or whole
    if given:
        return given
    parts = _SEPARATOR.split(title)
    if len(parts) > 1 and re.search(r"\||::|»|«", title):
        return max(parts, key=len)
    return title or next(iter(headings), "")


_LONGEST_DATA: Final = 262_144
_MOST_NODES: Final = 400
_OF_AN_ARTICLE: Final = re.compile(r"(?:Article|Posting|Report|Review|Recipe|Interview|Column)\Z")


def _linked_data(script: str) -> dict[str, str]:
    """Return the fields of the article in a script of JSON-LD."""
    script = script.strip()
    if len(script) > _LONGEST_DATA:
        return {}
    script = re.sub(r"\A(?:<!--|(?://\s*)?<!\[CDATA\[)|(?:-->|(?://\s*)?\]\]>)\Z", "", script).strip()
    try:
        top = json.loads(script, strict=False)
    except (ValueError, RecursionError):
        return {}
    nodes, at = [top], 0
    while at < len(nodes) < _MOST_NODES:
        node = nodes[at]
        at += 1
        if isinstance(node, list):
            nodes.extend(node[:_MOST_NODES])
        elif isinstance(node, dict):
            types = node.get("@type")
            if any(
                isinstance(one, str) and _OF_AN_ARTICLE.search(one)
                for one in (types if isinstance(types, list) else [types])
            ):
                return _article_fields(node)
            nodes.extend(value for name, value in node.items() if name in ("@graph", "mainEntity", "mainEntityOfPage"))
    return {}


def _article_fields(node: dict[str, Any]) -> dict[str, str]:
    fields = {
        "title": _name(node.get("headline")) or _name(node.get("name")),
        "date": _name(node.get("datePublished")) or _name(node.get("dateCreated")),
        "modified": _name(node.get("dateModified")),
        "author": _name(node.get("author")) or _name(node.get("creator")),
        "url": _name(node.get("url")) or _name(node.get("mainEntityOfPage")),
        "section": _name(node.get("articleSection")),
        "description": _name(node.get("description")),
        "site": _name(node.get("publisher")),
        "keywords": _name(node.get("keywords")),
    }
    return {name: value for name, value in fields.items() if value}


def _name(value: object) -> str:
    """Return what a value of JSON-LD is called: a text, the name of a thing, or the names of several."""
    if isinstance(value, str):
        return _value(unescape(value))
    if isinstance(value, dict):
        return _name(value.get("name")) or _name(value.get("@id"))
    if isinstance(value, list):
        return ", ".join(filter(None, (_name(one) for one in value[:20] if not isinstance(one, list))))
    return ""
