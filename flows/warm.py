"""What a scheduled run needs, imported once: by the fork server that its processes are forks of (`runner.py`)."""

import gc

import flows.ingest
import flows.storage.ledger
import flows.storage.warehouse  # noqa: F401

# What is here stays: a run's garbage collector need not look at it, and its memory stays shared.
gc.collect()
gc.freeze()
