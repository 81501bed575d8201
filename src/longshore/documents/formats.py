"""The one place that knows every format: which are containers, and what takes the text out of each kind.

A new format gets a module beside this one, a line in `detect.RECOGNISERS`, and a line in one of the tables here.
"""

from __future__ import annotations

import codecs
from itertools import chain
from typing import TYPE_CHECKING, BinaryIO, Final, NamedTuple, TypeAlias

from longshore.documents import (
    csv_rows,
    exports,
    json_rows,
    mail,
    mbox,
    rows,
    rtf,
    subtitles,
    syndication,
    warc,
    web_page,
)
from longshore.documents.kinds import Extracted, Kind, NotThisKindError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from longshore.documents.kinds import Member
    from longshore.records import Rejection

# How much of a file is read to decide whether it may hold several documents.
HEAD_BYTES: Final = 4096
_MAILBOX_NAMES: Final = (".mbox", ".mbx", "mbox")
_MARKS: Final = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


class Options(NamedTuple):
    """The settings that say how documents are read.

    text_field: the field that holds the text in JSON and CSV. encoding: the declared one. html_engine: what finds the
    main content of a web page.
    """

    text_field: str | None = None
    encoding: str | None = None
    html_engine: web_page.Engine = "resiliparse"


_Split: TypeAlias = "Callable[[BinaryIO, str, int, Options], Iterator[Member]]"
_Extract: TypeAlias = "Callable[[str, bytes, Options], Extracted | Rejection | None]"


class _Container(NamedTuple):
    """A format that holds several documents.

    may_begin: whether a text may begin so; cheap, and right about every container. split: see `split` below.
    media_type: of the container; empty: that of its documents.
    """

    may_begin: Callable[[str], bool]
    split: _Split
    media_type: str = ""


def _split_rows(stream: BinaryIO, name: str, max_member_bytes: int, options: Options) -> Iterator[Member]:
    return rows.split(stream, name, options.text_field, max_member_bytes, options.encoding)


def _by_encoding(split: Callable[[BinaryIO, str, int, str | None], Iterator[Member]]) -> _Split:
    """Return the splitter of a format that needs the declared encoding and no other option."""
    return lambda stream, name, max_member_bytes, options: split(stream, name, max_member_bytes, options.encoding)


def _split_mailbox(stream: BinaryIO, name: str, max_member_bytes: int, options: Options) -> Iterator[Member]:
    """Yield the messages; a single one below its line of a mailbox is a mailbox only if the file is named so."""
    del options
    messages = mbox.split(stream, max_member_bytes)
    first = next(messages)
    second = next(messages, None)
    if second is None and not name.lower().endswith(_MAILBOX_NAMES):
        raise NotThisKindError
    yield from chain([first], [second] if second else [], messages)


def _split_web_archive(stream: BinaryIO, name: str, max_member_bytes: int, options: Options) -> Iterator[Member]:
    del options
    return warc.split(stream, name, max_member_bytes)


_CONTAINERS: Final = (
    _Container(mbox.may_begin, _split_mailbox, "application/mbox"),
    _Container(warc.may_begin, _split_web_archive, warc.MEDIA_TYPE),
    _Container(syndication.may_begin, _by_encoding(syndication.split)),
    _Container(json_rows.may_begin, _split_rows),
    _Container(csv_rows.may_begin, _split_rows),
    _Container(exports.may_begin, _by_encoding(exports.split)),
)


def _extract_row(text: str, raw: bytes, options: Options) -> Extracted | Rejection:
    return rows.extract(text, raw, options.text_field)


def _by_itself(extract: Callable[[str, bytes], Extracted | Rejection]) -> _Extract:
    """Return the extractor of a format that needs no option."""
    return lambda text, raw, _: extract(text, raw)


def _extract_page(text: str, raw: bytes, options: Options) -> Extracted:
    return web_page.extract(text, raw, options.html_engine)


def _extract_record(text: str, raw: bytes, options: Options) -> Extracted | Rejection:
    del text
    return warc.extract(raw, lambda page: web_page.extract(page, b"", options.html_engine))


def _extract_message(text: str, raw: bytes, options: Options) -> Extracted | None:
    del options
    message = mail.extract(text, raw)
    return message if message.steps else None


# By the reader that a container names for its documents, else by their media type.
_EXTRACTORS: Final[dict[str, _Extract]] = {
    "application/json": _extract_row,
    "text/csv": _extract_row,
    "text/tab-separated-values": _extract_row,
    syndication.RSS: _by_itself(syndication.extract),
    syndication.ATOM: _by_itself(syndication.extract),
    subtitles.SUBRIP: _by_itself(subtitles.extract),
    subtitles.WEB_VTT: _by_itself(subtitles.extract),
    exports.READER: _by_itself(exports.extract),
    warc.READER: _extract_record,
    rtf.MEDIA_TYPE: _by_itself(rtf.extract),
    "message/rfc822": _extract_message,
    "multipart/related": _extract_message,
    "text/html": _extract_page,
    "application/xhtml+xml": _extract_page,
}


def may_be_container(head: bytes) -> bool:
    """Return whether a file that begins with these bytes may hold several documents."""
    text = _decoded(head)
    return any(container.may_begin(text) for container in _CONTAINERS)


def _decoded(head: bytes) -> str:
    """Decode the head of a file well enough to see signs of ASCII."""
    for mark, codec in _MARKS:
        if head.startswith(mark):
            return head[len(mark) :].decode(codec, "replace")
    if head[1:2] == b"\0":
        return head.decode("utf-16-le", "replace")
    return head.decode("latin-1")


def split(stream: BinaryIO, name: str, max_member_bytes: int, options: Options) -> tuple[Kind, Iterator[Member]]:
    """Return the kind of a container, and its documents in file order.

    Args:
        stream: seekable; it is read more than once.
        name: of the file.
        max_member_bytes: a larger document is a member without its bytes.
        options: of the file.

    Raises:
        NotThisKindError: it is no container.
        ContainerRejectedError: it is one, and none of its documents can become a record.
    """
    text = _decoded(stream.read(HEAD_BYTES))
    for container in _CONTAINERS:
        if container.may_begin(text):
            stream.seek(0)
            documents = container.split(stream, name, max_member_bytes, options)
            try:
                first = next(documents)
            except NotThisKindError:
                continue
            return Kind(container.media_type or first.media_type, "", container=True), chain([first], documents)
    raise NotThisKindError


def kind_of_bytes(raw: bytes) -> Kind | None:
    """Return the kind of a document whose bytes no one encoding reads, because its parts have their own."""
    return rtf.recognise(raw.decode("latin-1"), "") if raw.startswith(rtf.BEGINNING) else None


def is_read_in_parts(kind: Kind) -> bool:
    """Return whether the parts of a document are decoded one by one."""
    return kind.reader == warc.READER or kind.media_type == rtf.MEDIA_TYPE


def extract(kind: Kind, text: str, raw: bytes, options: Options) -> Extracted | Rejection | None:
    """Return the text of a document taken out of its format; None if the text stands for itself."""
    extractor = _EXTRACTORS.get(kind.reader or kind.media_type)
    return None if extractor is None else extractor(text, raw, options)
