"""Even samples of long texts, so that what a judgement costs is bounded however long a text is."""

from __future__ import annotations

import unicodedata
from typing import Final

from flows.text.languages.prose import prose

# 40 places, and what is kept of each when markup and code are gone. langdetect reads no more, but the front.
_PIECES: Final = 40
_SOURCE_SIZE: Final = 2_000
_SIZE: Final = 250


def even_sample(text: str, pieces: int, size: int) -> str:
    """Take pieces of a long text at even distances, each from the start of a word; all of a text that is no longer.

    The first piece is from the start and the last one about to the end.
    """
    if len(text) <= pieces * size:
        return text
    step = (len(text) - size) // (pieces - 1)
    sample = []
    for at in range(0, pieces * step, step):
        # Words are shorter than this; scripts without blanks are cut anywhere.
        start = max(at, text.find(" ", at, at + 24))
        sample.append(text[start : start + size])
    return "".join(sample)


def prose_sample(text: str) -> str:
    """Take at most 10,000 characters of the prose of a text, in NFC."""
    text = prose(even_sample(text, _PIECES, _SOURCE_SIZE))
    return unicodedata.normalize("NFC", even_sample(text, _PIECES, _SIZE))
