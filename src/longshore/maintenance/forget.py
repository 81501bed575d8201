"""Forget records for good: a takedown, or someone's right to it.

1. bury      a tombstone for each, on the disk before anything is removed: what comes again is not ingested
2. rewrite   each part that holds one, without it (`rewriting.py`); old folders go at once, without a grace period
3. delete    every original that the ledger knows of, if its bytes are still the ones; out of a pack that holds others
             too, it alone is taken (`repacking.py`)
4. done      the tombstone says that nothing is left

A process that dies in between leaves the tombstone open: forgetting again, or the next compaction, goes on. Promised:
no reader sees the record afterwards, and no file that Longshore wrote or moved holds its text. Not promised: backups,
snapshots, what readers copied, and blocks of a disk that were freed but not overwritten. What could not be removed (a
damaged pack, no right to) is named, and stays asked for.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import os
import re
from collections import Counter
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from longshore.errors import SettingsError, WarehouseError
from longshore.ingestion.originals import all_originals, delete_landed, delete_original
from longshore.ingestion.project import refuse_lost_ledger
from longshore.maintenance.rewrite import Change, Rewriter, now, rewriting
from longshore.storage import fault_injection
from longshore.storage.archives.members import members_in
from longshore.storage.archives.remove_member import remove_members
from longshore.storage.archives.stream import ArchiveError, ArchiveLimits, Budget
from longshore.storage.landing import DRAFT, Landing, MovedError
from longshore.storage.ledger.rewrites import (
    bury,
    mark_deliveries_gone,
    mark_forgotten,
    mark_members_removed,
    published_parts,
    published_places,
    unfinished_forgets,
    unfinished_rewrites,
)
from longshore.storage.ledger.runs import update_kept
from longshore.storage.names import from_source_path, printable
from longshore.storage.partition_swap import drop_old

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from longshore.ingestion.originals import Original
    from longshore.records import LandedFile
    from longshore.settings import Settings
    from longshore.storage.ledger.batches import Ledger


def remove_member(originals: Sequence[Original], landing: Landing, limits: ArchiveLimits, ledger: Ledger) -> int:
    """Remove these originals, all of one archive, for good; return how many files it held of them.

    Raises:
        WarehouseError: it cannot be done; the pack is as it was.
    """
    place = from_source_path(originals[0].place)
    gone = {original.record_id for original in originals}
    # A draft that a dead process left may hold what another one forgets now.
    landing.remove_beside(place, DRAFT)
    file = landing.look(place)
    removed = 0
    if file is not None:
        # Each member is read whole, also one that was too large for a text.
        limits = replace(limits, max_member_bytes=limits.max_bytes)
        try:
            removed = _remove(originals, gone, file, landing, limits, ledger)
        except (ArchiveError, MovedError, OSError) as error:
            raise WarehouseError(f"{error}") from error
        except Exception as error:  # what the libraries raise for damaged data
            raise WarehouseError(f"it cannot be unpacked ({type(error).__name__}: {error})") from error
        finally:
            landing.remove_beside(place, DRAFT)
    mark_deliveries_gone(ledger, (original.delivery_no for original in originals))
    return removed


def _remove(
    originals: Sequence[Original],
    gone: set[str],
    file: LandedFile,
    landing: Landing,
    limits: ArchiveLimits,
    ledger: Ledger,
) -> int:
    name = file.path.rpartition("/")[2]
    archive_no = originals[0].archive_no
    assert archive_no is not None
    with _held(landing.open(file)) as packed, landing.draft_beside(file.path) as draft:
        before = _texts(packed, name, Budget(limits, file.size))
        removed = sum(before[record_id] for record_id in gone)
        if not removed:
            return 0
        wanted = Counter({record_id: count for record_id, count in before.items() if record_id not in gone})
        with _reader(packed) as reader:
            left = remove_members(reader, draft, name, gone, Budget(limits, file.size))
        draft.flush()
        if left and _texts(draft.fileno(), name, Budget(limits, file.size)) != wanted:
            raise WarehouseError("written again, it would hold other texts than it should")
        size, sha256 = os.fstat(draft.fileno()).st_size, _sha256(draft)
        landing.check_open(packed, file)
        os.fsync(draft.fileno())
    fault_injection.step("forget.archive_rewritten")
    if not left:
        delete_landed(file, landing)
        mark_deliveries_gone(ledger, [archive_no])
        return removed
    said = f"Written again on {dt.datetime.now(dt.UTC):%Y-%m-%d} without what was forgotten: SHA-256 {sha256}."
    mark_members_removed(ledger, archive_no, size, said)
    fault_injection.step("forget.archive_recorded")
    update_kept(ledger, landing.replace_by_draft(file))
    fault_injection.step("forget.archive_replaced")
    return removed


def _texts(fd: int, name: str, budget: Budget) -> Counter[str]:
    """Count the texts of a pack by their SHA-256."""
    with _reader(fd) as packed:
        found = members_in(packed, name, budget)
        return Counter(hashlib.sha256(member.data).hexdigest() for member in found if member.data is not None)


@contextlib.contextmanager
def _held(fd: int) -> Iterator[int]:
    try:
        yield fd
    finally:
        os.close(fd)


def _reader(fd: int) -> BinaryIO:
    """Read an open file from its beginning; some libraries close what they have read."""
    os.lseek(fd, 0, os.SEEK_SET)
    return os.fdopen(fd, "rb", closefd=False)


def _sha256(draft: BinaryIO) -> str:
    draft.seek(0)
    digest = hashlib.sha256()
    while data := draft.read(1 << 20):
        digest.update(data)
    return digest.hexdigest()


_RECORD_ID = re.compile(r"[0-9a-f]{64}", re.ASCII)


@dataclass(slots=True)
class ForgetSummary:
    """The result of forgetting. `left`: where copies remain, and why; a person must remove them."""

    asked: list[str] = field(default_factory=list)
    records_removed: int = 0
    originals_deleted: int = 0
    unknown: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """Return the summary as plain values, for JSON."""
        return asdict(self)

    def lines(self) -> Iterator[str]:
        """Return the lines that a person reads."""
        yield (
            f"{len(self.asked)} asked for: {self.records_removed} record(s) removed, "
            f"{self.originals_deleted} original(s) deleted. None of them will be ingested again."
        )
        for record_id in self.unknown:
            yield f"{record_id} had no record; if its bytes are delivered, they are rejected as FORGOTTEN."
        for place in self.left:
            yield printable(f"Still in {place} Fix this, then forget again.")


def forget_records(settings: Settings, record_ids: Iterable[str]) -> ForgetSummary:
    """Remove these records and their originals for good; may be done again at any time.

    Raises:
        SettingsError: something is no record id; nothing was done.
        LedgerError: the ledger was lost; nothing was done.
        LockHeldError: another rewrite, or an ingest run, is at work; what was buried stays buried, so do it again.
    """
    summary = ForgetSummary(sorted(set(record_ids)))
    for record_id in summary.asked:
        if not _RECORD_ID.fullmatch(record_id):
            raise SettingsError(f"{record_id!r} is no record id: it is 64 lower-case hexadecimal digits.")
    with rewriting(settings, "forget", summary.to_dict) as rewriter:
        with Landing(settings.landing) as landing:
            # A ledger that knows nothing of what is there would say that nothing is left of the record.
            refuse_lost_ledger(rewriter.ledger, rewriter.warehouse, landing)
        bury(rewriter.ledger, summary.asked, now())
        fault_injection.step("forget.buried")
        finish_forgetting(rewriter, summary)
    return summary


def finish_forgetting(rewriter: Rewriter, summary: ForgetSummary) -> None:
    """Remove whatever is left of all records that have an open tombstone."""
    record_ids = unfinished_forgets(rewriter.ledger)
    if not record_ids:
        return
    with rewriter.run_lock():
        # A run that began before the tombstones may have claimed one of them: it has ended now. It may have died, too.
        rewriter.recover_batches()
    known = _rewrite_parts(rewriter, record_ids, summary)
    fault_injection.step("forget.rewritten")
    undone = _drop_copies(rewriter, set(record_ids), summary)
    originals = all_originals(rewriter.ledger, record_ids)
    summary.unknown += sorted(set(record_ids) - known - originals.keys())
    undone |= _delete_originals(rewriter, originals, summary)
    fault_injection.step("forget.done")
    mark_forgotten(rewriter.ledger, set(record_ids) - undone, now())


def _rewrite_parts(rewriter: Rewriter, record_ids: Collection[str], summary: ForgetSummary) -> set[str]:
    """Write each part that holds one of these records without it; give those that had a home."""
    ledger = rewriter.ledger
    homes = published_places(ledger, record_ids)
    for partition in sorted({part.partition("/")[0] for _, part in homes.values()}):
        change = _Without(homes={record_id: home[0] for record_id, home in homes.items()})
        parts = published_parts(
            ledger, sorted({part for _, part in homes.values() if part.startswith(f"{partition}/")})
        )
        rewriter.rewrite(partition, [[part] for part in parts], change)
        summary.records_removed += len(change.gone)
    return set(homes)


def _drop_copies(rewriter: Rewriter, record_ids: set[str], summary: ForgetSummary) -> set[str]:
    """Drop the parts that no reader finds any more and that may hold the text; give what could not be undone."""
    # Folders of earlier rewrites hold it as long as their grace lasts.
    drop_old(rewriter.warehouse, rewriter.ledger, 0)
    stuck = [
        f"_longshore/rewrites/{one.rewrite_no}: it cannot be deleted." for one in unfinished_rewrites(rewriter.ledger)
    ]
    # So do parts that `verify --repair` set aside, of which other parts hold every row.
    for part in rewriter.warehouse.aside():
        path = rewriter.warehouse.root / part
        try:
            ids = pq.read_table(path, columns=["record_id"], partitioning=None)["record_id"].to_pylist()
            if record_ids.intersection(ids):
                path.unlink()
        except (OSError, pa.ArrowException, KeyError) as error:
            stuck.append(f"{part}, perhaps: it cannot be read or deleted ({error}).")
    summary.left += stuck
    return record_ids if stuck else set()


def _delete_originals(
    rewriter: Rewriter, originals: Mapping[str, Sequence[Original]], summary: ForgetSummary
) -> set[str]:
    """Delete every original that the ledger knows of; give the records of which one is left."""
    ledger, limits = rewriter.ledger, rewriter.settings.limits_of_archives
    undone: set[str] = set()
    packs: dict[str, list[Original]] = {}
    with Landing(rewriter.settings.landing) as landing:
        for original in (one for places in originals.values() for one in places):
            if original.member is not None:
                packs.setdefault(original.place, []).append(original)
                continue
            fault_injection.step("forget.original")
            try:
                summary.originals_deleted += delete_original(original, landing)
                mark_deliveries_gone(ledger, [original.delivery_no])
            except OSError as error:
                summary.left.append(f"{original.place}: {error.strerror}.")
                undone.add(original.record_id)
        for place, inside in packs.items():
            try:
                summary.originals_deleted += remove_member(inside, landing, limits, ledger)
            except WarehouseError as error:
                summary.left.append(f"{place} (as {inside[0].member}): {error}.")
                undone |= {original.record_id for original in inside}
    return undone


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
