"""The default engine: langdetect's profiles, and knowing what they do not know.

1. prose     addresses, code, hashes, markup and quoted mail headers do not vote (`prose.py`)
2. script    that of most letters; Han, Kana and Hangul decide by themselves (`script.py`)
3. scores    langdetect's profiles of the languages of that script (`script_model.py`)
4. und       where the text is unlike the language that fits it best (`looks.py`)
5. how sure  by length, lead and likeness, as measured (`language_calibration.py`)

A long text is judged by an even sample: by some 400 letters in eight places where all eight agree, by a clear lead, on
a language that the text is like; otherwise by up to 10,000 letters of its prose. So time and memory are bounded
however long a text is.
"""

from __future__ import annotations

import math
import operator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from longshore.records import LanguageCandidate
from longshore.text.languages.neighbours import has_letters_of_others, is_in_a_relative
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

    from longshore.text.languages.script_model import ScriptModel

    Codes = npt.NDArray[np.integer]
    Sums = npt.NDArray[np.float64]


def features(lead: float, unlike: float, triples: int) -> tuple[float, ...]:
    """Return what the chance is fitted on."""
    log_lead, length, likeness = math.log1p(lead), math.log1p(triples), -min(max(unlike, -0.3), 2.5)
    return 1.0, log_lead, length, likeness, likeness * length, log_lead * length


def chance_of(weights: tuple[float, ...], seen: tuple[float, ...]) -> float:
    """Return the chance that the first language is right, by the weights of what was seen."""
    return 1 / (1 + math.exp(-sum(map(operator.mul, weights, seen))))


# The mean log-probability of a triple of letters in texts of the language itself, by its profile. No text was at hand
# for the languages that are missing.
LIKENESS: Final = {
    "af": -6.83,
    "ar": -7.4,
    "bg": -7.35,
    "bn": -7.57,
    "ca": -7.05,
    "cs": -7.73,
    "cy": -7.14,
    "da": -7.09,
    "de": -7.19,
    "el": -7.46,
    "en": -7.18,
    "es": -6.94,
    "et": -7.29,
    "fa": -7.49,
    "fi": -7.11,
    "fr": -7.01,
    "he": -7.41,
    "hi": -7.29,
    "hr": -7.38,
    "hu": -7.52,
    "id": -7.02,
    "it": -7.07,
    "kn": -7.96,
    "lt": -7.37,
    "lv": -7.62,
    "mk": -7.04,
    "mr": -7.33,
    "ne": -7.88,
    "nl": -6.98,
    "no": -7.26,
    "pa": -7.76,
    "pl": -7.61,
    "pt": -7.23,
    "ro": -7.08,
    "ru": -7.59,
    "sk": -7.66,
    "sl": -7.28,
    "so": -6.75,
    "sq": -6.89,
    "sv": -7.33,
    "sw": -6.95,
    "ta": -7.02,
    "te": -7.66,
    "th": -8.32,
    "tl": -6.4,
    "tr": -7.41,
    "uk": -7.72,
    "ur": -7.5,
    "vi": -6.82,
}

# Of a logistic regression that the first language is right, on `confidence.features`.
WEIGHTS: Final = (-3.679, 1.276, 0.975, -3.758, 2.0, -0.17)

# The same for the confidence that is told of a language that was named.
TOLD_WEIGHTS: Final = (-4.111, 1.369, 1.096, -3.464, 1.845, -0.17)

# Where a script decides: of short texts, and of those from some 40 letters on.
ONE_LANGUAGE_CONFIDENCE: Final = (0.97, 0.99)
KANA_OR_HANGUL_CONFIDENCE: Final = (0.97, 0.99)
HAN_CONFIDENCE: Final = (0.9, 0.99)

# How much of what the first language leaves goes to the second and the third.
RUNNER_UP_SHARE: Final = (0.5, 0.15)


# How much less likely than its own texts a text may be in a language: nats per triple, and more in short ones
# (over the root of their number). A script of one language has few others to be mistaken for it.
_UNLIKE: Final = 0.45
_UNLIKE_SHORT: Final = 6.0
UNLIKE_ALONE: Final = 0.6
# Below these confidences (sentence, page) the answer is `und`. A word or two is never called foreign: there
# is too little to tell. (Odds of one in ten in a sentence would make und of nine more foreign ones in a hundred, but of
# one own.)
_LEAST_CONFIDENCE: Final = (0.07, 0.25)
_TRIPLES_TO_DOUBT: Final = 20
_TRIPLES_TO_KNOW: Final = 200
# Below this a short text with letters that the language has not is in another one. (A page shows by its likeness what
# it is, and letters that were misread in part of it must not hide that.)
_SURE: Final = 0.9
# From how many letters on a script alone is taken for its language without much doubt.
LONG: Final = 40.0


class Look(NamedTuple):
    """The scores of the parts of a text that are in one script and apparently in one language.

    ranking: at most three languages of the script by score, best first. letters: how many, as of an alphabet. lead: of
    the first language over the second, in nats; infinite where the script has no other. likeness: the mean
    log-probability of its triples; unlike: how far that is below the language's own texts; triples: how many there are.
    confidence: that the first is right; is_foreign: whether no language that is known fits. told: the confidence that a
    language named has, where it is another.
    """

    script: str
    letters: float
    ranking: tuple[str, ...] = ()
    lead: float = math.inf
    likeness: float = 0.0
    unlike: float = 0.0
    triples: int = 0
    confidence: float = 0.0
    is_foreign: bool = True
    told: float | None = None


