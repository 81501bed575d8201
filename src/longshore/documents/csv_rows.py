"""Tables in text: comma, semicolon, tab and pipe, with quotes as spreadsheets and databases write them.

Promised: a table is proved by all its rows: a header of names, and as many fields in each row. Poems with commas,
lists, logs and tables of numbers stay text. A row keeps its own bytes; with the header above it can be read alone.
Not promised: tables without a header, with rows of different lengths, or with one column.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final, Literal, NamedTuple, TypeAlias

from longshore.documents.fields import (
    document,
    is_companion_name,
    is_summary_name,
    is_text_name,
    names_of,
    no_text_field,
)
from longshore.documents.kinds import ContainerRejectedError, Extracted, Kind, Member, NotThisKindError
from longshore.documents.streams import Piece, TextStream, lines_of, open_text, text_source
from longshore.records import Reason, Rejection

_Quoting: TypeAlias = Literal["doubled", "escaped", "none"]

_DELIMITERS: Final = {"\t": "tabs", ";": "semicolons", ",": "commas", "|": "pipes"}
# Between tabs, a sign of quotation is more often a sign of the text.
_QUOTINGS: Final[dict[str, tuple[_Quoting, ...]]] = {
    "\t": ("doubled", "none", "escaped"),
    ",": ("doubled", "escaped", "none"),
}
# Lines that may stand above a header: blank ones, and `sep=;`.
_BLANK_LINES: Final = 8
_LONGEST_HEADER: Final = 16_384
_LONGEST_NAME: Final = 80
_MOST_WORDS_IN_A_NAME: Final = 6
_MOST_COLUMNS: Final = 2_000
_NAME: Final = re.compile(r"[^\x00-\x1f\"]*[^\W\d_][^\x00-\x1f\"]*\Z")
_SENTENCE_SIGNS: Final = frozenset(".!?…。！？:—”»")
_LONGEST_SPACED_HEADER: Final = 300
_SENTENCE_END: Final = re.compile(r"[.!?…。！？](?:\s|\Z)|[,;:]\Z|[.!?。！？]\Z")
_NUMBER: Final = re.compile(
    r"\s*[-+]?[$€£¥]?\s*\d[\d.,:/\s%-]*(?:[eE][-+]?\d+)?\s*%?\s*\Z|\s*\Z|(?i:n/?a|nan|null|-)\Z"
)
_SEPARATOR_LINE: Final = re.compile(r"sep=(.)\r?\n?\Z", re.IGNORECASE)
_ESCAPED: Final = re.compile(r"\\([ntr\\])")
_ESCAPES: Final = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\"}
_NULL: Final = re.compile(rb"(?:(?<=^)|(?<=[,;|\t]))\\N(?=[,;|\t\r\n]|\Z)")
_WORD: Final = re.compile(r"[^\W\d_]+")
_CJK: Final = re.compile("[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]{4}")
# A table without a known text field needs more to be proved: columns, rows.
_LEAST_COLUMNS: Final = 3
_LEAST_ROWS: Final = 3
# Rows asked for prose in the text column, and how many of them have it: one in this many.
_ROWS_ASKED: Final = 1_000
_PROSE_SHARE: Final = 5
_CAPTION_COLUMNS: Final = frozenset({"start", "end", "duration", "text", "speaker"})
_SUFFIXES: Final = (".csv", ".tsv", ".tab", ".psv")


class _Dialect(NamedTuple):
    delimiter: str
    quoting: _Quoting

    @property
    def media_type(self) -> str:
        return "text/tab-separated-values" if self.delimiter == "\t" else "text/csv"


@dataclass(frozen=True, slots=True)
class _Table:
    """A proved table. skipped: lines before its header. text: whether a column is known to hold texts."""

    dialect: _Dialect
    header: tuple[str, ...]
    skipped: int
    rows: int
    text: bool

    @property
    def kind(self) -> Kind:
        signs = _DELIMITERS[self.dialect.delimiter]
        evidence = f"a table of {self.rows} rows with {len(self.header)} fields each, between {signs}"
        return Kind(self.dialect.media_type, evidence, container=self.text)


def recognise(text: str, name: str, text_field: str | None = None) -> Kind | None:
    r"""Return the kind of a table, or None.

    >>> recognise('title,text\nPier,"It was quiet, then."\nHall,"It was\nloud."\n', "a.txt").evidence
    'a table of 2 rows with 2 fields each, between commas'
    """
    if not may_begin(text.removeprefix("\ufeff"), text_field):
        return None
    try:
        return _survey(text_source(text), name, len(text) * 4 + 8, text_field).kind
    except NotThisKindError:
        return None


def may_begin(text: str, text_field: str | None = None) -> bool:
    """Return whether a text begins with the header of a table."""
    head = text[:_LONGEST_HEADER]
    line = head.partition("\n")[0]
    if not any(sign in line for sign in _DELIMITERS) and not _SEPARATOR_LINE.match(line):
        return False
    return any(_header(first, sign, text_field) for first in _first_lines(head) for sign in _DELIMITERS)


def split(
    stream: BinaryIO, name: str, text_field: str | None, max_member_bytes: int, declared: str | None = None
) -> Iterator[Member]:
    """Yield the rows of a table, each below the header; raise NotThisKindError where it is no table."""
    source = open_text(stream, declared)
    table = _survey(source, name, max_member_bytes, text_field)
    if not table.text:
        raise ContainerRejectedError(no_text_field(names_of(dict.fromkeys(table.header, "")), text_field))
    header = b""
    number = 0
    for piece, row in _rows(source, table.dialect, table.skipped, max_member_bytes):
        if not header:
            assert piece.raw is not None
            header = piece.raw.rstrip(b"\r\n") + b"\n"
        elif piece.raw is None or row:
            number += 1
            raw = None if piece.raw is None else header + piece.raw.rstrip(b"\r\n")
            whole = Piece(raw, len(header) + piece.size if raw is None else len(raw))
            yield source.member(number, whole, table.dialect.media_type)


def extract(text: str, text_field: str | None = None) -> Extracted | Rejection:
    """Extract the text and the fields of one row below its header, or say why it has none."""
    for dialect, header, row in _readings(text):
        fields = {name or "#": value for name, value in zip(header, _unescaped(row, dialect), strict=True)}
        return document(fields, "tsv" if dialect.delimiter == "\t" else "csv", text_field)
    header = next(iter(_headers(text)), ())
    if _is_of_captions(header) and (said := _said(text, header)):
        return Extracted(said, ("tsv:captions",))
    if header:
        return no_text_field(names_of(dict.fromkeys(header, "")), text_field)
    return Rejection(Reason.UNDECODABLE, "The row does not have as many fields as the header above it.")


def _is_of_captions(header: tuple[str, ...]) -> bool:
    """Return whether a table holds the captions of one recording, as speech recognition writes them."""
    names = {name.casefold() for name in header}
    return {"start", "text"} < names <= _CAPTION_COLUMNS


def _said(text: str, header: tuple[str, ...]) -> str:
    column = [name.casefold() for name in header].index("text")
    rows = [row for _, row in _rows(text_source(text), _Dialect("\t", "none"), 0, len(text) * 4 + 8)][1:]
    return " ".join(row[column].strip() for row in rows if len(row) == len(header))


def _readings(text: str) -> Iterator[tuple[_Dialect, tuple[str, ...], list[str]]]:
    """Yield each way to read a header and one row below it."""
    source = text_source(text)
    for dialect in _dialects(text.partition("\n")[0]):
        try:
            rows = [row for _, row in _rows(source, dialect, 0, len(text) * 4 + 8) if row]
        except NotThisKindError:
            continue
        if len(rows) == 2 and len(rows[0]) == len(rows[1]):
            yield dialect, tuple(name.strip() for name in rows[0]), rows[1]


def _headers(text: str) -> Iterator[tuple[str, ...]]:
    for line in _first_lines(text[:_LONGEST_HEADER]):
        for sign in _DELIMITERS:
            if header := _header(line, sign, None):
                yield header


def _first_lines(head: str) -> list[str]:
    """Return the line that may be the header: the first, or the second below Excel's `sep=;`."""
    lines = [line for line in head.split("\n", _BLANK_LINES)[:_BLANK_LINES] if line.strip()]
    return lines[1:2] if lines and _SEPARATOR_LINE.match(lines[0]) else lines[:1]


