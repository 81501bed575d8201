"""What a file says of its own encoding: an XML declaration, a `<meta charset>`, a mail header, an editor's cookie.

A hint, never a verdict: files are converted and their labels stay as they were. Promised: names are those of
`candidates.py`, so that they compare.
"""

from __future__ import annotations

import re
from typing import Final

from flows.text.charsets.candidates import reader_of

# Labels stand at the top; HTML 5 looks as far.
_LOOKED_AT: Final = 1024
_LABEL: Final = re.compile(rb"(?:charset|encoding|coding)\s*[=:]\s*[\"']?([a-z][\w.:-]{2,30})")
# Labels that browsers take for a wider charset, as `candidates.py` does.
_WIDER: Final = {
    "ascii": "windows-1252",
    "iso-8859-1": "windows-1252",
    "iso-8859-9": "windows-1254",
    "iso-8859-11": "windows-874",
    "tis-620": "windows-874",
    "gbk": "gb18030",
}


def label_of(raw: bytes) -> str | None:
    """Give the name of the encoding that a file says it is in; None where it says nothing or names none.

    >>> label_of(b'<?xml version="1.0" encoding="KOI8-R"?>')
    'koi8-r'
    """
    head = raw[:_LOOKED_AT].lower()
    found = _LABEL.search(head) if b"charset" in head or b"coding" in head else None
    if not found:
        return None
    try:
        name = reader_of(found[1].decode("ascii"))[0]
    except LookupError:
        return None
    return _WIDER.get(name, name)
