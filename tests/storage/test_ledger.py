"""The ledger: what it remembers, how it is brought up to date, and what it says when it cannot be used."""

from __future__ import annotations

import datetime as dt
import os
import signal
import sqlite3
from pathlib import Path

import pytest
import sqlalchemy as sa

from longshore.errors import LedgerError
from longshore.records import Batch, Delivery, LandedFile, Outcome, Source
from longshore.storage.ledger import engine, tables
from longshore.storage.ledger.batches import CLAIMED, SETTLED, STAGED, Ledger
from longshore.storage.ledger.runs import Runs
from longshore.storage.ledger.tables import LEDGER_VERSION, batches, deliveries, runs, sources

NOW = dt.datetime(2026, 11, 21, 8, 0, tzinfo=dt.UTC)
SCHEMAS = Path(__file__).parent / "schemas"
# Rewrites make these when the first of them begins, also in an older ledger.
_MADE_WHEN_NEEDED = {"rewrites", "rewritten_records", "forgotten", "batches_part", "sqlite_sequence"}


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


def test_a_batch_walks_from_claimed_to_settled(url: str) -> None:
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
        assert ledger.owners([f"{3:064x}"]) == {f"{3:064x}": SETTLED}
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
        with pytest.raises(LedgerError, match="two are at work on one ledger"):
            ours.mark_staged(number, batch.part, 3, 1, "ab" * 32, [])


def test_a_run_that_begins_knows_that_the_one_before_it_died(url: str) -> None:
    with Ledger(url) as ledger:
        runs_of = Runs(ledger)
        runs_of.begin("a" * 32, "ingest", NOW)
        runs_of.begin("b" * 32, "compact", NOW)
        third = runs_of.begin("c" * 32, "ingest", NOW)
        runs_of.end(third, "completed", NOW, {"name": "bad \udcff\0"})
        found = {run["run_id"][0]: run["state"] for run in runs_of.last(5)}
        assert found == {"a": "crashed", "b": "running", "c": "completed"}
        assert runs_of.last(1)[0]["summary"] == {"name": "bad \udcff\0"}
        assert runs_of.last(1)[0]["started_at"] == NOW


@pytest.mark.parametrize(
    "query",
    [
        sa.select(batches.c.batch_no).where(tables.batches.c.state != sa.literal_column("'settled'")),
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


def _shape(file: Path) -> list[tuple[str, str]]:
    with sqlite3.connect(file) as db:
        found = db.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name").fetchall()
    db.close()
    return [(name, " ".join(sql.split())) for name, sql in found if name not in _MADE_WHEN_NEEDED]


def _made_of(statements: str, file: Path) -> None:
    db = sqlite3.connect(file)
    db.executescript(statements)
    db.close()


def test_the_shape_of_this_version_is_written_down(tmp_path: Path) -> None:
    """A change of the tables needs a new version, a migration, and the new shape as a file of its own."""
    new = tmp_path / "new.sqlite3"
    Ledger(f"sqlite:///{new}").close()
    written = tmp_path / "written.sqlite3"
    _made_of((SCHEMAS / f"{LEDGER_VERSION}.sql").read_text(), written)
    assert _shape(new) == _shape(written)


@pytest.mark.parametrize("version", range(1, LEDGER_VERSION + 1))
def test_an_older_ledger_is_brought_up_to_date_with_all_it_holds(tmp_path: Path, version: int) -> None:
    old, new = tmp_path / "old.sqlite3", tmp_path / "new.sqlite3"
    _made_of((SCHEMAS / f"{version}.sql").read_text(), old)
    with sqlite3.connect(old) as db:
        db.execute("INSERT INTO longshore VALUES ('ledger_version', ?)", (str(version),))
        db.execute(
            "INSERT INTO batches (batch_id, run_no, state, rows, published, duplicates, rejected, ingested_at) "
            "VALUES ('a', 1, 'settled', 3, 3, 1, 0, '2026-11-21 08:00:00.000000')"
        )
    db.close()
    with Ledger(f"sqlite:///{old}") as ledger:
        assert ledger.counts() == {"records": 3, "published": 3, "duplicate": 1, "rejected": 0}
    Ledger(f"sqlite:///{new}").close()
    assert _shape(old) == _shape(new)


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
        found = db.execute(sa.select(tables.about.c.value)).scalar_one()
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
        with sqlite3.connect(file) as db:
            db.execute("DELETE FROM longshore")
        db.close()
        return file
    elif what == "an odd version":
        with sqlite3.connect(file) as db:
            db.execute("UPDATE longshore SET value = 'several'")
        db.close()
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
    with pytest.raises(LedgerError, match="Make room there; nothing is lost"):
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
