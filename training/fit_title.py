"""Fit src/longshore/text/data/title_weights.toml: is the first line of a text its headline?

    python training/fit_title.py CORPUS [FILE]

CORPUS is a folder of texts with known titles (see benchmarks/accuracy.py). Positives are titles of posts above their
bodies and beginnings of sentences above other texts; negatives are texts without a headline, wrapped or not, lists of
sentences, verse, citations and lines that name a source. Each is laid out with and without a blank line. Only weights
are shipped, no text. The least score is the smallest with at most `MOST_WRONG` of the negatives above it.
Half of the texts fit, the other half is measured and printed.
"""

from __future__ import annotations

import hashlib
import random
import re
import sys
import textwrap
import tomllib
from pathlib import Path
from typing import NamedTuple

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent / "src"))
from longshore.text import title as model

FILE = Path(__file__).parent.parent / "src/longshore/text/data/title_weights.toml"
MOST_WRONG = 0.006
RIDGE = 1.0
WINDOW = 512
LEAST_SENTENCE = 12
AUTHORS = ("By Ann Example", "Ann Example", "Anna Beispiel, Berlin", "Ferries run again")
LONGEST = 120
LEAST_TEXT = 130
ENDS = frozenset('.!?。！？।"»”)؟።')
Example = tuple[str, str, bool, bool, str]  # line, rest, apart, is a headline, kind


def documents(corpus: Path) -> list[tuple[str, str | None, str]]:
    """Return texts without their titles: name, title if known, text."""
    found: list[tuple[str, str | None, str]] = []
    for path in sorted((corpus / "news/files/rubylang").rglob("*.md")):
        raw = path.read_text("utf-8", "replace")
        parts = re.split(r"^---\s*$", raw, maxsplit=2, flags=re.MULTILINE)
        title = re.search(r"^title: *(.*)$", parts[1], re.MULTILINE) if len(parts) > 2 else None
        if title:
            paragraphs = [part for part in parts[2].strip().split("\n\n") if part[:1].isalpha()]
            found.append((str(path.relative_to(corpus)), title[1].strip("\"' "), "\n\n".join(paragraphs)))
    for folder in ("lingua-article", "wili", "udhr", "udhr-paragraph", "tika-europarl", "tika-wiki"):
        paths = sorted((corpus / "languages/files" / folder).rglob("*.*"))
        found += [(str(path.relative_to(corpus)), None, path.read_text("utf-8", "replace").strip()) for path in paths]
    paths = sorted((corpus / "news/files/newspaper4k").glob("*.txt"))
    found += [(str(path.relative_to(corpus)), None, path.read_text("utf-8", "replace").strip()) for path in paths]
    return [(name, title, body) for name, title, text in found if len(body := without_headings(text)) > LEAST_TEXT]


def without_headings(text: str) -> str:
    """Return a text from its first paragraph of sentences on."""
    paragraphs = re.split(r"\n\s*\n|\n(?=[^\n]{200})", text)
    wide = [
        at for at, part in enumerate(paragraphs) if model.text_width(part) >= LEAST_TEXT and part.rstrip()[-1:] in ENDS
    ]
    return "\n\n".join(paragraphs[wide[0] :]) if wide else ""


def sentences(text: str) -> list[str]:
    """Return the sentences of a text."""
    parts = map(str.strip, re.split(r"(?<=[.!?。！？।])\s*", text.replace("\n", " ")))
    return [part for part in parts if len(part) > LEAST_SENTENCE]


def made_headline(text: str, chance: random.Random) -> str | None:
    """Return the beginning of a sentence, in the manner of a headline."""
    every = sentences(text)
    if not every:
        return None
    sentence = chance.choice(every).rstrip(".。।!?！？ ")
    if " " in sentence:
        sentence = " ".join(sentence.split()[: chance.randint(3, 10)]).rstrip(",;:-–—")
    else:
        sentence = sentence[: chance.randint(6, 40)].rstrip("、，：；")
    style = chance.random()
    sentence = (
        sentence.upper() if style < 0.1 else sentence.title() if style < 0.3 else sentence[:1].upper() + sentence[1:]
    )
    return sentence + (chance.choice("!?") if chance.random() < 0.15 else "")


