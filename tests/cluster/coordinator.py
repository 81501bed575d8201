"""What a coordinator of the cluster test does: fill a landing, ingest, or look at the result. Settings: environment."""

from __future__ import annotations

import json
import sys

from longshore.errors import LockHeldError, LongshoreError
from longshore.ingestion.project import warehouse_of
from longshore.maintenance.verify import verify
from longshore.pipeline import ingest
from longshore.records import SilentObserver
from longshore.settings import load_settings
from longshore.storage.stores.client import ObjectStore
from longshore.storage.stores.url import parse_store_url

FILES = 48


def say(line: str) -> None:
    """Write a line for the test to read."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def texts() -> dict[str, bytes]:
    """Return the files of the test: texts, two of them equal, and an empty one."""
    found = {
        f"{n:02}.txt": f"At {n} o'clock the ferry came in, and the gulls were loud.".encode() for n in range(FILES)
    }
    return found | {"again.txt": found["07.txt"], "empty.txt": b""}


class _Gate(SilentObserver):
    """Prints each finished batch, and waits for a line after one of them."""

    def __init__(self, stop_after: int) -> None:
        self.finished, self.stop_after = 0, stop_after

    def batch_finished(self, batch: object, staged: object, endings: object) -> None:
        del batch, staged, endings
        self.finished += 1
        say(f"batch {self.finished}")
        if self.finished == self.stop_after:
            sys.stdin.readline()

    def message(self, sentence: str) -> None:
        say(f"message {sentence}")


def main(what: str, stop_after: int = 0) -> None:
    settings = load_settings()
    if what == "fill":
        store = ObjectStore(parse_store_url(str(settings.landing)))
        for name, data in texts().items():
            store.put(name, data)
    elif what == "look":
        warehouse = warehouse_of(settings)
        rows = []
        for part in warehouse.parts():
            import pyarrow.parquet as pq

            with warehouse.local(f"records/{part}") as path:
                rows += pq.read_table(path, partitioning=None).to_pylist()
        found = verify(settings)
        problems = list(found.lines()) if found.disagreements else []
        say(json.dumps({"rows": rows, "problems": problems, "staged": list(warehouse.staged())}, default=str))
    else:
        try:
            say(f"state {ingest(settings, observer=_Gate(stop_after)).state}")
        except LockHeldError as held:
            say(f"skipped {held}")
        except (LongshoreError, OSError) as error:
            say(f"error {type(error).__name__}: {error}")


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
