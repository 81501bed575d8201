"""What normalising one file would give, step by step, with the reason for each: `longshore inspect`. Writes nothing."""

from __future__ import annotations

import dataclasses
import os
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flows.errors import SettingsError
from flows.receipt import receipt_lines
from flows.records import Rejection
from flows.storage.names import printable, to_source_path
from flows.storage.patterns import first_match
from flows.text.normalise import Steps, take_steps

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from flows.settings import Settings


@dataclass(frozen=True, slots=True)
class Inspection:
    """The walk of one file. rival: the text as the encoding that came next would read it, where that was close."""

    path: str
    size: int
    result: Steps | Rejection
    rival: str | None = None

    def lines(self, width: int = 100) -> Iterator[str]:
        """Give it as lines for a person, in a terminal of so many columns."""
        yield f"{printable(self.path)}  ({self.size:,} bytes)"
        if isinstance(self.result, Rejection):
            yield f"  rejected   {self.result.reason}: {printable(self.result.detail)}"
        else:
            yield from receipt_lines(self.result, self.rival, width)
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
    (result,) = take_steps([(raw, declared)], settings.text_policy)
    return Inspection(str(path), len(raw), result, None if isinstance(result, Rejection) else _rival(raw, result))


def _rival(raw: bytes, steps: Steps) -> str | None:
    """Read a file as the encoding that came next does; None where none was close, or it cannot."""
    if not steps.decoded.runner_up:
        return None
    from flows.text.charsets.candidates import reader_of  # noqa: PLC0415 - NumPy only where needed

    try:
        return reader_of(steps.decoded.runner_up)[1](raw)
    except (LookupError, UnicodeDecodeError):
        return None


def _without(receipt: Any, *names: str) -> dict[str, Any]:  # noqa: ANN401 - any of the frozen receipts
    return {key: value for key, value in dataclasses.asdict(receipt).items() if key not in names}
