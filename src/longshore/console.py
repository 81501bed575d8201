"""Lines that fit a terminal: how many columns a text takes, a line cut to size, a table.

Promised: what comes from outside is escaped in a table, and a table is no wider than the terminal that it is printed
in. Where standard output is no terminal its lines are as long as they need, one a row, for `grep` and its kin. Not
promised: the columns of scripts that terminals themselves disagree about.
"""

from __future__ import annotations

import shutil
import sys
import textwrap
import unicodedata
from typing import TYPE_CHECKING, Final

from longshore.storage.names import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

# A cell is cut to this, but for one of the last column: that is a sentence.
_WIDEST_CELL: Final = 60
_NARROWEST_CELL: Final = 16
# A sentence in less room than this is a tower of words: it goes below its row instead.
_NARROWEST_SENTENCE: Final = 32
_GAP: Final = "  "
_BELOW: Final = " " * 4


def columns(text: str) -> int:
    """Give how many columns a text takes; ideographs take two, combining marks none.

    >>> columns("café"), columns("港の朝市")
    (4, 8)
    """
    return sum(map(_columns, text))


def clipped(line: str, width: int) -> str:
    """Cut a line to so many columns, with an ellipsis where something went.

    >>> clipped("The harbour was quiet.", 12)
    'The harbour…'
    """
    if columns(line) <= width:
        return line
    return f"{_beginning(line, width - 1)}…"


def cut_in_the_middle(text: str, width: int) -> str:
    """Cut a name to so many columns so that its beginning and its ending stay.

    >>> cut_in_the_middle("a-story-with-a-long-name.txt", 16)
    'a-story…name.txt'
    """
    if columns(text) <= width:
        return text
    return f"{_beginning(text, width // 2 - 1)}…{_beginning(text[::-1], width - width // 2)[::-1]}"


def table(head: Sequence[str], rows: Iterable[Sequence[str]], width: int | None = None) -> Iterator[str]:
    """Give the lines of a table; its last column may hold sentences, and a column that holds nothing is left out.

    Args:
        head: a word for each column.
        rows: a cell for each column; cells are escaped here.
        width: how many columns it may take; None: as many as the terminal has, any number where there is none.
    """
    if width is None and sys.stdout.isatty():
        width = shutil.get_terminal_size().columns
    cells = [[printable(cell) for cell in row] for row in rows]
    kept = [at for at in range(len(head)) if at == 0 or any(row[at] for row in cells)]
    lines = [[row[at] for at in kept] for row in (list(head), *cells)]
    sentences = [row.pop() if kept[-1] == len(head) - 1 else "" for row in lines]
    sizes = _sizes(lines, width)
    longest = max(map(columns, sentences))
    taken = sum(size + len(_GAP) for size in sizes)
    room = longest if width is None else width - taken
    beside = room >= min(_NARROWEST_SENTENCE, longest)
    for at, (row, sentence) in enumerate(zip(lines, sentences, strict=True)):
        line = _GAP.join(_padded(cut_in_the_middle(cell, size), size) for cell, size in zip(row, sizes, strict=True))
        if beside:
            first, *more = textwrap.wrap(sentence, room) if columns(sentence) > room else [sentence]
            yield f"{line}{_GAP}{first}".rstrip()
            yield from (" " * taken + part for part in more)
        else:
            yield line.rstrip()
            if at:
                yield from textwrap.wrap(sentence, width or taken, initial_indent=_BELOW, subsequent_indent=_BELOW)
        if at == 0:
            yield _GAP.join("-" * size for size in (*sizes, min(longest, room) if beside else 0) if size)


def _sizes(lines: list[list[str]], width: int | None) -> list[int]:
    """Give the width of each column but that of the sentences; the first, a name, makes room where need be."""
    sizes = [min(_WIDEST_CELL, max(map(columns, cells))) for cells in zip(*lines, strict=True)]
    if width is not None and sizes:
        spare = width - sum(size + len(_GAP) for size in sizes[1:])
        sizes[0] = min(sizes[0], max(_NARROWEST_CELL, spare))
    return sizes


def _padded(cell: str, size: int) -> str:
    return cell + " " * (size - columns(cell))


def _beginning(text: str, room: int) -> str:
    taken = 0
    for at, char in enumerate(text):
        taken += _columns(char)
        if taken > room:
            return text[:at]
    return text


def _columns(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1
