"""The default engine: langdetect's profiles, and knowing what they do not know.

1. prose     addresses, code, hashes, markup and quoted mail headers do not vote (`prose.py`)
2. script    that of most letters; Han, Kana and Hangul decide by themselves (`script.py`)
3. scores    langdetect's profiles of the languages of that script (`script_model.py`)
4. und       where the text is unlike the language that fits it best
5. how sure  by length, lead and likeness, as measured (`language_calibration.py`)

A long text is judged by an even sample: by some 400 letters in eight places where all eight agree, by a clear lead, on
a language that the text is like; otherwise by up to 10,000 letters of its prose. So time and memory are bounded
however long a text is.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from flows.records import LanguageCandidate
from flows.text.excerpt import even_sample, prose_sample
from flows.text.languages.confidence import chance_of, features
from flows.text.languages.language_calibration import (
    HAN_CONFIDENCE,
    KANA_OR_HANGUL_CONFIDENCE,
    LIKENESS,
    ONE_LANGUAGE_CONFIDENCE,
    RUNNER_UP_SHARE,
    TOLD_WEIGHTS,
    WEIGHTS,
)
from flows.text.languages.language_engine import Language
from flows.text.languages.letters_of_others import has_letters_of_others
from flows.text.languages.prose import CODE_SIGNS
from flows.text.languages.script import (
    EAST_ASIAN,
    Letters,
    codes_of,
    count_letters,
    east_asian_language,
    without_points,
)
from flows.text.languages.script_model import LANGUAGES, STEPS, Scores, ScriptModel, script_model
from flows.text.languages.siblings import is_in_a_sibling

if TYPE_CHECKING:
    import numpy.typing as npt

    Codes = npt.NDArray[np.integer]
    Sums = npt.NDArray[np.float64]

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
# How much less likely than its own texts a text may be in a language: so many nats a triple, and more in short ones
# (over the root of their number). A script of one language has few others to be mistaken for it.
_UNLIKE: Final = 0.45
_UNLIKE_SHORT: Final = 6.0
_UNLIKE_ALONE: Final = 0.6
# Nor is a language named at odds below these, in a sentence and in a page. A word or two is never called foreign: there
# is too little to tell. (Odds of one in ten in a sentence would make und of nine more foreign ones in a hundred, but of
# one own.)
_LEAST_CONFIDENCE: Final = (0.07, 0.25)
_TRIPLES_TO_DOUBT: Final = 20
_TRIPLES_TO_KNOW: Final = 200
# Below this a short text with letters that the language has not is in another one. (A page shows by its likeness what
# it is, and letters that were misread in part of it must not hide that.)
_SURE: Final = 0.9
# From how many letters on a script alone is taken for its language without much doubt.
_LONG: Final = 40.0

# Written for one language only, though its profile is in another script.
_OWN_SCRIPT: Final = {"Tglg": ("tl",)}


class Look(NamedTuple):
    """What was seen of the parts of a text that are in one script and, it seems, in one language.

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


class ProfileEngine:
    """langdetect's model, scored exactly, with `und` where it does not apply."""

    def detect(self, text: str) -> Language:
        """Tell the language of a text, or `und`."""
        looks = look_quickly(text) or look_closely(text)
        if not looks:
            return Language("und", None, 0.0)
        first = max(looks, key=lambda look: look.letters * look.confidence) if len(looks) > 1 else looks[0]
        candidates = _candidates(looks)
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
    most_unlike = _QUICK_UNLIKE + (_UNLIKE_ALONE if first.lead == math.inf else 0.0)
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
        return [Look(form, letters, (language,), confidence=confidence[letters >= _LONG], is_foreign=False)]
    if script not in LANGUAGES:
        own = _OWN_SCRIPT.get(script, ())
        certainty = ONE_LANGUAGE_CONFIDENCE[letters >= _LONG] if own else 0.0
        return [Look(script, letters, own, confidence=certainty, is_foreign=not own)]
    model = script_model(script)
    codes = without_points(codes, script)
    scores = model.score(codes, parts)
    totals = scores.totals
    whole = np.add.reduce(totals)
    best = int(whole.argmax())
    leads = np.maximum.reduce(totals, axis=1) - totals[:, best]
    if np.maximum.reduce(leads) <= _PART_LEAD * STEPS:
        look = _judged(script, model, letters, scores, whole)
        return [look._replace(is_foreign=True) if _is_of_a_neighbour(look, codes) else look]
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
            looks.append(_judged(script, model, share, of_own, np.add.reduce(of_own.totals)))
    # What is neither of two languages reads here like the one and there like the other, as Galician does.
    if looks and is_in_a_sibling(codes, looks[0].ranking[0], 0.0):
        return [look._replace(is_foreign=True) for look in looks]
    return looks


def _is_of_a_neighbour(look: Look, codes: Codes) -> bool:
    """Tell whether a text is in a language that reads like the first one, by its letters or its words."""
    if look.triples < _TRIPLES_TO_DOUBT:
        return False
    language = look.ranking[0]
    if look.confidence < _SURE and look.triples < _TRIPLES_TO_KNOW:
        return has_letters_of_others(codes, language) or is_in_a_sibling(codes, language, look.confidence)
    return is_in_a_sibling(codes, language, look.confidence)


def _judged(script: str, model: ScriptModel, letters: float, scores: Scores, totals: Sums) -> Look:
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
        told = confidence = ONE_LANGUAGE_CONFIDENCE[letters >= _LONG]
        slack = _UNLIKE + _UNLIKE_ALONE
    is_foreign = triple_count >= _TRIPLES_TO_DOUBT and (
        unlike > slack + _UNLIKE_SHORT / math.sqrt(triple_count)
        or confidence < _LEAST_CONFIDENCE[triple_count >= _TRIPLES_TO_KNOW]
    )
    return Look(script, letters, ranking, lead, likeness, unlike, triple_count, confidence, is_foreign, told)


def _candidates(looks: list[Look]) -> tuple[LanguageCandidate, ...]:
    """Give the languages of the parts, each by its share; of a text in one language its runners-up."""
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
