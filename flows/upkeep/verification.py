"""What a verification found: disagreements, for a person and for JSON."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from flows.storage.names import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

# A batch of a folder that is wholly wrong must not make a report of gigabytes.
_LISTED = 1000


@dataclass(frozen=True, slots=True)
class Disagreement:
    """One thing that is not as it should be: what kind, where, and what was seen, as a sentence."""

    kind: str
    place: str
    sentence: str


@dataclass(slots=True)
class Verification:
    """What `verify` found. `repaired`: what `--repair` did before it was looked at again."""

    parts: int = 0
    records: int = 0
    originals: int = 0
    disagreements: list[Disagreement] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    repaired: list[str] = field(default_factory=list)

    def add(self, kind: str, place: str, sentence: str) -> None:
        """Keep a disagreement."""
        self.disagreements.append(Disagreement(kind, place, sentence))

    def lines(self) -> Iterator[str]:
        """Give the lines that a person reads; names from outside are escaped."""
        yield from (printable(f"Repaired: {sentence}") for sentence in self.repaired)
        yield from map(printable, self.notes)
        for one in self.disagreements[:_LISTED]:
            yield printable(f"{one.kind}  {one.place}: {one.sentence}")
        if len(self.disagreements) > _LISTED:
            yield f"… and {len(self.disagreements) - _LISTED:,} more."
        counts = f"{self.records:,} record(s) in {self.parts:,} part(s), {self.originals:,} original(s)"
        if self.disagreements:
            yield f"{len(self.disagreements):,} disagreement(s); {counts}."
        else:
            yield f"All agree: {counts}."

    def to_dict(self) -> dict[str, Any]:
        """Give it as plain values, for JSON."""
        return {
            "agree": not self.disagreements,
            "parts": self.parts,
            "records": self.records,
            "originals": self.originals,
            "disagreements": [
                {"kind": one.kind, "place": one.place, "sentence": one.sentence} for one in self.disagreements
            ],
            "notes": self.notes,
            "repaired": self.repaired,
        }


def as_json(found: Verification) -> str:
    """Give what was found as one JSON object."""
    return json.dumps(found.to_dict(), ensure_ascii=True, indent=2)
