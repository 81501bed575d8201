"""Forget records for good: a takedown, or someone's right to it.

1. bury      a tombstone for each, on the disk before anything is removed: what comes again is not ingested
2. rewrite   each part that holds one, without it (`rewriting.py`); old folders go at once, without a grace period
3. delete    every original that the ledger knows of, if its bytes are still the ones
4. done      the tombstone says that nothing is left

A process that dies in between leaves the tombstone open: forgetting again, or the next compaction, goes on. Promised:
no reader sees the record afterwards, and no file that Longshore wrote or moved holds its text. Not promised: backups,
snapshots, what readers copied, and blocks of a disk that were freed but not overwritten. A pack that holds the original
among others is named, not deleted.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from flows.errors import SettingsError
from flows.originals import all_originals, delete_original
from flows.rewriting import Change, Rewriter, now, rewriting
from flows.storage import faults
from flows.storage.landing import Landing
from flows.storage.rewrites import drop_old

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from flows.settings import Settings

_RECORD_ID = re.compile(r"[0-9a-f]{64}", re.ASCII)


@dataclass(slots=True)
class ForgetSummary:
    """What was forgotten. `left`: packs that still hold an original, for a person to see to."""

    asked: list[str] = field(default_factory=list)
    records_removed: int = 0
    originals_deleted: int = 0
    unknown: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """Give the summary as plain values, for JSON."""
        return asdict(self)

    def lines(self) -> Iterator[str]:
        """Give the lines that a person reads."""
        yield (
            f"{len(self.asked)} asked for: {self.records_removed} record(s) removed, "
            f"{self.originals_deleted} original(s) deleted. None of them will be ingested again."
        )
        for record_id in self.unknown:
            yield f"{record_id} had no record; if its bytes are delivered, they are rejected as FORGOTTEN."
        for place in self.left:
            yield f"Still in {place}, a pack that holds others too: remove it from there, then forget again."


def forget_records(settings: Settings, record_ids: Iterable[str]) -> ForgetSummary:
    """Remove these records and their originals for good; may be done again at any time.

    Raises:
        SettingsError: something is no record id; nothing was done.
        LockHeldError: another rewrite, or an ingest run, is at work; what was buried stays buried, so do it again.
    """
    summary = ForgetSummary(sorted(set(record_ids)))
    for record_id in summary.asked:
        if not _RECORD_ID.fullmatch(record_id):
            raise SettingsError(f"{record_id!r} is no record id: it is 64 lower-case hexadecimal digits.")
    with rewriting(settings, "forget", summary.to_dict) as rewriter:
        rewriter.store.bury(summary.asked, now())
        faults.step("forget.buried")
        finish_forgetting(rewriter, summary)
    return summary


def finish_forgetting(rewriter: Rewriter, summary: ForgetSummary) -> None:
    """Remove whatever is left of all records that have an open tombstone."""
    store = rewriter.store
    record_ids = store.half_forgotten()
    if not record_ids:
        return
    with rewriter.run_lock():
        # A run that began before the tombstones may have claimed one of them: it has ended now. It may have died, too.
        rewriter.recover_batches()
    homes = store.homes_of(record_ids)
    known = set(homes)
    for partition in sorted({part.partition("/")[0] for _, part in homes.values()}):
        change = _Without(homes={record_id: home[0] for record_id, home in homes.items()})
        parts = store.published_parts(sorted({part for _, part in homes.values() if part.startswith(f"{partition}/")}))
        rewriter.rewrite(partition, [[part] for part in parts], change)
        summary.records_removed += len(change.gone)
    faults.step("forget.rewritten")
    # Folders of earlier rewrites hold the text too, as long as their grace lasts.
    drop_old(rewriter.warehouse, store, 0)
    done = set(record_ids)
    with Landing(rewriter.settings.landing) as landing:
        for record_id, originals in all_originals(rewriter.ledger, record_ids).items():
            known.add(record_id)
            for original in originals:
                faults.step("forget.original")
                there = landing.look(original.place) is not None
                if delete_original(original, landing):
                    summary.originals_deleted += there
                    # A file of its own is nowhere now; that of a pack was gone before.
                    store.mark_gone(original.delivery_no)
                else:
                    summary.left.append(f"{original.place} (as {original.member})")
                    done.discard(record_id)
    summary.unknown += sorted(set(record_ids) - known)
    faults.step("forget.done")
    store.mark_forgotten(done, now())


@dataclass(slots=True)
class _Without(Change):
    """Leaves out the records that have a home in `homes` (their batches)."""

    homes: dict[str, int] = field(default_factory=dict)
    found: bool = False

    def table(self, table: pa.Table, partition: str) -> pa.Table:
        del partition
        chosen = pc.is_in(table["record_id"], value_set=pa.array(list(self.homes), pa.string()))
        for record_id in table.filter(chosen)["record_id"].to_pylist():
            self.gone.append((record_id, self.homes[record_id]))
            self.touched.append(record_id)
            self.found = True
        return table.filter(pc.invert(chosen))

    def group_changed(self) -> bool:
        changed, self.found = self.found, False
        return changed
