"""Make flows/text/languages/language_calibration.py: how sure the default engine may be of a language.

    python benchmarks/calibrate_language.py --corpus DIR > flows/text/languages/language_calibration.py

DIR holds sets of texts with truth as `benchmarks/accuracy.py` takes them; only the half `look` is read. What is stored
are a few numbers, no text. LIKENESS depends on the scores alone, WEIGHTS also on LIKENESS: run it twice after a
change of the scores.
"""

from __future__ import annotations

import argparse
import csv
import math
import re
import statistics
import sys
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))
from benchmarks.accuracy import half_of
from flows.text.languages.profile_engine import Look, features, look_closely

TWINS = {"nb": "no", "nn": "no", "fil": "tl", "cmn": "zh", "iw": "he", "in": "id"}
# Triples from which on a text shows what its language's texts are like.
ENOUGH = 150


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


def _text(folder: Path, row: dict[str, str]) -> str | None:
    if folder.name == "encodings":
        path = folder / row["expected_text_path"]
        return path.read_text("utf-8") if row["expected_text_path"] else None
    text = (folder / row["path"]).read_bytes().decode(row["encoding"] or "utf-8", "replace")
    # The front matter of posts is a header, not text.
    return re.sub(r"\A---\r?\n.*?\n---\r?\n", "", text, flags=re.DOTALL)


def likeness(found: list[Sample]) -> dict[str, float]:
    """Give the median likeness of each language's own texts."""
    by_language: dict[str, list[float]] = defaultdict(list)
    for look, right, _ in found:
        if right and look.triples >= ENOUGH:
            by_language[look.ranking[0]].append(look.likeness)
    return {language: round(statistics.median(values), 2) for language, values in sorted(by_language.items())}


def weights(found: list[Sample]) -> list[float]:
    """Fit a logistic regression of being right on `Look.features`, by Newton's method with a small ridge."""
    kept = [one for one in found if one.in_doubt and one.look.lead < math.inf]
    seen = np.array([features(one.look.lead, one.look.unlike, one.look.triples) for one in kept])
    right = np.array([one.right for one in kept], float)
    fitted = np.zeros(seen.shape[1])
    for _ in range(50):
        chance = 1 / (1 + np.exp(-seen @ fitted))
        gradient = seen.T @ (chance - right) + 0.05 * fitted
        curvature = (seen * (chance * (1 - chance))[:, None]).T @ seen + 0.05 * np.eye(len(fitted))
        fitted -= np.linalg.solve(curvature, gradient)
    return [round(float(weight), 3) for weight in fitted]


def main() -> None:
    """Print the module."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, required=True)
    found = samples(parser.parse_args().corpus)
    typical = likeness(found)
    lines = [f'    "{language}": {value},' for language, value in typical.items()]
    print(
        TEMPLATE.format(
            likeness="\n".join(lines),
            weights=tuple(weights(found)),
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

# Of a logistic regression that the first language is right, on `Look.features`.
WEIGHTS: Final = {weights}

# Where a script decides: of short texts, and of those from some 40 letters on.
ONE_LANGUAGE_CONFIDENCE: Final = (0.97, 0.99)
KANA_OR_HANGUL_CONFIDENCE: Final = (0.97, 0.99)
HAN_CONFIDENCE: Final = (0.9, 0.99)

# How much of what the first language leaves goes to the second and the third.
RUNNER_UP_SHARE: Final = (0.5, 0.15)'''

if __name__ == "__main__":
    main()
