"""Kill runs on an object store, at each step or at random moments, and compare everything afterwards.

    python -m tests.stores.kills --server seaweedfs --steps 2 --rewrites
    python -m tests.stores.kills --server moto --kills 200 --faults

Each run is forked from this process, which has imported everything and never speaks to the store itself. Prints a line
for each thing that is wrong; exit code 0 if there is none.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import random
import signal
import sys
import tempfile
import time
import zipfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import obstore
import obstore.store  # noqa: F401 - as above

from longshore.errors import LongshoreError
from longshore.ingestion.executors import InlineExecutor
from longshore.maintenance import verify as _verify
from longshore.maintenance.compact import compact_warehouse
from longshore.maintenance.forget import forget_records
from longshore.pipeline import ingest
from longshore.storage import fault_injection, parquet, schema
from longshore.storage.stores import object_landing, object_warehouse
from tests.crash.forks import fork, freeze, wait
from tests.stores import servers
from tests.stores.faulty import set_rules
from tests.stores.project import StoreProject, sha256

if TYPE_CHECKING:
    from collections.abc import Callable

_LOADED = (parquet, schema, object_landing, object_warehouse)
STEPS = [
    *(*fault_injection.STEPS, "finalize.copied"),
]
_REWRITE_STEPS = [*(one for one in fault_injection.REWRITE_STEPS if one != "rewrite.dropped"), "rewrite.created"]
_FAULTS = ["SlowDown", "InternalError", "ConditionalRequestConflict", "cut", "lost", "late"]


class Case:
    """One project whose runs are killed."""

    def __init__(self, server: servers.Server, place: str, folder: Path) -> None:
        self.project = StoreProject(place, folder, server, {"max_files_per_batch": 4})
        self.said = folder / "said.txt"
        self.texts: set[str] = set()
        self.number = 0
        self.forgotten = ""

    def drop(self, files: int) -> None:
        """Deliver some files: new ones, one of them in an archive, one again, one that is empty."""
        new = [f"Ferry {self.number + n} of {self.project.place} waited for the fog.\n" for n in range(files)]
        self.number += files
        self.texts |= set(new)
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("inside.txt", new[0])

        def upload() -> str:
            for n, text in enumerate(new[1:]):
                self.project.drop(f"{self.number}-{n}.txt", text)
            self.project.drop(f"{self.number}.zip", packed.getvalue())
            self.project.drop(f"{self.number}-again.txt", new[-1])
            self.project.drop(f"{self.number}-empty.txt", "")
            return ""

        self.must(upload)

    def run(self, fault: str = "", kill_after: float | None = None) -> bool:
        """Start a run with a fault armed, or kill it after some seconds; return whether it died of that."""

        def body() -> str:
            fault_injection.arm(fault)
            try:
                ingest(self.project.settings, executor=InlineExecutor())
            except (OSError, LongshoreError) as error:
                return f"{type(error).__name__}: {error}"
            return ""

        pid = fork(body, self.said)
        if kill_after is not None:
            time.sleep(kill_after)
            os.kill(pid, signal.SIGKILL)
        return wait(pid) == -signal.SIGKILL

    def rewrite(self, what: str, fault: str) -> bool:
        """Compact, or forget one text, with a fault armed; return whether the process died of that."""
        one = max(self.texts)

        def body() -> str:
            fault_injection.arm(fault)
            if what == "forget":
                forget_records(self.project.settings, [sha256(one)])
            else:
                compact_warehouse(self.project.settings)
            return ""

        if what == "forget":
            self.texts.discard(one)
            self.forgotten = one
        return wait(fork(body, self.said)) == -signal.SIGKILL

    def must(self, body: Callable[[], str]) -> str:
        if wait(fork(body, self.said)):
            raise AssertionError(self.said.read_text())
        return self.said.read_text()

    def finish(self) -> None:
        """Run until nothing is left."""

        def body() -> str:
            for _ in range(5):
                summary = ingest(self.project.settings, executor=InlineExecutor())
                if not summary.seen and not summary.deferred:
                    return ""
            return f"five runs, and not done: {summary.notes}"

        left = self.must(body)
        assert not left, left

    def wrong(self) -> list[str]:
        """Compare everything; return what is wrong."""

        def body() -> str:
            ids = Counter(self.project.ids())
            wanted = {sha256(text) for text in self.texts}
            own = ("drop/_archive/", "drop/_rejected/")
            found = [f"{n} rows of {record_id}" for record_id, n in ids.items() if n != 1]
            found += [f"lost: {one}" for one in wanted - ids.keys()] + [
                f"unknown: {one}" for one in ids.keys() - wanted
            ]
            found += [f"left: {key}" for key in self.project.keys("drop") if not key.startswith(own)]
            found += [
                f"{one.kind} {one.place}: {one.sentence}" for one in _verify.verify(self.project.settings).disagreements
            ]
            return json.dumps(found)

        return list(json.loads(self.must(body)))


def kill_at_steps(server: servers.Server, folder: Path, passings: int) -> tuple[list[str], int]:
    """Kill a run at the first passings of each step; return what is wrong, and the number of kills."""
    found, kills = [], 0
    for step in STEPS:
        for nth in range(1, passings + 1):
            root = folder / f"{step}-{nth}"
            root.mkdir()
            case = Case(server, f"box/{step}-{nth}", root)
            case.drop(6)
            died = case.run(f"{step}:kill:{nth}")
            kills += died
            if not died and nth == 1:
                found.append(f"{step}: never passed: {case.said.read_text()}")
            case.finish()
            found += [f"{step}:{nth}: {one}" for one in case.wrong()]
    return found, kills


def kill_rewrites(server: servers.Server, folder: Path) -> tuple[list[str], int]:
    """Kill compactions and forgettings at each step, and let others go on; return what is wrong, and the kills."""
    found, kills = [], 0
    for what, steps in (("compact", _REWRITE_STEPS), ("forget", [*_REWRITE_STEPS, *fault_injection.FORGET_STEPS])):
        for step in steps:
            root = folder / f"{what}-{step}"
            root.mkdir()
            case = Case(server, f"box/{what}-{step}", root)
            for _ in range(2):
                case.drop(4)
                case.finish()
            died = case.rewrite(what, f"{step}:kill")
            kills += died
            if not died:
                found.append(f"{what} {step}: never passed: {case.said.read_text()}")
            # An ordinary run comes first, then the same again.
            case.finish()
            case.rewrite("compact", "")
            found += [f"{what} {step}: {one}" for one in case.wrong()]
    return found, kills


def kill_at_random(
    server: servers.Server, proxy: servers.Server | None, folder: Path, kills: int
) -> tuple[list[str], int]:
    """Kill runs at random moments while files arrive and the store fails; return what is wrong, and the kills."""
    dice = random.Random(7)
    case = Case(server, "box/random", folder)
    if proxy is not None:
        os.environ["AWS_ENDPOINT_URL"] = proxy.url
        set_rules(proxy.url, [{"kind": fault, "chance": 0.005} for fault in _FAULTS])
    case.drop(4)
    began = time.monotonic()
    case.run()
    lasts = max(0.5, time.monotonic() - began)
    died = 0
    while died < kills:
        if dice.random() < 0.5:
            case.drop(dice.randrange(2, 8))
        died += case.run(kill_after=dice.random() * lasts)
    if proxy is not None:
        set_rules(proxy.url, [])
    case.finish()
    return case.wrong(), died


def main() -> int:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--server", choices=["moto", "seaweedfs"], default="seaweedfs")
    parser.add_argument("--steps", type=int, default=0, help="passings of each step")
    parser.add_argument("--rewrites", action="store_true")
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--faults", action="store_true")
    options = parser.parse_args()
    server = getattr(servers, options.server)()
    proxy = servers.faulty(server) if options.faults else None
    os.environ.update(server.environment)
    freeze()
    try:
        server.make_bucket("box")
        with tempfile.TemporaryDirectory() as temporary:
            found, kills = [], 0
            if options.steps:
                found, kills = kill_at_steps(server, Path(temporary), options.steps)
            if options.rewrites:
                more, died = kill_rewrites(server, Path(temporary))
                found, kills = found + more, kills + died
            if options.kills:
                more, died = kill_at_random(server, proxy, Path(temporary), options.kills)
                found, kills = found + more, kills + died
    finally:
        server.stop()
        if proxy is not None:
            proxy.stop()
    sys.stdout.write("\n".join([*found, f"{kills} kill(s), {len(found)} thing(s) wrong.\n"]))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
