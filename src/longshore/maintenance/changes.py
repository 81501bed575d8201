"""Changes since a cursor: each published batch and each changed record once, in order.

Promised: between two cursors, every published batch is yielded exactly once, regardless of compactions, followed by
every record that was reprocessed or forgotten. A change is yielded only when it can be read. Not promised: that `part`
keeps its name; if it is gone, read the changes again from the same cursor.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from longshore.errors import SettingsError
from longshore.ingestion.project import open_ledger, refuse_lost_ledger, warehouse_of
from longshore.storage.ledger.queries import batches_after, ids_of_batch, ids_of_rewrite, ledger_id, rewrites_after

if TYPE_CHECKING:
    from collections.abc import Iterator

    from longshore.settings import Settings

START = "start"
_CURSOR = re.compile(r"([0-9a-f]{8})-(\d{1,18})-(\d{1,18})", re.ASCII)
_KINDS = {"reprocess": "revised", "forget": "forgotten"}


@dataclass(frozen=True, slots=True)
class Change:
    """One change. `token`: the cursor to continue from once this change has been processed.

    change: `added` (a batch: `batch_id`, `part`, `rows`), `revised` or `forgotten` (both with `record_ids`).
    part: a path below `records/`; it may hold rows of other batches too, so filter by `batch_id`.
    record_ids: of an added batch, only if they were asked for.
    """

    token: str
    change: str
    batch_id: str | None = None
    part: str | None = None
    rows: int | None = None
    ingested_at: str | None = None
    record_ids: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the change as plain values, for JSON; keys without a value are left out."""
        return {key: value for key, value in asdict(self).items() if value not in (None, ())}

    def lines(self) -> Iterator[str]:
        """Yield the lines that a person reads."""
        if self.change == "added":
            yield f"{self.token}  added      {self.rows:,} record(s) of batch {self.batch_id} in {self.part}"
        else:
            yield f"{self.token}  {self.change:<9}  {len(self.record_ids):,} record(s)"
        yield from (f"  {record_id}" for record_id in self.record_ids)


def read_changes(settings: Settings, cursor: str = START, *, with_ids: bool = False) -> Iterator[Change]:
    """Yield what changed since a cursor, oldest first: added batches, and records that were reprocessed or forgotten.

    Args:
        settings: of the project.
        cursor: the `token` of the last change that was processed; `"start"` yields everything.
        with_ids: fill `record_ids` of added batches too.

    Raises:
        SettingsError: the cursor is malformed, or of another ledger.
        LedgerError: the ledger was lost, so it does not know the records that exist.
    """
    with open_ledger(settings, read_only=True) as ledger:
        refuse_lost_ledger(ledger, warehouse_of(settings))
        own_id = ledger_id(ledger)
        batch_no, rewrite_no = _parse(cursor, own_id)
        with ledger.engine.connect() as db:
            # Read before the batches: whatever a rewrite changed was published, and is yielded, before it.
            touched = rewrites_after(db, rewrite_no, _KINDS)
            for batch in batches_after(db, batch_no):
                batch_no = batch.batch_no
                yield Change(
                    f"{own_id}-{batch_no}-{rewrite_no}",
                    "added",
                    batch.batch_id,
                    batch.part,
                    batch.rows,
                    batch.ingested_at.isoformat(),
                    ids_of_batch(db, batch_no) if with_ids else (),
                )
            for rewrite_no, kind in touched:
                ids = ids_of_rewrite(db, rewrite_no)
                yield Change(f"{own_id}-{batch_no}-{rewrite_no}", _KINDS[kind], record_ids=ids)


def _parse(cursor: str, ledger_id: str) -> tuple[int, int]:
    if cursor == START:
        return 0, 0
    match = _CURSOR.fullmatch(cursor)
    if match is None:
        raise SettingsError(
            f"{cursor!r} is not a cursor. Use the `token` of a change from `longshore changes`, or {START!r}."
        )
    if match[1] != ledger_id:
        raise SettingsError(
            f"The cursor {cursor!r} belongs to another ledger (was it rebuilt?). Start again with {START!r}, and skip "
            "the record ids that you have already."
        )
    return int(match[2]), int(match[3])
