"""Tables and models that the text steps read, and the functions that read them.

`README.md` names the source, the licence and the generator of each file. No decision is made here.
"""

from __future__ import annotations

import json
import tomllib
from importlib.resources import files
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np


def read_bytes(name: str) -> bytes:
    """Return the bytes of a data file. Nothing is cached: callers keep what they make of it."""
    return files(__name__).joinpath(name).read_bytes()


def read_toml(name: str) -> dict[str, Any]:
    """Return the tables of a TOML file."""
    return tomllib.loads(read_bytes(name).decode())


def read_json(name: str) -> dict[str, Any]:
    """Return the object of a JSON file."""
    found: dict[str, Any] = json.loads(read_bytes(name))
    return found


def read_arrays(name: str) -> dict[str, np.ndarray]:
    """Return the arrays of an npz file by their names."""
    import numpy as np  # noqa: PLC0415 - a tenth of a second, and TOML and JSON need none

    with files(__name__).joinpath(name).open("rb") as file, np.load(file) as arrays:
        return dict(arrays)
