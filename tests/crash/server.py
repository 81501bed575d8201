"""Run crash cases, one a line of JSON on standard input, each in processes forked from this warm one.

    python tests/crash/server.py FOLDER [LEDGER_URL]

A case: a landing folder is filled; a reader begins to loop over `records/`; a run, or a rewrite of what a run has
published, is begun with a fault armed, and may die of it; an ordinary run follows, and a third that must find nothing
to do; then everything is compared. The answer is a line of JSON with what is wrong.

Every case has the same folder and, on PostgreSQL, the same database, emptied: the statements that this process has
compiled once serve them all. What is wrong is kept under the case's name.
"""

from __future__ import annotations

import functools
import json
import os
import shutil
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from longshore.maintenance.rejections import retry
from longshore.storage.ledger import engine
from tests.crash import rewrites
from tests.crash.forks import fork, freeze, wait
from tests.crash.project import check, fill, ingest, settings_of, texts
from tests.crash.reading import read_until

if TYPE_CHECKING:
    from longshore.settings import Settings


@dataclass(frozen=True)
class Server:
    """Where the cases of this process run."""

    folder: Path
    ledger_url: str = ""

    @property
    def root(self) -> Path:
        """The folder of the case in hand."""
        return self.folder / "case"

    def settings(self, case: dict[str, Any]) -> Settings:
        """Give the settings of a case."""
        return settings_of(self.root, case["after_ingest"], self.ledger_url)

    def prepare(self) -> None:
        """Fill the landing folder of the next case, and empty its database."""
        fill(self.root / "landing")
        if self.ledger_url:
            engine = sa.create_engine(self.ledger_url)
            with engine.begin() as db:
                db.exec_driver_sql("DROP SCHEMA public CASCADE")
                db.exec_driver_sql("CREATE SCHEMA public")
            engine.dispose()

    def run(self, case: dict[str, Any]) -> dict[str, Any]:
        """Run one case from its beginning to its end; say whether its fault was reached, and what is wrong."""
        self.prepare()
        root, settings = self.root, self.settings(case)
        stop, marker = root / "stop", root / "fired"
        fault = f"{case['step']}:{case['kind']}:{case['nth']}" + (f":{marker}" if case["once"] else "")
        what = case.get("rewrite", "")
        if what and wait(fork(lambda: _ingest_in_two_runs(settings), root / "before.txt")):
            return {"fired": False, "wrong": [(root / "before.txt").read_text()], "first": ""}

        def read() -> str:
            return read_until(stop, root / "warehouse" / "records", rewritten=bool(what), may_go=what == "forget")

        def first() -> str:
            if what:
                return rewrites.rewrite(settings, what, fault)
            return ingest(settings, fault=fault, workers=case["workers"])

        reader = fork(read, root / "reader.txt")
        code = wait(fork(first, root / "first.txt"))
        status = wait(fork(lambda: "\n".join(_afterwards(settings, case)), root / "check.txt"))
        said = (root / "check.txt").read_text() if (root / "check.txt").exists() else f"the check died: {status}"
        wrong = said.splitlines()
        stop.touch()
        if wait(reader) != 0 or (root / "reader.txt").read_text():
            wrong.append((root / "reader.txt").read_text() or "the reader died")
        fired = marker.exists() if case["once"] else code != 0
        happened = (root / "first.txt").read_text() if (root / "first.txt").exists() else ""
        if wrong:
            root.rename(self.folder / case["name"])
        else:
            shutil.rmtree(root)
        return {"fired": fired, "wrong": wrong, "first": happened[-2000:]}

    def warm(self) -> None:
        """Import, and compile, here whatever is needed late, and not in every child again."""
        self.prepare()
        case = {"after_ingest": "archive", "kind": "eacces"}
        assert not _afterwards(self.settings(case), case)
        for what in rewrites.STEPS:
            rewrites.rewrite(self.settings(case), what)
        (self.root / "stop").touch()
        assert not read_until(self.root / "stop", self.root / "warehouse" / "records")
        shutil.rmtree(self.root)
        freeze()


def _ingest_in_two_runs(settings: Settings) -> str:
    """Ingest so that the table of deliveries has parts to merge, too."""
    half = settings.model_copy(update={"max_files_per_run": len(texts()) // 2})
    return f"{ingest(half)}, {ingest(half)}"


def _afterwards(settings: Settings, case: dict[str, Any]) -> list[str]:
    """Run as if nothing had been, then once more in vain; give what is wrong then."""
    what = case.get("rewrite", "")
    ingest(settings)
    if what:
        rewrites.rewrite(settings, what)
    # A file that may not be read is rejected: whoever gives the right to read it says `longshore retry`.
    if case["kind"] == "eacces" and retry(settings, reason="UNREADABLE"):
        ingest(settings)
    again = ingest(settings)
    idle = [] if again == "nothing-to-do" else [f"one more run was {again}"]
    return idle + check(settings, rewrites.SECRET if what == "forget" else None)


def main(folder: str, ledger_url: str = "") -> None:
    """Answer cases until the input ends."""
    # One engine for a URL, here and in every child: with it come the statements it has compiled.
    plain = engine.connect
    shared = functools.cache(plain)
    engine.connect = lambda url, **more: plain(url, **more) if more else shared(url)
    server = Server(Path(folder), ledger_url)
    server.warm()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for line in sys.stdin:
        sys.stdout.write(json.dumps(server.run(json.loads(line))) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    os.environ.pop("LONGSHORE_FAULT", None)
    main(*sys.argv[1:])
