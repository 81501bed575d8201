"""A PostgreSQL of the tests' own: in a folder of its own, on a socket, gone when they end."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

# Quick, because nothing here must outlive a power cut; a process that is killed loses nothing by it.
_QUICK = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=40", "shared_buffers=64MB")
_START_SECONDS = 60


class NoPostgresqlError(Exception):
    """There is none to start here; the message says why."""


class Postgresql:
    """A server that runs; `url(database)` is what `ledger_url` takes.

    listen: an address on which it takes connections of everybody; empty: on its socket alone. inside: a command, run as
    root, that runs the server elsewhere.
    """

    def __init__(self, listen: str = "", inside: Sequence[str] = ()) -> None:
        self._listen, self._inside = listen, inside
        self._bin = _programs()
        self._user = _unprivileged_user()
        # A socket's path may have 107 bytes: pytest's folders are too deep.
        self.folder = Path(tempfile.mkdtemp(prefix="longshore-pg-"))
        self._made = 0
        try:
            if self._user:
                os.chown(self.folder, self._user.pw_uid, self._user.pw_gid)
            self._run("initdb", "-D", self.folder / "data", "-U", "longshore", "-A", "trust", "-E", "UTF8", "--no-sync")
            if listen:
                with (self.folder / "data/pg_hba.conf").open("a") as rules:
                    rules.write("host all all all trust\n")
            self._server = self._start()
        except BaseException:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise

    def url(self, database: str = "postgres") -> str:
        if self._listen:
            return f"postgresql+psycopg://longshore@{self._listen}/{database}"
        return f"postgresql+psycopg://longshore@/{database}?host={self.folder}"

    def new_database(self) -> str:
        """Make an empty database and give its URL."""
        self._made += 1
        name = f"ledger_{self._made}"
        self._run("createdb", "-h", self.folder, "-U", "longshore", name)
        return self.url(name)

    def restart(self) -> None:
        """Let the server die as in a crash, and start it again."""
        self._server.send_signal(signal.SIGQUIT)
        self._server.wait(_START_SECONDS)
        self._server = self._start()

    def stop(self) -> None:
        # At once: what it holds is thrown away.
        self._server.send_signal(signal.SIGQUIT)
        self._server.wait(_START_SECONDS)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _start(self) -> subprocess.Popen[bytes]:
        options = [part for option in _QUICK for part in ("-c", option)]
        command = [str(self._bin / "postgres"), "-D", "data", "-k", str(self.folder)]
        command += ["-c", f"listen_addresses={self._listen}", *options]
        user = self._as_user()
        if self._inside:
            # Only root may go there; the server becomes its user afterwards.
            drop = [f"--reuid={user['user']}", f"--regid={user['group']}", "--clear-groups"] if user else []
            command, user = [*self._inside, *(["setpriv", *drop] if drop else []), *command], {}
        with (self.folder / "log").open("ab") as log:
            server = subprocess.Popen(command, cwd=self.folder, stdout=log, stderr=log, **user)
        deadline = time.monotonic() + _START_SECONDS
        while subprocess.run([self._bin / "pg_isready", "-q", "-h", self.folder], check=False).returncode:
            if server.poll() is not None or time.monotonic() > deadline:
                server.kill()
                raise NoPostgresqlError(f"PostgreSQL does not start: {(self.folder / 'log').read_text()[-500:]}")
            time.sleep(0.05)
        return server

    def _run(self, program: str, *arguments: object) -> None:
        command = [self._bin / program, *map(str, arguments)]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=False, **self._as_user())
        if done.returncode:
            raise NoPostgresqlError(f"{program} fails: {done.stderr[-500:]}")

    def _as_user(self) -> dict[str, object]:
        if not self._user:
            return {}
        return {"user": self._user.pw_uid, "group": self._user.pw_gid, "extra_groups": []}


def _programs() -> Path:
    """Find the newest server; Debian keeps it out of PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[4].split(".")[0]))
    anywhere = shutil.which("initdb")
    if found:
        return found[-1].parent
    if anywhere:
        return Path(anywhere).parent
    raise NoPostgresqlError("there is no PostgreSQL server here: `apt-get install postgresql` brings it")


def _unprivileged_user() -> pwd.struct_passwd | None:
    """Give whom the server runs as: it refuses root."""
    if os.geteuid():
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise NoPostgresqlError("PostgreSQL does not run as root, and there is no other user here")
