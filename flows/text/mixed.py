"""UTF-8 that is damaged, and files of two encodings: lines of UTF-8 beside lines of a legacy charset.

Appending to a log from two programs, or pasting into an old file, gives such files. Read as one encoding they are
wrong throughout; here every line is read as what it is.

Damaged: nearly all sequences are well-formed. A line with more bad bytes than good sequences is read in the charset
that fits all such lines best; in other lines each stray byte alone, as that charset's character where it stands
well there, else as U+FFFD. A sequence that the end of the file cuts short is U+FFFD.
Two encodings: the file is legacy, but some of its lines are well-formed UTF-8 and read better so.

Promised: well-formed lines of a damaged file are kept to the letter. Linear in the file's length.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from flows.text.candidates import MultiByte, SingleByte, single_byte
from flows.text.evidence import codes_of, log_likelihood
from flows.text.judging import judge
from flows.text.model import plausibility

if TYPE_CHECKING:
    from collections.abc import Iterable

_WELL_FORMED: Final = re.compile(
    rb"[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]{2}|\xed[\x80-\x9f][\x80-\xbf]"
    rb"|\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}|\xf4[\x80-\x8f][\x80-\xbf]{2}"
)
_CUT_SHORT: Final = re.compile(rb"(?:[\xc2-\xdf]|[\xe0-\xef][\x80-\xbf]?|[\xf0-\xf4][\x80-\xbf]{0,2})\Z")
_BEYOND_ASCII: Final = bytes(range(0x80, 0x100))
_STRAY: Final = re.compile("[\udc80-\udcff]+")
# A run of bad bytes longer than this is a sequence cut short, or worse: no character of one byte.
_LONGEST_STRAY: Final = 2
_AROUND: Final = 8
# How much worse a text may be for reading a stray byte than for leaving it out.
_MOST_LOSS: Final = -14.0
_COMPARED: Final = 400


@dataclass(frozen=True, slots=True)
class Mixed:
    """A text of two encodings: the second one, where some of the text is in it, and how many bytes were not UTF-8."""

    text: str
    second: str | None
    bad_bytes: int


def count_well_formed(raw: bytes) -> tuple[int, int]:
    """Count the well-formed sequences of UTF-8 beyond ASCII, and the bytes beyond ASCII in none."""
    lengths = list(map(len, _WELL_FORMED.findall(raw)))
    return len(lengths), len(raw) - len(raw.translate(None, _BEYOND_ASCII)) - sum(lengths)


def read_damaged(raw: bytes) -> Mixed:
    """Read UTF-8 that has some bad bytes, or some lines of another charset."""
    cut = _CUT_SHORT.search(raw)
    end = "\ufffd" if cut else ""
    lines = (raw[: cut.start()] if cut else raw).splitlines(keepends=True)
    bad_lines, bad_bytes = [], len(cut[0]) if cut else 0
    for number, line in enumerate(lines):
        if not _is_utf_8(line):
            good, bad = count_well_formed(line)
            bad_bytes += bad
            if bad > good:
                bad_lines.append(number)
    charset = judge(b"".join([lines[number] for number in bad_lines])).readings[0].charset if bad_lines else None
    legacy = set(bad_lines)
    text = "".join(
        _read(charset, line) if charset and number in legacy else line.decode("utf-8", "surrogateescape")
        for number, line in enumerate(lines)
    )
    second = charset.name if charset else None
    if _STRAY.search(text):
        text, used = _read_strays(text, charset if isinstance(charset, SingleByte) else single_byte()[0])
        second = second or used
    return Mixed(text + end, second, bad_bytes)


def read_lines_of_utf_8(raw: bytes, charset: SingleByte | MultiByte) -> Mixed | None:
    """Read the lines of a legacy file as UTF-8 that are well-formed and read better so; None where no line does."""
    lines = raw.splitlines(keepends=True)
    candidates = [number for number, line in enumerate(lines) if not line.isascii() and _is_utf_8(line)]
    ours = {number for number in candidates if _reads_better(lines[number], charset)}
    if not ours:
        return None
    others = b"".join([line for number, line in enumerate(lines) if number not in ours])
    charset = judge(others).readings[0].charset
    text = "".join(line.decode() if number in ours else _read(charset, line) for number, line in enumerate(lines))
    return Mixed(text, charset.name, len(others) - len(others.translate(None, _BEYOND_ASCII)))


def _reads_better(line: bytes, charset: SingleByte | MultiByte) -> bool:
    part = line[:_COMPARED]
    return plausibility(part.decode("utf-8", "ignore")) > plausibility(_read(charset, part))


def _read(charset: SingleByte | MultiByte, line: bytes) -> str:
    return charset.decode(line) if isinstance(charset, SingleByte) else charset.decode(line)[0]


def _is_utf_8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def _read_strays(text: str, charset: SingleByte) -> tuple[str, str | None]:
    """Read each stray byte as a character of one byte where that reads well, else as U+FFFD."""
    parts: list[str] = []
    end, used = 0, None
    for match in _STRAY.finditer(text):
        here = "\ufffd"
        if len(match[0]) <= _LONGEST_STRAY:
            read = charset.decode(match[0].encode("utf-8", "surrogateescape"))
            around = (text[max(0, match.start() - _AROUND) : match.start()], text[match.end() : match.end() + _AROUND])
            if _stands_well(read, around, charset):
                here, used = read, charset.name
        parts += (text[end : match.start()], here)
        end = match.end()
    return "".join([*parts, text[end:]]), used


def _stands_well(read: str, around: Iterable[str], charset: SingleByte) -> bool:
    before, after = (_STRAY.sub("", part) for part in around)
    with_it, without = (codes_of(part) for part in (before + read + after, before + after))
    return log_likelihood(with_it, charset.script) - log_likelihood(without, charset.script) > _MOST_LOSS
