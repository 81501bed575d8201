"""`find`, `show` and `query` on the records of a project."""

import datetime as dt
import hashlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from longshore import Settings, ingest
from longshore.cli.main import main
from longshore.cli.show import find_record, lines_of

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "tests" / "samples"
ESCAPES = "A story of a bell \x07 and \x1b[31mred\x1b[0m letters that stands alone.\tTabbed.\n"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Make a project whose samples are ingested, with a duplicate and an archive."""
    folder = tmp_path_factory.mktemp("project")
    landing = folder / "landing"
    shutil.copytree(SAMPLES, landing)
    shutil.copy(SAMPLES / "02-date-line.txt", landing / "again.txt")
    (landing / "letters").mkdir()
    (landing / "letters/long.txt").write_text("\n".join(f"Line {number} of a long letter." for number in range(500)))
    ingest(Settings(landing=landing, warehouse=folder / "warehouse", stable_seconds=0))
    return folder


@pytest.fixture
def said(made, monkeypatch, capsys):
    monkeypatch.chdir(made)

    def run(*arguments, code=0):
        assert main(arguments) == code
        captured = capsys.readouterr()
        return captured.err if code else captured.out

    return run


def objects(lines):
    return [json.loads(line) for line in lines.splitlines()]


def paths(lines):
    return {row["source_path"] for row in objects(lines)}


def test_find_lists_each_record_in_one_line_with_an_id_that_show_takes(said):
    head, _, *rows = said("find", "--limit", "0").splitlines()
    assert head.split() == ["record", "date", "lang", "path", "title"]
    assert len(rows) == 11
    for row in rows:
        assert row.split()[0] in said("show", row.split()[0])


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (["QUAY", "jukebox"], {"07-mojibake.txt"}),
        (["night ferry"], {"01-headline-no-date.txt"}),
        (["朝市"], {"05-shift-jis-japanese.txt"}),
        (["letters/"], {"letters/long.txt"}),
        (["--where", "language = 'fr' or language = 'ru'"], {"04-utf-16-french.txt", "06-koi8-r-russian.txt"}),
        (["mercado", "--where", "language = 'en'"], set()),
        (["mercado", "--since", "1h"], {"03-windows-1252-spanish.txt"}),
        (["mercado", "--since", "2100-01-01"], set()),
        (["(mercado"], set()),
    ],
)
def test_find_takes_words_conditions_and_times_together(query, expected, said):
    assert paths(said("find", "--json", *query)) == expected


def test_find_shows_the_newest_and_says_that_there_are_more(said):
    lines = said("find", "--limit", "3").splitlines()
    assert len(lines) == 2 + 3 + 2
    assert "--limit 0" in lines[-1]
    assert said("find", "nowhere in these texts") == "No record matches.\n"


def test_find_shows_where_the_word_is(said):
    assert "Line 400 of a long letter" in said("find", "line 400")


def test_find_says_what_a_wrong_time_or_condition_should_be(said):
    assert "--since cannot be 'yesterday'. Give a date such as" in said("find", "--since", "yesterday", code=2)
    assert "There is no column 'lang'" in said("find", "--where", "lang = 'de'", code=2)


def test_find_by_feed_says_where_no_record_has_one(made, monkeypatch, capsys):
    folder = made.parent / "old"
    shutil.copytree(made, folder)
    for part in folder.glob("warehouse/records/*/*.parquet"):
        table = pq.read_table(part, partitioning=None)
        pq.write_table(table.select([name for name in table.column_names if name != "feed"]), part)
    monkeypatch.chdir(folder)
    assert main(["find", "--feed", "press"]) == 2
    assert "No record of this warehouse has the column `feed`" in capsys.readouterr().err


def test_records_of_an_older_schema_version_are_found_and_shown(made, monkeypatch, capsys):
    folder = made.parent / "version-1"
    shutil.copytree(made, folder)
    new = {"feed", "media_type", "extraction", "metadata"}
    for part in folder.glob("warehouse/records/*/*.parquet"):
        table = pq.read_table(part, partitioning=None)
        pq.write_table(table.select([name for name in table.column_names if name not in new]), part)
    monkeypatch.chdir(folder)
    assert main(["find", "jukebox"]) == main(["show", "07-mojibake.txt"]) == 0
    assert main(["query", "SELECT language FROM records"]) == 0
    assert "The café on the quay" in capsys.readouterr().out


def test_show_prints_receipt_header_and_text(said):
    shown = said("show", "07-mojibake.txt")
    for expected in ("2024-03-17  (parsed, to the day)", "mojibake repaired: windows-1252 read as UTF-8", "café"):
        assert expected in shown
    assert re.search(r"(?m)^header +Date: 17 March 2024$", shown)
    assert "spans:decode:utf-8" not in shown
    assert "spans:decode:utf-8" in said("show", "-v", "07-mojibake.txt")


def test_show_prints_what_was_taken_out_of_a_format(made):
    row = find_record(Settings(landing=made / "landing", warehouse=made / "warehouse"), "02-date-line.txt")
    row |= {
        "feed": "press",
        "media_type": "message/rfc822",
        "extraction": ["mail:text/plain"],
        "metadata": {"author": "A. Writer\x1b[2J", "section": "Harbour"},
    }
    lines = list(lines_of(row, verbose=False))
    for expected in (
        "feed        press",
        "kind        message/rfc822 (mail:text/plain)",
        "            section: Harbour",
    ):
        assert expected in lines
    assert "metadata    author: A. Writer\\x1b[2J" in lines


def test_show_takes_an_id_a_delivered_path_and_a_file_on_this_machine(said, made):
    record_id = hashlib.sha256((SAMPLES / "02-date-line.txt").read_bytes()).hexdigest()
    archived = next(made.glob("landing/_archive/*/02-date-line.txt"))
    for wanted in (record_id, record_id[:6], "02-date-line.txt", "again.txt", str(archived)):
        assert json.loads(said("show", "--json", wanted))["record_id"] == record_id


@pytest.mark.parametrize(
    ("wanted", "answer"),
    [
        ("12-empty.txt", "has no record: it was rejected. EMPTY:"),
        ("gone.txt", "There is no record with the id or path 'gone.txt'. `longshore find WORD`"),
        (__file__, "was never ingested"),
    ],
)
def test_show_says_why_there_is_no_record(wanted, answer, said):
    assert answer in said("show", wanted, code=2)


def test_show_reads_a_copy_of_the_warehouse_without_a_ledger(made, monkeypatch, capsys):
    folder = made.parent / "copy"
    shutil.copytree(made / "warehouse/records", folder / "warehouse/records")
    monkeypatch.chdir(folder)
    assert main(["show", "07-mojibake.txt"]) == 0
    shown = capsys.readouterr().out
    assert main(["show", shown.split()[1][:8]]) == 0
    assert capsys.readouterr().out == shown


def test_a_damaged_part_is_named_with_what_to_do(made, monkeypatch, capsys):
    folder = made.parent / "damaged"
    shutil.copytree(made, folder)
    part = next(folder.glob("warehouse/records/*/*.parquet"))
    part.write_bytes(part.read_bytes()[:-20])
    monkeypatch.chdir(folder)
    for command in (["find"], ["show", "07-mojibake.txt"]):
        assert main(command) == 1
        said = capsys.readouterr().err
        assert part.name in said
        assert "`longshore verify` lists such parts" in said


def test_nothing_that_a_text_holds_acts_on_the_terminal(tmp_path, monkeypatch, capsys):
    (tmp_path / "landing").mkdir()
    (tmp_path / "landing/bell.txt").write_text(ESCAPES)
    monkeypatch.chdir(tmp_path)
    ingest(Settings(stable_seconds=0, repair_policy="off"))
    assert main(["find"]) == main(["show", "bell.txt"]) == main(["query", "SELECT text FROM records"]) == 0
    shown = capsys.readouterr().out
    assert "Tabbed." in shown
    assert not {"\x1b", "\x07"} & set(shown)


def test_a_long_text_goes_through_the_pager_of_a_terminal(said, monkeypatch, tmp_path):
    seen = tmp_path / "seen"
    monkeypatch.setenv("PAGER", f"tee {shlex.quote(str(seen))}")
    in_a_pipe = said("show", "letters/long.txt")
    assert not seen.exists()
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    said("show", "letters/long.txt")
    assert seen.read_text() == in_a_pipe


def test_query_answers_from_records_and_deliveries(said):
    sql = "SELECT outcome, count(*) AS n FROM deliveries GROUP BY ALL ORDER BY ALL"
    assert objects(said("query", "--json", sql)) == [
        {"outcome": "duplicate", "n": 1},
        {"outcome": "published", "n": 11},
        {"outcome": "rejected", "n": 2},
    ]
    (row,) = objects(said("query", "--json", "SELECT ingest_date, ingested_at FROM records LIMIT 1"))
    assert dt.date.fromisoformat(row["ingest_date"]) == dt.datetime.fromisoformat(row["ingested_at"]).date()
    assert said("query", "SELECT count(*) AS n FROM records").splitlines()[-1] == "11"


def test_query_says_what_duckdb_says_and_where_the_columns_are(said):
    answer = said("query", "SELECT lang FROM records", code=2)
    assert "lang" in answer
    assert "longshore schema" in answer
    assert "Traceback" not in answer


def test_query_says_how_to_install_duckdb(said, monkeypatch):
    monkeypatch.setitem(sys.modules, "duckdb", None)
    assert "pip install 'longshore[query]'" in said("query", "SELECT 1", code=2)


def test_an_empty_warehouse_has_no_records_and_is_no_error(tmp_path, monkeypatch, capsys):
    (tmp_path / "warehouse").mkdir()
    monkeypatch.chdir(tmp_path)
    assert main(["find"]) == main(["query", "--json", "SELECT count(*) AS n FROM records, deliveries"]) == 0
    assert capsys.readouterr().out == 'No record matches.\n{"n": 0}\n'


def test_reading_changes_nothing(made, said):
    def state():
        # SQLite maps the index of its journal into memory, also for reading.
        return {path: path.stat().st_mtime_ns for path in made.rglob("*") if not path.name.endswith("-shm")}

    before = state()
    for command in (["find", "quay"], ["show", "07-mojibake.txt"], ["query", "SELECT 1 FROM records"]):
        said(*command)
    assert state() == before


def test_the_listing_fits_a_terminal_in_one_line_a_record(made):
    script = f"cd {shlex.quote(str(made))} && stty cols 80 && {sys.executable} -m longshore find --limit 0"
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src"), "TERM": "xterm", "NO_COLOR": "1"}
    done = subprocess.run(
        ["script", "-qec", script, "/dev/null"], capture_output=True, text=True, check=True, env=environment
    )
    lines = done.stdout.splitlines()
    assert len(lines) == 2 + 11
    assert max(map(len, lines)) <= 80
