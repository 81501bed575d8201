"""`longshore show`: one record with its receipt, header, metadata and text. Writes nothing."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import re
import shlex
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pyarrow.compute as pc

from longshore.cli.find import SHORT_ID, day_of, days, table_of
from longshore.console import has_colour, painted
from longshore.errors import SettingsError
from longshore.ingestion.project import ledger_if_any
from longshore.records import Outcome
from longshore.storage.ledger.queries import deliveries_of_path, ids_with_prefix
from longshore.storage.ledger.rewrites import published_places
from longshore.storage.names import printable
from longshore.text.mojibake.describe import describe_plan

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from longshore.settings import Settings
    from longshore.storage.ledger.batches import Ledger

_ID: Final = re.compile(r"[0-9a-f]{6,64}", re.ASCII)
_LABEL: Final = 12


_SEARCH: Final = "`longshore find WORD` searches titles, paths and texts."


def find_record(settings: Settings, wanted: str) -> dict[str, Any]:
    """Return the columns of the record with this id (or its beginning), path, or file on this machine.

    Raises:
        SettingsError: there is no such record, or several have ids that begin so; the message says what is known.
    """
    with ledger_if_any(settings) as ledger:
        if ledger is None:
            return _scan(settings, wanted)
        record_id = _resolve(ledger, wanted)
        place = published_places(ledger, [record_id]).get(record_id)
    if place is None:
        raise SettingsError(f"{record_id} was delivered, but it has no record: it was rejected or forgotten.")
    rows = _rows(settings, day_of(place[1]), pc.field("record_id") == record_id)
    if not rows:
        raise SettingsError(f"The ledger knows {record_id}, but no part holds it. Run `longshore verify`.")
    return rows[0]


def _scan(settings: Settings, wanted: str) -> dict[str, Any]:
    """Look through all parts: the warehouse is a copy without a ledger."""
    by_id = pc.starts_with(pc.field("record_id"), wanted) if _ID.fullmatch(wanted) else None
    by_path = pc.field("source_path") == wanted
    for day in days(settings):
        if rows := _rows(settings, day, by_path if by_id is None else by_path | by_id):
            return rows[0]
    raise SettingsError(f"There is no record with the id or path {printable(wanted)!r}. {_SEARCH}")


def _rows(settings: Settings, day: dt.date, matching: pc.Expression) -> list[dict[str, Any]]:
    return list(table_of(settings, day, filter=matching).to_pylist(maps_as_pydicts="lossy"))


def _resolve(ledger: Ledger, wanted: str) -> str:
    if _ID.fullmatch(wanted):
        known = sorted(ids_with_prefix(ledger, wanted))
        if len(known) == 1:
            return known[0]
        if known:
            shown = ", ".join(one[:SHORT_ID] for one in known[:5])
            raise SettingsError(f"{len(known)} record ids begin with {wanted}: {shown} … Give more digits.")
    deliveries = deliveries_of_path(ledger, wanted)
    for delivery in deliveries:
        if delivery.record_id is not None and delivery.outcome != Outcome.REJECTED:
            return bytes(delivery.record_id).hex()
    if deliveries:
        why = f"{deliveries[0].reason}: {printable(deliveries[0].detail or '')}"
        raise SettingsError(f"{printable(wanted)} has no record: it was rejected. {why}")
    if Path(wanted).is_file():
        with Path(wanted).open("rb") as file:
            record_id = hashlib.file_digest(file, "sha256").hexdigest()
        if ids_with_prefix(ledger, record_id):
            return record_id
        raise SettingsError(f"{printable(wanted)} was never ingested. `longshore inspect` shows what it would become.")
    raise SettingsError(f"There is no record with the id or path {printable(wanted)!r}. {_SEARCH}")


def lines_of(row: Mapping[str, Any], *, verbose: bool) -> Iterator[str]:
    """Yield the lines of a record: the receipt, then its header, metadata and text.

    verbose: show also the columns for bookkeeping, and the repair plan as it is recorded.
    """
    for label, value in _receipt(row, verbose=verbose):
        if value:
            yield _label(label) + printable(value)
    if row["header"] is not None:
        for number, line in enumerate(row["header"].strip("\n").split("\n")):
            yield _label("" if number else "header") + _visible(line)
    for number, (key, value) in enumerate((row.get("metadata") or {}).items()):
        yield _label("" if number else "metadata") + printable(f"{key}: {value}")
    yield ""
    for line in map(_visible, row["text"].split("\n")):
        yield from _wrapped(line)


def _receipt(row: Mapping[str, Any], *, verbose: bool) -> Iterator[tuple[str, str]]:
    yield "record", row["record_id"]
    yield (
        "path",
        f"{row['source_path']}  ({row['source_bytes']:,} bytes, modified {_moment(row['source_modified_at'])})",
    )
    yield "feed", row.get("feed") or ""
    yield "ingested", _moment(row["ingested_at"])
    extraction = row.get("extraction") or ()
    yield "kind", " ".join([row.get("media_type") or "", *(f"({step})" for step in extraction)])
    yield "title", row["title"] or ""
    yield "date", _date(row)
    confidence = f"({row['script'] or 'no script'}, confidence {row['language_confidence']:.2f})"
    yield "language", f"{'und, not known' if row['language'] == 'und' else row['language']}  {confidence}"
    runner_up = f", next {row['encoding_runner_up']}" if row["encoding_runner_up"] else ""
    yield (
        "encoding",
        (f"{row['encoding']}  ({row['encoding_method']}, confidence {row['encoding_confidence']:.2f}{runner_up})"),
    )
    yield "repairs", "; ".join(describe_plan(row["repairs"]))
    if verbose:
        yield "plan", " ".join(row["repairs"])
    if row["replacement_chars"]:
        yield "damage", f"{row['replacement_chars']:,} characters could not be read (U+FFFD)"
    yield "size", f"{row['char_count']:,} characters, {row['word_count']:,} words, {row['line_count']:,} lines"
    if verbose:
        yield (
            "candidates",
            ", ".join(f"{one['language']} {one['confidence']:.2f}" for one in row["language_candidates"]),
        )
        yield "text hash", row["text_sha256"]
        yield "rules", f"normaliser version {row['normaliser_version']}"
        yield "batch", row["batch_id"]


def _date(row: Mapping[str, Any]) -> str:
    if row["date_status"] == "none":
        return ""
    precision = f", to the {row['date_precision']}" if row["date_precision"] else ""
    exact = f"  {_moment(row['published_at'])}" if row["published_at"] else ""
    return f"{row['published_date'] or 'unknown'}  ({row['date_status']}{precision}){exact}"


def _moment(moment: dt.datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def _label(name: str) -> str:
    padded = f"{name:<{_LABEL}}"
    return painted(padded, "bold") if name and has_colour(sys.stdout) else padded


def _visible(line: str) -> str:
    """Return a line of a text for a terminal: tabs are blanks, and nothing else moves the cursor."""
    return printable(line.expandtabs())


def _wrapped(line: str) -> list[str]:
    """Wrap a long line of a text at its blanks in a terminal; one of wide characters is left to the terminal."""
    width = shutil.get_terminal_size().columns
    if len(line) <= width or not sys.stdout.isatty() or " " not in line:
        return [line]
    return textwrap.wrap(line, width, break_on_hyphens=False)


def page(lines: Iterable[str]) -> None:
    """Print lines; through `$PAGER` (default: less) if they are more than the terminal shows."""
    text = "\n".join(lines) + "\n"
    size = shutil.get_terminal_size()
    rows = sum(1 + max(0, len(line) - 1) // size.columns for line in text.splitlines())
    pager = shlex.split(os.environ.get("PAGER") or "less -R")
    if not sys.stdout.isatty() or rows < size.lines or not pager or shutil.which(pager[0]) is None:
        sys.stdout.write(text)
        return
    # Somebody who leaves the pager early has seen enough: then it reads no further.
    subprocess.run(pager, input=text.encode("utf-8", "replace"), check=False)  # noqa: S603 - the user's own pager
