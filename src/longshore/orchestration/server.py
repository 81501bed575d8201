"""The embedded Prefect server: a child process, with its database under `.longshore/`.

Promised: it listens on `server_host` only, by default loopback, and answers to no other site's page (`access.py`); it
ends with the process that started it, also when that one is killed; its database is kept in bounds. Not promised: that
it suits more than one machine. For that, run a Prefect server as its own service and set PREFECT_API_URL.

Run as a module, this file is that child.
"""

from __future__ import annotations

import ctypes
import errno
import os
import signal
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from longshore.errors import LongshoreError
from longshore.orchestration.access import (
    EVERY_ADDRESS,
    LOGIN_VARIABLE,
    LOOPBACK_NAMES,
    OwnOriginOnly,
    is_loopback,
    login_of,
    names_of,
    open_private,
)
from longshore.orchestration.api import QUIET, answers

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from sqlalchemy.ext.asyncio import AsyncSession, AsyncSessionTransaction

# A first start makes the database: 13 s here, much more on a small machine with a slow disk.
_START_SECONDS = 300.0
_STOP_SECONDS = 4.0
_LOG_BYTES = 5_000_000

# A run a minute is half a million a year: runs and their events are kept for two weeks, reports and logs with them.
_BOUNDS = {
    "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs",
    "PREFECT_SERVER_SERVICES_DB_VACUUM_RETENTION_PERIOD": "P14D",
    "PREFECT_SERVER_EVENTS_RETENTION_PERIOD": "P3D",
}
# What task runs tell is written together, at most a second late, and not each word by itself: a third of what the
# server takes from a run that has many batches.
_TOGETHER = {
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE": "50",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_FLUSH_INTERVAL": "1",
}
# Longer polling intervals for the embedded server, each with its reason. The loop that plans runs keeps its default
# (60 s), because a schedule that somebody turns on or changes on the page waits for it.
POLL_INTERVALS = {
    # A deployment that was rebuilt, as with each start of ours, has its runs planned this soon after.
    "PREFECT_SERVER_SERVICES_SCHEDULER_RECENT_DEPLOYMENTS_LOOP_SECONDS": "20",
    # With heartbeats of 30 s and a patience of 90 s, a silent run is `Crashed` within two minutes.
    "PREFECT_SERVER_EVENTS_PROACTIVE_GRANULARITY": "PT15S",
    # The word `Late` on the page; nobody can be late here for long but after the machine was asleep.
    "PREFECT_SERVER_SERVICES_LATE_RUNS_LOOP_SECONDS": "60",
    # The task runs of a cancelled run say so a minute later; the run itself says it at once.
    "PREFECT_SERVER_SERVICES_CANCELLATION_CLEANUP_LOOP_SECONDS": "60",
    # Concurrency limits that somebody makes on the page: a slot whose holder died is free again.
    "PREFECT_SERVER_SERVICES_REPOSSESSOR_LOOP_SECONDS": "60",
    # Nothing of ours pauses, works in a pool, or leases messages.
    "PREFECT_SERVER_SERVICES_PAUSE_EXPIRATIONS_LOOP_SECONDS": "300",
    "PREFECT_SERVER_SERVICES_FOREMAN_LOOP_SECONDS": "300",
    "PREFECT_SERVER_SERVICES_CLEANUP_RECONCILER_LOOP_SECONDS": "300",
}


