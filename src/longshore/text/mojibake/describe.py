"""Repair plans in words, for people; `replay.py` has their grammar."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from longshore.text.mojibake.replay import groups

if TYPE_CHECKING:
    from collections.abc import Sequence

_FUNCTIONS: Final = {
    "apply:fix_line_breaks": "line ends unified",
    "apply:fix_surrogates": "surrogates joined or replaced",
    "apply:remove_terminal_escapes": "terminal escapes removed",
    "apply:separate_at_nul": "texts between NUL put on lines of their own",
    "apply:remove_control_chars": "control characters removed",
    "apply:fix_c1_controls": "control characters read as windows-1252",
    "apply:fix_text": "ftfy's defaults applied",
    "normalize:NFC": "characters composed (NFC)",
}
_NAMES: Final = {"utf-8": "UTF-8", "utf-8-variants": "UTF-8", "latin-1": "ISO-8859-1", "macroman": "Mac Roman"}
_SCOPES: Final = {"lines": ", in some lines", "spans": ", in some words"}


def describe_plan(repairs: Sequence[str]) -> list[str]:
    """Return what each group of steps of a repair plan did, once each.

    Raises ValueError that names the first step that is unknown.

    >>> describe_plan(["encode:sloppy-windows-1252", "decode:utf-8", "normalize:NFC"])
    ['mojibake repaired: windows-1252 read as UTF-8', 'characters composed (NFC)']
    """
    return list(dict.fromkeys(map(describe_group, groups(repairs))))


def describe_group(group: Sequence[str]) -> str:
    """Return what one group of steps did: one function, or the steps from an `encode` to its `decode`."""
    if group[0] in _FUNCTIONS:
        return _FUNCTIONS[group[0]]
    scope = group[0].partition(":")[0] if group[0].count(":") > 1 else ""
    written, read = (_NAMES.get(name, name) for name in (_charset(group[0]), _charset(group[-1])))
    lost = ", lost bytes restored" if any("transcode:" in step for step in group) else ""
    return f"mojibake repaired: {written} read as {read}{_SCOPES.get(scope, '')}{lost}"


def _charset(step: str) -> str:
    """Return the encoding of a step, without ftfy's word for its lenient variant."""
    return step.rpartition(":")[2].removeprefix("sloppy-")
