"""Is the time linear in the size of one file, whatever it holds?

    python benchmarks/long_files.py [--largest 64] [--json]

Each shape of text from 10 KB to `--largest` MB, normalised in a process of its own: seconds of processor time,
microseconds a KB and peak memory. `growth` is the cost a KB of the largest over that of the 1 MB text: 1 is linear.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

PROSE = (
    "The ferry left the harbour an hour late because the fog would not lift. Nobody at the town hall could say when "
    "the bridge would open again, and the crowd at the gate grew restless.\n"
)
SHAPES: dict[str, Callable[[int], bytes]] = {
    "prose": lambda size: (PROSE * (size // len(PROSE) + 1))[:size].encode(),
    "prose in windows-1252": lambda size: ("Le café était fermé. " * (size // 21 + 1))[:size].encode("windows-1252"),
    "mojibake": lambda size: ("Le cafÃ© Ã©tait fermÃ©, dâ€™habitude. " * (size // 38 + 1))[:size].encode(),
    "one line of a": lambda size: b"a" * size,
    "one line of digits": lambda size: b"2024-03-17" * (size // 10),
    "combining marks": lambda size: ("e" + "\u0301" * (size // 2)).encode(),
    "ampersands": lambda size: b"&" * size,
    "quotes": lambda size: "“”‘’".encode() * (size // 12),
    "blank lines": lambda size: b"a\n" + b"\n" * (size - 4) + b"b\n",
    "front matter never closed": lambda size: b"---\n" + b"key: value\n" * (size // 11),
    "header lines": lambda size: b"Date: 2024-03-17\n" * (size // 17),
    "high bytes": lambda size: bytes(range(0xA0, 0x100)) * (size // 96),
    "Chinese": lambda size: ("今天的天气很好。" * (size // 24 + 1)).encode()[: size // 3 * 3],
}


def child(shape: str, size: int) -> None:
    """Normalise one text and print what it took."""
    from longshore.records import Rejection
    from longshore.text.normalise import normalise

    # What is loaded once a process is not what a text costs.
    for first in (b"The harbour was quiet, and \xe9 was the only odd letter in the text.", "Le cafÃ© Ã©tait".encode()):
        normalise(first)
    raw = SHAPES[shape](size)
    base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.process_time()
    result = normalise(raw)
    seconds = time.process_time() - began
    peak = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - base) / 1024
    became = result.reason.value if isinstance(result, Rejection) else "record"
    print(json.dumps({"shape": shape, "bytes": len(raw), "seconds": seconds, "extra_mib": peak, "became": became}))


def main() -> None:
    """Measure each shape in each size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--largest", type=float, default=64, help="MB")
    parser.add_argument("--shapes", default=",".join(SHAPES))
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child(options.child[0], int(options.child[1]))
        return
    sizes = [10_000, 1_000_000, int(options.largest * 1_000_000)]
    results = []
    if not options.json:
        print(f"{'shape':<28}{'MB':>7}{'seconds':>10}{'us/KB':>9}{'+MiB':>8}{'growth':>8}  became")
    for shape in options.shapes.split(","):
        per_kb = {}
        for size in sizes:
            command = [sys.executable, __file__, "--child", shape, str(size)]
            done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=900)
            if done.returncode:
                raise SystemExit(f"{shape} at {size}: {done.stderr[-1000:]}")
            row = json.loads(done.stdout)
            per_kb[size] = row["seconds"] / max(1, row["bytes"]) * 1e9
            row["growth"] = per_kb[size] / per_kb[1_000_000] if size > 1_000_000 else 1.0
            results.append(row)
            if not options.json:
                print(
                    f"{shape:<28}{row['bytes'] / 1e6:>7.2f}{row['seconds']:>10.3f}{per_kb[size]:>9.1f}"
                    f"{row['extra_mib']:>8.0f}{row['growth']:>8.2f}  {row['became']}",
                    flush=True,
                )
    if options.json:
        print(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
