"""Do time and memory a file stay flat from a thousand files to a million?

    python benchmarks/scale.py [--sizes 1000,10000,100000,1000000] [--bytes 600] [--workers 2] [--json]

For each size: a fresh landing folder of small, all different files (1,000 a sub-folder), one ingest as a whole process
(wall seconds and CPU a file, peak memory of all its processes), then a second ingest with nothing to do over the
archive and the ledger that the first one left (its start-up is what a schedule pays every minute).
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from corpus import LANGUAGES
from ingest import run_once


def make_landing(folder: Path, files: int, size: int) -> None:
    """Write small texts, each with its own number so that no two are the same."""
    chance = random.Random(11)
    sentences = [sentence for _, known in LANGUAGES.values() for sentence in known]
    for number in range(files):
        place = folder / f"{number // 1000:05d}"
        if number % 1000 == 0:
            place.mkdir(parents=True)
        text = f" date 2024-03-17 \n\n{number}. "
        while len(text) < size:
            text += chance.choice(sentences) + " "
        fd = os.open(place / f"{number:08d}.txt", os.O_WRONLY | os.O_CREAT, 0o640)
        os.write(fd, text.encode())
        os.close(fd)


def measure(files: int, size: int, workers: int) -> dict[str, float]:
    """Ingest the given number of files, then run again with nothing to do."""
    with tempfile.TemporaryDirectory() as name:
        room = Path(name)
        make_landing(room / "landing", files, size)
        environment = ["env", "LONGSHORE_SETTLE_SECONDS=0", f"LONGSHORE_WORKERS={workers}"]
        command = [*environment, sys.executable, "-m", "longshore", "ingest", "--no-wait"]
        first = run_once(command, room)
        second = run_once(command, room)
    return {
        "files": files,
        "seconds": first["seconds"],
        "files_per_second": files / first["seconds"],
        "cpu_us_per_file": first["cpu"] / files * 1e6,
        "peak_mib": first["peak_mib"],
        "nothing_to_do_seconds": second["seconds"],
        "nothing_to_do_cpu": second["cpu"],
        "nothing_to_do_mib": second["peak_mib"],
    }


def main() -> None:
    """Measure each size in turn."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="1000,10000,100000,1000000")
    parser.add_argument("--bytes", type=int, default=600)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rows = []
    if not options.json:
        print(f"{'files':>9}{'seconds':>9}{'files/s':>9}{'CPU us':>9}{'peak MiB':>10}", end="")
        print(f"{'idle s':>8}{'CPU s':>7}{'idle MiB':>10}")
    for files in map(int, options.sizes.split(",")):
        row = measure(files, options.bytes, options.workers)
        rows.append(row)
        if not options.json:
            print(
                f"{files:>9}{row['seconds']:>9.1f}{row['files_per_second']:>9.0f}{row['cpu_us_per_file']:>9.0f}"
                f"{row['peak_mib']:>10.0f}{row['nothing_to_do_seconds']:>8.2f}{row['nothing_to_do_cpu']:>7.2f}"
                f"{row['nothing_to_do_mib']:>10.0f}",
                flush=True,
            )
    if options.json:
        print(json.dumps(rows, indent=2))


if __name__ == "__main__":
    main()
