"""User choices about texts: the part of the settings that the text steps read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

RepairPolicy = Literal["conservative", "off"]
DateOrder = Literal["DMY", "MDY", "YMD"]


@dataclass(frozen=True, slots=True)
class TextPolicy:
    """Every choice that may change a row; two runs with equal policies give equal rows.

    languages: those that a feed is known to be in. They settle ties between candidates and never overrule.
    """

    repair: RepairPolicy = "conservative"
    date_order: DateOrder | None = None
    languages: tuple[str, ...] = ()
