"""Which charset a file is in, once it is known not to be Unicode: every reading weighed, the best first.

1. A sample: the words that have bytes beyond ASCII, so that all evidence lies where readings differ.
2. A glance at every reading that is not the same text as another: most are out.
3. The rest in full: letters, signs, cases, scripts, ideographs (`evidence.py`), and how common the charset is.

Promised: bounded work however large the file is, but for one pass over its bytes. Not promised: a reading
that fits the whole file; the sample is all that is weighed.
"""

from __future__ import annotations

import codecs
import math
import unicodedata
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Final

import numpy as np

from flows.text.candidates import MultiByte, SingleByte, multi_byte, single_byte
from flows.text.evidence import background_of, codes_of, glance, log_likelihood

if TYPE_CHECKING:
    from flows.text.candidates import Script
    from flows.text.evidence import Codes

# How much of a file is looked at for words, and how many bytes of them are weighed in full and at a glance.
_LOOKED_AT: Final = 1 << 16
_SAMPLE: Final = 400
_GLANCE: Final = 160
# A word longer than this is cut (a line of Chinese is a word here).
_WORD: Final = 200
_LONG_WORD: Final = 24
_AROUND: Final = 10
_PLAIN_WORDS: Final = 300
# Readings that go on to be weighed in full: this many, unless a glance puts them this far behind.
_KEPT: Final = 6
_FAR_BEHIND: Final = 40.0
_COMMONEST: Final = "windows-1252"
# A character that the charset has no reading for.
_NO_READING: Final = -12.0
_MOST_WITHOUT_READING: Final = 0.02


_BEYOND: Final = bytes(range(0x80, 0x100))
# The letters of one text repeat each other: this many beyond ASCII count half as evidence.
_INDEPENDENT: Final = 100.0
# chardet is asked where the best reading has less than this share, and hears this much of the file. An opinion is
# the logarithm of a ratio, no less than this; this is for charsets that it does not know.
_SURE: Final = 0.97
_HEARD: Final = 4096
_LEAST_OPINION: Final = 0.135
_UNHEARD: Final = -0.5
_MOSTLY_ASCII: Final = ("latin", "vietnamese")
# In other scripts than Latin, most of a text's letters are beyond ASCII, unless it is markup: this many to one.
_MARKUP: Final = 10.0


@dataclass(frozen=True, slots=True)
class Reading:
    """A charset, how well its reading of the file does, and the charsets that read the file the same.

    likelihood, prior: of the sample's text, and of the charset for such a file (natural logarithms).
    score: both together, as far as evidence of one text can be counted as independent.
    """

    charset: SingleByte | MultiByte
    likelihood: float
    prior: float
    score: float
    same: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sample:
    """What is weighed of a file: `words` have bytes beyond ASCII, `plain` ones are ASCII letters only.

    ascii_to_beyond: how many bytes of the file are ASCII to each that is not.
    """

    words: bytes
    plain: bytes
    ascii_to_beyond: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """Every reading, the best first, and how many bytes beyond ASCII were weighed."""

    readings: tuple[Reading, ...]
    weighed_bytes: int


def judge(raw: bytes) -> Verdict:
    """Weigh every reading of bytes that are not Unicode; there is at least one."""
    sample = take_sample(raw)
    beyond = len(sample.words) - len(sample.words.translate(None, _BEYOND))
    weight = 1 / (1 + beyond / _INDEPENDENT)
    weighed = [*_weigh_single_byte(sample, _distinct(raw)), *_weigh_multi_byte(sample)]
    readings = [
        Reading(charset, likelihood, prior, prior + likelihood * weight, same)
        for charset, likelihood, prior, same in weighed
    ]
    readings.sort(key=lambda reading: -reading.score)
    best = readings[0].score
    if sum(math.exp(max(reading.score - best, -60.0)) for reading in readings) * _SURE > 1:
        readings = with_second_opinion(raw, readings)
    return Verdict(tuple(readings), beyond)


def with_second_opinion(raw: bytes, readings: list[Reading]) -> list[Reading]:
    """Let chardet's ranking speak where the evidence leaves a doubt: it knows languages that langdetect does not."""
    import chardet  # noqa: PLC0415 - only where there is a doubt

    confidences: dict[str, float] = {}
    for guess in chardet.detect_all(raw[:_HEARD], ignore_threshold=True):
        if guess["encoding"]:
            confidences.setdefault(codecs.lookup(guess["encoding"]).name, guess["confidence"])
    highest = max(confidences.values(), default=1.0)
    heard = []
    for reading in readings:
        opinion = _UNHEARD
        names = [name for name in map(_python_name, (reading.charset.name, *reading.same)) if name]
        if names:
            ratio = max(confidences.get(name, 0.0) for name in names) / highest
            opinion = math.log(max(ratio, _LEAST_OPINION))
        heard.append(replace(reading, score=reading.score + opinion))
    return sorted(heard, key=lambda reading: -reading.score)