def _dialects(line: str) -> list[_Dialect]:
    """Return the dialects to try for a table with this header, that with most columns first."""
    counted = [(len(header), sign) for sign in _DELIMITERS if (header := _split_line(line, sign))]
    signs = [sign for columns, sign in sorted(counted, key=lambda pair: -pair[0]) if columns > 1]
    return [_Dialect(sign, quoting) for sign in signs for quoting in _QUOTINGS["\t" if sign == "\t" else ","]]


def _split_line(line: str, sign: str) -> list[str]:
    try:
        row = next(csv.reader([line.rstrip("\r\n")], delimiter=sign, strict=True), [])
    except csv.Error:
        return []
    return row if len(row) <= _MOST_COLUMNS else []


def _header(line: str, sign: str, text_field: str | None) -> tuple[str, ...]:
    """Return the names of a header; nothing where a line is none."""
    first, found, rest = line.partition(sign)
    # Prose is told from a header as cheaply as that, as a rule: each text comes by here.
    if not found or len(first) > _LONGEST_NAME or len(line) >= _LONGEST_HEADER or line.rstrip()[-1:] in _SENTENCE_SIGNS:
        return ()
    if (rest[:1] == " " and len(line) > _LONGEST_SPACED_HEADER) or (sign == "|" and not first.strip()):
        return ()
    row = _split_line(line, sign)
    if len(row) < 2:
        return ()
    names = [name.strip() for name in row]
    known = sum(is_text_name(name) or is_companion_name(name) or name == text_field for name in names)
    spaced = sum(name[:1].isspace() for name in row[1:])
    if spaced and (spaced < len(row) - 1 or known < 2):
        return ()
    # An index has no name, and neither has what follows a sign at the end of each line.
    inner = names[1:-1] if len(names) > 2 else names
    ends = all(not name or _is_name(name) for name in names) and any(names[1:])
    distinct = len({name.casefold() for name in names}) == len(names)
    return tuple(names) if ends and distinct and all(map(_is_name, inner)) else ()


