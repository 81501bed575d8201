"""How often is a decision about a text right, beside the best single library's?

    python benchmarks/accuracy.py --corpus DIR [--half measure|look|all] [--sets encodings,mojibake,...] [--rivals]

DIR holds sets of real files with truth (`SET/truth.csv`, `SET/files/`, `score.py`), which are not part of this
project. A file is in the half `look` when the SHA-256 of its path begins with an even hex digit: only that half is
looked at while the rules are made; the other is reported. Rivals are scored on the same files by the same rules.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import importlib.util
import json
import multiprocessing
import os
import re
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))
from benchmarks.goals import show_goals
from longshore.records import Rejection
from longshore.text.normalise import normalise

SETS = ("encodings", "mojibake", "languages", "news", "dates", "hostile")
Row = dict[str, Any]


def half_of(path: str) -> str:
    """Return the half that a file of the corpus is in, by its path below the corpus."""
    return "look" if int(hashlib.sha256(path.encode()).hexdigest()[0], 16) % 2 == 0 else "measure"


def longshore(raw: bytes) -> Row:
    """Longshore itself, with its default settings."""
    result = normalise(raw)
    if isinstance(result, Rejection):
        return {"text": None, "quarantined": result.reason.value}
    return {
        "text": result.text,
        "encoding": result.encoding,
        "encoding_confidence": result.encoding_confidence,
        "language": result.language,
        "language_confidence": result.language_confidence,
        "script": result.script,
        "published_date": str(result.published_date) if result.published_date else None,
        "quarantined": "",
    }


def chardet_alone(raw: bytes) -> Row:
    """The best single detector, as most people call it."""
    import chardet

    encoding = chardet.detect(raw)["encoding"] or "utf-8"
    return {"text": raw.decode(encoding, "replace"), "encoding": encoding}


def charset_normalizer_alone(raw: bytes) -> Row:
    """UTF-8 first, then charset-normalizer."""
    from charset_normalizer import from_bytes

    try:
        return {"text": raw.decode("utf-8-sig"), "encoding": "utf-8"}
    except UnicodeDecodeError:
        best = from_bytes(raw).best()
    return {"text": str(best), "encoding": best.encoding} if best else {"text": None, "quarantined": "UNDECODABLE"}


def ftfy_alone(raw: bytes) -> Row:
    """Mend by lines, as ftfy.fix_text does, restyling nothing."""
    import ftfy

    text = raw.decode("utf-8-sig", "replace")
    return {"text": ftfy.fix_text(text, uncurl_quotes=False, fix_latin_ligatures=False, fix_character_width=False)}


def langdetect_alone(raw: bytes) -> Row:
    """The same profiles by their own library."""
    from langdetect import DetectorFactory, LangDetectException, detect

    DetectorFactory.seed = 0
    try:
        return {"language": detect(raw.decode("utf-8-sig", "replace"))}
    except LangDetectException:
        return {"language": "und"}


def lingua_alone(raw: bytes) -> Row:
    """Lingua with all its languages."""
    found = _lingua().detect_language_of(raw.decode("utf-8-sig", "replace"))
    return {"language": found.iso_code_639_1.name.lower() if found else "und"}


def _lingua(made: list[Any] = []) -> Any:  # noqa: ANN401, B006 - made once a process
    if not made:
        from lingua import LanguageDetectorBuilder

        made.append(LanguageDetectorBuilder.from_all_languages().build())
    return made[0]


def dateparser_alone(raw: bytes) -> Row:
    """Dateparser on each of the first three lines that is short."""
    import dateparser

    for line in raw.decode("utf-8", "replace").split("\n")[:3]:
        bare = re.sub(r"^\s*[\w ]{0,20}:\s*", "", line).strip()
        if 4 <= len(bare) <= 60 and any(c.isdigit() for c in bare):
            found = dateparser.parse(bare)
            if found:
                return {"published_date": str(found.date())}
    return {"published_date": None}


RIVALS: dict[str, tuple[tuple[str, ...], Callable[[bytes], Row]]] = {
    "chardet": (("encodings", "hostile"), chardet_alone),
    "charset-normalizer": (("encodings", "hostile"), charset_normalizer_alone),
    "ftfy": (("mojibake",), ftfy_alone),
    "langdetect": (("languages",), langdetect_alone),
    "lingua": (("languages",), lingua_alone),
    "dateparser": (("dates",), dateparser_alone),
}


def _one(job: tuple[str, str, str]) -> Row:
    kind, corpus, path = job
    contender = longshore if kind == "longshore" else RIVALS[kind][1]
    return {"path": path, **contender(Path(corpus, path).read_bytes())}


def rows_of(kind: str, corpus: Path, paths: list[str]) -> list[Row]:
    """Return a row for each file, made by as many processes as there are cores."""
    with multiprocessing.get_context("spawn").Pool(len(os.sched_getaffinity(0))) as pool:
        return pool.map(_one, [(kind, str(corpus), path) for path in paths], chunksize=16)


def scorer_for(corpus: Path, half: str, room: Path) -> tuple[Any, dict[str, list[str]]]:
    """Load the corpus's own score.py on a view of the corpus that holds only one half."""
    paths: dict[str, list[str]] = {}
    csv.field_size_limit(10**9)
    for name in SETS:
        if not (corpus / name / "truth.csv").exists():
            continue
        (room / name).mkdir()
        for inner in ("files", "expected"):
            if (corpus / name / inner).exists():
                (room / name / inner).symlink_to(corpus / name / inner)
        with (corpus / name / "truth.csv").open(encoding="utf-8", newline="") as file:
            truth = csv.DictReader(file)
            kept = [row for row in truth if half in ("all", half_of(f"{name}/{row['path']}"))]
        with (room / name / "truth.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, truth.fieldnames or [])
            writer.writeheader()
            writer.writerows(kept)
        paths[name] = [f"{name}/{row['path']}" for row in kept]
    spec = importlib.util.spec_from_file_location("score", corpus / "score.py")
    assert spec is not None
    assert spec.loader is not None
    score = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(score)
    score.HERE = str(room)  # type: ignore[attr-defined]
    return score, paths


COLUMNS = argparse.Namespace(
    path_col="path", text_col="text", encoding_col="encoding", language_col="language",
    date_col="published_date", quarantine_col="quarantined",
)  # fmt: skip


def calibration(rows: list[Row], score: Any, room: Path) -> None:  # noqa: ANN401 - the corpus's own module
    """Print how often a confidence is right: encodings at 0.9 and more, languages by tenths."""
    right: dict[str, bool] = {}
    truth_of: dict[str, Row] = {}
    for name in ("encodings", "languages"):
        with (room / name / "truth.csv").open(encoding="utf-8", newline="") as file:
            truth_of |= {f"{name}/{row['path']}": row for row in csv.DictReader(file)}
    sure, utf_8 = [0, 0], [0, 0]
    bins: dict[int, list[float]] = {}
    for row in rows:
        truth = truth_of.get(row["path"])
        if truth is None or row.get("text") is None:
            continue
        if truth["encoding"] == "utf-8":
            utf_8[0] += row["encoding"] == "utf-8"
            utf_8[1] += 1
        if row["path"].startswith("encodings/") and truth["expected_text_sha256"] and row["encoding_confidence"] >= 0.9:
            wanted = [truth["expected_text_sha256"], *truth["alt_text_sha256"].split(";")]
            sure[0] += score.sha(row["text"]) in wanted
            sure[1] += 1
        if row["path"].startswith("languages/") and truth["language"] and row["language"] != "und":
            accepted = re.search(r"accept=([\w|]+)", truth["notes"])
            wanted = {score.lang(x) for x in (accepted[1].split("|") if accepted else [truth["language"]])}
            right[row["path"]] = score.lang(row["language"]) in wanted
            tenth = bins.setdefault(min(9, int(row["language_confidence"] * 10)), [0, 0, 0])
            tenth[0] += 1
            tenth[1] += right[row["path"]]
            tenth[2] += row["language_confidence"]
    print(f"\nUTF-8 read as UTF-8 (goal 100 %): {utf_8[0]} of {utf_8[1]}")
    share = 100 * sure[0] / max(1, sure[1])
    print(f"encoding_confidence >= 0.9 (goal 99.5 %): {sure[0]} of {sure[1]} right ({share:.2f} %)")
    total = sum(tenth[0] for tenth in bins.values())
    error = sum(abs(tenth[1] - tenth[2]) for tenth in bins.values()) / max(1, total)
    print(f"language_confidence: expected calibration error {error:.3f} over {total} texts that are not und")
    for key in sorted(bins):
        count, good, said = bins[key]
        span = f"{key / 10:.1f}-{(key + 1) / 10:.1f}"
        print(f"  {span}  {count:>5.0f} texts  says {said / count:.2f}  right {good / count:.2f}")


def show_languages(corpus: Path, half: str) -> None:
    """Print every figure about languages, beside langdetect's."""
    from benchmarks.language_accuracy import judge, report

    print(f"\n#### languages, half: {half}")
    report(judge(corpus, half))


def main() -> None:
    """Score Longshore, and with --rivals each library on the sets it is for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--half", choices=("measure", "look", "all"), default="measure")
    parser.add_argument("--sets", default=",".join(SETS))
    parser.add_argument("--rivals", action="store_true")
    parser.add_argument("--worst", type=int, default=0, help="wrong files to show of each set (look half only)")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    wanted = options.sets.split(",")
    with tempfile.TemporaryDirectory() as name:
        room = Path(name)
        score, paths = scorer_for(options.corpus.resolve(), options.half, room)
        results = {}
        for kind in ["longshore", *(RIVALS if options.rivals else [])]:
            sets = [one for one in wanted if one in paths and (kind == "longshore" or one in RIVALS[kind][0])]
            if not sets:
                continue
            rows = rows_of(kind, options.corpus.resolve(), [path for one in sets for path in paths[one]])
            report, bad, unmatched = score.score(rows, COLUMNS, sets)
            print(f"\n#### {kind}, half: {options.half}")
            # The measured half is never looked at file by file.
            score.show(report, bad, unmatched, options.worst if options.half == "look" else 0)
            if kind == "longshore":
                calibration(rows, score, room)
            results[kind] = report
    show_goals(results)
    if "languages" in wanted:
        show_languages(options.corpus.resolve(), options.half)
    if options.json:
        options.json.write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
