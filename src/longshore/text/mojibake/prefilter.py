"""The necessary conditions: which texts cannot be changed by repair, told in some 40 µs for a news article.

Promise: where `cannot_change` says so, neither `repair` under the conservative policy nor ftfy with that policy's
settings, on the whole text or line by line, would change a character. Three facts make it so, each cheap to see:

1. no control, odd line end, escape or byte order mark, and composed already (NFC);
2. no three neighbours that a row of `SUSPECTS` describes, and ftfy reads nothing as mojibake without such;
3. none of what our own readings ask for: a sample of letters that could be UTF-8 in an encoding that ftfy does not
   know, or letters that no language has together.

The neighbours are looked at with NumPy, all rows at once, a bit each: a few table look-ups and ANDs a character.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

import numpy as np

from longshore.text.mojibake.sequences import encodings_of_sequences

if TYPE_CHECKING:
    from collections.abc import Iterator

ANY: Final = "\0-\uffff"
WORD: Final = r"\w"  # letters, digits and marks of every script: filled in by whoever reads the table
LETTER: Final = "a-zA-Z"
SPACE: Final = "\t-\r\x1c- \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"

COMMON: Final = "\xa0\xad·´–—―…’"
C1: Final = "\x80-\x9f"
BAD: Final = "¦¤¨¬¯¸ƒˆˇ˘˛˜†‡‰⌐◊\ufffdªº"
LAW: Final = "¶§"
CURRENCY: Final = "¢£¥₧€"
START: Final = "¡«¿©΄΅‘‚“„•‹\uf8ff"
END: Final = "®»˝”›™"
NUMERIC: Final = "²³¹±¼½¾×µ÷⁄∂∆∏∑√∞∩∫≈≠≡≤≥№"
KAOMOJI: Final = "Ò-ÖÙ-Üò-öø-üŐŌŪŲ°"
UPPER: Final = "À-ÑØÜÝĂĀĄĆČĎĐĘĚĒĖĞĢİĪĶĹĽŁĻŃŇŅŒŘŚŞŠŢŤŮŰŸŹŻŽҐ"
LOWER: Final = "ßà-ñăąāćčďđęěēėğģįīķĺľłļœŕśşšťüźżžґﬁﬂ"
PLAIN_UPPER: Final = "ÞΑ-ΩΆΈΉΊΌΎΏΪΫЁ-Я"
PLAIN_LOWER: Final = "α-ωάέήίΰа-џ"
BOX: Final = "│┌┐┘├┤┬┼═-╬▀▄█▌▐░▒▓"

# What is never part of a finished text, whatever stands beside it. The tab and the line feed are; every other
# control, other line end, byte order mark and interlinear or object mark leaves or is replaced.
UNWANTED: Final = "\0-\x08\x0b-\x1f\x7f\u2028\u2029\u206a-\u206f\ufeff\ufff9-\ufffc"

_MARKED: Final = LOWER + UPPER
_AFTER_ARABIC: Final = COMMON + CURRENCY + BAD + NUMERIC + START + "ŸŠ®°µ»"
_INSIDE_TRIPLE: Final = C1 + BAD + START + END + CURRENCY + "°µ"
# Cyrillic read as MacRoman, of which ftfy sees little: every other character is a dash.
_DASH_FOLLOWER: Final = "Ä-ÆÉÑÖ-Øßà-ïñ-öø-üπΩ∂∑∏∫∞≠≤≥±´¨¥µ°†¢£§•¶®©™ªº"

# Beyond ftfy: what UTF-8's sequences of two begin and go on with in some encoding. After a small letter no word has
# a capital or a sign of the first kind and then one of the second: `konuÅŸtuk`, `ma├▒ana`, `chearРў`.
LEAD: Final = "À-ÖØ-ÞĀĂĆČĎĐĒĖĘĚĞĢĪİĶĹĻŁŃŅŇŌŐŒŘŚŞŠŢŪŮŰŲŸŹŻŽΒ-ΡΣ-ΫВ-Я×∆√≈─┌┘├┬┼═╒-╔╘-╚╞-╠╤-╦╧-╩╪-╬▀▄█▌▐"
FOLLOWER: Final = (
    "\x80-¿×ÀÁÂÄÅÆÇÉÑÖØÜßà-ïñ-öø-üÿĄąĹĺĽľŁłŒœŖŗŚŞśşŠšŤťŸ-žƒΆΈΉΊΌΎΏΩπЁЂЃЄЅІЇЈЉЊЋЌЎЏёђѓєѕіїјљњћќўџҐґ"
    "ˆˇ˘˛˜˝΄΅‘-‚“-„†‡•…‰‹›₧€№™∂∏∑∞∫≠≤≥⌐│┐┤║╕-╗╛-╝╡-╣░▒▓–—―"
)
# Nor, after a small Latin letter, one of another script and then a sign: `hц╓ndelse`, `Fأ¶rklaringen`.
OTHER_LETTER: Final = "а-яё\u0600-\u06ff"
SIGN_BEHIND: Final = "¡-¿€‚ƒ„…†‡ˆ‰‹›™" + BOX + "⌠⌡■∙√≈≤≥÷"
# U+FFFD itself, garbled: first, second and third of its bytes in some encoding. And quotes, dashes and the bullet, read
# as cp866 (`тАЩ`) and KOI8 (`Б─≥`), or as cp437 and cp850 where ftfy sees none (`ΓÇó`).
LOST: Final = ("ïпďοļÔ∩´я" + "тБΓÔ", "¿їżΏæø┐" + "А─Ç", "½Ѕ˝Ω╜¢Ż" + "ЩШЬЭФУжв≥≤°²■⌠╕╒ÿó")

# Beyond UTF-8: what a text looks like that was read in the wrong legacy encoding (see misread.py). Three Western
# letters with accents in a row; a sign, a capital or a letter of another script between small Latin letters;
# a capital after a small letter, a box or a sign within Cyrillic.
WESTERN: Final = "À-ÿ"
CYRILLIC: Final = "Ѐ-џ"
BETWEEN_LATIN: Final = "¡-©«-´¶¸-¿×÷À-ÞŒŠŽŸ€ƒˆ˜‚“”„†‡•‰‹›™√∆≈Ͱ-ӿ\u0590-\u0e7f" + BOX
BETWEEN_CYRILLIC: Final = "¤¦§©«¬®°±µ¶·»№•‹›" + BOX

# Corners of one line and two: frames have few, KOI8 read as a DOS charset has them in every word.
BOX_BY_CHANCE: Final = "╒╓╕╖╘╙╛╜╞╟╡╢╤╥╧╨╪╫"

# first, second and third neighbour; at most 32 rows, a bit each (see fastpath.py)
SUSPECTS: Final[tuple[tuple[str, str, str], ...]] = (
    (UNWANTED, ANY, ANY),
    (C1, ANY, ANY),
    (BAD + _MARKED + BOX + START + END + CURRENCY + NUMERIC + LAW, BAD, ANY),
    (LETTER, PLAIN_LOWER + PLAIN_UPPER, BAD),
    (BAD, _MARKED + BOX + START + END + CURRENCY + NUMERIC + LAW, ANY),
    (LOWER + PLAIN_LOWER + BOX + END + CURRENCY + NUMERIC, UPPER, ANY),
    (BOX + END + CURRENCY + NUMERIC, LOWER + START, ANY),
    (LOWER + BOX + END, CURRENCY, ANY),
    (SPACE, UPPER, CURRENCY),
    (UPPER + BOX, NUMERIC + LAW + "°", ANY),
    (_MARKED + BOX + CURRENCY + END, START, NUMERIC),
    (_MARKED + CURRENCY + NUMERIC + BOX + LAW, END, START),
    ("a-z", UPPER, START + CURRENCY),
    (BOX, KAOMOJI + END, ANY),
    (_MARKED + CURRENCY + NUMERIC + START + END + LAW, BOX, ANY),
    (_MARKED, START + END, WORD),
    ("Œœ", "\0-@[-`{-\uffff", ANY),
    ("ÂÃÎÐ", "€œŠš¢£Ÿž\xa0\xad®©°·»–—´" + START + END, ANY),
    ("×à√≈‚", "²³µ¹¼½¾±∂†≠®™´≤≥¥ø°¢Äâó", ANY),
    ("ØÙ", _AFTER_ARABIC, "ØÙ"),
    ("вāβВ", "Ђ€", ANY),
    ("ВГРСΒΓΞΟ–—", _INSIDE_TRIPLE + _DASH_FOLLOWER, "ВГРСΒΓΞΟ–—"),
    ("a-z" + SPACE, "ÂÃ", " "),
    ("a-z.,?!" + END, "Â", " " + START + END),
    ("a-z", LEAD, FOLLOWER),
    ("a-z", OTHER_LETTER, SIGN_BEHIND),
    LOST,
    (WESTERN, WESTERN, WESTERN),
    ("a-zß-ÿ", BETWEEN_LATIN, "a-z"),
    ("а-џ", "Ѐ-Я", ANY),
    (CYRILLIC, BETWEEN_CYRILLIC, CYRILLIC),
    (BOX, CYRILLIC + BOX_BY_CHANCE, ANY),
)
# The last rows speak of other things than UTF-8.
MISREAD_ROWS: Final = 5
CYRILLIC_ROWS: Final = 3  # the last of the five
# Letters that no Western encoding has; Vietnamese has those below together and these with them.
ELSEWHERE: Final = "ƀ-ɏḀ-ỿ"
# Letters of which none is strange, but no language has them together; the ones that it does have are alike:
# Hungarian ő and ű, Czech, Slovene, Turkish, Lithuanian, Latvian, Estonian, Romanian; French and Spanish read as Slavic
# and as Baltic; Scandinavian read as Central European and as Baltic.
STRANGERS: Final = (
    *("õöá", "õüá", "ûöá", "ûüá", "ýè", "ýì", "ýø", "ýù", "èš", "èž", "æš", "æž", "ðš", "ýü", "þü", "ðü"),
    *("ðë", "þë", "ðâ", "þâ", "ðõ", "ãþ", "ãîº", "ŕč", "ķį"),
    *("ĺř", "ĺć", "ĺö", "åų"),
)


# Small enough that the arrays stay in the processor's cache, large enough that their set-up does not count.
_BLOCK_CHARS: Final = 1 << 16
# The bits of the rows on what is unwanted anywhere, on UTF-8, and on other legacy encodings.
_UNWANTED: Final = 1
_GARBLED: Final = (1 << len(SUSPECTS) - MISREAD_ROWS) - 1 - _UNWANTED
_C1: Final = 2
_MISREAD: Final = np.uint32((1 << len(SUSPECTS)) - 1 - _GARBLED - _UNWANTED + _C1)
_MISREAD_CYRILLIC: Final = np.uint32((1 << len(SUSPECTS)) - (1 << len(SUSPECTS) - CYRILLIC_ROWS))
_ELSEWHERE: Final = 1 << 31
_STRANGER_LETTERS: Final = "".join(dict.fromkeys("".join(STRANGERS)))
_STRANGER_MASKS: Final = tuple(sum(1 << _STRANGER_LETTERS.index(letter) for letter in rule) for rule in STRANGERS)
_KEPT_ASCII: Final = bytes([9, 10, *range(0x20, 0x7F)])
_FOREIGN_RUN: Final = re.compile("[^\0-\x7f]+")
# How many runs of letters outside ASCII are tried, from the beginning and from the middle of a block.
_SAMPLED_RUNS: Final = 3
_LONG_RUN: Final = 6


def cannot_change(text: str) -> bool:
    """Return whether repair would leave every character as it is; False means only that it must look."""
    return (text.isascii() or unicodedata.is_normalized("NFC", text)) and is_sound(text)


def is_sound(text: str) -> bool:
    """Return whether nothing in a composed text calls for repair."""
    return all(look(block) == _NOTHING and not looks_encoded_twice(block) for block in blocks(text))


def blocks(text: str, block_chars: int = _BLOCK_CHARS) -> Iterator[str]:
    """Cut a text into blocks of whole lines; a longer line is cut before a letter of ASCII where there is one."""
    start = 0
    while len(text) - start > block_chars:
        end = text.rfind("\n", start, start + block_chars) + 1
        if end <= start:
            end = _cut(text, start, start + block_chars)
        yield text[start:end]
        start = end
    yield text[start:]


def _cut(text: str, start: int, latest: int) -> int:
    """Find where to cut a line that is too long: not within what may be one garbled character."""
    for end in range(latest, max(start, latest - 256), -1):
        if text[end].isascii():
            return end
    return latest


@dataclass(frozen=True, slots=True)
class Look:
    """The result of a few table look-ups per character: what a block might hold."""

    unwanted: bool  # controls, odd line ends, marks that show nothing
    garbled: bool  # UTF-8 read in another encoding, as ftfy's badness knows it and a little beyond
    misread: bool  # letters of another encoding than it was read in, no UTF-8


_NOTHING: Final = Look(unwanted=False, garbled=False, misread=False)
_ANYTHING: Final = Look(unwanted=True, garbled=True, misread=True)


def look(text: str) -> Look:
    """Look at all characters of a block at once; one with a surrogate might hold anything."""
    if text.isascii():
        return _ANYTHING if text.encode().translate(None, _KEPT_ASCII) else _NOTHING
    try:
        units = np.frombuffer(f"\n{text}\n\n".encode("utf-16-le"), np.uint16).astype(np.intp)
    except UnicodeEncodeError:
        return _ANYTHING
    first, second, third, letters = _tables()
    found = first.take(units[:-2])
    found &= second.take(units[1:-1])
    rows, misread = 0, False
    if found.any():  # as in few clean texts
        found &= third.take(units[2:])
        rows = int(np.bitwise_or.reduce(found))
        misread = bool(rows & _MISREAD) and _is_misread_throughout(found, int(np.count_nonzero(units > 0x7F)))
    present = int(np.bitwise_or.reduce(letters.take(units)))
    strangers = not present & _ELSEWHERE and any(present & mask == mask for mask in _STRANGER_MASKS)
    return Look(bool(rows & _UNWANTED), bool(rows & _GARBLED), misread or strangers)


def _is_misread_throughout(found: np.ndarray, foreign: int) -> bool:
    """Distinguish damage all over a text from one odd place (Irish `ag tÚs`); Cyrillic shows in few places."""
    places = int(np.count_nonzero(found & _MISREAD))
    return 10 * places >= foreign or int(np.count_nonzero(found & _MISREAD_CYRILLIC)) > 1


@cache
def _tables() -> tuple[np.ndarray, ...]:
    """Build the tables of the basic plane: which rows a character fits in each of three places, which letter it is."""
    tables = [np.zeros(0x10000, np.uint32) for _ in range(4)]
    for row, classes in enumerate(SUSPECTS):
        for table, wanted in zip(tables, classes, strict=False):
            table[members(wanted)] |= np.uint32(1 << row)
    for bit, letter in enumerate(_STRANGER_LETTERS):
        tables[-1][ord(letter)] = 1 << bit
    tables[-1][members(ELSEWHERE)] = _ELSEWHERE
    return tuple(tables)


def members(wanted: str) -> np.ndarray:
    """Mark the characters of a class in the basic plane; halves of astral ones are words, and nothing else but any."""
    found = np.zeros(0x10000, bool)
    if wanted == WORD:
        found[[match.start() for match in re.finditer(r"\w", "".join(map(chr, range(0x10000))))]] = True
        wanted = "\ud800-\udfff"
    for first, last in re.findall("(?s)(.)(?:-(.))?", wanted):
        found[ord(first) : ord(last or first) + 1] = True
    return found


def looks_encoded_twice(text: str) -> bool:
    """Return whether two of a few runs of letters, or a long one, are UTF-8's sequences in one encoding."""
    if text.isascii():
        return False
    once = 0
    for start in (0, len(text) // 2):
        for _, run in zip(range(_SAMPLED_RUNS), _FOREIGN_RUN.finditer(text, start), strict=False):
            encodings = encodings_of_sequences(run[0])
            if encodings & once or (encodings and len(run[0]) >= _LONG_RUN):
                return True
            once |= encodings
    return False
