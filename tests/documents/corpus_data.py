"""Rows, feeds, subtitles, exports, web archives and Rich Text, as the programs write them that people use.

Each generator is named after such a program. Bodies are paragraphs with a blank line between them, but where the
format has none: subtitles, texts of one line.
"""

# ruff: noqa: E501 - rows are long

from __future__ import annotations

import csv
import datetime as dt
import gzip
import io
import json
import random
import re
from email.utils import format_datetime
from html import escape
from typing import TYPE_CHECKING, Any

from tests.documents.corpus import Sample, Truth
from tests.documents.prose import NAMES, headline, paragraph, sentence

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

LANGUAGES = ("en", "de", "fr", "es", "ru", "ja")
JSON, CSV, TSV = "application/json", "text/csv", "text/tab-separated-values"
RSS, ATOM = "application/rss+xml", "application/atom+xml"
FILES_OF_EACH = 20


class Article:
    """What a document tells: title, author, moment and paragraphs."""

    def __init__(self, rng: random.Random, language: str, paragraphs: int | None = None) -> None:
        self.rng = rng
        self.language = language
        self.title = headline(rng, language)
        self.author = rng.choice(NAMES)
        self.at = dt.datetime(2000, 1, 1, tzinfo=dt.UTC) + dt.timedelta(minutes=rng.randrange(13_000_000))
        self.paragraphs = [paragraph(rng, language) for _ in range(paragraphs or rng.randint(1, 5))]
        self.id = rng.randrange(10**6)
        self.url = f"https://news.example.org/{self.at:%Y/%m}/{self.id}.html?a=1&b=2"

    @property
    def body(self) -> str:
        return "\n\n".join(self.paragraphs)

    @property
    def day(self) -> str:
        return f"{self.at:%Y-%m-%d}"

    def truth(self, *, title: bool = True, date: bool = True, body: str | None = None, **metadata: str) -> Truth:
        return Truth(
            self.body if body is None else body, self.title if title else None, self.day if date else None, metadata
        )


def articles(rng: random.Random, languages: Iterable[str] = LANGUAGES, most: int = 7) -> list[Article]:
    language = rng.choice(tuple(languages))
    return [Article(rng, language) for _ in range(rng.randint(2, most))]


# --- JSON


def news_please(rng: random.Random) -> tuple[list[dict[str, Any]], list[Truth]]:
    found = articles(rng)
    rows = [
        {
            "authors": [one.author], "date_download": "2026-02-01 10:00:00", "date_modify": None,
            "date_publish": f"{one.at:%Y-%m-%d %H:%M:%S}", "description": one.paragraphs[0][:60], "filename": f"{one.id}.json",
            "image_url": None, "language": one.language, "maintext": one.body, "source_domain": "news.example.org",
            "title": one.title, "title_page": None, "url": one.url,
        }
        for one in found
    ]  # fmt: skip
    return rows, [one.truth(url=one.url, source_domain="news.example.org") for one in found]


def scrapy(rng: random.Random) -> tuple[list[dict[str, Any]], list[Truth]]:
    found = articles(rng)
    rows = [
        {
            "url": one.url,
            "headline": one.title,
            "author": one.author,
            "published": f"{one.at:%Y-%m-%dT%H:%M:%S+00:00}",
            "content": one.paragraphs,
            "tags": ["sea", "pier"],
        }
        for one in found
    ]
    return rows, [one.truth(url=one.url, author=one.author, tags="sea, pier") for one in found]


def twitter(rng: random.Random) -> tuple[list[dict[str, Any]], list[Truth]]:
    rows, truths = [], []
    for one in articles(rng):
        text = sentence(rng, one.language)
        user = {
            "id": one.id,
            "screen_name": "ann",
            "description": "I count gulls and fish at the pier all day long.",
            "name": one.author,
        }
        row: dict[str, Any] = {
            "created_at": f"{one.at:%a %b %d %H:%M:%S +0000 %Y}",
            "id": one.id * 10**12,
            "id_str": str(one.id),
            "user": user,
            "entities": {"hashtags": [], "urls": []},
            "lang": one.language,
        }
        if rng.random() < 0.5 or len(text) < 40:
            row |= {"full_text": text, "truncated": False}
        else:
            row |= {"text": text[:30] + "… https://t.co/abc", "truncated": True, "extended_tweet": {"full_text": text}}
        rows.append(row)
        truths.append(one.truth(title=False, body=text))
    return rows, truths


