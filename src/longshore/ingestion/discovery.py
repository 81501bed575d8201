"""Discovery: which landed files a run takes, round by round, and which it leaves for the next.

Taken are the stable files, oldest first, within the limits of the settings. Promised: memory is bounded by a round, not
by the folder; a file that the run deferred is not listed again; a problem is reported once. Not promised: that a file
is still there, or still the same, when it is read.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from longshore.ingestion.project import waiting_files

if TYPE_CHECKING:
    from collections.abc import Callable

    from longshore.records import LandedFile
    from longshore.settings import Settings
    from longshore.storage.ledger.batches import Ledger
    from longshore.storage.listing import Listing
    from longshore.storage.stores.interface import Landing

# The largest number of file names in memory; a larger backlog is ingested in rounds.
FILES_A_ROUND = 100_000


@dataclass(slots=True)
class Discovery:
    """Lists the files of one run. `deferred`: paths left for the next run; its owner may add to it."""

    settings: Settings
    landing: Landing
    ledger: Ledger | None
    deferred: set[str]
    tell: Callable[[str], None]
    taken_bytes: int = 0
    reported: set[str] = field(default_factory=set)

    def list_files(self, *, wait: bool) -> Listing:
        """List the stable files; with `wait`, wait once for those that are not stable yet."""
        settings = self.settings
        listing = self._list()
        if listing.young and (wait or listing.odd_clock):
            seconds = settings.stable_seconds if listing.odd_clock else listing.young_seconds
            self.tell(
                f"{len(listing.young)} file(s) changed less than {settings.stable_seconds:g} s ago: "
                f"waiting {seconds:.1f} s for them."
            )
            time.sleep(seconds)
            # If the clocks differ, a file is stable when two listings `stable_seconds` apart agree.
            listing = self._list(listing.young if listing.odd_clock else None)
        for problem in listing.problems:
            if problem not in self.reported:
                self.reported.add(problem)
                self.tell(problem)
        return listing

    def within_limits(self, files: list[LandedFile], seen: int) -> list[LandedFile]:
        """Return the oldest files that `max_files_per_run` (less `seen`) and `max_bytes_per_run` allow."""
        settings = self.settings
        if settings.max_files_per_run is not None:
            files = files[: max(0, settings.max_files_per_run - seen)]
        if settings.max_bytes_per_run is not None:
            room = settings.max_bytes_per_run - self.taken_bytes
            for index, file in enumerate(files):
                room -= file.size
                # The first file is always taken, or one larger than the limit would wait forever.
                if room < 0 and (index or self.taken_bytes):
                    files = files[:index]
                    break
        self.taken_bytes += sum(file.size for file in files)
        return files

    def report_left(self, listing: Listing, waiting: int) -> int:
        """Report the files left for the next run, and return how many of them are not stable yet.

        waiting: stable files beyond the limits of this run.
        """
        young = sum(path not in self.deferred for path in listing.young)
        if young:
            self.tell(f"{young} file(s) are not stable yet and are left for the next run.")
        if waiting:
            more = "More than " if listing.more else ""
            self.tell(
                f"{more}{waiting:,} file(s) are left in landing for the next run: this one reached its limit "
                "(--max-files, `max_files_per_run` or `max_bytes_per_run`)."
            )
        return young

    def _list(self, seen_before: dict[str, tuple[int, int]] | None = None) -> Listing:
        self.landing.forget_folders()
        return waiting_files(self.landing, self.ledger, self.settings, FILES_A_ROUND, seen_before, self.deferred)
