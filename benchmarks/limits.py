"""Cost of the longest files: one line of 200 MB, and 100 million short lines.

    python benchmarks/limits.py [--megabytes 200] [--lines 100000000] [--folder DIR] [--max-file-bytes N]

Each is ingested alone by the command, in a process of its own, once with the default `max_file_bytes` (it is then
refused before it is read) and once with room for it. Reports how it ended, the seconds, and the most memory at once.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
MB = 1_000_000
WORDS = b"The harbour master wrote down every ship that came in before the storm and none that left it. "
WIDE = "Håvards båt låg kvar vid kajen, där måsarna skränade hela natten över isen. ".encode()


def one_line(path: Path, size: int, words: bytes) -> None:
    """Write one line of the given length in bytes."""
    with path.open("wb") as out:
        block = words * (MB // len(words))
        for _ in range(size // len(block)):
            out.write(block)
        out.write(words + b"\n")


def short_lines(path: Path, lines: int) -> None:
    """Write the given number of lines, one letter each."""
    with path.open("wb") as out:
        for _ in range(lines // MB):
            out.write(b"a\n" * MB)


def ingest(path: Path, folder: Path, max_file_bytes: int | None) -> str:
    """Ingest one file in a fresh project; give how it ended, the seconds and the memory."""
    landing = folder / "landing"
    landing.mkdir(exist_ok=True)
    os.utime(path, (1_700_000_000, 1_700_000_000))
    landed = landing / path.name
    os.link(path, landed)
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "LONGSHORE_WORKERS": "1"}
    if max_file_bytes:
        environment["LONGSHORE_MAX_FILE_BYTES"] = str(max_file_bytes)
    command = [sys.executable, "-m", "longshore", "ingest", "--json", "--landing", str(landing)]
    command += ["--warehouse", str(folder / f"warehouse-{time.time_ns()}")]
    began = time.perf_counter()
    with tempfile.TemporaryFile(dir=folder) as out:
        child = subprocess.Popen(command, stdout=out, env=environment, cwd=folder)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        said = out.read()
    seconds = time.perf_counter() - began
    landed.unlink(missing_ok=True)
    if child.returncode:
        return f"exit {child.returncode} after {seconds:.0f} s"
    summary = json.loads(said)
    ending = "a record" if summary["records"] else ", ".join(summary["reasons"])
    processor = usage.ru_utime + usage.ru_stime
    return f"{ending:12} {seconds:7.1f} s ({processor:.1f} s of a core) {usage.ru_maxrss / 1024:7,.0f} MiB"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=200)
    parser.add_argument("--lines", type=int, default=100 * MB)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--only", choices=["ascii", "wide", "lines"])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        for kind, title in (
            ("ascii", f"one line of {options.megabytes} MB, ASCII"),
            ("wide", f"one line of {options.megabytes} MB, UTF-8"),
            ("lines", f"{options.lines:,} lines"),
        ):
            if options.only not in (None, kind):
                continue
            path = folder / f"{kind}.txt"
            if kind == "lines":
                short_lines(path, options.lines)
            else:
                one_line(path, options.megabytes * MB, WORDS if kind == "ascii" else WIDE)
            for limit, label in ((None, "as it is set up"), (1024 * 1024 * 1024, "max_file_bytes = 1 GiB")):
                print(f"{title:32} {label:24} {ingest(path, folder, limit)}", flush=True)
            path.unlink()


if __name__ == "__main__":
    main()
