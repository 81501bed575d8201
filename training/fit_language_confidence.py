"""Make src/longshore/text/languages/detect.py: how sure the default engine may be of a language.

    python benchmarks/calibrate_language.py --corpus DIR [--others FILE] > src/longshore/text/languages/detect.py

DIR holds sets of texts with truth as `benchmarks/accuracy.py` takes them; only the half `look` is read. FILE has other
texts, as many as one likes, a JSON object with `language` and `text` a line: TOLD_WEIGHTS are fitted on both,
the others counting a third as much as those of DIR, however many they are. What is stored are a few numbers, no text.
LIKENESS depends on the scores alone, WEIGHTS also on LIKENESS: run it twice after a change of the scores.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import re
import statistics
import sys
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

sys.path.insert(0, str(Path(__file__).parent.parent))
from benchmarks.accuracy import half_of
from longshore.text.languages.detect import Look, features, look_closely

TWINS = {"nb": "no", "nn": "no", "fil": "tl", "cmn": "zh", "iw": "he", "in": "id"}
# Triples from which on a text shows what its language's texts are like.
ENOUGH = 150
# How much all other texts count beside those of the corpus.
OTHERS_COUNT = 1 / 3
Floats = npt.NDArray[np.float64]


class Sample(NamedTuple):
    """A look at a text, whether its first language is right, and whether it counts for the confidence."""

    look: Look
    right: bool
    in_doubt: bool


def samples(corpus: Path) -> list[Sample]:
    """Look at the texts of the half `look` that are in one language."""
    found = []
    for name in ("languages", "news", "encodings"):
        with (corpus / name / "truth.csv").open(encoding="utf-8", newline="") as file:
            rows = [row for row in csv.DictReader(file) if row["language"] and "accept=" not in row["notes"]]
        for row in rows:
            text = _text(corpus / name, row)
            if text is None or half_of(f"{name}/{row['path']}") != "look":
                continue
            language = row["language"].split("-")[0]
            for look in look_closely(text)[:1]:
                if look.ranking:
                    right = look.ranking[0] == TWINS.get(language, language)
                    found.append(Sample(look, right, name != "encodings"))
    return found


def others(file: Path | None) -> list[Sample]:
    """Look at the texts of a file of JSON lines."""
    rows = [json.loads(line) for line in file.open(encoding="utf-8")] if file else []
    looks = [(look, row["language"]) for row in rows for look in look_closely(row["text"])[:1] if look.ranking]
    return [Sample(look, look.ranking[0] == TWINS.get(language, language), in_doubt=True) for look, language in looks]


def _text(folder: Path, row: dict[str, str]) -> str | None:
    if folder.name == "encodings":
        path = folder / row["expected_text_path"]
        return path.read_text("utf-8") if row["expected_text_path"] else None
    text = (folder / row["path"]).read_bytes().decode(row["encoding"] or "utf-8", "replace")
    # The front matter of posts is a header, not text.
    return re.sub(r"\A---\r?\n.*?\n---\r?\n", "", text, flags=re.DOTALL)


def likeness(found: list[Sample]) -> dict[str, float]:
    """Return the median likeness of each language's own texts."""
    by_language: dict[str, list[float]] = defaultdict(list)
    for look, right, _ in found:
        if right and look.triples >= ENOUGH:
            by_language[look.ranking[0]].append(look.likeness)
    return {language: round(statistics.median(values), 2) for language, values in sorted(by_language.items())}


def weights(found: list[Sample], others: Sequence[Sample] = ()) -> list[float]:
    """Fit a logistic regression of being right on `confidence.features`; others count as OTHERS_COUNT says."""
    sets = [[one for one in each if one.in_doubt and one.look.lead < math.inf] for each in (found, others)]
    kept = [one for each in sets for one in each]
    seen = np.array([features(one.look.lead, one.look.unlike, one.look.triples) for one in kept])
    share = OTHERS_COUNT * len(sets[0]) / max(1, len(sets[1]))
    counts = np.array([1.0] * len(sets[0]) + [share] * len(sets[1]))
    return _fitted(seen, np.array([one.right for one in kept], float), counts)


def named(found: list[Sample]) -> list[Sample]:
    """Return those that a language is named for."""
    return [one for one in found if not one.look.is_foreign]


def _fitted(seen: Floats, right: Floats, counts: Floats) -> list[float]:
    """Fit a logistic regression by Newton's method with a small ridge."""
    fitted = np.zeros(seen.shape[1])
    for _ in range(50):
        chance = 1 / (1 + np.exp(-seen @ fitted))
        gradient = seen.T @ (counts * (chance - right)) + 0.05 * fitted
        curvature = (seen * (counts * chance * (1 - chance))[:, None]).T @ seen + 0.05 * np.eye(len(fitted))
        fitted -= np.linalg.solve(curvature, gradient)
    return [round(float(weight), 3) for weight in fitted]


def main() -> None:
    """Print the module."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--others", type=Path, help="other texts, JSON lines with language and text")
    options = parser.parse_args()
    found = samples(options.corpus)
    typical = likeness(found)
    lines = [f'    "{language}": {value},' for language, value in typical.items()]
    print(
        TEMPLATE.format(
            likeness="\n".join(lines),
            weights=tuple(weights(found)),
            told=tuple(weights(named(found), named(others(options.others)))),
        )
    )


TEMPLATE = '''"""How sure the default engine may be of a language. Made by benchmarks/calibrate_language.py: edit that.

Measured on texts of known language: half of a collection, the half that is not reported on.
"""

from typing import Final

# The mean log-probability of a triple of letters in texts of the language itself, by its profile. No text was at hand
# for the languages that are missing.
LIKENESS: Final = {{
{likeness}
}}

# Of a logistic regression that the first language is right, on `confidence.features`.
WEIGHTS: Final = {weights}

# The same for the confidence that is told of a language that was named.
TOLD_WEIGHTS: Final = {told}

# Where a script decides: of short texts, and of those from some 40 letters on.
ONE_LANGUAGE_CONFIDENCE: Final = (0.97, 0.99)
KANA_OR_HANGUL_CONFIDENCE: Final = (0.97, 0.99)
HAN_CONFIDENCE: Final = (0.9, 0.99)

# How much of what the first language leaves goes to the second and the third.
RUNNER_UP_SHARE: Final = (0.5, 0.15)'''

if __name__ == "__main__":
    main()
