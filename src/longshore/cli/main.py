"""The command line: arguments, exit codes, error messages. Each command's body is in `commands.py`.

Exit codes: 0 all well, 1 a run that could not finish, 2 a usage or settings error, 130 stopped by Ctrl-C or SIGTERM.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Final, TypeAlias

from longshore import __version__
from longshore.cli.parser import Parser, overview
from longshore.console import has_colour, painted
from longshore.errors import LockHeldError, LongshoreError
from longshore.storage.names import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    _Commands: TypeAlias = argparse._SubParsersAction[Parser]  # noqa: SLF001 - argparse gives it no other name


# The commands as `longshore --help` and the reference page group them.
GROUPS: Final = {
    "Start": ("init", "ingest", "serve"),
    "Read": ("find", "show", "query", "changes", "schema"),
    "Check": ("status", "inspect", "rejected", "verify"),
    "Change": ("retry", "reprocess", "forget", "compact"),
    "Other": ("completion", "version"),
}
_FIRST_STEPS: Final = (
    ("longshore init news && cd news", "a new project"),
    ("longshore ingest", "the files in landing/ become records"),
    ("longshore find harbour --since 7d", "look at them"),
    ("longshore serve", "from now on, every minute"),
)


_CONFIG: Final = "the settings file (default: ./longshore.toml); relative folders in it are below its own"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; an error is one message, a traceback only with `--debug`."""
    # NumPy's own threads would compete with the worker processes for the cores.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given[:1] == ["help"]:
        given = [*given[1:2], "--help"]
    parser = build_parser()
    if given[:2] == ["completion", "words"]:
        # Asked by the completion script of a shell; the words may be flags, so they are no arguments of ours.
        return _print_candidates(parser, given[2:])
    options, unknown = parser.parse_known_args(given)
    if unknown:
        getattr(options, "parser", parser).refuse(unknown)
    if not hasattr(options, "run"):
        parser.print_help()
        return 2
    variables = dict(os.environ)
    try:
        if options.config is not None:
            # The processes of a run read it too.
            os.environ["LONGSHORE_CONFIG"] = os.path.abspath(options.config)  # noqa: PTH100 - pathlib is slow to import
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
    finally:
        # What flags handed on to the processes of this command is not for the caller's next one.
        if variables != os.environ:
            os.environ.clear()
            os.environ.update(variables)


def build_parser() -> Parser:
    """Return the parser of all commands; `docs/generate.py` reads it too."""
    parser = Parser(prog="longshore", usage="longshore COMMAND [OPTIONS]", examples=_FIRST_STEPS)
    parser.add_argument("-h", "--help", action="help", help="show this help; `longshore COMMAND --help` shows more")
    parser.add_argument("--version", action="version", version=f"longshore {__version__}", help="show the version")
    parser.add_argument("--config", metavar="FILE", help="the settings file (default: ./longshore.toml)")
    parser.add_argument("--debug", action="store_true", help="show a traceback with an error")
    commands = parser.add_subparsers(prog="longshore", metavar="COMMAND", help=argparse.SUPPRESS)
    _add_ingesting(commands)
    _add_reading(commands)
    _add_checking(commands)
    _add_maintaining(commands)
    _add_other(commands)
    parser.words = list(commands.choices)
    summaries = {title: {name: commands.choices[name].summary for name in names} for title, names in GROUPS.items()}
    parser.description = overview("Text files dropped in a folder become trustworthy Parquet.", summaries)
    return parser


