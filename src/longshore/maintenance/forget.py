"""Permanent removal of records, for takedowns and privacy requests.

1. tombstone  one for each record, durable before anything is removed: the same bytes are never ingested again
2. rewrite    each part that holds one of the records, without them (`rewrite.py`); old folders are deleted at once
3. delete     every original that the ledger knows, if its bytes are still the same; an archive with other members is
              written again without the record; then every copy in landing's own folders that has the same bytes
4. done       the tombstone is closed

A killed process leaves the tombstone open: `forget` with the same id, or the next compaction, continues. Promised: no
reader sees the record afterwards, and no file that Longshore wrote or moved holds its text. Not promised: backups,
snapshots, readers' copies, and disk blocks that were freed but not overwritten. What could not be removed (a damaged
archive, missing permission, an original that somebody appended to, a copy in a rejected archive) is named, and the
tombstone stays open.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import os
import re
from collections import Counter
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from longshore.documents.formats import HEAD_BYTES
from longshore.documents.removal import NotRemovableError, without
from longshore.errors import SettingsError, WarehouseError
from longshore.ingestion.originals import all_originals, delete_landed, delete_original
from longshore.ingestion.project import landing_of, open_ledger, refuse_lost_ledger
from longshore.ingestion.reading import options_of, sources_in
from longshore.ingestion.rules import rule_book
from longshore.maintenance.landed_copies import find_copies
from longshore.maintenance.rewrite import Rewriter, Transform, now, rewriting
from longshore.storage import fault_injection
from longshore.storage.archives.members import kind_of, may_be_archive
from longshore.storage.archives.remove_member import remove_members
from longshore.storage.archives.stream import ArchiveError, Budget
from longshore.storage.landing import DRAFT, MovedError
from longshore.storage.ledger.queries import ids_of_path, ids_with_prefix, sizes_of_records
from longshore.storage.ledger.rewrites import (
    bury,
    mark_deliveries_gone,
    mark_forgotten,
    mark_members_removed,
    published_parts,
    published_places,
    unfinished_forgets,
    unfinished_rewrites,
)
from longshore.storage.ledger.runs import update_kept
from longshore.storage.names import from_source_path, printable, to_source_path
from longshore.storage.partition_swap import drop_old

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from longshore.ingestion.originals import Original
    from longshore.ingestion.rules import RuleBook, Rules
    from longshore.records import LandedFile
    from longshore.settings import Settings
    from longshore.storage.ledger.batches import Ledger
    from longshore.storage.stores.interface import Landing


def remove_member(originals: Sequence[Original], landing: Landing, book: RuleBook, ledger: Ledger) -> int:
    """Remove these originals, all members of one archive or container; return how many members were removed.

    Raises:
        WarehouseError: it is impossible; the archive is unchanged.
    """
    place = from_source_path(originals[0].place)
    gone = {original.record_id for original in originals}
    # A draft of a killed process may hold what is forgotten now.
    landing.remove_beside(place, DRAFT)
    file = landing.look(place)
    removed = 0
    if file is not None:
        # Read every member whole, even one that is too large for a text.
        book = replace(book, limits=replace(book.limits, max_member_bytes=book.limits.max_bytes))
        try:
            removed = _remove(originals, gone, file, landing, book, ledger)
        except (ArchiveError, MovedError, NotRemovableError, OSError) as error:
            raise WarehouseError(f"{error}") from error
        except Exception as error:  # libraries raise anything for damaged data
            raise WarehouseError(f"it cannot be read ({type(error).__name__}: {error})") from error
        finally:
            landing.remove_beside(place, DRAFT)
    mark_deliveries_gone(ledger, (original.delivery_no for original in originals))
    return removed


def _remove(
    originals: Sequence[Original],
    gone: set[str],
    file: LandedFile,
    landing: Landing,
    book: RuleBook,
    ledger: Ledger,
) -> int:
    rules = book.of(to_source_path(file.path))
    name = file.path.rpartition("/")[2]
    archive_no = originals[0].archive_no
    assert archive_no is not None
    with _closing(landing.open(file)) as fd, landing.draft_beside(file.path) as draft:
        before = _texts(fd, name, Budget(book.limits, file.size), rules)
        removed = sum(before[record_id] for record_id in gone)
        if not removed:
            return 0
        wanted = Counter({record_id: count for record_id, count in before.items() if record_id not in gone})
        with _reader(fd) as reader:
            left = _shortened(reader, draft, name, gone, Budget(book.limits, file.size), rules)
        draft.flush()
        if left and _texts(draft.fileno(), name, Budget(book.limits, file.size), rules) != wanted:
            raise WarehouseError("its new version would hold the wrong documents")
        size, sha256 = os.fstat(draft.fileno()).st_size, _sha256(draft)
        identity = landing.identity_of_draft(draft)
        landing.check_open(fd, file)
        os.fsync(draft.fileno())
    fault_injection.step("forget.archive_rewritten")
    if not left:
        delete_landed(file, landing)
        mark_deliveries_gone(ledger, [archive_no])
        return removed
    note = f"Written again on {dt.datetime.now(dt.UTC):%Y-%m-%d} without forgotten members: SHA-256 {sha256}."
    mark_members_removed(ledger, archive_no, size, note, identity)
    fault_injection.step("forget.archive_recorded")
    update_kept(ledger, landing.replace_by_draft(file))
    fault_injection.step("forget.archive_replaced")
    return removed


def _shortened(reader: BinaryIO, draft: BinaryIO, name: str, gone: set[str], budget: Budget, rules: Rules) -> int:
    """Write an archive or container without what is gone; return 0 if nothing is left."""

    def shorten(data: bytes, inner: str) -> bytes:
        return without(data, inner, gone, options_of(rules))

    if may_be_archive(name) and kind_of(name, reader.read(HEAD_BYTES)):
        reader.seek(0)
        return remove_members(reader, draft, name, gone, budget, shorten)
    reader.seek(0)
    return draft.write(shorten(reader.read(), name))


def _texts(fd: int, name: str, budget: Budget, rules: Rules) -> Counter[str]:
    """Count the documents of an archive or container by their SHA-256."""
    with _reader(fd) as reader:
        return Counter(hashlib.sha256(raw).hexdigest() for raw in sources_in(reader, name, budget, rules))


@contextlib.contextmanager
def _closing(fd: int) -> Iterator[int]:
    try:
        yield fd
    finally:
        os.close(fd)


def _reader(fd: int) -> BinaryIO:
    """Return a new reader at the start of an open file; some libraries close the one that they get."""
    os.lseek(fd, 0, os.SEEK_SET)
    return os.fdopen(fd, "rb", closefd=False)


def _sha256(draft: BinaryIO) -> str:
    draft.seek(0)
    digest = hashlib.sha256()
    while data := draft.read(1 << 20):
        digest.update(data)
    return digest.hexdigest()


# The shortest prefix of a record id that is looked up.
_RECORD_ID = re.compile(r"[0-9a-f]{6,64}", re.ASCII)
_ID_DIGITS = 64


@dataclass(slots=True)
class ForgetSummary:
    """The result of `forget`. `left`: places where copies remain, with the reason; a person must remove them."""

    asked: list[str] = field(default_factory=list)
    records_removed: int = 0
    originals_deleted: int = 0
    unknown: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    dry_run: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Return the summary as plain values, for JSON."""
        return asdict(self)

    def lines(self) -> Iterator[str]:
        """Yield the lines that a person reads."""
        done = "would be removed" if self.dry_run else "removed"
        yield (
            f"{len(self.asked)} asked for: {self.records_removed} record(s) {done}, "
            f"{self.originals_deleted} original(s) {done.replace('removed', 'deleted')}."
        )
        if self.dry_run:
            yield "Nothing was written."
            return
        yield "None of them will be ingested again."
        for record_id in self.unknown:
            yield f"{record_id} had no record; if its bytes are delivered, they are rejected as FORGOTTEN."
        for place in self.left:
            yield printable(f"Still in {place} Fix this, then forget again.")


