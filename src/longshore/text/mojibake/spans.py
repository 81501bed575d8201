"""Garbled runs within a line that is not garbled as a whole: which of them may be undone.

Promise: `undo_spans` changes only runs that are UTF-8's sequences in the encoding, that read well once undone, and
that fit their line: in scripts that it has, and without a change of script inside a word.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from ftfy.badness import is_bad

from longshore.text.mojibake.sequences import ENCODINGS, spans_of
from longshore.text.mojibake.undo import Undoing, Undone, undo

if TYPE_CHECKING:
    from collections.abc import Sequence

# How many rounds of garbling within garbling a run of letters may be under: each doubles its length.
_MOST_ROUNDS: Final = 8
# Signs that stand beside letters of any script, and the controls that one more round may read.
_SIGNS: Final = re.compile(
    # the two strokes that end sentences in all scripts of India,
    "[\x80-¿×÷\u0964\u0965\u2000-\u206f\u20a0-\u20cf\u2100-\u23ff\u2500-\u27bf\u3000-\u303f\ufe00-\ufe0f\ufeff\ufffd"
    "\U0001f000-\U0001faff]"
)
_MARKS: Final = re.compile("[\u0300-\u036f]+")
_PUNCTUATION: Final = re.compile("[\u2010-\u2027]*")
# Letters between U+0180 and U+02AF that a language is written with: African ones, Azerbaijani, Romanian, Vietnamese,
# Pinyin, Sami. The rest is for phoneticians, and a sign of the wrong encoding.
_WRITTEN: Final = re.compile("[ƁɓƆɔƉɖƊɗƎǝƏəƐɛƑƒƓɠƔɣƖɩƗɨƘƙƚƜɯƝɲƟɵƠơƤƥƩʃƬƭƮʈƯưƱʊƲʋƳƴƷʒǍ-ǜǤǥǦǧǨǩǪǫǬǭǮǯǰǸǹȘșȚțȞȟȦ-ȳɄʉɅʌ]")
_RARE: Final = "rare"
_SHORT: Final = 16


class Run(NamedTuple):
    """Where in a line a run stands, and what it is once undone."""

    start: int
    stop: int
    undone: Undone


def undo_spans(line: str, encoding: str) -> Undone | None:
    """Undo one encoding in the runs of a line that read well so and fit it."""
    runs = fitting_runs(line, encoding)
    if not runs:
        return None
    pieces: list[str] = []
    end, how = 0, Undoing(encoding)
    for start, stop, undone in runs:
        pieces += line[end:start], undone.text
        end = stop
        if undone.how != how:
            how = how | undone.how
    return Undone("".join(pieces) + line[end:], how, sum(run.undone.witnesses for run in runs))


def fitting_runs(line: str, encoding: str) -> list[Run]:
    """Find the runs of a line that read well once undone and fit it."""
    if line.isascii():
        return []
    runs = [
        Run(*run.span(), undone)
        for run in spans_of(encoding).finditer(line)
        if (undone := (_reading if len(run[0]) < _SHORT else _read)(run[0], encoding))
    ]
    if not runs:
        return []
    clean = _clean_letters(line, runs)
    scripts = _scripts_of(clean, line, runs)
    runs = [run for run in runs if _is_at_home(run, line, scripts)]
    return sorted(runs + _runs_with_a_blank(line, encoding, clean)) if runs else []


def _runs_with_a_blank(line: str, encoding: str, clean: set[str]) -> list[Run]:
    """Find where a no-break space, second byte of `à` and of itself, was made a blank; ftfy's rule for both.

    A word `à` keeps the blank behind it, which stands for two: `Ã la` was `à la`; of `Ã quele` it is `àquele`.
    Not in a line of Cyrillic, where the `В` that windows-1251 makes of the first byte is a word.
    """
    leads = bytes([0xC2, 0xC3]).decode(encoding)
    script = _script(leads[0])
    if script != "LATIN" and any(_script(char) == script for char in clean.difference(leads)):
        return []
    how = Undoing(encoding, ("restore_byte_a0",))
    return [
        Run(*match.span(), Undone("\xa0" if match[1] else "à" if match[2] else "à ", how, 1))
        for match in _blank_for_a0(encoding).finditer(line)
    ]


@cache
def _blank_for_a0(encoding: str) -> re.Pattern[str]:
    no_break_space, a_grave = (re.escape(bytes([lead]).decode(encoding)) for lead in (0xC2, 0xC3))
    return re.compile(f"({no_break_space}) |{a_grave} ((?= |quele|quela|quilo|s ))?")


def is_written(text: str) -> bool:
    """Return whether some language's writing has all the letters of a text."""
    return not any(_script(char) == _RARE for char in set(text) if char > "\x7f" and not _SIGNS.match(char))


def _read(run: str, encoding: str) -> Undone | None:
    """Undo a run, if what comes out looks good."""
    undone = undo(run, encoding, losses=False)
    return undone if undone and _ends_well(undone.text) else None


# A text has few different runs.
_reading = lru_cache(maxsize=1 << 12)(_read)


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


def _clean_letters(line: str, runs: Sequence[Run]) -> set[str]:
    """Return the characters of a line outside its runs."""
    clean, end = [], 0
    for start, stop, _ in runs:
        clean.append(line[end:start])
        end = stop
    return set("".join([*clean, line[end:]]))


def _scripts_of(clean: set[str], line: str, runs: Sequence[Run]) -> set[str]:
    """Name the scripts that are at home in a line: of its clean letters, and of two readings or more."""
    # A run of letters alone may be a clean word: in cp866 `раб` makes a sequence, of Samaritan.
    read = Counter(
        _script(char) for run in runs if not line[run.start : run.stop].isalpha() for char in set(run.undone.text)
    )
    scripts = {_script(char) for char in clean} | {script for script, count in read.items() if count > 1}
    return scripts - {_RARE}


@lru_cache(maxsize=1 << 12)
def _script(char: str) -> str:
    """Name a letter's script by the first word of its Unicode name; Latin only as far as languages write it."""
    if "\u0180" <= char <= "\u02af" and not _WRITTEN.match(char):
        return _RARE
    # Digits of Persian and Urdu are named EXTENDED ARABIC-INDIC, those of Arabic ARABIC-INDIC.
    return unicodedata.name(char, _RARE).removeprefix("EXTENDED ").replace("-", " ").split(" ", 1)[0]


def _is_at_home(run: Run, line: str, scripts: set[str]) -> bool:
    reading, garbled = run.undone.text, line[run.start : run.stop]
    # A run of letters alone that would be a sign may be part of a clean word, as `тел` in cp866 would be.
    if garbled.isalpha() and not any(map(str.isalpha, reading)) and not _PUNCTUATION.fullmatch(reading):
        return False
    marks = _MARKS.match(reading)
    if marks and marks.end() == len(reading):
        # A tone or an accent of its own (mɛ̀, o̱) stands on a letter, in any script.
        before = line[run.start - 1 : run.start]
        return before.isalpha() and (not garbled.isalpha() or (before.islower() and garbled[0].isupper()))
    if any(_script(char) not in scripts for char in reading if not _SIGNS.match(char) and not _MARKS.match(char)):
        return False
    joints = (line[run.start - 1 : run.start] + reading[0], reading[-1] + line[run.stop : run.stop + 1])
    return all(_script(joint[0]) == _script(joint[-1]) for joint in joints if joint.isalpha())
