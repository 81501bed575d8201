"""Web pages (HTML, XHTML): what proves one, the text of its article, and the fields of its head.

resiliparse parses the page and names its main content, but on real layouts that drops lists, or articles in tables,
or keeps menus. So the page is laid out twice: the whole, and what resiliparse takes for the main content. Each block
of the page (a paragraph, a heading, an item, a cell) is weighed by what it is, by its share of links and by whether it
is in the main content; the run of blocks that weighs most is the text. `benchmarks/web_pages.py` measures that.

Promised: scripts, styles, comments, menus and what the page itself marks as navigation, a form or a notice are out.
Paragraphs are separated by blank lines, items of a list are lines. Time is linear in the page.
Not promised: the text of a page that a script writes when it is opened; comments of readers.
"""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, TypeAlias

from longshore.documents.kinds import Extracted, Kind
from longshore.documents.markup import is_harmless, simplify
from longshore.documents.page_fields import Fields, date_in, read_fields, select

if TYPE_CHECKING:
    from resiliparse.parse.html import HTMLTree

Engine = Literal["resiliparse", "trafilatura"]

_HEAD: Final = 65_536
_COMMENT_LENGTH: Final = 4_000
_OPENING: Final = re.compile(
    rf"\s*(?:<\?xml\s[^<>?]{{0,200}}\?>|<!--(?:(?!-->)[\s\S]){{0,{_COMMENT_LENGTH}}}-->|<!\[endif\]-->)"
)
_DOCTYPE: Final = re.compile(r"\s*<!DOCTYPE\s+html\b[^<>]{0,400}>", re.IGNORECASE)
_ROOT: Final = re.compile(r"\s*<(html|head|body)(?=[\s>])[^<>]{0,4000}>", re.IGNORECASE)
_MOST_OPENINGS: Final = 20
_TAG: Final = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9]{0,20})(?=[\s/>])[^<>]*>")
_CLOSED_OF_A_PAGE: Final = re.compile(
    r"</(?:head|title|body|html|p|div|table|td|a|h\d|script|style|center|font)>", re.IGNORECASE
)


def recognise(text: str, name: str) -> Kind | None:
    """Return the kind of a page, or of a fragment that is blocks of HTML from end to end; None for anything else.

    >>> recognise("<p>One.</p><p>Two.</p>", "").media_type, recognise("<p> opens a paragraph, </p> ends it.", "")
    ('text/html', None)
    """
    del name
    first = text[:64].lstrip()
    if not first.startswith("<"):
        return None
    at = 0
    xml = first.startswith("<?xml")
    doctype = False
    for _ in range(_MOST_OPENINGS):
        if match := _OPENING.match(text, at):
            at = match.end()
        elif not doctype and (match := _DOCTYPE.match(text, at)):
            doctype, at = True, match.end()
        else:
            break
    head = text[at : at + _HEAD]
    root = _ROOT.match(head)
    closings = sum(1 for _ in zip(range(3), _CLOSED_OF_A_PAGE.finditer(head), strict=False))
    if root or doctype:
        after = head[root.end() if root else 0 :].lstrip()[:1]
        enough = 1 if doctype or text[-64:].rstrip().lower().endswith("</html>") else 2
        if closings < enough or (after not in ("<", "") and not _body_text(head)):
            return None
        proof = " and ".join(
            ["a document type"] * doctype + ([f"the root element <{root[1].lower()}>"] if root else [])
        )
        return Kind("application/xhtml+xml" if xml and root else "text/html", proof)
    return None if xml else _fragment(head, whole=at + len(head) == len(text))


def _body_text(head: str) -> bool:
    """Return whether a page whose root is followed by text at once is a page: it closes its root or its body."""
    return re.search(r"</(?:html|body)>\s*\Z", head, re.IGNORECASE) is not None


