"""Cost of each stage of normalising, and how often its fast path serves.

    python benchmarks/stages.py [--corpus DIR] [--files 1200] [--json]

Microseconds of processor time a file for each pure stage, in one process after a warm-up, and for reading, hashing,
building the Arrow table and writing the Parquet. Without `--corpus` the texts are those of `corpus.py`.
"""

from __future__ import annotations

import argparse
import datetime as dt
import hashlib
import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

sys.path.insert(0, str(Path(__file__).parent.parent))
from corpus import make_corpus

from longshore.records import LandedFile, Record, Rejection
from longshore.storage.schema import records_table
from longshore.storage.warehouse import LocalWarehouse
from longshore.text.counts import count
from longshore.text.decode import decode
from longshore.text.header import split_header
from longshore.text.language import detect_language
from longshore.text.normalise import normalise
from longshore.text.repair import repair
from longshore.text.version import NORMALISER_VERSION

T = TypeVar("T")
R = TypeVar("R")


def timed(stage: Callable[[T], R], inputs: list[T], figures: dict[str, float], name: str) -> list[R]:
    """Run a stage over all inputs and note its microseconds a file."""
    for one in inputs[:50]:
        stage(one)
    began = time.process_time()
    results = [stage(one) for one in inputs]
    figures[name] = (time.process_time() - began) / max(1, len(inputs)) * 1e6
    return results


def measure(folder: Path, limit: int) -> dict[str, Any]:
    """Time every stage over the files of a folder."""
    figures: dict[str, float] = {}
    paths = sorted(path for path in folder.rglob("*") if path.is_file())[:limit]
    raws = timed(lambda path: path.read_bytes(), paths, figures, "read")
    timed(lambda raw: hashlib.sha256(raw).digest(), raws, figures, "hash")
    decoded = timed(decode, raws, figures, "decode")
    texts = [one for one in decoded if not isinstance(one, Rejection)]
    utf8 = [raw for raw, one in zip(raws, decoded, strict=True) if getattr(one, "method", "") == "utf-8"]
    others = [raw for raw, one in zip(raws, decoded, strict=True) if getattr(one, "method", "") not in ("utf-8", "")]
    timed(decode, utf8, figures, "decode (UTF-8 files)")
    timed(decode, others, figures, "decode (other files)")
    repaired = timed(lambda one: repair(one.text), texts, figures, "repair")
    headers = timed(lambda one: split_header(one.text), repaired, figures, "header")
    timed(lambda one: detect_language(one.body), headers, figures, "language")
    timed(lambda one: count(one.body), headers, figures, "count")
    results = timed(normalise, raws, figures, "normalise (all of it)")
    records = [one for one in results if isinstance(one, Record)]
    file = LandedFile("x.txt", 1, 1, 1)
    now = dt.datetime.now(dt.UTC)
    groups = [[(one, "x.txt", file) for one in records[start : start + 500]] for start in range(0, len(records), 500)]
    began = time.process_time()
    tables = [records_table(group, "b", now, NORMALISER_VERSION) for group in groups]
    figures["arrow"] = (time.process_time() - began) / max(1, len(records)) * 1e6
    with tempfile.TemporaryDirectory() as name:
        warehouse = LocalWarehouse(Path(name))
        warehouse.make()
        warehouse.begin_staging("run")
        began = time.process_time()
        for number, table in enumerate(tables):
            warehouse.stage("run", f"{number}.parquet", table, 3)
        figures["parquet, staged durably"] = (time.process_time() - began) / max(1, len(records)) * 1e6
    return {
        "files": len(paths),
        "bytes_per_file": sum(map(len, raws)) / max(1, len(raws)),
        "share_utf8": len(utf8) / max(1, len(raws)),
        "share_repaired": sum(1 for one in repaired if one.repairs) / max(1, len(repaired)),
        "microseconds_per_file": figures,
    }


def main() -> None:
    """Measure, and print a table or JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path)
    parser.add_argument("--files", type=int, default=1200)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = options.corpus or Path(name)
        if options.corpus is None:
            make_corpus(folder, options.files, 3800, 7)
        found = measure(folder, options.files)
    if options.json:
        print(json.dumps(found, indent=2))
        return
    print(f"{found['files']} files of {found['bytes_per_file']:,.0f} bytes on average; ", end="")
    print(f"{found['share_utf8']:.0%} are UTF-8 and never meet a detector, {found['share_repaired']:.0%} were repaired")
    for name, microseconds in found["microseconds_per_file"].items():
        print(f"{name:<26}{microseconds:>10.1f} us a file")


if __name__ == "__main__":
    main()
