"""Choose the implementation of a landing or a warehouse by its address: the only place that does."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from longshore.storage.landing import LocalLanding
from longshore.storage.stores.url import Location, StoreUrl, is_store_url, parse_store_url
from longshore.storage.warehouse import LocalWarehouse

if TYPE_CHECKING:
    from longshore.storage.stores.interface import Landing, Warehouse


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
        LandingMissingError: there is no such folder.
    """
    if isinstance(location, StoreUrl):
        from longshore.storage.stores.object_landing import ObjectLanding  # noqa: PLC0415 - only where it is used

        return ObjectLanding(location, spool)
    return LocalLanding(location)


def open_warehouse(location: Location, ledger_url: str = "", inner: Path | None = None) -> Warehouse:
    """Name a warehouse; nothing is created or connected before it is needed.

    Args:
        location: a folder, or a place in an object store.
        ledger_url: of the settings. The local folder of a warehouse in an object store is beside a SQLite ledger, so
            that whoever uses the ledger takes the same lock; else in `.longshore/` of the project.
        inner: that folder, if it is known.
    """
    if isinstance(location, StoreUrl):
        from longshore.storage.stores.object_warehouse import ObjectWarehouse  # noqa: PLC0415 - only where it is used

        return ObjectWarehouse(location, inner or _local_folder(location, ledger_url))
    return LocalWarehouse(location)


def _local_folder(url: StoreUrl, ledger_url: str) -> Path:
    base = Path(".longshore")
    if ledger_url.startswith("sqlite"):
        import sqlalchemy as sa  # noqa: PLC0415 - only where it is used

        base = Path(sa.make_url(ledger_url).database or "").parent
    return base.absolute() / "stores" / hashlib.sha256(str(url).encode()).hexdigest()[:12] / "_longshore"
