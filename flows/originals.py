"""Where the original bytes of a record are, by what the ledger knows: in the archive, in landing, inside a pack.

Promised: bytes are only given for a record if their SHA-256 is its id, and a file is only deleted if its bytes are.
"""

from __future__ import annotations

import contextlib
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from flows.records import Delivery, LandedFile, Outcome
from flows.settling import REASON_ENDING, archive_day, place_of, reason_name
from flows.storage.durable import fsync_folder
from flows.storage.landing import MovedError
from flows.storage.ledger_tables import batches, deliveries
from flows.storage.names import from_source_path, to_source_path
from flows.storage.packs import members

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from flows.storage.landing import Landing
    from flows.storage.ledger import Ledger
    from flows.storage.pack_limits import PackLimits

# Well below the 32,766 variables that SQLite takes in a statement.
_CHUNK = 500


@dataclass(frozen=True, slots=True)
class Original:
    """One place where the bytes of a record should be.

    path: how it was delivered, as a `source_path`. place: of the landed file, below landing. member: inside that pack.
    """

    record_id: str
    path: str
    place: str
    member: str | None
    delivery_no: int


def place_of_row(row: Any, batch: Any) -> str | None:  # noqa: ANN401 - rows of the ledger
    """Say where a delivery's landed file is now, as a `source_path`; None where it is gone for good."""
    if row.settled_as is not None:
        return str(row.settled_as) or None
    rejected = row.outcome == Outcome.REJECTED
    if batch.after_ingest == "keep":
        return str(row.path)
    if batch.after_ingest == "delete" and not rejected:
        return None
    if not rejected:
        return f"{archive_day(batch.ingested_at)}/{row.path}"
    if REASON_ENDING not in row.path:
        return f"_rejected/{row.path}"
    file = LandedFile(from_source_path(row.path), row.size, row.modified_ns, row.inode)
    return to_source_path(place_of(Delivery(file, None, Outcome.REJECTED), ""))


def originals_in(ledger: Ledger, batch_nos: Iterable[int], record_ids: Iterable[str]) -> dict[str, list[Original]]:
    """Give where the originals of these records are that came in these batches."""
    wanted = {bytes.fromhex(record_id) for record_id in record_ids}
    found: dict[str, list[Original]] = {}
    for chunk in _chunks(sorted(set(batch_nos))):
        for original in _originals(ledger, deliveries.c.batch_no.in_(chunk), wanted):
            found.setdefault(original.record_id, []).append(original)
    return found


def all_originals(ledger: Ledger, record_ids: Iterable[str]) -> dict[str, list[Original]]:
    """Give every place where these records were ever delivered; this looks through all deliveries."""
    found: dict[str, list[Original]] = {}
    wanted = sorted({bytes.fromhex(record_id) for record_id in record_ids})
    for chunk in _chunks(wanted):
        for original in _originals(ledger, deliveries.c.record_id.in_(chunk), set(chunk)):
            found.setdefault(original.record_id, []).append(original)
    return found


def read_original(originals: Iterable[Original], landing: Landing, limits: PackLimits) -> bytes | None:
    """Give the bytes of a record from the first place that has them, or None."""
    for original in originals:
        with contextlib.suppress(Exception):  # whatever is wrong with one place, the next may do
            file = landing.look(from_source_path(original.place))
            if original.member is None:
                raw = landing.read(file) if file is not None else None
            else:
                raw = _read_member(file, original.member, landing, limits)
            if raw is not None and hashlib.sha256(raw).hexdigest() == original.record_id:
                return raw
    return None


def delete_original(original: Original, landing: Landing) -> bool:
    """Delete the landed file of a record, and its reason if it was rejected; True if its bytes are there no more.

    A file with other bytes is left alone. One inside a pack is not deleted, because others are in it too.
    """
    file = landing.look(from_source_path(original.place))
    if file is None:
        return True
    if original.member is not None:
        return False
    try:
        raw = landing.read(file)
    except MovedError:
        # Something else stands there now, which is not ours to delete.
        return True
    if hashlib.sha256(raw).hexdigest() != original.record_id:
        return True
    name = file.path.rpartition("/")[2]
    landing.remove_beside(file.path, name)
    landing.remove_beside(file.path, reason_name(name))
    fsync_folder((landing.root / file.path).parent)
    return True


def _read_member(file: LandedFile | None, name: str, landing: Landing, limits: PackLimits) -> bytes | None:
    if file is None:
        return None
    return next((member.data for member in members(file, landing, limits) if member.name == name), None)


def _originals(ledger: Ledger, where: sa.ColumnElement[bool], wanted: set[bytes]) -> Iterator[Original]:
    query = (
        sa.select(deliveries, batches.c.ingested_at, batches.c.after_ingest)
        .join(batches, batches.c.batch_no == deliveries.c.batch_no)
        .where(where, deliveries.c.record_id.is_not(None))
        # Where it was published first: a duplicate is the second choice.
        .order_by(sa.desc(deliveries.c.outcome == Outcome.PUBLISHED), deliveries.c.delivery_no)
    )
    with ledger.engine.connect() as db:
        for row in db.execute(query):
            if bytes(row.record_id) not in wanted:
                continue
            record_id = bytes(row.record_id).hex()
            if not row.is_member:
                place = place_of_row(row, row)
                if place is not None:
                    yield Original(record_id, row.path, place, None, row.delivery_no)
                continue
            pack = _pack_of(db, row)
            place = place_of_row(pack, row) if pack is not None else None
            if pack is not None and place is not None:
                member = from_source_path(row.path)[len(from_source_path(pack.path)) + len("!/") :]
                yield Original(record_id, row.path, place, member, row.delivery_no)


def _pack_of(db: sa.Connection, row: sa.Row[Any]) -> sa.Row[Any] | None:
    """Find the delivery of the pack that a member came in: the row before it that is no member."""
    query = (
        sa.select(deliveries)
        .where(
            deliveries.c.batch_no == row.batch_no,
            deliveries.c.is_member.is_(False),
            deliveries.c.delivery_no < row.delivery_no,
        )
        .order_by(deliveries.c.delivery_no.desc())
        .limit(1)
    )
    return db.execute(query).first()


def _chunks(items: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(items), _CHUNK):
        yield items[start : start + _CHUNK]