def forget_records(
    settings: Settings, record_ids: Iterable[str] = (), *, paths: Iterable[str] = (), block_unknown: bool = False
) -> ForgetSummary:
    """Remove these records and their originals permanently; it may be repeated at any time.

    Args:
        settings: of the project.
        record_ids: whole ids, or beginnings of at least six digits that only one known id has.
        paths: `source_path` of sources to remove; all sources that were ever delivered under it.
        block_unknown: also block whole ids that were never delivered.

    Raises:
        SettingsError: an id is not one, is unknown or ambiguous, or a path is unknown; nothing was done.
        LedgerError: the ledger was lost; nothing was done.
        LockHeldError: another rewrite, or an ingest run, is at work; the tombstones stay, so repeat the call.
    """
    summary = ForgetSummary()
    with rewriting(settings, "forget", summary.to_dict) as rewriter:
        with landing_of(settings) as landing:
            # An empty ledger would report that nothing is left of the record.
            refuse_lost_ledger(rewriter.ledger, rewriter.warehouse, landing)
        summary.asked = _resolve(rewriter.ledger, record_ids, paths, block_unknown=block_unknown)
        bury(rewriter.ledger, summary.asked, now())
        fault_injection.step("forget.buried")
        finish_forgetting(rewriter, summary)
    return summary


