r"""Line ends, terminal escapes, control characters, surrogates and composition.

Promised: every function accepts any text, takes linear time, and changes nothing the second time. After `CONTROLS` a
text can be written as UTF-8, holds no control character but tab and line feed (except for C1 controls, which are clues
to mojibake), and no line end but `\n`.

Not promised: tabs, blanks, soft hyphens, joiners and direction marks stay; they are the author's.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from typing import Final

_SURROGATE_PAIR: Final = re.compile("[\ud800-\udbff][\udc00-\udfff]")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")

# The line ends of the Unicode newline guidelines (5.8) except NEL (see below). A vertical tab is Word's break inside a
# paragraph and a form feed ends a page: both separate words and may not simply vanish.
_LINE_ENDS: Final = ("\r\n", "\r", "\v", "\f", "\u2028", "\u2029")
# U+0085 is far more often the ellipsis of windows-1252 than NEL. It is NEL only if nothing else ends a line, no
# other C1 control is there, and no blank follows it, as one nearly always follows `…`.
_NOT_NEL: Final = re.compile("[\n\x80-\x84\x86-\x9f]|\x85[ \xa0]|[\xa0-\xf4]\x85")

# ECMA-48: control sequences, then strings that a terminal does not show (titles, links; limited to one line, so that a
# stray introducer does not remove a text), character set selections, single shifts and other pairs.
_ESCAPE: Final = re.compile(
    r"""
    \x1b (?: \[ [0-?]* [ -/]* [@-~]
           | [\]PX^_] [^\x07\x1b\n]* (?: \x07 | \x1b \\ )
           | [ -/]+ [0-~]
           | [0-~]
         )
    """,
    re.VERBOSE,
)
# Bold and underlined letters as nroff writes them: N, backspace, N.
_OVERSTRUCK: Final = re.compile("([^\n\x08])\x08(?=\\1)|_\x08(?=[^\n\x08])")
# ftfy's list (what Unicode TR 20 calls unsuitable in markup), without the line ends above.
_CONTROL: Final = re.compile("[\0-\x08\x0e-\x1f\x7f\u206a-\u206f\ufeff\ufff9-\ufffc]")

# Shorter pieces between NULs are no texts: something put the NULs into one.
_FEWEST_TEXTS: Final = 2
_SHORTEST_TEXT: Final = 4

_C1: Final = re.compile("[\x80\x82-\x8c\x8e\x91-\x9c\x9e\x9f]+")

# CPython sorts the marks on one letter by insertion, in quadratic time: 64 KB of marks take seconds, 64 MB
# a month. A run longer than this (no language has one, the stream-safe format allows 30) is sorted here first.
_LONG_RUN: Final = 64
# `re` does not count marks as letters or digits. A run of other signs only causes a closer check.
_LONG: Final = re.compile(rf"[^\w\s]{{{_LONG_RUN}}}")
_PIECE_CHARS: Final = 1 << 20
_ASCII: Final = re.compile("[\0-\x7f]")


def fix_surrogates(text: str) -> str:
    """Replace surrogate pairs by their characters and lone surrogates by U+FFFD, so that UTF-8 can encode the text."""
    if not _SURROGATE.search(text):
        return text
    paired = _SURROGATE_PAIR.sub(lambda pair: pair[0].encode("utf-16", "surrogatepass").decode("utf-16"), text)
    return _SURROGATE.sub("\ufffd", paired)


def fix_line_breaks(text: str) -> str:
    r"""Replace every line end by `\n`.

    >>> fix_line_breaks("a\r\nb\rc\u2028d\fe")
    'a\nb\nc\nd\ne'
    """
    for end in _LINE_ENDS:
        text = text.replace(end, "\n")
    if text.count("\x85") > 1 and not _NOT_NEL.search(text):
        return text.replace("\x85", "\n")
    return text


def remove_terminal_escapes(text: str) -> str:
    r"""Remove colours, titles, links and overstruck letters meant for a terminal.

    >>> remove_terminal_escapes("\x1b[1;31mred\x1b[0m, N\bNA\bA, _\bu")
    'red, NA, u'
    """
    if "\x1b" in text:
        text = _ESCAPE.sub("", text)
    if "\x08" in text:
        text = _OVERSTRUCK.sub("", text)
    return text


def separate_at_nul(text: str) -> str:
    r"""Replace NUL by a line feed where it ends each of several texts, as `find -print0` writes it.

    >>> separate_at_nul("pier.txt\0quay.txt\0"), separate_at_nul("qu\0ay")
    ('pier.txt\nquay.txt\n', 'qu\x00ay')
    """
    parts = text.split("\0")
    ended = parts if parts[-1].strip() else parts[:-1]
    if len(ended) < _FEWEST_TEXTS or min(len(part.strip()) for part in ended) < _SHORTEST_TEXT:
        return text
    return "\n".join(parts)


def remove_control_chars(text: str) -> str:
    """Remove control characters, byte order marks and object marks, which show nothing and break tools."""
    return _CONTROL.sub("", text)


def fix_c1_controls(text: str) -> str:
    r"""Read C1 controls as windows-1252; the five that it does not assign stay.

    Those five are left of a lost byte, and their value is the only clue to it.

    >>> fix_c1_controls("a\x93b\x94")
    'a“b”'
    """
    return _C1.sub(lambda run: run[0].encode("latin-1").decode("windows-1252"), text)


def compose(text: str) -> str:
    """Return the text in Unicode normal form C."""
    if unicodedata.is_normalized("NFC", text):
        return text
    return "".join(unicodedata.normalize("NFC", _sort_long_runs(piece)) for piece in _pieces(text))


def _pieces(text: str) -> Iterator[str]:
    """Cut a text before ASCII characters, which compose with nothing before them: normalising takes 16 bytes each."""
    start = 0
    while start < len(text):
        cut = _ASCII.search(text, start + _PIECE_CHARS)
        end = cut.start() if cut else len(text)
        yield text[start:end]
        start = end


def _sort_long_runs(text: str) -> str:
    """Sort the marks of long runs into canonical order, for which normalisation needs quadratic time."""
    if not _LONG.search(text):
        return text
    for char in set(text):
        apart = unicodedata.normalize("NFD", char)
        if apart != char and unicodedata.combining(char):
            text = text.replace(char, apart)
    ranks: dict[int, str] = {}
    for char in sorted(set(text)):
        rank = unicodedata.combining(char)
        if rank:
            ranks[rank] = ranks.get(rank, "") + char
    marks = re.compile(f"[{''.join(ranks.values())}]{{{_LONG_RUN},}}")
    others = [re.compile(f"[^{ranks[rank]}]+") for rank in sorted(ranks)]
    return marks.sub(lambda run: "".join(other.sub("", run[0]) for other in others), text) if ranks else text


Step = tuple[str, Callable[[str], str]]
"""The name of a step in a repair plan, and its function."""

FIX_SURROGATES: Final[Step] = ("apply:fix_surrogates", fix_surrogates)
FIX_LINE_BREAKS: Final[Step] = ("apply:fix_line_breaks", fix_line_breaks)
FIX_C1_CONTROLS: Final[Step] = ("apply:fix_c1_controls", fix_c1_controls)
COMPOSE: Final[Step] = ("normalize:NFC", compose)
CONTROLS: Final[tuple[Step, ...]] = (
    FIX_LINE_BREAKS,
    FIX_SURROGATES,
    ("apply:remove_terminal_escapes", remove_terminal_escapes),
    ("apply:separate_at_nul", separate_at_nul),
    ("apply:remove_control_chars", remove_control_chars),
)
"""The steps before any repair of mojibake, in this order: an escape is recognised by its control character."""
