"""Detect, within about a second, that files in landing/ are stable: `longshore serve --watch`, an extra.

Promised: many changes at once are one word, and a file that is still being written is waited for. Not promised: that
no change is missed (a network share may say nothing); the schedule stays the safety net.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from longshore.errors import SettingsError
from longshore.ingestion.project import landing_of, waiting_files
from longshore.settings import Settings
from longshore.storage.listing import is_passed_over
from longshore.storage.stores.url import StoreUrl

# Changes within so long are one.
_DEBOUNCE_MS = 300
# Files that become stable soon go together; after this many stable times, those that are ready go without the others.
_PATIENCE = 2
# A file that never becomes stable must not keep us watching for ever: the schedule takes over.
_LONGEST_SECONDS = 600.0


async def stable_changes(settings: Settings) -> AsyncIterator[None]:
    """Yield each time that something new in landing/ is stable.

    Raises:
        SettingsError: `watchfiles` is not installed.
    """
    try:
        from watchfiles import Change, awatch  # noqa: PLC0415 - an extra
    except ImportError:
        raise SettingsError("--watch needs the package watchfiles: pip install 'longshore[watch]'.") from None

    if isinstance(settings.landing, StoreUrl):
        raise SettingsError(
            f"--watch cannot watch {settings.landing}: an object store reports no changes. The schedule lists it; "
            "`schedule_cron` says how often."
        )
    folder = settings.landing.resolve()

    def may_be_a_delivery(change: Change, name: str) -> bool:
        # What we finalize ourselves goes into folders that are passed over, too.
        parts = Path(name).relative_to(folder).parts
        return change is not Change.deleted and not any(
            is_passed_over("/".join(parts[:depth]), part, take_underscored=settings.take_underscored)
            for depth, part in enumerate(parts, 1)
        )

    async for _ in awatch(folder, watch_filter=may_be_a_delivery, debounce=_DEBOUNCE_MS, step=100):
        patience = _PATIENCE * settings.stable_seconds
        waited = 0.0
        while True:
            ready, young_seconds = await asyncio.to_thread(_look, settings)
            if ready and (young_seconds is None or waited >= patience):
                yield
                waited = 0.0
            if young_seconds is None or waited > _LONGEST_SECONDS:
                break
            pause = min(max(young_seconds, 0.1), 1.0)
            await asyncio.sleep(pause)
            waited += pause


def _look(settings: Settings) -> tuple[bool, float | None]:
    """Return whether a file is ready, and else how long the youngest needs; None where there is none."""
    with contextlib.suppress(OSError), landing_of(settings) as landing:
        listing = waiting_files(landing, None, settings, 1)
        return bool(listing.files or listing.not_files), listing.young_seconds if listing.young else None
    return False, None
