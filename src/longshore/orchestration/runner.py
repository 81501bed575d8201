"""Run the scheduled flow runs of a project, each in a process of its own that starts in milliseconds.

Prefect's runner starts a fresh interpreter for each run: three seconds of CPU to import Prefect, each minute. Here a
fork server has imported it once, and each run is a fork of that. The rest is Prefect's: polling, cancelling, states,
and that a run whose process dies is `Crashed`.

Promised: a run is a process, killed and cancelled as such, and never outlives `longshore serve` by more than moments.
It runs the flow file that `longshore serve` deployed, whatever the server says that the deployment runs.
"""

import asyncio
import contextlib
import multiprocessing
import os
import runpy
import signal
import sys
import threading
from collections.abc import Mapping
from typing import Any, Self
from uuid import UUID

import anyio
import anyio.abc
from prefect.client.schemas.objects import FlowRun
from prefect.runner import Runner

from longshore.errors import LongshoreError
from longshore.orchestration.api import HEARTBEAT_SECONDS

# Above the two nightly flows and an ingest run; a second ingest run ends at once, as the first holds the warehouse.
RUNS_AT_ONCE = 3
_context = multiprocessing.get_context("forkserver")


class ProjectRunner(Runner):
    """Prefect's runner, with warm starts, and with an end that the caller decides."""

    def __init__(self, name: str, poll_seconds: float) -> None:
        """Store a name for the web page, and how often to ask for due runs."""
        super().__init__(
            name=name,
            query_seconds=poll_seconds,
            prefetch_seconds=poll_seconds,
            heartbeat_seconds=HEARTBEAT_SECONDS,
            limit=RUNS_AT_ONCE,
            pause_on_shutdown=False,
        )
        self.asked_to_stop = asyncio.Event()
        self.entrypoints: dict[UUID, str] = {}

    def handle_sigterm(self, *_args: Any, **_options: Any) -> None:  # noqa: ANN401 - as in Prefect
        """Ask to stop, in place of Prefect's exit in the middle of whatever is going on."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self.asked_to_stop.set)

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        starter = WarmStarter(self.entrypoints, self._control_channel)
        self._scheduled_run_poller._resolve_starter = lambda _run: starter  # noqa: SLF001 - Prefect has no public place
        return self

    async def look_now(self) -> None:
        """Ask for due runs at once instead of at the next poll."""
        if self.started:
            with contextlib.suppress(Exception):
                await self._scheduled_run_poller._get_and_submit_flow_runs()  # noqa: SLF001 - or the next poll finds it


class WarmStarter:
    """Starts one flow run as a fork of a process that has Prefect imported."""

    def __init__(self, entrypoints: Mapping[UUID, str], control_channel: Any) -> None:  # noqa: ANN401 - Prefect's, private
        """Store which flow file each deployment runs, and the channel by which the runner cancels runs."""
        self._entrypoints = entrypoints
        self._control_channel = control_channel

    async def start(
        self, flow_run: FlowRun, task_status: anyio.abc.TaskStatus[Any] = anyio.TASK_STATUS_IGNORED
    ) -> None:
        """Start the run, report that it has started, and return when its process has ended.

        Raises:
            LongshoreError: it is a run of a deployment that is not ours.
        """
        entrypoint = self._entrypoints.get(flow_run.deployment_id) if flow_run.deployment_id else None
        if entrypoint is None:
            raise LongshoreError(f"The run {flow_run.name} belongs to no deployment of this project.")
        from prefect.runner._process_manager import ProcessHandle  # noqa: PLC0415 - what the runner wants to be given

        # Whoever may use the server could change what its deployments run, to any file or command.
        environment = {
            "PREFECT__ENABLE_CANCELLATION_AND_CRASHED_HOOKS": "false",
            "PREFECT__FLOW_ENTRYPOINT": entrypoint,
        }
        with contextlib.suppress(RuntimeError):
            port, token = self._control_channel.register(flow_run.id)
            environment |= {"PREFECT__CONTROL_PORT": str(port), "PREFECT__CONTROL_TOKEN": token}
        process = _context.Process(target=run_flow_run, args=(str(flow_run.id), environment), name="longshore-run")
        await anyio.to_thread.run_sync(process.start)
        task_status.started(ProcessHandle(process))  # type: ignore[arg-type]  # as a spawned process
        await anyio.to_thread.run_sync(process.join, abandon_on_cancel=True)


def warm_up() -> None:
    """Start the fork server, which imports Prefect in the background."""
    _context.set_forkserver_preload(["longshore.orchestration.preload"])
    from multiprocessing import forkserver  # noqa: PLC0415

    forkserver.ensure_running()


def run_flow_run(flow_run_id: str, environment: dict[str, str]) -> None:
    """Run one flow run in this process, as `python -m prefect.engine` does."""
    os.environ.update(environment)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    sys.argv = ["prefect.engine", flow_run_id]
    sys.modules.pop("prefect.engine", None)
    runpy.run_module("prefect.engine", run_name="__main__", alter_sys=True)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)
