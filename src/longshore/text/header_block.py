"""Header blocks of several lines: front matter, mail headers, and similar fields in many languages.

Promised: prose is never a block: front matter needs its two fences and fields between (of JSON, its braces and a text
below), a mail block two known fields and a blank line after them (or a date and a title). A field that holds the
article (`Text: …`) and the questions of an interview are no part of a block: it ends before them, at the value.
Not promised: YAML, TOML or MIME in full. Only titles and dates are read, from the top level.
"""

from __future__ import annotations

import base64
import json
import quopri
import re
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Final, NamedTuple

from longshore.text.data import read_toml
from longshore.text.dates.lexicon import fold_words

if TYPE_CHECKING:
    from collections.abc import Iterator


class _Names(NamedTuple):
    """Names of fields by what they hold, folded. Dates: of publication first, of a later change last."""

    titles: frozenset[str]
    dates: tuple[frozenset[str], ...]
    date_words: tuple[frozenset[str], ...]  # of change, creation, publication, a moment: parts of composed names
    words: frozenset[str]
    article: frozenset[str]
    summary: frozenset[str]
    question: frozenset[str]


@cache
def _names() -> _Names:
    table = {
        name: frozenset(fold_words(word.replace("_", " ")).replace(" ", "_") for word in words.split())
        for name, words in read_toml("field_names.toml").items()
    }
    dates = (table["published"], table["created"], table["updated"])
    return _Names(
        table["titles"],
        dates,
        tuple(table[f"{part}_words"] for part in ("change", "creation", "publication", "moment")),
        table["other_words"].union(table["titles"], *dates),
        table["article"],
        table["summary"],
        table["question"],
    )


_PART_OF_A_NAME = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")


def composed_rank(name: str) -> int | None:
    """Return the rank of a date field whose name is composed of English words, or None if it names no date.

    >>> composed_rank("first_published_at"), composed_rank("publishedOn"), composed_rank("modifiedTime")
    (0, 0, 2)
    >>> composed_rank("post"), composed_rank("post_category")
    (None, None)
    """
    words = [word.lower() for word in _PART_OF_A_NAME.findall(name)]
    kinds_of_words = _names().date_words
    if not any(word in kinds_of_words[-1] for word in words):
        return None
    kinds = [next((place for place, kind in enumerate(kinds_of_words) if word in kind), None) for word in words]
    if None in kinds:
        return None
    return 2 if 0 in kinds else 1 if 1 in kinds else 0


# A block longer than this is no block; nothing beyond it is looked at.
LONGEST_BLOCK: Final = 65_536
_MOST_LINES: Final = 500
_LONGEST_KEY: Final = 40
_MOST_BLANKS_IN_A_NAME: Final = 4
# Fields with nothing below them: more than this many are a block.
_FEWEST_ALONE: Final = 2
# A field named as an article holds it if it is so long, or if no known field follows.
_LEAST_ARTICLE: Final = 60
_LEAST_BLANKS_SAID: Final = 7
_QUESTION_MARKS: Final = ("?", "？", "؟", "՞")
_SENTENCE_ENDS: Final = (".", "!", "…", "।", *_QUESTION_MARKS)

