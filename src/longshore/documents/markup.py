"""Markup made harmless: a page reduced to the tags and attributes that its text and its fields depend on.

A parser of HTML builds trees as deep, and sorts as many attributes, as a page asks for; both cost quadratic time. This
tokeniser reads tags as the HTML standard does (13.2.5), in one pass, and writes them again: without scripts, styles,
comments and inline formatting, at most so deep, with few attributes. What it writes is all that the parser sees.
"""

from __future__ import annotations

import re
from typing import Final

# Quotes delimit a value only after a sign of equality; what is not closed reaches to the end of the file.
_TOKEN: Final = re.compile(
    r"<(?:!--(?:-?>|[\s\S]*?(?:--!?>|\Z))|[!?/](?![A-Za-z])[^>]*>?|!(?=[A-Za-z\[])[^>]*>?|\?[^>]*>?"
    r"|(?P<closing>/?)(?P<tag>[A-Za-z][^\s/>]*+)"
    r"""(?P<attributes>(?:[^>"'=]++|=\s*+(?:"[^"]*+(?:"|\Z)|'[^']*+(?:'|\Z)|)|["'])*+)(?:>|\Z))"""
)
_ATTRIBUTE: Final = re.compile(
    r"""(?<![^\s/"'])(class|id|role|hidden|href|rel|name|property|content|itemprop|http-equiv|datetime|pubdate|title"""
    r"""|type|lang|xml:lang|aria-hidden|style)(?=[\s=/]|\Z)(?:\s*+=\s*+("[^"]*+"|'[^']*+'|[^\s"'][^\s]*+))?""",
    re.IGNORECASE,
)
_LONGEST_ATTRIBUTES: Final = 8_192
# With fewer tags, and fewer places where an attribute could begin, a tree costs a tenth of a second at the very most.
_FEW_TAGS: Final = 2_000
_FEW_SEPARATORS: Final = 12_000
_RAW: Final = frozenset(("script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes", "svg", "math"))
_INLINE: Final = frozenset(
    [
        "abbr",
        "acronym",
        "b",
        "bdi",
        "bdo",
        "big",
        "cite",
        "code",
        "del",
        "dfn",
        "em",
        "font",
        "i",
        "img",
        "ins",
        "kbd",
        "label",
        "mark",
        "nobr",
        "q",
        "s",
        "samp",
        "small",
        "strike",
        "strong",
        "sub",
        "sup",
        "tt",
        "u",
        "var",
        "wbr",
        "picture",
        "source",
        "path",
        "video",
        "audio",
        "track",
        "map",
        "area",
        "object",
        "param",
        "embed",
        "ruby",
        "rb",
        "rt",
        "rp",
        "o:p",
    ]
)
_VOID: Final = frozenset(["base", "br", "col", "hr", "img", "input", "link", "meta"])
# They end where the next of their kind begins, so that a hundred in a row are not a hundred deep.
_ENDING_BY_ITSELF: Final = frozenset(
    ["p", "li", "dt", "dd", "tr", "td", "th", "thead", "tbody", "tfoot", "option", "html", "head", "body"]
)
_DEEPEST: Final = 200


def is_harmless(html: str) -> bool:
    """Return whether a page is too small to build a tree that is costly, however it is written."""
    return html.count("<") <= _FEW_TAGS and sum(map(html.count, " \n\t\f/\"'")) <= _FEW_SEPARATORS


def simplify(html: str) -> str:
    """Return a page with what its text and its fields depend on, and nothing that takes more than linear time."""
    parts: list[str] = []
    open_tags: dict[str, int] = {}
    depth = at = 0
    while match := _TOKEN.search(html, at):
        if match.start() > at:
            parts.append(html[at : match.start()])
        at = match.end()
        tag = match["tag"]
        if tag is None:
            continue
        tag = tag.lower()
        if match["closing"]:
            if tag in _INLINE:
                continue
            if open_tags.get(tag):
                open_tags[tag] -= 1
                depth -= 1
                parts.append(f"</{tag}>")
            elif tag in _ENDING_BY_ITSELF or tag in _VOID:
                parts.append(f"</{tag}>")
            continue
        attributes = match["attributes"]
        if tag in _RAW:
            end = re.compile(rf"</{tag}(?=[\s/>])[^>]*>?|\Z", re.IGNORECASE).search(html, at)
            assert end is not None
            if tag == "title" or (tag == "script" and "ld+json" in attributes):
                content = html[at : end.start()]
                parts.append(
                    f"<{tag}{_kept(attributes)}>{content if tag == 'script' else content.replace('<', '&lt;')}</{tag}>"
                )
            at = end.end()
        elif tag in _INLINE and "itemprop" not in attributes and tag != "abbr":
            continue
        elif tag in _VOID or tag in _ENDING_BY_ITSELF:
            parts.append(f"<{tag}{_kept(attributes) if attributes else ''}>")
        elif depth < _DEEPEST:
            open_tags[tag] = open_tags.get(tag, 0) + 1
            depth += 1
            parts.append(f"<{tag}{_kept(attributes) if attributes else ''}>")
    parts.append(html[at:])
    return "".join(parts)


def _kept(attributes: str) -> str:
    return "".join(f" {match[0]}" for match in _ATTRIBUTE.finditer(attributes[:_LONGEST_ATTRIBUTES]))
