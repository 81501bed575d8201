"""The encodings that a file may be in when it is not Unicode: how each reads its bytes, and how common it is.

Promised: every byte has a reading in every single-byte table (U+FFFD where the charset has none), so that evidence
can be weighed over any bytes. Names are the WHATWG Encoding Standard's where it has one, else Python's.
Not here: what follows from a text's bytes, which is `evidence.py`; and what keeps no ASCII (`ebcdic.py`, `utf.py`).
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import TYPE_CHECKING, ClassVar, Final, NamedTuple

import numpy as np

from longshore.text.languages.letter_model import Script

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt


def _table(low: dict[int, str], high: str) -> str:
    """Make a table of 256 characters: ASCII, but for `low`, then `high` from 0x80 on."""
    characters = [low.get(code, chr(code)) for code in range(0x80)]
    return "".join(characters) + high


VISCII: Final = _table(
    {0x02: "Ẳ", 0x05: "Ẵ", 0x06: "Ẫ", 0x14: "Ỷ", 0x19: "Ỹ", 0x1E: "Ỵ"},
    "ẠẮẰẶẤẦẨẬẼẸẾỀỂỄỆỐ"  # 80
    "ỒỔỖỘỢỚỜỞỊỎỌỈỦŨỤỲ"  # 90
    "Õắằặấầẩậẽẹếềểễệố"  # A0
    "ồổỗỠƠộờởịỰỨỪỬơớƯ"  # B0
    "ÀÁÂÃẢĂẳẵÈÉÊẺÌÍĨỳ"  # C0
    "ĐứÒÓÔạỷừửÙÚỹỵÝỡư"  # D0
    "àáâãảăữẫèéêẻìíĩỉ"  # E0
    "đựòóôõỏọụùúũủýợỮ",  # F0
)

TCVN: Final = _table(
    {
        0x01: "Ú", 0x02: "Ụ", 0x04: "Ừ", 0x05: "Ử", 0x06: "Ữ", 0x11: "Ứ", 0x12: "Ự",
        0x13: "Ỳ", 0x14: "Ỷ", 0x15: "Ỹ", 0x16: "Ý", 0x17: "Ỵ",
    },
    "ÀẢÃÁẠẶẬÈẺẼÉẸỆÌỈĨ"  # 80
    "ÍỊÒỎÕÓỌỘỜỞỠỚỢÙỦŨ"  # 90
    "\u00a0ĂÂÊÔƠƯĐăâêôơưđẰ"  # A0
    "\u0300\u0309\u0303\u0301\u0323àảãáạẲằẳẵắẴ"  # B0: combining tone marks first
    "ẮẦẨẪẤỀặầẩẫấậèỂẻẽ"  # C0
    "éẹềểễếệìỉỄẾỒĩíịò"  # D0
    "Ổỏõóọồổỗốộờởỡớợù"  # E0
    "ỖủũúụừửữứựỳỷỹýỵỐ",  # F0
)  # fmt: skip


# (name, Python codec, script, how common: natural logarithm against windows-1252).
# The order of magnitude follows what the web and old archives hold (w3techs, chardet's and uchardet's defaults):
# Windows before ISO before KOI and Mac before DOS, and the charsets of one region before exotic ones.
_SINGLE_BYTE: Final[tuple[tuple[str, str, Script, float], ...]] = (
    ("windows-1252", "cp1252", "latin", 0.0),
    ("iso-8859-15", "iso8859_15", "latin", -2.5),
    ("macintosh", "mac_roman", "latin", -3.0),
    ("cp850", "cp850", "latin", -3.0),
    ("cp437", "cp437", "latin", -3.5),
    ("cp858", "cp858", "latin", -5.0),
    ("windows-1250", "cp1250", "latin", -1.5),
    ("iso-8859-2", "iso8859_2", "latin", -2.0),
    ("cp852", "cp852", "latin", -3.5),
    ("mac-latin2", "mac_latin2", "latin", -5.0),
    ("windows-1254", "cp1254", "latin", -2.0),
    ("cp857", "cp857", "latin", -4.5),
    ("mac-turkish", "mac_turkish", "latin", -5.5),
    ("windows-1257", "cp1257", "latin", -2.0),
    ("iso-8859-13", "iso8859_13", "latin", -3.0),
    ("iso-8859-4", "iso8859_4", "latin", -4.5),
    ("cp775", "cp775", "latin", -5.0),
    ("iso-8859-3", "iso8859_3", "latin", -3.5),
    ("iso-8859-10", "iso8859_10", "latin", -6.0),
    ("iso-8859-14", "iso8859_14", "latin", -3.8),
    ("iso-8859-16", "iso8859_16", "latin", -4.5),
    ("cp860", "cp860", "latin", -5.5),
    ("cp861", "cp861", "latin", -5.5),
    ("cp863", "cp863", "latin", -5.5),
    ("cp865", "cp865", "latin", -4.5),
    ("mac-croatian", "mac_croatian", "latin", -6.5),
    ("mac-romanian", "mac_romanian", "latin", -6.5),
    ("mac-iceland", "mac_iceland", "latin", -5.5),
    ("windows-1258", "cp1258", "vietnamese", -2.0),
    ("viscii", "", "vietnamese", -3.0),
    ("tcvn5712-1", "", "vietnamese", -3.0),
    ("windows-1251", "cp1251", "cyrillic", -1.0),
    ("koi8-r", "koi8_r", "cyrillic", -2.0),
    ("koi8-u", "koi8_u", "cyrillic", -2.5),
    ("ibm866", "cp866", "cyrillic", -2.5),
    ("iso-8859-5", "iso8859_5", "cyrillic", -3.5),
    ("x-mac-cyrillic", "mac_cyrillic", "cyrillic", -4.0),
    ("cp855", "cp855", "cyrillic", -4.5),
    ("cp1125", "cp1125", "cyrillic", -5.0),
    ("kz1048", "kz1048", "cyrillic", -4.7),
    ("ptcp154", "ptcp154", "cyrillic", -4.5),
    ("koi8-t", "koi8_t", "cyrillic", -9.0),
    ("windows-1253", "cp1253", "greek", -2.0),
    ("iso-8859-7", "iso8859_7", "greek", -2.0),
    ("cp737", "cp737", "greek", -4.0),
    ("cp869", "cp869", "greek", -5.5),
    ("mac-greek", "mac_greek", "greek", -5.5),
    ("windows-1255", "cp1255", "hebrew", -2.0),
    ("iso-8859-8", "iso8859_8", "hebrew", -3.0),
    ("cp862", "cp862", "hebrew", -4.0),
    ("windows-1256", "cp1256", "arabic", -2.0),
    ("iso-8859-6", "iso8859_6", "arabic", -3.0),
    ("cp720", "cp720", "arabic", -4.5),
    ("windows-874", "cp874", "thai", -2.0),
)

# (name, Python codecs from the narrow to the wide, how common). The first codec that reads the file is taken:
# the wide ones read a few points otherwise (0xA145 of Big5, the wave dash of Shift_JIS).
_MULTI_BYTE: Final[tuple[tuple[str, tuple[str, ...], float], ...]] = (
    ("shift_jis", ("cp932", "shift_jis_2004"), -1.5),
    ("euc-jp", ("euc_jp", "euc_jis_2004"), -2.0),
    ("gb18030", ("gb18030",), -1.5),
    ("big5", ("big5", "cp950", "big5hkscs"), -1.5),
    ("euc-kr", ("cp949",), -1.5),
    ("johab", ("johab",), -6.0),
)

UNASSIGNED: Final = "\ufffd"
_PAIRS: Final = "longshore.pairs"
_LEAST_TRAIL: Final = 0x80
# What the codecs are called that know more than the charset's name says.
_WIDER_NAMES: Final = {"euc_jis_2004": "euc_jis_2004", "shift_jis_2004": "shift_jis_2004"}


def _replace_pair(error: UnicodeError) -> tuple[str, int]:
    """Replace an undefined pair by one U+FFFD, as the WHATWG standard does; a byte alone where ASCII follows."""
    assert isinstance(error, UnicodeDecodeError)
    is_pair = error.object[error.start + 1 : error.start + 2] >= bytes([_LEAST_TRAIL])
    return UNASSIGNED, error.start + 1 + is_pair


codecs.register_error(_PAIRS, _replace_pair)


class Read(NamedTuple):
    """A text, how many characters of it are U+FFFD for want of a reading, and the name of the encoding it is in."""

    text: str
    unread: int
    name: str


@dataclass(frozen=True, slots=True)
class SingleByte:
    """A charset of one byte a character: `table[byte]` is its reading."""

    name: str
    script: Script
    log_prior: float
    codec: str
    table: str = field(repr=False)
    codes: npt.NDArray[np.uint16] = field(repr=False)

    def read(self, raw: bytes) -> Read:
        """Read all of `raw`, and count what the charset leaves unassigned."""
        text = self.decode(raw)
        return Read(text, text.count(UNASSIGNED), self.name)

    @property
    def composes(self) -> bool:
        """Whether letters and their marks are bytes of their own, so that the text wants NFC."""
        return "\u0301" in self.table

    def decode(self, raw: bytes) -> str:
        """Read all of `raw`; U+FFFD for a byte that the charset leaves unassigned."""
        return codecs.charmap_decode(raw, "strict", self.table)[0]

    def decode_strictly(self, raw: bytes) -> str:
        """Read all of `raw`; UnicodeDecodeError at a byte that the charset leaves unassigned."""
        text = self.decode(raw)
        where = text.find(UNASSIGNED)
        if where >= 0:
            raise UnicodeDecodeError(self.name, raw, where, where + 1, "unassigned")
        return text


@dataclass(frozen=True, slots=True)
class MultiByte:
    """A charset of one or more bytes a character, through Python's codecs."""

    script: ClassVar[Script] = "cjk"
    name: str
    log_prior: float
    codecs: tuple[str, ...]

    def read(self, raw: bytes) -> Read:
        """Read all of `raw` with the first codec that can, else with the widest and U+FFFD."""
        for codec in self.codecs:
            try:
                return Read(raw.decode(codec), 0, _WIDER_NAMES.get(codec, self.name))
            except UnicodeDecodeError:
                continue
        text = raw.decode(self.codecs[-1], _PAIRS)
        return Read(text, text.count(UNASSIGNED), self.name)

    def decode(self, raw: bytes) -> str:
        """Return the text of `raw`, with U+FFFD for what has no reading."""
        return self.read(raw).text


