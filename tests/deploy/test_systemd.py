"""The systemd unit is one that systemd takes, and its service can do little beside its work."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
UNIT = (ROOT / "deploy" / "longshore.service").read_text()
PAGE = (ROOT / "docs" / "how-to" / "deploy-one-machine.md").read_text()

needs_systemd = pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="there is no systemd-analyze")


@pytest.fixture
def unit(tmp_path):
    """Write the unit with a command that this machine has: `verify` looks for it."""
    path = tmp_path / "longshore.service"
    path.write_text(UNIT.replace("/opt/longshore/bin/longshore", sys.executable))
    return path


@needs_systemd
def test_systemd_finds_no_fault_in_the_unit(unit):
    done = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@needs_systemd
def test_the_service_is_well_confined(unit):
    """The score goes from 0 (confined) to 10 (can do anything); the threshold is ten times that."""
    command = ["systemd-analyze", "security", "--offline=true", "--threshold=20", "--no-pager", unit]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if "unrecognized option" in done.stderr:
        pytest.skip("this systemd cannot look at a unit that is not installed")
    assert done.returncode == 0, done.stdout


def test_the_folders_of_the_unit_are_those_that_the_page_makes():
    folder = re.search(r"^WorkingDirectory=(.*)$", UNIT, re.MULTILINE)[1]
    assert f"--home-dir {folder} longshore" in PAGE
    assert f"cd {folder} && /opt/longshore/bin/longshore init --group longshore" in PAGE
    assert f"\nReadWritePaths={folder}\n" in UNIT
    assert f"\nRequiresMountsFor={folder}\n" in UNIT
    assert "longshore serve --log-format json\n" in UNIT


def test_its_documentation_is_installed_with_the_wheel():
    place = re.search(r"^Documentation=file:///opt/longshore/(.*)$", UNIT, re.MULTILINE)[1]
    shared = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    (source,) = [source for source, target in shared["shared-data"].items() if target == place]
    assert (ROOT / source).read_text() == PAGE
