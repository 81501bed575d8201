"""Repair plans: steps as strings, short for a text of any length, which replay.

A step is `[SCOPE:]ACTION:NAME`. Without a scope it works on the whole text and is one of ftfy's
(`encode:latin-1`, `transcode:restore_byte_a0`, `decode:utf-8`) or a plain function (`apply:fix_line_breaks`,
`normalize:NFC`). The scope `lines` means every line that can be read so as a whole. `spans` means every run of letters
that can and that looks bad or fits its line so. Both are rules, not lists of places. The steps from an `encode` to its
`decode` are one group.

Promised: `replay(text, repair(text).repairs)` is `repair(text).text`. Both run the same functions.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from longshore.text.mojibake.controls import COMPOSE, CONTROLS, FIX_C1_CONTROLS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


def _fix_text(text: str) -> str:
    """Apply ftfy's defaults: a step of plans written under a policy that is gone."""
    import ftfy  # noqa: PLC0415 - 0.15 s, for old plans only

    return str(ftfy.fix_text(text))


_STEP: Final = re.compile(r"(lines:|spans:|)(encode|transcode|decode):[\w-]+")
_FUNCTIONS: Final = dict((*CONTROLS, FIX_C1_CONTROLS, COMPOSE, ("apply:fix_text", _fix_text)))


def replay(text: str, repairs: Sequence[str]) -> str:
    """Apply the steps of a plan to the decoded text and return the repaired one.

    Raises ValueError that names the first step that is unknown or that the text cannot take.

    >>> replay("sÃ³ isto", ["encode:latin-1", "decode:utf-8"])
    'só isto'
    """
    for after, _ in replay_steps(text, repairs):
        text = after
    return text


def replay_steps(text: str, repairs: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield the text after each group of steps, and the steps of the group joined by blanks."""
    for group in groups(repairs):
        text = _apply(text, group)
        yield text, " ".join(group)


def groups(repairs: Sequence[str]) -> Iterator[list[str]]:
    """Yield the groups of steps of a plan; raise ValueError that names the first step that is unknown."""
    group: list[str] = []
    for step in repairs:
        named = _STEP.fullmatch(step)
        if not named if group else not (step in _FUNCTIONS or (named and named[2] == "encode")):
            raise ValueError(f"Unknown step {step!r} in a repair plan.")
        group.append(step)
        if not named or named[2] == "decode":
            yield group
            group = []
    if group:
        raise ValueError(f"A repair plan ends in the middle of a group of steps: {group!r}.")


def _apply(text: str, group: list[str]) -> str:
    if group[0] in _FUNCTIONS:
        return _FUNCTIONS[group[0]](text)
    from longshore.text.mojibake.fix import replay_group  # noqa: PLC0415 - loads ftfy, which plans of clean texts never need

    try:
        return replay_group(text, group)
    except (LookupError, UnicodeError) as error:
        raise ValueError(f"The text cannot take the steps {group!r} of a repair plan: {error}.") from None
