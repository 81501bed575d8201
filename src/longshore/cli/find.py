"""`longshore find`: records that hold some words or match a condition, newest first. Writes nothing.

Promised: a day of records is in memory at once, never the warehouse; texts are read only where words are looked for or
shown; parts of an older schema version read with nulls in the columns that they lack.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import itertools
import re
import shutil
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
from pyarrow.fs import LocalFileSystem

from longshore.console import clipped, table
from longshore.errors import SettingsError, WarehouseError
from longshore.ingestion.project import warehouse_of
from longshore.maintenance.row_filter import parse_where
from longshore.storage.names import printable
from longshore.storage.schema import PARTITION, RECORDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from longshore.settings import Settings

SHORT_ID: Final = 12
_SHOWN: Final = ("record_id", "source_path", "title", "language", "published_date", "ingested_at")
_BEGINNING: Final = 200
# Records whose texts are read together.
_FIRST_TEXTS: Final = 100
_MORE_TEXTS: Final = 10_000
# Characters shown before the first word that was found.
_BEFORE: Final = 24
_DURATION: Final = re.compile(r"(\d{1,6})([hdw])", re.ASCII)
_HOURS: Final = {"h": 1, "d": 24, "w": 7 * 24}
_TRIES: Final = 3


@dataclass(frozen=True, slots=True)
class Search:
    """A search: words that are all in title, text or path, whatever their case; a condition; a feed; a time."""

    words: tuple[str, ...] = ()
    where: str | None = None
    feed: str | None = None
    since: dt.datetime | None = None


def find(settings: Settings, search: Search) -> Iterator[dict[str, Any]]:
    """Yield the columns of a listing for each record that matches, newest first, with an excerpt of its text.

    Raises:
        SettingsError: the condition is invalid, or the warehouse has no column `feed`.
    """
    matching, since = _filter(search), search.since
    if search.feed is not None:
        _refuse_without_feeds(settings)
    for day in days(settings, since.astimezone(dt.UTC).date() if since else None):
        yield from _found(settings, day, matching, search)


def _refuse_without_feeds(settings: Settings) -> None:
    for day in days(settings):
        with records_of(settings, day) as records:
            if any("feed" in part.physical_schema.names for part in records.get_fragments()):
                return
    raise SettingsError(
        "No record of this warehouse has the column `feed`: all are of schema version 1. Omit --feed, or run "
        "`longshore reprocess` with a version of Longshore that has feeds."
    )


def days(settings: Settings, since: dt.date | None = None) -> list[dt.date]:
    """Return the days on which records were ingested, the last one first."""
    dates = (day_of(partition) for partition in reversed(warehouse_of(settings).partitions("records")))
    return [day for day in dates if since is None or day >= since]


def day_of(part: str) -> dt.date:
    """Return the day of a partition, or of a part in it."""
    return dt.date.fromisoformat(part.partition("/")[0].partition("=")[2])


@contextlib.contextmanager
def records_of(settings: Settings, day: dt.date) -> Iterator[ds.Dataset]:
    """Open the records that were ingested on a day for a block, with the columns of this schema version."""
    warehouse, files, disk = warehouse_of(settings), ds.ParquetFileFormat(), LocalFileSystem()
    same_day = pc.field(PARTITION.name) == pa.scalar(day, PARTITION.type)
    with contextlib.ExitStack() as stack:
        fragments = [
            files.make_fragment(str(stack.enter_context(warehouse.local(f"records/{part}"))), disk, same_day)
            for part in warehouse.parts_in("records", f"{PARTITION.name}={day}")
        ]
        yield ds.FileSystemDataset(fragments, pa.schema([*RECORDS, PARTITION]), files, disk)


def table_of(settings: Settings, day: dt.date, **wanted: Any) -> pa.Table:  # noqa: ANN401 - as pyarrow
    """Read records of one day; again where a compaction replaced a part after the parts were listed.

    Raises:
        WarehouseError: a part is damaged.
    """
    for attempt in range(_TRIES):
        try:
            with records_of(settings, day) as records:
                return records.to_table(**wanted)
        except FileNotFoundError:
            if attempt == _TRIES - 1:
                raise
        except pa.ArrowInvalid as error:
            raise WarehouseError(
                f"A part of {day} is damaged ({error}). `longshore verify` lists such parts."
            ) from None
    raise AssertionError


def _filter(search: Search) -> pc.Expression | None:
    conditions = [_holds(word) for word in search.words]
    if search.where is not None:
        conditions.append(parse_where(search.where))
    if search.since is not None:
        conditions.append(pc.field("ingested_at") >= pa.scalar(search.since, RECORDS.field("ingested_at").type))
    if search.feed is not None:
        conditions.append(pc.field("feed") == search.feed)
    together = None
    for condition in conditions:
        together = condition if together is None else together & condition
    return together


def _holds(word: str) -> pc.Expression:
    columns = (pc.field("title"), pc.field("source_path"), pc.field("text"))
    title, path, text = (pc.match_substring(column, word, ignore_case=True) for column in columns)
    return title | path | text


def _found(
    settings: Settings, day: dt.date, matching: pc.Expression | None, search: Search
) -> Iterator[dict[str, Any]]:
    found = table_of(settings, day, columns=list(_SHOWN), filter=matching)
    rows = found.sort_by([("ingested_at", "descending"), ("source_path", "ascending")])
    start, size = 0, _FIRST_TEXTS
    while start < rows.num_rows:
        some = rows.slice(start, size)
        # Each slice reads the parts again, so the later ones are large; the first is all that a listing needs.
        start, size = start + size, _MORE_TEXTS
        texts = _texts(settings, day, some["record_id"])
        for row in some.to_pylist():
            yield {**row, "excerpt": excerpt(texts.get(row["record_id"], ""), search.words)}


def _texts(settings: Settings, day: dt.date, record_ids: pa.ChunkedArray) -> dict[str, str]:
    wanted = pc.field("record_id").isin(record_ids.combine_chunks())
    found = table_of(settings, day, columns=["record_id", "text"], filter=wanted)
    return dict(zip(found["record_id"].to_pylist(), found["text"].to_pylist(), strict=True))


def excerpt(text: str, words: Sequence[str]) -> str:
    """Return the text around the first of the words, or else its beginning, in one line.

    >>> excerpt("The harbour\\nwas quiet.", ["QUIET"])
    'The harbour was quiet.'
    """
    places = [found.start() for word in words if (found := re.search(re.escape(word), text, re.IGNORECASE))]
    start = max(0, min(places, default=0) - _BEFORE)
    if start:
        start = text.find(" ", start, start + _BEFORE) + 1 or start
    shown = " ".join(text[start : start + _BEGINNING].split())
    return f"…{shown}" if start else shown


def parse_since(text: str, now: dt.datetime) -> dt.datetime:
    """Parse a date (`2024-03-17`), a moment (`2024-03-17T12:00`, UTC unless it says otherwise) or a duration (`7d`).

    >>> parse_since("2h", dt.datetime(2024, 3, 17, 12, tzinfo=dt.UTC)).isoformat()
    '2024-03-17T10:00:00+00:00'

    Raises:
        SettingsError: it is none of these.
    """
    duration = _DURATION.fullmatch(text)
    try:
        if duration:
            return now - dt.timedelta(hours=int(duration[1]) * _HOURS[duration[2]])
        moment = dt.datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        raise SettingsError(
            f"--since cannot be {text!r}. Give a date such as 2024-03-17, a moment such as 2024-03-17T12:00 (UTC), or "
            "how long ago: 12h, 7d, 4w."
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)


def listing(found: Iterator[dict[str, Any]], limit: int, *, words: bool) -> Iterator[str]:
    """Yield the lines of a table of at most `limit` records (0: all), one line for each.

    words: whether words were looked for: then the excerpt is shown in place of the title.
    """
    rows = list(itertools.islice(found, limit + 1 if limit else None))
    more = bool(limit) and len(rows) > limit
    rows = rows[:limit] if limit else rows
    if not rows:
        yield "No record matches."
        return
    cells = [
        (
            row["record_id"][:SHORT_ID],
            str(row["published_date"] or ""),
            row["language"],
            printable(row["source_path"]),
            printable(row["excerpt"] if words else row["title"] or row["excerpt"]),
        )
        for row in rows
    ]
    yield from table(("record", "date", "lang", "path", "text" if words else "title"), _fitting(cells))
    if more:
        yield ""
        yield f"The newest {limit:,} are shown; `--limit 0` shows all."


def _fitting(cells: Sequence[tuple[str, ...]]) -> Sequence[tuple[str, ...]]:
    """Clip paths and texts so that each row is one line of the terminal; a pipe gets them whole."""
    if not sys.stdout.isatty():
        return cells
    width = shutil.get_terminal_size().columns
    # Record, date and language with the gaps around them.
    room = max(20, width - SHORT_ID - len("2024-03-17") - len("lang") - 8)
    path = min(max(len(row[3]) for row in cells), room * 2 // 5)
    return [(*row[:3], clipped(row[3], path), clipped(row[4], room - path)) for row in cells]
