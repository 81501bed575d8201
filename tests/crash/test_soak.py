from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_two_hundred_random_kills_while_files_arrive_lose_nothing():
    soak = subprocess.run(
        [sys.executable, ROOT / "benchmarks" / "soak.py", "--kills", "200", "--most-seconds", "120"],
        capture_output=True, text=True, check=False, cwd=ROOT,
    )  # fmt: skip
    assert soak.returncode == 0, soak.stdout + soak.stderr
