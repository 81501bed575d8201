"""Undo one round of UTF-8 mojibake: of a whole text, of some lines or of some words, in any of 21 encodings.

A piece is undone where it proves itself (all its bytes are UTF-8), from the largest piece to the smallest:

1. the whole text;
2. line by line: every line that is UTF-8 in the encoding for which most lines vote;
3. span by span in what is left: runs of letters that look bad alone or fit the letters around them;
4. at last the C1 controls that are left, read as windows-1252 as browsers do.

The evidence is ftfy's badness, or more complete UTF-8 sequences than chance explains. ftfy alone misses mojibake that
looks like ordinary letters, such as accents read as windows-1251.

Not promised: pieces that lost bytes stay as they are, or get U+FFFD where the loss is visible.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import replace
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Final

from ftfy.badness import badness, is_bad

from longshore.text.mojibake.controls import FIX_C1_CONTROLS
from longshore.text.mojibake.prefilter import blocks, char_class, may_be_mojibake_throughout
from longshore.text.mojibake.sequences import ENCODINGS, RARER_ENCODINGS
from longshore.text.mojibake.spans import find_spans, is_sound_as_it_is, is_written, undo_spans
from longshore.text.mojibake.undo import undo
from longshore.text.mojibake.wrong_charset import fix_wrong_charset

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from longshore.text.mojibake.prefilter import Diagnosis
    from longshore.text.mojibake.spans import Span
    from longshore.text.mojibake.undo import Scope, Undoing, Undone

Fixed = tuple[str, tuple[str, ...]]
"""A text, and the steps that made it."""
Vote = tuple[str, "Undone"]
"""An encoding, and a piece that is UTF-8 in it."""

_ALL_ENCODINGS: Final = ENCODINGS + RARER_ENCODINGS
_RANK: Final = {encoding: rank for rank, encoding in enumerate(_ALL_ENCODINGS)}
# This many multi-byte characters with nothing left over are a proof: two neighbours of a clean text make a valid
# sequence less than one time in ten, and here all of them must.
_PROOF: Final = 6
# Spans in MacRoman and cp437 need more evidence, as in ftfy: `ƒã` is a sequence there, and Ewe writes it.
_TRUSTED_IN_SPANS: Final = frozenset(ENCODINGS) - {"macroman", "cp437", "cp850"}
_INSIDE_A_WORD: Final = re.compile(
    "[a-z](?:[{LEAD}][{FOLLOWER}]|[{OTHER_LETTER}][{SIGN_BEHIND}])".format(
        **{name: char_class(name) for name in ("LEAD", "FOLLOWER", "OTHER_LETTER", "SIGN_BEHIND")}
    )
)
_LOST_CHAR: Final = re.compile("".join(f"[{char_class(f'LOST_{place}')}]" for place in (1, 2, 3)))
# A quote, a dash or a bullet in a text of other letters, read as cp866, KOI8, cp437 or cp850.
_QUOTE: Final = re.compile("(?<![Ѐ-ӿ])(?:тА[ЩШЬЭФУжв]|Б─[≥≤°²■⌠╕╒]|[ΓÔ]Ç[ÿó])(?![Ѐ-ӿ])")
# ™ № € → − ≤ ≥ as windows-1252 reads their bytes: no text has a low quote or a dagger inside a word.
_SYMBOL: Final = re.compile("â(?:„[¢–]|‚¬|†’|ˆ’|‰[¤¥])")
# What windows-1252 reads as other characters.
_C1: Final = re.compile("[\x80\x82-\x8c\x8e\x91-\x9c\x9e\x9f]")
_PLAIN_BEFORE: Final = re.compile("[A-Za-z]*$")
_PLAIN_BEHIND: Final = re.compile("[A-Za-z]*")
_BETWEEN_WORDS: Final = re.compile(r"[\0-/:-@\[-`{-\x7f\s]+")
_WORD_CHARS: Final = 16
_SEVERAL_WORDS: Final = 3
# An encoding with fewer votes than this share of the best one's is not its rival.
_RIVAL_SHARE: Final = 0.9
_COMPARED_CHARS: Final = 1000
# A longer text is not tried in one piece: its lines are, which comes to the same and bounds the memory.
_WHOLE_CHARS: Final = 1_000_000
# This many characters of suspicious lines are enough to find the encoding.
_EVIDENCE_CHARS: Final = 20_000
# In a text of another script than Latin, the share of ASCII (blanks, digits, signs) is below this.
_MOST_ASCII: Final = 0.5
# In a text that may have been misread otherwise, a rarer encoding must explain this share of the lines.
_NEARLY_ALL: Final = 0.85


def fix_mojibake(text: str, diagnosis: Diagnosis) -> Fixed:
    """Undo one round of mojibake; the same text and no steps if nothing is to undo."""
    evidence = _evidence(diagnosis)
    bad, misread = diagnosis.mojibake, diagnosis.misread
    fixed = None
    if evidence:
        fixed = _fix_whole(text, may_be_bad=bad) or _fix_lines_and_spans(text, evidence)
    if not fixed and (misread or (bad and _is_mostly_foreign(text))):
        fixed = fix_wrong_charset(text)
    if not fixed and (bad or (misread and evidence)):
        fixed = _fix_spans(text, evidence, may_be_misread=misread) or _fix_c1(text)
    return fixed or (text, ())


def _evidence(diagnosis: Diagnosis) -> list[str]:
    """Return the different lines that may show an encoding, up to a limit."""
    evidence: dict[str, None] = {}
    left = _EVIDENCE_CHARS
    for block in diagnosis.suspicious:
        if left <= 0:
            break
        found = dict.fromkeys(filter(_may_show_encoding, _lines(block)))
        evidence |= found
        left -= sum(map(len, found))
    return list(evidence)


def _may_show_encoding(line: str) -> bool:
    return not line.isascii() and (_looks_strange(line) or may_be_mojibake_throughout(line) or is_bad(line))


def _looks_strange(line: str) -> bool:
    """Return whether a line holds what no word does, in ways that ftfy's badness leaves out."""
    return bool(_INSIDE_A_WORD.search(line) or _LOST_CHAR.search(line) or _SYMBOL.search(line))


