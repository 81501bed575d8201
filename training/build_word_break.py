"""Make src/longshore/text/word_table.py: how a character behaves in words, by UAX #29.

    python benchmarks/make_word_table.py > src/longshore/text/word_table.py

From the Unicode data in the regex package: the property Word_Break, in the few classes that counting words needs.
"""

from __future__ import annotations

import textwrap

import regex

LIMIT = 0x20000
# Later classes win: a letter or a number that joins with nothing is a word by itself.
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


def main() -> None:
    """Print the module."""
    every = "".join(map(chr, (code for code in range(LIMIT) if not 0xD800 <= code < 0xE000)))
    ranges = []
    for name, pattern in CLASSES.items():
        for run in regex.finditer(rf"(?V1)(?:{pattern})+", every):
            start = 0
            for at in range(1, len(run[0]) + 1):
                # The surrogates are missing in the middle of `every`.
                if at == len(run[0]) or ord(run[0][at]) != ord(run[0][at - 1]) + 1:
                    ranges.append((ord(run[0][start]), ord(run[0][at - 1]), name))
                    start = at
    lines = [f"{low:X}-{high:X}{name}" if low != high else f"{low:X}{name}" for low, high, name in sorted(ranges)]
    print('"""How a character behaves in words, by UAX #29. Made by benchmarks/make_word_table.py: edit that."""')
    print()
    print("from typing import Final")
    print()
    print("# First and last code point in hexadecimal, and a class (see counts.py); ascending.")
    print('RANGES: Final = """')
    print(textwrap.fill(" ".join(lines), 116, initial_indent="    ", subsequent_indent="    ", break_on_hyphens=False))
    print('"""')


if __name__ == "__main__":
    main()
