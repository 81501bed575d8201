"""Mojibake of UTF-8: garbled as a whole, in some lines or in some words, in any of 21 encodings, in many rounds.

Promise: `mend` gives the text of one round undone and the steps that did it, and nothing where nothing looks
garbled. A step is undone where it proves itself (all bytes are UTF-8), from the largest piece to the smallest:

1. the whole text, where it is garbled alike;
2. else line by line: every line that reads so in an encoding that some garbled line has given away;
3. else run by run within what is left: those that look garbled alone, or fit the letters around them;
4. at last the C1 controls that are left, read as windows-1252 as browsers do.

Evidence is ftfy's badness, or so many whole sequences of UTF-8 that chance is out of the question: ftfy alone
misses what looks like ordinary letters, as accents read as windows-1251 do.

Not promised: pieces that lost bytes on the way stay as they are, or give U+FFFD where the loss is visible.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from typing import TYPE_CHECKING, Final

from ftfy.badness import is_bad

from flows.text.controls import fix_c1_controls
from flows.text.fastpath import blocks, look, looks_encoded_twice
from flows.text.garbling import Undoing, Undone, undo, undo_line
from flows.text.misread import reread
from flows.text.sequences import ENCODINGS, RARER_ENCODINGS, spans_of
from flows.text.suspects import FOLLOWER, LEAD, LOST

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from flows.text.garbling import Scope

# So many characters of several bytes, each a valid sequence of UTF-8 and none left over, prove garbling alone:
# two neighbours of a clean text make a valid sequence less than one time in ten, and here all of them must.
_PROOF: Final = 6
# How many rounds of garbling within garbling a run of letters may be under: each doubles its length.
_MOST_ROUNDS: Final = 8
# Above this length a text is not tried in one piece: its lines are, which comes to the same and bounds the memory.
_WHOLE_CHARS: Final = 1_000_000
# ftfy too trusts single runs only of those that are not MacRoman or cp437, where `ƒã` makes a sequence: Ewe has it.
_TELLING_IN_RUNS: Final = tuple(encoding for encoding in ENCODINGS if encoding not in {"macroman", "cp437", "cp850"})
_INSIDE_A_WORD: Final = re.compile(f"[a-z][{LEAD}][{FOLLOWER}]")
_LOST_MARK: Final = re.compile("[{}][{}][{}]".format(*LOST))
# What windows-1252 has other characters for.
_C1: Final = re.compile("[\x80\x82-\x8c\x8e\x91-\x9c\x9e\x9f]")
# Common signs that fit between letters of any script.
_SIGNS: Final = re.compile(
    "[\xa0-¿×÷\u2000-\u206f\u20a0-\u20cf\u2100-\u2bff\ufe00-\ufe0f\ufeff\ufffd\U0001f000-\U0001faff]"
)

_RANK: Final = {encoding: rank for rank, encoding in enumerate(ENCODINGS + RARER_ENCODINGS)}

Mended = tuple[str, tuple[str, ...]]
_RARE: Final = "rare"


def mend(text: str) -> Mended:
    """Undo one round of garbling; the same text and no steps where there is nothing to undo."""
    looks = [(block, look(block)) for block in blocks(text)]
    bad = any(seen.garbled for _, seen in looks)
    suspects = [block for block, seen in looks if seen.garbled or looks_encoded_twice(block)]
    mended = None
    if suspects:
        mended = _mend_whole(text, may_be_bad=bad) or _mend_lines(text, suspects)
    if not mended and any(seen.misread for _, seen in looks):
        mended = reread(text)
    if not mended and bad:
        mended = _mend_runs(text, suspects) or _mend_c1(text)
    return mended or (text, ())


def _mend_whole(text: str, *, may_be_bad: bool) -> Mended | None:
    if len(text) > _WHOLE_CHARS:
        return None
    bad = may_be_bad and is_bad(text)
    for encoding in ENCODINGS + RARER_ENCODINGS:
        undone = undo(text, encoding, losses=False) or (undo(text, encoding, losses=True) if bad else None)
        if undone and ((bad and encoding in ENCODINGS) or _is_proof(undone)):
            return undone.text, undone.how.steps("")
    return None


def _is_proof(undone: Undone) -> bool:
    return undone.witnesses >= _PROOF and not is_bad(undone.text)


def _mend_lines(text: str, suspects: list[str]) -> Mended | None:
    """Undo the encoding that most lines give away: in all lines that it explains, and in runs of the others."""
    encoding = _given_away(_line_witnesses(_foreign_lines(suspects)))
    if not encoding:
        return None
    text, line_steps = mend_lines(text, encoding)
    text, span_steps = mend_spans(text, encoding)
    return text, line_steps + span_steps


def _mend_runs(text: str, suspects: list[str]) -> Mended | None:
    """Undo the encoding that most runs within lines give away."""
    encoding = _given_away(_run_witnesses(_foreign_lines(suspects)))
    return mend_spans(text, encoding) if encoding else None


def _foreign_lines(suspects: list[str]) -> set[str]:
    return {line for block in suspects for line in lines(block) if not line.isascii()}


def _given_away(witnesses: Iterator[tuple[str, int]]) -> str | None:
    """Name the encoding with most witnesses; of equals the one that is more often the culprit."""
    votes: Counter[str] = Counter()
    for encoding, count in witnesses:
        votes[encoding] += count
    return max(votes, key=lambda encoding: (votes[encoding], -_RANK[encoding]), default=None)


def _line_witnesses(suspects: set[str]) -> Iterator[tuple[str, int]]:
    """Give for every line that one encoding explains as a whole the encoding and its witnesses.

    A line that does not look bad counts only where its encoding has enough witnesses to be a proof.
    """
    unproven: Counter[str] = Counter()
    for line in suspects:
        bad, strange = is_bad(line), _looks_strange(line)
        for encoding in ENCODINGS + RARER_ENCODINGS:
            undone = undo_line(line, encoding)
            if not undone or _is_latin_1_needlessly(line, encoding):
                continue
            good = not is_bad(undone.text) and _is_written(undone.text)
            if encoding in ENCODINGS and (bad or (strange and good)):
                yield encoding, undone.witnesses
            elif good:
                unproven[encoding] += undone.witnesses
    yield from ((encoding, count) for encoding, count in unproven.items() if count >= _PROOF)


def _run_witnesses(suspects: set[str]) -> Iterator[tuple[str, int]]:
    """Give for every run that looks garbled even alone the encodings that explain it."""
    for line in suspects:
        if is_bad(line) or _looks_strange(line):
            for encoding in _TELLING_IN_RUNS:
                undone = undo_spans(line, encoding)
                if undone and not _is_latin_1_needlessly(line, encoding):
                    yield encoding, undone.witnesses


def _looks_strange(line: str) -> bool:
    """Tell that a line holds what no word does, in ways that ftfy's badness leaves out."""
    return bool(_INSIDE_A_WORD.search(line) or _LOST_MARK.search(line))


