"""Accuracy of the language step: how often it is right, agrees with langdetect, and answers `und` where it should.

    python benchmarks/language_accuracy.py --corpus DIR [--half measure|look|all]

DIR is as for `benchmarks/accuracy.py`, and so are the halves. Texts are judged as they stand, without decoding,
repair or header, so that this is about language alone; posts lose their front matter.
"""

from __future__ import annotations

import argparse
import csv
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parent.parent))
from benchmarks.accuracy import half_of
from longshore.text.language import Language, detect_language

# One language under two codes, as the truth has it.
TWINS = {"nb": "no", "nn": "no", "fil": "tl", "iw": "he", "in": "id"}
LONG = ("sentence", "paragraph", "article")
# Letters from which on the answers are compared with langdetect's.
LETTERS_TO_COMPARE = 200
# langdetect takes it for Korean.
TRADITIONAL = re.compile("hant|zh_tw")
Verdict = tuple[int, int]


# Long texts are also asked about in pieces of these lengths, two of each, so that the agreement is of many texts.
PIECES = (260, 600, 1500)


class Judged(NamedTuple):
    """A text of the corpus, or a piece of one, with its truth and two answers."""

    path: str
    piece: bool
    kind: str
    length: str
    known: bool
    wanted: frozenset[str]
    letters: int
    found: Language
    langdetect: str

    @property
    def right(self) -> bool:
        """Whether the answer is one of those wanted."""
        return _twin(self.found.language) in self.wanted

    @property
    def langdetect_right(self) -> bool:
        """Whether langdetect's answer is."""
        return _twin(self.langdetect) in self.wanted


def _twin(language: str) -> str:
    code = language.partition("-")[0]
    return TWINS.get(code, code)


def judge(corpus: Path, half: str) -> list[Judged]:
    """Detect the language of every text, also with langdetect (seed 0), of the sets `languages` and `news`."""
    from langdetect import DetectorFactory, LangDetectException, detect

    DetectorFactory.seed = 0
    judged = []
    for name in ("languages", "news"):
        with (corpus / name / "truth.csv").open(encoding="utf-8", newline="") as file:
            rows = [row for row in csv.DictReader(file) if half in ("all", half_of(f"{name}/{row['path']}"))]
        for row in rows:
            text = (corpus / name / row["path"]).read_bytes().decode(row["encoding"] or "utf-8", "replace")
            text = re.sub(r"\A---\r?\n.*?\n---\r?\n", "", text, flags=re.DOTALL) if name == "news" else text
            notes = dict(re.findall(r"(\w+)=([^;]*)", row["notes"]))
            known = notes.get("langdetect_supported", "1") == "1"
            for part in [text, *(pieces_of(text) if known and name == "languages" else ())]:
                try:
                    guess = detect(part)
                except LangDetectException:
                    guess = "und"
                judged.append(
                    Judged(
                        path=f"{name}/{row['path']}",
                        piece=part is not text,
                        kind="mixed" if "accept" in notes else name,
                        length=notes.get("len", "article"),
                        known=known,
                        wanted=frozenset(map(_twin, notes.get("accept", row["language"]).split("|"))),
                        letters=sum(map(str.isalpha, part)),
                        found=detect_language(part),
                        langdetect=guess,
                    )
                )
    return judged


def pieces_of(text: str) -> Iterator[str]:
    """Cut two pieces of each length out of a text, from its first and its second half."""
    for length in PIECES:
        if len(text) >= 2 * length:
            yield text[:length]
            yield text[len(text) // 2 : len(text) // 2 + length]


def report(judged: list[Judged]) -> None:
    """Print a line for each figure: what it is, how many texts, Longshore's share, langdetect's."""
    every = [one for one in judged if one.kind == "languages" and one.known and one.letters >= LETTERS_TO_COMPARE]
    judged = [one for one in judged if not one.piece]
    single = [one for one in judged if one.kind == "languages"]
    known = [one for one in single if one.known]
    compared = [one for one in known if one.letters >= LETTERS_TO_COMPARE]
    pieces = [one for one in every if one.piece and not TRADITIONAL.search(one.path)]
    differ = [one for one in compared if _twin(one.found.language) != _twin(one.langdetect)]
    print(f"{'':<62}{'texts':>6}{'longshore':>11}{'langdetect':>12}")
    _line("right: known languages, sentence and longer", (one for one in known if one.length in LONG))
    _line("right: known languages, words and pairs", (one for one in known if one.length in ("word", "pair")))
    _line("right: news", (one for one in judged if one.kind == "news"))
    _line("right: two languages (either)", (one for one in judged if one.kind == "mixed"))
    _line(f"same as langdetect: known languages, {LETTERS_TO_COMPARE} letters and more", compared, _agrees)
    _line("  right where they differ", differ)
    _line("same as langdetect: pieces of those, but for Traditional Chinese", pieces, _agrees)
    _line("  right where they differ", (one for one in pieces if not _agrees(one)[0]))
    for length in ("article", "paragraph", "sentence"):
        unknown = (one for one in single if not one.known and one.length == length)
        _line(f"und: languages without a profile, {length}", unknown, _is_und)
        _line(f"und: known languages, {length}", (one for one in known if one.length == length), _is_und)
    traditional = [one for one in judged if TRADITIONAL.search(one.path)]
    _line("zh and Hant: Traditional Chinese", traditional, lambda one: (one.found.script == "Hant" and one.right, 0))
    answered = [one for one in single if one.found.language != "und"]
    print(f"{'expected calibration error (10 bins)':<62}{len(answered):>6}{_calibration_error(answered):>9.3f}")


def _is_und(one: Judged) -> Verdict:
    return one.found.language == "und", one.langdetect == "und"


def _agrees(one: Judged) -> Verdict:
    return _twin(one.found.language) == _twin(one.langdetect), 1


def _is_right(one: Judged) -> Verdict:
    return one.right, one.langdetect_right


def _line(name: str, judged: Iterable[Judged], verdict: Callable[[Judged], Verdict] = _is_right) -> None:
    verdicts = [verdict(one) for one in judged]
    ours, theirs = (
        (sum(column) / max(1, len(verdicts)) for column in zip(*verdicts, strict=True)) if verdicts else (0, 0)
    )
    print(f"{name:<62}{len(verdicts):>6}{ours:>9.1%}{theirs:>12.1%}")


def _calibration_error(judged: list[Judged]) -> float:
    bins: dict[int, float] = {}
    for one in judged:
        tenth = min(9, int(one.found.confidence * 10))
        bins[tenth] = bins.get(tenth, 0.0) + one.found.confidence - one.right
    return sum(map(abs, bins.values())) / max(1, len(judged))


def main() -> None:
    """Judge and report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--half", choices=("measure", "look", "all"), default="measure")
    options = parser.parse_args()
    print(f"half: {options.half}")
    report(judge(options.corpus, options.half))


if __name__ == "__main__":
    main()