def _add_ingesting(commands: _Commands) -> None:
    text = "create landing/, warehouse/ and a commented longshore.toml; overwrite nothing"
    examples = [("longshore init news", "a project in the folder news")]
    init = _command(commands, "init", text, json="what was done", examples=examples)
    init.add_argument("folder", nargs="?", default=".", metavar="DIR", help="where (default: here)")
    init.add_argument("--group", metavar="NAME", help="let the members of this group drop files in landing/ (2775)")

    ingest = _command(
        commands,
        "ingest",
        "ingest the stable files in landing/",
        folders=True,
        json="the summary",
        verbose="repair plans as they are recorded",
        examples=[
            ("longshore ingest --dry-run", "see what would become of each file"),
            ("longshore ingest --max-files 1000", "the oldest thousand files"),
            ("longshore ingest --json | jq .files", "the counts, for a program"),
        ],
    )
    ingest.add_argument("--max-files", type=int, metavar="N", help="at most N files, oldest first")
    ingest.add_argument("--no-wait", action="store_true", help="do not wait for files that are not stable yet")
    ingest.add_argument("--dry-run", action="store_true", help="show what would be done, and write nothing")
    ingest.add_argument("--fail-on-rejected", action="store_true", help="exit with 1 if a document was rejected")

    serve = _command(
        commands,
        "serve",
        "run the schedules, with an embedded Prefect server if none is configured",
        folders=True,
        json="the log lines",
        examples=[("longshore serve --watch", "ingest within a second of a stable file")],
    )
    serve.add_argument("--watch", action="store_true", help="also start a run within a second of a stable file")
    serve.add_argument("--metrics-port", type=int, metavar="PORT", help="expose Prometheus metrics on loopback")
    serve.add_argument(
        "--log-format",
        choices=("text", "json"),
        metavar="FORMAT",
        default="text",
        help="of the log lines: text or json",
    )


def _add_reading(commands: _Commands) -> None:
    find = _command(
        commands,
        "find",
        "list records that hold some words, newest first",
        module="reading",
        folders=True,
        json="a line for each record",
        examples=[
            ("longshore find", "the newest records"),
            ("longshore find harbour 'new crane' --since 7d", "with both, ingested in the last week"),
            ("longshore find --where \"language = 'de' and published_date >= '2024-01-01'\"", "by their columns"),
        ],
    )
    text = "all of these are in its title, text or path, whatever their case"
    find.add_argument("words", nargs="*", metavar="QUERY", help=text)
    text = "only rows such as \"language = 'und'\"; `longshore schema` lists the columns"
    find.add_argument("--where", metavar="CONDITION", help=text)
    find.add_argument("--feed", metavar="NAME", help="only records of this feed")
    text = "only records ingested since then: 2024-03-17, 2024-03-17T12:00 (UTC), 12h, 7d, 4w"
    find.add_argument("--since", metavar="TIME", help=text)
    find.add_argument("--limit", type=int, default=20, metavar="N", help="at most N records (default: 20; 0: all)")

    show = _command(
        commands,
        "show",
        "show a record: how it was made, header, metadata and text",
        module="reading",
        folders=True,
        json="all its columns",
        verbose="the columns for bookkeeping, and the repair plan as it is recorded",
        examples=[
            ("longshore show 5f1d08a2", "by the beginning of its id, as `longshore find` lists it"),
            ("longshore show letters/one.txt", "by the path that it was delivered under"),
        ],
    )
    text = "an id, or its first six digits; or the path of a delivery; or a file on this machine"
    show.add_argument("record", metavar="RECORD_ID|PATH", help=text)

    query = _command(
        commands,
        "query",
        "run SQL over the views `records` and `deliveries`, by DuckDB (extra `query`)",
        module="reading",
        folders=True,
        json="a line for each row",
        examples=[
            ('longshore query "SELECT language, count(*) FROM records GROUP BY ALL ORDER BY 2 DESC"', "languages"),
            ("longshore query \"SELECT path, reason FROM deliveries WHERE outcome = 'rejected'\"", "what was rejected"),
        ],
    )
    query.add_argument("sql", metavar="SQL", help="one statement, in quotes")

    changes = _command(
        commands,
        "changes",
        "list what changed since a reader last asked",
        folders=True,
        json="a line for each change",
        examples=[
            ("longshore changes --json", "everything so far; each line ends with a cursor, its `token`"),
            ("longshore changes --json --since 1f0c2d3e-12-0", "what came after that cursor"),
        ],
    )
    changes.add_argument("--since", metavar="CURSOR", default="start", help="the token of the last processed change")
    changes.add_argument("--ids", action="store_true", help="list the record ids of added batches too")

    schema = _command(
        commands,
        "schema",
        "show the columns of the records, with their types and meanings",
        json="it",
        examples=[("longshore schema --format sql", "a CREATE TABLE statement")],
    )
    text = "text, arrow, json, sql or markdown (default: text)"
    formats = ("text", "arrow", "json", "sql", "markdown")
    schema.add_argument("--format", choices=formats, metavar="FORMAT", default="text", help=text)


