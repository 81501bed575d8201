"""Build src/longshore/text/data/word_break.npz: the behaviour of each character in words, by UAX #29.

    python training/build_word_break.py [FILE]

Source: the Unicode data in the `regex` package (property Word_Break), in the few classes that counting words needs.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import regex

FILE = Path(__file__).parent.parent / "src/longshore/text/data/word_break.npz"
LIMIT = 0x20000
# A letter or a number that joins with nothing (class i) is a word by itself.
CLASSES = {
    "i": r"[[\p{L}\p{N}]&&\p{WB=Other}]",
    "a": r"\p{WB=ALetter}",
    "h": r"\p{WB=Hebrew_Letter}",
    "0": r"\p{WB=Numeric}",
    "k": r"\p{WB=Katakana}",
    "_": r"\p{WB=ExtendNumLet}",
    "q": r"[\p{WB=MidNumLet}\p{WB=Single_Quote}]",
    "l": r"\p{WB=MidLetter}",
    "n": r"\p{WB=MidNum}",
    "d": r"\p{WB=Double_Quote}",
    "x": r"[\p{WB=Extend}\p{WB=Format}\p{WB=ZWJ}]",
}


def main(file: Path) -> None:
    """Write the runs of code points that share a class: first, last (inclusive), class."""
    every = "".join(map(chr, (code for code in range(LIMIT) if not 0xD800 <= code < 0xE000)))
    classes = np.zeros(LIMIT, np.uint8)
    for name, pattern in CLASSES.items():
        codes = [ord(match[0]) for match in regex.finditer(rf"(?V1)(?:{pattern})", every)]
        classes[codes] = ord(name)
    edges = np.flatnonzero(np.diff(classes, prepend=0, append=0))
    first, last = edges[:-1], edges[1:] - 1
    kept = classes[first] != 0
    first, last = first[kept].astype(np.uint32), last[kept].astype(np.uint32)
    np.savez(file, first=first, last=last, word_break=classes[first])


if __name__ == "__main__":
    main(Path(sys.argv[1]) if sys.argv[1:] else FILE)