def _is_latin_1_needlessly(line: str, encoding: str) -> bool:
    """Tell that windows-1252 says the same of a line, so that one name does for the lines of a text."""
    return encoding == "latin-1" and not _C1.search(line)


def mend_lines(text: str, encoding: str) -> Mended:
    """Undo one encoding in every line that it explains as a whole."""
    return _mend_each(text, encoding, "lines:", undo_line)


def mend_spans(text: str, encoding: str) -> Mended:
    """Undo one encoding in every run of letters that it explains and that is garbled or fits the line so."""
    return _mend_each(text, encoding, "spans:", undo_spans)


def _mend_each(text: str, encoding: str, scope: Scope, undo_piece: Callable[[str, str], Undone | None]) -> Mended:
    pieces: list[str] = []
    how = None
    for block in blocks(text):
        if block.isascii():
            pieces.append(block)
            continue
        for line in lines(block):
            undone = undo_piece(line, encoding)
            if undone:
                how = how | undone.how if how else undone.how
            pieces.append(undone.text if undone else line)
    return ("".join(pieces), how.steps(scope)) if how else (text, ())


def lines(block: str) -> list[str]:
    """Split at line feeds alone, which stay: other line ends are gone, and may yet come out of mojibake."""
    return re.findall(r"[^\n]*\n|[^\n]+", block)


