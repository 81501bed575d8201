"""A proxy before an object store that fails as stores and networks do, and counts the requests.

    python -m tests.stores.faulty PORT STORE_PORT

A rule is JSON: `kind` of fault, `method`, `contains` (of the path and query), and how often: the first `times` requests
that match, after `skip` others, or each with the probability `chance`. Kinds: a status (`503`), `cut` (the connection
ends before the store hears of it), `lost` (the store does as asked, and the answer is lost), `late` (the answer is a
503, and the store does as asked a moment later), `ignore` (the store is not told of any condition), `slow` (the
answer takes a moment), `hang` (the store does as asked, and the answer comes after the client has lost patience).
"""

from __future__ import annotations

import http.client
import json
import random
import socket
import sys
import threading
import time
import urllib.request
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

_CODES = {"NoSuchKey": 404, "SlowDown": 503, "InternalError": 500, "ConditionalRequestConflict": 409}
_HOP = {"connection", "transfer-encoding", "keep-alive"}
_LATE_SECONDS = 0.5
_SLOW_SECONDS = 0.5
HANG_SECONDS = 4


class Faulty(BaseHTTPRequestHandler):
    """One connection of a client."""

    protocol_version = "HTTP/1.1"
    store_port: ClassVar[int]
    rules: ClassVar[list[dict[str, Any]]] = []
    counts: ClassVar[Counter[str]] = Counter()
    running: ClassVar[int] = 0
    lock: ClassVar[threading.Lock] = threading.Lock()
    dice: ClassVar[random.Random] = random.Random(0)
    disable_nagle_algorithm = True

    def _handle(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path == "/__rules__":
            with self.lock:
                type(self).rules = json.loads(body)
                self.dice.seed(0)
            self._answer(200, [], b"")
            return
        if self.path == "/__counts__":
            with self.lock:
                counts = dict(self.counts)
                self.counts.clear()
            self._answer(200, [], json.dumps(counts).encode())
            return
        kind = self._fault()
        if kind == "cut":
            self._hang_up()
            return
        if kind in ("lost", "late", "hang"):
            if kind == "late":
                self._refuse("SlowDown")
                time.sleep(_LATE_SECONDS)
            self._forward(body)
            if kind == "hang":
                time.sleep(HANG_SECONDS)
            if kind != "late":
                self._hang_up()
            return
        if kind == "slow":
            with self.lock:
                type(self).running += 1
                self.counts["at once"] = max(self.counts["at once"], self.running)
            time.sleep(_SLOW_SECONDS)
            with self.lock:
                type(self).running -= 1
        if kind in _CODES:
            self._refuse(kind)
            return
        self._answer(*self._forward(body, conditions=kind != "ignore"))

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _handle  # noqa: N815 - the names that the library calls

    def _fault(self) -> str:
        with self.lock:
            what = "COPY" if "x-amz-copy-source" in self.headers else self.command
            self.counts[f"{what} {self._kind_of_key()}"] += 1
            for rule in self.rules:
                if rule.get("method", what) != what or rule.get("contains", "") not in self.path:
                    continue
                if "chance" in rule:
                    if self.dice.random() < rule["chance"]:
                        return str(rule["kind"])
                    continue
                rule["seen"] = rule.get("seen", 0) + 1
                if rule.get("skip", 0) < rule["seen"] <= rule.get("skip", 0) + rule.get("times", 1 << 30):
                    return str(rule["kind"])
        return ""

    def _kind_of_key(self) -> str:
        if "list-type" in self.path:
            return "list"
        if "/probes/" in self.path:
            return "probe"
        for name in ("records", "deliveries", "_longshore", "_archive", "_rejected"):
            if f"/{name}/" in self.path:
                return name
        return "landed"

    def _forward(self, body: bytes, *, conditions: bool = True) -> tuple[int, list[tuple[str, str]], bytes]:
        store = http.client.HTTPConnection("127.0.0.1", self.store_port, timeout=60)
        dropped = set() if conditions else {"if-match", "if-none-match"}
        headers = {name: value for name, value in self.headers.items() if name.lower() not in _HOP | dropped}
        store.request(self.command, self.path, body, headers)
        answer = store.getresponse()
        data = answer.read()
        found = [(name, value) for name, value in answer.getheaders() if name.lower() not in _HOP]
        store.close()
        return answer.status, found, data

    def _refuse(self, code: str) -> None:
        text = f'<?xml version="1.0"?><Error><Code>{code}</Code><Message>A fault of the tests</Message></Error>'
        self._answer(_CODES[code], [("Content-Type", "application/xml")], text.encode())

    def _answer(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.send_response_only(status)
        lengths = [value for name, value in headers if name.lower() == "content-length"]
        for name, value in headers:
            if name.lower() != "content-length":
                self.send_header(name, value)
        if status != 204:
            length = lengths[0] if self.command == "HEAD" and lengths else str(len(body))
            self.send_header("Content-Length", length)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
        self.wfile.flush()

    def _hang_up(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, *_: object) -> None:
        """Write nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, *_: object) -> None:
        """Write nothing: clients are killed here."""


def set_rules(url: str, rules: list[dict[str, Any]]) -> None:
    """Tell a running proxy how to fail from now on."""
    request = urllib.request.Request(f"{url}/__rules__", data=json.dumps(rules).encode(), method="PUT")
    urllib.request.urlopen(request, timeout=30).close()


def take_counts(url: str) -> dict[str, int]:
    """Return the requests since the last time, by method and kind of key."""
    with urllib.request.urlopen(f"{url}/__counts__", timeout=30) as answer:
        return dict(json.load(answer))


if __name__ == "__main__":
    Faulty.store_port = int(sys.argv[2])
    _Server(("127.0.0.1", int(sys.argv[1])), Faulty).serve_forever()
