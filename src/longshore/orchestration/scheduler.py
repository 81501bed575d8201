"""Serve with Prefect: deploy, start a first run, run what is due until told to stop."""

import asyncio
import contextlib
import datetime as dt
import logging
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.filters import (
    DeploymentFilter,
    DeploymentFilterId,
    FlowRunFilter,
    FlowRunFilterExpectedStartTime,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import StateType
from prefect.deployments.runner import RunnerDeployment
from prefect.exceptions import ObjectNotFound
from prefect.logging.handlers import APILogHandler
from prefect.schedules import Cron, Schedule
from prefect.server.schemas.schedules import CronSchedule
from prefect.settings import get_current_settings

from longshore.console import waiting
from longshore.errors import SettingsError
from longshore.orchestration.access import LOGIN_FILE
from longshore.orchestration.api import STATE_FOLDER
from longshore.orchestration.automations import ensure_automations
from longshore.orchestration.deployments import Scheduled, deployments, full_name
from longshore.orchestration.flow_files import entrypoint_of, flow_file
from longshore.orchestration.logs import say
from longshore.orchestration.runner import ProjectRunner
from longshore.orchestration.server import EmbeddedServer
from longshore.settings import Settings
from longshore.storage.names import printable
from longshore.storage.stores.url import StoreUrl

_log = logging.getLogger(__name__)

# How often due runs are asked for. They start at their second whatever this is: they are fetched so long before it.
POLL_SECONDS = 10.0
_LOOK_SECONDS = 2.0
# A serve that is told to stop must have ended within ten seconds, the server included.
_STOP_SECONDS = 5.0


def deployment_of(one: Scheduled, settings: Settings) -> RunnerDeployment:
    """Return Prefect's form of a deployment; its entry point is the project's own flow file, or the shipped one."""
    return RunnerDeployment.from_entrypoint(
        entrypoint_of(one.name),
        name=full_name(one, settings),
        schedules=[schedule_of(one)],
        description=one.description,
        tags=list(one.tags),
        version=one.version,
    )


def schedule_of(one: Scheduled) -> Schedule:
    """Return Prefect's form of when a deployment runs.

    Raises:
        SettingsError: its cron line cannot be understood.
    """
    try:
        CronSchedule(cron=one.cron, timezone=one.timezone)
    except ValueError:
        raise SettingsError(
            f"The schedule of {one.name} is {one.cron!r}, which is no cron line. One has five fields: minute, hour, "
            "day, month, day of the week; `* * * * *` is every minute."
        ) from None
    return Cron(one.cron, timezone=one.timezone, slug=one.name)


def announce(settings: Settings, page: str, next_run: dt.datetime, *, login: bool) -> None:
    """Print where a project is served, when it runs next, and where files go."""
    say("")
    say(f"Longshore is serving {printable(str(Path.cwd()))}")
    say(f"  web page    {page}")
    if login:
        say(f"  log in      with the line in {STATE_FOLDER}/{LOGIN_FILE}")
    for one in deployments(settings):
        say(f"  {one.name:<10}  {one.when}")
    say(f"  next run    {next_run:%Y-%m-%d %H:%M:%S} UTC; a first one starts now")
    say(f"  drop files  into {printable(str(settings.landing.absolute()))}")
    say(f"  read        {printable(str(settings.warehouse.absolute()))}/records/")
    say("Stop it with Ctrl-C.")


async def serve_once(settings: Settings, page: str, server: EmbeddedServer | None, *, first: bool, watch: bool) -> bool:
    """Deploy, start a run, and run what is due; give True when told to stop, False when the server has gone.

    Args:
        settings: of the project.
        page: the address of the web page, for people.
        server: our own; None where it is another's, which other projects may use too.
        first: whether to say what is served.
        watch: whether to start runs for files that become stable, besides the schedule.

    Raises:
        SettingsError: a deployment of that name belongs to another project, or there is no such `alert_block`.
    """
    _log_here_only()
    landing = settings.landing
    name = landing.bucket if isinstance(landing, StoreUrl) else landing.absolute().parent.name
    runner = ProjectRunner(f"longshore {name}", POLL_SECONDS)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, runner.asked_to_stop.set)
    try:
        with waiting("registering the schedules"):
            ids = await _deploy(settings, runner, shared=server is None)
            ingest = ids["ingest"]
            # At once, also after the server was away: the runs that were due meanwhile are dropped for this one.
            await _start(ingest)
        if first:
            announce(settings, page, await _next_run(settings), login=bool(server and server.login))
    except Exception:
        if first:
            raise
        _log.warning("Deploying again failed.", exc_info=True)
        return False
    watching = asyncio.create_task(_watch(settings, ingest, runner)) if watch else None
    try:
        return await _run_until_stopped(runner, server)
    finally:
        if watching is not None:
            watching.cancel()


