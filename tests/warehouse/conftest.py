"""What all tests of the warehouse begin with."""

import pytest

from tests.warehouse.project import Project


@pytest.fixture
def project(tmp_path):
    (tmp_path / "landing").mkdir()
    return Project(tmp_path)
