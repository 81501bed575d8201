"""Planning: hash the landed files, detect duplicates, and form batches to claim.

A file is read here for its SHA-256 and again by the worker. The second read costs about 15 µs from the page cache. In
return the ledger knows what a worker will do before it does it, and a file that changes in between is noticed.
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING

from longshore.documents.kinds import ContainerRejectedError, NotThisKindError
from longshore.ingestion.rules import rule_book
from longshore.ingestion.worker import failure
from longshore.records import Batch, Delivery, Outcome, Reason, Rejection, Source
from longshore.storage import fault_injection
from longshore.storage.archives.members import is_archive, may_be_archive
from longshore.storage.archives.stream import ArchiveError
from longshore.storage.landing import MovedError
from longshore.storage.ledger.batches import FINALIZED
from longshore.storage.ledger.rewrites import buried
from longshore.text.version import NORMALISER_VERSION

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from longshore.documents.kinds import Member
    from longshore.ingestion.rules import RuleBook
    from longshore.records import LandedFile
    from longshore.settings import Settings
    from longshore.storage.ledger.batches import Ledger
    from longshore.storage.stores.interface import Landing

_NAMED = 3


def identify_members(file: LandedFile, landing: Landing, settings: Settings, rules: RuleBook) -> list[Delivery]:
    """Return the delivery of an archive or container and those of its members, each with its `record_id`.

    Raises:
        NotThisKindError: it is one document.
        MovedError, OSError: as `Landing.read`.
    """
    from longshore.ingestion.reading import members_of  # noqa: PLC0415 - not in a run without work

    try:
        if not is_archive(file, landing) and not _may_be_container(file, landing):
            raise NotThisKindError
        if file.size > settings.max_archive_bytes:
            detail = f"It holds {file.size:,} bytes; `max_archive_bytes` allows {settings.max_archive_bytes:,}."
            return [_rejected(file, Rejection(Reason.TOO_LARGE, detail))]
        found = [_identified(file, member, settings) for member in members_of(file, landing, rules)]
    except ArchiveError as error:
        return [_rejected(file, Rejection(error.reason, error.detail))]
    except ContainerRejectedError as error:
        return [_rejected(file, error.rejection)]
    if not found:
        return [_rejected(file, Rejection(Reason.EMPTY, "It holds no document."))]
    return [Delivery(file, None, Outcome.PUBLISHED), *found]


def _rejected(file: LandedFile, rejection: Rejection) -> Delivery:
    return Delivery(file, None, Outcome.REJECTED, rejection.reason, rejection.detail)


def _may_be_container(file: LandedFile, landing: Landing) -> bool:
    from longshore.documents.formats import HEAD_BYTES, may_be_container  # noqa: PLC0415 - not in a run without work

    fd = landing.open(file)
    try:
        return may_be_container(os.read(fd, HEAD_BYTES))
    finally:
        os.close(fd)


def conclude_archives(endings: Sequence[Delivery]) -> list[Delivery]:
    """Return the deliveries of a batch; the outcome of each archive follows from its members."""
    concluded: list[Delivery] = []
    for _, of_a_file in groupby(endings, key=lambda ending: ending.file.path):
        own, *inside = of_a_file
        concluded += _conclude(own, inside) if inside else (own,)
    return concluded


def _identified(file: LandedFile, member: Member, settings: Settings) -> Delivery:
    if member.raw is None:
        detail = f"It is larger than `max_file_bytes` ({settings.max_file_bytes:,} bytes)."
        return Delivery(file, None, Outcome.REJECTED, Reason.TOO_LARGE, detail, member.name, member.size)
    if not member.raw:
        return Delivery(file, None, Outcome.REJECTED, Reason.EMPTY, "It holds no bytes.", member.name, 0)
    record_id = hashlib.sha256(member.raw).hexdigest()
    return Delivery(file, record_id, Outcome.PUBLISHED, member=member.name, member_size=member.size)


def _conclude(own: Delivery, inside: list[Delivery]) -> list[Delivery]:
    by_outcome = Counter(member.outcome for member in inside)
    if by_outcome[Outcome.DEFERRED]:
        why = next(member.detail for member in inside if member.outcome is Outcome.DEFERRED)
        return [replace(d, outcome=Outcome.DEFERRED, reason=None, detail=why) for d in (own, *inside)]
    refused = [member for member in inside if member.outcome is Outcome.REJECTED]
    named = ", ".join(f"{member.member!r} {member.reason}" for member in refused[:_NAMED])
    named += ", …" if len(refused) > _NAMED else ""
    if by_outcome[Outcome.PUBLISHED]:
        detail = f"{len(refused)} of its {len(inside)} documents were rejected: {named}." if refused else None
        return [replace(own, outcome=Outcome.PUBLISHED, reason=None, detail=detail), *inside]
    if by_outcome[Outcome.DUPLICATE]:
        detail = "All its documents have records already."
        return [replace(own, outcome=Outcome.DUPLICATE, reason=None, detail=detail), *inside]
    reason = Counter(member.reason for member in refused).most_common(1)[0][0]
    detail = f"None of its {len(inside)} documents became a record: {named}."
    if len(inside) == 1:
        detail = f"Its only document was rejected: {named}: {refused[0].detail}"
    return [replace(own, outcome=Outcome.REJECTED, reason=reason, detail=detail), *inside]


_READ_BYTES = 1024 * 1024
# The compressed size of a news text, and how much of a long text takes as long as one.
_COMPRESSED_TEXT_BYTES = 1500
_LONG_TEXT_BYTES = 32 * 1024


def split_into_groups(files: Sequence[LandedFile], settings: Settings, slots: int) -> Iterator[Sequence[LandedFile]]:
    """Split the files into groups bounded in files and bytes; their number is a multiple of `slots`."""
    groups = -(-len(files) // settings.max_files_per_batch)
    groups = -(-groups // slots) * slots if groups > 1 else 1
    most = max(1, -(-len(files) // groups))
    start, size = 0, 0
    for index, file in enumerate(files):
        if index > start and (index - start >= most or size + file.size > settings.max_bytes_per_batch):
            yield files[start:index]
            start, size = index, 0
        size += file.size
    if start < len(files):
        yield files[start:]


def estimate_texts(files: Sequence[LandedFile]) -> int:
    """Estimate the work on these files in news texts, to choose an executor.

    A single file counts as one text, whatever it holds, because it is one batch, which runs in one process.
    """
    if len(files) == 1:
        return 1
    archives = [file.size for file in files if may_be_archive(file.path)]
    inside = sum(max(1, size // _COMPRESSED_TEXT_BYTES) for size in archives) if len(archives) > 1 else len(archives)
    long = sum(file.size // _LONG_TEXT_BYTES for file in files) - sum(size // _LONG_TEXT_BYTES for size in archives)
    return len(files) - len(archives) + inside + long


def plan_batches(
    files: Iterable[LandedFile], landing: Landing, ledger: Ledger, settings: Settings, now: Callable[[], dt.datetime]
) -> Iterator[tuple[Batch, list[LandedFile]]]:
    """Yield batches of these files; the caller claims each before it asks for the next.

    With each batch come the files that must wait for another one: a source that is published is a duplicate, but one
    that is only claimed may still fail, and then its duplicate would be finalized without a record.
    """
    files = list(files)
    landing.fetch(file for file in files if _is_read(file, settings))
    rules = rule_book(settings)
    for found in _bounded((identify(file, landing, settings, rules) for file in files), settings):
        yield _plan(found, ledger, now())


def _is_read(file: LandedFile, settings: Settings) -> bool:
    most = settings.max_archive_bytes if may_be_archive(file.path) else settings.max_file_bytes
    return file.size <= most


def _bounded(found: Iterable[list[Delivery]], settings: Settings) -> Iterator[list[list[Delivery]]]:
    """Group files until a batch is full by their unpacked size; an archive is never split."""
    batch: list[list[Delivery]] = []
    texts, size = 0, 0
    for deliveries in found:
        more = sum(delivery.size for delivery in deliveries)
        full = texts + len(deliveries) > settings.max_files_per_batch or size + more > settings.max_bytes_per_batch
        if batch and full:
            yield batch
            batch, texts, size = [], 0, 0
        batch.append(deliveries)
        texts, size = texts + len(deliveries), size + more
    if batch:
        yield batch


def _plan(found: list[list[Delivery]], ledger: Ledger, now: dt.datetime) -> tuple[Batch, list[LandedFile]]:
    record_ids = {d.record_id for of_a_file in found for d in of_a_file if d.record_id}
    owners = ledger.owners(record_ids)
    forgotten = buried(ledger, record_ids)
    deliveries: list[Delivery] = []
    sources: dict[str, Source] = {}
    waiting: list[LandedFile] = []
    for of_a_file in found:
        states = {owners[d.record_id] for d in of_a_file if d.record_id in owners}
        if states <= {FINALIZED}:
            deliveries += conclude_archives(
                [plan_delivery(reject_forgotten(d, forgotten), owners, sources) for d in of_a_file]
            )
        else:
            waiting.append(of_a_file[0].file)
    return _batch(tuple(sources.values()), tuple(deliveries), now), waiting


def reject_forgotten(delivery: Delivery, forgotten: dict[str, dt.datetime]) -> Delivery:
    """Return the delivery, rejected if its record was forgotten."""
    when = forgotten.get(delivery.record_id or "")
    if when is None:
        return delivery
    detail = (
        f"Its record was forgotten on {when:%Y-%m-%d} and is not ingested again. "
        f"`longshore forget {delivery.record_id}` deletes this file too."
    )
    return replace(delivery, outcome=Outcome.REJECTED, reason=Reason.FORGOTTEN, detail=detail)


def plan_delivery(delivery: Delivery, owners: dict[str, str], sources: dict[str, Source]) -> Delivery:
    """Return the delivery as published if its source is new, else as a duplicate."""
    if delivery.record_id is None or delivery.outcome is Outcome.REJECTED:
        return delivery
    if delivery.record_id in owners:
        return replace(delivery, outcome=Outcome.DUPLICATE, detail="A record with the same bytes exists.")
    same = sources.get(delivery.record_id)
    if same is not None:
        return replace(delivery, outcome=Outcome.DUPLICATE, detail=f"The same bytes as {same.path!r}.")
    sources[delivery.record_id] = Source(delivery.file, delivery.record_id, delivery.member)
    return delivery


def identify(file: LandedFile, landing: Landing, settings: Settings, rules: RuleBook) -> list[Delivery]:
    """Return the delivery of a landed file, and of its members if it has any, with `record_id` or outcome."""
    try:
        fault_injection.step("landing.read")
        found = _identify_document(file, landing, settings)
        if found is not None:
            return [found]
        try:
            return identify_members(file, landing, settings, rules)
        except NotThisKindError:
            return [_identify_large(file, landing, settings)]
    except MovedError as moved:
        return [Delivery(file, None, Outcome.DEFERRED, None, str(moved))]
    except OSError as error:
        reason, detail = failure(error)
        return [Delivery(file, None, Outcome.REJECTED if reason else Outcome.DEFERRED, reason, detail)]


def _identify_document(file: LandedFile, landing: Landing, settings: Settings) -> Delivery | None:
    """Return the delivery of a small file that is one document; None if it is to be looked at more closely."""
    from longshore.documents.formats import HEAD_BYTES, may_be_container  # noqa: PLC0415 - not in a run without work

    if file.size > min(_READ_BYTES, settings.max_file_bytes) or may_be_archive(file.path):
        return None
    raw = landing.read(file)
    if may_be_container(raw[:HEAD_BYTES]):
        return None
    return Delivery(file, hashlib.sha256(raw).hexdigest(), Outcome.PUBLISHED)


def _identify_large(file: LandedFile, landing: Landing, settings: Settings) -> Delivery:
    if file.size > settings.max_file_bytes:
        detail = f"It holds {file.size:,} bytes; `max_file_bytes` allows {settings.max_file_bytes:,}."
        return Delivery(file, None, Outcome.REJECTED, Reason.TOO_LARGE, detail)
    return Delivery(file, _sha256(file, landing), Outcome.PUBLISHED)


def reject_special_file(file: LandedFile) -> Delivery:
    """Return the rejection of a link, pipe, socket or device, which is never opened."""
    detail = "It is a link, pipe, socket or device. Only regular files are read: deliver the file itself."
    return Delivery(file, None, Outcome.REJECTED, Reason.NOT_A_FILE, detail)


def batch_of(deliveries: Iterable[Delivery], now: dt.datetime) -> Batch:
    """Return a batch of deliveries without a source."""
    return _batch((), tuple(deliveries), now)


def _batch(sources: tuple[Source, ...], deliveries: tuple[Delivery, ...], now: dt.datetime) -> Batch:
    # The name follows from the sources and the version, so that a repeated batch has the same name.
    digest = hashlib.sha256(NORMALISER_VERSION.encode())
    for name in sorted(source.record_id for source in sources) or sorted(delivery.path for delivery in deliveries):
        digest.update(name.encode("utf-8", "surrogateescape"))
    batch_id = digest.hexdigest()[:32]
    part = f"ingest_date={now:%Y-%m-%d}/{batch_id}.parquet" if sources else None
    return Batch(batch_id, sources, deliveries, now, part)


def _sha256(file: LandedFile, landing: Landing) -> str:
    digest = hashlib.sha256()
    fd = landing.open(file)
    try:
        size = 0
        while chunk := os.read(fd, _READ_BYTES):
            size += len(chunk)
            digest.update(chunk)
        if size != file.size:
            raise MovedError("it changed while it was read")
    finally:
        os.close(fd)
    return digest.hexdigest()