def reddit(rng: random.Random) -> tuple[list[dict[str, Any]], list[Truth]]:
    found = articles(rng)
    rows = [
        {
            "author": one.author,
            "created_utc": int(one.at.timestamp()),
            "id": f"{one.id:x}",
            "num_comments": 3,
            "over_18": False,
            "permalink": f"/r/sea/{one.id}",
            "score": 7,
            "selftext": one.body,
            "subreddit": "sea",
            "title": one.title,
            "url": one.url,
        }
        for one in found
    ]
    return rows, [one.truth(subreddit="sea", author=one.author) for one in found]


def reddit_comments(rng: random.Random) -> tuple[list[dict[str, Any]], list[Truth]]:
    found = [Article(rng, "en", 1) for _ in range(4)]
    rows = [
        {
            "author": one.author,
            "body": one.body,
            "created_utc": str(int(one.at.timestamp())),
            "link_id": "t3_a",
            "score": 1,
        }
        for one in found
    ]
    return rows, [one.truth(title=False) for one in found]


def wordpress_rest(rng: random.Random) -> tuple[list[dict[str, Any]], list[Truth]]:
    found = articles(rng)
    rows = [
        {
            "id": one.id, "date": f"{one.at:%Y-%m-%dT%H:%M:%S}", "modified": "2026-01-01T00:00:00", "link": one.url, "status": "publish",
            "title": {"rendered": escape(one.title).replace("’", "&#8217;")},
            "content": {"rendered": "\n".join(f"<p>{escape(part, quote=False)}</p>" for part in one.paragraphs) + "\n", "protected": False},
            "excerpt": {"rendered": f"<p>{one.paragraphs[0][:20]} [&hellip;]</p>"}, "author": 3, "categories": [1, 2],
        }
        for one in found
    ]  # fmt: skip
    return rows, [one.truth(link=one.url) for one in found]


def datasets(rng: random.Random) -> tuple[list[dict[str, Any]], list[Truth]]:
    found = articles(rng)
    names = rng.choice(
        (
            ("text", "title", "date"),
            ("article", "headline", "publication_date"),
            ("body", "subject", "published_at"),
            ("Text", "Title", "Date"),
            ("articleBody", "headline", "datePublished"),
            ("fullText", "title", "createdAt"),
            ("Inhalt", "Titel", "Datum"),
            ("contenu", "titre", "date"),
        )
    )
    rows = [
        {
            "id": one.id,
            names[1]: one.title,
            names[2]: f"{one.at:%Y-%m-%d}",
            names[0]: one.body,
            "summary": one.paragraphs[0][:50],
        }
        for one in found
    ]
    return rows, [one.truth(id=str(one.id)) for one in found]


ROWS: tuple[Callable[[random.Random], tuple[list[dict[str, Any]], list[Truth]]], ...] = (
    news_please, scrapy, twitter, reddit, reddit_comments, wordpress_rest, datasets, datasets,
)  # fmt: skip


def _dump(rng: random.Random, value: object, **options: Any) -> str:
    return json.dumps(value, ensure_ascii=rng.random() < 0.5, **options)


def json_lines(rng: random.Random, number: int) -> Sample:
    rows, truths = ROWS[number % len(ROWS)](rng)
    end = rng.choice(("\n", "\r\n", "\n\n"))
    text = end.join(_dump(rng, row) for row in rows) + rng.choice(("", end))
    raw = text.encode(rng.choice(("utf-8", "utf-8-sig", "utf-16")) if number % 4 == 0 else "utf-8")
    return Sample(
        f"lines-{number}.{rng.choice(('jsonl', 'ndjson', 'json', 'txt'))}", raw, JSON, tuple(truths), container=True
    )


def json_array(rng: random.Random, number: int) -> Sample:
    rows, truths = ROWS[number % len(ROWS)](rng)
    form = rng.choice(("compact", "indented", "lines", "sequence"))
    if form == "lines":
        text = "[\n" + ",\n".join(_dump(rng, row) for row in rows) + "\n]\n"
    elif form == "sequence":
        text = rng.choice(("", "\n")).join(_dump(rng, row, indent=2) for row in rows)
    else:
        text = _dump(rng, rows, indent=None if form == "compact" else 2)
    return Sample(f"array-{number}.json", text.encode(), JSON, tuple(truths), container=True)


def json_wrapped(rng: random.Random, number: int) -> Sample:
    rows, truths = ROWS[number % len(ROWS)](rng)
    value: dict[str, Any] = rng.choice((
        {"status": "ok", "totalResults": len(rows), "articles": rows},
        {"response": {"docs": rows, "meta": {"hits": len(rows), "offset": 0}}},
        {"took": 5, "hits": {"total": {"value": len(rows)}, "hits": [{"_index": "a", "_id": str(n), "_source": row} for n, row in enumerate(rows)]}},
        {"kind": "Listing", "data": {"after": None, "children": [{"kind": "t3", "data": row} for row in rows]}},
        {"version": "https://jsonfeed.org/version/1.1", "title": "Feed", "items": rows},
    ))  # fmt: skip
    truths = [Truth(one.body, one.title, one.date) for one in truths]
    return Sample(
        f"wrapped-{number}.json",
        _dump(rng, value, indent=rng.choice((None, 1))).encode(),
        JSON,
        tuple(truths),
        container=True,
    )


