"""The body of each command: read the settings, call one function of the library, print the result.

Each command imports what it needs and nothing else: Prefect takes two seconds, pyarrow and pydantic a tenth each.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import shlex
import shutil
import signal
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from longshore.console import has_colour, painted, waiting
from longshore.errors import SettingsError
from longshore.storage.names import printable

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Iterator
    from types import FrameType

    from longshore.ingestion.summary import IngestSummary
    from longshore.settings import Settings

# The most names that a command lists in a terminal.
_ROWS = 40


class _Result(Protocol):
    def lines(self) -> Iterable[str]:
        """Return the lines for a person."""

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, for JSON."""


def settings_of(options: argparse.Namespace, **more: object) -> Settings:
    """Return the settings of the project that the options name."""
    return read_settings(landing=options.landing, warehouse=options.warehouse, **more)


def enter_project(options: argparse.Namespace, **more: object) -> Settings:
    """Return the settings as `settings_of`, after a change to the folder of the project that `--config` names.

    A run has more there than settings: its flows, and the state of `longshore serve`. The folders that flags name are
    handed on to the processes that runs have.
    """
    for name in ("landing", "warehouse"):
        variable = f"LONGSHORE_{name.upper()}"
        path = getattr(options, name) or os.environ.get(variable)
        if path:
            is_kept = options.config is None or "://" in path
            os.environ[variable] = path if is_kept else str(Path(path).absolute())
    if options.config is not None:
        os.chdir(Path(options.config).absolute().parent)
    return read_settings(**more)


def existing_project(options: argparse.Namespace) -> Settings:
    """Return the settings of a project whose warehouse exists: a mistyped one would look like an empty one."""
    settings = settings_of(options)
    if isinstance(settings.warehouse, Path) and not settings.warehouse.is_dir():
        raise SettingsError(
            f"The warehouse folder {settings.warehouse} does not exist. The first `longshore ingest` creates it, or "
            "name yours with --warehouse, LONGSHORE_WAREHOUSE or `warehouse` in longshore.toml."
        )
    return settings


def reason_of(options: argparse.Namespace) -> str | None:
    """Return the reason code that was asked for, in capitals."""
    from longshore.records import Reason

    if options.reason is None:
        return None
    reason = str(options.reason).upper()
    if reason not in list(Reason):
        raise SettingsError(f"There is no reason {options.reason!r}. It is one of {', '.join(Reason)}.")
    return reason


def read_settings(**given: object) -> Settings:
    """Read and check the settings, and print their warnings; `given` by flags."""
    with _no_pydantic_plugins():
        from longshore.settings import load_settings
    with warnings.catch_warnings(record=True, action="always") as found:
        settings = load_settings(**given)
    for warning in found:
        _warn(f"longshore: {printable(str(warning.message))}")
    return settings


@contextlib.contextmanager
def _no_pydantic_plugins() -> Iterator[None]:
    """Prevent pydantic from searching all installed packages for plugins."""
    name = "PYDANTIC_DISABLE_PLUGINS"
    before = os.environ.get(name)
    os.environ[name] = "__all__"
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before


def ingest(options: argparse.Namespace) -> int:
    """Ingest once: as a Prefect flow run if an API is configured, else directly."""
    from longshore.ingestion.project import warehouse_of
    from longshore.ingestion.summary import as_json as summary_as_json
    from longshore.ingestion.summary import as_lines, document_rows
    from longshore.orchestration.api import configured_api

    find_them, serve_it = own_command("find", options), own_command("serve", options)
    settings = enter_project(options, max_files_per_run=options.max_files)
    if options.dry_run:
        from longshore.cli.dry_run import preview

        with waiting("reading files") as say:
            summary = preview(settings, wait=not options.no_wait, tell=say)
        if options.json:
            # With the plans: a program may replay them.
            names = ("path", "outcome", "language", "date", "encoding", "detail")
            listed = [dict(zip(names, row, strict=True)) for row in document_rows(summary, verbose=True)]
            return print_lines([json.dumps({"dry_run": True, **summary.to_dict(), "listed": listed}, indent=2)])
        return print_lines(as_lines(summary, settings.landing, verbose=options.verbose))
    first = not warehouse_of(settings).inner.exists()
    summary = _ingest(settings, options)
    if options.json:
        print_lines([summary_as_json(summary)])
    else:
        print_lines(as_lines(summary, settings.landing, verbose=options.verbose))
        if summary.records:
            print_lines([f"The records are in {settings.warehouse}/records. Look at them: {find_them}"])
        if first and configured_api() is None:
            hint = f"Hint: every minute, and with a web page of all runs: {serve_it}"
            print_lines([painted(hint, "dim") if has_colour(sys.stdout) else hint])
    return 1 if options.fail_on_rejected and summary.reasons else 0


