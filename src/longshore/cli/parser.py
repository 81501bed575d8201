"""Argument parser with help for people: sections, examples, colours, suggestions for what was mistyped.

It is argparse, because `longshore --help` and each completion of a shell must answer in a twentieth of a second, and
libraries with the same help (rich-click, Typer, Cyclopts) take three to ten times as long to import.
"""

from __future__ import annotations

import argparse
import re
import shutil
import sys
import textwrap
from typing import TYPE_CHECKING, Any, Final, NoReturn

from longshore.console import has_colour, painted

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_HEADINGS: Final = {"positional arguments": "Arguments", "options": "Options"}
_WIDEST: Final = 100
_COMMAND_WIDTH: Final = 12
# What people type who know other tools.
_SYNONYMS: Final = {
    "add": "ingest",
    "cat": "show",
    "check": "verify",
    "delete": "forget",
    "get": "show",
    "list": "find",
    "ls": "find",
    "new": "init",
    "remove": "forget",
    "rm": "forget",
    "run": "ingest",
    "search": "find",
    "sql": "query",
    "start": "serve",
}


class Parser(argparse.ArgumentParser):
    """A parser that shows examples, and on an error its own usage and the nearest word.

    summary: what the command does, for the list of all commands and as its description.
    words: what a mistyped first argument is compared with: the commands.
    """

    def __init__(self, *, summary: str = "", examples: Iterable[tuple[str, str]] = (), **more: Any) -> None:  # noqa: ANN401 - as argparse
        super().__init__(formatter_class=_Formatter, add_help=False, **more)
        self.summary = summary
        self.description = summary and textwrap.fill(f"{summary[0].upper()}{summary[1:]}.", _width())
        self.epilog = _examples(list(examples))
        self.words: Sequence[str] = ()

    def format_help(self) -> str:
        """Return the help, in colour where standard output has colour."""
        text = super().format_help()
        return _coloured(text) if has_colour(sys.stdout) else text

    def error(self, message: str) -> NoReturn:
        """Print what is wrong, the nearest word and the usage of this command; exit with 2."""
        wrong = re.search(r"invalid choice: '([^']*)'", message)
        if wrong and self.words:
            message = f"there is no command {wrong[1]!r}.{suggestion(wrong[1], self.words)}"
        elif message.startswith("ambiguous option"):
            message = f"{message[0].upper()}{message[1:]}."
        name = painted(f"{self.prog}:", "red") if has_colour(sys.stderr) else f"{self.prog}:"
        self.exit(2, f"{name} {message}\n\n{self.format_usage()}Try `{self.prog} --help`.\n")

    def refuse(self, unknown: Sequence[str]) -> NoReturn:
        """End with an error about arguments that this parser does not know."""
        flag = next((one.partition("=")[0] for one in unknown if one.startswith("-")), None)
        if flag is None:
            self.error(f"{unknown[0]!r} is one argument too many.")
        flags = [name for action in self._actions if action.help != argparse.SUPPRESS for name in action.option_strings]
        self.error(f"there is no option {flag}.{suggestion(flag, flags)}")


def overview(what: str, groups: Mapping[str, Mapping[str, str]]) -> str:
    """Return the description of a program: what it is, and its commands in groups, each with its summary."""
    lines = [textwrap.fill(what, _width())]
    for title, commands in groups.items():
        lines += ["", f"{title}:"]
        for name, summary in commands.items():
            first = f"  {name:<{_COMMAND_WIDTH}}"
            lines += textwrap.wrap(summary, _width(), initial_indent=first, subsequent_indent=" " * len(first))
    return "\n".join(lines)


def suggestion(word: str, known: Sequence[str]) -> str:
    """Return ` Did you mean …?` with the nearest known word, or nothing.

    >>> suggestion("ingset", ["ingest", "init"])
    ' Did you mean `ingest`?'
    """
    import difflib  # noqa: PLC0415 - only after a mistake

    near = difflib.get_close_matches(word, known, n=1, cutoff=0.6) or [_SYNONYMS.get(word, "")]
    return f" Did you mean `{near[0]}`?" if near[0] in known else ""


class _Formatter(argparse.RawDescriptionHelpFormatter):
    """Sections with capitals, no wider than a page; examples stay as they are written."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=28, width=_width())

    def start_section(self, heading: str | None) -> None:
        super().start_section(_HEADINGS.get(heading or "", heading))

    def add_usage(self, usage: Any, actions: Any, groups: Any, prefix: str | None = None) -> None:  # noqa: ANN401 - as argparse
        super().add_usage(usage, actions, groups, prefix or "Usage: ")


def _width() -> int:
    return min(shutil.get_terminal_size().columns, _WIDEST)


def _examples(examples: list[tuple[str, str]]) -> str:
    """Return the section of examples: a command on each line, and what it is for."""
    if not examples:
        return ""
    lines = ["Examples:"]
    for command, meaning in examples:
        lines += [f"  # {meaning}", f"  {command}"]
    return "\n".join(lines)


_HEADING: Final = re.compile(r"^(Usage:|[A-Z][^\n:]*:$)", re.MULTILINE)
_REMARK: Final = re.compile(r"^(  # .*)$", re.MULTILINE)
_NAME: Final = re.compile(r"^  ((?!longshore)[^\s\x1b#].*?)(?=   *\S|$)", re.MULTILINE)


def _coloured(text: str) -> str:
    """Paint headings, the remarks of examples, and the names of commands and options."""
    text = _HEADING.sub(lambda found: painted(found[1], "heading"), text)
    text = _REMARK.sub(lambda found: painted(found[1], "dim"), text)
    return _NAME.sub(lambda found: f"  {painted(found[1], 'bold')}", text)
