"""The program as a person meets it: real processes, real files."""

import grp
import gzip
import io
import json
import os
import shutil
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

import duckdb
import pytest
from rich.console import Console
from rich.progress import Progress

from longshore.cli.main import main
from longshore.cli.progress import _Bar

ROOT = Path(__file__).parent.parent
SAMPLES = ROOT / "tests" / "samples"


@pytest.fixture
def project(tmp_path):
    longshore("init", cwd=tmp_path)
    return tmp_path


def longshore(*arguments, cwd, code=0, **variables):
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("LONGSHORE_", "PREFECT_"))}
    environment |= {"PYTHONPATH": str(ROOT / "src"), "LONGSHORE_STABLE_SECONDS": "0", **variables}
    done = subprocess.run(
        [sys.executable, "-m", "longshore", *arguments],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done


def test_init_makes_a_project_and_never_writes_over_anything(tmp_path):
    (tmp_path / "longshore.toml").write_text("workers = 1\n")
    said = longshore("init", cwd=tmp_path).stdout
    assert "kept     longshore.toml" in said
    assert (tmp_path / "longshore.toml").read_text() == "workers = 1\n"
    assert (tmp_path / "landing").is_dir()
    assert (tmp_path / "prefect.yaml").is_file()


def test_init_lets_a_group_of_uploaders_write_into_landing(tmp_path):
    group = grp.getgrgid(os.getgid()).gr_name
    said = longshore("init", "--group", group, cwd=tmp_path).stdout
    landing = (tmp_path / "landing").stat()
    assert f"with the group {group}" in said
    assert (stat.S_IMODE(landing.st_mode), landing.st_gid) == (0o2775, os.getgid())
    said = longshore("init", "--group", "no-such-group", cwd=tmp_path, code=2).stderr
    assert "There is no group 'no-such-group'" in said


def test_a_bar_is_not_full_before_files_are_found():
    progress = Progress(console=Console(file=io.StringIO(), force_terminal=True))
    bar = _Bar(progress)
    for files in (0, 3):
        bar.files_found(files, 0)
        assert not progress.finished


def test_the_samples_become_records_and_rejections_with_reasons(project):
    shutil.copytree(SAMPLES, project / "landing", dirs_exist_ok=True)
    said = longshore("ingest", cwd=project).stdout
    assert "12 file(s): 10 published, 2 rejected" in said
    assert "BINARY" in said
    assert "EMPTY" in said
    rows = duckdb.sql(
        f"SELECT source_path, text, published_date FROM '{project}/warehouse/records/**/*.parquet'"
    ).fetchall()
    by_name = {name: (text, str(date)) for name, text, date in rows}
    assert len(rows) == 10
    assert by_name["02-date-line.txt"][1] == "2024-03-17"
    assert "The café on the quay" in by_name["07-mojibake.txt"][0]
    assert by_name["05-shift-jis-japanese.txt"][0].startswith("港の朝市")
    assert by_name["06-koi8-r-russian.txt"][1] == "2021-03-17"
    reason = json.loads((project / "landing/_rejected/11-a-picture.txt.reason.json").read_text())
    assert reason["reason"] == "BINARY"


def test_a_second_run_finds_nothing_new_and_publishes_nothing(project):
    shutil.copytree(SAMPLES, project / "landing", dirs_exist_ok=True)
    longshore("ingest", cwd=project)
    before = sorted((project / "warehouse/records").rglob("*"))
    assert "Nothing new" in longshore("ingest", cwd=project).stdout
    assert sorted((project / "warehouse/records").rglob("*")) == before


def test_the_json_summary_has_counts_that_add_up(project):
    shutil.copytree(SAMPLES, project / "landing", dirs_exist_ok=True)
    shutil.copy(SAMPLES / "02-date-line.txt", project / "landing/again.txt")
    summary = json.loads(longshore("ingest", "--json", cwd=project).stdout)
    files = summary["files"]
    assert files["seen"] == 13 == files["published"] + files["duplicate"] + files["rejected"] + files["deferred"]
    assert files["duplicate"] == 1
    assert summary["reasons"] == {"BINARY": 1, "EMPTY": 1}


def test_a_dry_run_says_what_would_be_and_writes_nothing(project):
    shutil.copytree(SAMPLES, project / "landing", dirs_exist_ok=True)
    said = longshore("ingest", "--dry-run", cwd=project).stdout
    assert "10 published, 2 rejected" in said
    assert list((project / "warehouse").iterdir()) == []
    assert len(list((project / "landing").iterdir())) == 12


def test_a_dry_run_can_be_read_by_a_program(project):
    shutil.copytree(SAMPLES, project / "landing", dirs_exist_ok=True)
    found = json.loads(longshore("ingest", "--dry-run", "--json", cwd=project).stdout)
    assert found["files"] == {"seen": 12, "published": 10, "duplicate": 0, "rejected": 2, "deferred": 0}
    assert found["listed"][1]["path"] == "02-date-line.txt"
    assert found["listed"][1]["date"] == "2024-03-17"


def mixed_folder(landing):
    """Fill a folder with files, archives, duplicates and bad data: 9 files, 14 documents."""
    texts = [f"The story of day {day}, told at some length for the reader.\n" for day in range(9)]
    for name, text in (("a.txt", texts[0]), ("b.txt", texts[1]), ("same-as-a.txt", texts[0]), ("empty.txt", "")):
        (landing / name).write_text(text)
    shutil.copy(SAMPLES / "11-a-picture.txt", landing / "picture.txt")
    contents = {
        "mixed.zip": {
            "one.txt": texts[2],
            "as-a.txt": texts[0],
            "twice.txt": texts[2],
            "none.txt": "",
            "two.txt": texts[3],
        },
        "known.zip": {"as-b.txt": texts[1]},
        "bad.zip": {"none.txt": "", "blank.txt": " \n"},
    }
    for name, members in contents.items():
        with zipfile.ZipFile(landing / name, "w") as archive:
            for member, text in members.items():
                archive.writestr(member, text)
    (landing / "cut.gz").write_bytes(gzip.compress(texts[4].encode())[:-9])


def test_every_count_of_a_mixed_folder_agrees_wherever_it_is_shown(project):
    """A file is a landed file, a document what can become a record: counted once, told the same everywhere."""
    mixed_folder(project / "landing")
    preview = json.loads(longshore("ingest", "--dry-run", "--json", cwd=project).stdout)
    said_before = longshore("ingest", "--dry-run", cwd=project).stdout
    done = longshore("ingest", "--json", cwd=project)
    summary = json.loads(done.stdout)
    files = {"seen": 9, "published": 3, "duplicate": 2, "rejected": 4, "deferred": 0}
    documents = {"seen": 14, "published": 4, "duplicate": 4, "rejected": 6, "deferred": 0}
    reasons = {"EMPTY": 4, "BINARY": 1, "CORRUPT_ARCHIVE": 1}
    for counted in (preview, summary):
        assert (counted["files"], counted["documents"], counted["reasons"]) == (files, documents, reasons)
        assert counted["records"] == documents["published"]
    rows = duckdb.sql(f"SELECT count(*) FROM '{project}/warehouse/records/**/*.parquet'").fetchall()[0][0]
    assert rows == documents["published"]
    outcomes = "9 file(s): 3 published, 2 duplicate, 4 rejected; 14 document(s): 4 published, 4 duplicate, 6 rejected"
    assert f"{outcomes}. Nothing was written." in said_before
    assert len([line for line in said_before.splitlines() if " rejected  " in line]) == documents["rejected"]
    _agree(project, rejected=files["rejected"], members=3)
    logged = duckdb.sql(
        f"SELECT outcome, count(*) FROM '{project}/warehouse/deliveries/**/*.parquet' WHERE NOT is_member GROUP BY 1"
    ).fetchall()
    assert dict(logged) == {name: files[name] for name in ("published", "duplicate", "rejected")}
    (project / "landing/_rejected/empty.txt").write_text("It was empty, and now it holds a story for the reader.")
    longshore("retry", "--reason", "EMPTY", cwd=project)
    again = json.loads(longshore("ingest", "--json", cwd=project).stdout)
    assert again["files"] == {"seen": 2, "published": 1, "duplicate": 0, "rejected": 1, "deferred": 0}
    _agree(project, rejected=3, members=5)
    longshore("verify", cwd=project)


def _agree(project, *, rejected, members):
    status = json.loads(longshore("status", "--json", cwd=project).stdout)
    rows = duckdb.sql(f"SELECT count(*) FROM '{project}/warehouse/records/**/*.parquet'").fetchall()[0][0]
    assert status["records"] == rows
    in_folder = [path for path in (project / "landing/_rejected").rglob("*") if not path.name.endswith(".reason.json")]
    listed = json.loads(longshore("rejected", "--json", cwd=project).stdout)
    assert status["rejected"] == len(listed) == len(in_folder) == rejected
    assert len(json.loads(longshore("rejected", "--members", "--json", cwd=project).stdout)) == members


@pytest.mark.parametrize("command", [("ingest",), ("ingest", "--dry-run"), ("status",)])
def test_what_is_passed_over_by_its_name_is_told(project, command):
    landing = project / "landing"
    for name in ("_notes.txt", "story.txt.part", ".gitkeep", "_drafts/one.txt", "_archive/2024-01-01/old.txt"):
        (landing / name).parent.mkdir(parents=True, exist_ok=True)
        (landing / name).write_text("Nobody shall wonder where this went.")
    said = longshore(*command, cwd=project).stdout
    assert "Ignored: 2 file(s) and 1 folder(s) by name, such as " in said
    found = json.loads(longshore(*command, "--json", cwd=project).stdout)["passed_over"]
    assert (found["files"], found["folders"], found["unwanted"]) == (2, 1, 0)


def test_underscored_names_are_taken_where_the_settings_say_so_and_our_own_folders_never(project):
    landing = project / "landing"
    for name in ("_notes.txt", "_drafts/one.txt", "_archive/2024-01-01/old.txt", ".hidden.txt", "_upload.txt.part"):
        (landing / name).parent.mkdir(parents=True, exist_ok=True)
        (landing / name).write_text(f"What {name} says of the harbour is its own.")
    (landing / "_empty.txt").write_text("")
    taking = {"LONGSHORE_TAKE_UNDERSCORED": "true"}
    for seen in (3, 0):
        summary = json.loads(longshore("ingest", "--json", cwd=project, **taking).stdout)
        assert summary["files"]["seen"] == seen
        assert summary["passed_over"]["files"] == 2
    assert not (landing / "_notes.txt").exists()
    assert sorted(path.name for path in landing.glob("_rejected/*")) == ["_empty.txt", "_empty.txt.reason.json"]
    (landing / "_rejected/_empty.txt").write_text("Mended, and no longer empty.")
    assert (
        "1 published"
        in longshore("retry", "--all", cwd=project, **taking).stdout + longshore("ingest", cwd=project, **taking).stdout
    )
    (landing / "_archive/2024-01-01/old.txt").unlink()
    longshore("verify", cwd=project, **taking)


def test_what_the_patterns_leave_out_is_told(project):
    (project / "landing/story.md").write_text("A story that no pattern takes.")
    for command in (("ingest",), ("ingest", "--dry-run"), ("status",)):
        said = longshore(*command, cwd=project, LONGSHORE_INCLUDE='["*.txt"]').stdout
        assert "Ignored: 1 file(s) by `include` and `exclude`." in said


def test_a_missing_landing_folder_is_an_error_that_says_how_to_make_one(tmp_path):
    said = longshore("ingest", cwd=tmp_path, code=2).stderr
    assert said.startswith("longshore: The landing folder landing does not exist. `longshore init` makes one")
    assert not (tmp_path / "landing").exists()


@pytest.mark.parametrize(
    "command",
    ["verify", "compact", "reprocess", "changes", "rejected", "retry --all", f"forget {'ab' * 32}"],
)
def test_a_missing_warehouse_is_an_error_and_no_new_folder(project, command):
    """`forget` would say that a record is never ingested again, and a ledger in the wrong place would remember it."""
    said = longshore(*command.split(), "--warehouse", "mistyped", cwd=project, code=2).stderr
    assert said.startswith("longshore: The warehouse folder mistyped does not exist.")
    assert not (project / "mistyped").exists()


def test_a_reason_that_does_not_exist_is_an_error_and_capitals_do_not_matter(project):
    (project / "landing/empty.txt").touch()
    longshore("ingest", cwd=project)
    assert "EMPTY" in longshore("rejected", "--reason", "empty", cwd=project).stdout
    for command in ("rejected", "retry"):
        said = longshore(command, "--reason", "EMTPY", cwd=project, code=2).stderr
        assert "There is no reason 'EMTPY'. It is one of EMPTY, BINARY," in said
    assert "1 file(s) are back" in longshore("retry", "--reason", "empty", cwd=project).stdout


def test_rejected_files_fail_a_run_only_when_asked_to(project):
    (project / "landing/empty.txt").touch()
    longshore("ingest", "--fail-on-rejected", cwd=project, code=1)


def test_max_files_takes_the_oldest(project):
    for age in range(5):
        path = project / "landing" / f"{age}.txt"
        path.write_text(f"The story of day {age}, told at some length for the reader.")
        os.utime(path, (1_000_000 + age, 1_000_000 + age))
    done = longshore("ingest", "--max-files", "2", cwd=project)
    assert "3 file(s) are left in landing for the next run" in done.stderr
    assert sorted(path.name for path in (project / "landing").glob("*.txt")) == ["2.txt", "3.txt", "4.txt"]


def test_inspect_shows_each_step_and_writes_nothing(project):
    said = longshore("inspect", str(SAMPLES / "07-mojibake.txt"), str(SAMPLES / "11-a-picture.txt"), cwd=project).stdout
    for word in ("encoding", "repairs", "before", "after", "header", "date       2024-03-17", "language", "BINARY"):
        assert word in said
    found = json.loads(longshore("inspect", "--json", str(SAMPLES / "02-date-line.txt"), cwd=project).stdout)
    assert found[0]["header"]["published_date"] == "2024-03-17"
    assert list((project / "warehouse").iterdir()) == []


def test_inspect_goes_into_an_archive_as_an_ingest_does(project):
    with zipfile.ZipFile(project / "two.zip", "w") as archive:
        archive.write(SAMPLES / "02-date-line.txt", "news/one.txt")
        archive.writestr("empty.txt", "")
        for number in range(30):
            archive.writestr(f"more/{number}.txt", f"The story of day {number}, told at some length.")
    (project / "cut.gz").write_bytes(gzip.compress(b"The harbour was quiet.")[:-9])
    said = longshore("inspect", "two.zip", "cut.gz", cwd=project).stdout
    assert "two.zip!/news/one.txt" in said
    assert "date       2024-03-17" in said
    assert "EMPTY" in said
    assert "… and 12 more in two.zip" in said
    assert "CORRUPT_ARCHIVE" in said
    found = json.loads(longshore("inspect", "--json", "two.zip", cwd=project).stdout)
    assert len(found) == 32
    assert found[0]["path"] == "two.zip!/news/one.txt"


def test_inspect_says_what_cannot_be_read_and_goes_on(project):
    done = longshore("inspect", "/dev/null", str(SAMPLES / "02-date-line.txt"), "gone.txt", cwd=project, code=2)
    assert "/dev/null is not a regular file. Name a text file." in done.stderr
    assert "gone.txt cannot be read: No such file or directory." in done.stderr
    assert "date       2024-03-17" in done.stdout


def test_no_escape_sequence_from_a_file_reaches_the_terminal(project):
    name = "red\x1b[31m\nname.txt"
    (project / "landing" / name).write_bytes(
        b" date 2024-03-17 \n\n\x1b]0;owned\x07A story with a bell in its title.\n"
    )
    inspected = longshore("inspect", str(project / "landing" / name), cwd=project).stdout
    ingested = longshore("ingest", cwd=project).stdout
    for said in (inspected, ingested):
        assert "\x1b" not in said
        assert "\x07" not in said


def test_status_tells_what_waits_and_what_was_done(project):
    shutil.copytree(SAMPLES, project / "landing", dirs_exist_ok=True)
    assert json.loads(longshore("status", "--json", cwd=project).stdout)["waiting"]["files"] == 12
    longshore("ingest", cwd=project)
    found = json.loads(longshore("status", "--json", cwd=project).stdout)
    assert (found["waiting"]["files"], found["records"], found["rejected"]) == (0, 10, 2)
    assert found["runs"][0]["state"] == "completed"


def test_an_unknown_setting_ends_with_2_and_one_message(project):
    said = longshore("status", cwd=project, code=2, LONGSHORE_LANDNG="x").stderr
    assert said.count("\n") == 1
    assert "LONGSHORE_LANDING" in said


def test_schema_and_version_answer(project):
    assert "record_id" in longshore("schema", cwd=project).stdout
    assert longshore("version", cwd=project).stdout.startswith("longshore 0.")
    assert longshore("--version", cwd=project).stdout == longshore("version", cwd=project).stdout


def test_a_fault_of_our_own_is_one_message_too(monkeypatch, capsys):
    def fault(_options):
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr("longshore.cli.commands.schema", fault)
    assert main(["schema"]) == 1
    assert "ZeroDivisionError: division by zero\nThis is a fault in Longshore" in capsys.readouterr().err
    with pytest.raises(ZeroDivisionError):
        main(["schema", "--debug"])
