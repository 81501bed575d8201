"""Errors that a user can meet. Each message says what is wrong, where, and what to do."""

from __future__ import annotations


class LongshoreError(Exception):
    """A run could not finish. Nothing is lost: the next run finishes or undoes every open batch."""

    exit_code = 1


class SettingsError(LongshoreError):
    """A setting or an argument is invalid; nothing was started."""

    exit_code = 2


class LandingMissingError(SettingsError):
    """The landing folder does not exist. It is never created silently: a typo would look like an empty folder."""


class LockHeldError(LongshoreError):
    """Another run holds the warehouse. `holder` names it and since when, for a person."""

    exit_code = 0

    def __init__(self, holder: str) -> None:
        """Store the holder of the lock."""
        super().__init__(f"Skipped: {holder}.")
        self.holder = holder


class LedgerError(LongshoreError):
    """The ledger cannot be used: it is damaged, or a newer Longshore wrote it."""


class RepairUnfinishedError(LedgerError):
    """A `verify --repair` died or was stopped. Nothing else may run until it is finished: the ledger is incomplete."""

    def __init__(self) -> None:
        """Write the message: what happened, and what to do."""
        super().__init__(
            "A repair is unfinished: `longshore verify --repair` died or was stopped. Run it again; until it has "
            "finished, no other command works on this warehouse."
        )


class WarehouseError(LongshoreError):
    """The warehouse differs from the ledger, or cannot be written."""


class WorkerError(LongshoreError):
    """A batch could not be normalised in any attempt."""


class StoppedError(WorkerError):
    """A batch was in progress when the run was told to stop; the next run does it."""

    def __init__(self) -> None:
        """Write the message."""
        super().__init__("The run was told to stop; the next run does this batch.")
