"""Texts that look like another format and are none: every one stays the text that it is."""

# ruff: noqa: E501 - texts have long lines

from __future__ import annotations

import json
import random
from collections.abc import Callable

from tests.documents.prose import NAMES, PLACES, headline, paragraph, sentence

_LANGUAGES = ("en", "en", "de", "fr", "es", "ru", "ja")
Writer = Callable[[random.Random, str], str]


def _paragraphs(rng: random.Random, language: str, number: int = 3) -> str:
    return "\n\n".join(paragraph(rng, language) for _ in range(number))


def about_html(rng: random.Random, language: str) -> str:
    tag = rng.choice(("p", "div", "table", "html", "script"))
    opening = rng.choice(
        (
            f"<{tag}> opens it, and </{tag}> closes it.",
            f"The tag <{tag}> is often forgotten.",
            "<!DOCTYPE html> stands first.",
        )
    )
    return f"{opening}\n\n{_paragraphs(rng, language)}\n\nWrite <{tag}>text</{tag}>, never <{tag.upper()}>.\n"


def with_tags(rng: random.Random, language: str) -> str:
    words = _paragraphs(rng, language).split(" ")
    for _ in range(4):
        at = rng.randrange(len(words))
        tag = rng.choice(("b", "i", "em", "br/", "sup", "a"))
        words[at] = f"<{tag}>{words[at]}</{tag}>" if tag != "br/" else words[at] + "<br/>"
    return " ".join(words)


def one_tagged(rng: random.Random, language: str) -> str:
    tag = rng.choice(("p", "b", "i", "li", "span", "em"))
    return f"<{tag}>{paragraph(rng, language)}</{tag}>"


def markdown_with_code(rng: random.Random, language: str) -> str:
    code = rng.choice(
        ('<div class="a">\n  <p>x</p>\n</div>', '{"a": 1}', "a,b,c\n1,2,3", "From: ann@example.org\nSubject: x")
    )
    return (
        f"# {headline(rng, language)}\n\n{paragraph(rng, language)}\n\n```\n{code}\n```\n\n{paragraph(rng, language)}\n"
    )


def markdown_with_html(rng: random.Random, language: str) -> str:
    return (
        f'<h1 align="center">{headline(rng, language)}</h1>\n\n<p align="center">\n  <img src="logo.png">\n</p>\n\n'
        f"{_paragraphs(rng, language)}\n\n## Use\n\n- {sentence(rng, language)}\n- {sentence(rng, language)}\n"
    )


def poem(rng: random.Random, language: str) -> str:
    ends = (",", ",", ";", ",", ".")
    return "\n".join(
        " ".join(sentence(rng, language).rstrip(".。?」").split(" ")[:5]) + ends[place % 5] for place in range(16)
    )


def commas(rng: random.Random, language: str) -> str:
    """Write lines with two commas each, which no header names."""
    del language
    return "\n".join(f"{rng.choice(NAMES)}, of {rng.choice(PLACES)}, aged {rng.randrange(20, 80)}" for _ in range(12))


def from_lines(rng: random.Random, language: str) -> str:
    return f"From {rng.choice(PLACES)} the boats came on Sun Mar 17.\n\nFrom here on it rained.\n\n{_paragraphs(rng, language)}\n\nFrom: the harbour office.\n"


def mailbox_in_prose(rng: random.Random, language: str) -> str:
    return (
        f"From ann@example.org Sun Mar 17 10:00:00 2024\n\nThat is how a mailbox begins. {paragraph(rng, language)}\n"
    )


def memo(rng: random.Random, language: str) -> str:
    return f"From: {rng.choice(NAMES)}\nTo: {rng.choice(NAMES)}\nSubject: {headline(rng, language)}\n\n{_paragraphs(rng, language)}"


