"""Rows of data that are documents: JSON (`json_rows`) and tables (`csv_rows`), each row with a text field.

Promised: a million rows are split in memory that the largest one bounds. Each row is a document with its own bytes.
A file whose rows have no text field is rejected as a whole, with the names of its fields.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from longshore.documents import csv_rows, json_rows
from longshore.documents.kinds import NotThisKindError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

    from longshore.documents.kinds import Extracted, Kind, Member
    from longshore.records import Rejection


def recognise(text: str, name: str, text_field: str | None = None) -> Kind | None:
    """Return the kind of a file of rows, or None. Without a text field it is no container, and `extract` says why."""
    return json_rows.recognise(text, name, text_field) or csv_rows.recognise(text, name, text_field)


def split(
    stream: BinaryIO, name: str, text_field: str | None, max_member_bytes: int, declared: str | None = None
) -> Iterator[Member]:
    """Yield the documents of a file of rows, from a seekable stream that is read twice.

    declared: an encoding that the settings give for the file. Raises NotThisKindError where it is no such file, and
    ContainerRejectedError where no row has a text field.
    """
    try:
        members = json_rows.split(stream, name, text_field, max_member_bytes, declared)
        first = next(members)
    except NotThisKindError:
        yield from csv_rows.split(stream, name, text_field, max_member_bytes, declared)
        return
    yield first
    yield from members


def extract(text: str, raw: bytes, text_field: str | None = None) -> Extracted | Rejection:
    r"""Extract the text and the fields of one object or row, or say why it has none.

    raw: not looked at; the text holds all.

    >>> extract('title,text\nPier,"It was quiet, then."', b"").text
    'It was quiet, then.'
    """
    del raw
    if text.lstrip(" \t\r\n\x1e")[:1] in {"{", "["}:
        return json_rows.extract(text, text_field)
    return csv_rows.extract(text, text_field)
