r"""Which neighbouring characters can mean mojibake: ftfy's badness, as a table of three character classes a row.

Promise: wherever `ftfy.badness.is_bad` finds something, three neighbours match a row of `SUSPECTS` (with a line
end before and two after the text), so a text without such neighbours is one that ftfy calls good. The reverse is
not promised: a suspect is a reason to look closer, no more.

The categories are ftfy's (`ftfy/badness.py`, by Robyn Speer, Apache-2.0), cut to what stands next to each other;
`tests/text/test_suspects.py` proves, alternative by alternative, that the table still covers the installed ftfy.
It is written out rather than derived when the program starts because importing ftfy costs 0.15 s, and a folder
of clean texts never needs it.

A class is written as in a regular expression: `a-z` is a range, a `-` that stands first is itself.
"""

from __future__ import annotations

from typing import Final

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
