"""`longshore inspect`: each step of normalising a file, with its evidence. Writes nothing."""

from __future__ import annotations

import dataclasses
import os
import stat
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from longshore.console import clipped, table
from longshore.documents.detect import recognise
from longshore.documents.kinds import PLAIN, NotThisKindError
from longshore.errors import SettingsError
from longshore.ingestion.planning import identify_members
from longshore.ingestion.reading import members_of, open_document, whole
from longshore.ingestion.rules import RuleBook, rule_book
from longshore.ingestion.sidecars import sidecar_fields
from longshore.records import Reason, Rejection
from longshore.storage.archives.members import may_be_archive
from longshore.storage.filesystem import landed
from longshore.storage.landing import LocalLanding, MovedError
from longshore.storage.listing import is_passed_over
from longshore.storage.names import printable, to_source_path
from longshore.storage.stores.url import StoreUrl
from longshore.text.decode import decode
from longshore.text.mojibake.describe import describe_group, describe_plan
from longshore.text.mojibake.replay import replay_steps
from longshore.text.normalise import Steps, take_steps

if TYPE_CHECKING:
    from collections.abc import Iterator

    from longshore.documents.kinds import Kind, Member
    from longshore.records import LandedFile
    from longshore.settings import Settings
    from longshore.storage.stores.interface import Landing
    from longshore.text.normalise import Document

_INDENT: Final = " " * 13
_NARROWEST: Final = 40
_BAR: Final = 24
_LEAST_SHARE: Final = 0.005
_SHOWN_CANDIDATES: Final = 5
_SHOWN_ACTS: Final = 12
_SHOWN_HEADER_LINES: Final = 12
_SHOWN_FIELDS: Final = 12
# How much of a container is read to show what proves its kind.
_GLANCE_BYTES: Final = 64 * 1024 * 1024
# The characters shown before the first difference of two texts.
_BEFORE: Final = 16


def _step_lines(steps: Steps, rival: str | None, width: int, *, verbose: bool) -> Iterator[str]:
    """Yield the lines of all steps; `rival` is the text in the encoding that came second."""
    yield from _kind_lines(steps.document)
    yield from _decode_lines(steps, rival, width)
    yield from _repair_lines(steps, width, verbose=verbose)
    yield from _header_lines(steps)
    yield from _language_lines(steps)


def _kind_lines(document: Document) -> Iterator[str]:
    evidence = f"  ({document.evidence})" if document.evidence else ""
    yield f"  kind       {document.media_type}{printable(evidence)}"
    if document.extracted is not None:
        yield f"  extracted  {printable(', '.join(document.extracted.steps)) or 'nothing: it stands for itself'}"


def _decode_lines(steps: Steps, rival: str | None, width: int) -> Iterator[str]:
    decoded = steps.decoded
    yield f"  encoding   {decoded.encoding}  ({decoded.method}, confidence {decoded.confidence:.2f})"
    if len(decoded.candidates) > 1:
        for candidate in decoded.candidates[:_SHOWN_CANDIDATES]:
            if candidate.score >= _LEAST_SHARE:
                yield f"{_INDENT}{_bar(candidate.score)}  {candidate.encoding}"
    if rival is not None and decoded.runner_up:
        this, other = _excerpts(decoded.text, rival, width)
        if this != other:
            longer = max(len(decoded.encoding), len(decoded.runner_up))
            yield f"{_INDENT}{decoded.encoding:<{longer}}  {this}"
            yield f"{_INDENT}{decoded.runner_up:<{longer}}  {other}"


def _repair_lines(steps: Steps, width: int, *, verbose: bool) -> Iterator[str]:
    repaired = steps.repaired
    if not repaired.repairs:
        yield "  repairs    none"
        return
    before = steps.document.text
    for index, (after, act) in enumerate(islice(replay_steps(before, repaired.repairs), _SHOWN_ACTS)):
        yield f"  {'repairs' if index == 0 else '':<9}  {printable(describe_group(act.split()))}"
        if verbose:
            yield f"{_INDENT}plan    {act}"
        was, became = _excerpts(before, after, width)
        if was != became:
            yield f"{_INDENT}before  {was}"
            yield f"{_INDENT}after   {became}"
        before = after
    if before != repaired.text:
        yield f"{_INDENT}… and more repairs"


