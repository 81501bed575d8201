"""Ingest one JSON Lines file of many documents: documents a second of processor time, and the peak of memory.

    python benchmarks/many_rows.py [--rows 1000000]

The peak is that of the ingesting process (VmHWM), which does all of it: one file is one batch.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import resource
import tempfile
from pathlib import Path

from longshore.pipeline import ingest
from longshore.settings import Settings

_WORDS = "the harbour was quiet and a ferry left for an island before noon while people waited on its old stone pier"


def main() -> None:
    """Measure, and print a line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    rows = parser.parse_args().rows
    words, chance = _WORDS.split(), random.Random(1)
    with tempfile.TemporaryDirectory(prefix="longshore-rows-") as folder:
        landing = Path(folder, "landing")
        landing.mkdir()
        with (landing / "rows.jsonl").open("w", encoding="utf-8") as file:
            for number in range(rows):
                text = " ".join(chance.choices(words, k=20))
                file.write(json.dumps({"id": number, "title": f"Report {number}", "text": text}) + "\n")
        before = resource.getrusage(resource.RUSAGE_SELF).ru_utime
        summary = ingest(Settings(landing=landing, warehouse=Path(folder, "warehouse"), stable_seconds=0))
        seconds = resource.getrusage(resource.RUSAGE_SELF).ru_utime - before
    peak = re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text(encoding="utf-8"))
    mebibytes = int(peak[1]) // 1024 if peak else 0
    print(f"{summary.records:,} documents, {summary.records / seconds:,.0f} a CPU second, peak {mebibytes:,} MiB")


if __name__ == "__main__":
    main()
