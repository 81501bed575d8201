"""What is documented is there, and what is there is documented."""

import ast
import doctest
import importlib.util
import re
from pathlib import Path

import pytest
import yaml

import longshore
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
    pages = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
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


def test_the_site_lists_every_page():
    listed = re.findall(r"[\w/-]+\.md", str(yaml.safe_load((ROOT / "mkdocs.yml").read_text())["nav"]))
    pages = {str(page.relative_to(ROOT / "docs")) for page in (ROOT / "docs").rglob("*.md")} - {"README.md"}
    assert pages <= set(listed)
    contents = (ROOT / "docs/README.md").read_text()
    assert all(f"({page})" in contents for page in pages)
