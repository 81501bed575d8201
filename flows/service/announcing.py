"""What a person at the terminal is told of a project that is being served."""

from __future__ import annotations

import datetime as dt
import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from flows.service import logs
from flows.service.deployments import deployments
from flows.storage.names import printable

if TYPE_CHECKING:
    from flows.settings import Settings

_log = logging.getLogger(__name__)


def announce(settings: Settings, page: str, next_run: dt.datetime) -> None:
    """Say what a person wants to know of a project that is being served."""
    say("")
    say(f"Longshore is serving {printable(str(Path.cwd()))}")
    say(f"  web page    {page}")
    for one in deployments(settings):
        say(f"  {one.name:<10}  {one.when}")
    say(f"  next run    {next_run:%Y-%m-%d %H:%M:%S} UTC; a first one starts now")
    say(f"  drop files  into {printable(str(settings.landing.absolute()))}")
    say(f"  read        {printable(str(settings.warehouse.absolute()))}/records/")
    say("Stop it with Ctrl-C.")


def say(line: str) -> None:
    """Print a line, or log it where the log lines are JSON."""
    if logs.are_json():
        _log.info(line.strip() or "-")
        return
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
