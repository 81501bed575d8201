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
from typing import TYPE_CHECKING, Final

import numpy as np

from flows.text.excerpt import even_sample, prose_sample
from flows.text.languages.language_calibration import (
    HAN_CONFIDENCE,
    KANA_OR_HANGUL_CONFIDENCE,
    ONE_LANGUAGE_CONFIDENCE,
)
from flows.text.languages.language_engine import Language
from flows.text.languages.looks import (
    LONG,
    UNLIKE_ALONE,
    Look,
    candidates_of,
    is_of_a_neighbour,
    judge_look,
)
from flows.text.languages.prose import CODE_SIGNS
from flows.text.languages.script import (
    EAST_ASIAN,
    Letters,
    codes_of,
    count_letters,
    east_asian_language,
    without_points,
)
from flows.text.languages.script_model import LANGUAGES, STEPS, Scores, script_model
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
# Written for one language only, though its profile is in another script.
_OWN_SCRIPT: Final = {"Tglg": ("tl",)}


class ProfileEngine:
    """langdetect's model, scored exactly, with `und` where it does not apply."""

    def detect(self, text: str) -> Language:
        """Tell the language of a text, or `und`."""
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
    if looks and is_in_a_sibling(codes, looks[0].ranking[0], 0.0):
        return [look._replace(is_foreign=True) for look in looks]
    return looks
