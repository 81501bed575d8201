"""A pack as a delivery: which deliveries it is when it lands, and what becomes of it from what becomes of its members.

A pack has a delivery of its own, which the counts of a run and the landed file go by, and one for each member. It is
published if a member became a record, a duplicate if none did but one had a record already, and rejected if none of
its members is or has a record: a photograph beside the articles must not keep them out, and is a rejection by name in
the ledger. Damage is different: what cannot be unpacked to its end is rejected whole, because nobody can say what is
missing.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING

from flows.records import Delivery, Outcome, Reason
from flows.storage.pack_limits import PackError
from flows.storage.packs import is_pack, members

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from flows.records import LandedFile
    from flows.settings import Settings
    from flows.storage.landing import Landing
    from flows.storage.packs import Member

_NAMED = 3


def identify_pack(file: LandedFile, landing: Landing, settings: Settings) -> list[Delivery] | None:
    """Give the delivery of a pack and those of its members, each with its `record_id`; None if the file is no pack.

    Raises:
        MovedError, OSError: as `Landing.read`.
    """
    try:
        if not is_pack(file, landing):
            return None
        if file.size > settings.max_pack_bytes:
            detail = f"It holds {file.size:,} bytes; `max_pack_bytes` allows {settings.max_pack_bytes:,}."
            return [Delivery(file, None, Outcome.REJECTED, Reason.TOO_LARGE, detail)]
        found = [_identified(file, member, settings) for member in members(file, landing, settings.pack_limits)]
    except PackError as error:
        return [Delivery(file, None, Outcome.REJECTED, error.reason, error.detail)]
    if not found:
        return [Delivery(file, None, Outcome.REJECTED, Reason.EMPTY, "It is a pack that holds no file.")]
    return [Delivery(file, None, Outcome.PUBLISHED), *found]


def conclude_packs(endings: Sequence[Delivery]) -> list[Delivery]:
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