def _is_name(name: str) -> bool:
    return (
        0 < len(name) <= _LONGEST_NAME
        and len(name.split()) <= _MOST_WORDS_IN_A_NAME
        and _NAME.match(name) is not None
        and _SENTENCE_END.search(name) is None
    )


def _survey(source: TextStream, name: str, most_bytes: int, text_field: str | None) -> _Table:
    """Prove a table by all its rows; raise NotThisKindError where that fails."""
    stream = source.rewind()
    head = stream.read(_LONGEST_HEADER).decode("utf-8", "replace")
    lines = _first_lines(head)
    if not lines:
        raise NotThisKindError("no line")
    skipped = head[: head.index(lines[0])].count("\n")
    for dialect in _dialects(lines[0]):
        header = _header(lines[0], dialect.delimiter, text_field)
        if not header:
            continue
        try:
            return _prove(source, dialect, header, skipped, name, most_bytes, text_field)
        except NotThisKindError:
            continue
    raise NotThisKindError("no way to read it as a table gives all rows the same number of fields")


def _prove(
    source: TextStream,
    dialect: _Dialect,
    header: tuple[str, ...],
    skipped: int,
    name: str,
    most_bytes: int,
    text_field: str | None,
) -> _Table:
    columns = _text_columns(header, text_field)
    rows = prose = asked = spaced = 0
    typed = [True] * len(header)
    for index, (piece, row) in enumerate(_rows(source, dialect, skipped, most_bytes)):
        if index == 0 or (piece.raw is not None and not row):
            continue
        rows += 1
        if piece.raw is None:
            continue
        if len(row) != len(header):
            raise NotThisKindError(f"row {rows} has {len(row)} fields, the header {len(header)}")
        if rows <= _ROWS_ASKED:
            filled = [row[column] for column in columns if row[column].strip()]
            asked += bool(filled)
            prose += any(_is_prose(value) for value in filled)
            spaced += any(value[:1] == " " for value in row[1:])
            typed = [one and _NUMBER.match(value) is not None for one, value in zip(typed, row, strict=True)]
    has_text = bool(columns) and prose > 0 and prose * _PROSE_SHARE >= asked
    known = sum(is_companion_name(one) for one in header)
    if not rows:
        raise NotThisKindError("no row below the header")
    if spaced * 2 >= min(rows, _ROWS_ASKED) and dialect.delimiter in ",;" and not _is_spaced(source, skipped):
        raise NotThisKindError("commas with spaces, as prose has them")
    if _is_of_captions(header):
        return _Table(dialect, header, skipped, rows, text=False)
    if has_text and (known or rows > 1 or text_field):
        return _Table(dialect, header, skipped, rows, text=True)
    proved = (
        len(header) >= _LEAST_COLUMNS
        and rows >= _LEAST_ROWS
        and any(typed[1:] if not header[0] else typed)
        and not all(typed)
        and all(len(one.split()) <= 3 for one in header)
    )
    if not proved or (known < 2 and not name.lower().endswith(_SUFFIXES)):
        raise NotThisKindError("too little to prove a table")
    return _Table(dialect, header, skipped, rows, text=False)


