"""Runs the schedules of a project until it is stopped, with a Prefect server of its own where none is configured.

1. hold     one `longshore serve` a project; a second is told so
2. server   PREFECT_API_URL must answer; where it is unset, a `prefect server` of our own is started and waited for
3. deploy   what runs when (`deployments.py`), the automations, and a first run at once
4. run      each due run in a process of its own (`runner.py`), until SIGTERM or Ctrl-C
5. end      what is in progress is cancelled with nothing lost, then the server ends: within ten seconds, no orphans

Should the server go away in between, it is started (or waited for) again: the schedule goes on. Prefect is imported
only when the address of its API is known, because it reads the environment once.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import logging
import os
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

from longshore.console import waiting
from longshore.errors import LongshoreError
from longshore.orchestration import logs
from longshore.orchestration.api import (
    STATE_FOLDER,
    Serving,
    answers,
    check_answers,
    one_serve_at_a_time,
    use_api,
    write_serving,
)
from longshore.orchestration.deployments import deployments
from longshore.orchestration.logs import say
from longshore.orchestration.server import EmbeddedServer
from longshore.storage.stores.url import StoreUrl

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

    from longshore.settings import Settings

_log = logging.getLogger(__name__)


# Between two tries to reach a server that has gone.
_AGAIN_SECONDS = 5.0


def serve_project(
    settings: Settings, *, metrics_port: int | None = None, watch: bool = False, log_format: str = "text"
) -> int:
    """Serve the project in the working directory until SIGTERM or Ctrl-C, and give the exit code.

    Raises:
        SettingsError: it is being served already, there is no landing folder, or PREFECT_API_URL does not answer.
        LongshoreError: the server of our own did not start.
    """
    if not isinstance(settings.landing, StoreUrl) and not settings.landing.is_dir():
        from longshore.ingestion.project import landing_of  # noqa: PLC0415 - it knows what to say

        landing_of(settings).close()
    if log_format == "json":
        logs.log_as_json()
    else:
        logs.log_news_only()
    state = Path.cwd() / STATE_FOLDER
    with one_serve_at_a_time(state), _interrupt_on_sigterm():
        server = None
        api_url = os.environ.get("PREFECT_API_URL")
        try:
            if api_url:
                check_answers(api_url)
            else:
                server = EmbeddedServer(state, settings.server_host, settings.server_port, login=settings.server_login)
                api_url = server.api_url
                say(f"Starting the embedded Prefect server; its log is {STATE_FOLDER}/server.log")
                if server.warning:
                    say(f"Warning: {server.warning}")
                server.start()
            use_api(api_url, server.login if server is not None else None)
            _serve(settings, state, api_url, server, metrics_port=metrics_port, watch=watch)
        except KeyboardInterrupt:
            pass
        finally:
            if server is not None:
                server.stop()
    say("Stopped. Nothing is lost: what is in landing is taken by the next run.")
    return 0


def _serve(
    settings: Settings,
    state: Path,
    api_url: str,
    server: EmbeddedServer | None,
    *,
    metrics_port: int | None,
    watch: bool,
) -> None:
    # Importing Prefect takes as long as the server takes to start: both at once.
    with waiting("starting"):
        from longshore.orchestration import runner, scheduler  # noqa: PLC0415

        runner.warm_up()
        # A cron line that is none is told before anything is waited for.
        for one in deployments(settings):
            scheduler.schedule_of(one)
        if server is not None:
            server.wait()
    page = server.page_url if server is not None else scheduler.page_url()
    write_serving(state, Serving(os.getpid(), api_url, page, dt.datetime.now(dt.UTC).isoformat(timespec="seconds")))
    first = True
    with scheduler.metrics(settings, metrics_port):
        while not asyncio.run(scheduler.serve_once(settings, page, server, first=first, watch=watch)):
            first = False
            say("The Prefect server does not answer any more; trying again until it does.")
            _reach_again(api_url, server)


def _reach_again(api_url: str, server: EmbeddedServer | None) -> None:
    with _interrupt_on_sigterm():
        while answers(api_url, 2.0) is not None:
            if server is not None and not server.is_alive:
                server.start()
                with contextlib.suppress(LongshoreError):
                    server.wait()
            time.sleep(_AGAIN_SECONDS)


@contextlib.contextmanager
def _interrupt_on_sigterm() -> Iterator[None]:
    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
