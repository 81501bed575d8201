"""RSS and Atom feeds: each item or entry is a document.

The markup is read by a small scanner that looks nothing up: no document type is read, no entity but HTML's is replaced,
and no other file or address is opened. What an XML parser refuses (a stray `&`, an undeclared prefix) is read.
Promised: a feed is proved by its root element, closed at the end; memory is bounded by one item; an item keeps its own
bytes and is read alone. Not promised: entities that a feed defines itself; they stay as they are written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO, Final, NamedTuple

from longshore.documents.fields import plain_text, without_surrogates
from longshore.documents.fragment import strip_tags, unescape, without_tags
from longshore.documents.kinds import ContainerRejectedError, Extracted, Kind, Member, NotThisKindError
from longshore.documents.streams import Piece, open_text, text_source
from longshore.records import Reason, Rejection

RSS: Final = "application/rss+xml"
ATOM: Final = "application/atom+xml"

_CHUNK: Final = 1 << 16
_LONGEST_TAG: Final = 1 << 16
_TAG: Final = re.compile(
    rb"""<(?P<close>/?)(?P<name>[A-Za-z_][\w.:-]{0,100})(?P<attributes>(?:"[^"<]*+"|'[^'<]*+'|[^<>"'])*+)>"""
)
_ATTRIBUTE: Final = re.compile(r"""([\w:.-]{1,60})\s*=\s*(?:"([^"]*)"|'([^']*)')""")
_HINT: Final = re.compile(rb"""<\?xml\s[^>]{0,100}?encoding\s*=\s*["']([\w.:-]{1,40})["']""")
_CDATA: Final = re.compile(r"<!\[CDATA\[(.*?)\]\]>", re.DOTALL)
_COMMENTS: Final = re.compile(rb"<!--(?:(?!-->)[\s\S]){0,4000}-->")
_COMMENT: Final = re.compile(r"<!--.*?-->", re.DOTALL)
# Beginnings of markup that is passed over, with what ends it.
_PASSED: Final = ((b"<!--", b"-->"), (b"<![CDATA[", b"]]>"), (b"<?", b"?>"))
_GLANCE: Final = 4_096
_ROOT: Final = re.compile(r"<(?:rss|feed|rdf|\w{1,20}:(?:rdf|feed|rss))[\s>]", re.IGNORECASE)
# Names of children by what they hold, the best first.
_TITLES: Final = ("title", "dc:title", "media:title")
_DATES: Final = ("pubdate", "published", "dc:date", "dcterms:issued", "dcterms:created", "issued", "created", "date")
_CHANGES: Final = ("updated", "modified", "dcterms:modified", "lastbuilddate")
_TEXTS: Final = ("content:encoded", "content", "body", "xhtml:body", "fulltext", "full-text", "yandex:full-text")
_SUMMARIES: Final = (
    "description",
    "summary",
    "excerpt:encoded",
    "media:description",
    "itunes:summary",
    "dc:description",
)
_AUTHORS: Final = ("dc:creator", "author", "itunes:author", "creator", "managingeditor")
_NOT_METADATA: Final = frozenset((*_TITLES, *_TEXTS, *_SUMMARIES, *_AUTHORS, "link", "guid", "id", "category"))
_LONGEST_VALUE: Final = 8_192


class _Token(NamedTuple):
    """A tag in the stream, from one offset to another. mark: `open`, `close` or `both`."""

    name: str
    mark: str
    attributes: bytes
    start: int
    end: int


class _Child(NamedTuple):
    """An element right below an item: its name in lower case, its attributes, and what is between its tags."""

    name: str
    attributes: dict[str, str]
    inner: str


def may_begin(head: str) -> bool:
    """Return whether a text begins with the root element of a feed."""
    glance = head[:_GLANCE]
    return glance.lstrip("\ufeff \t\r\n")[:1] == "<" and _ROOT.search(glance) is not None


