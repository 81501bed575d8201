"""Positions of date lines: first, below a headline, or below a headline and a byline or deck.

Promised: no line of a list, a log, a table or a chronicle is taken, where one date follows another, and never the last
line of a text: a header stands above something.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice
from typing import Final

from longshore.text.dates.dateline import (
    LONGEST_LINE,
    SENTENCE_END,
    SENTENCE_INSIDE,
    DateLine,
    could_be_date_line,
    read_date_line,
)
from longshore.text.dates.lexicon import fold, lexicon
from longshore.text.title import is_underline

# Characters read from a text: a headline, a byline, a date, and a few paragraphs.
WINDOW: Final = 4_096
# Lines below a date line that are searched for more date lines.
_LINES_AFTER: Final = 8
_MOST_LINES: Final = 24
# A date line stands among the first three lines that are not blank, or fourth below a byline. What underlines a heading
# is no line of its own.
_TOP: Final = 4
_BELOW_A_BYLINE: Final = _TOP - 1
# The third line may be the date below a headline and a deck.
_BELOW_A_DECK: Final = 2
_LONGEST_DECK: Final = 160
_LEAST_PARAGRAPH: Final = 60
_FIRST_YEAR_BELOW_A_DECK: Final = 1970
# A line before the date that is longer is no headline, but a paragraph.
_LONGEST_HEADLINE: Final = 400

# A line above with fewer spaces is a headline or a byline.
_FEWEST_SPACES_IN_A_SENTENCE: Final = 4
# The point of an abbreviation: 17 марта 2024 г.
_ENDS_WITH_A_WORD_AND_POINT = re.compile(r"[^\W\d_]\.\s*$")
_BLANKS = re.compile(r"\s*")
_BYLINE = re.compile(
    r"[ \t]*(?:by|von|par|por|di|de|door|af|av|przez|od|автор|от|autor|author|oleh|作者|記者|记者|文)"
    r"(?:[ \t]*[:：]|[ \t])|.{1,60}<[^<>\s@]+@[^<>\s@]+>\s*$",
    re.IGNORECASE,
)
# An item of a list, a heading, a quotation, a row: a date there belongs to the text.
_PART_OF_SOMETHING = re.compile(
    r"[ \t]*(?:[-*+•‣◦·][ \t]|[#>┃│║=©§]|--[ \t](?!.*--)|\([cC]\)|[A-Z][.)][ \t]|[a-z]\)|[ivxIVX]{1,4}[.)][ \t])"
    r"|.*(?:\S.*\t.*\S|\|[ \t]*$)"
)
# Below a headline: the middle of a title page.
_SET_IN = re.compile(r" {4}|[ \t]*\t")
_MARKUP = re.compile(r"\s*(?:</?\w|[{$|]|@\w+\{|\\\w|//|/\*|\[\w+ \"|\".*\",)")
_FIELD = re.compile(r"[^:：]{1,30}[:：](?!//)\s*\S")
_ADDRESS = re.compile(r"\s*(?:https?://|www\.)\S+\s*$")
_BEGINS_WITH_NUMBER = re.compile(r"[^\w\n]{0,8}\d")


@dataclass(frozen=True, slots=True)
class Line:
    """A line that is not blank, from `start` on, without its line end."""

    start: int
    text: str

    @property
    def end(self) -> int:
        """Where its line end, or the end of the text, stands."""
        return self.start + len(self.text)


@dataclass(frozen=True, slots=True)
class DatePlace:
    """A date line that stands as a header stands: `text[start:end]` is it, with the blank lines that go with it."""

    start: int
    end: int
    dated: DateLine


def next_line(text: str, at: int) -> int:
    """Return where the first line from a line's beginning on begins that is not blank, or the end of the text."""
    rest = _BLANKS.match(text, at)
    assert rest is not None
    if rest.end() == len(text):
        return len(text)
    return max(at, text.rfind("\n", at, rest.end()) + 1)


def find_date_line(text: str, first: int) -> DatePlace | None:
    """Find the date line among the first lines from `first` on, where the first line begins."""
    window = text[first : first + WINDOW]
    parts = window.split("\n", _MOST_LINES)
    if len(parts) > _MOST_LINES or first + WINDOW < len(text):
        # The last part is cut, or more than a line.
        parts.pop()
    if not any(map(could_be_date_line, _top(parts))):
        return None
    lines: list[Line] = []
    at = first
    for part in parts:
        if lines and lines[-1].end + 1 == at and is_underline(part):
            lines[-1] = Line(lines[-1].start, f"{lines[-1].text}\n{part}")
        elif part and not part.isspace() and (lines or not _ADDRESS.match(part)):
            lines.append(Line(at, part))
        at += len(part) + 1
    for index, line in enumerate(lines[:_TOP]):
        if could_be_date_line(line.text):
            dated = read_date_line(line.text)
            following = next_line(text, min(line.end + 1, len(text)))
            if dated and following < len(text) and _is_header(dated, index, lines, following):
                return DatePlace(*_span(line, lines[index - 1] if index else None, following, text), dated)
    return None


def _top(parts: list[str]) -> list[str]:
    """Return those of the first lines that are not blank which may be date lines: short ones, where any has a digit."""
    written = (part for part in parts if part.strip() and not is_underline(part) and not _ADDRESS.match(part))
    top = [part for part in islice(written, _TOP) if len(part) <= LONGEST_LINE]
    together = "".join(top)
    if together.isascii() and not any(map(together.__contains__, "0123456789")):
        return []
    return top


