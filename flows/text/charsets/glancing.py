"""A first, rough look at every charset's reading of some bytes: enough to leave most of them out.

Letters after the two before them, over the mean of each script's languages, all charsets in one go; signs and
capitals by how common they are, whatever their neighbours. `evidence.py` then weighs what is left with care.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final, NamedTuple, get_args

import numpy as np

from flows.text.charsets.candidates import Script, single_byte
from flows.text.charsets.frame import UPPER_FIRST, VIETNAMESE_LETTER, cases
from flows.text.charsets.symbols import signs
from flows.text.languages.letter_counts import OUTSIDE
from flows.text.languages.letters import FOREIGN, letters

if TYPE_CHECKING:
    import numpy.typing as npt

    from flows.text.languages.letter_counts import Ids
    from flows.text.languages.letters import Floats

# A tone mark that is a byte of its own, where the model knows only whole letters.
_TONE: Final = 0.08
# A Latin letter in a word of another script: markup is glued to words, and look-alikes are typed.
_FOREIGN: Final = 2e-3


class _Tables(NamedTuple):
    """For each charset: the ids of its bytes, what is not about letters, and where its script's states begin.

    The walks of all scripts stand one behind the other; `logs` is of the chances of the rows that they lead to.
    """

    ids: Ids
    rest: Floats
    width: Ids
    states_from: Ids
    states: Ids
    rows: Ids
    logs: Floats


def glance(numbers: list[int], raw: bytes) -> list[float]:
    """Give a rough ln(likelihood) of some bytes in each of some charsets, by their number in `single_byte()`."""
    tables = _tables()
    codes = np.empty(len(raw) + 2, np.uint8)
    codes[:2] = 0x0A
    codes[2:] = np.frombuffer(raw, np.uint8)
    ids = tables.ids[numbers].take(codes, axis=1)
    pair = ids[:, :-2] * tables.width[numbers, np.newaxis]
    pair += ids[:, 1:-1]
    pair += tables.states_from[numbers, np.newaxis]
    logs = tables.logs.take(tables.rows.take(tables.states.take(pair) + ids[:, 2:]))
    sums = logs.sum(axis=1) + tables.rest[numbers].take(codes[2:], axis=1).sum(axis=1)
    likelihoods: list[float] = sums.tolist()
    return likelihoods


@cache
def _tables() -> _Tables:
    models = {script: letters(script) for script in get_args(Script) if script != "cjk"}
    states, rows, chances = [], [], []
    begin: dict[str, int] = {}
    states_before = rows_before = chances_before = 0
    for script, model in models.items():
        begin[script] = states_before
        states.append(model.walk.states + rows_before)
        rows.append(model.walk.rows + chances_before)
        mean = model.ones @ model.prior
        # Letters of a few languages only count as much again.
        alone = (mean + model.ones.max(axis=1)) / 2
        alone[FOREIGN] = max(alone[FOREIGN], _FOREIGN)
        chances.append(model.table @ model.prior + (alone - mean)[model.walk.last_of_rows()])
        states_before += len(states[-1])
        rows_before += len(rows[-1])
        chances_before += len(chances[-1])
    charsets = single_byte()
    return _Tables(
        ids=np.stack([models[charset.script].ids.take(charset.codes) for charset in charsets]),
        rest=np.stack([_rest(charset.script, charset.codes) for charset in charsets]),
        width=np.array([models[charset.script].walk.width for charset in charsets], np.int32),
        states_from=np.array([begin[charset.script] for charset in charsets], np.int32),
        states=np.concatenate(states),
        rows=np.concatenate(rows),
        logs=np.log(np.concatenate(chances).astype(np.float32)),
    )


def _rest(script: Script, codes: npt.NDArray[np.uint16]) -> Floats:
    """Weigh each byte but for which letter it is."""
    rest = np.where(letters(script).ids.take(codes) == OUTSIDE, signs().share.take(codes), 0)
    rest += np.where(cases().take(codes) == 2, np.log(UPPER_FIRST), 0)
    if script == "vietnamese":
        rest[(codes >= 0x1EA0) & (codes < 0x1F00)] += VIETNAMESE_LETTER
        tones = (codes >= 0x300) & (codes < 0x330)
        chance = (letters(script).ones @ letters(script).prior).take(letters(script).ids.take(codes[tones]))
        rest[tones] = np.log(_TONE / chance)
    rest[codes < 0x80] = 0
    return rest.astype(np.float32)
