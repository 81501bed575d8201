"""The small frozen types that the rooms hand to each other."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum


class Reason(StrEnum):
    """Why a delivery could not become a record."""

    EMPTY = "EMPTY"
    BINARY = "BINARY"
    UNDECODABLE = "UNDECODABLE"
    TOO_LARGE = "TOO_LARGE"
    UNREADABLE = "UNREADABLE"
    NOT_A_FILE = "NOT_A_FILE"
    CORRUPT_ARCHIVE = "CORRUPT_ARCHIVE"
    ARCHIVE_BOMB = "ARCHIVE_BOMB"
    UNSAFE_MEMBER = "UNSAFE_MEMBER"
    ENCRYPTED_ARCHIVE = "ENCRYPTED_ARCHIVE"


class Outcome(StrEnum):
    """How a delivery ended. Every delivery ends in exactly one of these."""

    PUBLISHED = "published"
    DUPLICATE = "duplicate"
    REJECTED = "rejected"
    DEFERRED = "deferred"


@dataclass(frozen=True, slots=True)
class Rejection:
    """A source that could not become a record: a named reason, and what was seen, as a sentence."""

    reason: Reason
    detail: str


@dataclass(frozen=True, slots=True)
class LandedFile:
    """A file in landing/ as the listing saw it: enough to tell later whether it is still the same.

    path: below the landing root, `/`-separated; bytes that are not UTF-8 are surrogate escapes, as `os.fsdecode` gives.
    size: bytes. modified_ns: nanoseconds since the epoch. inode: of the file, to tell a replaced file from the one read.
    """

    path: str
    size: int
    modified_ns: int
    inode: int


@dataclass(frozen=True, slots=True)
class LanguageCandidate:
    """A language a text may be in, and how sure that is (0-1)."""

    language: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Record:
    """What one source became: all columns that depend on nothing but its bytes, the version and the settings.

    The columns are described in `flows/storage/schema.py`.
    """

    record_id: str
    source_bytes: int
    text: str
    title: str | None
    published_date: dt.date | None
    published_at: dt.datetime | None
    date_status: str
    date_precision: str | None
    header: str | None
    header_start: int | None
    language: str
    script: str | None
    language_confidence: float
    language_candidates: tuple[LanguageCandidate, ...]
    encoding: str
    encoding_method: str
    encoding_confidence: float
    encoding_runner_up: str | None
    replacement_chars: int
    repairs: tuple[str, ...]
    text_sha256: str
    char_count: int
    word_count: int
    line_count: int
    normaliser_version: str
