"""Decide whether the first line of a body is its headline.

Promised: a headline is one short line of words above a longer text (or marked as a heading), and is no field, item,
salutation, name of a file, row, or line of code. Whether a line that passes these checks is a headline, is decided by
its length against the lines below, its end, its letter case and the layout: a logistic model
(`data/title_weights.toml`, fitted by `training/fit_title.py`).
Not promised: every headline. If it is not clear there is no title.
"""

from __future__ import annotations

import math
import re
from functools import cache
from typing import Final

from longshore.text.data import read_toml
from longshore.text.header_block import names_a_field

# Longer than the longest headlines of newspapers, in characters and words; scripts without spaces say more in less.
_MOST_CHARS: Final = 120
_MOST_WORDS: Final = 20
_MOST_CHARS_UNSPACED: Final = 70
_LEAST_LETTERS: Final = 0.4
# A body line is at least so long: shorter lines are a list, verse, a byline or a standfirst.
_LEAST_TEXT: Final = 60
# How many short lines (author, standfirst) may stand between a headline and the text.
_MOST_BETWEEN: Final = 3
_LINES_MEASURED: Final = 8
_FILLED: Final = 0.8

_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")
_MARKED = re.compile(r"#{1,2}[ \t]+(?P<hash>\S.*?)[ \t]*#*$|=[ \t]+(?P<equals>\S.*?)(?:[ \t]+=)?$")
_UNDERLINE = re.compile(r"(?:={3,}|-{3,}|#{3,}|~{3,}|\*{3,})[ \t]*$")
_STOPS: Final = frozenset(".。।։؟؛।॥…")
_CALLS: Final = frozenset("!?！？؟")
# A headline ends with none of these.
_ENDS_OTHERWISE: Final = _STOPS | frozenset(",;:，、；：·-–—=>{}|\\/&+")
_CLOSERS: Final = "\"'”’»)]」』）"
_NOT_A_HEADLINE = re.compile(
    r"""[ \t]*(?:[-*+•·>|#{}\[\]<=~@$%^&\\/]|\d+[.)\]:]|[a-zA-Z][.)]\s|\(?[ivxIVX]+[.)])   # items, quotes, code, tables
      | [^:：]{1,30}[:：][\d\W年月日]+$                          # a field with a number
      | [^:：\s]{1,20}[:：][ \t]*\d.*\d{4}$                       # or with a date
      | \S+\.[A-Za-z0-9]{1,5}$                                  # the name of a file
      | (?-i:[A-Z][A-Z .'’-]{2,}(?:,[^-–—]{1,40}|\s\([A-Za-z]+\)\s)[-–—]+\s)  # the dateline of an agency
      | \S+,\S*,\S+$                                             # a row of a table
      | .*\bwww\.                                               # where it comes from
      | (?:dear|hi|hello|hallo|lieber?|sehr\ geehrte|cher|chère|bonjour|estimad[oa]|querid[oa]|gentile|car[oa]|beste
          |geachte|kære|kjære|hej|уважаем|здравствуйте|дорог|szanown|drog|vážen|good\ (?:morning|afternoon|evening)
          |greetings|guten\ (?:tag|morgen|abend)|buongiorno|buenos\ días|bom\ dia|доброе\ утро|добрый\ день)\b
      | (?:downloaded|retrieved|reprinted|reproduced|copied|forwarded|posted|submitted|scanned)\ (?:from|by|at|on)\b
      | (?:courtesy\ of|copyright|\(c\)|©|all\ rights\ reserved)""",
    re.VERBOSE | re.IGNORECASE,
)
# Columns, addresses, code.
_NOT_IN_HEADLINES: Final = frozenset("\t{}<>|\\@")
_LABEL = re.compile(
    r"(?:title|headline|subject|titel|titre|título|titolo|заголовок|標題|标题|题目|題名|제목)[ \t]*[:：][ \t]*",
    re.IGNORECASE,
)
# What agencies put before a headline: `[Update]`, `【速報】`, `(LEAD)`.
_PREFIX = re.compile(r"\[[^\[\]\n]{1,20}\][ \t]*(?=\S)|【[^【】\n]{1,20}】[ \t]*(?=\S)|\([^()\n]{1,12}\)[ \t]+(?=\S)")
_YEAR_IN_BRACKETS = re.compile(r"\((?:1[5-9]|20)\d\d[a-z]?\)|\b\d{1,4}\(\d{1,3}\)|\bpp?\. ?\d|\bdoi\b|\bet al\b")


def is_underline(line: str) -> bool:
    """Return whether a line makes the one above it a heading, as in Markdown and reST."""
    return line[:1] in "=-#~*" and _UNDERLINE.match(line) is not None


