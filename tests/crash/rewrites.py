"""What rewrites a warehouse, as a crash case does it: compact, reprocess by newer rules, forget a record."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from longshore.ingestion.worker import normalise_members
from longshore.maintenance import reprocess as room
from longshore.maintenance.compact import compact_warehouse
from longshore.maintenance.forget import forget_records
from longshore.storage import fault_injection
from tests.crash.forks import once_free
from tests.crash.project import record_ids, texts

if TYPE_CHECKING:
    from longshore.settings import Settings

# Delivered once, so that what is left when it is forgotten is plain.
SECRET = texts()["d.txt"]
STEPS = {
    "compact": fault_injection.REWRITE_STEPS,
    "reprocess": fault_injection.REWRITE_STEPS,
    "forget": (*fault_injection.FORGET_STEPS, *fault_injection.REWRITE_STEPS),
}


def rewrite(settings: Settings, what: str, fault: str = "") -> str:
    """Rewrite once, with what the case arms."""

    def act() -> str:
        _REWRITES[what](settings)
        return ""

    fault_injection.arm(fault)
    return once_free(act)


def _forget(settings: Settings) -> None:
    forget_records(settings, [record_ids()[SECRET]])


def _reprocess(settings: Settings) -> None:
    """Reprocess by rules that are newer than those of the rows and give each a title."""

    def newer(*arguments):
        found = normalise_members(*arguments)
        return [replace(record, title="A NEWER TITLE", normaliser_version="99") for record in found]

    before = room.normalise_members, room.NORMALISER_VERSION
    room.normalise_members, room.NORMALISER_VERSION = newer, "99"
    try:
        room.reprocess_warehouse(settings)
    finally:
        room.normalise_members, room.NORMALISER_VERSION = before


_REWRITES = {"compact": compact_warehouse, "reprocess": _reprocess, "forget": _forget}