def _lines(block: str) -> list[str]:
    """Split after line feeds alone: other line ends are gone, and may yet come out of mojibake."""
    return re.findall(r"[^\n]*\n|[^\n]+", block)


def _is_mostly_foreign(text: str) -> bool:
    """Return whether most of a text is not ASCII: it is of another script then, or of none."""
    return len(text.encode("ascii", "ignore")) < _MOST_ASCII * len(text)


def _undo_line(line: str, encoding: str) -> Undone | None:
    """Undo one line as it stands; if it looks bad, also with its losses restored. Sound lines stay."""
    if line.isascii():
        return None
    undone = undo(line, encoding, losses=False) or (undo(line, encoding, losses=True) if is_bad(line) else None)
    return undone if undone and not is_sound_as_it_is(line, undone) else None


# --- votes ------------------------------------------------------------------------------------------------------------


def _elect(votes: Iterable[Vote]) -> str | None:
    """Return the encoding with the most votes or, of rivals, the most plausible reading; None without votes."""
    counts: Counter[str] = Counter()
    readings: defaultdict[str, str] = defaultdict(str)
    for encoding, undone in votes:
        # What no language writes may be a round within a round, but more likely the encoding is wrong.
        counts[encoding] += undone.sequences * (2 if is_written(undone.text) else 1)
        if len(readings[encoding]) < _COMPARED_CHARS:
            readings[encoding] += undone.text[:_COMPARED_CHARS]
    least = _RIVAL_SHARE * max(counts.values(), default=0)
    rivals = sorted((encoding for encoding in counts if counts[encoding] >= least), key=_RANK.__getitem__)
    if len({readings[encoding] for encoding in rivals}) > 1:
        from longshore.text.languages.plausibility import plausibility  # noqa: PLC0415 - a quarter of a second, and rarely needed

        return max(rivals, key=lambda encoding: plausibility(readings[encoding]))
    return rivals[0] if rivals else None


