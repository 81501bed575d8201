"""What rewrites a warehouse, as a crash case does it: compact, reprocess by newer rules, forget a record."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from flows.storage import faults
from flows.text.normalise import normalise
from flows.upkeep import reprocess as room
from flows.upkeep.compaction import compact_warehouse
from flows.upkeep.forget import forget_records
from tests.crash.forks import once_free
from tests.crash.project import record_ids, texts

if TYPE_CHECKING:
    from flows.settings import Settings

# Delivered once, so that what is left when it is forgotten is plain.
SECRET = texts()["d.txt"]
STEPS = {
    "compact": faults.REWRITE_STEPS,
    "reprocess": faults.REWRITE_STEPS,
    "forget": (*faults.FORGET_STEPS, *faults.REWRITE_STEPS),
}


def rewrite(settings: Settings, what: str, fault: str = "") -> str:
    """Rewrite once, with what the case arms."""

    def act() -> str:
        _REWRITES[what](settings)
        return ""

    faults.arm(fault)
    return once_free(act)


def _forget(settings: Settings) -> None:
    forget_records(settings, [record_ids()[SECRET]])


def _reprocess(settings: Settings) -> None:
    """Reprocess by rules that are newer than those of the rows and give each a title."""

    def newer(*arguments):
        return replace(normalise(*arguments), title="A NEWER TITLE", normaliser_version="99")

    before = room.normalise, room.NORMALISER_VERSION
    room.normalise, room.NORMALISER_VERSION = newer, "99"
    try:
        room.reprocess_warehouse(settings)
    finally:
        room.normalise, room.NORMALISER_VERSION = before


_REWRITES = {"compact": compact_warehouse, "reprocess": _reprocess, "forget": _forget}
