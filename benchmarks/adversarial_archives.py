"""Cost of archives that are made to be expensive: processor time and memory until each is read or refused.

    python benchmarks/adversarial_archives.py [--cpu-seconds 4] [--memory-mib 1024]

The archives are those of `tests/storage/archive_samples.py`, which `make test` reads under limits of the kernel. Each
is read in a process of its own, as identification reads it. Exits with 1 if one of them costs more than the limits.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "src")]

from longshore.settings import Settings  # noqa: E402 - the script runs without an installation
from longshore.storage.archives.members import members  # noqa: E402
from longshore.storage.archives.stream import ArchiveError  # noqa: E402
from longshore.storage.landing import LocalLanding  # noqa: E402
from tests.storage.archive_samples import ADVERSARIAL, land  # noqa: E402


def read_one(folder: Path, name: str) -> dict[str, object]:
    """Read the archive of that name below a folder to its end or its refusal; return what that cost."""
    before = resource.getrusage(resource.RUSAGE_SELF)
    count, ended = 0, "read"
    with LocalLanding(folder) as landing:
        file = landing.look(name)
        assert file is not None
        try:
            for _ in members(file, landing, Settings(landing=folder).limits_of_archives):
                count += 1
        except ArchiveError as error:
            ended = error.reason.value
    after = resource.getrusage(resource.RUSAGE_SELF)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    memory = (after.ru_maxrss - before.ru_maxrss) / 1024
    return {"outcome": ended, "members": count, "seconds": round(seconds, 2), "memory_mib": round(memory)}


def main() -> int:
    """Make the archives one after the other, read each in a fresh process, and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--cpu-seconds", type=float, default=4)
    parser.add_argument("--memory-mib", type=float, default=1024)
    parser.add_argument("--one", nargs=2, metavar=("FOLDER", "NAME"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        print(json.dumps(read_one(Path(given.one[0]), given.one[1])))
        return 0
    over = []
    print("| archive | KB | ended as | members read | CPU s | + MiB |\n| --- | ---: | --- | ---: | ---: | ---: |")
    for name, make in ADVERSARIAL.items():
        with tempfile.TemporaryDirectory() as folder:
            size = land(Path(folder), name, make()).stat().st_size
            command = [sys.executable, __file__, "--one", folder, name]
            found = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
        print(
            f"| `{name}` | {size / 1000:,.1f} | {found['outcome']} | {found['members']:,} "
            f"| {found['seconds']:.2f} | {found['memory_mib']} |"
        )
        if found["seconds"] > given.cpu_seconds or found["memory_mib"] > given.memory_mib:
            over.append(name)
    print(f"\nOver the limits: {', '.join(over)}" if over else "\nAll are within the limits.")
    return bool(over)


if __name__ == "__main__":
    sys.exit(main())
