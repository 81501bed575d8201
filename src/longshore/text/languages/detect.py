"""The default engine: langdetect's profiles, and knowing what they do not know.

1. prose     addresses, code, hashes, markup and quoted mail headers do not vote (`prose.py`)
2. script    that of most letters; Han, Kana and Hangul decide by themselves (`scripts.py`)
3. scores    langdetect's profiles of the languages of that script (`script_model.py`), and in short texts the
             Universal Declaration of Human Rights (`declarations.py`)
4. how sure  by length, lead, likeness and closeness to languages without a profile, as fitted
5. und       where that is below LEAST_CONFIDENCE

A long text is judged by an even sample: by some 400 letters in eight places where these leave no
doubt; otherwise by up to 10,000 letters of its prose. So time and memory are bounded
however long a text is.
"""

from __future__ import annotations

import math
import operator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from longshore.records import LanguageCandidate
from longshore.text.data import read_toml
from longshore.text.languages.declarations import Closeness, closeness_to_neighbours, likelihood
from longshore.text.languages.prose import CODE_SIGNS, even_sample, prose_sample
from longshore.text.languages.script_model import LANGUAGES, STEPS, Scores, script_model
from longshore.text.languages.scripts import (
    EAST_ASIAN,
    Letters,
    codes_of,
    count_letters,
    east_asian_language,
    without_points,
)

if TYPE_CHECKING:
    import numpy.typing as npt

    Codes = npt.NDArray[np.integer]
    Sums = npt.NDArray[np.float64]


# `likeness`: the mean log-probability of a triple of letters in texts of the language itself, by its profile; no text
# was at hand for the languages that are missing. `weights`: of a logistic regression that the first language is right,
# on `features`. `least`: below this confidence the answer is `und`.
_FITTED: Final = read_toml("language_weights.toml")
LIKENESS: Final[dict[str, float]] = _FITTED["likeness"]
WEIGHTS: Final[list[float]] = _FITTED["weights"]
LEAST_CONFIDENCE: Final[float] = _FITTED["least"]
DECLARED_WEIGHT: Final[float] = _FITTED["declared"]


def features(lead: float, unlike: float, triples: int, close: Closeness) -> tuple[float, ...]:
    """Return what the confidence is fitted on. lead: infinite where the script has no other language."""
    alone = float(lead == math.inf)
    log_lead = 0.0 if alone else math.log1p(lead)
    length = math.log1p(triples)
    likeness = -min(max(unlike, -0.3), 2.5)
    count = max(close.trigrams, 1)
    mean, declared = (min(max(lead / count, -1.0), 0.5) for lead in (close.lead, close.declared))
    total = math.copysign(math.log1p(abs(close.lead)), close.lead)
    return (
        *(1.0, alone, log_lead, length, log_lead * length),
        *(likeness, likeness * length, likeness * alone),
        *(mean, mean * length, total, declared, declared * length),
        *(
            min(close.strange / max(close.letters, 1), 0.2),
            math.log1p(close.strange),
            math.log1p(close.strange) * alone,
        ),
        math.log1p(close.words),
    )


def chance_of(seen: tuple[float, ...]) -> float:
    """Return the chance that the first language is right, by the weights of what was seen."""
    return 1 / (1 + math.exp(-sum(map(operator.mul, WEIGHTS, seen))))


# Where a script decides: of short texts, and of those from some 40 letters on.
ONE_LANGUAGE_CONFIDENCE: Final = (0.97, 0.99)
KANA_OR_HANGUL_CONFIDENCE: Final = (0.97, 0.99)
HAN_CONFIDENCE: Final = (0.9, 0.99)

# How much of what the first language leaves goes to the second and the third.
RUNNER_UP_SHARE: Final = (0.5, 0.15)


# From how many letters on a script alone is taken for its language without much doubt.
LONG: Final = 40.0


