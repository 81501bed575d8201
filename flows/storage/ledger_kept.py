"""What the ledger knows of files that were ingested and left in landing, by path, size and time.

They are left because the settings say so (`after_ingest = "keep"`), or because they could not be moved (`stuck`). One
that has changed since is a new delivery.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from flows.storage.ledger_rows import as_path, as_stored, chunks
from flows.storage.ledger_tables import kept

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flows.records import LandedFile
    from flows.storage.ledger import Ledger


class KeptFiles:
    """The part of the ledger that is about files left in landing."""

    def __init__(self, ledger: Ledger) -> None:
        """Use an open ledger."""
        self._engine = ledger.engine

    def unchanged(self, files: Sequence[LandedFile], *, stuck: bool = False) -> set[str]:
        """Give the paths of those files that were ingested and left in landing, and have not changed since.

        With `stuck` only those that were left because they could not be moved.
        """
        known: set[str] = set()
        only = (kept.c.stuck.is_(True),) if stuck else ()
        with self._engine.connect() as db:
            for chunk in chunks(files):
                wanted = {file.path: (file.size, file.modified_ns) for file in chunk}
                rows = db.execute(
                    sa.select(kept.c.path, kept.c.size, kept.c.modified_ns).where(
                        kept.c.path.in_([as_stored(path) for path in wanted]), *only
                    )
                )
                for stored, size, modified_ns in rows:
                    path = as_path(stored)
                    if wanted[path] == (size, modified_ns):
                        known.add(path)
        return known

    def count_stuck(self) -> int:
        """Give the number of files that were left in landing because they could not be moved."""
        with self._engine.connect() as db:
            query = sa.select(sa.func.count()).select_from(kept).where(kept.c.stuck.is_(True))
            return int(db.execute(query).scalar_one())

    def drop(self, paths: Sequence[str]) -> None:
        """Forget that these files were left in landing: the next run takes them again."""
        with self._engine.begin() as db:
            for chunk in chunks(paths):
                db.execute(sa.delete(kept).where(kept.c.path.in_([as_stored(path) for path in chunk])))
