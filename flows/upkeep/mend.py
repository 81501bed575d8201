"""Mend what `verify` can mend without guessing: `longshore verify --repair`.

1. ledger     where its file is gone or corrupt, it is moved aside and made anew; nothing of the old one is deleted
2. recover    unfinished batches are finished or undone, as the next run would
3. claims     those whose batch does not exist are dropped
4. parts      one that the ledger does not know is adopted, with what its rows say about their deliveries; one whose
              records all stand in other sound parts too is set aside, out of the readers' sight
5. originals  only for a ledger made anew: what lies in `_archive/` and `_rejected/` is remembered again; an archived
              file of which there is no record goes back to landing, for the next run
6. deliveries the table in `deliveries/` is completed, and a part of it that differs written anew from the ledger

Not promised, because it would be a guess: rows of a part that is gone or damaged (its originals are in the archive),
rejections whose reason file is gone, what was left in landing by `after_ingest = "keep"` (the next run reads it once
more and finds it to be duplicates), and tombstones of forgotten records.
"""

from __future__ import annotations

import datetime as dt
import os
import sqlite3
import uuid
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from flows.deliveries import set_aside, write_again, write_deliveries
from flows.errors import LedgerError
from flows.project import ledger_url_of, what_was_lost
from flows.recovery import recover
from flows.storage.durable import rename_no_replace
from flows.storage.ledger import Ledger
from flows.storage.ledger_adoption import LedgerAdoption
from flows.storage.ledger_audit import LedgerAudit
from flows.storage.ledger_deliveries import WrittenDeliveries
from flows.storage.ledger_runs import Runs
from flows.upkeep.adopting import adopt_parts, remember_originals
from flows.upkeep.verify_deliveries import what_is_amiss

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flows.settings import Settings
    from flows.storage.landing import Landing
    from flows.storage.warehouse import Warehouse

_CORRUPT = ("SQLITE_CORRUPT", "SQLITE_NOTADB")


def mend(settings: Settings, warehouse: Warehouse, landing: Landing) -> list[str]:
    """Mend what can be mended, and give a sentence for each thing done. Only for the holder of the run lock.

    Raises:
        LedgerError: a newer Longshore wrote the ledger, or its server cannot be reached; nothing was changed.
    """
    done = []
    url = ledger_url_of(settings)
    warehouse.make()
    # A server looks after its own files.
    damage = _damage(url) if sa.make_url(url).get_backend_name() == "sqlite" else None
    if damage is not None:
        aside = _move_aside(sa.make_url(url).database or "")
        done.append(f"The ledger was damaged ({damage}) and is now {aside}; a new one was made.")
    with Ledger(url) as ledger:
        lost = damage is not None or what_was_lost(ledger, warehouse, landing) is not None
        run_id, now = uuid.uuid4().hex, dt.datetime.now(dt.UTC)
        run_no = Runs(ledger).begin(run_id, "repair", now)
        finished = recover(ledger, warehouse, landing, settings)
        if finished:
            done.append(f"{finished} unfinished batch(es) were finished or undone.")
        adoption = LedgerAdoption(ledger)
        dropped = adoption.drop_ownerless_sources()
        if dropped:
            done.append(f"{dropped} stale claim(s) were dropped.")
        done.extend(adopt_parts(ledger, run_no, warehouse, landing))
        if lost:
            done.extend(remember_originals(ledger, run_no, landing))
            if next(warehouse.delivery_files(), None) is not None:
                WrittenDeliveries(ledger).take_as_written()
        done.extend(_write_deliveries(ledger, warehouse))
        Runs(ledger).end(run_no, "completed", dt.datetime.now(dt.UTC), {"repaired": done})
    return done


# The table of deliveries


def _write_deliveries(ledger: Ledger, warehouse: Warehouse) -> Iterator[str]:
    """Write what is not in the table yet, and write anew what is not as the ledger has it."""
    for part in write_deliveries(ledger, warehouse):
        yield f"The deliveries of a run were written: deliveries/{part}."
    amiss = what_is_amiss(ledger, warehouse)
    for part in amiss.parts:
        set_aside(warehouse, part)
    for run in amiss.missing:
        write_again(ledger, warehouse, run)
        yield f"The deliveries of a run were written anew from the ledger: deliveries/{run.part}."


# The ledger's file


def _damage(url: str) -> str | None:
    """Say what is wrong with a ledger in SQLite, if its file is; another fault of it is not for us to mend."""
    try:
        with Ledger(url) as ledger:
            return LedgerAudit(ledger).damage()
    except LedgerError as error:
        cause: Any = error.__cause__
        return _corruption(cause)
    except sa.exc.DatabaseError as error:
        return _corruption(error)


def _corruption(error: Any) -> str:  # noqa: ANN401 - whatever the ledger raised
    original = getattr(error, "orig", None)
    if isinstance(original, sqlite3.DatabaseError) and original.sqlite_errorname.startswith(_CORRUPT):
        return str(original)
    if isinstance(error, BaseException):
        raise error
    raise LedgerError("The ledger was written by a newer Longshore: install that one. Nothing was changed.")


def _move_aside(database: str) -> str:
    aside = f"{database}.damaged-{dt.datetime.now(dt.UTC):%Y%m%dT%H%M%S}"
    for ending in ("", "-wal", "-shm"):
        if os.path.lexists(database + ending):
            rename_no_replace(database + ending, aside + ending)
    return aside
