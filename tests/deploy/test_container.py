"""The container: built and run where `buildah`, `podman` and `debootstrap` are; its files are checked everywhere.

No registry can be reached from here, so the image is built on a Debian that `debootstrap` makes, from wheels of the
pinned packages. `PYTHON_IMAGE` is what a user changes, too.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

import pytest
import yaml

from longshore.settings import ENV_PREFIX, Settings
from tests.flows.project import until

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "deploy" / "Dockerfile").read_text()
COMPOSE = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text())["services"]["longshore"]
TOOLS = ("buildah", "podman", "debootstrap")
MISSING = [tool for tool in TOOLS if not shutil.which(tool)] + (["root"] if os.geteuid() else [])
UID = 10_001
# `crun` takes only the second version of control groups, which it is not asked to use.
NAMESPACE = ("unshare", "--mount", "sh", "-c", 'mount -t cgroup2 none /sys/fs/cgroup && exec "$@"', "sh")
# Asks for an address under a name of the server, and prints the status of the answer.
ASK = """
import http.client, sys, urllib.parse
url = urllib.parse.urlsplit(sys.argv[1])
connection = http.client.HTTPConnection(url.hostname, url.port, timeout=60)
connection.request("GET", url.path, headers={"Host": sys.argv[2]})
print(connection.getresponse().status)
"""


def test_the_build_gets_every_file_that_the_package_is_built_from():
    lines = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]
    assert lines[0] == "*", "nothing but what is listed"
    let_through = [line.removeprefix("!") for line in lines if line.startswith("!")]
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text())
    project, hatch = pyproject["project"], pyproject["tool"]["hatch"]
    wheel = hatch["build"]["targets"]["wheel"]
    needed = [project["readme"], *project["license-files"], hatch["version"]["path"], *wheel["packages"]]
    needed += [*wheel["force-include"], *wheel["shared-data"], "pyproject.toml", "constraints.txt"]
    for path in needed:
        assert any(path == name or path.startswith(f"{name}/") for name in let_through), path


def test_the_dockerfile_and_the_compose_file_agree():
    volumes = set(json.loads(re.search(r"^VOLUME (\[.*\])$", DOCKERFILE, re.MULTILINE)[1]))
    mounts = dict(reversed(mount.split(":")) for mount in COMPOSE["volumes"])
    assert set(mounts) == volumes
    assert re.search(r"^EXPOSE (\d+)$", DOCKERFILE, re.MULTILINE)[1] == COMPOSE["ports"][0].rpartition(":")[2]
    assert (ROOT / "deploy" / COMPOSE["build"]["context"] / COMPOSE["build"]["dockerfile"]).exists()
    assert set(COMPOSE["build"]["args"]) <= set(re.findall(r"^ARG (\w+)", DOCKERFILE, re.MULTILINE))


def test_the_port_is_published_on_loopback_and_asks_for_a_login():
    assert all(port.startswith("127.0.0.1:") for port in COMPOSE["ports"])
    assert "LONGSHORE_SERVER_HOST=0.0.0.0" in DOCKERFILE
    assert "LONGSHORE_SERVER_LOGIN=true" in DOCKERFILE


def test_the_variables_are_settings():
    names = {*re.findall(rf"{ENV_PREFIX}(\w+)=", DOCKERFILE)}
    names |= {name.removeprefix(ENV_PREFIX) for name in COMPOSE["environment"] if name.startswith(ENV_PREFIX)}
    assert {name.lower() for name in names} <= set(Settings.model_fields)
    Settings.model_validate({name.removeprefix(ENV_PREFIX).lower(): v for name, v in COMPOSE["environment"].items()})


class Engine:
    """Buildah and podman with a store of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._store = ["--storage-driver", "vfs", "--root", str(folder / "store"), "--runroot", str(folder / "run")]

    def run(self, tool: str, *arguments: str | Path, check: bool = True) -> str:
        """Run one of the two and return what it printed."""
        more = ["--cgroup-manager", "cgroupfs", "--events-backend", "file"] if tool == "podman" else []
        command = [*NAMESPACE, tool, *self._store, *more, *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert not check or done.returncode == 0, f"{' '.join(command)}\n{done.stdout[-3000:]}{done.stderr[-3000:]}"
        return done.stdout.strip()

    def inside(self, *command: str) -> str:
        """Run a command in the container that runs."""
        return self.run("podman", "exec", "longshore-test", *command)


def mirror() -> str:
    """Return where this machine gets its Debian packages from."""
    listed = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(SITE)"], capture_output=True, text=True, check=True
    )
    return next(site for site in listed.stdout.split() if "security" not in site)


