"""Mojibake of UTF-8: garbled as a whole, in some lines or in some words, in any of 21 encodings, in many rounds.

Promise: `mend` gives the text of one round undone and the steps that did it, and nothing where nothing looks
garbled. A step is undone where it proves itself (all bytes are UTF-8), from the largest piece to the smallest:

1. the whole text, where it is garbled alike;
2. else line by line: every line that reads so in an encoding that some garbled line has given away;
3. else run by run within what is left: those that look garbled alone, or fit the letters around them;
4. at last the C1 controls that are left, read as windows-1252 as browsers do.

Evidence is ftfy's badness, or more complete UTF-8 sequences than chance explains: ftfy alone
misses what looks like ordinary letters, as accents read as windows-1251 do.

Not promised: pieces that lost bytes on the way stay as they are, or give U+FFFD where the loss is visible.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import replace
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Final

from ftfy.badness import badness, is_bad

from longshore.text.mojibake.controls import fix_c1_controls
from longshore.text.mojibake.prefilter import (
    FOLLOWER,
    LEAD,
    LOST,
    OTHER_LETTER,
    SIGN_BEHIND,
    blocks,
    look,
    looks_encoded_twice,
)
from longshore.text.mojibake.sequences import ENCODINGS, RARER_ENCODINGS
from longshore.text.mojibake.spans import fitting_runs, is_written, undo_spans
from longshore.text.mojibake.undo import undo, undo_line
from longshore.text.mojibake.wrong_charset import reread

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from longshore.text.mojibake.spans import Run
    from longshore.text.mojibake.undo import Scope, Undoing, Undone

    Witness = tuple[str, Undone]

# This many characters of several bytes, each a valid sequence of UTF-8 and none left over, prove garbling alone:
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
    """Return whether a line may give an encoding away: it looks garbled, or begins to look like UTF-8 in one."""
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
        from longshore.text.languages.plausibility import plausibility  # noqa: PLC0415 - a quarter of a second, and seldom needed

        return max(rivals, key=lambda encoding: plausibility(readings[encoding]))
    return rivals[0] if rivals else None


def _line_witnesses(lines: Iterable[str]) -> Iterator[Witness]:
    """Return the encodings that explain a line as a whole.

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
    """Return the encodings that explain a run within a line that looks bad or strange, or enough runs to be a proof."""
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
    """Return whether readings have more characters of several bytes than chance explains.

    They must be of several words: one of Thai that happens to be such a sequence may come in every line.
    """
    words = [word for reading in readings for word in _BETWEEN_WORDS.split(reading) if not word.isascii()]
    different = set(words)
    return _count_foreign(words if len(different) >= _SEVERAL else different) >= PROOF


def _count_foreign(words: Iterable[str]) -> int:
    return sum(not char.isascii() for word in words for char in word)


def _looks_strange(line: str) -> bool:
    """Return whether a line holds what no word does, in ways that ftfy's badness leaves out."""
    return bool(_INSIDE_A_WORD.search(line) or _LOST_MARK.search(line))


def _is_latin_1_needlessly(line: str, encoding: str) -> bool:
    """Return whether windows-1252 says the same of a line, so that one name does for the lines of a text."""
    return encoding == "latin-1" and not _C1.search(line)


# Above this length a text is not tried in one piece: its lines are, which comes to the same and bounds the memory.
_WHOLE_CHARS: Final = 1_000_000
# So much of the lines that may tell is enough to tell in which encoding a text was read.
_EVIDENCE_CHARS: Final = 20_000
# Blanks, digits and signs of a text in another script than Latin make up less.
_MOST_ASCII: Final = 0.5

# A rarer encoding is believed where a text may have been misread otherwise if it explains so much of the lines.
_NEARLY_ALL: Final = 0.85

Repaired = tuple[str, tuple[str, ...]]


def mend(text: str) -> Repaired:
    """Undo one round of garbling; the same text and no steps where there is nothing to undo."""
    bad = misread = False
    evidence: dict[str, None] = {}
    left = _EVIDENCE_CHARS
    for block in blocks(text):
        seen = look(block)
        bad, misread = bad or seen.garbled, misread or seen.misread
        if left > 0 and (seen.garbled or seen.misread or looks_encoded_twice(block)):
            telling = dict.fromkeys(filter(is_telling, lines(block)))
            evidence |= telling
            left -= sum(map(len, telling))
    repaired = None
    if evidence:
        repaired = _mend_whole(text, may_be_bad=bad) or _mend_lines(text, evidence)
    if not repaired and (misread or (bad and _is_mostly_foreign(text))):
        repaired = reread(text)
    if not repaired and (bad or (misread and evidence)):
        repaired = _mend_runs(text, evidence, doubtful=misread) or _mend_c1(text)
    return repaired or (text, ())


