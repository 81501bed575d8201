"""What is documented is there, and what is there is documented."""

import ast
import doctest
import gzip
import importlib.util
import io
import os
import re
import shlex
import shutil
import tarfile
import zipfile
from pathlib import Path

import pytest
import yaml

import longshore
from longshore.cli.main import build_parser, main
from longshore.cli.scaffold import make_project, setting_reasons
from longshore.records import Reason
from longshore.settings import Settings

ROOT = Path(__file__).parent.parent
_spec = importlib.util.spec_from_file_location("docs_generate", ROOT / "docs" / "generate.py")
generate = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(generate)
COMMANDS = generate.subcommands()


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_in_the_readme(command):
    assert f"longshore {command}" in (ROOT / "README.md").read_text()


@pytest.mark.parametrize("page", generate.PAGES)
def test_the_pages_made_from_the_code_are_as_the_code_says(page):
    assert (ROOT / "docs" / page).read_text() == generate.MADE + "".join(generate.PAGES[page]()).rstrip() + "\n"


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_says_what_it_is_and_why(name):
    description = setting_reasons().get(name)
    assert description, f"{name} has no docstring"
    assert len(description.split()) >= 8, f"{name}: say what it is, its unit, and the reason of its default"


def _pages():
    pages = [
        *(ROOT / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")),
        *sorted((ROOT / "docs").rglob("*.md")),
        *sorted((ROOT / "examples").rglob("*.md")),
    ]
    return [page for page in pages if page.exists()]


@pytest.mark.parametrize("page", _pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_links_in_the_docs_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#\s]+)", page.read_text()):
        if not target.startswith(("http://", "https://", "mailto:")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


@pytest.mark.parametrize("page", _pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_in_the_docs_exist(page):
    for name in re.findall(r"(?:^|`|\$ )longshore ([a-z]+)", page.read_text(), re.MULTILINE):
        assert name in COMMANDS, f"{page.name} names `longshore {name}`"


MEDIA_TYPES = {"text/plain", "text/html", "text/csv", "text/vtt", "text/markdown"}


@pytest.mark.parametrize("page", _pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_paths_that_the_docs_name_exist(page):
    """A path from the root, or a module of the library below `src/longshore/`."""
    for name in re.findall(r"`((?:flows|tests|benchmarks|tools|training|docs|deploy|src)/[\w/.]*)`", page.read_text()):
        assert (ROOT / name).exists(), f"{page.name} names {name}"
    for name in re.findall(
        r"`([\w/]+\.py|(?:cli|ingestion|text|storage|maintenance|orchestration)/[\w/]*)`", page.read_text()
    ):
        if name in MEDIA_TYPES:
            continue
        assert (ROOT / name).exists() or (ROOT / "src/longshore" / name).exists(), f"{page.name} names {name}"


def test_the_examples_of_the_python_api_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    list(make_project(tmp_path))
    failed, tried = doctest.testfile(
        str(ROOT / "docs/reference/python-api.md"), module_relative=False, encoding="utf-8"
    )
    assert tried > 10
    assert not failed


def test_the_python_api_page_names_every_public_name():
    page = (ROOT / "docs/reference/python-api.md").read_text()
    assert all(f"`{name}" in page for name in longshore.__all__ if not name.startswith("_"))


def test_no_file_says_where_a_machine_keeps_its_things():
    """Addresses of registries and absolute paths of one machine have no place in a repository."""
    spoken = re.compile(r"/(?:home|Users|root|work)/[a-z]|--(?:extra-)?index-url", re.IGNORECASE)
    for path in [*_pages(), ROOT / "pyproject.toml", ROOT / "constraints.txt", ROOT / "Makefile", ROOT / ".ci" / "run"]:
        assert not spoken.search(path.read_text()), path


TROUBLES = (ROOT / "docs/how-to/troubleshooting.md").read_text()
ERRORS = {"SettingsError", "LedgerError", "NoLedgerError", "WarehouseError", "WorkerError", "LongshoreError"}
# `forget` puts these behind the name of an archive that it could not rewrite.
FRAGMENTS = {"it cannot be read (…: …)", "its new version would hold the wrong documents"}


def _told(node):
    """Return a message as the code writes it, with `…` for what varies."""
    if isinstance(node, ast.JoinedStr):
        return "".join(piece.value if isinstance(piece, ast.Constant) else "…" for piece in node.values)
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _calls(name_of):
    for path in sorted((ROOT / "src/longshore").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and node.args and name_of(node.func):
                yield path, node


def _messages():
    """Return each message of an error that a person can meet."""
    told = {
        " ".join(_told(node.args[0]).split())
        for _, node in _calls(lambda called: isinstance(called, ast.Name) and called.id in ERRORS)
    }
    return sorted(message for message in told - FRAGMENTS if re.search(r"\w{3}", message))


def _pattern(shown):
    return ".*".join(re.escape(piece) for piece in shown.split("…"))


def _shown():
    """Return the messages in the tables of the page."""
    messages = TROUBLES.partition("## Messages")[2]
    return [found[1] or found[2] for found in re.finditer(r"^\| (?:`` (.+?) ``|`([^`]+)`) \|", messages, re.MULTILINE)]


@pytest.mark.parametrize("reason", Reason)
def test_troubleshooting_tells_what_to_do_about_every_reason(reason):
    assert re.search(rf"^\| `{reason}` \| .+ \| .+ \|$", TROUBLES, re.MULTILINE)


def test_troubleshooting_tells_what_to_do_about_every_finding_of_verify():
    kinds = {
        node.args[0].value
        for path, node in _calls(lambda called: isinstance(called, ast.Attribute) and called.attr == "add")
        if path.name in {"verify.py", "delivery_check.py"} and len(node.args) == 3
    }
    assert len(kinds) > 20
    rows = re.findall(r"^\| (`[a-z-]+`(?:, `[a-z-]+`)*) \| .+ \| .+ \|$", TROUBLES, re.MULTILINE)
    assert kinds <= set(re.findall(r"[a-z-]+", " ".join(rows)))


@pytest.mark.parametrize("message", _messages())
def test_troubleshooting_tells_what_to_do_about_every_error(message):
    assert any(re.match(_pattern(shown), message) for shown in _shown()), "add it to docs/how-to/troubleshooting.md"


def test_no_message_of_troubleshooting_is_out_of_date():
    source = "\n".join(
        " ".join(_told(node).split())
        for path in (ROOT / "src/longshore").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.JoinedStr | ast.Constant)
    )
    assert len(_shown()) > 80
    assert not [shown for shown in _shown() if not re.search(_pattern(shown), source)]


def test_the_figures_of_the_readme_stand_in_the_benchmarks():
    table = (ROOT / "README.md").read_text().partition("## Figures")[2].partition("##")[0]
    figures = re.findall(r"\d[\d,.]*(?: %)?", " ".join(re.findall(r"^\| [^|-].+$", table, re.MULTILINE)))
    measured = (ROOT / "benchmarks/README.md").read_text()
    assert len(figures) > 8
    assert [figure for figure in figures if figure not in measured] == []


def test_the_settings_in_the_readme_exist():
    table = (ROOT / "README.md").read_text().partition("| file | becomes | setting |")[2].partition("\n\n")[0]
    named = re.findall(r"`([a-z_]+)`", " ".join(line.split("|")[3] for line in table.splitlines() if line))
    assert len(named) > 4
    assert set(named) <= set(Settings.model_fields)


def test_the_site_lists_every_page():
    listed = re.findall(r"[\w/-]+\.md", str(yaml.safe_load((ROOT / "mkdocs.yml").read_text())["nav"]))
    pages = {str(page.relative_to(ROOT / "docs")) for page in (ROOT / "docs").rglob("*.md")} - {"README.md"}
    assert pages <= set(listed)
    contents = (ROOT / "docs/README.md").read_text()
    assert all(f"({page})" in contents for page in pages)


def _blocks(text, *languages):
    """Return the blocks of code in these languages; "" are those without one."""
    found, open_block = [], None
    for line in text.splitlines():
        if line.strip().startswith("```"):
            if open_block is None:
                open_block = (line.strip()[3:], [])
            else:
                found.append((open_block[0], "\n".join(open_block[1])))
                open_block = None
        elif open_block is not None:
            open_block[1].append(line)
    return [block for language, block in found if language in languages]


def _commands(text):
    """Yield the arguments of each `longshore` command in blocks of code, without pipes and comments."""
    for block in _blocks(text, "sh", "console", ""):
        lines = block.splitlines()
        shown = any(line.startswith("$ ") for line in lines)
        for line in lines:
            if not shown or line.startswith("$ "):
                found = re.match(r"(?:\$ )?(?:[A-Z_]+=\S+ )*(?:\.venv/bin/)?longshore (.*)", line.strip())
                if found:
                    words = shlex.split(found[1], comments=True)
                    ends = [place for place, word in enumerate(words) if word in {"|", "||", ">", "&&"}]
                    yield words[: min(ends, default=len(words))]


@pytest.mark.parametrize("page", _pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_in_a_block_of_code_has_the_arguments_it_shows(page):
    for arguments in _commands(page.read_text()):
        build_parser().parse_args(arguments)


@pytest.mark.parametrize("page", _pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_settings_in_a_block_of_code_are_accepted(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for block in _blocks(page.read_text(), "toml"):
        (tmp_path / "longshore.toml").write_text(block)
        Settings()


@pytest.fixture
def samples(tmp_path, monkeypatch):
    """Stand in a project whose landing/ holds the samples, all stable."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LONGSHORE_STABLE_SECONDS", "0")
    monkeypatch.setenv("COLUMNS", "120")
    list(make_project(tmp_path))
    shutil.copytree(ROOT / "tests/samples", tmp_path / "landing", dirs_exist_ok=True)
    return tmp_path


@pytest.mark.usefixtures("samples")
def test_the_readme_shows_what_a_first_ingest_prints_and_its_commands_run(capsys):
    assert main(["ingest"]) == 0
    printed = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    readme = (ROOT / "README.md").read_text()
    (table,) = (block for block in _blocks(readme, "") if block.startswith("document "))
    for line in table.splitlines()[2:-2]:
        shown = " ".join(line.rstrip("…").split())
        assert any(one.startswith(shown) for one in printed), shown
    assert any(line.startswith("12 file(s): 10 published, 2 rejected") for line in printed)
    reading = list(_commands(readme.partition("## Look at the records")[2]))
    assert [arguments[0] for arguments in reading] == ["find", "show", "query"]
    for arguments in reading:
        assert main(arguments) == 0
        assert len(capsys.readouterr().out.splitlines()) > 2


@pytest.mark.usefixtures("samples")
def test_the_readme_reads_the_records_with_each_engine():
    duckdb, pl, pd = (pytest.importorskip(name) for name in ("duckdb", "polars", "pandas"))
    import pyarrow.dataset as ds

    assert main(["ingest"]) == 0
    (block,) = _blocks((ROOT / "README.md").read_text(), "python")
    engines = {"duckdb": duckdb, "pl": pl, "pd": pd, "ds": ds}
    tables = [eval(line, engines) for line in block.splitlines() if not line.startswith("spark")]
    by_language, lazy, frame, dataset = tables
    assert sum(count for _, count in by_language.fetchall()) == 10
    assert len(lazy.collect()) == len(frame) == dataset.count_rows() == 10


def test_the_tutorial_runs_as_it_is_written(samples, capsys):
    duckdb = pytest.importorskip("duckdb")
    assert main(["ingest"]) == 0
    for name in ("07-mojibake.txt", "06-koi8-r-russian.txt"):
        (samples / "tests/samples").mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / "tests/samples" / name, samples / "tests/samples")
    tutorial = (ROOT / "docs/tutorial/first-ingest.md").read_text()
    ran = [arguments for arguments in _commands(tutorial) if arguments[0] != "serve"]
    assert {arguments[0] for arguments in ran} >= {"inspect", "find", "show", "status", "rejected", "verify", "init"}
    for arguments in ran:
        assert main(arguments) == 0, arguments
    capsys.readouterr()
    for block in _blocks(tutorial, "python"):
        exec(block, {"duckdb": duckdb})
    assert "07-mojibake.txt" in capsys.readouterr().out


def _shown_by(page):
    """Return the lines that a page shows as printed, with `#` for what varies."""
    (block, *_) = _blocks((ROOT / "docs/how-to" / page).read_text(), "console")
    return [_masked(line) for line in block.splitlines() if line.strip() and not line.startswith("$ ")]


def _masked(line):
    return re.sub(r"[0-9a-f]*\d[0-9a-f,:-]*(?:\.\d+)?…?", "#", " ".join(line.split()))


def _printed(capsys, *arguments):
    assert main([*arguments]) == 0
    return [_masked(line) for line in capsys.readouterr().out.splitlines()]


@pytest.fixture
def archives(tmp_path, monkeypatch):
    """Stand in a project with the three archives of the page on archives."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LONGSHORE_STABLE_SECONDS", "0")
    monkeypatch.setenv("COLUMNS", "200")
    list(make_project(tmp_path))
    landing = tmp_path / "landing"
    texts = {
        "ferry.txt": b"March 18, 2024\n\nThe ferry to the island was late, and people waited on the quay for hours.",
        "pont.txt": "Le pont sur la rivière est fermé depuis lundi, et les voitures font un long détour.".encode(),
    }
    with zipfile.ZipFile(landing / "monday.zip", "w") as archive:
        archive.writestr("monday/photo.jpg", b"\xff\xd8\xff\xe0\0\x10JFIF\0" + bytes(range(256)) * 4)
        for name, text in texts.items():
            archive.writestr(f"monday/{name}", text)
    with tarfile.open(landing / "again.tgz", "w:gz") as archive:
        for name, text in texts.items():
            member = tarfile.TarInfo(name)
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text))
    (landing / "cut.txt.gz").write_bytes(gzip.compress(bytes(range(256)) * 40)[:60])
    os.utime(landing / "monday.zip", (1, 1))  # the oldest is taken first
    return tmp_path


def test_archives_print_what_their_page_shows(archives, capsys):
    assert (archives / "landing/monday.zip").exists()
    printed = _printed(capsys, "ingest")
    for shown in _shown_by("archives.md"):
        assert any(line.startswith(shown.rstrip("…").rstrip("- ")) for line in printed), shown


def test_compact_changes_and_forget_print_what_their_pages_show(archives, capsys):
    _printed(capsys, "ingest")
    for number in range(3):
        (archives / f"landing/{number}.txt").write_text(f"The storm of night {number} broke a crane at the quay.")
        _printed(capsys, "ingest")
    assert set(_shown_by("follow-changes.md")) <= set(_printed(capsys, "changes", "--since", "start"))
    compacted = [*_printed(capsys, "compact", "--dry-run"), *_printed(capsys, "compact")]
    assert _shown_by("compact.md") == compacted
    forgotten = _printed(capsys, "forget", "--path", "1.txt", "--yes")
    assert forgotten == _shown_by("forget.md")
