"""What normalising one file would give, step by step, with the reason for each: `longshore inspect`. Writes nothing."""

from __future__ import annotations

import dataclasses
import os
import stat
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from flows.errors import SettingsError
from flows.records import Rejection
from flows.storage.names import printable, to_source_path
from flows.storage.patterns import first_match
from flows.text.normalise import Steps, take_steps
from flows.text.plan import replay_steps

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from flows.settings import Settings

_BAR = 24
_EXCERPT = 56
_SHOWN_ACTS = 12


@dataclass(frozen=True, slots=True)
class Inspection:
    """The walk of one file."""

    path: str
    size: int
    result: Steps | Rejection

    def lines(self) -> Iterator[str]:
        """Give it as lines for a person."""
        yield f"{printable(self.path)}  ({self.size:,} bytes)"
        if isinstance(self.result, Rejection):
            yield f"  rejected   {self.result.reason}: {printable(self.result.detail)}"
        else:
            yield from _decoding(self.result)
            yield from _repairing(self.result)
            yield from _heading(self.result)
            yield from _telling_language(self.result)
        yield ""

    def to_dict(self) -> dict[str, Any]:
        """Give it as plain values, for JSON."""
        found: dict[str, Any] = {"path": to_source_path(self.path), "bytes": self.size}
        if isinstance(self.result, Rejection):
            return {**found, "rejected": {"reason": self.result.reason.value, "detail": self.result.detail}}
        steps = self.result
        return {
            **found,
            "decode": _without(steps.decoded, "text"),
            "repair": _without(steps.repaired, "text"),
            "header": _without(steps.header, "body"),
            "language": _without(steps.language),
            "text": steps.header.body,
        }


def inspect_file(path: Path, settings: Settings) -> Inspection:
    """Take the steps of normalising for a file anywhere on the disk.

    Raises:
        SettingsError: there is no such regular file, it may not be read, or it is larger than `max_file_bytes`.
    """
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(fd, "rb") as file:
            found = os.fstat(fd)
            if not stat.S_ISREG(found.st_mode):
                raise SettingsError(f"{printable(str(path))} is not a regular file. Name a text file.")
            if found.st_size > settings.max_file_bytes:
                raise SettingsError(
                    f"{printable(str(path))} holds {found.st_size:,} bytes, more than max_file_bytes allows "
                    f"({settings.max_file_bytes:,}). It would be rejected as TOO_LARGE."
                )
            raw = file.read()
    except OSError as error:
        raise SettingsError(f"{printable(str(path))} cannot be read: {error.strerror}.") from None
    name = os.path.relpath(path, settings.landing)
    declared = first_match(settings.declared_encodings, to_source_path(path.name if name.startswith("..") else name))
    return Inspection(str(path), len(raw), take_steps(raw, settings.text_policy, declared))


def _decoding(steps: Steps) -> Iterator[str]:
    decoded = steps.decoded
    runner_up = f", close: {decoded.runner_up}" if decoded.runner_up else ""
    yield f"  encoding   {decoded.encoding}  ({decoded.method}, confidence {decoded.confidence:.2f}{runner_up})"
    if len(decoded.candidates) > 1:
        for candidate in decoded.candidates[:5]:
            yield f"             {_bar(candidate.score)}  {candidate.encoding}"


def _repairing(steps: Steps) -> Iterator[str]:
    repaired = steps.repaired
    if not repaired.repairs:
        yield "  repairs    none: the characters are as they were decoded"
        return
    before = steps.decoded.text
    for index, (after, act) in enumerate(islice(replay_steps(before, repaired.repairs), _SHOWN_ACTS)):
        yield f"  {'repairs' if index == 0 else '':<9}  {printable(act)}"
        was, became = _excerpts(before, after)
        if was != became:
            yield f"             before  {printable(was)}"
            yield f"             after   {printable(became)}"
        before = after
    if before != repaired.text:
        yield "             … and more of the kind"


def _heading(steps: Steps) -> Iterator[str]:
    header = steps.header
    if header.header is not None:
        where = "at the top" if not header.header_start else f"after character {header.header_start}"
        shown = header.header.strip("\n").split("\n")
        yield f"  header     {where}:"
        for line in shown[:12]:
            yield f"           > {printable(line)}"
        if len(shown) > 12:
            yield f"             … {len(shown) - 12} more lines"
    else:
        yield "  header     none"
    if header.published_date or header.date_status != "none":
        precision = f", to the {header.date_precision}" if header.date_precision else ""
        moment = f"  {header.published_at:%Y-%m-%d %H:%M:%S} UTC" if header.published_at else ""
        yield f"  date       {header.published_date or 'not known'}  ({header.date_status}{precision}){moment}"
    if header.title:
        yield f"  title      {printable(header.title[:100])}"


def _telling_language(steps: Steps) -> Iterator[str]:
    language = steps.language
    name = "cannot be told" if language.language == "und" else language.language
    yield f"  language   {name}  (script {language.script or 'unknown'}, confidence {language.confidence:.2f})"
    for candidate in language.candidates:
        yield f"             {_bar(candidate.confidence)}  {candidate.language}"
    body = steps.header.body
    first = next((line for line in body.split("\n") if line.strip()), "")
    yield f"  text       {len(body):,} characters: {printable(first[:100])}{'…' if len(first) > 100 else ''}"


def _bar(share: float) -> str:
    return f"{'█' * round(share * _BAR):<{_BAR}} {share:5.2f}"


def _excerpts(before: str, after: str) -> tuple[str, str]:
    """Give the surroundings of the first difference that is more than a line end."""
    before = before.replace("\r\n", "\n").replace("\r", "\n")
    start = next(
        (i for i, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), min(len(before), len(after))
    )
    start = max(0, start - 16)
    return before[start : start + _EXCERPT], after[start : start + _EXCERPT]


def _without(receipt: Any, *names: str) -> dict[str, Any]:  # noqa: ANN401 - any of the frozen receipts
    return {key: value for key, value in dataclasses.asdict(receipt).items() if key not in names}
