"""Whoever watches a run: a progress bar, a Prefect artifact, a log. The pipeline knows this much of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flows.records import Batch, Delivery, Staged


class Observer(Protocol):
    """Whoever watches a run: a progress bar, a Prefect artifact, a log. All calls are from the coordinator."""

    def listed(self, files: int, source_bytes: int) -> None:
        """So many more files are about to be taken."""

    def settled(self, batch: Batch, staged: Staged, endings: Sequence[Delivery]) -> None:
        """A batch has come to its end, and this is what became of each of its deliveries."""

    def said(self, sentence: str) -> None:
        """Something that a person should know while the run goes on."""


class Silent:
    """Watches nothing."""

    def listed(self, files: int, source_bytes: int) -> None:
        """Do nothing."""

    def settled(self, batch: Batch, staged: Staged, endings: Sequence[Delivery]) -> None:
        """Do nothing."""

    def said(self, sentence: str) -> None:
        """Do nothing."""
