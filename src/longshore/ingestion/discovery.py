"""Which files a run takes, round by round, and which it leaves: those that have settled, oldest first, within limits.

Promised: memory is bounded by a round, not by the folder; what the run has given up on is not taken again; a problem is
told once. Not promised: that a file is still there, or the same, when it is read.
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
    from longshore.storage.landing import Landing
    from longshore.storage.ledger.batches import Ledger
    from longshore.storage.listing import Listing

# At most so many files are held in memory as names; a larger backlog is taken in rounds.
FILES_A_ROUND = 100_000


@dataclass(slots=True)
class Intake:
    """What one run takes from landing/.

    given_up: paths that this run leaves for the next; whoever holds the set may add to it. say: tells people.
    """

    settings: Settings
    landing: Landing
    ledger: Ledger
    given_up: set[str]
    say: Callable[[str], None]
    taken_bytes: int = 0
    told: set[str] = field(default_factory=set)

    def look(self, *, wait: bool) -> Listing:
        """List what has settled; wait once for what is merely young, if asked to."""
        settings = self.settings
        listing = self._list()
        if listing.young and (wait or listing.odd_clock):
            seconds = settings.stable_seconds if listing.odd_clock else listing.young_seconds
            self.say(
                f"{len(listing.young)} file(s) changed less than {settings.stable_seconds:g} s ago: "
                f"waiting {seconds:.1f} s for them."
            )
            time.sleep(seconds)
            # The first look counts as an earlier sight only if it is a whole settle time ago.
            listing = self._list(listing.young if listing.odd_clock else None)
        for problem in listing.problems:
            if problem not in self.told:
                self.told.add(problem)
                self.say(problem)
        return listing

    def within_limits(self, files: list[LandedFile], seen: int) -> list[LandedFile]:
        """Keep, oldest first, what `max_files_per_run` (`seen` of them were taken) and `max_bytes_per_run` allow."""
        settings = self.settings
        if settings.max_files_per_run is not None:
            files = files[: max(0, settings.max_files_per_run - seen)]
        if settings.max_bytes_per_run is not None:
            room = settings.max_bytes_per_run - self.taken_bytes
            for index, file in enumerate(files):
                room -= file.size
                # A first file is always taken, or one larger than the limit would wait for ever.
                if room < 0 and (index or self.taken_bytes):
                    files = files[:index]
                    break
        self.taken_bytes += sum(file.size for file in files)
        return files

    def leave(self, listing: Listing, waiting: int) -> int:
        """Tell of the files that are left for the next run, and give how many of them have not settled yet.

        waiting: how many have, and are left because this run had its fill.
        """
        young = sum(path not in self.given_up for path in listing.young)
        if young:
            self.say(f"{young} file(s) have not settled yet and are left for the next run.")
        if waiting:
            more = "More than " if listing.more else ""
            self.say(
                f"{more}{waiting:,} file(s) wait in landing for the next run: this one had its fill "
                "(--max-files, or the settings `max_files_per_run` and `max_bytes_per_run`)."
            )
        return young

    def _list(self, seen_before: dict[str, tuple[int, int]] | None = None) -> Listing:
        self.landing.forget_folders()
        return waiting_files(self.landing, self.ledger, self.settings, FILES_A_ROUND, seen_before, self.given_up)
