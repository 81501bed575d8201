"""Longer polling intervals for the embedded Prefect server, each with its reason.

Prefect's defaults are for a server of many people: each of its services looks every few seconds, its job queue some
thirty times a second. On one machine with a run a minute most of that finds nothing. What is still looked at often is
what somebody waits for: a run that is due or was started on the page, one to be cancelled, an event, an automation.

Only the server that `longshore serve` starts is told so, never one of the user's; and what the user sets wins.
`benchmarks/idle.py` measures the whole. What has no setting is reached inside Prefect and its libraries; where a later
version has no such place, it goes on at its own pace: dearer, and right.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import functools
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from docket import Docket, Worker
    from uvicorn import Server

# What is Prefect's default is left out; so is the loop that plans runs (60 s), though it plans an hour ahead: a
# schedule that somebody turns on or changes on the page waits for it.
SETTINGS = {
    # A deployment that was rebuilt, as with each start of ours, has its runs planned this soon after.
    "PREFECT_SERVER_SERVICES_SCHEDULER_RECENT_DEPLOYMENTS_LOOP_SECONDS": "20",
    # With heartbeats of 30 s and a patience of 90 s, a silent run is `Crashed` within two minutes.
    "PREFECT_SERVER_EVENTS_PROACTIVE_GRANULARITY": "PT15S",
    # The word `Late` on the page; nobody can be late here for long but after the machine was asleep.
    "PREFECT_SERVER_SERVICES_LATE_RUNS_LOOP_SECONDS": "60",
    # The task runs of a cancelled run say so a minute later; the run itself says it at once.
    "PREFECT_SERVER_SERVICES_CANCELLATION_CLEANUP_LOOP_SECONDS": "60",
    # Concurrency limits that somebody makes on the page: a slot whose holder died is free again.
    "PREFECT_SERVER_SERVICES_REPOSSESSOR_LOOP_SECONDS": "60",
    # Nothing of ours pauses, works in a pool, or leases messages.
    "PREFECT_SERVER_SERVICES_PAUSE_EXPIRATIONS_LOOP_SECONDS": "300",
    "PREFECT_SERVER_SERVICES_FOREMAN_LOOP_SECONDS": "300",
    "PREFECT_SERVER_SERVICES_CLEANUP_RECONCILER_LOOP_SECONDS": "300",
}

# The job queue looks for jobs whose time has come: those of the services above, none of which is due to the second.
# A job for now does not wait for that look.
_QUEUE_LOOKS = dt.timedelta(seconds=5)
# The queue's one worker tells the queue that it lives. There is no other that could take over.
_WORKER_TELLS = dt.timedelta(seconds=60)
# Whether a job of the queue is to be cancelled: Prefect's server cancels none. (Runs are cancelled elsewhere.)
_CANCELLED_JOBS_LOOK_SECONDS = 5.0
# Automations that another server made, and events that came before the one they follow. What arrives in order, which
# on one machine is everything, is seen at once; so are automations made on this server.
_STRAY_EVENTS_LOOK = dt.timedelta(seconds=30)
# The web server looks whether it was told to end, and sets the clock of its `Date` header, which counts seconds.
_TICK_SECONDS = 1.0


def look_seldom() -> None:
    """Make the server that is about to start in this process look for work as seldom as is soon enough."""
    for slow_down in (_queue, _cancelled_jobs, _stray_events, _web_server, remember_time_zones):
        with contextlib.suppress(ImportError, AttributeError):
            slow_down()


def remember_time_zones() -> None:
    """Make Prefect read the names of all time zones once a process, and not for each schedule that it looks at."""
    from prefect._internal.schemas import validators  # noqa: PLC0415 - the server child and the runs only

    read = validators.get_timezones  # type: ignore[attr-defined]  # imported there, and used there
    validators.get_timezones = functools.cache(read)  # type: ignore[attr-defined]  # as above


def _queue() -> None:
    from docket import Docket, Worker  # noqa: PLC0415 - the server child only

    start_worker, start_docket = Worker.__init__, Docket.__init__

    def worker(self: Worker, *args: Any, **options: Any) -> None:  # noqa: ANN401 - passed on as they came
        options.setdefault("minimum_check_interval", _QUEUE_LOOKS)
        options.setdefault("scheduling_resolution", _QUEUE_LOOKS)
        start_worker(self, *args, **options)

    def docket(self: Docket, *args: Any, **options: Any) -> None:  # noqa: ANN401 - passed on as they came
        options.setdefault("heartbeat_interval", _WORKER_TELLS)
        start_docket(self, *args, **options)

    Worker.__init__ = worker  # type: ignore[method-assign]  # the queue's own defaults, made longer
    Docket.__init__ = docket  # type: ignore[method-assign]  # as above


def _cancelled_jobs() -> None:
    from burner_redis.pubsub import PubSub  # type: ignore[import-untyped]  # noqa: PLC0415 - the server child only

    get_message = PubSub.get_message

    async def look(
        self: PubSub,
        ignore_subscribe_messages: bool = False,  # noqa: FBT001, FBT002 - as there
        timeout: float | None = 0.0,  # noqa: ASYNC109 - as there
    ) -> Any:  # noqa: ANN401 - as there
        """Return a message that is there. With a timeout, look once more after a pause in which no thread waits."""
        if timeout is None:
            return await get_message(self, ignore_subscribe_messages, timeout=None)
        found = await get_message(self, ignore_subscribe_messages, timeout=0.0)
        if found is not None or not timeout:
            return found
        await asyncio.sleep(max(timeout, _CANCELLED_JOBS_LOOK_SECONDS))
        return await get_message(self, ignore_subscribe_messages, timeout=0.0)

    PubSub.get_message = look


def _stray_events() -> None:
    from prefect.server.events import triggers  # noqa: PLC0415 - the server child only

    triggers.consumer = functools.partial(triggers.consumer, periodic_granularity=_STRAY_EVENTS_LOOK)


def _web_server() -> None:
    from uvicorn import Server  # noqa: PLC0415 - the server child only

    async def main_loop(self: Server) -> None:
        while not await self.on_tick(0):  # noqa: ASYNC110 - told by a flag, as there
            await asyncio.sleep(_TICK_SECONDS)

    Server.main_loop = main_loop  # type: ignore[method-assign]  # the same with a longer pause
