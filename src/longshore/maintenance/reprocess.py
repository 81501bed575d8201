"""Reprocessing: normalise records again from their originals, and report what that changes.

1. choose    the rows that a condition selects, or that an older normaliser made
2. read      each original, in the archive, in landing or in an archive file; its SHA-256 must be the `record_id`
3. compare   old and new rows column by column, for the report
4. exchange  the parts in which a row changed, as a compaction does (`rewrite.py`)

`record_id` and the columns of the delivery (path, batch, times) stay. A row whose original is missing, or would be
rejected now, stays as it is and is listed: reprocessing never drops a record.
"""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from longshore.errors import LockHeldError, SettingsError, WarehouseError
from longshore.ingestion.originals import all_originals, originals_in, read_originals
from longshore.ingestion.project import landing_of
from longshore.ingestion.rules import RuleBook, rule_book
from longshore.ingestion.worker import normalise_members
from longshore.maintenance.rewrite import Transform, rewriting, tables_of
from longshore.maintenance.row_filter import parse_where
from longshore.records import Record
from longshore.storage.ledger.rewrites import published_places
from longshore.storage.names import printable
from longshore.storage.parquet import row_hashes
from longshore.storage.partition_swap import drop_old
from longshore.storage.schema import OF_THE_DELIVERY, PARTITION, RECORDS, renewed_table
from longshore.text.version import NORMALISER_VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator

    from longshore.documents.kinds import Member
    from longshore.ingestion.originals import Original
    from longshore.maintenance.rewrite import Rewriter
    from longshore.records import RunObserver
    from longshore.settings import Settings
    from longshore.storage.stores.interface import Landing

# Changes shown per column.
SAMPLES = 3
_SAMPLE_CHARS = 60
_LISTED = 1000


@dataclass(frozen=True, slots=True)
class Difference:
    """One value before and after, shortened to fit a line."""

    record_id: str
    source_path: str
    before: str
    after: str


