"""Measure what a Dask cluster gains and costs: one worker beside two, and what a batch costs on its way.

    python benchmarks/scaleout.py [--corpus DIR] [--files 20000] [--batch 500] [--rounds 3] [--workers 1,2] [--json]

A scheduler and workers of one thread each run as processes of this machine, warm. Each round ingests a fresh copy of
one folder, and of its first fifth, with each number of workers and in one process. Costs are the difference of the two:
what every run pays once is left out, and so is what an idle cluster uses meanwhile. Printed are the medians:

- files/s of the whole run, and how many times the rate of the first number of workers;
- CPU us a file of coordinator, scheduler and workers, and of a run in one process;
- the overhead of a batch: the CPU ms of all processes when a batch is sent to a worker that does nothing with it, and
  its share of what a batch costs in one process;
- what the model of docs/explanation/scaling.md expects from these costs on this machine's cores, beside what was
  measured. Only a machine without other work can agree with it.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import operator
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from corpus import make_corpus

from longshore.ingestion.dask_cluster import DaskExecutor
from longshore.ingestion.rules import rule_book
from longshore.ingestion.worker import WorkOrder
from longshore.records import Batch, Source
from longshore.settings import Settings
from longshore.storage.filesystem import landed
from longshore.storage.warehouse import LocalWarehouse

HERE = Path(__file__).parent
PARTS = ("coordinator", "scheduler", "workers")
TICKS = os.sysconf("SC_CLK_TCK")
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith(("LONGSHORE_", "PREFECT_"))}
ENVIRONMENT["PYTHONPATH"] = str(HERE.parent / "src")


def model(per_file: dict[str, float], workers: int, cores: int) -> float:
    """Return the files/s that the slowest part allows.

    Workers share the files; coordinator and scheduler are one process each; all of them share the cores.

    Args:
        per_file: CPU seconds a file of `coordinator`, `scheduler` and `workers`.
        workers: how many.
        cores: of the machine on which everything runs.
    """
    slowest = max(
        per_file["workers"] / workers,
        per_file["coordinator"],
        per_file["scheduler"],
        sum(per_file[part] for part in PARTS) / cores,
    )
    return 1 / slowest


class Cluster:
    """A scheduler and workers of one thread each, on the loopback."""

    def __init__(self, workers: int, folder: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.address = f"tcp://127.0.0.1:{probe.getsockname()[1]}"
        port = self.address.rpartition(":")[2]
        self.scheduler = _start(folder, "scheduler", "--host", "127.0.0.1", "--port", port, "--no-dashboard")
        options = (self.address, "--host", "127.0.0.1", "--nthreads", "1", "--no-dashboard", "--no-nanny")
        self.workers = [_start(folder, "worker", *options) for _ in range(workers)]
        self._idle = dict.fromkeys(("scheduler", "workers"), 0.0)
        self._since = time.perf_counter()

    def measure_idle(self, seconds: float) -> None:
        """Measure what the processes use while nothing is done; `cpu` leaves it out from then on."""
        before = self.cpu()
        time.sleep(seconds)
        self._idle = {part: (used - before[part]) / seconds for part, used in self.cpu().items()}

    def cpu(self) -> dict[str, float]:
        """Return the CPU seconds so far, without those of an idle cluster."""
        seconds = time.perf_counter() - self._since
        used = {"scheduler": _cpu(self.scheduler), "workers": sum(map(_cpu, self.workers))}
        return {part: cpu - self._idle[part] * seconds for part, cpu in used.items()}

    def stop(self) -> None:
        """Kill the processes."""
        for process in (*self.workers, self.scheduler):
            process.kill()
            process.wait()


def _start(folder: Path, *arguments: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "dask", *arguments]
    with (folder / "dask.log").open("ab") as log:
        return subprocess.Popen(command, cwd=folder, env=ENVIRONMENT, stdout=log, stderr=log)


def _cpu(process: subprocess.Popen[bytes]) -> float:
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def ingest(corpus: Path, batch: int, cluster: Cluster | None) -> dict[str, float]:
    """Ingest a fresh copy of a folder; return the seconds of it, and the CPU seconds of each part."""
    with tempfile.TemporaryDirectory(dir=corpus.parent) as name:
        room = Path(name)
        shutil.copytree(corpus, room / "landing")
        os.sync()
        environment = {
            **ENVIRONMENT,
            "LONGSHORE_STABLE_SECONDS": "0",
            "LONGSHORE_MAX_FILES_PER_BATCH": str(batch),
            "LONGSHORE_EXECUTOR": "dask" if cluster else "in-process",
            **({"LONGSHORE_DASK_ADDRESS": cluster.address} if cluster else {}),
        }
        before, mine = cluster.cpu() if cluster else {}, os.times()
        command = [sys.executable, "-m", "longshore", "ingest", "--no-wait", "--json"]
        done = subprocess.run(command, cwd=room, env=environment, capture_output=True, text=True, check=False)
        after, ours = cluster.cpu() if cluster else {}, os.times()
    if done.returncode:
        raise SystemExit(f"{command} ended with {done.returncode}:\n{done.stdout[-500:]}{done.stderr[-2000:]}")
    summary = json.loads(done.stdout)
    coordinator = ours.children_user - mine.children_user + ours.children_system - mine.children_system
    return {
        "files": summary["files"]["seen"],
        # Without the start of the process, which does not grow with the files.
        "seconds": summary["seconds"],
        "coordinator": coordinator,
        **{part: after[part] - before[part] for part in before},
    }


def overhead(cluster: Cluster, folder: Path, files: int, batches: int = 100) -> float:
    """Return the CPU seconds that a batch costs in all processes beside what is done with it."""
    settings = Settings(landing=folder / "one", warehouse=folder / "none")
    settings.landing.mkdir()
    file = settings.landing / "a.txt"
    file.write_text("The ferry came in at noon.")
    warehouse = LocalWarehouse(folder / "none")
    warehouse.make()
    warehouse.begin_staging("run")
    places = (settings.landing, settings.warehouse, warehouse.inner)
    order = WorkOrder(*map(str, places), run_id="run", rules=rule_book(settings))
    sources = tuple(Source(landed("a.txt", file.lstat()), f"{number:064x}") for number in range(files))
    batch = Batch("ab" * 32, sources, (), dt.datetime.now(dt.UTC), "part")
    executor = DaskExecutor(cluster.address, 0)
    try:
        executor._call(operator.is_, batch, order)  # noqa: SLF001 - the way of a batch, without its work
        idle = _idle_rate(5)
        began, mine, theirs = time.perf_counter(), time.process_time(), sum(cluster.cpu().values())
        for _ in range(batches):
            executor._call(operator.is_, batch, order)  # noqa: SLF001 - as above
        seconds = time.perf_counter() - began
        used = time.process_time() - mine - idle * seconds + sum(cluster.cpu().values()) - theirs
    finally:
        executor.stop()
    return used / batches


def _idle_rate(seconds: float) -> float:
    """Return the CPU seconds a second that this process uses while it waits."""
    before = time.process_time()
    time.sleep(seconds)
    return (time.process_time() - before) / seconds


def medians(runs: list[dict[str, float]]) -> dict[str, float]:
    """Return the median of each figure."""
    return {key: statistics.median(run[key] for run in runs) for key in runs[0]}


def main() -> None:
    """Measure, and print a table or JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, help="a folder of real files; without it, texts are generated")
    parser.add_argument("--files", type=int, default=20_000)
    parser.add_argument("--batch", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workers", default="1,2", help="numbers of workers to compare; the first is the measure")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    numbers = [int(number) for number in options.workers.split(",")]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        corpus, fifth = folder / "corpus", folder / "fifth"
        if options.corpus is None:
            make_corpus(corpus, options.files, 3800, 7)
        else:
            shutil.copytree(options.corpus, corpus)
        files = sorted(path for path in corpus.rglob("*") if path.is_file())
        for source in files[: len(files) // 5]:
            target = fifth / source.relative_to(corpus)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
        clusters: dict[int, Cluster | None] = {0: None}
        clusters |= {number: Cluster(number, folder) for number in numbers}
        runs: dict[int, list[tuple[dict[str, float], dict[str, float]]]] = {number: [] for number in clusters}
        try:
            for cluster in filter(None, clusters.values()):
                ingest(fifth, max(1, options.batch // 20), cluster)  # the workers import what they need
                cluster.measure_idle(10)
            for _ in range(options.rounds):
                for number, cluster in clusters.items():
                    runs[number].append((ingest(fifth, options.batch, cluster), ingest(corpus, options.batch, cluster)))
            sent = overhead(clusters[numbers[0]], folder, options.batch)
        finally:
            for cluster in filter(None, clusters.values()):
                cluster.stop()
    costs = {number: medians([_costs(*pair) for pair in pairs]) for number, pairs in runs.items()}
    show(costs, sent, options.batch, as_json=options.json)


def _costs(fifth: dict[str, float], whole: dict[str, float]) -> dict[str, float]:
    """Return the rate of the whole run, and the CPU seconds that a file costs more."""
    files = whole["files"] - fifth["files"]
    more = {part: (whole[part] - fifth[part]) / files for part in PARTS if part in whole}
    return {"rate": whole["files"] / whole["seconds"], **more}


def show(found: dict[int, dict[str, float]], sent: float, batch: int, *, as_json: bool) -> None:
    """Print the figures of each number of workers; 0 is the run in one process. sent: CPU seconds of a batch's way."""
    cores = len(os.sched_getaffinity(0))
    alone = found.pop(0)["coordinator"]
    first = next(iter(found.values()))
    rows = [
        {
            "workers": number,
            "files/s": run["rate"],
            "times": run["rate"] / first["rate"],
            **{f"{part} us a file": run[part] * 1e6 for part in PARTS},
            "model files/s": model(run, number, cores),
        }
        for number, run in found.items()
    ]
    figures = {
        "cores": cores,
        "one process us a file": alone * 1e6,
        "overhead ms a batch": sent * 1e3,
        "overhead %": sent / (alone * batch) * 100,
    }
    if as_json:
        print(json.dumps({**figures, "rows": rows}, indent=2))
        return
    for row in (figures, *rows):
        print("; ".join(f"{key} {value:,.3g}" for key, value in row.items()))


if __name__ == "__main__":
    main()
