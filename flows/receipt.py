"""The receipt of one file as lines for a person: what each step found and did, no line wider than the terminal.

Promised: nothing that a file holds reaches the terminal as a control. Not promised: the columns of scripts that
terminals themselves disagree about.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final

from flows.storage.names import printable
from flows.terminal import clipped
from flows.text.mending.plan import replay_steps

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flows.text.normalise import Steps

_INDENT: Final = " " * 13
_NARROWEST: Final = 40
_BAR: Final = 24
_LEAST_SHARE: Final = 0.005
_SHOWN_CANDIDATES: Final = 5
_SHOWN_ACTS: Final = 12
_SHOWN_HEADER_LINES: Final = 12
# What is shown before the place where two texts part.
_BEFORE: Final = 16


def receipt_lines(steps: Steps, rival: str | None, width: int) -> Iterator[str]:
    """Give the receipt of a file; `rival` is its text as the encoding that came next reads it."""
    width = max(width, _NARROWEST)
    yield from (clipped(line, width) for line in _lines(steps, rival, width))


def _lines(steps: Steps, rival: str | None, width: int) -> Iterator[str]:
    yield from _decoding(steps, rival, width)
    yield from _repairing(steps, width)
    yield from _heading(steps)
    yield from _telling_language(steps)


def _decoding(steps: Steps, rival: str | None, width: int) -> Iterator[str]:
    decoded = steps.decoded
    yield f"  encoding   {decoded.encoding}  ({decoded.method}, confidence {decoded.confidence:.2f})"
    if len(decoded.candidates) > 1:
        for candidate in decoded.candidates[:_SHOWN_CANDIDATES]:
            if candidate.score >= _LEAST_SHARE:
                yield f"{_INDENT}{_bar(candidate.score)}  {candidate.encoding}"
    if rival is not None and decoded.runner_up:
        this, other = _excerpts(decoded.text, rival, width)
        if this != other:
            longer = max(len(decoded.encoding), len(decoded.runner_up))
            yield f"{_INDENT}{decoded.encoding:<{longer}}  {this}"
            yield f"{_INDENT}{decoded.runner_up:<{longer}}  {other}"


def _repairing(steps: Steps, width: int) -> Iterator[str]:
    repaired = steps.repaired
    if not repaired.repairs:
        yield "  repairs    none: the characters are as they were decoded"
        return
    before = steps.decoded.text
    for index, (after, act) in enumerate(islice(replay_steps(before, repaired.repairs), _SHOWN_ACTS)):
        yield f"  {'repairs' if index == 0 else '':<9}  {printable(act)}"
        was, became = _excerpts(before, after, width)
        if was != became:
            yield f"{_INDENT}before  {was}"
            yield f"{_INDENT}after   {became}"
        before = after
    if before != repaired.text:
        yield f"{_INDENT}… and more of the kind"


def _heading(steps: Steps) -> Iterator[str]:
    header = steps.header
    if header.header is not None:
        where = "at the top" if not header.header_start else f"after character {header.header_start}"
        shown = header.header.strip("\n").split("\n")
        yield f"  header     {where}:"
        for line in shown[:_SHOWN_HEADER_LINES]:
            yield f"           > {printable(line)}"
        if len(shown) > _SHOWN_HEADER_LINES:
            yield f"{_INDENT}… {len(shown) - _SHOWN_HEADER_LINES} more lines"
    else:
        yield "  header     none"
    if header.published_date or header.date_status != "none":
        precision = f", to the {header.date_precision}" if header.date_precision else ""
        moment = f"  {header.published_at:%Y-%m-%d %H:%M:%S} UTC" if header.published_at else ""
        yield f"  date       {header.published_date or 'not known'}  ({header.date_status}{precision}){moment}"
    if header.title:
        yield f"  title      {printable(header.title)}"


def _telling_language(steps: Steps) -> Iterator[str]:
    language = steps.language
    name = "cannot be told" if language.language == "und" else language.language
    yield f"  language   {name}  (script {language.script or 'unknown'}, confidence {language.confidence:.2f})"
    for candidate in language.candidates:
        if candidate.confidence >= _LEAST_SHARE:
            yield f"{_INDENT}{_bar(candidate.confidence)}  {candidate.language}"
    body = steps.header.body
    first = next((line for line in body.split("\n") if line.strip()), "")
    counted = "1 character" if len(body) == 1 else f"{len(body):,} characters"
    yield f"  text       {counted}: {printable(first[:400])}"


def _bar(share: float) -> str:
    return f"{'█' * max(1, round(share * _BAR)):<{_BAR}} {share:5.2f}"


def _excerpts(before: str, after: str, length: int) -> tuple[str, str]:
    """Give the surroundings of the first difference that is more than a line end."""
    before = before.replace("\r\n", "\n").replace("\r", "\n")
    start = next(
        (i for i, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), min(len(before), len(after))
    )
    start = max(0, start - _BEFORE)
    return printable(before[start : start + length]), printable(after[start : start + length])
