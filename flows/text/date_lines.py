"""Is this line a date line? Read from the line's shape: the date, and what stands around it.

bare      nothing but the date, its time, glue and signs                       17.03.2024 | 10:32 Uhr
label     a label before the date                                              Published: 17 March 2024 by Ann Lee
byline    a byline before the date                                             By Ann Lee on March 17, 2024
near      a name, a place or a section beside the date, and no sentence        Lagos, 17 March 2024

Promised: a sentence with a date in it is none of these, nor is a row of a table or of a log.
Not promised: `near` alone is weak evidence; `flows.text.header` asks for a blank line after it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal

from flows.text.date_forms import Candidate, Written, day_of, iso_dates, mail_dates
from flows.text.date_tokens import Token, shape
from flows.text.dates import read_line

Strength = Literal["bare", "label", "byline", "near"]

# No date line is longer than this, and no prose need be read to find that out.
LONGEST_LINE: Final = 200

# A necessary condition: a year, or two digits twice, with another number not far from it.
# Marks of direction, which stand between the numbers of Arabic and Hebrew dates, and the byte order mark.
_UNSEEN: Final = dict.fromkeys((0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A), 0xFEFF))
_ENDS_OF_SENTENCES: Final = frozenset(".!?…。！？।")
_MOST_SPACES_BEFORE_AN_END: Final = 12
_DIGIT = re.compile(r"\d")
_COULD_BE = re.compile(r"\d{4}|\d\d?[\s./\-]{1,3}(?:\d\d?[\s./\-]{1,3}\d\d|[^\W\d_]{3,20}[\s./\-]{0,3}['’]?\d\d)|年")
_SIMPLE_LABEL = re.compile(
    r"[ \t]*(?:(?P<name>date|published|pubdate|dc:date|issued)(?:[ \t]*:[ \t]*|[ \t]+))?", re.IGNORECASE
)
_YEAR_ONLY = re.compile(r"[^:\n]+:\s*(?P<year>[12]\d{3})\s*")
_SENTENCE_ENDS = re.compile(r"[^\W\d_]{4,}[.!?]\s+[^\W\d_]|[。！？]\s*\S")
_SENTENCE_END = re.compile(r"[.!?…:;。！？।॥։؟]['\"”’»)\]]*$")

_SIGNS = r"_~.,:;()|/'+\-!"
_ONLY_GLUE = re.compile(rf"[{_SIGNS}fjVWBmahoz]*$")
_LABEL = re.compile(rf"[{_SIGNS}fjVWag]*[klu][{_SIGNS}fjVWagklu]*$")
# A name before a label changes nothing, but before Date it does: Invoice date.
_LABEL_LAST = re.compile(rf"[lu][{_SIGNS}fjVWagk]*$")
# By Ann Lee, Posted by Ann Lee, Posted in Harbour by Ann Lee.
_BYLINE = re.compile(rf"[{_SIGNS}]*(?:[bg]|[klu][{_SIGNS}fj]*b|[lu][{_SIGNS}fjx]*b)[_:]")
# A number, an unknown label, or words joined to a phrase: Report of 17 March 2024.
_NO_NAME = re.compile(r"[dtyn:klu]|x_[fj]+_")
_GOES_ON = re.compile(rf"_?[|~/]|[{_SIGNS}]*(?:[klu]|b[_:])")
# Three short numbers alone: a version, or a section.
_VERSION = re.compile(r"\d\.\d{1,2}\.\d{1,2}\.?|\d\d\.\d\.\d{1,2}\.?")
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")
_CLOCK = re.compile(r"d:d(?::d)?(?:_?a)?(?:_?\(?z\)?)?")

# Longer than a byline, a section and a count of comments: a sentence.
_MOST_WORDS_BEFORE: Final = 9
_MOST_WORDS_AFTER: Final = 6
_MOST_WORDS_NEAR: Final = 4
# Years outside these are not dates of publication unless a label says so.
_YEARS: Final = range(1900, 2100)
_YEARS_OF_NAMED_MONTHS: Final = range(1600, 2100)
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
        """Whether the date is a whole day, and not a month or a year."""
        return self.written.precision == "day"


def could_be_date_line(line: str) -> bool:
    """Tell in a microsecond that most lines are no date lines."""
    if not 4 <= len(line) <= LONGEST_LINE or not (_DIGIT.search(line) or "年" in line):
        return False
    if line.rstrip()[-1:] in _ENDS_OF_SENTENCES and line.count(" ") > _MOST_SPACES_BEFORE_AN_END:
        return False
    return _COULD_BE.search(line) is not None


def read_date_line(line: str) -> DateLine | None:
    """Read a date line, or None where the line is anything else.

    >>> read_date_line("Published: 17 March 2024").strength
    'label'
    >>> read_date_line("On 17 March 2024 the harbour froze over.") is None
    True
    """
    if not could_be_date_line(line):
        return None
    line = line.translate(_UNSEEN)
    return _simple(line) or _read(line)


def read_field(field: str) -> DateLine | None:
    """Read a field of a block, `name: value`, or None where its value holds no date; a year or a month is enough.

    >>> read_field("date: 2024").written.precision
    'year'
    """
    dated = read_date_line(field[:LONGEST_LINE])
    if dated is None and (match := _YEAR_ONLY.fullmatch(field)):
        year = int(match["year"])
        candidates = (Candidate(day_of(year, 1, 1)),)
        dated = DateLine(Written(0, len(field), candidates, "year"), "label", (), updated=False, evidence=())
    return dated


def _simple(line: str) -> DateLine | None:
    """Read the commonest lines at once: an English label or none, and a date that needs no dictionary."""
    label = _SIMPLE_LABEL.match(line)
    if label is None or not line.isascii():
        return None
    end = len(line.rstrip())
    for written in iso_dates(line) or mail_dates(line):
        if written.start == label.end() and written.end == end and _plain(written):
            name = label["name"]
            labels = (name.lower(),) if name else ()
            return DateLine(written, "label" if name else "bare", labels, updated=False, evidence=())
    return None


def _read(line: str) -> DateLine | None:
    """Read a line by its shape."""
    tokens = read_line(line).tokens
    letters = shape(tokens)
    first = letters.find("D")
    if first < 0:
        return None
    before, after = tokens[:first], tokens[first + 1 :]
    strength = _strength(before, after, line)
    if strength is None:
        return None
    written, updated = _publication(tokens)
    if strength != "label" and not _plain(written):
        return None
    if strength == "near" and not _near(written, line):
        return None
    if strength == "bare" and _VERSION.fullmatch(line.strip()):
        return None
    labels = tuple(token.text.casefold() for token in tokens if token.kind in "klu")
    return DateLine(written, strength, labels, updated, tuple(_evidence(tokens)))


def _strength(before: list[Token], after: list[Token], line: str) -> Strength | None:
    """Tell how plainly the words before and after the first date make the line a date line."""
    left, right = shape(before), _CLOCK.sub("", shape(after))
    if not _tail(after, right, line):
        return None
    alone = _ONLY_GLUE.fullmatch(re.sub("[Dklu]", "", right)) is not None
    if _ONLY_GLUE.fullmatch(left):
        return "bare" if alone else "near" if _GOES_ON.match(right) else None
    if _LABEL.fullmatch(left):
        return "label"
    return _beside_words(before, line, alone=alone)


def _beside_words(before: list[Token], line: str, *, alone: bool) -> Strength | None:
    """Tell whether the words before a date are a byline, a name, a place: no part of a sentence."""
    left = shape(before)
    words = [token for token in before if token.kind in "xMn"]
    small = sum(token.text[:1].islower() for token in words)
    count = _words(before)
    if count > _MOST_WORDS_BEFORE or _SENTENCE_ENDS.search(line, before[0].start, before[-1].end):
        return None
    if _BYLINE.match(left) and small <= 2:
        return "byline"
    if _LABEL_LAST.search(left) and small <= 1:
        return "label"
    near = alone and not small and count <= _MOST_WORDS_NEAR and not _NO_NAME.search(left)
    return "near" if near else None


def _tail(after: list[Token], letters: str, line: str) -> bool:
    """Tell whether what follows the date may stand on a date line: a name, a section, a count; no sentence."""
    words = _words(after)
    if not re.search("[xMmBWbklug]", letters):
        return not re.search("[dtyn]", letters)
    if words > _MOST_WORDS_AFTER:
        return False
    text = line[after[0].start :].rstrip()
    if words >= 3 and (_SENTENCE_END.search(text) or _SENTENCE_ENDS.search(text)):
        return False
    # Words that go on in lower case, with no sign between, go on with a sentence.
    running = letters.startswith("_x") and after[1].text[:1].islower()
    return not running or words <= 3


def _words(tokens: list[Token]) -> int:
    """Count the words that are no part of a date or a label; without spaces, four letters are a word."""
    return sum(
        1 + (len(token.text) // 4 if _UNSPACED.match(token.text) else 0) for token in tokens if token.kind in "xMn"
    )


def _publication(tokens: list[Token]) -> tuple[Written, bool]:
    """Choose among the dates of a line: the first with a label of publication, else the first."""
    label, found = "", []
    for token in tokens:
        if token.kind in "klu":
            label = "u" if "u" in (label, token.kind) else "l"
        elif token.written:
            found.append((label, token.written))
            label = ""
    chosen = next((pair for pair in found if pair[0] == "l"), None)
    if chosen is None:
        chosen = next((pair for pair in found if pair[0] != "u"), found[0])
    return chosen[1], chosen[0] == "u"


def _plain(written: Written) -> bool:
    """Tell whether a date without a label is one beyond doubt: of our time, or impossible in a form of dates only."""
    if written.precision != "day" and not written.plain:
        return False
    possible = [candidate for candidate in written.candidates if candidate.day]
    if not possible:
        return written.plain
    return any(c.day and c.day.year in (_YEARS if c.order else _YEARS_OF_NAMED_MONTHS) for c in possible)


def _near(written: Written, line: str) -> bool:
    """Tell whether a date beside a name is plain enough: of our days, with its century or a time, in no sentence."""
    ours = any(c.day and c.day.year in _YEARS_NEAR_A_NAME for c in written.candidates)
    return ours and (written.plain or written.clock is not None) and not _SENTENCE_END.search(line.rstrip())


def _evidence(tokens: list[Token]) -> list[frozenset[str]]:
    """Give the languages that the words around the dates can be of, a set a word."""
    found = []
    for token in tokens:
        if token.meaning is not None and len(token.text) > 2:
            for role, languages in token.meaning.roles.items():
                if role in "klu" or (role in "hf" and len(languages) <= 3):
                    found.append(frozenset(languages))
                    break
    return found
