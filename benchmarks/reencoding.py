"""How often do the bytes of a text in a legacy encoding give the text back, by language, length and encoding?

    python benchmarks/reencoding.py --corpus DIR [--half measure|look] [--each 2] [--rivals] [--wrong 0]

Takes the UTF-8 texts of DIR (see `accuracy.py` for the corpus and its halves), cuts them at word ends to some 20, 60,
200 and 2,000 letters, and writes each cut in every encoding that was in use for its language and can hold it. Right is
exactly the text (composed). A cut has at least one letter beyond ASCII.
"""

from __future__ import annotations

import argparse
import codecs
import csv
import random
import sys
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parent.parent))
from benchmarks.accuracy import chardet_alone, charset_normalizer_alone, half_of
from longshore.records import Rejection
from longshore.text.decode import decode
from longshore.text.encodings.charsets import single_byte

WEST = ("cp1252", "iso8859_15", "cp850", "mac_roman")
CENTRE = ("cp1250", "iso8859_2", "cp852", "mac_latin2")
BALTIC = ("cp1257", "iso8859_13", "iso8859_4", "cp775")
TURKISH = ("cp1254", "iso8859_9", "cp857")
CYRILLIC = ("cp1251", "koi8_u", "cp866", "iso8859_5", "mac_cyrillic", "cp855")
CHINESE = ("gb18030", "big5", "gb2312", "hz")
WIDE = ("utf-16-le", "utf-16-be", "utf-16", "utf-32", "utf-7")


