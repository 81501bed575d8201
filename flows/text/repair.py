"""Mend what went wrong with the characters, with the receipt. (First form.)"""

from __future__ import annotations

from dataclasses import dataclass

from flows.text.policy import RepairPolicy


@dataclass(frozen=True, slots=True)
class Repaired:
    """The mended text, and the steps that made it."""

    text: str
    repairs: tuple[str, ...] = ()


def repair(text: str, policy: RepairPolicy = "conservative") -> Repaired:
    """Mend encodings, never restyle."""
    del policy
    return Repaired(text.replace("\r\n", "\n").replace("\r", "\n"))
