"""`longshore query`: SQL over the warehouse, by DuckDB (an extra). Longshore itself writes nothing."""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from longshore.console import table
from longshore.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import duckdb

    from longshore.storage.stores.interface import Warehouse

# The most rows that a terminal shows.
_ROWS: Final = 100
_AT_ONCE: Final = 1000


class Answer:
    """The result of a query: the names of its columns, and its rows while they are read."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Store the connection whose result is read."""
        self._connection = connection
        self.columns = [str(column[0]) for column in connection.description or ()]

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """Yield the rows."""
        while some := self._connection.fetchmany(_AT_ONCE):
            yield from some

    def lines(self) -> Iterator[str]:
        """Yield a table: of the first rows in a terminal, of all in a pipe."""
        rows: list[tuple[str, ...]] = []
        more = False
        for row in self.rows():
            if sys.stdout.isatty() and len(rows) == _ROWS:
                more = True
                break
            rows.append(tuple(map(_cell, row)))
        yield from table(self.columns, rows, every_column=True)
        if more:
            yield ""
            yield f"The first {_ROWS} rows are shown; add LIMIT, or --json for all."

    def dicts(self) -> Iterator[dict[str, Any]]:
        """Yield each row as a dict."""
        return (dict(zip(self.columns, row, strict=True)) for row in self.rows())


def ask(warehouse: Warehouse, sql: str) -> Answer:
    """Run SQL in a database in memory that has the views `records` and `deliveries`.

    Raises:
        SettingsError: DuckDB is not installed, it does not accept the SQL, or the warehouse is in an object store.
    """
    root = warehouse.root
    if not isinstance(root, Path):
        raise SettingsError(
            f"`longshore query` reads warehouses on a disk. Point DuckDB with its extension httpfs at "
            f"{root}/records/*/*.parquet."
        )
    try:
        import duckdb  # noqa: PLC0415 - an extra
    except ModuleNotFoundError:
        raise SettingsError(
            "`longshore query` needs DuckDB, which is an extra: pip install 'longshore[query]' (or duckdb itself)."
        ) from None
    connection = duckdb.connect(":memory:")
    try:
        connection.execute("SET TimeZone = 'UTC'")
        for name in ("records", "deliveries"):
            connection.execute(_view(name, root / name))
        return Answer(connection.execute(sql))
    except duckdb.Error as error:
        raise SettingsError(f"DuckDB: {error}\n`longshore schema` lists the columns of `records`.") from None


def _view(name: str, folder: Path) -> str:
    if next(folder.glob("*/*.parquet"), None) is None:
        from longshore.cli.schema_docs import as_sql  # noqa: PLC0415 - only for an empty warehouse

        return next(one for one in as_sql().split("\n\n") if one.startswith(f"CREATE TABLE {name} "))
    parts = str(folder / "*/*.parquet").replace("'", "''")
    return (
        f"CREATE VIEW {name} AS SELECT * FROM "  # noqa: S608 - a path, quoted
        f"read_parquet('{parts}', hive_partitioning = true, union_by_name = true)"
    )


def _cell(value: Any) -> str:  # noqa: ANN401 - of any type that DuckDB has
    if value is None:
        return ""
    if isinstance(value, dt.datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    return f"{value:g}" if isinstance(value, float) else str(value)
