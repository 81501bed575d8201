"""Fix legacy text that was read in the wrong legacy encoding, without UTF-8: `Ïðèâåò`, `szõlõ`, `оПХБЕР`.

Promised: `fix_wrong_charset` returns the text that the same bytes make in another encoding if the language model finds
it so much better that chance is out of the question. Texts in languages unknown to the model stay as they are. No
library attempts this: the bytes alone cannot decide it, because every reading is valid.

The decision rests on the gain for each letter that changes (wrong letters cost some ten nats each, real words of an
unknown language far less), on the total gain, and on how well the new reading reads by itself.

Not promised: short texts. A lone word stays as it is.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import ftfy.bad_codecs

if TYPE_CHECKING:
    from collections.abc import Iterator

ftfy.bad_codecs.ok()  # registers the `sloppy-` encodings

_WESTERN: Final = "sloppy-windows-1252"
_CYRILLIC: Final = ("sloppy-windows-1251", "koi8-r", "koi8-u", "cp866", "iso-8859-5", "mac-cyrillic")
_OF_ONE_BYTE: Final = (
    *("sloppy-windows-1250", "iso-8859-2", "cp852", "sloppy-windows-1254", "sloppy-windows-1257", "iso-8859-15"),
    *("cp850", "cp437", "macroman", "sloppy-windows-1253", "iso-8859-7", "sloppy-windows-1255", "sloppy-windows-1256"),
    *("sloppy-cp874", *_CYRILLIC),
)
_OF_TWO_BYTES: Final = ("cp932", "euc-jp", "gb18030", "big5", "cp949")

# The encoding in which a text was read, and those that it may be in. Software without a label assumes its own
# country's encoding: nearly everything is read as Western, Western as everything, and the encodings of one script as
# each other.
MIX_UPS: Final[dict[str, tuple[str, ...]]] = {
    **dict.fromkeys((_WESTERN, "latin-1"), _OF_ONE_BYTE + _OF_TWO_BYTES),
    **dict.fromkeys(_CYRILLIC, (_WESTERN, *_CYRILLIC)),
    **dict.fromkeys(("cp437", "cp850"), (_WESTERN, "sloppy-windows-1250", "sloppy-windows-1251")),
    **dict.fromkeys(("sloppy-windows-1250", "iso-8859-2"), (_WESTERN, "cp852")),
    **dict.fromkeys(
        ("macroman", "sloppy-cp874", *(f"sloppy-windows-{page}" for page in range(1253, 1258))), (_WESTERN,)
    ),
}

_C1: Final = re.compile("[\x80\x82-\x8c\x8e\x91-\x9c\x9e\x9f]")
_MIXED: Final = re.compile("[a-z][\u0370-\u0eff]")
# A word as in the bytes: a no-break space may be half an ideograph.
_STRANGE_WORD: Final = re.compile(r"[^\0- ]*[^\0-\x7f][^\0- ]*")
# `ÓÓÓÓ` is one sound drawn out, and no more evidence than one letter.
_DRAWN_OUT: Final = re.compile(r"([^\W\d_])\1{2,}")
# Enough letters to be sure, few enough to score thirty readings in a few milliseconds.
_SAMPLED_CHARS: Final = 600
_CUT_ENDS: Final = 4

# Measured on real texts in 357 languages, sound and misread. No reading of sound text gains so much and reads well too:
# Icelandic as Turkish comes nearest, with a plausibility of -4.8; right readings have -2 to -3.5.
_GAIN_IN_ALL: Final = 40.0
_GAIN_PER_CHANGE: Final = 4.5
_GAIN_PER_CHANGE_OF_ALL: Final = 1.8  # where most letters change, wrong letters stand beside wrong ones
_EVEN: Final = 8.0  # closer readings differ in a letter or two: the more common mix-up wins
_LETTERS_AMONG_CHANGES: Final = 0.6
_FEWEST_WORDS: Final = 4
_LEAST_PLAUSIBILITY: Final = -3.8
_LEAST_WIDE_PLAUSIBILITY: Final = -4.3  # ideographs are many, so each is rarer
# Text in no language (nearly all accents, frames and signs) may become a language without a profile.
_NO_LANGUAGE: Final = -6.5
_LEAST_OF_UNKNOWN: Final = -4.6
_NEARLY_ALL: Final = 0.9


def fix_wrong_charset(text: str) -> tuple[str, tuple[str, ...]] | None:
    """Read the bytes of a text in the encoding that makes words of them; None if none clearly does."""
    sample = _sample(text)
    readings = list(_better_readings(sample))
    if not readings:
        return None
    most = max(gain for gain, *_ in readings) - _EVEN
    read_as, encoding = next((read_as, encoding) for gain, read_as, encoding in readings if gain >= most)
    try:
        return text.encode(read_as).decode(encoding), (f"encode:{read_as}", f"decode:{encoding}")
    except UnicodeError:
        return None


def _sample(text: str) -> str:
    """Return words with non-ASCII letters, from the beginning and from the middle."""
    words: dict[str, None] = {}
    for start in (0, len(text) // 2):
        length = 0
        for match in _STRANGE_WORD.finditer(text, start):
            words[_DRAWN_OUT.sub(r"\1", match[0][:_SAMPLED_CHARS])] = None
            length += len(match[0])
            if length > _SAMPLED_CHARS:
                break
    return " ".join(words)


def _better_readings(sample: str) -> Iterator[tuple[float, str, str]]:
    """Yield the readings of a sample that are clearly better: the gain, the encoding it was read in, the right one."""
    from longshore.text.languages.plausibility import plausibility  # noqa: PLC0415 - a quarter of a second, and few texts come here

    present = plausibility(sample)
    # No language mixes scripts within its words: a reading that ends that needs no other evidence.
    mixed = 2 * len(_MIXED.findall(sample)) > sum(char > "\x7f" for char in sample)
    for read_as, encodings in MIX_UPS.items():
        raw = _bytes_of(sample, read_as)
        for encoding in encodings if raw else ():
            reading = _reading(raw, encoding)
            if reading and reading != sample:
                gain = _gain(sample, reading, plausibility(reading) - present)
                if gain and (mixed or plausibility(reading) > _least_plausibility(sample, reading, present)):
                    yield gain, read_as, encoding


def _gain(sample: str, reading: str, difference: float) -> float:
    """Return the gain in nats of another reading; 0 if it is too little in total or for each change."""
    gain = difference * sum(char.isalpha() or char > "\x7f" for char in sample)
    if len(reading) == len(sample):
        changes = [new for old, new in zip(sample, reading, strict=True) if old != new]
        count = len(changes)
    else:
        changes = [char for char in reading if char > "\x7f"]
        count = sum(char > "\x7f" for char in sample)
    least = _GAIN_PER_CHANGE if 2 * count < sum(map(str.isalpha, sample)) else _GAIN_PER_CHANGE_OF_ALL
    enough = gain > _GAIN_IN_ALL and gain > least * count and _varies(changes, reading)
    return gain if enough and sum(map(str.isalpha, changes)) >= _LETTERS_AMONG_CHANGES * len(changes) else 0.0


def _varies(changes: list[str], reading: str) -> bool:
    """Return whether several letters changed, or one of one byte in several words: `ÃÃÃÃ` is no language."""
    one_letter = len(set(changes)) < 2
    return bool(changes) and not (one_letter and (changes[0] >= "\u1100" or reading.count(" ") < _FEWEST_WORDS))


def _least_plausibility(sample: str, reading: str, present: float) -> float:
    wide = sum(char >= "\u1100" for char in reading)
    if 2 * wide > len(reading):
        return _LEAST_WIDE_PLAUSIBILITY
    changed = sum(map(str.__ne__, sample, reading))
    from_nothing = present < _NO_LANGUAGE and changed > _NEARLY_ALL * sum(map(str.isalpha, reading))
    return _LEAST_OF_UNKNOWN if from_nothing else _LEAST_PLAUSIBILITY


def _bytes_of(sample: str, encoding: str) -> bytes:
    if encoding == "latin-1" and not _C1.search(sample):
        return b""  # windows-1252 gives the same
    try:
        return sample.encode(encoding)
    except UnicodeEncodeError:
        return b""


def _reading(raw: bytes, encoding: str) -> str:
    """Decode a sample; in two-byte encodings a cut word may end in half a character."""
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError:
        if encoding not in _OF_TWO_BYTES:
            return ""
    reading = raw.decode(encoding, "ignore")
    return reading if len(reading.encode(encoding)) > len(raw) - _CUT_ENDS else ""
