"""An idle minute is cheap only if what makes it so reaches the Prefect that is installed; else it is silently dear."""

from __future__ import annotations

import subprocess
import sys
from textwrap import dedent

import pytest

from longshore.orchestration import idling
from tests.flows.project import clean_environment


def run(program: str) -> None:
    """Run a program in a process of its own: what it changes inside Prefect must not reach other tests."""
    done = subprocess.run(
        [sys.executable, "-c", dedent(program)],
        env=clean_environment(DO_NOT_TRACK="1", PREFECT_API_URL="http://127.0.0.1:1/api", **idling.SETTINGS),
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_prefect_knows_each_setting() -> None:
    from prefect.settings import Settings
    from prefect.settings.legacy import _get_settings_fields

    assert set(idling.SETTINGS) <= set(_get_settings_fields(Settings))


def test_a_schedule_that_is_turned_on_on_the_page_is_planned_as_soon_as_by_prefect_itself() -> None:
    """It was not while this loop had five minutes: its runs began after 270 s."""
    assert "PREFECT_SERVER_SERVICES_SCHEDULER_LOOP_SECONDS" not in idling.SETTINGS


@pytest.mark.timeout(600)
def test_the_server_looks_for_work_as_seldom_as_it_is_told() -> None:
    run("""
        import asyncio, inspect
        from longshore.orchestration import idling
        idling.look_seldom()
        from docket import Docket, Worker
        from prefect.server.events.services.triggers import triggers
        from prefect._internal.schemas import validators
        from uvicorn import Server

        assert triggers.consumer.keywords["periodic_granularity"] == idling._STRAY_EVENTS_LOOK
        assert validators.get_timezones() is validators.get_timezones()
        assert inspect.getmodule(Server.main_loop) is idling

        async def looks() -> int:
            async with Docket("a", url="memory://") as docket, Worker(docket) as worker:
                assert docket.heartbeat_interval == idling._WORKER_TELLS
                assert worker.minimum_check_interval == worker.scheduling_resolution == idling._QUEUE_LOOKS
                async with docket._pubsub() as pubsub:
                    await pubsub.psubscribe("a:*")
                    assert (await pubsub.get_message(timeout=0.1))["type"] == "psubscribe"
                    waiting = asyncio.create_task(pubsub.get_message(timeout=0.1))
                    await asyncio.sleep(1)
                    assert not waiting.done(), "it waits longer than it was asked to"
                    waiting.cancel()

        asyncio.run(looks())
    """)


@pytest.mark.timeout(600)
def test_a_run_finds_schemas_and_time_zones_that_are_made_already() -> None:
    run("""
        import longshore.orchestration.preload
        from prefect._internal.schemas import validators
        from prefect.client.schemas.objects import FlowRun

        assert FlowRun.__pydantic_complete__
        assert validators.get_timezones() is validators.get_timezones()
    """)
