"""A store of the tests' own, and projects in it."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest

from tests.stores.faulty import set_rules
from tests.stores.project import StoreProject
from tests.stores.servers import NoServerError, faulty, moto, seaweedfs

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


@pytest.fixture(scope="session")
def faulty_server(store_server: Server) -> Iterator[Server]:
    """Give a proxy before the store, which fails when it is told to."""
    server = faulty(store_server)
    yield server
    server.stop()


@pytest.fixture
def failing(stored: StoreProject, faulty_server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[StoreProject]:
    """Give the same project, whose requests go through the proxy from the first rule on."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", faulty_server.url)
    stored.proxy = faulty_server.url
    yield stored
    set_rules(faulty_server.url, [])
