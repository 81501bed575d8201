"""Which encoding a text gives away by what is garbled in it: the lines and runs that it explains are its witnesses.

Promise: an encoding is named only for lines or runs that look garbled (by ftfy's badness, or as no word looks), or
for so many whole sequences of UTF-8 that chance is out of the question. Of encodings that explain as much, the one
whose reading is more plausible is named; of those that read alike, the more common culprit.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ftfy.badness import is_bad

from flows.text.mending.fastpath import looks_encoded_twice
from flows.text.mending.garbling import undo_line
from flows.text.mending.runs import fitting_runs, is_written
from flows.text.mending.sequences import ENCODINGS, RARER_ENCODINGS
from flows.text.mending.suspects import FOLLOWER, LEAD, LOST, OTHER_LETTER, SIGN_BEHIND

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from flows.text.mending.garbling import Undone
    from flows.text.mending.runs import Run

    Witness = tuple[str, Undone]

# So many characters of several bytes, each a valid sequence of UTF-8 and none left over, prove garbling alone:
# two neighbours of a clean text make a valid sequence less than one time in ten, and here all of them must.
PROOF: Final = 6
# ftfy too trusts single runs only of those that are not MacRoman or cp437, where `ƒã` makes a sequence: Ewe has it.
_TRUSTED_IN_RUNS: Final = frozenset(ENCODINGS) - {"macroman", "cp437", "cp850"}
_INSIDE_A_WORD: Final = re.compile(f"[a-z](?:[{LEAD}][{FOLLOWER}]|[{OTHER_LETTER}][{SIGN_BEHIND}])")
# A quote, a dash or a bullet in a text of other letters, read as cp866, KOI8, cp437 or cp850.
_QUOTED: Final = re.compile("(?<![Ѐ-ӿ])(?:тА[ЩШЬЭФУжв]|Б─[≥≤°²■⌠╕╒]|[ΓÔ]Ç[ÿó])(?![Ѐ-ӿ])")
_LOST_MARK: Final = re.compile("[{}][{}][{}]".format(*LOST))
# What windows-1252 has other characters for.
_C1: Final = re.compile("[\x80\x82-\x8c\x8e\x91-\x9c\x9e\x9f]")
_PLAIN_BEFORE: Final = re.compile("[A-Za-z]*$")
_PLAIN_BEHIND: Final = re.compile("[A-Za-z]*")
_WORD_CHARS: Final = 16
_SEVERAL: Final = 3
_BETWEEN_WORDS: Final = re.compile(r"[\0-/:-@\[-`{-\x7f\s]+")
# An encoding that explains less of what the best one explains is not its rival.
_RIVAL_SHARE: Final = 0.9
_COMPARED_CHARS: Final = 1000
_RANK: Final = {encoding: rank for rank, encoding in enumerate(ENCODINGS + RARER_ENCODINGS)}


def is_telling(line: str) -> bool:
    """Tell that a line may give an encoding away: it looks garbled, or begins to look like UTF-8 in one."""
    return not line.isascii() and (_looks_strange(line) or looks_encoded_twice(line) or is_bad(line))


def given_away_by_lines(lines: Iterable[str]) -> str | None:
    """Name the encoding that explains most of the garbled lines, each as a whole."""
    return choose(_line_witnesses(lines))


def given_away_by_runs(lines: Iterable[str], encodings: Iterable[str]) -> str | None:
    """Name the encoding of those given that explains most of the garbled runs within lines."""
    return choose(_run_witnesses(lines, tuple(encodings)))


def choose(witnesses: Iterable[Witness]) -> str | None:
    """Name the encoding with the most or, of rivals, the most plausible witnesses; None where there are none."""
    votes: Counter[str] = Counter()
    readings: defaultdict[str, str] = defaultdict(str)
    for encoding, undone in witnesses:
        # What no language writes may be a round within a round, but rather is the wrong encoding.
        votes[encoding] += undone.witnesses * (2 if is_written(undone.text) else 1)
        if len(readings[encoding]) < _COMPARED_CHARS:
            readings[encoding] += undone.text[:_COMPARED_CHARS]
    least = _RIVAL_SHARE * max(votes.values(), default=0)
    rivals = sorted((encoding for encoding in votes if votes[encoding] >= least), key=_RANK.__getitem__)
    if len({readings[encoding] for encoding in rivals}) > 1:
        from flows.text.languages.model import plausibility  # noqa: PLC0415 - a quarter of a second, and seldom needed

        return max(rivals, key=lambda encoding: plausibility(readings[encoding]))
    return rivals[0] if rivals else None


def _line_witnesses(lines: Iterable[str]) -> Iterator[Witness]:
    """Give the encodings that explain a line as a whole.

    A line that looks neither bad nor strange counts only where there are enough such lines to be a proof.
    """
    unproven: defaultdict[str, list[Undone]] = defaultdict(list)
    for line in lines:
        bad, strange = is_bad(line), _looks_strange(line)
        for encoding in ENCODINGS + RARER_ENCODINGS:
            undone = undo_line(line, encoding)
            if not undone or _is_latin_1_needlessly(line, encoding):
                continue
            good = not is_bad(undone.text) and is_written(undone.text)
            if encoding in ENCODINGS and (bad or (strange and good)):
                yield encoding, undone
            elif good:
                unproven[encoding].append(undone)
    yield from _proven(unproven)


def _run_witnesses(lines: Iterable[str], encodings: tuple[str, ...]) -> Iterator[Witness]:
    """Give the encodings that explain a run within a line that looks bad or strange, or enough runs to be a proof."""
    unproven: defaultdict[str, list[Undone]] = defaultdict(list)
    for line in lines:
        garbled = is_bad(line) or _looks_strange(line)
        for encoding in encodings:
            for run in fitting_runs(line, encoding):
                if _is_latin_1_needlessly(line, encoding):
                    continue
                undone = _in_its_word(run, line)
                marked = _INSIDE_A_WORD.match(line, run.start - 1) or _QUOTED.match(line, run.start)
                if garbled and (encoding in _TRUSTED_IN_RUNS or marked):
                    yield encoding, undone
                else:
                    unproven[encoding].append(undone)
    yield from _proven(unproven)


def _in_its_word(run: Run, line: str) -> Undone:
    """Put a run into the plain letters around it: `Ü` and `ö` read alike alone, but `fÜr` and `för` do not."""
    before = _PLAIN_BEFORE.search(line, max(0, run.start - _WORD_CHARS), run.start)
    behind = _PLAIN_BEHIND.match(line, run.stop, run.stop + _WORD_CHARS)
    assert before is not None
    assert behind is not None
    return replace(run.undone, text=f"{before[0]}{run.undone.text}{behind[0]} ")


def _proven(unproven: dict[str, list[Undone]]) -> Iterator[Witness]:
    for encoding, many in unproven.items():
        if is_proof(undone.text for undone in many):
            yield from ((encoding, undone) for undone in many)


def is_proof(readings: Iterable[str]) -> bool:
    """Tell that readings have so many characters of several bytes that chance is out of the question.

    They must be of several words: one of Thai that happens to be such a sequence may come in every line.
    """
    words = [word for reading in readings for word in _BETWEEN_WORDS.split(reading) if not word.isascii()]
    different = set(words)
    return _count_foreign(words if len(different) >= _SEVERAL else different) >= PROOF


def _count_foreign(words: Iterable[str]) -> int:
    return sum(not char.isascii() for word in words for char in word)


def _looks_strange(line: str) -> bool:
    """Tell that a line holds what no word does, in ways that ftfy's badness leaves out."""
    return bool(_INSIDE_A_WORD.search(line) or _LOST_MARK.search(line))


def _is_latin_1_needlessly(line: str, encoding: str) -> bool:
    """Tell that windows-1252 says the same of a line, so that one name does for the lines of a text."""
    return encoding == "latin-1" and not _C1.search(line)
