"""The command line. Every command is a thin call of something below; what is heavy is imported where it is used.

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
    """Run one command and give its exit code; errors are one message, a traceback only with `--debug`."""
    # NumPy multiplies in the thread that asks: its own threads would compete with the worker processes for the cores.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    parser = build_parser()
    options = parser.parse_args(arguments)
    if not hasattr(options, "run"):
        parser.print_help()
        return 2
    try:
        return int(options.run(options))
    except BrokenPipeError:
        # Whoever read our output has gone (`| head`): nothing more to say, and no fault.
        sys.stderr.close()
        return 1
    except (Exception, KeyboardInterrupt) as error:
        if options.debug:
            raise
        if isinstance(error, LockHeldError) and getattr(options, "json", False):
            sys.stdout.write(f"{json.dumps({'state': 'skipped', 'holder': error.holder})}\n")
            return error.exit_code
        return _say(*_in_words(error))


def build_parser() -> argparse.ArgumentParser:
    """Make the parser of all commands; the docs test reads it too."""
    parser = argparse.ArgumentParser(
        prog="longshore", description="Text files dropped in a folder become trustworthy Parquet."
    )
    parser.add_argument("--version", action="version", version=f"longshore {__version__}", help="show the version")
    parser.add_argument("--debug", action="store_true", help="show a traceback with an error")
    commands = parser.add_subparsers(metavar="COMMAND", title="commands")

    _add_bringing_in(commands)
    _add_looking(commands)
    _add_keeping(commands)
    _command(commands, "version", "show the version")
    return parser


def _add_bringing_in(commands: _Commands) -> None:
    init = _command(commands, "init", "make landing/, warehouse/ and a commented longshore.toml; never over anything")
    init.add_argument("folder", nargs="?", default=".", help="where (default: here)")
    init.add_argument(
        "--group", metavar="NAME", help="let the members of this group drop files in landing/ (mode 2775)"
    )

    ingest = _command(commands, "ingest", "ingest what has settled in landing/")
    _places(ingest)
    ingest.add_argument("--max-files", type=int, metavar="N", help="at most N files, oldest first")
    ingest.add_argument("--no-wait", action="store_true", help="do not wait for files that are still young")
    ingest.add_argument("--dry-run", action="store_true", help="say what would be done, and write nothing")
    ingest.add_argument("--fail-on-rejected", action="store_true", help="end with 1 when a file was rejected")
    ingest.add_argument("--json", action="store_true", help="print the summary as JSON")

    serve = _command(commands, "serve", "run the schedules, with a Prefect server of its own where none is configured")
    _places(serve)
    serve.add_argument("--watch", action="store_true", help="start a run within a second of a file settling, too")
    serve.add_argument("--metrics-port", type=int, metavar="PORT", help="expose Prometheus figures on loopback")
    serve.add_argument("--log-format", choices=("text", "json"), default="text", help="of the log lines")


def _add_looking(commands: _Commands) -> None:
    status = _command(commands, "status", "show the backlog, the last runs, the records and what was rejected")
    _places(status)
    status.add_argument("--json", action="store_true", help="print it as JSON")
    status.add_argument("--check", action="store_true", help="end with 1 when something needs a person (for monitors)")

    inspect = _command(commands, "inspect", "show what normalising a file would give, step by step; writes nothing")
    inspect.add_argument("files", nargs="+", metavar="FILE")
    inspect.add_argument("--json", action="store_true", help="print it as JSON")

    changes = _command(commands, "changes", "list what is new for a reader since it last asked")
    _places(changes)
    changes.add_argument("--since", metavar="TOKEN", default="start", help="the token of the last change dealt with")
    changes.add_argument("--ids", action="store_true", help="list the record ids of added batches too")
    changes.add_argument("--json", action="store_true", help="print each change as a line of JSON")

    reprocess = _command(commands, "reprocess", "normalise records again from their originals, and show what changes")
    _places(reprocess)
    reprocess.add_argument("--where", metavar="CONDITION", help="only rows such as \"language = 'und'\"")
    reprocess.add_argument("--older-than-version", metavar="V", help="only rows that a normaliser before V made")
    reprocess.add_argument("--dry-run", action="store_true", help="say what would change, and write nothing")
    reprocess.add_argument("--json", action="store_true", help="print the summary as JSON")

    forget = _command(commands, "forget", "remove records and their originals for good, and never ingest them again")
    forget.add_argument("record_ids", nargs="+", metavar="RECORD_ID")
    _places(forget)
    forget.add_argument("--json", action="store_true", help="print the summary as JSON")

    schema = _command(commands, "schema", "show the columns of the records, with their types and meanings")
    schema.add_argument("--format", choices=("text", "arrow", "json", "sql", "markdown"), default="text")


def _add_keeping(commands: _Commands) -> None:
    compact = _command(commands, "compact", "merge small parts into large ones, while readers read")
    _places(compact)
    compact.add_argument("--dry-run", action="store_true", help="say what would be merged, and write nothing")
    compact.add_argument("--json", action="store_true", help="print the summary as JSON")

    verify = _command(commands, "verify", "check that landing, ledger, archive, rejected and warehouse agree")
    _places(verify)
    verify.add_argument("--repair", action="store_true", help="mend first what can be mended without guessing")
    verify.add_argument("--json", action="store_true", help="print it as JSON")

    rejected = _command(commands, "rejected", "list the rejected files and why")
    _places(rejected)
    rejected.add_argument("--reason", metavar="R", help="only those with this reason, such as EMPTY")
    rejected.add_argument("--members", action="store_true", help="instead: files inside packs that became no record")
    rejected.add_argument("--json", action="store_true", help="print it as JSON")

    retry = _command(commands, "retry", "put rejected files back into landing, for the next run")
    _places(retry)
    which = retry.add_mutually_exclusive_group(required=True)
    which.add_argument("paths", nargs="*", default=[], metavar="PATH", help="as `longshore rejected` shows it")
    which.add_argument("--all", action="store_true", help="all that are rejected")
    which.add_argument("--reason", metavar="R", help="all with this reason, such as EMPTY")


def _command(commands: _Commands, name: str, text: str) -> argparse.ArgumentParser:
    command = commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
    command.add_argument("--debug", action="store_true", default=argparse.SUPPRESS, help=argparse.SUPPRESS)

    def run(options: argparse.Namespace) -> int:
        from longshore.cli import commands as bodies  # noqa: PLC0415 - `--help` and `version` must not wait for it

        return int(getattr(bodies, name)(options))

    command.set_defaults(run=_version if name == "version" else run)
    return command


def _places(command: argparse.ArgumentParser) -> None:
    command.add_argument("--landing", metavar="DIR", help="the folder that files are dropped in")
    command.add_argument("--warehouse", metavar="DIR", help="the folder that readers open")


def _version(_: argparse.Namespace) -> int:
    sys.stdout.write(f"longshore {__version__}\n")
    return 0


def _in_words(error: BaseException) -> tuple[str, int]:
    """Give what a person should know of an error, and the exit code."""
    if isinstance(error, LongshoreError):
        return str(error), error.exit_code
    if isinstance(error, KeyboardInterrupt):
        return str(error) or "Interrupted.", 130
    if isinstance(error, OSError):
        where = f" ({error.filename})" if error.filename else ""
        return f"{error.strerror or error}{where}. Nothing is lost: mend that, and the next run goes on from here.", 1
    if type(error).__module__.startswith("sqlalchemy"):
        from longshore.storage.ledger.engine import ledger_failed  # noqa: PLC0415 - whatever raised this has imported it

        return str(ledger_failed(error)), LongshoreError.exit_code  # type: ignore[arg-type]
    return (
        f"{type(error).__name__}: {error}\nThis is a fault in Longshore, or in what it stands on. Nothing that was "
        "delivered is lost. The same command with `--debug` shows where it happened."
    ), 1


def _say(message: str, code: int) -> int:
    sys.stdout.flush()
    # A message may name a file, and a name may hold what makes a terminal act.
    text = "\n".join(printable(line) for line in message.split("\n"))
    if code:
        sys.stderr.write(f"longshore: {text}\n")
    else:
        sys.stdout.write(f"{text}\n")
    return code
