"""Script of a text (ISO 15924), by counting its letters.

Promised: each letter has the script that Unicode gives it; digits, signs and blanks have none. An ideograph stands for
about three letters of an alphabet, a syllable for two, so that a page of Chinese with English names is Chinese.
Chinese is `Hans` or `Hant` by the characters that only one of the two has, and `Hani` where the text has none of them;
Han with Kana is `Jpan`, Hangul with or without Han is `Kore`.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Codes = npt.NDArray[np.integer]
    Counts = npt.NDArray[np.int64]

# First and last code point in hexadecimal, and the script; ascending.
RANGES: Final = """
    41-5A:Latn 61-7A:Latn AA:Latn BA:Latn C0-D6:Latn D8-F6:Latn F8-2B8:Latn 2E0-2E4:Latn 370-373:Grek 376-37D:Grek
    37F:Grek 386:Grek 388-3E1:Grek 3E2-3EF:Copt 3F0-3F5:Grek 3F7-3FF:Grek 400-481:Cyrl 483-484:Cyrl 487-52F:Cyrl
    531-559:Armn 560-588:Armn 58B-58C:Armn 591-5BD:Hebr 5BF:Hebr 5C1-5C2:Hebr 5C4-5C5:Hebr 5C7-5F2:Hebr 610-61A:Arab
    620-63F:Arab 641-64A:Arab 656-65F:Arab 66E-66F:Arab 671-6D3:Arab 6D5-6DC:Arab 6DF-6E8:Arab 6EA-6EF:Arab
    6FA-6FC:Arab 6FF:Arab 710-74F:Syrc 750-77F:Arab 780-7B1:Thaa 7CA-7F5:Nkoo 7FA-7FD:Nkoo 800-82D:Samr 840-85B:Mand
    860-86A:Syrc 870-887:Arab 889-88F:Arab 897-8E1:Arab 8E3-8FF:Arab 900-950:Deva 955-963:Deva 971-97F:Deva
    980-9E3:Beng 9F0-9F1:Beng 9FC:Beng 9FE:Beng A01-A5E:Guru A70-A75:Guru A81-AE3:Gujr AF9-AFF:Gujr B01-B63:Orya
    B71:Orya B82-BD7:Taml C00-C63:Telu C80-C83:Knda C85-CE3:Knda CF1-CF3:Knda D00-D4E:Mlym D54-D57:Mlym D5F-D63:Mlym
    D7A-D7F:Mlym D81-DDF:Sinh DF2-DF3:Sinh E01-E3A:Thai E40-E4E:Thai E81-ECE:Laoo EDC-EDF:Laoo F00:Tibt F18-F19:Tibt
    F35:Tibt F37:Tibt F39:Tibt F3E-F84:Tibt F86-FBC:Tibt FC6:Tibt 1000-103F:Mymr 1050-108F:Mymr 109A-109D:Mymr
    10A0-10FA:Geor 10FC-10FF:Geor 1100-11FF:Hang 1200-135F:Ethi 1380-138F:Ethi 13A0-13FD:Cher 1401-166C:Cans
    166F-167F:Cans 1681-169A:Ogam 16A0-16EA:Runr 16F1-16F8:Runr 1700-171F:Tglg 1720-1734:Hano 1740-1753:Buhd
    1760-1773:Tagb 1780-17D3:Khmr 17D7:Khmr 17DC-17DD:Khmr 180B-180D:Mong 180F:Mong 1820-18AA:Mong 18B0-18F5:Cans
    1900-193B:Limb 1950-1974:Tale 1980-19C9:Talu 1A00-1A1B:Bugi 1A20-1A7F:Lana 1AA7:Lana 1B00-1B4C:Bali
    1B6B-1B73:Bali 1B80-1BAF:Sund 1BBA-1BBF:Sund 1BC0-1BF3:Batk 1C00-1C37:Lepc 1C4D-1C4F:Lepc 1C5A-1C7D:Olck
    1C80-1C8A:Cyrl 1C90-1CBF:Geor 1D00-1D25:Latn 1D26-1D2A:Grek 1D2B:Cyrl 1D2C-1D5C:Latn 1D5D-1D61:Grek
    1D62-1D65:Latn 1D66-1D6A:Grek 1D6B-1D77:Latn 1D78:Cyrl 1D79-1DBE:Latn 1DBF:Grek 1E00-1EFF:Latn 1F00-1FBC:Grek
    1FBE:Grek 1FC2-1FCC:Grek 1FD0-1FDB:Grek 1FE0-1FEC:Grek 1FF2-1FFC:Grek 2071:Latn 207F:Latn 2090-209F:Latn
    2126:Grek 212A-212B:Latn 2132:Latn 214E:Latn 2183-2184:Latn 2C00-2C5F:Glag 2C60-2C7F:Latn 2C80-2CE4:Copt
    2CEB-2CF3:Copt 2D00-2D2D:Geor 2D30-2D6F:Tfng 2D7F:Tfng 2D80-2DDE:Ethi 2DE0-2DFF:Cyrl 3005:Hani 302E-302F:Hang
    303B:Hani 3041-3096:Hira 309D-309F:Hira 30A1-30FA:Kana 30FD-30FF:Kana 3105-312F:Bopo 3131-318E:Hang
    31A0-31BF:Bopo 31F0-31FF:Kana 3400-4DBF:Hani 4E00-9FFF:Hani A000-A48C:Yiii A4D0-A4FD:Lisu A500-A60C:Vaii
    A610-A61F:Vaii A62A-A62B:Vaii A640-A672:Cyrl A674-A67D:Cyrl A67F-A69F:Cyrl A6A0-A6E5:Bamu A6F0-A6F1:Bamu
    A722-A787:Latn A78B-A7FF:Latn A800-A827:Sylo A82C:Sylo A840-A873:Phag A880-A8C5:Saur A8E0-A8F7:Deva A8FB:Deva
    A8FD-A8FF:Deva A90A-A92D:Kali A930-A953:Rjng A960-A97C:Hang A980-A9C0:Java A9E0-A9EF:Mymr A9FA-A9FE:Mymr
    AA00-AA4D:Cham AA60-AA76:Mymr AA7A-AA7F:Mymr AA80-AADD:Tavt AAE0-AAEF:Mtei AAF2-AAF6:Mtei AB01-AB2E:Ethi
    AB30-AB5A:Latn AB5C-AB64:Latn AB65:Grek AB66-AB69:Latn AB6C-AB6D:Latn AB70-ABBF:Cher ABC0-ABEA:Mtei ABEC-
    ABED:Mtei AC00-D7FB:Hang F900-FAD9:Hani FB00-FB06:Latn FB13-FB17:Armn FB1D-FB28:Hebr FB2A-FB4F:Hebr
    FB50-FBB1:Arab FBD3-FD3D:Arab FD50-FD8F:Arab FD92-FDC7:Arab FDF0-FDFB:Arab FE2E-FE2F:Cyrl FE70-FEFC:Arab
    FF21-FF3A:Latn FF41-FF5A:Latn FF66-FF6F:Kana FF71-FF9D:Kana FFA0-FFDC:Hang 10330-10340:Goth 10342-10349:Goth
    10400-1044F:Dsrt 10450-1047F:Shaw 10480-1049D:Osma 104B0-104FB:Osge 10780-107BF:Latn 10C00-10C48:Orkh
    10D00-10D27:Rohg 10EC2-10EC7:Arab 10ECB-10ECF:Arab 10ED9-10EFF:Arab 11000-11046:Brah 11070-1107F:Brah
    11100-11134:Cakm 11144-11147:Cakm 11400-1144A:Newa 1145E-11461:Newa 11480-114C5:Tirh 114C7:Tirh 11680-116B8:Takr
    11AB0-11ABF:Cans 11B0A:Deva 11DF0-11DF1:Beng 11FB0:Lisu 12000-12399:Xsux 12480-12543:Xsux 13000-1342F:Egyp
    13440-143FA:Egyp 16800-16A38:Bamu 16FE3:Hani 16FF0-16FF3:Hani 1AFF0-1B000:Kana 1B001-1B11F:Hira 1B120-1B122:Kana
    1B123:Hira 1B124-1B128:Kana 1B132-1B152:Hira 1B155-1B168:Kana 1D242-1D244:Grek 1DF00-1DFF2:Latn 1DFF3-1DFF4:Grek
    1DFF5-1DFFF:Latn 1E000-1E02A:Glag 1E030-1E08F:Cyrl 1E2C0-1E2EF:Wcho 1E7E0-1E7FE:Ethi 1E900-1E94B:Adlm
    1EE00-1EEBB:Arab
