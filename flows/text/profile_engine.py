"""The default engine: langdetect's profiles, and knowing what they do not know.

1. prose     addresses, code, hashes, markup and quoted mail headers do not vote (`prose.py`)
2. script    that of most letters; Han, Kana and Hangul decide by themselves (`script.py`)
3. scores    langdetect's profiles of the languages of that script (`script_model.py`)
4. und       where the text is unlike the language that fits it best
5. how sure  by length, lead and likeness, as measured (`language_calibration.py`)

A long text is judged by an even sample: by some 500 letters in eight places where all eight agree, by a clear lead, on
a language that the text is like; otherwise by up to 10,000 letters of its prose. So time and memory are bounded
however long a text is.
"""

from __future__ import annotations

import math
import operator
import unicodedata
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

import numpy as np

from flows.records import LanguageCandidate
from flows.text.language_calibration import (
    HAN_CONFIDENCE,
    KANA_OR_HANGUL_CONFIDENCE,
    LIKENESS,
    ONE_LANGUAGE_CONFIDENCE,
    RUNNER_UP_SHARE,
    WEIGHTS,
)
from flows.text.language_engine import Language
from flows.text.prose import CODE_SIGNS, prose
from flows.text.script import (
    CODE_LIMIT,
    EAST_ASIAN,
    NUMBERS,
    SCRIPTS,
    east_asian_language,
    letter_weights,
    script_numbers,
)
from flows.text.script_model import LANGUAGES, STEPS, script_model

if TYPE_CHECKING:
    import numpy.typing as npt

    Codes = npt.NDArray[np.integer]
    Counts = npt.NDArray[np.int64]
    Floats = npt.NDArray[np.float64]

# The quick look: how many places, of how many letters; and when it is believed: the lead in nats (a fair text of that
# length leads by a hundred and more), how unlike the language, how many letters to a sign of code, how much one script.
_QUICK_PIECES: Final = 8
_QUICK_SIZE: Final = 64
_QUICK_LEAD: Final = 40.0
_QUICK_UNLIKE: Final = 0.35
_QUICK_LETTERS_A_SIGN: Final = 40
_QUICK_ONE_SCRIPT: Final = 0.97
# The close look: 40 places, and what is left of each without markup and code. langdetect reads no more, but the front.
_CLOSE_PIECES: Final = 40
_CLOSE_SOURCE_SIZE: Final = 2_000
_CLOSE_SIZE: Final = 250
# A part is long enough to tell a language and short enough to find a paragraph. It is in another language than the
# whole only by this lead, in nats.
_PART: Final = 120
_PART_LEAD: Final = 12.0
# A second language is worth a word from this share of the letters on; a second script also from this many letters on.
_SECOND_SHARE: Final = 0.08
_SECOND_LETTERS: Final = 60.0
# Fewer letters say nothing. (An ideograph counts three.)
_FEWEST_LETTERS: Final = 2.0
# How much less likely than its own texts a text may be in a language: so many nats a triple, and more in short ones
# (over the root of their number). A script of one language has few others to be mistaken for it.
_UNLIKE: Final = 0.45
_UNLIKE_SHORT: Final = 6.0
_UNLIKE_ALONE: Final = 0.6
# Nor is a language named at odds below these, in a sentence and in a page. A word or two is never called foreign: there
# is too little to tell.
_LEAST_CONFIDENCE: Final = (0.1, 0.25)
_TRIPLES_TO_DOUBT: Final = 20
_TRIPLES_TO_KNOW: Final = 200
# From how many letters on a script alone is taken for its language without much doubt.
_LONG: Final = 40.0
# The lead where there is no second language.
_ALONE: Final = 1000.0

