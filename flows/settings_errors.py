"""What is wrong with the settings, in words for the person who wrote them: which one, where it stands, what to do."""

from __future__ import annotations

import difflib
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from flows.errors import SettingsError

if TYPE_CHECKING:
    from pydantic import ValidationError

SETTINGS_FILE: Final = "longshore.toml"
ENV_PREFIX: Final = "LONGSHORE_"

# Read elsewhere, and no settings: the fault harness of the tests.
_OTHER_VARIABLES: Final = {f"{ENV_PREFIX}FAULT"}
# pydantic's kinds of errors, where its own words are for programmers.
_IN_PLAIN_WORDS: Final = {
    "bool_parsing": "it must be true or false",
    "bool_type": "it must be true or false",
    "dict_type": 'it must be a table, such as {"legacy/**" = "cp850"}',
    "float_parsing": "it must be a number",
    "float_type": "it must be a number",
    "int_from_float": "it must be a whole number",
    "int_parsing": "it must be a whole number",
    "int_type": "it must be a whole number",
    "path_type": "it must be a path, in quotes",
    "string_type": "it must be text, in quotes",
    "tuple_type": 'it must be a list, such as ["*.txt", "*.md"]',
}


def refuse_unknown_variables(known: set[str]) -> None:
    """Raise where the environment names a setting that there is not."""
    variables = {ENV_PREFIX + name.upper() for name in known}
    for name in os.environ:
        if name.startswith(ENV_PREFIX) and name.upper() not in variables | _OTHER_VARIABLES:
            raise SettingsError(f"The environment variable {name} is no setting.{_nearest(name, variables)}")


def refuse_no_file() -> None:
    """Raise where `longshore.toml` is something that cannot be read, and would be passed over in silence."""
    if Path(SETTINGS_FILE).exists() and not Path(SETTINGS_FILE).is_file():
        raise SettingsError(f"{SETTINGS_FILE} is not a file. `longshore init` writes one with all settings.")


def explain(error: ValidationError, known: set[str], said: set[str]) -> str:
    """Give a sentence for each setting that is not known or cannot be used; `said`: by flags or parameters."""
    sentences = []
    for item in error.errors():
        name = ".".join(str(part) for part in item["loc"])
        if item["type"] == "extra_forbidden":
            sentences.append(f"There is no setting {name!r}.{_nearest(name, known, item['input'])}")
            continue
        if not name:
            message = item["msg"].removeprefix("Value error, ")
            sentences.append(f"{message[:1].upper()}{message[1:]}.")
            continue
        where = _where_said(name.split(".")[0], said)
        sentences.append(f"The setting {name} (from {where}) cannot be {item['input']!r}: {_why(dict(item))}.")
    return "\n".join(sentences)


def explain_variable(error: Exception) -> str:
    """Say how a list or a table is written in an environment variable; `error` is of pydantic-settings."""
    found = re.search(r'field "(\w+)"', str(error))
    name = f"{ENV_PREFIX}{found[1].upper() if found else '…'}"
    like = """{"legacy/**": "cp850"}""" if name.endswith("ENCODINGS") else """["*.txt", "*.md"]"""
    return f"The environment variable {name} cannot be {os.environ.get(name)!r}: it must be JSON, such as '{like}'."


def _why(item: dict[str, Any]) -> str:
    if item["type"] in _IN_PLAIN_WORDS:
        return _IN_PLAIN_WORDS[item["type"]]
    context = item.get("ctx", {})
    if item["type"] == "greater_than_equal":
        return f"it must be {_number(context['ge'])} or more"
    if item["type"] == "less_than_equal":
        return f"it must be {_number(context['le'])} or less"
    if item["type"] == "string_pattern_mismatch":
        return "it may hold lower-case letters, digits and dashes only"
    return str(item["msg"]).removeprefix("Value error, ").replace("Input should be", "it must be")


def _number(number: float) -> str:
    return f"{number:,}" if isinstance(number, int) else f"{number:g}"


def _nearest(name: str, known: set[str], value: object = None) -> str:
    def likeness(other: str) -> float:
        """Compare also with the other's beginning: people write `settle` for `settle_seconds`."""
        return max(difflib.SequenceMatcher(None, name, part).ratio() for part in (other, other[: len(name)]))

    best = max(sorted(known), key=likeness)
    if likeness(best) > 0.6:
        return f" Did you mean {best}?"
    if isinstance(value, dict):
        return " Settings stand at the top of the file, outside any [section]."
    return " `longshore init` writes a file with all settings."


def _where_said(name: str, said: set[str]) -> str:
    if name in said:
        return "a flag or parameter"
    if (ENV_PREFIX + name.upper()) in {variable.upper() for variable in os.environ}:
        return f"the environment variable {ENV_PREFIX}{name.upper()}"
    return SETTINGS_FILE
