"""HTML fragments in the fields of other formats (JSON, CSV, feeds): tags out, all text kept.

A fragment has no navigation to leave out, so nothing is judged here: each block becomes a paragraph. Whole pages are
the work of `html.py`.
Promised: a text that mentions a tag or an entity stays as it is; any input is read in linear time.
"""

from __future__ import annotations

import html
import re
from typing import Final

# Elements by what becomes of them: a paragraph, a line, a cell; those without an end; those whose content is no text.
_ELEMENTS: Final = {
    "block": "p div section article aside header footer main h1 h2 h3 h4 h5 h6 ul ol dl dt dd table figure figcaption "
    "blockquote pre hr form fieldset address nav details summary center tbody thead tfoot caption",
    "line": "br li tr option",
    "cell": "td th",
    "void": "br hr img input wbr meta link source col embed",
    "dropped": "script style noscript template svg iframe object button select",
    "inline": "a abbr acronym b bdi bdo big cite code data del dfn em font i ins kbd label mark picture q rp rt ruby s "
    "samp small span strike strong sub sup time tt u var video audio track html body head title colgroup textarea area",
}
_BLOCKS, _LINES, _CELLS, _VOID, _DROPPED, _INLINE = (frozenset(names.split()) for names in _ELEMENTS.values())
_KNOWN: Final = _BLOCKS | _LINES | _CELLS | _VOID | _DROPPED | _INLINE
_TAG: Final = re.compile(
    r"""<(?P<close>/?)(?P<name>[A-Za-z][A-Za-z0-9:-]{0,30})(?=[\s/>])"""
    r"""(?:"[^"<>]{0,2000}"|'[^'<>]{0,2000}'|[^<>"']|["'])*+>|<!--|<!\[CDATA\[|<!(?i:doctype)[^<>]{0,300}>"""
)
_ENTITY: Final = re.compile(r"&(?:[A-Za-z][A-Za-z0-9]{1,30}|#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6});")
_BLANKS: Final = re.compile(r"[ \t\n\f\r]+")
_GAPS: Final = re.compile(r"(?<![ \t])[ \t]*\n[ \t]*")
_SPACES: Final = re.compile(r"[ \t]{2,}")
_PARAGRAPHS: Final = re.compile(r"\n[ \t]*\n\s*")
_MANY_LINES: Final = re.compile(r"\n{3,}")
# Tags that prove HTML in a text that does not begin with one.
_ENOUGH_TAGS: Final = 4
_LEAST_BREAKS: Final = 2


def without_tags(text: str, *, expected: bool = False) -> str | None:
    """Return the text of an HTML fragment, or None where a text is not proved to be one.

    expected: whether the format says that it is HTML as a rule; then one whole tag proves it.

    >>> without_tags("<p>It was <b>quiet</b> &amp; cold.</p><p>Nobody came.</p>")
    'It was quiet & cold.\\n\\nNobody came.'
    >>> without_tags("Close each <p> you open.") is None
    True
    """
    return strip_tags(text) if "<" in text and _is_html(text, expected=expected) else None


def unescape_entities(text: str) -> str:
    """Return a text with its entities unescaped where each ampersand begins one, as in text that was escaped whole."""
    if "&" not in text or "<" in text or ">" in text or "`" in text:
        return text
    if len(_ENTITY.findall(text)) != text.count("&"):
        return text
    return unescape(text).replace("\xa0", " ")


def unescape(text: str) -> str:
    """Return a text with its entities read, those that end with a semicolon; `&copy=1` is no entity."""
    return _ENTITY.sub(lambda match: html.unescape(match[0]), text) if "&" in text else text


def strip_tags(text: str) -> str:
    """Return the text of markup: blocks as paragraphs, line breaks as lines, scripts and styles left out."""
    parts: list[str] = []
    names = {match["name"].lower() for match in _TAG.finditer(text) if match["name"]}
    laid_out = not names.isdisjoint(_BLOCKS | _LINES)
    # Editors of blogs store paragraphs as blank lines, and mark up headings and lists only.
    keep = "all" if not laid_out else "nothing" if "p" in names else "paragraphs"
    at, preformatted = 0, 0
    unclosed: set[str] = set()  # looked for once: a text of a million openings stays linear
    while match := _TAG.search(text, at):
        parts.append(_words(text[at : match.start()], "all" if preformatted else keep))
        name = (match["name"] or "").lower()
        at = match.end()
        if match[0] == "<!--":
            name = "--"
        if name == "--" or (name in _DROPPED and not match["close"] and not match[0].endswith("/>")):
            end = None if name in unclosed else _end_of(text, name, at)
            if end is None:
                unclosed.add(name)
            at = end or (len(text) if name in {"script", "style"} else at)
        elif match[0] == "<![CDATA[":
            continue
        elif name in _BLOCKS:
            parts.append("\n\n")
            if name == "pre":
                preformatted = max(0, preformatted + (-1 if match["close"] else 1))
        elif name in _LINES:
            parts.append("\n")
        elif name in _CELLS and match["close"]:
            parts.append(" ")
    parts.append(_words(text[at:], "all" if preformatted else keep))
    joined = "".join(parts).replace("\xa0", " ")
    if "pre" not in names:
        joined = _SPACES.sub(" ", joined)
    return _MANY_LINES.sub("\n\n", _GAPS.sub("\n", joined)).strip() if laid_out else joined.strip()


def _words(text: str, keep: str) -> str:
    """Return a text between tags. keep: which of its line ends mean something."""
    if keep == "all":
        return unescape(text)
    if keep == "paragraphs":
        return unescape("\n\n".join(_BLANKS.sub(" ", part) for part in _PARAGRAPHS.split(text)))
    return unescape(_BLANKS.sub(" ", text))


def _end_of(text: str, name: str, at: int) -> int | None:
    """Return where a comment or an element ends whose content is no text; None where it never does."""
    pattern = "-->" if name == "--" else f"</{name}[^<>]{{0,100}}>"
    closing = re.compile(pattern, re.IGNORECASE).search(text, at)
    return closing.end() if closing else None


def _is_html(text: str, *, expected: bool) -> bool:
    if "`<" in text or "```" in text:
        return False
    opened = closed = breaks = 0
    for match in _TAG.finditer(text):
        name = (match["name"] or "").lower()
        if name not in _KNOWN:
            continue
        if name in _VOID:
            breaks += 1
        elif match["close"]:
            closed += 1
        elif not match[0].endswith("/>"):
            opened += 1
    if expected or not (closed or breaks):
        return bool(closed or breaks)
    first = _TAG.match(text, len(text) - len(text.lstrip()))
    begins = first is not None and ((first["name"] or "").lower() in _KNOWN or first[0].startswith("<!"))
    if begins or breaks >= _LEAST_BREAKS:
        return True
    return (opened + closed >= _ENOUGH_TAGS and closed > 0) or (opened == closed == 1 and _has_link(text))


def _has_link(text: str) -> bool:
    return re.search(r"<a\s[^<>]{0,50}href=", text, re.IGNORECASE) is not None or text.rstrip().endswith(">")
