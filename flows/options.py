"""What the options of a command mean: the settings of the project they name, a reason."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

from flows.errors import SettingsError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from flows.settings import Settings


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
    from flows.records import Reason  # noqa: PLC0415

    if options.reason is None:
        return None
    reason = str(options.reason).upper()
    if reason not in list(Reason):
        raise SettingsError(f"There is no reason {options.reason!r}. It is one of {', '.join(Reason)}.")
    return reason


def read_settings(**said: object) -> Settings:
    """Read and check the settings; `said` by flags."""
    with _no_pydantic_plugins():
        from flows.settings import load_settings  # noqa: PLC0415 - pydantic: a third of a start; `schema` has none
    return load_settings(**said)


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
