"""What commands say: short, once, and true."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from longshore import __version__
from longshore.cli.main import build_parser, main

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "tests" / "samples"
COMMANDS = next(action.choices for action in build_parser()._actions if isinstance(action.choices, dict))


@pytest.fixture
def said(tmp_path, monkeypatch, capsys):
    """Run commands in a new project in this process; return what each prints."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LONGSHORE_STABLE_SECONDS", "0")
    monkeypatch.delenv("PREFECT_API_URL", raising=False)

    def run(*arguments, code=0):
        assert main(arguments) == code
        return capsys.readouterr().out

    run("init")
    return run


def drop(name, text):
    path = Path("landing", name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_but_completion_answers_with_json_where_asked(command):
    flags = [flag for action in COMMANDS[command]._actions for flag in action.option_strings]
    assert ("--json" in flags) == (command != "completion")


def test_commands_that_change_things_say_in_json_what_they_did(said):
    made = json.loads(said("init", "other", "--json"))
    assert {"what": "created", "path": "other/longshore.toml"} in made
    drop("empty.txt", "")
    said("ingest")
    assert json.loads(said("retry", "--all", "--json")) == {"retried": ["empty.txt"]}
    said("ingest")
    assert json.loads(said("rejected", "--discard", "--all", "--json")) == {"discarded": ["empty.txt"]}
    assert json.loads(said("version", "--json")) == {"version": __version__}
    assert json.loads(said("schema", "--json"))["records"][0]["name"] == "record_id"


@pytest.mark.usefixtures("said")
@pytest.mark.parametrize("flags", [[], ["--warehouse", "it's $HOME"]])
def test_the_closing_line_of_an_ingest_can_be_pasted_into_a_shell(flags):
    drop("crane.txt", "A new crane\n\nIt stands on the quay since the morning.\n")
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    command = [sys.executable, "-m", "longshore", "ingest", *flags]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    (line,) = re.findall(r"Look at them: (.*)", done.stdout)
    shown = subprocess.run(line, shell=True, capture_output=True, text=True, check=True, env=environment)
    assert "A new crane" in shown.stdout


def test_the_web_page_is_mentioned_at_the_end_of_the_first_run_only(said):
    drop("a.txt", "The pilot boat went out at noon.")
    first = said("ingest").splitlines()
    assert first[-1].startswith("Hint: every minute")
    assert first[-1].endswith("serve")
    drop("b.txt", "The pilot boat came back at two.")
    assert "Hint" not in said("ingest")


def test_one_table_tells_what_became_of_each_document_and_repairs_are_told_in_words(said):
    shutil.copytree(SAMPLES, "landing", dirs_exist_ok=True)
    before, after = said("ingest", "--dry-run"), said("ingest", "-v")
    rows = [line for line in before.splitlines() if re.match(r"\d\d-", line)]
    assert len(rows) == 12
    assert "mojibake repaired: windows-1252 read as UTF-8" in before
    assert "decode:utf-8" not in before
    assert "spans:decode:utf-8" in after


def test_of_many_documents_those_that_became_no_record_are_told(said):
    for number in range(60):
        drop(f"{number}.txt", f"The story of day {number}, told at some length.")
    drop("empty.txt", "")
    drop("same-as-7.txt", "The story of day 7, told at some length.")
    lines = said("ingest").splitlines()
    assert [line.split()[:2] for line in lines[2:4]] == [["empty.txt", "rejected"], ["same-as-7.txt", "duplicate"]]
    assert lines[4].startswith("… and 60 more")
    assert "62 file(s): 60 published, 1 duplicate, 1 rejected" in "\n".join(lines)


def test_ignored_names_are_one_short_line(said):
    for name in ("_notes.txt", "story.txt.part", "_drafts/one.txt", "letter.md"):
        drop(name, "Nobody shall wonder where this went.")
    os.environ["LONGSHORE_INCLUDE"] = '["*.txt"]'
    try:
        lines = [line for line in said("status").splitlines() if "Ignored" in line]
    finally:
        del os.environ["LONGSHORE_INCLUDE"]
    (line,) = lines
    assert re.fullmatch(
        r"Ignored: 2 file\(s\) and 1 folder\(s\) by name, such as \S+; 1 file\(s\) by `include` .*", line
    )
    assert len(line) <= 110


def test_dry_runs_are_not_listed_as_runs(said):
    drop("a.txt", "The pilot boat went out at noon.")
    said("ingest")
    for command in ("ingest", "compact", "reprocess"):
        said(command, "--dry-run")
    assert [run["kind"] for run in json.loads(said("status", "--json"))["runs"]] == ["ingest"]


@pytest.mark.parametrize(
    ("flags", "reason"),
    [
        ([], "none of 1 row(s) is of a normaliser version before {v}, the current one; --where chooses rows of any"),
        (["--where", "language = 'xx'"], """none of 1 row(s) matches "language = 'xx'"."""),
        (["--older-than-version", "1"], "none of 1 row(s) is of a normaliser version before 1; --where"),
    ],
)
def test_a_reprocess_of_nothing_says_why(flags, reason, said):
    from longshore.text.version import NORMALISER_VERSION

    (Path("warehouse")).mkdir(exist_ok=True)
    assert "there are no records" in said("reprocess", "--dry-run", *flags)
    drop("a.txt", "The pilot boat went out at noon.")
    said("ingest")
    assert f"Nothing to reprocess: {reason.format(v=NORMALISER_VERSION)}" in said("reprocess", "--dry-run", *flags)


def test_changes_says_that_nothing_is_new_except_in_json(said):
    drop("a.txt", "The pilot boat went out at noon.")
    said("ingest")
    (change,) = map(json.loads, said("changes", "--json").splitlines())
    assert said("changes", "--since", change["token"]) == f"Nothing has changed since {change['token']}.\n"
    assert said("changes", "--since", change["token"], "--json") == ""


def test_inspect_of_a_folder_is_a_table_of_what_an_ingest_would_take(said):
    shutil.copytree(SAMPLES, "letters/in")
    Path("letters/_notes.txt").write_text("Ignored by an ingest.")
    shown = said("inspect", "letters").splitlines()
    assert len(shown) == 2 + 12
    assert shown[2].startswith("in/01-headline-no-date.txt")
    assert json.loads(said("inspect", "letters", "--json"))[0]["path"] == f"letters/{shown[2].split()[0]}"
    Path("empty").mkdir()
    assert said("inspect", "empty") == "empty holds no file that an ingest would take.\n"


def test_inspect_shows_the_repair_plan_only_where_asked(said):
    sample = str(SAMPLES / "07-mojibake.txt")
    assert "decode:utf-8" not in said("inspect", sample)
    assert "decode:utf-8" in said("inspect", "-v", sample)