def json_object(rng: random.Random, number: int) -> Sample:
    one = Article(rng, rng.choice(LANGUAGES))
    forms: tuple[dict[str, Any], ...] = (
        {
            "@context": "https://schema.org",
            "@type": "NewsArticle",
            "headline": one.title,
            "datePublished": f"{one.at:%Y-%m-%dT%H:%M:%SZ}",
            "author": [{"@type": "Person", "name": one.author}],
            "articleBody": one.body,
            "publisher": {"name": "Post"},
        },
        {
            "title": one.title,
            "text": one.body,
            "publish_date": one.day,
            "authors": [one.author],
            "top_image": "",
            "keywords": ["sea"],
            "summary": "",
        },
        {"article": {"title": one.title, "body": one.body, "date": one.day}, "status": "ok"},
        {
            "headline": one.title,
            "content": [{"type": "paragraph", "text": part} for part in one.paragraphs],
            "created_at": one.day,
            "comments": [{"user": "a", "text": "Nice."}],
        },
        {
            "title": one.title,
            "text": one.body,
            "segments": [{"id": 0, "start": 0.0, "end": 2.5, "text": one.paragraphs[0]}],
            "date": one.day,
        },
    )
    return Sample(
        f"object-{number}.json", _dump(rng, forms[number % len(forms)], indent=2).encode(), JSON, (one.truth(),)
    )


# --- tables


def _table(rows: list[list[str]], **options: Any) -> str:
    file = io.StringIO()
    csv.writer(file, **{"lineterminator": "\n", **options}).writerows(rows)
    return file.getvalue()