def _header_lines(steps: Steps) -> Iterator[str]:
    header = steps.header
    if header.header is not None:
        where = "at the top" if not header.header_start else f"after character {header.header_start}"
        shown = header.header.strip("\n").split("\n")
        yield f"  header     {where}:"
        for line in shown[:_SHOWN_HEADER_LINES]:
            yield f"           > {printable(line)}"
        if len(shown) > _SHOWN_HEADER_LINES:
            yield f"{_INDENT}… {len(shown) - _SHOWN_HEADER_LINES} more lines"
    else:
        yield "  header     none"
    if header.published_date or header.date_status != "none":
        precision = f", to the {header.date_precision}" if header.date_precision else ""
        moment = f"  {header.published_at:%Y-%m-%d %H:%M:%S} UTC" if header.published_at else ""
        yield f"  date       {header.published_date or 'unknown'}  ({header.date_status}{precision}){moment}"
    if header.title:
        yield f"  title      {printable(header.title)}"
    fields = dict(steps.document.metadata) | header.metadata
    for index, (name, value) in enumerate(islice(fields.items(), _SHOWN_FIELDS)):
        yield f"  {'' if index else 'fields':<9}  {printable(name)}: {printable(value[:400])}"
    if len(fields) > _SHOWN_FIELDS:
        yield f"{_INDENT}… {len(fields) - _SHOWN_FIELDS} more fields"


def _language_lines(steps: Steps) -> Iterator[str]:
    language = steps.language
    name = "und (not known)" if language.language == "und" else language.language
    yield f"  language   {name}  (script {language.script or 'unknown'}, confidence {language.confidence:.2f})"
    for candidate in language.candidates:
        if candidate.confidence >= _LEAST_SHARE:
            yield f"{_INDENT}{_bar(candidate.confidence)}  {candidate.language}"
    body = steps.header.body
    first = next((line for line in body.split("\n") if line.strip()), "")
    counted = "1 character" if len(body) == 1 else f"{len(body):,} characters"
    yield f"  text       {counted}: {printable(first[:400])}"


def _bar(share: float) -> str:
    return f"{'█' * max(1, round(share * _BAR)):<{_BAR}} {share:5.2f}"


def _excerpts(before: str, after: str, length: int) -> tuple[str, str]:
    """Return both texts around their first difference; line ends do not count."""
    before = before.replace("\r\n", "\n").replace("\r", "\n")
    start = next(
        (i for i, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), min(len(before), len(after))
    )
    start = max(0, start - _BEFORE)
    return printable(before[start : start + length]), printable(after[start : start + length])


# The documents of a folder that a terminal shows.
_MOST_ROWS: Final = 100
# The documents of an archive that a terminal shows.
SHOWN_OF_AN_ARCHIVE = 20


