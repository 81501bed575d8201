"""Detect the language of a text, with a calibrated confidence; `und` where it cannot be told.

Promised: the same answer on every run and machine. ISO 639-1 codes; Chinese is `zh`, its form is in the script.
Not promised: languages that langdetect has no profile for. They should be `und`, and mostly are, from a few
sentences on.
"""

from __future__ import annotations

from functools import cache

from longshore.text.languages.detect import Language, ProfileEngine

__all__ = ["Language", "detect_language"]


def detect_language(text: str) -> Language:
    """Return the language of a body, or `und`."""
    return _engine().detect(text)


@cache
def _engine() -> ProfileEngine:
    return ProfileEngine()
