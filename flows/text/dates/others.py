"""Is the date of a line one of something else: a first and a last day, a birth, until when?

Promised: what stands before or after the date decides, not what it would be a date of; a word that means something
else in the language of the month is that.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from flows.text.dates.tokens import Token, shape
from flows.text.dates.words import fold, lexicon

if TYPE_CHECKING:
    from flows.text.dates.parts import Written

# Between two dates of one line that are not from and to: a bar, a bracket, a label, nothing.
_NO_RANGE = re.compile(r"_?[|/(].*|.*[klu].*|")
# From here to a number: 2024年3月17日～19日. (A dash may stand before a count or a time.)
_TO_A_NUMBER = re.compile(r"\s?[~～〜]\s?\d")
# Right behind a date: until (17-ig, 17.3.2024 asti).
_ENDS_OTHERWISE = re.compile(r"_?e")
_LABELLED_LATER = re.compile(r"l[_:.fj]*D")
# Tokens of glue, and the point that ends a line with it: 17 марта 2024 г.
_GLUE_AND_POINT = re.compile(r"_?[fgoh]_?\.")
_LONGEST_GLUE: Final = 6
# Languages that put a point after the year as after every ordinal.
_YEAR_WITH_A_POINT: Final = frozenset(("hr", "bs", "sr", "sr-Latn", "bs-Cyrl", "hu", "sl"))
_FIRST_WORD = re.compile(r"[\W_]{0,3}([^\W\d_]{2,12})(?=[\s\d.:])")


def is_no_one_day(tokens: list[Token], line: str) -> bool:
    """Tell whether the first date of a line without labels is a first day, or a question."""
    letters = shape(tokens)
    first = tokens[letters.index("D")]
    if _TO_A_NUMBER.match(line, first.end) or line.rstrip().endswith(("?", "？", "؟")):
        return True
    between = letters.split("D")[1:-1]
    if not between or _NO_RANGE.fullmatch(between[0]):
        return False
    one, other, *_ = ({c.day for c in token.written.candidates if c.day} for token in tokens if token.written)
    return not one & other


def where_published(letters: str, first: int) -> int:
    """Give where the label of publication begins, where the first date is of something else; 0 where it is not.

    Received 17 March 2024; accepted 2 April 2024; published 9 April 2024
    """
    label = _LABELLED_LATER.search(letters, first) if "e" in letters[:first] else None
    return label.start() if label else 0


def is_of_something_else(tokens: list[Token], first: int, line: str) -> bool:
    """Tell whether the word behind the first date, or the first word of the line, makes it a date of something else.

    The first word counts where it means that in the language of the month, whatever it means elsewhere: `Do 17 marca`
    (until) begins like a Thursday in German, and `Né le 17 mars` (born) like a Sunday in Czech.
    """
    after = tokens[first + 1 : first + 3]
    if _ENDS_OTHERWISE.match(shape(after)) or (shape(after).startswith("-") and _may_be_other(after[-1])):
        return True
    written, word = tokens[first].written, _FIRST_WORD.match(line)
    meaning = lexicon().meanings.get(fold(word[1])) if word else None
    others = meaning.roles.get("e") if meaning else None
    if meaning is None or written is None or not others:
        return False
    languages = _languages(written)
    elsewhere = (*meaning.weekdays.values(), *(found for role, found in meaning.roles.items() if role in "klub"))
    return not languages.isdisjoint(others) and all(languages.isdisjoint(found) for found in elsewhere)


def ends_with_its_point(written: Written, tokens: list[Token]) -> bool:
    """Tell whether the point at a line's end is the date's: 17 марта 2024 г., 2024. március 17., 17.03.2024."""
    last = max(place for place, token in enumerate(tokens) if token.kind == "D")
    rest = [token for token in tokens[last + 1 :] if token.kind != "_"]
    if _GLUE_AND_POINT.fullmatch(shape(rest)):
        return len(rest[0].text) <= _LONGEST_GLUE
    numbers = all(candidate.order for candidate in written.candidates)
    return shape(rest) in (".", "") and (numbers or not _YEAR_WITH_A_POINT.isdisjoint(_languages(written)))


def _may_be_other(token: Token) -> bool:
    return token.meaning is not None and "e" in token.meaning.roles


def _languages(written: Written) -> frozenset[str]:
    """Give the languages of a month's name; none for a date in numbers."""
    return frozenset[str]().union(*(candidate.languages for candidate in written.candidates if not candidate.order))
