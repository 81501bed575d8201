"""Write the reference pages that are made from the code, or (`--check`) fail when one is not as the code says."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from longshore.cli.main import build_parser
from longshore.cli.scaffold import setting_reasons
from longshore.settings import ENV_PREFIX, Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

DOCS = Path(__file__).parent
MADE = "<!-- Made by docs/generate.py from the code. Do not edit: run `make docs`. -->\n\n"


def settings_page() -> Iterator[str]:
    """Give the page of all settings."""
    yield "# Settings\n\n"
    yield (
        "What wins, from weakest to strongest: the default, `longshore.toml` in the working directory, the environment "
        f"variable (`{ENV_PREFIX}` and the name in capitals), a flow parameter or a flag. "
        "A key that is not known is an error.\n\n"
    )
    reasons = setting_reasons()
    for name, field in Settings.model_fields.items():
        default = field.get_default(call_default_factory=True)
        yield f"## `{name}`\n\n"
        yield f"Default: `{_shown(default)}`. Type: {_kind(field.annotation)}.\n\n"
        yield f"{reasons[name]}\n\n"


def commands_page() -> Iterator[str]:
    """Give the page of all commands."""
    yield "# Commands\n\n"
    yield "`python -m longshore` is the same program. Exit codes: 0 all well, 1 a run that could not finish, "
    yield "2 a usage or settings error, 130 stopped by Ctrl-C or SIGTERM. An error is one message; `--debug` adds a "
    yield "traceback.\n\n"
    for name, command in subcommands().items():
        yield f"## `longshore {name}`\n\n{command.description}\n\n"
        rows = [action for action in command._actions if action.help not in (None, argparse.SUPPRESS)]
        rows = [action for action in rows if "--help" not in action.option_strings]
        if rows:
            yield "| argument | meaning |\n| --- | --- |\n"
            for action in rows:
                shown = ", ".join(action.option_strings) or (action.metavar or action.dest)
                if action.option_strings and action.nargs != 0:
                    shown += f" {action.metavar or action.dest.upper()}"
                yield f"| `{shown}` | {action.help} |\n"
            yield "\n"


def subcommands() -> dict[str, argparse.ArgumentParser]:
    """Give each command's own parser."""
    parser = build_parser()
    actions = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    return dict(actions[0].choices)


def _shown(value: Any) -> str:
    if value is None:
        return "not set"
    if isinstance(value, tuple):
        return str(list(value))
    return str(value) or '""'


def _kind(annotation: Any) -> str:
    choices = [f"`{choice}`" for choice in get_args(annotation) if isinstance(choice, str)]
    if choices:
        return "one of " + ", ".join(choices)
    text = annotation.__name__ if isinstance(annotation, type) and not get_args(annotation) else str(annotation)
    for long, short in (("typing.", ""), ("pathlib.", ""), ("NoneType", "not set"), ("None", "not set")):
        text = text.replace(long, short)
    inner = [get_args(part) for part in get_args(annotation)]
    words = [f"`{word}`" for part in inner for word in part if isinstance(word, str)]
    return "one of " + ", ".join(words) + ", or not set" if words else f"`{text}`"


PAGES = {"reference/settings.md": settings_page, "reference/commands.md": commands_page}


def main() -> int:
    """Write the pages, or compare them."""
    check = "--check" in sys.argv[1:]
    stale = []
    for name, page in PAGES.items():
        path = DOCS / name
        text = MADE + "".join(page()).rstrip() + "\n"
        if check and (not path.exists() or path.read_text(encoding="utf-8") != text):
            stale.append(name)
        elif not check:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
    if stale:
        sys.stderr.write(f"Not as the code says: {', '.join(stale)}. Run `make docs` and look at the difference.\n")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
