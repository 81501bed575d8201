"""A store that only lists, a page at a time, as many keys as it is told; it fails now and then.

python -m tests.stores.listing_server PORT KEYS
"""

from __future__ import annotations

import sys
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PAGE = 1000
# Pages that fail more often than a client repeats a request by itself.
FAILING_PAGES = {3: 4, 7: 9}


def key_of(number: int) -> str:
    return f"{number // PAGE:04}/an-article-with-a-usual-name-{number:07}.txt"


class Lister(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    keys = 0

    def do_GET(self) -> None:
        asked = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
        start = 0
        if "continuation-token" in asked:
            start = int(asked["continuation-token"][0])
        elif "start-after" in asked:
            start = int(asked["start-after"][0].rpartition("-")[2].removesuffix(".txt")) + 1
        if FAILING_PAGES.get(start // PAGE, 0):
            FAILING_PAGES[start // PAGE] -= 1
            self._answer(503, "<Error><Code>SlowDown</Code></Error>")
            return
        end = min(self.keys, start + PAGE)
        more = f"<NextContinuationToken>{end}</NextContinuationToken>" if end < self.keys else ""
        found = "".join(
            f"<Contents><Key>drop/{key_of(number)}</Key><LastModified>2026-01-01T00:00:{number % 60:02}.000Z"
            f"</LastModified><ETag>&quot;{number:032x}&quot;</ETag><Size>2048</Size></Contents>"
            for number in range(start, end)
        )
        truncated = "true" if more else "false"
        self._answer(
            200,
            f"<ListBucketResult><Name>box</Name><Prefix>drop/</Prefix><IsTruncated>{truncated}</IsTruncated>"
            f"{more}{found}</ListBucketResult>",
        )

    def _answer(self, status: int, text: str) -> None:
        body = f'<?xml version="1.0"?>{text}'.encode()
        self.send_response_only(status)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_HEAD(self) -> None:
        self._answer(200, "")

    def log_message(self, *_: object) -> None:
        """Write nothing."""


if __name__ == "__main__":
    Lister.keys = int(sys.argv[2])
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Lister).serve_forever()
