"""The order of the steps that turn the bytes of a file into a record.

1. decode    bytes to text, with the receipt
2. repair    mojibake first: a damaged month name must be read right
3. header    date, title, body; a document taken out of a format brings its own
4. language  of the body alone, so that headers do not sway it
5. count     characters, words, lines

Between 1 and 2 `documents/` takes the text out of its format, where it has one: escapes hide mojibake.

Many sources go through a step together before any goes through the next: a step's tables then stay in the
processor's cache, which saves a sixth of the time. No answer depends on what else is in progress.

Out of scope: where the bytes came from, when, and where the record goes.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from longshore.records import Reason, Record, Rejection
from longshore.text.counts import Counts, count
from longshore.text.decode import Decoded, decode
from longshore.text.extracted import bounded_metadata
from longshore.text.header import Header, carried_header, split_header
from longshore.text.language import Language, detect_language, settle_tie
from longshore.text.policy import TextPolicy
from longshore.text.repair import Repaired, repair
from longshore.text.version import NORMALISER_VERSION

if TYPE_CHECKING:
    from collections.abc import Sequence

    from longshore.text.extracted import Extracted

# A wrong language here would be a wrong date.
_SURE_OF_LANGUAGE: Final = 0.9


_DEFAULT: Final = TextPolicy()


@dataclass(frozen=True, slots=True)
class Document:
    """One document to normalise: its bytes, their text, and what its format and its feed say of it.

    evidence: what proves its media type. extracted: what was taken out of its format; None for a text that stands for
    itself. metadata: what is known of it from outside.
    """

    raw: bytes
    decoded: Decoded
    policy: TextPolicy = _DEFAULT
    media_type: str = "text/plain"
    evidence: str = ""
    extracted: Extracted | None = None
    feed: str | None = None
    metadata: tuple[tuple[str, str], ...] = ()

    @property
    def text(self) -> str:
        """The text before repair."""
        return self.decoded.text if self.extracted is None else self.extracted.text


@dataclass(frozen=True, slots=True)
class Steps:
    """The result of each step for one document."""

    document: Document
    decoded: Decoded
    repaired: Repaired
    header: Header
    language: Language
    counts: Counts


def normalise(raw: bytes, policy: TextPolicy | None = None, declared_encoding: str | None = None) -> Record | Rejection:
    """Turn the bytes of one text into its record, or say why that cannot be done.

    Total: any bytes give one or the other. Deterministic: the same bytes, policy and version give the same
    record on any machine.

    >>> normalise(b" date 2024-03-17 \\n\\n\\nThe harbour was quiet.").published_date
    datetime.date(2024, 3, 17)
    """
    decoded = decode(raw, declared_encoding)
    if isinstance(decoded, Rejection):
        return decoded
    return normalise_together([Document(raw, decoded, policy or _DEFAULT)])[0]


def normalise_together(documents: Sequence[Document]) -> list[Record | Rejection]:
    """Return the record of each document, in their order, sooner than one after the other."""
    return [record_of(steps) for steps in take_steps(documents)]


def take_steps(documents: Sequence[Document]) -> list[Steps]:
    """Run the steps in order and return what each said of each document; `longshore inspect` shows it."""
    repaired = [repair(document.text, document.policy.repair) for document in documents]
    headers = [_header(document, one) for document, one in zip(documents, repaired, strict=True)]
    languages = [
        settle_tie(detect_language(header.body), document.policy.languages)
        for document, header in zip(documents, headers, strict=True)
    ]
    counts = [count(header.body) for header in headers]
    decodings = [(d.extracted.decoded if d.extracted else None) or d.decoded for d in documents]
    return list(map(Steps, documents, decodings, repaired, headers, languages, counts))


def _header(document: Document, repaired: Repaired) -> Header:
    """Split the header off a text, or return the one that the format carries."""
    policy, extracted = document.policy, document.extracted

    def language_of(body: str) -> str:
        return _surely(detect_language(body))

    if extracted is None:
        return split_header(repaired.text, policy.date_order, language_of)
    title = _line(extracted.title, policy) if extracted.title else None
    metadata = {name: _line(value, policy) for name, value in extracted.metadata.items()}
    return carried_header(repaired.text, title, extracted.date, metadata, policy.date_order, language_of)


def _line(value: str, policy: TextPolicy) -> str:
    return value if value.isascii() else repair(value, policy.repair).text


def record_of(steps: Steps) -> Record | Rejection:
    """Return the record of a document, or the rejection of one whose format held no text."""
    document, decoded, header = steps.document, steps.decoded, steps.header
    language, counts = steps.language, steps.counts
    if not header.body:
        return Rejection(Reason.EMPTY, f"It is {document.media_type} without any text in it.")
    metadata = header.metadata
    if document.metadata:
        metadata = bounded_metadata(dict(document.metadata) | metadata)
    raw = document.raw
    return Record(
        record_id=hashlib.sha256(raw).hexdigest(),
        source_bytes=len(raw),
        feed=document.feed,
        media_type=document.media_type,
        extraction=document.extracted.steps if document.extracted else (),
        text=header.body,
        title=header.title,
        published_date=header.published_date,
        published_at=header.published_at,
        date_status=header.date_status,
        date_precision=header.date_precision,
        header=header.header,
        header_start=header.header_start,
        metadata=metadata,
        language=language.language,
        script=language.script,
        language_confidence=language.confidence,
        language_candidates=language.candidates,
        encoding=decoded.encoding,
        encoding_method=decoded.method,
        encoding_confidence=decoded.confidence,
        encoding_runner_up=decoded.runner_up,
        replacement_chars=header.body.count("�"),
        repairs=steps.repaired.repairs,
        text_sha256=hashlib.sha256(header.body.encode("utf-8", "surrogatepass")).hexdigest(),
        char_count=counts.chars,
        word_count=counts.words,
        line_count=counts.lines,
        normaliser_version=NORMALISER_VERSION,
    )


def _surely(language: Language) -> str:
    """Return a language that may settle which number is the month, or `und` where it is not sure enough for that."""
    return language.language if language.confidence >= _SURE_OF_LANGUAGE else "und"
