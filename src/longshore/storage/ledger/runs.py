"""What the ledger knows of files that were ingested and left in landing, by path, size and time.

They are left because the settings say so (`after_ingest = "keep"`), or because they could not be moved (`stuck`). One
that has changed since is a new delivery.
"""

from __future__ import annotations

import json
import os
import socket
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from longshore.storage.ledger.batches import as_path, as_stored, chunks
from longshore.storage.ledger.tables import batches, kept, runs

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from longshore.records import LandedFile
    from longshore.storage.ledger.batches import Ledger

# With the state in the statement and not beside it, or SQLite cannot tell that the small index will do.
_OPEN = runs.c.state == sa.literal_column("'running'")


class Runs:
    """The part of the ledger that is about runs."""

    def __init__(self, ledger: Ledger) -> None:
        """Use an open ledger."""
        self._engine = ledger.engine

    def begin(self, run_id: str, kind: str, now: dt.datetime) -> int:
        """Remember that this process has begun a run, and that any other of its kind that is still open has died."""
        with self._engine.begin() as db:
            db.execute(sa.update(runs).where(runs.c.kind == kind, _OPEN).values(state="crashed", ended_at=now))
            result = db.execute(
                sa.insert(runs).values(
                    run_id=run_id,
                    kind=kind,
                    state="running",
                    started_at=now,
                    host=socket.gethostname(),
                    pid=os.getpid(),
                )
            )
            return int(result.inserted_primary_key[0])  # type: ignore[index]  # an insert of one row has a key

    def end(self, run_no: int, state: str, now: dt.datetime, summary: dict[str, Any]) -> None:
        """Remember how a run ended; of the runs that found nothing to do, only the last is remembered.

        A run a minute would else leave half a million rows a year that say nothing.
        """
        with self._engine.begin() as db:
            if state == "nothing-to-do":
                of_a_batch = sa.exists().where(batches.c.run_no == runs.c.run_no)
                db.execute(sa.delete(runs).where(runs.c.state == state, runs.c.run_no < run_no, ~of_a_batch))
            db.execute(
                sa.update(runs)
                .where(runs.c.run_no == run_no)
                .values(state=state, ended_at=now, summary=json.dumps(summary, ensure_ascii=True))
            )

    def last(self, count: int) -> list[dict[str, Any]]:
        """Give the last runs, newest first."""
        with self._engine.connect() as db:
            rows = db.execute(sa.select(runs).order_by(runs.c.run_no.desc()).limit(count)).mappings().all()
        return [{**row, "summary": json.loads(row["summary"] or "{}")} for row in rows]


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
