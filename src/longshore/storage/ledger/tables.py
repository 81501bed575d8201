"""The tables of the ledger, and how an older ledger is brought up to date.

At ten million deliveries a row of each matters: a record id is 32 bytes, a time belongs to the batch, and where a
file went follows from its path unless `finalized_as` says otherwise.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import sqlalchemy as sa

from longshore.errors import LedgerError

if TYPE_CHECKING:
    from collections.abc import Callable

LEDGER_VERSION = 1

metadata = sa.MetaData()

# SQLite makes row numbers only for a column whose type is INTEGER.
KEY = sa.BigInteger().with_variant(sa.Integer, "sqlite")


class _UtcTime(sa.TypeDecorator[dt.datetime]):
    """A moment in UTC; SQLite keeps it as text without a zone."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: sa.Dialect) -> dt.datetime | None:
        """Take any aware datetime."""
        if value is None:
            return None
        value = value.astimezone(dt.UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: dt.datetime | None, dialect: sa.Dialect) -> dt.datetime | None:
        """Give an aware datetime in UTC."""
        del dialect
        return None if value is None else value.replace(tzinfo=value.tzinfo or dt.UTC).astimezone(dt.UTC)


def _partial_index(table: sa.Table, statement: str) -> None:
    """Make a partial index with its table.

    As a statement, because `sa.Index(postgresql_where=…)` imports the whole PostgreSQL dialect, which doubles the time
    that a command on SQLite takes to start.
    """
    sa.event.listen(table, "after_create", sa.DDL(statement))  # type: ignore[no-untyped-call]  # SQLAlchemy has no types here


class _Digest(sa.LargeBinary):
    """The 32 bytes of a SHA-256; both drivers take and give `bytes` as they are, and there are many."""

    cache_ok = True

    def bind_processor(self, dialect: sa.Dialect) -> None:
        """Wrap nothing."""

    def result_processor(self, dialect: sa.Dialect, coltype: object) -> None:
        """Unwrap nothing."""


about = sa.Table(
    "longshore",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)

runs = sa.Table(
    "runs",
    metadata,
    sa.Column("run_no", KEY, primary_key=True),
    sa.Column("run_id", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),  # ingest, compact, reprocess ...
    sa.Column("state", sa.Text, nullable=False),  # running, completed, failed, cancelled, crashed
    sa.Column("started_at", _UtcTime, nullable=False),
    sa.Column("ended_at", _UtcTime),
    sa.Column("host", sa.Text, nullable=False),
    sa.Column("pid", sa.Integer, nullable=False),
    sa.Column("summary", sa.Text),  # JSON
)

batches = sa.Table(
    "batches",
    metadata,
    sa.Column("batch_no", KEY, primary_key=True),
    sa.Column("batch_id", sa.Text, nullable=False, index=True),
    sa.Column("run_no", sa.BigInteger, nullable=False),
    sa.Column("state", sa.Text, nullable=False),  # claimed, staged, published, settled
    sa.Column("part", sa.Text),  # below warehouse/records/; null where nothing became a record
    sa.Column("rows", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("part_bytes", sa.BigInteger),
    sa.Column("part_sha256", _Digest(32)),
    sa.Column("published", sa.Integer, nullable=False, server_default="0"),
    sa.Column("duplicates", sa.Integer, nullable=False, server_default="0"),
    sa.Column("rejected", sa.Integer, nullable=False, server_default="0"),
    sa.Column("ingested_at", _UtcTime, nullable=False),
    sa.Column("finalized_at", _UtcTime),
    sa.Column("after_ingest", sa.Text),  # archive, delete or keep, as it was when the batch was settled
)
# Recovery asks for the few that are not settled among millions that are.
_partial_index(batches, "CREATE INDEX batches_unfinished ON batches (batch_no) WHERE state <> 'settled'")

# A source is here from its claim on: the primary key is the promise that nothing is published twice.
sources = sa.Table(
    "sources",
    metadata,
    sa.Column("record_id", _Digest(32), primary_key=True),
    sa.Column("batch_no", KEY, nullable=False),
    sqlite_with_rowid=False,
)

deliveries = sa.Table(
    "deliveries",
    metadata,
    sa.Column("delivery_no", KEY, primary_key=True),
    sa.Column("batch_no", KEY, nullable=False, index=True),
    sa.Column("path", sa.Text, nullable=False),  # as `source_path` in the records
    sa.Column("is_member", sa.Boolean, nullable=False),  # of a pack, whose own delivery is a row of its own
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("modified_ns", sa.BigInteger, nullable=False),
    sa.Column("inode", sa.BigInteger, nullable=False),
    sa.Column("record_id", _Digest(32)),
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("reason", sa.Text),
    sa.Column("detail", sa.Text),
    sa.Column("finalized_as", sa.Text),  # where the landed file is now, if not where its path says
)
_partial_index(deliveries, "CREATE INDEX deliveries_rejected ON deliveries (delivery_no) WHERE outcome = 'rejected'")

# Files that were left in landing (`after_ingest = "keep"`), to be known again without being read.
kept = sa.Table(
    "kept",
    metadata,
    sa.Column("path", sa.Text, primary_key=True),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("modified_ns", sa.BigInteger, nullable=False),
    sa.Column("stuck", sa.Boolean, nullable=False, server_default=sa.false()),  # should have been moved, and could not
    sqlite_with_rowid=False,
)

# A run that begins asks for those that did not end, among the hundreds of thousands of a year.
_partial_index(runs, "CREATE INDEX runs_open ON runs (run_no) WHERE state = 'running'")

# From version n to n + 1: what to do to an older ledger, at index n - 1. With each comes the older shape, as
# `tests/storage/schemas/N.sql`, which the tests bring up to date.
MIGRATIONS: tuple[Callable[[sa.Connection], None], ...] = ()


def bring_up_to_date(db: sa.Connection) -> None:
    """Make the tables where there are none, or take those of an older ledger to this version; all in one transaction.

    Raises:
        LedgerError: a newer Longshore wrote them.
    """
    if not sa.inspect(db).has_table(about.name):
        metadata.create_all(db)
        db.execute(sa.insert(about).values(key="ledger_version", value=str(LEDGER_VERSION)))
        return
    version = int(db.execute(sa.select(about.c.value).where(about.c.key == "ledger_version")).scalar_one())
    if version > LEDGER_VERSION:
        raise LedgerError(
            f"The ledger is of version {version}, and this Longshore knows versions up to {LEDGER_VERSION}. "
            "Install the Longshore that wrote it, or a newer one."
        )
    for older in range(version, LEDGER_VERSION):
        MIGRATIONS[older - 1](db)
        db.execute(sa.update(about).where(about.c.key == "ledger_version").values(value=str(older + 1)))
