"""The progress of a run that a person started: a bar in a terminal, lines elsewhere."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING

from longshore.records import SilentObserver
from longshore.storage.names import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.progress import Progress, TaskID

    from longshore.records import Batch, Delivery, RunObserver, Staged


class _Lines(SilentObserver):
    """Prints the messages of a run, a line each, on standard error."""

    def message(self, sentence: str) -> None:
        """Print the sentence."""
        sys.stderr.write(printable(sentence) + "\n")


class _Bar(SilentObserver):
    """A bar that grows as batches finish."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        # No total before files are found: a bar of 0 of 0 files would be full.
        self._task: TaskID = progress.add_task("listing files", total=None)
        self._total = 0

    def files_found(self, files: int, source_bytes: int) -> None:
        """Add files to the total."""
        del source_bytes
        self._total += files
        self._progress.update(self._task, total=self._total or None, description="ingesting")

    def batch_finished(self, batch: Batch, staged: Staged, endings: Sequence[Delivery]) -> None:
        """Advance by the files of the batch."""
        del batch, staged
        self._progress.update(self._task, advance=sum(1 for ending in endings if ending.member is None))

    def message(self, sentence: str) -> None:
        """Print the sentence above the bar."""
        self._progress.console.print(printable(sentence), markup=False, highlight=False)


@contextlib.contextmanager
def terminal_observer(*, quiet: bool) -> Iterator[RunObserver]:
    """Yield the observer for a run: a bar if standard error is a terminal, lines elsewhere, or nothing if `quiet`."""
    if not sys.stderr.isatty():
        yield SilentObserver() if quiet else _Lines()
    else:
        from rich.console import Console  # noqa: PLC0415 - only in a terminal
        from rich.progress import (  # noqa: PLC0415 - as above
            BarColumn,
            MofNCompleteColumn,
            Progress,
            SpinnerColumn,
            TextColumn,
            TimeElapsedColumn,
            TimeRemainingColumn,
        )

        what = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(bar_width=24), MofNCompleteColumn())
        columns = (*what, TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn())
        with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
            yield _Bar(progress)