def _span(line: Line, previous: Line | None, following: int, text: str) -> tuple[int, int]:
    """Return the span to remove: the line and the blank lines on one side, so that the wider gap remains."""
    if previous is None:
        return line.start, following
    before = text.count("\n", previous.end, line.start)
    after = text.count("\n", line.end, following)
    return (line.start, following) if before >= after else (previous.end + 1, line.end + 1)


def _is_header(dated: DateLine, index: int, lines: list[Line], following: int) -> bool:
    """Return whether a date line is a header, not part of a list, a table, or a chronicle."""
    line, after = lines[index], lines[index + 1 : index + 1 + _LINES_AFTER]
    apart = following - line.end > 1
    labelled = dated.strength in ("label", "byline")
    if any(len(before.text) > _LONGEST_HEADLINE for before in lines[:index]):
        return False
    if (
        index > 1
        and not _BYLINE.match(lines[index - 1].text)
        and (dated.strength != "label" or index == _BELOW_A_BYLINE)
        and not (index == _BELOW_A_DECK and apart and dated.complete and _is_headline_and_deck(lines, dated))
    ):
        return False
    # The weaker the line, the more must set it apart. A line of words that goes on in lower case is one of prose.
    goes_on = not apart and after and after[0].text[:1].islower()
    if index and _goes_into(lines[index - 1], line, goes_on=bool(goes_on)):
        return False
    weak = (
        (dated.strength in ("near", "before a name") and not apart)
        # A heading may name an event after its day: 4 July 2019, Independence Day.
        or (dated.strength == "before a name" and not index and dated.written.clock is None)
        or (dated.strength != "bare" and goes_on)
        or not (dated.complete or labelled or (apart and index == 0))
    )
    if weak or _is_part(lines, index, labelled=labelled) or (index and _same_columns(lines[index - 1].text, line.text)):
        return False
    return not _repeated(dated, [o.text for o in after])


def _goes_into(above: Line, line: Line, *, goes_on: bool) -> bool:
    """Return whether a sentence of the line right above goes on in the date line.

    That is so where the date line ends the sentence or the line below goes on with it, where the line above ends with a
    word that wants another, or holds the end of one sentence and the beginning of the next.
    """
    text = above.text.rstrip()
    if above.end + 1 != line.start or text.count(" ") < _FEWEST_SPACES_IN_A_SENTENCE or SENTENCE_END.search(text):
        return False
    if goes_on or SENTENCE_INSIDE.search(text):
        return True
    last = text.rpartition(" ")[2]
    meaning = lexicon().meanings.get(fold(last))
    if meaning and not {"f", "e"}.isdisjoint(meaning.roles) and (last.islower() or not meaning.weekdays):
        return True
    return _ENDS_WITH_A_WORD_AND_POINT.search(line.text) is None and line.text.rstrip().endswith(".")


def _is_headline_and_deck(lines: list[Line], dated: DateLine) -> bool:
    """Return whether a headline and its deck stand above a bare date, and a paragraph below it."""
    headline, deck, _, *below = (line.text.strip() for line in lines)
    if dated.strength != "bare" or not below or len(below[0]) < _LEAST_PARAGRAPH or SENTENCE_END.search(headline):
        return False
    if any(not c.day or c.day.year < _FIRST_YEAR_BELOW_A_DECK for c in dated.written.candidates):
        return False
    return all(len(line) <= _LONGEST_DECK and " " in line and not _is_listed(line) for line in (headline, deck))


def _is_listed(text: str) -> bool:
    """Return whether a line is an item, a row or a field, or begins with a number."""
    return bool(_PART_OF_SOMETHING.match(text) or _BEGINS_WITH_NUMBER.match(text) or _FIELD.match(text))


def _same_columns(above: str, line: str) -> bool:
    """Return whether a line is a table row below its column headings: Date | Event."""
    bars = line.count("|")
    return bars > 0 and above.count("|") == bars


def _is_part(lines: list[Line], index: int, *, labelled: bool) -> bool:
    """Return whether a line is part of a list, a table, a page of markup, or a title page."""
    line, around = lines[index], lines[:index] + lines[index + 1 : index + 2]
    if _MARKUP.match(line.text) or (index and _MARKUP.match(lines[0].text)):
        return True
    if line.text.startswith(">") and any(other.text.startswith(">") for other in around):
        # A quotation of several lines.
        return True
    if labelled:
        return False
    below = lines[index + 1].text if index + 1 < len(lines) else ""
    in_a_title_page = _SET_IN.match(line.text) and (_SET_IN.match(below) or len(below.rstrip()) < _LEAST_PARAGRAPH)
    return bool(_PART_OF_SOMETHING.match(line.text) or (index and in_a_title_page))


def _repeated(dated: DateLine, after: list[str]) -> bool:
    """Return whether lines like this one follow: other dates on lines of their own, or with the same label."""
    begun = 0
    for place, text in enumerate(after):
        other = read_date_line(text) if could_be_date_line(text) else None
        if other is None:
            begun += _BEGINS_WITH_NUMBER.match(text) is not None and could_be_date_line(text[:40])
        elif other.labels == dated.labels and not _agree(dated, other, next_to_it=place == 0):
            return True
    return begun >= 2 and not dated.labels


def _agree(dated: DateLine, other: DateLine, *, next_to_it: bool) -> bool:
    """Return whether two date lines may date one text: with the same day, or in words right above one in numbers."""
    days, others = ({c.day for c in line.written.candidates} for line in (dated, other))
    if days & others:
        return True
    in_words, in_numbers = (all(c.order is None for c in line.written.candidates) for line in (dated, other))
    return next_to_it and not dated.labels and in_words != in_numbers
