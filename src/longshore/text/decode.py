"""Bytes to text, with the receipt.

1. UTF-8, with or without a mark: nearly every file. What is valid UTF-8 is never read as anything else, but for
   escapes (ISO-2022, HZ, UTF-7), zero bytes (UTF-16, UTF-32) and documents that are spelt in ASCII (PDF).
2. Byte order marks, UTF-16 and UTF-32 without one, CESU-8; EBCDIC.
3. What is binary is rejected: by signature or structure, then by its zero and control bytes.
4. UTF-8 that is damaged, and files of two encodings, line by line (`mixed.py`).
5. The legacy charsets: every reading weighed (`judging.py`).

Promised: total over any bytes, deterministic; a declared encoding is obeyed to the byte or refused with the place;
the confidence is calibrated: of the files that say 0.9, nine in ten and more are read right, and none says so that is
unlike any language.
Not promised: the right one of two charsets that read all of a file's bytes alike but for a sign or two; then the
confidence is low and `runner_up` names the other.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from longshore.records import Reason, Rejection
from longshore.text.encodings.binary import name_by_controls, name_by_signature, name_of_spelt_binary
from longshore.text.encodings.binary_documents import hint

if TYPE_CHECKING:
    from longshore.text.encodings.charsets import Read
    from longshore.text.encodings.detect import Verdict
    from longshore.text.encodings.mixed import Mixed
    from longshore.text.encodings.unicode import Method


@dataclass(frozen=True, slots=True)
class EncodingCandidate:
    """An encoding that the bytes could be in, and its share of the evidence (0-1)."""

    encoding: str
    score: float


@dataclass(frozen=True, slots=True)
class Decoded:
    """The text that the bytes hold, and how that was decided.

    confidence: 0-1. runner_up: the next best where the choice was close. candidates: best first, empty where there
    was nothing to choose.
    """

    text: str
    encoding: str
    method: Method
    confidence: float
    runner_up: str | None = None
    candidates: tuple[EncodingCandidate, ...] = ()


_EMPTY: Final = Rejection(Reason.EMPTY, "The file holds nothing but white space.")
# One look at the head of every file for what text does not have (a tab, line ends and escapes it does).
_HEAD: Final = 512
_ODD: Final = bytes(code for code in range(0x20) if code not in b"\a\b\t\n\v\f\r\x1a\x1b")
# What a PDF, a Rich Text document and an old pickle begin with.
_SPELT_BEGINNINGS: Final = b"%{(c"
_UTF_7_RUN: Final = re.compile(rb"\+[A-Za-z0-9+/]{3,}")
# Signs inside words, as letters of 7-bit sets look in ASCII: one in 80 bytes, and more than code has signs.
_SIGN_IN_WORD: Final = re.compile(rb"[A-Za-z][{}\\](?=[a-z])|[A-Z][\[\\\]^](?=[A-Z])|\s\^(?=[A-Z])|\b[a-z][A-Z]{2}")
_SEVEN_BIT_HEAD: Final = 2048
_SEVEN_BIT_SHARE: Final = 80
# Found on files: with it, of the answers that say 0.9 and more 99.5 % are right.
_TEMPERATURE: Final = 3.0
# However likely its reading is, a single letter is little to go by.
_ONE_LETTER_DOUBT: Final = 0.3
# Letters of no language: text has -2 to -4.5 a byte, frames and lists of letters to -5.9, and noise -6 to -10.
_LEAST_LIKELY: Final = -6.0
_UNLIKE_ANY_LANGUAGE: Final = 0.5
_ENOUGH_TO_TELL: Final = 16
# A charset that is not known (EUC-TW, Georgian-PS, MIK) reads as odd words of one that is: what 99 of 100 texts of a
# script have a byte, and the most to say of less. Latin words beyond ASCII are too few to tell.
_LIKELY: Final = {"cyrillic": -3.9, "greek": -3.8, "hebrew": -3.55, "arabic": -3.8, "thai": -4.2, "cjk": -5.1}
_UNLIKELY: Final = 0.75
_NOTHING: Final = -300.0
_CLOSE: Final = 0.05
_SHOWN: Final = 5
# A character of the file that its charset has no reading for, past the sample.
_UNREAD: Final = 12.0
# Well-formed sequences of UTF-8 to each stray byte: a legacy file has a few by chance.
_SURELY_UTF_8: Final = 3.0
_BEYOND_ASCII: Final = re.compile(b"[\x80-\xff]")
_COUNTED: Final = 1 << 20
# One bad byte in this many is damage that hardly shows.
_FEW_BAD: Final = 50
# `CAFÉ®` in windows-1252 is well-formed UTF-8 as well, for a letter that never stands after capitals: in a file with
# at most this number of pairs, all of this kind.
_LOOKALIKE: Final = re.compile(rb"(?<=[A-Z]{2})[\xc9\xca\xd6\xdc][\x85\x92\x99\xa9\xae]")
_FEW_LOOKALIKES: Final = 2


def decode(raw: bytes, declared: str | None = None) -> Decoded | Rejection:
    """Return the text of any bytes, or say why they hold none.

    declared: an encoding that the settings give for this file; then it is that or nothing.

    >>> decode("Grüße aus Köln, sagte sie.".encode("cp850")).text
    'Grüße aus Köln, sagte sie.'
    """
    if declared is not None:
        return _as_declared(raw, declared)
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        return _not_utf_8(raw)
    if not text or text.isspace() or text == "\ufeff":
        return _EMPTY
    if 0 in raw or raw[:_HEAD].translate(None, _ODD) != raw[:_HEAD]:
        return _with_controls(raw, text)
    if 0x1B in raw or (0x7E in raw and b"~{" in raw) or raw[0] in _SPELT_BEGINNINGS or _may_be_utf_7(raw):
        return _spelt_in_ascii(raw) or _utf_8(text)
    few = 0 < len(raw) - len(text) <= _FEW_LOOKALIKES
    return (_lookalike(raw) if few else None) or _utf_8(text, is_doubtful=_may_be_seven_bit(raw))


def _may_be_utf_7(raw: bytes) -> bool:
    return 0x2B in raw and raw.isascii() and _UTF_7_RUN.search(raw) is not None


def _may_be_seven_bit(raw: bytes) -> bool:
    """Return whether ASCII may be KOI-7 or a national set of ISO 646, which have letters where ASCII has signs."""
    if not (0x7B in raw or 0x7D in raw or 0x5B in raw or 0x5E in raw or 0x5C in raw) or not raw.isascii():
        return False
    head = raw[:_SEVEN_BIT_HEAD]
    found = len(_SIGN_IN_WORD.findall(head))
    return found > 1 and found * _SEVEN_BIT_SHARE > len(head) and found > sum(map(head.count, b"=();<>/"))


def _lookalike(raw: bytes) -> Decoded | None:
    """Read windows-1252 that is well-formed UTF-8 by chance; None for anything else."""
    if not _LOOKALIKE.sub(b"", raw).isascii():
        return None
    return Decoded(raw.decode("cp1252"), "windows-1252", "detected", _UNLIKELY, runner_up="utf-8")


def _utf_8(text: str, *, is_doubtful: bool = False) -> Decoded:
    if text[0] == "\ufeff":
        return Decoded(text[1:], "utf-8", "bom", 1.0)
    return Decoded(text, "utf-8", "utf-8", _UNLIKELY if is_doubtful else 1.0)


def _with_controls(raw: bytes, text: str) -> Decoded | Rejection:
    """Decide on UTF-8 with zero or control bytes: another form of Unicode, binary, or text with some in it."""
    from longshore.text.encodings.unicode import read_marked, read_unmarked  # noqa: PLC0415 - few files come here

    name = name_by_signature(raw)
    if name:
        return _binary(name)
    escaped = _spelt_in_ascii(raw) if 0x1B in raw and 0 not in raw else None
    if escaped:
        return escaped
    found = read_marked(raw) or read_unmarked(raw)
    if found:
        return Decoded(*found)
    name = name_by_controls(raw) if 0 in raw else None
    return _binary(name) if name else _utf_8(text, is_doubtful=b"\x1b$" in raw)


def _spelt_in_ascii(raw: bytes) -> Decoded | Rejection | None:
    """Read what spells other characters in ASCII, or is no text though it is ASCII; None for plain text."""
    from longshore.text.encodings.escapes import read_escaped  # noqa: PLC0415 - few files come here
    from longshore.text.encodings.unicode import read_utf_7  # noqa: PLC0415

    name = name_of_spelt_binary(raw)
    if name:
        return _binary(name)
    escaped = read_escaped(raw)
    if escaped:
        return Decoded(*escaped, "detected", _UNLIKELY if "\ufffd" in escaped[0] else 0.99)
    found = read_utf_7(raw) if raw.isascii() else None
    return Decoded(*found) if found else None


def _not_utf_8(raw: bytes) -> Decoded | Rejection:
    from longshore.text.encodings.unicode import read_marked, read_unmarked, read_variant  # noqa: PLC0415 - NumPy only where needed

    found = read_marked(raw)
    if found:
        return Decoded(*found) if not found.text.isspace() and found.text else _EMPTY
    name = name_by_signature(raw) or name_of_spelt_binary(raw)
    if name:
        return _binary(name)
    found = read_unmarked(raw) or read_variant(raw)
    if found:
        return Decoded(*found)
    return _ebcdic(raw) or _refuse_binary(raw) or _refuse_values(raw, _mixed_or_legacy(raw))


def _refuse_binary(raw: bytes) -> Rejection | None:
    name = name_by_controls(raw)
    return _binary(name) if name else None


def _refuse_values(raw: bytes, found: Decoded | Rejection) -> Decoded | Rejection:
    """Reject packed values (MessagePack, CBOR ...): strings between bytes that no one encoding reads, and controls."""
    doubtful = isinstance(found, Decoded) and (found.method == "mixed" or found.confidence <= _UNLIKE_ANY_LANGUAGE)
    return _binary("binary data: control bytes between strings") if doubtful and _has_values(raw) else found


def _has_values(raw: bytes) -> bool:
    head = raw[:_COUNTED]
    return len(head.translate(None, _ODD + b"\x7f")) < len(head)


def _mixed_or_legacy(raw: bytes) -> Decoded | Rejection:
    from longshore.text.encodings.detect import judge  # noqa: PLC0415 - NumPy only where needed
    from longshore.text.encodings.mixed import (  # noqa: PLC0415
        count_well_formed,
        is_likelier_utf_8,
        read_damaged,
        read_lines_of_utf_8,
        without_cuts,
    )

    good, bad = count_well_formed(_from_first_beyond_ascii(without_cuts(raw)))
    if good >= max(_SURELY_UTF_8 * bad, 1) and (good >= _SURELY_UTF_8 or bad):
        return _from_mixed(raw, read_damaged(raw))
    verdict = judge(raw)
    if good and not bad and is_likelier_utf_8(raw, verdict.readings[0].charset):
        return _from_mixed(raw, read_damaged(raw))
    if good:
        mixed = read_lines_of_utf_8(raw, verdict.readings[0].charset)
        if mixed:
            return _from_mixed(raw, mixed)
    legacy = _from_verdict(raw, verdict)
    return _EMPTY if legacy.text.isspace() else legacy


def _from_first_beyond_ascii(raw: bytes) -> bytes:
    found = _BEYOND_ASCII.search(raw)
    return raw[found.start() : found.start() + _COUNTED] if found else raw[:_COUNTED]


def _from_mixed(raw: bytes, mixed: Mixed) -> Decoded:
    confidence = 0.9 if mixed.bad_bytes * _FEW_BAD < len(raw) else 0.8
    return Decoded(mixed.text.removeprefix("\ufeff"), "utf-8", "mixed", confidence, runner_up=mixed.second)


def _from_verdict(raw: bytes, verdict: Verdict) -> Decoded:
    """Read the whole file with the best reading that does; a charset that fails past the sample falls behind."""
    scores = {reading.charset.name: reading.score for reading in verdict.readings}
    reads: dict[str, Read] = {}
    while True:
        reading = max(verdict.readings, key=lambda reading: scores[reading.charset.name])
        best = reading.charset
        if best.name in reads:
            break
        reads[best.name] = read = best.read(raw)
        scores[best.name] -= _UNREAD * max(0, read.unread - reading.unread)
    top = scores[best.name]
    shares = {name: math.exp(max(score - top, _NOTHING) / _TEMPERATURE) for name, score in scores.items()}
    total = sum(shares.values())
    ranked = sorted(shares, key=lambda name: -shares[name])[:_SHOWN]
    candidates = tuple(EncodingCandidate(name, round(shares[name] / total, 4)) for name in ranked)
    runner_up = candidates[1].encoding if len(ranked) > 1 and candidates[1].score > _CLOSE else None
    confidence = min(candidates[0].score, 1 - _ONE_LETTER_DOUBT / (1 + verdict.weighed_bytes))
    if verdict.weighed_bytes >= _ENOUGH_TO_TELL:
        a_byte = reading.likelihood / verdict.sampled_bytes
        if a_byte < _LEAST_LIKELY:
            confidence = min(confidence, _UNLIKE_ANY_LANGUAGE)
        elif a_byte < _LIKELY.get(best.script, _LEAST_LIKELY):
            confidence = min(confidence, _UNLIKELY)
    return Decoded(reads[best.name].text, reads[best.name].name, "detected", confidence, runner_up, candidates)


def _ebcdic(raw: bytes) -> Decoded | None:
    from longshore.text.encodings.escapes import read_ebcdic  # noqa: PLC0415 - NumPy only where needed

    found = read_ebcdic(raw)
    return Decoded(found.text, found.encoding, "detected", 0.9, found.runner_up) if found else None


def _as_declared(raw: bytes, declared: str) -> Decoded | Rejection:
    """Read a file strictly in the encoding that the settings give for it."""
    from longshore.text.encodings.charsets import reader_of  # noqa: PLC0415 - NumPy only where needed

    try:
        name, read = reader_of(declared)
    except LookupError:
        return Rejection(
            Reason.UNDECODABLE, f"No encoding is called {declared!r}. Fix `declared_encodings` in longshore.toml."
        )
    try:
        text = read(raw)
    except UnicodeDecodeError as error:
        where, byte = error.start, raw[error.start]
        detail = f"Declared as {name}, but byte 0x{byte:02X} at offset {where} is not {name}: {error.reason}."
        return Rejection(Reason.UNDECODABLE, detail)
    text = text.removeprefix("\ufeff")
    if not text or text.isspace():
        return _EMPTY
    return Decoded(text, name, "declared", 1.0)


def _binary(name: str) -> Rejection:
    tool = hint(name)
    return Rejection(Reason.BINARY, f"The file is {name}, not text.{f' {tool}' if tool else ''}")
