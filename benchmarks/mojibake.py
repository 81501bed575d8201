"""How much damaged text is repaired by Longshore and by ftfy, and does sound text stay as it is?

    python benchmarks/mojibake.py --corpus DIR [--half measure|look] [--texts 150] [--json]

Takes the sound texts of DIR (see `accuracy.py` for the corpus and its halves) and damages them, seeded: as a whole, in
two rounds, in one paragraph alone, every third line, or some words, each time in another encoding; and reads them in
the wrong legacy encoding: in any that can hold them, and in those that were in use for their language
(`reencoding.py`). Right means exactly the sound text. Then all sound texts are repaired as they are: how many change,
how many the prefilter finds sound, and whether ftfy would have changed one of those.
"""

from __future__ import annotations

import argparse
import codecs
import json
import random
import sys
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
import ftfy

from benchmarks.accuracy import half_of
from benchmarks.reencoding import encodings_in_use, languages_of
from longshore.text.mojibake.prefilter import diagnose
from longshore.text.mojibake.wrong_charset import MIX_UPS
from longshore.text.repair import repair
from tests.text.troubled import misread, read_as_browsers_do

Change = Callable[[str], str]
FOLDERS = ("languages/files/udhr", "languages/files/lingua-article", "mojibake/files/clean-udhr")
ENCODINGS = (
    *("latin-1", "windows-1252", "windows-1251", "windows-1250", "windows-1257", "mac_roman", "cp437"),
    *("cp850", "windows-1253", "windows-1254", "iso8859_2", "cp866", "koi8_r", "windows-1256"),
)
CONSERVATIVE = ftfy.TextFixerConfig(
    unescape_html=False, fix_latin_ligatures=False, fix_character_width=False, uncurl_quotes=False
)
CONTENDERS: dict[str, Change] = {
    "longshore": lambda text: repair(text).text,
    "ftfy, whole": lambda text: ftfy.fix_and_explain(text, CONSERVATIVE).text,
    "ftfy, lines": lambda text: ftfy.fix_text(text, CONSERVATIVE),
}


def clean_texts(corpus: Path, half: str, folders: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Return the clean texts of one half, composed and with plain line ends, by their paths."""
    for folder in folders:
        for path in sorted((corpus / folder).rglob("*.*")):
            name = str(path.relative_to(corpus))
            if half_of(name) == half:
                raw = path.read_bytes().removeprefix(b"\xef\xbb\xbf")
                text = raw.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")
                yield name, unicodedata.normalize("NFC", text)


def with_mojibake(text: str, chance: random.Random) -> Iterator[tuple[str, str, str]]:
    """Yield every shape of mojibake of a text: its name, the damaged text, and the right one."""
    article = text[:2500].strip()
    for shape in ("whole", "two rounds", "paragraph", "lines", "words"):
        once = partial(misread, encoding=chance.choice(ENCODINGS))
        again = partial(misread, encoding=chance.choice(ENCODINGS[:7]))
        right = text[300:700].strip() if shape == "paragraph" else article
        if shape == "two rounds":
            made = again(once(right))
        elif shape == "lines":
            made = "\n".join(once(line) if number % 3 == 1 else line for number, line in enumerate(right.split("\n")))
        elif shape == "words":
            made = " ".join(once(word) if chance.random() < 0.3 else word for word in right.split(" "))
        else:
            made = once(right)
        if made != right:
            yield shape, made, right


def misread_legacy(text: str, in_use: frozenset[str]) -> Iterator[tuple[str, str, str]]:
    """Return every likely misreading of a text in the encodings that can hold it."""
    for length in (1500, 300, 120):
        right = text[100 : 100 + length]
        for read_as, encodings in MIX_UPS.items():
            for encoding in encodings:
                try:
                    made = read_as_browsers_do(
                        right.encode(encoding.removeprefix("sloppy-")), read_as.removeprefix("sloppy-")
                    )
                except UnicodeEncodeError:
                    continue
                if made != right and len(set(made) - set(right)) > 2:
                    yield f"any legacy, {length} letters", made, right
                    if codecs.lookup(encoding.removeprefix("sloppy-")).name in in_use:
                        yield f"its legacy, {length} letters", made, right


def main() -> None:
    """Damage, repair, count."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--half", choices=("measure", "look"), default="measure")
    parser.add_argument("--texts", type=int, default=150)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    chance = random.Random(5)
    texts = [text for _, text in clean_texts(options.corpus, options.half, FOLDERS)]
    foreign = [text for text in texts if not text.isascii() and repair(text).text == text]
    counts: dict[str, dict[str, list[int]]] = defaultdict(lambda: {name: [0, 0] for name in CONTENDERS})
    for text in chance.sample(foreign, min(options.texts, len(foreign))):
        for shape, made, right in with_mojibake(text, chance):
            count_right(counts[shape], made, right)
    languages = languages_of(options.corpus)
    for name, text in clean_texts(options.corpus, options.half, ("languages/files/lingua-article",)):
        for shape, made, right in misread_legacy(text, encodings_in_use(languages[name])):
            if chance.random() < (0.1 if shape.startswith("any") else 0.3):
                count_right(counts[shape], made, right)
    report = {"half": options.half, "right": counts, "clean": clean_report(options.corpus, options.half)}
    print(json.dumps(report, ensure_ascii=False, indent=1) if options.json else as_table(report))


def count_right(counts: dict[str, list[int]], made: str, right: str) -> None:
    """Repair a text with each contender."""
    for name, repair_with in CONTENDERS.items():
        counts[name][0] += repair_with(made).strip() == right.strip()
        counts[name][1] += 1


def clean_report(corpus: Path, half: str) -> dict[str, object]:
    """Repair all clean texts as they are."""
    every = list(clean_texts(corpus, half, ("languages/files", "news/files", "mojibake/files/clean-udhr")))
    changed = [f"{name}: {' '.join(found.repairs)}" for name, text in every if (found := repair(text)).text != text]
    sound = [text for _, text in every if diagnose(text).sound]
    wrong = sum(ftfy.fix_text(text, CONSERVATIVE) != text for text in sound)
    return {"texts": len(every), "changed": changed, "found sound": len(sound), "that ftfy changes": wrong}


def as_table(report: dict) -> str:
    """Set the figures out for reading."""
    lines = [f"half: {report['half']}", f"{'':<22}" + "".join(f"{name:>16}" for name in CONTENDERS)]
    for shape, counts in report["right"].items():
        cells = (f"{good}/{of} {100 * good / max(1, of):.1f} %" for good, of in counts.values())
        lines.append(f"{shape:<22}" + "".join(f"{cell:>16}" for cell in cells))
    clean = report["clean"]
    lines.append(
        f"sound: {clean['texts']} texts, {len(clean['changed'])} changed, {clean['found sound']} found sound, "
        f"{clean['that ftfy changes']} of these that ftfy changes"
    )
    return "\n".join([*lines, *(f"  changed {name}" for name in clean["changed"])])


if __name__ == "__main__":
    main()
