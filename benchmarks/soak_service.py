"""Question: does a project that is served for months grow, in memory or on disk?

    python benchmarks/soak_service.py [--minutes 30] [--every 5]

Serves a project for real, drops a file and starts a run every few seconds, and prints, once a minute, the memory of
each process and the size of the server's database and of the ledger. Ends with 1 if the memory of a process that
stays has grown by more than a fifth between the first third and the end.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.flows.project import Project, descendants, end, make_project


def main() -> int:
    """Run the soak and print its table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--every", type=float, default=5.0, help="seconds between two runs")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        project = make_project(Path(folder) / "soak")
        try:
            project.serve()
            return soak(project, options.minutes * 60, options.every)
        finally:
            end(project)


def soak(project: Project, seconds: float, every: float) -> int:
    """Drop and run until the time is over; give 1 where memory has grown."""
    print("| minute | runs | serve MB | fork server MB | server MB | server's database MB | ledger MB |")
    print("| ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    began, told, runs = time.monotonic(), -60.0, 0
    looks: list[tuple[float, ...]] = []
    while (passed := time.monotonic() - began) < seconds:
        project.drop(f"{runs:06}.txt", f"Boat number {runs} has come in with its cargo and gone out again.")
        project.api.start("longshore-ingest/ingest")
        runs += 1
        if passed - told >= 60:
            told = passed
            looks.append(look(project))
            print(
                f"| {passed / 60:.0f} | {runs} | " + " | ".join(f"{value:,.0f}" for value in looks[-1]) + " |",
                flush=True,
            )
        time.sleep(every)
    first, last = looks[len(looks) // 3], looks[-1]
    grown = [after / before for before, after in zip(first[:3], last[:3], strict=True) if before]
    print(f"\nMemory at the end, against that after a third of the time: {', '.join(f'{g:.2f}' for g in grown)}")
    return int(max(grown) > 1.2)


def look(project: Project) -> tuple[float, ...]:
    """Return megabytes: of `longshore serve`, its fork server and its Prefect server, and of the two databases."""
    assert project.process is not None
    # The runs are forks of the fork server and have its name; they hold more than it does.
    staying = {name: [0.0] for name in ("forkserver", "prefect_server")}
    for pid in descendants(project.process.pid):
        command = read(f"/proc/{pid}/cmdline")
        for name, found in staying.items():
            if name in command:
                found.append(resident(pid))
    memory = {name: min(filter(None, found), default=0.0) for name, found in staying.items()}
    files = (project.folder / ".longshore/prefect").glob("prefect.db*")
    ledger = (project.folder / "warehouse/_longshore").glob("ledger.sqlite3*")
    sizes = [sum(file.stat().st_size for file in found) / 1e6 for found in (files, ledger)]
    return resident(project.process.pid), memory["forkserver"], memory["prefect_server"], *sizes


def resident(pid: int) -> float:
    """Return the memory of a process in megabytes."""
    lines = [line for line in read(f"/proc/{pid}/status").splitlines() if line.startswith("VmRSS")]
    return int(lines[0].split()[1]) / 1000 if lines else 0.0


def read(path: str) -> str:
    """Return the text of a file that may be gone."""
    try:
        return Path(path).read_text(errors="replace")
    except OSError:
        return ""


if __name__ == "__main__":
    sys.exit(main())
