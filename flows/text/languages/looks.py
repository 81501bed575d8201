"""What one look at a text says: which language its letters are likeliest in, how sure that is, and whether it is that.

Promised: `und` (`is_foreign`) where a text is unlike the language that fits it best, or where its letters or words are
those of another that has no profile. What a look is taken of is `profile_engine.py`'s business.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from flows.records import LanguageCandidate
from flows.text.languages.confidence import chance_of, features
from flows.text.languages.language_calibration import (
    LIKENESS,
    ONE_LANGUAGE_CONFIDENCE,
    RUNNER_UP_SHARE,
    TOLD_WEIGHTS,
    WEIGHTS,
)
from flows.text.languages.letters_of_others import has_letters_of_others
from flows.text.languages.script_model import STEPS
from flows.text.languages.siblings import is_in_a_sibling

if TYPE_CHECKING:
    import numpy.typing as npt

    from flows.text.languages.script_model import Scores, ScriptModel

    Codes = npt.NDArray[np.integer]
    Sums = npt.NDArray[np.float64]

# How much less likely than its own texts a text may be in a language: so many nats a triple, and more in short ones
# (over the root of their number). A script of one language has few others to be mistaken for it.
_UNLIKE: Final = 0.45
_UNLIKE_SHORT: Final = 6.0
UNLIKE_ALONE: Final = 0.6
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
LONG: Final = 40.0


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
    """Tell whether a text is in a language that reads like the first one, by its letters or its words."""
    if look.triples < _TRIPLES_TO_DOUBT:
        return False
    language = look.ranking[0]
    if look.confidence < _SURE and look.triples < _TRIPLES_TO_KNOW:
        return has_letters_of_others(codes, language) or is_in_a_sibling(codes, language, look.confidence)
    return is_in_a_sibling(codes, language, look.confidence)


def candidates_of(looks: list[Look]) -> tuple[LanguageCandidate, ...]:
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
