"""How likely a text is in each of langdetect's 55 languages: its own profiles, scored exactly and at once.

Promised: the n-grams of a text are langdetect's, to the multiset (same folding, same skipped capitals, same rules
for URLs and e-mail addresses); all of them count, where langdetect draws at random until one language is ahead,
so that the answer is the same on every run and machine. Any text is taken, also one without letters. The profiles
are read once, on first use, by whichever thread comes first; everything after that is read-only.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

import numpy as np

from flows.text.alphabet import BLANK, ID_BITS, Alphabet
from flows.text.profiles import PAIR, SINGLE, load_profiles

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy.typing as npt

    from flows.text.alphabet import Ids
    from flows.text.profiles import Profiles

    Floats = npt.NDArray[np.float32]
    Rows = npt.NDArray[np.int32]

# What an n-gram costs a reading that no profile knows: rarer than the rarest they keep (1e-5).
_UNHEARD_OF: Final = float(np.log(1e-6))


class LanguageModel:
    """The profiles, and the tables that turn a text into their rows."""

    def __init__(self, profiles: Profiles) -> None:
        self.languages = profiles.languages
        self._profiles = profiles
        self._alphabet = Alphabet(profiles.characters)
        self._unheard_of = profiles.log_probability[-1, 0] - _UNHEARD_OF

    def ngrams(self, text: str) -> list[str]:
        """Give the n-grams of a text that a profile knows: langdetect's, in another order."""
        rows = self._known_rows(text)
        return [self._profiles.ngram(row) for row in rows.tolist()]

    def log_likelihoods(self, text: str) -> tuple[Floats, int]:
        """Give each language's log-likelihood of a text (natural, summed), and how many known n-grams gave it."""
        rows = self._known_rows(text)
        return self._sums(rows), len(rows)

    def mean_log_likelihoods(self, text: str) -> Floats:
        """Give each language's log-likelihood per known n-gram; zeros where the text has none."""
        totals, count = self.log_likelihoods(text)
        return totals / np.float32(max(count, 1))

    def plausibility(self, text: str) -> float:
        """Say how well the language that fits a text best likes its letters; see the function below."""
        rows = self._rows(self._alphabet.ids_to_read(text), skip_capitals=False)
        if not len(rows):
            return 0.0
        total = self._sums(rows)
        unknown = np.count_nonzero(rows == self._profiles.unknown_row)
        return float(total.max() - unknown * self._unheard_of) / len(rows)

    def _known_rows(self, text: str) -> Rows:
        rows = self._rows(self._alphabet.langdetect_ids(text), skip_capitals=True)
        known: Rows = rows[rows != self._profiles.unknown_row]
        return known

    def _sums(self, rows: Rows) -> Floats:
        # A product with ones goes through BLAS: four times as fast as a sum over the rows.
        return np.ones(len(rows), np.float32) @ self._profiles.log_probability.take(rows, axis=0)

    def _rows(self, ids: Ids, *, skip_capitals: bool) -> Rows:
        """Give the row of each n-gram: of the single characters, then of the pairs, then of the triples.

        A text begins as after a blank. No n-gram has a blank inside, or is a blank alone.
        """
        chars = np.empty(len(ids) + 1, np.uint64)
        chars[0] = BLANK
        chars[1:] = ids
        letter = chars != BLANK
        single, pair, triple = letter[1:], letter[1:] | letter[:-1], letter[1:-1]
        if skip_capitals:
            upper = self._alphabet.is_upper.take(chars.view(np.int64))
            kept = ~(upper[1:] & upper[:-1])
            single, pair, triple = single & kept, pair & kept, triple & kept[1:]
        pairs = chars[:-1] << np.uint64(ID_BITS) | chars[1:]
        triples = chars[:-2] << np.uint64(2 * ID_BITS) | pairs[1:]
        return self._profiles.rows_of(np.concatenate([chars[1:][single] | SINGLE, pairs[pair] | PAIR, triples[triple]]))


_model: LanguageModel | None = None
_loading = threading.Lock()


def language_model() -> LanguageModel:
    """Give the model, loading it on first use (a quarter of a second); safe to call from any thread."""
    global _model  # noqa: PLW0603 - read once, then shared: every other place for it is a global by another name
    if _model is None:
        with _loading:
            if _model is None:
                _model = LanguageModel(load_profiles())
    return _model


def plausibility(text: str) -> float:
    """Say how well the language that fits a text best likes its letters: a mean log-probability per n-gram.

    For choosing between readings of the same bytes: higher is better; the words of one of the 55 languages give
    about -6, wrong letters less, -13.8 (ln 1e-6) is the floor. 0.0 where there is no letter at all.
    n-grams are of one to three characters with the blanks at a word's ends. Blanks, digits and ASCII punctuation
    are gaps and cost nothing, so do other signs outside words; a sign between letters (`m³de`), and C1 controls,
    private use and U+FFFD anywhere, cost as much as a letter nobody has heard of. An inner capital makes rare
    n-grams (`caractÉre`), but a run of capitals is read as small letters. Kana are all alike to the profiles;
    Hangul syllables and common ideographs are not.

    >>> plausibility("déjà vu à Paris") > plausibility("dйjа vu а Paris")
    True
    """
    return language_model().plausibility(text)


def plausibilities(texts: Iterable[str]) -> list[float]:
    """Give the plausibility of each text."""
    model = language_model()
    return [model.plausibility(text) for text in texts]
