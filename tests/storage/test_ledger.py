"""The ledger: what it remembers, how it is brought up to date, and what it says when it cannot be used."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import re
import signal
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from longshore.errors import LedgerError
from longshore.records import Batch, Delivery, LandedFile, Outcome, Source
from longshore.storage.ledger import audit, engine, tables
from longshore.storage.ledger.batches import CLAIMED, FINALIZED, STAGED, Ledger
from longshore.storage.ledger.queries import ledger_id
from longshore.storage.ledger.rewrites import unfinished_forgets
from longshore.storage.ledger.runs import begin_run, end_run, last_runs, unchanged_kept
from longshore.storage.ledger.tables import LEDGER_VERSION, batches, deliveries, runs, sources

if TYPE_CHECKING:
    from collections.abc import Iterator

NOW = dt.datetime(2026, 11, 21, 8, 0, tzinfo=dt.UTC)
SCHEMAS = Path(__file__).parent / "schemas"


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Give an empty ledger of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'ledger.sqlite3'}"
    return str(request.getfixturevalue("postgres_url"))


def _file(number: int, name: str = "") -> LandedFile:
    return LandedFile(name or f"news/{number}.txt", 100 + number, 1_700_000_000_000_000_000 + number, number)


def _batch(numbers: range, names: dict[int, str] | None = None) -> Batch:
    found = [
        Delivery(_file(number, (names or {}).get(number, "")), f"{number:064x}", Outcome.PUBLISHED)
        for number in numbers
    ]
    new = tuple(Source(delivery.file, delivery.record_id or "") for delivery in found)
    return Batch(f"{numbers.start:032x}", new, tuple(found), NOW, f"ingest_date=2026-11-21/{numbers.start}.parquet")


def _ended(delivery: Delivery, outcome: Outcome, reason: str | None = None, detail: str | None = None) -> Delivery:
    return Delivery(delivery.file, delivery.record_id, outcome, reason, detail)


def test_a_source_belongs_to_one_batch_only(url: str) -> None:
    with Ledger(url) as ledger:
        ledger.claim(_batch(range(3)), 1)
        with pytest.raises(sa.exc.IntegrityError):
            ledger.claim(_batch(range(2, 5)), 2)
        assert len(ledger.unfinished()) == 1, "the second claim left nothing behind"
        assert set(ledger.owners([f"{4:064x}"])) == set()


def test_a_batch_walks_from_claimed_to_finalized(url: str) -> None:
    batch = _batch(range(4), {1: "odd \udcff %41.txt"})
    with Ledger(url) as ledger:
        number = ledger.claim(batch, 1)
        assert ledger.owners([f"{1:064x}", f"{9:064x}"]) == {f"{1:064x}": CLAIMED}
        changed = [
            _ended(batch.deliveries[1], Outcome.REJECTED, "BINARY", "a NUL \0 and a surrogate \udcff"),
            _ended(batch.deliveries[2], Outcome.DEFERRED, None, "it moved"),
        ]
        failed = [d.record_id or "" for d in changed]
        ledger.mark_staged(number, batch.part, 2, 1000, "ab" * 32, changed, failed)
        assert [(state.state, state.part_sha256) for state in ledger.unfinished()] == [(STAGED, "ab" * 32)]
        assert set(ledger.owners(d.record_id or "" for d in batch.deliveries)) == {f"{0:064x}", f"{3:064x}"}
        ledger.mark_finalized(number, {"news/3.txt": "_archive/3~2.txt"}, [], NOW, after_ingest="archive")
        assert ledger.unfinished() == []
        assert ledger.owners([f"{3:064x}"]) == {f"{3:064x}": FINALIZED}
        assert ledger.counts() == {"records": 2, "published": 2, "duplicate": 0, "rejected": 1}
        endings = ledger.endings(number)
        assert [(d.file, d.outcome.value, d.reason) for d in endings] == [
            (_file(0), "published", None),
            (_file(1, "odd \udcff %41.txt"), "rejected", "BINARY"),
            (_file(3), "published", None),
        ]
        assert endings[1].detail == "a NUL \\0 and a surrogate \\udcff"
        with ledger.engine.connect() as db:
            places = db.execute(sa.select(deliveries.c.path, deliveries.c.finalized_as)).all()
        assert {tuple(row) for row in places} == {
            ("news/0.txt", None),
            ("odd %FF %2541.txt", None),
            ("news/3.txt", "_archive/3~2.txt"),
        }


def test_many_endings_at_once_are_each_their_own(url: str) -> None:
    batch = _batch(range(1200))
    with Ledger(url) as ledger:
        number = ledger.claim(batch, 1)
        changed = [_ended(d, Outcome.REJECTED, "BINARY", f"seen in {d.path}") for d in batch.deliveries[:1100]]
        ledger.mark_staged(number, batch.part, 100, 1, "ab" * 32, changed, [d.record_id or "" for d in changed])
        endings = ledger.endings(number)
        assert all(d.detail == f"seen in {d.path}" for d in endings[:1100])
        assert all(d.outcome is Outcome.PUBLISHED for d in endings[1100:])


def test_a_released_batch_never_was(url: str) -> None:
    with Ledger(url) as ledger:
        kept = ledger.claim(_batch(range(3)), 1)
        ledger.release(ledger.claim(_batch(range(3, 6)), 1))
        assert [state.batch_no for state in ledger.unfinished()] == [kept]
        assert set(ledger.owners(f"{n:064x}" for n in range(6))) == {f"{n:064x}" for n in range(3)}
        ledger.claim(_batch(range(3, 6)), 1)


def test_a_run_that_was_recovered_away_is_told_and_publishes_nothing(url: str) -> None:
    batch = _batch(range(3))
    with Ledger(url) as ours, Ledger(url) as theirs:
        number = ours.claim(batch, 1)
        theirs.release(number)
        with pytest.raises(LedgerError, match="two runs are working on one ledger"):
            ours.mark_staged(number, batch.part, 3, 1, "ab" * 32, [])


def test_a_run_that_begins_knows_that_the_one_before_it_died(url: str) -> None:
    with Ledger(url) as ledger:
        begin_run(ledger, "a" * 32, "ingest", NOW)
        begin_run(ledger, "b" * 32, "compact", NOW)
        third = begin_run(ledger, "c" * 32, "ingest", NOW)
        end_run(ledger, third, "completed", NOW, {"name": "bad \udcff\0"})
        found = {run["run_id"][0]: run["state"] for run in last_runs(ledger, 5)}
        assert found == {"a": "crashed", "b": "running", "c": "completed"}
        assert last_runs(ledger, 1)[0]["summary"] == {"name": "bad \udcff\0"}
        assert last_runs(ledger, 1)[0]["started_at"] == NOW


@pytest.mark.parametrize(
    "query",
    [
        sa.select(batches.c.batch_no).where(tables.batches.c.state != sa.literal_column("'finalized'")),
        sa.select(runs.c.run_no).where(runs.c.state == sa.literal_column("'running'")),
        sa.select(batches.c.state).join(sources, sources.c.batch_no == batches.c.batch_no).where(
            sources.c.record_id.in_([b"1", b"2"])
        ),
        sa.select(deliveries.c.path).where(deliveries.c.batch_no == 7),
        sa.delete(sources).where(
            sources.c.record_id.in_(sa.select(deliveries.c.record_id).where(deliveries.c.batch_no == 7))
        ),
    ],
    ids=["unfinished batches", "open runs", "owners", "deliveries of a batch", "release"],
)  # fmt: skip
def test_no_question_of_a_run_reads_a_whole_table(tmp_path: Path, query: sa.Executable) -> None:
    with Ledger(f"sqlite:///{tmp_path / 'ledger.sqlite3'}") as ledger, ledger.engine.connect() as db:
        compiled = query.compile(db, compile_kwargs={"render_postcompile": True})  # type: ignore[attr-defined]
        values = tuple(compiled.params[name] for name in compiled.positiontup)
        plan = [row[3] for row in db.exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled}", values)]
    assert not [step for step in plan if step.startswith("SCAN") and "INDEX" not in step], plan


# Versions


@contextlib.contextmanager
def _raw(file: Path) -> Iterator[sqlite3.Connection]:
    """Open the file of a ledger without Longshore, with what its tables need."""
    with contextlib.closing(sqlite3.connect(file)) as db:
        db.create_function("longshore_check", -1, tables.row_check, deterministic=True)
        with db:
            yield db


def _shape(file: Path) -> list[tuple[str, str]]:
    with _raw(file) as db:
        found = db.execute(
            "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite%' ORDER BY name"
        ).fetchall()
    # SQLite itself appends the columns that a migration adds; a rename quotes the name of a table.
    return [(name, re.sub(r'[\s"]+', "", sql)) for name, sql in found]


_VERSION_1_ON_POSTGRESQL = (
    (r"(\w+_no) INTEGER NOT NULL,(?=.*?PRIMARY KEY \(\1\))", r"\1 BIGSERIAL NOT NULL,"),
    (r"\bBLOB\b", "BYTEA"),
    (r"\bDATETIME\b", "TIMESTAMP WITH TIME ZONE"),
    (r"DEFAULT 0\b", "DEFAULT false"),
    (r"\s*WITHOUT ROWID", ""),
)


def _make_version_1(url: str) -> None:
    """Make a ledger of version 1 with a row in each table."""
    engine = sa.create_engine(url)
    digest = "x'" + "ab" * 32 + "'" if engine.dialect.name == "sqlite" else "'\\x" + "ab" * 32 + "'"
    moment = "'2026-11-21 08:00:00.000000'"
    with engine.begin() as db:
        shape = (SCHEMAS / "1.sql").read_text()
        for pattern, replacement in _VERSION_1_ON_POSTGRESQL if engine.dialect.name == "postgresql" else ():
            shape = re.sub(pattern, replacement, shape, flags=re.DOTALL)
        for statement in shape.split(";")[:-1]:
            db.exec_driver_sql(statement)
        for table, values in (
            ("longshore", "'ledger_version', '1'"),
            ("runs", "1, 'r', 'ingest', 'completed', '2026-11-21 08:00:00.000000', NULL, 'quay', 1, NULL"),
            (
                "batches",
                f"1, 'a', 1, 'settled', 'p', 1, 9, {digest}, 1, 1, 0, {moment}, {moment}, 'keep'",
            ),
            ("batches", f"2, 'b', 1, 'claimed', NULL, 0, NULL, NULL, 0, 0, 0, {moment}, NULL, NULL"),
            ("deliveries", f"1, 1, 'a.txt', FALSE, 10, 5, 7, {digest}, 'published', NULL, NULL, '_archive/a~2.txt'"),
            ("deliveries", f"2, 1, 'b.txt', FALSE, 10, 5, 8, {digest}, 'duplicate', NULL, NULL, NULL"),
            ("sources", f"{digest}, 1"),
            ("kept", "'b.txt', 10, 5, FALSE"),
        ):
            db.exec_driver_sql(f"INSERT INTO {table} VALUES ({values})")
    engine.dispose()


def test_the_shape_of_this_version_is_written_down(tmp_path: Path) -> None:
    """A change of the tables needs a new version, a migration, and the new shape as a file of its own."""
    new, written = tmp_path / "new.sqlite3", tmp_path / "written.sqlite3"
    Ledger(f"sqlite:///{new}").close()
    with _raw(written) as db:
        db.executescript((SCHEMAS / f"{LEDGER_VERSION}.sql").read_text())
    assert _shape(new) == _shape(written)


def test_an_older_ledger_gets_the_shape_of_this_version(tmp_path: Path) -> None:
    old, new = tmp_path / "old.sqlite3", tmp_path / "new.sqlite3"
    _make_version_1(f"sqlite:///{old}")
    Ledger(f"sqlite:///{old}").close()
    Ledger(f"sqlite:///{new}").close()
    assert _shape(old) == _shape(new)


def test_an_older_ledger_keeps_all_it_holds(url: str) -> None:
    _make_version_1(url)
    for _ in range(2):
        with Ledger(url) as ledger:
            assert ledger.counts() == {"records": 1, "published": 1, "duplicate": 1, "rejected": 0}
            assert [state.batch_id for state in ledger.unfinished()] == ["b"]
            assert ledger.owners(["ab" * 32]) == {"ab" * 32: FINALIZED}
            assert [one.finalized_as for one in audit.originals(ledger)] == ["_archive/a~2.txt", None]
            assert last_runs(ledger, 1)[0]["run_id"] == "r"
            assert len(ledger_id(ledger)) == 8
            assert unfinished_forgets(ledger) == []
            assert audit.damage(ledger) is None
            # Version 1 did not know ctime and inode: the file is read again.
            assert unchanged_kept(ledger, [LandedFile("b.txt", 10, 5, 8, 6)]) == set()


def _with_migration(monkeypatch: pytest.MonkeyPatch, *steps: object) -> None:
    monkeypatch.setattr(tables, "LEDGER_VERSION", LEDGER_VERSION + len(steps))
    monkeypatch.setattr(tables, "MIGRATIONS", (*tables.MIGRATIONS, *steps))


def _add_column(db: sa.Connection) -> None:
    db.exec_driver_sql("ALTER TABLE runs ADD COLUMN note TEXT")


def _add_table(db: sa.Connection) -> None:
    db.exec_driver_sql("CREATE TABLE notes (note TEXT)")


def _version(url: str) -> str:
    engine = sa.create_engine(url)
    with engine.connect() as db:
        found = db.execute(sa.select(tables.about.c.value).where(tables.about.c.key == "ledger_version")).scalar_one()
    engine.dispose()
    return str(found)


def test_each_step_between_two_versions_is_taken_once(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with Ledger(url) as ledger:
        ledger.claim(_batch(range(2)), 1)
    _with_migration(monkeypatch, _add_column, _add_table)
    for _ in range(2):
        with Ledger(url) as ledger, ledger.engine.connect() as db:
            assert len(ledger.unfinished()) == 1
            assert db.exec_driver_sql("SELECT note FROM runs").all() == []
            assert db.exec_driver_sql("SELECT note FROM notes").all() == []
    assert _version(url) == str(LEDGER_VERSION + 2)


def test_a_step_that_fails_or_dies_leaves_the_older_ledger_as_it_was(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    Ledger(url).close()

    def fail(db: sa.Connection) -> None:
        _add_table(db)
        db.exec_driver_sql("SELECT nothing FROM nowhere")

    def die(db: sa.Connection) -> None:
        _add_table(db)
        os.kill(os.getpid(), signal.SIGKILL)

    with monkeypatch.context() as patch:
        _with_migration(patch, _add_column, fail)
        with pytest.raises(LedgerError):
            Ledger(url)
    child = os.fork()
    if not child:
        try:
            with monkeypatch.context() as patch:
                _with_migration(patch, _add_column, die)
                Ledger(url)
        finally:
            os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    assert _version(url) == str(LEDGER_VERSION)
    _with_migration(monkeypatch, _add_column, _add_table)
    Ledger(url).close()
    assert _version(url) == str(LEDGER_VERSION + 2)


def test_a_newer_ledger_is_refused_and_left_alone(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        _with_migration(patch, _add_table)
        Ledger(url).close()
    with pytest.raises(LedgerError, match=rf"version {LEDGER_VERSION + 1}.*Install the Longshore that wrote it"):
        Ledger(url)
    assert _version(url) == str(LEDGER_VERSION + 1)


# Damage


def _damaged(tmp_path: Path, what: str) -> Path:
    file = tmp_path / "ledger.sqlite3"
    with Ledger(f"sqlite:///{file}") as ledger:
        for first in range(0, 500, 50):
            ledger.claim(_batch(range(first, first + 50)), 1)
    data = bytearray(file.read_bytes())
    if what == "not a database":
        data[:100] = b"These are somebody's notes." + bytes(73)
    elif what == "cut short":
        data = data[: len(data) // 3]
    elif what == "pages of zeros":
        data[4096:] = bytes(len(data) - 4096)
    elif what == "no version":
        with _raw(file) as db:
            db.execute("DELETE FROM longshore")
        return file
    elif what == "an odd version":
        with _raw(file) as db:
            db.execute("UPDATE longshore SET value = 'several'")
        return file
    file.write_bytes(data)
    return file


@pytest.mark.parametrize("what", ["not a database", "cut short", "pages of zeros", "no version", "an odd version"])
def test_a_damaged_ledger_says_what_to_do(tmp_path: Path, what: str) -> None:
    with pytest.raises(LedgerError, match="longshore verify --repair"):
        Ledger(f"sqlite:///{_damaged(tmp_path, what)}")


def test_a_full_disk_is_not_called_damage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(connection: sqlite3.Connection, _record: object) -> None:
        # A new database of one page at most: there is no room for a table.
        connection.execute("PRAGMA max_page_count = 1")

    monkeypatch.setattr(engine, "_set_up_sqlite", full)
    with pytest.raises(LedgerError, match="Free some space there; nothing is lost"):
        Ledger(f"sqlite:///{tmp_path}/ledger.sqlite3")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("nonsense", "cannot be read"),
        ("postgresql+nodriver://x/y", "cannot be read|not installed"),
        ("oracle+oracledb://x/y", "not installed|cannot be read"),
        ("sqlite:////no/such/folder/ledger.sqlite3", "cannot be used"),
    ],
)
def test_a_ledger_url_that_is_wrong_is_said_in_a_sentence(wrong: str, said: str) -> None:
    with pytest.raises(LedgerError, match=said):
        Ledger(wrong)
