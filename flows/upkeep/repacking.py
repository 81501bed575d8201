"""Take forgotten texts out of the packs that they were delivered in: the packs stay, with all others in them.

1. write    the pack again beside itself, without them (`storage/repack.py`)
2. prove    the new one unpacks to the same texts as the old, but for those
3. tell     the ledger: the pack's new size, and in `detail` its SHA-256
4. replace  the old pack by the new, in one rename; a pack in which nothing is left is deleted
5. tell     the ledger that the members are gone

A process that dies in between leaves the tombstones open, and it is done again: a pack that has been replaced is found
to hold none of them any more. What cannot be done (a damaged pack, no right to) is said, and the pack stays as it was.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import os
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, BinaryIO

from flows.errors import WarehouseError
from flows.originals import delete_landed
from flows.storage import faults
from flows.storage.drafts import DRAFT
from flows.storage.landing import MovedError
from flows.storage.names import from_source_path
from flows.storage.pack_limits import Budget, PackError, PackLimits
from flows.storage.packs import members_in
from flows.storage.repack import repack

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from flows.originals import Original
    from flows.records import LandedFile
    from flows.storage.landing import Landing
    from flows.storage.tombstones import Tombstones


def remove_from_pack(
    originals: Sequence[Original], landing: Landing, limits: PackLimits, tombstones: Tombstones
) -> int:
    """Take these originals, all of one pack, out of it for good; give how many files it held of them.

    Raises:
        WarehouseError: it cannot be done; the pack is as it was.
    """
    place = from_source_path(originals[0].place)
    gone = {original.record_id for original in originals}
    # A draft that a dead process left may hold what another one forgets now.
    landing.remove_beside(place, DRAFT)
    file = landing.look(place)
    removed = 0
    if file is not None:
        # Each member is read whole, also one that was too large for a text.
        limits = replace(limits, max_member_bytes=limits.max_bytes)
        try:
            removed = _remove(originals, gone, file, landing, limits, tombstones)
        except (PackError, MovedError, OSError) as error:
            raise WarehouseError(f"{error}") from error
        except Exception as error:  # what the libraries raise for damaged data
            raise WarehouseError(f"it cannot be unpacked ({type(error).__name__}: {error})") from error
        finally:
            landing.remove_beside(place, DRAFT)
    tombstones.mark_gone(original.delivery_no for original in originals)
    return removed


def _remove(
    originals: Sequence[Original],
    gone: set[str],
    file: LandedFile,
    landing: Landing,
    limits: PackLimits,
    tombstones: Tombstones,
) -> int:
    name = file.path.rpartition("/")[2]
    pack_no = originals[0].pack_no
    assert pack_no is not None
    with _held(landing.open(file)) as packed, landing.draft_beside(file.path) as draft:
        before = _texts(packed, name, Budget(limits, file.size))
        removed = sum(before[record_id] for record_id in gone)
        if not removed:
            return 0
        wanted = Counter({record_id: count for record_id, count in before.items() if record_id not in gone})
        with _reader(packed) as reader:
            left = repack(reader, draft, name, gone, Budget(limits, file.size))
        draft.flush()
        if left and _texts(draft.fileno(), name, Budget(limits, file.size)) != wanted:
            raise WarehouseError("written again, it would hold other texts than it should")
        size, sha256 = os.fstat(draft.fileno()).st_size, _sha256(draft)
        landing.check_open(packed, file)
        os.fsync(draft.fileno())
    faults.step("forget.repacked")
    if not left:
        delete_landed(file, landing)
        tombstones.mark_gone([pack_no])
        return removed
    said = f"Written again on {dt.datetime.now(dt.UTC):%Y-%m-%d} without what was forgotten: SHA-256 {sha256}."
    tombstones.mark_repacked(pack_no, size, said)
    faults.step("forget.pack_told")
    landing.replace_by_draft(file)
    faults.step("forget.pack_replaced")
    return removed


def _texts(fd: int, name: str, budget: Budget) -> Counter[str]:
    """Count the texts of a pack by their SHA-256."""
    with _reader(fd) as packed:
        found = members_in(packed, name, budget)
        return Counter(hashlib.sha256(member.data).hexdigest() for member in found if member.data is not None)


@contextlib.contextmanager
def _held(fd: int) -> Iterator[int]:
    try:
        yield fd
    finally:
        os.close(fd)


def _reader(fd: int) -> BinaryIO:
    """Read an open file from its beginning; some libraries close what they have read."""
    os.lseek(fd, 0, os.SEEK_SET)
    return os.fdopen(fd, "rb", closefd=False)


def _sha256(draft: BinaryIO) -> str:
    draft.seek(0)
    digest = hashlib.sha256()
    while data := draft.read(1 << 20):
        digest.update(data)
    return digest.hexdigest()
