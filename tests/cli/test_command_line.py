"""The command line itself: help, mistakes, completion, colours."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from longshore.cli.completion import SCRIPTS, candidates
from longshore.cli.main import GROUPS, build_parser, main

SRC = Path(__file__).parents[2] / "src"
COMMANDS = build_parser().words
ESCAPE = re.compile(r"\x1b\[[0-9;]*m")


def said_by(capsys, *arguments):
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    return ended.value.code, "".join(capsys.readouterr())


def offered(*words):
    return [line.partition("\t")[0] for line in candidates(build_parser(), words)]


def test_every_command_is_in_one_group_of_the_help(capsys):
    code, said = said_by(capsys, "--help")
    assert code == 0
    assert sorted(name for names in GROUPS.values() for name in names) == sorted(COMMANDS)
    assert re.findall(r"(?m)^  ([a-z]+)  ", said) == [name for names in GROUPS.values() for name in names]


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_command_explains_every_argument_and_shows_how_it_is_used(command, capsys):
    code, said = said_by(capsys, command, "--help")
    assert (code, said_by(capsys, "help", command)) == (0, (code, said))
    assert said.startswith(f"Usage: longshore {command}")
    assert command == "version" or f"\n  longshore {command}" in said or f"(longshore {command}" in said
    for action in build_parser_of(command)._actions:
        assert action.help, f"{action.option_strings or action.dest} has no help"


def build_parser_of(command):
    (commands,) = (action for action in build_parser()._actions if isinstance(action.choices, dict))
    return commands.choices[command]


@pytest.mark.parametrize("width", ["60", "80", "300"])
def test_help_is_no_wider_than_the_terminal_and_than_a_page(width, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", width)
    for arguments in ([], *([command] for command in COMMANDS)):
        _, said = said_by(capsys, *arguments, "--help")
        help_proper = said.partition("Examples:")[0]
        assert max(map(len, help_proper.splitlines())) <= min(int(width), 100)


@pytest.mark.parametrize(
    ("mistyped", "meant"), [("ingset", "ingest"), ("inspct", "inspect"), ("run", "ingest"), ("check", "verify")]
)
def test_a_mistyped_command_is_answered_with_the_nearest_one(mistyped, meant, capsys):
    code, said = said_by(capsys, mistyped)
    assert code == 2
    assert f"there is no command '{mistyped}'. Did you mean `{meant}`?" in said


def test_a_bad_flag_is_answered_with_the_nearest_one_and_the_usage_of_that_command(capsys):
    code, said = said_by(capsys, "status", "--chek")
    assert code == 2
    assert said.startswith("longshore status: there is no option --chek. Did you mean `--check`?")
    assert "Usage: longshore status" in said
    assert "longshore status --help" in said


def test_a_word_that_is_like_no_command_gets_no_suggestion(capsys):
    code, said = said_by(capsys, "xyzzy")
    assert code == 2
    assert "Did you mean" not in said


def test_an_argument_too_many_is_named(capsys):
    assert "'letters' is one argument too many" in said_by(capsys, "ingest", "letters")[1]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["inge"], ["ingest"]),
        (["ingest", "--dry"], ["--dry-run"]),
        (["--debug", "ingest", "--max"], ["--max-files"]),
        (["schema", "--format", "a"], ["arrow"]),
        (["completion", ""], ["bash", "zsh", "fish"]),
        (["ingest", "--landing", "sta"], []),
        (["inspect", "letters/o"], []),
    ],
)
def test_completion_offers_what_the_parser_knows_and_leaves_files_to_the_shell(words, expected):
    assert offered(*words) == expected


def test_completion_offers_all_commands_where_nothing_is_typed():
    assert sorted(offered("")) == sorted(COMMANDS)


_TRIES = {
    # Each asks its shell what it would offer for `longshore reproc` and `longshore schema --format m`.
    "bash": """
        source <({longshore} completion bash)
        for line in "reproc" "schema --format m"; do
            COMP_WORDS=({longshore} $line); COMP_CWORD=$(( ${{#COMP_WORDS[@]}} - 1 ))
            _longshore "{longshore}"; echo "${{COMPREPLY[@]}}"
        done""",
    "zsh": """
        compdef() {{ :; }}; _describe() {{ print -l -- "${{(@P)2}}"; }}; _files() {{ print files; }}
        source <({longshore} completion zsh)
        for line in "reproc" "schema --format m"; do
            words=({longshore} ${{=line}}); CURRENT=${{#words}}; _longshore
        done""",
    "fish": """
        {longshore} completion fish | source
        for line in "reproc" "schema --format m"
            complete -C "{longshore} $line"
        end""",
}


@pytest.mark.parametrize("shell", SCRIPTS)
def test_the_completion_script_works_in_its_shell(shell, tmp_path):
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    program = tmp_path / "longshore"
    program.write_text(f'#!/bin/sh\nPYTHONPATH="{SRC}" exec "{sys.executable}" -m longshore "$@"\n')
    program.chmod(0o755)
    environment = os.environ | {"HOME": str(tmp_path), "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    script = _TRIES[shell].format(longshore="longshore")
    done = subprocess.run([shell, "-c", script], capture_output=True, text=True, check=True, env=environment)
    assert [re.split(r"[\t:]", line)[0] for line in done.stdout.splitlines()] == ["reprocess", "markdown"]


@pytest.mark.parametrize(
    ("terminal", "variables", "coloured"),
    [
        (True, {"TERM": "xterm"}, True),
        (True, {"TERM": "xterm", "NO_COLOR": "1"}, False),
        (True, {"TERM": "dumb"}, False),
        (False, {"TERM": "xterm"}, False),
    ],
)
def test_colour_is_for_terminals_where_no_color_is_unset(terminal, variables, coloured, capsys, monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    plain = said_by(capsys, "--help")[1]
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: terminal)
    said = said_by(capsys, "--help")[1]
    assert bool(ESCAPE.search(said)) == coloured
    assert ESCAPE.sub("", said) == plain


@pytest.mark.parametrize("place", ["before", "after"])
def test_config_names_a_project_elsewhere_whose_folders_are_below_it(place, tmp_path):
    project, here = tmp_path / "news", tmp_path / "here"
    (project / "landing").mkdir(parents=True)
    here.mkdir()
    (project / "landing/a.txt").write_text("The pilot boat went out at noon.")
    (project / "news.toml").write_text('warehouse = "house"\nstable_seconds = 0\n')

    def run(name, *arguments):
        config = ["--config", "../news/news.toml"]
        words = [*config, name, *arguments] if place == "before" else [name, *config, *arguments]
        environment = {key: value for key, value in os.environ.items() if not key.startswith("LONGSHORE_")}
        environment |= {"PYTHONPATH": str(SRC), "NO_COLOR": "1"}
        command = [sys.executable, "-m", "longshore", *words]
        return subprocess.run(command, cwd=here, env=environment, capture_output=True, text=True, check=True).stdout

    said = run("ingest")
    assert "find --config ../news/news.toml" in said
    assert "a.txt" in run("find")
    assert json.loads(run("status", "--json"))["records"] == 1
    assert (project / "house/records").is_dir()
    assert list(here.iterdir()) == []


def test_a_config_that_does_not_exist_is_an_error(capsys, monkeypatch):
    monkeypatch.setenv("LONGSHORE_CONFIG", "")
    assert main(["status", "--config", "gone.toml"]) == 2
    assert "gone.toml does not exist." in capsys.readouterr().err
