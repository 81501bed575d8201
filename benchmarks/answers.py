"""Record what `normalise` answers for every file of a corpus, and compare two such recordings.

    python benchmarks/answers.py record ANSWERS.parquet --corpus DIR [--corpus DIR ...]
    python benchmarks/answers.py compare BEFORE.parquet AFTER.parquet [--show 20]

Run `record` before a change that must not alter any answer and after it, then `compare`. The exit code of `compare`
is 1 when any answer differs; it prints how many rows differ in each column and the first of them. Every regular file
below a DIR is read, and each row of a `dates.jsonl` counts as a text that holds only that line.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from longshore import normalise

# Told by the version and not by the text.
_LEFT_OUT = {"normaliser_version"}


def sources(folders: list[Path]) -> Iterator[tuple[str, bytes]]:
    """Yield a name and the bytes of each text below the folders, sorted by name."""
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            name = f"{folder.name}/{path.relative_to(folder)}"
            if path.name == "dates.jsonl":
                lines = path.read_text(encoding="utf-8").splitlines()
                for number, line in enumerate(lines):
                    text = json.loads(line)["raw_header_line"] + "\n\nThe harbour was quiet on that morning.\n"
                    yield f"{name}#{number}", text.encode("utf-8", "surrogatepass")
            elif path.is_file():
                yield name, path.read_bytes()


def answer(source: tuple[str, bytes]) -> dict[str, str]:
    """Return every column of the answer to one source, as text."""
    name, raw = source
    found = asdict(normalise(raw))
    return {"path": name} | {
        key: json.dumps(value, ensure_ascii=True, default=str) for key, value in found.items() if key not in _LEFT_OUT
    }


def record(target: Path, folders: list[Path]) -> int:
    """Write the answers to all sources as one Parquet file."""
    with ProcessPoolExecutor() as pool:
        rows = list(pool.map(answer, sources(folders), chunksize=32))
    columns = sorted({key for row in rows for key in row})
    pq.write_table(pa.table({key: [row.get(key) for row in rows] for key in columns}), target)
    sys.stdout.write(f"{len(rows):,} answers written to {target}\n")
    return 0


def compare(before: Path, after: Path, shown: int) -> int:
    """Print where two recordings differ; return 1 where they do."""
    old, new = ({row["path"]: row for row in pq.read_table(path).to_pylist()} for path in (before, after))
    counts: Counter[str] = Counter()
    lines = []
    for path in sorted(old.keys() | new.keys()):
        was, now = old.get(path, {}), new.get(path, {})
        changed = [key for key in sorted(was.keys() | now.keys()) if was.get(key) != now.get(key)]
        counts.update(changed)
        if changed:
            lines.append(path)
            lines += [f"    {key}: {str(was.get(key))[:160]} -> {str(now.get(key))[:160]}" for key in changed]
    differing = sum(not line.startswith("    ") for line in lines)
    sys.stdout.write(f"{differing} of {len(old.keys() | new.keys()):,} answers differ. {dict(counts)}\n")
    sys.stdout.write("".join(f"{line}\n" for line in lines[:shown]))
    return 1 if differing else 0


def main() -> int:
    """Run one of the two commands."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True, dest="command")
    recording = commands.add_parser("record")
    recording.add_argument("target", type=Path)
    recording.add_argument("--corpus", type=Path, action="append", required=True)
    comparing = commands.add_parser("compare")
    comparing.add_argument("before", type=Path)
    comparing.add_argument("after", type=Path)
    comparing.add_argument("--show", type=int, default=20, help="lines of differences to print")
    options = parser.parse_args()
    if options.command == "record":
        return record(options.target, options.corpus)
    return compare(options.before, options.after, options.show)


if __name__ == "__main__":
    sys.exit(main())