class Look(NamedTuple):
    """The scores of the parts of a text that are in one script and apparently in one language.

    ranking: at most three languages of the script by score, best first. letters: how many, as of an alphabet. lead: of
    the first language over the second, in nats; infinite where the script has no other. likeness: the mean
    log-probability of its triples; unlike: how far that is below the language's own texts; triples: how many there are.
    close: evidence for its neighbours. confidence: that the first is right.
    """

    script: str
    letters: float
    ranking: tuple[str, ...] = ()
    lead: float = math.inf
    likeness: float = 0.0
    unlike: float = 0.0
    triples: int = 0
    close: Closeness = Closeness()
    confidence: float = 0.0

    @property
    def is_foreign(self) -> bool:
        """Whether no language that is known fits."""
        return self.confidence < LEAST_CONFIDENCE


def judge_look(script: str, letters: float, scores: Scores, totals: Sums, codes: Codes) -> Look:
    """Judge parts of a text that are in one language. totals: of its languages; codes: of these parts."""
    model = script_model(script)
    order = totals.argsort(kind="stable")[:-4:-1].tolist()
    best = order[0]
    ranking = tuple([model.languages[column] for column in order])
    triples = int(np.add.reduce(scores.triple_counts))
    likeness = model.triples(scores.rows, best) / (STEPS * max(triples, 1))
    unlike = LIKENESS.get(ranking[0], likeness) - likeness
    lead = float(totals[best] - totals[order[1]]) / STEPS if len(order) > 1 else math.inf
    close = closeness_to_neighbours(codes, script, ranking[0])
    confidence = chance_of(features(lead, unlike, triples, close))
    return Look(script, letters, ranking, lead, likeness, unlike, triples, close, confidence)


def candidates_of(looks: list[Look]) -> tuple[LanguageCandidate, ...]:
    """Return the languages of the parts, each by its share; of a text in one language its runners-up."""
    if len(looks) == 1:
        (look,) = looks
        first = look.confidence
        chances = (first, *[min((1 - first) * share, first) for share in RUNNER_UP_SHARE])
        return tuple([LanguageCandidate(*pair) for pair in zip(look.ranking, map(_rounded, chances), strict=False)])
    letters = sum([look.letters for look in looks])
    found = {look.ranking[0]: look.confidence * look.letters / letters for look in looks if look.ranking}
    ranked = sorted(found.items(), key=lambda item: -item[1])[:3]
    return tuple([LanguageCandidate(language, _rounded(chance)) for language, chance in ranked])


def _rounded(chance: float) -> float:
    # Four digits: the last bits of exp() may differ between machines.
    return round(chance, 4)


# The quick look: how many places, of how many letters; and when it is believed: the confidence, how many
# letters to a sign of code, how much one script.
_QUICK_PIECES: Final = 8
_QUICK_SIZE: Final = 48
_QUICK_CONFIDENCE: Final = 0.95
_QUICK_LETTERS_A_SIGN: Final = 40
_QUICK_ONE_SCRIPT: Final = 0.92
# A part is long enough to tell a language and short enough to find a paragraph. It is in another language than the
# whole only by this lead, in nats.
_PART: Final = 120
_PART_LEAD: Final = 12.0
# Up to this many characters the declarations have a say.
_SHORT: Final = 250
# A second language is worth a word from this share of the letters on; a second script also from this many letters on.
_SECOND_SHARE: Final = 0.08
_SECOND_LETTERS: Final = 60.0
# Fewer letters say nothing. (An ideograph counts three.)
_FEWEST_LETTERS: Final = 2.0
# Written for one language only, though its profile is in another script.
_OWN_SCRIPT: Final = {"Tglg": ("tl",)}


@dataclass(frozen=True, slots=True)
class Language:
    """The language of a text; `und` where it cannot be told.

    language: ISO 639-1 (639-3 where there is none). script: ISO 15924, of most letters; None where there are none.
    confidence: that `language` is right, 0-1; 0 for `und`. candidates: at most three, best first; of a text in two
    languages both, each with its share.
    """

    language: str
    script: str | None
    confidence: float
    candidates: tuple[LanguageCandidate, ...] = ()


