"""Repair damaged characters, with the receipt.

One pass, in this order (each step sees what the ones before it left):

1. line ends, surrogates, terminal escapes, controls (`controls.py`): the frame that holds the letters
2. mojibake of UTF-8, from the whole text down to single runs (`mojibake.py`), and between the lines and the runs
   legacy text that was read in the wrong encoding (`misread.py`)
3. composition to NFC

and passes follow until one changes nothing, so that a second repair never finds anything to do. Nested garbling
comes apart one round a pass.

Promise, under the conservative policy: a text that is not damaged stays as it is exactly, in every language;
quotes stay curled, ligatures tied, wide forms wide. The result can be written as UTF-8, is NFC, ends its lines with
`\\n`. The plan in `repairs` gives the result again (`plan.replay`). Time is linear in the text.

HTML entities stay. They are markup, not damage: half of the texts that hold them are Markdown or HTML sources, in
which `&lt;` and `<` mean different things, and a reader can unescape a text but never escape it back. ftfy's own
rule (unescape unless the text holds a `<`) would change one in eight posts of a real news archive. A policy of
`ftfy-defaults` unescapes.

Not promised: that every damage can be undone. What lost its bytes stays, or becomes U+FFFD where ftfy sees the loss.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from longshore.text.mojibake.controls import COMPOSING, FIX_LINE_BREAKS, FIX_SURROGATES, FIX_TEXT, SETTLING
from longshore.text.mojibake.prefilter import is_sound

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from longshore.text.mojibake.controls import Act
    from longshore.text.policy import RepairPolicy

# Each pass that mends makes the text shorter, garbling doubles what it garbles, and there are 21 encodings: no
# text of any size that we hold needs half of these passes.
_MOST_PASSES: Final = 64


@dataclass(frozen=True, slots=True)
class Repaired:
    """The repaired text, and the steps that made it."""

    text: str
    repairs: tuple[str, ...] = ()


def repair(text: str, policy: RepairPolicy = "conservative") -> Repaired:
    r"""Mend the characters of any text as far as the policy goes, and say how.

    `conservative` mends encodings and never restyles. `off` does only what the record promises: UTF-8, NFC and line
    ends. `ftfy-defaults` is `ftfy.fix_text` as it comes, restyling included, and then what the record promises.

    >>> repair("Só isto: sÃ³ isto.\r\n").text
    'Só isto: só isto.\n'
    """
    steps: list[str] = []
    restyling = policy == "ftfy-defaults"
    if not restyling:
        # Most texts that change do so by these two alone: Windows' line ends, and Indic letters not composed.
        text = _do(text, (FIX_LINE_BREAKS, COMPOSING) if "\r" in text else (COMPOSING,), steps)
    do_pass = _PASSES[policy]
    for _ in range(_MOST_PASSES):
        if not restyling and is_sound(text):
            break
        before, text = text, do_pass(text, steps)
        if text == before:
            break
    return Repaired(text, tuple(steps))


def _conservative(text: str, steps: list[str]) -> str:
    text = _do(text, SETTLING, steps)
    text, mending = _mend(text)
    steps += mending
    return _do(text, (COMPOSING,), steps)


def _off(text: str, steps: list[str]) -> str:
    return _do(text, (FIX_SURROGATES, FIX_LINE_BREAKS, COMPOSING), steps)


def _ftfy_defaults(text: str, steps: list[str]) -> str:
    return _do(text, (FIX_TEXT, FIX_SURROGATES, FIX_LINE_BREAKS, COMPOSING), steps)


def _do(text: str, acts: Iterable[Act], steps: list[str]) -> str:
    """Do each act, and note those that changed something."""
    for name, change in acts:
        changed = change(text)
        if changed != text:
            steps.append(name)
            text = changed
    return text


def _mend(text: str) -> tuple[str, tuple[str, ...]]:
    from longshore.text.mojibake.fix import mend  # noqa: PLC0415 - loads ftfy, which a folder of clean texts never needs

    return mend(text)


_PASSES: Final[dict[RepairPolicy, Callable[[str, list[str]], str]]] = {
    "conservative": _conservative,
    "off": _off,
    "ftfy-defaults": _ftfy_defaults,
}
