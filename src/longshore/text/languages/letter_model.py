"""How likely letters follow each other: a trigram model of each script, over all languages that have a profile.

The counts are langdetect's profiles (Wikipedia, 55 languages), folded to lower case and turned into chances of the
next character given the two before; languages without a profile join with their alphabet alone. A chance is never
zero, so that one foreign name cannot outweigh a page.

Promised: the chances of one script sum to about one over what may follow, so that the likelihoods of two readings
of the same bytes compare. Not promised: the language of a text (see `language.py`).
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

import numpy as np

from longshore.text.data import read_toml
from longshore.text.languages.alphabet import FIRST_KNOWN, ID_BITS
from longshore.text.languages.profiles import SMOOTHING, load_profiles
from longshore.text.languages.punctuation import LETTER, signs
from longshore.text.languages.script_model import STEPS

if TYPE_CHECKING:
    import numpy.typing as npt

    from longshore.text.languages.profiles import Profiles

    Counts = npt.NDArray[np.float64]
    Keys = npt.NDArray[np.int64]
    Ids = npt.NDArray[np.int32]
    Floats = npt.NDArray[np.float32]


Script = Literal["latin", "vietnamese", "cyrillic", "greek", "hebrew", "arabic", "thai", "cjk"]


class Orthography(NamedTuple):
    """The letters beyond ASCII of a language, the commonest first, and their share of all its letters."""

    share: float
    letters: str


def _orthographies(script: str) -> dict[str, Orthography]:
    rows = read_toml("orthographies.toml")[script]
    return {language: Orthography(row["share"], row["letters"]) for language, row in rows.items()}


# The ids of a script's characters: of a space and of everything else that is no letter; of the first letter known.
OUTSIDE: Final = 0
FIRST_LETTER: Final = 3
# After a sign or space: another sign or space.
OUT_AGAIN: Final = 0.35
# The parts that trigrams, bigrams and single letters have in a chance, of 1; after a space, bigrams have both.
_TRIPLE, _PAIR, _SINGLE = 0.55, 0.28, 0.15


class Table(NamedTuple):
    """N-grams of one length: their keys (ids as digits of base `width`), sorted, and a number for each language."""

    keys: Keys
    values: Counts


def count_ngrams(profiles: Profiles, languages: tuple[str, ...], ids: Ids, width: int) -> list[Table]:
    """Count the n-grams of a script's letters, folded to lower case: of one, two and three characters."""
    characters = np.frombuffer(profiles.characters.encode("utf-32-le"), np.uint32)
    own = np.full(1 << ID_BITS, -1, np.int64)
    within = characters < len(ids)
    own[FIRST_KNOWN : FIRST_KNOWN + len(characters)][within] = ids[characters[within]]
    own[own < FIRST_LETTER] = -1
    own[0] = OUTSIDE
    keys, lengths = profiles.keys[:-1], profiles.lengths
    columns = [profiles.languages.index(language) for language in languages]
    tables = []
    for length in (1, 2, 3):
        rows = np.flatnonzero(lengths == length)
        parts = [
            own[(keys[rows] >> np.uint64(ID_BITS * place) & np.uint64((1 << ID_BITS) - 1)).view(np.int64)]
            for place in reversed(range(length))
        ]
        kept = np.logical_and.reduce([part >= 0 for part in parts])
        rows = rows[kept]
        folded = np.zeros(len(rows), np.int64)
        for part in parts:
            folded = folded * width + part[kept]
        chance = np.exp(profiles.log_probability[rows][:, columns].astype(np.float64)) - SMOOTHING
        # float32 cannot tell chances below this from none.
        chance[chance < 1e-9] = 0.0
        order = np.argsort(folded, kind="stable")
        unique, starts = np.unique(folded[order], return_index=True)
        counts = chance[order] * profiles.totals[length - 1, columns]
        tables.append(Table(unique, np.add.reduceat(counts, starts, axis=0)))
    return tables


