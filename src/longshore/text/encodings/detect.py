"""Detect the charset of bytes that are not Unicode: score every reading, best first.

1. A sample of the words in which readings differ (`sampling.py`).
2. A glance at every reading that is not the same text as another: most are out.
3. The rest in full: letters, signs, cases, scripts, ideographs (`evidence.py`), and how common the charset is.
4. chardet's opinion where that leaves a doubt (`second_opinion.py`).

Promised: work that does not grow with the file, but for the sample. Not promised: a reading that fits the whole
file; `decode.py` sees to that.
"""

from __future__ import annotations

import codecs
import math
import unicodedata
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Final, NamedTuple, get_args

import numpy as np

from longshore.text.encodings.charsets import MultiByte, SingleByte, multi_byte, single_byte
from longshore.text.encodings.escapes import label_of
from longshore.text.encodings.evidence import VOWELS, background_of, codes_of, log_likelihood, log_likelihoods
from longshore.text.encodings.frames import UPPER_FIRST, VIETNAMESE_LETTER, cases
from longshore.text.encodings.sampling import chances_of_being_held, take_sample
from longshore.text.languages.letter_model import FOREIGN, OUTSIDE, Script, letters
from longshore.text.languages.punctuation import signs

if TYPE_CHECKING:
    import numpy.typing as npt

    from longshore.text.encodings.evidence import Background, Codes
    from longshore.text.encodings.sampling import Sample
    from longshore.text.languages.letter_model import Floats, Ids

# An opinion is the logarithm of a confidence over the highest, times this factor: its confidences lie close together.
_WEIGHT: Final = 3.0
# What is not its first guess is behind by so much at least and at most. Found on texts that it was not made with.
_BEHIND: Final = -1.0
_LEAST: Final = -4.0
# For a charset that chardet does not know.
_NONE: Final = -2.0


def opinions(raw: bytes) -> dict[str, float]:
    """Return what chardet makes of some bytes: a logarithm, 0 at best, for Python's name of each charset it ranks."""
    import chardet  # noqa: PLC0415 - a tenth of a second, and few files leave a doubt

    confidences: dict[str, float] = {}
    for guess in chardet.detect_all(raw, ignore_threshold=True):
        if guess["encoding"] and guess["confidence"] > 0:
            confidences.setdefault(python_name(guess["encoding"]), guess["confidence"])
    first = max(confidences, key=lambda name: confidences[name], default="")
    return {
        name: 0.0 if name == first else max(_LEAST, _BEHIND + _WEIGHT * math.log(confidence / confidences[first]))
        for name, confidence in confidences.items()
    }


def opinion_of(names: list[str], heard: dict[str, float]) -> float:
    """Return the best opinion on charsets that read alike, by Python's names."""
    known = [heard.get(name, _LEAST) for name in names if name]
    return max(known, default=_NONE)


@cache
def python_name(encoding: str) -> str:
    """Return the name that Python's codec registry has for an encoding; empty where it has none."""
    try:
        return codecs.lookup(encoding).name if encoding else ""
    except LookupError:
        return ""


# A tone mark that is a byte of its own, where the model knows only whole letters.
_TONE: Final = 0.08
# A Latin letter in a word of another script: markup is glued to words, and look-alikes are typed.
_FOREIGN: Final = 2e-3
_BEYOND_ASCII: Final = np.arange(256) >= 0x80


class _Tables(NamedTuple):
    """For each charset: the ids of its bytes, what is not about letters, and where its script's states begin.

    The walks of all scripts stand one behind the other; `logs` is of the chances of the rows that they lead to.
    """

    ids: Ids
    rest: Floats
    upper: npt.NDArray[np.bool_]
    width: Ids
    states_from: Ids
    states: Ids
    rows: Ids
    logs: Floats


def glance(numbers: list[int], raw: bytes) -> list[float]:
    """Return a rough ln(likelihood) of some bytes in each of some charsets, by their number in `single_byte()`."""
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
    upper = tables.upper[numbers].take(codes, axis=1)
    # A capital after a capital is common: headlines are in capitals throughout.
    sums -= np.log(UPPER_FIRST) * (upper[:, 1:-1] & upper[:, 2:]).sum(axis=1)
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
        upper=np.stack([(cases().take(charset.codes) == 2) & _BEYOND_ASCII for charset in charsets]),
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
    if script in VOWELS:
        first, last = VOWELS[script]
        rest[(codes >= first) & (codes <= last)] = 0
    rest[codes < 0x80] = 0
    return rest.astype(np.float32)


