"""Originals: where the source bytes of a record are, according to the ledger.

Promised: bytes are returned, and a file is deleted, only if the SHA-256 of the bytes is the record id.
"""

from __future__ import annotations

import contextlib
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from longshore.ingestion.finalization import REASON_ENDING, archive_day, place_of, reason_name
from longshore.records import Delivery, LandedFile, Outcome
from longshore.storage.landing import MovedError
from longshore.storage.ledger.queries import deliveries_in_batches, deliveries_of_records
from longshore.storage.listing import REJECTED
from longshore.storage.names import from_source_path, to_source_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from longshore.documents.kinds import Member
    from longshore.ingestion.rules import RuleBook
    from longshore.storage.ledger.batches import Ledger
    from longshore.storage.ledger.queries import Brought
    from longshore.storage.stores.interface import Landing


@dataclass(frozen=True, slots=True)
class Original:
    """One place where the source of a record should be.

    path: as delivered, a `source_path`. place: of the landed file, below landing/. member: its name in that archive,
    whose own delivery is `archive_no`.
    """

    record_id: str
    path: str
    place: str
    member: str | None
    delivery_no: int
    archive_no: int | None = None


def place_of_row(row: Any, batch: Any) -> str | None:  # noqa: ANN401 - rows of the ledger
    """Return where the landed file of a delivery is now, as a `source_path`; None if it was deleted."""
    if row.finalized_as is not None:
        return str(row.finalized_as) or None
    rejected = row.outcome == Outcome.REJECTED
    if batch.after_ingest == "keep":
        return str(row.path)
    if batch.after_ingest == "delete" and not rejected:
        return None
    if not rejected:
        return f"{archive_day(batch.ingested_at)}/{row.path}"
    if REASON_ENDING not in row.path:
        return f"{REJECTED}/{row.path}"
    file = LandedFile(from_source_path(row.path), row.size, row.modified_ns, row.inode)
    return to_source_path(place_of(Delivery(file, None, Outcome.REJECTED), ""))


def originals_in(ledger: Ledger, batch_nos: Iterable[int], record_ids: Iterable[str]) -> dict[str, list[Original]]:
    """Return the originals of these records that were delivered in these batches."""
    return _by_record(deliveries_in_batches(ledger, batch_nos, record_ids))


def all_originals(ledger: Ledger, record_ids: Iterable[str]) -> dict[str, list[Original]]:
    """Return all originals of these records. This scans all deliveries."""
    return _by_record(deliveries_of_records(ledger, record_ids))


def read_originals(
    originals: Mapping[str, Sequence[Original]], landing: Landing, book: RuleBook
) -> Iterator[tuple[str, Member]]:
    """Yield each of these records once with its source, if any of its places has it; read each archive once.

    Members are found by their bytes: their names may have changed when a member was removed.
    """
    from longshore.ingestion.reading import members_of, whole  # noqa: PLC0415 - the text steps, for few commands
    from longshore.ingestion.sidecars import sidecar_fields  # noqa: PLC0415

    missing = set(originals)
    archives: dict[str, set[str]] = {}
    for record_id, places in originals.items():
        found = _read_file(places, landing)
        if found is not None:
            missing.discard(record_id)
            original, raw = found
            yield record_id, whole(raw, sidecar_fields(original.path, landing, book.of(original.path)))
        else:
            for original in places:
                if original.member is not None:
                    archives.setdefault(original.place, set()).add(record_id)
    for place, wanted in archives.items():
        if not wanted & missing:
            continue
        with contextlib.suppress(Exception):  # the next place may have it
            file = landing.look(from_source_path(place))
            for member in members_of(file, landing, book, find=True) if file is not None else ():
                record_id = hashlib.sha256(member.raw or b"").hexdigest()
                if record_id in missing:
                    missing.discard(record_id)
                    yield record_id, member


def _read_file(originals: Iterable[Original], landing: Landing) -> tuple[Original, bytes] | None:
    for original in originals:
        with contextlib.suppress(Exception):  # the next place may have it
            file = landing.look(from_source_path(original.place)) if original.member is None else None
            raw = landing.read(file) if file is not None else None
            if raw is not None and hashlib.sha256(raw).hexdigest() == original.record_id:
                return original, raw
    return None


def delete_original(original: Original, landing: Landing) -> bool:
    """Delete the landed file of a record, with its reason file; return whether there was one with these bytes.

    A file with other bytes is left alone. Not for an archive member, because the archive holds others.

    Raises:
        OSError: it cannot be read or deleted.
    """
    file = landing.look(from_source_path(original.place))
    try:
        raw = landing.read(file) if file is not None else b""
    except MovedError:
        # Another file is there now.
        return False
    if file is None or hashlib.sha256(raw).hexdigest() != original.record_id:
        return False
    delete_landed(file, landing)
    return True


def delete_landed(file: LandedFile, landing: Landing) -> None:
    """Delete a finalized file, and the reason file beside it if it was rejected."""
    name = file.path.rpartition("/")[2]
    landing.remove_beside(file.path, name)
    landing.remove_beside(file.path, reason_name(name))
    landing.fsync_beside(file.path)


def _by_record(brought: Iterable[Brought]) -> dict[str, list[Original]]:
    found: dict[str, list[Original]] = {}
    for one in brought:
        original = _original(one.row, one.archive)
        if original is not None:
            found.setdefault(original.record_id, []).append(original)
    return found


def _original(row: Any, archive: Any) -> Original | None:  # noqa: ANN401 - rows of the ledger
    place = place_of_row(row if archive is None else archive, row)
    if place is None:
        return None
    record_id = bytes(row.record_id).hex()
    if archive is None:
        return Original(record_id, row.path, place, None, row.delivery_no)
    member = from_source_path(row.path)[len(from_source_path(archive.path)) + len("!/") :]
    return Original(record_id, row.path, place, member, row.delivery_no, archive.delivery_no)