def table(rng: random.Random, number: int) -> Sample:  # noqa: PLR0912 - a branch for each program
    form = number % 10
    western = form in {2, 3}
    found = articles(rng, ("de", "fr", "es", "en") if western else LANGUAGES, most=12)
    for one in found:
        if rng.random() < 0.5:
            one.paragraphs.append(
                f'He said: "It was quiet", then; and again\t| {sentence(rng, "en")}'
                if form not in {5, 6}
                else sentence(rng, "en")
            )
    if western:  # what windows-1252 has
        for one in found:
            one.title = one.title.encode("cp1252", "ignore").decode("cp1252")
            one.paragraphs = [part.encode("cp1252", "ignore").decode("cp1252") for part in one.paragraphs]
    names = rng.choice(
        (
            ["title", "text", "date", "author"],
            ["headline", "content", "published_at", "source"],
            ["Title", "Article", "Date", "Publisher"],
            ["titre", "texte", "date", "auteur"],
            ["Titel", "Inhalt", "Datum", "Autor"],
        )
    )
    rows = [names, *([one.title, one.body, one.day, one.author] for one in found)]
    truths = [one.truth() for one in found]
    media_type, codec, name = CSV, "utf-8", f"table-{number}.csv"
    if form == 0:  # pandas, with its index
        raw = _table([["", *names], *([str(n), *row] for n, row in enumerate(rows[1:]))])
    elif form == 1:  # everything quoted, Windows line ends
        raw = _table(rows, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    elif form in {2, 3}:  # Excel in Europe
        raw, codec = _table(rows, delimiter=";", lineterminator="\r\n"), ("cp1252" if form == 2 else "utf-8-sig")
    elif form == 4:  # Excel, Unicode text
        raw, codec, media_type = _table(rows, delimiter="\t", lineterminator="\r\n"), "utf-16", TSV
    elif form == 5:  # MySQL, INTO OUTFILE
        lines = [",".join(f'"{value}"' for value in row) for row in rows]
        quoted = [
            ",".join('"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"' for value in row) for row in rows[1:]
        ]
        raw = "\n".join([lines[0], *quoted]) + "\n"
    elif form == 6:  # mysql --batch
        raw = "".join(
            "\t".join(value.replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t") for value in row) + "\n"
            for row in rows
        )
        media_type, name = TSV, f"table-{number}.tsv"
    elif form == 7:  # Kaggle: more columns, numbers
        names = ["id", "title", "publication", "author", "date", "year", "month", "url", "content"]
        raw = _table(
            [
                names,
                *(
                    [str(one.id), one.title, "Post", one.author, one.day, str(one.at.year), "1.0", one.url, one.body]
                    for one in found
                ),
            ]
        )
    elif form == 8:
        raw, media_type = _table(rows, delimiter="\t"), TSV
    else:
        raw = _table(rows, delimiter="|")
    return Sample(name, raw.encode(codec), media_type, tuple(truths), container=True)


# --- subtitles


def _cues(rng: random.Random, one: Article) -> list[tuple[int, int, list[str]]]:
    """Cut paragraphs into cues of one or two lines; a pause stands between paragraphs."""
    cues, at = [], 1_000
    for part in one.paragraphs:
        words = part.split(" ") if one.language != "ja" else re.findall(r"\d+|.", part)
        joint = "" if one.language == "ja" else " "
        while words:
            lines = []
            for _ in range(rng.randint(1, 2)):
                taken, words = words[:7], words[7:]
                if taken:
                    lines.append(joint.join(taken))
            cues.append((at, at + 2_400, lines))
            at += 2_500
        at += 4_000
    return cues


def _clock(ms: int, sign: str) -> str:
    return f"{ms // 3_600_000:02}:{ms // 60_000 % 60:02}:{ms // 1000 % 60:02}{sign}{ms % 1000:03}"


def subrip(rng: random.Random, number: int) -> Sample:
    one = Article(rng, rng.choice(LANGUAGES), 3)
    blocks = []
    for index, (start, end, lines) in enumerate(_cues(rng, one), start=1):
        shown = [f"<i>{line}</i>" if rng.random() < 0.1 else line for line in lines]
        blocks.append(f"{index}\n{_clock(start, ',')} --> {_clock(end, ',')}\n" + "\n".join(shown))
    text = "\n\n".join(blocks) + "\n"
    raw = text.replace("\n", rng.choice(("\n", "\r\n"))).encode(rng.choice(("utf-8", "utf-8-sig")))
    return Sample(f"subrip-{number}.srt", raw, "application/x-subrip", (one.truth(title=False, date=False),))


def web_vtt(rng: random.Random, number: int) -> Sample:
    one = Article(rng, rng.choice(LANGUAGES), 3)
    head = rng.choice(
        (
            "WEBVTT\n\n",
            "WEBVTT\nKind: captions\nLanguage: en\n\n",
            "WEBVTT\n\nNOTE made by a program\n\nSTYLE\n::cue { color: white }\n\n",
        )
    )
    blocks = []
    for start, end, lines in _cues(rng, one):
        setting = rng.choice(("", " align:start position:0%"))
        voiced = [f"<v Ann>{line}</v>" if number % 5 == 0 else line.replace("&", "&amp;") for line in lines]
        blocks.append(f"{_clock(start, '.')} --> {_clock(end, '.')}{setting}\n" + "\n".join(voiced))
    if number % 4 == 1:  # YouTube: each line is shown again above the next, and words have their times
        blocks, before = [], ""
        for start, end, lines in _cues(rng, one):
            for step, line in enumerate(lines):
                begun, ended = start + step * 1_200, (start + step * 1_200 + 1_190 if step + 1 < len(lines) else end)
                first, _, rest = line.partition(" ")
                if one.language == "ja":
                    first, rest = line[:1], line[1:]
                gap = "" if one.language == "ja" else " "
                timed = f"{first}<{_clock(begun + 200, '.')}><c>{gap}{rest}</c>" if rest else line
                blocks.append(
                    f"{_clock(begun, '.')} --> {_clock(ended, '.')} align:start position:0%\n{before or ' '}\n{timed}"
                )
                blocks.append(f"{_clock(ended, '.')} --> {_clock(ended + 10, '.')} align:start position:0%\n{line}\n ")
                before = line
    return Sample(
        f"vtt-{number}.vtt",
        (head + "\n\n".join(blocks) + "\n").encode(),
        "text/vtt",
        (one.truth(title=False, date=False),),
    )


# --- feeds


def rss(rng: random.Random, number: int) -> Sample:
    items, truths = [], []
    for one in articles(rng):
        html = "\n".join(f"<p>{escape(part, quote=False)}</p>" for part in one.paragraphs)
        form = number % 4
        title = f"<title>{escape(one.title)}</title><link>{escape(one.url)}</link><guid>{escape(one.url)}</guid>"
        creator = f"<dc:creator><![CDATA[{one.author}]]></dc:creator><category><![CDATA[Sea]]></category>"
        date = f"<pubDate>{format_datetime(one.at)}</pubDate>"
        if form == 0:  # WordPress
            items.append(
                f"<item>\n{title}\n{creator}\n{date}\n<description><![CDATA[{html[:40]} [&#8230;]</p>]]></description>\n<content:encoded><![CDATA[{html}]]></content:encoded>\n</item>"
            )
        elif form == 1:  # escaped HTML
            items.append(f"<item>{title}{date}{creator}<description>{escape(html)}</description></item>")
        elif form == 2:  # plain text
            items.append(f"<item>{title}{date}{creator}<description>{escape(one.body)}</description></item>")
        else:  # RSS 1.0
            items.append(
                f'<item rdf:about="{escape(one.url)}"><title>{escape(one.title)}</title><link>{escape(one.url)}</link><description>{escape(html)}</description><dc:date>{one.at:%Y-%m-%dT%H:%M:%SZ}</dc:date><dc:creator>{one.author}</dc:creator></item>'
            )
        truths.append(one.truth(author=one.author, url=one.url))
    names = 'xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/"'
    if number % 4 == 3:
        text = (
            f'<?xml version="1.0" encoding="UTF-8"?>\n<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/" {names}>\n<channel rdf:about="a"><title>F</title></channel>\n'
            + "\n".join(items)
            + "\n</rdf:RDF>\n"
        )
    else:
        text = (
            f'<?xml version="1.0" encoding="UTF-8"?><rss version="2.0" {names}>\n<channel><title>Feed</title><link>http://a.example</link><description>All</description>\n'
            + "\n".join(items)
            + "\n</channel>\n</rss>"
        )
    return Sample(f"rss-{number}.xml", text.encode(), RSS, tuple(truths), container=True)


def atom(rng: random.Random, number: int) -> Sample:
    entries, truths = [], []
    for one in articles(rng):
        html = "\n".join(f"<p>{escape(part, quote=False)}</p>" for part in one.paragraphs)
        content = (
            f'<content type="html">{escape(html)}</content>',
            f'<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">{html}</div></content>',
            f"<summary>{escape(one.body)}</summary>",
        )[number % 3]
        entries.append(
            f'<entry><id>urn:{one.id}</id><title type="text">{escape(one.title)}</title><link rel="alternate" href="{escape(one.url)}"/><published>{one.at:%Y-%m-%dT%H:%M:%SZ}</published><updated>2026-01-01T00:00:00Z</updated><author><name>{one.author}</name></author>{content}</entry>'
        )
        truths.append(one.truth(author=one.author, url=one.url, id=f"urn:{one.id}"))
    text = (
        '<?xml version="1.0" encoding="utf-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom">\n<title>F</title><id>f</id><updated>2026-01-01T00:00:00Z</updated>\n'
        + "\n".join(entries)
        + "\n</feed>\n"
    )
    return Sample(f"atom-{number}.atom", text.encode(), ATOM, tuple(truths), container=True)


# --- exports of databases


def _wrapped(text: str, width: int = 70) -> str:
    lines, line = [], ""
    for word in text.split(" "):
        if line and len(line) + len(word) + 1 > width:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}" if line else word
    return "\n".join([*lines, line])


def nexis(rng: random.Random, number: int) -> Sample:
    found = articles(rng, ("en", "de", "fr", "es"), most=6)
    parts = []
    for index, one in enumerate(found, start=1):
        body = "\n\n".join(_wrapped(part) for part in one.paragraphs)
        parts.append(
            f"{f'{index} of {len(found)} DOCUMENTS':>50}\n\n\n{'The Harbour Gazette':>50}\n\n{f'{one.at:%B} {one.at.day}, {one.at.year} {one.at:%A}':>50}\n{'Late Edition':>50}\n\n{one.title}\n\nBYLINE: By {one.author.upper()}\n\nSECTION: Section A; Pg. {rng.randrange(1, 40)}\n\nLENGTH: {len(body.split())} words\n\n\n{body}\n\nSUBJECT: HARBORS (90%)\n\nLOAD-DATE: March 18, 2025\n\nLANGUAGE: ENGLISH\n\nPUBLICATION-TYPE: Newspaper\n\n\n{'Copyright 2024 The Harbour Gazette':>50}\n{'All Rights Reserved':>50}\n\n\n"
        )
    return Sample(
        f"nexis-{number}.txt",
        "".join(parts).encode(),
        "text/plain",
        tuple(one.truth(source="The Harbour Gazette", author=f"By {one.author.upper()}") for one in found),
        container=True,
    )


def nexis_uni(rng: random.Random, number: int) -> Sample:
    found = articles(rng, ("en", "de", "fr", "es"), most=6)
    parts = [
        f"{one.title}\nThe Harbour Gazette\n{one.at:%B} {one.at.day}, {one.at.year} {one.at:%A}\n\nCopyright 2024 The Harbour Gazette All Rights Reserved\n\nSection: SPORTS; Pg. 3\nLength: {len(one.body.split())} words\nByline: {one.author}\nBody\n\n\n{one.body}\n\n\nLoad-Date: March 18, 2025\n\n\nEnd of Document\n\n\n"
        for one in found
    ]
    return Sample(
        f"uni-{number}.txt",
        "".join(parts).encode(),
        "text/plain",
        tuple(one.truth(source="The Harbour Gazette", author=one.author) for one in found),
        container=True,
    )


def factiva(rng: random.Random, number: int) -> Sample:
    found = articles(rng, ("en", "de", "fr", "es"), most=6)
    parts = []
    for index, one in enumerate(found):
        date, key = f"{one.at.day} {one.at:%B} {one.at.year}", f"Document HGAZ0000{one.at:%Y%m%d}ek3h000{index:02}"
        if number % 2:
            lead, *rest = one.paragraphs
            more = "\n\n".join(rest) or "."
            parts.append(
                f"SE News\nHD \n{one.title}\nBY By {one.author}\nWC 300 words\nPD {date}\nSN The Harbour Gazette\nSC HGAZ\nLA English\nCY (c) 2024 The Harbour Gazette\nLP \n{lead}\nTD \n{more}\nNS gfish : Fishing\nPUB Harbour Ltd\nAN \n{key}\n\n"
            )
            if not rest:
                one.paragraphs.append(".")
        else:
            parts.append(
                f"{one.title}\n\nBy {one.author}\n300 words\n{date}\nThe Harbour Gazette\nHGAZ\nEnglish\n(c) 2024 The Harbour Gazette\n\n{one.body}\n\n{key}\n\n"
            )
    footer = rng.choice(
        ("", "Search Summary\nText\nfish\nDate\nAll Dates\n\n© 2024 Factiva, Inc. All rights reserved.\n")
    )
    return Sample(
        f"factiva-{number}.txt",
        ("".join(parts) + footer).encode(),
        "text/plain",
        tuple(one.truth(source="The Harbour Gazette", author=f"By {one.author}") for one in found),
        container=True,
    )


def proquest(rng: random.Random, number: int) -> Sample:
    found = articles(rng, ("en", "de", "fr", "es"), most=6)
    rule = "_" * 60 + "\n\n"
    parts = [
        f"{rule}Document {index} of {len(found)}\n\n{one.title}\n\nAuthor: {one.author}\n\nPublication info: The Harbour Gazette ; Boston\n\nAbstract: Short.\n\nLinks: http://a.example/{one.id}\n\nFull text: {one.body}\n\nSubject: Sea\n\nTitle: {one.title}\n\nPublication title: The Harbour Gazette\n\nPages: A.1\n\nPublication year: {one.at.year}\n\nPublication date: {one.at:%b} {one.at.day}, {one.at.year}\n\nPublisher: Harbour Ltd\n\nISSN: 1234-5678\n\nSource type: Newspapers\n\nProQuest document ID: {one.id}\n\nDocument URL: {one.url}\n\nCopyright: Copyright Harbour Ltd\n\nLast updated: 2025-01-01\n\nDatabase: Newsstream\n\n"
        if number % 2
        else f"{rule}Title: {one.title}\n\nAuthor: {one.author}\n\nPublication title: The Harbour Gazette\n\nPublication date: {one.at:%b} {one.at.day}, {one.at.year}\n\nFull text: {one.body}\n\nProQuest document ID: {one.id}\n\n"
        for index, one in enumerate(found, start=1)
    ]
    end = f"{rule}Contact us at: http://www.proquest.com/go/contactsupport\n\nDatabase copyright © 2025 ProQuest LLC. All rights reserved.\n"
    return Sample(
        f"proquest-{number}.txt",
        ("".join(parts) + end).encode(),
        "text/plain",
        tuple(one.truth(publication="The Harbour Gazette", author=one.author) for one in found),
        container=True,
    )


# --- web archives, Rich Text


def _record(kind: str, block: bytes, content_type: str, uri: str | None = None) -> bytes:
    at = f"WARC-Target-URI: {uri}\r\n" if uri else ""
    head = f"WARC/1.0\r\nWARC-Type: {kind}\r\nWARC-Date: 2024-03-17T10:00:00Z\r\nWARC-Record-ID: <urn:uuid:{len(block)}>\r\n{at}Content-Type: {content_type}\r\nContent-Length: {len(block)}\r\n\r\n"
    return head.encode() + block + b"\r\n\r\n"


def warc_file(rng: random.Random, number: int) -> Sample:
    records = [_record("warcinfo", b"software: test\r\n", "application/warc-fields")]
    truths = []
    for one in articles(rng):
        html = (
            f"<html><head><title>{escape(one.title)}</title></head><body>"
            + "".join(f"<p>{escape(part)}</p>" for part in one.paragraphs)
            + "</body></html>"
        )
        body, coding = html.encode(), ""
        if number % 3 == 0:
            body, coding = gzip.compress(body, mtime=0), "Content-Encoding: gzip\r\n"
        if number % 3 == 1:
            body, coding = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body), "Transfer-Encoding: chunked\r\n"
        records += [
            _record("request", b"GET / HTTP/1.1\r\n\r\n", "application/http; msgtype=request", one.url),
            _record(
                "response",
                f"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=UTF-8\r\n{coding}\r\n".encode() + body,
                "application/http; msgtype=response",
                one.url,
            ),
            _record(
                "response",
                b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n\r\n\x89PNG\r\n",
                "application/http; msgtype=response",
                one.url,
            ),
        ]
        truths.append(one.truth(title=False, date=False, body=html, url=one.url))
    return Sample(f"warc-{number}.warc", b"".join(records), "text/html", tuple(truths), container=True)