def _is_mostly_foreign(text: str) -> bool:
    """Return whether a text is in letters beyond ASCII: of another script then, or of none."""
    return len(text.encode("ascii", "ignore")) < _MOST_ASCII * len(text)


def _mend_whole(text: str, *, may_be_bad: bool) -> Repaired | None:
    """Undo the encoding that explains the whole text, where it looks garbled or has witnesses enough."""
    if len(text) > _WHOLE_CHARS:
        return None
    bad = may_be_bad and is_bad(text)
    explained: dict[str, Undone] = {}
    for encoding in ENCODINGS + RARER_ENCODINGS:
        undone = undo(text, encoding, losses=False) or (undo(text, encoding, losses=True) if bad else None)
        if undone and ((bad and encoding in ENCODINGS) or (is_proof([undone.text]) and not is_bad(undone.text))):
            explained[encoding] = undone
    chosen = choose(explained.items())
    return (explained[chosen].text, explained[chosen].how.steps("")) if chosen else None


def _mend_lines(text: str, evidence: Iterable[str]) -> Repaired | None:
    """Undo the encoding that most lines give away: in all lines that it explains, and in runs of the others."""
    encoding = given_away_by_lines(evidence)
    if not encoding:
        return None
    text, line_steps = mend_lines(text, encoding)
    text, span_steps = mend_spans(text, encoding)
    return text, line_steps + span_steps


def _mend_runs(text: str, evidence: Iterable[str], *, doubtful: bool) -> Repaired | None:
    """Undo the encoding that most runs within lines give away, if it mends a quarter of what looks bad.

    doubtful: whether the text may have been misread without UTF-8. Such a text has runs that happen to be sequences,
    the more so, the more encodings one tries: one of the rarer ones must then explain nearly every line.
    """
    encoding = given_away_by_runs(evidence, ENCODINGS + RARER_ENCODINGS)
    if doubtful and encoding in RARER_ENCODINGS and not _explains_lines(evidence, encoding):
        encoding = given_away_by_runs(evidence, ENCODINGS)
    if not encoding:
        return None
    before = "".join(evidence)
    after, _ = mend_spans(before, encoding)
    return mend_spans(text, encoding) if 4 * badness(after) <= 3 * badness(before) else None


def _explains_lines(evidence: Iterable[str], encoding: str) -> bool:
    """Return whether an encoding makes nearly all lines that look garbled look sound."""
    garbled = sound = 0
    for line in evidence:
        garbled += 1
        undone = undo_spans(line, encoding)
        sound += undone is not None and not is_telling(undone.text)
    return sound >= _NEARLY_ALL * garbled


def mend_lines(text: str, encoding: str) -> Repaired:
    """Undo one encoding in every line that it explains as a whole."""
    return _mend_each(text, encoding, "lines:", undo_line)


def mend_spans(text: str, encoding: str) -> Repaired:
    """Undo one encoding in every run of letters that it explains and that is garbled or fits the line so."""
    return _mend_each(text, encoding, "spans:", undo_spans)


def _mend_each(text: str, encoding: str, scope: Scope, undo_piece: Callable[[str, str], Undone | None]) -> Repaired:
    ways: set[Undoing] = set()

    def undo_block(block: str) -> str:
        pieces = []
        for line in lines(block):
            undone = undo_piece(line, encoding)
            pieces.append(undone.text if undone else line)
            if undone:
                ways.add(undone.how)
        return "".join(pieces)

    repaired = "".join(block if block.isascii() else undo_block(block) for block in blocks(text))
    return (repaired, reduce(or_, ways).steps(scope)) if ways else (text, ())


def lines(block: str) -> list[str]:
    """Split at line feeds alone, which stay: other line ends are gone, and may yet come out of mojibake."""
    return re.findall(r"[^\n]*\n|[^\n]+", block)


def _mend_c1(text: str) -> Repaired:
    """Read the C1 controls that are left as windows-1252; what even that does not know is lost."""
    repaired = fix_c1_controls(text)
    return repaired, ("apply:fix_c1_controls",) if repaired != text else ()


def redo(text: str, act: Sequence[str]) -> str:
    """Do one act of a receipt again: an `encode`, perhaps a `transcode`, and a `decode`, all of one scope.

    Raises ValueError where the text cannot be encoded or decoded so, LookupError where an encoding is not known.
    """
    scope, _, encoding = act[0].rpartition("encode:")
    if scope:
        return (mend_lines if scope == "lines:" else mend_spans)(text, encoding)[0]
    decoding = act[-1].removeprefix("decode:")
    if not decoding.startswith("utf-8"):
        return text.encode(encoding).decode(decoding)
    undone = undo(text, encoding, losses=any(":restore" in step or ":replace" in step for step in act))
    if not undone or undone.how.steps("") != tuple(act):
        raise ValueError(f"The text does not hold what the steps {list(act)} of a plan undo.")
    return undone.text