@cache
def single_byte() -> tuple[SingleByte, ...]:
    """Return every charset of one byte a character that keeps ASCII, the commonest first."""
    return tuple(sorted((single_byte_charset(*row) for row in _SINGLE_BYTE), key=lambda charset: -charset.log_prior))


@cache
def multi_byte() -> tuple[MultiByte, ...]:
    """Return every charset of Chinese, Japanese and Korean that needs no escapes."""
    return tuple(MultiByte(name, prior, names) for name, names, prior in _MULTI_BYTE)


@lru_cache(maxsize=256)
def reader_of(label: str) -> tuple[str, Callable[[bytes], str]]:
    """Return the name of an encoding and how to read it strictly; UnicodeDecodeError where a byte does not fit.

    label: as the WHATWG standard, IANA or Python spells it. LookupError where nobody does.
    """
    plain = label.strip().lower().replace("_", "-")
    for charset in single_byte():
        if plain in {charset.name, charset.name.replace("-", ""), *_LABELS.get(charset.name, ())}:
            return charset.name, charset.decode_strictly
    codec = codecs.lookup(_ALIASES.get(plain, plain))
    if not codec._is_text_encoding:  # noqa: SLF001 - the only way to tell rot13 and zlib from charsets
        raise LookupError(label)
    for charset in single_byte():
        if charset.codec and codecs.lookup(charset.codec).name == codec.name:
            return charset.name, charset.decode_strictly
    name, codec_name = _NAMES.get(codec.name, (codec.name.replace("iso8859", "iso-8859"), codec.name))
    return name, lambda raw: raw.decode(codec_name)


