"""Rewrites: new parts replace old ones in a partition folder, in one atomic step.

1. build     new parts in `_longshore/rewrites/N/PARTITION/`, which no reader opens
2. link      the other parts of the partition are hard-linked, including those published meanwhile
3. ready     the ledger records what is about to happen
4. exchange  the two folders exchange names, by renameat2(2) with RENAME_EXCHANGE
5. recorded  the ledger records where the rows of each batch are now
6. drop      the old folder, after a grace period

Steps 2 to 5 are done under the run lock, so that nothing is published in between; 1 may take its time without it.
Promised: a reader sees all old rows or all new ones. One that listed the folder before the exchange and opens a file
after it gets a loud "no such file", which a retry fixes: no old name ever has other bytes. Not promised: the same
where the system cannot exchange two names (not Linux, some network and overlay file systems). There the folder is
away for the time between two renames, and a reader that lists just then misses the partition.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import errno
import os
import shutil
import time
from typing import TYPE_CHECKING

from longshore.errors import LockHeldError, WarehouseError
from longshore.storage import fault_injection
from longshore.storage.filesystem import exchange, fsync_folder, make_folders
from longshore.storage.ledger.rewrites import (
    BUILDING,
    EXCHANGED,
    READY,
    abandon_rewrite,
    mark_done,
    mark_exchanged,
    mark_ready,
    unfinished_rewrites,
)
from longshore.storage.lock import one_run_at_a_time

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from pathlib import Path

    from longshore.storage.ledger.batches import Ledger
    from longshore.storage.ledger.rewrites import Plan, Rewrite
    from longshore.storage.warehouse import Warehouse

_POLL_SECONDS = 0.05


def build_folder(warehouse: Warehouse, rewrite_no: int, partition: str) -> Path:
    """Create and return the empty folder that will replace that of a partition."""
    folder = _folder(warehouse, rewrite_no)
    # A dead process with an older ledger may have left one with this number.
    shutil.rmtree(folder, ignore_errors=True)
    make_folders(folder / partition)
    return folder / partition


@contextlib.contextmanager
def one_rewrite_at_a_time(warehouse: Warehouse, what: str, now: dt.datetime, ledger_url: str = "") -> Iterator[None]:
    """Hold the rewrite lock during the block; ingest runs may go on meanwhile.

    Raises:
        LockHeldError: another compaction, reprocessing or forgetting is at work.
    """
    with one_run_at_a_time(warehouse.inner / "rewrites", what, now, ledger_url):
        yield


@contextlib.contextmanager
def run_lock_within(
    warehouse: Warehouse, what: str, seconds: float, ledger_url: str = ""
) -> Iterator[Callable[[], None]]:
    """Hold the run lock during the block, after waiting at most `seconds` for a run to end.

    Yields a function to call before something is made visible: it raises LedgerError if the lock was lost.

    Raises:
        LockHeldError: the run went on for longer.
    """
    deadline = time.monotonic() + seconds
    with contextlib.ExitStack() as stack:
        while True:
            try:
                now = dt.datetime.now(dt.UTC)
                still_held = stack.enter_context(one_run_at_a_time(warehouse.inner, what, now, ledger_url))
                break
            except LockHeldError:
                if time.monotonic() >= deadline:
                    raise
                time.sleep(_POLL_SECONDS)
        yield still_held


def exchange_partition(
    warehouse: Warehouse,
    ledger: Ledger,
    rewrite: tuple[int, str],
    plan: Plan,
    still_held: Callable[[], None],
    touched: Collection[str] = (),
) -> None:
    """Replace the old parts by the new parts of a rewrite. Only for the holder of the run lock.

    Args:
        warehouse: whose.
        ledger: told before and after.
        rewrite: its number and the partition's folder name.
        plan: which old parts go, and where their rows are now.
        still_held: makes sure that the run lock is still held.
        touched: the records that change or go.

    Raises:
        WarehouseError: the partition is not as it was when the new parts were built; nothing was changed.
    """
    rewrite_no, partition = rewrite
    visible = warehouse.table_of(partition) / partition
    built = _folder(warehouse, rewrite_no) / partition
    going = {move.old.rpartition("/")[2] for move in plan.moves}
    _bring_along(visible, built, going)
    fault_injection.step("rewrite.linked")
    mark_ready(ledger, rewrite_no, plan, touched)
    fault_injection.step("rewrite.ready")
    still_held()
    _swap(visible, built)
    fault_injection.step("rewrite.exchanged")
    fsync_folder(visible.parent)
    fsync_folder(built.parent)
    mark_exchanged(ledger, rewrite_no, plan, dt.datetime.now(dt.UTC))
    fault_injection.step("rewrite.recorded")
    _remove_if_empty(visible)


def recover_rewrites(ledger: Ledger, warehouse: Warehouse, grace_seconds: float, *, building: bool = False) -> int:
    """Finish or undo dead rewrites, and delete old folders after their grace; return how many were unfinished.

    Only for the holder of the run lock: a rewrite that is `ready` has died then, because it holds that lock from before
    until after its exchange. One that is `building` may be alive unless the caller holds the right to rewrite too
    (`building`).
    """
    unfinished = 0
    for rewrite in unfinished_rewrites(ledger):
        if rewrite.state == READY and rewrite.plan is not None:
            unfinished += 1
            if _was_exchanged(warehouse, rewrite):
                mark_exchanged(ledger, rewrite.rewrite_no, rewrite.plan, dt.datetime.now(dt.UTC))
            else:
                abandon(warehouse, ledger, rewrite.rewrite_no)
        elif rewrite.state == BUILDING and building:
            unfinished += 1
            abandon(warehouse, ledger, rewrite.rewrite_no)
    drop_old(warehouse, ledger, grace_seconds)
    return unfinished


def abandon(warehouse: Warehouse, ledger: Ledger, rewrite_no: int) -> None:
    """Delete what was built for a rewrite that readers never saw."""
    shutil.rmtree(_folder(warehouse, rewrite_no), ignore_errors=True)
    abandon_rewrite(ledger, rewrite_no)


def drop_old(warehouse: Warehouse, ledger: Ledger, grace_seconds: float) -> int:
    """Delete the folders whose grace period is over; return their number."""
    dropped = 0
    for rewrite in unfinished_rewrites(ledger):
        # Forgotten records are deleted at once.
        grace = 0 if rewrite.kind == "forget" else grace_seconds
        if rewrite.state == EXCHANGED and time.time() - (rewrite.ended_at or 0) >= grace:
            folder = _folder(warehouse, rewrite.rewrite_no)
            shutil.rmtree(folder, ignore_errors=True)
            fault_injection.step("rewrite.dropped")
            if not folder.exists():
                mark_done(ledger, rewrite.rewrite_no)
                dropped += 1
    return dropped


def _folder(warehouse: Warehouse, rewrite_no: int) -> Path:
    return warehouse.inner / "rewrites" / str(rewrite_no)


def _bring_along(visible: Path, built: Path, going: Collection[str]) -> None:
    """Hard-link every other part of the old folder into the new one, and check that the old parts are still there."""
    missing = set(going)
    with os.scandir(visible) as entries:
        for entry in entries:
            if not entry.is_file(follow_symlinks=False):
                raise WarehouseError(f"{entry.path} is not a part; nothing was changed. Move it out of the warehouse.")
            if entry.name in going:
                missing.discard(entry.name)
            else:
                _link(visible / entry.name, built / entry.name)
    if missing:
        raise WarehouseError(
            f"{visible / min(missing)} disappeared while its partition was rewritten; nothing was changed. "
            "`longshore verify` says whether the ledger and the warehouse agree."
        )
    fsync_folder(built)


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.ENOTSUP, errno.EMLINK, errno.ENOSYS):
            raise
        # A file system without hard links.
        shutil.copy2(source, target)
        with target.open("rb") as copy:
            os.fsync(copy.fileno())


def _swap(visible: Path, built: Path) -> None:
    if exchange(built, visible):
        return
    aside = built.with_name(f"{built.name}.old")
    visible.rename(aside)
    fault_injection.step("rewrite.aside")
    built.rename(visible)
    aside.rename(built)


def _was_exchanged(warehouse: Warehouse, rewrite: Rewrite) -> bool:
    """Return whether readers see the new folder; one between two renames is put in place first."""
    table = warehouse.table_of(rewrite.partition)
    visible = table / rewrite.partition
    built = _folder(warehouse, rewrite.rewrite_no) / rewrite.partition
    aside = built.with_name(f"{built.name}.old")
    if not visible.exists() and aside.exists():
        built.rename(visible)
        fsync_folder(visible.parent)
        return True
    if rewrite.plan is None:
        return False
    old, new = [move.old for move in rewrite.plan.moves], [part.part for part in rewrite.plan.new_parts]
    there = [part for part in (*old, *new) if (table / part).exists()]
    return there == new


def _remove_if_empty(folder: Path) -> None:
    with contextlib.suppress(OSError):
        folder.rmdir()
