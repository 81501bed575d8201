"""Longshore: text files dropped in `landing/` become trustworthy Parquet in `warehouse/`.

Read `pipeline.py`, then `text/normalise.py`: that is the whole story.

The public API is what `__all__` names. It is imported when it is first used, so that `import longshore` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from longshore.maintenance.changes import read_changes
    from longshore.pipeline import ingest
    from longshore.records import Record, Rejection
    from longshore.settings import Settings
    from longshore.text.normalise import normalise

__version__ = "0.1.0"
__all__ = ["Record", "Rejection", "Settings", "__version__", "ingest", "normalise", "read_changes"]

_MODULES = {
    "Record": "records",
    "Rejection": "records",
    "Settings": "settings",
    "ingest": "pipeline",
    "normalise": "text.normalise",
    "read_changes": "maintenance.changes",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever the public API names
    """Import a public name when it is first used (PEP 562)."""
    if name not in _MODULES:
        raise AttributeError(f"module 'longshore' has no attribute {name!r}")
    return getattr(import_module(f"longshore.{_MODULES[name]}"), name)