def wet(rng: random.Random, number: int) -> Sample:
    found = articles(rng)
    records = [_record("warcinfo", b"Software-Info: test\r\n", "application/warc-fields")]
    records += [_record("conversion", one.body.encode(), "text/plain", one.url) for one in found]
    return Sample(
        f"wet-{number}.wet",
        b"".join(records),
        "text/plain",
        tuple(one.truth(title=False, date=False, url=one.url) for one in found),
        container=True,
    )


def _rtf_escaped(text: str, codec: str | None) -> str:
    out = []
    for sign in text:
        if sign in "\\{}":
            out.append("\\" + sign)
        elif sign < "\x80":
            out.append(sign)
        elif codec and (encoded := sign.encode(codec, "ignore")):
            out.append("".join(f"\\'{byte:02x}" for byte in encoded))
        else:
            units = sign.encode("utf-16-le")
            out += [
                f"\\u{int.from_bytes(units[at : at + 2], 'little', signed=True)}?" for at in range(0, len(units), 2)
            ]
    return "".join(out)


def rich_text(rng: random.Random, number: int) -> Sample:
    language = rng.choice(LANGUAGES)
    page, codec = {"ru": ("1251", "cp1251"), "ja": ("932", "cp932")}.get(language, ("1252", "cp1252"))
    one = Article(rng, language)
    coded = codec if number % 2 else None
    info = f"{{\\info{{\\title {_rtf_escaped(one.title, coded)}}}{{\\author {_rtf_escaped(one.author, None)}}}{{\\creatim\\yr{one.at.year}\\mo{one.at.month}\\dy{one.at.day}\\hr{one.at.hour}\\min{one.at.minute}}}}}"
    end = rng.choice(("\\par\n", "\\par\n\\par\n", "\\par\\pard\\plain\\f0 \n"))
    body = end.join(
        ("\\b " if rng.random() < 0.2 else "") + _rtf_escaped(part, coded) + "\\b0 " * (rng.random() < 0.2)
        for part in one.paragraphs
    )
    text = f"{{\\rtf1\\ansi\\ansicpg{page}\\deff0{{\\fonttbl{{\\f0\\fswiss Helvetica;}}}}\n{{\\colortbl;\\red255\\green255\\blue255;}}\n{info}\\viewkind4\\uc1\\pard\\f0\\fs24 {body}\\par\n}}\n"
    return Sample(f"rtf-{number}.rtf", text.encode("ascii"), "application/rtf", (one.truth(author=one.author),))


