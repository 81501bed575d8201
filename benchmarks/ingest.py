"""How fast is Longshore beside what a user would write, and beside the least that anyone must do?

    python benchmarks/ingest.py [--corpus DIR] [--files 20000] [--rounds 3] [--workers 2] [--flow-files 200] [--json]

Each is a whole process, alternating within a round, on a fresh copy of the same folder: files/s, MB/s, CPU seconds of
the process and its children, and the peak memory of all of them together. `loop` and `flow` get a part of the files
(they are slow; their rate does not depend on the number). The median of the rounds is printed.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from corpus import make_corpus

HERE = Path(__file__).parent


def run_once(command: list[str], cwd: Path) -> dict[str, float]:
    """Run a command to its end and give its wall and CPU seconds and the peak memory of its process tree (MiB)."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(HERE.parent / "src"),
        "DO_NOT_TRACK": "1",
        "PREFECT_LOGGING_LEVEL": "ERROR",
    }
    environment["PREFECT_SERVER_ANALYTICS_ENABLED"] = "false"
    environment["PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS"] = "180"
    before = os.times()
    began = time.perf_counter()
    with (cwd / "output.txt").open("wb") as output:
        process = subprocess.Popen(command, cwd=cwd, env=environment, stdout=output, stderr=subprocess.STDOUT)
        peak = [0.0]
        watcher = threading.Thread(target=_watch, args=(process, peak), daemon=True)
        watcher.start()
        code = process.wait()
    seconds = time.perf_counter() - began
    watcher.join()
    after = os.times()
    if code:
        raise SystemExit(f"{command} ended with {code}:\n{(cwd / 'output.txt').read_text()[-2000:]}")
    cpu = (after.children_user - before.children_user) + (after.children_system - before.children_system)
    return {"seconds": seconds, "cpu": cpu, "peak_mib": peak[0]}


def _watch(process: subprocess.Popen[bytes], peak: list[float]) -> None:
    """Look at the memory as often as takes a hundredth of a core: what is timed has the rest."""
    while process.poll() is None:
        began = time.thread_time()
        peak[0] = max(peak[0], tree_memory(process.pid))
        time.sleep(0.05 + 100 * (time.thread_time() - began))


def tree_memory(pid: int) -> float:
    """Return the proportional memory (PSS, so that shared pages count once) of a process and all below it, in MiB."""
    total, waiting = 0.0, [pid]
    while waiting:
        one = waiting.pop()
        try:
            for line in Path(f"/proc/{one}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1]) / 1024
            for task in Path(f"/proc/{one}/task").iterdir():
                waiting += [int(child) for child in (task / "children").read_text().split()]
        except OSError:
            continue
    return total


def measure(kind: str, corpus: Path, files: int, workers: int) -> dict[str, float]:
    """Run one contender on a fresh copy of (a part of) the corpus."""
    with tempfile.TemporaryDirectory(dir=corpus.parent) as room_name:
        room = Path(room_name)
        landing = room / "landing"
        taken, size = 0, 0
        for source in sorted(path for path in corpus.rglob("*") if path.is_file())[:files]:
            target = landing / source.relative_to(corpus)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
            taken, size = taken + 1, size + source.stat().st_size
        if kind == "longshore":
            environment = ["env", "LONGSHORE_SETTLE_SECONDS=0", f"LONGSHORE_WORKERS={workers}"]
            places = ["--landing", str(landing), "--warehouse", str(room / "warehouse")]
            command = [*environment, sys.executable, "-m", "longshore", "ingest", "--no-wait", *places]
        else:
            command = [sys.executable, str(HERE / "rivals.py"), kind, str(landing), str(room / "out.parquet")]
        # Whoever makes its writes durable would wait for the copies of the corpus too.
        os.sync()
        found = run_once(command, room)
    return {
        **found,
        "files": taken,
        "files_per_second": taken / found["seconds"],
        "mb_per_second": size / 1e6 / found["seconds"],
        "cpu_us_per_file": found["cpu"] / taken * 1e6,
    }


def main() -> None:
    """Measure, and print a table or JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, help="a folder of real files; without it, texts are generated")
    parser.add_argument("--files", type=int, default=20_000)
    parser.add_argument("--loop-files", type=int, default=600)
    parser.add_argument("--flow-files", type=int, default=200, help="0 leaves the flow out")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        corpus = Path(name) / "corpus"
        if options.corpus is None:
            make_corpus(corpus, options.files, 3800, 7)
        else:
            shutil.copytree(options.corpus, corpus)
        contenders = [("longshore", options.files), ("loop", options.loop_files), ("floor", options.files)]
        if options.flow_files:
            contenders.append(("flow", options.flow_files))
        results: dict[str, list[dict[str, float]]] = {kind: [] for kind, _ in contenders}
        for _ in range(options.rounds):
            for kind, files in contenders:
                results[kind].append(measure(kind, corpus, files, options.workers))
    medians = {
        kind: {key: statistics.median(run[key] for run in runs) for key in runs[0]} for kind, runs in results.items()
    }
    show(medians, as_json=options.json)


def show(medians: dict[str, dict[str, Any]], *, as_json: bool) -> None:
    """Print the figures, and how many times as fast Longshore is as each."""
    ours = medians["longshore"]
    for figures in medians.values():
        figures["longshore_is_times"] = ours["files_per_second"] / figures["files_per_second"]
        figures["longshore_cpu_is_times"] = figures["cpu_us_per_file"] / ours["cpu_us_per_file"]
    if as_json:
        print(json.dumps(medians, indent=2))
        return
    print(f"{'':<10}{'files':>8}{'files/s':>10}{'MB/s':>8}{'CPU us/file':>13}{'peak MiB':>10}{'x wall':>8}{'x CPU':>8}")
    for kind, found in medians.items():
        print(
            f"{kind:<10}{found['files']:>8.0f}{found['files_per_second']:>10.0f}{found['mb_per_second']:>8.1f}"
            f"{found['cpu_us_per_file']:>13.0f}{found['peak_mib']:>10.0f}"
            f"{found['longshore_is_times']:>8.2f}{found['longshore_cpu_is_times']:>8.2f}"
        )


if __name__ == "__main__":
    main()
