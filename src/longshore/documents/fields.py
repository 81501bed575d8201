"""Fields of one JSON object or table row: which holds the text, the title and the date; the others are metadata.

Promised: the text is a field named as one (`text`, `body`, `content` … in many languages, in a stated order; a summary
only as a last resort, beside a title) or the one that the settings name. Values stay as they stand, under lower-case
names; nested objects are flattened with dots.
Not promised: that a field with a name nobody uses for texts is found; `text_field` names it.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from longshore.documents.fragment import unescape_entities, without_tags
from longshore.documents.kinds import Extracted
from longshore.records import Reason, Rejection
from longshore.text.data import read_toml
from longshore.text.dates.lexicon import fold_words
from longshore.text.header_block import composed_rank

if TYPE_CHECKING:
    from collections.abc import Iterator

Value: TypeAlias = "str | bool | list[Value] | dict[str, Value] | None"


class Number(str):
    """A number as the file spells it."""

    __slots__ = ()


class _Names(NamedTuple):
    text: dict[str, int]
    last: dict[str, int]
    titles: dict[str, int]
    dates: dict[str, int]
    values: frozenset[str]
    wrappers: frozenset[str]
    companions: frozenset[str]


class _Field(NamedTuple):
    """A field with its path, and the keys by which its name is looked up."""

    path: tuple[str, ...]
    value: Value
    key: str
    depth: int


_MOST_FIELDS: Final = 2_000
_DEEPEST: Final = 6
_LONGEST_NAME: Final = 200
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_NOTHING: Final = frozenset({"", "\\N", "NULL", "null", "NaN", "nan", "None"})
_WORD: Final = re.compile(r"\w+")
_CJK: Final = re.compile("[\u0e00-\u0eff\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
# A summary of fewer words is a label.
_LEAST_SUMMARY: Final = 5
# A text below other fields is one only with at least this many words.
_LEAST_NESTED: Final = 12
# How programs end a text that they cut: `… [+1234 chars]`, `...`.
_CUT: Final = re.compile(r"(?:…|\.\.\.)\s*(?:\[\+\d+ chars\]|https?://\S+)?\s*\Z")
_COMPARED: Final = 40
# A list of patterns of files, as the settings of programs have under the name `content`.
_PATHS: Final = re.compile(r"(?:[^\s/*]*+[/*]\S*+\s*+)++")
_PAGE: Final = re.compile(r"\s*<(?:!doctype\s+html|html)[\s>]", re.IGNORECASE)
_SHOWN: Final = 12
# Seconds since 1970 of the years 1990 to 2100.
_FIRST_EPOCH: Final = 631_152_000
_LAST_EPOCH: Final = 4_102_444_800
# Twitter writes the year last, behind the zone.
_TWITTER_DATE: Final = re.compile(r"[A-Z][a-z]{2} ([A-Z][a-z]{2}) (\d{2}) (\d\d:\d\d:\d\d) ([+-]\d{4}) (\d{4})\Z")
_EPOCH: Final = re.compile(r"\d{9,16}(?:\.\d+)?\Z")


@cache
def _names() -> _Names:
    table = read_toml("field_names.toml")

    def ranks(*names: str) -> dict[str, int]:
        words = [_squeeze(word) for name in names for word in table[name].split()]
        return {word: rank for rank, word in reversed(list(enumerate(words)))}

    dates = {word: rank for rank, name in enumerate(("published", "created", "updated")) for word in ranks(name)}
    dates |= dict.fromkeys(ranks("row_dates"), 0)
    return _Names(
        ranks("row_text", "article"),
        ranks("row_text_last", "summary"),
        ranks("row_titles", "titles"),
        dates,
        frozenset(table["row_values"].split()),
        frozenset(ranks("row_wrappers")),
        frozenset(ranks("row_companions")),
    )


@cache
def _squeeze(name: str) -> str:
    """Return the form in which names of fields are compared: `Full Text`, `full_text` and `fullText` alike."""
    name = name[:_LONGEST_NAME]
    return fold_words(name.replace("_", " ")).replace(" ", "") or name


def is_text_name(name: str) -> bool:
    """Return whether a field of this name holds the text of a document."""
    return _squeeze(name) in _names().text


def is_summary_name(name: str) -> bool:
    """Return whether a field of this name holds a summary, which is the text where there is no other."""
    return _squeeze(name) in _names().last


def is_companion_name(name: str) -> bool:
    """Return whether a field of this name stands beside the text of a document: title, date, author, source."""
    key, names = _squeeze(name), _names()
    return key in names.companions or key in names.titles or _date_rank(name, key) is not None


def document(fields: Mapping[str, Value], step: str, text_field: str | None = None) -> Extracted | Rejection:
    """Extract text, title, date and metadata from the fields of one document.

    step: names the format in the receipt, such as `json`. text_field: the name of the field that holds the text, as
    the settings give it; also with dots.

    >>> document({"title": "The pier", "body": "It was quiet.", "id": "7"}, "json").metadata
    {'id': '7'}
    """
    flat = list(_flatten(fields))
    found = _configured(flat, fields, text_field) if text_field else _text(flat)
    if found is None:
        return _no_text_field(flat, text_field)
    path, text = found
    if not text or text.isspace() or text.strip() in _NOTHING:
        return Rejection(Reason.EMPTY, f"The text field `{'.'.join(path)}` holds nothing.")
    plain, steps = plain_text(text)
    if not plain or plain.isspace():
        return Rejection(Reason.EMPTY, f"The text field `{'.'.join(path)}` holds tags and no text.")
    rest = [field for field in flat if field.path != path and _is_something(field.value)]
    title, date = _title(rest), _date(rest)
    taken = {title.path if title else None, date.path if date and date.value == _written_date(date.value) else None}
    return Extracted(
        plain,
        (f"{step}:{'.'.join(path)}", *steps),
        _line(title.value) if title else None,
        _written_date(date.value) if date else None,
        {_metadata_name(field.path): _shown(field.value) for field in rest if field.path not in taken},
    )


def has_text(fields: Mapping[str, Value], text_field: str | None = None) -> str | None:
    """Return `text` where an object has a text field, `summary` where only a last resort, else None."""
    flat = list(_flatten(fields))
    if text_field:
        return "text" if _configured(flat, fields, text_field) else None
    found = _text(flat)
    if found is None:
        return None
    return "summary" if _key_of(found[0]) in _names().last else "text"


def names_of(fields: Mapping[str, Value]) -> str:
    """Return the names of the fields, as a message shows them."""
    return _shown_names([".".join(field.path) for field in _flatten(fields)])


def no_text_field(names: str, text_field: str | None = None) -> Rejection:
    """Return the rejection of a document none of whose fields holds its text."""
    if text_field:
        what = f"The setting `text_field` names {text_field!r}, but the fields are {names}."
        return Rejection(Reason.NO_TEXT_FIELD, f"{what} Name the field that holds the text.")
    what = f"No field is known to hold the text; the fields are {names}."
    return Rejection(Reason.NO_TEXT_FIELD, f"{what} Name it with the setting `text_field` of its feed.")


def without_surrogates(text: str) -> str:
    """Return a text with U+FFFD for each half of a pair of surrogates, which no encoding can store."""
    return _SURROGATE.sub("\ufffd", text)


def plain_text(text: str) -> tuple[str, tuple[str, ...]]:
    """Return the text of a field without tags and entities where it is proved to be HTML, and the step that says so."""
    text = without_surrogates(text).replace("\r\n", "\n").replace("\r", "\n")
    if _PAGE.match(text):
        from longshore.documents import web_page  # noqa: PLC0415 - few fields are whole pages

        page = web_page.extract(text, b"") if web_page.recognise(text, "") else None
        if page is not None and page.text:
            return page.text, page.steps
    stripped = without_tags(text)
    if stripped is not None:
        return stripped, ("html:tags",)
    unescaped = unescape_entities(text)
    return (text, ()) if unescaped == text else (unescaped, ("html:entities",))


def _no_text_field(flat: list[_Field], text_field: str | None) -> Rejection:
    return no_text_field(_shown_names([".".join(field.path) for field in flat]), text_field)


def _shown_names(names: list[str]) -> str:
    shown = [f"`{without_surrogates(name[:_COMPARED])}`" for name in names[:_SHOWN]]
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(shown) + more if shown else "none"


def _flatten(fields: Mapping[str, Value]) -> Iterator[_Field]:
    """Yield the fields in their order, those of nested objects with the names above them."""
    waiting: list[tuple[tuple[str, ...], Mapping[str, Value]]] = [((), fields)]
    seen = 0
    while waiting:
        above, mapping = waiting.pop(0)
        for name, value in mapping.items():
            path = (*above, name)
            seen += 1
            if seen > _MOST_FIELDS:
                return
            if isinstance(value, Mapping) and len(path) < _DEEPEST:
                waiting.append((path, value))
                continue
            key = _key_of(path)
            yield _Field(path, value, key, _depth(path, key))


def _key_of(path: tuple[str, ...]) -> str:
    """Return the key of a path: that of its last name, or of the name above where the last only says `value`."""
    if len(path) > 1 and path[-1].lower() in _names().values:
        above = _squeeze(path[-2])
        if above in _names().text or above in _names().last or above in _names().titles:
            return above
    return _squeeze(path[-1])


def _depth(path: tuple[str, ...], key: str) -> int:
    """Return below how many names a field stands, without those that wrap a document."""
    above = path[:-1] if _squeeze(path[-1]) == key else path[:-2]
    return sum(_squeeze(name) not in _names().wrappers for name in above)


def _configured(flat: list[_Field], fields: Mapping[str, Value], text_field: str) -> tuple[tuple[str, ...], str] | None:
    """Return the field that the settings name, by its whole path, or by its name in another case."""
    for field in flat:
        if ".".join(field.path) == text_field:
            text = _text_of(field.value)
            return (field.path, "" if text is None else text)
    value = fields.get(text_field)
    if value is not None and (text := _text_of(value)) is not None:
        return (text_field,), text
    for field in flat:
        if ".".join(field.path).casefold().strip() == text_field.casefold().strip():
            text = _text_of(field.value)
            return (field.path, "" if text is None else text)
    return None


def _text(flat: list[_Field]) -> tuple[tuple[str, ...], str] | None:
    """Return the path and the value of the best text field; an empty one only where there is no other."""
    names = _names()
    found: list[tuple[int, int, tuple[str, ...], str]] = []
    empty: tuple[str, ...] | None = None
    log = any(field.key in {"level", "severity", "loglevel", "levelname"} for field in flat)
    for field in flat:
        rank = names.text.get(field.key)
        if rank is None or isinstance(field.value, Number | bool) or (log and field.key in {"message", "msg"}):
            continue
        text = _text_of(field.value)
        if field.value is None or (text is not None and text.strip() in _NOTHING):
            empty = empty or (field.path if field.depth == 0 else None)
        elif isinstance(field.value, list) and text is not None and _PATHS.fullmatch(text):
            continue
        elif text is not None and (field.depth == 0 or _words(text) >= _LEAST_NESTED):
            found.append((field.depth, rank, field.path, text))
    if found:
        _, _, path, text = min(found, key=lambda one: one[:2])
        return _uncut(path, text, found)
    if summary := _summary(flat):
        return summary
    return (empty, "") if empty else None


def _uncut(
    path: tuple[str, ...], text: str, found: list[tuple[int, int, tuple[str, ...], str]]
) -> tuple[tuple[str, ...], str]:
    """Return the whole of a text that its program cut, where another field holds it."""
    if cut := _CUT.search(text, max(0, len(text) - 200)):
        head = text[: cut.start()][:_COMPARED]
        longer = [one for one in found if len(one[3]) > cut.start() and one[2] != path and one[3].startswith(head)]
        if longer:
            return max(longer, key=lambda one: len(one[3]))[2:]
    return path, text


def _summary(flat: list[_Field]) -> tuple[tuple[str, ...], str] | None:
    """Return the best summary of an object that has a title, and is no description of data itself."""
    names = _names()
    titled = any(field.key in names.titles and field.depth == 0 and _is_something(field.value) for field in flat)
    if not titled or any(field.path[0] in {"$schema", "openapi", "swagger", "dependencies"} for field in flat):
        return None
    found = [
        (names.last[field.key], field.path, text)
        for field in flat
        if field.key in names.last
        and field.depth == 0
        and (text := _text_of(field.value)) is not None
        and _words(text) >= _LEAST_SUMMARY
    ]
    return min(found)[1:] if found else None


def _words(text: str) -> int:
    head = text[:2_000]
    return len(_WORD.findall(head)) + len(_CJK.findall(head)) // 2


def _text_of(value: Value, deepest: int = 4) -> str | None:
    """Return the text of a value: a string, or a list of paragraphs, of strings or of objects with a text."""
    if isinstance(value, str):
        return None if isinstance(value, Number) else value
    if isinstance(value, Mapping):
        key = next((name for name in value if name.lower() in _names().values or _squeeze(name) in _names().text), None)
        return _text_of(value[key], deepest - 1) if key is not None and deepest else None
    if not isinstance(value, list) or not value or not deepest:
        return None
    parts = [_text_of(part, deepest - 1) for part in value if isinstance(part, str | Mapping | list)]
    texts = [part for part in parts if part]
    if not texts or any(isinstance(part, Number | bool) for part in value):
        return None
    # Strings between objects are one text with marked parts, as Telegram exports it.
    mixed = any(isinstance(part, str) for part in value) and any(isinstance(part, Mapping) for part in value)
    return ("" if mixed else "\n\n").join(texts)


def _is_something(value: Value) -> bool:
    return value is not None and (value not in _NOTHING if isinstance(value, str) else value is False or bool(value))


def _title(rest: list[_Field]) -> _Field | None:
    names = _names()
    found = [
        field
        for field in rest
        if field.key in names.titles
        and isinstance(field.value, str)
        and _is_something(field.value)
        and field.depth == 0
    ]
    return min(found, key=lambda field: names.titles[field.key], default=None)


def _line(value: Value) -> str | None:
    """Return a title as one line."""
    assert isinstance(value, str)
    plain, _ = plain_text(value)
    return " ".join(plain.split()) or None


def _date(rest: list[_Field]) -> _Field | None:
    """Return the best date: of publication, then creation, then of a change."""
    found = [
        (field.depth, rank, number)
        for number, field in enumerate(rest)
        if isinstance(field.value, str)
        and field.depth == 0
        and (rank := _date_rank(field.path[-1], field.key)) is not None
        and any(character.isdigit() for character in field.value)
        and (not isinstance(field.value, Number) or _is_epoch(field.value) or len(field.value) in {4, 8})
    ]
    return rest[min(found)[2]] if found else None


def _date_rank(name: str, key: str) -> int | None:
    rank = _names().dates.get(key)
    return composed_rank(name) if rank is None else rank


def _is_epoch(value: Value) -> bool:
    return isinstance(value, str) and _EPOCH.match(value.strip()) is not None and _epoch(value) is not None


def _epoch(value: str) -> dt.datetime | None:
    """Return the moment that a number counts to, in seconds, thousandths or millionths since 1970."""
    seconds = float(value)
    for _ in range(3):
        if _FIRST_EPOCH <= seconds <= _LAST_EPOCH:
            return dt.datetime.fromtimestamp(int(seconds), dt.UTC)
        seconds /= 1_000
    return None


def _written_date(value: Value) -> str:
    assert isinstance(value, str)
    at = _epoch(value) if _is_epoch(value) else None
    if at is not None:
        return at.strftime("%Y-%m-%dT%H:%M:%SZ")
    return _TWITTER_DATE.sub(r"\2 \1 \5 \3 \4", without_surrogates(value.strip()))


def _metadata_name(path: tuple[str, ...]) -> str:
    return without_surrogates(".".join(path).strip().lower())


def _shown(value: Value) -> str:
    """Return a value as metadata show it: as it stands, the items of a list after commas, other lists as JSON."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return without_surrogates(value)
    if isinstance(value, list):
        items = [_item(part) for part in value]
        if all(item is not None for item in items):
            return without_surrogates(", ".join(item for item in items if item))
    return without_surrogates(json.dumps(value, ensure_ascii=False))


def _item(value: Value) -> str | None:
    """Return an item of a list as a word: a string, or the name of an object that has one."""
    if isinstance(value, Mapping):
        value = next((value[name] for name in ("name", "title", "term", "label") if name in value), None)
    return _shown(value) if isinstance(value, str | bool) else None