def _add_checking(commands: _Commands) -> None:
    status = _command(
        commands,
        "status",
        "show the backlog, the last runs, the records and the rejected files",
        folders=True,
        json="it",
        examples=[("longshore status --check || mail -s longshore ops", "from cron: write only if a person is needed")],
    )
    status.add_argument("--check", action="store_true", help="exit with 1 if something needs a person (for monitors)")

    inspect = _command(
        commands,
        "inspect",
        "show each step of normalising a file, or what a folder would become; write nothing",
        config=True,
        json="it",
        verbose="repair plans as they are recorded",
        examples=[
            ("longshore inspect landing/letter.txt", "why was it read as it was?"),
            ("longshore inspect letters", "a table of all files in a folder"),
        ],
    )
    inspect.add_argument("files", nargs="+", metavar="FILE|DIR", help="a file or a folder anywhere on this machine")

    rejected = _command(
        commands,
        "rejected",
        "list the rejected files and why",
        folders=True,
        json="it",
        examples=[
            ("longshore rejected --reason BINARY", "only those"),
            ("longshore rejected --discard --reason EMPTY", "delete them for good"),
        ],
    )
    rejected.add_argument("--reason", metavar="R", help="only those with this reason, such as EMPTY")
    rejected.add_argument("paths", nargs="*", default=[], metavar="PATH", help="with --discard: as the list shows it")
    text = "delete these rejected files for good: PATH, --reason or --all; also acknowledge those that are missing"
    rejected.add_argument("--discard", action="store_true", help=text)
    rejected.add_argument("--all", action="store_true", help="with --discard: all rejected files")
    rejected.add_argument("--members", action="store_true", help="instead: the rejected documents in archives")

    verify = _command(
        commands,
        "verify",
        "check that landing, ledger, archive, rejected files and warehouse agree",
        folders=True,
        json="it",
        examples=[("longshore verify --repair", "after a crash of the disk: repair, then check")],
    )
    text = "first record that the warehouse belongs to this landing folder now"
    verify.add_argument("--adopt-landing", action="store_true", help=text)
    verify.add_argument("--repair", action="store_true", help="first repair what can be repaired without guessing")


def _add_maintaining(commands: _Commands) -> None:
    retry = _command(
        commands,
        "retry",
        "put rejected files back into landing, for the next run",
        folders=True,
        json="their paths",
        examples=[
            ("longshore retry --reason TOO_LARGE", "after `max_file_bytes` was raised"),
            ("longshore retry letters/one.txt", "one file, as `longshore rejected` shows it"),
        ],
    )
    which = retry.add_mutually_exclusive_group(required=True)
    which.add_argument("paths", nargs="*", default=[], metavar="PATH", help="as `longshore rejected` shows it")
    which.add_argument("--all", action="store_true", help="all rejected files")
    which.add_argument("--reason", metavar="R", help="all with this reason, such as EMPTY")

    reprocess = _command(
        commands,
        "reprocess",
        "normalise records again from their originals, and show what changes",
        folders=True,
        json="the summary",
        examples=[
            ("longshore reprocess --dry-run", "after an update: what would change?"),
            ("longshore reprocess --where \"language = 'und'\"", "only some records"),
        ],
    )
    reprocess.add_argument("--where", metavar="CONDITION", help="only rows such as \"language = 'und'\"")
    reprocess.add_argument("--older-than-version", metavar="V", help="only rows of a normaliser version before V")
    reprocess.add_argument("--dry-run", action="store_true", help="show what would change, and write nothing")

    forget = _command(
        commands,
        "forget",
        "remove records and their originals for good, and never ingest them again",
        folders=True,
        json="the summary",
        examples=[
            ("longshore forget 5f1d08 --dry-run", "what would be removed?"),
            ("longshore forget --path letters/one.txt", "all that was ever delivered under this path"),
        ],
    )
    text = "64 hexadecimal digits, or at least the first six"
    forget.add_argument("record_ids", nargs="*", metavar="RECORD_ID", help=text)
    text = "forget what was delivered under this `source_path`; may be repeated"
    forget.add_argument("--path", action="append", default=[], metavar="PATH", help=text)
    forget.add_argument("--dry-run", action="store_true", help="show what would be removed, and write nothing")
    forget.add_argument("--yes", action="store_true", help="do not ask for confirmation on a terminal")
    text = "also block ids that were never delivered"
    forget.add_argument("--block-unknown", action="store_true", help=text)

    compact = _command(
        commands,
        "compact",
        "merge small parts into large ones, while readers read",
        folders=True,
        json="the summary",
        examples=[("longshore compact --dry-run", "what would be merged?")],
    )
    compact.add_argument("--dry-run", action="store_true", help="show what would be merged, and write nothing")


