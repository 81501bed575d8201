"""Which landed files make the next batches: hash them, leave out what is known, claim the rest.

A file is read here once for its SHA-256 and again by the worker. That costs some 15 µs from the page cache, and buys
that the ledger knows what a worker is about to do before it does it, and that a file which changes in between is
noticed.
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING

from longshore.ingestion.worker import failure
from longshore.records import Batch, Delivery, Outcome, Reason, Source
from longshore.storage import fault_injection
from longshore.storage.archives.members import is_archive, may_be_archive, members
from longshore.storage.archives.stream import ArchiveError
from longshore.storage.landing import MovedError
from longshore.storage.ledger.batches import FINALIZED
from longshore.storage.ledger.rewrites import buried
from longshore.text.normalise import NORMALISER_VERSION

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from longshore.records import LandedFile
    from longshore.settings import Settings
    from longshore.storage.archives.members import Member
    from longshore.storage.landing import Landing
    from longshore.storage.ledger.batches import Ledger

_NAMED = 3


def identify_archive(file: LandedFile, landing: Landing, settings: Settings) -> list[Delivery] | None:
    """Give the delivery of a pack and those of its members, each with its `record_id`; None if the file is no pack.

    Raises:
        MovedError, OSError: as `Landing.read`.
    """
    try:
        if not is_archive(file, landing):
            return None
        if file.size > settings.max_pack_bytes:
            detail = f"It holds {file.size:,} bytes; `max_pack_bytes` allows {settings.max_pack_bytes:,}."
            return [Delivery(file, None, Outcome.REJECTED, Reason.TOO_LARGE, detail)]
        found = [_identified(file, member, settings) for member in members(file, landing, settings.archive_limits)]
    except ArchiveError as error:
        return [Delivery(file, None, Outcome.REJECTED, error.reason, error.detail)]
    if not found:
        return [Delivery(file, None, Outcome.REJECTED, Reason.EMPTY, "It is a pack that holds no file.")]
    return [Delivery(file, None, Outcome.PUBLISHED), *found]


def conclude_archives(endings: Sequence[Delivery]) -> list[Delivery]:
    """Give the deliveries of a batch with each pack's own as its members end."""
    concluded: list[Delivery] = []
    for _, of_a_file in groupby(endings, key=lambda ending: ending.file.path):
        own, *inside = of_a_file
        concluded += _conclude(own, inside) if inside else (own,)
    return concluded


def unpacked_bytes(deliveries: Iterable[Delivery]) -> int:
    """Give how many bytes a landed file holds, unpacked."""
    return sum(delivery.size for delivery in deliveries)


def _identified(file: LandedFile, member: Member, settings: Settings) -> Delivery:
    if member.data is None:
        detail = f"It holds more than {settings.max_file_bytes:,} bytes, which `max_file_bytes` allows."
        return Delivery(file, None, Outcome.REJECTED, Reason.TOO_LARGE, detail, member.name, member.size)
    if not member.data:
        return Delivery(file, None, Outcome.REJECTED, Reason.EMPTY, "It holds no bytes.", member.name, 0)
    record_id = hashlib.sha256(member.data).hexdigest()
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
        detail = f"{len(refused)} of the {len(inside)} files in it became no record: {named}." if refused else None
        return [replace(own, outcome=Outcome.PUBLISHED, reason=None, detail=detail), *inside]
    if by_outcome[Outcome.DUPLICATE]:
        detail = "Every text in it has a record already."
        return [replace(own, outcome=Outcome.DUPLICATE, reason=None, detail=detail), *inside]
    reason = Counter(member.reason for member in refused).most_common(1)[0][0]
    detail = f"None of the {len(inside)} files in it became a record: {named}."
    if len(inside) == 1:
        detail = f"The one file in it became no record: {named}: {refused[0].detail}"
    return [replace(own, outcome=Outcome.REJECTED, reason=reason, detail=detail), *inside]


_READ_BYTES = 1024 * 1024
# What a text of news takes in a pack; and how much of a long text takes as long as one.
_PACKED_TEXT_BYTES = 1500
_LONG_TEXT_BYTES = 32 * 1024


def cut(files: Sequence[LandedFile], settings: Settings, slots: int) -> Iterator[Sequence[LandedFile]]:
    """Cut the files into groups, bounded in files and bytes, their number such that all workers end together."""
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