@cache
def _python_name(name: str) -> str | None:
    for single in single_byte():
        if single.name == name:
            return codecs.lookup(single.codec).name if single.codec else None
    return next(codecs.lookup(multi.codecs[0]).name for multi in multi_byte() if multi.name == name)


def take_sample(raw: bytes) -> Sample:
    """Take the words with bytes beyond ASCII, from the file's beginning on, and later ones for bytes not yet seen."""
    tokens = raw[:_LOOKED_AT].split()
    words, size = [], 0
    dense = [token for token in tokens if not token.isascii()]
    for token in dense:
        if size >= _SAMPLE:
            break
        words.append(_cut(token))
        size += len(words[-1]) + 1
    seen = set(b"".join(words))
    for token in dense[len(words) :]:
        if not seen.issuperset(token):
            words.append(_cut(token))
            seen.update(token)
    plain = b" ".join([token for token in tokens[:_WORD] if token.isalpha()])[:_PLAIN_WORDS]
    looked_at = raw[:_LOOKED_AT]
    ascii_ = len(looked_at.translate(None, _BEYOND))
    return Sample(b" ".join(words), plain, ascii_ / max(1, len(looked_at) - ascii_))


def _cut(token: bytes) -> bytes:
    """Keep the part of a word that has bytes beyond ASCII: markup and addresses may be glued to it."""
    if len(token) <= _LONG_WORD:
        return token
    beyond = [place for place, code in enumerate(token) if code >= 0x80]
    start = max(0, beyond[0] - _AROUND)
    return token[start : min(beyond[-1] + _AROUND, start + _WORD)]


def _distinct(raw: bytes) -> bytes:
    """Give the bytes beyond ASCII that occur, each once."""
    return bytes(code for code in range(0x80, 0x100) if code in raw)


_Weighed = tuple[SingleByte | MultiByte, float, float, tuple[str, ...]]


def _weigh_single_byte(sample: Sample, distinct: bytes) -> list[_Weighed]:
    """Weigh the charsets of one byte a character: charset, likelihood, prior, and those that read the same."""
    same: dict[str, list[SingleByte]] = {}
    for charset in single_byte():
        same.setdefault(charset.decode(distinct), []).append(charset)
    groups = [sorted(group, key=lambda charset: -charset.log_prior) for group in same.values()]
    sparse = _of_sparse(sample)
    priors = {
        group[0].name: _log_sum([charset.log_prior for charset in group])
        + (0.0 if group[0].script in _MOSTLY_ASCII else sparse)
        for group in groups
    }
    likelihoods = _glance([group[0] for group in groups], sample)
    groups.sort(key=lambda group: -(likelihoods[group[0].name] + priors[group[0].name]))
    best = likelihoods[groups[0][0].name] + priors[groups[0][0].name]
    background = None
    weighed: list[_Weighed] = []
    for rank, (charset, *others) in enumerate(groups):
        behind = best - likelihoods[charset.name] - priors[charset.name]
        if (rank >= _KEPT or behind > _FAR_BEHIND) and (charset.name != _COMMONEST or behind > 4 * _FAR_BEHIND):
            continue
        if charset.script == "latin" and background is None:
            background = background_of(sample.plain)
        codes = _codes(charset, sample.words)
        likelihood = log_likelihood(codes, charset.script, background if charset.script == "latin" else None)
        weighed.append((charset, likelihood, priors[charset.name], tuple(other.name for other in others)))
    return weighed


def _glance(charsets: list[SingleByte], sample: Sample) -> dict[str, float]:
    """Give a rough likelihood of each reading, all of one script at once."""
    words = sample.words[:_GLANCE]
    by_script: dict[tuple[Script, int], list[tuple[str, Codes]]] = {}
    for charset in charsets:
        codes = _codes(charset, words)
        by_script.setdefault((charset.script, len(codes)), []).append((charset.name, codes))
    likelihoods: dict[str, float] = {}
    for (script, _), readings in by_script.items():
        values = glance(np.stack([codes for _, codes in readings]), script).tolist()
        likelihoods |= dict(zip([name for name, _ in readings], values, strict=True))
    return likelihoods


def _codes(charset: SingleByte, words: bytes) -> Codes:
    if charset.composes:
        return codes_of(unicodedata.normalize("NFC", charset.decode(words)))
    return charset.codes.take(np.frombuffer(words, np.uint8))


def _of_sparse(sample: Sample) -> float:
    """Weigh that a text of another script than Latin has so few letters of it."""
    return -2 * math.log1p(sample.ascii_to_beyond / _MARKUP)


def _weigh_multi_byte(sample: Sample) -> list[_Weighed]:
    weighed: list[_Weighed] = []
    for charset in multi_byte():
        text, unread = charset.decode(sample.words)
        if unread <= 1 + len(text) * _MOST_WITHOUT_READING:
            likelihood = log_likelihood(codes_of(text), "cjk") + _NO_READING * unread
            weighed.append((charset, likelihood, charset.log_prior + _of_sparse(sample), ()))
    return weighed


def _log_sum(logs: list[float]) -> float:
    top = max(logs)
    return top + math.log(sum(math.exp(log - top) for log in logs))