# How many bytes are glanced at: of words in Latin letters, few are beyond ASCII.
_GLANCE: Final = 160
_GLANCE_OF_OTHERS: Final = 80
_MOSTLY_BEYOND: Final = 0.6
# Readings that go on to be weighed in full: this many, unless a glance puts them this far behind.
_KEPT: Final = 7
_FAR_BEHIND: Final = 45.0
# The commonest of the West, the centre and the Baltic are weighed unless they are hopeless: a glance does not see
# apostrophes that are letters, and the West has many charsets that read what is Lithuanian much alike.
_COMMONEST: Final = ("windows-1252", "windows-1250", "windows-1257")
_HOPELESS: Final = 160.0
# Text with vowel marks has one for at most this many bytes.
_BYTES_TO_VOWELS: Final = 8
# A character that the charset has no reading for, and the most of them.
_UNREAD: Final = -12.0
_MOST_UNREAD: Final = 0.1
# The letters of one text repeat each other: this many beyond ASCII count half as evidence.
_INDEPENDENT: Final = 100.0
# What the file says of itself (ln); it may have been converted since.
_LABELLED: Final = 3.0
# chardet is asked where the best reading has a smaller share than this.
_SURE: Final = 0.97
_MOSTLY_ASCII: Final = ("latin", "vietnamese")
# Words of other scripts are in letters beyond ASCII (a Latin letter or some markup may be glued to them).
_LEAST_OF_OTHER_SCRIPTS: Final = 0.25
# And most of a text's letters are, unless it is markup: this many to one.
_MARKUP: Final = 10.0


@dataclass(frozen=True, slots=True)
class Reading:
    """A charset, how well its reading of the file does, and the charsets that read the file the same.

    likelihood, prior: of the sample's text, and of the charset for such a file (natural logarithms).
    unread: characters of the sample that it has no reading for; the likelihood counts them.
    score: both together, as far as evidence of one text can be counted as independent.
    """

    charset: SingleByte | MultiByte
    likelihood: float
    prior: float
    score: float
    same: tuple[str, ...] = ()
    unread: int = 0


@dataclass(frozen=True, slots=True)
class Verdict:
    """Every reading that was weighed, the best first, and by how many bytes beyond ASCII, of how many in all."""

    readings: tuple[Reading, ...]
    weighed_bytes: int
    sampled_bytes: int


def judge(raw: bytes) -> Verdict:
    """Weigh every reading of bytes that are not Unicode; there is at least one."""
    sample = take_sample(raw)
    label = label_of(raw)
    weighed = _weigh_single_byte(sample, label)
    # One byte, however often, is a sign (`20 °C`), no character of two bytes.
    if sample.letters >= _LEAST_OF_OTHER_SCRIPTS and len(sample.distinct) > 1:
        weighed += _weigh_multi_byte(sample, label)
    weight = 1 / (1 + sample.beyond / _INDEPENDENT)
    readings = [replace(reading, score=reading.prior + reading.likelihood * weight) for reading in weighed]
    best = max(reading.score for reading in readings)
    if sum(math.exp(max(reading.score - best, -60.0)) for reading in readings) * _SURE > 1:
        heard = opinions(sample.plain + b" " + sample.words)
        readings = [replace(reading, score=reading.score + _opinion(reading, heard)) for reading in readings]
    ranked = tuple(sorted(readings, key=lambda reading: -reading.score))
    return Verdict(ranked, sample.beyond, len(sample.words) + len(sample.rare))


@cache
def _chances() -> list[float]:
    return [math.exp(charset.log_prior) for charset in single_byte()]


def _weigh_single_byte(sample: Sample, label: str | None) -> list[Reading]:
    charsets = single_byte()
    groups = _alike(sample.distinct)
    priors = _priors(groups, sample, label)
    words = sample.words + b" " + sample.rare
    weighed = _worth_weighing(priors, sample, words)
    first, twins = weighed[0], _twins(weighed[0], priors, sample.distinct)
    # A reading in signs alone has all others as twins: they wait for it to be the best.
    seen_through = len(twins) < len(priors)
    if seen_through:
        weighed += [number for number in twins if number not in weighed]
    in_latin = any(charsets[number].script == "latin" for number in weighed)
    background = background_of(sample.plain) if in_latin else None
    likelihoods = _likelihoods(weighed, words, background)
    best = max(likelihoods, key=lambda number: likelihoods[number] + priors[number])
    if best != first or not seen_through:
        twins = [number for number in _twins(best, priors, sample.distinct) if number not in likelihoods]
        likelihoods |= _likelihoods(twins, words, background)
    return [
        Reading(
            charsets[number], found, priors[number], 0.0, tuple([charsets[same].name for same in groups[number]][1:])
        )
        for number, found in likelihoods.items()
    ]


def _alike(distinct: bytes) -> dict[int, list[int]]:
    """Part the charsets by how they read some bytes: those that read them alike stand under the first of them.

    Latin ones come first: ibm866 too has the frames of cp850, its `°` and its no-break space, but would have the words
    around them weighed as Cyrillic.
    """
    groups: dict[str, list[int]] = {}
    for number in _latin_first():
        groups.setdefault(single_byte()[number].decode(distinct), []).append(number)
    return {group[0]: group for group in groups.values()}


@cache
def _latin_first() -> list[int]:
    charsets = single_byte()
    return sorted(range(len(charsets)), key=lambda number: charsets[number].script not in _MOSTLY_ASCII)


