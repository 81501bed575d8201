"""The embedded server polls as seldom as it is told: Prefect must know each setting."""

from __future__ import annotations

from longshore.orchestration.server import POLL_INTERVALS


def test_prefect_knows_each_setting() -> None:
    from prefect.settings import Settings
    from prefect.settings.legacy import _get_settings_fields

    assert set(POLL_INTERVALS) <= set(_get_settings_fields(Settings))


def test_a_schedule_turned_on_on_the_page_is_planned_as_soon_as_by_prefect_itself() -> None:
    """With five minutes for this loop its runs began after 270 s."""
    assert "PREFECT_SERVER_SERVICES_SCHEDULER_LOOP_SECONDS" not in POLL_INTERVALS
