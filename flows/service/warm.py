"""What a scheduled run needs, imported once: by the fork server that its processes are forks of (`runner.py`).

The names beside the flows themselves are what Prefect imports only when a run is going on; they were found by comparing
`sys.modules` before and after one. A name that another version of Prefect has not costs that import in each run again,
and nothing else.
"""

import contextlib
import gc
import importlib

_DURING_A_RUN = (
    "prefect.engine",
    "prefect.flow_engine",
    "prefect.task_engine",
    "prefect.events.clients",
    "prefect.concurrency.context",
    "prefect._internal.metrics",
    # Prefect encodes a run's parameters with it: four tenths of a second.
    "fastapi.encoders",
    "graphviz",
    "anyio._backends._asyncio",
    "encodings.idna",
    "rich._emoji_codes",
    "sqlite3",
)
_OURS = ("flows.ingest", "flows.storage.ledger", "flows.storage.warehouse")

for name in _DURING_A_RUN:
    with contextlib.suppress(ImportError):
        importlib.import_module(name)
for name in _OURS:
    importlib.import_module(name)

# What is here stays: a run's garbage collector need not look at it, and its memory stays shared.
gc.collect()
gc.freeze()
