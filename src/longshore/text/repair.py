"""Repair damaged characters and return the plan that repaired them.

One pass, in this order (each step works on the result of the one before):

1. line ends, surrogates, terminal escapes, control characters (`mojibake/controls.py`)
2. mojibake of UTF-8, from the whole text down to single words (`mojibake/fix.py`), and legacy text that was read in the
   wrong legacy encoding (`mojibake/wrong_charset.py`)
3. composition to NFC

Passes follow until one changes nothing, so that a second repair has nothing to do. Nested mojibake comes apart one
round a pass.

Promised: a text without damage stays exactly as it is, in every language; quotes stay curled, ligatures tied, wide
forms wide. The result can be encoded as UTF-8, is NFC, and ends its lines with `\\n`. The plan in `repairs` gives the
result again (`mojibake/replay.py`). Time is linear in the text.

HTML entities stay. They are markup, not damage: half of the texts that hold them are Markdown or HTML sources, in
which `&lt;` and `<` differ, and a reader can unescape a text but never escape it back. ftfy's rule (unescape unless the
text holds a `<`) would change one in eight posts of a real news archive.

Not promised: that every damage can be undone. Text that lost bytes stays, or gets U+FFFD where ftfy
sees the loss or the end was cut.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from longshore.text.mojibake.controls import COMPOSE, CONTROLS, FIX_LINE_BREAKS, FIX_SURROGATES
from longshore.text.mojibake.prefilter import diagnose

if TYPE_CHECKING:
    from collections.abc import Iterable

    from longshore.text.mojibake.controls import Step
    from longshore.text.policy import RepairPolicy

# Each pass that repairs makes the text shorter, mojibake doubles what it damages, and there are 21 encodings: no text
# that fits into memory needs half of these passes.
_MOST_PASSES: Final = 64


@dataclass(frozen=True, slots=True)
class Repaired:
    """The repaired text, and the steps that made it."""

    text: str
    repairs: tuple[str, ...] = ()


def repair(text: str, policy: RepairPolicy = "conservative") -> Repaired:
    r"""Repair the characters of a text as far as the policy allows.

    `conservative` repairs encodings and never restyles. `off` only ensures UTF-8, NFC and line ends.

    >>> repair("Só isto: sÃ³ isto.\r\n").text
    'Só isto: só isto.\n'
    """
    steps: list[str] = []
    # Most texts that change need only these two: Windows' line ends, and Indic letters that are not composed.
    text = _apply(text, (FIX_LINE_BREAKS, COMPOSE) if "\r" in text else (COMPOSE,), steps)
    if policy == "off":
        text = _apply(text, (FIX_SURROGATES, FIX_LINE_BREAKS, COMPOSE), steps)
        return Repaired(text, tuple(steps))
    for _ in range(_MOST_PASSES):
        diagnosis = diagnose(text)
        if diagnosis.sound:
            break
        from longshore.text.mojibake.fix import fix_mojibake  # noqa: PLC0415 - loads ftfy, which clean texts never need

        before, text = text, _apply(text, CONTROLS, steps)
        text, fixes = fix_mojibake(text, diagnosis if text == before else diagnose(text))
        steps += fixes
        text = _apply(text, (COMPOSE,), steps)
        if text == before:
            break
    return Repaired(text, tuple(steps))


def _apply(text: str, functions: Iterable[Step], steps: list[str]) -> str:
    """Apply each function, and note those that changed the text."""
    for name, function in functions:
        changed = function(text)
        if changed != text:
            steps.append(name)
            text = changed
    return text
