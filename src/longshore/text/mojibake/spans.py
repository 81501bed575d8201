"""Spans of mojibake within a line that is not mojibake as a whole.

Promised: `undo_spans` changes only runs of characters that are UTF-8 sequences in the encoding, that read well once
undone, and that fit their line: in scripts that the line has, and without a change of script inside a word. What sound
text may hold too (`IRMÃ”`, `»Über`, `NESCAFÉ®`) is undone only if the language model finds the result better.
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

# A span may hold this many more rounds of mojibake; each doubles its length.
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
# Closing quotes and superscript signs after a word; other quotes close a word if their partner stands before it.
_CLOSING: Final = frozenset("”»›’'\"")
_PARTNERS: Final = {"“": "„", "‘": "‚", "«": "»", "‹": "›"}
_SUPERSCRIPTS: Final = frozenset("™®©°ªº¹²³")
_LATIN: Final = re.compile("[À-ÖØ-öø-ɏḀ-ỿ]")
_PHONETIC: Final = re.compile("[\u02b0-\u02ff]")
_LAST_WORD: Final = re.compile(r"[^\W\d_]*$")
_LONGEST_WORD: Final = 40
_SHORTEST_MARKED_WORD: Final = 3
# This many nats must be gained by undoing what sound text may hold. Measured: `più` gains 17 in Italian, `pasó` 7 in
# Spanish; for `irmã`, `campeã`, `alemã` in Portuguese, `đã` in Vietnamese the gain is below 2.
_LEAST_GAIN: Final = 5.0
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
    return sorted(spans + _spans_with_a_blank(line, encoding, clean)) if spans and not _is_sound(line, spans) else []


def is_sound_as_it_is(text: str, undone: Undone) -> bool:
    """Return whether sound text may hold every sequence of a text, and undoing them does not make it better."""
    runs = sequence_pattern(undone.how.encoding).finditer(text)
    if undone.how.transcodings:
        return any("\u2800" <= char <= "\u28ff" for char in undone.text)  # Braille made of a damaged bullet
    spans = []
    for run in runs:
        single = undo(run[0], undone.how.encoding, losses=False)
        if not single:
            return False
        spans.append(Span(*run.span(), single))
    return _is_sound(text, spans)


def _is_sound(text: str, spans: Sequence[Span]) -> bool:
    """Return whether sound text may hold all these spans and the language model does not prefer them undone."""
    if not all(_may_be_sound(text, span) for span in spans):
        return False
    from longshore.text.languages.plausibility import plausibility  # noqa: PLC0415 - a quarter of a second, and rarely needed

    for span in spans:
        if not span.undone.text.isalpha():
            continue  # the model knows letters only
        start = text.rfind("\n", 0, span.start) + 1
        end = text.find("\n", span.stop)
        before, behind = text[start : span.start], text[span.stop : end if end >= 0 else len(text)]
        letter = next(filter(str.isalpha, text[span.start : span.stop]))
        present, other = (f"{before}{middle}{behind}".lower() for middle in (letter, span.undone.text))
        if (plausibility(other) - plausibility(present)) * len(present) > _LEAST_GAIN:
            return False
    return True


def _may_be_sound(text: str, span: Span) -> bool:
    """Return whether a span may be a letter and a sign of sound text: a quote before a word, or a sign behind one."""
    pair = text[span.start : span.stop]
    if len(pair) != len("Ã®") or not _LATIN.search(pair):
        return False
    if _PHONETIC.fullmatch(span.undone.text) or not is_written(span.undone.text):
        return True
    before, behind = text[span.start - 1 : span.start], text[span.stop : span.stop + 1]
    if not pair[0].isalpha():  # any punctuation stands before a word
        return unicodedata.category(pair[0]).startswith("P") and not before.isalnum()
    return not behind.isalnum() and _may_end_so(text[max(0, span.start - _LONGEST_WORD) : span.start], *pair)


def _may_end_so(before: str, letter: str, sign: str) -> bool:
    """Return whether a closing quote or a superscript may stand behind a word in capitals that ends in a letter."""
    word = _LAST_WORD.search(before + letter)
    if not word or not word[0].isupper():
        return False
    if sign in _SUPERSCRIPTS:  # but `Â®` is the most frequent mojibake of all
        return letter != "Â" and len(word[0]) >= _SHORTEST_MARKED_WORD
    return sign in _CLOSING or _PARTNERS.get(sign, sign) in before


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
