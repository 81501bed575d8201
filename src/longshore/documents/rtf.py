r"""Rich Text Format: the text of a document without its control words, and the fields of its information group.

A parser of our own and not `striprtf`, which drops the title, author and date, replaces tables by bars, and looks for
each run of bytes in one code page, whatever the font says.
Promised: every control word is read or passed over, to any depth, in linear time; the code page of each font is
obeyed, `\u` with its fallbacks too. Pictures, objects, tables of fonts and styles, headers and comments are left out;
footnotes come after the text. Not promised: mathematical formulas, drawings, numbers that Word computes for lists.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass, field
from typing import Final

from longshore.documents.kinds import Extracted, Kind
from longshore.records import Reason, Rejection

MEDIA_TYPE: Final = "application/rtf"
BEGINNING: Final = b"{\\rtf"

_BEGINNING: Final = re.compile(r"\s*\{\\rtf\d{0,2}(?=[\\\s{])")
_GLANCE: Final = 4_096
_CONTROLS: Final = re.compile(r"\\[a-z]{1,32}-?\d*")
_LEAST_CONTROLS: Final = 3
_TOKEN: Final = re.compile(
    rb"\\(?P<word>[A-Za-z]{1,32})(?P<number>-?\d{1,10})?[ ]?|\\'(?P<hex>[0-9A-Fa-f]{2})|\\(?P<sign>[\s\S])"
    rb"|(?P<brace>[{}])|(?P<text>[^\\{}\r\n\x00]+)|[\r\n\x00]+|\\"
)
_MOST_DEPTH: Final = 10_000
# Code pages of the character sets of fonts.
_CODE_PAGES: Final = {
    77: "mac_roman", 128: "cp932", 129: "cp949", 130: "johab", 134: "gbk", 136: "cp950", 161: "cp1253",
    162: "cp1254", 163: "cp1258", 177: "cp1255", 178: "cp1256", 186: "cp1257", 204: "cp1251", 222: "cp874",
    238: "cp1250", 254: "cp437", 255: "cp437",
}  # fmt: skip
_DOUBLE_BYTE: Final = frozenset({"cp932", "cp949", "johab", "gbk", "cp950"})
_SYMBOL: Final = "symbol"
# Destinations that hold no text of the document.
_SKIPPED_NAMES: Final = (
    "colortbl stylesheet listtable listoverridetable rsidtbl generator pict object objdata themedata "
    "colorschememapping datastore latentstyles xmlnstbl header headerl headerr headerf footer footerl footerr "
    "footerf annotation atnid atnauthor atnref atndate atrfstart atrfend fldinst bkmkstart bkmkend nonshppict "
    "shppict sp tc xe rxe txe filetbl revtbl private ftnsep ftnsepc aftnsep aftnsepc pgptbl mmathPr do shpinst "
    "wgrffmtfilter docvar userprops xmlopen factoidname template operator comment pntext pnseclvl pntxta pntxtb "
    "ftncn aftncn"
)
_SKIPPED: Final = frozenset(_SKIPPED_NAMES.split())
_INFORMATION: Final = frozenset(("title", "subject", "author", "manager", "company", "category", "keywords", "doccomm"))
_MOMENTS: Final = frozenset(("creatim", "revtim", "printim", "buptim"))
_CHARACTERS: Final = {
    "tab": "\t", "line": "\n", "lbr": "\n", "cell": "\t", "nestcell": "\t", "row": "\n", "nestrow": "\n",
    "emdash": "—", "endash": "–", "lquote": "‘", "rquote": "’", "ldblquote": "“", "rdblquote": "”", "bullet": "•",
    "emspace": " ", "enspace": " ", "qmspace": " ", "softline": "\n",
}  # fmt: skip
_PARAGRAPHS: Final = frozenset(("par", "sect", "page", "column"))
_PARAGRAPH: Final = "\x1d"
_MANY_LINES: Final = re.compile(r"\n{3,}")


@dataclass(slots=True)
class _State:
    """The properties that a group inherits from the one around it.

    target: where its text goes; None for nowhere. outer: where that of a second spelling in Unicode goes.
    """

    target: str | None = "text"
    skip: int = 1  # characters that stand for one \\u where it cannot be shown
    font: int = -1
    hidden: bool = False
    moment: str = ""
    outer: str | None = None

    def copy(self) -> _State:
        """Return a state for a group within."""
        return _State(self.target, self.skip, self.font, self.hidden, self.moment, self.outer)


def recognise(text: str, name: str) -> Kind | None:
    r"""Return the kind of a document in Rich Text Format, or None.

    >>> recognise(r"{\rtf1\ansi{\fonttbl{\f0 Times;}}\f0\pard It was quiet.\par}", "a.txt").media_type
    'application/rtf'
    """
    del name
    if not _BEGINNING.match(text[:64]):
        return None
    controls = len(set(_CONTROLS.findall(text[:_GLANCE])))
    if controls < _LEAST_CONTROLS or ("}" not in text[-_GLANCE:] and len(text) < _GLANCE):
        return None
    return Kind(MEDIA_TYPE, "the group {\\rtf with control words")


def extract(text: str, raw: bytes) -> Extracted | Rejection:
    r"""Extract the text, the title, the date of creation and the other information of a document.

    text: not looked at; the bytes are in the code pages that the document names.

    >>> extract("", rb"{\rtf1\ansi\ansicpg1252{\info{\title Pier}}It was \'84still\'93.\par}").text
    'It was „still“.'
    """
    del text
    reader = _Reader()
    reader.read(raw)
    body = _laid_out(reader.parts["text"])
    notes = _laid_out(reader.parts["footnote"])
    body = f"{body}\n\n{notes}" if body and notes else body or notes
    fields = {name: " ".join("".join(reader.parts[name]).split()) for name in reader.parts if name in _INFORMATION}
    title = fields.pop("title", None) or None
    if not body:
        return Rejection(Reason.EMPTY, "The Rich Text document holds no text.")
    metadata = {{"doccomm": "comment"}.get(name, name): value for name, value in fields.items() if value}
    if changed := _moment(reader.moments.get("revtim", {})):
        metadata["modified"] = changed
    return Extracted(body, ("rtf:text",), title, _moment(reader.moments.get("creatim", {})), metadata)


def _laid_out(parts: list[str]) -> str:
    """Return a text in paragraphs: where none is empty, a blank line stands between them."""
    text = "".join(parts)
    text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    lines = [line.strip(" ") for line in text.split(_PARAGRAPH)]
    inner = lines[: len(lines) - next((n for n, line in enumerate(reversed(lines)) if line.strip()), len(lines))]
    spaced = any(not line.strip() for line in inner[1:]) if inner else False
    lines = ["\n".join(one.rstrip() for one in line.rstrip("\t").split("\n")) for line in inner]
    return _MANY_LINES.sub("\n\n", ("\n" if spaced else "\n\n").join(lines)).strip("\n")


def _moment(parts: dict[str, int]) -> str | None:
    """Return a moment as ISO 8601 writes it; without the time where that is missing."""
    year, month, day = (parts.get(name, 0) for name in ("yr", "mo", "dy"))
    if not (1_900 <= year <= 2_100 and 1 <= month <= 12 and 1 <= day <= 31):
        return None
    hour, minute = parts.get("hr", -1), parts.get("min", 0)
    return f"{year:04}-{month:02}-{day:02}" + (f"T{hour:02}:{minute:02}" if 0 <= hour < 24 and minute < 60 else "")


@dataclass(slots=True)
class _Reader:
    """Reads a document once. parts: the text of each target. moments: the numbers of each date."""

    parts: dict[str, list[str]] = field(default_factory=lambda: {"text": [], "footnote": []})
    moments: dict[str, dict[str, int]] = field(default_factory=dict)
    code_page: str = "cp1252"
    fonts: dict[int, str] = field(default_factory=dict)
    state: _State = field(default_factory=_State)
    _above: list[_State] = field(default_factory=list)
    _too_deep: int = 0
    _pending: bytearray = field(default_factory=bytearray)
    _to_skip: int = 0
    _ignorable: bool = False
    _begins: bool = False  # whether the group has just begun, where a destination stands
    _table_font: int = -1

    def read(self, raw: bytes) -> None:
        """Read all tokens."""
        at, end = 0, len(raw)
        while at < end:
            match = _TOKEN.match(raw, at)
            assert match is not None
            at = match.end()
            if match["text"]:
                self._text(match["text"])
            elif match["hex"]:
                self._bytes(bytes((int(match["hex"], 16),)))
            elif match["word"]:
                number = None if match["number"] is None else int(match["number"])
                if match["word"] == b"bin":
                    at += max(0, number or 0)
                self._word(match["word"].decode(), number)
            elif match["sign"]:
                self._sign(match["sign"])
            elif match["brace"]:
                self._brace(match["brace"])
        self._flush()

    def _brace(self, brace: bytes) -> None:
        self._flush()
        self._to_skip = 0
        if brace == b"{":
            if len(self._above) >= _MOST_DEPTH:
                self._too_deep += 1
            else:
                self._above.append(self.state)
                self.state = self.state.copy()
            self._begins = True
        elif self._too_deep:
            self._too_deep -= 1
        elif self._above:
            self.state = self._above.pop()

    def _write(self, text: str) -> None:
        self._begins = False
        state = self.state
        if state.target is not None and state.target != "fonttbl" and not state.hidden:
            self.parts.setdefault(state.target, []).append(text)

    def _text(self, text: bytes) -> None:
        """Read plain bytes: ASCII as a rule, some programs write others."""
        if self._to_skip:
            skipped = min(self._to_skip, len(text))
            self._to_skip -= skipped
            text = text[skipped:]
        if self._pending and self._page() in _DOUBLE_BYTE and text and self._is_half():
            self._pending += text[:1]
            text = text[1:]
        if not text:
            return
        if text.isascii():
            self._flush()
            self._write(text.decode("ascii"))
        else:
            self._pending += text
            self._begins = False

    def _bytes(self, byte: bytes) -> None:
        if self._to_skip:
            self._to_skip -= 1
            return
        self._pending += byte
        self._begins = False

    def _page(self) -> str:
        return self.fonts.get(self.state.font, self.code_page)

    def _is_half(self) -> bool:
        try:
            self._pending.decode(self._page())
        except (UnicodeDecodeError, LookupError):
            return True
        return False

    def _flush(self) -> None:
        if self._pending:
            page = self._page()
            if page != _SYMBOL:
                self._write(self._pending.decode(page, "replace"))
            self._pending.clear()

    def _sign(self, sign: bytes) -> None:
        if sign == b"*":
            self._ignorable = True
            return
        if self._to_skip:
            self._to_skip -= 1
            return
        self._flush()
        if sign in {b"\r", b"\n"}:
            self._write(_PARAGRAPH)
        elif sign in {b"\\", b"{", b"}"}:
            self._write(sign.decode())
        elif sign == b"~":
            self._write("\xa0")
        elif sign == b"_":
            self._write("-")

    def _word(self, word: str, number: int | None) -> None:
        self._flush()
        ignorable, begins = self._ignorable, self._begins
        self._ignorable = self._begins = False
        state = self.state
        if word == "u" and number is not None:
            self._write(chr(number % 0x10000))
            self._to_skip = state.skip
        elif word in _PARAGRAPHS:
            self._write(_PARAGRAPH)
        elif word in _CHARACTERS:
            self._write(_CHARACTERS[word])
        elif begins and self._destination(word, ignorable=ignorable):
            pass
        elif state.moment and number is not None:
            self.moments.setdefault(state.moment, {})[word] = number
        elif word == "uc":
            state.skip = max(0, min(number or 0, 100))
        elif word in {"f", "fcharset"} and number is not None:
            self._font(word, number)
        elif word in {"plain", "v", "deleted"}:
            state.hidden = word != "plain" and number != 0
            if word == "plain":
                state.font = -1
        elif word in {"ansicpg", "mac", "pc", "pca"}:
            self.code_page = {"mac": "mac_roman", "pc": "cp437", "pca": "cp850"}.get(word) or _known_page(number)

    def _font(self, word: str, number: int) -> None:
        if self.state.target != "fonttbl":
            if word == "f":
                self.state.font = number
        elif word == "f":
            self._table_font = number
        elif number in _CODE_PAGES or number == 2:
            self.fonts[self._table_font] = _CODE_PAGES.get(number, _SYMBOL)

    def _destination(self, word: str, *, ignorable: bool) -> bool:
        """Enter a destination, where a word is one."""
        state = self.state
        if state.target is None and word not in {"result", "ud"}:
            return word in _SKIPPED
        if word in {"upr", "ud"}:
            state.outer, state.target = (state.target, None) if word == "upr" else (None, state.outer)
            return True
        if word in _MOMENTS:
            state.moment, state.target = word, None
        elif word == "info" or word in _SKIPPED:
            state.target = None if word in _SKIPPED else "information"
        elif word in _INFORMATION and state.target == "information":
            state.target = word
        elif word == "fonttbl":
            state.target = "fonttbl"
        elif word in {"footnote", "result"}:
            state.target = "footnote" if word == "footnote" else "text"
            self._write(_PARAGRAPH if word == "footnote" else "")
        elif word in {"shptxt", "shp", "listtext"}:
            state.target = None if word == "listtext" else state.target
        elif ignorable and word not in {"shprslt", "fldrslt"}:
            state.target = None
        else:
            return False
        self._begins = False
        return True


def _known_page(number: int | None) -> str:
    """Return the name of a code page that Python has, windows-1252 for any other."""
    if number == 65001:
        return "utf-8"
    name = f"cp{number}"
    try:
        codecs.lookup(name)
    except LookupError:
        return {10000: "mac_roman", 10007: "mac_cyrillic", 936: "gbk"}.get(number or 0, "cp1252")
    return name
