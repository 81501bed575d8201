"""Write which letters belong to which script.

    python training/build_scripts.py src/longshore/text/data/scripts.txt

From the Unicode data in the regex package (Script property, ISO 15924 names). Only letters and marks have a script
here; digits, punctuation and what Unicode calls common or inherited have none. Ranges run over what is unassigned
between two letters of one script, so that letters of later Unicode versions mostly fall right.
Each range is `FIRST-LAST:Script` in hexadecimal.
"""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path

import regex

# The scripts of Unicode 16 that living people write, or that texts about them hold; ISO 15924.
SCRIPTS = """
    Adlm Arab Armn Bali Bamu Batk Beng Bopo Brah Bugi Buhd Cakm Cans Cham Cher Copt Cyrl Deva Dsrt Egyp Ethi Geor Glag
    Goth Grek Gujr Guru Hang Hani Hano Hebr Hira Java Kali Kana Khmr Knda Lana Laoo Latn Lepc Limb Lisu Mand Mlym Mong
    Mtei Mymr Newa Nkoo Ogam Olck Orkh Orya Osge Osma Phag Rjng Rohg Runr Samr Saur Shaw Sinh Sund Sylo Syrc Tagb Takr
    Tale Talu Taml Tavt Telu Tfng Tglg Thaa Thai Tibt Tirh Vaii Wcho Xsux Yiii
"""
LIMIT = 0x20000


def main() -> int:
    """Write the file."""
    every = "".join(map(chr, (code for code in range(LIMIT) if not 0xD800 <= code < 0xE000)))
    owner: dict[int, str] = {}
    for script in SCRIPTS.split():
        for match in regex.finditer(rf"(?V1)[\p{{Script={script}}}&&[\p{{L}}\p{{M}}]]", every):
            owner[ord(match[0])] = script
    assigned = regex.compile(r"\P{Cn}")
    ranges: list[list[int | str]] = []
    for code in sorted(owner):
        if ranges and ranges[-1][2] == owner[code]:
            between = range(int(ranges[-1][1]) + 1, code)
            if not any(assigned.match(chr(other)) for other in between if not 0xD800 <= other < 0xE000):
                ranges[-1][1] = code
                continue
        ranges.append([code, code, owner[code]])
    lines = [f"{low:X}-{high:X}:{script}" if high != low else f"{low:X}:{script}" for low, high, script in ranges]
    text = textwrap.fill(" ".join(lines), 116, break_on_hyphens=False) + "\n"
    Path(sys.argv[1]).write_text(text, encoding="ascii")
    return 0


if __name__ == "__main__":
    sys.exit(main())
