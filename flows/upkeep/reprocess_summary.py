"""What a reprocessing changes, in counts and a few samples: for a person before anything is replaced, and for JSON."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from flows.storage.names import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

# Of each column, so many changes are shown.
SAMPLES = 3
_SAMPLE_CHARS = 60
_LISTED = 1000


@dataclass(frozen=True, slots=True)
class Difference:
    """One value before and after, cut to what a line holds."""

    record_id: str
    source_path: str
    before: str
    after: str


@dataclass(slots=True)
class ReprocessSummary:
    """What a reprocessing changes. `columns`: in how many rows; `samples`: a few of each.

    missing: records whose original was not found. refused: records whose original would be rejected now, and why.
    """

    dry_run: bool = False
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
        """Give the summary as plain values, for JSON."""
        samples = {column: [asdict(one) for one in found] for column, found in self.samples.items()}
        return {
            "dry_run": self.dry_run,
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
        """Give what is written down for good: all but the samples, which hold texts that may have to be forgotten."""
        return {key: value for key, value in self.to_dict().items() if key != "samples"}

    def lines(self) -> Iterator[str]:
        """Give the lines that a person reads."""
        verb = "would change" if self.dry_run else "changed"
        yield f"{self.rows_chosen:,} row(s) chosen, {self.rows_changed:,} {verb}."
        for column, count in self.columns.most_common():
            yield f"{column}: {count:,}"
            for sample in self.samples.get(column, ()):
                yield f"  {printable(sample.source_path)}: {printable(sample.before)} -> {printable(sample.after)}"
        if self.missing_rows:
            yield f"{self.missing_rows:,} original(s) are missing; their rows stay as they are:"
            yield from (f"  {one}" for one in self.missing)
        for record_id, why in self.refused.items():
            yield f"{record_id} would be rejected now, and stays as it is: {printable(why)}"
        for partition, why in self.skipped.items():
            yield f"{partition}: left as it is. {why}"

    def miss(self, record_id: str) -> None:
        """Count a record whose original was not found, and list it while the list is short."""
        self.missing_rows += 1
        if len(self.missing) < _LISTED:
            self.missing.append(record_id)

    def refuse(self, record_id: str, why: str) -> None:
        """List a record whose original would be rejected now, while the list is short."""
        if len(self.refused) < _LISTED:
            self.refused[record_id] = why

    def sample(self, column: str, record_id: str, path: str, before: str, after: str) -> None:
        """Keep one change of a column to show, where there are not enough of them yet."""
        samples = self.samples.setdefault(column, [])
        if len(samples) < SAMPLES:
            samples.append(Difference(record_id, path, *_where_they_part(before, after)))


def _where_they_part(before: str, after: str) -> tuple[str, str]:
    """Cut two values to the place where they begin to differ."""
    at = next((i for i, (one, other) in enumerate(zip(before, after, strict=False)) if one != other), 0)
    start = max(0, at - _SAMPLE_CHARS // 3)
    return before[start : start + _SAMPLE_CHARS], after[start : start + _SAMPLE_CHARS]
