"""Changes for a reader since it last asked: each batch and each changed record once, in order.

Promised: between two tokens every published batch is told exactly once, whatever was compacted meanwhile, and then
every record that was changed by a reprocessing or forgotten. Nothing is told before it can be read. Not promised: that
a `part` still has that name a moment later; ask again with the same token then.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from longshore.errors import SettingsError
from longshore.ingestion.project import open_ledger, refuse_lost_ledger
from longshore.storage.ledger.queries import batches_after, ids_of_batch, ids_of_rewrite, ledger_id, rewrites_after
from longshore.storage.warehouse import Warehouse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from longshore.settings import Settings

START = "start"
_TOKEN = re.compile(r"([0-9a-f]{8})-(\d{1,18})-(\d{1,18})", re.ASCII)
_KINDS = {"reprocess": "revised", "forget": "forgotten"}


@dataclass(frozen=True, slots=True)
class Change:
    """One change. `token`: what to ask with next time, once this change has been dealt with.

    change: `added` (a batch: `batch_id`, `part`, `rows`), `revised` or `forgotten` (`record_ids`).
    record_ids: of an added batch only where they were asked for.
    """

    token: str
    change: str
    batch_id: str | None = None
    part: str | None = None
    rows: int | None = None
    ingested_at: str | None = None
    record_ids: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the change as plain values, for JSON; what does not apply is left out."""
        return {key: value for key, value in asdict(self).items() if value not in (None, ())}

    def lines(self) -> Iterator[str]:
        """Return the lines that a person reads."""
        if self.change == "added":
            yield f"{self.token}  added      {self.rows:,} record(s) of batch {self.batch_id} in {self.part}"
        else:
            yield f"{self.token}  {self.change:<9}  {len(self.record_ids):,} record(s)"
        yield from (f"  {record_id}" for record_id in self.record_ids)


def read_changes(settings: Settings, token: str = START, *, with_ids: bool = False) -> Iterator[Change]:
    """Return what changed since a token, oldest first; `start` gives all that there is.

    Raises:
        SettingsError: the token is none of this ledger's.
        LedgerError: the ledger knows nothing of the records that are there.
    """
    with open_ledger(settings, read_only=True) as ledger:
        refuse_lost_ledger(ledger, Warehouse(settings.warehouse))
        own_id = ledger_id(ledger)
        batch_no, rewrite_no = _parse(token, own_id)
        with ledger.engine.connect() as db:
            # Asked before the batches: what a rewrite touched was published before it, so it is told before it too.
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


def _parse(token: str, ledger_id: str) -> tuple[int, int]:
    if token == START:
        return 0, 0
    match = _TOKEN.fullmatch(token)
    if match is None:
        raise SettingsError(f"{token!r} is no token. A token comes from `longshore changes`; begin with {START!r}.")
    if match[1] != ledger_id:
        raise SettingsError(
            f"The token {token!r} is of another ledger (was it rebuilt?). Begin again with {START!r}: record ids "
            "tell you what you have already."
        )
    return int(match[2]), int(match[3])