# A number for signs of code beside those of the scripts.
_CODE: Final = len(SCRIPTS)
# Written for one language only, though its profile is in another script.
_OWN_SCRIPT: Final = {"Tglg": ("tl",)}


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen of the parts of a text that are in one script and, it seems, in one language.

    ranking: the languages of the script by score, best first. letters: how many, as of an alphabet. lead: of the first
    language over the second, in nats. likeness: the mean log-probability of its triples; triples: how many there are.
    """

    script: str
    letters: float
    ranking: tuple[str, ...] = ()
    lead: float = 0.0
    likeness: float = 0.0
    triples: int = 0

    @property
    def unlike(self) -> float:
        """How far the likeness is below that of the language's own texts; 0.0 where nothing is known of those."""
        return LIKENESS.get(self.ranking[0], self.likeness) - self.likeness if self.triples else 0.0

    @property
    def is_foreign(self) -> bool:
        """Whether no language that is known fits."""
        if not self.ranking:
            return True
        if self.triples < _TRIPLES_TO_DOUBT:
            return False
        slack = _UNLIKE if self.has_rivals else _UNLIKE + _UNLIKE_ALONE
        least = _LEAST_CONFIDENCE[self.triples >= _TRIPLES_TO_KNOW]
        return self.unlike > slack + _UNLIKE_SHORT / math.sqrt(self.triples) or self.confidence < least

    @property
    def confidence(self) -> float:
        """The chance that the first of the ranking is right."""
        if self.script.startswith("Han"):
            return HAN_CONFIDENCE[self.letters >= _LONG]
        if self.script in ("Jpan", "Kore"):
            return KANA_OR_HANGUL_CONFIDENCE[self.letters >= _LONG]
        if not self.has_rivals:
            return ONE_LANGUAGE_CONFIDENCE[self.letters >= _LONG]
        return 1 / (1 + math.exp(-sum(map(operator.mul, WEIGHTS, self.features))))

    @property
    def has_rivals(self) -> bool:
        """Whether the script has other languages that are known."""
        return len(self.ranking) > 1

    @property
    def features(self) -> tuple[float, ...]:
        """What the confidence is fitted on."""
        lead, length, likeness = math.log1p(self.lead), math.log1p(self.triples), -min(max(self.unlike, -0.3), 2.5)
        return 1.0, lead, length, likeness, likeness * length, lead * length


class ProfileEngine:
    """langdetect's model, scored exactly, with `und` where it does not apply."""

    def detect(self, text: str) -> Language:
        """Tell the language of a text, or `und`."""
        looks = look_quickly(text) or look_closely(text)
        letters = sum(look.letters for look in looks)
        if not looks:
            return Language("und", None, 0.0)
        first = max(looks, key=lambda look: look.letters * look.confidence)
        candidates = _candidates(looks)
        foreign = sum(look.letters for look in looks if look.is_foreign)
        if letters < _FEWEST_LETTERS or foreign * 2 > letters or first.is_foreign:
            return Language("und", looks[0].script, 0.0, candidates)
        return Language(first.ranking[0], first.script, candidates[0].confidence, candidates)


def look_quickly(text: str) -> list[Look]:
    """Look at a few places of a long text. Nothing, unless they leave no doubt."""
    if len(text) < 2 * _QUICK_PIECES * _QUICK_SIZE:
        return []
    codes = _codes(_even_sample(text, _QUICK_PIECES, _QUICK_SIZE))
    counts, letters = _count(codes)
    script = int(letters.argmax())
    total = letters.sum()
    if counts[_CODE] * _QUICK_LETTERS_A_SIGN > total or letters[script] < total * _QUICK_ONE_SCRIPT:
        return []
    looks = _looks(codes, counts, script, float(letters[script]), _QUICK_PIECES)
    first = looks[0]
    settled = first.letters == letters[script] and first.lead > _QUICK_LEAD and first.unlike < _QUICK_UNLIKE
    return looks if settled else []


def look_closely(text: str) -> list[Look]:
    """Look at the prose of a text, at most 10,000 letters of it: at the script of most letters, and at the second."""
    text = prose(_even_sample(text, _CLOSE_PIECES, _CLOSE_SOURCE_SIZE))
    sample = unicodedata.normalize("NFC", _even_sample(text, _CLOSE_PIECES, _CLOSE_SIZE))
    codes = _codes(sample)
    counts, letters = _count(codes)
    total = float(letters.sum())
    small = _codes(sample.lower())
    # langdetect passes over runs of capitals, which are names in most texts, but all there is in some.
    if len(small) == len(codes) and np.count_nonzero(small != codes) * 2 > total:
        codes = small
    looks: list[Look] = []
    for script in (-letters).argsort(kind="stable")[:2].tolist():
        worth = float(letters[script])
        if worth >= (max(total * _SECOND_SHARE, _SECOND_LETTERS) if looks else 1.0):
            looks += _looks(codes, counts, script, worth, max(1, round(len(codes) / _PART)))
    return looks