def undo_spans(line: str, encoding: str) -> Undone | None:
    """Undo one encoding in the runs of a line that look garbled or read better so."""
    if line.isascii():
        return None
    readings = {
        run.span(): undone
        for run in spans_of(encoding).finditer(line)
        if (undone := undo(run[0], encoding, losses=False)) and _ends_well(undone.text)
    }
    if not readings:
        return None
    scripts = _scripts_of(line, readings)
    pieces: list[str] = []
    end, how, witnesses = 0, Undoing(encoding), 0
    for (start, stop), undone in readings.items():
        if _is_at_home(undone.text, line[start - 1 : start], line[stop : stop + 1], scripts):
            pieces += line[end:start], undone.text
            end, how, witnesses = stop, how | undone.how, witnesses + undone.witnesses
    return Undone("".join(pieces) + line[end:], how, witnesses) if witnesses else None


def _ends_well(text: str) -> bool:
    """Tell that a reading looks good, perhaps after more rounds."""
    for _ in range(_MOST_ROUNDS):
        if not is_bad(text):
            return True
        undone = next(filter(None, (undo(text, encoding, losses=False) for encoding in ENCODINGS)), None)
        if not undone:
            return False
        text = undone.text
    return False


def _scripts_of(line: str, readings: dict[tuple[int, int], Undone]) -> set[str]:
    """Name the scripts that are at home in a line: of its clean letters, and of two readings or more."""
    clean, end = [], 0
    for start, stop in readings:
        clean.append(line[end:start])
        end = stop
    clean.append(line[end:])
    read = Counter(_script(char) for undone in readings.values() for char in set(undone.text))
    return {_script(char) for char in set("".join(clean))} | {script for script, count in read.items() if count > 1}


def _script(char: str) -> str:
    """Name a letter's script by the first word of its Unicode name; Latin only as far as languages write it."""
    if "\u0180" <= char <= "\u02af" and char not in "ƏəȘșȚțƠơƯư":
        return _RARE
    return unicodedata.name(char, _RARE).split(" ", 1)[0]


def _is_written(text: str) -> bool:
    """Tell that some language's writing has all the letters of a text."""
    return not any(_script(char) == _RARE for char in set(text) if char > "\x7f" and not _SIGNS.match(char))


def _is_at_home(reading: str, before: str, after: str, scripts: set[str]) -> bool:
    """Tell that a reading fits its line: scripts that the line has, and no change of script within a word."""
    if any(_script(char) not in scripts - {_RARE} for char in reading if not _SIGNS.match(char)):
        return False
    joints = ((before, reading[0]), (reading[-1], after))
    return all(_script(a) == _script(b) for a, b in joints if (a + b).isalpha() and a and b)


def _mend_c1(text: str) -> Mended:
    """Read the C1 controls that are left as windows-1252; what even that does not know is lost."""
    mended = fix_c1_controls(text)
    return mended, ("apply:fix_c1_controls",) if mended != text else ()


def redo(text: str, act: Sequence[str]) -> str:
    """Do one act of a receipt again: an `encode`, perhaps a `transcode`, and a `decode`, all of one scope.

    Raises ValueError where the text cannot be encoded or decoded so.
    """
    scope, _, encoding = act[0].rpartition("encode:")
    if scope:
        return (mend_lines if scope == "lines:" else mend_spans)(text, encoding)[0]
    decoding = act[-1].removeprefix("decode:")
    if not decoding.startswith("utf-8"):
        return text.encode(encoding).decode(decoding)
    undone = undo(text, encoding, losses=any(":restore" in step or ":replace" in step for step in act))
    if not undone or undone.how.steps("") != tuple(act):
        raise ValueError(f"The text does not hold what the plan's steps {list(act)} undo.")
    return undone.text
