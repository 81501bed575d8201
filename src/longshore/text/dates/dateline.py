"""Date line recognition: is a line a date line, which of its dates is the publication date, how strong is the evidence.

Promised: a sentence with a date in it is not a date line. Neither is a row of a table or of a log, a span of days, or
the date of something else (born, until, invoice date).
Not promised: that a date beside a name or a place is one of publication; `places` requires a blank line after such a
line.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

from longshore.text.dates.context import (
    ends_with_its_point,
    is_of_something_else,
    is_span_or_question,
    publication_label_start,
    without_asides,
)
from longshore.text.dates.forms import NUMERALS, iso_dates, mail_dates
from longshore.text.dates.parse import read_line
from longshore.text.dates.resolve import Candidate, Written, day_of
from longshore.text.dates.tokens import Token, shape

Strength = Literal["bare", "label", "byline", "near", "before a name"]

# Signs that may stand anywhere on a date line.
SIGNS: Final = r"_~.,:;()|/'+\-!"
# How a sentence ends, at the end of a line.
SENTENCE_END = re.compile(r"[.!?…:;。！？।॥։؟]['\"”’»)\]]*$")
# How a sentence ends inside a line: after a word, not after an abbreviation.
SENTENCE_INSIDE = re.compile(r"[^\W\d_]{4,}[.!?]\s+[^\W\d_]|[。！？]\s*\S")

# The words before or after the date, as letters of `longshore.text.dates.tokens`.
_ONLY_GLUE = re.compile(rf"[{SIGNS}fjVWBmahoz]*$")
_LABEL = re.compile(rf"[{SIGNS}fjVWagm]*[klu][{SIGNS}fjVWagmklu]*$")
# A name before a label changes nothing, but before Date it does: Invoice date.
_LABEL_LAST = re.compile(rf"[lu][{SIGNS}fjVWagk]*$")
# By Ann Lee, Posted by Ann Lee, Posted in Harbour by Ann Lee.
_BYLINE = re.compile(rf"[{SIGNS}j]*(?:[bg]|[klu][{SIGNS}fj]*b|[lu][{SIGNS}fjx]*b)[_:]")
# Posted in Harbour on March 17, 2024.
_LABEL_FIRST = re.compile(rf"[{SIGNS}fj]*[lu][_fjg]+x")
# A word glued to the number of a day: IMG2024-03-17. (To a month: LeeMarch 17, 2024.)
_GLUED = re.compile(r"[^\W\d_]\d")
# Amended 17 March 2024, Recorded on 17 March 2024: something happened on that day.
_ONE_WORD = re.compile(r"_?x_(?:[fjV]_)?")
# A number, an unknown label, a word glued to the date, or words joined to a phrase: Report of 17 March 2024.
_NO_NAME = re.compile(r"[dtyn:klu]|x_[fjV]+_|x_[bga]+_?$|^_?x_b_x")
_BY_SOMEBODY = re.compile(r"_[bgf]_x")
# What may follow a date that stands first: a bar, a label, a byline.
_GOES_ON = re.compile(rf"_?[|~/]|[{SIGNS}]*(?:[klu]|(?:f_(?:x_){{1,3}})?b[_:])")
# A name behind a date and a sign: 17 March 2024, Ann Lee. Behind a time a space is enough.
_NAME_AFTER = re.compile(r"_?[,~-]_?[xM](?:[_.-]{1,2}[xM]){0,3}[_.]*")
_NAME_AFTER_A_TIME = re.compile(r"_[xM](?:[_.-]{1,2}[xM]){1,2}[_.]*")
# A day in a calendar whose months are no words of ours, beside a date of ours: ০৩ চৈত্র ১৪৩০.
_IN_ANOTHER_CALENDAR = re.compile(r"(?<![dtyn:.])d_?(?:[fo]_)?x(?:_x)?,?_(?P<year>y)(?:_?[fx](?=[_,|)]*(?:D|$)))?")
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")
# Behind the date of a place: Wien, 17.3.2024 (OTS).
_AGENCY = re.compile(r"_?\([xM](?:_[xM])?\)$")
_PAGE_ACTION = re.compile(r"[_|~,.(-]*p\)?")
# A time of a later change, with no day: it belongs to no date.
_CLOCK = re.compile(r"d:d(?::d)?(?:_?a)?(?:_?\(?z\)?)?")

# Longer than a byline, a section and a count of comments: a sentence.
_MOST_WORDS_BEFORE: Final = 9
_MOST_WORDS_AFTER: Final = 6
_MOST_WORDS_NEAR: Final = 4


def evidence_strength(before: list[Token], after: list[Token], line: str, *, timed: bool = False) -> Strength | None:
    """Return how plainly the words before and after the first date make the line a date line.

    timed: whether the date has its time; East Asian papers then put their name behind it.
    """
    left, right = shape(before), _PAGE_ACTION.sub("", _AGENCY.sub("", shape(after)))
    if re.search("[klu]", right):
        right = _CLOCK.sub("", right)
    if "e" in left or not _tail(after, right, line, alone=_ONLY_GLUE.fullmatch(left) is not None):
        return None
    alone = _ONLY_GLUE.fullmatch(re.sub("[Dklu]", "", right)) is not None
    if _ONLY_GLUE.fullmatch(left):
        goes_on = _GOES_ON.match(right) or (timed and after and _UNSPACED.match(line, after[0].end))
        if alone or goes_on:
            return "bare" if alone else "near"
        return "before a name" if _is_name(after, right, timed=timed) else None
    if _LABEL.fullmatch(left):
        return "label"
    if _BY_SOMEBODY.match(shape(after)) and after[3].text[:1].islower() and _words(before) > 1:
        # The document was created 17 March 2024 by the clerk: a sentence.
        return None
    return _beside_words(before, line, alone=alone)


def _is_name(after: list[Token], right: str, *, timed: bool) -> bool:
    """Return whether only a name follows the date: a few words with capitals."""
    if not _NAME_AFTER.fullmatch(right) and not (timed and _NAME_AFTER_A_TIME.fullmatch(right)):
        return False
    return all(token.text[:1].isupper() for token in after if token.kind in "xM")


def _beside_words(before: list[Token], line: str, *, alone: bool) -> Strength | None:
    """Return whether the words before a date are a byline, a name, a place: no part of a sentence."""
    left = shape(before)
    words = [token for token in before if token.kind in "xMn"]
    small = sum(token.text[:1].islower() and line[token.start - 1 : token.start] != "(" for token in words)
    count = _words(before)
    if count > _MOST_WORDS_BEFORE or SENTENCE_INSIDE.search(line, before[0].start, before[-1].end):
        return None
    if _BYLINE.match(left) and small <= 2 and re.search("[xMmBWV]", left):
        return "byline"
    if _LABEL_LAST.search(left) and small <= 1:
        return "label"
    if _LABEL_FIRST.match(left) and not small and count <= _MOST_WORDS_NEAR:
        return "byline"
    glued = _GLUED.match(line, before[-1].end - 1)
    near = alone and words and not small and not glued and count <= _MOST_WORDS_NEAR and not _NO_NAME.search(left)
    if near and _ONE_WORD.fullmatch(left) and words[0].text.endswith("ed"):
        return None
    return "near" if near else None


def _tail(after: list[Token], letters: str, line: str, *, alone: bool) -> bool:
    """Return whether the words after the date fit a date line (a name, a section, a count) and are no sentence."""
    words = _words(after)
    if not re.search("[xMmBWbklug]", letters):
        # A count of comments, where it is not the next column of a table.
        return len(re.findall("[dtyn]", letters)) <= (not alone)
    if words > _MOST_WORDS_AFTER:
        return False
    text = line[after[0].start :].rstrip()
    if words >= 3 and (SENTENCE_END.search(text) or SENTENCE_INSIDE.search(text)):
        return False
    # Words that go on in lower case, with no sign between, go on with a sentence.
    running = letters.startswith("_x") and after[1].text[:1].islower()
    return not running or words <= 3


def _words(tokens: list[Token]) -> int:
    """Count the words that are no part of a date or a label; without spaces, four letters are a word."""
    return sum(
        1 + (len(token.text) // 4 if _UNSPACED.match(token.text) else 0) for token in tokens if token.kind in "xMn"
    )


# No date line is longer than this, and no prose need be read to find that out.
LONGEST_LINE: Final = 200

# Characters without width: marks of direction, which stand between the numbers of Arabic and Hebrew dates, soft
# hyphens, the byte order mark. Joiners stay: they separate words.
_UNSEEN: Final = dict.fromkeys(
    (0xAD, 0x061C, 0x200B, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2060, 0x206A), 0xFEFF)
)
# Vietnamese numbers its weekdays; that number is not the day of a date.
_COUNTED_WEEKDAY = re.compile(r"\b[Tt]hứ ([2-7])\b")
_WEEKDAYS_OF_VIETNAM: Final = ("thứ hai", "thứ ba", "thứ tư", "thứ năm", "thứ sáu", "thứ bảy")
# A line that ends like a sentence and has more spaces than this is one.
_ENDS_LIKE_A_SENTENCE = re.compile(r"[^\W\d_]{3}[.!?…।]|[。！？]$")
_MOST_SPACES_BEFORE_AN_END: Final = 10
# A necessary condition: a year, or two digits twice, with another number not far from it.
_DIGIT = re.compile(r"\d")
_COULD_BE = re.compile(
    r"\d{4}|\d\d?(?:[\s./\-]{1,3}\d\d?[\s./\-]{1,3}\d\d|[\s./\-]{0,3}[^\W\d_]{3,20}[\s./\-]{0,3}['’]?\d\d|,?\s?['’]\d\d|\s?[\u0e00-\u0e7f.]{3,16}\s?\d\d)"
)
# Or a year by its sign, with its month behind it; 昨年の冬 (last winter) has none.
_EAST_ASIAN_YEAR = re.compile(rf"年\s?[\d{NUMERALS}]")
# And not only one number that is too long for a date: the id of an article, a telephone.
_ONE_LONG_NUMBER = re.compile(r"[^\d년]*\d{9,}[^\d년]*")
# The commonest labels, before dates that need no dictionary.
_SIMPLE_LABEL = re.compile(
    r"[ \t]*(?:(?P<name>date|published|pubdate|dc:date|issued)(?:[ \t]*:[ \t]*|[ \t]+))?", re.IGNORECASE
)
# A label, and a year or a month in numbers.
_PART = re.compile(rf"[_fj]*[klu][{SIGNS}fjklu]*:_?(?:(?P<first>d)[-/.])?(?P<year>y)(?:(?<!d.y)[-/.](?P<last>d))?[_.]*")
# Three short numbers alone: a version, or a section.
_VERSION = re.compile(r"v\d[\d.]*|\d\.\d{1,2}\.\d{1,2}\.?|\d\d\.\d\.\d{1,2}\.?")

# A month and a year that end like a sentence are the last of one that was wrapped: вересня 2009 року.
_ENDS_A_SENTENCE = re.compile(r"[^\W\d_]{4}\.\s*$")

# Years outside these are not dates of publication unless a label says so.
_YEARS: Final = range(1900, 2100)
_YEARS_OF_NAMED_MONTHS: Final = range(1600, 2100)
# Not Gregorian years; the language of the text shows which Gregorian year is meant.
_YEARS_OF_THE_BUDDHA: Final = range(2484, 2644)
_OUR_YEARS: Final = range(1500, 2050)
# An older date beside a name is that of a birth.
_YEARS_NEAR_A_NAME: Final = range(1970, 2100)


@dataclass(frozen=True, slots=True)
class DateLine:
    """A line that holds a date of publication, and how plainly it does.

    labels: what the labels say, folded, to tell a list from a block. complete: a whole day, not a month or a year.
    updated: the only label is of a change. evidence: languages that the words around the date have.
    """

    written: Written
    strength: Strength
    labels: tuple[str, ...]
    updated: bool
    evidence: tuple[frozenset[str], ...]

    @property
    def complete(self) -> bool:
        """Whether the date is a day, not only a month or a year."""
        return self.written.precision == "day"


def could_be_date_line(line: str) -> bool:
    """Rule out in a microsecond most lines that are not date lines."""
    if not 4 <= len(line) <= LONGEST_LINE or not (_DIGIT.search(line) or "年" in line):
        return False
    if line.count(" ") > _MOST_SPACES_BEFORE_AN_END and _ENDS_LIKE_A_SENTENCE.search(line.rstrip()[-4:]):
        return False
    if "年" in line and _EAST_ASIAN_YEAR.search(line):
        return True
    return _COULD_BE.search(line) is not None and _ONE_LONG_NUMBER.fullmatch(line) is None


def read_date_line(line: str) -> DateLine | None:
    """Read a date line, or None where the line is anything else.

    >>> read_date_line("Published: 17 March 2024").strength
    'label'
    >>> read_date_line("On 17 March 2024 the harbour froze over.") is None
    True
    """
    if not could_be_date_line(line):
        return None
    line = _COUNTED_WEEKDAY.sub(lambda match: _WEEKDAYS_OF_VIETNAM[int(match[1]) - 2], line.translate(_UNSEEN))
    return _simple(line) or _read(line)


def _simple(line: str) -> DateLine | None:
    """Read the commonest lines at once: an English label or none, and a date that needs no dictionary."""
    label = _SIMPLE_LABEL.match(line)
    if label is None or not line.isascii():
        return None
    end = len(line.rstrip())
    for written in iso_dates(line) or mail_dates(line):
        if written.start == label.end() and written.end == end and _is_plain(written):
            name = label["name"]
            labels = (name.lower(),) if name else ()
            return DateLine(written, "label" if name else "bare", labels, updated=False, evidence=())
    return None


# A line near a header is read several times: as header, as its continuation, and as one of several alike.
@lru_cache(maxsize=64)
def _read(line: str) -> DateLine | None:
    """Read a line by its shape."""
    tokens = read_line(line).tokens
    letters = shape(tokens)
    # Search for asides only beside a date: it doubles the cost.
    if "D" in letters and (bare := without_asides(line)) != line:
        line, tokens = bare, read_line(bare).tokens
        letters = shape(tokens)
    if "D" in letters and "y" in letters:
        tokens = _without_other_calendar(tokens, letters)
        letters = shape(tokens)
    first = letters.find("D")
    if first < 0:
        return _read_part(tokens, letters, line)
    if start := publication_label_start(letters, first):
        tokens = tokens[start:]
        first = shape(tokens).index("D")
    before, after = tokens[:first], tokens[first + 1 :]
    timed = (dated := tokens[first].written) is not None and dated.clock is not None
    strength = evidence_strength(before, after, line, timed=timed)
    if strength is None or (not start and is_of_something_else(tokens, first, line)):
        return None
    written, updated = _publication(tokens)
    if strength != "label" and not (_is_plain(written) and _is_plausible(strength, written, tokens, line)):
        return None
    labels = tuple(token.text.casefold() for token in tokens if token.kind in "klu")
    return DateLine(written, strength, labels, updated, tuple(_evidence(tokens)))


def _without_other_calendar(tokens: list[Token], letters: str) -> list[Token]:
    """Remove a second date in another calendar, recognised by its year."""
    for match in reversed([*_IN_ANOTHER_CALENDAR.finditer(letters)]):
        if int(tokens[match.start("year")].text) not in _OUR_YEARS:
            tokens = [*tokens[: match.start()], *tokens[match.end() :]]
    return tokens


def _read_part(tokens: list[Token], letters: str, line: str) -> DateLine | None:
    """Read a label with a year or a month in numbers after its colon: Published: 2024-03."""
    match = _PART.fullmatch(letters)
    if match is None:
        return None
    year = tokens[match.start("year")]
    name = "first" if match["first"] else "last"
    month = tokens[match.start(name)].text if match[name] else "1"
    candidates = (Candidate(day_of(int(year.text), int(month), 1)),)
    if not candidates[0].day or int(year.text) not in _YEARS_OF_NAMED_MONTHS:
        return None
    written = Written(year.start, len(line), candidates, "month" if match[name] else "year")
    labels = tuple(token.text.casefold() for token in tokens if token.kind in "klu")
    return DateLine(written, "label", labels, updated="u" in letters, evidence=())


def _publication(tokens: list[Token]) -> tuple[Written, bool]:
    """Choose among the dates of a line: the first with a label of publication, otherwise the first."""
    label, found = "", []
    for token in tokens:
        if token.kind in "klu":
            label = "u" if "u" in (label, token.kind) else "l"
        elif token.written:
            found.append((label, token.written))
            label = ""
    chosen = next((pair for pair in found if pair[0] == "l"), None)
    if chosen is None:
        # Of a day in two calendars take the date that needs no conversion.
        found.sort(key=lambda pair: (pair[0] == "u", pair[1].converted))
        chosen = found[0]
    return chosen[1], chosen[0] == "u"


def _is_plain(written: Written) -> bool:
    """Return whether a date without a label is one beyond doubt: of our time, or impossible in a form of dates only."""
    if written.precision != "day" and not written.plain:
        return False
    possible = [candidate for candidate in written.candidates if candidate.day]
    if not possible:
        return written.plain
    return any(
        c.day and (c.day.year in (_YEARS if c.order else _YEARS_OF_NAMED_MONTHS) or c.day.year in _YEARS_OF_THE_BUDDHA)
        for c in possible
    )


def _is_plausible(strength: Strength, written: Written, tokens: list[Token], line: str) -> bool:
    """Return whether a line without a label is no version, no span of days and no part of a sentence."""
    if strength == "byline":
        return True
    if is_span_or_question(tokens, line) or (strength == "bare" and _VERSION.fullmatch(line.strip())):
        return False
    if written.precision != "day" and _ENDS_A_SENTENCE.search(line):
        return False
    return strength == "bare" or _near(written, tokens, line)


def _near(written: Written, tokens: list[Token], line: str) -> bool:
    """Return whether a date beside a name is plain enough: of our days, with its century or a time, in no sentence."""
    ours = any(c.day and c.day.year in _YEARS_NEAR_A_NAME for c in written.candidates)
    if not ours or not (written.plain or written.clock is not None):
        return False
    return not SENTENCE_END.search(line.rstrip()) or ends_with_its_point(written, tokens)


def _evidence(tokens: list[Token]) -> list[frozenset[str]]:
    """Return the languages that the words around the dates can be of, a set a word; English labels head any text."""
    found = []
    for token in tokens:
        if token.meaning is not None and len(token.text) > 2:
            for role, languages in token.meaning.roles.items():
                if (role in "klu" and "en" not in languages) or (role in "hfp" and len(languages) <= 3):
                    found.append(frozenset(languages))
                    break
    return found