# Labels that Python does not know.
_LABELS: Final[dict[str, tuple[str, ...]]] = {
    "windows-874": ("cp874", "dos-874"),
    "macintosh": ("x-mac-roman",),
    "viscii": ("csviscii",),
    "tcvn5712-1": ("tcvn", "tcvn-5712", "tcvn3"),
    "koi8-u": ("koi8-ru",),
    "iso-8859-8": ("iso-8859-8-i",),
}
_ALIASES: Final = {
    "x-sjis": "cp932",
    "windows-31j": "cp932",
    "windows-949": "cp949",
    "x-gbk": "gbk",
    "x-euc-jp": "euc_jp",
}
# Python's codecs that WHATWG calls otherwise, and the wider one that it means by the name.
_NAMES: Final = {
    "utf-16-le": ("utf-16le", "utf-16-le"),
    "utf-16-be": ("utf-16be", "utf-16-be"),
    "utf-32-le": ("utf-32le", "utf-32-le"),
    "utf-32-be": ("utf-32be", "utf-32-be"),
    "utf-8-sig": ("utf-8", "utf-8-sig"),
    "shift_jis": ("shift_jis", "cp932"),
    "cp932": ("shift_jis", "cp932"),
    "euc_jp": ("euc-jp", "euc_jp"),
    "euc_kr": ("euc-kr", "cp949"),
    "cp949": ("euc-kr", "cp949"),
    "gb2312": ("gbk", "gbk"),
    "cp950": ("big5", "cp950"),
    "big5hkscs": ("big5", "big5hkscs"),
    "iso2022_jp": ("iso-2022-jp", "iso2022_jp"),
    "iso2022_kr": ("iso-2022-kr", "iso2022_kr"),
}


def single_byte_charset(name: str, codec: str, script: Script, log_prior: float) -> SingleByte:
    """Make a charset of one byte a character from Python's codec, or from our own table where Python has none."""
    table = {"viscii": VISCII, "tcvn5712-1": TCVN}.get(name) or _table_of(codec, windows="windows" in name)
    return SingleByte(name, script, log_prior, codec, table, np.frombuffer(table.encode("utf-16-le"), np.uint16))


def _table_of(codec: str, *, windows: bool) -> str:
    """Read every byte alone. As in the WHATWG standard, a gap in 80-9F of a Windows charset is a C1 control."""
    table = []
    for code in range(256):
        character = bytes((code,)).decode(codec, "replace")
        table.append(chr(code) if windows and character == UNASSIGNED and code < 0xA0 else character)
    if codec == "koi8_u":  # WHATWG's, which has the Belarusian letter where KOI8-R has two rare box corners
        table[0xAE], table[0xBE] = "ў", "Ў"
    return "".join(table)
