"""Hosts on one machine: network namespaces, each with its own address, joined by a switch that can cut each one off.

Nothing outside the namespaces changes, and they end with the test. This needs root and iproute2.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]
NETWORK = "10.77.0"
PATIENCE_SECONDS = 300


class NoHostsError(Exception):
    """Namespaces cannot be made here; the message says why."""


def until(found: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not found():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.1)


class Host:
    """One host: a namespace with one address."""

    def __init__(self, network: Network, name: str, number: int) -> None:
        self.name, self.address = name, f"{NETWORK}.{number}"
        self._network, self._port = network, f"port{number}"
        self.namespace = f"{network.prefix}-{name}"
        self.folder = network.folder / name
        self.folder.mkdir()
        _ip("netns", "add", self.namespace)
        inside = ("-n", self.namespace)
        _ip("-n", network.switch, "link", "add", self._port, "type", "veth", "peer", "name", "eth0")
        _ip("-n", network.switch, "link", "set", "eth0", "netns", self.namespace)
        _ip("-n", network.switch, "link", "set", self._port, "master", "switch", "up")
        _ip(*inside, "address", "add", f"{self.address}/24", "dev", "eth0")
        _ip(*inside, "link", "set", "eth0", "up")
        _ip(*inside, "link", "set", "lo", "up")

    def cut(self) -> None:
        """Pull the cable: nothing gets in or out, and nobody is told."""
        _ip("-n", self._network.switch, "link", "set", self._port, "down")

    def join(self) -> None:
        """Put the cable back."""
        _ip("-n", self._network.switch, "link", "set", self._port, "up")

    def inside(self, *command: object) -> list[str]:
        """Return a command that runs another one on this host."""
        return ["ip", "netns", "exec", self.namespace, *map(str, command)]

    def start(self, *command: object, **environment: str) -> subprocess.Popen[str]:
        """Start a program on this host, with pipes to talk to it; its errors go to a log in the host's folder."""
        with (self.folder / "log").open("a") as log:
            process = subprocess.Popen(
                self.inside(*command),
                cwd=self.folder,
                env=self._network.environment | environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,
            )
        self._network.processes.append(process)
        return process

    def python(self, *arguments: object, **environment: str) -> subprocess.Popen[str]:
        return self.start(sys.executable, *arguments, **environment)

    def answers(self, port: int) -> bool:
        """Return whether something listens on a port of this host."""
        code = f"import socket; socket.create_connection(('{self.address}', {port}), 2)"
        done = subprocess.run(self.inside(sys.executable, "-c", code), capture_output=True, check=False)
        return done.returncode == 0


class Network:
    """The hosts and their switch; a context manager."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.prefix = f"longshore-{os.getpid()}"
        self.switch = f"{self.prefix}-switch"
        self.hosts: list[Host] = []
        self.processes: list[subprocess.Popen[str]] = []
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("LONGSHORE_", "PREFECT_"))}
        self.environment = {**kept, "PYTHONPATH": os.pathsep.join((str(ROOT / "src"), str(ROOT)))}

    def __enter__(self) -> Self:
        try:
            _ip("netns", "add", self.switch)
            _ip("-n", self.switch, "link", "add", "switch", "type", "bridge")
            _ip("-n", self.switch, "link", "set", "switch", "up")
        except (OSError, subprocess.CalledProcessError) as error:
            self.__exit__()
            raise NoHostsError(f"network namespaces cannot be made here: {error}") from None
        return self

    def add(self, name: str) -> Host:
        host = Host(self, name, len(self.hosts) + 1)
        self.hosts.append(host)
        return host

    def __exit__(self, *_: object) -> None:
        for process in reversed(self.processes):
            end(process)
        for namespace in (*(host.namespace for host in self.hosts), self.switch):
            with contextlib.suppress(OSError, subprocess.CalledProcessError):
                _ip("netns", "delete", namespace)


def end(process: subprocess.Popen[str]) -> None:
    """Kill a program and all that it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True)
