"""What is documented is there, and what is there is documented."""

import doctest
import importlib.util
import re
from pathlib import Path

import pytest

import longshore
from longshore.cli.scaffold import make_project, setting_reasons
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
