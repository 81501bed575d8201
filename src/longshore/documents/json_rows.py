"""JSON: an object, an array of objects, JSON Lines, objects one after another, an object around an array of objects.

Promised: JSON is proved by reading all of it, in memory that one document bounds. Deep nesting, huge numbers, double
keys, NaN and halves of surrogate pairs are read or refused, never a crash. A text that holds JSON snippets is text.
Not promised: JSON with comments or with commas at the ends of lists.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, Final, Literal, TypeAlias

from longshore.documents.fields import (
    Number,
    Value,
    document,
    has_text,
    is_text_name,
    names_of,
    no_text_field,
)
from longshore.documents.kinds import ContainerRejectedError, Extracted, Kind, Member, NotThisKindError
from longshore.documents.streams import Piece, TextStream, lines_of, open_text, text_source
from longshore.records import Reason, Rejection

MEDIA_TYPE: Final = "application/json"
_BEGINNING: Final = re.compile(r"""\s*(?:\{\s*(?:["}]|\Z)|\[\s*(?:[\[\]{"\-0-9tfnN]|\Z))""")
_BLANKS: Final = b" \t\n\r\x1e"
_LINES_SUFFIXES: Final = (".jsonl", ".ndjson", ".jsonlines", ".ldjson")
_SUFFIXES: Final = (".json", *_LINES_SUFFIXES)
# Of the rows of JSON Lines, one in this many may be broken, and the last one, which a program did not finish.
_FEW_BROKEN: Final = 100
# After this many rows, no more of them are asked for their text field.
_ROWS_ASKED: Final = 1_000
_DEEPEST_ARRAY: Final = 4
_LONGEST_KEY: Final = 1_000
_CHUNK: Final = 1 << 16
_TO_BRACKET: Final = re.compile(rb'(?:[^"{}\[\]]++|"[^"\\]*+(?:\\.[^"\\]*+)*+")*+', re.DOTALL)
_IN_STRING: Final = re.compile(rb'[^"\\]*+(?:\\.[^"\\]*+)*+', re.DOTALL)
_SCALAR: Final = re.compile(rb'[^\s,\]}"{\[:]*+')
# Times of a caption: an array of such objects is one transcript.
_STARTS: Final = frozenset({"start", "offset", "startms", "tstartms", "start_time"})
_ENDS: Final = frozenset({"end", "duration", "dur", "endms", "ddurationms", "end_time"})
# Words of a text in an object of objects, half of which must have them: labels of a program have fewer.
_LEAST_WORDS: Final = 8

_Advance: TypeAlias = "Callable[[int, tuple[int, bool]], tuple[int, tuple[int, bool], bool]]"
_Form: TypeAlias = Literal["lines", "array", "sequence", "wrapped", "keyed", "frame", "object", "values"]


def _number(digits: str) -> Number:
    return Number(digits)


_DECODER: Final = json.JSONDecoder(parse_int=_number, parse_float=_number, parse_constant=_number, strict=False)


@dataclass(slots=True)
class _Survey:
    """The form of a file and its documents.

    arrays: for each array of objects by its path, how many of its objects were asked and have a text field or a
    summary. example: an object, whose fields a message names. own: the strongest text that the object itself has.
    """

    form: _Form
    rows: int = 0
    asked: dict[str, list[int]] = field(default_factory=dict)
    example: dict[str, Value] | None = None
    own: str | None = None
    captions: bool = False

    def ask(self, path: str, value: Value, text_field: str | None) -> None:
        """Count an element of an array and whether it has a text field."""
        counts = self.asked.setdefault(path, [0, 0, 0])
        if counts[0] >= _ROWS_ASKED and (counts[1] or counts[2]):
            return
        counts[0] += 1
        if isinstance(value, dict):
            found = has_text(value, text_field)
            counts[1] += found == "text"
            counts[2] += found == "summary"
            self.example = self.example or value

    def chosen(self) -> frozenset[str]:
        """Return the paths of the arrays whose objects are documents: those with text fields, else with summaries."""
        for place in (1, 2):
            if found := frozenset(path for path, counts in self.asked.items() if counts[place] * 2 >= counts[0]):
                return found
        return frozenset(path for path, counts in self.asked.items() if counts[1] + counts[2])


def recognise(text: str, name: str, text_field: str | None = None) -> Kind | None:
    r"""Return the kind of a JSON file, or None.

    >>> recognise('{"title": "a", "text": "b"}\n{"title": "c", "text": "d"}\n', "a.txt").evidence
    '2 lines, each a JSON object'
    """
    if not may_begin(text):
        return None
    try:
        survey = _survey(text_source(text), name, len(text) * 4 + 8, text_field)
    except NotThisKindError:
        return None
    return _kind(survey)


def may_begin(text: str) -> bool:
    """Return whether a text begins as JSON does."""
    return _BEGINNING.match(text, 0, 4_096) is not None


def _kind(survey: _Survey) -> Kind:
    evidence = {
        "lines": f"{survey.rows} lines, each a JSON object",
        "array": f"a JSON array of {survey.rows} objects",
        "sequence": f"{survey.rows} JSON objects one after another",
        "wrapped": f"a JSON object around an array of {survey.rows} objects",
        "keyed": f"a JSON object of {survey.rows} objects",
        "frame": f"a table of {survey.rows} rows as pandas writes it in JSON",
        "object": "a JSON object",
        "values": "a JSON array",
    }[survey.form]
    return Kind(MEDIA_TYPE, evidence, _is_container(survey))


def _is_container(survey: _Survey) -> bool:
    return survey.form not in {"object", "values"} and bool(survey.chosen()) and not survey.captions


def split(
    stream: BinaryIO, name: str, text_field: str | None, max_member_bytes: int, declared: str | None = None
) -> Iterator[Member]:
    """Yield the documents of a JSON container; raise NotThisKindError where it is none."""
    source = open_text(stream, declared)
    survey = _survey(source, name, max_member_bytes, text_field)
    if survey.form in {"object", "values"} or survey.captions:
        raise NotThisKindError(_kind(survey).evidence)
    if not survey.chosen():
        raise ContainerRejectedError(no_text_field(names_of(survey.example or {}), text_field))
    number = 0
    for path, piece in _pieces(source, survey.form, max_member_bytes):
        if path in survey.chosen():
            number += 1
            yield source.member(number, piece, MEDIA_TYPE)


def extract(text: str, text_field: str | None = None) -> Extracted | Rejection:
    """Extract the text and the fields of one JSON object, or say why it has none."""
    text = text.strip().strip("\x1e")
    try:
        value = _loads(text)
    except NotThisKindError as error:
        if (first := _first_object(text)) is not None and has_text(first, text_field) is None:
            return no_text_field(names_of(first), text_field)
        return Rejection(Reason.UNDECODABLE, f"The JSON cannot be read: {error}.")
    said = _captions(value)
    if said is not None and (isinstance(value, list) or (isinstance(value, dict) and not has_text(value, text_field))):
        fields = {} if isinstance(value, list) else {name: one for name, one in value.items() if _captions(one) is None}
        return document({**fields, "text": said}, "json:captions", None)
    if isinstance(value, dict):
        return document(value, "json", text_field)
    first = next((part for part in value if isinstance(part, dict)), None) if isinstance(value, list) else None
    if first is not None:
        return no_text_field(names_of(first), text_field)
    what = "a list of values" if isinstance(value, list) else "a single value"
    return Rejection(Reason.NO_TEXT_FIELD, f"The JSON is {what} without names; none of them is known to be the text.")


def _loads(text: str) -> Value:
    try:
        value: Value = _DECODER.decode(text)
    except RecursionError:
        raise NotThisKindError("nested too deeply") from None
    except ValueError as error:
        raise NotThisKindError(str(error)) from None
    return value


def _first_object(text: str) -> dict[str, Value] | None:
    """Return the object that a text begins with, of several, or None."""
    try:
        value, _ = _DECODER.raw_decode(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _object(raw: bytes) -> dict[str, Value] | None:
    """Return the object that some bytes are, or None."""
    try:
        value = _loads(raw.decode("utf-8", "replace").strip())
    except NotThisKindError:
        return None
    return value if isinstance(value, dict) else None


def _survey(source: TextStream, name: str, most_bytes: int, text_field: str | None) -> _Survey:
    """Read all of a file and return its form; raise NotThisKindError where it is no JSON."""
    values = _Values(source.rewind(), most_bytes)
    first = values.peek()
    if first == b"{":
        return _survey_lines(source, name, most_bytes, text_field) or _survey_objects(source, most_bytes, text_field)
    if first == b"[":
        return _survey_array(source, name, most_bytes, text_field)
    raise NotThisKindError("it begins with no bracket")


def _survey_lines(source: TextStream, name: str, most_bytes: int, text_field: str | None) -> _Survey | None:
    survey = _Survey("lines")
    broken, last_broken = 0, False
    for piece in lines_of(source.rewind(), most_bytes):
        if piece.raw is not None and not piece.raw.strip(_BLANKS):
            continue
        value = None if piece.raw is None else _object(piece.raw)
        last_broken = piece.raw is not None and value is None
        if last_broken:
            broken += 1
            if survey.rows == 0 or broken > 1 + survey.rows / _FEW_BROKEN or not piece.raw.lstrip().startswith(b"{"):  # type: ignore[union-attr]
                return None
        survey.rows += 1
        if value is not None:
            survey.ask("", value, text_field)
    many = survey.rows - broken > 1 or (survey.rows == 1 and name.lower().endswith(_LINES_SUFFIXES))
    few_broken = broken - last_broken <= survey.rows / _FEW_BROKEN
    return survey if many and few_broken else None


def _survey_array(source: TextStream, name: str, most_bytes: int, text_field: str | None) -> _Survey:
    survey = _Survey("array")
    others, captions = 0, True
    for _, piece in _pieces(source, "array", most_bytes):
        if piece.raw is None:
            survey.rows += 1
            continue
        value = _loads(piece.raw.decode("utf-8", "replace"))
        if isinstance(value, dict):
            survey.rows += 1
            survey.ask("", value, text_field)
            captions = captions and _is_caption(value)
        elif value is not None:
            others += 1
    if others or not survey.rows:
        if not name.lower().endswith(_SUFFIXES):
            raise NotThisKindError("an array of values that are no objects")
        return _Survey("values")
    survey.captions = captions
    return survey


def _is_caption(value: Value) -> bool:
    if not isinstance(value, dict) or not isinstance(value.get("text"), str):
        return False
    times = {name.lower() for name, one in value.items() if isinstance(one, Number)}
    return not times.isdisjoint(_STARTS) and not times.isdisjoint(_ENDS)


def _captions(value: Value) -> str | None:
    """Return what a list of captions says, or the first list of them in an object; None where there is none."""
    if isinstance(value, dict):
        return next((said for part in value.values() if isinstance(part, list) and (said := _captions(part))), None)
    if not isinstance(value, list) or not value or not all(map(_is_caption, value)):
        return None
    lines = (str(part["text"]).strip() for part in value if isinstance(part, dict))
    return " ".join(line for line in lines if line)


def _survey_objects(source: TextStream, most_bytes: int, text_field: str | None) -> _Survey:
    """Survey one object, or several one after another."""
    survey = _Survey("sequence")
    single: dict[str, Value] | None = None
    for _, piece in _pieces(source, "sequence", most_bytes):
        survey.rows += 1
        if piece.raw is None:
            continue
        value = _loads(piece.raw.decode("utf-8", "replace"))
        if not isinstance(value, dict):
            raise NotThisKindError("values that are no objects")
        single = value if survey.rows == 1 else None
        survey.ask("", value, text_field)
    if survey.rows > 1:
        return survey
    if single is not None and (form := _form_of_objects(single, text_field)):
        keyed = _Survey(form[0], form[1])
        keyed.asked[""] = [1, 1, 0]
        return keyed
    own = None if single is None else has_text(single, text_field)
    if own != "text":
        wrapped = _survey_wrapped(source, most_bytes, text_field)
        if wrapped.rows and wrapped.chosen():
            return wrapped
    if single is None:
        raise NotThisKindError("one object that is longer than allowed")
    if not any(not isinstance(one, Number | bool) for one in _scalars(single)):
        raise NotThisKindError("an object without a string")
    return _Survey("object", 1, example=single)


def _form_of_objects(value: dict[str, Value], text_field: str | None) -> tuple[_Form, int] | None:
    """Return the form and the number of rows of an object of objects, by their keys or by the names of columns."""
    rows = _frame(value)
    if rows and any(has_text(row, text_field) for row in rows):
        return "frame", len(rows)
    objects = [one for one in value.values() if isinstance(one, dict)]
    if len(objects) < 2 or len(objects) < len(value):
        return None
    words = [_words_of_text(one) for one in objects]
    long = sum(count >= _LEAST_WORDS for count in words)
    return ("keyed", len(objects)) if all(words) and long * 2 >= len(words) else None


def _words_of_text(value: dict[str, Value]) -> int:
    """Return how many words the longest text in an object has, right below it."""
    texts = (one for name, one in value.items() if is_text_name(name) and isinstance(one, str))
    return max((len(text[:1_000].split()) + len(text[:1_000].encode()) // 60 for text in texts), default=0)


def _frame(value: dict[str, Value]) -> list[dict[str, Value]]:
    """Return the rows of a frame of pandas: columns with the numbers of their rows, or names, index and data."""
    columns, data = value.get("columns"), value.get("data")
    if isinstance(columns, list) and isinstance(data, list) and value.keys() <= {"columns", "index", "data"}:
        if all(isinstance(row, list) and len(row) == len(columns) for row in data):
            return [dict(zip(map(str, columns), row, strict=True)) for row in data if isinstance(row, list)]
        return []
    first = next(iter(value.values()), None)
    if len(value) < 2 or not isinstance(first, dict) or not first or not all(key.isdigit() for key in first):
        return []
    columns_of = {name: column for name, column in value.items() if isinstance(column, dict)}
    if len(columns_of) < len(value) or any(column.keys() != first.keys() for column in columns_of.values()):
        return []
    return [{name: column[key] for name, column in columns_of.items()} for key in first]


def _frame_pieces(values: _Values) -> Iterator[tuple[str, Piece]]:
    """Yield the rows of a frame, which are in no one place of the file, each as an object written again."""
    piece = values.value()
    value = None if piece.raw is None else _object(piece.raw)
    for row in _frame(value or {}):
        raw = _written(row).encode("utf-8", "surrogatepass")
        yield "", Piece(raw, len(raw))


def _written(value: Value) -> str:
    """Return a value as JSON; numbers as the file spells them."""
    if isinstance(value, Number):
        return str(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(name)}: {_written(one)}" for name, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_written, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def _survey_wrapped(source: TextStream, most_bytes: int, text_field: str | None) -> _Survey:
    survey = _Survey("wrapped")
    for path, piece in _pieces(source, "wrapped", most_bytes):
        value = None if piece.raw is None else _object(piece.raw)
        if piece.raw is None or (value is not None and not _is_caption(value)):
            survey.ask(path, value, text_field)
    chosen = survey.chosen()
    survey.rows = sum(1 for path, _ in _pieces(source, "wrapped", most_bytes) if path in chosen) if chosen else 0
    return survey


def _scalars(value: Value) -> Iterator[Value]:
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            waiting.extend(one.values())
        elif isinstance(one, list):
            waiting.extend(one)
        elif one is not None:
            yield one


def _pieces(source: TextStream, form: _Form, most_bytes: int) -> Iterator[tuple[str, Piece]]:
    """Yield the path of its array and the bytes of each document in a file of a form."""
    stream = source.rewind()
    if form == "lines":
        for piece in lines_of(stream, most_bytes):
            if piece.raw is None:
                yield "", piece
            elif piece.raw.strip(_BLANKS):
                raw = piece.raw.rstrip(b"\r\n").strip(b"\x1e")
                yield "", Piece(raw, len(raw))
        return
    values = _Values(stream, most_bytes)
    if form == "array":
        yield from _elements(values, "")
    elif form == "wrapped":
        yield from _arrays(values, "", _DEEPEST_ARRAY)
    elif form == "keyed":
        yield from _keyed(values)
    elif form == "frame":
        yield from _frame_pieces(values)
    else:
        while values.peek():
            yield "", values.value()
    if values.peek():
        raise NotThisKindError("something follows the JSON")


def _elements(values: _Values, path: str) -> Iterator[tuple[str, Piece]]:
    """Yield the elements of the array that comes next."""
    values.take(b"[")
    if values.peek() == b"]":
        values.take(b"]")
        return
    while True:
        yield path, values.value()
        if values.peek() != b",":
            break
        values.take(b",")
    values.take(b"]")


def _keyed(values: _Values) -> Iterator[tuple[str, Piece]]:
    """Yield the values of the object that comes next."""
    values.take(b"{")
    while True:
        values.value()
        values.take(b":")
        yield "", values.value()
        if values.peek() != b",":
            break
        values.take(b",")
    values.take(b"}")


def _arrays(values: _Values, path: str, deepest: int) -> Iterator[tuple[str, Piece]]:
    """Yield the elements of all arrays in the object that comes next that are not the paragraphs of a document."""
    values.take(b"{")
    if values.peek() == b"}":
        values.take(b"}")
        return
    while True:
        key = values.value()
        name = "" if key.raw is None or key.size > _LONGEST_KEY else str(_loads(key.raw.decode("utf-8", "replace")))
        values.take(b":")
        below = f"{path}.{name}" if path else name
        following = values.peek()
        if following == b"[" and not is_text_name(name):
            yield from _elements(values, below)
        elif following == b"{" and deepest:
            yield from _arrays(values, below, deepest - 1)
        else:
            values.value()
        if values.peek() != b",":
            break
        values.take(b",")
    values.take(b"}")


class _Values:
    """Reads JSON values one by one from a stream; holds at most one, and none that is longer than allowed."""

    def __init__(self, stream: BinaryIO, most_bytes: int) -> None:
        self._stream = stream
        self._most_bytes = most_bytes
        self._buffer = b""
        self._at = 0

    def _fill(self) -> bool:
        """Read on; a long value is read in steps as long as itself, so that the whole is linear."""
        held = len(self._buffer) - self._at
        more = self._stream.read(max(_CHUNK, min(held, 1 << 22)))
        if more:
            self._buffer = self._buffer[self._at :] + more
            self._at = 0
        return bool(more)

    def peek(self) -> bytes:
        """Return the next byte that is no blank, nothing at the end."""
        while True:
            rest = self._buffer[self._at : self._at + 64].lstrip(_BLANKS)
            if rest:
                self._at += min(64, len(self._buffer) - self._at) - len(rest)
                return rest[:1]
            self._at = min(self._at + 64, len(self._buffer))
            if self._at == len(self._buffer) and not self._fill():
                return b""

    def take(self, expected: bytes) -> None:
        """Pass over a sign, or raise NotThisKindError where another stands."""
        if self.peek() != expected:
            raise NotThisKindError(f"no {expected.decode()!r} where JSON has one")
        self._at += 1

    def value(self) -> Piece:
        """Read one value."""
        first = self.peek()
        if first in {b"{", b"["}:
            return self._read(self._end_of_brackets)
        if first == b'"':
            return self._read(self._end_of_string)
        piece = self._read(self._end_of_scalar)
        if not piece.size:
            raise NotThisKindError("no value where JSON has one")
        return piece

    def _read(self, advance: _Advance) -> Piece:
        """Read on until a scanner says that the value ends; past the allowed length what was read is dropped."""
        at, state, dropped = self._at, (0, False), 0
        while True:
            at, state, ended = advance(at, state)
            if ended:
                break
            if at - self._at > self._most_bytes:
                dropped += at - self._at
                self._at = at
            gone = self._at
            if not self._fill():
                if advance == self._end_of_scalar:
                    break
                raise NotThisKindError("the JSON ends within a value")
            at -= gone
        size = dropped + at - self._at
        raw = self._buffer[self._at : at] if size <= self._most_bytes else None
        self._at = at
        return Piece(raw, size)

    def _end_of_brackets(self, at: int, state: tuple[int, bool]) -> tuple[int, tuple[int, bool], bool]:
        buffer, (depth, inside) = self._buffer, state
        while True:
            if inside:
                at = _IN_STRING.match(buffer, at).end()  # type: ignore[union-attr]
                if buffer[at : at + 1] != b'"':
                    return at, (depth, True), False
                at, inside = at + 1, False
            at = _TO_BRACKET.match(buffer, at).end()  # type: ignore[union-attr]
            sign = buffer[at : at + 1]
            if not sign:
                return at, (depth, False), False
            at += 1
            if sign == b'"':
                inside = True
            else:
                depth += 1 if sign in b"{[" else -1
                if depth == 0:
                    return at, (0, False), True

    def _end_of_string(self, at: int, state: tuple[int, bool]) -> tuple[int, tuple[int, bool], bool]:
        if not state[1]:
            at += 1
        at = _IN_STRING.match(self._buffer, at).end()  # type: ignore[union-attr]
        ended = self._buffer[at : at + 1] == b'"'
        return at + ended, (0, True), ended

    def _end_of_scalar(self, at: int, state: tuple[int, bool]) -> tuple[int, tuple[int, bool], bool]:
        at = _SCALAR.match(self._buffer, at).end()  # type: ignore[union-attr]
        return at, state, at < len(self._buffer)
