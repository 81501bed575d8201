"""The files that hold the flows: a project's own `flows/NAME.py`, or else the one that came with Longshore.

Flows are loaded by path and never imported as a package, so that a project's own `flows` package is not shadowed.
This module imports Prefect only to load one.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

FLOWS = ("ingest", "compact", "verify")


def template_folder() -> Path:
    """Return the folder of the files that `longshore init` writes: inside the wheel, or the root of a checkout."""
    package = Path(__file__).resolve().parent.parent
    shipped = package / "template"
    return shipped if shipped.is_dir() else package.parent.parent


def flow_file(name: str, project: Path | None = None) -> Path:
    """Return the file of a flow: the project's own where it has one, otherwise the shipped one.

    project: the folder of the project; the working directory by default.
    """
    own = (project or Path.cwd()) / "flows" / f"{name}.py"
    return own if own.is_file() else template_folder() / "flows" / f"{name}.py"


def entrypoint_of(name: str, project: Path | None = None) -> str:
    """Return Prefect's entry point of a flow, relative to the project where the file is the project's own.

    >>> entrypoint_of("ingest", Path("/nowhere")).rpartition("/")[2]
    'ingest.py:ingest'
    """
    file, folder = flow_file(name, project), project or Path.cwd()
    return f"{file.relative_to(folder) if file.is_relative_to(folder) else file}:{name}"


def load_flow(name: str, project: Path | None = None) -> Any:  # noqa: ANN401 - a Prefect flow; typing it would import Prefect
    """Load a flow from its file.

    Raises:
        SettingsError: the project's own file cannot be loaded; the message says why.
    """
    from prefect.flows import load_flow_from_entrypoint  # noqa: PLC0415 - two seconds

    from longshore.errors import SettingsError  # noqa: PLC0415 - as above

    file = flow_file(name, project)
    try:
        return load_flow_from_entrypoint(f"{file}:{name}", use_placeholder_flow=False)
    except Exception as error:
        raise SettingsError(f"The flow {file} cannot be loaded: {type(error).__name__}: {error}") from error