def _votes_of_lines(lines: Iterable[str]) -> Iterator[Vote]:
    """Yield the encodings that explain a line as a whole.

    A line that looks neither bad nor strange counts only if there are enough such lines for a proof.
    """
    unproven: defaultdict[str, list[Undone]] = defaultdict(list)
    for line in lines:
        bad, strange = is_bad(line), _looks_strange(line)
        for encoding in _ALL_ENCODINGS:
            undone = _undo_line(line, encoding)
            if not undone or _is_needless_latin_1(line, encoding):
                continue
            good = not is_bad(undone.text) and is_written(undone.text)
            if encoding in ENCODINGS and (bad or (strange and good)):
                yield encoding, undone
            elif good:
                unproven[encoding].append(undone)
    yield from _proven(unproven)


def _votes_of_spans(lines: Iterable[str], encodings: tuple[str, ...]) -> Iterator[Vote]:
    """Yield the encodings that explain a span of a line that looks bad or strange, or enough spans for a proof."""
    unproven: defaultdict[str, list[Undone]] = defaultdict(list)
    for line in lines:
        suspicious = is_bad(line) or _looks_strange(line)
        for encoding in encodings:
            for span in find_spans(line, encoding):
                if _is_needless_latin_1(line, encoding):
                    continue
                undone = _in_its_word(span, line)
                marked = _INSIDE_A_WORD.match(line, span.start - 1) or _QUOTE.match(line, span.start)
                if suspicious and (encoding in _TRUSTED_IN_SPANS or marked):
                    yield encoding, undone
                else:
                    unproven[encoding].append(undone)
    yield from _proven(unproven)


def _in_its_word(span: Span, line: str) -> Undone:
    """Put a span into the plain letters around it: `Ü` and `ö` are alike alone, but `fÜr` and `för` are not."""
    before = _PLAIN_BEFORE.search(line, max(0, span.start - _WORD_CHARS), span.start)
    behind = _PLAIN_BEHIND.match(line, span.stop, span.stop + _WORD_CHARS)
    assert before is not None
    assert behind is not None
    return replace(span.undone, text=f"{before[0]}{span.undone.text}{behind[0]} ")


def _proven(unproven: dict[str, list[Undone]]) -> Iterator[Vote]:
    for encoding, pieces in unproven.items():
        if _is_proof(undone.text for undone in pieces):
            yield from ((encoding, undone) for undone in pieces)


def _is_proof(readings: Iterable[str]) -> bool:
    """Return whether readings have more multi-byte characters than chance explains.

    They must be of several words: a Thai word that happens to be such a sequence may come in every line.
    """
    words = [word for reading in readings for word in _BETWEEN_WORDS.split(reading) if not word.isascii()]
    different = set(words)
    counted = words if len(different) >= _SEVERAL_WORDS else different
    return sum(not char.isascii() for word in counted for char in word) >= _PROOF


def _is_needless_latin_1(line: str, encoding: str) -> bool:
    """Return whether windows-1252 reads a line alike, so that one name does for all lines of a text."""
    return encoding == "latin-1" and not _C1.search(line)


# --- fixes ------------------------------------------------------------------------------------------------------------


def _fix_whole(text: str, *, may_be_bad: bool) -> Fixed | None:
    """Undo the encoding that explains the whole text, if it looks bad or has sequences enough."""
    if len(text) > _WHOLE_CHARS:
        return None
    bad = may_be_bad and is_bad(text)
    explained: dict[str, Undone] = {}
    for encoding in _ALL_ENCODINGS:
        undone = undo(text, encoding, losses=False) or (undo(text, encoding, losses=True) if bad else None)
        trusted = bad and encoding in ENCODINGS
        proven = undone and (trusted or (_is_proof([undone.text]) and not is_bad(undone.text)))
        if undone and proven and not is_sound_as_it_is(text, undone):
            explained[encoding] = undone
    chosen = _elect(explained.items())
    return (explained[chosen].text, explained[chosen].how.steps("")) if chosen else None