def texts_expected(files: Sequence[LandedFile]) -> int:
    """Guess how many news texts the work on these files comes to, to choose where it is done.

    Of one pack it is one, whatever it holds: a pack is one batch, which others cannot share.
    """
    packs = [file.size for file in files if may_be_archive(file.path)]
    inside = sum(max(1, size // _PACKED_TEXT_BYTES) for size in packs) if len(packs) > 1 else len(packs)
    long_ones = sum(file.size // _LONG_TEXT_BYTES for file in files) - sum(size // _LONG_TEXT_BYTES for size in packs)
    return len(files) - len(packs) + inside + long_ones


def plan_batches(
    files: Iterable[LandedFile], landing: Landing, ledger: Ledger, settings: Settings, now: Callable[[], dt.datetime]
) -> Iterator[tuple[Batch, list[LandedFile]]]:
    """Make a batch of these files, or more where packs hold much; each is to be claimed before the next is asked for.

    With each come the files that must wait until a batch in hand is published: a source that is published already is
    a duplicate, but one that another batch of this run has claimed waits. Were it called a duplicate now and that
    batch failed, its bytes would be settled without a record.
    """
    for found in _bounded((identify(file, landing, settings) for file in files), settings):
        yield _plan(found, ledger, now())


def _bounded(found: Iterable[list[Delivery]], settings: Settings) -> Iterator[list[list[Delivery]]]:
    """Cut where a batch is full by what its files hold unpacked; a pack is never cut."""
    batch: list[list[Delivery]] = []
    texts, size = 0, 0
    for deliveries in found:
        more = unpacked_bytes(deliveries)
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
                [_planned(unless_forgotten(d, forgotten), owners, sources) for d in of_a_file]
            )
        else:
            waiting.append(of_a_file[0].file)
    return _batch(tuple(sources.values()), tuple(deliveries), now), waiting


def unless_forgotten(delivery: Delivery, forgotten: dict[str, dt.datetime]) -> Delivery:
    """Refuse bytes that were taken down: they are kept apart, for a person to delete or to explain."""
    when = forgotten.get(delivery.record_id or "")
    if when is None:
        return delivery
    detail = (
        f"Its record was forgotten on {when:%Y-%m-%d}, and is not ingested again. "
        f"`longshore forget {delivery.record_id}` deletes this file too."
    )
    return replace(delivery, outcome=Outcome.REJECTED, reason=Reason.FORGOTTEN, detail=detail)


def _planned(delivery: Delivery, owners: dict[str, str], sources: dict[str, Source]) -> Delivery:
    """Give a delivery as a source of its own, or as the duplicate of one."""
    if delivery.record_id is None or delivery.outcome is Outcome.REJECTED:
        return delivery
    if delivery.record_id in owners:
        return replace(delivery, outcome=Outcome.DUPLICATE, detail="Its record exists already.")
    same = sources.get(delivery.record_id)
    if same is not None:
        return replace(delivery, outcome=Outcome.DUPLICATE, detail=f"The same bytes as {same.path!r}.")
    sources[delivery.record_id] = Source(delivery.file, delivery.record_id, delivery.member)
    return delivery


def identify(file: LandedFile, landing: Landing, settings: Settings) -> list[Delivery]:
    """Give a landed file its `record_id`, or the outcome that it has unread; of a pack, its members' too."""
    try:
        fault_injection.step("landing.read")
        pack = identify_archive(file, landing, settings) if may_be_archive(file.path) else None
        if pack is not None:
            return pack
        if file.size > settings.max_file_bytes:
            detail = f"It holds {file.size:,} bytes; `max_file_bytes` allows {settings.max_file_bytes:,}."
            return [Delivery(file, None, Outcome.REJECTED, Reason.TOO_LARGE, detail)]
        return [Delivery(file, _sha256(file, landing), Outcome.PUBLISHED)]
    except MovedError as moved:
        return [Delivery(file, None, Outcome.DEFERRED, None, str(moved))]
    except OSError as error:
        reason, detail = failure(error)
        return [Delivery(file, None, Outcome.REJECTED if reason else Outcome.DEFERRED, reason, detail)]


def not_a_file(file: LandedFile) -> Delivery:
    """Give the outcome of a link, a FIFO, a socket or a device: it is never opened."""
    detail = "It is a link, a pipe, a socket or a device. Only regular files are read: put the file itself here."
    return Delivery(file, None, Outcome.REJECTED, Reason.NOT_A_FILE, detail)


def batch_of(deliveries: Iterable[Delivery], now: dt.datetime) -> Batch:
    """Make a batch of deliveries that need no normalising."""
    return _batch((), tuple(deliveries), now)


def _batch(sources: tuple[Source, ...], deliveries: tuple[Delivery, ...], now: dt.datetime) -> Batch:
    # Of the sources and the version: doing it again gives the same name.
    digest = hashlib.sha256(NORMALISER_VERSION.encode())
    for name in sorted(source.record_id for source in sources) or sorted(delivery.path for delivery in deliveries):
        digest.update(name.encode("utf-8", "surrogateescape"))
    batch_id = digest.hexdigest()[:32]
    part = f"ingest_date={now:%Y-%m-%d}/{batch_id}.parquet" if sources else None
    return Batch(batch_id, sources, deliveries, now, part)


def _sha256(file: LandedFile, landing: Landing) -> str:
    if file.size <= _READ_BYTES:
        return hashlib.sha256(landing.read(file)).hexdigest()
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
