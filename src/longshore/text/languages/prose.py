"""The prose of a text, for language detection: no addresses, code, hashes, markup or quoted mail headers.

Promised: prose stays as it is, but for a word here and there that looks like code (`and/or`, `2nd`); the time is
linear in the length. What goes becomes a blank, so that words stay apart.
Not promised: that all code is found. A line of plain words is prose, whatever it was meant to be.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

# 40 places, and what is kept of each when markup and code are gone. langdetect reads no more, but the front.
_PIECES: Final = 40
_SOURCE_SIZE: Final = 2_000
_SIZE: Final = 250


def even_sample(text: str, pieces: int, size: int) -> str:
    """Cut pieces from a long text at even distances, each from the start of a word; all of a text that is no longer.

    The first piece is from the start and the last one about to the end.
    """
    if len(text) <= pieces * size:
        return text
    step = (len(text) - size) // (pieces - 1)
    sample = []
    for at in range(0, pieces * step, step):
        # Words are shorter than this; scripts without blanks are cut anywhere.
        start = max(at, text.find(" ", at, at + 24))
        sample.append(text[start : start + size])
    return "".join(sample)


def prose_sample(text: str) -> str:
    """Return at most 10,000 characters of the prose of a text, in NFC."""
    text = prose(even_sample(text, _PIECES, _SOURCE_SIZE))
    return unicodedata.normalize("NFC", even_sample(text, _PIECES, _SIZE))


# Signs that are common in code and rare in prose: enough of them, and a text is looked at closely.
CODE_SIGNS: Final = "=<>{}[]\\@#$^|~`/_*+"

# Blocks by their opening; what follows belongs to them up to the closing (to the end of the text if there is none).
_BLOCK: Final = re.compile(
    r"^[ \t]*(?P<fence>```|~~~)|(?P<liquid>\{%-?\s*highlight\b)|<(?P<tag>pre|code|script|style|tt|kbd|samp)\b",
    re.MULTILINE | re.IGNORECASE,
)
_BLOCK_SIGNS: Final = ("```", "~~~", "{%", "<")
_LIQUID_END: Final = re.compile(r"\{%-?\s*endhighlight\s*-?%\}")

_MARKUP: Final = re.compile(
    r"""
      `[^`\n]{1,200}`                             # code in a line
    | \{\{[^{}\n]{0,300}\}\} | \{%[^%\n]{0,300}%\}  # templates
    | \]\([^()\s]{0,300}(?:\s"[^"\n]{0,200}")?\)     # where a Markdown link leads
    | ^\s{0,3}\[[^\]\n]{1,200}\]:\s.*$              # a list of such
    | </?[A-Za-z][^<>]{0,500}>                    # tags
    | &(?:[A-Za-z]{2,8}|\#\d{2,6});               # entities
    | \b(?:https?|ftp|file|mailto|news|irc|git|ssh):[^\s<>"')\]]++
    | \bwww\.[^\s<>"')\]]++
    """,
    re.VERBOSE | re.MULTILINE,
)
_MARKUP_SIGNS: Final = ("`", "{", "](", "]:", "<", "&", "://", "mailto:", "www.")

# A header line of mail or news, quoted or not. Only the names that are unmistakable with a colon behind them.
_MAIL_HEADER: Final = re.compile(
    r"""^[>\s|]*
    (?:From|To|Cc|Bcc|Subject|Date|Sent|Reply-To|Sender|Message-ID|In-Reply-To|References|Newsgroups|Organization|
    MIME-Version|Content-[A-Za-z-]+|X-[A-Za-z-]+|Received|Return-Path|User-Agent|List-[A-Za-z-]+|Path|Lines|Xref|
    NNTP-[A-Za-z-]+|Delivered-To|Mailing-List|Precedence):[ \t].*$""",
    re.VERBOSE | re.MULTILINE,
)

# One of these is among the header lines of any mail.
_MAIL_SIGNS: Final = ("From:", "Subject:", "Date:", "Sent:", "Message-ID:", "Content-Type:")

# A word of ASCII that is no word of any language: it has a sign or a digit in it that words have not, or a point, a
# colon or an underscore between letters, or a capital after a small letter. Anchored at its start and possessive:
# each character is looked at a bounded number of times.
_CODE_WORD: Final = re.compile(
    r"""(?<![!-~])
    (?: [A-Za-z"'(),;!?*\[\]&%-]*+ (?: [0-9=<>{}\\@\#$^|~`/+] | [.:_]++(?=[A-Za-z0-9_(]) )
      | ["'(\[*]*+ [A-Z]*+[a-z]++ [A-Z]
    ) [!-~]*+""",
    re.VERBOSE,
)
_CAPITALS: Final = re.compile(r"(?<![!-~])[A-Z][A-Z-]++[:.,;)]?(?![!-~])")
# Not so much code as a number, or the line between the cells of a table.
_NUMBER: Final = re.compile(r"[^A-Za-z_]*[0-9][^A-Za-z_]*|\|+")


def prose(text: str) -> str:
    """Blank out what is not prose."""
    if any(sign in text for sign in _BLOCK_SIGNS):
        text = _without_blocks(text)
    if any(sign in text for sign in _MARKUP_SIGNS):
        text = _MARKUP.sub(" ", text)
    if any(sign in text for sign in _MAIL_SIGNS):
        text = _MAIL_HEADER.sub(" ", text)
    return "\n".join(_prose_of_line(line) for line in text.split("\n"))


def _prose_of_line(line: str) -> str:
    words = _CODE_WORD.sub(" ", line)
    if len(words) == len(line):
        return line
    found = _CODE_WORD.findall(line)
    code = sum(not _NUMBER.fullmatch(word) for word in found)
    # Plain words between code are code too (`return`, `SIZE: 14432088 bytes`), but not capitals around a few numbers.
    # Letters of other scripts are not.
    is_shouted = len(found) * 3 < len(line.split()) and code * 10 <= len(line.split())
    gone = len(line) - len(words if is_shouted else _CAPITALS.sub(" ", words))
    if gone * 2 <= len(line.strip()) and code * 5 <= len(line.split()) * 2:
        return words
    return "".join(char if char > "\x7f" else " " for char in words)


def _without_blocks(text: str) -> str:
    kept: list[str] = []
    start = 0
    while opening := _BLOCK.search(text, start):
        kept.append(text[start : opening.start()])
        start = _end_of_block(text, opening)
    return " ".join([*kept, text[start:]]) if kept else text


def _end_of_block(text: str, opening: re.Match[str]) -> int:
    if fence := opening["fence"]:
        end = text.find(f"\n{fence}", opening.end())
        return len(text) if end < 0 else end + 1 + len(fence)
    if tag := opening["tag"]:
        end = text.lower().find(f"</{tag.lower()}", opening.end())
        return len(text) if end < 0 else end
    closing = _LIQUID_END.search(text, opening.end())
    return closing.end() if closing else len(text)
