"""The values that pass between the steps of a run: files, sources, deliveries, batches, records.

Also `RunObserver`, which is all that the pipeline knows of progress bars, Prefect artifacts and logs.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

# `finalized_as` of a landed file that is nowhere any more.
GONE = ""


class Reason(StrEnum):
    """Why a delivery could not become a record."""

    EMPTY = "EMPTY"
    BINARY = "BINARY"
    UNDECODABLE = "UNDECODABLE"
    TOO_LARGE = "TOO_LARGE"
    UNREADABLE = "UNREADABLE"
    NOT_A_FILE = "NOT_A_FILE"
    NO_TEXT_FIELD = "NO_TEXT_FIELD"
    UNWANTED_KIND = "UNWANTED_KIND"
    CORRUPT_ARCHIVE = "CORRUPT_ARCHIVE"
    ARCHIVE_BOMB = "ARCHIVE_BOMB"
    UNSAFE_MEMBER = "UNSAFE_MEMBER"
    ENCRYPTED_ARCHIVE = "ENCRYPTED_ARCHIVE"
    CRASHED = "CRASHED"
    FORGOTTEN = "FORGOTTEN"


class Outcome(StrEnum):
    """How a delivery ended. Every delivery ends in exactly one of these."""

    PUBLISHED = "published"
    DUPLICATE = "duplicate"
    REJECTED = "rejected"
    DEFERRED = "deferred"


@dataclass(frozen=True, slots=True)
class Rejection:
    """A source that cannot become a record: a reason code, and a sentence that describes what was found."""

    reason: Reason
    detail: str


@dataclass(frozen=True, slots=True)
class LandedFile:
    """A file in landing/ as it was listed: enough to detect later whether it is still the same.

    path: below the landing root, `/`-separated; bytes that are not UTF-8 are surrogates, as `os.fsdecode` gives.
    size: bytes. modified_ns, changed_ns: mtime and ctime, nanoseconds since the epoch. A move changes the ctime, so
    two files are compared without it.
    inode: of an object in a store, a hash of its ETag. etag: its ETag, where it was listed in this run.
    """

    path: str
    size: int
    modified_ns: int
    inode: int
    changed_ns: int = field(default=0, compare=False)
    etag: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class LanguageCandidate:
    """A language a text may be in, with its confidence (0-1)."""

    language: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Record:
    """One normalised document: all columns that depend only on its bytes, the normaliser version and the settings.

    The columns are described in `src/longshore/storage/schema.py`.
    """

    record_id: str
    source_bytes: int
    feed: str | None
    media_type: str
    extraction: tuple[str, ...]
    text: str
    title: str | None
    published_date: dt.date | None
    published_at: dt.datetime | None
    date_status: str
    date_precision: str | None
    header: str | None
    header_start: int | None
    metadata: dict[str, str]
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
    """One document to normalise: a landed file, or an archive member (`member` is its name in the archive)."""

    file: LandedFile
    record_id: str
    member: str | None = None

    @property
    def path(self) -> str:
        """The path below the landing root; of a member `box.zip!/inner/name.txt`."""
        return self.file.path if self.member is None else f"{self.file.path}!/{self.member}"


@dataclass(frozen=True, slots=True)
class Delivery:
    """One appearance of a landed file or archive member, and how it ends once its batch is published."""

    file: LandedFile
    record_id: str | None
    outcome: Outcome
    reason: str | None = None
    detail: str | None = None
    member: str | None = None
    member_size: int | None = None

    @property
    def size(self) -> int:
        """The size in bytes of the landed file, or of the unpacked member."""
        return self.file.size if self.member_size is None else self.member_size

    @property
    def path(self) -> str:
        """The path below the landing root; of a member `box.zip!/inner/name.txt`."""
        return self.file.path if self.member is None else f"{self.file.path}!/{self.member}"


@dataclass(frozen=True, slots=True)
class Batch:
    """The sources that one task normalises, with the deliveries that they came in.

    sources: the new ones, each once. deliveries: every file and archive member, also duplicates and early rejections.
    part: the Parquet file below `warehouse/records/` that will hold the records; None if no source is new.
    """

    batch_id: str
    sources: tuple[Source, ...]
    deliveries: tuple[Delivery, ...]
    ingested_at: dt.datetime
    part: str | None
    batch_no: int = 0


@dataclass(frozen=True, slots=True)
class Brief:
    """One record as a run's report shows it."""

    path: str
    language: str
    encoding: str
    published_date: dt.date | None
    date_status: str
    repairs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Staged:
    """The result of a worker for one batch: counts and paths, never texts.

    failed: by record_id, the sources without a record: rejected, or deferred (a detail without a reason).
    tallies: how often each value of a few columns occurs: `language`, `encoding`, `repairs`, `date_status`.
    dates: the earliest and the latest publication date of the rows.
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
        """Return the result of a batch without a source: no part, no failure."""
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
        """Return the delivery with its final outcome: if its source failed, it fails too, also as a duplicate."""
        failed = self.failed.get(delivery.record_id) if delivery.record_id else None
        if failed is None:
            return delivery
        reason, detail = failed
        return replace(delivery, outcome=Outcome.REJECTED if reason else Outcome.DEFERRED, reason=reason, detail=detail)


class RunObserver(Protocol):
    """Receives the progress of a run. All calls come from the coordinating process."""

    def files_found(self, files: int, source_bytes: int) -> None:
        """Receive the number of further files that will be ingested."""

    def batch_finished(self, batch: Batch, staged: Staged, endings: Sequence[Delivery]) -> None:
        """Receive a finished batch and the final outcome of each of its deliveries."""

    def message(self, sentence: str) -> None:
        """Receive a sentence that a person should read while the run goes on."""


class SilentObserver:
    """Ignores everything."""

    def files_found(self, files: int, source_bytes: int) -> None:
        """Do nothing."""

    def batch_finished(self, batch: Batch, staged: Staged, endings: Sequence[Delivery]) -> None:
        """Do nothing."""

    def message(self, sentence: str) -> None:
        """Do nothing."""
