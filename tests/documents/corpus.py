"""The shape of the generated corpora: files with what is true of them. Each kind has a module `corpus_*.py`."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Truth:
    """One document: its body, and the title, date (ISO 8601, as far as known) and fields that the format carries."""

    body: str
    title: str | None = None
    date: str | None = None
    metadata: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Sample:
    """A file: its name, its bytes, the media type of its documents, and those documents in their order."""

    name: str
    raw: bytes
    media_type: str
    documents: tuple[Truth, ...]
    container: bool = False