def plan_forget(
    settings: Settings, record_ids: Iterable[str] = (), *, paths: Iterable[str] = (), block_unknown: bool = False
) -> ForgetSummary:
    """Return what `forget_records` would remove; write nothing.

    Raises:
        SettingsError, LedgerError: as `forget_records`.
    """
    with open_ledger(settings, read_only=True) as ledger, landing_of(settings) as landing:
        asked = _resolve(ledger, record_ids, paths, block_unknown=block_unknown)
        originals = all_originals(ledger, asked)
        places = {one.place for found in originals.values() for one in found}
        there = sum(landing.look(from_source_path(place)) is not None for place in places)
        return ForgetSummary(asked, len(published_places(ledger, asked)), there, dry_run=True)


def _resolve(ledger: Ledger, record_ids: Iterable[str], paths: Iterable[str], *, block_unknown: bool) -> list[str]:
    """Return the whole ids that are asked for."""
    found: set[str] = set()
    for given in record_ids:
        if not _RECORD_ID.fullmatch(given):
            raise SettingsError(
                f"{given!r} is not a record id. Use 64 lower-case hexadecimal digits, or the first six."
            )
        known = ids_with_prefix(ledger, given)
        if len(known) > 1:
            raise SettingsError(f"{given} is the beginning of {len(known)} record ids. Give more digits.")
        if not known and not (block_unknown and len(given) == _ID_DIGITS):
            raise SettingsError(
                f"No source with the id {given} was ever delivered. To block it all the same, give all 64 digits and "
                "--block-unknown."
            )
        found |= known or {given}
    for path in paths:
        ids = ids_of_path(ledger, path)
        if not ids:
            raise SettingsError(
                f"Nothing was ever delivered as {path!r}. Give a `source_path` as it is in the records."
            )
        found |= ids
    return sorted(found)


def finish_forgetting(rewriter: Rewriter, summary: ForgetSummary) -> None:
    """Remove what is left of all records that have an open tombstone."""
    record_ids = unfinished_forgets(rewriter.ledger)
    if not record_ids:
        return
    with rewriter.run_lock():
        # A run that began before the tombstones may have claimed one of the records: it has ended now, or died.
        rewriter.recover_batches()
    known = _rewrite_parts(rewriter, record_ids, summary)
    fault_injection.step("forget.rewritten")
    undone = _drop_copies(rewriter, set(record_ids), summary)
    originals = all_originals(rewriter.ledger, record_ids)
    summary.unknown += sorted(set(record_ids) - known - originals.keys())
    undone |= _delete_originals(rewriter, originals, summary)
    undone |= _delete_copies(rewriter, record_ids, originals, summary)
    fault_injection.step("forget.done")
    mark_forgotten(rewriter.ledger, set(record_ids) - undone, now())


def _rewrite_parts(rewriter: Rewriter, record_ids: Collection[str], summary: ForgetSummary) -> set[str]:
    """Rewrite each part that holds one of these records; return the records that were published."""
    ledger = rewriter.ledger
    homes = published_places(ledger, record_ids)
    for partition in sorted({part.partition("/")[0] for _, part in homes.values()}):
        change = _DropRecords(homes={record_id: home[0] for record_id, home in homes.items()})
        parts = published_parts(
            ledger, sorted({part for _, part in homes.values() if part.startswith(f"{partition}/")})
        )
        rewriter.rewrite(partition, [[part] for part in parts], change)
        summary.records_removed += len(change.gone)
    return set(homes)