def own_command(name: str, options: argparse.Namespace) -> str:
    """Return a command on the same project, as it can be pasted into the same shell.

    To be called before `enter_project`.
    """
    program = [sys.argv[0]]
    if Path(sys.argv[0]).name == "__main__.py":
        program = [sys.executable, "-m", "longshore"]
    elif shutil.which("longshore") == str(Path(sys.argv[0]).absolute()):
        program = ["longshore"]
    with contextlib.suppress(ValueError):
        program[0] = str(Path(program[0]).relative_to(Path.cwd()))
    given = [(f"--{flag}", getattr(options, flag, None)) for flag in ("config", "landing", "warehouse")]
    return shlex.join([*program, name, *(word for flag, value in given if value for word in (flag, value))])


def _ingest(settings: Settings, options: argparse.Namespace) -> IngestSummary:
    from longshore.cli.progress import terminal_observer
    from longshore.orchestration.api import configured_api

    if isinstance(settings.landing, Path) and not settings.landing.is_dir():
        from longshore.ingestion.project import landing_of

        # Raises an error that says what to do, before Prefect is imported.
        landing_of(settings).close()
    api = configured_api()
    with _stop_on_signals(), terminal_observer(quiet=options.json) as observer:
        if api is None:
            from longshore.pipeline import ingest

            return ingest(settings, observer=observer, wait=not options.no_wait)
        from longshore.orchestration.api import use_api

        use_api(api)
        from longshore.orchestration.runs import run_tracked

        return run_tracked(settings, wait=not options.no_wait, observer=observer)


def init(options: argparse.Namespace) -> int:
    """Create the folders and files that a project lacks."""
    from longshore.cli.scaffold import make_project

    folder = Path(options.folder)
    made = make_project(folder, options.group)
    if options.json:
        return print_lines([as_json([{"what": what, "path": path} for what, path in made], indent=2)])
    print_lines(f"{what:<8} {printable(path)}" for what, path in made)
    place = "" if folder == Path() else f"cd {shlex.quote(options.folder)}, "
    return print_lines([f"Next: {place}drop text files into landing/, run `longshore ingest`."])


def serve(options: argparse.Namespace) -> int:
    """Run the schedules until stopped."""
    from longshore.orchestration.serve import serve_project

    return serve_project(
        enter_project(options),
        metrics_port=options.metrics_port,
        watch=options.watch,
        log_format="json" if options.json else options.log_format,
    )


def status(options: argparse.Namespace) -> int:
    """Print the state of the project; with `--check` only its alerts."""
    from longshore.maintenance.status import status_of

    settings = settings_of(options)
    if not options.check:
        with waiting("listing files"):
            found_now = status_of(settings)
        return _show(found_now, options)
    from longshore.orchestration.monitoring import alerts

    with waiting("listing files"):
        found = alerts(status_of(settings, runs=200), settings, dt.datetime.now(dt.UTC))
    as_json = json.dumps([{"kind": alert.kind, "detail": alert.detail} for alert in found], indent=2)
    print_lines([as_json] if options.json else [alert.detail for alert in found] or ["All is well."])
    return 1 if found else 0


def inspect(options: argparse.Namespace) -> int:
    """Print the steps of normalising each file, or a table of a folder; an unreadable file does not stop the others."""
    from longshore.cli.explain import SHOWN_OF_AN_ARCHIVE, Inspection, files_below, folder_table, inspect_path

    settings = read_settings()
    width = shutil.get_terminal_size((100, 24)).columns
    found: list[dict[str, Any]] = []
    code = 0
    for path in map(Path, options.files):
        try:
            if path.is_dir() and not options.json:
                print_lines(folder_table(path, settings))
                continue
            for file in files_below(path, settings) if path.is_dir() else [path]:
                for one in inspect_path(file, settings, None if options.json else SHOWN_OF_AN_ARCHIVE):
                    if not options.json:
                        print_lines(one.lines(width, verbose=options.verbose))
                    elif isinstance(one, Inspection):
                        found.append(one.to_dict())
        except SettingsError as error:
            _warn(f"longshore: {error}")
            code = error.exit_code
    if options.json:
        print_lines([as_json(found, indent=2)])
    return code


def compact(options: argparse.Namespace) -> int:
    """Merge small parts."""
    from longshore.maintenance.compact import compact_warehouse

    with waiting("merging parts"):
        summary = compact_warehouse(existing_project(options), dry_run=options.dry_run)
    _show(summary, options)
    return 1 if summary.failed else 0


def changes(options: argparse.Namespace) -> int:
    """List what changed since a cursor."""
    from longshore.maintenance.changes import read_changes

    found = read_changes(existing_project(options), options.since, with_ids=options.ids)
    if options.json:
        return print_lines(json.dumps(change.to_dict()) for change in found)
    lines = (line for change in found for line in change.lines())
    return print_lines(_or(lines, f"Nothing has changed since {options.since}."))


