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
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Final

from ftfy.badness import badness, is_bad

from flows.text.mending.controls import fix_c1_controls
from flows.text.mending.fastpath import blocks, look, looks_encoded_twice
from flows.text.mending.garbling import undo, undo_line
from flows.text.mending.misread import reread
from flows.text.mending.runs import undo_spans
from flows.text.mending.sequences import ENCODINGS, RARER_ENCODINGS
from flows.text.mending.witnesses import choose, given_away_by_lines, given_away_by_runs, is_proof, is_telling

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from flows.text.mending.garbling import Scope, Undoing, Undone

# Above this length a text is not tried in one piece: its lines are, which comes to the same and bounds the memory.
_WHOLE_CHARS: Final = 1_000_000
# So much of the lines that may tell is enough to tell in which encoding a text was read.
_EVIDENCE_CHARS: Final = 20_000
# Blanks, digits and signs of a text in another script than Latin make up less.
_MOST_ASCII: Final = 0.5

# A rarer encoding is believed where a text may have been misread otherwise if it explains so much of the lines.
_NEARLY_ALL: Final = 0.85

Mended = tuple[str, tuple[str, ...]]


def mend(text: str) -> Mended:
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
    mended = None
    if evidence:
        mended = _mend_whole(text, may_be_bad=bad) or _mend_lines(text, evidence)
    if not mended and (misread or (bad and _is_mostly_foreign(text))):
        mended = reread(text)
    if not mended and (bad or (misread and evidence)):
        mended = _mend_runs(text, evidence, doubtful=misread) or _mend_c1(text)
    return mended or (text, ())


def _is_mostly_foreign(text: str) -> bool:
    """Tell that a text is in letters beyond ASCII: of another script then, or of none."""
    return len(text.encode("ascii", "ignore")) < _MOST_ASCII * len(text)


def _mend_whole(text: str, *, may_be_bad: bool) -> Mended | None:
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


def _mend_lines(text: str, evidence: Iterable[str]) -> Mended | None:
    """Undo the encoding that most lines give away: in all lines that it explains, and in runs of the others."""
    encoding = given_away_by_lines(evidence)
    if not encoding:
        return None
    text, line_steps = mend_lines(text, encoding)
    text, span_steps = mend_spans(text, encoding)
    return text, line_steps + span_steps


def _mend_runs(text: str, evidence: Iterable[str], *, doubtful: bool) -> Mended | None:
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
    """Tell whether an encoding makes nearly all lines that look garbled look sound."""
    garbled = sound = 0
    for line in evidence:
        garbled += 1
        undone = undo_spans(line, encoding)
        sound += undone is not None and not is_telling(undone.text)
    return sound >= _NEARLY_ALL * garbled


def mend_lines(text: str, encoding: str) -> Mended:
    """Undo one encoding in every line that it explains as a whole."""
    return _mend_each(text, encoding, "lines:", undo_line)


def mend_spans(text: str, encoding: str) -> Mended:
    """Undo one encoding in every run of letters that it explains and that is garbled or fits the line so."""
    return _mend_each(text, encoding, "spans:", undo_spans)


def _mend_each(text: str, encoding: str, scope: Scope, undo_piece: Callable[[str, str], Undone | None]) -> Mended:
    ways: set[Undoing] = set()

    def undo_block(block: str) -> str:
        pieces = []
        for line in lines(block):
            undone = undo_piece(line, encoding)
            pieces.append(undone.text if undone else line)
            if undone:
                ways.add(undone.how)
        return "".join(pieces)

    mended = "".join(block if block.isascii() else undo_block(block) for block in blocks(text))
    return (mended, reduce(or_, ways).steps(scope)) if ways else (text, ())


def lines(block: str) -> list[str]:
    """Split at line feeds alone, which stay: other line ends are gone, and may yet come out of mojibake."""
    return re.findall(r"[^\n]*\n|[^\n]+", block)


def _mend_c1(text: str) -> Mended:
    """Read the C1 controls that are left as windows-1252; what even that does not know is lost."""
    mended = fix_c1_controls(text)
    return mended, ("apply:fix_c1_controls",) if mended != text else ()


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
