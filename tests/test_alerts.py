"""When a person should look."""

import datetime as dt

import pytest

from longshore.maintenance.status import Status
from longshore.orchestration.monitoring import alerts
from longshore.settings import Settings

NOW = dt.datetime(2026, 11, 21, 12, tzinfo=dt.UTC)


def status(*runs, waiting=0):
    return Status(
        "landing",
        "warehouse",
        waiting,
        waiting_more=False,
        waiting_bytes=0,
        oldest_seconds=None,
        young=0,
        running=None,
        runs=list(runs),
    )


def run(state="completed", hours_ago=0.1, kind="ingest", **files):
    began = NOW - dt.timedelta(hours=hours_ago)
    counts = {"seen": sum(files.values()), "published": 0, "rejected": 0, **files}
    return {"kind": kind, "state": state, "started_at": began, "ended_at": began, "summary": {"files": counts}}


def kinds(found):
    return [alert.kind for alert in found]


def test_all_is_well_without_thresholds():
    assert alerts(status(run(published=1, rejected=9), waiting=10**6), Settings(), NOW) == []


@pytest.mark.parametrize("state", ["failed", "crashed"])
def test_a_last_run_that_failed_or_died_needs_a_person(state):
    assert kinds(alerts(status(run(state), run()), Settings(), NOW)) == ["failed"]


def test_a_failure_that_a_later_run_made_good_does_not():
    assert alerts(status(run(), run("failed")), Settings(), NOW) == []


def test_a_run_that_goes_on_is_not_judged():
    assert kinds(alerts(status(run("running"), run("failed")), Settings(), NOW)) == ["failed"]


def test_what_status_calls_a_problem_needs_a_person():
    found = status()
    found.problems = ["The folder closed could not be listed: Permission denied."]
    assert [(one.kind, one.detail) for one in alerts(found, Settings(), NOW)] == [("problem", found.problems[0])]


def test_nothing_published_for_too_long():
    settings = Settings(alert_idle_hours=6)
    assert alerts(status(run(), run(hours_ago=5, published=1)), settings, NOW) == []
    assert kinds(alerts(status(run(), run(hours_ago=7, published=1)), settings, NOW)) == ["idle"]
    assert kinds(alerts(status(), settings, NOW)) == ["idle"]


def test_too_large_a_share_rejected_in_the_last_run_with_work():
    settings = Settings(alert_rejected_share=0.5)
    assert alerts(status(run(), run(published=5, rejected=5)), settings, NOW) == []
    assert kinds(alerts(status(run(), run(published=4, rejected=6)), settings, NOW)) == ["rejected-share"]


def test_too_long_a_backlog():
    settings = Settings(alert_backlog_files=100)
    assert alerts(status(waiting=100), settings, NOW) == []
    assert kinds(alerts(status(waiting=101), settings, NOW)) == ["backlog"]
