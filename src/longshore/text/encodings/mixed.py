"""UTF-8 that is damaged, and files of two encodings: lines of UTF-8 beside lines of a legacy charset.

Appending to a log from two programs, or pasting into an old file, gives such files. Read as one encoding they are
wrong throughout; here every line is read as what it is.

Damaged: nearly all sequences are well-formed. A line with more bad bytes than good sequences is read in the charset
that fits all such lines best; in other lines each stray byte alone, as that charset's character where it stands
well there, else as U+FFFD. A sequence that the end of the file cuts short is U+FFFD.
Two encodings: the file is legacy, but some of its lines are well-formed UTF-8 and read better so.

Promised: well-formed lines of a damaged file are kept exactly. Linear in the file's length, if no line is long
and full of bad bytes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from longshore.text.encodings.charsets import MultiByte, SingleByte, single_byte
from longshore.text.encodings.detect import judge
from longshore.text.encodings.evidence import codes_of, log_likelihood
from longshore.text.languages.plausibility import plausibility

if TYPE_CHECKING:
    from collections.abc import Iterable

_WELL_FORMED: Final = re.compile(
    rb"[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]{2}|\xed[\x80-\x9f][\x80-\xbf]"
    rb"|\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}|\xf4[\x80-\x8f][\x80-\xbf]{2}"
)
# Half of a surrogate pair, written as three bytes by old Java, JavaScript and MySQL.
_HALF_PAIR: Final = re.compile(rb"\xed[\xa0-\xbf][\x80-\xbf]")
_CUT_SHORT: Final = re.compile(rb"(?:[\xc2-\xdf]|[\xe0-\xef][\x80-\xbf]?|[\xf0-\xf4][\x80-\xbf]{0,2})\Z")
_BEYOND_ASCII: Final = bytes(range(0x80, 0x100))
_STRAY: Final = re.compile("[\udc80-\udcff]+")
# A run of bad bytes longer than this is a sequence cut short, or worse: no character of one byte.
_LONGEST_STRAY: Final = 2
_AROUND: Final = 8
# How much worse a text may be for reading a stray byte than for leaving it out.
_MOST_LOSS: Final = -14.0
# Of a single byte no charset can be told: it is a stray.
_FEWEST_TO_JUDGE: Final = 2
# Stray bytes beyond this many are U+FFFD: weighing each takes a tenth of a millisecond or two.
_READ_STRAYS: Final = 2000
# Lines are compared by their beginnings, at most this many.
_COMPARED_BYTES: Final = 400
_COMPARED_LINES: Final = 100
# A line with this many valid bytes in different sequences is not well-formed by chance, in any charset.
_NO_CHANCE: Final = 8
_FEWEST_OF_DOUBLE: Final = 3
_LINE_END: Final = re.compile("\r\n?|\n")


@dataclass(frozen=True, slots=True)
class Mixed:
    """A text of two encodings: the second one, where some of the text is in it, and how many bytes were not UTF-8."""

    text: str
    second: str | None
    bad_bytes: int


def count_well_formed(raw: bytes) -> tuple[int, int]:
    """Count the well-formed sequences of UTF-8 beyond ASCII, and the bytes beyond ASCII in none."""
    text = raw.decode("utf-8", "surrogateescape")
    bad = len(raw) - len(text.encode("utf-8", "ignore"))  # each is a surrogate, which UTF-8 cannot hold
    ascii_bytes = len(raw.translate(None, _BEYOND_ASCII))
    return len(text) - bad - ascii_bytes, bad


def without_cuts(raw: bytes) -> bytes:
    """Leave out what a program that writes UTF-8 damages: the last character, cut, and halves of surrogate pairs."""
    cut = _CUT_SHORT.search(raw, max(0, len(raw) - 4))
    kept = raw[: cut.start()] if cut else raw
    return _HALF_PAIR.sub(b"", kept) if 0xED in kept else kept


def is_likelier_utf_8(raw: bytes, charset: SingleByte | MultiByte) -> bool:
    """Compare a short text as UTF-8 that was cut with its best legacy reading, by how plausible each text is."""
    head = raw[:_COMPARED_BYTES]
    return plausibility(without_cuts(head).decode("utf-8", "ignore")) > plausibility(charset.decode(head))


def read_damaged(raw: bytes) -> Mixed:
    """Read UTF-8 that has some bad bytes, or some lines of another charset."""
    halves = _HALF_PAIR.findall(raw) if 0xED in raw else []
    raw = _HALF_PAIR.sub("\ufffd".encode(), raw) if halves else raw
    cut = _CUT_SHORT.search(raw, max(0, len(raw) - 4))
    text = (raw[: cut.start()] if cut else raw).decode("utf-8", "surrogateescape")
    spans, in_spans, bad_bytes = [], 0, 3 * len(halves) + (len(cut[0]) if cut else 0)
    for start, end in _lines_with_strays(text):
        line = text[start:end].encode("utf-8", "surrogateescape")
        good, bad = count_well_formed(line)
        bad_bytes += bad
        if bad > good:
            spans.append((start, end, line))
            in_spans += bad
    charset: SingleByte | MultiByte = single_byte()[0]
    second = None
    if in_spans >= _FEWEST_TO_JUDGE:
        charset = judge(b"".join([line for _, _, line in spans])).readings[0].charset
        second = charset.name
        text = _replaced(text, [(start, end, charset.decode(line)) for start, end, line in spans])
    if _STRAY.search(text):
        text, used = _read_strays(text, charset if isinstance(charset, SingleByte) else single_byte()[0])
        second = second or used
    return Mixed(text + ("\ufffd" if cut else ""), second, bad_bytes)


def read_lines_of_utf_8(raw: bytes, charset: SingleByte | MultiByte) -> Mixed | None:
    """Read the lines of a legacy file as UTF-8 that are well-formed and read better so; None where no line does."""
    lines = raw.splitlines(keepends=True)
    ours = _read_better(lines, [n for n, line in enumerate(lines) if not line.isascii() and _is_utf_8(line)], charset)
    if not ours:
        return None
    others = b"".join([line for number, line in enumerate(lines) if number not in ours])
    charset = judge(others).readings[0].charset
    text = "".join([line.decode() if number in ours else charset.decode(line) for number, line in enumerate(lines)])
    return Mixed(text, charset.name, len(others) - len(others.translate(None, _BEYOND_ASCII)))


def _read_better(lines: list[bytes], candidates: list[int], charset: SingleByte | MultiByte) -> set[int]:
    """Return the lines that read better as UTF-8; after this many comparisons the rest follow the majority."""
    # A fifth of the pairs of double bytes are well-formed too.
    fewest = _FEWEST_OF_DOUBLE if isinstance(charset, MultiByte) else 1
    verdicts: dict[bytes, bool] = {}
    undecided: list[int] = []
    ours: set[int] = set()
    for number in candidates:
        part = lines[number][:_COMPARED_BYTES]
        # How many bytes had to fall right, in sequences that differ.
        different = sum(len(sequence) - 1 for sequence in set(_WELL_FORMED.findall(part)))
        if different >= _NO_CHANCE:
            ours.add(number)
        elif different < fewest:
            continue
        elif part in verdicts or len(verdicts) < _COMPARED_LINES:
            if part not in verdicts:
                as_utf_8 = plausibility(part.decode("utf-8", "ignore"))
                verdicts[part] = as_utf_8 > plausibility(charset.decode(part))
            ours.update([number] if verdicts[part] else [])
        else:
            undecided.append(number)
    if sum(verdicts.values()) * 2 > len(verdicts):
        ours.update(undecided)
    return ours


def _lines_with_strays(text: str) -> list[tuple[int, int]]:
    """Return where the lines begin and end that have bytes of no well-formed sequence."""
    spans: list[tuple[int, int]] = []
    for match in _STRAY.finditer(text):
        done = spans[-1][1] if spans else 0
        if not spans or match.start() >= done:
            start = max(text.rfind(end, done, match.start()) for end in "\r\n")
            start = done if start < 0 else start + 1
            found = _LINE_END.search(text, match.end())
            spans.append((start, found.end() if found else len(text)))
    return spans


def _replaced(text: str, spans: list[tuple[int, int, str]]) -> str:
    parts: list[str] = []
    end = 0
    for start, stop, new in spans:
        parts += (text[end:start], new)
        end = stop
    return "".join([*parts, text[end:]])


def _is_utf_8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def _read_strays(text: str, charset: SingleByte) -> tuple[str, str | None]:
    """Read each stray byte as a character of one byte where that reads well, else as U+FFFD."""
    spans: list[tuple[int, int, str]] = []
    used = None
    for match in _STRAY.finditer(text):
        here = "\ufffd"
        if len(match[0]) <= _LONGEST_STRAY and len(spans) < _READ_STRAYS:
            read = charset.decode(match[0].encode("utf-8", "surrogateescape"))
            around = (text[max(0, match.start() - _AROUND) : match.start()], text[match.end() : match.end() + _AROUND])
            if _stands_well(read, around, charset):
                here, used = read, charset.name
        spans.append((match.start(), match.end(), here))
    return _replaced(text, spans), used


def _stands_well(read: str, around: Iterable[str], charset: SingleByte) -> bool:
    before, after = (_STRAY.sub("", part) for part in around)
    with_it, without = (codes_of(part) for part in (before + read + after, before + after))
    return log_likelihood(with_it, charset.script) - log_likelihood(without, charset.script) > _MOST_LOSS