@dataclass(frozen=True, slots=True)
class Inspection:
    """The steps of one document.

    rival: its text in the encoding that came second, if that was close. feed: why its feed was chosen.
    """

    path: str
    size: int
    result: Steps | Rejection
    rival: str | None = None
    feed: str = ""

    def lines(self, width: int = 100, *, verbose: bool = False) -> Iterator[str]:
        """Yield the lines for a person, at most `width` columns wide; `verbose`: with the repair plan."""
        yield f"{printable(self.path)}  ({self.size:,} bytes)"
        if isinstance(self.result, Rejection):
            yield f"  rejected   {self.result.reason}: {printable(self.result.detail)}"
        else:
            if self.feed:
                yield f"  feed       {printable(self.result.document.feed or '')}: {printable(self.feed)}"
            width = max(width, _NARROWEST)
            lines = _step_lines(self.result, self.rival, width, verbose=verbose)
            yield from (clipped(line, width) for line in lines)
        yield ""

    def row(self, folder: Path) -> tuple[str, ...]:
        """Return the cells of the table of a folder, as a dry run has them."""
        path = os.path.relpath(self.path, folder)
        if isinstance(self.result, Rejection):
            return (path, "rejected", "", "", "", f"{self.result.reason}: {self.result.detail}")
        steps = self.result
        date = str(
            steps.header.published_date or ("" if steps.header.date_status == "none" else steps.header.date_status)
        )
        repairs = ", ".join(describe_plan(steps.repaired.repairs))
        return (path, "published", steps.language.language, date, steps.decoded.encoding, repairs)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, for JSON."""
        found: dict[str, Any] = {"path": to_source_path(self.path), "bytes": self.size}
        if isinstance(self.result, Rejection):
            return {**found, "rejected": {"reason": self.result.reason.value, "detail": self.result.detail}}
        steps = self.result
        document = steps.document
        return {
            **found,
            "feed": document.feed,
            "media_type": document.media_type,
            "evidence": document.evidence,
            "extraction": list(document.extracted.steps) if document.extracted else [],
            "metadata": dict(document.metadata) | steps.header.metadata,
            "decode": _without(steps.decoded, "text"),
            "repair": _without(steps.repaired, "text"),
            "header": _without(steps.header, "body", "metadata"),
            "language": _without(steps.language),
            "text": steps.header.body,
        }


@dataclass(frozen=True, slots=True)
class Unshown:
    """The number of documents in an archive that are not shown."""

    path: str
    documents: int

    def lines(self, _width: int = 100, *, verbose: bool = False) -> Iterator[str]:
        """Yield the lines for a person."""
        del verbose
        yield f"… and {self.documents:,} more in {printable(self.path)}"
        yield ""


def files_below(folder: Path, settings: Settings) -> Iterator[Path]:
    """Yield the regular files below a folder in order, without those whose names an ingest ignores."""
    for here, folders, names in os.walk(folder):
        inside = os.path.relpath(here, folder)

        def is_wanted(name: str, inside: str = inside) -> bool:
            path = name if inside == "." else f"{inside}/{name}"
            return not is_passed_over(path, name, take_underscored=settings.take_underscored)

        folders[:] = sorted(filter(is_wanted, folders))
        yield from (path for name in sorted(filter(is_wanted, names)) if (path := Path(here, name)).is_file())


def folder_table(folder: Path, settings: Settings) -> Iterator[str]:
    """Yield a table of the documents below a folder, or of the first of them: what an ingest would make of each."""
    found = (one for path in files_below(folder, settings) for one in inspect_path(path, settings))
    rows = [one.row(folder) for one in islice(found, _MOST_ROWS + 1) if isinstance(one, Inspection)]
    if not rows:
        yield f"{printable(str(folder))} holds no file that an ingest would take."
        return
    head = ("document", "would be", "language", "date", "encoding", "what would be done")
    yield from table(head, rows[:_MOST_ROWS])
    if len(rows) > _MOST_ROWS:
        yield f"… and more. Name a file or a folder below {printable(str(folder))}, or use --json for all."


@dataclass(frozen=True, slots=True)
class Contents:
    """The number of documents in a container, and what proves its kind."""

    path: str
    documents: int
    kind: Kind

    def lines(self, width: int = 100, *, verbose: bool = False) -> Iterator[str]:
        """Yield the lines for a person."""
        del verbose
        yield f"{printable(self.path)}  ({self.documents:,} documents)"
        yield clipped(f"  kind       {self.kind.media_type}  ({printable(self.kind.evidence)})", width)
        yield ""


def _contents(path: Path, documents: int) -> Contents:
    with path.open("rb") as file:
        decoded = decode(file.read(_GLANCE_BYTES))
    kind = PLAIN if isinstance(decoded, Rejection) else recognise(decoded.text, path.name)
    return Contents(str(path), documents, kind)


def inspect_path(path: Path, settings: Settings, most: int | None = None) -> Iterator[Inspection | Contents | Unshown]:
    """Yield the steps of normalising for a file anywhere on the disk, or for each document in an archive.

    Args:
        path: of the file; a link is followed.
        settings: of the project.
        most: documents of an archive; None: all.

    Raises:
        SettingsError: there is no such regular file, it may not be read, or it is larger than `max_file_bytes`.
    """
    if not path.is_file():
        yield inspect_file(path, settings)
        return
    real = Path(os.path.realpath(path))
    try:
        with LocalLanding(real.parent) as landing:
            file = landed(real.name, real.stat())
            rules = rule_book(settings).of(to_source_path(_landed_path(path, settings)))
            book = RuleBook(settings.limits_of_archives, rules)
            try:
                deliveries = identify_members(file, landing, settings, book)
            except NotThisKindError:
                yield inspect_file(path, settings)
                return
            if len(deliveries) == 1:
                refused = deliveries[0]
                yield Inspection(str(path), file.size, Rejection(Reason(refused.reason or ""), refused.detail or ""))
            else:
                if most is not None and not may_be_archive(path.name):
                    yield _contents(path, len(deliveries) - 1)
                yield from _inspect_members(path, file, landing, settings, book, most)
    except MovedError as moved:
        raise SettingsError(f"{printable(str(path))} cannot be read: {moved}.") from None
    except OSError as error:
        raise SettingsError(f"{printable(str(path))} cannot be read: {error.strerror}.") from None


def _inspect_members(
    path: Path, file: LandedFile, landing: Landing, settings: Settings, book: RuleBook, most: int | None
) -> Iterator[Inspection | Unshown]:
    hidden = 0
    for number, member in enumerate(members_of(file, landing, book)):
        name = f"{path}!/{member.name}"
        if most is not None and number >= most:
            hidden += 1
        elif member.raw is None:
            detail = f"It is larger than `max_file_bytes` ({settings.max_file_bytes:,} bytes)."
            yield Inspection(name, member.size, Rejection(Reason.TOO_LARGE, detail))
        else:
            yield _inspect_member(name, f"{_landed_path(path, settings)}!/{member.name}", member, settings)
    if hidden:
        yield Unshown(str(path), hidden)


def inspect_file(path: Path, settings: Settings) -> Inspection:
    """Return the steps of normalising for one file that is no archive.

    Raises:
        SettingsError: as `inspect_path`.
    """
    shown = printable(str(path))
    if path.is_dir():
        raise SettingsError(f"{shown} is a folder. Name a file in it.")
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(fd, "rb") as file:
            found = os.fstat(fd)
            if not stat.S_ISREG(found.st_mode):
                raise SettingsError(f"{shown} is not a regular file. Name a text file.")
            if found.st_size > settings.max_file_bytes:
                limit = f"`max_file_bytes` ({settings.max_file_bytes:,} bytes)"
                raise SettingsError(f"{shown} is larger than {limit}. It would be rejected as TOO_LARGE.")
            raw = file.read()
    except OSError as error:
        raise SettingsError(f"{shown} cannot be read: {error.strerror}.") from None
    return _inspect_member(str(path), _landed_path(path, settings), _whole(path, raw, settings), settings)


def _whole(path: Path, raw: bytes, settings: Settings) -> Member:
    landed_path, book = to_source_path(_landed_path(path, settings)), rule_book(settings)
    if not book.of(landed_path).sidecar:
        return whole(raw)
    with LocalLanding(path.parent) as beside:
        return whole(raw, sidecar_fields(path.name, beside, book.of(landed_path)))


def _inspect_member(shown: str, landed_path: str, member: Member, settings: Settings) -> Inspection:
    path = to_source_path(landed_path)
    rules = rule_book(settings).of(path)
    document = open_document(member, path, rules)
    if isinstance(document, Rejection):
        return Inspection(shown, member.size, document)
    (steps,) = take_steps([document])
    return Inspection(shown, member.size, steps, _rival(member.raw or b"", steps), rules.why)


def _landed_path(path: Path, settings: Settings) -> str:
    """Return the path of a file below landing/, or its name if it is elsewhere."""
    if isinstance(settings.landing, StoreUrl):
        return path.name
    below = os.path.relpath(path, settings.landing)
    return path.name if below.startswith("..") else below


def _rival(raw: bytes, steps: Steps) -> str | None:
    """Return the text in the encoding that came second; None if none was close, or it cannot read the bytes."""
    if not steps.decoded.runner_up:
        return None
    from longshore.text.encodings.charsets import reader_of  # noqa: PLC0415 - NumPy only where needed

    try:
        return reader_of(steps.decoded.runner_up)[1](raw)
    except (LookupError, UnicodeDecodeError):
        return None


def _without(receipt: Any, *names: str) -> dict[str, Any]:  # noqa: ANN401 - any of the frozen receipts
    return {key: value for key, value in dataclasses.asdict(receipt).items() if key not in names}
