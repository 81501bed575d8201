"""A Dask cluster of real processes: a scheduler and workers, each of which a test may stop or kill."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

ROOT = Path(__file__).parents[1]
PATIENCE_SECONDS = 240


def until(found: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not found():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.05)


class Processes:
    """A scheduler on loopback, and the workers that are added."""

    def __init__(self, folder: Path, worker_ttl: str = "5 minutes") -> None:
        self.folder = folder
        self.worker_ttl = worker_ttl
        self.all: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Self:
        where = self.folder / "scheduler.json"
        self.scheduler = self._start(
            "scheduler", "--scheduler-file", str(where), "--host", "127.0.0.1", "--port", "0", "--no-dashboard"
        )
        until(where.exists, "the scheduler")
        import json

        until(lambda: where.read_text().endswith("}"), "the scheduler's address")
        self.address = json.loads(where.read_text())["address"]
        return self

    def __exit__(self, *_: object) -> None:
        for process in reversed(self.all):
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.kill()
            process.wait()

    def worker(
        self, name: str = "", *, inside: Sequence[str] = (), python_path: str = "", **environment: str
    ) -> subprocess.Popen[bytes]:
        """Start a worker and wait for nothing. inside: a command that runs the rest of its arguments."""
        path = os.pathsep.join(part for part in (python_path, str(ROOT / "src"), str(ROOT)) if part)
        more = ["--no-nanny", "--nthreads", "1", "--no-dashboard", "--host", "127.0.0.1"]
        if name:
            more += ["--name", name]
        return self._start("worker", self.address, *more, inside=inside, PYTHONPATH=path, **environment)

    def workers(self) -> int:
        """Ask the scheduler how many workers it has."""
        from distributed import Client

        with Client(self.address, set_as_default=False) as client:
            return int(client.scheduler_info(n_workers=0)["n_workers"])

    def _start(self, what: str, *arguments: str, inside: Sequence[str] = (), **more: str) -> subprocess.Popen[bytes]:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("LONGSHORE_")}
        environment |= {
            "DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL": self.worker_ttl,
            "DASK_TEMPORARY_DIRECTORY": str(self.folder),
            **more,
        }
        command = [*inside, sys.executable, "-m", "dask", what, *arguments]
        with (self.folder / f"{what}.log").open("ab") as log:
            process = subprocess.Popen(
                command, cwd=self.folder, env=environment, stdout=log, stderr=log, start_new_session=True
            )
        self.all.append(process)
        return process
