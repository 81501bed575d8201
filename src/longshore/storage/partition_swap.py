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
import time
from typing import TYPE_CHECKING

from longshore.errors import LockHeldError
from longshore.storage import fault_injection
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

    from longshore.storage.ledger.batches import Ledger
    from longshore.storage.ledger.rewrites import Plan
    from longshore.storage.stores.interface import Warehouse

_POLL_SECONDS = 0.05


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
    going = {move.old for move in plan.moves}
    warehouse.prepare_exchange(rewrite_no, partition, going)
    fault_injection.step("rewrite.linked")
    mark_ready(ledger, rewrite_no, plan, touched)
    fault_injection.step("rewrite.ready")
    still_held()
    warehouse.exchange(rewrite_no, partition, going, plan.new_parts)
    mark_exchanged(ledger, rewrite_no, plan, dt.datetime.now(dt.UTC))
    fault_injection.step("rewrite.recorded")


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
            going = [move.old for move in rewrite.plan.moves]
            if warehouse.finish_exchange(rewrite.rewrite_no, rewrite.partition, going, rewrite.plan.new_parts):
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
    warehouse.drop_rewrite(rewrite_no)
    abandon_rewrite(ledger, rewrite_no)


def drop_old(warehouse: Warehouse, ledger: Ledger, grace_seconds: float) -> int:
    """Delete the folders whose grace period is over; return their number."""
    dropped = 0
    for rewrite in unfinished_rewrites(ledger):
        # Forgotten records are deleted at once.
        grace = 0 if rewrite.kind == "forget" else grace_seconds
        if rewrite.state == EXCHANGED and time.time() - (rewrite.ended_at or 0) >= grace:
            gone = warehouse.drop_rewrite(rewrite.rewrite_no)
            fault_injection.step("rewrite.dropped")
            if gone:
                mark_done(ledger, rewrite.rewrite_no)
                dropped += 1
    return dropped
