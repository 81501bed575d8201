"""Run crash cases, one a line of JSON on standard input, each in processes forked from this warm one.

A case: a landing folder is filled; a reader begins to loop over `records/`; a run is begun with a fault armed, and may
die of it; an ordinary run follows, and a third that must find nothing to do; then everything is compared. The answer
is a line of JSON with what is wrong. A fork costs some milliseconds where a fresh Python costs a second.
"""

from __future__ import annotations

import collections
import contextlib
import json
import multiprocessing
import os
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback
from concurrent import futures
from pathlib import Path

from flows import pipeline, workers
from flows.errors import LockHeldError
from flows.rejected import retry
from flows.settings import Settings
from flows.storage import faults, warehouse
from flows.text.normalise import normalise
from flows.verify import verify
from flows.workers import InlineWorkers, ProcessWorkers

FILES_A_BATCH = 4


def texts() -> dict[str, bytes]:
    """Give the files of a case, oldest first: three batches of four, with duplicates and refusals."""
    plain = [
        f"The harbour of berth {n} was quiet, and the ships lay still in the evening light.".encode() for n in range(8)
    ]
    return {
        "a.txt": plain[0],
        "same/a.txt": plain[0],  # identical content twice in one batch
        "b.txt": plain[1],
        "empty.txt": b"",
        "c.txt": plain[2],
        "later/b.txt": plain[1],  # identical content in two batches of one run
        "d.txt": plain[3],
        os.fsdecode(b"n\xffo/\xe9\n.txt"): plain[4],  # no UTF-8, and a newline
        "picture.png": bytes(range(256)) * 8,
        "e.txt": plain[5],
        "deep/er/f.txt": plain[6],
        "f.txt.reason.json": b"",  # an original that is called as a reason would be
    }


def fill(landing: Path) -> None:
    """Put the files of a case into landing, each a second older than the next."""
    for age, (name, data) in enumerate(texts().items()):
        path = landing / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        os.utime(path, ns=(0, (1_700_000_000 + age) * 1_000_000_000))


def settings_of(root: Path, after_ingest: str) -> Settings:
    """Give the settings of a case."""
    return Settings(
        landing=root / "landing",
        warehouse=root / "warehouse",
        after_ingest=after_ingest,
        settle_seconds=0,
        max_files_per_batch=FILES_A_BATCH,
        workers=1,
        **({"ledger_url": os.environ["CRASH_LEDGER_URL"]} if "CRASH_LEDGER_URL" in os.environ else {}),
    )