def judge_look(script: str, model: ScriptModel, letters: float, scores: Scores, totals: Sums) -> Look:
    """Judge parts of a text that are in one language."""
    order = totals.argsort(kind="stable")[:-4:-1].tolist()
    best = order[0]
    ranking = tuple([model.languages[column] for column in order])
    triple_count = int(np.add.reduce(scores.triple_counts))
    likeness = model.triples(scores.rows, best) / (STEPS * max(triple_count, 1))
    unlike = LIKENESS.get(ranking[0], likeness) - likeness
    if len(order) > 1:
        lead = float(totals[best] - totals[order[1]]) / STEPS
        seen = features(lead, unlike, triple_count)
        confidence, told = chance_of(WEIGHTS, seen), chance_of(TOLD_WEIGHTS, seen)
        slack = _UNLIKE
    else:
        lead = math.inf
        told = confidence = ONE_LANGUAGE_CONFIDENCE[letters >= LONG]
        slack = _UNLIKE + UNLIKE_ALONE
    is_foreign = triple_count >= _TRIPLES_TO_DOUBT and (
        unlike > slack + _UNLIKE_SHORT / math.sqrt(triple_count)
        or confidence < _LEAST_CONFIDENCE[triple_count >= _TRIPLES_TO_KNOW]
    )
    return Look(script, letters, ranking, lead, likeness, unlike, triple_count, confidence, is_foreign, told)


def is_of_a_neighbour(look: Look, codes: Codes) -> bool:
    """Return whether a text is in a language that reads like the first one, by its letters or its words."""
    if look.triples < _TRIPLES_TO_DOUBT:
        return False
    language = look.ranking[0]
    if look.confidence < _SURE and look.triples < _TRIPLES_TO_KNOW:
        return has_letters_of_others(codes, language) or is_in_a_relative(codes, language, look.confidence)
    return is_in_a_relative(codes, language, look.confidence)


def candidates_of(looks: list[Look]) -> tuple[LanguageCandidate, ...]:
    """Return the languages of the parts, each by its share; of a text in one language its runners-up."""
    if len(looks) == 1:
        (look,) = looks
        first = look.confidence if look.is_foreign or look.told is None else look.told
        chances = (first, *[min((1 - first) * share, first) for share in RUNNER_UP_SHARE])
        return tuple([LanguageCandidate(*pair) for pair in zip(look.ranking, map(_rounded, chances), strict=False)])
    letters = sum([look.letters for look in looks])
    found = {look.ranking[0]: look.confidence * look.letters / letters for look in looks if look.ranking}
    ranked = sorted(found.items(), key=lambda item: -item[1])[:3]
    return tuple([LanguageCandidate(language, _rounded(chance)) for language, chance in ranked])


def _rounded(chance: float) -> float:
    # Four digits: the last bits of exp() may differ between machines.
    return round(chance, 4)


# The quick look: how many places, of how many letters; and when it is believed: the lead in nats (a fair text of that
# length leads by a hundred and more), how unlike the language, how many letters to a sign of code, how much one script.
_QUICK_PIECES: Final = 8
_QUICK_SIZE: Final = 48
_QUICK_LEAD: Final = 40.0
_QUICK_UNLIKE: Final = 0.35
_QUICK_LETTERS_A_SIGN: Final = 40
_QUICK_ONE_SCRIPT: Final = 0.92
# A part is long enough to tell a language and short enough to find a paragraph. It is in another language than the
# whole only by this lead, in nats.
_PART: Final = 120
_PART_LEAD: Final = 12.0
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
    first = looks[0]
    most_unlike = _QUICK_UNLIKE + (UNLIKE_ALONE if first.lead == math.inf else 0.0)
    return looks if len(looks) == 1 and first.lead > _QUICK_LEAD and first.unlike < most_unlike else []


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
        return [Look(form, letters, (language,), confidence=confidence[letters >= LONG], is_foreign=False)]
    if script not in LANGUAGES:
        own = _OWN_SCRIPT.get(script, ())
        certainty = ONE_LANGUAGE_CONFIDENCE[letters >= LONG] if own else 0.0
        return [Look(script, letters, own, confidence=certainty, is_foreign=not own)]
    model = script_model(script)
    codes = without_points(codes, script)
    scores = model.score(codes, parts)
    totals = scores.totals
    whole = np.add.reduce(totals)
    best = int(whole.argmax())
    leads = np.maximum.reduce(totals, axis=1) - totals[:, best]
    if np.maximum.reduce(leads) <= _PART_LEAD * STEPS:
        look = judge_look(script, model, letters, scores, whole)
        return [look._replace(is_foreign=True) if is_of_a_neighbour(look, codes) else look]
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
            of_own = Scores(*(part[own] for part in scores))
            looks.append(judge_look(script, model, share, of_own, np.add.reduce(of_own.totals)))
    # What is neither of two languages reads here like the one and there like the other, as Galician does.
    if looks and is_in_a_relative(codes, looks[0].ranking[0], 0.0):
        return [look._replace(is_foreign=True) for look in looks]
    return looks