class ProfileEngine:
    """langdetect's model, scored exactly, with `und` where it does not apply."""

    def detect(self, text: str) -> Language:
        """Detect the language of a text, or `und`."""
        looks = look_quickly(text) or look_closely(text)
        if not looks:
            return Language("und", None, 0.0)
        first = max(looks, key=lambda look: look.letters * look.confidence) if len(looks) > 1 else looks[0]
        candidates = candidates_of(looks)
        letters = sum([look.letters for look in looks])
        foreign = sum([look.letters for look in looks if look.is_foreign])
        if letters < _FEWEST_LETTERS or foreign * 2 > letters or first.is_foreign:
            return Language("und", looks[0].script, 0.0, candidates)
        return Language(first.ranking[0], first.script, candidates[0].confidence, candidates)


def look_quickly(text: str) -> list[Look]:
    """Look at a few places of a long text. Nothing, unless they leave no doubt."""
    if len(text) < 2 * _QUICK_PIECES * _QUICK_SIZE:
        return []
    sample = even_sample(text, _QUICK_PIECES, _QUICK_SIZE)
    codes = codes_of(sample)
    seen = count_letters(codes)
    if not seen.scripts:
        return []
    script, letters = seen.scripts[0]
    total = sum([worth for _, worth in seen.scripts])
    signs = sum(map(sample.count, CODE_SIGNS))
    if signs * _QUICK_LETTERS_A_SIGN > total or letters < total * _QUICK_ONE_SCRIPT:
        return []
    looks = _looks(codes, seen, script, letters, _QUICK_PIECES)
    return looks if len(looks) == 1 and looks[0].confidence > _QUICK_CONFIDENCE else []


def look_closely(text: str) -> list[Look]:
    """Look at the prose of a text, at most 10,000 letters of it: at the script of most letters, and at the second."""
    sample = prose_sample(text)
    codes = codes_of(sample)
    seen = count_letters(codes)
    total = sum([letters for _, letters in seen.scripts])
    small = codes_of(sample.lower())
    # langdetect passes over runs of capitals, which are names in most texts, but all there is in some.
    if len(small) == len(codes) and np.count_nonzero(small != codes) * 2 > total:
        codes = small
    looks: list[Look] = []
    for script, letters in seen.scripts[:2]:
        if letters >= (max(total * _SECOND_SHARE, _SECOND_LETTERS) if looks else 1.0):
            looks += _looks(codes, seen, script, letters, max(1, round(len(codes) / _PART)))
    return looks


def _looks(codes: Codes, seen: Letters, script: str, letters: float, parts: int) -> list[Look]:
    """Look at the letters of one script: as a whole, or apart by language where some parts are clearly in another."""
    if script == EAST_ASIAN:
        language, form = east_asian_language(codes, seen.counts)
        confidence = HAN_CONFIDENCE if language == "zh" else KANA_OR_HANGUL_CONFIDENCE
        return [Look(form, letters, (language,), confidence=confidence[letters >= LONG])]
    if script not in LANGUAGES:
        own = _OWN_SCRIPT.get(script, ())
        certainty = ONE_LANGUAGE_CONFIDENCE[letters >= LONG] if own else 0.0
        return [Look(script, letters, own, confidence=certainty)]
    model = script_model(script)
    codes = without_points(codes, script)
    scores = model.score(codes, parts)
    totals = scores.totals
    whole = np.add.reduce(totals)
    if len(codes) <= _SHORT:
        whole += DECLARED_WEIGHT * STEPS * likelihood(codes, script, model.languages)
    best = int(whole.argmax())
    leads = np.maximum.reduce(totals, axis=1) - totals[:, best]
    if np.maximum.reduce(leads) <= _PART_LEAD * STEPS:
        return [judge_look(script, letters, scores, whole, codes)]
    winners = totals.argmax(axis=1)
    winners[leads <= _PART_LEAD * STEPS] = best
    shares = np.bincount(winners, scores.triple_counts, len(model.languages))
    shares = shares / shares.sum()
    columns = {best, *(shares >= _SECOND_SHARE).nonzero()[0].tolist()}
    looks = []
    for column in sorted(columns, key=lambda column: -float(shares[column])):
        own = winners == column
        if own.any():
            share = letters * float(shares[column])
            of_own = codes[own.repeat(scores.rows.shape[1])[: len(codes)]]
            of_part = Scores(*(part[own] for part in scores))
            looks.append(judge_look(script, share, of_part, np.add.reduce(of_part.totals), of_own))
    return looks
