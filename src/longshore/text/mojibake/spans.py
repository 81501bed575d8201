"""Spans of mojibake within a line that is not mojibake as a whole.

Promised: `undo_spans` changes only runs of characters that are UTF-8 sequences in the encoding, that read well once
undone, and that fit their line: in scripts that the line has, and without a change of script inside a word.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from ftfy.badness import is_bad

from longshore.text.mojibake.sequences import ENCODINGS, sequence_pattern
from longshore.text.mojibake.undo import Undoing, Undone, undo

if TYPE_CHECKING:
    from collections.abc import Sequence

# A span may hold so many more rounds of mojibake; each doubles its length.
_MOST_ROUNDS: Final = 8
# Signs that stand beside letters of any script, and the controls that another round may read.
_SIGNS: Final = re.compile(
    # U+0964 and U+0965 end sentences in all scripts of India.
    "[\x80-¿×÷\u0964\u0965\u2000-\u206f\u20a0-\u20cf\u2100-\u23ff\u2500-\u27bf\u3000-\u303f\ufe00-\ufe0f\ufeff\ufffd"
    "\U0001f000-\U0001faff]"
)
_MARKS: Final = re.compile("[\u0300-\u036f]+")
_PUNCTUATION: Final = re.compile("[\u2010-\u2027]*")
# Letters between U+0180 and U+02AF that languages are written with: in Africa, Azerbaijani, Romanian, Vietnamese,
# Pinyin, Sami. The others are phonetic, and a sign of the wrong encoding.
_WRITTEN: Final = re.compile("[ƁɓƆɔƉɖƊɗƎǝƏəƐɛƑƒƓɠƔɣƖɩƗɨƘƙƚƜɯƝɲƟɵƠơƤƥƩʃƬƭƮʈƯưƱʊƲʋƳƴƷʒǍ-ǜǤǥǦǧǨǩǪǫǬǭǮǯǰǸǹȘșȚțȞȟȦ-ȳɄʉɅʌ]")
_RARE: Final = "rare"
_SHORT: Final = 16


class Span(NamedTuple):
    """A run of mojibake in a line, and the undone text."""

    start: int
    stop: int
    undone: Undone


def undo_spans(line: str, encoding: str) -> Undone | None:
    """Undo one encoding in the spans of a line that read well so and fit it."""
    spans = find_spans(line, encoding)
    if not spans:
        return None
    pieces: list[str] = []
    end, how = 0, Undoing(encoding)
    for start, stop, undone in spans:
        pieces += line[end:start], undone.text
        end = stop
        if undone.how != how:
            how = how | undone.how
    return Undone("".join(pieces) + line[end:], how, sum(span.undone.sequences for span in spans))


def find_spans(line: str, encoding: str) -> list[Span]:
    """Return the spans of a line that read well once undone and fit it."""
    if line.isascii():
        return []
    spans = [
        Span(*run.span(), undone)
        for run in sequence_pattern(encoding).finditer(line)
        if (undone := (_cached_undo if len(run[0]) < _SHORT else _undo_if_good)(run[0], encoding))
    ]
    if not spans:
        return []
    clean = _chars_outside(line, spans)
    scripts = _scripts_of(clean, line, spans)
    spans = [span for span in spans if _fits(span, line, scripts)]
    return sorted(spans + _spans_with_a_blank(line, encoding, clean)) if spans else []


def _spans_with_a_blank(line: str, encoding: str, clean: set[str]) -> list[Span]:
    """Return where a no-break space, second byte of `à` and of itself, became a blank; ftfy's rule for both.

    A word `à` keeps the blank behind it, which stands for two: `Ã la` was `à la`, but `Ã quele` was `àquele`.
    Lines of Cyrillic have none: there the `В` that windows-1251 makes of the first byte is a word.
    """
    leads = bytes([0xC2, 0xC3]).decode(encoding)
    script = _script(leads[0])
    if script != "LATIN" and any(_script(char) == script for char in clean.difference(leads)):
        return []
    how = Undoing(encoding, ("restore_byte_a0",))
    return [
        Span(*match.span(), Undone("\xa0" if match[1] else "à" if match[2] else "à ", how, 1))
        for match in _blank_for_a0(encoding).finditer(line)
    ]


@cache
def _blank_for_a0(encoding: str) -> re.Pattern[str]:
    no_break_space, a_grave = (re.escape(bytes([lead]).decode(encoding)) for lead in (0xC2, 0xC3))
    return re.compile(f"({no_break_space}) |{a_grave} ((?= |quele|quela|quilo|s ))?")


def is_written(text: str) -> bool:
    """Return whether languages are written with all letters of a text."""
    return not any(_script(char) == _RARE for char in set(text) if char > "\x7f" and not _SIGNS.match(char))


def _undo_if_good(run: str, encoding: str) -> Undone | None:
    """Undo a run, if the result looks good."""
    undone = undo(run, encoding, losses=False)
    return undone if undone and _ends_well(undone.text) else None


# A text has few different runs.
_cached_undo = lru_cache(maxsize=1 << 12)(_undo_if_good)


def _ends_well(text: str) -> bool:
    """Return whether a reading looks good, perhaps after more rounds."""
    for _ in range(_MOST_ROUNDS):
        if not is_bad(text):
            return True
        undone = next(filter(None, (undo(text, encoding, losses=False) for encoding in ENCODINGS)), None)
        if not undone:
            return False
        text = undone.text
    return False


def _chars_outside(line: str, spans: Sequence[Span]) -> set[str]:
    """Return the characters of a line outside its spans."""
    clean, end = [], 0
    for start, stop, _ in spans:
        clean.append(line[end:start])
        end = stop
    return set("".join([*clean, line[end:]]))


def _scripts_of(clean: set[str], line: str, spans: Sequence[Span]) -> set[str]:
    """Return the scripts of a line: of its clean letters, and of two readings or more."""
    # A span of letters alone may be a clean word: in cp866 `раб` is a sequence, of Samaritan.
    read = Counter(
        _script(char) for span in spans if not line[span.start : span.stop].isalpha() for char in set(span.undone.text)
    )
    scripts = {_script(char) for char in clean} | {script for script, count in read.items() if count > 1}
    return scripts - {_RARE}


@lru_cache(maxsize=1 << 12)
def _script(char: str) -> str:
    """Return a letter's script, the first word of its Unicode name; Latin only as far as languages write it."""
    if "\u0180" <= char <= "\u02af" and not _WRITTEN.match(char):
        return _RARE
    # The digits of Persian and Urdu are EXTENDED ARABIC-INDIC, those of Arabic ARABIC-INDIC.
    return unicodedata.name(char, _RARE).removeprefix("EXTENDED ").replace("-", " ").split(" ", 1)[0]


def _fits(span: Span, line: str, scripts: set[str]) -> bool:
    reading, written = span.undone.text, line[span.start : span.stop]
    # Letters that would become a sign may be part of a clean word, as `тел` in cp866.
    if written.isalpha() and not any(map(str.isalpha, reading)) and not _PUNCTUATION.fullmatch(reading):
        return False
    marks = _MARKS.match(reading)
    if marks and marks.end() == len(reading):
        # A combining tone or accent (mɛ̀, o̱) stands on a letter, in any script.
        before = line[span.start - 1 : span.start]
        return before.isalpha() and (not written.isalpha() or (before.islower() and written[0].isupper()))
    if any(_script(char) not in scripts for char in reading if not _SIGNS.match(char) and not _MARKS.match(char)):
        return False
    joints = (line[span.start - 1 : span.start] + reading[0], reading[-1] + line[span.stop : span.stop + 1])
    return all(_script(joint[0]) == _script(joint[-1]) for joint in joints if joint.isalpha())
