"""Sidecars: files beside the texts that hold fields of them, `a.json` of `a.txt`, or `metadata.csv` of a folder.

A feed names them (`sidecar`). They are no deliveries: they stay in landing, where reprocessing finds them again. A
sidecar is to be complete before its text arrives. Promised: one that cannot be read harms no text; the fields of the
record say so (`_sidecar_error`).
"""

from __future__ import annotations

import csv
import io
import json
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from longshore.storage.landing import MovedError
from longshore.storage.names import from_source_path, to_source_path
from longshore.text.decode import Decoded, decode

if TYPE_CHECKING:
    from longshore.ingestion.rules import RuleBook, Rules
    from longshore.records import LandedFile, Rejection
    from longshore.storage.stores.interface import Landing

Fields = tuple[tuple[str, str], ...]

NAME: Final = "_sidecar"
ERROR: Final = "_sidecar_error"
STEM: Final = "{stem}"
_MOST_BYTES: Final = 64 * 1024 * 1024
# Columns of a table that name the file of a row.
_FILE_COLUMNS: Final = ("file", "filename", "file_name", "path", "name", "id")


def sidecar_of(path: str, pattern: str) -> str:
    """Return the path of the sidecar of a text.

    >>> sidecar_of("press/a.txt", "{stem}.json"), sidecar_of("press/a.txt", "metadata.csv")
    ('press/a.json', 'press/metadata.csv')
    """
    folder, slash, name = path.rpartition("/")
    return f"{folder}{slash}{pattern.replace(STEM, name.rpartition('.')[0] or name)}"


def is_sidecar(path: str, book: RuleBook) -> bool:
    """Return whether a file below landing is a sidecar of its feed, by its name."""
    pattern = book.of(to_source_path(path)).sidecar
    return bool(pattern) and fnmatchcase(path.rpartition("/")[2], pattern.replace(STEM, "*"))


def sidecar_fields(path: str, landing: Landing, rules: Rules) -> Fields:
    """Return the fields that the sidecar of a text holds; none where there is no sidecar.

    path: a `source_path`, as delivered.
    """
    if not rules.sidecar or "!/" in path:
        return ()
    place = sidecar_of(from_source_path(path), rules.sidecar)
    shown = place.rpartition("/")[2]
    try:
        file = landing.look(place)
        if file is None or place == from_source_path(path):
            return ()
        found = _fields_by_name(_Read(file, landing), rules.sidecar)
    except (OSError, MovedError, ValueError, RecursionError, csv.Error) as error:
        return ((NAME, shown), (ERROR, f"it cannot be read: {error}"))
    own = found.get(from_source_path(path).rpartition("/")[2]) if STEM not in rules.sidecar else found.get("")
    return ((NAME, shown), *own) if own else ()


class _Read:
    """A sidecar, equal to another if it is the same file unchanged: one is read once for all texts of its folder."""

    def __init__(self, file: LandedFile, landing: Landing) -> None:
        self.file, self.landing = file, landing

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Read) and (self.file, self.landing.root) == (other.file, other.landing.root)

    def __hash__(self) -> int:
        return hash(self.file)


@lru_cache(maxsize=8)
def _fields_by_name(sidecar: _Read, pattern: str) -> dict[str, Fields]:
    """Return the fields by the name of the file that they belong to; of a sidecar of one text, under no name.

    Raises:
        ValueError, csv.Error: it is not JSON, or no table with a column that names files.
    """
    if sidecar.file.size > _MOST_BYTES:
        raise ValueError(f"it is larger than {_MOST_BYTES:,} bytes")
    text = _text(decode(sidecar.landing.read(sidecar.file)))
    if STEM in pattern:
        fields = json.loads(text)
        named = fields.items() if isinstance(fields, dict) else ()
        return {"": tuple((name, _written(value)) for name, value in named if value is not None)}
    reader = csv.DictReader(io.StringIO(text), dialect=csv.Sniffer().sniff(text[:8192], ",;\t|"))
    column = next((name for name in reader.fieldnames or () if name.strip().lower() in _FILE_COLUMNS), None)
    if column is None:
        raise ValueError(f"it has none of the columns {', '.join(_FILE_COLUMNS)}")
    return {
        row[column]: tuple((name, value) for name, value in row.items() if isinstance(value, str) and name != column)
        for row in reader
        if row[column]
    }


def _text(decoded: Decoded | Rejection) -> str:
    if isinstance(decoded, Decoded):
        return decoded.text
    raise ValueError(decoded.detail)


def _written(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