_FENCES: Final = {"---": ("---", "..."), "+++": ("+++",)}
_FIELD = re.compile(
    r"[ \t]{0,3}(?:\#\+|:|%%?[ ]?|\*\*)?(?P<key>[^\W\d_][^\n:=：\t]{0,39}?)(?:\*\*)?[ \t]{0,3}(?P<sign>[:：])(?:\*\*)?"
    r"(?:[ \t]+(?P<value>.*)|(?P<glued>.*))",
)
_YAML_FIELD = re.compile(
    r"""(?P<quote>["']?)(?P<key>[^\s"':=#{}\[\],&*!|>%@`-][^"'\n:=]{0,60}?)(?P=quote)[ \t]*"""
    r"[:=](?:[ \t]+(?P<value>.*)|)$"
)
# What else may stand in front matter: comments, what is indented, items and brackets of lists.
_YAML_OTHER = re.compile(r"\s*(?:#|$)|\s+\S|-(?:\s|$)|[\]})'\"\[]")
_MAIL_NAME = re.compile(r"[A-Z][A-Za-z0-9]*(?:-[A-Za-z0-9]+)+")
# Lines that programs put above the fields: of a mailbox, of a reader of news.
_ENVELOPE = re.compile(r"From \S+ .*\d\d:\d\d|Article:? \d+ (?:of|in) \S+$")
# The heading of a memorandum, with the first of its fields below it.
_MEMO = re.compile(
    r"[ \t*]{0,40}[^\W\d_][^\n:：.]{2,60}\n(?:[ \t]*\n){0,3}"
    r"(?=[ \t]{0,3}(?i:to|from|date|an|von|datum|para|de|fecha|data|à|a|da|til|fra|från|do|od)[ \t]{0,3}[:：])"
)
# The tag that opens a document of SGML, and a field, which may stand on lines of its own.
_OPENING_TAG = re.compile(r"<(?:DOC|REUTERS|STORY|ARTICLE)\b[^>\n]{0,200}>[ \t]*\n", re.IGNORECASE)
_TAGGED_FIELD = re.compile(
    r"[ \t]*<(?P<key>[A-Za-z][\w-]{0,20})>(?P<value>(?:(?!</(?P=key)>)[^\x00]){0,500})</(?P=key)>[ \t]*(?:\n|$)",
    re.IGNORECASE,
)
_TAG = re.compile(r"<[^>\n]{1,40}>")
# Title, authors and date as Pandoc has them, each after a per cent sign.
_TITLE_BLOCK = re.compile(r"% (?P<title>\S.{0,200})\n% .{0,200}\n% (?P<date>.{0,40}\d{4}.{0,40})\n(?=[ \t]*\n)")
_ENCODED = re.compile(r"=\?([\w-]{1,40})\?([bBqQ])\?([^?\s]*)\?=(?:\s+(?==\?))?")


@dataclass(frozen=True, slots=True)
class Block:
    """A block at `text[start:end]`: it ends before the first line that is not its own.

    dates: its date fields as `name: value`, those of publication first. fields: all of them, as they stand.
    """

    end: int
    title: str | None
    dates: tuple[str, ...]
    start: int | None = None
    fields: tuple[tuple[str, str], ...] = ()


def read_block(text: str, start: int = 0) -> Block | None:
    """Read the block that begins at the first line that is not blank, or None where there is none.

    >>> read_block("From: Ann\\nSubject: The pier\\nDate: 17 Mar 2024\\n\\nDear all,").title
    'The pier'
    """
    if text.startswith(("---", "+++"), start):
        return _front_matter(text, start)
    if text.startswith("{\n", start):
        return _object(text, start)
    if match := _TITLE_BLOCK.match(text, start):
        title, date = match["title"].strip(), match["date"].strip()
        return Block(match.end(), title, (f"date: {date}",), fields=(("title", title), ("date", date)))
    if text.startswith("<", start):
        return _tagged(text, start)
    return _mail(text, start)


def _mail(text: str, start: int) -> Block | None:
    """Read a mail block, or that of a memorandum below its heading."""
    head = text[start : start + _LONGEST_KEY + 8]
    enveloped = head.startswith(("From ", "Article "))
    if not enveloped and (memo := _MEMO.match(text, start)):
        return _memorandum(text, memo.end())
    return _fields(text, start) if enveloped or ":" in head or "：" in head else None


def _lines(text: str, start: int) -> Iterator[tuple[int, str]]:
    """Return the lines from a place on with the places of their ends, as many as a block may have."""
    at, limit = start, min(len(text), start + LONGEST_BLOCK)
    for _ in range(_MOST_LINES):
        end = text.find("\n", at, limit)
        if at >= limit or end < 0:
            if at < limit == len(text):
                yield limit, text[at:limit]
            return
        yield end + 1, text[at:end]
        at = end + 1


@dataclass(frozen=True, slots=True)
class _Field:
    """A field: its name, the name as the tables have it, and its value with folded lines joined."""

    name: str
    key: str
    value: str

    @property
    def known(self) -> bool:
        """Whether header blocks have such a field; of mail all with a hyphen are: X-Mailer, DKIM-Signature."""
        words = self.key.split("_")
        return (
            self.key in _names().words
            or _names().words.issuperset(words)
            or _MAIL_NAME.fullmatch(self.name) is not None
        )

    @property
    def rank(self) -> int | None:
        """How good a date of publication it holds, 0 the best, or None where it holds no date."""
        rank = next((rank for rank, keys in enumerate(_names().dates) if self.key in keys), None)
        return composed_rank(self.name) if rank is None else rank


def _field(key: str, value: str) -> _Field:
    return _Field(key, fold_words(key).replace(" ", "_"), value.strip())


