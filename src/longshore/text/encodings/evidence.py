"""Evidence for a reading of bytes: the likelihood of its characters, in order, as text.

Added up, as natural logarithms: each letter after the two before it (`letters.py`); signs, capitals, digits and
scripts (`frame.py`); ideographs by how common they are (`ideographs.py`). Readings of the same bytes compare by their
sums.

Promised: finite for any text. Not promised: that a sum means anything between different bytes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

import numpy as np

from longshore.text.encodings import ideographs
from longshore.text.encodings.frames import weigh_frame, weigh_learnt, weigh_repeated_signs
from longshore.text.languages.letter_model import Script, letters
from longshore.text.languages.script_model import STEPS

if TYPE_CHECKING:
    import numpy.typing as npt

    from longshore.text.languages.letter_model import Floats, Ids, Letters

    Codes = npt.NDArray[np.uint16]
    Counts = npt.NDArray[np.int64]
    Sums = npt.NDArray[np.float64]

# A language that no profile knows: its letters without their marks as the mixture has them, each mark learnt.
_UNKNOWN_LANGUAGE: Final = -4.0
# Marks for vowels, and ln(chance) of one of them where there is a mark.
VOWELS: Final[dict[Script, tuple[int, int]]] = {"arabic": (0x64B, 0x652), "hebrew": (0x5B0, 0x5C7)}
_VOWEL: Final = -math.log(8)
# Letters that look alike were typed for each other, mostly in Serbian and Bosnian.
_LATIN_TWINS: Final = "ABCEHJKMOPSTXaceijopsxy"
_CYRILLIC_TWINS: Final = "АВСЕНЈКМОРЅТХасеіјорѕху"
_TWINS_IN_A_ROW: Final = 3
_TWIN: Final = -1.0
# The mixture of languages: the share of the language that is guessed, from this many letters.
_FIRST_GUESS: Final = 0.9
_GUESSED_FROM: Final = 400
_ONES: Final = np.ones((1, _GUESSED_FROM), np.float32)
_NEWLINE: Final = 10


def codes_of(text: str) -> Codes:
    """Return the UTF-16 code units of a text."""
    return np.frombuffer(text.encode("utf-16-le", "surrogatepass"), np.uint16)


@dataclass(frozen=True, slots=True)
class Background:
    """The evidence that words of ASCII letters give about a text in Latin letters.

    tongues: how likely each language is. letters: how often each letter stands there.
    """

    tongues: Floats
    letters: Counts


def background_of(words: bytes) -> Background:
    """See which languages and letters a text has, by its words of ASCII letters."""
    model = letters("latin")
    codes = np.frombuffer(words, np.uint8).astype(np.uint16)
    threes = _threes(model, _padded(codes[np.newaxis]))
    tongues = _weights(model, model.walk.rows_of(*threes), model.prior)[0]
    return Background(tongues, np.bincount(threes[2][0], minlength=len(model.plain)))


def log_likelihood(codes: Codes, script: Script, background: Background | None = None) -> float:
    """Return ln(likelihood) of a text that is written in one script, in whichever of its languages fit.

    background: of the text's other words, for Latin.
    """
    return _of_ideographs(codes) if script == "cjk" else log_likelihoods(codes[np.newaxis], script, background)[0]


def log_likelihoods(
    texts: Codes, script: Script, background: Background | None = None, held: Floats | None = None
) -> list[float]:
    """Return ln(likelihood) of several readings of some bytes, a row each, in one script other than ideographs.

    held: for each row, the chance of each language to be in its charset.
    """
    if script == "cyrillic":
        texts, twins = _untwined(texts)
        of_words = zip(_of_words(texts, script), twins.tolist(), strict=True)
        return [total + _TWIN * float(count) for total, count in of_words]
    if script in VOWELS:
        return [_of_vowelled(codes, script) for codes in texts]
    return _of_words(texts, script, background, held)


def _of_vowelled(codes: Codes, script: Script) -> float:
    """Weigh a text whose vowels are marks: its letters without them, and how many marks there are.

    The model's texts have no such marks: schoolbooks, poems and scripture have one for nearly every letter.
    """
    first, last = VOWELS[script]
    vowels = (codes >= first) & (codes <= last)
    letters_alone = codes[~vowels]
    total = _of_words(letters_alone[np.newaxis], script)[0]
    count = len(codes) - len(letters_alone)
    if count:
        total += math.lgamma(count + 1) + math.lgamma(len(letters_alone) + 1) - math.lgamma(len(codes) + 2)
        total += _VOWEL * count
    return total


def _untwined(codes: Codes) -> tuple[Codes, npt.NDArray[np.int64]]:
    """Read each Latin letter that stands in a Cyrillic word (`Cрпски`) as its twin; give how many there were."""
    twins = _twins().take(codes)
    within = (codes >= 0x400) & (codes < 0x530)
    for _ in range(_TWINS_IN_A_ROW):
        beside = np.zeros_like(within)
        beside[..., 1:] |= within[..., :-1]
        beside[..., :-1] |= within[..., 1:]
        within |= beside & (twins > 0)
    read = within & (twins > 0)
    return np.where(read, twins, codes), np.count_nonzero(read, axis=-1)


@cache
def _twins() -> Codes:
    table = np.zeros(0x10000, np.uint16)
    table[[ord(latin) for latin in _LATIN_TWINS]] = [ord(cyrillic) for cyrillic in _CYRILLIC_TWINS]
    return table


def _of_words(
    texts: Codes, script: Script, background: Background | None = None, held: Floats | None = None
) -> list[float]:
    model = letters(script)
    padded = _padded(texts)
    threes = _threes(model, padded)
    this = threes[2]
    prior = model.prior if background is None else background.tongues
    totals = _of_mixtures(model, model.walk.rows_of(*threes), prior, held)
    if script == "latin":
        plain = [model.plain.take(part) for part in threes]
        marked = np.flatnonzero((plain[2] != this).any(axis=1))
        if len(marked):
            rows = model.walk.rows_of(*(part[marked] for part in plain))
            unknown = _of_mixtures(model, rows, prior, None if held is None else held[marked])
            unknown += _of_marks(model, this[marked], plain[2][marked], background)
            totals[marked] = np.logaddexp(totals[marked], _UNKNOWN_LANGUAGE + unknown)
    totals += weigh_frame(padded, threes[1], this, script)
    totals += weigh_repeated_signs(texts, this)
    likelihoods: list[float] = totals.tolist()
    return likelihoods


def _padded(codes: Codes) -> Codes:
    """Put two line ends before each text and one behind it."""
    padded = np.full((len(codes), codes.shape[1] + 3), _NEWLINE, np.uint16)
    padded[:, 2:-1] = codes
    return padded


def _threes(model: Letters, padded: Codes) -> tuple[Ids, Ids, Ids]:
    """Return the ids before, last and this of every position."""
    ids = model.ids.take(padded)
    return ids[:, :-3], ids[:, 1:-2], ids[:, 2:-1]


def _of_mixtures(model: Letters, rows: Ids, prior: Floats, held: Floats | None) -> Sums:
    """Weigh each text in that mixture of languages that likes it best, and that mixture in its charset."""
    weights = _weights(model, rows, prior)
    chances = np.matmul(model.table.take(rows, axis=0), weights[:, :, np.newaxis])[:, :, 0]
    totals: Sums = np.log(chances).sum(axis=1).astype(np.float64)
    if held is not None:
        totals += np.log((weights * held).sum(axis=1))
    return totals


def _weights(model: Letters, rows: Ids, prior: Floats) -> Floats:
    """Guess the mixture of languages that each text is in: mostly the one that likes its beginning best."""
    steps = model.steps.take(rows[:, :_GUESSED_FROM], axis=0)
    # A product with ones is BLAS: five times as fast as a sum.
    logs = np.matmul(_ONES[:, : steps.shape[1]], steps)[:, 0]
    guess = np.exp((logs - logs.max(axis=1, keepdims=True)) / (2 * STEPS)) * prior
    guess /= guess.sum(axis=1, keepdims=True)
    weights: Floats = _FIRST_GUESS * guess + (1 - _FIRST_GUESS) * prior
    return weights


def _of_marks(model: Letters, this: Ids, plain: Ids, background: Background | None) -> Sums:
    """Weigh which marks the letters have, each learnt as a text goes on (a Dirichlet prior for each plain letter).

    this, plain: the letters of each text, and what they are without their marks.
    """
    here, families = _counts(this, len(model.plain)), _counts(plain, len(model.plain))
    weights = model.marked if background is None else model.marked + background.letters
    wholes = np.bincount(model.plain, weights).astype(np.float64)
    # A family of which no letter has a mark says nothing.
    marked = np.zeros(here.shape, bool)
    row, form = np.nonzero((here > 0) & model.is_marked)
    marked[row, model.plain[form]] = True
    row, form = np.nonzero((here > 0) & marked[:, model.plain])
    totals = np.zeros(len(here))
    np.add.at(totals, row, weigh_learnt(weights[form], here[row, form]))
    row, family = np.nonzero(marked)
    np.subtract.at(totals, row, weigh_learnt(wholes[family], families[row, family]))
    return totals


def _counts(ids: Ids, width: int) -> Counts:
    """Count each id in each row."""
    rows = np.arange(len(ids), dtype=ids.dtype)[:, np.newaxis]
    return np.bincount((ids + rows * width).ravel(), minlength=len(ids) * width).reshape(-1, width)


def _of_ideographs(codes: Codes) -> float:
    sums = ideographs.chances()[:, codes].sum(axis=1) + ideographs.LOG_PRIORS
    return float(np.logaddexp.reduce(sums))