GENERATORS: tuple[Callable[[random.Random, int], Sample], ...] = (
    json_lines, json_array, json_wrapped, json_object, table, subrip, web_vtt, rss, atom, nexis, nexis_uni, factiva,
    proquest, warc_file, wet, rich_text,
)  # fmt: skip


def samples(each: int = FILES_OF_EACH, seed: int = 20_240_317) -> list[Sample]:
    """Return the corpus: the same files every time."""
    return [
        generator(random.Random(f"{seed} {generator.__name__} {number}"), number)
        for generator in GENERATORS
        for number in range(each)
    ]


# --- what is none of these kinds


def _poem(rng: random.Random, language: str) -> str:
    return (
        "\n".join(
            f"{sentence(rng, language)[:24].rstrip(' .,')}, {sentence(rng, language)[:20].lower().rstrip(' .,')}"
            for _ in range(8)
        )
        + "\n"
    )


def _list(rng: random.Random, language: str) -> str:
    return (
        "\n".join(
            f"{headline(rng, language)[:20]}; {rng.choice(NAMES)}; {rng.randrange(1990, 2024)}"
            for _ in range(rng.randint(3, 9))
        )
        + "\n"
    )


def _numbers(rng: random.Random, language: str) -> str:
    del language
    sign = rng.choice((",", ";", "\t"))
    names = sign.join(rng.sample(["year", "rain", "wind", "sun", "snow", "boats"], 4))
    return names + "\n" + "\n".join(sign.join(str(rng.randrange(2_000)) for _ in range(4)) for _ in range(12)) + "\n"


