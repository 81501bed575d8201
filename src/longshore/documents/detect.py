"""Recognition of a file's kind: each format module is asked, in a fixed order, whether the file proves to be its own.

Promised: structure decides; with a fitting name less structure is enough, but a name alone proves nothing. A text
about a format stays text. A plain text costs microseconds: nothing looks at all of it unless its beginning warrants
that.
Not promised: kinds of bytes that are no text. `longshore.text.decode` rejects those, with the name of the kind.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from longshore.documents import exports, mail, rows, rtf, subtitles, syndication, text_kinds, warc, web_page
from longshore.documents.kinds import PLAIN, Kind

if TYPE_CHECKING:
    from collections.abc import Callable

# Those that prove most come first: an RSS feed is XML too, a mail has lines that look like fields of a table.
RECOGNISERS: Final[tuple[Callable[[str, str], Kind | None], ...]] = (
    web_page.recognise,
    mail.recognise,
    warc.recognise,
    rtf.recognise,
    syndication.recognise,
    rows.recognise,
    subtitles.recognise,
    exports.recognise,
    text_kinds.recognise,
)


def recognise(text: str, name: str) -> Kind:
    r"""Return the kind of a decoded file: the first that its structure proves, or plain text.

    >>> recognise("The harbour was quiet.", "page.html").media_type
    'text/plain'
    >>> recognise("# Pier\n\nSee [the map](https://example.org).\n\n- north\n- south\n", "a.txt").evidence
    'headings with #, links, lists'
    """
    for one in RECOGNISERS:
        if kind := one(text, name):
            return kind
    return PLAIN
