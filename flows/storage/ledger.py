"""The ledger: what has been delivered, claimed, published, rejected.

Promised: a source (its SHA-256) belongs to at most one batch, and a batch's state, with whether its part is visible,
says exactly what must be done after a crash. A batch goes `claimed` → `staged` → `settled`, a transaction each. Until
its part is visible (one that has none: until it is `staged`), its deliveries are intentions; from then on facts.

Only `staged` is brought to the disk before the next step begins. A power cut may take back `claimed`: what was claimed
was then never staged, so it never happened. It may take back `settled`: the batch is settled again, which changes
nothing. It never takes back one and leaves a later one, because they are in one log. There is no state between the
rename that publishes and `settled`: the part's name says that it was published, and the rename is on the disk before
the first file is moved. (`published` is the state of batches that an early Longshore left.)

Not promised: SQLite on a network file system. There the ledger belongs into PostgreSQL (`ledger_url`).
Not here: runs (`ledger_runs.py`), files left in landing (`ledger_kept.py`), and what upkeep asks (`ledger_*.py`).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import sqlalchemy as sa

from flows.errors import LedgerError
from flows.records import Outcome
from flows.storage.ledger_engine import begin, open_engine
from flows.storage.ledger_rows import (
    change_outcomes,
    change_places,
    chunks,
    counts_of,
    delivery_of,
    insert_deliveries,
    insert_sources,
    replace_kept,
)
from flows.storage.ledger_tables import batches, deliveries, sources

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Sequence

    from flows.records import Batch, Delivery

CLAIMED, STAGED, PUBLISHED, SETTLED = "claimed", "staged", "published", "settled"
VISIBLE = (PUBLISHED, SETTLED)  # readers see the part of such a batch
# With the state in the statement and not beside it, or SQLite cannot tell that the small index will do.
_UNFINISHED = batches.c.state != sa.literal_column("'settled'")


@dataclass(frozen=True, slots=True)
class BatchState:
    """An unfinished batch, as recovery needs it."""

    batch_no: int
    batch_id: str
    state: str
    part: str | None
    part_sha256: str
    ingested_at: dt.datetime


class Ledger:
    """One open ledger. Close it, or use it as a context manager."""

    def __init__(self, url: str) -> None:
        """Open the ledger at an SQLAlchemy URL; it is made, or brought up to date, where need be.

        Raises:
            LedgerError: it is damaged, or a newer Longshore wrote it.
        """
        self.engine = open_engine(url)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the database."""
        self.engine.dispose()

    # What is known

    def owners(self, record_ids: Iterable[str]) -> dict[str, str]:
        """Give, of these sources, those that belong to a batch, with the state of that batch."""
        ids = [bytes.fromhex(record_id) for record_id in record_ids]
        found: dict[str, str] = {}
        with self.engine.connect() as db:
            for chunk in chunks(ids):
                query = (
                    sa.select(sources.c.record_id, batches.c.state)
                    .join(batches, batches.c.batch_no == sources.c.batch_no)
                    .where(sources.c.record_id.in_(chunk))
                )
                found.update({bytes(record_id).hex(): state for record_id, state in db.execute(query)})
        return found

    def is_empty(self) -> bool:
        """Tell whether no batch was ever written down here."""
        with self.engine.connect() as db:
            return db.execute(sa.select(batches.c.batch_no).limit(1)).first() is None

    def counts(self) -> dict[str, int]:
        """Give the number of published records, and of deliveries by outcome."""
        effective = batches.c.state.in_(VISIBLE)
        with self.engine.connect() as db:
            records = db.execute(
                sa.select(sa.func.coalesce(sa.func.sum(batches.c.rows), 0)).where(effective)
            ).scalar_one()
            rows = db.execute(
                sa.select(
                    sa.func.coalesce(sa.func.sum(batches.c.published), 0),
                    sa.func.coalesce(sa.func.sum(batches.c.duplicates), 0),
                    sa.func.coalesce(sa.func.sum(batches.c.rejected), 0),
                ).where(effective)
            ).one()
        return {"records": int(records), "published": int(rows[0]), "duplicate": int(rows[1]), "rejected": int(rows[2])}

    # The protocol

    def claim(self, batch: Batch, run_no: int) -> int:
        """Claim a batch's sources and write down its deliveries, in one transaction; give the batch's number.

        Raises:
            sqlalchemy.exc.IntegrityError: a source belongs to another batch: a run without the lock is at work.
        """
        with begin(self.engine, durable=False) as db:
            result = db.execute(
                sa.insert(batches).values(
                    batch_id=batch.batch_id,
                    run_no=run_no,
                    state=CLAIMED,
                    part=batch.part,
                    ingested_at=batch.ingested_at,
                    **counts_of(Counter(d.outcome.value for d in batch.deliveries if d.member is None)),
                )
            )
            batch_no = int(result.inserted_primary_key[0])  # type: ignore[index]  # an insert of one row has a key
            insert_sources(db, batch_no, batch.sources)
            insert_deliveries(db, batch_no, batch.deliveries)
        return batch_no

    def mark_staged(
        self,
        batch_no: int,
        part: str | None,
        rows: int,
        part_bytes: int,
        sha256: str,
        endings: Sequence[Delivery],
        failed: Iterable[str] = (),
    ) -> None:
        """Write down that a batch is staged, and how each of its deliveries will end once it is published.

        `endings` are only those that end otherwise than they were claimed; `failed` are the sources that became no
        record: they belong to no batch from here on.
        """
        with begin(self.engine, durable=True) as db:
            changed = db.execute(
                sa.update(batches)
                .where(batches.c.batch_no == batch_no, batches.c.state == CLAIMED)
                .values(
                    state=STAGED,
                    part=part,
                    rows=rows,
                    part_bytes=part_bytes,
                    part_sha256=bytes.fromhex(sha256) if sha256 else None,
                )
            )
            if changed.rowcount != 1:
                raise LedgerError(
                    "Another run has undone what this one had in hand: two are at work on one ledger. This one stops; "
                    "what it had in hand is still in landing."
                )
            for chunk in chunks([bytes.fromhex(record_id) for record_id in failed]):
                db.execute(sa.delete(sources).where(sources.c.record_id.in_(chunk), sources.c.batch_no == batch_no))
            change_outcomes(db, batch_no, endings)

    def mark_settled(
        self,
        batch_no: int,
        places: dict[str, str],
        left: Sequence[Delivery],
        now: dt.datetime,
        *,
        after_ingest: str,
        stuck: bool = False,
    ) -> None:
        """Write down that a batch's part is visible and that its landed files are out of the way.

        Args:
            batch_no: the batch.
            places: by path, where each file is that went elsewhere than its path says (empty: nowhere).
            left: those that were left in landing, to be known again by path, size and time.
            now: when, UTC.
            after_ingest: what became of the others.
            stuck: those that were left should have been moved, and could not.
        """
        with begin(self.engine, durable=False) as db:
            change_places(db, batch_no, places)
            replace_kept(db, left, stuck=stuck)
            db.execute(
                sa.delete(deliveries).where(deliveries.c.batch_no == batch_no, deliveries.c.outcome == Outcome.DEFERRED)
            )
            db.execute(
                sa.update(batches)
                .where(batches.c.batch_no == batch_no)
                .values(state=SETTLED, settled_at=now, after_ingest=after_ingest)
            )

    def release(self, batch_no: int) -> None:
        """Forget a batch that was not published: its sources may be claimed again."""
        # By the primary key of the sources, of which there may be millions.
        claimed = sa.select(deliveries.c.record_id).where(deliveries.c.batch_no == batch_no)
        with begin(self.engine, durable=False) as db:
            db.execute(sa.delete(sources).where(sources.c.record_id.in_(claimed), sources.c.batch_no == batch_no))
            db.execute(sa.delete(deliveries).where(deliveries.c.batch_no == batch_no))
            db.execute(sa.delete(batches).where(batches.c.batch_no == batch_no))

    # Recovery

    def unfinished(self) -> list[BatchState]:
        """Give the batches that a dead run left, oldest first."""
        columns = (
            batches.c.batch_no,
            batches.c.batch_id,
            batches.c.state,
            batches.c.part,
            batches.c.part_sha256,
            batches.c.ingested_at,
        )
        query = sa.select(*columns).where(_UNFINISHED).order_by(batches.c.batch_no)
        with self.engine.connect() as db:
            return [
                BatchState(batch_no, batch_id, state, part, bytes(sha256 or b"").hex(), ingested_at)
                for batch_no, batch_id, state, part, sha256, ingested_at in db.execute(query)
            ]

    def endings(self, batch_no: int) -> list[Delivery]:
        """Give how each landed file of a batch ends; the members of packs are settled with their pack."""
        query = (
            sa.select(deliveries)
            .where(deliveries.c.batch_no == batch_no, deliveries.c.is_member.is_(False))
            .order_by(deliveries.c.delivery_no)
        )
        with self.engine.connect() as db:
            return [delivery_of(row) for row in db.execute(query)]