def headline(line: str, following: str, *, apart: bool) -> str | None:
    """Return the headline that a first line is, without its marks, or None if it is not clearly one.

    following: the text after the line, from its line end on; the first few hundred characters are enough.
    apart: whether a date line has already set the line apart.

    >>> headline("Harbour reopens after storm", "\\n" + "The harbour opened again on Monday. " * 3, apart=False)
    'Harbour reopens after storm'
    >>> headline("The harbour opened again.", "\\n\\n" + "It had been shut for days. " * 3, apart=False) is None
    True
    """
    text = line.strip()
    if not text or len(text) > _MOST_CHARS:
        return None
    if match := _MARKED.match(text):
        return match["hash"] or match["equals"]
    rest = following[1:]
    below = rest.partition("\n")[0]
    if is_underline(below) and len(below.strip()) * 2 >= len(text):
        return None if text[-1] in _ENDS_OTHERWISE | _CALLS else text
    if match := _LABEL.match(text):
        text = text[match.end() :]
    prefix = _PREFIX.match(text)
    plain = may_be_headline(text[prefix.end() :] if prefix else text) and not names_a_field(text)
    # The first line of a paragraph, or one that goes on: a wrapped date, the address of a letter.
    joined = below.strip() and (line[0].isspace() or (below[:1].isdigit() and text_width(below) < _LEAST_TEXT))
    if not plain or (not apart and (joined or not rest.strip())):
        return None
    if not rest.strip():
        return None if _calls(text) else text
    found = features(text, rest, apart=apart)
    layout = "blank" if (apart and not _calls(text)) or not below.strip() else "at_once"
    return text if found and score(found, layout) > 0 else None


def _calls(text: str) -> bool:
    """Return whether a line ends as a question or an exclamation."""
    return text.rstrip(_CLOSERS)[-1:] in _CALLS


def may_be_headline(text: str) -> bool:
    """Return whether a line is short, and no sentence, item, field, row, address or code."""
    if text.rstrip(_CLOSERS)[-1:] in _ENDS_OTHERWISE or not _is_short(text) or _NOT_A_HEADLINE.match(text):
        return False
    return _NOT_IN_HEADLINES.isdisjoint(text) and "://" not in text and "   " not in text


def _is_short(text: str) -> bool:
    """Return whether a line is short enough, and more than a mark."""
    if not text.isascii() and _UNSPACED.search(text):
        return len("題名") <= len(text) <= _MOST_CHARS_UNSPACED
    words = text.split()
    return (
        len(words) <= _MOST_WORDS
        and sum(map(str.isalpha, text)) > _LEAST_LETTERS * len(text)
        and any(len(w) > 2 for w in words)
    )


def features(text: str, rest: str, *, apart: bool) -> dict[str, float] | None:
    """Return what the model weighs for a line above a text, or None if no text follows.

    Lengths of scripts without spaces count twice.
    """
    lines = [each.strip() for each in rest.split("\n")]
    written = [each for each in lines if each]
    if not written:
        return None
    body = next((at for at, each in enumerate(written[: _MOST_BETWEEN + 1]) if text_width(each) >= _LEAST_TEXT), None)
    if body is None:
        # Short lines below: verse, or a text that is wrapped narrowly.
        if not apart and sum(map(text_width, written[:_LINES_MEASURED])) < 2 * _LEAST_TEXT:
            return None
        body = 0
    width = max(map(text_width, written[:_LINES_MEASURED]))
    filled = [text_width(each) > _FILLED * width for each in written[: _LINES_MEASURED - 1]]
    share = sum(filled) / max(1, len(filled))
    length = text_width(text)
    next_word = written[0].split(" ", 1)[0]
    room = min(2.0, max(0.0, (width - length - 1 - text_width(next_word)) / length))
    first = next(filter(str.isalpha, written[0]), "")
    words = text.split()
    return {
        "bias": 1.0,
        "apart": float(apart),
        "length": math.log(length / _LEAST_TEXT),
        # A writer who fills lines breaks one only when the next word does not fit.
        "room for the next word": room,
        "room among filled lines": room * share**2,
        "next word does not fit": float(room == 0),
        "width of the text": math.log(width / length),
        "next line is filled": text_width(written[0]) / width,
        "filled lines": share,
        "lines between": float(body),
        "ends with a call": float(_calls(text)),
        "sentence inside": float(bool(re.search(r"[^\W\d_]{3,}[.!?] \w|[。！？]\S", text))),
        "citation": float(bool(_YEAR_IN_BRACKETS.search(text))),
        "next line begins small": float(first.islower()),
        "begins small": float(text[:1].islower()),
        "capitals": float(text.isupper()),
        "words in title case": sum(word[:1].isupper() for word in words[1:]) / max(1, len(words) - 1),
        "comma": float(any(sign in text for sign in ",，、;；")),
    }


def text_width(line: str) -> int:
    """Return the length of a line; a character of a script without spaces counts twice."""
    return len(line) if line.isascii() or not _UNSPACED.search(line) else 2 * len(line)


def score(found: dict[str, float], layout: str) -> float:
    """Return the log-odds that a line is a headline, less the least that is asked.

    layout: `blank` where a blank line follows, else `at_once`.
    """
    weights = _weights()[layout]
    return sum(weights[name] * value for name, value in found.items()) - weights["least"]


@cache
def _weights() -> dict[str, dict[str, float]]:
    return read_toml("title_weights.toml")