_BLOCK_TAGS: Final = frozenset(
    [
        "address",
        "article",
        "aside",
        "blockquote",
        "body",
        "center",
        "dd",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figcaption",
        "figure",
        "footer",
        "form",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "head",
        "header",
        "hr",
        "html",
        "li",
        "link",
        "main",
        "meta",
        "nav",
        "noscript",
        "ol",
        "p",
        "pre",
        "script",
        "section",
        "style",
        "table",
        "tbody",
        "td",
        "tfoot",
        "th",
        "thead",
        "title",
        "tr",
        "ul",
    ]
)
_INLINE_TAGS: Final = frozenset(
    [
        "a",
        "abbr",
        "acronym",
        "b",
        "big",
        "br",
        "button",
        "cite",
        "code",
        "em",
        "font",
        "i",
        "iframe",
        "img",
        "input",
        "ins",
        "del",
        "label",
        "mark",
        "nobr",
        "q",
        "s",
        "small",
        "source",
        "span",
        "strike",
        "strong",
        "sub",
        "sup",
        "time",
        "tt",
        "u",
        "video",
        "audio",
        "wbr",
        "var",
        "kbd",
        "samp",
        "svg",
        "path",
        "picture",
        "map",
        "area",
    ]
)
# Programs and other XML hold such tags as well, but begin otherwise.
_OPENING_TAGS: Final = (_BLOCK_TAGS | _INLINE_TAGS) - {"script", "style", "svg", "title", "code"}
_VOID_TAGS: Final = frozenset(["area", "br", "hr", "img", "input", "link", "meta", "source", "wbr"])
_ENDING_BY_ITSELF: Final = ("p", "li", "td", "tr", "dt", "dd")
_FEWEST_BLOCKS: Final = 2
_FEWEST_ITEMS: Final = 3
_UNKNOWN_SHARE: Final = 0.1


def _fragment(head: str, *, whole: bool) -> Kind | None:
    """Recognise the body of a page alone: blocks one after the other, with next to no text between them."""
    depth = blocks = paragraphs = items = outside = known = unknown = 0
    last = 0
    stack: list[str] = []
    opening = _TAG.search(head)
    if opening is None or opening[2].lower() not in _OPENING_TAGS:
        return None
    for match in _TAG.finditer(head):
        tag = match[2].lower()
        between = head[last : match.start()]
        if not stack:
            outside += len(between.strip())
        last = match.end()
        known += tag in _BLOCK_TAGS or tag in _INLINE_TAGS
        unknown += tag not in _BLOCK_TAGS and tag not in _INLINE_TAGS
        if tag in _VOID_TAGS or match[0].endswith("/>"):
            continue
        if not match[1]:
            if tag in _BLOCK_TAGS:
                # A paragraph or item that is not closed ends where the next begins.
                if tag in _ENDING_BY_ITSELF and stack and stack[-1] == tag:
                    stack.pop()
                    blocks += not stack
                    paragraphs += tag == "p"
                stack.append(tag)
        elif tag in stack[-_DEEPEST:]:
            while stack.pop() != tag:
                pass
            blocks += not stack
            items += tag == "li"
            paragraphs += tag in ("p", "div", "article", "section", "table", "h1", "h2", "h3", "blockquote")
        depth = max(depth, len(stack))
    rest = head[last:].strip()
    outside += 0 if stack else len(rest)
    paragraphs += stack == ["p"]
    if not blocks or (whole and stack and len(stack) > _FEWEST_BLOCKS) or unknown > _UNKNOWN_SHARE * (known + unknown):
        return None
    enough = paragraphs >= _FEWEST_BLOCKS or (paragraphs and depth > 1) or (depth > 1 and items >= _FEWEST_ITEMS)
    if not enough or outside > 0.02 * len(head):
        return None
    return Kind("text/html", f"{blocks} blocks of HTML from end to end, with no text between them")


_DEEPEST: Final = 200
# What a page marks as no part of its article.
_HIDDEN: Final = ("[hidden]", '[style*="display:none" i]', '[style*="display: none" i]')
_SKIPPED: Final = (
    *_HIDDEN,
    "nav", "aside", "footer", "form", "button", "select", "dialog", "template", "amp-sidebar", "noscript",
    '[role="navigation"]', '[role="banner"]', '[role="contentinfo"]', '[role="complementary"]', '[role="search"]',
    '[role="dialog"]', '[role="button"]', '[aria-hidden="true"]',
    *(
        f'[{attribute}*="{word}" i]'
        for attribute in ("class", "id")
        for word in (
            "sidebar", "comment", "cookie", "consent", "share", "sharing", "social", "related", "newsletter",
            "breadcrumb", "navigation", "navbar", "menu", "footer", "widget", "promo", "sponsor", "popup", "modal",
            "subscribe", "paywall", "byline", "dateline", "skip-link", "screen-reader", "most-read", "mostread",
            "recommend", "teaser", "pagination", "entry-meta", "post-meta", "author-bio", "copyright", "toolbar",
        )
    ),
)  # fmt: skip