def _looks(codes: Codes, counts: Counts, number: int, letters: float, parts: int) -> list[Look]:
    """Look at the letters of one script: as a whole, or apart by language where some parts are clearly in another."""
    script = SCRIPTS[number]
    if script == EAST_ASIAN[0]:
        language, form = east_asian_language(codes, counts)
        return [Look(form, letters, (language,), _ALONE)]
    if script not in LANGUAGES:
        return [Look(script, letters, _OWN_SCRIPT.get(script, ()), _ALONE)]
    model = script_model(script)
    scores = model.score(codes, parts)
    best = scores.totals.sum(axis=0).argmax()
    winners = scores.totals.argmax(axis=1)
    leads = scores.totals.max(axis=1) - scores.totals[:, best]
    winners[leads <= _PART_LEAD * STEPS] = best
    triples = np.bincount(winners, scores.triple_counts, len(model.languages))
    shares = triples / max(triples.sum(), 1.0)
    looks = []
    for column in {best, *(shares >= _SECOND_SHARE).nonzero()[0].tolist()}:
        own = winners == column
        totals = scores.totals[own].sum(axis=0)
        order = (-totals).argsort(kind="stable").tolist()
        looks.append(
            Look(
                script,
                letters * float(shares[column]) if triples.any() else letters,
                tuple(model.languages[other] for other in order),
                float(totals[order[0]] - totals[order[1]]) / STEPS if len(order) > 1 else _ALONE,
                float(scores.triples[own, column].sum() / STEPS / max(triples[column], 1.0)),
                int(triples[column]),
            )
        )
    return sorted(looks, key=lambda look: -look.letters)


def _candidates(looks: list[Look]) -> tuple[LanguageCandidate, ...]:
    """Give the languages of the parts, each by its share; of a text in one language its runners-up."""
    letters = sum(look.letters for look in looks)
    found = {look.ranking[0]: look.confidence * look.letters / letters for look in looks if look.ranking}
    if len(found) == 1:
        (confidence,) = found.values()
        runners_up = zip(looks[0].ranking[1:], RUNNER_UP_SHARE, strict=False)
        found |= {language: min((1 - confidence) * share, confidence) for language, share in runners_up}
    ranked = sorted(found.items(), key=lambda item: -item[1])[:3]
    return tuple(LanguageCandidate(language, round(chance, 4)) for language, chance in ranked)


def _even_sample(text: str, pieces: int, size: int) -> str:
    """Take pieces of a long text at even distances, each from the start of a word."""
    if len(text) <= pieces * size:
        return text
    step = (len(text) - size) / (pieces - 1)
    sample = []
    for piece in range(pieces):
        start = int(piece * step)
        blank = text.find(" ", start, start + 24)
        start = max(start, blank)
        sample.append(text[start : start + size])
    return "".join(sample)


def _codes(text: str) -> Codes:
    if text.isascii():
        return np.frombuffer(text.encode(), np.uint8)
    return np.minimum(np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32), CODE_LIMIT - 1)


def _count(codes: Codes) -> tuple[Counts, Floats]:
    """Count the letters of each script, and signs of code; and what they are worth, East Asian ones in one sum."""
    counts = np.bincount(_kinds().take(codes), minlength=_CODE + 1)
    letters = counts[:_CODE] * letter_weights()
    if codes.itemsize > 1:
        letters[_EAST_ASIAN[0]], letters[_EAST_ASIAN[1:]] = letters[_EAST_ASIAN].sum(), 0.0
    return counts, letters


_EAST_ASIAN: Final = [NUMBERS[script] for script in EAST_ASIAN]


@cache
def _kinds() -> npt.NDArray[np.uint8]:
    kinds = script_numbers().copy()
    kinds[[ord(sign) for sign in CODE_SIGNS]] = _CODE
    return kinds
