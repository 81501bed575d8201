"""Which charset a file is in, once it is known not to be Unicode: every reading weighed, the best first.

1. A sample: the words that have bytes beyond ASCII, so that all evidence lies where readings differ.
2. A glance at every reading that is not the same text as another: most are out.
3. The rest in full: letters, signs, cases, scripts, ideographs (`evidence.py`), and how common the charset is.

Promised: bounded work however large the file is, but for one pass over its bytes. Not promised: a reading
that fits the whole file; the sample is all that is weighed.
"""

from __future__ import annotations

import math
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from flows.text.candidates import MultiByte, SingleByte, multi_byte, single_byte
from flows.text.evidence import codes_of, glance, log_likelihood, tongues_of

if TYPE_CHECKING:
    from flows.text.letters import Floats

# How much of a file is looked at for words, and how many bytes of them are weighed in full and at a glance.
_LOOKED_AT: Final = 1 << 16
_SAMPLE: Final = 700
_GLANCE: Final = 160
# A word longer than this is cut (a line of Chinese is a word here).
_WORD: Final = 200
_PLAIN_WORDS: Final = 300
# Readings that go on to be weighed in full: this many, unless a glance puts them this far behind.
_KEPT: Final = 6
_FAR_BEHIND: Final = 40.0
# A character that the charset has no reading for.
_NO_READING: Final = -12.0
_MOST_WITHOUT_READING: Final = 0.02


@dataclass(frozen=True, slots=True)
class Reading:
    """A charset, and how well its reading of the file does: ln(likelihood), and the charsets that read the same."""

    charset: SingleByte | MultiByte
    score: float
    same: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sample:
    """What is weighed of a file: `words` have bytes beyond ASCII, `plain` ones are ASCII letters only."""

    words: bytes
    plain: bytes


def judge(raw: bytes) -> list[Reading]:
    """Weigh every reading of bytes that are not Unicode; the best first, never empty."""
    sample = take_sample(raw)
    readings = [*_weigh_single_byte(sample, _distinct(raw)), *_weigh_multi_byte(sample)]
    return sorted(readings, key=lambda reading: -reading.score)


def take_sample(raw: bytes) -> Sample:
    """Take the words with bytes beyond ASCII, from the file's beginning on, and later ones for bytes not yet seen."""
    tokens = raw[:_LOOKED_AT].split()
    words, size = [], 0
    dense = [token for token in tokens if not token.isascii()]
    for token in dense:
        if size >= _SAMPLE:
            break
        words.append(token[:_WORD])
        size += len(words[-1]) + 1
    seen = set(b"".join(words))
    for token in dense[len(words) :]:
        if not seen.issuperset(token):
            words.append(token[:_WORD])
            seen.update(token)
    plain = b" ".join([token for token in tokens[:_WORD] if token.isalpha()])[:_PLAIN_WORDS]
    return Sample(b" ".join(words), plain)


def _distinct(raw: bytes) -> bytes:
    """Give the bytes beyond ASCII that occur, each once."""
    return bytes(code for code in range(0x80, 0x100) if code in raw)


def _weigh_single_byte(sample: Sample, distinct: bytes) -> list[Reading]:
    bytes_ = np.frombuffer(sample.words, np.uint8)
    same: dict[str, list[SingleByte]] = {}
    for charset in single_byte():
        same.setdefault(charset.decode(distinct), []).append(charset)
    groups = [sorted(group, key=lambda charset: -charset.log_prior) for group in same.values()]
    priors = {group[0].name: _log_sum([charset.log_prior for charset in group]) for group in groups}
    glances: list[tuple[float, list[SingleByte]]] = []
    for script in {group[0].script for group in groups}:
        those = [group for group in groups if group[0].script == script]
        codes = np.stack([group[0].codes for group in those])[:, bytes_[:_GLANCE]]
        for group, likelihood in zip(those, glance(codes, script).tolist(), strict=True):
            glances.append((likelihood + priors[group[0].name], group))
    glances.sort(key=lambda pair: -pair[0])
    best = max(likelihood for likelihood, group in glances if group[0].script != "vietnamese")
    tongues: Floats | None = None
    readings = []
    for rank, (likelihood, group) in enumerate(glances):
        charset = group[0]
        if charset.script == "vietnamese" or (rank < _KEPT and likelihood > best - _FAR_BEHIND):
            codes = charset.codes.take(bytes_)
            if charset.script == "vietnamese":
                codes = codes_of(unicodedata.normalize("NFC", charset.decode(sample.words)))
            elif charset.script == "latin" and tongues is None:
                tongues = tongues_of(sample.plain)
            score = log_likelihood(codes, charset.script, tongues if charset.script == "latin" else None)
            score += priors[charset.name]
            readings.append(Reading(charset, score, tuple(other.name for other in group[1:])))
    return readings


def _weigh_multi_byte(sample: Sample) -> list[Reading]:
    readings = []
    for charset in multi_byte():
        text, unread = charset.decode(sample.words)
        if unread <= 1 + len(text) * _MOST_WITHOUT_READING:
            score = log_likelihood(codes_of(text), "cjk") + charset.log_prior + _NO_READING * unread
            readings.append(Reading(charset, score))
    return readings


def _log_sum(logs: list[float]) -> float:
    top = max(logs)
    return top + math.log(sum(math.exp(log - top) for log in logs))
