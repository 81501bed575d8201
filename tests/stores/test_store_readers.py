"""The how-to page of object stores and the readers' guides: what they say is run, against a store of our own."""

from __future__ import annotations

import contextlib
import re
import shlex
import urllib.error
from pathlib import Path

import pytest

from tests.stores.project import StoreProject

HOW_TO = Path(__file__).parents[2] / "docs" / "how-to"
ROWS = 4


def _blocks(page, kind):
    return re.findall(rf"```{kind}\n(.*?)```", (HOW_TO / page).read_text(), re.DOTALL)


@pytest.fixture(scope="module")
def news(store_server, tmp_path_factory):
    """Give a project as the page describes it, with some texts delivered; its commands have run."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in store_server.environment.items():
            patch.setenv(name, value)
        root = tmp_path_factory.mktemp("news")
        patch.chdir(root)
        with contextlib.suppress(urllib.error.HTTPError):
            store_server.make_bucket("news")
        (root / "longshore.toml").write_text("".join(_blocks("object-stores.md", "toml")))
        project = StoreProject("news", root, store_server)
        for number in range(ROWS):
            project.objects.put(f"landing/{number}.txt", f"Ferry {number} waited for the fog.\n".encode())
        commands = [line[2:] for block in _blocks("object-stores.md", "console") for line in block.splitlines()]
        for command in commands:
            program, *arguments = shlex.split(command)
            if program == "longshore":
                done = project.command(*arguments)
                assert done.returncode == 0, done.stdout + done.stderr
        yield project


def test_the_commands_of_the_page_ingest_into_the_store(news):
    assert len([key for key in news.keys("warehouse/records") if key.endswith(".parquet")]) == 1
    assert news.keys("landing/_archive")


@pytest.mark.parametrize("page", ["object-stores.md", "read-pyarrow.md", "read-polars.md", "read-pandas.md"])
@pytest.mark.usefixtures("news")
def test_engines_read_the_store_as_their_guides_say(page, capsys):
    _run(page)
    assert str(ROWS) in capsys.readouterr().out


@pytest.mark.usefixtures("news")
def test_duckdb_reads_the_store_through_pyarrow(capsys):
    _run("read-duckdb.md")
    assert f", {ROWS})]" in capsys.readouterr().out


def _run(page):
    names: dict[str, object] = {}
    exec("import duckdb, pandas as pd, polars as pl, pyarrow.dataset as ds", names)
    blocks = _blocks(page, "python" if page == "object-stores.md" else "python s3")
    assert blocks
    for block in blocks:
        exec(block, names)
