"""Question: what does it cost that Prefect tracks a run?

    python benchmarks/tracked.py [--files 20000] [--rounds 3]

Serves a project on the embedded server, drops the files, starts a run of its deployment and waits for its end; then the
same files are ingested by `longshore ingest` where nothing is served. By turns. Prints the seconds of each run as the
run itself counts them (from its lock to its last row), and the processor time of all processes: for the tracked run
`longshore serve`, the Prefect server and the run, whatever else they did meanwhile.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from corpus import make_corpus
from idle import look
from ingest import run_once

from tests.flows.project import FLOW, Project, clean_environment, end, free_port

# Per cent that tracking may add to the time of a run.
GOAL = 2.0


def main() -> int:
    """Measure by turns and print a table; give 1 where the goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    found: dict[str, list[tuple[float, float]]] = {"tracked": [], "direct": []}
    with tempfile.TemporaryDirectory() as name:
        corpus = Path(name) / "corpus"
        make_corpus(corpus, options.files, 3800, 7)
        for number in range(options.rounds):
            room = Path(name) / f"room-{number}"
            found["tracked"].append(tracked(room / "tracked", corpus))
            found["direct"].append(direct(room / "direct", corpus))
            shutil.rmtree(room)
    medians = {kind: [statistics.median(column) for column in zip(*runs, strict=True)] for kind, runs in found.items()}
    print("| run of | seconds | CPU seconds |\n| --- | ---: | ---: |")
    for kind, (seconds, cpu) in medians.items():
        print(f"| {options.files:,} files, {kind} | {seconds:.2f} | {cpu:.2f} |")
    more = [100 * (mine / other - 1) for mine, other in zip(medians["tracked"], medians["direct"], strict=True)]
    print(f"\nTracking costs {more[0]:.1f} % of the time and {more[1]:.1f} % of the processor time; goal: {GOAL:g} %.")
    return int(more[0] > GOAL)


def tracked(folder: Path, corpus: Path) -> tuple[float, float]:
    """Return the seconds of a run of the served deployment, and the processor time of all that is served."""
    project = project_of(folder, corpus)
    try:
        # A first run starts at once, and finds nothing.
        project.serve()
        time.sleep(20)
        drop(project)
        before = sum(look(project).values())
        project.api.ended(project.api.start(f"{FLOW}/ingest"))
        return seconds_of_last_run(project), sum(look(project).values()) - before
    finally:
        end(project)


def direct(folder: Path, corpus: Path) -> tuple[float, float]:
    """Return the seconds of a run that nothing tracks, and the processor time of its processes."""
    project = project_of(folder, corpus)
    drop(project)
    took = run_once([sys.executable, "-m", "longshore", "ingest", "--no-wait"], folder)
    return seconds_of_last_run(project), took["cpu"]


def project_of(folder: Path, corpus: Path) -> Project:
    """Make a project whose files wait beside its landing folder."""
    shutil.copytree(corpus, folder / "waiting")
    (folder / "landing").mkdir()
    (folder / "longshore.toml").write_text(
        f'server_port = {free_port()}\nstable_seconds = 0\nworkers = 2\nschedule_cron = "0 0 1 1 *"\n'
    )
    return Project(folder, clean_environment())


def drop(project: Project) -> None:
    """Put all files into landing at once; the copies are on the disk before the clock starts."""
    os.sync()
    (project.folder / "waiting").rename(project.landing / "texts")


def seconds_of_last_run(project: Project) -> float:
    """Return what the run says of itself."""
    status = json.loads(project.longshore("status", "--json").stdout)
    return float(status["runs"][0]["summary"]["seconds"])


if __name__ == "__main__":
    sys.exit(main())
