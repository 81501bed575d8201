"""What each command does: read the settings, call the one function below, print what it gives."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import shutil
import signal
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from longshore.errors import SettingsError
from longshore.storage.names import printable

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Iterator
    from types import FrameType

    from longshore.ingestion.summary import IngestSummary
    from longshore.settings import Settings


def settings_of(options: argparse.Namespace, **more: object) -> Settings:
    """Give the settings of the project that the options name, whether it is there or not."""
    return read_settings(landing=options.landing, warehouse=options.warehouse, **more)


def existing_project(options: argparse.Namespace) -> Settings:
    """Give the settings of a project whose warehouse is there: a mistyped one would look like an empty one."""
    settings = settings_of(options)
    if not settings.warehouse.is_dir():
        raise SettingsError(
            f"The warehouse folder {settings.warehouse} does not exist. The first `longshore ingest` makes it, or name "
            "yours with --warehouse, LONGSHORE_WAREHOUSE or `warehouse` in longshore.toml."
        )
    return settings


def reason_of(options: argparse.Namespace) -> str | None:
    """Give the reason that was asked for, in capitals as they are written."""
    from longshore.records import Reason  # noqa: PLC0415

    if options.reason is None:
        return None
    reason = str(options.reason).upper()
    if reason not in list(Reason):
        raise SettingsError(f"There is no reason {options.reason!r}. It is one of {', '.join(Reason)}.")
    return reason


def read_settings(**given: object) -> Settings:
    """Read and check the settings, and show their warnings; `given` by flags."""
    with _no_pydantic_plugins():
        from longshore.settings import load_settings  # noqa: PLC0415 - pydantic: a third of a start; `schema` has none
    with warnings.catch_warnings(record=True, action="always") as found:
        settings = load_settings(**given)
    for warning in found:
        sys.stderr.write(f"longshore: {printable(str(warning.message))}\n")
    return settings


@contextlib.contextmanager
def _no_pydantic_plugins() -> Iterator[None]:
    """Keep pydantic from reading the metadata of all that is installed to find plugins for our one model."""
    name = "PYDANTIC_DISABLE_PLUGINS"
    said = os.environ.get(name)
    os.environ[name] = "__all__"
    try:
        yield
    finally:
        if said is None:
            del os.environ[name]
        else:
            os.environ[name] = said


# More names than a screen holds tell a person nothing.
_ROWS = 40


def ingest(options: argparse.Namespace) -> int:
    """Ingest once: as a Prefect flow run where an API is configured, else directly."""
    from longshore.ingestion.summary import as_json, as_lines, document_rows  # noqa: PLC0415

    settings = settings_of(options, max_files_per_run=options.max_files)
    if options.dry_run:
        from longshore.cli.dry_run import preview  # noqa: PLC0415

        summary = preview(settings, wait=not options.no_wait, tell=_tell)
        if options.json:
            names = ("path", "outcome", "language", "date", "encoding", "detail")
            listed = [dict(zip(names, row, strict=True)) for row in document_rows(summary)]
            return _print([json.dumps({"dry_run": True, **summary.to_dict(), "listed": listed}, indent=2)])
        return _print(as_lines(summary, settings.landing, settings.warehouse))
    summary = _ingest(settings, options)
    _print([as_json(summary)] if options.json else as_lines(summary, settings.landing, settings.warehouse))
    return 1 if options.fail_on_rejected and summary.reasons else 0


def _ingest(settings: Settings, options: argparse.Namespace) -> IngestSummary:
    from longshore.cli.progress import terminal_observer  # noqa: PLC0415
    from longshore.orchestration.api import configured_api  # noqa: PLC0415

    if not settings.landing.is_dir():
        from longshore.storage.landing import Landing  # noqa: PLC0415 - it knows what to say, before anything else is

        Landing(settings.landing).close()
    api = configured_api()
    if api is None and not options.json:
        sys.stderr.write("No Prefect API is configured: this run is direct, and no web page shows it.\n")
    with _stop_on_signals(), terminal_observer(quiet=options.json) as observer:
        if api is None:
            from longshore.pipeline import ingest  # noqa: PLC0415

            return ingest(settings, observer=observer, wait=not options.no_wait)
        from longshore.orchestration.api import use_api  # noqa: PLC0415

        use_api(api)
        from longshore.orchestration.tracked import run_tracked  # noqa: PLC0415 - Prefect: two seconds

        return run_tracked(settings, wait=not options.no_wait, observer=observer)


def init(options: argparse.Namespace) -> int:
    """Make the folders and files of a new project; what is there already stays as it is."""
    from longshore.cli.scaffold import make_project  # noqa: PLC0415

    return _print(make_project(Path(options.folder), options.group))


def serve(options: argparse.Namespace) -> int:
    """Run the schedules until stopped."""
    from longshore.orchestration.serve import serve_project  # noqa: PLC0415 - Prefect: two seconds

    return serve_project(
        settings_of(options), metrics_port=options.metrics_port, watch=options.watch, log_format=options.log_format
    )


def status(options: argparse.Namespace) -> int:
    """Show how the project stands."""
    from longshore.maintenance.status import status_of  # noqa: PLC0415

    settings = settings_of(options)
    if options.check:
        from longshore.orchestration.monitoring import alerts  # noqa: PLC0415

        found = alerts(status_of(settings, runs=200), settings, dt.datetime.now(dt.UTC))
        as_json = json.dumps([{"kind": alert.kind, "detail": alert.detail} for alert in found], indent=2)
        _print([as_json] if options.json else [alert.detail for alert in found] or ["All is well."])
        return 1 if found else 0
    standing = status_of(settings)
    return _print([json.dumps(standing.to_dict(), indent=2)] if options.json else standing.lines())


def inspect(options: argparse.Namespace) -> int:
    """Show what normalising each file would give; one that cannot be read does not keep the others out."""
    from longshore.cli.explain import SHOWN_OF_AN_ARCHIVE, Inspection, inspect_path  # noqa: PLC0415

    settings = read_settings()
    # Not a terminal: as wide as most windows.
    width = shutil.get_terminal_size((100, 24)).columns
    found: list[dict[str, Any]] = []
    code = 0
    for name in options.files:
        try:
            for one in inspect_path(Path(name), settings, None if options.json else SHOWN_OF_AN_ARCHIVE):
                if not options.json:
                    _print(one.lines(width))
                elif isinstance(one, Inspection):
                    found.append(one.to_dict())
        except SettingsError as error:
            _tell(f"longshore: {error}")
            code = error.exit_code
    if options.json:
        _print([json.dumps(found, indent=2, default=str)])
    return code


def compact(options: argparse.Namespace) -> int:
    """Merge small parts."""
    from longshore.maintenance.compact import compact_warehouse  # noqa: PLC0415

    summary = compact_warehouse(existing_project(options), dry_run=options.dry_run)
    _print([json.dumps(summary.to_dict(), indent=2)] if options.json else summary.lines())
    return 1 if summary.failed else 0


def changes(options: argparse.Namespace) -> int:
    """List what is new for a reader."""
    from longshore.maintenance.changes import read_changes  # noqa: PLC0415

    found = read_changes(existing_project(options), options.since, with_ids=options.ids)
    if options.json:
        return _print(json.dumps(change.to_dict()) for change in found)
    return _print(line for change in found for line in change.lines())


def reprocess(options: argparse.Namespace) -> int:
    """Normalise records again from their originals."""
    from longshore.maintenance.reprocess import reprocess_warehouse  # noqa: PLC0415

    summary = reprocess_warehouse(
        existing_project(options), options.where, options.older_than_version, dry_run=options.dry_run
    )
    _print([json.dumps(summary.to_dict(), indent=2)] if options.json else summary.lines())
    return 1 if summary.skipped else 0


def forget(options: argparse.Namespace) -> int:
    """Remove records for good."""
    from longshore.maintenance.forget import forget_records  # noqa: PLC0415

    summary = forget_records(existing_project(options), options.record_ids)
    _print([json.dumps(summary.to_dict(), indent=2)] if options.json else summary.lines())
    return 1 if summary.left else 0


def schema(options: argparse.Namespace) -> int:
    """Show the columns."""
    from longshore.cli.schema_docs import FORMATS  # noqa: PLC0415

    return _print([FORMATS[options.format]()])


def verify(options: argparse.Namespace) -> int:
    """Compare landing, ledger, archive, rejected and warehouse; 1 where they disagree."""
    from longshore.maintenance.verify import as_json  # noqa: PLC0415
    from longshore.maintenance.verify import verify as verify_project  # noqa: PLC0415

    found = verify_project(existing_project(options), repair=options.repair)
    _print([as_json(found)] if options.json else found.lines())
    return 1 if found.disagreements else 0


def rejected(options: argparse.Namespace) -> int:
    """List the rejected files."""
    from longshore.maintenance import rejections  # noqa: PLC0415

    listed = rejections.rejected_members if options.members else rejections.rejected_files
    found = listed(existing_project(options), reason_of(options))
    return _print([rejections.as_json(found)] if options.json else rejections.as_lines(found))


def retry(options: argparse.Namespace) -> int:
    """Put rejected files back into landing."""
    from longshore.maintenance import rejections  # noqa: PLC0415

    back = rejections.retry(existing_project(options), options.paths, reason=reason_of(options), everything=options.all)
    _print(printable(path) for path in back[:_ROWS])
    if len(back) > _ROWS:
        _print([f"… and {len(back) - _ROWS:,} more"])
    said = (
        f"{len(back):,} file(s) are back in landing; the next run takes them." if back else "Nothing is to be put back."
    )
    return _print([said])


def _print(lines: Iterable[str]) -> int:
    for line in lines:
        sys.stdout.write(line + "\n")
    sys.stdout.flush()
    return 0


def _tell(sentence: str) -> None:
    sys.stderr.write(sentence + "\n")


@contextlib.contextmanager
def _stop_on_signals() -> Iterator[None]:
    """Let SIGTERM end a run as Ctrl-C does: what is in hand is finished or undone."""

    def stop(number: int, _frame: FrameType | None) -> None:
        # Once is enough: a second one must not disturb the tidying.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        raise KeyboardInterrupt(
            f"Stopped by {signal.Signals(number).name}. What was in hand is finished or undone; "
            "the files that are left are still in landing, and the next run takes them."
        )

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