def recognise(text: str, name: str) -> Kind | None:
    """Return the kind of a feed, or None.

    >>> recognise('<rss version="2.0"><channel><item><title>Pier</title></item></channel></rss>', "a.txt").media_type
    'application/rss+xml'
    """
    del name
    if not may_begin(text):
        return None
    items = 0
    try:
        scanner = _Scanner(text_source(text).rewind(), len(text) * 4 + 8)
        for _ in scanner.items():
            items += 1
    except NotThisKindError:
        return None
    return Kind(scanner.media_type, f"the root element <{scanner.root}> around {items} items", container=True)


def split(stream: BinaryIO, name: str, max_member_bytes: int, declared: str | None = None) -> Iterator[Member]:
    """Yield the items of a feed; raise NotThisKindError where it is none.

    declared: an encoding that the settings give for the file.
    """
    del name
    source = open_text(stream, declared, hint=_hint(stream))
    proof = _Scanner(source.rewind(), max_member_bytes)
    if not sum(1 for _ in proof.items()):
        raise ContainerRejectedError(Rejection(Reason.EMPTY, "The feed has no items."))
    for number, piece in enumerate(_Scanner(source.rewind(), max_member_bytes).items(), start=1):
        yield source.member(number, piece, proof.media_type)


def extract(text: str, raw: bytes) -> Extracted | Rejection:
    """Extract the text and the fields of one item. raw: not looked at; the text holds all.

    >>> item = "<item><title>Pier</title><description>It was &lt;b&gt;quiet&lt;/b&gt;.</description></item>"
    >>> extract(item, b"").title
    'Pier'
    """
    del raw
    format_ = "atom" if re.match(r"\s*<(?:\w+:)?entry\b", text) else "rss"
    try:
        children = _children(text)
    except NotThisKindError as error:
        return Rejection(Reason.UNDECODABLE, f"The item cannot be read: {error}.")
    for names in (_TEXTS, _SUMMARIES):
        found = [(names.index(child.name), _text(child), child.name) for child in children if child.name in names]
        filled = [one for one in found if one[1]]
        if filled:
            _, body, name = min(filled, key=lambda one: one[0])
            title, date = _first(children, _TITLES), _first(children, _DATES) or _first(children, _CHANGES)
            return Extracted(body, (f"{format_}:{name}",), title, date, _metadata(children, date))
    title = _first(children, _TITLES)
    return Rejection(Reason.EMPTY, f"The item has no content{f' below its title {title[:80]!r}' if title else ''}.")


def _hint(stream: BinaryIO) -> str | None:
    """Return the encoding that an XML declaration names, other than a form of Unicode."""
    stream.seek(0)
    found = _HINT.search(stream.read(200))
    name = found[1].decode("ascii").lower() if found else None
    return None if name is None or name.startswith(("utf", "ucs", "us-ascii")) else name


