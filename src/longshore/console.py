"""Colours, tables, clipped lines and signs of life for a terminal.

Promised: text from outside is escaped in a table, and a table is no wider than the terminal it is printed in. If
standard output is not a terminal, each row is one line of any length, for `grep` and similar tools.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import sys
import textwrap
import threading
import time
from typing import TYPE_CHECKING, Final, TextIO

from longshore.storage.names import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

_GAP: Final = "  "
_SILENT_SECONDS: Final = 1.0
_FRAME_SECONDS: Final = 0.1
_NARROWEST_COLUMN: Final = 10
_NARROWEST_SENTENCE: Final = 30
# Before a sentence that stands below its row.
_BELOW: Final = "    "
# Bold and the few colours that show on light and dark grounds, in the shades that the owner of the terminal chose.
# Cells that say what became of a document.
_WORDS: Final = {"published": "green", "duplicate": "dim", "rejected": "red", "deferred": "yellow"}
_STYLES: Final = {"bold": "1", "heading": "1;4", "dim": "2", "red": "31", "green": "32", "yellow": "33"}


def has_colour(stream: TextIO) -> bool:
    """Return whether to write colours to a stream: it is a terminal that shows them, and `NO_COLOR` is unset."""
    if os.environ.get("NO_COLOR"):
        return False
    return stream.isatty() and os.environ.get("TERM") not in (None, "", "dumb")


def painted(text: str, style: str) -> str:
    r"""Return the text in a style for a stream that has colour.

    >>> painted("Options:", "bold")
    '\x1b[1mOptions:\x1b[0m'
    """
    return f"\x1b[{_STYLES[style]}m{text}\x1b[0m"


@contextlib.contextmanager
def waiting(what: str) -> Iterator[Callable[[str], None]]:
    """Show on standard error, if that is a terminal, what goes on and for how long, from the second second on.

    The block receives a function that prints a line above it.
    """
    stream = sys.stderr
    stopped, lock = threading.Event(), threading.Lock()

    def say(line: str) -> None:
        with lock:
            stream.write(f"{erase}{line}\n")
            stream.flush()

    def turn() -> None:
        began = time.monotonic()
        pause = _SILENT_SECONDS
        for frame in itertools.cycle(frames):
            if stopped.wait(pause):
                break
            pause = _FRAME_SECONDS
            with lock:
                stream.write(f"{erase}{frame} {what} … {time.monotonic() - began:.0f} s")
                stream.flush()
        if pause == _FRAME_SECONDS:
            stream.write(erase)
            stream.flush()

    shown = stream.isatty() and os.environ.get("TERM") not in (None, "", "dumb")
    erase = "\r\x1b[K" if shown else ""
    frames = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏" if (stream.encoding or "").lower().startswith("utf") else "|/-\\"
    thread = threading.Thread(target=turn, daemon=True)
    if shown:
        thread.start()
    try:
        yield say
    finally:
        stopped.set()
        if shown:
            thread.join()


def clipped(line: str, width: int) -> str:
    """Return a line cut to `width` terminal columns, with an ellipsis if something was cut.

    >>> clipped("The harbour was quiet.", 12)
    'The harbour…'
    """
    from rich.cells import cell_len, set_cell_size  # noqa: PLC0415 - only where a line may be too long

    return line if cell_len(line) <= width else f"{set_cell_size(line, width - 1).rstrip()}…"


def table(
    head: Sequence[str], rows: Iterable[Sequence[str]], width: int | None = None, *, every_column: bool = False
) -> Iterator[str]:
    """Yield the lines of a table without its empty columns; the last column may hold sentences.

    Args:
        head: the name of each column.
        rows: a cell for each column; cells are escaped here.
        width: in terminal columns; default: that of the terminal, unlimited if there is none.
        every_column: keep the empty columns.
    """
    if width is None and sys.stdout.isatty():
        width = shutil.get_terminal_size().columns
    cells = [[printable(cell) for cell in row] for row in rows]
    shown = [at for at in range(len(head)) if every_column or at == 0 or any(row[at] for row in cells)]
    names, cells = [head[at] for at in shown], [[row[at] for at in shown] for row in cells]
    return _unlimited(names, cells) if width is None else _fitted(names, cells, width)


def _unlimited(names: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    sizes = [max(map(len, column)) for column in zip(names, *rows, strict=True)]
    for row in (names, ["-" * size for size in sizes], *rows):
        yield _GAP.join(cell.ljust(size) for cell, size in zip(row, sizes, strict=True)).rstrip()


def _fitted(names: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> Iterator[str]:
    from rich.cells import cell_len  # noqa: PLC0415 - only where a table is drawn in a terminal

    sizes = [max(map(cell_len, column)) for column in zip(names, *rows, strict=True)]
    gaps = len(_GAP) * (len(names) - 1)
    left = width - sum(sizes[:-1]) - gaps
    if sizes[-1] <= left or left >= _NARROWEST_SENTENCE:
        return _drawn(names, rows, [*sizes[:-1], min(sizes[-1], left)])
    room_for_first = width - sum(sizes[1:-1]) - gaps
    if len(names) > 2 and room_for_first >= _NARROWEST_COLUMN:
        return _drawn(names, rows, [min(sizes[0], room_for_first), *sizes[1:-1]], width)
    return _folded(names, rows, width)


def _drawn(
    names: Sequence[str], rows: Sequence[Sequence[str]], sizes: Sequence[int], width: int | None = None
) -> Iterator[str]:
    """Yield the lines of a table with columns of these sizes; first and last cells are continued where too long.

    width: the last cells have no column and stand below their rows, in lines no wider than this.
    """
    from rich.cells import chop_cells, set_cell_size  # noqa: PLC0415 - only where a table is drawn in a terminal

    coloured = has_colour(sys.stdout)

    def line(row: Sequence[str]) -> str:
        padded = [set_cell_size(cell, size) for cell, size in zip(row, sizes, strict=False)]
        if coloured:
            padded = [painted(text, _WORDS[text.strip()]) if text.strip() in _WORDS else text for text in padded]
        return _GAP.join(padded).rstrip()

    def wrapped(sentence: str, room: int) -> list[str]:
        # A piece of wide characters takes twice as many columns as it has characters.
        return [part for piece in textwrap.wrap(sentence, room) for part in chop_cells(piece, room)] or [""]

    yield painted(line(names), "bold") if coloured else line(names)
    yield _GAP.join("-" * size for size in sizes)
    for *cells, last in rows:
        name = chop_cells(cells[0], sizes[0]) or [""] if cells else []
        if width is not None:
            yield line([name[0], *cells[1:]])
            yield from name[1:]
            yield from (_BELOW + piece for piece in wrapped(last, width - len(_BELOW)) if piece)
            continue
        for number, (first, piece) in enumerate(itertools.zip_longest(name, wrapped(last, sizes[-1]), fillvalue="")):
            middle = cells[1:] if number == 0 else [""] * (len(cells) - 1)
            yield line([first, *middle, piece] if cells else [piece])


def _folded(names: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> Iterator[str]:
    from rich.box import Box  # noqa: PLC0415 - 40 ms, only where a table is drawn in a terminal
    from rich.cells import cell_len  # noqa: PLC0415
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    rule_below_the_head = Box("    \n    \n -  \n    \n    \n    \n    \n    \n", ascii=True)
    drawn = Table(box=rule_below_the_head, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    for at, name in enumerate(names):
        longest = max([len(name), *(cell_len(row[at]) for row in rows)])
        # Long sentences wrap before long names do.
        least = min(longest, 2 * width // 5) if at == 0 else min(longest, _NARROWEST_COLUMN)
        drawn.add_column(name, overflow="fold", min_width=least)
    for row in rows:
        drawn.add_row(*(Text(cell, style=_WORDS.get(cell, "")) for cell in row))
    coloured = has_colour(sys.stdout)
    console = Console(width=width, force_terminal=coloured, color_system="standard" if coloured else None)
    with console.capture() as captured:
        console.print(drawn)
    yield from (line.rstrip() for line in captured.get().splitlines())
