"""The few errors that a user can meet. Each message says what, where, and what to do next."""

from __future__ import annotations


class LongshoreError(Exception):
    """A run could not finish. Nothing is lost: what was in hand is undone or finished by the next run."""

    exit_code = 1


class SettingsError(LongshoreError):
    """A setting or an argument cannot be used; nothing was started."""

    exit_code = 2


class LandingMissingError(SettingsError):
    """The landing folder does not exist, and is never made silently: a typo would look like an empty one."""


class LockHeldError(LongshoreError):
    """Another run holds the warehouse. `holder` says who, since when, in words for a person."""

    exit_code = 0

    def __init__(self, holder: str) -> None:
        """Keep who holds the lock."""
        super().__init__(f"Skipped: {holder}.")
        self.holder = holder


class LedgerError(LongshoreError):
    """The ledger cannot be used: damaged, or written by a newer Longshore."""


class WarehouseError(LongshoreError):
    """The warehouse is not as the ledger says, or cannot be written."""


class WorkerError(LongshoreError):
    """A batch could not be normalised, however often it was tried."""
