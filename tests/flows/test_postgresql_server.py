"""The embedded Prefect server with PostgreSQL as its database."""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path

import pytest

from tests.flows.project import descendants, end, make_project, until
from tests.postgresql import NoPostgresqlError, Postgresql

pytestmark = pytest.mark.timeout(1800)


@pytest.fixture
def postgresql():
    try:
        server = Postgresql()
    except NoPostgresqlError as error:
        pytest.skip(str(error))
    try:
        yield server
    finally:
        server.stop()


def command_of(pid: int) -> bytes:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    return b""


def test_a_project_is_served_with_the_server_on_postgresql(postgresql, tmp_path):
    url = postgresql.new_database().replace("postgresql+psycopg", "postgresql+asyncpg")
    project = make_project(tmp_path / "project", PREFECT_API_DATABASE_CONNECTION_URL=url)
    try:
        project.serve()
        assert not list(project.folder.glob(".longshore/prefect/*.db"))
        project.drop("dropped.txt", "The ferry has been late for a week, and nobody knows why.")
        until("the record", lambda: project.rows("SELECT 1 FROM records WHERE source_path = 'dropped.txt'"))

        def planned() -> list[object]:
            return [run for run in project.api.runs("longshore-ingest") if run["auto_scheduled"]]

        until("a run that the schedule has planned", planned)

        # The schedule goes on when the server has died.
        assert project.process is not None
        (server,) = [
            pid for pid in descendants(project.process.pid) if b"longshore.orchestration.server" in command_of(pid)
        ]
        os.kill(server, signal.SIGKILL)
        project.drop("later.txt", "It came at last, with a new coat of paint and an old captain.")
        until("the record", lambda: project.rows("SELECT 1 FROM records WHERE source_path = 'later.txt'"))
        assert project.stop() == 0
    finally:
        with contextlib.suppress(Exception):
            end(project)
