"""The figures that reading text right is held to, out of what `accuracy.py` counted: a line each, beside the libraries.

    python benchmarks/accuracy.py --corpus DIR --half measure --rivals

Neutral files are all but the detectors' own suites. Nothing is measured here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

Count = tuple[int, int]
Report = dict[str, dict[str, dict[str, list[int]]]]

NEUTRAL = ("sparse", "transcoded-article", "transcoded-sentence", "udhr", "cpython-cjk", "tika")
SUITES = ("chardet", "uchardet", "charset-normalizer", "cchardet-samples", "cchardet-testdata")


class Goal(NamedTuple):
    """A figure with its goal: groups of a set of the corpus, and what is counted of them."""

    name: str
    wanted: str
    part: str
    groups: tuple[str, ...]
    counted: str


GOALS = (
    Goal("encodings: text equal, neutral files", ">= 97 %", "encodings", NEUTRAL, "text"),
    Goal("encodings: text equal, the libraries' own suites", ">= 98 %", "encodings", SUITES, "text"),
    Goal("encodings: a lone sign or letter in English", ">= 95 %", "encodings", ("sparse",), "text"),
    Goal("hostile: text or rejection as expected", ">= 99 %", "hostile", ("ALL",), "expect"),
    Goal("mojibake: wholly garbled articles", ">= 98 %", "mojibake", ("synthetic-article",), "text"),
    Goal("mojibake: garbled in part", ">= 95 %", "mojibake", ("synthetic-partial",), "text"),
    Goal("mojibake: legacy misreadings", "", "mojibake", ("synthetic-legacy-misread",), "text"),
    Goal("mojibake: clean text unchanged", "100 %", "mojibake", ("clean", "negative"), "text"),
    Goal("dates: dated headers right", ">= 97 %", "dates", ("ALL",), "date-recall"),
    Goal("dates: nothing taken where there is none", "100 %", "dates", ("ALL",), "date-null"),
    Goal("news: dated headers right", ">= 97 %", "news", ("ALL",), "date-recall"),
    Goal("news: nothing taken where there is none", "100 %", "news", ("ALL",), "date-null"),
)


def show_goals(reports: dict[str, Report]) -> None:
    """Print a line for each goal that something was counted for: its figure for every contender that has one."""
    print("\n#### goals (the languages' follow)")
    for goal in GOALS:
        shares = [f"{name} {_percent(*found)}" for name, report in reports.items() if (found := count_of(report, goal))]
        if shares:
            print(f"{goal.name:<50}{goal.wanted:>8}   " + "   ".join(shares))
    for name, report in reports.items():
        for part, wrong, dated in wrong_dates(report):
            print(f"{part + ': wrong dates':<50}{'<= 0.2 %':>8}   {name} {_percent(wrong, dated)}")


def count_of(report: Report, goal: Goal) -> Count | None:
    """Count what a contender got right of a goal's files; None where it was not asked."""
    groups = report.get(goal.part, {})
    counts = [groups[name][goal.counted] for name in goal.groups if goal.counted in groups.get(name, {})]
    return (sum(good for good, _ in counts), sum(of for _, of in counts)) if counts else None


def wrong_dates(report: Report) -> Iterator[tuple[str, int, int]]:
    """Return for each dated set how many dates are wrong, and of how many files."""
    for part in ("dates", "news"):
        every: dict[str, Any] = report.get(part, {}).get("ALL", {})
        if "date-recall" in every:
            yield part, every.get("date-WRONG", [0, 0])[1], every["rows"][1]


def _percent(good: int, of: int) -> str:
    return f"{good}/{of} {100 * good / max(1, of):.1f} %"
