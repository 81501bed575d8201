"""Deployments and their schedules, declared once for `longshore serve` and for `prefect.yaml`.

`python -m longshore.orchestration.deployments` prints the `prefect.yaml` of the project in the working directory; a
test holds that the file in the repository is that. This module does not import Prefect, so that `longshore init`
can use it.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from longshore import __version__
from longshore.orchestration.api import HEARTBEAT_SECONDS, HEARTBEAT_VARIABLE
from longshore.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

WORK_POOL = "longshore"
TAGS = ("longshore",)


@dataclass(frozen=True, slots=True)
class Scheduled:
    """One deployment: which flow, when, and what people read about it.

    name: of the flow's function, of its file in `flows/`, and of the deployment.
    """

    name: str
    cron: str
    timezone: str
    description: str
    tags: tuple[str, ...]
    version: str = __version__

    @property
    def when(self) -> str:
        """When it runs, for people."""
        return f"{self.cron}  ({self.timezone})"


def deployments(settings: Settings) -> list[Scheduled]:
    """Return all deployments of a project."""
    zone = settings.schedule_timezone
    return [
        Scheduled(
            "ingest",
            settings.schedule_cron,
            zone,
            "Adds a record to `warehouse/records/` for each document in the stable files of `landing/`. "
            "A run that finds another at work ends as `Skipped`; one that finds nothing as `NothingToDo`.",
            (*TAGS, "ingest"),
        ),
        Scheduled(
            "compact",
            settings.compact_cron,
            zone,
            "Merges the small Parquet parts of past days into larger ones. No reader sees a row twice, or misses one.",
            (*TAGS, "maintenance"),
        ),
        Scheduled(
            "verify",
            settings.verify_cron,
            zone,
            "Checks landing, ledger, archive and warehouse against each other; fails with a list where they differ.",
            (*TAGS, "maintenance"),
        ),
    ]


def full_name(one: Scheduled, settings: Settings) -> str:
    """Return the name of a deployment on its server.

    >>> full_name(deployments(Settings())[0], Settings(project="press"))
    'ingest-press'
    """
    return f"{one.name}-{settings.project}" if settings.project else one.name


def as_prefect_yaml(settings: Settings) -> str:
    """Write the same deployments for people who use `prefect deploy` and a work pool."""
    return "\n".join(_yaml_lines(settings)) + "\n"


def _yaml_lines(settings: Settings) -> Iterator[str]:
    yield "# Made by `python -m longshore.orchestration.deployments`: what `longshore serve` runs, for a work pool."
    yield "#   prefect work-pool create longshore --type process"
    yield "#   prefect deploy --all"
    yield "#   prefect worker start --pool longshore"
    yield "# Start the worker in the project's folder, with longshore installed: settings and flows/ are there."
    yield "name: longshore"
    yield f"prefect-version: {_quoted('3')}"
    # The worker's own folder, and not the empty one that a process pool makes for each run: the settings are there.
    yield "pull:"
    yield "  - prefect.deployments.steps.set_working_directory:"
    yield '      directory: "."'
    yield "deployments:"
    for one in deployments(settings):
        yield f"  - name: {full_name(one, settings)}"
        yield f"    version: {_quoted(one.version)}"
        yield f"    entrypoint: flows/{one.name}.py:{one.name}"
        yield f"    description: {_quoted(one.description)}"
        yield f"    tags: [{', '.join(one.tags)}]"
        yield "    schedules:"
        yield f"      - cron: {_quoted(one.cron)}"
        yield f"        timezone: {_quoted(one.timezone)}"
        yield f"        slug: {one.name}"
        yield "    work_pool:"
        yield f"      name: {WORK_POOL}"
        yield "      job_variables:"
        yield '        working_dir: "."'
        yield "        env:"
        yield f"          {HEARTBEAT_VARIABLE}: {_quoted(str(HEARTBEAT_SECONDS))}"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


if __name__ == "__main__":
    sys.stdout.write(as_prefect_yaml(Settings()))
