"""What tests of several rooms share."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest

from tests.postgresql import NoPostgresqlError, Postgresql

if TYPE_CHECKING:
    from collections.abc import Iterator

    from xdist.scheduler import LoadScopeScheduling

# Every publish is several fsyncs, and this suite publishes some ten thousand times: in memory they cost nothing. What
# the tests attack (kills, faults, two at once, other readers) is the same there. `--basetemp` chooses another place.
_MEMORY = Path("/dev/shm")
if "PYTEST_DEBUG_TEMPROOT" not in os.environ and _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > 4 << 30:
    os.environ["PYTEST_DEBUG_TEMPROOT"] = str(_MEMORY)

# The same examples on every run, so that a green change stays green; `HYPOTHESIS_PROFILE=search` looks for new ones.
hypothesis.settings.register_profile("steady", derandomize=True)
hypothesis.settings.register_profile("search", max_examples=1000)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgresql]:
    """Give a running PostgreSQL; tests that need it are skipped, saying why, where there is none."""
    pytest.importorskip("psycopg", reason="psycopg is not installed: pip install 'longshore[postgres]'")
    try:
        server = Postgresql()
    except NoPostgresqlError as error:
        pytest.skip(str(error))
    yield server
    server.stop()


@pytest.fixture
def postgres_url(postgres_server: Postgresql) -> str:
    """Give the `ledger_url` of an empty database in a real PostgreSQL."""
    return postgres_server.new_database()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what waits most, so that the other workers of `pytest -n 3` have the rest to do meanwhile.

    The story of the service ends with its project's end: the room's other tests, which share it, come before.
    """
    items.sort(key=lambda item: (_room(item.nodeid) != "tests/flows", "test_story.py" in item.nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    """Keep what shares fixtures on one worker: a file, and all that talks to the served project."""
    from xdist.scheduler import LoadScopeScheduling

    class ByRoom(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return _room(nodeid)

    return ByRoom(config, log)


def _room(nodeid: str) -> str:
    file = nodeid.partition("::")[0]
    return "tests/flows" if file.startswith("tests/flows/") else file
