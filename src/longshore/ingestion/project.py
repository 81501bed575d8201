"""The project that settings name: its ledger, its landing folder, and the files that wait there."""

from __future__ import annotations

import contextlib
import os
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from longshore.errors import LedgerError, RepairUnfinishedError, SettingsError
from longshore.ingestion.rules import rule_book
from longshore.storage.ledger.batches import Ledger
from longshore.storage.ledger.engine import NoLedgerError
from longshore.storage.ledger.repair import repair_marker, unfinished_repair
from longshore.storage.ledger.runs import count_stuck, unchanged_kept
from longshore.storage.listing import wanted_by
from longshore.storage.names import from_source_path, printable, to_source_path
from longshore.storage.stores.choose import open_landing, open_warehouse
from longshore.storage.stores.url import StoreUrl, is_store_url

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from longshore.records import LandedFile
    from longshore.settings import Settings
    from longshore.storage.listing import Listing
    from longshore.storage.stores.interface import Landing, Warehouse


def landing_of(settings: Settings, spool: Path | None = None) -> Landing:
    """Open the landing of a project.

    spool: the local folder in which the processes of a run share what one of them has fetched.

    Raises:
        LandingMissingError: it does not exist.
    """
    return open_landing(settings.landing, spool)


def warehouse_of(settings: Settings) -> Warehouse:
    """Name the warehouse of a project; nothing is created before something is written."""
    return open_warehouse(settings.warehouse, settings.ledger_url)


def ledger_url_of(settings: Settings) -> str:
    """Return the URL of the ledger: that of the settings, or else the file beside the records."""
    return settings.ledger_url or warehouse_of(settings).ledger_url


def open_ledger(settings: Settings, *, read_only: bool = False) -> Ledger:
    """Open the ledger of a project.

    read_only: write nothing; otherwise the ledger is created, or brought up to date, if necessary.

    Raises:
        NoLedgerError: there is none, and `read_only` is set.
        RepairUnfinishedError: a `verify --repair` must be finished first.
        LedgerError: it is damaged, cannot be reached, or a newer Longshore wrote it.
        SettingsError: the warehouse belongs to another landing folder.
    """
    url = ledger_url_of(settings)
    marker = repair_marker(url)
    if marker is not None and marker.exists():
        raise RepairUnfinishedError
    ledger = Ledger(url, read_only=read_only)
    try:
        if unfinished_repair(ledger) is not None:
            raise RepairUnfinishedError
        refuse_other_landing(ledger, settings)
    except BaseException:
        ledger.close()
        raise
    return ledger


def claim_landing(ledger: Ledger, settings: Settings, *, adopt: bool = False) -> None:
    """Record that the warehouse belongs to this landing folder, if it belongs to none yet or with `adopt`.

    A ledger remembers paths below its landing folder. With a second folder, a file of equal path and size would pass
    for one that was ingested, and `forget` would leave originals in the other.
    """
    if adopt or ledger.landing() is None:
        ledger.record_landing(_landing_of(settings))


def adopt_landing(settings: Settings) -> None:
    """Record that the warehouse belongs to the landing folder of these settings from now on.

    Only for the holder of the run lock.

    Raises:
        NoLedgerError, LedgerError: as `open_ledger`.
    """
    with Ledger(ledger_url_of(settings), read_only=True):
        pass  # only an existing ledger can be adopted
    with Ledger(ledger_url_of(settings)) as ledger:
        claim_landing(ledger, settings, adopt=True)


def _landing_of(settings: Settings) -> str:
    """Return the landing folder as the ledger records it: relative to the warehouse, so that a project may be moved.

    If one of the two is in an object store: its whole address or path.
    """
    if isinstance(settings.landing, StoreUrl):
        return str(settings.landing)
    if isinstance(settings.warehouse, StoreUrl):
        return to_source_path(os.fspath(settings.landing.resolve()))
    return to_source_path(os.path.relpath(settings.landing.resolve(), settings.warehouse.resolve()))


