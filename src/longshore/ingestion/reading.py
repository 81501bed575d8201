"""The documents in a landed file, and each document's text taken out of its format.

`members_of` splits a file: an archive into its files, a container (mailbox, JSON Lines, CSV, feed …) into its
documents, also inside an archive. That depends on bytes and names alone, so that the same members are found again
later, whatever the settings are then. `open_document` decodes a document, recognises its kind and extracts its text.
"""

from __future__ import annotations

import contextlib
import io
from dataclasses import replace
from typing import TYPE_CHECKING, BinaryIO, Final

from longshore.documents.detect import recognise
from longshore.documents.formats import (
    HEAD_BYTES,
    Options,
    extract,
    is_read_in_parts,
    kind_of_bytes,
    may_be_container,
    split,
)
from longshore.documents.kinds import ContainerRejectedError, Kind, Member, NotThisKindError
from longshore.documents.removal import documents_of
from longshore.records import Reason, Rejection
from longshore.storage.archives.members import is_archive, kind_of, may_be_archive, members, members_in, opened
from longshore.storage.names import to_source_path
from longshore.text.decode import Decoded, decode
from longshore.text.normalise import Document

if TYPE_CHECKING:
    from collections.abc import Iterator

    from longshore.documents.kinds import Extracted
    from longshore.ingestion.rules import RuleBook, Rules
    from longshore.ingestion.sidecars import Fields
    from longshore.records import LandedFile
    from longshore.storage.archives.stream import ArchiveLimits, Budget
    from longshore.storage.stores.interface import Landing

# The media type of a document whose kind is not known yet.
_UNKNOWN: Final = ""
# Of a document whose parts are decoded one by one.
_IN_PARTS: Final = Decoded("", "utf-8", "utf-8", 1.0)


def whole(raw: bytes, metadata: Fields = ()) -> Member:
    """Return a landed file as the one document that it is. metadata: of its sidecar."""
    return Member("", raw, len(raw), _UNKNOWN, metadata=metadata)


def members_of(file: LandedFile, landing: Landing, book: RuleBook, *, find: bool = False) -> Iterator[Member]:
    """Yield each document of an archive or container, in an order that is the same on every reading.

    find: to find a document by its bytes, whatever the settings were when it was ingested. Then every container is
    split, and one in an archive is yielded itself as well.

    Raises:
        NotThisKindError: it is neither, or not to be split; nothing was yielded.
        ArchiveError, MovedError, OSError: as `storage.archives.members.members`.
    """
    rules = book.of(to_source_path(file.path))
    if is_archive(file, landing):
        # A container may be larger than any document in it.
        for member in members(file, landing, replace(book.limits, max_member_bytes=book.limits.max_bytes)):
            documents: Iterator[Member] | None = None
            if member.data is not None:
                with contextlib.suppress(NotThisKindError, ContainerRejectedError):
                    documents = documents_in(io.BytesIO(member.data), member.name, book.limits, rules, find=find)
            if documents is None or find:
                data = member.data if member.size <= book.limits.max_member_bytes else None
                yield Member(member.name, data, member.size, _UNKNOWN)
            for inner in documents or ():
                yield replace(inner, name=f"{member.name}!/{inner.name}")
        return
    with opened(file, landing, (NotThisKindError, ContainerRejectedError)) as stream:
        yield from documents_in(stream, file.path, book.limits, rules, find=find)


def documents_in(
    stream: BinaryIO, path: str, limits: ArchiveLimits, rules: Rules, *, find: bool = False
) -> Iterator[Member]:
    """Return the documents of an open container; `find`: whatever `kinds` says.

    Raises:
        NotThisKindError: it is none, or not to be split.
    """
    head = stream.read(HEAD_BYTES)
    stream.seek(0)
    if not may_be_container(head):
        raise NotThisKindError
    kind, documents = split(stream, path, limits.max_member_bytes, options_of(rules))
    if not find and rules.treatment(kind.media_type) != "extract":
        raise NotThisKindError
    return documents


def options_of(rules: Rules) -> Options:
    """Return what the format modules need of the rules."""
    return Options(rules.text_field, rules.encoding, rules.html_engine)


def sources_in(stream: BinaryIO, name: str, budget: Budget, rules: Rules) -> Iterator[bytes]:
    """Yield the bytes of each document in an open archive or container, whatever `kinds` says.

    Raises:
        NotThisKindError: it is neither.
        ArchiveError: as `storage.archives.members.members`, or what the libraries raise for damaged data.
    """
    kind = kind_of(name, stream.read(HEAD_BYTES)) if may_be_archive(name) else None
    stream.seek(0)
    options = options_of(rules)
    if kind is None:
        yield from documents_of(stream.read(), name, options)
        return
    for member in members_in(stream, name, budget):
        try:
            yield from documents_of(member.data or b"", member.name, options)
        except (NotThisKindError, ContainerRejectedError):
            yield member.data or b""


def open_document(member: Member, path: str, rules: Rules) -> Document | Rejection:
    """Return a document with its text, taken out of its format, or the reason why it has none.

    member: with its bytes. path: a `source_path`. rules: of that path.
    """
    raw = member.raw or b""
    known: Kind | None
    if member.media_type:
        known = Kind(member.media_type, "it is a document of such a container", reader=member.reader)
    else:
        known = kind_of_bytes(raw)
    decoded = member.decoded
    if decoded is None:
        read = _IN_PARTS if known and is_read_in_parts(known) else decode(raw, rules.encoding)
        if isinstance(read, Rejection):
            return read
        decoded = read
    kind = known or recognise(decoded.text, path)
    treatment = rules.treatment(kind.media_type)
    if treatment == "reject":
        detail = f"It is {kind.media_type}, which `kinds` in longshore.toml rejects: {kind.evidence}."
        return Rejection(Reason.UNWANTED_KIND, detail)
    extracted: Extracted | None = None
    if (treatment == "extract" or decoded is _IN_PARTS) and not kind.container:
        found = extract(kind, decoded.text, raw, options_of(rules))
        if isinstance(found, Rejection):
            return found
        extracted = found
    metadata = rules.metadata + member.metadata
    return Document(raw, decoded, rules.policy, kind.media_type, kind.evidence, extracted, rules.feed, metadata)
