"""A project of its own for a test, the `longshore serve` that runs on it, and its Prefect API by plain HTTP."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[2]
FLOW = "longshore-ingest"
# Generous: the machine may be busy. No test asserts seconds.
PATIENCE_SECONDS = 600.0
# What a command says to a server that is there and has no time for it.
BUSY = "no Prefect API answers there (timed out)"


def until(what: str, found: Callable[[], Any], seconds: float = PATIENCE_SECONDS, every: float = 0.5) -> Any:
    """Wait until `found()` is true and give it; fail with `what` otherwise."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = found()
        if value:
            return value
        time.sleep(every)
    pytest.fail(f"Waited {seconds:.0f} s in vain for {what}.")


def clean_environment(**more: str) -> dict[str, str]:
    """Give the environment without anything that configures Prefect or Longshore, and with this clone importable."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "LONGSHORE_"))}
    return {**kept, "PYTHONPATH": str(ROOT / "src"), "PYTHONUNBUFFERED": "1", **more}


def free_port() -> int:
    """Give a port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Api:
    """A Prefect API by plain HTTP, as any program may use it."""

    url: str
    csrf: dict[str, str] | None = None

    def get(self, path: str) -> Any:
        return self._ask("GET", path, None)

    def post(self, path: str, body: dict[str, Any]) -> Any:
        return self._ask("POST", path, body)

    def patch(self, path: str, body: dict[str, Any]) -> Any:
        return self._ask("PATCH", path, body)

    def delete(self, path: str) -> None:
        self._ask("DELETE", path, None)

    def _ask(self, method: str, path: str, body: dict[str, Any] | None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"} | ({} if method == "GET" else self._csrf_headers())
        request = urllib.request.Request(f"{self.url}{path}", data, headers, method=method)

        def answer() -> bytes | None:
            try:
                with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as response:
                    return response.read() or b"null"
            except urllib.error.HTTPError as error:
                # A server on a busy machine says so when its SQLite is locked; Prefect's own client asks again too.
                if error.code != 503:
                    raise
                return None

        return json.loads(until(f"an answer to {method} {path}", answer))

    def _csrf_headers(self) -> dict[str, str]:
        """Ask for a CSRF token, as each client of a server that wants one must."""
        if self.csrf is None:
            client = str(uuid.uuid4())
            try:
                token = self.get(f"/csrf-token?client={client}")["token"]
                self.csrf = {"Prefect-Csrf-Client": client, "Prefect-Csrf-Token": token}
            except urllib.error.HTTPError as error:
                # A server without CSRF protection has no tokens.
                if error.code != 422:
                    raise
                self.csrf = {}
        return self.csrf

    def deployment(self, name: str) -> Any:
        return self.get(f"/deployments/name/{name}")

    def start(self, deployment: str, **parameters: Any) -> str:
        """Start a run of a deployment by hand, and give its id."""
        found = self.deployment(deployment)
        return str(self.post(f"/deployments/{found['id']}/create_flow_run", {"parameters": parameters})["id"])

    def run(self, run_id: str) -> Any:
        return self.get(f"/flow_runs/{run_id}")

    def runs(self, flow: str) -> list[Any]:
        """Give the runs of a flow, the latest first."""
        body = {"flows": {"name": {"any_": [flow]}}, "sort": "EXPECTED_START_TIME_DESC", "limit": 200}
        return list(self.post("/flow_runs/filter", body))

    def events(self, name: str) -> list[Any]:
        body = {"filter": {"event": {"name": [name]}}, "limit": 50}
        return list(self.post("/events/filter", body)["events"])

    def artifacts(self, key: str) -> list[Any]:
        return list(self.post("/artifacts/filter", {"artifacts": {"key": {"any_": [key]}}, "sort": "UPDATED_DESC"}))

    def ended(self, run_id: str) -> Any:
        """Wait until a run has ended and give it."""
        final = {"COMPLETED", "FAILED", "CANCELLED", "CRASHED"}

        def look() -> Any:
            run = self.run(run_id)
            return run if run["state_type"] in final else None

        return until(f"the end of run {run_id}", look)


@dataclass
class Project:
    """A project of its own, and the `longshore serve` that runs on it."""

    folder: Path
    environment: dict[str, str] = field(default_factory=clean_environment)
    process: subprocess.Popen[bytes] | None = None
    doomed_run: str = ""

    @property
    def landing(self) -> Path:
        return self.folder / "landing"

    @property
    def records(self) -> Path:
        return self.folder / "warehouse" / "records"

    @property
    def output(self) -> str:
        return (self.folder / "serve.out").read_text("utf-8", "replace")

    @property
    def api(self) -> Api:
        return Api(json.loads((self.folder / ".longshore/serve.json").read_text())["api_url"])

    def drop(self, name: str, text: str | bytes) -> None:
        """Put a file into landing as a careful tool does: written elsewhere and renamed."""
        path = self.landing / name
        path.parent.mkdir(parents=True, exist_ok=True)
        new = path.with_name(f".{path.name}.new")
        new.write_bytes(text if isinstance(text, bytes) else text.encode())
        new.rename(path)

    def longshore(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a command of the project to its end."""
        return subprocess.run(
            [sys.executable, "-m", "longshore", *arguments],
            cwd=self.folder,
            env={**self.environment, **environment},
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )

    def serve(self, *arguments: str) -> None:
        """Start `longshore serve` and wait until it says that it serves.

        A server of others gets ten seconds for its first answer, by promise; on a busy machine it may need more.
        """
        until("longshore serve", lambda: self._serve_once(arguments))

    def _serve_once(self, arguments: tuple[str, ...]) -> bool:
        with (self.folder / "serve.out").open("wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "longshore", "serve", *arguments],
                cwd=self.folder,
                env=self.environment,
                stdout=out,
                stderr=subprocess.STDOUT,
            )

        process = self.process

        def serving_or_gone() -> bool:
            return "Stop it with Ctrl-C." in self.output or process.poll() is not None

        until("longshore serve", serving_or_gone)
        assert process.poll() is None or BUSY in self.output, self.output
        return process.poll() is None

    def stop(self) -> int:
        """End it by SIGTERM and give its exit code; its own children must have gone with it."""
        assert self.process is not None
        children = descendants(self.process.pid)
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(60)
        until("the end of all that it had started", lambda: not any(alive(pid) for pid in children), 30)
        return code

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Ask DuckDB about the records; nothing where there are none yet."""
        import duckdb

        if not any(self.records.glob("*/*.parquet")):
            return []
        view = f"read_parquet('{self.records}/**/*.parquet', hive_partitioning = true)"
        return duckdb.sql(sql.replace("records", view)).fetchall()


def descendants(pid: int) -> list[int]:
    """Give the processes that a process has started, and theirs, from /proc."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError, IndexError, ValueError):
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                parents.setdefault(parent, []).append(int(entry.name))
    found, left = [], [pid]
    while left:
        children = parents.get(left.pop(), [])
        found += children
        left += children
    return found


def alive(pid: int) -> bool:
    """Say whether a process runs; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def make_project(folder: Path, **environment: str) -> Project:
    """Make the folders and settings of a project whose files are stable at once."""
    (folder / "landing").mkdir(parents=True)
    (folder / "longshore.toml").write_text(
        f"stable_seconds = 0\nserver_port = {free_port()}\nmax_files_per_batch = 100\nworkers = 2\n"
    )
    return Project(folder, clean_environment(**environment))


def end(project: Project) -> None:
    """Kill what a project still has running: for the end of a test that failed."""
    if project.process is None or project.process.poll() is not None:
        return
    left = descendants(project.process.pid)
    project.process.kill()
    project.process.wait(30)
    for pid in left:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


# So many that a run of them is still at work when somebody has seen that it is, also on a machine three times as fast.
ENOUGH_FILES = 4000

_WORDS = (
    "harbour crane cargo morning tide captain ledger rope bell market bread winter letter bridge lantern "
    "river village council engine signal garden teacher weather journey window paper story station evening shoulder"
)


def texts(count: int, words: int, seed: int) -> list[str]:
    """Give texts that are all different and take some work each."""
    chance = random.Random(seed)
    return [" ".join(chance.choices(_WORDS.split(), k=words)) + f" number {seed}-{i}.\n" for i in range(count)]


def run_at_work(served: Project) -> tuple[str, int]:
    """Give the run that holds the warehouse, and its process."""
    deployment = served.api.deployment(f"{FLOW}/ingest")["id"]

    def look() -> tuple[str, int] | None:
        ours = [run for run in served.api.runs(FLOW) if run["deployment_id"] == deployment]
        running = [run["id"] for run in ours if run["state_type"] == "RUNNING"]
        note = (served.folder / "warehouse/_longshore/run.lock").read_text()
        return (running[0], json.loads(note)["pid"]) if len(running) == 1 and note else None

    return until("one run at work", look, every=0.1)
