"""What tests of several rooms share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.postgresql import NoPostgresqlError, Postgresql

if TYPE_CHECKING:
    from collections.abc import Iterator


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