"""


# Code points from here on are ideographs or have no script.
CODE_LIMIT: Final = 0x20000
NO_SCRIPT: Final = 0
SCRIPTS: Final = ("", *sorted({part.partition(":")[2] for part in RANGES.split()}))
NUMBERS: Final = {script: number for number, script in enumerate(SCRIPTS)}

# What Japanese and Korean mix is one script here, by a name of no script. A character is worth as many letters of an
# alphabet as its word takes in English, about.
EAST_ASIAN: Final = "East Asian"
_WEIGHTS: Final = {"Hani": 3.0, "Hang": 2.5, "Hira": 2.0, "Kana": 2.0, "Bopo": 2.0, "Yiii": 2.0, "Ethi": 2.0}
# How few ideographs Japanese may have together without Kana: headlines and addresses do.
_WITHOUT_KANA: Final = 20
# Vowel points and what stretches a line, neither letters nor parts of one (a hamza is), in scripts that have them.
_POINTED: Final = ("Arab", "Hebr")
_POINTS: Final = (*range(0x591, 0x5BE), *range(0x610, 0x61B), 0x640, *range(0x64B, 0x653), 0x670)
_LIKE_YIDDISH: Final = 0.8
# By number: the script, and what a letter of it is worth.
_LETTER_WEIGHTS: Final = [
    (EAST_ASIAN if script in ("Hani", "Hira", "Kana", "Hang", "Bopo") else script, _WEIGHTS.get(script, 1.0))
    for script in SCRIPTS
]


@cache
def script_numbers() -> npt.NDArray[np.uint8]:
    """Tabulate the number of each code point's script below `CODE_LIMIT`, the last for all above."""
    table = np.full(CODE_LIMIT, NO_SCRIPT, np.uint8)
    for part in RANGES.split():
        span, _, script = part.partition(":")
        low, _, high = span.partition("-")
        table[int(low, 16) : int(high or low, 16) + 1] = NUMBERS[script]
    # A noncharacter, which stands for all code points from the limit on: nearly all that are used are ideographs.
    table[-1] = NUMBERS["Hani"]
    return table


