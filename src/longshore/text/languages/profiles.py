"""langdetect's 55 language profiles as arrays: which n-grams they know, and how likely they are in each.

Promised: the numbers are langdetect's own (frequency / number of n-grams of that length, as its `add_profile` computes
them), read from the installed package, so that its licence and its updates stay its own; an n-gram is looked up
exactly, never by its hash alone. Built in a tenth of a second and 30 MB.
Not promised: the order of the rows.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import resources
from typing import TYPE_CHECKING, Final

import numpy as np

from longshore.text.languages.alphabet import BLANK, FIRST_KNOWN, ID_BITS

if TYPE_CHECKING:
    import numpy.typing as npt

    Ints = npt.NDArray[np.int64]
    Floats = npt.NDArray[np.float32]
    Keys = npt.NDArray[np.uint64]
    Rows = npt.NDArray[np.int64]

# langdetect's smoothing: alpha over BASE_FREQ (0.5 is alpha's mean; langdetect draws around it).
SMOOTHING: Final = 0.5 / 10_000
# Set in the key of a pair, and of a single character: both have 0 in front, which is also the blank's id.
PAIR: Final = np.uint64(1 << (3 * ID_BITS))
SINGLE: Final = np.uint64(2 << (3 * ID_BITS))
_NO_KEY: Final = np.uint64(2**64 - 1)

_MULTIPLIER: Final = 0x9E3779B97F4A7C15  # 2**64 / golden ratio: spreads consecutive keys (Knuth)
_BUCKET_BITS: Final = 14
_SLOT_BITS: Final = 18


@dataclass(frozen=True)
class Profiles:
    """All profiles in one table.

    languages: langdetect's names, sorted, one a column. characters: the known ones, by id from 3.
    log_probability: (rows, columns), ln(p + SMOOTHING). The last row is every n-gram that no profile knows.
    totals: (3, columns), how many n-grams of one, two and three characters a profile was made of.
    keys: of each row: the ids of its characters, the last one lowest, under the mark of its length.
    """

    languages: tuple[str, ...]
    characters: str
    log_probability: Floats
    totals: npt.NDArray[np.float64]
    keys: Keys

    @property
    def unknown_row(self) -> int:
        """The row of every n-gram that no profile knows."""
        return len(self.log_probability) - 1

    @property
    def lengths(self) -> Ints:
        """How many characters the n-gram of each row has, but for the last row."""
        return np.array([3, 2, 1], np.int64)[(self.keys[:-1] >> np.uint64(3 * ID_BITS)).view(np.int64)]

    def rows_of(self, keys: Keys) -> Rows:
        """Return the row of each n-gram, by its key; `unknown_row` where no profile knows it."""
        rows_by_slot, multipliers = self._index
        rows = rows_by_slot.take(_slots(keys, multipliers)).astype(np.int64)
        rows[self.keys.take(rows) != keys] = self.unknown_row
        return rows

    @cached_property
    def _index(self) -> tuple[npt.NDArray[np.int32], Keys]:
        """The row in each slot, and the multiplier of each bucket; built when the first n-gram is looked up."""
        known = self.keys[:-1]
        slots, multipliers = _place(known)
        rows_by_slot = np.full(1 << _SLOT_BITS, len(known), np.int32)
        rows_by_slot[slots] = np.arange(len(known), dtype=np.int32)
        return rows_by_slot, multipliers


@dataclass(frozen=True, slots=True)
class Profile:
    """The n-gram counts that langdetect has for one language.

    spelled: its n-grams, one behind the other; lengths: of each, one to three characters. chances: of each among all of
    its length. totals: how many there were of each length.
    """

    spelled: str
    lengths: Ints
    chances: npt.NDArray[np.float64]
    totals: list[int]

    def letters(self, least: float) -> str:
        """Return the letters that have at least this chance."""
        singles = np.cumsum(self.lengths)[(self.lengths == 1) & (self.chances >= least)] - 1
        return "".join([self.spelled[at] for at in singles.tolist()])


@cache
def read_profile(language: str) -> Profile:
    """Read the profile of one language, by langdetect's name for it."""
    profile = json.loads((resources.files("langdetect") / "profiles" / language).read_bytes())
    freq: dict[str, int] = profile["freq"]
    totals: list[int] = profile["n_words"]
    lengths = np.fromiter(map(len, freq), np.int64, len(freq))
    counts = np.fromiter(freq.values(), np.float64, len(freq))
    return Profile("".join(freq), lengths, counts / np.array(totals, np.float64)[lengths - 1], totals)


