"""The small project that crash cases are about: its files, its settings, a run, and what must be there at the end."""

from __future__ import annotations

import collections
import functools
import os
import resource
from typing import TYPE_CHECKING

from longshore import pipeline
from longshore.ingestion.executors import InlineExecutor
from longshore.ingestion.process_pool import ProcessExecutor
from longshore.ingestion.project import open_ledger
from longshore.maintenance.verify import record_ids_of, verify
from longshore.settings import Settings
from longshore.storage import fault_injection
from longshore.storage.warehouse import LocalWarehouse
from longshore.text.normalise import normalise
from tests.crash.forks import fork_workers, once_free

if TYPE_CHECKING:
    from pathlib import Path

FILES_A_BATCH = 4


@functools.cache
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


@functools.cache
def record_ids() -> dict[bytes, str]:
    """Give the record id of each text that becomes a record."""
    results = {data: normalise(data) for data in texts().values()}
    return {data: result.record_id for data, result in results.items() if hasattr(result, "record_id")}


def fill(landing: Path) -> None:
    """Put the files of a case into landing, each a second older than the next."""
    landing.mkdir(parents=True, exist_ok=True)
    for age, (name, data) in enumerate(texts().items()):
        path = landing / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        os.utime(path, ns=(0, (1_700_000_000 + age) * 1_000_000_000))


@functools.cache
def settings_of(root: Path, after_ingest: str, ledger_url: str = "") -> Settings:
    """Give the settings of a case."""
    return Settings(
        landing=root / "landing",
        warehouse=root / "warehouse",
        after_ingest=after_ingest,
        stable_seconds=0,
        max_files_per_batch=FILES_A_BATCH,
        workers=1,
        ledger_url=ledger_url,
        rewrite_grace_seconds=0,
    )


def ingest(settings: Settings, *, fault: str = "", workers: int = 0) -> str:
    """Run once, with what the case arms; give the state of the run."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    fault_injection.arm(fault)
    if workers:
        fork_workers()
    made = ProcessExecutor(workers) if workers else InlineExecutor()
    return once_free(lambda: pipeline.ingest(settings, executor=made).state)


def check(settings: Settings, forgotten: bytes | None = None) -> list[str]:
    """Compare what is there with what must be there at the end, but for one text that was forgotten."""
    store = LocalWarehouse(settings.warehouse)
    wanted = collections.Counter(record_id for data, record_id in record_ids().items() if data != forgotten)
    ids = collections.Counter(record_id for part in store.parts() for record_id in record_ids_of(store, part))
    wrong = [] if ids == wanted else [f"{ids.total()} records of {wanted.total()} sources"]
    found = verify(settings)
    wrong += [f"verify: {line}" for line in found.lines() if found.disagreements]
    wrong += [f"staged: {path}" for path in store.staged()]
    wrong += [f"litter: {path}" for path in settings.warehouse.parent.rglob("*.draft")]
    wrong += [f"of a rewrite: {path}" for path in (store.inner / "rewrites").glob("*/*")]
    return wrong + _check_places(settings, forgotten) + _check_ledger(settings, forgotten)


def _check_places(settings: Settings, forgotten: bytes | None) -> list[str]:
    """Every original byte is where it belongs, and only there."""
    there = {"landing": collections.Counter(), "_archive": collections.Counter(), "_rejected": collections.Counter()}
    for path in settings.landing.rglob("*"):
        if path.is_file() and not (path.name.endswith(".reason.json") and "_rejected" in path.parts):
            top = path.relative_to(settings.landing).parts[0]
            there[top if top in there else "landing"][path.read_bytes()] += 1
    delivered = collections.Counter(data for data in texts().values() if data != forgotten)
    good = collections.Counter({data: number for data, number in delivered.items() if data in record_ids()})
    bad, none = delivered - good, collections.Counter()
    places = {
        "archive": {"landing": none, "_archive": good, "_rejected": bad},
        "delete": {"landing": none, "_archive": none, "_rejected": bad},
        "keep": {"landing": good + bad, "_archive": none, "_rejected": none},
    }[settings.after_ingest]
    return [f"{place}: other bytes than were delivered" for place in there if there[place] != places[place]]


def _check_ledger(settings: Settings, forgotten: bytes | None) -> list[str]:
    with open_ledger(settings) as ledger:
        counts = ledger.counts()
        with ledger.engine.connect() as db:
            query = "SELECT count(*) FROM deliveries WHERE reason = 'UNREADABLE' AND NOT is_member"
            unreadable = db.exec_driver_sql(query).scalar_one()
    wanted = {"records": 7 - (forgotten is not None), "published": 7, "duplicate": 2, "rejected": 3}
    # A rejection stays on record when its file was put back and became one.
    counts["rejected"] -= min(unreadable, counts["rejected"])
    return [] if counts == wanted else [f"the ledger counts {counts}"]
