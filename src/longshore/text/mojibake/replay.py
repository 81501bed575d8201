"""The receipt of a repair: steps as text, short whatever the text's length, and done again by anyone who asks.

A step is `[SCOPE:]ACTION:NAME`. Without a scope it works on the whole text and is one of ftfy's
(`encode:latin-1`, `transcode:restore_byte_a0`, `decode:utf-8`) or a plain function (`apply:fix_line_breaks`,
`normalize:NFC`). The scope `lines` means every line that can be read so as a whole, `spans` every run of letters
that can and that looks garbled or fits its line so: a rule, not a list of places, so a plan stays short for any text.
From an `encode` to its `decode` the steps are one act.

Promise: `replay(text, repair(text).repairs)` is `repair(text).text`. Both run the same functions.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from longshore.text.mojibake.controls import COMPOSING, FIX_C1_CONTROLS, FIX_TEXT, SETTLING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_STEP: Final = re.compile(r"(lines:|spans:|)(encode|transcode|decode):[\w-]+")
_SIMPLE: Final = dict((*SETTLING, FIX_C1_CONTROLS, FIX_TEXT, COMPOSING))


def replay(text: str, repairs: Sequence[str]) -> str:
    """Do the steps of a receipt again on the decoded text, and give the repaired one.

    Raises ValueError naming the first step that is not known, or that the text cannot take.

    >>> replay("sÃ³ isto", ["encode:latin-1", "decode:utf-8"])
    'só isto'
    """
    for after, _ in replay_steps(text, repairs):
        text = after
    return text


def replay_steps(text: str, repairs: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Return the text after each act of a receipt, with the steps that make up the act, joined by blanks."""
    for act in _acts(repairs):
        text = _do(text, act)
        yield text, " ".join(act)


def _acts(repairs: Sequence[str]) -> Iterator[list[str]]:
    act: list[str] = []
    for step in repairs:
        named = _STEP.fullmatch(step)
        if not named if act else not (step in _SIMPLE or (named and named[2] == "encode")):
            raise ValueError(f"Unknown step {step!r} in a plan of repairs.")
        act.append(step)
        if not named or named[2] == "decode":
            yield act
            act = []
    if act:
        raise ValueError(f"A plan of repairs ends in the middle of an act: {act!r}.")


def _do(text: str, act: list[str]) -> str:
    if act[0] in _SIMPLE:
        return _SIMPLE[act[0]](text)
    from longshore.text.mojibake.fix import redo  # noqa: PLC0415 - loads ftfy, which receipts of clean texts never need

    try:
        return redo(text, act)
    except (LookupError, UnicodeError) as error:
        raise ValueError(f"The text cannot take the steps {act!r} of a plan: {error}.") from None
