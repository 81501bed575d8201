"""A first, rough look at every charset's reading of some bytes: enough to leave most of them out.

Letters after the two before them, over the mean of each script's languages, all charsets in one go; signs and
capitals by how common they are, whatever their neighbours. `evidence.py` then weighs what is left with care.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final, NamedTuple, get_args

import numpy as np

from flows.text.candidates import Script, single_byte
from flows.text.evidence import UPPER_FIRST, VIETNAMESE_LETTER, cases
from flows.text.letter_counts import OUTSIDE
from flows.text.letters import FOREIGN, letters
from flows.text.symbols import signs

if TYPE_CHECKING:
    import numpy.typing as npt

    from flows.text.letter_counts import Ids
    from flows.text.letters import Floats

    Keys = npt.NDArray[np.int64]

# A tone mark that is a byte of its own, where the model knows only whole letters.
_TONE: Final = 0.08
# A Latin letter in a word of another script: markup is glued to words, and look-alikes are typed.
_FOREIGN: Final = 2e-3


class _Tables(NamedTuple):
    """For each charset: the ids of its bytes, what is not about letters, and where its script's chances begin.

    The chances of all scripts stand one behind the other: single letters, rows of pairs, keys of triples.
    """

    ids: Ids
    rest: Floats
    width: Ids
    ones_from: Ids
    pairs_from: Ids
    triples_from: Keys
    ones: Floats
    pair_rows: Ids
    pairs: Floats
    triple_keys: Keys
    triples: Floats


def glance(numbers: list[int], raw: bytes) -> list[float]:
    """Give a rough ln(likelihood) of some bytes in each of some charsets, by their number in `single_byte()`."""
    tables = _tables()
    codes = np.empty(len(raw) + 2, np.uint8)
    codes[:2] = 0x0A
    codes[2:] = np.frombuffer(raw, np.uint8)
    ids = tables.ids[numbers][:, codes]
    last, this = ids[:, 1:-1], ids[:, 2:]
    before = ids[:, :-2] * (last != OUTSIDE)
    width = tables.width[numbers, np.newaxis]
    pair = last * width + this
    keys = tables.triples_from[numbers, np.newaxis] + before * (width * width) + pair
    rows = np.searchsorted(tables.triple_keys, keys)
    chances = tables.triples.take(rows)
    chances[tables.triple_keys.take(rows, mode="clip") != keys] = 0
    chances += tables.pairs.take(tables.pair_rows.take(tables.pairs_from[numbers, np.newaxis] + pair))
    chances += tables.ones.take(tables.ones_from[numbers, np.newaxis] + this)
    sums = np.log(chances).sum(axis=1) + tables.rest[numbers][:, codes[2:]].sum(axis=1)
    likelihoods: list[float] = sums.tolist()
    return likelihoods


@cache
def _tables() -> _Tables:
    scripts = [script for script in get_args(Script) if script != "cjk"]
    models = {script: letters(script) for script in scripts}
    ones, pair_rows, pairs, triple_keys, triples = [], [], [], [], []
    begin: dict[str, tuple[int, int, int]] = {}
    counts = [0, 0, 0, 0]
    for script, model in models.items():
        width = len(model.ones)
        begin[script] = (counts[0], counts[1], counts[2])
        # Letters of a few languages only count as much again.
        ones.append((model.ones @ model.prior + model.ones.max(axis=1)) / 2)
        ones[-1][FOREIGN] = max(ones[-1][FOREIGN], _FOREIGN)
        pair_rows.append(model.pair_rows + counts[3])
        pairs.append(model.pairs @ model.prior)
        triple_keys.append(model.triple_keys.astype(np.int64) + counts[2])
        # Without the last row, which stands for no triple.
        triples.append((model.triples @ model.prior)[:-1])
        counts = [counts[0] + width, counts[1] + width**2, counts[2] + width**3, counts[3] + len(model.pairs)]
    charsets = single_byte()
    starts = np.array([begin[charset.script] for charset in charsets], np.int64)
    return _Tables(
        ids=np.stack([models[charset.script].ids.take(charset.codes) for charset in charsets]),
        rest=np.stack([_rest(charset.script, charset.codes) for charset in charsets]),
        width=np.array([len(models[charset.script].ones) for charset in charsets], np.int32),
        ones_from=starts[:, 0].astype(np.int32),
        pairs_from=starts[:, 1].astype(np.int32),
        triples_from=starts[:, 2],
        ones=np.concatenate(ones).astype(np.float32),
        pair_rows=np.concatenate(pair_rows),
        pairs=np.concatenate(pairs).astype(np.float32),
        triple_keys=np.concatenate(triple_keys),
        triples=np.append(np.concatenate(triples), 0).astype(np.float32),
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
