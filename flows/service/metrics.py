"""Figures for Prometheus: `longshore serve --metrics-port 9464`, on loopback unless told otherwise.

Promised: the figures are what landing and ledger say at the moment they are asked for, so that they are right after
any restart and whichever process did the work; at most one look every few seconds, however often they are asked for.
"""

import contextlib
import time
from collections.abc import Iterable, Iterator

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from flows.errors import SettingsError
from flows.settings import Settings
from flows.status import Status, status_of

HOST = "127.0.0.1"
# Scrapes closer together than this get the same figures.
_LOOK_EVERY_SECONDS = 5.0


class ProjectFigures(Collector):
    """Looks at a project each time that Prometheus asks."""

    def __init__(self, settings: Settings) -> None:
        """Take the project; nothing is looked at yet."""
        self._settings = settings
        self._looked = -_LOOK_EVERY_SECONDS
        self._found: list[Metric] = []

    def collect(self) -> Iterable[Metric]:
        """Give the figures of now."""
        if time.monotonic() - self._looked >= _LOOK_EVERY_SECONDS:
            self._found = list(figures(status_of(self._settings, runs=200), time.time()))
            self._looked = time.monotonic()
        return self._found


def figures(status: Status, now: float) -> Iterator[Metric]:
    """Give how a project stands as Prometheus figures; `now` is in seconds since the epoch."""
    yield GaugeMetricFamily("longshore_backlog_files", "Files that wait in landing/.", value=status.waiting)
    yield GaugeMetricFamily("longshore_backlog_bytes", "Bytes that wait in landing/.", value=status.waiting_bytes)
    yield GaugeMetricFamily(
        "longshore_oldest_waiting_seconds", "Age of the oldest file that waits.", value=status.oldest_seconds or 0.0
    )
    yield GaugeMetricFamily("longshore_records", "Records in the warehouse.", value=status.records)
    yield GaugeMetricFamily("longshore_running", "1 while a run holds the warehouse.", value=bool(status.running))
    files = CounterMetricFamily("longshore_files", "Files by how they ended.", labels=["outcome"])
    for outcome, count in (
        ("published", status.published),
        ("duplicate", status.duplicate),
        ("rejected", status.rejected),
    ):
        files.add_metric([outcome], count)
    yield files
    yield from _of_last_runs(status, now)


def _of_last_runs(status: Status, now: float) -> Iterator[Metric]:
    done = [run for run in status.runs if run["kind"] == "ingest" and run["state"] in ("completed", "nothing-to-do")]
    if done:
        ended = done[0]["ended_at"].timestamp()
        yield GaugeMetricFamily("longshore_last_success_timestamp_seconds", "When a run last went well.", value=ended)
        yield GaugeMetricFamily("longshore_last_success_age_seconds", "How long ago that was.", value=now - ended)
    worked = [run for run in status.runs if run["summary"].get("files", {}).get("seen")]
    if not worked:
        return
    summary = worked[0]["summary"]
    seconds = summary["seconds"]
    yield GaugeMetricFamily("longshore_last_run_seconds", "How long the last run with work took.", value=seconds)
    yield GaugeMetricFamily("longshore_last_run_bytes", "Bytes that it read.", value=summary["source_bytes"])
    stages = GaugeMetricFamily("longshore_last_run_stage_seconds", "Its seconds of work by stage.", labels=["stage"])
    for stage, seconds in summary.get("stage_seconds", {}).items():
        stages.add_metric([stage], seconds)
    yield stages
    reasons = GaugeMetricFamily("longshore_last_run_rejected_files", "What it rejected, by reason.", labels=["reason"])
    for reason, count in summary.get("reasons", {}).items():
        reasons.add_metric([reason], count)
    yield reasons


@contextlib.contextmanager
def exposed(settings: Settings, port: int) -> Iterator[None]:
    """Expose the figures at http://127.0.0.1:port/metrics while the block runs.

    Raises:
        SettingsError: the port is taken.
    """
    registry = CollectorRegistry(auto_describe=False)
    # The first look is when the first one asks: a ledger that is not there yet is no error here.
    registry.register(ProjectFigures(settings))
    try:
        server, thread = start_http_server(port, HOST, registry)
    except OSError as error:
        raise SettingsError(f"--metrics-port {port} cannot be used: {error.strerror}. Choose another.") from None
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join(2)