def wrapped(text: str, chance: random.Random) -> str:
    """Return a text with filled lines."""
    width = chance.choice((60, 66, 72, 76, 80, 100))
    if " " not in text[:100]:
        return "\n".join(text[at : at + width // 2] for at in range(0, len(text), width // 2))
    return "\n\n".join(textwrap.fill(part, width, break_long_words=False) for part in text.split("\n\n"))


def examples(corpus: Path) -> list[tuple[str, Example]]:
    """Return every example with the name of its text."""
    chance = random.Random(8)
    every = documents(corpus)
    made: list[tuple[str, Example]] = []

    def add(name: str, line: str, rest: str, *, good: bool, kind: str) -> None:
        made.append((name, (line, rest[:WINDOW], False, good, kind)))

    for name, title, text in every:
        body = re.sub(r"[ \t]*\n[ \t]*(?=\S)", " ", re.sub(r"\n\s*\n", "\0", text)).replace("\0", "\n\n")
        for filled in (False, True):
            laid = wrapped(body, chance) if filled else body
            other = chance.choice(every)[2]
            layout = "filled" if filled else "a line a paragraph"
            made_up = made_headline(other, chance)
            for heading, of in ((title, "of a post"), (made_up, "made")):
                if heading:
                    author = chance.choice(AUTHORS)
                    add(name, heading, f"\n\n{laid}", good=True, kind=f"blank, {of}, {layout}")
                    add(name, heading, f"\n{laid}", good=True, kind=f"at once, {of}, {layout}")
                    add(name, heading, f"\n\n{author}\n\n{laid}", good=True, kind=f"byline apart, {of}, {layout}")
                    add(name, heading, f"\n{author}\n\n{laid}", good=True, kind=f"byline, {of}, {layout}")
            first, _, rest = laid.partition("\n")
            for times in range(3):
                add(name, first, f"\n{rest}", good=False, kind="wrapped" if filled else "body")
                laid = wrapped(" ".join(sentences(body)[times + 1 :]), chance) if filled else body
                first, _, rest = laid.partition("\n")
        lines = sentences(body)
        if len(lines) > 3:
            add(name, lines[0], "\n" + "\n".join(lines[1:]), good=False, kind="a sentence a line")
            add(name, lines[0], "\n\n" + "\n\n".join(lines[1:]), good=False, kind="a sentence a paragraph")
        words = body.split()
        if len(words) > 60 and model.text_width(body[:40]) == len(body[:40]):
            verse = [" ".join(words[at : at + chance.randint(4, 8)]).capitalize() for at in range(0, 60, 8)]
            add(name, verse[0], "\n" + "\n".join(verse[1:]), good=False, kind="verse")
            work, journal = " ".join(words[3:9]), " ".join(words[12:14])
            cited = f"{words[0]}, A. ({chance.randint(1950, 2024)}). {work}. {journal}, {chance.randint(2, 90)}"
            add(name, cited, f"\n\n{body}", good=False, kind="citation")
    return made


def main(corpus: Path, file: Path) -> None:
    """Fit the model of each layout, choose its least score, measure, write."""
    output = (
        "# Made by training/fit_title.py: log-odds for each feature of a line, and the least score of a headline.\n"
    )
    every = examples(corpus)
    for layout in ("blank", "at_once"):
        chosen = [one for one in every if (one[1][1].startswith("\n\n")) == (layout == "blank")]
        names, rows = measured_rows(chosen)
        weights, least = fit(rows)
        values = zip(names, weights.tolist(), strict=True)
        output += f"\n[{layout}]\n" + "".join(f'"{name}" = {value}\n' for name, value in values)
        output += f'"least" = {least}\n'
        report(layout, rows, weights, least)
    assert tomllib.loads(output)
    file.write_text(output)


class Row(NamedTuple):
    """An example as the model sees it: values are None if the line is no headline without a doubt."""

    fits: bool
    good: bool
    kind: str
    values: list[float] | None


def measured_rows(chosen: list[tuple[str, Example]]) -> tuple[list[str], list[Row]]:
    """Return the names of the features, and a row for each example."""
    names: list[str] = []
    rows = []
    for name, (line, rest, apart, good, kind) in chosen:
        text = line.strip()
        usable = 0 < len(text) <= LONGEST and model.may_be_headline(text) and not model.names_a_field(text)
        found = model.features(text, rest[1:], apart=apart) if usable else None
        if found and len(found) > 1:
            names = list(found)
        fits = int(hashlib.sha256(name.encode()).hexdigest()[0], 16) % 2 == 0
        rows.append(Row(fits, good, kind, list(found.values()) if found and len(found) > 1 else None))
    return names, rows


def fit(rows: list[Row]) -> tuple[np.ndarray, float]:
    """Return the weights of a logistic regression, and the least score."""
    fitted = [row for row in rows if row.fits and row.values]
    x = np.array([row.values for row in fitted])
    y = np.array([row.good for row in fitted], float)
    weights = np.zeros(x.shape[1])
    for _ in range(30):
        p = 1 / (1 + np.exp(-x @ weights))
        hessian = (x * (p * (1 - p))[:, None]).T @ x + RIDGE * np.eye(len(weights))
        weights += np.linalg.solve(hessian, x.T @ (y - p) - RIDGE * weights)
    weights = weights.round(3)
    # Verse has no titles in news; it is fitted against, but does not decide the least score.
    texts = [row for row in rows if row.fits and not row.good and row.kind != "verse"]
    wrong = sorted((float(np.array(row.values) @ weights) for row in texts if row.values), reverse=True)
    allowed = int(MOST_WRONG * len(texts))
    return weights, max(0.0, round(wrong[allowed], 2)) if len(wrong) > allowed else 0.0


def report(layout: str, rows: list[Row], weights: np.ndarray, least: float) -> None:
    """Print what is called a headline in the half that was not fitted on."""
    print(f"{layout}: {len(rows)} examples, least score {least}")
    for good, kind in sorted({(row.good, row.kind) for row in rows}):
        told = [row for row in rows if row.kind == kind and row.good == good and not row.fits]
        seen = [row for row in told if row.values]
        taken = sum(float(np.array(row.values) @ weights) > least for row in seen)
        share = 100 * taken / max(1, len(told))
        name = f"{'headline' if good else 'no headline'}: {kind}"
        print(f"  {name:<56}{taken}/{len(told)} {share:.2f} % ({len(seen)} not refused before)")


if __name__ == "__main__":
    main(Path(sys.argv[1]), FILE)