def ingest(root: Path, case: dict) -> str:
    """Run once, with what the case arms; give the state of the run."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    faults.arm(case.get("fault", ""))
    if case.get("workers"):
        workers._new_pool = forked_pool
    made = ProcessWorkers(2) if case.get("workers") else InlineWorkers()
    return once_free(lambda: pipeline.ingest_landing(settings_of(root, case["after_ingest"]), lambda *_: made).state)


def once_free(run):
    """Run, after waiting for workers of a killed run: forked here, they hold its lock until they see that it died."""
    for _ in range(200):
        with contextlib.suppress(LockHeldError):
            return run()
        time.sleep(0.1)
    return run()


def forked_pool(slots: int) -> futures.ProcessPoolExecutor:
    return futures.ProcessPoolExecutor(
        slots, mp_context=multiprocessing.get_context("fork"), initializer=_follow, initargs=(os.getpid(),)
    )


def _follow(coordinator: int) -> None:
    workers._set_up_worker(coordinator)


def read_until(stop: Path, root: Path) -> str:
    """Read all visible parts over and over, until told to stop; say what was wrong, if anything was."""
    import pyarrow.parquet as pq

    records, seen = root / "warehouse" / "records", 0
    while True:
        last = stop.exists()
        ids: list[str] = []
        for path in sorted(records.rglob("*")) if records.exists() else []:
            if path.is_dir():
                continue
            if path.suffix != ".parquet":
                return f"a reader saw {path.name}"
            with path.open("rb") as file:
                ids += pq.read_table(file, columns=["record_id"], use_threads=False).column(0).to_pylist()
        if len(set(ids)) != len(ids):
            return "a reader saw a record twice"
        if len(ids) < seen:
            return f"a reader saw {seen} records, then {len(ids)}"
        seen = len(ids)
        if last:
            return ""
        time.sleep(0.02)


def check(root: Path, after_ingest: str) -> list[str]:
    """Compare what is there with what must be there after the ordinary run."""
    wrong = []
    wanted = {normalised.record_id for data in texts().values() if hasattr(normalised := normalise(data), "record_id")}
    store = warehouse.Warehouse(root / "warehouse")
    from flows.verify import record_ids_of

    ids = collections.Counter(record_id for part in store.parts() for record_id in record_ids_of(store, part))
    if ids != collections.Counter(wanted):
        wrong.append(f"{sum(ids.values())} records of {len(wanted)} sources")
    found = verify(settings_of(root, after_ingest))
    wrong += [f"verify: {line}" for line in found.lines() if found.disagreements]
    wrong += [f"staged: {path}" for path in store.staged()]
    wrong += [f"litter: {path}" for path in root.rglob("*.draft")]
    there = {"landing": collections.Counter(), "_archive": collections.Counter(), "_rejected": collections.Counter()}
    for path in (root / "landing").rglob("*"):
        if path.is_file() and not (path.name.endswith(".reason.json") and "_rejected" in path.parts):
            top = path.relative_to(root / "landing").parts[0]
            there[top if top in there else "landing"][path.read_bytes()] += 1
    good = collections.Counter(data for data in texts().values() if hasattr(normalise(data), "record_id"))
    bad = collections.Counter(texts().values()) - good
    none = collections.Counter()
    places = {
        "archive": {"landing": none, "_archive": good, "_rejected": bad},
        "delete": {"landing": none, "_archive": none, "_rejected": bad},
        "keep": {"landing": good + bad, "_archive": none, "_rejected": none},
    }[after_ingest]
    wrong += [f"{place}: other bytes than were delivered" for place in there if there[place] != places[place]]
    wrong += _check_ledger(root, after_ingest)
    return wrong


def _check_ledger(root: Path, after_ingest: str) -> list[str]:
    from flows.storage.ledger import Ledger

    settings = settings_of(root, after_ingest)
    with Ledger(settings.ledger_url or warehouse.Warehouse(settings.warehouse).ledger_url) as ledger:
        counts = ledger.counts()
        with ledger.engine.connect() as db:
            query = "SELECT count(*) FROM deliveries WHERE reason = 'UNREADABLE' AND NOT is_member"
            unreadable = db.exec_driver_sql(query).scalar_one()
    wanted = {"records": 7, "published": 7, "duplicate": 2, "rejected": 3}
    # A rejection stays on record when its file was put back and became one.
    counts["rejected"] -= min(unreadable, counts["rejected"])
    return [] if counts == wanted else [f"the ledger counts {counts}"]


def run_case(case: dict) -> dict:
    """Run one case from its beginning to its end; give the exit code of the run with the fault, and what is wrong."""
    root = Path(case["root"])
    (root / "landing").mkdir(parents=True)
    fill(root / "landing")
    stop, marker = root / "stop", root / "fired"
    if case.get("step"):
        once = f":{marker}" if case.get("once", True) else ""
        case["fault"] = f"{case['step']}:{case['kind']}:{case['nth']}{once}"
    reader = fork(lambda: read_until(stop, root), root / "reader.txt")
    code = wait(fork(lambda: ingest(root, case), root / "first.txt"))
    wrong = []
    ordinary = {"after_ingest": case["after_ingest"]}

    def afterwards() -> str:
        ingest(root, ordinary)
        # A file that may not be read is rejected: whoever gives the right to read it says `longshore retry`.
        put_back = retry(settings_of(root, case["after_ingest"]), reason="UNREADABLE")
        if put_back:
            ingest(root, ordinary)
        again = ingest(root, ordinary)
        idle = [] if again == "nothing-to-do" else [f"one more run was {again}"]
        return "\n".join(idle + check(root, case["after_ingest"]))

    status = wait(fork(afterwards, root / "check.txt"))
    said = (root / "check.txt").read_text() if (root / "check.txt").exists() else f"the check died: {status}"
    wrong += said.splitlines()
    stop.touch()
    if wait(reader) != 0 or (root / "reader.txt").read_text():
        wrong.append((root / "reader.txt").read_text() or "the reader died")
    fired = marker.exists() if case.get("once", True) else code != 0
    first = (root / "first.txt").read_text() if (root / "first.txt").exists() else ""
    if not wrong:
        shutil.rmtree(root)
    return {"code": code, "fired": fired, "wrong": wrong, "first": first[-2000:]}


def fork(body, said: Path) -> int:
    """Run a function in a forked process; what it gives is written to a file, an error too."""
    pid = os.fork()
    if pid:
        return pid
    code = 0
    try:
        os.dup2(os.open(os.devnull, os.O_RDWR), 2)
        text = body()
    except BaseException:
        text, code = traceback.format_exc(), 1
    with contextlib.suppress(BaseException):
        said.write_text(text, errors="backslashreplace")
    os._exit(code)


def wait(pid: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def warm() -> None:
    """Import here whatever is imported late, and not in every child again."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "landing").mkdir()
        fill(root / "landing")
        ingest(root, {"after_ingest": "archive"})
        assert not check(root, "archive")
        (root / "stop").touch()
        assert not read_until(root / "stop", root)


def main() -> None:
    """Answer cases until the input ends."""
    warm()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for line in sys.stdin:
        sys.stdout.write(json.dumps(run_case(json.loads(line))) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
