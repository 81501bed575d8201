"""The bodies of the commands that read records: `find`, `show`, `query`. None takes a lock or writes anything."""

from __future__ import annotations

import datetime as dt
import itertools
from typing import TYPE_CHECKING

from longshore.cli.commands import as_json, existing_project, print_lines
from longshore.console import waiting

if TYPE_CHECKING:
    import argparse


def find(options: argparse.Namespace) -> int:
    """List the records that match."""
    settings = existing_project(options)
    from longshore.cli.find import Search, listing, parse_since
    from longshore.cli.find import find as found_in

    since = parse_since(options.since, dt.datetime.now(dt.UTC)) if options.since else None
    found = found_in(settings, Search(tuple(options.words), options.where, options.feed, since))
    if options.json:
        limited = itertools.islice(found, options.limit or None)
        return print_lines(as_json(row) for row in limited)
    with waiting("searching"):
        lines = list(listing(found, options.limit, words=bool(options.words)))
    return print_lines(lines)


def show(options: argparse.Namespace) -> int:
    """Print one record."""
    settings = existing_project(options)
    from longshore.cli.show import find_record, lines_of, page

    with waiting("searching"):
        row = find_record(settings, options.record)
    if options.json:
        return print_lines([as_json(row, indent=2)])
    page(lines_of(row, verbose=options.verbose))
    return 0


def query(options: argparse.Namespace) -> int:
    """Print the result of a query."""
    settings = existing_project(options)
    from longshore.cli.query import ask
    from longshore.ingestion.project import warehouse_of

    with waiting("asking DuckDB"):
        answer = ask(warehouse_of(settings), options.sql)
    return print_lines(map(as_json, answer.dicts()) if options.json else answer.lines())
