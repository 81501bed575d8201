"""What a language engine is: something that takes a text and says its language, how sure, and what else it may be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from flows.records import LanguageCandidate


@dataclass(frozen=True, slots=True)
class Language:
    """The language of a text; `und` where it cannot be told.

    language: ISO 639-1 (639-3 where there is none). script: ISO 15924, of most letters; None where there are none.
    confidence: that `language` is right, 0-1; 0 for `und`. candidates: at most three, best first; of a text in two
    languages both, each with its share.
    """

    language: str
    script: str | None
    confidence: float
    candidates: tuple[LanguageCandidate, ...] = ()


class Engine(Protocol):
    """Tells languages."""

    def detect(self, text: str) -> Language:
        """Tell the language of a text. Takes any text and gives the same answer each time."""
        ...