def _block(end: int, fields: list[_Field]) -> Block:
    """Gather what is wanted from the fields."""
    titles = [_decoded(field.value) for field in fields if field.key in _names().titles and field.value]
    dated = sorted(
        ((field.rank, f"{field.name}: {field.value}") for field in fields if field.rank is not None and field.value),
        key=lambda pair: pair[0],
    )
    named = tuple((field.name.strip(), _decoded(field.value)) for field in fields)
    return Block(end, titles[0] if titles else None, tuple(value for _, value in dated), fields=named)


def _fields(text: str, start: int) -> Block | None:
    """Read a mail block, or fields of that kind, down to the field that holds the article."""
    fields: list[_Field] = []
    value_starts: list[int] = []
    end, ended = start, False
    for index, (line_end, line) in enumerate(_lines(text, start)):
        if not line.strip():
            ended = True
            break
        match = _FIELD.match(line)
        if index == 0 and _ENVELOPE.match(line):
            pass
        elif line[0] in " \t" and fields:
            fields[-1] = _Field(fields[-1].name, fields[-1].key, f"{fields[-1].value} {line.strip()}")
        elif match and match["key"].count(" ") < _MOST_BLANKS_IN_A_NAME:
            field = _field(match["key"], match["value"] or match["glued"] or "")
            if not fields and not field.known:
                return None
            value_start = end + (match.start("value") if match["value"] is not None else match.start("glued"))
            if fields and (stop := _article_start(field, text, end, value_start, line_end)) is not None:
                end, ended = stop, True
                break
            fields.append(field)
            value_starts.append(value_start)
        else:
            break
        end = line_end
    ended = ended or (end == len(text) and len(fields) > _FEWEST_ALONE)
    last = _last_is_article(fields, text[start:end], text[end:])
    return _block(value_starts[last] if last else end, fields) if _is_block(fields, ended_by_blank=ended) else None


def _memorandum(text: str, start: int) -> Block | None:
    """Read the fields below the heading of a memorandum: sender, addressee, date, subject, with blank lines between."""
    fields: list[_Field] = []
    end = at = start
    for line_end, line in _lines(text, start):
        match = _FIELD.match(line)
        field = _field(match["key"], match["value"] or match["glued"] or "") if match else None
        if field is not None and field.known:
            fields.append(field)
        elif fields and line[:1] in (" ", "\t") and line.strip() and end == at:
            fields[-1] = _Field(fields[-1].name, fields[-1].key, f"{fields[-1].value} {line.strip()}")
        elif line.strip():
            break
        at = line_end
        end = line_end if line.strip() else end
    enough = len(fields) > _FEWEST_ALONE and any(field.rank is not None for field in fields)
    return replace(_block(end, fields), start=start) if enough and text[end:].strip() else None


def _tagged(text: str, start: int) -> Block | None:
    """Read fields between tags, as collections of news in SGML have them: `<DATE> March 17, 2024 </DATE>`."""
    fields: list[_Field] = []
    end = start
    if opening := _OPENING_TAG.match(text, start):
        end = opening.end()
    while match := _TAGGED_FIELD.match(text, end):
        fields.append(_field(match["key"], " ".join(_TAG.sub(" ", match["value"]).split())))
        end = match.end()
    dated = any(field.rank is not None and any(map(str.isdigit, field.value)) for field in fields)
    return _block(end, fields) if dated and text[end:].strip() else None


def _article_start(field: _Field, text: str, line_start: int, value_start: int, line_end: int) -> int | None:
    """Return where the text begins if a field holds it, or is what somebody says in an interview; else None."""
    value, names = field.value, _names()
    if field.key in names.article:
        following = _FIELD.match(text[line_end : text.find("\n", line_end) + 1 or len(text)])
        goes_on = following is not None and _field(following["key"], "").known
        return value_start if value and (len(value) >= _LEAST_ARTICLE or not goes_on) else None if value else line_end
    asked = field.key in names.question and value.endswith(_QUESTION_MARKS)
    said = not field.known and value.endswith(_SENTENCE_ENDS) and value.count(" ") >= _LEAST_BLANKS_SAID
    return line_start if asked or said else None


def _last_is_article(fields: list[_Field], block: str, rest: str) -> int | None:
    """Return the place of the last field if its value is the article: nothing follows, and it is most of the block."""
    if len(fields) < _FEWEST_ALONE or rest.strip():
        return None
    last = fields[-1]
    may_hold = last.key in _names().summary or not last.known
    long = len(last.value) >= _LEAST_ARTICLE and 2 * len(last.value) > len(block)
    return len(fields) - 1 if may_hold and long else None