class _Scanner:
    """Reads a feed once: proves its root, and yields the bytes of each item."""

    def __init__(self, stream: BinaryIO, most_bytes: int) -> None:
        self._stream = stream
        self._most_bytes = most_bytes
        self._buffer = b""
        self._base = 0  # offset of the buffer's first byte
        self._at = 0
        self._kept: int | None = None  # offset from where on the bytes are still wanted
        self.root = ""
        self.media_type = RSS

    def items(self) -> Iterator[Piece]:
        """Yield the items in their order; raise NotThisKindError where the file is no feed."""
        depth, begun, within = 0, 0, ""
        closed = False
        for token in self._tokens():
            if not self.root:
                self._prove_root(token)
            local = token.name.rpartition(":")[2]
            if within:
                if token.name == within:
                    depth += {"open": 1, "close": -1, "both": 0}[token.mark]
                    if depth == 0:
                        within = ""
                        yield self._cut(begun, token.end)
            elif local == self._item and token.mark != "close":
                if token.mark == "both":
                    yield self._cut(token.start, token.end)
                else:
                    depth, begun, within = 1, token.start, token.name
                    self._kept = token.start
            elif token.name == self.root and token.mark == "close":
                closed = True
                break
        if not closed or within:
            raise NotThisKindError("the root element is not closed")
        if _COMMENTS.sub(b"", self._buffer[self._at :] + self._stream.read(_CHUNK)).strip():
            raise NotThisKindError("something follows the root element")

    def _prove_root(self, token: _Token) -> None:
        local = token.name.rpartition(":")[2].lower()
        attributes = token.attributes.lower()
        if token.mark != "open":
            raise NotThisKindError("no root element of a feed")
        versioned = b"version" in attributes or b"xmlns" in attributes or not attributes.strip()
        simple = b"purl.org/rss/" in attributes or b"netscape.com/rdf/simple" in attributes
        if (local == "rss" and versioned) or (local == "rdf" and simple):
            self.media_type = RSS
        elif local == "feed" and (b"w3.org/2005/atom" in attributes or b"purl.org/atom" in attributes):
            self.media_type = ATOM
        else:
            raise NotThisKindError("no root element of a feed")
        self.root = token.name
        self._item = "entry" if self.media_type == ATOM else "item"

    def _cut(self, start: int, end: int) -> Piece:
        held = self._kept is not None and end - start <= self._most_bytes
        raw = self._buffer[start - self._base : end - self._base] if held or start >= self._base else None
        self._kept = None
        return Piece(raw if end - start <= self._most_bytes else None, end - start)

    def _fill(self) -> bool:
        if self._kept is not None and self._base + len(self._buffer) - self._kept > self._most_bytes + _LONGEST_TAG:
            self._kept = None
        keep = self._at if self._kept is None else self._kept - self._base
        more = self._stream.read(max(_CHUNK, min(len(self._buffer) - keep, 1 << 22)))
        self._buffer = self._buffer[keep:] + more
        self._base += keep
        self._at -= keep
        return bool(more)

    def _find(self, what: bytes) -> bool:
        """Move behind the next place of some bytes; False at the end."""
        while True:
            found = self._buffer.find(what, self._at)
            if found >= 0:
                self._at = found + len(what)
                return True
            self._at = max(self._at, len(self._buffer) - len(what) + 1)
            if not self._fill():
                return False

    def _tokens(self) -> Iterator[_Token]:
        while True:
            if not self._find(b"<"):
                return
            self._at -= 1
            while len(self._buffer) - self._at < 9 and self._fill():
                pass
            if self._buffer[self._at + 1 : self._at + 2] in {b"!", b"?"}:
                self._pass_over()
                continue
            match = _TAG.match(self._buffer, self._at)
            while match is None and len(self._buffer) - self._at < _LONGEST_TAG and self._fill():
                match = _TAG.match(self._buffer, self._at)
            if match is None:
                self._at += 1  # a `<` in the text
                continue
            self._at = match.end()
            attributes = match["attributes"]
            mark = "close" if match["close"] else "both" if attributes.endswith(b"/") else "open"
            yield _Token(match["name"].decode(), mark, attributes, self._base + match.start(), self._base + match.end())

    def _pass_over(self) -> None:
        """Pass over a comment, CDATA, an instruction, or a document type: what it defines is never replaced."""
        ending = next((end for begin, end in _PASSED if self._buffer.startswith(begin, self._at)), None)
        if ending is not None:
            if not self._find(ending):
                raise NotThisKindError("the markup ends within a comment or the like")
            return
        while len(self._buffer) - self._at < _LONGEST_TAG and self._fill():
            pass
        head = self._buffer[self._at : self._at + _LONGEST_TAG]
        end, inner = head.find(b">"), head.find(b"[")
        if 0 <= inner < end:
            end = head.find(b"]", inner)
            end = head.find(b">", end) if end >= 0 else -1
        if end < 0:
            raise NotThisKindError("a document type that does not end")
        self._at += end + 1