@dataclass(slots=True)
class ReprocessSummary:
    """The changes of a reprocessing. `columns`: changed rows per column; `samples`: a few changes per column.

    criteria: how rows were chosen, for a person. rows_seen: among how many.
    missing: records whose original was not found. refused: records whose original would be rejected now, with reason.
    """

    dry_run: bool = False
    criteria: str = ""
    rows_seen: int = 0
    rows_chosen: int = 0
    rows_changed: int = 0
    columns: Counter[str] = field(default_factory=Counter)
    samples: dict[str, list[Difference]] = field(default_factory=dict)
    missing_rows: int = 0
    missing: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    partitions_exchanged: list[str] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return the summary as plain values, for JSON."""
        samples = {column: [asdict(one) for one in found] for column, found in self.samples.items()}
        return {
            "dry_run": self.dry_run,
            "rows_seen": self.rows_seen,
            "rows_chosen": self.rows_chosen,
            "rows_changed": self.rows_changed,
            "columns": dict(self.columns),
            "samples": samples,
            "missing_rows": self.missing_rows,
            "missing": self.missing,
            "refused": self.refused,
            "partitions_exchanged": self.partitions_exchanged,
            "skipped": self.skipped,
        }

    def for_the_ledger(self) -> dict[str, Any]:
        """Return the summary for the ledger: without the samples, whose texts may have to be forgotten."""
        return {key: value for key, value in self.to_dict().items() if key != "samples"}

    def lines(self) -> Iterator[str]:
        """Yield the lines that a person reads."""
        if not self.rows_chosen:
            none = f"none of {self.rows_seen:,} row(s) {self.criteria}" if self.rows_seen else "there are no records"
            yield f"Nothing to reprocess: {none}."
        else:
            verb = "would change" if self.dry_run else "changed"
            yield f"{self.rows_chosen:,} row(s) chosen, {self.rows_changed:,} {verb}."
        for column, count in self.columns.most_common():
            yield f"{column}: {count:,}"
            for sample in self.samples.get(column, ()):
                yield f"  {printable(sample.source_path)}: {printable(sample.before)} -> {printable(sample.after)}"
        if self.missing_rows:
            yield f"{self.missing_rows:,} original(s) are missing; their rows are unchanged:"
            yield from (f"  {one}" for one in self.missing)
        for record_id, why in self.refused.items():
            yield f"{record_id} would be rejected now, so its row is unchanged: {printable(why)}"
        for partition, why in self.skipped.items():
            yield f"{partition}: skipped. {why}"

    def miss(self, record_id: str) -> None:
        """Count a record whose original was not found; list the first ones."""
        self.missing_rows += 1
        if len(self.missing) < _LISTED:
            self.missing.append(record_id)

    def refuse(self, record_id: str, why: str) -> None:
        """List a record whose original would be rejected now, up to a limit."""
        if len(self.refused) < _LISTED:
            self.refused[record_id] = why

    def sample(self, column: str, record_id: str, path: str, before: str, after: str) -> None:
        """Add a change of a column to its samples, up to a limit."""
        samples = self.samples.setdefault(column, [])
        if len(samples) < SAMPLES:
            samples.append(Difference(record_id, path, *_excerpts(before, after)))


def _excerpts(before: str, after: str) -> tuple[str, str]:
    """Cut two values to the text around their first difference."""
    at = next((i for i, (one, other) in enumerate(zip(before, after, strict=False)) if one != other), 0)
    start = max(0, at - _SAMPLE_CHARS // 3)
    return before[start : start + _SAMPLE_CHARS], after[start : start + _SAMPLE_CHARS]


_log = logging.getLogger(__name__)

# A change of these alone is not a change for readers.
_BOOKKEEPING = frozenset({"normaliser_version"})


def reprocess_warehouse(
    settings: Settings,
    where: str | None = None,
    older_than_version: str | None = None,
    *,
    dry_run: bool = False,
    observer: RunObserver | None = None,
) -> ReprocessSummary:
    """Normalise the chosen rows again, and replace those that change.

    Args:
        settings: the current ones; new rows are made with them.
        where: a condition on the columns, as `row_filter.py` describes.
        older_than_version: only rows of a normaliser before this version. Default without `where`: the current version.
        dry_run: change nothing; return what would change.
        observer: receives a message for each partition.

    Raises:
        LockHeldError: another rewrite is at work; nothing was done.
        SettingsError: the condition or the version is invalid.
    """
    if where is None and older_than_version is None:
        older_than_version = NORMALISER_VERSION
    chosen = parse_where(where) if where else None
    if older_than_version is not None:
        _version(older_than_version)
    summary = ReprocessSummary(dry_run, _criteria(where, older_than_version))
    with (
        rewriting(settings, "reprocess", summary.for_the_ledger, dry_run=dry_run) as rewriter,
        landing_of(settings) as landing,
    ):
        for partition in rewriter.partitions():
            change = Renormalise(
                rewriter=rewriter,
                landing=landing,
                summary=summary,
                rules=rule_book(settings),
                where=chosen,
                older_than=older_than_version,
            )
            _reprocess_partition(rewriter, partition, change, summary)
            if observer is not None:
                observer.message(f"{partition}: {len(change.touched):,} row(s) changed.")
        if not dry_run:
            drop_old(rewriter.warehouse, rewriter.ledger, settings.rewrite_grace_seconds)
    return summary


def _criteria(where: str | None, older_than_version: str | None) -> str:
    older = f"is of a normaliser version before {older_than_version}"
    if older_than_version == NORMALISER_VERSION:
        older += ", the current one"
    matches = f"matches {where!r}"
    if where is None:
        return f"{older}; --where chooses rows of any version"
    return matches if older_than_version is None else f"{matches} and {older}"


def _reprocess_partition(rewriter: Rewriter, partition: str, change: Renormalise, summary: ReprocessSummary) -> None:
    groups = [[part] for part in rewriter.parts_of(partition)]
    try:
        if summary.dry_run:
            for (part,) in groups:
                for table in tables_of(rewriter.warehouse, part):
                    change.table(table, partition)
        elif rewriter.rewrite(partition, groups, change) is not None:
            summary.partitions_exchanged.append(partition)
    except (LockHeldError, WarehouseError) as error:
        summary.skipped[partition] = str(error)


@dataclass(slots=True, kw_only=True)
class Renormalise(Transform):
    """Normalise chosen rows again from their originals, and count what that changes."""

    rewriter: Rewriter
    landing: Landing
    summary: ReprocessSummary
    rules: RuleBook
    where: pc.Expression | None
    older_than: str | None
    changed: bool = False

    def table(self, table: pa.Table, partition: str) -> pa.Table:
        """Return the rows, the chosen ones normalised again."""
        self.summary.rows_seen += table.num_rows
        chosen = self._chosen(table, partition)
        if not chosen.any():
            return table
        rows = table.filter(pa.array(chosen))
        self.summary.rows_chosen += rows.num_rows
        records = self._records(rows)
        renewed = np.array([record is not None for record in records])
        if not renewed.any():
            return table
        old = rows.filter(pa.array(renewed))
        new = renewed_table(old, [record for record in records if record is not None])
        self._compare(old, new)
        untouched = rows.filter(pa.array(~renewed))
        return pa.concat_tables([table.filter(pa.array(~chosen)), untouched, new])

    def group_changed(self) -> bool:
        """Return whether any row of the part changed."""
        changed, self.changed = self.changed, False
        return changed

    def _chosen(self, table: pa.Table, partition: str) -> np.ndarray[Any, np.dtype[np.bool_]]:
        chosen = np.ones(table.num_rows, bool)
        if self.older_than is not None:
            limit = _version(self.older_than)
            older = [_version(version) < limit for version in table["normaliser_version"].to_pylist()]
            chosen &= np.array(older, bool)
        if self.where is not None:
            day = pa.scalar(partition.partition("=")[2]).cast(PARTITION.type)
            numbered = table.append_column(PARTITION, pa.repeat(day, table.num_rows)).append_column(
                "_row", pa.array(np.arange(table.num_rows))
            )
            matching = np.zeros(table.num_rows, bool)
            matching[numbered.filter(self.where)["_row"].to_numpy()] = True
            chosen &= matching
        return chosen

    def _records(self, rows: pa.Table) -> list[Record | None]:
        """Normalise the original of each row; None, and an entry in the summary, if that is impossible."""
        ledger = self.rewriter.ledger
        paths = dict(zip(rows["record_id"].to_pylist(), rows["source_path"].to_pylist(), strict=True))
        batch_nos = {batch_no for batch_no, _ in published_places(self.rewriter.ledger, paths).values()}
        records: dict[str, Record | None] = {}

        def read(originals: dict[str, list[Original]]) -> None:
            for record_id, member in read_originals(originals, self.landing, self.rules):
                records[record_id] = self._record(record_id, paths[record_id], member)

        read(originals_in(ledger, batch_nos, paths))
        lost = paths.keys() - records.keys()
        if lost:
            # This scans all deliveries.
            read(all_originals(ledger, lost))
        for record_id in sorted(lost - records.keys()):
            self.summary.miss(record_id)
        return [records.get(record_id) for record_id in paths]

    def _record(self, record_id: str, path: str, member: Member) -> Record | None:
        (result,) = normalise_members([member], [path], self.rules)
        if isinstance(result, Record):
            return result
        self.summary.refuse(record_id, f"{result.reason}: {result.detail}")
        return None

    def _compare(self, old: pa.Table, new: pa.Table) -> None:
        visible = np.zeros(old.num_rows, bool)
        for field_ in RECORDS:
            name = field_.name
            if name in OF_THE_DELIVERY:
                continue
            differs = row_hashes(old[name].combine_chunks()) != row_hashes(new[name].combine_chunks())
            if not differs.any():
                continue
            self.changed = True
            self.summary.columns[name] += int(differs.sum())
            if name not in _BOOKKEEPING:
                visible |= differs
            for row in np.flatnonzero(differs)[:SAMPLES].tolist():
                record_id, path = old["record_id"][row].as_py(), old["source_path"][row].as_py()
                self.summary.sample(name, record_id, path, str(old[name][row].as_py()), str(new[name][row].as_py()))
        self.summary.rows_changed += int(visible.sum())
        self.touched += old.filter(pa.array(visible))["record_id"].to_pylist()


def _version(text: str) -> tuple[int, ...]:
    """Parse a version such as `1` or `1.2`, so that 10 sorts after 9.

    Raises:
        SettingsError: it is not a version.
    """
    try:
        return tuple(int(number) for number in text.split("."))
    except ValueError:
        message = f"{text!r} is not a normaliser version. Use a number such as {NORMALISER_VERSION} (the current one)."
        raise SettingsError(message) from None
