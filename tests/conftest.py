"""What tests of several rooms share."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import hypothesis
import pytest

from tests.postgresql import NoPostgresqlError, Postgresql

if TYPE_CHECKING:
    from collections.abc import Iterator

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
