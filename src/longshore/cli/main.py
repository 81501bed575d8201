"""The command line: arguments, exit codes, error messages. Each command's body is in `commands.py`.

Exit codes: 0 all well, 1 a run that could not finish, 2 a usage or settings error, 130 stopped by Ctrl-C or SIGTERM.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from typing import TYPE_CHECKING, TypeAlias

from longshore import __version__
from longshore.errors import LockHeldError, LongshoreError
from longshore.storage.names import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    _Commands: TypeAlias = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - argparse gives it no other name


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; an error is one message, a traceback only with `--debug`."""
    # NumPy's own threads would compete with the worker processes for the cores.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    parser = build_parser()
    options = parser.parse_args(arguments)
    if not hasattr(options, "run"):
        parser.print_help()
        return 2
    try:
        return int(options.run(options))
    except BrokenPipeError:
        # The reader of our output has gone (`| head`).
        sys.stderr.close()
        return 1
    except (Exception, KeyboardInterrupt) as error:
        if options.debug:
            raise
        if isinstance(error, LockHeldError) and getattr(options, "json", False):
            sys.stdout.write(f"{json.dumps({'state': 'skipped', 'holder': error.holder})}\n")
            return error.exit_code
        return _print_error(*_message_of(error))


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of all commands; `docs/generate.py` reads it too."""
    parser = argparse.ArgumentParser(
        prog="longshore", description="Text files dropped in a folder become trustworthy Parquet."
    )
    parser.add_argument("--version", action="version", version=f"longshore {__version__}", help="show the version")
    parser.add_argument("--debug", action="store_true", help="show a traceback with an error")
    commands = parser.add_subparsers(metavar="COMMAND", title="commands")
    _add_ingesting(commands)
    _add_reading(commands)
    _add_maintaining(commands)
    _command(commands, "version", "show the version")
    return parser


def _add_ingesting(commands: _Commands) -> None:
    init = _command(commands, "init", "create landing/, warehouse/ and a commented longshore.toml; overwrite nothing")
    init.add_argument("folder", nargs="?", default=".", help="where (default: here)")
    init.add_argument("--group", metavar="NAME", help="let the members of this group drop files in landing/ (2775)")

    ingest = _command(commands, "ingest", "ingest the stable files in landing/", folders=True, json="the summary")
    ingest.add_argument("--max-files", type=int, metavar="N", help="at most N files, oldest first")
    ingest.add_argument("--no-wait", action="store_true", help="do not wait for files that are not stable yet")
    ingest.add_argument("--dry-run", action="store_true", help="show what would be done, and write nothing")
    ingest.add_argument("--fail-on-rejected", action="store_true", help="exit with 1 if a document was rejected")

    serve = _command(
        commands, "serve", "run the schedules, with an embedded Prefect server if none is configured", folders=True
    )
    serve.add_argument("--watch", action="store_true", help="also start a run within a second of a stable file")
    serve.add_argument("--metrics-port", type=int, metavar="PORT", help="expose Prometheus metrics on loopback")
    serve.add_argument("--log-format", choices=("text", "json"), default="text", help="of the log lines")


def _add_reading(commands: _Commands) -> None:
    status = _command(
        commands,
        "status",
        "show the backlog, the last runs, the records and the rejected files",
        folders=True,
        json="it",
    )
    status.add_argument("--check", action="store_true", help="exit with 1 if something needs a person (for monitors)")

    inspect = _command(commands, "inspect", "show each step of normalising a file, and write nothing", json="it")
    inspect.add_argument("files", nargs="+", metavar="FILE")

    changes = _command(
        commands, "changes", "list what changed since a reader last asked", folders=True, json="a line for each change"
    )
    changes.add_argument("--since", metavar="CURSOR", default="start", help="the token of the last processed change")
    changes.add_argument("--ids", action="store_true", help="list the record ids of added batches too")

    schema = _command(commands, "schema", "show the columns of the records, with their types and meanings")
    schema.add_argument("--format", choices=("text", "arrow", "json", "sql", "markdown"), default="text")


def _add_maintaining(commands: _Commands) -> None:
    text = "normalise records again from their originals, and show what changes"
    reprocess = _command(commands, "reprocess", text, folders=True, json="the summary")
    reprocess.add_argument("--where", metavar="CONDITION", help="only rows such as \"language = 'und'\"")
    reprocess.add_argument("--older-than-version", metavar="V", help="only rows of a normaliser version before V")
    reprocess.add_argument("--dry-run", action="store_true", help="show what would change, and write nothing")

    text = "remove records and their originals for good, and never ingest them again"
    forget = _command(commands, "forget", text, folders=True, json="the summary")
    text = "64 hexadecimal digits, or at least the first six"
    forget.add_argument("record_ids", nargs="*", metavar="RECORD_ID", help=text)
    text = "forget what was delivered under this `source_path`; may be repeated"
    forget.add_argument("--path", action="append", default=[], metavar="PATH", help=text)
    forget.add_argument("--dry-run", action="store_true", help="show what would be removed, and write nothing")
    forget.add_argument("--yes", action="store_true", help="do not ask for confirmation on a terminal")
    text = "also block ids that were never delivered"
    forget.add_argument("--block-unknown", action="store_true", help=text)

    text = "merge small parts into large ones, while readers read"
    compact = _command(commands, "compact", text, folders=True, json="the summary")
    compact.add_argument("--dry-run", action="store_true", help="show what would be merged, and write nothing")

    text = "check that landing, ledger, archive, rejected files and warehouse agree"
    verify = _command(commands, "verify", text, folders=True, json="it")
    text = "first record that the warehouse belongs to this landing folder now"
    verify.add_argument("--adopt-landing", action="store_true", help=text)
    verify.add_argument("--repair", action="store_true", help="first repair what can be repaired without guessing")

    rejected = _command(commands, "rejected", "list the rejected files and why", folders=True, json="it")
    rejected.add_argument("--reason", metavar="R", help="only those with this reason, such as EMPTY")
    rejected.add_argument("paths", nargs="*", default=[], metavar="PATH", help="with --discard: as the list shows it")
    text = "delete these rejected files for good: PATH, --reason or --all; also acknowledge those that are missing"
    rejected.add_argument("--discard", action="store_true", help=text)
    rejected.add_argument("--all", action="store_true", help="with --discard: all rejected files")
    rejected.add_argument("--members", action="store_true", help="instead: the rejected documents in archives")

    retry = _command(commands, "retry", "put rejected files back into landing, for the next run", folders=True)
    which = retry.add_mutually_exclusive_group(required=True)
    which.add_argument("paths", nargs="*", default=[], metavar="PATH", help="as `longshore rejected` shows it")
    which.add_argument("--all", action="store_true", help="all rejected files")
    which.add_argument("--reason", metavar="R", help="all with this reason, such as EMPTY")


def _command(
    commands: _Commands, name: str, text: str, *, folders: bool = False, json: str = ""
) -> argparse.ArgumentParser:
    """Add a command; `folders`: its project can be named by flags, `json`: what `--json` prints."""
    command = commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
    command.add_argument("--debug", action="store_true", default=argparse.SUPPRESS, help=argparse.SUPPRESS)
    if folders:
        command.add_argument("--landing", metavar="DIR", help="the folder that files are dropped in")
        command.add_argument("--warehouse", metavar="DIR", help="the folder that readers open")
    if json:
        command.add_argument("--json", action="store_true", help=f"print {json} as JSON")

    def run(options: argparse.Namespace) -> int:
        from longshore.cli import commands as bodies  # noqa: PLC0415 - not for `--help` and `version`

        return int(getattr(bodies, name)(options))

    command.set_defaults(run=_version if name == "version" else run)
    return command


def _version(_: argparse.Namespace) -> int:
    sys.stdout.write(f"longshore {__version__}\n")
    return 0


def _message_of(error: BaseException) -> tuple[str, int]:
    """Return the message of an error for a person, and the exit code."""
    if isinstance(error, LongshoreError):
        return str(error), error.exit_code
    if isinstance(error, KeyboardInterrupt):
        return str(error) or "Interrupted.", 130
    if isinstance(error, OSError):
        where = f" ({error.filename})" if error.filename else ""
        return f"{error.strerror or error}{where}. Nothing is lost: fix this and run again; the run resumes.", 1
    if type(error).__module__.startswith("sqlalchemy"):
        from longshore.storage.ledger.engine import ledger_failed  # noqa: PLC0415 - SQLAlchemy is imported already

        return str(ledger_failed(error)), LongshoreError.exit_code  # type: ignore[arg-type]  # its class is known by name
    return (
        f"{type(error).__name__}: {error}\nThis is a fault in Longshore or a library that it uses. Nothing that was "
        "delivered is lost. Run the same command with `--debug` to see where it happened."
    ), 1


def _print_error(message: str, code: int) -> int:
    sys.stdout.flush()
    # A message may name a file, and a name may hold control characters.
    text = "\n".join(printable(line) for line in message.split("\n"))
    if code:
        sys.stderr.write(f"longshore: {text}\n")
    else:
        sys.stdout.write(f"{text}\n")
    return code