def _priors(groups: dict[int, list[int]], sample: Sample, label: str | None) -> dict[int, float]:
    """Return how likely each group of charsets is, before its reading is looked at; some cannot be."""
    charsets, chances = single_byte(), _chances()
    only_latin = sample.letters < _LEAST_OF_OTHER_SCRIPTS
    sparse = -2 * math.log1p(sample.ascii_to_beyond / _MARKUP)
    priors = {}
    for first, group in groups.items():
        script = charsets[first].script
        if script in _MOSTLY_ASCII or not only_latin:
            prior = math.log(sum([chances[number] for number in group]))
            if label is not None:
                prior += _LABELLED * any(charsets[number].name == label for number in group)
            priors[first] = prior + (0.0 if script == "latin" else sparse)
    return priors


def _worth_weighing(priors: dict[int, float], sample: Sample, words: bytes) -> list[int]:
    """Glance at every reading, and leave out what has no chance; the likeliest first."""
    enough = _GLANCE_OF_OTHERS if sample.letters > _MOSTLY_BEYOND else _GLANCE
    numbers = list(priors)
    glances = dict(zip(numbers, glance(numbers, _parts_of(words, enough)), strict=True))
    ranked = sorted(priors, key=lambda number: -(glances[number] + priors[number]))
    best = glances[ranked[0]] + priors[ranked[0]]
    kept = []
    for rank, number in enumerate(ranked):
        behind = best - glances[number] - priors[number]
        commonest = single_byte()[number].name in _COMMONEST and behind <= _HOPELESS
        if (rank < _KEPT and behind <= _FAR_BEHIND) or commonest or _may_be_vowelled(single_byte()[number], words):
            kept.append(number)
    return kept


def _parts_of(words: bytes, enough: int) -> bytes:
    """Return `enough` bytes of words: half from the beginning, half from the middle on, where no headline is."""
    if len(words) <= enough:
        return words
    middle = words.find(b" ", len(words) // 2) + 1
    return words[: enough // 2] + b" " + words[middle : middle + enough // 2]


def _may_be_vowelled(charset: SingleByte, words: bytes) -> bool:
    """Return whether a reading has a vowel mark for every few letters: the glance's model knows none of them."""
    if charset.script not in VOWELS:
        return False
    first, last = VOWELS[charset.script]
    codes = charset.codes.take(np.frombuffer(words, np.uint8))
    return int(((codes >= first) & (codes <= last)).sum()) * _BYTES_TO_VOWELS > len(codes)


def _twins(best: int, priors: dict[int, float], distinct: bytes) -> list[int]:
    """Return the charsets that differ from the best only where it reads what is no letter.

    A glance weighs letters; it does not see where signs stand, and may have missed these.
    """
    reading = single_byte()[best].decode(distinct)
    signed = bytes([code for code, character in zip(distinct, reading, strict=True) if not character.isalpha()])
    if not signed:
        return []
    lettered = distinct.translate(None, signed)
    letters = single_byte()[best].decode(lettered)
    return [number for number in priors if single_byte()[number].decode(lettered) == letters]


def _likelihoods(numbers: list[int], words: bytes, background: Background | None) -> dict[int, float]:
    """Weigh some charsets' readings of some words in full, those of one script together."""
    charsets = single_byte()
    together: dict[tuple[Script, int], dict[int, Codes]] = {}
    for number in numbers:
        codes = _codes(charsets[number], words)
        together.setdefault((charsets[number].script, len(codes)), {})[number] = codes
    likelihoods: dict[int, float] = {}
    for (script, _), texts in together.items():
        stack = np.stack([*texts.values()])
        if script == "latin":
            held = np.stack([chances_of_being_held(charsets[number]) for number in texts])
            weighed = log_likelihoods(stack, script, background, held)
        else:
            weighed = log_likelihoods(stack, script)
        likelihoods |= zip(texts, weighed, strict=True)
    return likelihoods


def _codes(charset: SingleByte, words: bytes) -> Codes:
    if charset.composes:
        return codes_of(unicodedata.normalize("NFC", charset.decode(words)))
    return charset.codes.take(np.frombuffer(words, np.uint8))


def _weigh_multi_byte(sample: Sample, label: str | None) -> list[Reading]:
    sparse = -2 * math.log1p(sample.ascii_to_beyond / _MARKUP)
    # The bytes around rare ones may be cut inside a character: they are taken to be as likely as the words.
    whole = 1 + len(sample.rare) / max(1, len(sample.words))
    readings = []
    for charset in multi_byte():
        text, unread, _ = charset.read(sample.words)
        if unread <= 1 + len(text) * _MOST_UNREAD:
            likelihood = (log_likelihood(codes_of(text), "cjk") + _UNREAD * unread) * whole
            prior = charset.log_prior + sparse + _LABELLED * (charset.name == label)
            readings.append(Reading(charset, likelihood, prior, 0.0, unread=unread))
    return readings


def _opinion(reading: Reading, heard: dict[str, float]) -> float:
    charset = reading.charset
    codec = charset.codec if isinstance(charset, SingleByte) else charset.codecs[0]
    codecs = [codec, *(each.codec for each in single_byte() if each.name in reading.same)]
    return opinion_of([python_name(each) for each in codecs], heard)
