"""Reporting of a run to Prefect and other systems: log lines, progress, artifacts, events, the asset.

Promised: nothing here can make a run fail, no text of any file leaves the machine, and every list is bounded.
Event names are a contract with whoever listens (`docs/how-to/react-to-new-parts.md`).
"""

import contextlib
import hashlib
import logging
import time
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote
from uuid import UUID

from prefect.artifacts import (
    create_markdown_artifact,
    create_progress_artifact,
    create_table_artifact,
    update_progress_artifact,
)
from prefect.assets import Asset, add_asset_metadata, materialize
from prefect.cache_policies import NO_CACHE
from prefect.events import emit_event

from longshore.ingestion.summary import IngestSummary
from longshore.maintenance.status import status_of
from longshore.orchestration.markdown import as_card, as_markdown, escaped, rejected_rows
from longshore.orchestration.monitoring import backlog_alerts, rejected_share_alert
from longshore.orchestration.task_executor import place_of
from longshore.records import Batch, Delivery, Outcome, RunObserver, Staged
from longshore.settings import Settings
from longshore.storage.names import printable, to_source_path
from longshore.storage.stores.url import Location, StoreUrl

PART_PUBLISHED = "longshore.part.published"
FILE_REJECTED = "longshore.file.rejected"
RUN_FINISHED = "longshore.run.finished"
ALERT = "longshore.alert"

# A run shorter than this needs no progress; a longer one is told of so often.
_PROGRESS_AFTER_SECONDS = 5.0
_PROGRESS_EVERY_SECONDS = 3.0
# A landing folder full of images must not become a flood of events: the rest is in `longshore.run.finished`.
_REJECTED_EVENTS = 100
_LANGUAGES = 20

_log = logging.getLogger(__name__)


class FlowObserver:
    """Watches a run for Prefect: a log line and an event a batch, and a progress artifact where it takes long."""

    def __init__(
        self,
        settings: Settings,
        logger: logging.Logger | logging.LoggerAdapter[logging.Logger],
        also: RunObserver | None = None,
    ) -> None:
        """Store where to log, and who else is to be told."""
        self._warehouse = settings.warehouse.absolute()
        self._logger = logger
        self._also = also
        self._began = time.monotonic()
        self._told = 0.0
        self._files = self._done = self._rejected = self._records = 0
        self._progress: UUID | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if self._progress is not None and kind is None:
            self._show_progress(100.0)

    def files_found(self, files: int, source_bytes: int) -> None:
        """Log how much there is to do."""
        self._files += files
        if files:
            self._logger.info("%d file(s), %.1f MB, are ready to be ingested.", files, source_bytes / 1e6)
        if self._also:
            self._also.files_found(files, source_bytes)

    def batch_finished(self, batch: Batch, staged: Staged, endings: Sequence[Delivery]) -> None:
        """Log the batch, tell the world of its part and its rejected files, and move the progress on."""
        self._done += sum(1 for ending in endings if ending.member is None)
        self._records += staged.rows
        rejected = [ending for ending in endings if ending.outcome is Outcome.REJECTED]
        seconds = sum(staged.seconds.values())
        self._logger.info(
            "Batch %s, %s: %d record(s), %d rejected, %.1f MB, %.1f s of work.",
            batch.batch_id[:12],
            place_of(batch),
            staged.rows,
            len(rejected),
            staged.source_bytes / 1e6,
            seconds,
            extra={
                "batch": batch.batch_id,
                "records": staged.rows,
                "rejected": len(rejected),
                "source_bytes": staged.source_bytes,
                "seconds": round(seconds, 3),
            },
        )
        if staged.rows and batch.part:
            _emit(
                PART_PUBLISHED,
                f"longshore.part.{batch.batch_id}",
                part_payload(batch, batch.part, staged, self._warehouse),
            )
        for ending in rejected[: max(0, _REJECTED_EVENTS - self._rejected)]:
            path = to_source_path(ending.path)
            name = hashlib.sha256(path.encode()).hexdigest()[:32]
            payload = {"path": path, "reason": ending.reason, "detail": ending.detail, "record_id": ending.record_id}
            _emit(FILE_REJECTED, f"longshore.file.{name}", payload)
        self._rejected += len(rejected)
        self._move_progress()
        if self._also:
            self._also.batch_finished(batch, staged, endings)

    def message(self, sentence: str) -> None:
        """Log it."""
        self._logger.info(printable(sentence))
        if self._also:
            self._also.message(sentence)

    def _move_progress(self) -> None:
        now = time.monotonic()
        if now - self._began > _PROGRESS_AFTER_SECONDS and now - self._told > _PROGRESS_EVERY_SECONDS:
            self._told = now
            self._show_progress(min(99.0, 100 * self._done / max(1, self._files)))

    def _show_progress(self, percent: float) -> None:
        text = f"{self._done:,} of {self._files:,} files, {self._records:,} records, {self._rejected:,} rejected"
        with told_but_not_fatal("the progress"):
            if self._progress is None:
                found = create_progress_artifact(percent, key="ingest-progress", description=text)
                self._progress = found if isinstance(found, UUID) else None
            else:
                update_progress_artifact(self._progress, percent, description=text)


