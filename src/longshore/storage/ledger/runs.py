"""Runs, and the files that were ingested and left in landing.

Files stay in landing because the settings say so (`after_ingest = "keep"`) or because they could not be moved
(`stuck`). They are recognised by path, size, mtime, ctime and inode; a file that differs is a new delivery.
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

# A literal, not a bound value: otherwise SQLite does not use the partial index.
_OPEN = runs.c.state == sa.literal_column("'running'")


def begin_run(ledger: Ledger, run_id: str, kind: str, now: dt.datetime) -> int:
    """Record that this process begins a run, and that open runs of the same kind have died; return its number."""
    with ledger.engine.begin() as db:
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


def end_run(ledger: Ledger, run_no: int, state: str, now: dt.datetime, summary: dict[str, Any]) -> None:
    """Record how a run ended. Of the runs that found nothing to do, only the last is kept.

    A run a minute would otherwise add half a million empty rows a year.
    """
    with ledger.engine.begin() as db:
        if state == "nothing-to-do":
            has_batch = sa.exists().where(batches.c.run_no == runs.c.run_no)
            db.execute(sa.delete(runs).where(runs.c.state == state, runs.c.run_no < run_no, ~has_batch))
        db.execute(
            sa.update(runs)
            .where(runs.c.run_no == run_no)
            .values(state=state, ended_at=now, summary=json.dumps(summary, ensure_ascii=True))
        )


def last_runs(ledger: Ledger, count: int) -> list[dict[str, Any]]:
    """Return the last runs, newest first."""
    with ledger.engine.connect() as db:
        rows = db.execute(sa.select(runs).order_by(runs.c.run_no.desc()).limit(count)).mappings().all()
    return [{**row, "summary": json.loads(row["summary"] or "{}")} for row in rows]


def unchanged_kept(ledger: Ledger, files: Sequence[LandedFile], *, stuck: bool = False) -> set[str]:
    """Return the paths of those files that were ingested, left in landing, and have not changed since.

    stuck: only files that were left because they could not be moved.
    """
    known: set[str] = set()
    only = (kept.c.stuck.is_(True),) if stuck else ()
    columns = (kept.c.path, kept.c.size, kept.c.modified_ns, kept.c.changed_ns, kept.c.inode)
    with ledger.engine.connect() as db:
        for chunk in chunks(files):
            wanted = {file.path: (file.size, file.modified_ns, file.changed_ns, file.inode) for file in chunk}
            query = sa.select(*columns).where(kept.c.path.in_([as_stored(path) for path in wanted]), *only)
            for stored, *identity in db.execute(query):
                path = as_path(stored)
                if wanted[path] == tuple(identity):
                    known.add(path)
    return known


def count_stuck(ledger: Ledger) -> int:
    """Return the number of files that were left in landing because they could not be moved."""
    with ledger.engine.connect() as db:
        query = sa.select(sa.func.count()).select_from(kept).where(kept.c.stuck.is_(True))
        return int(db.execute(query).scalar_one())


def update_kept(ledger: Ledger, file: LandedFile) -> None:
    """Record the new identity of a file that Longshore itself rewrote in landing."""
    values = {"size": file.size, "modified_ns": file.modified_ns, "changed_ns": file.changed_ns, "inode": file.inode}
    with ledger.engine.begin() as db:
        db.execute(sa.update(kept).where(kept.c.path == as_stored(file.path)).values(values))


def drop_kept(ledger: Ledger, paths: Sequence[str]) -> None:
    """Delete what is known of these files in landing, so that the next run takes them again."""
    with ledger.engine.begin() as db:
        for chunk in chunks(paths):
            db.execute(sa.delete(kept).where(kept.c.path.in_([as_stored(path) for path in chunk])))
