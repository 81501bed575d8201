"""Choices of a user about texts: the part of the settings that the pure packages read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

RepairPolicy = Literal["conservative", "ftfy-defaults", "off"]
DateOrder = Literal["DMY", "MDY", "YMD"]


@dataclass(frozen=True, slots=True)
class TextPolicy:
    """Every choice that may change a row; two runs with equal policies give equal rows."""

    repair: RepairPolicy = "conservative"
    date_order: DateOrder | None = None
