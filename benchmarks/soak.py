"""Question: do the guarantees hold when runs are killed at random while files arrive and readers read?

    python benchmarks/soak.py [--kills 2000] [--warehouses 2] [--seed 1] [--most-seconds 3600]

Each warehouse has a process that drops files without a pause (new texts, texts again under other names, empty and
binary ones), renaming each into place, and one that reads all of `records/` over and over. Runs are begun one after the
other, each in a fork of a warm process, one in four with worker processes, and each is killed by SIGKILL after a
random time; the longest is fitted to the machine, so that about one in five lives to its end. At the end comes one
ordinary run; then every file that was dropped must be accounted for. Ends with 1 where anything is not as promised.
"""

from __future__ import annotations

import argparse
import collections
import hashlib
import json
import os
import random
import signal
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from longshore import pipeline
from longshore.ingestion.executors import InlineExecutor
from longshore.ingestion.process_pool import ProcessExecutor
from longshore.maintenance.verify import record_ids_of, verify
from longshore.settings import Settings
from longshore.storage.warehouse import LocalWarehouse
from tests.crash.forks import fork, fork_workers, freeze, once_free, wait
from tests.crash.reading import read_until

# How long the first run may live; of those that follow, the longest life grows by a little with each that is killed
# and shrinks with each that lives to its end: most are hit while they recover or work, on any machine.
_LONGEST_LIFE_SECONDS = 0.8
_LONGER, _SHORTER = 1.03, 0.9
_LONGEST_LIMITS = (0.05, 5.0)
_FILES_A_SECOND = 40
# A backlog that only grows would make each run the same.
_MOST_WAITING = 100


def settings_of(root: Path) -> Settings:
    """Return small batches, so that each run passes every step several times."""
    return Settings(landing=root / "landing", warehouse=root / "warehouse", stable_seconds=0, max_files_per_batch=5)


