"""A project in an object store, used as its owner would use it."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from longshore.ingestion.executors import InlineExecutor
from longshore.ingestion.project import landing_of, ledger_if_any, open_ledger, warehouse_of
from longshore.pipeline import ingest
from longshore.settings import Settings
from longshore.storage.stores.client import ObjectStore
from longshore.storage.stores.url import parse_store_url
from tests.stores.faulty import set_rules

if TYPE_CHECKING:
    from tests.stores.servers import Server

ROOT = Path(__file__).parents[2]
# Columns that name a place or a time: everything else follows from bytes, settings and version.
OF_PLACE_AND_TIME = ["source_modified_at", "ingested_at", "batch_id"]


@dataclass
class StoreProject:
    """One place in a bucket with a landing and a warehouse, and a ledger on the local disk."""

    place: str
    root: Path
    server: Server
    options: dict[str, Any] = field(default_factory=dict)
    proxy: str = ""
    scheme: str = "s3"

    @property
    def settings(self) -> Settings:
        given = {
            "landing": f"{self.scheme}://{self.place}/drop",
            "warehouse": f"{self.scheme}://{self.place}/house",
            "ledger_url": f"sqlite:///{self.root / 'ledger.sqlite3'}",
            "rewrite_grace_seconds": 0,
        }
        return Settings(**given | self.options)

    @property
    def objects(self) -> ObjectStore:
        """All of it, seen from outside."""
        return ObjectStore(parse_store_url(f"{self.scheme}://{self.place}"))

    @property
    def warehouse(self):
        return warehouse_of(self.settings)

    def landing(self):
        return landing_of(self.settings)

    def ledger(self):
        return open_ledger(self.settings)

    def ledger_if_any(self):
        return ledger_if_any(self.settings)

    def drop(self, name: str, data: bytes | str) -> None:
        self.objects.put(f"drop/{name}", data.encode() if isinstance(data, str) else data)

    def fail(self, *rules: dict[str, Any]) -> None:
        """Let requests fail from now on, as `tests/stores/faulty.py` describes."""
        set_rules(self.proxy, list(rules))

    def ingest(self, **more: Any):
        return ingest(self.settings, executor=InlineExecutor(), **more)

    def keys(self, below: str = "") -> list[str]:
        return [found.key for found in self.objects.objects(below)]

    def rows(self) -> pa.Table:
        """Return all records, sorted, without the columns that name place and time."""
        tables = []
        for part in self.warehouse.parts():
            with self.warehouse.local(f"records/{part}") as path:
                tables.append(pq.ParquetFile(path).read())
        table = pa.concat_tables(tables).sort_by("record_id") if tables else pa.table({"record_id": []})
        return table.drop_columns([name for name in OF_PLACE_AND_TIME if name in table.column_names])

    def ids(self) -> list[str]:
        return self.rows()["record_id"].to_pylist()

    def longshore(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run the command line as a person does, with the settings in the environment."""
        settings = self.settings
        places = {
            "LONGSHORE_LANDING": str(settings.landing),
            "LONGSHORE_WAREHOUSE": str(settings.warehouse),
            "LONGSHORE_LEDGER_URL": settings.ledger_url,
        }
        return self.command(*arguments, **places | environment)

    def command(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run the command line in the project's folder."""
        env = {**os.environ, "PYTHONPATH": str(ROOT / "src"), **environment}
        command = [sys.executable, "-m", "longshore", *arguments]
        return subprocess.run(command, cwd=self.root, env=env, capture_output=True, text=True, check=False)


def sha256(data: bytes | str) -> str:
    return hashlib.sha256(data.encode() if isinstance(data, str) else data).hexdigest()
