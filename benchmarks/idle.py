"""Question: what does a served project cost while nobody drops a file?

    python benchmarks/idle.py [--minutes 10] [--warm-up 3] [--watch]

Serves a project that `longshore init` made, with its schedule of a run a minute, lets it warm up, and prints the
processor time of each part over the minutes that follow: of `longshore serve`, of the process that runs are forks of
with the runs themselves, and of the Prefect server. It is the time that the processes were given, from /proc, so that
other work on the machine makes it no larger (but for caches that others fill). Ends with 1 if the sum is over the goal
or if a minute passed without its run.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.flows.project import FLOW, Project, clean_environment, descendants, end, free_port

# Per cent of one core, of all processes together.
GOAL = 2.0
_TICKS = os.sysconf("SC_CLK_TCK")


def main() -> int:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=int, default=10)
    parser.add_argument("--warm-up", type=int, default=3, help="minutes before the first look")
    parser.add_argument("--watch", action="store_true", help="serve with --watch")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        project = Project(Path(folder), clean_environment(LONGSHORE_SERVER_PORT=str(free_port())))
        made = project.longshore("init")
        assert made.returncode == 0, made.stderr
        try:
            project.serve(*(["--watch"] if options.watch else []))
            time.sleep(options.warm_up * 60)
            return measure(project, options.minutes)
        finally:
            end(project)


def measure(project: Project, minutes: int) -> int:
    """Print what each part took in the given minutes; return 1 where that was too much, or where runs are missing."""
    before, runs_before = look(project), ended_runs(project)
    began = time.monotonic()
    time.sleep(minutes * 60)
    after, seconds = look(project), time.monotonic() - began
    runs = len(ended_runs(project) - runs_before)
    print("| process | CPU ms a minute | CPU seconds an hour | % of a core |")
    print("| --- | ---: | ---: | ---: |")
    took = {part: after[part] - before[part] for part in after}
    for part, cpu in {**took, "in all": sum(took.values())}.items():
        share = cpu / seconds
        print(f"| {part} | {share * 60_000:,.0f} | {share * 3600:,.0f} | {100 * share:.2f} |")
    in_all = 100 * sum(took.values()) / seconds
    print(f"\n{runs} runs in {seconds / 60:.1f} minutes; the goal is below {GOAL:g} %.")
    return int(in_all >= GOAL or runs < minutes - 1)


def look(project: Project) -> dict[str, float]:
    """Return the seconds of processor time that each part has taken until now, with its children that have ended."""
    assert project.process is not None
    found = {"longshore serve": seconds_of(project.process.pid), "runs": 0.0, "Prefect server": 0.0}
    for pid in descendants(project.process.pid):
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
        found["Prefect server" if b"prefect_server" in command else "runs"] += seconds_of(pid)
    return found


def seconds_of(pid: int) -> float:
    """Return what a process and those of its children that it has waited for have taken."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / _TICKS


def ended_runs(project: Project) -> set[str]:
    """Return the scheduled runs that have come to their end with nothing to do."""
    return {run["id"] for run in project.api.runs(FLOW) if run["auto_scheduled"] and run["state_name"] == "NothingToDo"}


if __name__ == "__main__":
    sys.exit(main())
