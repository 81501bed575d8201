"""Bytes to text, with the receipt. (First form: to be replaced by the joint decision.)"""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from typing import Literal

from flows.records import Reason, Rejection

Method = Literal["bom", "utf-8", "detected", "mixed", "declared"]


@dataclass(frozen=True, slots=True)
class EncodingCandidate:
    """An encoding that the bytes could be in, and its share of the evidence (0-1)."""

    encoding: str
    score: float


@dataclass(frozen=True, slots=True)
class Decoded:
    """The text that the bytes hold, and how that was decided."""

    text: str
    encoding: str
    method: Method
    confidence: float
    runner_up: str | None = None
    candidates: tuple[EncodingCandidate, ...] = ()


def decode(raw: bytes, declared: str | None = None) -> Decoded | Rejection:
    """Give the text of any bytes, or say why they hold none."""
    if not raw.strip():
        return Rejection(Reason.EMPTY, "The file holds nothing but white space.")
    if raw.startswith(codecs.BOM_UTF8):
        return Decoded(raw[3:].decode("utf-8", "replace"), "utf-8", "bom", 1.0)
    if b"\0" in raw[:8192]:
        return Rejection(Reason.BINARY, "The file holds NUL bytes.")
    try:
        return Decoded(raw.decode("utf-8"), "utf-8", "utf-8", 1.0)
    except UnicodeDecodeError:
        return Decoded(raw.decode(declared or "windows-1252", "replace"), "windows-1252", "detected", 0.5)