def _log_here_only() -> None:
    """Stop this process from sending log lines of runs to the API; the runs' own processes still do.

    When a run is cancelled, Prefect's runner logs here in its name. The server may be gone by then, and this process
    would wait a minute for it before it ends.
    """
    for name in ("prefect.flow_runs", "prefect.task_runs"):
        logger = logging.getLogger(name)
        for handler in [each for each in logger.handlers if isinstance(each, APILogHandler)]:
            logger.removeHandler(handler)


async def _run_until_stopped(runner: ProjectRunner, server: EmbeddedServer | None) -> bool:
    running = asyncio.create_task(runner.start())
    others: set[asyncio.Task[Any]] = {asyncio.create_task(runner.asked_to_stop.wait())}
    if server is not None:
        others.add(asyncio.create_task(_until_dead(server)))
    await asyncio.wait({running, *others}, return_when=asyncio.FIRST_COMPLETED)
    stopped = runner.asked_to_stop.is_set()
    if not stopped:
        _log.warning("The runner ends: %s", running.exception() if running.done() else "its server has died.")
    for task in others:
        task.cancel()
    if not running.done():
        with contextlib.suppress(Exception):
            # What is in progress is told to stop and given time to say so; then its processes go.
            await asyncio.wait_for(runner.astop(), _STOP_SECONDS)
        with contextlib.suppress(Exception, asyncio.CancelledError):
            await asyncio.wait_for(running, 1.0)
    return stopped


async def _until_dead(server: EmbeddedServer) -> None:
    while server.is_alive:  # noqa: ASYNC110 - a child process sets no event
        await asyncio.sleep(_LOOK_SECONDS)


async def _deploy(settings: Settings, runner: ProjectRunner, *, shared: bool) -> dict[str, UUID]:
    ids = {}
    for one in deployments(settings):
        deployment = await asyncio.to_thread(deployment_of, one, settings)
        if shared:
            await _check_ours(deployment)
        ids[one.name] = await runner.aadd_deployment(deployment)
        runner.entrypoints[ids[one.name]] = f"{flow_file(one.name)}:{one.name}"
    await ensure_automations(settings)
    async with get_client() as client:
        await _forget_missed(client, list(ids.values()))
    return ids


async def _check_ours(deployment: RunnerDeployment) -> None:
    """Raise an error rather than take a deployment over from another project that uses the same server."""
    async with get_client() as client:
        try:
            found = await client.read_deployment_by_name(f"{deployment.flow_name}/{deployment.name}")
        except ObjectNotFound:
            return
    if found.path not in (None, str(Path.cwd())):
        raise SettingsError(
            f"On this Prefect server the deployment {deployment.name} belongs to the project in {found.path}. "
            "Set `project` in longshore.toml to a name of its own for this project, or delete that deployment."
        )


async def _forget_missed(client: PrefectClient, ids: list[UUID]) -> None:
    """Drop the runs that were due while nobody served: one run takes all that is there."""
    missed = await client.read_flow_runs(
        deployment_filter=DeploymentFilter(id=DeploymentFilterId(any_=ids)),
        flow_run_filter=FlowRunFilter(
            state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.SCHEDULED])),
            expected_start_time=FlowRunFilterExpectedStartTime(before_=dt.datetime.now(dt.UTC)),  # type: ignore[arg-type]  # its own DateTime is a datetime
        ),
    )
    for run in missed:
        await client.delete_flow_run(run.id)


async def _start(deployment_id: UUID) -> None:
    async with get_client() as client:
        await client.create_flow_run_from_deployment(deployment_id)


async def _next_run(settings: Settings) -> dt.datetime:
    """Return when the schedule fires next, UTC; the server itself plans it some seconds later."""
    zone, now = settings.schedule_timezone, dt.datetime.now(dt.UTC)
    schedule = CronSchedule(cron=settings.schedule_cron, timezone=zone)
    return (await schedule.get_dates(1, now))[0].astimezone(dt.UTC)


async def _watch(settings: Settings, deployment_id: UUID, runner: ProjectRunner) -> None:
    from longshore.orchestration.watch import stable_changes  # noqa: PLC0415 - watchfiles, an extra

    async for _ in stable_changes(settings):
        try:
            await _start(deployment_id)
            await runner.look_now()
        except Exception:
            _log.warning("A run for new files could not be started; the schedule will take them.", exc_info=True)


@contextlib.contextmanager
def metrics(settings: Settings, port: int | None) -> Iterator[None]:
    """Expose figures for Prometheus while the block runs, where a port is given."""
    if port is None:
        yield
        return
    from longshore.orchestration.monitoring import exposed  # noqa: PLC0415 - only where it is asked for

    with exposed(settings, port):
        yield


def page_url() -> str:
    """Return the address of the web page of the configured API."""
    return get_current_settings().ui_url or get_current_settings().api.url or ""