def _each(languages: str, encodings: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    return dict.fromkeys(languages.split(), encodings)


ENCODINGS: dict[str, tuple[str, ...]] = {
    **_each("de fr es it pt nl sv da no nb nn fi is ca ga eu gl af sq cy lb fo br oc id", WEST),
    **_each("pl cs sk hu hr sl ro bs", CENTRE),
    **_each("et lv lt", BALTIC),
    **_each("tr az", TURKISH),
    **_each("ru bg be uk sr mk", CYRILLIC),
    **_each("mt eo", ("iso8859_3",)),
    "kk": ("kz1048", "ptcp154"),
    "el": ("cp1253", "iso8859_7", "cp737"),
    "he": ("cp1255", "iso8859_8", "cp862"),
    "ar": ("cp1256", "iso8859_6", "cp720"),
    "fa": ("cp1256",),
    "ur": ("cp1256",),
    "th": ("cp874",),
    "vi": ("cp1258", "viscii", "tcvn5712-1"),
    "zh": CHINESE,
    "ja": ("cp932", "euc_jp", "iso2022_jp"),
    "ko": ("cp949", "johab", "iso2022_kr"),
}
LENGTHS = (20, 60, 200, 2000)


class Case(NamedTuple):
    """A text, the encoding it was written in and the bytes."""

    path: str
    language: str
    encoding: str
    length: int
    right: str
    raw: bytes


def cases(corpus: Path, half: str, each: int, chance: random.Random) -> Iterator[Case]:
    """Return up to `each` cases for every language, encoding and length."""
    found: defaultdict[tuple[str, str, int], list[Case]] = defaultdict(list)
    for path, language, text in texts_of(corpus, half):
        encodings = (*ENCODINGS.get(language, ()), *WIDE)
        for length in LENGTHS:
            right = cut(text, length, chance)
            if right is None:
                continue
            for encoding in encodings:
                raw = written(right, encoding)
                if raw is not None:
                    found[language, encoding, length].append(Case(path, language, encoding, length, right, raw))
    for (_, encoding, _), some in sorted(found.items()):
        wanted = each if encoding not in WIDE else 1
        yield from chance.sample(some, min(wanted, len(some)))


def texts_of(corpus: Path, half: str) -> Iterator[tuple[str, str, str]]:
    """Return path, language and composed text of the clean texts of one half."""
    for path, language in languages_of(corpus).items():
        if half_of(path) == half and "/mixed/" not in path:
            text = unicodedata.normalize("NFC", (corpus / path).read_bytes().decode(errors="replace"))
            text = text.replace("\r\n", "\n").lstrip("\ufeff").strip()
            if "\ufffd" not in text:
                yield path, language, text


def languages_of(corpus: Path) -> dict[str, str]:
    """Return the language of each text of the set `languages`, by its path below the corpus."""
    with (corpus / "languages" / "truth.csv").open(encoding="utf-8", newline="") as file:
        return {f"languages/{row['path']}": row["language"].partition("-")[0] for row in csv.DictReader(file)}


def encodings_in_use(language: str) -> frozenset[str]:
    """Return Python's names of the encodings that were in use for a language and that Python knows."""
    return frozenset(codecs.lookup(name).name for name in ENCODINGS.get(language, ()) if not _is_ours(name))


def _is_ours(encoding: str) -> bool:
    return any(charset.name == encoding and not charset.codec for charset in single_byte())


def cut(text: str, length: int, chance: random.Random) -> str | None:
    """Cut a text to a length at blanks, from a random place; None where it is too short or plain ASCII there."""
    if len(text) < length:
        return None
    for _ in range(4):
        start = chance.randrange(max(1, len(text) - length))
        piece = text[start : start + length]
        if len(text) > length and " " in piece[:-1]:
            piece = piece.partition(" ")[2].rpartition(" ")[0] or piece
        piece = piece.strip()
        if piece and not piece.isascii():
            return piece
    return None


def written(text: str, encoding: str) -> bytes | None:
    """Return the bytes of a text, or None where the encoding cannot hold it."""
    if encoding == "cp1258":
        return _or_none(lambda: _as_windows_writes_vietnamese(text))
    for charset in single_byte():
        if charset.name == encoding:
            places = {character: byte for byte, character in enumerate(charset.table) if character != "\ufffd"}
            return bytes(places[one] for one in text) if set(text) <= set(places) else None
    return _or_none(lambda: text.encode(encoding))


def _or_none(write: Callable[[], bytes]) -> bytes | None:
    try:
        return write()
    except UnicodeEncodeError:
        return None


def _as_windows_writes_vietnamese(text: str) -> bytes:
    """Write tone marks apart and the letters that windows-1258 has (ă â ê ô ơ ư đ) in one."""
    out = bytearray()
    for letter in text:
        parts = unicodedata.normalize("NFD", letter)
        tone = next((mark for mark in parts if mark in "\u0300\u0301\u0303\u0309\u0323"), "")
        out += unicodedata.normalize("NFC", parts.replace(tone, "")).encode("cp1258") + tone.encode("cp1258")
    return bytes(out)


def by_longshore(raw: bytes) -> tuple[str, float]:
    """Return Longshore's text and its confidence."""
    found = decode(raw)
    return ("", 0.0) if isinstance(found, Rejection) else (found.text, found.confidence)


CONTENDERS: dict[str, Callable[[bytes], tuple[str, float]]] = {
    "longshore": by_longshore,
    "chardet": lambda raw: (chardet_alone(raw)["text"], 0.0),
    "charset-normalizer": lambda raw: (charset_normalizer_alone(raw)["text"] or "", 0.0),
}


def main() -> None:
    """Write, read, count."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--half", choices=("measure", "look"), default="measure")
    parser.add_argument("--each", type=int, default=2, help="texts for each language, encoding and length")
    parser.add_argument("--rivals", action="store_true")
    parser.add_argument("--wrong", type=int, default=0, help="show at most this many wrong texts (look half only)")
    options = parser.parse_args()
    names = list(CONTENDERS) if options.rivals else ["longshore"]
    counts: defaultdict[tuple[str, str], dict[str, list[int]]] = defaultdict(lambda: {name: [0, 0] for name in names})
    sure: defaultdict[int, list[int]] = defaultdict(lambda: [0, 0])
    shown = 0
    for case in cases(options.corpus, options.half, options.each, random.Random(11)):
        for name in names:
            text, confidence = CONTENDERS[name](case.raw)
            right = unicodedata.normalize("NFC", text) == case.right
            for key in (("all", ""), ("length", str(case.length)), ("encoding", case.encoding)):
                counts[key][name][0] += right
                counts[key][name][1] += 1
            if name == "longshore" and confidence >= 0.9:
                sure[case.length][0] += right
                sure[case.length][1] += 1
            if name == "longshore" and not right and options.half == "look" and shown < options.wrong:
                shown += 1
                found = decode(case.raw)
                said = found if isinstance(found, Rejection) else (found.encoding, found.confidence, found.runner_up)
                print(case.language, case.encoding, case.length, said, repr(case.right[:60]), repr(text[:60]))
    print(f"half: {options.half}\n{'':<26}" + "".join(f"{name:>24}" for name in names))
    for (kind, name), row in sorted(counts.items()):
        cells = (f"{good}/{of} {100 * good / of:.1f} %" for good, of in row.values())
        print(f"{kind + ' ' + name:<26}" + "".join(f"{cell:>24}" for cell in cells))
    for length, (good, of) in sorted(sure.items()):
        print(f"confidence >= 0.9, length {length}: {good}/{of} right ({100 * good / of:.2f} %)")


if __name__ == "__main__":
    main()
