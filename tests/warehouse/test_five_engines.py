"""Five engines agree on counts, sums by language and a filtered query: before, during and after rewrites of it all."""

import contextlib
import select
import subprocess
import sys
import time

import pytest

from tests.warehouse.engines import ENGINES, HAS_SPARK
from tests.warehouse.project import ROOT

PARTS = 8

# For each line that it is given: every row gets another title, and two parts are merged, each with an exchange.
REWRITE = """
import sys
from dataclasses import replace
from pathlib import Path
from longshore.maintenance import compact as compaction, reprocess
from longshore.settings import Settings
from longshore.ingestion.worker import normalise_members
settings = Settings(landing=Path("landing"), warehouse=Path("warehouse"), rewrite_grace_seconds=0)
compaction.plan_groups = lambda parts, _: [sorted(parts, key=lambda p: p.bytes)[:2]] if len(parts) > 1 else []
print("ready", flush=True)
for line in sys.stdin:
    reprocess.normalise_members = lambda *given: [replace(one, title=line) for one in normalise_members(*given)]
    assert reprocess.reprocess_warehouse(settings, "char_count > 0").partitions_exchanged
    compaction.compact_warehouse(settings)
    print("done", flush=True)
while compaction.compact_warehouse(settings).partitions:
    pass
"""

# What an engine may say, loudly, of a file that it listed before an exchange and opened after it.
GONE = ("No such file", "does not exist", "NOT_EXIST", "FileNotFound", "NoSuchFile", "Cannot open file")


def retried(ask, tries=10):
    """Ask again after the one loud error that the guides tell of; any other is a failure."""
    for _ in range(tries):
        try:
            return ask()
        except Exception as error:
            if not any(words in f"{type(error).__name__} {error}" for words in GONE):
                raise
            time.sleep(0.02)
    raise AssertionError("a retry did not mend it")


class Rewriting:
    """Another process that rewrites when it is told to."""

    def __init__(self, process):
        self.process = process
        self.number = 0
        assert process.stdout.readline() == "ready\n"

    def begin(self):
        self.number += 1
        self.process.stdin.write(f"Round {self.number}\n")
        self.process.stdin.flush()

    def at_work(self):
        if not select.select([self.process.stdout], [], [], 0)[0]:
            return True
        assert self.process.stdout.readline() == "done\n"
        return False


@contextlib.contextmanager
def another_process(project):
    process = subprocess.Popen(
        [sys.executable, "-c", REWRITE],
        cwd=project.root,
        env={"PYTHONPATH": str(ROOT / "src"), "PATH": "/usr/bin:/bin"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        with process.stdout:
            yield Rewriting(process)
            process.stdin.close()
            assert process.wait() == 0
    finally:
        process.kill()
        process.wait()


@pytest.mark.timeout(600)  # on a busy machine Java alone takes minutes
def test_five_engines_agree_before_during_and_after_compaction_and_reprocessing(project):
    project.ingest_in_parts(PARTS, files_each=3)
    folder = project.warehouse.records
    names = [name for name in ENGINES if name != "spark" or HAS_SPARK]
    expected = ENGINES["pyarrow"](folder)
    assert expected[0] == PARTS * 3
    assert 0 < expected[2] < expected[0]
    assert {name: ENGINES[name](folder) for name in names} == dict.fromkeys(names, expected)
    with another_process(project) as rewriting:
        for name in [*names, *names[:4]]:
            rewriting.begin()
            while rewriting.at_work():
                assert retried(lambda name=name: ENGINES[name](folder)) == expected, name
    assert len(project.parts()) == 1
    assert set(project.table()["title"].to_pylist()) == {f"Round {rewriting.number}\n"}
    assert {name: ENGINES[name](folder) for name in names} == dict.fromkeys(names, expected)
