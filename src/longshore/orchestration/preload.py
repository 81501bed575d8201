"""Imports that every scheduled run needs, done once by the fork server (`runner.py`).

The names beside the flows themselves are what Prefect imports only when a run is going on; they were found by comparing
`sys.modules` before and after one. A name that another version of Prefect has not costs that import in each run again,
and nothing else; so it is with what else is prepared here. `benchmarks/idle.py` measures what a run costs.
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
    # Reads the cron line of the deployment.
    "prefect._vendor.croniter",
)
# The runner is where the function is that a fork is told to call.
_OURS = (
    "longshore.orchestration.runner",
    "longshore.orchestration.runs",
    "longshore.orchestration.artifacts",
    "longshore.orchestration.task_executor",
    "longshore.storage.ledger.batches",
    "longshore.storage.warehouse",
)
# What a run and the server tell each other. Pydantic makes the schema of such a class when it is first used.
_TOLD = {
    "prefect.client.schemas.objects": ("Configuration", "CsrfToken", "Flow", "FlowRun", "FlowRunPolicy", "State"),
    "prefect.client.schemas.responses": ("DeploymentResponse", "OrchestrationResult"),
    "prefect.client.schemas.actions": ("FlowRunUpdate", "LogCreate", "StateCreate", "TaskRunCreate"),
    "prefect.client.schemas.schedules": ("CronSchedule", "IntervalSchedule"),
    "prefect.events.schemas.events": ("Event", "Resource", "RelatedResource"),
}


def _make_schemas() -> None:
    for module, names in _TOLD.items():
        for name in names:
            with contextlib.suppress(ImportError, AttributeError):
                getattr(importlib.import_module(module), name).model_rebuild()


def _compile_log_colours() -> None:
    from prefect.logging.highlighters import PrefectConsoleHighlighter  # noqa: PLC0415 - it may be missing

    PrefectConsoleHighlighter()("a line")


for name in _DURING_A_RUN:
    with contextlib.suppress(ImportError):
        importlib.import_module(name)
for name in _OURS:
    importlib.import_module(name)
for prepare in (_make_schemas, _compile_log_colours):
    with contextlib.suppress(Exception):
        prepare()

# What is here stays: a run's garbage collector need not look at it, and its memory stays shared.
gc.collect()
gc.freeze()
