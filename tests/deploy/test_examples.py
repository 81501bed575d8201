"""Each example project does what its page says: the commands run, and print what stands below them."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.stores.servers import NoServerError, moto

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted(page.parent for page in (ROOT / "examples").glob("*/README.md"))
BLOCKS = re.compile(r"```(sh|console)\n(.*?)```", re.DOTALL)
# What differs from run to run.
SECONDS = re.compile(r"\(\d+\.\d s\)")


def blocks(page):
    """Yield the commands of a page, each with what the page says they print (empty: anything)."""
    found = BLOCKS.findall(page.read_text())
    for number, (kind, text) in enumerate(found):
        if kind == "sh" and not text.startswith("pip install"):
            shown = found[number + 1] if number + 1 < len(found) else ("sh", "")
            yield text, shown[1] if shown[0] == "console" else ""


@pytest.fixture
def store():
    """Return the environment of an empty object store with a bucket."""
    for package in ("obstore", "distributed", "polars"):
        pytest.importorskip(package)
    try:
        server = moto()
    except NoServerError as error:
        pytest.skip(str(error))
    server.make_bucket("press")
    yield {**server.environment, "AWS_ALLOW_HTTP": "true"}
    server.stop()


@pytest.fixture
def shell(request, tmp_path):
    """Return a function that runs commands as a reader of the page would, in a copy of the example."""
    more = request.getfixturevalue("store") if request.node.callspec.id == "s3-dask" else {}
    command = tmp_path / "bin" / "longshore"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m longshore "$@"\n')
    command.chmod(0o755)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "LONGSHORE_"))}
    environment = {**kept, "PATH": f"{command.parent}:{Path(sys.executable).parent}:{kept['PATH']}"}
    environment |= {"PYTHONPATH": str(ROOT / "src"), "COLUMNS": "120", **more}

    def run(text, folder):
        done = subprocess.run(
            ["sh", "-e", "-c", text], cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_an_example_prints_what_its_page_shows(example, shell, tmp_path):
    project = shutil.copytree(example, tmp_path / "project")
    for commands, shown in blocks(example / "README.md"):
        printed = SECONDS.sub("(0.0 s)", shell(commands, project))
        lines = [line.rstrip() for line in SECONDS.sub("(0.0 s)", shown).splitlines() if line.strip()]
        position = 0
        for line in lines:
            assert line in printed[position:], f"{line!r} is not in what {commands!r} printed:\n{printed}"
            position += printed[position:].index(line) + len(line)


def test_the_list_of_examples_names_each():
    page = (ROOT / "examples" / "README.md").read_text()
    assert [example.name for example in EXAMPLES] == sorted(re.findall(r"\((\S+)/README.md\)", page))