def extract(text: str, raw: bytes, engine: Engine = "resiliparse") -> Extracted:
    """Return the text of a page and the fields of its head.

    raw: not looked at; the text was decoded with what the page says of its encoding as a hint.
    """
    del raw
    text = text.replace("\r\n", "\n")
    tree = _parsed(text)
    fields = read_fields(tree)
    date = fields.date
    if engine == "trafilatura":
        body, step = _by_trafilatura(text), "html:trafilatura"
    else:
        (body, date), step = _main_text(tree, fields), "html:main-content"
    if not body:
        body, step = _joined(_laid_out(tree)), "html:all-text"
    return Extracted(body, (step,), fields.title, date, fields.metadata)


def _parsed(text: str) -> HTMLTree:
    from resiliparse.parse.html import HTMLTree  # noqa: PLC0415 - few files come here

    return HTMLTree.parse(text if is_harmless(text) else simplify(text))


def _by_trafilatura(text: str) -> str:
    try:
        import trafilatura  # noqa: PLC0415 - an extra, slow to import
    except ImportError:
        raise ModuleNotFoundError(
            "The engine `trafilatura` is not installed. Install `longshore[trafilatura]`, or set the engine to"
            " `resiliparse`."
        ) from None
    return trafilatura.extract(text, include_comments=False) or ""


# How a block is set off from the one before it: as a cell, as an item or a line, as a paragraph.
_CELL, _LINE, _PARAGRAPH = 1, 2, 3


class _Block(NamedTuple):
    """A block of a page: a paragraph, a heading, an item, a cell, or a text between breaks.

    links: how many of its characters are in links. gap: how it is set off from the block before it.
    """

    text: str
    tag: str
    links: int
    gap: int


_MARKUP: Final = re.compile(r"<(/?)(p|h[1-6]|ul|ol|li|pre|br|a)(?: [^<>]*)?>|\t\t|\n+")


def _blocks(minimal: str) -> list[_Block]:  # noqa: PLR0912 - one branch for each tag
    """Return the blocks of what resiliparse calls minimal HTML: a line ends where a block does, or after a `<br>`."""
    blocks: list[_Block] = []
    buffer: list[str] = []
    tag, links, gap, depth, breaks, last = "", 0, 0, 0, 0, 0
    in_link = in_pre = False

    def finish(following: int) -> None:
        nonlocal tag, links, gap, breaks
        if buffer and (text := _cleaned("".join(buffer), preformatted=tag == "pre")):
            blocks.append(_Block(text, "li" if depth and tag != "pre" else tag, links, gap))
            gap = 0
        buffer.clear()
        gap = max(gap, following)
        tag, links, breaks = "", 0, 0

    for match in _MARKUP.finditer(minimal):
        if match.start() > last:
            said = minimal[last : match.start()]
            if breaks:
                breaks = 0
                buffer.append("\n")
            buffer.append(said)
            links += len(said) if in_link else 0
        last = match.end()
        closing, name = match.groups()
        if name is None:
            if in_pre:
                buffer.append(match[0])
            elif match[0] == "\t\t":
                finish(_CELL)
            elif not breaks:
                finish(_LINE if len(match[0]) == 1 else _PARAGRAPH)
            elif len(match[0]) > 1 or breaks > 1:
                finish(_PARAGRAPH)
        elif name == "a":
            in_link = not closing
        elif name == "br":
            breaks += 1
        elif name in ("ul", "ol"):
            finish(_LINE if depth > bool(closing) else _PARAGRAPH)
            depth = max(0, depth + (-1 if closing else 1))
        elif name == "li":
            finish(_LINE)
        else:
            finish(_LINE if depth else _PARAGRAPH)
            in_pre = name == "pre" and not closing
            tag = "" if closing else name
    buffer.append(minimal[last:])
    finish(0)
    return blocks


def _cleaned(text: str, *, preformatted: bool) -> str:
    """Return what a block says, without blanks at the ends of its lines, and with entities as characters."""
    if preformatted:
        text = text.strip("\n")
    else:
        text = ("\n".join(map(str.strip, text.split("\n"))) if "\n" in text else text).strip()
    return unescape(text) if "&" in text else text


