"""The values that the format modules of this package exchange: kinds, extracted texts, members.

Every format module has the same functions, as far as its format needs them:

- `recognise(text, name)`: the kind of a whole file, or None. Structure must be proved; a name alone proves nothing.
- `extract(text, raw)`: the text of one document of that kind, with its fields.
- `split(stream, ...)`: the documents in one container, in file order.

They are pure: bytes, strings and open streams in, values out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from longshore.text.extracted import Extracted

if TYPE_CHECKING:
    from longshore.records import Rejection
    from longshore.text.decode import Decoded

__all__ = ["PLAIN", "Extracted", "Kind", "Member", "NotThisKindError"]


@dataclass(frozen=True, slots=True)
class Kind:
    """The kind of document that a file is.

    media_type: the IANA type of the document, or of each document in a container. evidence: what proves it, one
    sentence. container: whether the file holds documents that become records of their own. reader: the module that
    extracts the text, where the media type does not say so: `exports`, `warc`.
    """

    media_type: str
    evidence: str
    container: bool = False
    reader: str = ""


PLAIN: Final = Kind("text/plain", "nothing in it proves another format")


@dataclass(frozen=True, slots=True)
class Member:
    """A document in a container.

    name: unique in it, normally its number from 1. raw: its own bytes; None if there are more than allowed (`size`
    says how many). decoded: its text, where the encoding was decided by the whole container and is not UTF-8; None
    if its own bytes are to be decoded. reader: as in `Kind`. metadata: fields that stand elsewhere.
    """

    name: str
    raw: bytes | None
    size: int
    media_type: str
    decoded: Decoded | None = None
    reader: str = ""
    metadata: tuple[tuple[str, str], ...] = ()


class NotThisKindError(Exception):
    """A stream that began as a container turned out not to be one; the file is what it is otherwise."""


class ContainerRejectedError(Exception):
    """A container none of whose documents can become a record, for one reason: the whole file is rejected with it."""

    def __init__(self, rejection: Rejection) -> None:
        super().__init__(rejection.detail)
        self.rejection = rejection
