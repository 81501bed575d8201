"""How plainly the words around the first date of a line make it a date line: patterns over the line's shape.

bare      nothing but the date, its time, glue and signs                       17.03.2024 | 10:32 Uhr
label     a label before the date                                              Published: 17 March 2024 by Ann Lee
byline    a byline before the date                                             By Ann Lee on March 17, 2024
near      a name, a place or a section beside the date, and no sentence        Lagos, 17 March 2024
"""

from __future__ import annotations

import re
from typing import Final, Literal

from flows.text.dates.tokens import Token, shape

Strength = Literal["bare", "label", "byline", "near"]

# Signs that may stand anywhere on a date line.
SIGNS: Final = r"_~.,:;()|/'+\-!"
# How a sentence ends, at the end of a line.
SENTENCE_END = re.compile(r"[.!?…:;。！？।॥։؟]['\"”’»)\]]*$")
# How a sentence ends inside a line: after a word, not after an abbreviation.
_SENTENCE_ENDS = re.compile(r"[^\W\d_]{4,}[.!?]\s+[^\W\d_]|[。！？]\s*\S")

# What stands before the date, or after it, as letters of `flows.text.dates.tokens`.
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
# Amended 17 March 2024, Recorded on 17 March 2024: that is what happened on the day.
_ONE_WORD = re.compile(r"_?x_(?:[fjV]_)?")
# A number, an unknown label, a word glued to the date, or words joined to a phrase: Report of 17 March 2024.
_NO_NAME = re.compile(r"[dtyn:klu]|x_[fjV]+_|x_[bga]+_?$|^_?x_b_x")
# What may follow a date that stands first: a bar, a label, a byline.
_GOES_ON = re.compile(rf"_?[|~/]|[{SIGNS}]*(?:[klu]|(?:f_(?:x_){{1,3}})?b[_:])")
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")
# Behind the date of a place: Wien, 17.3.2024 (OTS).
_AGENCY = re.compile(r"_?\([xM](?:_[xM])?\)$")
# A time of a later change, with no day: it belongs to no date.
_CLOCK = re.compile(r"d:d(?::d)?(?:_?a)?(?:_?\(?z\)?)?")

# Longer than a byline, a section and a count of comments: a sentence.
_MOST_WORDS_BEFORE: Final = 9
_MOST_WORDS_AFTER: Final = 6
_MOST_WORDS_NEAR: Final = 4


def strength_of(before: list[Token], after: list[Token], line: str, *, timed: bool = False) -> Strength | None:
    """Tell how plainly the words before and after the first date make the line a date line.

    timed: whether the date has its time; East Asian papers then put their name behind it.
    """
    left, right = shape(before), _AGENCY.sub("", shape(after))
    if re.search("[klu]", right):
        right = _CLOCK.sub("", right)
    if "e" in left or not _tail(after, right, line, alone=_ONLY_GLUE.fullmatch(left) is not None):
        return None
    alone = _ONLY_GLUE.fullmatch(re.sub("[Dklu]", "", right)) is not None
    if _ONLY_GLUE.fullmatch(left):
        goes_on = _GOES_ON.match(right) or (timed and after and _UNSPACED.match(line, after[0].end))
        return "bare" if alone else "near" if goes_on else None
    if _LABEL.fullmatch(left):
        return "label"
    return _beside_words(before, line, alone=alone)


def _beside_words(before: list[Token], line: str, *, alone: bool) -> Strength | None:
    """Tell whether the words before a date are a byline, a name, a place: no part of a sentence."""
    left = shape(before)
    words = [token for token in before if token.kind in "xMn"]
    small = sum(token.text[:1].islower() and line[token.start - 1 : token.start] != "(" for token in words)
    count = _words(before)
    if count > _MOST_WORDS_BEFORE or _SENTENCE_ENDS.search(line, before[0].start, before[-1].end):
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
    """Tell whether what follows the date may stand on a date line: a name, a section, a count; no sentence."""
    words = _words(after)
    if not re.search("[xMmBWbklug]", letters):
        # A count of comments, where it is not the next column of a table.
        return len(re.findall("[dtyn]", letters)) <= (not alone)
    if words > _MOST_WORDS_AFTER:
        return False
    text = line[after[0].start :].rstrip()
    if words >= 3 and (SENTENCE_END.search(text) or _SENTENCE_ENDS.search(text)):
        return False
    # Words that go on in lower case, with no sign between, go on with a sentence.
    running = letters.startswith("_x") and after[1].text[:1].islower()
    return not running or words <= 3


def _words(tokens: list[Token]) -> int:
    """Count the words that are no part of a date or a label; without spaces, four letters are a word."""
    return sum(
        1 + (len(token.text) // 4 if _UNSPACED.match(token.text) else 0) for token in tokens if token.kind in "xMn"
    )
