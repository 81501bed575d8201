"""Is the first line of a body plainly its headline?

Promised: a headline is one short line of words set apart by a blank line from a longer text (or marked as a heading),
without the end of a sentence, and is no field, item, salutation, name of a file, row, or line of code.
Not promised: every headline. Where it is not plain there is no title.
"""

from __future__ import annotations

import re
from typing import Final

# Longer than the longest headlines of newspapers, in characters and words; scripts without spaces say more in less.
_MOST_CHARS: Final = 120
_MOST_WORDS: Final = 20
_MOST_CHARS_UNSPACED: Final = 50
# A text that goes on with less than this has no headline: it is a list, a poem's end, a note.
_LEAST_TEXT: Final = 60

_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")
_MARKED = re.compile(r"#{1,2}[ \t]+(?P<hash>\S.*?)[ \t]*#*$|=[ \t]+(?P<equals>\S.*?)(?:[ \t]+=)?$")
_UNDERLINE = re.compile(r"(?:={3,}|-{3,}|#{3,}|~{3,}|\*{3,})[ \t]*$")
# A headline ends with none of these.
_ENDS_OTHERWISE: Final = frozenset(".,;:!?…。，、；：！？।॥։؟؛·-–—=>{}|\\/&+")
_NOT_A_HEADLINE = re.compile(
    r"""[ \t]*(?:[-*+•·>|#{}\[\]<=~@$%^&\\/]|\d+[.)\]:]|[a-zA-Z][.)]\s|\(?[ivxIVX]+[.)])   # items, quotes, code, tables
      | [^:：]{1,30}[:：][\d\W年月日]+$                          # a field with a number
      | \S+\.[A-Za-z0-9]{1,5}$                                  # the name of a file
      | (?:dear|hi|hello|hallo|lieber?|sehr\ geehrte|cher|chère|bonjour|estimad[oa]|querid[oa]|gentile|car[oa]|beste
          |geachte|kære|kjære|hej|уважаем|здравствуйте|дорог|szanown|drog|vážen)\b""",
    re.VERBOSE | re.IGNORECASE,
)
# Columns, addresses, code.
_NOT_IN_HEADLINES: Final = frozenset("\t{}<>|\\@")
_LABEL = re.compile(
    r"(?:title|headline|subject|titel|titre|título|titolo|заголовок|標題|标题|题目|題名|제목)[ \t]*[:：][ \t]*",
    re.IGNORECASE,
)


def is_underline(line: str) -> bool:
    """Return whether a line makes the one above it a heading, as in Markdown and reST."""
    return line[:1] in "=-#~*" and _UNDERLINE.match(line) is not None


def headline(line: str, following: str, *, apart: bool) -> str | None:
    """Return the headline that a first line is, without its marks, or None where it is not plainly one.

    following: what stands after the line, from its line end on; the first few hundred characters are enough.
    apart: whether a date line has already set the line apart, so that no blank line need follow.

    >>> headline("Harbour reopens after storm", "\\n\\n" + "The harbour opened again on Monday. " * 3, apart=False)
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
    underline = rest.partition("\n")[0]
    if is_underline(underline) and len(underline.strip()) * 2 >= len(text):
        return None if text[-1] in _ENDS_OTHERWISE else text
    if match := _LABEL.match(text):
        text = text[match.end() :]
    if not _is_plain(text):
        return None
    if not apart and (rest.partition("\n")[0].strip() or line[:1] in " \t"):
        return None
    return text if apart or _goes_on(rest) else None


def _is_plain(text: str) -> bool:
    """Return whether a line is short, ends like no sentence, and is no item, field, row, address or code."""
    if text[-1:] in _ENDS_OTHERWISE or not _short(text) or _NOT_A_HEADLINE.match(text):
        return False
    return _NOT_IN_HEADLINES.isdisjoint(text) and "://" not in text and "   " not in text


def _short(text: str) -> bool:
    """Return whether a line is short enough, and more than a mark."""
    if not text.isascii() and _UNSPACED.search(text):
        return 4 <= len(text) <= _MOST_CHARS_UNSPACED
    words = text.split()
    return len(words) <= _MOST_WORDS and sum(map(str.isalpha, text)) * 2 > len(text) and any(len(w) > 2 for w in words)


def _goes_on(rest: str) -> bool:
    """Return whether a text follows that is more than the line: a paragraph with a sentence's length."""
    paragraph = rest.lstrip().partition("\n\n")[0]
    longest = max(map(len, paragraph.split("\n")))
    start = paragraph[:40]
    least = _LEAST_TEXT // 3 if not start.isascii() and _UNSPACED.search(start) else _LEAST_TEXT
    return longest >= least or (len(paragraph) >= 2 * least and longest >= least // 2)