def _is_block(fields: list[_Field], *, ended_by_blank: bool) -> bool:
    """Return whether these fields are a header: most of them known, none twice that a header has once."""
    known = [field for field in fields if field.known]
    titles = [field for field in known if field.key in _names().titles]
    dates = [field for field in known if field.rank is not None and any(map(str.isdigit, field.value))]
    once = [field.key for field in (*titles, *dates) if field.key != "received"]
    if len(known) < 2 or len(known) * 2 < len(fields) or len(set(once)) < len(once):
        return False
    return bool(titles or dates) if ended_by_blank else bool(dates and (titles or len(known) > 2))


def _front_matter(text: str, start: int) -> Block | None:
    """Read YAML or TOML front matter between two fences."""
    lines = _lines(text, start)
    fence = next(lines, (0, ""))[1].rstrip()
    if fence not in _FENCES:
        return None
    fields: list[_Field] = []
    quote = ""
    for line_end, line in lines:
        if quote:
            # Inside a text of several lines, as TOML quotes them.
            said, end, _ = line.partition(quote)
            fields[-1] = _Field(fields[-1].name, fields[-1].key, f"{fields[-1].value} {said.strip()}".strip())
            quote = "" if end else quote
            continue
        if line.rstrip() in _FENCES[fence]:
            plain = sum(field.key.isascii() and field.key.islower() for field in fields)
            return _block(line_end, fields) if any(f.known for f in fields) or plain > 1 else None
        match = _YAML_FIELD.match(line)
        if match:
            value = (match["value"] or "").strip()
            if quote := value[:3] if value[:3] in ('"""', "'''") and value.count(value[:3]) == 1 else "":
                value = value[3:]
            fields.append(_field(match["key"], value if quote else _scalar(value)))
        elif not _YAML_OTHER.match(line):
            return None
        elif line[:1] in " \t" and fields and line.strip():
            folded = f"{fields[-1].value} {line.strip()}"
            fields[-1] = _Field(fields[-1].name, fields[-1].key, folded.strip())
    return None


def _object(text: str, start: int) -> Block | None:
    """Read front matter that is an object of JSON, with a text below it."""
    end = text.find("\n}\n", start, start + LONGEST_BLOCK) + len("\n}\n")
    if end < len("\n}\n") or not text[end : end + LONGEST_BLOCK].strip():
        return None
    try:
        members = json.loads(text[start:end])
    except (ValueError, RecursionError):
        return None
    fields = [_field(key, value) for key, value in members.items() if isinstance(value, str)]
    named = any(field.key in _names().titles or field.rank is not None for field in fields)
    return _block(end, fields) if named and any(field.known for field in fields) else None


def _scalar(value: str) -> str:
    """Return what a value of YAML or TOML stands for, where it is a line of text.

    >>> _scalar('"The pier" # draft'), _scalar("'It''s'"), _scalar(">-")
    ('The pier', "It's", '')
    """
    value = value.strip()
    if value[:1] == '"':
        match = re.match(r'"((?:[^"\\]|\\.)*)"', value)
        return re.sub(r"\\(.)", r"\1", match[1]) if match else value.strip('"')
    if value[:1] == "'":
        match = re.match(r"'((?:[^']|'')*)'", value)
        return match[1].replace("''", "'") if match else value.strip("'")
    if re.fullmatch(r"[|>][+\-\d]{0,2}", value):
        return ""
    return re.split(r"\s#", value)[0].strip()


def _decoded(value: str) -> str:
    """Decode the encoded words of RFC 2047 in a Subject."""
    return _ENCODED.sub(_decoded_word, value) if "=?" in value else value


def _decoded_word(match: re.Match[str]) -> str:
    charset, kind, data = match.groups()
    try:
        raw = (
            base64.b64decode(data, validate=True)
            if kind in "bB"
            else quopri.decodestring(data.replace("_", " ").encode("ascii"))
        )
        return raw.decode(charset)
    except (ValueError, LookupError):
        return match[0]


def names_a_field(line: str) -> bool:
    """Return whether a line is a field with a known name that holds no title: `Source: the agency`.

    >>> names_a_field("Source: Example Agency"), names_a_field("Berlin: port open"), names_a_field("Title: The pier")
    (True, False, False)
    """
    name, sign, value = line.replace("：", ":", 1).partition(":")
    if not sign or not value.strip() or len(name) > _LONGEST_KEY:
        return False
    key = _field(name.strip(), value).key
    return key in _names().words and key not in _names().titles
