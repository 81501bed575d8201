"""The code is written in plain English: docstrings open with a verb or a noun, and no sentence needs translating."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FOLDERS = ("src", "flows", "training", "benchmarks")
MODULES = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))
LIBRARY = ROOT / "src" / "longshore"
PACKAGES = sorted(path for path in LIBRARY.rglob("__init__.py") if path.parent != LIBRARY)
# A docstring says what a function does, not what it gives, tells or says; a module is no question.
STIFF_OPENINGS = {"Give", "Gives", "Tell", "Tells", "Say", "Says", "Let", "Lets", "Take", "Takes", "What", "Which"}
STIFF_IDIOMS = re.compile(
    r"\b(anew|in hand|let be|so many|to the letter|had its fill|mend(s|ed|ing)? (that|this|it|what)|of it is"
    r"|tell whether|no oftener|looks? seldom|nor is)\b",
    re.IGNORECASE,
)
IDS = [str(path.relative_to(ROOT)) for path in MODULES]


@pytest.mark.parametrize("path", MODULES, ids=IDS)
def test_a_docstring_opens_with_what_is_done_or_promised(path):
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, documented):
            first = (ast.get_docstring(node) or "").split(" ")[0]
            assert first not in STIFF_OPENINGS, f"{path.name}: {ast.get_docstring(node).splitlines()[0]}"


@pytest.mark.parametrize("path", MODULES, ids=IDS)
def test_no_line_holds_a_stiff_idiom(path):
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        assert not STIFF_IDIOMS.search(line), f"{path.name}:{number}: {line.strip()}"


PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_page_holds_a_stiff_idiom(path):
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        assert not STIFF_IDIOMS.search(re.sub(r"`[^`]*`", "", line)), f"{path.name}:{number}: {line.strip()}"


@pytest.mark.parametrize("path", PACKAGES, ids=lambda path: str(path.parent.relative_to(LIBRARY)))
def test_a_package_says_what_is_in_it_and_what_is_not(path):
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    assert len(re.findall(r"[.!?](?:\s|$)", text)) >= 2, f"{path}: two sentences, of what is in it and what is not"
