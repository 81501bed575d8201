"""Detect the language of a text, with a calibrated confidence; `und` where it cannot be told.

Promised: the same answer on every run and machine. ISO 639-1 codes; Chinese is `zh`, its form is in the script.
Not promised: languages that langdetect has no profile for. They should be `und`, and mostly are, from a few
sentences on.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Final

from longshore.text.languages.detect import Language, ProfileEngine

if TYPE_CHECKING:
    from collections.abc import Collection

__all__ = ["Language", "detect_language", "settle_tie"]

# Candidates whose chances differ by no more than this are a tie.
_TIE: Final = 0.1


def detect_language(text: str) -> Language:
    """Return the language of a body, or `und`."""
    return _engine().detect(text)


def settle_tie(found: Language, expected: Collection[str]) -> Language:
    """Return what was found, with an expected language first where it ties with the likeliest; never overrule.

    >>> settle_tie(detect_language("The harbour was quiet on Sunday."), ["de"]).language
    'en'
    """
    if not expected or found.language in expected or found.language == "und" or len(found.candidates) < 2:
        return found
    best, rival = found.candidates[:2]
    if rival.language not in expected or best.confidence - rival.confidence > _TIE:
        return found
    candidates = (rival, best, *found.candidates[2:])
    return replace(found, language=rival.language, confidence=rival.confidence, candidates=candidates)


@cache
def _engine() -> ProfileEngine:
    return ProfileEngine()
