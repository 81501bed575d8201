"""Whoever watches a run: a progress bar, a Prefect artifact, a log. The pipeline knows this much of them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

# Of a file whose bytes are no longer where the listing saw them: `finalized_as` is then nowhere.
GONE = ""


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
    FORGOTTEN = "FORGOTTEN"


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

    path: below the landing root, `/`-separated; bytes that are not UTF-8 are surrogates, as `os.fsdecode` gives.
    size: bytes. modified_ns, changed_ns: mtime and ctime, nanoseconds since the epoch. A move changes the ctime, so
    two files are compared without it.
    """

    path: str
    size: int
    modified_ns: int
    inode: int
    changed_ns: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class LanguageCandidate:
    """A language a text may be in, and how sure that is (0-1)."""

    language: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Record:
    """What one source became: all columns that depend on nothing but its bytes, the version and the settings.

    The columns are described in `src/longshore/storage/schema.py`.
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


@dataclass(frozen=True, slots=True)
class Source:
    """Something to normalise: a landed file, or a member of a landed pack (`member` is its name inside)."""

    file: LandedFile
    record_id: str
    member: str | None = None

    @property
    def path(self) -> str:
        """Below the landing root; a member's is `pack.zip!/inner/name.txt`."""
        return self.file.path if self.member is None else f"{self.file.path}!/{self.member}"


@dataclass(frozen=True, slots=True)
class Delivery:
    """One appearance of a landed file (or of a pack's member), and how it is to end once its batch is published."""

    file: LandedFile
    record_id: str | None
    outcome: Outcome
    reason: str | None = None
    detail: str | None = None
    member: str | None = None
    member_size: int | None = None

    @property
    def size(self) -> int:
        """In bytes: of the landed file, or of the member unpacked."""
        return self.file.size if self.member_size is None else self.member_size

    @property
    def path(self) -> str:
        """Below the landing root; a member's is `pack.zip!/inner/name.txt`."""
        return self.file.path if self.member is None else f"{self.file.path}!/{self.member}"


@dataclass(frozen=True, slots=True)
class Batch:
    """The landed files that one task run normalises.

    sources: what is new, each once. deliveries: every file of the batch, also duplicates and those that were rejected
    before they were read. part: below `warehouse/records/`, where its records will be; None where nothing is new.
    """

    batch_id: str
    sources: tuple[Source, ...]
    deliveries: tuple[Delivery, ...]
    ingested_at: dt.datetime
    part: str | None
    batch_no: int = 0


@dataclass(frozen=True, slots=True)
class Brief:
    """What became of one source, in the few words that a run's report shows."""

    path: str
    language: str
    encoding: str
    published_date: dt.date | None
    date_status: str
    repairs: tuple[str, ...]
    words: int


@dataclass(frozen=True, slots=True)
class Staged:
    """What a worker made of a batch: counts and paths, never the texts.

    failed: by record_id, the sources that became no record: rejected, or deferred (a detail without a reason).
    tallies: how often each value of a few columns came: `language`, `encoding`, `repairs`, `date_status`.
    dates: the earliest and the latest publishing date among the rows.
    """

    batch_no: int
    part_name: str | None
    rows: int
    part_bytes: int
    part_sha256: str
    failed: dict[str, tuple[Reason | None, str]]
    source_bytes: int
    seconds: dict[str, float]
    tallies: dict[str, dict[str, int]]
    briefs: tuple[Brief, ...] = ()
    dates: tuple[dt.date, dt.date] | None = None
    slowest: tuple[tuple[str, float], ...] = ()

    @classmethod
    def nothing(cls) -> Staged:
        """Give what there is of a batch without a source: no part, and nothing failed."""
        return cls(
            batch_no=0,
            part_name=None,
            rows=0,
            part_bytes=0,
            part_sha256="",
            failed={},
            source_bytes=0,
            seconds={},
            tallies={},
        )

    def ending_of(self, delivery: Delivery) -> Delivery:
        """Give a delivery as it ends: one whose source failed fails with it, also where it is a duplicate of that."""
        failed = self.failed.get(delivery.record_id) if delivery.record_id else None
        if failed is None:
            return delivery
        reason, detail = failed
        return replace(delivery, outcome=Outcome.REJECTED if reason else Outcome.DEFERRED, reason=reason, detail=detail)


class Observer(Protocol):
    """Whoever watches a run: a progress bar, a Prefect artifact, a log. All calls are from the coordinator."""

    def listed(self, files: int, source_bytes: int) -> None:
        """So many more files are about to be taken."""

    def settled(self, batch: Batch, staged: Staged, endings: Sequence[Delivery]) -> None:
        """A batch has come to its end, and this is what became of each of its deliveries."""

    def said(self, sentence: str) -> None:
        """Something that a person should know while the run goes on."""


class Silent:
    """Watches nothing."""

    def listed(self, files: int, source_bytes: int) -> None:
        """Do nothing."""

    def settled(self, batch: Batch, staged: Staged, endings: Sequence[Delivery]) -> None:
        """Do nothing."""

    def said(self, sentence: str) -> None:
        """Do nothing."""
