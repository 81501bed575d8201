"""Tokens of a line: each has a letter for its kind, so that regular expressions over the letters can read the line.

The letters together are the line's shape: `Published: March 17, 2024` has the shape `l:_M_d,_y`.

d t y n   a number of one or two, three, four, more digits
M B m     a month; a month or a day of the week; a month or glue
W V       a day of the week; a day of the week or glue
a h f o   before or after noon, follows an hour, glue, a suffix glued to a number
k l u   labels, of any date, of publication, of a change
j b g e goes with a label, a byline, a byline or glue, begins a date of something else (see `lexicon.py`)
p         what a page offers to do: Share
z         a time zone's name
x         any other word
D         a whole date (`longshore.text.dates.parse`)
_         spaces; other signs stand for themselves, `'` for all apostrophes, `(` and `)` for all brackets, `!` for what
          ends a sentence, `~` for the rest
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from longshore.text.dates.lexicon import NOT_IN_WORDS, Lexicon, Meaning, fold, lexicon
from longshore.text.dates.resolve import Written

_HOURS: Final = {
    "Z": 0, "UT": 0, "UTC": 0, "GMT": 0, "WET": 0, "WEST": 1, "CET": 1, "CEST": 2, "MEZ": 1, "MESZ": 2, "EET": 2,
    "EEST": 3, "MSK": 3, "МСК": 3, "TRT": 3, "EAT": 3, "CAT": 2, "WAT": 1, "SAST": 2, "PKT": 5, "NPT": 5.75, "WIB": 7,
    "WITA": 8, "HKT": 8, "SGT": 8, "AWST": 8, "JST": 9, "KST": 9, "ACST": 9.5, "ACDT": 10.5, "AEST": 10, "AEDT": 11,
    "NZST": 12, "NZDT": 13, "EDT": -4, "MDT": -6, "PDT": -7, "AKST": -9, "AKDT": -8, "HST": -10, "BRT": -3, "ART": -3,
}  # fmt: skip
_AMBIGUOUS: Final = frozenset(
    ("EST", "CST", "MST", "PST", "IST", "BST", "AST", "ADT", "CDT", "ET", "CT", "MT", "PT", "NST", "NDT", "GST", "WST",
     "SST", "WIT", "ICT", "PHT", "AMT", "ECT")
)  # fmt: skip
_MAIL_HOURS: Final = {"EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7}

# Names of zones, with or without a known offset.
ZONE_NAMES: Final = frozenset(_HOURS) | _AMBIGUOUS | {"мск", "Мск"}
# No clock on Earth is further from UTC than 14 hours.
_MOST_MINUTES: Final = 14 * 60


def offset_of(name: str, *, mail: bool = False) -> int | None:
    """Return the minutes east of UTC that a zone's name stands for, or None where that cannot be known.

    >>> offset_of("CEST"), offset_of("EST"), offset_of("EST", mail=True)
    (120, None, -300)
    """
    known: Mapping[str, float] = {**_HOURS, **_MAIL_HOURS} if mail else _HOURS
    hours = known.get(name.upper())
    return None if hours is None else round(hours * 60)


def offset_from(sign: str, hours: str, minutes: str | None) -> int | None:
    """Return the minutes east of UTC that `+05:30` stands for, or None where no clock shows that.

    >>> offset_from("-", "08", "00"), offset_from("+", "99", None)
    (-480, None)
    """
    size = int(hours) * 60 + int(minutes or 0)
    if size > _MOST_MINUTES or int(minutes or 0) > 59:
        return None
    return -size if sign in "-−–" else size


# A year may be glued to the day or the time that follows it: November 9, 20235:01 AM.
_PIECE = re.compile(
    rf"(?P<number>(?:19|20)\d\d(?=\d\d?[:.])|\d+)|(?P<word>[^{NOT_IN_WORDS}]+)|(?P<gap>\s+)|(?P<mark>.)", re.DOTALL
)
# Where two words may be glued together: Ann LeePublished, CNNUpdated.
_SEAM = re.compile(r"(?<=[^\W\d_A-Z])(?=[A-Z][^\W\d_])|(?<=[A-Z])(?=[A-Z][a-z])")

# Signs that may stand between two words of one name: terça-feira, п'ятниця, π.μ., سه‌شنبه.
_JOINTS: Final = frozenset(" -'’.\u02bc\u200c\u200d\u00a0\u05f3\u05f4")

_SIGNS: Final = {
    **{sign: sign for sign in ".,:;-/|+"},
    **dict.fromkeys("'’‘`´\u02bc\u05f3\u05f4", "'"),
    **dict.fromkeys("([{（［【「『〈《", "("),
    **dict.fromkeys(")]}）］】」』〉》", ")"),
    **dict.fromkeys("!?…。！？।॥؟۔։፧။", "!"),
    **dict.fromkeys("–—‐‑‒―−－", "-"),
    **dict.fromkeys("，、،၊", ","),
    **dict.fromkeys("：︰", ":"),
    **dict.fromkeys("／⁄", "/"),
    **dict.fromkeys("．॰°", "."),
    **dict.fromkeys("｜│", "|"),
}


class Token(NamedTuple):
    """A piece of a line, `line[start:end]`, with its possible meanings."""

    kind: str
    start: int
    end: int
    text: str
    meaning: Meaning | None = None
    written: Written | None = None


def _kind(meaning: Meaning, text: str) -> str:
    """Return the letter of a known word."""
    roles = meaning.roles
    glue = "f" in roles or "j" in roles
    if meaning.months:
        return "B" if meaning.weekdays else "m" if glue else "M"
    if meaning.weekdays:
        return "V" if glue or "b" in roles else "W"
    # Before noon in one language is a preposition in another (hu de, ga in): glue, but for am, which is both.
    if meaning.afternoon is not None and (not glue or not text.isascii() or text == "am"):
        return "a"
    for role in "klubhe":
        if role in roles:
            return "g" if role == "b" and glue else role
    return next(role for role in "fjp" if role in roles)


def _name(pieces: list[re.Match[str]], at: int, words: Lexicon) -> tuple[int, Meaning] | None:
    """Return the longest known name that begins at a piece: its number of pieces and its meaning."""
    key = fold(pieces[at][0])
    found = (1, words.meanings[key]) if key in words.meanings else None
    most, count, index = words.longest.get(key, 1), 1, at + 1
    while count < most and index < len(pieces):
        joints = 0
        while joints < 3 and index < len(pieces) and pieces[index][0] in _JOINTS:
            index, joints = index + 1, joints + 1
        if not joints or index >= len(pieces) or pieces[index].lastgroup != "word":
            break
        key += " " + fold(pieces[index][0])
        index, count = index + 1, count + 1
        if key in words.meanings:
            found = (index - at, words.meanings[key])
    return found


def _word(pieces: list[re.Match[str]], at: int, words: Lexicon) -> tuple[int, str, Meaning | None]:
    """Return the word at a piece: its number of pieces, its letter and its meaning."""
    text = pieces[at][0]
    after_number = at > 0 and pieces[at - 1].lastgroup == "number"
    named = _name(pieces, at, words)
    if text in ZONE_NAMES and (named is None or after_number or not named[1].roles):
        return 1, "z", None
    if named is None:
        return 1, "o" if after_number and len(text) <= 3 else "x", None
    return named[0], _kind(named[1], fold(text)), named[1]


def tokens_of(line: str, start: int, end: int) -> list[Token]:
    """Cut `line[start:end]`, whose digits are ASCII, into tokens."""
    words = lexicon()
    pieces = list(_PIECE.finditer(line, start, end))
    tokens: list[Token] = []
    at = 0
    while at < len(pieces):
        piece = pieces[at]
        first, length, meaning = piece.start(), 1, None
        if piece.lastgroup == "number":
            kind = "ddty"[len(piece[0]) - 1] if len(piece[0]) <= 4 else "n"
        elif piece.lastgroup == "word":
            length, kind, meaning = _word(pieces, at, words)
        else:
            kind = "_" if piece.lastgroup == "gap" else _SIGNS.get(piece[0], "~")
        last = pieces[at + length - 1].end()
        at += length
        if kind == "x" and not piece[0].islower():
            first = _glued(tokens, line, first, last, words)
            if first < last:
                meaning = words.meanings.get(fold(line[first:last]))
                kind = _kind(meaning, "") if meaning else "x"
        tokens.append(Token(kind, first, last, line[first:last], meaning))
    return tokens


def _glued(tokens: list[Token], line: str, first: int, last: int, words: Lexicon) -> int:
    """Split an unknown word whose second part is known: append the first part, return the start of the rest."""
    for seam in _SEAM.finditer(line, first, last):
        if fold(line[seam.start() : last]) in words.meanings:
            begun = words.meanings.get(fold(line[first : seam.start()]))
            kind = _kind(begun, line[first : seam.start()]) if begun else "x"
            tokens.append(Token(kind, first, seam.start(), line[first : seam.start()], begun))
            return seam.start()
    return first


def shape(tokens: list[Token]) -> str:
    """Return the letters of the tokens."""
    return "".join(token.kind for token in tokens)