def make_base(engine: Engine) -> None:
    """Make an image of a Debian that has Python."""
    tree = engine.folder / "debian"
    release = re.search(r"^VERSION_CODENAME=(.*)$", Path("/etc/os-release").read_text(), re.MULTILINE)[1]
    packages = "--include=python3,python3-venv"
    subprocess.run(["debootstrap", "--variant=minbase", packages, release, tree, mirror()], check=True, stdout=-3)
    container = engine.run("buildah", "from", "scratch")
    engine.run("buildah", "add", "--quiet", container, tree, "/")
    engine.run("buildah", "commit", "--quiet", "--rm", container, "localhost/debian-python")
    shutil.rmtree(tree)


def make_wheels(folder: Path) -> None:
    """Collect the pinned packages that the image installs, and what builds the wheel."""
    extras = re.search(r'"/src\[(.*?)\]"', DOCKERFILE)[1]
    pins = ["-c", str(ROOT / "constraints.txt")]
    # Debian's first Python 3.11 needs async-timeout, later ones do not.
    for wanted in ([*pins, f"{ROOT}[{extras}]"], ["hatchling", "async-timeout"]):
        subprocess.run([sys.executable, "-m", "pip", "wheel", "-q", "-w", folder, *wanted], check=True)
    for built in folder.glob("longshore-*"):
        built.unlink()


@pytest.fixture
def engine():
    """Build the image as the page says, from wheels on this disk; its layers are too large for a disk in memory."""
    with tempfile.TemporaryDirectory(prefix="longshore-image-", dir="/var/tmp") as folder:
        engine = Engine(Path(folder))
        build_image(engine)
        yield engine
        engine.run("podman", "rm", "--force", "--time", "0", "longshore-test", check=False)


def build_image(engine):
    """Make the base, the wheels, and the image from them."""
    folder = engine.folder
    make_base(engine)
    make_wheels(folder / "wheels")
    (folder / "pip.conf").write_text("[global]\nno-index = true\nfind-links = /wheels\n")
    mounts = [f"--volume={folder / 'wheels'}:/wheels:ro", f"--volume={folder / 'pip.conf'}:/etc/pip.conf:ro"]
    # The format that has health checks.
    options = ["--isolation", "chroot", "--format", "docker", "--build-arg", "PYTHON_IMAGE=localhost/debian-python"]
    options += [*mounts, "--file", str(ROOT / "deploy/Dockerfile"), "--tag", "localhost/longshore"]
    engine.run("buildah", "build", *options, ROOT)


@pytest.mark.timeout(3600)
@pytest.mark.skipif(bool(MISSING), reason=f"not here: {', '.join(MISSING)}; the Dockerfile is only read")
def test_the_container_ingests_asks_for_a_login_and_stops_in_order(engine, tmp_path):
    folders = {name: tmp_path / "project" / name for name in ("landing", "warehouse", ".longshore")}
    for folder in folders.values():
        folder.mkdir(parents=True)
        os.chown(folder, UID, UID)
    shutil.copytree(ROOT / "tests" / "samples", folders["landing"] / "samples")
    for path in [folders["landing"] / "samples", *(folders["landing"] / "samples").iterdir()]:
        os.chown(path, UID, UID)
    mounts = [f"--volume={folder}:/srv/longshore/{name}" for name, folder in folders.items()]
    confined = [
        "--network=none",
        "--cgroups=disabled",
        "--ulimit=nofile=1024:1024",
        "--ulimit=nproc=1000:1000",
        "--read-only",
        "--tmpfs=/tmp",
        "--cap-drop=ALL",
    ]
    start = ["run", "--detach", "--pull=never", "--name=longshore-test", *confined, *mounts, "localhost/longshore"]
    engine.run("podman", *start)

    def records():
        return list((folders["warehouse"] / "records").glob("*/*.parquet"))

    until("records in the mounted warehouse", records, every=3)
    (healthy,) = re.findall(r"^HEALTHCHECK .*\\\n\s+CMD (\[.*\])$", DOCKERFILE, re.MULTILINE)
    engine.inside(*json.loads(healthy))
    page, api = "http://127.0.0.1:4200/", "http://127.0.0.1:4200/api/admin/version"
    assert engine.inside("python", "-c", ASK, page, "files.example:4200") == "200", "the page asks for the login"
    for host in ("127.0.0.1:4200", "files.example:4200"):
        assert engine.inside("python", "-c", ASK, api, host) == "401", "no answer without a login"
    assert engine.inside("cat", ".longshore/login").startswith("longshore:")
    assert json.loads(engine.inside("longshore", "status", "--json"))["records"] == 10
    assert {path.stat().st_uid for path in folders["landing"].rglob("*")} == {UID}
    engine.run("podman", "stop", "--time", "60", "longshore-test")
    ended = json.loads(engine.run("podman", "inspect", "longshore-test"))[0]["State"]
    assert (ended["ExitCode"], ended["OOMKilled"]) == (0, False)
    lines = engine.run("podman", "logs", "longshore-test").splitlines()
    assert all(json.loads(line)["message"] for line in lines)
