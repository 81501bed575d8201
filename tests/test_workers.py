"""The processes that normalise: what they are started with."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]

# As a flow run's main module, which is all of Prefect; here one that leaves a trace when it is imported again.
_PROGRAM = """
from pathlib import Path

if __name__ == "__main__":
    import sys

    from longshore.ingestion import executors
    from longshore.cli.main import main

    executors.MIN_TEXTS_FOR_PROCESSES = 1
    code = main(["ingest", "--no-wait", "--json"])
    assert sys.modules["__main__"].__file__ == __file__
    sys.exit(code)
Path("imported-again").touch()
"""


def test_a_worker_imports_nothing_of_the_program_that_started_the_run(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(_PROGRAM)
    (tmp_path / "longshore.toml").write_text("stable_seconds = 0\nworkers = 2\n")
    (tmp_path / "landing").mkdir()
    for number in range(2):
        (tmp_path / "landing" / f"{number}.txt").write_text(f"The ferry came in at {number} o'clock.\n")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("LONGSHORE_", "PREFECT_"))}
    done = subprocess.run(
        [sys.executable, "program.py"],
        cwd=tmp_path,
        env={**environment, "PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert len(list((tmp_path / "warehouse/records").rglob("*.parquet"))) == 1
    assert not (tmp_path / "imported-again").exists()