def _add_other(commands: _Commands) -> None:
    completion = _command(
        commands,
        "completion",
        "print the completion script of a shell",
        examples=[
            ("source <(longshore completion bash)", "bash and zsh: put this line in ~/.bashrc or ~/.zshrc"),
            ("longshore completion fish > ~/.config/fish/completions/longshore.fish", "fish: once"),
        ],
    )
    completion.add_argument("shell", choices=("bash", "zsh", "fish"), help="bash, zsh or fish", metavar="SHELL")
    completion.set_defaults(run=_completion)
    _command(commands, "version", "show the version", json="it").set_defaults(run=_version)


def _command(
    commands: _Commands,
    name: str,
    text: str,
    *,
    folders: bool = False,
    config: bool = False,
    json: str = "",
    verbose: str = "",
    examples: Sequence[tuple[str, str]] = (),
    module: str = "commands",
) -> Parser:
    """Add a command.

    Args:
        commands: where to add it.
        name: of the command, and of the function that is its body.
        text: what it does.
        folders: whether its project can be named by flags.
        config: whether it reads settings, if it has no folders.
        json: what `--json` prints.
        verbose: what `--verbose` shows also.
        examples: a command and what it is for.
        module: of the body, below `cli`.
    """
    command = commands.add_parser(name, summary=text, examples=examples)
    common = command.add_argument_group("Common options")
    if verbose:
        common.add_argument("-v", "--verbose", action="store_true", help=f"show also {verbose}")
    if json:
        common.add_argument("--json", action="store_true", help=f"print {json} as JSON")
    if folders or config:
        common.add_argument("--config", metavar="FILE", default=argparse.SUPPRESS, help=_CONFIG)
    if folders:
        common.add_argument("--landing", metavar="DIR", help="the folder that files are dropped in")
        common.add_argument("--warehouse", metavar="DIR", help="the folder that readers open")
    common.add_argument("--debug", action="store_true", default=argparse.SUPPRESS, help=argparse.SUPPRESS)
    common.add_argument("-h", "--help", action="help", help="show this help")

    def run(options: argparse.Namespace) -> int:
        bodies = import_module(f"longshore.cli.{module}")  # not for `--help` and `version`
        return int(getattr(bodies, name)(options))

    command.set_defaults(run=run, parser=command)
    return command


def _completion(options: argparse.Namespace) -> int:
    from longshore.cli.completion import SCRIPTS  # noqa: PLC0415 - for this command only

    sys.stdout.write(SCRIPTS[options.shell])
    return 0


def _print_candidates(parser: Parser, words: Sequence[str]) -> int:
    from longshore.cli.completion import candidates  # noqa: PLC0415 - for this command only

    sys.stdout.writelines(f"{line}\n" for line in candidates(parser, words))
    return 0


def _version(options: argparse.Namespace) -> int:
    sys.stdout.write(f"{json.dumps({'version': __version__}) if options.json else f'longshore {__version__}'}\n")
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
        name = painted("longshore:", "red") if has_colour(sys.stderr) else "longshore:"
        sys.stderr.write(f"{name} {text}\n")
    else:
        sys.stdout.write(f"{text}\n")
    return code
