"""One project served for real, for all tests of this room: a server takes ten seconds and more to start."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.flows.project import Project, end, make_project

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A project that `longshore serve` runs on, the whole session."""
    project = make_project(tmp_path_factory.mktemp("served"))
    project.drop("first.txt", "The first ship of the morning came in before the fog had lifted from the harbour.\n")
    try:
        project.serve()
        yield project
    finally:
        end(project)