@cache
def _han_forms() -> tuple[npt.NDArray[np.int8], npt.NDArray[np.bool_]]:
    """Tabulate the ideographs: 1 only in GB 2312, -1 only in Big5; and those only in JIS X 0208.

    The three standards were made of the characters in daily use of their countries.
    """
    every = "".join(map(chr, range(0x4E00, 0xA000)))
    in_use = [set(every.encode(codec, "ignore").decode(codec)) for codec in ("gb2312", "big5", "shift_jis")]
    simplified, traditional, japanese = ([char in charset for char in every] for charset in in_use)
    form = np.array(simplified, np.int8) - np.array(traditional, np.int8)
    return form, np.array(japanese) & ~np.array(simplified) & ~np.array(traditional)


class Letters(NamedTuple):
    """The scripts of a text with the weight of their letters, heaviest first.

    counts: of its letters by script number; zeros where the text is ASCII.
    """

    scripts: list[tuple[str, float]]
    counts: Counts


def codes_of(text: str) -> Codes:
    """Return the code points of a text, all from the limit on as the last one below it."""
    if text.isascii():
        return np.frombuffer(text.encode(), np.uint8)
    return np.minimum(np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32), CODE_LIMIT - 1)


def without_points(codes: Codes, script: str) -> Codes:
    """Remove the vowel points of Arabic and Hebrew, which most texts, and the profiles, do without.

    Yiddish has a few, and they tell it from Hebrew.
    """
    if script not in _POINTED:
        return codes
    bare = codes[_is_no_point().take(codes)]
    return codes if script == "Hebr" and len(bare) > _LIKE_YIDDISH * len(codes) else bare


@cache
def _is_no_point() -> npt.NDArray[np.bool_]:
    table = np.ones(CODE_LIMIT, bool)
    table[list(_POINTS)] = False
    return table


def text_of(codes: Codes) -> str:
    """Return the text that some code points spell."""
    return codes.astype(np.uint32).tobytes().decode("utf-32-le", "replace")


def count_letters(codes: Codes) -> Letters:
    """Count the letters of each script, East Asian ones in one sum."""
    if codes.itemsize == 1:
        letters = codes.tobytes().translate(None, _ASCII_OTHERS)
        return Letters([("Latn", float(len(letters)))] if letters else [], _NO_COUNTS)
    counts = np.bincount(script_numbers().take(codes), minlength=len(SCRIPTS))
    worth: dict[str, float] = {}
    for number in counts.nonzero()[0].tolist():
        script, weight = _LETTER_WEIGHTS[number]
        worth[script] = worth.get(script, 0.0) + weight * int(counts[number])
    worth.pop("", None)
    return Letters(sorted(worth.items(), key=lambda item: -item[1]), counts)


_NO_COUNTS: Final = np.zeros(len(SCRIPTS), np.int64)
_ASCII_OTHERS: Final = bytes(code for code in range(0x80) if not chr(code).isalpha())


def script_of(codes: Codes, seen: Letters) -> str | None:
    """Name the script of most letters; `None` where there are none."""
    if not seen.scripts:
        return None
    script = seen.scripts[0][0]
    return east_asian_language(codes, seen.counts)[1] if script == EAST_ASIAN else script


def east_asian_language(codes: Codes, counts: Counts) -> tuple[str, str]:
    """Distinguish Chinese, Japanese and Korean, and the forms of Chinese: language and script.

    Kana are at least one in twelve of the characters of Japanese, but in Chinese only in names. Characters of
    Japan alone tell where there is no room for Kana: in a longer text they are forms that some Chinese prefer (爲, 裏,
    啓). `Hani` where nothing tells the form. codes: of the text; counts: of its letters, by script number.
    """
    han, hangul = int(counts[NUMBERS["Hani"]]), int(counts[NUMBERS["Hang"]])
    kana = int(counts[NUMBERS["Hira"]] + counts[NUMBERS["Kana"]])
    if hangul * 2 > han + kana:
        return "ko", "Kore"
    ideographs = codes[(codes >= 0x4E00) & (codes < 0xA000)] - 0x4E00
    form, japanese = _han_forms()
    is_short = kana > 0 or han <= _WITHOUT_KANA
    if kana * 12 > han or (is_short and np.count_nonzero(japanese.take(ideographs)) * 20 > han):
        return "ja", "Jpan"
    balance = int(form.take(ideographs).sum(dtype=np.int64))
    return "zh", "Hans" if balance > 0 else "Hant" if balance < 0 else "Hani"
