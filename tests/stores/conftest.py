"""A store of the tests' own, and projects in it."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest

from tests.stores.project import StoreProject
from tests.stores.servers import NoServerError, moto, seaweedfs

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.stores.servers import Server

BUCKET = "box"
_NUMBERS = itertools.count(1)


@pytest.fixture(scope="session", params=[moto, seaweedfs], ids=["moto", "seaweedfs"])
def store_server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """Give a running object store; tests are skipped, saying why, where there is none."""
    pytest.importorskip("obstore", reason="obstore is not installed: pip install 'longshore[stores]'")
    try:
        server = request.param()
    except NoServerError as error:
        pytest.skip(str(error))
    server.make_bucket(BUCKET)
    yield server
    server.stop()


@pytest.fixture
def stored(store_server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StoreProject:
    """Give an empty project whose landing and warehouse are in the store, with a SQLite ledger beside it."""
    for name, value in store_server.environment.items():
        monkeypatch.setenv(name, value)
    return StoreProject(f"{BUCKET}/project-{next(_NUMBERS)}", tmp_path, store_server)