def _drop_copies(rewriter: Rewriter, record_ids: set[str], summary: ForgetSummary) -> set[str]:
    """Delete parts outside `records/` that hold one of the records; return the records that may be left."""
    # Old folders of earlier rewrites, which wait for the end of their grace period.
    drop_old(rewriter.warehouse, rewriter.ledger, 0)
    stuck = [
        f"_longshore/rewrites/{one.rewrite_no}: it cannot be deleted." for one in unfinished_rewrites(rewriter.ledger)
    ]
    # Parts that `verify --repair` set aside.
    for part in rewriter.warehouse.aside():
        try:
            with rewriter.warehouse.local(part) as path:
                ids = pq.read_table(path, columns=["record_id"], partitioning=None)["record_id"].to_pylist()
            if record_ids.intersection(ids):
                rewriter.warehouse.delete_aside(part)
        except (OSError, pa.ArrowException, KeyError) as error:
            stuck.append(f"{part}, possibly: it cannot be read or deleted ({error}).")
    summary.left += stuck
    return record_ids if stuck else set()


def _delete_originals(
    rewriter: Rewriter, originals: Mapping[str, Sequence[Original]], summary: ForgetSummary
) -> set[str]:
    """Delete every original that the ledger knows; return the records with an original that is left."""
    ledger, book = rewriter.ledger, rule_book(rewriter.settings)
    undone: set[str] = set()
    archives: dict[str, list[Original]] = {}
    with landing_of(rewriter.settings) as landing:
        for original in (one for places in originals.values() for one in places):
            if original.member is not None:
                archives.setdefault(original.place, []).append(original)
                continue
            fault_injection.step("forget.original")
            try:
                summary.originals_deleted += delete_original(original, landing)
                mark_deliveries_gone(ledger, [original.delivery_no])
            except OSError as error:
                summary.left.append(f"{original.place}: {error.strerror}.")
                undone.add(original.record_id)
        for place, inside in archives.items():
            try:
                summary.originals_deleted += remove_member(inside, landing, book, ledger)
            except WarehouseError as error:
                summary.left.append(f"{place} (as {inside[0].member}): {error}.")
                undone |= {original.record_id for original in inside}
    return undone


# Why a copy is left to a person, by its form; a file that is nothing but the text is deleted.
_REASONS = {
    "beginning": "somebody appended to it; it begins with the text.",
    "member": "the archive was rejected as a whole; it holds the text as {member}.",
}


def _delete_copies(
    rewriter: Rewriter, record_ids: Collection[str], originals: Mapping[str, Sequence[Original]], summary: ForgetSummary
) -> set[str]:
    """Delete copies that the ledger does not know; return the records of which one is left."""
    sizes = sizes_of_records(rewriter.ledger, record_ids)
    places = {from_source_path(one.place) for found in originals.values() for one in found if one.member is None}
    undone: set[str] = set()
    with landing_of(rewriter.settings) as landing:
        for copy in list(find_copies(landing, sizes, places, rule_book(rewriter.settings))):
            reason = _REASONS.get(copy.form, "").format(member=copy.member)
            if not reason:
                try:
                    delete_landed(copy.file, landing)
                    summary.originals_deleted += 1
                    continue
                except OSError as error:
                    reason = f"{error.strerror}."
            summary.left.append(f"{copy.file.path}: {reason}")
            undone.add(copy.record_id)
    return undone


@dataclass(slots=True)
class _DropRecords(Transform):
    """Leave out the records in `homes`, which holds their batches."""

    homes: dict[str, int] = field(default_factory=dict)
    found: bool = False

    def table(self, table: pa.Table, partition: str) -> pa.Table:
        del partition
        chosen = pc.is_in(table["record_id"], value_set=pa.array(list(self.homes), pa.string()))
        for record_id in table.filter(chosen)["record_id"].to_pylist():
            self.gone.append((record_id, self.homes[record_id]))
            self.touched.append(record_id)
            self.found = True
        return table.filter(pc.invert(chosen))

    def group_changed(self) -> bool:
        changed, self.found = self.found, False
        return changed
