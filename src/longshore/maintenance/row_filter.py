"""Conditions on records in a subset of SQL: `language = 'und' or encoding_confidence < 0.5`.

Supported: `= != <> < <= > >=`, `in (…)`, `between … and …`, `is null`, `like 'a%'`, `and`, `or`, `not`, parentheses. A
value is 'text', a number, true or false; dates and times are written as text. A condition becomes a pyarrow
expression; nothing is evaluated as code. Not promised: any other SQL.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from longshore.errors import SettingsError
from longshore.storage.schema import PARTITION, RECORDS

_TOKEN: Final = re.compile(
    r"""\s*(?:
      (?P<text>'(?:[^']|'')*')
    | (?P<number>[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)
    | (?P<sign><=|>=|<>|!=|=|<|>|\(|\)|,)
    | (?P<word>[A-Za-z_][A-Za-z_0-9]*)
    )""",
    re.VERBOSE,
)
_COMPARE: Final = {
    "=": lambda column, value: column == value,
    "!=": lambda column, value: column != value,
    "<>": lambda column, value: column != value,
    "<": lambda column, value: column < value,
    "<=": lambda column, value: column <= value,
    ">": lambda column, value: column > value,
    ">=": lambda column, value: column >= value,
}
_KEYWORDS: Final = frozenset({"and", "or", "not", "in", "is", "null", "like", "between", "true", "false"})
_MAX_CHARS = 10_000
# More than any column can hold; Python refuses to convert thousands of digits.
_MAX_DIGITS = 100


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    at: int


def parse_where(condition: str) -> pc.Expression:
    """Parse a condition into an expression over the columns of the records and `ingest_date`.

    Raises:
        SettingsError: the condition is invalid; the message says where, and what was expected there.
    """
    if len(condition) > _MAX_CHARS:
        raise SettingsError(f"The condition is longer than {_MAX_CHARS:,} characters.")
    parser = _Parser(condition)
    try:
        expression = parser.any_of()
        parser.end()
    except RecursionError:
        raise SettingsError("The condition is nested too deeply.") from None
    return expression


class _Parser:
    """Recursive descent over the tokens: `or` binds weakest, then `and`, then `not`."""

    def __init__(self, condition: str) -> None:
        self._condition = condition
        self._tokens = list(_tokens(condition))
        self._next = 0

    def any_of(self) -> pc.Expression:
        expression = self._all_of()
        while self._take_word("or"):
            expression |= self._all_of()
        return expression

    def end(self) -> None:
        if self._peek().kind != "end":
            raise self._unexpected("`and`, `or` or the end")

    def _all_of(self) -> pc.Expression:
        expression = self._negated()
        while self._take_word("and"):
            expression &= self._negated()
        return expression

    def _negated(self) -> pc.Expression:
        if self._take_word("not"):
            return ~self._negated()
        if self._take("("):
            expression = self.any_of()
            self._expect(")")
            return expression
        return self._comparison()

    def _comparison(self) -> pc.Expression:
        field = self._column()
        column = pc.field(field.name)
        sign = self._peek().text
        if sign in _COMPARE and self._take(sign):
            expression: pc.Expression = _COMPARE[sign](column, self._value(field))
            return expression
        if self._take_word("is"):
            negated = self._take_word("not")
            self._expect_word("null")
            return column.is_valid() if negated else column.is_null()
        negated = self._take_word("not")
        if self._take_word("in"):
            expression = column.isin(self._values(field))
        elif self._take_word("between"):
            low = self._value(field)
            self._expect_word("and")
            expression = (column >= low) & (column <= self._value(field))
        elif self._take_word("like"):
            expression = pc.match_like(column, self._value(field).as_py())
        else:
            raise self._unexpected("a comparison such as = or `is null`")
        return ~expression if negated else expression

    def _column(self) -> pa.Field:
        token = self._peek()
        if token.kind != "word" or token.text.lower() in _KEYWORDS:
            raise self._unexpected("a column")
        fields = {field.name: field for field in (*RECORDS, PARTITION)}
        field = fields.get(token.text.lower())
        if field is None:
            raise SettingsError(f"There is no column {token.text!r}. `longshore schema` lists the columns.")
        if pa.types.is_nested(field.type):
            raise SettingsError(f"The column {field.name!r} is a list, which a condition cannot compare.")
        self._next += 1
        return field

    def _values(self, field: pa.Field) -> pa.Array:
        self._expect("(")
        values = [self._value(field)]
        while self._take(","):
            values.append(self._value(field))
        self._expect(")")
        return pa.array([value.as_py() for value in values], field.type)

    def _value(self, field: pa.Field) -> pa.Scalar:
        token = self._peek()
        plain: Any
        if token.kind == "text":
            plain = token.text[1:-1].replace("''", "'")
        elif token.kind == "number":
            if len(token.text) > _MAX_DIGITS:
                raise SettingsError(f"The number {_shortened(token.text)} is longer than {_MAX_DIGITS} characters.")
            plain = float(token.text) if re.search(r"[.eE]", token.text) else int(token.text)
        elif token.kind == "word" and token.text.lower() in ("true", "false"):
            plain = token.text.lower() == "true"
        else:
            raise self._unexpected("a value: 'text' or a number")
        self._next += 1
        try:
            if isinstance(plain, str) == pa.types.is_string(field.type):
                return pa.scalar(plain, field.type)
            if isinstance(plain, str) and pa.types.is_temporal(field.type):
                return pa.scalar(plain).cast(field.type)
        except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, OverflowError):
            pass
        raise SettingsError(f"{_shortened(token.text)} is not a value for {field.name} (type {field.type}).")

    # Tokens

    def _peek(self) -> _Token:
        return self._tokens[self._next]

    def _take(self, sign: str) -> bool:
        taken = self._peek().kind == "sign" and self._peek().text == sign
        self._next += taken
        return taken

    def _take_word(self, word: str) -> bool:
        taken = self._peek().kind == "word" and self._peek().text.lower() == word
        self._next += taken
        return taken

    def _expect(self, sign: str) -> None:
        if not self._take(sign):
            raise self._unexpected(f"`{sign}`")

    def _expect_word(self, word: str) -> None:
        if not self._take_word(word):
            raise self._unexpected(f"`{word}`")

    def _unexpected(self, expected: str) -> SettingsError:
        token = self._peek()
        found = "the condition ends" if token.kind == "end" else f"found {_shortened(token.text)!r}"
        return SettingsError(
            f"In the condition {_shortened(self._condition)!r}, expected {expected} at {token.at + 1}, but {found}."
        )


def _shortened(text: str) -> str:
    return text if len(text) <= _MAX_DIGITS else f"{text[: _MAX_DIGITS // 2]}…"


def _tokens(condition: str) -> list[_Token]:
    found = []
    at = 0
    while condition[at:].strip():
        match = _TOKEN.match(condition, at)
        if match is None or match.lastgroup is None:
            rest = condition[at:].lstrip()
            place = len(condition) - len(rest) + 1
            raise SettingsError(f"The condition {condition!r} cannot be read at {place}: {rest[:20]!r}.")
        found.append(_Token(match.lastgroup, match[match.lastgroup], match.start(match.lastgroup)))
        at = match.end()
    return [*found, _Token("end", "", len(condition))]
