"""A project as its settings name it: where its ledger is, and which files in landing/ wait."""

from __future__ import annotations

import contextlib
import time
from functools import partial
from typing import TYPE_CHECKING

from longshore.errors import LedgerError
from longshore.storage.ledger.batches import Ledger
from longshore.storage.ledger.runs import count_stuck, unchanged_kept
from longshore.storage.listing import wanted_by
from longshore.storage.warehouse import Warehouse

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from longshore.records import LandedFile
    from longshore.settings import Settings
    from longshore.storage.landing import Landing
    from longshore.storage.listing import Listing


def ledger_url_of(settings: Settings) -> str:
    """Return the URL of the ledger: from the settings, else beside the records."""
    return settings.ledger_url or Warehouse(settings.warehouse).ledger_url


def open_ledger(settings: Settings) -> Ledger:
    """Open the ledger; it is made, or brought up to date, where need be.

    Raises:
        LedgerError: it is damaged, cannot be reached, or a newer Longshore wrote it.
    """
    return Ledger(ledger_url_of(settings))


@contextlib.contextmanager
def ledger_if_any(settings: Settings) -> Iterator[Ledger | None]:
    """Hold the ledger open for the block; None where no run has made one yet, and looking must not make it."""
    if settings.ledger_url or Warehouse(settings.warehouse).has_ledger():
        with open_ledger(settings) as ledger:
            yield ledger
    else:
        yield None


def refuse_lost_ledger(ledger: Ledger | None, warehouse: Warehouse, landing: Landing | None = None) -> None:
    """Stop where what the ledger says would be no answer; with `landing`, also where only originals tell of another.

    Raises:
        LedgerError: it knows nothing, and there was one that did.
    """
    lost = _records_alone(ledger, warehouse) if landing is None else what_was_lost(ledger, warehouse, landing)
    if lost:
        raise LedgerError(lost)


def what_was_lost(ledger: Ledger | None, warehouse: Warehouse, landing: Landing) -> str | None:
    """Say that the ledger knows nothing where records or settled originals tell that there was one; else None.

    Promised: cheap, a look at one file of each kind. What such a ledger says is no answer.
    """
    if ledger is not None and not ledger.is_empty():
        return None
    alone = _records_alone(ledger, warehouse)
    if alone:
        return alone
    if next(landing.stable_files(), None) is not None:
        return (
            f"{warehouse.root} holds neither a ledger nor a record, but {landing.root} holds originals that were "
            "settled. Is that the right warehouse, and is its disk there? If it is lost, `longshore verify --repair` "
            "puts the originals back into landing, for the next run."
        )
    return None


def _records_alone(ledger: Ledger | None, warehouse: Warehouse) -> str | None:
    if (ledger is not None and not ledger.is_empty()) or not warehouse.has_parts():
        return None
    return (
        f"The ledger is empty, but {warehouse.records} holds records: its file was lost or another was named. "
        "`longshore verify --repair` makes it anew from the warehouse and the archive."
    )


def known_files(ledger: Ledger, settings: Settings) -> Callable[[Sequence[LandedFile]], set[str]] | None:
    """Give what tells of some files which were ingested and left in landing; None where there can be none."""
    if settings.after_ingest == "keep":
        return partial(unchanged_kept, ledger)
    if count_stuck(ledger):
        return partial(unchanged_kept, ledger, stuck=True)
    return None


def waiting_files(
    landing: Landing,
    ledger: Ledger | None,
    settings: Settings,
    limit: int,
    seen_before: dict[str, tuple[int, int]] | None = None,
    given_up: Collection[str] = (),
) -> Listing:
    """List at most so many files that the next run would take, oldest first; none that was given up.

    seen_before: what an earlier look saw, as `storage/listing.py` says.
    """
    matches = wanted_by(settings.include, settings.exclude)
    known = known_files(ledger, settings) if ledger is not None else None

    def wanted(path: str) -> bool:
        return path not in given_up and (matches is None or matches(path))

    return landing.list_stable(
        settings.stable_seconds,
        time.time(),
        limit,
        wanted if given_up else matches,
        seen_before,
        known,
        take_underscored=settings.take_underscored,
    )
