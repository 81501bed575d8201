"""Create a project: folders, flows, a commented `longshore.toml`, `prefect.yaml`. Nothing is overwritten."""

from __future__ import annotations

import ast
import inspect
import json
import shutil
import textwrap
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from longshore import settings as settings_module
from longshore.errors import SettingsError
from longshore.orchestration.flow_files import FLOWS, template_folder
from longshore.settings import SETTINGS_FILE, Settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_HEAD = """\
# Settings of this Longshore project. Each commented line shows a default; remove the # to change it.
# Stronger than this file: environment variables (LONGSHORE_STABLE_SECONDS=0) and flags of a command.
"""

_GITIGNORE = """\
# Data and state of the project; its settings and flows belong in version control.
/landing/
/warehouse/
/.longshore/
"""

_TABLE_EXAMPLES = {
    "declared_encodings": '"legacy/**" = "cp850"',
    "archive_limits_override": "max_depth = 3",
    "kinds": '"text/html" = "text"',
    "feeds": 'name = "press"\n# match = ["press/**"]\n# date_order = "DMY"',
}


def make_project(folder: Path, group: str | None = None) -> Iterator[tuple[str, str]]:
    """Create what a project lacks, and yield what was done (`created`, `kept`, `shared`) with which path.

    Args:
        folder: of the project.
        group: a group whose members may drop files in landing/; what they drop belongs to it too (mode 2775).

    Raises:
        SettingsError: the folder cannot be created, or the group cannot be given to landing/.
    """
    template = template_folder()
    files = {
        SETTINGS_FILE: settings_file(),
        "prefect.yaml": (template / "prefect.yaml").read_text(encoding="utf-8"),
        ".gitignore": _GITIGNORE,
        **{f"flows/{name}.py": (template / "flows" / f"{name}.py").read_text(encoding="utf-8") for name in FLOWS},
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("landing", "warehouse", "flows"):
            yield _done(folder / name, new=_make_folder(folder / name))
        if group is not None:
            _share(folder / "landing", group)
            yield "shared", f"{folder / 'landing'} with the group {group}"
        for name, text in files.items():
            yield _done(folder / name, new=_make_file(folder / name, text))
    except OSError as error:
        raise SettingsError(f"{error.filename} cannot be created: {error.strerror}. Choose another folder.") from None


def settings_file() -> str:
    """Return a `longshore.toml` with every setting, its default and its reason, all commented out."""
    lines = [_HEAD]
    tables = []
    reasons = setting_reasons()
    for name, field in Settings.model_fields.items():
        comment = [f"# {line}" for line in textwrap.wrap(reasons[name], 110)]
        default = field.get_default(call_default_factory=True)
        if name in _TABLE_EXAMPLES:
            table = f"[{name}]" if isinstance(default, dict) else f"[[{name}]]"
            tables += [*comment, f"# {table}", f"# {_TABLE_EXAMPLES[name]}", ""]
        else:
            lines += [*comment, f"# {name} = {_toml(default)}", ""]
    return "\n".join([*lines, *tables]).rstrip() + "\n"


def setting_reasons() -> dict[str, str]:
    """Return the docstring of each setting: what it is and the reason for its default.

    They are read from the source here, because pydantic would read them at each start (30 ms).
    """
    source = ast.parse(inspect.getsource(settings_module))
    model = next(node for node in source.body if isinstance(node, ast.ClassDef) and node.name == Settings.__name__)
    return {
        setting.target.id: " ".join(below.value.value.split())
        for setting, below in pairwise(model.body)
        if isinstance(setting, ast.AnnAssign) and isinstance(setting.target, ast.Name)
        if isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant) and isinstance(below.value.value, str)
    }


def _toml(value: Any) -> str:  # noqa: ANN401 - the default of any setting
    if value is None:
        return '""   # not set; leave the line commented out'
    if isinstance(value, tuple):
        return json.dumps(list(value))
    if isinstance(value, bool | int | float):
        return json.dumps(value)
    return json.dumps(str(value))


def _make_folder(path: Path) -> bool:
    if path.is_dir():
        return False
    path.mkdir()
    return True


def _make_file(path: Path, text: str) -> bool:
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        return False
    return True


def _share(landing: Path, group: str) -> None:
    try:
        shutil.chown(landing, group=group)
        landing.chmod(0o2775)
    except LookupError:
        raise SettingsError(f"There is no group {group!r}. Create it (`groupadd`), or name another.") from None
    except PermissionError:
        raise SettingsError(
            f"{landing} cannot be given to the group {group!r}: be its owner and a member of the group, or root."
        ) from None


def _done(path: Path, *, new: bool) -> tuple[str, str]:
    return ("created" if new else "kept"), str(path)
