"""Which language, how sure, or `und`. (First form.)"""

from __future__ import annotations

from dataclasses import dataclass

from flows.records import LanguageCandidate
from flows.text.policy import LanguageEngine


@dataclass(frozen=True, slots=True)
class Language:
    """The language of a text; `und` where it cannot be told."""

    language: str
    script: str | None
    confidence: float
    candidates: tuple[LanguageCandidate, ...] = ()


def detect_language(text: str, engine: LanguageEngine = "langdetect") -> Language:
    """Tell the language of a body, or `und`."""
    del text, engine
    return Language("und", None, 0.0)
