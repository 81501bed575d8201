"""Removal of documents from a container, for `forget`.

Promised: every other document is in the new container, in the old order and with its bytes; if that cannot be done
nothing is returned. It is proved by splitting the new container.
"""

from __future__ import annotations

import hashlib
import io
import re
from collections import Counter
from typing import TYPE_CHECKING, Final

from longshore.documents.formats import split
from longshore.documents.kinds import NotThisKindError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from longshore.documents.formats import Options

_Span = tuple[int, int]
_COMMA_AFTER: Final = re.compile(rb"\s*,\s*")
_COMMA_BEFORE: Final = re.compile(rb"\s*,\s*\Z")
_LONGEST_GAP: Final = 4096


class NotRemovableError(Exception):
    """The container would not hold the other documents any more."""


def documents_of(data: bytes, name: str, options: Options) -> Iterator[bytes]:
    """Yield the bytes of each document; raise NotThisKindError where it is no container."""
    _, members = split(io.BytesIO(data), name, len(data), options)
    return (member.raw or b"" for member in members)


def without(data: bytes, name: str, gone: Collection[str], options: Options) -> bytes:
    """Return a container without the documents whose SHA-256 is in `gone`, and no bytes if none is left.

    What is no container, or holds none of them, is returned as the object that it is.

    Raises:
        NotRemovableError: the rest cannot be kept as it is.
    """
    try:
        raws = list(documents_of(data, name, options))
    except NotThisKindError:
        return data
    ids = [hashlib.sha256(raw).hexdigest() for raw in raws]
    wanted = Counter(record_id for record_id in ids if record_id not in gone)
    if sum(wanted.values()) == len(ids):
        return data
    if not wanted:
        return b""
    spans = [span for span, record_id in zip(_spans(data, raws), ids, strict=True) if record_id in gone]
    for widen in (_as_it_is, _with_a_comma, _with_the_line_before):
        shorter = data
        for span in reversed(spans):
            start, end = widen(shorter, span)
            shorter = shorter[:start] + shorter[end:]
        try:
            left = Counter(hashlib.sha256(raw).hexdigest() for raw in documents_of(shorter, name, options))
        except NotThisKindError:
            continue
        if left == wanted:
            return shorter
    raise NotRemovableError("its other documents could not be kept as they are")


def _spans(data: bytes, raws: list[bytes]) -> Iterator[_Span]:
    """Yield where each document stands in its container."""
    at = 0
    for raw in raws:
        own = raw
        start = data.find(own, at)
        if start < 0:
            # A row comes with the header of its table.
            own = raw.partition(_line_end(raw))[2]
            start = data.find(own, at) if own else -1
        if start < 0:
            raise NotRemovableError("its documents do not stand in it as they are")
        at = start + len(own)
        yield start, at


def _line_end(raw: bytes) -> bytes:
    if raw[1:2] == b"\0":
        return b"\n\0"
    return b"\0\n" if raw[:1] == b"\0" else b"\n"


def _as_it_is(_data: bytes, span: _Span) -> _Span:
    return span


def _with_a_comma(data: bytes, span: _Span) -> _Span:
    start, end = span
    if after := _COMMA_AFTER.match(data, end, end + _LONGEST_GAP):
        return start, after.end()
    begin = max(0, start - _LONGEST_GAP)
    before = _COMMA_BEFORE.search(data[begin:start])
    return (begin + before.start() if before else start), end


def _with_the_line_before(data: bytes, span: _Span) -> _Span:
    start, end = span
    line_end = data.rfind(b"\n", 0, start)
    return data.rfind(b"\n", 0, max(line_end, 0)) + 1, end