def _fix_lines_and_spans(text: str, evidence: Sequence[str]) -> Fixed | None:
    """Undo the encoding for which most lines vote, in all lines that it explains and in spans of the others."""
    encoding = _elect(_votes_of_lines(evidence))
    if not encoding:
        return None
    text, line_steps = _undo_each(text, encoding, "lines:", _undo_line)
    text, span_steps = _undo_each(text, encoding, "spans:", undo_spans)
    return text, line_steps + span_steps


def _fix_spans(text: str, evidence: Sequence[str], *, may_be_misread: bool) -> Fixed | None:
    """Undo the encoding for which most spans vote, if that removes a quarter of the badness.

    A text that may have been misread without UTF-8 has spans that happen to be sequences, the more so, the more
    encodings are tried: one of the rarer encodings must then explain nearly every line.
    """
    encoding = _elect(_votes_of_spans(evidence, _ALL_ENCODINGS))
    if may_be_misread and encoding in RARER_ENCODINGS and not _explains_lines(evidence, encoding):
        encoding = _elect(_votes_of_spans(evidence, ENCODINGS))
    if not encoding:
        return None
    before = "".join(evidence)
    after, _ = _undo_each(before, encoding, "spans:", undo_spans)
    return _undo_each(text, encoding, "spans:", undo_spans) if 4 * badness(after) <= 3 * badness(before) else None


def _explains_lines(evidence: Sequence[str], encoding: str) -> bool:
    """Return whether nearly all suspicious lines look sound once an encoding is undone in their spans."""
    undone = (undo_spans(line, encoding) for line in evidence)
    sound = sum(one is not None and not _may_show_encoding(one.text) for one in undone)
    return sound >= _NEARLY_ALL * len(evidence)


def _undo_each(text: str, encoding: str, scope: Scope, undo_piece: Callable[[str, str], Undone | None]) -> Fixed:
    """Undo one encoding in every line, or in the spans of every line, that it explains."""
    ways: set[Undoing] = set()

    def undo_block(block: str) -> str:
        pieces = []
        for line in _lines(block):
            undone = undo_piece(line, encoding)
            pieces.append(undone.text if undone else line)
            if undone:
                ways.add(undone.how)
        return "".join(pieces)

    fixed = "".join(block if block.isascii() else undo_block(block) for block in blocks(text))
    return (fixed, reduce(or_, ways).steps(scope)) if ways else (text, ())


def _fix_c1(text: str) -> Fixed:
    """Read the C1 controls that are left as windows-1252."""
    name, fix = FIX_C1_CONTROLS
    fixed = fix(text)
    return fixed, (name,) if fixed != text else ()


def replay_group(text: str, group: Sequence[str]) -> str:
    """Apply one group of steps of a plan: an `encode`, perhaps a `transcode`, and a `decode`, all of one scope.

    Raises ValueError if the text cannot be encoded or decoded so, LookupError for an unknown encoding.
    """
    scope, _, encoding = group[0].rpartition("encode:")
    if scope:
        by_lines = scope == "lines:"
        return _undo_each(text, encoding, "lines:" if by_lines else "spans:", _undo_line if by_lines else undo_spans)[0]
    decoding = group[-1].removeprefix("decode:")
    if not decoding.startswith("utf-8"):
        return text.encode(encoding).decode(decoding)
    undone = undo(text, encoding, losses=any(":restore" in step or ":replace" in step for step in group))
    if not undone or undone.how.steps("") != tuple(group):
        raise ValueError(f"The text does not hold what the steps {list(group)} of a plan undo.")
    return undone.text
