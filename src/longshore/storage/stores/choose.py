"""Choose the implementation of a landing or a warehouse by its address: the only place that does."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from longshore.storage.landing import LocalLanding
from longshore.storage.stores.url import StoreUrl, is_store_url, parse_store_url
from longshore.storage.warehouse import LocalWarehouse

if TYPE_CHECKING:
    from longshore.storage.stores.interface import Landing, Warehouse

Location = Path | StoreUrl


def location_of(text: str) -> Location:
    """Return the folder or the place in an object store that a setting names.

    Raises:
        ValueError: it begins like the address of a store, and is none.
    """
    return parse_store_url(text) if is_store_url(text) else Path(text)


def open_landing(location: Location, spool: Path | None = None) -> Landing:
    """Open a landing.

    Args:
        location: a folder, or a place in an object store.
        spool: an existing local folder in which the processes of a run share what one of them has fetched.

    Raises:
        LandingMissingError: there is no such folder or bucket.
        StoreError: the store cannot be reached.
    """
    del spool
    if isinstance(location, StoreUrl):
        raise NotImplementedError
    return LocalLanding(location)


def open_warehouse(location: Location, ledger_url: str = "") -> Warehouse:
    """Name a warehouse; nothing is created or connected before it is needed.

    ledger_url: of the settings; it decides where the local folder of a warehouse in an object store is.
    """
    del ledger_url
    if isinstance(location, StoreUrl):
        raise NotImplementedError
    return LocalWarehouse(location)