def _children(text: str) -> list[_Child]:
    """Return the elements right below the item, and those of groups of media."""
    raw = text.encode("utf-8", "surrogatepass")
    children: list[_Child] = []
    above: list[str] = []
    start, attributes = 0, b""
    for token in _Scanner(text_source(text).rewind(), len(raw) + 8)._tokens():  # noqa: SLF001 - the same module
        base = len(above) > 1 and above[1].lower() in {"media:group", "media:content"}
        level = 2 if base else 1
        if token.mark == "both":
            if len(above) == level:
                children.append(_child(token.name, token.attributes, ""))
        elif token.mark == "open":
            if len(above) == level:
                start, attributes = token.end, token.attributes
            above.append(token.name)
        elif token.name in above:
            while above.pop() != token.name:
                pass
            if len(above) == level:
                inner = raw[start : token.start].decode("utf-8", "surrogatepass")
                children.append(_child(token.name, attributes, inner))
    return children


def _child(name: str, attributes: bytes, inner: str) -> _Child:
    name = name.lower()
    prefix, _, local = name.rpartition(":")
    if prefix.startswith(("atom", "rss")) or prefix == "a10":
        name = local
    elif local == "encoded" and prefix != "excerpt":
        name = "content:encoded"
    found = _ATTRIBUTE.findall(attributes.decode("utf-8", "replace"))
    return _Child(name, {key.lower(): unescape(one or other) for key, one, other in found}, inner)


def _text(child: _Child) -> str:
    """Return the text of an element: its HTML, escaped or not, without the tags."""
    kind = child.attributes.get("type", "")
    if kind.endswith("xhtml") or child.name == "xhtml:body":
        return strip_tags(child.inner)
    value = _value(child.inner)
    if kind in {"text", "text/plain"}:
        return value.strip()
    if child.name == "content:encoded" or "html" in kind:
        return strip_tags(value)
    stripped = without_tags(value, expected=True)
    return plain_text(value)[0].strip() if stripped is None else stripped


def _value(inner: str) -> str:
    """Return what an element holds: its entities read, its CDATA as they stand."""
    parts: list[str] = []
    at = 0
    if "<![CDATA[" in inner:
        for match in _CDATA.finditer(inner):
            parts += (unescape(_uncommented(inner[at : match.start()])), match[1])
            at = match.end()
    parts.append(unescape(_uncommented(inner[at:])))
    text = "".join(part for part in parts if part.strip() or len(parts) == 1)
    return without_surrogates(text).replace("\r\n", "\n")


def _uncommented(text: str) -> str:
    return _COMMENT.sub("", text) if "<!--" in text and "-->" in text else text


def _first(children: list[_Child], names: tuple[str, ...]) -> str | None:
    """Return the value of the best of some children as one line."""
    for name in names:
        for child in children:
            if child.name == name and (text := " ".join(plain_text(_value(child.inner))[0].split())):
                return text
    return None


def _metadata(children: list[_Child], date: str | None) -> dict[str, str]:
    """Return author, address, identifier and categories under these names, and the other children under their own."""
    found: dict[str, list[str]] = {}
    for child in children:
        value = " ".join(_value(child.inner).split())
        if child.name in _AUTHORS:
            named = re.search(r"<(?:\w+:)?name\b[^>]*>(.*?)</", child.inner, re.DOTALL)
            author = " ".join(_value(named[1]).split()) if named else value
            found.setdefault("author", []).append(author)
        elif child.name == "link":
            if child.attributes.get("rel", "alternate") == "alternate":
                found.setdefault("url", []).append(child.attributes.get("href") or value)
        elif child.name in {"guid", "id"}:
            found.setdefault("id", []).append(value)
        elif child.name in {"category", "dc:subject"}:
            found.setdefault("category", []).append(value or child.attributes.get("term", ""))
        elif child.name not in _NOT_METADATA and value and value != date and "<" not in value:
            found.setdefault(child.name, []).append(value)
    joined = {name: ", ".join(dict.fromkeys(value for value in values if value)) for name, values in found.items()}
    return {name: value for name, value in joined.items() if value and len(value) <= _LONGEST_VALUE}