def drop_files(root: Path, seed: int) -> str:
    """Drop files until told to stop; what was dropped is written down first, a line each: its SHA-256."""
    chance, number, stop = random.Random(seed), 0, root / "stop"
    with (root / "dropped").open("a", buffering=1) as journal:
        while not stop.exists():
            number += 1
            while number % 20 == 0 and _waiting(root) > _MOST_WAITING and not stop.exists():
                time.sleep(0.05)
            kind = chance.random()
            if kind < 0.06:
                data = b""
            elif kind < 0.1:
                data = bytes(chance.randrange(256) for _ in range(64)) * 20 + b"\0" * 64
            else:
                # One in four is a text that was, or will be, dropped under another name too.
                which = chance.randrange(max(1, number // 4)) if kind < 0.35 else number + 1_000_000
                data = b"Ship %d lay in the harbour and waited for the evening tide.\n" % which * 3
            folder = root / "landing" / f"agency-{chance.randrange(5)}"
            folder.mkdir(exist_ok=True)
            draft = folder / f"{number}.txt.part"
            draft.write_bytes(data)
            journal.write(hashlib.sha256(data).hexdigest() + "\n")
            draft.rename(folder / f"{number % 300}-{number}.txt")
            time.sleep(chance.expovariate(_FILES_A_SECOND))
    return ""


def _waiting(root: Path) -> int:
    return sum(1 for _ in (root / "landing").glob("agency-*/*"))


def ingest(root: Path, *, many: bool) -> str:
    """Run once."""
    if many:
        fork_workers()
    made = ProcessExecutor(2) if many else InlineExecutor()
    return once_free(lambda: pipeline.ingest(settings_of(root), executor=made).state)


def check(root: Path) -> list[str]:
    """Return what of all that was dropped is missing or not as it should be."""
    wrong = [str(one) for one in verify(settings_of(root)).disagreements]
    dropped = collections.Counter((root / "dropped").read_text().split())
    store = LocalWarehouse(root / "warehouse")
    records = collections.Counter(record_id for part in store.parts() for record_id in record_ids_of(store, part))
    there = collections.Counter()
    bad = set()
    for path in (root / "landing").rglob("*"):
        if path.is_file() and not path.name.endswith((".reason.json", ".part")):
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            there[digest] += 1
            if "_rejected" in path.parts:
                bad.add(digest)
            elif "_archive" not in path.parts:
                wrong.append(f"left in landing: {path}")
    if there != dropped:
        wrong.append(f"{dropped.total()} files were dropped, {there.total()} are there")
    if set(records) != set(dropped) - bad or records.total() != len(records):
        wrong.append(f"{len(set(dropped) - bad)} sources should be records, {records.total()} are")
    wrong += [f"staged: {path}" for path in store.staged()]
    return wrong


def soak(root: Path, kills: int, seed: int, most_seconds: float) -> str:
    """Soak one warehouse; give its figures and what was wrong, as JSON."""
    (root / "landing").mkdir(parents=True)
    others = [
        fork(lambda: read_until(root / "stop", root / "warehouse" / "records"), root / "reader.txt"),
        fork(lambda: drop_files(root, seed), root / "writer.txt"),
    ]
    killed, ended, wrong = _kill_runs(root, random.Random(seed), kills, time.monotonic() + most_seconds)
    (root / "stop").touch()
    codes = [wait(other) for other in others]
    said = [(root / name).read_text() for name in ("reader.txt", "writer.txt")]
    wrong += [f"a reader or the writer failed: {text}" for text, code in zip(said, codes, strict=True) if text or code]
    if wait(fork(lambda: ingest(root, many=False), root / "run.txt")):
        wrong.append(f"the ordinary run failed: {(root / 'run.txt').read_text()[-2000:]}")
    wrong += check(root)
    parts = len(list(LocalWarehouse(root / "warehouse").parts()))
    files = len((root / "dropped").read_text().split())
    return json.dumps({"killed": killed, "ended": ended, "files": files, "parts": parts, "wrong": wrong})


def _kill_runs(root: Path, chance: random.Random, kills: int, deadline: float) -> tuple[int, int, list[str]]:
    """Begin runs and kill them; give how many were killed, how many ended before, and the first that failed."""
    killed = ended = 0
    longest = _LONGEST_LIFE_SECONDS
    while killed < kills and time.monotonic() < deadline:
        many = chance.random() < 0.25
        run = fork(lambda many=many: ingest(root, many=many), root / "run.txt")
        time.sleep(chance.random() ** 2 * longest)
        os.kill(run, signal.SIGKILL)
        code = wait(run)
        if code > 0:
            return killed, ended, [f"a run failed: {(root / 'run.txt').read_text()[-2000:]}"]
        killed += code == -signal.SIGKILL
        ended += code == 0
        longest = min(max(longest * (_SHORTER if code == 0 else _LONGER), _LONGEST_LIMITS[0]), _LONGEST_LIMITS[1])
    return killed, ended, []


def warm(root: Path) -> None:
    """Run once, so that what is imported late is there in every fork."""
    (root / "landing").mkdir(parents=True)
    (root / "landing" / "first.txt").write_text("A ship came in.")
    ingest(root, many=False)
    assert not verify(settings_of(root)).disagreements
    freeze()


def main() -> int:
    """Run the soak and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=2000, help="in all warehouses together")
    parser.add_argument("--warehouses", type=int, default=2, help="how many at once, each with its own runs")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--most-seconds", type=float, default=3600.0, help="stop after so long, however few the kills")
    options = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        roots = [Path(folder) / str(number) for number in range(options.warehouses)]
        warm(Path(folder) / "warm")
        kills = -(-options.kills // len(roots))
        soaks = {
            fork(
                lambda r=root, n=number: soak(r, kills, options.seed + n, options.most_seconds),
                root.with_suffix(".txt"),
            ): root
            for number, root in enumerate(roots)
        }
        codes = {root: wait(pid) for pid, root in soaks.items()}
        said = {root: root.with_suffix(".txt").read_text() for root in roots}
    seconds = time.monotonic() - began
    wrong = [text for root, text in said.items() if codes[root]]
    found = [json.loads(text) for root, text in said.items() if not codes[root]]
    wrong += [sentence for one in found for sentence in one["wrong"]]
    killed, ended, files, parts = (sum(one[name] for one in found) for name in ("killed", "ended", "files", "parts"))
    print(
        f"{killed:,} runs were killed, {ended:,} ended before, in {seconds:,.0f} s; {files:,} files, {parts:,} parts."
    )
    print("\n".join(wrong) if wrong else "Nothing lost, nothing twice, nothing partial; verify agrees.")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
