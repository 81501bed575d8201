"""Which letters a language has, by its profile: a text full of others is in another language, however near.

Azerbaijani reads like Turkish but for its ə, Serbian like Macedonian but for ћ and ђ, Faroese like Norwegian but for ð.
Looked at in short texts where there is doubt only, so that a common text costs nothing.
Promised: a name or a quotation with letters of its own makes no text foreign.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Final

import numpy as np

from flows.text.languages.profiles import read_profile
from flows.text.languages.script import CODE_LIMIT, NUMBERS, script_numbers

if TYPE_CHECKING:
    import numpy.typing as npt

    Codes = npt.NDArray[np.integer]

# Rarer letters than this, of ten thousand, came into a profile with foreign names.
_OWN: Final = 1e-4
_WORD = re.compile(r"[^\W\d_]+")
# From this share of the letters on they are no quotation. (é is a fiftieth of the letters of French.)
_STRANGE: Final = 0.04
_FEWEST: Final = 3
# langdetect folds these: all of Vietnamese to one letter, and letters to their twins. ª and º are no letters of words.
_FOLDED: Final = {"ể": "".join(map(chr, range(0x1EA0, 0x1F00))), "ş": "ș", "ţ": "ț", "ي": "ی"}
_SIGNS: Final = "ªº"


def has_strange_letters(codes: Codes, script: str, language: str) -> bool:
    """Tell whether more of a text's letters are foreign to a language than can be chance. Names do not count."""
    of_script = script_numbers().take(codes) == NUMBERS[script]
    strange = of_script & ~_own_letters(language).take(codes)
    if np.count_nonzero(strange) < _FEWEST:
        return False
    text = codes.astype(np.uint32).tobytes().decode("utf-32-le", "replace")
    in_words = sum(
        int(np.count_nonzero(strange[word.start() : word.end()]))
        for word in _WORD.finditer(text)
        if not word[0][0].isupper()
    )
    return in_words >= _FEWEST and in_words > int(np.count_nonzero(of_script)) * _STRANGE


@cache
def _own_letters(language: str) -> npt.NDArray[np.bool_]:
    """Tabulate the letters of a language by code point, small and capital."""
    profile = read_profile(language)
    ends = np.cumsum(profile.lengths)
    single = (profile.lengths == 1) & (profile.chances >= _OWN)
    letters = "".join([profile.spelled[end - 1] for end in ends[single].tolist()])
    letters += "".join([twins for letter, twins in _FOLDED.items() if letter in letters]) + _SIGNS
    own = np.zeros(CODE_LIMIT, bool)
    own[[ord(char) for char in letters + letters.lower() + letters.upper() if ord(char) < CODE_LIMIT]] = True
    return own
