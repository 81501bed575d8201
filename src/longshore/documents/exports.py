"""Exports of news databases as plain text: Nexis, Nexis Uni, Factiva, ProQuest. Each article is a document.

Promised: a file is split only at a proven series of separators, each with an article that has the fields of its
database; one lone line proves nothing. An article keeps its own bytes, its separator included, and is read alone.
Not promised: exports as HTML, Word or PDF, and fields in languages that the table does not have.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import BinaryIO, Final, Literal, TypeAlias

from longshore.documents.kinds import Extracted, Kind, Member, NotThisKindError
from longshore.documents.streams import Piece, TextStream, lines_of, open_text, text_source
from longshore.records import Reason, Rejection
from longshore.text.data import read_toml

MEDIA_TYPE: Final = "text/plain"
READER: Final = "exports"

_Database: TypeAlias = Literal["nexis", "nexis-uni", "factiva", "proquest"]

_NEXIS: Final = re.compile(
    r"\s*(?:(?:Document|Dokument)\s+)?(\d{1,6}) (?:of|von|de|di|van|sur) (\d{1,6})"
    r"(?: (?:DOCUMENTS?|DOKUMENTEN?|DOCUMENTOS?))?\s*\Z"
)
_NEXIS_WORD: Final = re.compile(r"DO[CK]UMENT|Do[ck]ument")
_NEXIS_UNI: Final = re.compile(r"\s*(?:End of Document|Ende des Dokuments|Fin du document|Fin del documento)\s*\Z")
_FACTIVA: Final = re.compile(
    r"\s*(?:AN\s+)?(?:Document|Dokument|Documento)\s+([A-Z][A-Z0-9]{1,12}(?:19|20)\d{6}[a-z0-9]{6,14})\s*\Z"
)
_PROQUEST: Final = re.compile(r"\s*_{20,}\s*\Z")
_SEPARATORS: Final[dict[_Database, re.Pattern[str]]] = {
    "nexis": _NEXIS,
    "nexis-uni": _NEXIS_UNI,
    "factiva": _FACTIVA,
    "proquest": _PROQUEST,
}
_NAMES: Final[dict[_Database, str]] = {
    "nexis": "Nexis",
    "nexis-uni": "Nexis Uni",
    "factiva": "Factiva",
    "proquest": "ProQuest",
}
# Those whose line ends an article; of the others it begins one.
_ENDING: Final = frozenset({"nexis-uni", "factiva"})

# A field of Nexis: a name and its value on one line, or the value below.
_FIELD: Final = re.compile(r"[ \t]*([^\W\d_][^\n:]{1,40}):(?:[ \t]+(\S.*)|[ \t]*)\Z")
# Those that stand above the body in an article of Nexis; the others stand below it.
_ABOVE: Final = frozenset(
    ("author", "section", "length", "dateline", "headline", "highlight", "series", "column", "correction", "edition")
)
# Lines of Nexis Uni above the body and below it, and the fields that stand between them.
_BODY_LINES: Final = frozenset({"Body", "Text", "Volltext", "Corps"})
_CLASSIFICATION_LINES: Final = frozenset({"Classification", "Klassifikation"})
_BELOW_BODY: Final = frozenset({"load-date", "graphic", "url", "notes", "correction"})
_LENGTH: Final = re.compile(r"[ \t]*([\d.,]{1,9}) (?:words|Wörter|mots|palabras|parole|palavras|woorden)\s*\Z")
_MONTHS: Final = (
    r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec|Januar|Februar|März|Mai|Juni|Juli|Okt|Dez|janv|févr|mars|avr"
    r"|mai|juin|juil|août|sept|déc|enero|febrero|marzo|abril|mayo|junio|julio|agosto|octubre|noviembre|diciembre|gennaio"
    r"|febbraio|aprile|maggio|giugno|luglio|settembre|ottobre|dicembre)\w*"
)
_DATE: Final = re.compile(
    rf"[ \t]*(?:{_MONTHS} \d{{1,2}}, \d{{4}}|(?:\w+, )?(?:den )?\d{{1,2}}\.? (?:de )?{_MONTHS}\.?,? (?:de )?\d{{4}}"
    rf"|{_MONTHS} \d{{4}}|\d{{4}}-\d\d-\d\d)\b[^\n]{{0,60}}\Z",
    re.IGNORECASE,
)
_COPYRIGHT: Final = re.compile(
    r"[ \t]*(?:Copyright\b|©|\([cC]\)\s*(?:Copyright\s*)?(?:19|20)\d\d|Alle Rechte|All Rights)"
)
_BYLINE: Final = re.compile(r"(?:By|Von|Par|Por|Di|Door)\s+\S.{0,100}\Z", re.IGNORECASE)
# Two-letter names of Factiva's fields; each is a line of its own, or begins one.
_CODE: Final = re.compile(
    r"(SE|HD|CR|BY|WC|PD|ET|SN|SC|ED|PG|VOL|LA|CY|CX|LP|TD|CO|IN|NS|RE|IPC|IPD|PUB|AN|CT|RF|CLM|ART)"
    r"(?:[ \t]+(\S.*)|[ \t]*)\Z"
)


@cache
def _names() -> tuple[dict[str, str], dict[str, str]]:
    """Return the names of the fields, and the two-letter names of Factiva, with what they are called in `metadata`."""
    table = read_toml("export_fields.toml")
    names = {word: name for name, words in table["names"].items() for word in words.split()}
    return names, table["codes"]


# Between the last article and the end of the file: what was searched for, and whose it is.
_FOOTER: Final = re.compile(
    r"\s*(?:Search Summary|Zusammenfassung|©|\(c\)|Copyright|Contact us at|Database copyright|Bibliography|Kontakt)",
    re.IGNORECASE,
)
# Words of the name of a section, which stands above a longer headline in Factiva.
_LONGEST_SECTION: Final = 3
_LONGEST_FIELD: Final = 8_192
_LEAST_FIELDS_ALONE: Final = 3
_LONGEST_COVER: Final = 65_536
_GLANCE: Final = 2_048
_SHORT_LINE: Final = 200


def may_begin(head: str) -> bool:
    """Return whether a file that begins so may be an export: it has a separator, or a line that articles have."""
    glance = head[:_GLANCE]
    return any(rare in glance and sign in glance for rare, sign in _SIGNS) and _PLAUSIBLE.search(glance) is not None


# One of these is near the top of every export, and with it its rarest letter, which is found ten times quicker.
_SIGNS: Final = (
    ("U", "DOCUMENT"), ("D", "Document "), ("_", "____"), (":", "ength:"), ("G", "LENGTH"), ("y", "opyright"),
    ("(", "(c) "), ("H", "\nHD"),
)  # fmt: skip
_PLAUSIBLE: Final = re.compile(
    r"^\s*(?:Do[ck]ument )?\d{1,6} (?:of|von|de|di|van|sur) \d{1,6}(?: DO[CK]|\s*$)|^_{20,}\s*$|^\s*End of Document"
    r"|^\s*[\d.,]{1,9} (?:words|W.{1,2}rter|mots|palabras|parole|palavras|woorden)\s*$|^(?:HD|SE|WC)(?:\s|$)"
    r"|^(?:Length|L.{1,2}nge|Longueur|Byline|Copyright|Body|Section):?(?:\s|$)",
    re.MULTILINE,
)


def recognise(text: str, name: str) -> Kind | None:
    """Return the kind of an export, or None."""
    del name
    if not may_begin(text):
        return None
    try:
        database, count = _prove(text_source(text), len(text) * 4 + 8)
    except NotThisKindError:
        return None
    evidence = f"{count} articles of {_NAMES[database]}, each with its separator and fields"
    return Kind(MEDIA_TYPE, evidence, container=True, reader=READER)


def split(stream: BinaryIO, name: str, max_member_bytes: int, declared: str | None = None) -> Iterator[Member]:
    """Yield the articles of an export; raise NotThisKindError where a file is none.

    declared: an encoding that the settings give for the file.
    """
    del name
    source = open_text(stream, declared)
    database, _ = _prove(source, max_member_bytes)
    for number, piece in enumerate(_articles(source, database, max_member_bytes), start=1):
        yield source.member(number, piece, MEDIA_TYPE, READER)


def extract(text: str, raw: bytes) -> Extracted | Rejection:
    """Extract the body and the fields of one article. raw: not looked at; the text holds all."""
    del raw
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for database in _SEPARATORS:
        article = _read(lines, database)
        if article is not None and article.is_proved(database):
            if not article.body:
                return Rejection(Reason.EMPTY, f"The article of {_NAMES[database]} has fields and no text.")
            metadata = {name: value for name, value in article.fields.items() if value}
            return Extracted(article.body, (f"{database}:article",), article.title, article.date, metadata)
    return Rejection(Reason.UNDECODABLE, "The article does not have the fields of a known news database.")


@dataclass(slots=True)
class _Article:
    """The parts of one article."""

    title: str | None = None
    date: str | None = None
    body: str = ""
    fields: dict[str, str] = field(default_factory=dict)

    def is_proved(self, database: _Database) -> bool:
        """Return whether it has what every article of the database has."""
        if database == "nexis":
            return bool(self.fields.keys() & (_ABOVE | {"load-date", "copyright", "publication-type"}))
        if database == "nexis-uni":
            return bool(self.fields.keys() & {"length", "copyright", "load-date"}) and bool(self.body or self.title)
        if database == "factiva":
            return "id" in self.fields and bool(self.fields.keys() & {"length", "copyright", "source", "language"})
        known = self.fields.keys() & {"publication", "id", "url", "author", "database", "source"}
        return bool(known) and bool(self.body or self.title)

    def add(self, name: str, value: str) -> None:
        """Add a value to a field, a further one after it; the first headline and date are those of the article."""
        if name in {"headline", "date"}:
            self.title = self.title or (" ".join(value.split()) or None if name == "headline" else None)
            self.date = self.date or (value.strip() or None if name == "date" else None)
            return
        value, before = " ".join(value.split()), self.fields.get(name, "")
        if value and len(before) < _LONGEST_FIELD:
            self.fields[name] = f"{before} {value}" if before else value


def _prove(source: TextStream, most_bytes: int) -> tuple[_Database, int]:
    """Return the database that a file was exported from and the number of articles."""
    counts = dict.fromkeys(_SEPARATORS, 0)
    numbers: list[tuple[int, int]] = []
    for piece in lines_of(source.rewind(), _SHORT_LINE):
        if piece.raw is None:
            continue
        line = piece.raw.decode("utf-8", "replace")
        for database, separator in _SEPARATORS.items():
            if match := separator.match(line):
                counts[database] += 1
                if database == "nexis":
                    numbers.append((int(match[1]), int(match[2])))
    if numbers and not _is_series(numbers):
        counts["nexis"] = 0
    for database in sorted(_SEPARATORS, key=lambda one: -counts[one]):
        if counts[database] and (count := _count_proved(source, database, most_bytes)):
            return database, count
    raise NotThisKindError("no series of separators")


def _is_series(numbers: list[tuple[int, int]]) -> bool:
    """Return whether separators count on by one, up to the same number; a further export may begin again at 1."""
    within = all(number <= total for number, total in numbers)
    return within and all(
        after == (before[0] + 1, before[1]) or after[0] == 1 for before, after in itertools.pairwise(numbers)
    )


def _count_proved(source: TextStream, database: _Database, most_bytes: int) -> int:
    """Return the number of articles if all of them are proved, a lone one by more fields, else 0."""
    count, lone = 0, False
    for piece in _articles(source, database, most_bytes):
        count += 1
        if piece.raw is not None:
            article = _read(piece.raw.decode("utf-8", "replace").replace("\r\n", "\n").split("\n"), database)
            if article is None or not article.is_proved(database):
                return 0
            lone = bool(article.date) and len(article.fields) >= _LEAST_FIELDS_ALONE
    return count if count > 1 or lone else 0


def _articles(source: TextStream, database: _Database, most_bytes: int) -> Iterator[Piece]:
    """Yield the bytes of each article with its separator. A cover before the first and a footer are left out."""
    separator, ending = _SEPARATORS[database], database in _ENDING
    taken: list[bytes] = []
    size = 0
    begun = ending
    for piece in lines_of(source.rewind(), most_bytes):
        line = "" if piece.raw is None or piece.size > _SHORT_LINE else piece.raw.decode("utf-8", "replace")
        ends = bool(line) and separator.match(line) is not None
        if ends and not ending:
            if begun:
                yield from _piece(taken, size, most_bytes, database)
            elif size > _LONGEST_COVER:
                raise NotThisKindError("a long text before the first separator")
            taken, size, begun = [], 0, True
        size += piece.size
        if piece.raw is not None and size <= most_bytes:
            taken.append(piece.raw)
        if ends and ending:
            yield from _piece(taken, size, most_bytes, database)
            taken, size = [], 0
    rest = b"".join(taken).decode("utf-8", "replace")
    if not ending:
        yield from _piece(taken, size, most_bytes, database)
    elif rest.strip() and not _FOOTER.match(rest):
        raise NotThisKindError("a text after the last separator")


def _piece(taken: list[bytes], size: int, most_bytes: int, database: _Database) -> Iterator[Piece]:
    """Yield an article, if there is one: ProQuest has a rule also above its contents and its footer."""
    raw = b"".join(taken)
    if size <= most_bytes:
        text = raw.decode("utf-8", "replace")
        if database == "proquest":
            below = text.partition("\n")[2]
            if not below.strip() or (_FOOTER.match(below) and "\nTitle:" not in below):
                return
        raw = raw.strip(b"\r\n")
    yield Piece(raw if size <= most_bytes else None, len(raw) if size <= most_bytes else size)


def _read(lines: list[str], database: _Database) -> _Article | None:
    """Read an article; None where its separator is missing."""
    separator = _SEPARATORS[database]
    lines = [line.rstrip() for line in lines]
    while lines and not lines[0]:
        del lines[0]
    while lines and not lines[-1]:
        del lines[-1]
    if not lines:
        return None
    if database in _ENDING:
        if not (match := separator.match(lines[-1])):
            return None
        article = _read_factiva(lines[:-1]) if database == "factiva" else _read_nexis_uni(lines[:-1])
        if database == "factiva":
            article.fields["id"] = match[1]
        return article
    if not (match := separator.match(lines[0])):
        return None
    if database == "proquest":
        return _read_proquest(lines[1:])
    return _read_nexis(lines[1:]) if _NEXIS_WORD.search(lines[0]) else None


def _field(line: str) -> tuple[str, str] | None:
    """Return the known field that a line begins and what stands of its value."""
    match = _FIELD.match(line)
    if match is None:
        return None
    name = _names()[0].get("-".join(match[1].strip().lower().split()))
    return None if name is None else (name, match[2] or "")


def _blocks(lines: list[str], begins: Callable[[str], bool] = lambda _: False) -> list[list[str]]:
    """Return the groups of lines between blank ones. begins: whether a line begins a group of its own."""
    blocks: list[list[str]] = [[]]
    for line in lines:
        if blocks[-1] and begins(line):
            blocks.append([])
        if line.strip():
            blocks[-1].append(line)
        elif blocks[-1]:
            blocks.append([])
    return [block for block in blocks if block]


def _paragraph(block: list[str]) -> str:
    """Return a block as a paragraph: Nexis breaks lines at its margin."""
    return " ".join(line.strip() for line in block)


def _read_nexis(lines: list[str]) -> _Article:
    """Read the older layout: source, date, title; fields in capitals; the body; fields and the copyright."""
    article = _Article()
    body: list[str] = []
    above, labelled = True, False
    for block in _blocks(lines, lambda line: line.partition(":")[0].isupper() and _field(line) is not None):
        line = block[0]
        found = _field(line) if line.partition(":")[0].isupper() else None
        if found is not None and (above or found[0] not in _ABOVE):
            name, value = found
            if name == "full-text":
                continue
            value = " ".join([value, *(one.strip() for one in block[1:])])
            article.add(name, value)
            labelled = labelled or name in {"length", "author", "section", "dateline"}
            above = above and name in _ABOVE | {"date", "source"}
        elif line.strip() in {"BODY:", "TEXT:"} or line.startswith("BODY:"):
            above, labelled = False, True
            body += (
                [_paragraph([line.partition(":")[2], *block[1:]]).strip()]
                if line.partition(":")[2] or block[1:]
                else []
            )
        elif _COPYRIGHT.match(line) and line[:1] in " \tC©(":
            article.add("copyright", _paragraph(block))
        elif above and not labelled:
            _read_head(article, block)
        else:
            above = False
            body.append(_paragraph(block))
    article.body = "\n\n".join(part for part in body if part)
    return article


def _read_head(article: _Article, block: list[str]) -> None:
    """Read a block above the fields: the source first, then the date with its edition, then the title."""
    if article.date is None and _DATE.match(block[0]):
        article.date = block[0].strip()
        if block[1:]:
            article.add("edition", _paragraph(block[1:]))
    elif article.date is None and "source" not in article.fields:
        article.add("source", block[0])
        for line in block[1:]:
            if _DATE.match(line) and article.date is None:
                article.date = line.strip()
            elif _COPYRIGHT.match(line):
                article.add("copyright", line)
            else:
                article.add("edition" if article.date else "source", line)
    elif article.title is None:
        article.title = _paragraph(block)
    else:
        article.add("subtitle", _paragraph(block))


def _read_nexis_uni(lines: list[str]) -> _Article:
    """Read the newer layout: title, source, date, copyright, fields, `Body`, the body, `Classification`, fields."""
    article = _Article()
    start = next((number for number, line in enumerate(lines) if line.strip() in _BODY_LINES), len(lines))
    _read_uni_head(article, lines[:start])
    body: list[str] = []
    classified = False
    for block in _blocks(lines[start + 1 :]):
        found = _field(block[0])
        classified = classified or (len(block) == 1 and block[0].strip() in _CLASSIFICATION_LINES)
        if classified:
            for known in filter(None, map(_field, block)):
                article.add(*known)
        elif found is not None and found[0] in _BELOW_BODY:
            article.add(found[0], " ".join([found[1], *(line.strip() for line in block[1:])]))
        else:
            body.append("\n".join(line.strip() for line in block))
    article.body = "\n\n".join(body)
    return article


def _read_uni_head(article: _Article, head: list[str]) -> None:
    free: list[str] = []
    for line in filter(str.strip, head):
        found = _field(line) if free else None
        if found is not None:
            article.add(*found)
        elif _COPYRIGHT.match(line):
            article.add("copyright", line)
        elif article.date is not None:
            article.add("edition", line)
        elif free and _DATE.match(line):
            article.date = line.strip()
        else:
            free.append(line.strip())
    if free:
        article.title = free[0]
        article.add("source", " ".join(free[1:]))


def _read_factiva(lines: list[str]) -> _Article:
    """Read an article of Factiva, with two-letter names of fields or without."""
    codes = [match[1] for line in lines if (match := _CODE.match(line))]
    coded = len({"HD", "WC", "PD", "SN", "LP", "TD"} & set(codes)) >= 4
    return _read_coded(lines) if coded else _read_plain_factiva(lines)


def _read_coded(lines: list[str]) -> _Article:
    article = _Article()
    values: dict[str, list[str]] = {}
    current: list[str] = []
    for line in lines:
        match = _CODE.match(line)
        if match:
            current = values.setdefault(_names()[1][match[1]], [])
            current.append(match[2] or "")
        elif values:
            current.append(line.strip())
    for name, parts in values.items():
        if name == "text":
            article.body = "\n\n".join(_paragraph(block) for block in _blocks(parts))
        elif name == "title":
            article.title = " ".join(" ".join(parts).split()) or None
        elif name == "date":
            article.date = " ".join(" ".join(parts).split()) or None
        else:
            article.add(name, " ".join(parts))
    return article


def _read_plain_factiva(lines: list[str]) -> _Article:
    """Read title, author, `532 words`, date, source, code, language, copyright, and the body below a blank line."""
    article = _Article()
    at = next((number for number, line in enumerate(lines[:60]) if _LENGTH.match(line)), None)
    if at is None:
        return article
    flat = [line.strip() for line in lines[:at] if line.strip()]
    if len(flat) > 1 and _BYLINE.match(flat[-1]):
        article.add("author", flat.pop())
    if len(flat) > 1 and len(flat[0].split()) <= min(_LONGEST_SECTION, len(flat[1].split()) - 1):
        article.add("section", flat.pop(0))
    article.title = " ".join(flat) or None
    article.add("length", lines[at])
    end = at + 1
    order = iter(("source", "source-code", "language", "edition", "volume"))
    while end < len(lines) and lines[end].strip():
        line = lines[end]
        if article.date is None and _DATE.match(line):
            article.date = line.strip()
        elif article.date is not None and re.fullmatch(r"\s*\d{1,2}:\d{2}(?: [A-Z]{2,4})?", line):
            article.add("time", line)
        elif _COPYRIGHT.match(line):
            article.add("copyright", line)
        elif re.fullmatch(r"\s*(?:Page )?[A-Z]?\d{1,3}", line):
            article.add("pages", line)
        else:
            article.add(next(order, "notes"), line)
        end += 1
    article.body = "\n\n".join(_paragraph(block) for block in _blocks(lines[end:]))
    return article


def _read_proquest(lines: list[str]) -> _Article:
    """Read an article between two rules: fields with their names, of which `Full text` holds the body."""
    article = _Article()
    current = ""
    body: list[str] = []
    free: list[str] = []
    for line in lines:
        found = _field(line)
        # In the body, only a name that cannot be a sentence's beginning ends it.
        if found is not None and (current != "full-text" or found[0] not in {"dateline", "source", "notes", "column"}):
            current, value = found
            if current == "full-text":
                body.append(value)
            else:
                article.add(current, value)
        elif current == "full-text":
            body.append(line.strip())
        elif not current:
            if line.strip() and not _NEXIS.match(line) and line.strip() != "ProQuest document link":
                free.append(line.strip())
        elif line.strip() == "ProQuest document link":
            current = "links"
        elif line.strip():
            article.add(current, line)
    if article.title is None and free:
        article.title = free[0]
    article.body = "\n".join(body).strip()
    if not article.body and "abstract" in article.fields:
        article.body = article.fields.pop("abstract")
    article.body = re.sub(r"\n{3,}", "\n\n", article.body)
    return article