def _json_in_prose(rng: random.Random, language: str) -> str:
    return f'{paragraph(rng, language)}\n\n{{"title": "{headline(rng, language)}", "text": "x"}}\n\n{paragraph(rng, language)}\n'


def _log(rng: random.Random, language: str) -> str:
    lines = [
        f"2024-03-17 10:{rng.randrange(60):02}:{rng.randrange(60):02},{rng.randrange(1000):03} INFO pier: {sentence(rng, language)}"
        for _ in range(6)
    ]
    lines.insert(3, json.dumps({"level": "info", "message": "started", "text": "x"}))
    return "\n".join(lines) + "\n"


def _code(rng: random.Random, language: str) -> str:
    return f'import json\n\n# {sentence(rng, language)}\nROWS = [\n    {{"title": "a", "text": "b"}},\n]\n\n\ndef main(a, b, c):\n    print(json.dumps(ROWS), a, b, c)\n    time = "00:00:01,000 --> 00:00:02,000"\n'


def _chat(rng: random.Random, language: str) -> str:
    return (
        "\n".join(
            f"[{rng.randrange(24):02}:{rng.randrange(60):02}:{rng.randrange(60):02}] {rng.choice(NAMES)}: {sentence(rng, language)}"
            for _ in range(8)
        )
        + "\n"
    )