_LONG: Final = 60


def _joined(blocks: list[_Block], *, lines: bool = False) -> str:
    """Write blocks one below the other; lines: a long one is no paragraph for that."""
    parts: list[str] = []
    before: _Block | None = None
    for block in blocks:
        if before is not None:
            long = not lines and (len(before.text) > _LONG or len(block.text) > _LONG)
            if block.gap == _PARAGRAPH or (long and not before.tag == block.tag == "li"):
                parts.append("\n\n")
            else:
                parts.append("\t" if block.gap == _CELL else "\n")
        parts.append(block.text)
        before = block
    return "".join(parts)


_WIDE: Final = re.compile("[\u2e80-\ud7ff\uf900-\ufaff\uff66-\uff9f]")
_WIDTH_OF_WIDE: Final = 2
_SENTENCE_END: Final = re.compile(r"[.!?…。！？؟।։:;][\"'”’»）)\]]*\s*\Z")
_MANY_LINKS: Final = 0.5
_SENTENCE: Final = 40
_NOTICE: Final = re.compile(
    r"(?:©|\(c\)|copyright\b|all rights reserved|alle rechte vorbehalten|tous droits réservés|todos los derechos)"
    r"|(?:share(?: this:?)?|listen|follow|print|read more:?|loading…?"
    r"|advertise?ment|anzeige|werbung|publicité|publicidad|реклама|広告)\Z",
    re.IGNORECASE,
)


_UNLIKELY: Final = -10.0
_SOLID: Final = 20.0


def _weight(block: _Block, main: frozenset[str]) -> float:
    """Return the weight of a block: above 0 where it reads like an article, below 0 where like a menu or a notice."""
    text = block.text
    size = len(text)
    if not text.isascii():
        size += (_WIDTH_OF_WIDE - 1) * len(_WIDE.findall(text))
    in_main = text in main
    if block.links > _MANY_LINKS * len(text):
        # A subheading may be a link.
        return -4.0 if in_main and block.tag[:1] == "h" else _UNLIKELY - min(block.links, _SENTENCE)
    if size < _LONG * 2 and _NOTICE.match(text):
        return -20.0
    ends = _SENTENCE_END.search(text) is not None
    if size >= _SENTENCE and (ends or size > 4 * _SENTENCE):
        return size * (1.0 if in_main else 0.6)
    if ends or block.tag in ("li", "p"):
        return min(size, _SENTENCE if ends else _SOLID - 1) * (1.0 if in_main else 0.2)
    if block.tag:
        return 5.0 if in_main else -4.0
    return 2.0 if in_main else _UNLIKELY


def _heaviest(weights: list[float]) -> tuple[int, int]:
    """Return the run of weights with the largest sum (Kadane)."""
    best = total = 0.0
    start, found = 0, (0, 0)
    for place, weight in enumerate(weights):
        if total <= 0:
            total, start = 0.0, place
        total += weight
        if total > best:
            best, found = total, (start, place + 1)
    return found


_SHARE_OF_MAIN: Final = 0.6


def _main_text(tree: HTMLTree, fields: Fields) -> tuple[str, str | None]:
    """Return the text of the article, and the date of the fields or of the line above the text."""
    main_blocks = _laid_out(tree, main=True)
    main = frozenset(block.text for block in main_blocks)
    # Classes of the whole page (`has-sidebar`, `comments-open`) say nothing about its parts.
    for element in select(tree, "html,body,main,article"):
        for attribute in ("class", "id"):
            if element.hasattr(attribute):
                del element[attribute]
    blocks = _laid_out(tree, skipped=_SKIPPED)
    weights = [_weight(block, main) for block in blocks]
    prose = sum(weight for weight in weights if weight > _SENTENCE)
    if prose < _SHARE_OF_MAIN * sum(w for block in main_blocks if (w := _weight(block, main)) > _SENTENCE):
        # The whole page is in a form, or in what is called a sidebar.
        blocks = _laid_out(tree)
        weights = [_weight(block, main) for block in blocks]
    weights = [_SOLID if block.text == fields.title else weight for block, weight in zip(blocks, weights, strict=True)]
    start, end = _heaviest(weights)
    article = _without_teasers(list(zip(blocks[start:end], weights[start:end], strict=True)))
    kept, date = _trimmed([(block, weight) for block, weight in article if _belongs(block, weight)], fields)
    return _joined(kept), date