class EmbeddedServer:
    """One `prefect server` child. `start` it, ask `is_alive`, `stop` it."""

    def __init__(self, state: Path, host: str, port: int, *, login: bool = False) -> None:
        """Store the folder for its files, its address, and whether to ask for a login. A free port near `port` is used.

        A login that the user has set for the server (PREFECT_SERVER_API_AUTH_STRING) is used in any case.
        """
        given = os.environ.get("PREFECT_SERVER_API_AUTH_STRING")
        self.login = given or (login_of(state) if login else None)
        self.home = state / "prefect"
        self.log = state / "server.log"
        self.host = host
        self.port = free_port(host, port)
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def page_url(self) -> str:
        """Where its web page is, for this machine."""
        return f"http://{LOOPBACK_NAMES[0] if self.host == EVERY_ADDRESS else self.host}:{self.port}"

    @property
    def warning(self) -> str | None:
        """A sentence on what is dangerous about its address, or None."""
        if is_loopback(self.host) or self.login:
            return None
        return (
            f"The Prefect server listens on {self.host} without a login: whoever reaches port {self.port} can start "
            "and cancel runs and read their logs. Set `server_login = true`."
        )

    @property
    def api_url(self) -> str:
        """Where its API is."""
        return f"{self.page_url}/api"

    @property
    def is_alive(self) -> bool:
        """Whether the child runs."""
        return self._child is not None and self._child.poll() is None

    def start(self) -> None:
        """Start the child; it answers a while later."""
        self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self.log.exists() and self.log.stat().st_size > _LOG_BYTES:
            self.log.replace(self.log.with_suffix(".log.1"))
        with open_private(self.log, "ab") as log:
            self._child = subprocess.Popen(  # noqa: S603 - ourselves, and a number
                [sys.executable, "-m", "longshore.orchestration.server", self.host, str(self.port)],
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # Ctrl-C at a terminal reaches us alone; we end it when the runs in progress have said how they ended.
                start_new_session=True,
            )

    def wait(self, while_waiting: Callable[[], None] = lambda: None) -> None:
        """Wait until it answers.

        Raises:
            LongshoreError: it ended or did not answer in time; the message shows the end of its log.
        """
        deadline = time.monotonic() + _START_SECONDS
        while answers(self.api_url, 2.0) is not None:
            if not self.is_alive or time.monotonic() > deadline:
                self.stop()
                raise LongshoreError(f"The Prefect server did not start. The end of {self.log}:\n{self._end_of_log()}")
            while_waiting()
            time.sleep(0.2)
        # Prefect copies its page with the modes that the installation has.
        for path in (*self.home.glob("ui"), *self.home.glob("ui/**/*")):
            path.chmod(0o700 if path.is_dir() else 0o600)

    def stop(self) -> None:
        """End it: asked first, then killed."""
        if self._child is None:
            return
        self._child.terminate()
        try:
            self._child.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        self._child = None

    def _environment(self) -> dict[str, str]:
        ours = {
            "PREFECT_HOME": str(self.home),
            # Prefect writes its page into its own package otherwise, which the user of a service may not do.
            "PREFECT_SERVER_UI_STATIC_DIRECTORY": str(self.home / "ui"),
            "PREFECT_SERVER_LOGGING_LEVEL": "WARNING",
            **POLL_INTERVALS,
            **_BOUNDS,
            **_TOGETHER,
            **QUIET,
        }
        return {
            **ours,
            # What the user sets for the server wins: another database, other bounds.
            **os.environ,
            "PREFECT_SERVER_API_HOST": self.host,
            "PREFECT_SERVER_API_PORT": str(self.port),
            "PREFECT_API_URL": self.api_url,
            # Where the page was loaded from, under whichever name.
            "PREFECT_UI_API_URL": "/api",
            "PREFECT_SERVER_CORS_ALLOWED_ORIGINS": ",".join(f"http://{name}:{self.port}" for name in LOOPBACK_NAMES),
            "PREFECT_SERVER_CSRF_PROTECTION_ENABLED": "true",
            **({"PREFECT_SERVER_API_AUTH_STRING": self.login, LOGIN_VARIABLE: self.login} if self.login else {}),
            "LONGSHORE_SERVER_PARENT": str(os.getpid()),
        }

    def _end_of_log(self) -> str:
        try:
            return "\n".join(self.log.read_text("utf-8", "replace").splitlines()[-12:])
        except OSError as error:
            return str(error)


def free_port(host: str, wanted: int) -> int:
    """Return the wanted port, or the next one above it that is free.

    Raises:
        LongshoreError: none of a hundred is.
    """
    for port in range(wanted, min(wanted + 100, 65_536)):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError as error:
                if error.errno in (errno.EADDRINUSE, errno.EACCES):
                    continue
                problem = f"This machine cannot listen on {host!r} ({error.strerror})."
                raise LongshoreError(f"{problem} Set `server_host` to one of its addresses.") from None
            return port
    raise LongshoreError(f"No port from {wanted} to {wanted + 99} is free. Set `server_port` to another.")


def _die_with(parent: int) -> None:
    """Have the kernel end this process with its parent, so that a killed `longshore serve` leaves no server behind."""
    pr_set_pdeathsig = 1
    ctypes.CDLL(None, use_errno=True).prctl(pr_set_pdeathsig, signal.SIGTERM)
    if os.getppid() != parent:
        sys.exit(0)


def _lock_before_reading() -> None:
    """Make the server's transactions on SQLite take the write lock when they begin.

    Its own way is to begin by reading and to ask for the lock at the first write, which SQLite refuses at once where
    another has written meanwhile: on a busy machine services fail with `database is locked` and clients get 503s for
    as long as it stays busy. One that asks at the start waits its turn.
    """
    from prefect.server.database.configurations import AioSqliteConfiguration  # noqa: PLC0415 - the server child only

    begin = AioSqliteConfiguration.begin_transaction

    def begin_immediately(
        self: AioSqliteConfiguration,
        session: AsyncSession,
        with_for_update: bool = True,  # noqa: ARG001, FBT001, FBT002 - as in Prefect
    ) -> AbstractAsyncContextManager[AsyncSessionTransaction]:
        return begin(self, session, with_for_update=True)

    AioSqliteConfiguration.begin_transaction = begin_immediately  # type: ignore[method-assign, assignment]  # the same, but for the lock


def main(host: str, port: str) -> None:
    """Be the server until told to end."""
    parent = int(os.environ.pop("LONGSHORE_SERVER_PARENT"))
    if sys.platform == "linux":
        _die_with(parent)
    # Its database and the journal beside it are for their owner only.
    os.umask(0o077)
    _lock_before_reading()
    import uvicorn  # noqa: PLC0415 - the server child only
    from prefect.server.api.server import create_app  # noqa: PLC0415 - the server child only

    names = names_of(host, login="PREFECT_SERVER_API_AUTH_STRING" in os.environ)
    uvicorn.run(OwnOriginOnly(create_app(final=True), names), host=host, port=int(port), log_level="warning")


if __name__ == "__main__":
    main(*sys.argv[1:])
