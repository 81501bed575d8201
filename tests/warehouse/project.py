"""A small real project: files are dropped, ingested by the pipeline itself, and read from the warehouse."""

import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow.dataset as ds

from longshore.ingestion.executors import InlineExecutor
from longshore.ingestion.project import open_ledger
from longshore.maintenance.compact import compact_warehouse
from longshore.pipeline import ingest
from longshore.settings import Settings
from longshore.storage.warehouse import LocalWarehouse

ROOT = Path(__file__).parents[2]

SENTENCES = {
    "en": "The harbour was quiet in the morning, and the ferries waited for the fog to lift before they left.",
    "de": "Der Hafen war am Morgen still, und die Fähren warteten, bis sich der Nebel über dem Wasser hob.",
    "fr": "Le port était calme ce matin, et les bateaux attendaient que la brume se lève avant de partir.",
    "es": "El puerto estaba tranquilo por la mañana y los barcos esperaban a que se levantara la niebla.",
}


def article(number, language=None):
    """Give an article of our own; every number is another text, the languages take turns."""
    language = language or list(SENTENCES)[number % len(SENTENCES)]
    body = f"{SENTENCES[language]} ({number})\n" * (1 + number % 5)
    return f"Date: 2024-{1 + number % 12:02d}-{1 + number % 28:02d}\n\n{body}"


@dataclass
class Project:
    """One landing folder and one warehouse."""

    root: Path
    options: dict = field(default_factory=dict)

    @property
    def settings(self):
        defaults = {"stable_seconds": 0, "rewrite_grace_seconds": 0}
        return Settings(landing=self.root / "landing", warehouse=self.root / "warehouse", **defaults | self.options)

    @property
    def warehouse(self):
        return LocalWarehouse(self.root / "warehouse")

    def ledger(self):
        return open_ledger(self.settings)

    def drop(self, name, text):
        path = self.root / "landing" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def ingest(self):
        return ingest(self.settings, executor=InlineExecutor())

    def ingest_in_parts(self, parts, files_each=3, first=0):
        """Ingest so many runs, each of which makes one part."""
        for part in range(parts):
            for index in range(files_each):
                number = first + part * files_each + index
                self.drop(f"day/{number:05d}.txt", article(number))
            self.ingest()

    def compact(self, **options):
        return compact_warehouse(self.settings, **options)

    def parts(self):
        return list(self.warehouse.parts())

    def table(self):
        return ds.dataset(self.warehouse.records, partitioning="hive").to_table().sort_by("record_id")

    def run(self, *command, fault=None, check=False):
        """Run a command in a process of its own, with a fault armed."""
        environment = {k: v for k, v in os.environ.items() if not k.startswith("LONGSHORE_")} | {
            "PYTHONPATH": str(ROOT / "src"),
            "LONGSHORE_STABLE_SECONDS": "0",
            "LONGSHORE_REWRITE_GRACE_SECONDS": "0",
            **{f"LONGSHORE_{key.upper()}": str(value) for key, value in self.options.items()},
            **({"LONGSHORE_FAULT": fault} if fault else {}),
        }
        return subprocess.run(
            [sys.executable, "-m", "longshore", *command],
            cwd=self.root, env=environment, capture_output=True, text=True, check=check, timeout=120,
        )  # fmt: skip


def in_child(act, fault, timeout=60):
    """Do something in a forked child with a fault armed; give how the child ended (-9: killed)."""
    from longshore.storage import fault_injection

    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            fault_injection.arm(fault)
            act()
            code = 0
        except BaseException:
            code = 3
        finally:
            os._exit(code)
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.005)
    os.kill(pid, 9)
    os.waitpid(pid, 0)
    raise TimeoutError(fault)