def _belongs(block: _Block, weight: float) -> bool:
    """Return whether a block within an article is a part of it; a line between its paragraphs may be odd."""
    return weight > _UNLIKELY / 2 or (weight == _UNLIKELY and block.links == 0 and block.gap != _LINE)


_FEWEST_TEASERS: Final = 2
_FEWEST_PARAGRAPHS: Final = 3
_TEASER: Final = 250
_Weighed: TypeAlias = tuple[_Block, float]


def _without_teasers(weighed: list[_Weighed]) -> list[_Weighed]:
    """Cut the teasers below an article: headings, or what their links left over, each with a short text."""
    place, teasers = len(weighed), 0
    while place >= 2:
        (heading, _), (text, _) = weighed[place - 2 : place]
        if heading.tag[:1] == "h" and text.tag[:1] != "h" and len(text.text) < _TEASER and text.links == 0:
            place, teasers = place - 2, teasers + (heading.links > _MANY_LINKS * len(heading.text))
        elif weighed[place - 1][0].tag[:1] == "h" or weighed[place - 1][1] < 0:
            place -= 1
        else:
            break
    left = weighed[:place]
    paragraphs = sum(weight > _SENTENCE for _, weight in left)
    return left if teasers >= _FEWEST_TEASERS and paragraphs >= _FEWEST_PARAGRAPHS else weighed


_OF_A_BYLINE: Final = 40


def _trimmed(weighed: list[_Weighed], fields: Fields) -> tuple[list[_Block], str | None]:
    """Leave out the odd lines above the first paragraph and below the last: bylines, buttons, addresses.

    Also return the date: of the fields, or of one of those lines.
    """
    date = fields.date
    solid = [place for place, (block, weight) in enumerate(weighed) if weight >= _SOLID and block.text != fields.title]
    blocks = [block for block, _ in weighed]
    if not solid:
        return blocks, date
    head, tail = blocks[: solid[0]], blocks[solid[-1] + 1 :]
    title = next((place for place, block in enumerate(head) if fields.title in block.text.split("\n")), 0)
    kept = []
    for block in head[title:]:
        lines = []
        for line in block.text.split("\n"):
            found = date_in(line) if fields.date is None and line != fields.title else None
            date = date or found
            if not found and not _is_byline(line, fields):
                lines.append(line)
        if lines and (block.tag or fields.title in lines):
            kept.append(_Block("\n".join(lines), block.tag, block.links, block.gap))
    below = [block for block in tail if block.tag in ("p", "li", "pre")]
    return [*kept, *blocks[solid[0] : solid[-1] + 1], *below], date


def _is_byline(line: str, fields: Fields) -> bool:
    """Return whether a line only repeats the author and the date of the fields."""
    rest = line
    for value in fields.shown:
        rest = rest.replace(value, "")
    repeats = line not in {rest, fields.title} and not _SENTENCE_END.search(line)
    return repeats and fields.date is not None and len(rest.strip()) < _OF_A_BYLINE


def _laid_out(tree: HTMLTree, *, main: bool = False, skipped: tuple[str, ...] = ()) -> list[_Block]:
    from resiliparse.extract.html2text import extract_plain_text  # noqa: PLC0415 - few files come here

    minimal = extract_plain_text(
        tree,
        preserve_formatting="minimal_html",
        main_content=main,
        alt_texts=False,
        links=True,
        comments=not main,
        post_meta=not main,
        skip_elements=skipped,
    )
    return _blocks(minimal)


_EMPTY_LINE: Final = re.compile(
    r"<(div|p)\b[^<>]*>(?:\s|&nbsp;|<span\b[^<>]*>|</span>)*<br\b[^<>]*>\s*(?:</span>\s*)*</\1>", re.IGNORECASE
)


def as_text(html: str) -> str:
    """Return all that a page of HTML shows, laid out as text: a mail has no menus, and its lines are lines.

    >>> as_text("<div>Hello,</div><div><br></div><div>no boats <b>today</b>.</div>")
    'Hello,\\n\\nno boats today.'
    """
    tree = _parsed(_EMPTY_LINE.sub("<br><br>", html))
    return _joined(_laid_out(tree, skipped=_HIDDEN), lines=True)