def chat(rng: random.Random, language: str) -> str:
    stamp = rng.choice(
        (
            "[{h:02}:{m:02}] <{n}> ",
            "{h:02}:{m:02} {n}: ",
            "<{n}> ",
            "[{h:02}:{m:02}:17] {n}: ",
            "{n}: ",
            "17/03/2024, {h:02}:{m:02} - {n}: ",
        )
    )
    lines, minute = [], 600
    for _ in range(rng.randint(6, 20)):
        minute += rng.randrange(5)
        lines.append(
            stamp.format(h=minute // 60, m=minute % 60, n=rng.choice(("ann", "bob", "eve"))) + sentence(rng, language)
        )
    return "\n".join(lines)


def json_in_prose(rng: random.Random, language: str) -> str:
    snippet = json.dumps(
        {"text": sentence(rng, language), "id": rng.randrange(99)}, ensure_ascii=False, indent=rng.choice((None, 2))
    )
    return rng.choice(
        (
            f"{paragraph(rng, language)}\n\n{snippet}\n\n{paragraph(rng, language)}\n",
            f"{snippet}\n\n{_paragraphs(rng, language)}\n",
        )
    )


def braces(rng: random.Random, language: str) -> str:
    return (
        "\n".join(f"{{{rng.choice(NAMES)}}} {sentence(rng, language)}" for _ in range(6))
        + f"\n[1] {sentence(rng, language)}\n[2] {sentence(rng, language)}"
    )


def bracketed(rng: random.Random, language: str) -> str:
    return f"[{headline(rng, language)}]\n\n{_paragraphs(rng, language)}\n\n[The end]"


def recipe(rng: random.Random, language: str) -> str:
    items = "\n".join(
        f"{rng.randrange(1, 900)} g {thing}"
        for thing in rng.sample(("flour", "butter", "sugar", "salt", "milk", "rye"), 4)
    )
    return f"Bread of {rng.choice(PLACES)}\n\nServes: {rng.randrange(2, 9)}\nTime: {rng.randrange(10, 90)} minutes\n\n{items}\n\n{_paragraphs(rng, language, 2)}"


def table(rng: random.Random, language: str) -> str:
    gap = rng.choice(("   ", " | ", "\t"))
    rows = [
        gap.join((f"{place:<12}", f"{rng.randrange(99):>3}", f"{rng.randrange(99):>3}"))
        for place in rng.sample(PLACES, 5)
    ]
    return (
        f"{headline(rng, language)}\n\n{paragraph(rng, language)}\n\n"
        + "\n".join(rows)
        + f"\n\n{paragraph(rng, language)}"
    )


def colons(rng: random.Random, language: str) -> str:
    return "\n".join(f"{rng.choice(PLACES)}: {sentence(rng, language)}" for _ in range(8))


def fields(rng: random.Random, language: str) -> str:
    names = rng.sample(
        ("Name", "Address", "Phone", "Status", "Received", "Sender", "Path", "Lines", "Date", "Reference"), 6
    )
    return "\n".join(f"{name}: {rng.choice(PLACES)}" for name in names) + f"\n\n{paragraph(rng, language)}"


def interview(rng: random.Random, language: str) -> str:
    return "\n\n".join(f"{'QA'[place % 2]}: {sentence(rng, language)}" for place in range(10))


def screenplay(rng: random.Random, language: str) -> str:
    return "\n\n".join(
        f"INT. {rng.choice(PLACES).upper()} - NIGHT\n\n{rng.choice(NAMES).upper()}\n    {sentence(rng, language)}"
        for _ in range(4)
    )


def programme(rng: random.Random, language: str) -> str:
    arrow = rng.choice((" - ", " --> ", " to "))
    return "\n".join(f"{hour:02}:00{arrow}{hour + 1:02}:00  {sentence(rng, language)}" for hour in range(8, 18))


def numbered(rng: random.Random, language: str) -> str:
    return "\n\n".join(f"{place}\n{sentence(rng, language)}" for place in range(1, 9))


def arrows(rng: random.Random, language: str) -> str:
    return f"<-- {sentence(rng, language)}\n--> {sentence(rng, language)}\n<3 {sentence(rng, language)}\n< 5 and > 3: {sentence(rng, language)}"


def settings(rng: random.Random, language: str) -> str:
    return (
        "\n".join(f"{name} = {rng.randrange(99)}" for name in ("width", "height", "depth", "speed"))
        + f"\n\n{_paragraphs(rng, language)}"
    )


def hashes(rng: random.Random, language: str) -> str:
    return f"# {sentence(rng, language)}\n\n{_paragraphs(rng, language)}\n\n#harbour #fog\n"


def dashes(rng: random.Random, language: str) -> str:
    return f"---\n\n{_paragraphs(rng, language)}\n\n---\n\n{paragraph(rng, language)}\n"


def headers_quoted(rng: random.Random, language: str) -> str:
    return f"{paragraph(rng, language)}\n\nMIME-Version: 1.0\nContent-Type: text/html; charset=utf-8\n\n{paragraph(rng, language)}\n"


def about_mail(rng: random.Random, language: str) -> str:
    return f"Content-Type: what a part is made of.\nMessage-ID: what tells messages apart.\nSubject: what it is about.\n\n{_paragraphs(rng, language)}"


def about_feeds(rng: random.Random, language: str) -> str:
    return f'<rss version="2.0"> opens a feed, <item> opens an item.\n\n{_paragraphs(rng, language)}'


def about_subtitles(rng: random.Random, language: str) -> str:
    return f"WEBVTT is the first line of such a file.\n\n{_paragraphs(rng, language)}\n\n00:00:01.000 --> 00:00:02.000 is a timing.\n"


def about_archives(rng: random.Random, language: str) -> str:
    return f"WARC/1.0 is how a record of an archive begins.\n\n{_paragraphs(rng, language)}"


def semicolons(rng: random.Random, language: str) -> str:
    return "\n".join(f"{sentence(rng, language).rstrip('.')};" for _ in range(8))


def verse(rng: random.Random, language: str) -> str:
    """Write verses with their numbers, as scripture has them."""
    return "\n".join(f"{rng.randrange(1, 9)}:{place} {sentence(rng, language)}" for place in range(1, 15))


def quoted(rng: random.Random, language: str) -> str:
    return "\n".join(f"> {sentence(rng, language)}" for _ in range(4)) + f"\n\n{_paragraphs(rng, language)}"


def dictionary(rng: random.Random, language: str) -> str:
    return "\n".join(f"{word}\t{sentence(rng, language)}" for word in ("bay", "fog", "gull", "pier", "quay", "rope"))


def signs(rng: random.Random, language: str) -> str:
    return f"{{\\rtf1 is how Rich Text begins.}} {paragraph(rng, language)}\n\n{_paragraphs(rng, language)}"


WRITERS: tuple[Writer, ...] = (
    about_html, with_tags, one_tagged, markdown_with_code, markdown_with_html, poem, commas, from_lines, mailbox_in_prose,
    memo, chat, json_in_prose, braces, bracketed, recipe, table, colons, fields, interview, screenplay, programme,
    numbered, arrows, settings, hashes, dashes, headers_quoted, about_mail, about_feeds, about_subtitles, about_archives,
    semicolons, verse, quoted, dictionary, signs,
)  # fmt: skip
_SUFFIXES = (".txt", ".txt", "", ".html", ".eml", ".csv", ".json", ".md", ".srt", ".xml")


def negatives(seed: int = 5, each: int = 12) -> list[tuple[str, str]]:
    """Return names and texts, the names with suffixes that promise too much."""
    rng = random.Random(seed)
    return [
        (f"{writer.__name__}_{number}{rng.choice(_SUFFIXES)}", writer(rng, rng.choice(_LANGUAGES)))
        for writer in WRITERS
        for number in range(each)
    ]