def refuse_other_landing(ledger: Ledger, settings: Settings) -> None:
    """Raise an error if the warehouse belongs to another landing folder.

    Raises:
        SettingsError: it does.
    """
    recorded = ledger.landing()
    if recorded not in (None, _landing_of(settings)):
        folder = recorded or ""
        if isinstance(settings.warehouse, Path) and not is_store_url(folder):
            folder = os.path.normpath(settings.warehouse.resolve() / from_source_path(folder))
        raise SettingsError(
            f"The warehouse {settings.warehouse} belongs to the landing folder {printable(folder)}, not to "
            f"{settings.landing}. Use a warehouse of its own for each landing folder. If the folder was moved, with "
            "its _archive/ and _rejected/, run `longshore verify --adopt-landing` once."
        )


@contextlib.contextmanager
def ledger_if_any(settings: Settings) -> Iterator[Ledger | None]:
    """Open the ledger for the block to read from it; None if no run has created it yet."""
    try:
        ledger = open_ledger(settings, read_only=True)
    except NoLedgerError:
        yield None
        return
    with ledger:
        yield ledger


def refuse_lost_ledger(ledger: Ledger | None, warehouse: Warehouse, landing: Landing | None = None) -> None:
    """Raise an error if the ledger is empty but the warehouse is not: its answers would be wrong.

    landing: look for originals there too.

    Raises:
        LedgerError: the ledger was lost.
    """
    lost = _records_alone(ledger, warehouse) if landing is None else what_was_lost(ledger, warehouse, landing)
    if lost:
        raise LedgerError(lost)


def what_was_lost(ledger: Ledger | None, warehouse: Warehouse, landing: Landing) -> str | None:
    """Describe the loss of a ledger that is empty although there are records or originals; otherwise None.

    It is cheap: it looks at one file of each kind.
    """
    if ledger is not None and not ledger.is_empty():
        return None
    alone = _records_alone(ledger, warehouse)
    if alone:
        return alone
    if next(landing.stable_files(), None) is not None:
        return (
            f"{warehouse.root} holds neither a ledger nor a record, but {landing.root} holds originals of "
            "earlier runs. Check that the warehouse is the right one, and its disk mounted. If it is lost, `longshore "
            "verify --repair` moves the originals back to landing, for the next run."
        )
    return None


def _records_alone(ledger: Ledger | None, warehouse: Warehouse) -> str | None:
    if (ledger is not None and not ledger.is_empty()) or not warehouse.has_parts():
        return None
    return (
        f"The ledger is empty, but {warehouse.root / 'records'} holds records: its file was lost, or another is named "
        "in the settings. `longshore verify --repair` rebuilds it from the warehouse and the archive."
    )


def known_files(ledger: Ledger, settings: Settings) -> Callable[[Sequence[LandedFile]], set[str]] | None:
    """Return the function that finds files which were ingested and left in landing; None if there can be none."""
    if settings.after_ingest == "keep":
        return partial(unchanged_kept, ledger)
    if count_stuck(ledger):
        return partial(unchanged_kept, ledger, stuck=True)
    return None


def _wanted(settings: Settings) -> Callable[[str], bool] | None:
    """Return the test that the path of a delivery passes, or None if every path does."""
    chosen = wanted_by(settings.include, settings.exclude)
    if not any(feed.sidecar for feed in settings.feeds):
        return chosen
    from longshore.ingestion.sidecars import is_sidecar  # noqa: PLC0415 - the text steps, only where a feed has them

    book = rule_book(settings)
    return lambda path: (chosen is None or chosen(path)) and not is_sidecar(path, book)


def waiting_files(
    landing: Landing,
    ledger: Ledger | None,
    settings: Settings,
    limit: int,
    seen_before: dict[str, tuple[int, int]] | None = None,
    given_up: Collection[str] = (),
) -> Listing:
    """List at most `limit` files that the next run would take, oldest first, without those in `given_up`.

    seen_before: what an earlier listing saw, as in `storage/listing.py`.
    """
    matches = _wanted(settings)
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
