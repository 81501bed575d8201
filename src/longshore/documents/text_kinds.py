"""Recognition of what stays text under a media type of its own: Markdown, logs, source code, and other XML.

None of these is taken apart, so a wrong answer here changes a label and no text. Each is proved by several signs of
different sorts in the head of the file: one `#` is no Markdown, one semicolon no program, one time of day no log.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from longshore.documents.kinds import Kind
from longshore.text.header_block import read_block

if TYPE_CHECKING:
    from collections.abc import Callable

# What is looked at first, of every text, and what is looked at if that holds a sign.
_GLANCE: Final = 2_048
_HEAD: Final = 16_384
_LONGEST_LINE: Final = 400

_MARKDOWN_SUFFIXES: Final = (".md", ".markdown", ".mdown", ".mkd", ".qmd", ".rmd")
_LOG_SUFFIXES: Final = (".log", ".log.txt")
_SOURCE_SUFFIXES: Final = (
    ".bash", ".c", ".cc", ".cpp", ".cs", ".css", ".go", ".h", ".hpp", ".java", ".js", ".jsx", ".kt", ".lua", ".php",
    ".pl", ".pm", ".ps1", ".py", ".r", ".rb", ".rs", ".scala", ".sh", ".sql", ".swift", ".ts", ".tsx", ".vue",
)  # fmt: skip


def recognise(text: str, name: str) -> Kind | None:
    r"""Return the kind of a text that stays as it is, or None for plain text.

    >>> recognise("# Pier\n\nSee [the map](https://example.org).\n\n- north\n- south\n", "a.txt").media_type
    'text/markdown'
    >>> recognise("# 1 in the league, again", "a.md") is None
    True
    """
    glance = text[:_GLANCE]
    first = glance.lstrip()[:1]
    if first == "<":
        return _xml(text) or _php(text, name) or _markdown(text, name)
    if glance.startswith("#!") and (kind := _shebang(text)):
        return kind
    if (first.isdigit() or first in "[<" or glance[:3] in _LOG_OPENINGS) and (kind := _log(text, name)):
        return kind
    if ("=" in glance or "{" in glance) and (kind := _source(text, name)):
        return kind
    marked = "#" in glance or "[" in glance or "`" in glance or "|" in glance or "=" in glance
    return _markdown(text, name) if marked or glance.startswith("---") or "\n---" in glance else None


# Days and months of syslog and asctime, levels that stand first, marks of Markdown.
_LOG_OPENINGS: Final = frozenset(
    [
        "Mon",
        "Tue",
        "Wed",
        "Thu",
        "Fri",
        "Sat",
        "Sun",
        "Jan",
        "Feb",
        "Mar",
        "Apr",
        "May",
        "Jun",
        "Jul",
        "Aug",
        "Sep",
        "Oct",
        "Nov",
        "Dec",
        "TRA",
        "DEB",
        "INF",
        "NOT",
        "WAR",
        "ERR",
        "FAT",
        "CRI",
        "SEV",
        "PAN",
    ]
)

_DECLARATION: Final = re.compile(r"\s*<\?xml\s[^<>?]{0,200}\?>")
# What stands before the root: comments and instructions for programs, and a document type.
_PROLOGUE: Final = re.compile(r"\s*(?:<!--(?:(?!-->)[\s\S]){0,4000}-->|<\?[^<>?]{0,400}\?>|<!DOCTYPE\s[^<>\[]{0,400}>)")
_ROOT: Final = re.compile(r"\s*<([A-Za-z_][\w.:-]{0,100})(?=[\s/>])")
_MOST_PROLOGUE: Final = 20
# A few tags around prose are HTML that a text quotes, and no XML.
_TAGS_OF_HTML: Final = frozenset(
    [
        "a",
        "abbr",
        "b",
        "big",
        "blockquote",
        "body",
        "br",
        "center",
        "cite",
        "code",
        "del",
        "div",
        "em",
        "font",
        "form",
        "h1",
        "h2",
        "h3",
        "h4",
        "html",
        "i",
        "ins",
        "kbd",
        "li",
        "ol",
        "p",
        "pre",
        "q",
        "s",
        "small",
        "span",
        "strike",
        "strong",
        "sub",
        "sup",
        "table",
        "tbody",
        "td",
        "tr",
        "tt",
        "u",
        "ul",
    ]
)


def _xml(text: str) -> Kind | None:
    """Recognise XML: a declaration and a root, or a root that is well-formed as far as its head goes."""
    declaration = _DECLARATION.match(text)
    at = declaration.end() if declaration else 0
    for _ in range(_MOST_PROLOGUE):
        if not (match := _PROLOGUE.match(text, at)):
            break
        at = match.end()
    root = _ROOT.match(text, at)
    if root is None:
        subset = declaration is not None and re.match(r"\s*<!DOCTYPE\s", text[at : at + 100])
        return Kind("application/xml", "an XML declaration and a document type") if subset else None
    tail = text[-len(root[1]) - 64 :].rstrip()
    closed = tail.endswith(f"</{root[1]}>")
    if declaration:
        return Kind("application/xml", f"an XML declaration and the root element <{root[1]}>")
    if closed and root[1].lower() not in _TAGS_OF_HTML and _is_well_formed(text, at):
        return Kind("application/xml", f"the root element <{root[1]}>, closed at the end of the file")
    return None


def _is_well_formed(text: str, start: int) -> bool:
    """Return whether the head of an XML document without a document type parses; what follows it is not looked at."""
    from xml.parsers import expat  # noqa: PLC0415 - few files come here

    whole = len(text) - start <= _HEAD
    parser = expat.ParserCreate()
    elements = 0

    def count(*_: object) -> None:
        nonlocal elements
        elements += 1

    parser.StartElementHandler = count
    try:
        parser.Parse(text[start : start + _HEAD], whole)
    except expat.ExpatError:
        return False
    return elements > 1


def _php(text: str, name: str) -> Kind | None:
    if not re.match(r"\s*<\?(?:php\b|=)", text[:_GLANCE]):
        return None
    return _source(text, name) or Kind("text/x-source-code", "it opens with <?php")


_SHEBANG: Final = re.compile(r"#! ?/[\w./-]{1,100}(?: [^\n]{0,100})?\r?\n")


def _shebang(text: str) -> Kind | None:
    found = _SHEBANG.match(text)
    return Kind("text/x-source-code", f"its first line names an interpreter: {found[0].strip()}") if found else None


_STAMP: Final = (
    r"(?:\d{4}[-/.]\d\d[-/.]\d\d[T ,]+\d\d?:\d\d:\d\d"
    r"|\d\d[/.-](?:\d\d|[A-Z][a-z]{2})[/.-]\d{2,4}[: ]\d\d:\d\d:\d\d"
    r"|(?:[A-Z][a-z]{2} )?[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d|\d{6} \d\d:\d\d:\d\d"
    r"|\d\d:\d\d:\d\d[.,]\d{3}|\d{10}\.\d+)"
)
_LEVEL: Final = (
    r"(?:\b(?:TRACE|DEBUG|INFO|NOTICE|WARN(?:ING)?|ERROR|ERR|FATAL|CRITICAL|SEVERE|PANIC|FINE|CONFIG)\b"
    r"|\b(?:trace|debug|info|notice|warn|warning|error|crit|alert|emerg|fatal)(?:\]|:)|\[[DIWEF]\])"
)
# A stamp with a level; a stamp, a host and a program as syslog writes them; a request as web servers write it.
_LOG_LINES: Final = (
    re.compile(rf"[\[<(]?(?:<\d{{1,3}}>)?{_STAMP}[^\n]{{0,120}}?{_LEVEL}"),
    re.compile(rf"{_LEVEL}[^\n]{{0,12}}?{_STAMP}"),
    re.compile(r"(?:<\d{1,3}>)?(?:\d )?(?:[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\S*)"
        r" [\w.-]+ [\w./@()-]+(?:\[\d+\])?: "),
    re.compile(r"\S+ \S+ \S+ \[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\] \"[^\n]{0,300}\" \d{3} "),
    re.compile(r"\[ {0,8}\d{1,8}\.\d{6}\] \S"),
)  # fmt: skip
_FEWEST_LOG_LINES: Final = 3


def _log(text: str, name: str) -> Kind | None:
    """Recognise a log: most lines open with a stamp and a level, or as those of syslog or of a web server do."""
    first = text[:_LONGEST_LINE].lstrip()
    if not any(pattern.match(first) for pattern in _LOG_LINES):
        return None
    lines = [line for line in text[:_HEAD].splitlines()[:200] if line.strip()]
    stamped = max(sum(pattern.match(line[:_LONGEST_LINE]) is not None for line in lines) for pattern in _LOG_LINES)
    share = 0.3 if name.lower().endswith(_LOG_SUFFIXES) else 0.5
    if stamped < _FEWEST_LOG_LINES or stamped < share * len(lines):
        return None
    return Kind("text/x-log", f"{stamped} of its first {len(lines)} lines open with a stamp as logs have it")


_CODE: Final = tuple(
    re.compile(rf"[ \t]*(?:{pattern})")
    for pattern in (
        r"#\s?(?:include\s*[<\"]|define [A-Z_]|ifn?def |pragma |endif)",
        r"(?:import|using|use|package|namespace|require|from)\b[ (][^\n]{1,120};\s*$",
        r"import [\w.]+(?: as \w+)?(?:, ?[\w.]+)*\s*$|from [\w.]+ import [\w(*]|import [{*\w][^\n]{0,100} from ['\"]",
        r"(?:async )?def \w+[ (][^\n]{0,200}$|class \w+[^\n.;]{0,100}[:{]\s*$",
        r"(?:export |default |async |static |local )*function\b[ *]*\w*\s*\([^\n]{0,200}$",
        r"(?:pub(?:\(\w+\))? )?(?:async )?(?:fn|func|fun|sub|proc) (?:\([^\n)]{0,60}\) )?\w+[^\n]{0,200}[{(]",
        r"(?:public|private|protected|static|final|virtual|abstract|override)\s[\w<>\[\], ]+[^\n]{0,160}[;{(,]\s*$",
        r"(?:export )?(?:var|let|const|mut|auto|int|char|void|double|float|bool|long) [\w*&{\[<][^\n]{0,99}[=;({]",
        r"(?:if|for|while|switch|catch|elif|foreach)\s*\([^\n]{0,200}\)?\s*\{?\s*$",
        r"(?:if|for|while|with|elif|try|except|else|finally)\b[^\n]{0,160}:\s*(?:#[^\n]{0,100})?$",
        r"\}?\s*(?:else|try|finally|do)\s*\{\s*$|[\])}]+[;,)]*\s*$",
        r"return\b[^\n]{0,160};\s*$|return (?:[\w.]+[(\[]|None|True|False|[\w.]+\s*$)|raise \w+\(|throw new ",
        r"(?:self|this)\.\w+|(?:\$|@)\w+(?:->\w+)*\s*=|\w[\w.\[\]'\"]*\s*(?::=|[+*/-]?=)\s*\S[^\n]{0,200}$",
        r"[\w.:>-]+\([^\n]{0,200}\)\s*[;{]\s*$",
        r"(?:SELECT|WITH)\b[^\n]{0,200}\b(?:FROM|AS)\b|CREATE (?:TABLE|INDEX|VIEW|OR REPLACE)\b|(?:ALTER|DROP) TABLE\b",
        r"(?:INSERT INTO|UPDATE|DELETE FROM)\b[^\n]{0,200}[;(]\s*$",
        r"[.#]?[\w-]+(?:[ ,>:][^\n;{}]{0,100})?\s*\{\s*$|[a-z-]+:\s[^\n;]{1,100};\s*$",
    )
)
_COMMENT: Final = re.compile(r"[ \t]*(?:#|//|/\*|\*[ /]|--|;;|\"\"\")")
_FEWEST_CODE_LINES: Final = 5
_FIRST_LINES: Final = 8
_FEWEST_SORTS_OF_CODE: Final = 3
_FEWEST_WITH_SUFFIX: Final = 2


def _source(text: str, name: str) -> Kind | None:
    """Recognise source code: most lines, but for comments, are statements of several sorts."""
    lines = [line for line in text[:_HEAD].splitlines()[:200] if line.strip()]
    sorts: set[int] = set()
    code = comments = 0
    for place, line in enumerate(lines):
        if place == _FIRST_LINES and not code + comments:
            return None
        if len(line) > _LONGEST_LINE:
            continue
        sort = next((number for number, pattern in enumerate(_CODE) if pattern.match(line)), None)
        if sort is not None:
            sorts.add(sort)
            code += 1
        elif _COMMENT.match(line):
            comments += 1
    named = name.lower().endswith(_SOURCE_SUFFIXES)
    fewest = _FEWEST_WITH_SUFFIX if named else _FEWEST_SORTS_OF_CODE
    if code < (fewest if named else _FEWEST_CODE_LINES) or len(sorts) < fewest or code < 0.6 * (len(lines) - comments):
        return None
    return Kind("text/x-source-code", f"{code} of its first {len(lines)} lines are statements of a program")


def _many(pattern: str) -> Callable[[str], int]:
    compiled = re.compile(pattern, re.MULTILINE)
    return lambda head: sum(1 for _ in zip(range(4), compiled.finditer(head), strict=False))


# What proves Markdown: the sign, what every text with it holds, how many there are, how many count at the most.
_MARKDOWN: Final[tuple[tuple[str, tuple[str, ...], Callable[[str], int], int], ...]] = (
    ("headings with #", ("\n#",), _many(r"^#{1,6} [^\W_][^\n]*(?:\n\s*\n|\n[^#\n]|\Z)"), 2),
    ("underlined headings", ("\n===", "\n---"), _many(r"^\S[^\n]{0,120}\n(?:={3,}|-{3,})[ \t]*\n"), 2),
    (
        "links",
        ("](",),
        _many(r"!?\[[^\]\n]{1,200}\]\((?:https?:|/|#|\.|mailto:|[\w-]+[./])[^)\s]{0,500}[^)\n]{0,100}\)"),
        2,
    ),
    ("link targets", ("]: ",), _many(r"^ {0,3}\[[^\]\n]{1,100}\]: +<?(?:https?:|/|#|mailto:)"), 2),
    (
        "fenced code",
        ("```", "~~~"),
        _many(r"^ {0,3}(`{3,}|~{3,})[\w+-]*[ \t]*\n(?:(?!\1)[^\n]*\n){0,400} {0,3}\1"),
        2,
    ),
    (
        "tables",
        ("|-", "| -", "|:", "| :", "-|", "- |"),
        _many(r"^\|?[^\n|]+\|[^\n]*\n[ ]{0,3}\|?[ ]*:?-{2,}:?[ ]*\|[ |:-]*$"),
        2,
    ),
)
_WEAK_MARKDOWN: Final[dict[str, Callable[[str], int]]] = {
    "lists": _many(r"^(?:[-*+]|\d{1,3}\.) +\S[^\n]*\n(?:[ ]{2,}[^\n]*\n|\n)*(?:[-*+]|\d{1,3}\.) +\S"),
    "bold words": _many(r"(?<![\w*])\*\*[^\s*][^*\n]{0,100}[^\s*]?\*\*(?![\w*])"),
    "code words": _many(r"(?<![\w`])`[^`\n]{1,80}`(?![\w`])"),
}
_ENOUGH_MARKDOWN: Final = 3
_ENOUGH_WITH_SUFFIX: Final = 2


def _markdown(text: str, name: str) -> Kind | None:
    """Recognise Markdown: signs of two sorts at least, one of them strong; or front matter and any sign."""
    head = "\n" + text[:_HEAD].replace("\r\n", "\n")
    has = head.__contains__
    fenced = head.startswith(("\n---\n", "\n+++\n"))
    # To look for each character first is ten times quicker than to look for the mark, where one is missing.
    possible = [sign for sign in _MARKDOWN if any(all(map(has, mark)) and has(mark) for mark in sign[1])]
    if not possible and not fenced:
        return None
    found = {sign: min(most, count(head)) for sign, _, count, most in possible}
    if any(found.values()) or fenced:
        found |= {sign: min(1, count(head)) for sign, count in _WEAK_MARKDOWN.items()}
    signs = [sign for sign, number in found.items() if number]
    named = name.lower().endswith(_MARKDOWN_SUFFIXES)
    if fenced and (named or signs) and read_block(head[1:]) is not None:
        return Kind("text/markdown", "front matter" + "".join(f", {sign}" for sign in signs))
    strong = [sign for sign in signs if sign not in _WEAK_MARKDOWN]
    enough = _ENOUGH_WITH_SUFFIX if named else _ENOUGH_MARKDOWN
    proved = len(strong) >= 2 or (strong and len(signs) + named >= 2 and sum(found.values()) >= enough)
    if not proved:
        return None
    return Kind("text/markdown", ", ".join(signs))