def _about_subtitles(rng: random.Random, language: str) -> str:
    return f"{paragraph(rng, language)}\n\n1\n00:00:01,000 --> 00:00:02,000\n{sentence(rng, language)}\n\n{paragraph(rng, language)}\n"


def _about_archives(rng: random.Random, language: str) -> str:
    return f"WARC/1.0 {sentence(rng, language)}\n\nWARC-Type: response\n\n{paragraph(rng, language)}\n"


def _one_of(rng: random.Random, language: str) -> str:
    total = rng.randrange(2, 60)
    return (
        f"{paragraph(rng, language)}\n\n{rng.randrange(1, total)} of {total} DOCUMENTS\n\n{paragraph(rng, language)}\n"
    )


def _parts(rng: random.Random, language: str) -> str:
    return "".join(f"{'_' * 40}\n\n{headline(rng, language)}\n\n{paragraph(rng, language)}\n\n" for _ in range(4))


def _about_feeds(rng: random.Random, language: str) -> str:
    return f'A feed begins with <rss version="2.0"> and has <item> elements.\n\n{paragraph(rng, language)}\n\n<item><title>x</title></item>\n'


def _interview(rng: random.Random, language: str) -> str:
    return "\n\n".join(f"{rng.choice(NAMES)}: {paragraph(rng, language)}" for _ in range(5)) + "\n"


def _about_tables(rng: random.Random, language: str) -> str:
    return f"id,title,text\n\n{paragraph(rng, language)}\n\n{paragraph(rng, language)}\n"


def _header_block(rng: random.Random, language: str) -> str:
    return f"Title: {headline(rng, language)}\nDate: 2024-03-17\nAuthor: {rng.choice(NAMES)}\n\n{paragraph(rng, language)}\n"


def _brackets(rng: random.Random, language: str) -> str:
    return f"[{rng.choice(NAMES)}] {paragraph(rng, language)}\n\n{{{sentence(rng, language)}}}\n\n[1] {sentence(rng, language)}\n"


def _about_rich_text(rng: random.Random, language: str) -> str:
    return f"{{\\rtf1 {sentence(rng, language)}\n\n{paragraph(rng, language)}\n"


def _two_columns(rng: random.Random, language: str) -> str:
    return "\n".join(f"{headline(rng, language)}\t{sentence(rng, language)}" for _ in range(6)) + "\n"


NEGATIVES: tuple[Callable[[random.Random, str], str], ...] = (
    _poem, _list, _numbers, _json_in_prose, _log, _code, _chat, _about_subtitles, _about_archives, _one_of, _parts,
    _about_feeds, _interview, _about_tables, _header_block, _brackets, _about_rich_text, _two_columns,
)  # fmt: skip
_SUFFIXES = (".txt", ".csv", ".json", ".srt", ".xml", ".warc", ".rtf", ".tsv", ".jsonl", "")


def negatives(seed: int = 7) -> list[tuple[str, str]]:
    """Return names and texts that must stay as they are; the names lie."""
    rng = random.Random(seed)
    return [
        (f"{make.__name__[1:]}-{language}{rng.choice(_SUFFIXES)}", make(rng, language))
        for make in NEGATIVES
        for language in LANGUAGES
        for _ in range(2)
    ]