def reprocess(options: argparse.Namespace) -> int:
    """Normalise records again from their originals."""
    from longshore.maintenance.reprocess import reprocess_warehouse

    settings = existing_project(options)
    with waiting("normalising again"):
        summary = reprocess_warehouse(settings, options.where, options.older_than_version, dry_run=options.dry_run)
    _show(summary, options)
    return 1 if summary.skipped else 0


def forget(options: argparse.Namespace) -> int:
    """Remove records and their originals for good."""
    from longshore.maintenance.forget import forget_records, plan_forget

    if not options.record_ids and not options.path:
        raise SettingsError("Nothing is asked for. Give record ids, or --path with a `source_path`.")
    settings = existing_project(options)
    asked: dict[str, Any] = {"paths": options.path, "block_unknown": options.block_unknown}
    if options.dry_run or (sys.stdin.isatty() and not options.yes):
        with waiting("looking for originals"):
            plan = plan_forget(settings, options.record_ids, **asked)
        if options.dry_run:
            _show(plan, options)
            return 0
        _warn(f"{plan.records_removed} record(s) and {plan.originals_deleted} original(s) will be removed for good.")
        if input("Go on? [y/N] ").strip().lower() not in {"y", "yes"}:
            _warn("Nothing was removed.")
            return 1
    with waiting("removing records and originals"):
        summary = forget_records(settings, options.record_ids, **asked)
    _show(summary, options)
    return 1 if summary.left else 0


def schema(options: argparse.Namespace) -> int:
    """Print the columns."""
    from longshore.cli.schema_docs import FORMATS

    return print_lines([FORMATS["json" if options.json else options.format]()])


def verify(options: argparse.Namespace) -> int:
    """Compare landing, ledger, archive, rejected files and warehouse; return 1 if they disagree."""
    from longshore.maintenance.verify import verify as verify_project

    with waiting("comparing"):
        found = verify_project(existing_project(options), repair=options.repair, adopt=options.adopt_landing)
    _show(found, options)
    return 1 if found.disagreements else 0


def rejected(options: argparse.Namespace) -> int:
    """List the rejected files, or the rejected documents in archives."""
    from longshore.maintenance import rejections

    if options.discard:
        if not (options.paths or options.all or options.reason):
            raise SettingsError("Nothing is chosen. Give PATH, --reason or --all with --discard.")
        with waiting("deleting files"):
            done = rejections.discard(
                existing_project(options), options.paths, reason=reason_of(options), everything=options.all
            )
        if options.json:
            return print_lines([as_json({"discarded": done}, indent=2)])
        return print_lines([f"{len(done):,} rejected file(s) were deleted for good; the ledger keeps the rejections."])
    if options.paths or options.all:
        raise SettingsError("PATH and --all need --discard; without it, every rejected file is listed.")
    listed = rejections.rejected_members if options.members else rejections.rejected_files
    with waiting("listing files"):
        found = listed(existing_project(options), reason_of(options))
    return print_lines([rejections.as_json(found)] if options.json else rejections.as_lines(found))


def retry(options: argparse.Namespace) -> int:
    """Put rejected files back into landing."""
    from longshore.maintenance.rejections import retry as put_back

    with waiting("moving files"):
        back = put_back(existing_project(options), options.paths, reason=reason_of(options), everything=options.all)
    if options.json:
        return print_lines([as_json({"retried": back}, indent=2)])
    print_lines(printable(path) for path in back[:_ROWS])
    if len(back) > _ROWS:
        print_lines([f"… and {len(back) - _ROWS:,} more"])
    return print_lines([f"{len(back):,} file(s) are back in landing; the next run ingests them."])


def _show(result: _Result, options: argparse.Namespace) -> int:
    return print_lines([json.dumps(result.to_dict(), indent=2)] if options.json else result.lines())


def print_lines(lines: Iterable[str]) -> int:
    """Print lines on standard output, and return the exit code 0."""
    for line in lines:
        sys.stdout.write(line + "\n")
    sys.stdout.flush()
    return 0


def as_json(value: object, indent: int | None = None) -> str:
    """Return a value as JSON in ASCII, which acts on no terminal; moments and days in ISO 8601, other types as text."""

    def plain(other: object) -> str:
        return other.isoformat() if isinstance(other, dt.date) else str(other)

    return json.dumps(value, default=plain, ensure_ascii=True, indent=indent)


def _or(lines: Iterable[str], otherwise: str) -> Iterator[str]:
    """Yield the lines, or one other if there are none."""
    line = None
    for line in lines:
        yield line
    if line is None:
        yield otherwise


def _warn(sentence: str) -> None:
    sys.stderr.write(sentence + "\n")


@contextlib.contextmanager
def _stop_on_signals() -> Iterator[None]:
    """Make SIGTERM end a run as Ctrl-C does: claimed batches are finished or undone."""

    def stop(number: int, _frame: FrameType | None) -> None:
        # A second signal must not disturb that.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        raise KeyboardInterrupt(
            f"Stopped by {signal.Signals(number).name}. Every batch is finished or undone; the files that are left are "
            "still in landing, and the next run ingests them."
        )

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