def publish_report(summary: IngestSummary, settings: Settings) -> None:
    """Put the report, the table of rejected files, the asset and the last event on the server."""
    with told_but_not_fatal("the report"):
        # The asset needs a task run of its own: 20 ms, and only for runs that did something.
        _report.with_options(
            assets=[records_asset(settings.warehouse)], asset_deps=[uri_of("landing", settings.landing)]
        )(_Opaque(summary, settings))
    _emit(RUN_FINISHED, f"longshore.run.{summary.run_id}", finished_payload(summary))


def publish_markdown(markdown: str, key: str, headline: str) -> None:
    """Put a report on the server under a key; its card shows the headline."""
    with told_but_not_fatal("the report"):
        create_markdown_artifact(markdown, key=key, description=escaped(headline, 500))


def raise_alerts(summary: IngestSummary, settings: Settings) -> None:
    """Send `longshore.alert` where a threshold of the settings is passed: automations turn it into a message."""
    found = [rejected_share_alert(summary.rejected, summary.seen, settings.alert_rejected_share)]
    if settings.alert_backlog_files is not None:
        with told_but_not_fatal("the backlog"):
            found += backlog_alerts(status_of(settings, runs=1), settings)
    for alert in filter(None, found):
        _emit(ALERT, f"longshore.alert.{alert.kind}", {"alert": alert.kind, "detail": alert.detail})


class _Opaque:
    """Keeps Prefect from walking through a summary, which may hold thousands of values."""

    def __init__(self, summary: IngestSummary, settings: Settings) -> None:
        self.summary, self.settings = summary, settings


@materialize(
    "longshore://records",
    by="longshore",
    name="report",
    task_run_name="report",
    description="Write the report of the run, and say what was added to the records.",
    cache_policy=NO_CACHE,
    persist_result=False,
)
def _report(found: _Opaque) -> None:
    summary, settings = found.summary, found.settings
    create_markdown_artifact(as_markdown(summary, settings), key="ingest-report", description=as_card(summary))
    rows = rejected_rows(summary)
    if rows:
        total = sum(summary.reasons.values())
        more = "" if total <= len(rows) else f" The first {len(rows)} of them are listed."
        create_table_artifact(rows, key="rejected-files", description=f"{total:,} rejected file(s) of this run.{more}")
    key = records_asset(settings.warehouse).key
    counts = {"records": summary.records, "parts": len(summary.parts), "bytes": summary.part_bytes}
    add_asset_metadata(key, {**counts, "languages": _top(summary.tallies.get("language", {}))})


def records_asset(warehouse: Location) -> Asset:
    """Return the dataset that readers open, as Prefect's asset; it comes from the landing folder."""
    return Asset(key=uri_of("records", warehouse / "records"))


def uri_of(kind: str, folder: Location) -> str:
    """Name a folder of this machine as an asset: the same name from run to run.

    >>> uri_of("records", Path("/data/ware house"))
    'longshore://records/data/ware-20house'
    """
    if isinstance(folder, StoreUrl):
        return quote(str(folder), safe=":/").replace("%", "-")
    # Asset keys take neither `%` nor a blank.
    return f"longshore://{kind}{quote(str(folder.absolute()), safe='/').replace('%', '-')}"


def part_payload(batch: Batch, part: str, staged: Staged, warehouse: Location) -> dict[str, Any]:
    """Return what a consumer needs of a new part: where it is, how much, in which languages, of which dates."""
    first, last = staged.dates or (None, None)
    return {
        "path": str(warehouse / "records" / part),
        "part": part,
        "warehouse": str(warehouse),
        "rows": staged.rows,
        "bytes": staged.part_bytes,
        "sha256": staged.part_sha256,
        "languages": _top(staged.tallies.get("language", {})),
        "first_published_date": first.isoformat() if first else None,
        "last_published_date": last.isoformat() if last else None,
        "batch_id": batch.batch_id,
        "ingested_at": batch.ingested_at.isoformat(),
    }


def finished_payload(summary: IngestSummary) -> dict[str, Any]:
    """Return the counts of a run."""
    found = summary.to_dict()
    wanted = ("run_id", "state", "started_at", "seconds", "files", "records", "source_bytes", "part_bytes", "reasons")
    rejected = summary.rejected / summary.seen if summary.seen else 0.0
    return {**{name: found[name] for name in wanted}, "rejected_share": round(rejected, 4)}


def _top(counts: dict[str, int]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda item: -item[1])[:_LANGUAGES])


def _emit(event: str, resource: str, payload: dict[str, Any]) -> None:
    with told_but_not_fatal(f"the event {event}"):
        emit_event(event, resource={"prefect.resource.id": resource, "prefect.resource.name": event}, payload=payload)


@contextlib.contextmanager
def told_but_not_fatal(what: str) -> Iterator[None]:
    """Log that `what` could not be sent, and go on."""
    try:
        yield
    except Exception:
        # The records are published: a server that does not take a report must not make the run a failure.
        _log.warning("%s could not be sent to the Prefect server.", what[:1].upper() + what[1:], exc_info=True)
