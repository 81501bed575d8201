"""What is published says the same everywhere; `.ci/release_check.py` builds it."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml

from longshore import __version__

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
TEMPLATES = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml"))


def test_the_citation_names_this_version_and_licence():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert (citation["cff-version"], citation["type"]) == ("1.2.0", "software")
    assert (citation["version"], citation["license"]) == (__version__, PROJECT["license"])
    assert citation["title"].lower() == PROJECT["name"]
    assert [author["name"] for author in citation["authors"]] == [author["name"] for author in PROJECT["authors"]]


def test_the_classifiers_name_the_pythons_that_may_install_it():
    lowest, above = re.fullmatch(r">=3\.(\d+),<3\.(\d+)", PROJECT["requires-python"]).groups()
    named = [one.rpartition("::")[2].strip() for one in PROJECT["classifiers"] if "Python :: 3." in one]
    assert named == [f"3.{minor}" for minor in range(int(lowest), int(above))]


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_an_issue_template_is_a_form_that_can_be_filled_in(path):
    template = yaml.safe_load(path.read_text())
    if path.stem == "config":
        assert template == {"blank_issues_enabled": False}
        return
    assert {"name", "description", "body"} <= set(template)
    fields = [field["id"] for field in template["body"]]
    assert len(set(fields)) == len(fields)
    assert all(field["attributes"]["label"] for field in template["body"])
    for command in re.findall(r"`longshore (\w+)", path.read_text()):
        assert f"`longshore {command}`" in (ROOT / "docs" / "reference" / "commands.md").read_text(), command


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "SECURITY.md"])
def test_links_and_targets_of_the_pages_for_contributors_exist(page):
    text = (ROOT / page).read_text()
    for target in re.findall(r"\]\(([^)#\s]+)", text):
        assert (ROOT / target).exists(), target
    for target in re.findall(r"^make (\w+)", text, re.MULTILINE):
        assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE), target
