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
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import sqlalchemy as sa

from flows.errors import LedgerError
from flows.records import Delivery, LandedFile, Outcome
from flows.storage.ledger_engine import begin, open_engine
from flows.storage.ledger_rows import (
    CHUNK,
    NEW_DELIVERIES,
    NEW_SOURCES,
    as_path,
    as_stored,
    chunks,
    delivery_of,
    delivery_row,
    insert_many,
    sentence,
)
from flows.storage.ledger_tables import batches, deliveries, kept, runs, sources

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Mapping, Sequence

    from flows.records import Batch

CLAIMED, STAGED, PUBLISHED, SETTLED = "claimed", "staged", "published", "settled"
# With the state in the statement and not beside it, or SQLite cannot tell that the small index will do.
_UNFINISHED = batches.c.state != sa.literal_column("'settled'")
_OPEN = runs.c.state == sa.literal_column("'running'")


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

    # Runs

    def begin_run(self, run_id: str, kind: str, now: dt.datetime, host: str, pid: int) -> int:
        """Remember that a run has begun, and that any other of its kind that is still open has died."""
        with self.engine.begin() as db:
            db.execute(sa.update(runs).where(runs.c.kind == kind, _OPEN).values(state="crashed", ended_at=now))
            result = db.execute(
                sa.insert(runs).values(run_id=run_id, kind=kind, state="running", started_at=now, host=host, pid=pid)
            )
            return int(result.inserted_primary_key[0])  # type: ignore[index]  # an insert of one row has a key

    def end_run(self, run_no: int, state: str, now: dt.datetime, summary: dict[str, Any]) -> None:
        """Remember how a run ended; of the runs that found nothing to do, only the last is remembered.

        A run a minute would else leave half a million rows a year that say nothing.
        """
        with self.engine.begin() as db:
            if state == "nothing-to-do":
                of_a_batch = sa.exists().where(batches.c.run_no == runs.c.run_no)
                db.execute(sa.delete(runs).where(runs.c.state == state, runs.c.run_no < run_no, ~of_a_batch))
            db.execute(
                sa.update(runs)
                .where(runs.c.run_no == run_no)
                .values(state=state, ended_at=now, summary=json.dumps(summary, ensure_ascii=True))
            )

    def last_runs(self, count: int) -> list[dict[str, Any]]:
        """Give the last runs, newest first."""
        with self.engine.connect() as db:
            rows = db.execute(sa.select(runs).order_by(runs.c.run_no.desc()).limit(count)).mappings().all()
        return [{**row, "summary": json.loads(row["summary"] or "{}")} for row in rows]

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

    def already_kept(self, files: Sequence[LandedFile], *, stuck: bool = False) -> set[str]:
        """Give the paths of those files that were ingested and left in landing, and have not changed since.

        With `stuck` only those that were left because they could not be moved.
        """
        known: set[str] = set()
        only = (kept.c.stuck.is_(True),) if stuck else ()
        with self.engine.connect() as db:
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

    def stuck_files(self) -> int:
        """Give the number of files that were left in landing because they could not be moved."""
        with self.engine.connect() as db:
            query = sa.select(sa.func.count()).select_from(kept).where(kept.c.stuck.is_(True))
            return int(db.execute(query).scalar_one())

    def forget_kept(self, paths: Sequence[str]) -> None:
        """Forget that these files were left in landing: the next run takes them again."""
        with self.engine.begin() as db:
            for chunk in chunks(paths):
                db.execute(sa.delete(kept).where(kept.c.path.in_([as_stored(path) for path in chunk])))

    def is_empty(self) -> bool:
        """Tell whether no batch was ever written down here."""
        with self.engine.connect() as db:
            return db.execute(sa.select(batches.c.batch_no).limit(1)).first() is None

    def counts(self) -> dict[str, int]:
        """Give the number of published records, and of deliveries by outcome."""
        effective = batches.c.state.in_((PUBLISHED, SETTLED))
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
                    **_counts(Counter(d.outcome.value for d in batch.deliveries if d.member is None)),
                )
            )
            batch_no = int(result.inserted_primary_key[0])  # type: ignore[index]  # an insert of one row has a key
            insert_many(db, NEW_SOURCES, [(bytes.fromhex(source.record_id), batch_no) for source in batch.sources])
            insert_many(db, NEW_DELIVERIES, [delivery_row(delivery, batch_no) for delivery in batch.deliveries])
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
            if endings:
                _change(
                    db,
                    batch_no,
                    {
                        as_stored(e.path): {"outcome": e.outcome, "reason": e.reason, "detail": sentence(e.detail)}
                        for e in endings
                    },
                )
                _count_again(db, batch_no)

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
            _change(db, batch_no, {as_stored(path): {"settled_as": as_stored(place)} for path, place in places.items()})
            for chunk in chunks(left):
                paths = [as_stored(delivery.file.path) for delivery in chunk]
                db.execute(sa.delete(kept).where(kept.c.path.in_(paths)))
                db.execute(
                    sa.insert(kept),
                    [
                        {"path": path, "size": one.file.size, "modified_ns": one.file.modified_ns, "stuck": stuck}
                        for path, one in zip(paths, chunk, strict=True)
                    ],
                )
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


def _change(db: sa.Connection, batch_no: int, changes: dict[str, dict[str, str | None]]) -> None:
    """Change some deliveries of a batch, each given by its path: one statement for all of them."""
    if not changes:
        return
    query = sa.select(deliveries.c.delivery_no, deliveries.c.path).where(deliveries.c.batch_no == batch_no)
    if len(changes) <= CHUNK:
        query = query.where(deliveries.c.path.in_(list(changes)))
    rows = [{"no": no, **changes[path]} for no, path in db.execute(query) if path in changes]
    if not rows:
        return
    statement = sa.update(deliveries).where(deliveries.c.delivery_no == sa.bindparam("no"))
    db.execute(statement.values({name: sa.bindparam(name) for name in rows[0] if name != "no"}), rows)


def _count_again(db: sa.Connection, batch_no: int) -> None:
    """Make the counts of a batch those of its deliveries."""
    outcomes = db.execute(
        sa.select(deliveries.c.outcome, sa.func.count())
        .where(deliveries.c.batch_no == batch_no, deliveries.c.is_member.is_(False))
        .group_by(deliveries.c.outcome)
    )
    counts = _counts({row[0]: row[1] for row in outcomes})
    db.execute(sa.update(batches).where(batches.c.batch_no == batch_no).values(**counts))


def _counts(by_outcome: Mapping[str, int]) -> dict[str, int]:
    columns = {"published": Outcome.PUBLISHED, "duplicates": Outcome.DUPLICATE, "rejected": Outcome.REJECTED}
    return {column: by_outcome.get(outcome.value, 0) for column, outcome in columns.items()}