@cache
def load_profiles() -> Profiles:
    """Read all profiles of the installed langdetect, once."""
    languages = tuple(sorted(entry.name for entry in (resources.files("langdetect") / "profiles").iterdir()))
    profiles = [read_profile(language) for language in languages]
    columns = np.repeat(np.arange(len(profiles)), [len(profile.lengths) for profile in profiles])
    chances = np.concatenate([profile.chances for profile in profiles])
    keys, characters = _keys_of(
        "".join([profile.spelled for profile in profiles]), np.concatenate([profile.lengths for profile in profiles])
    )
    keys, rows = np.unique(keys, return_inverse=True)
    table = np.full((len(keys) + 1, len(languages)), np.log(SMOOTHING), np.float32)
    table[rows, columns] = np.log(chances + SMOOTHING)
    return Profiles(
        languages=languages,
        characters=characters,
        log_probability=table,
        totals=np.array([profile.totals for profile in profiles], np.float64).T,
        keys=np.append(keys, _NO_KEY),
    )


def _keys_of(spelled: str, lengths: Ints) -> tuple[Keys, str]:
    """Return the key of each n-gram, and the characters that they are made of."""
    codes = np.frombuffer(spelled.encode("utf-32-le"), np.uint32)
    ends = np.cumsum(lengths)
    known = np.flatnonzero(np.bincount(codes))
    known = known[known != ord(" ")]
    ids = np.full(int(known[-1]) + 1, BLANK, np.uint64)
    ids[known] = np.arange(FIRST_KNOWN, FIRST_KNOWN + len(known), dtype=np.uint64)
    padded = np.concatenate([np.full(2, BLANK, np.uint64), ids[codes]])
    third = padded[ends + 1]
    second = np.where(lengths >= 2, padded[ends], np.uint64(BLANK))
    first = np.where(lengths >= 3, padded[ends - 1], np.uint64(BLANK))
    mark = np.array([0, SINGLE, PAIR, 0], np.uint64)[lengths]
    keys = first << np.uint64(2 * ID_BITS) | second << np.uint64(ID_BITS) | third | mark
    return keys, "".join(map(chr, known.tolist()))


def _buckets(keys: Keys) -> Ints:
    return (keys * np.uint64(_MULTIPLIER) >> np.uint64(64 - _BUCKET_BITS)).view(np.int64)


def _slots(keys: Keys, multipliers: Keys) -> Ints:
    return (keys * multipliers.take(_buckets(keys)) >> np.uint64(64 - _SLOT_BITS)).view(np.int64)


def _place(keys: Keys) -> tuple[Ints, Keys]:
    """Find a multiplier for each bucket of keys so that no two keys share a slot: a perfect hash.

    Each round offers one more multiplier to every bucket that has no place yet, and keeps it where nothing
    collides. Buckets of many keys go first, while the table is empty.
    """
    bucket = _buckets(keys)
    size = np.bincount(bucket, minlength=1 << _BUCKET_BITS)[bucket]
    taken = np.zeros(1 << _SLOT_BITS, bool)
    multipliers = np.zeros(1 << _BUCKET_BITS, np.uint64)
    slots = np.full(len(keys), -1, np.int64)
    offer = 1
    for least in (9, 7, 5, 3, 1):
        waiting = np.flatnonzero((size >= least) & (slots < 0))
        while len(waiting):
            offer = (offer * _MULTIPLIER + 2) & (2**64 - 1)  # odd, and well spread
            multipliers[bucket[waiting]] = offer
            offered = _slots(keys[waiting], multipliers)
            crowded = taken[offered] | (np.bincount(offered, minlength=1 << _SLOT_BITS)[offered] > 1)
            failed = np.zeros(1 << _BUCKET_BITS, bool)
            failed[bucket[waiting[crowded]]] = True
            placed = ~failed[bucket[waiting]]
            slots[waiting[placed]] = offered[placed]
            taken[offered[placed]] = True
            waiting = waiting[~placed]
    return slots, multipliers