def chances_of(counts: list[Table], width: int) -> list[Table]:
    """Turn counts into each n-gram's part in the chance of its last character after the others."""
    singles, pairs, triples = counts
    seen = np.zeros((width, singles.values.shape[1]))
    seen[singles.keys] = singles.values
    begun = np.zeros_like(seen)
    np.add.at(begun, pairs.keys // width, pairs.values)
    ones = np.zeros_like(seen)
    ones[OUTSIDE] = begun[OUTSIDE]  # as many words end as begin
    ones[singles.keys] = singles.values
    ones *= _SINGLE / ones.sum(axis=0)
    # Rare n-grams are cut from the profiles: what goes before counts whole where it is known.
    whole = np.maximum(seen, begun)[pairs.keys // width]
    starts = (pairs.keys // width == OUTSIDE)[:, np.newaxis]
    part = np.where(starts, (_TRIPLE + _PAIR) * (1 - OUT_AGAIN), _PAIR)
    twos = part * np.divide(pairs.values, whole, out=np.zeros_like(whole), where=whole > 0)
    opened, starts_at = np.unique(triples.keys // width, return_index=True)
    continued = np.add.reduceat(triples.values, starts_at, axis=0)
    at = np.searchsorted(pairs.keys, opened)
    found = pairs.keys.take(at, mode="clip") == opened
    continued[found] = np.maximum(continued[found], pairs.values[at[found]])
    whole = continued[np.searchsorted(opened, triples.keys // width)]
    threes = _TRIPLE * np.divide(triples.values, whole, out=np.zeros_like(whole), where=whole > 0)
    return [Table(np.arange(width), ones), Table(pairs.keys, twos), Table(triples.keys, threes)]


class Walk(NamedTuple):
    """The look-ups of one script.

    states: by before * width + last, where the state's part of `rows` begins. rows: by that and the next letter.
    """

    width: int
    states: Ids
    rows: Ids

    def rows_of(self, before: Ids, last: Ids, this: Ids) -> Ids:
        """Return the row of each `this` after `before` and `last`; what stands before a word does not matter."""
        rows: Ids = self.rows.take(self.states.take(before * self.width + last) + this)
        return rows

    def last_of_rows(self) -> Ids:
        """Return the letter that the n-gram of each row ends in."""
        last = np.zeros(int(self.rows.max()) + 1, np.int32)
        last[self.rows] = np.tile(np.arange(self.width, dtype=np.int32), len(self.rows) // self.width)
        return last


class Parts(NamedTuple):
    """The terms of each row's probability: rows of the trigram, bigram and single-letter tables."""

    triple: Ids
    pair: Ids
    one: Ids


def walk_of(width: int, pair_rows: Ids, triple_keys: Keys) -> tuple[Walk, Parts]:
    """Lay out a walk.

    pair_rows: the row of each two letters in the table of twos, its highest where no profile knows them.
    triple_keys: the known threes (ids as digits of base `width`), in the order of their table; a row behind them is
    for all others.
    """
    letters = np.arange(width)
    unknown_pair, unknown_triple = pair_rows.max(), len(triple_keys)
    pairs = np.flatnonzero(pair_rows != unknown_pair)
    opened = np.unique(triple_keys // width)
    states = np.tile(letters, width)
    states[opened] = width + np.arange(len(opened))
    states[OUTSIDE::width] = states[OUTSIDE]
    after_one = np.tile(letters, width)
    after_one[pairs] = width + np.arange(len(pairs))
    after_one = after_one.reshape(width, width)
    rows = np.concatenate([after_one, after_one[opened % width]]).reshape(-1)
    opening = np.searchsorted(opened, triple_keys // width) + width
    rows[opening * width + triple_keys % width] = width + len(pairs) + np.arange(len(triple_keys))
    parts = Parts(
        triple=np.concatenate([np.full(width + len(pairs), unknown_triple), np.arange(len(triple_keys))]),
        pair=np.concatenate([np.full(width, unknown_pair), pair_rows[pairs], pair_rows[triple_keys % width**2]]),
        one=np.concatenate([letters, pairs % width, triple_keys % width]),
    )
    return Walk(width, (states * width).astype(np.int32), rows.astype(np.int32)), parts


_LANGUAGES: Final[dict[Script, tuple[str, ...]]] = {
    "latin": (
        *("af", "ca", "cs", "cy", "da", "de", "en", "es", "et", "fi", "fr", "hr", "hu", "id", "it", "lt", "lv", "nl"),
        *("no", "pl", "pt", "ro", "sk", "sl", "so", "sq", "sv", "sw", "tl", "tr"),
    ),
    "vietnamese": ("vi",),
    "cyrillic": ("ru", "uk", "bg", "mk"),
    "greek": ("el",),
    "hebrew": ("he",),
    "arabic": ("ar", "fa", "ur"),
    "thai": ("th",),
}
_RANGES: Final[dict[Script, tuple[tuple[int, int], ...]]] = {
    "latin": ((0x41, 0x250), (0x1E00, 0x1EA0)),
    "vietnamese": ((0x41, 0x250), (0x300, 0x330), (0x1EA0, 0x1F00)),
    "cyrillic": ((0x400, 0x530),),
    "greek": ((0x370, 0x400), (0x1F00, 0x2000)),
    "hebrew": ((0x591, 0x5F5),),
    "arabic": ((0x620, 0x700), (0xFB50, 0xFE00), (0xFE70, 0xFF00)),
    "thai": ((0xE00, 0xE80),),
}
_ALPHABETS: Final[dict[Script, dict[str, Orthography]]] = {
    "latin": _orthographies("latin"),
    "cyrillic": _orthographies("cyrillic"),
}
# langdetect folds these before it counts.
_SAME: Final = {"ș": "ş", "ț": "ţ", "ی": "ي"}
# Letters that Unicode does not decompose, and what they are when their marks are left out.
_PLAIN: Final = dict(zip("øłđðþħıŧ", "olddthit", strict=True))
_NO_LETTERS: Final = "ªºµƒๆฯ"

# The part that all languages of the script together have in each one's chances: names, quotations, loans.
_SHARED: Final = 0.05
# A language that only its alphabet is known of: the most that the alphabet counts for beside what the script's
# languages have in common.
_MOST_SHARE: Final = 0.3
# Any letter of the script that no language here has, and what keeps logarithms finite.
_STRAY: Final = 1e-6
_FLOOR: Final = 1e-7
# How rare a letter with a mark is beside its plain one, at most and at least.
_MARKED: Final = (0.0005, 0.2)

# Latin letters within other scripts: likely among themselves, unlikely beside a letter of the script.
FOREIGN: Final = 1
_UNKNOWN: Final = 2
_FOREIGN_CHANCES: Final = {
    (OUTSIDE, FOREIGN): 0.03 / 26,
    (FOREIGN, FOREIGN): 0.8 / 26,
    (FOREIGN, OUTSIDE): 0.2,
}


@dataclass(frozen=True, slots=True)
class Letters:
    """The model of one script.

    ids: of every character of the Basic Multilingual Plane; 0 is no letter. prior: of each language (column).
    ones: chances of letters alone [id, language]. walk: which row of `table` [row, language] has a letter's chances
    after two others; steps: their logarithms, in whole 1/STEPS nats. plain: the id of each letter without its marks,
    which names its family; is_marked: whether it has some. marked: how common each letter is beside its plain one.
    """

    languages: tuple[str, ...]
    ids: Ids
    prior: Floats
    ones: Floats
    walk: Walk
    table: Floats
    steps: Floats
    plain: Ids
    is_marked: npt.NDArray[np.bool_]
    marked: Floats

    def chances(self, before: Ids, last: Ids, this: Ids) -> Floats:
        """Return the chance of each `this` after `before` and `last`, in each language: [position, language]."""
        return self.table.take(self.walk.rows_of(before, last, this), axis=0)


@cache
def letters(script: Script) -> Letters:
    """Build the model of a script; Latin takes a tenth of a second, once."""
    profiles = load_profiles()
    known = sorted({char.lower() for char in profiles.characters if _belongs(char, script) and len(char.lower()) == 1})
    alphabets = _ALPHABETS.get(script, {})
    known += sorted({letter for alphabet in alphabets.values() for letter in alphabet.letters} - set(known))
    ids = _ids(script, known)
    width = FIRST_LETTER + len(known)
    languages = _LANGUAGES[script]
    tables = chances_of(count_ngrams(profiles, languages, ids, width), width)
    ones, pairs, triples = (table * (1 - _SHARED) + table.mean(axis=1, keepdims=True) * _SHARED for _, table in tables)
    ones[_UNKNOWN:] = np.maximum(ones[_UNKNOWN:], _STRAY)
    extra = [_column(ids, ones.mean(axis=1), orthography) for orthography in alphabets.values()]
    shares = np.array([1 - min(orthography.share, _MOST_SHARE) for orthography in alphabets.values()])
    mean_pairs, mean_triples = (table.mean(axis=1, keepdims=True) * shares for table in (pairs, triples))
    prior = np.ones(len(languages) + len(alphabets), np.float32)
    ones = np.column_stack([ones, *extra])
    pairs = np.column_stack([pairs, mean_pairs])
    triples = np.column_stack([triples, mean_triples])
    pair_rows, pairs = _place_pairs(script, tables[1][0], pairs, width)
    triples = np.concatenate([triples, np.zeros((1, triples.shape[1]))])
    walk, parts = walk_of(width, pair_rows, tables[2][0])
    alone = (ones + _FLOOR).astype(np.float32)
    table = triples.astype(np.float32)[parts.triple] + pairs.astype(np.float32)[parts.pair] + alone[parts.one]
    plain = _without_marks(ids, width)
    overall = ones.mean(axis=1)
    marked = np.clip(overall / np.maximum(overall[plain], _FLOOR), *_MARKED)
    marked[plain == np.arange(width)] = 1.0
    return Letters(
        languages=(*languages, *alphabets),
        ids=ids,
        prior=prior / prior.sum(),
        ones=alone,
        walk=walk,
        table=table,
        steps=np.rint(np.log(table) * STEPS),
        plain=plain,
        is_marked=plain != np.arange(width),
        marked=marked.astype(np.float32),
    )


def _column(ids: Ids, common: Counts, orthography: Orthography) -> Counts:
    """Return the chances of single letters in a language of which only the alphabet is known."""
    share = min(orthography.share, _MOST_SHARE)
    column = common * (1 - share)
    weights = 1 / np.arange(1, len(orthography.letters) + 1)
    np.add.at(column, ids[[ord(letter) for letter in orthography.letters]], share * weights / weights.sum())
    return column


def _belongs(letter: str, script: Script) -> bool:
    code = ord(letter)
    if not any(low <= code < high for low, high in _RANGES[script]):
        return False
    return letter not in _NO_LETTERS and unicodedata.category(letter)[0] in "LM"


def _ids(script: Script, known: list[str]) -> Ids:
    """Number the characters: known letters, either case; other letters; and 0 for what is no letter."""
    ids = np.zeros(0x10000, np.int32)
    latin = script in {"latin", "vietnamese"}
    written = signs().kind == LETTER
    ids[written] = _UNKNOWN
    if not latin:
        ids[:0x250][written[:0x250]] = FOREIGN
    number = {letter: FIRST_LETTER + index for index, letter in enumerate(known)}
    for letter, twin in _SAME.items():
        if twin in number:
            number[letter] = number[twin]
    for letter, index in number.items():
        ids[[ord(case) for case in {letter, letter.upper(), letter.title()} if len(case) == 1]] = index
    if latin:
        ids[ord("İ")] = number["i"]
    if script == "vietnamese":  # langdetect counts all letters of 1EA0-1EFF as one
        ids[0x1EA0:0x1F00] = number["ể"]
    return ids


def _place_pairs(script: Script, keys: Keys, pairs: Counts, width: int) -> tuple[Ids, Counts]:
    """Lay the pairs out by their ids, with those that no profile counts: signs, and Latin in other scripts."""
    special = {(OUTSIDE, OUTSIDE): OUT_AGAIN}
    if script not in {"latin", "vietnamese"}:
        special |= _FOREIGN_CHANCES
    rows = np.full(width * width, len(keys) + len(special), np.int32)
    rows[keys] = np.arange(len(keys))
    for number, (last, this) in enumerate(special):
        rows[last * width + this] = len(keys) + number
    shape = (1, pairs.shape[1])
    return rows, np.concatenate([pairs, *(np.full(shape, chance) for chance in special.values()), np.zeros(shape)])


def _without_marks(ids: Ids, width: int) -> Ids:
    plain = np.arange(width, dtype=np.int32)
    for code in (*range(0xC0, 0x250), *range(0x1E00, 0x1F00)):
        letter = chr(code).lower()[0]
        base = ids[ord(_PLAIN.get(letter, unicodedata.normalize("NFD", letter)[0]))]
        if ids[code] >= FIRST_LETTER and base >= FIRST_LETTER:
            plain[ids[code]] = base
    return plain
