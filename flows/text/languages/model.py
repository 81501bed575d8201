"""How likely a text is in each of langdetect's 55 languages: its own profiles, scored exactly and at once.

Promised: the n-grams of a text are langdetect's, to the multiset (same folding, same skipped capitals, same rules
for URLs and e-mail addresses); all of them count, where langdetect draws at random until one language is ahead,
so that the answer is the same on every run and machine. Any text is taken, also one without letters. The profiles
are read once, on first use, by whichever thread comes first; everything after that is read-only.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import numpy as np

from flows.text.languages.alphabet import BLANK, ID_BITS, Alphabet
from flows.text.languages.profiles import PAIR, SINGLE, load_profiles
from flows.text.mending.reading import Reader

if TYPE_CHECKING:
    import numpy.typing as npt

    from flows.text.languages.alphabet import Ids
    from flows.text.languages.profiles import Profiles, Rows

    Floats = npt.NDArray[np.float32]


class LanguageModel:
    """The profiles, and the tables that turn a text into their rows."""

    def __init__(self, profiles: Profiles) -> None:
        self.languages = profiles.languages
        self.profiles = profiles
        self._alphabet = Alphabet(profiles.characters)
        self._reader: Reader | None = None

    def ngrams(self, text: str) -> list[str]:
        """Give the n-grams of a text that a profile knows: langdetect's, in another order."""
        rows = self._known_rows(text)
        return [self.profiles.ngram(row) for row in rows.tolist()]

    def log_likelihoods(self, text: str) -> tuple[Floats, int]:
        """Give each language's log-likelihood of a text (natural, summed), and how many known n-grams gave it."""
        rows = self._known_rows(text)
        return self._sums(rows), len(rows)

    def reader(self) -> Reader:
        """Give the reader of the same profiles; its table is made on first use."""
        if self._reader is None:
            # Two threads may make it twice: the same table.
            self._reader = Reader(self.profiles, self._alphabet)
        return self._reader

    def _known_rows(self, text: str) -> Rows:
        rows = self._rows(self._alphabet.langdetect_ids(text))
        known: Rows = rows[rows != self.profiles.unknown_row]
        return known

    def _sums(self, rows: Rows) -> Floats:
        # A product with ones goes through BLAS: four times as fast as a sum over the rows.
        return np.ones(len(rows), np.float32) @ self.profiles.log_probability.take(rows, axis=0)

    def _rows(self, ids: Ids) -> Rows:
        """Give the row of each n-gram: of the single characters, then of the pairs, then of the triples.

        A text begins as after a blank. No n-gram has a blank inside, is a blank alone, or ends in a run of capitals.
        """
        chars = np.empty(len(ids) + 1, np.uint64)
        chars[0] = BLANK
        chars[1:] = ids
        upper = self._alphabet.is_upper.take(chars.view(np.int64))
        kept = ~(upper[1:] & upper[:-1])
        letter = chars != BLANK
        pairs = chars[:-1] << np.uint64(ID_BITS) | chars[1:]
        triples = chars[:-2] << np.uint64(2 * ID_BITS) | pairs[1:]
        return self.profiles.rows_of(
            np.concatenate(
                [
                    chars[1:][letter[1:] & kept] | SINGLE,
                    pairs[(letter[1:] | letter[:-1]) & kept] | PAIR,
                    triples[letter[1:-1] & kept[1:]],
                ]
            )
        )


_model: LanguageModel | None = None
_loading = threading.Lock()


def language_model() -> LanguageModel:
    """Give the model, loading it on first use; safe to call from any thread."""
    global _model  # noqa: PLW0603 - read once, then shared: every other place for it is a global by another name
    if _model is None:
        with _loading:
            if _model is None:
                _model = LanguageModel(load_profiles())
    return _model


def plausibility(text: str) -> float:
    """Say how well a text reads: the mean log-probability of its letters in the language that fits best.

    For choosing between readings of the same bytes: higher is better. The words of one of the 55 languages give
    about -2.5, wrong letters -4 and less, letters that nobody has heard of -14; 0.0 where there is no letter at all.
    It is a mean over letters and signs, where one from U+1100 on counts twice (it took two bytes), so that readings
    of the same bytes have the same divisor and their means compare as their totals do.
    Blanks, digits, ASCII punctuation, dashes and apostrophes cost nothing; a sign (`£`, `³`) has its own cost and
    parts words, so that it is dear inside one; C1 controls, private use and U+FFFD are letters nobody has heard of.
    An inner capital is dear (`caractÉre`), other capitals are read as small letters.

    >>> plausibility("déjà vu à Paris") > plausibility("dйjа vu а Paris")
    True
    """
    return language_model().reader().plausibility(text)
