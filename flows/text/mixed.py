"""UTF-8 that is damaged, and files of two encodings: lines of UTF-8 beside lines of a legacy charset.

Appending to a log from two programs, or pasting into an old file, gives such files. Read as one encoding they are
wrong throughout. Here every line is read as what it is: well-formed UTF-8 as UTF-8; a line with more bad bytes than
good sequences in the charset that fits all such lines best; and in the others each stray byte alone, as that
charset's character where it stands well there, else as U+FFFD.

Promised: well-formed sequences of the lines of UTF-8 are kept to the letter. Linear in the file's length.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from flows.text.candidates import SingleByte
from flows.text.evidence import codes_of, log_likelihood

if TYPE_CHECKING:
    from collections.abc import Callable

    from flows.text.judging import Verdict

_WELL_FORMED: Final = re.compile(
    rb"[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]{2}|\xed[\x80-\x9f][\x80-\xbf]"
    rb"|\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}|\xf4[\x80-\x8f][\x80-\xbf]{2}"
)
_STRAY: Final = re.compile("[\udc80-\udcff]+")
# A run of bad bytes longer than this is a sequence cut short, or worse: no character of one byte.
_LONGEST_STRAY: Final = 2
_AROUND: Final = 8
# Reading a stray byte must be better than this beside leaving it out.
_LEAST_GAIN: Final = -14.0


@dataclass(frozen=True, slots=True)
class Mixed:
    """A text of two encodings: the second one where a charset was found for it, and how much was not UTF-8."""

    text: str
    second: str | None
    bad_bytes: int


def count_well_formed(raw: bytes) -> tuple[int, int]:
    """Count the well-formed sequences of UTF-8 beyond ASCII, and the bytes beyond ASCII in none."""
    lengths = [len(sequence) for sequence in _WELL_FORMED.findall(raw)]
    beyond = len(raw) - len(raw.translate(None, bytes(range(0x80, 0x100))))
    return len(lengths), beyond - sum(lengths)


def read_mixed(raw: bytes, judge: Callable[[bytes], Verdict]) -> Mixed:
    """Read a file line by line, as UTF-8 or as the charset that `judge` finds for the lines that are not."""
    lines = raw.split(b"\n")
    texts: list[str | None] = []
    bad_lines: list[bytes] = []
    stray = 0
    for line in lines:
        try:
            texts.append(line.decode())
        except UnicodeDecodeError:
            good, bad = count_well_formed(line)
            stray += bad
            if good >= bad:
                texts.append(line.decode("utf-8", "surrogateescape"))
            else:
                texts.append(None)
                bad_lines.append(line)
    charset = judge(b"\n".join(bad_lines)).readings[0].charset if bad_lines else None
    if charset is not None:
        for number, text in enumerate(texts):
            if text is None:
                read = charset.decode(lines[number])
                texts[number] = read if isinstance(read, str) else read[0]
    text = "\n".join(text for text in texts if text is not None)
    if _STRAY.search(text):
        text, charset = _read_strays(text, charset)
    return Mixed(text, charset.name if charset else None, stray)


def _read_strays(text: str, charset: object) -> tuple[str, SingleByte | None]:
    """Read each stray byte as a character of one byte where that reads well, else as U+FFFD."""
    from flows.text.candidates import single_byte  # noqa: PLC0415

    latin = charset if isinstance(charset, SingleByte) else single_byte()[0]
    used = False

    def read(match: re.Match[str]) -> str:
        nonlocal used
        if len(match[0]) > _LONGEST_STRAY:
            return "\ufffd"
        here = latin.decode(match[0].encode("utf-8", "surrogateescape"))
        before = _STRAY.sub("", text[max(0, match.start() - _AROUND) : match.start()])
        after = _STRAY.sub("", text[match.end() : match.end() + _AROUND])
        if match.end() == len(text) and match[0] >= "\udcc2":
            return "\ufffd"
        gain = _likelihood(before + here + after, latin) - _likelihood(before + after, latin)
        if gain < _LEAST_GAIN:
            return "\ufffd"
        used = True
        return here

    return _STRAY.sub(read, text), latin if used else None


def _likelihood(text: str, charset: SingleByte) -> float:
    return log_likelihood(codes_of(text), charset.script)