def _is_spaced(source: TextStream, skipped: int) -> bool:
    """Return whether the header itself has a space after each comma."""
    head = source.rewind().read(_LONGEST_HEADER).decode("utf-8", "replace").split("\n")
    return ", " in head[skipped] or "; " in head[skipped]


def _text_columns(header: tuple[str, ...], text_field: str | None) -> list[int]:
    """Return the columns that may hold the text."""
    if text_field:
        wanted = text_field.casefold().strip()
        return [column for column, name in enumerate(header) if name.casefold() == wanted]
    columns = [column for column, name in enumerate(header) if is_text_name(name)]
    return columns or [column for column, name in enumerate(header) if is_summary_name(name)]


def _is_prose(value: str) -> bool:
    return len(_WORD.findall(value[:500])) >= 3 or _CJK.search(value) is not None


def _unescaped(row: list[str], dialect: _Dialect) -> list[str]:
    r"""Return a row as a database meant it: `\N` for nothing, and between tabs `\n` for a line end."""
    row = ["" if value == "\\N" else value for value in row]
    if dialect.delimiter != "\t" or dialect.quoting == "escaped":
        return row
    return [_ESCAPED.sub(lambda match: _ESCAPES[match[1]], value) if "\\" in value else value for value in row]


def _rows(source: TextStream, dialect: _Dialect, skipped: int, most_bytes: int) -> Iterator[tuple[Piece, list[str]]]:
    """Yield the bytes and the fields of each row, the header first; of a longer one than allowed the size alone.

    Raises NotThisKindError where the quotes of a row are not those of the dialect.
    """
    lines = lines_of(source.rewind(), most_bytes)
    for _ in range(skipped):
        next(lines, None)
    if dialect.quoting == "none":
        for piece in lines:
            text = "" if piece.raw is None else piece.raw.decode("utf-8", "replace").rstrip("\r\n")
            yield piece, text.split(dialect.delimiter) if text.strip(" ") else []
        return
    csv.field_size_limit(1 << 31)
    escape = "\\" if dialect.quoting == "escaped" else None
    feed = _Feed(lines, most_bytes, nulls=escape is not None)
    while not feed.ended:
        reader = csv.reader(
            feed.lines(), delimiter=dialect.delimiter, doublequote=escape is None, escapechar=escape, strict=True
        )
        try:
            for row in reader:
                yield feed.piece(), row if row != [""] else []
        except csv.Error as error:
            if not feed.overlong:
                raise NotThisKindError(str(error)) from None
        if feed.overlong:
            yield feed.pass_over(), []


def _quotes(raw: bytes | None) -> int:
    return raw.count(b'"') if raw else 0


class _Feed:
    """Hands lines to the reader of the standard library, and remembers which a row was made of."""

    def __init__(self, lines: Iterator[Piece], most_bytes: int, *, nulls: bool) -> None:
        self._lines = lines
        self._nulls = nulls
        self._most_bytes = most_bytes
        self._taken: list[bytes] = []
        self._size = 0
        self._inside = False
        self.ended = False
        self.overlong = False

    def lines(self) -> Iterator[str]:
        """Yield the lines until the file ends or a row is longer than allowed."""
        for piece in self._lines:
            self._size += piece.size
            if piece.raw is None or self._size > self._most_bytes + 2:
                self.overlong = True
                self._inside = sum(map(_quotes, [*self._taken, piece.raw])) % 2 != piece.quotes % 2
                self._taken = []
                return
            self._taken.append(piece.raw)
            line = _NULL.sub(b"", piece.raw) if self._nulls and b"\\N" in piece.raw else piece.raw
            yield line.decode("utf-8", "replace")
        self.ended = True

    def piece(self) -> Piece:
        """Return the bytes of the row that was just read."""
        raw, size = b"".join(self._taken), self._size
        self._taken, self._size = [], 0
        return Piece(raw, size)

    def pass_over(self) -> Piece:
        """Pass over the rest of a row that is longer than allowed: until its quotes are closed."""
        while self._inside:
            piece = next(self._lines, None)
            if piece is None:
                self.ended = True
                break
            self._size += piece.size
            self._inside ^= (_quotes(piece.raw) + piece.quotes) % 2 == 1
        size, self._size, self.overlong = self._size, 0, False
        return Piece(None, size)
