"""Requests that somebody else has signed, sent on connections that stay open.

For the one request that `obstore` cannot make: a deletion with a condition. The standard library's client costs a sixth
of the processor time of others, and a run sends one such request for each landed file.
"""

from __future__ import annotations

import http.client
import threading
import urllib.request
from urllib.parse import SplitResult, urlsplit

# Of one request, from its first byte to the last of its answer.
TIMEOUT_SECONDS = 60


class SignedRequests:
    """Sends requests without a body; each thread has connections of its own."""

    def __init__(self) -> None:
        """Open nothing yet."""
        self._of_thread = threading.local()
        self._open: list[http.client.HTTPConnection] = []

    def send(self, method: str, url: str, headers: dict[str, str]) -> int:
        """Send a request and return the status of the answer.

        Raises:
            OSError, http.client.HTTPException: the connection failed, or was cut.
        """
        parts = urlsplit(url)
        held: dict[str, http.client.HTTPConnection] = self._of_thread.__dict__
        connection = held.get(parts.netloc)
        if connection is None:
            connection = held[parts.netloc] = _connect(parts)
            self._open.append(connection)
        try:
            connection.request(method, f"{parts.path}?{parts.query}", headers=headers)
            answer = connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException):
            connection.close()
            raise
        return answer.status

    def close(self) -> None:
        """Close all connections."""
        for connection in self._open:
            connection.close()


def _connect(parts: SplitResult) -> http.client.HTTPConnection:
    """Return a connection to a host, through a proxy if the environment names one."""
    proxy = urllib.request.getproxies().get(parts.scheme)
    through = urlsplit(proxy) if proxy and not urllib.request.proxy_bypass(parts.netloc) else parts
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(through.hostname or "", through.port, timeout=TIMEOUT_SECONDS)
    if through is not parts:
        connection.set_tunnel(parts.hostname or "", parts.port)
    return connection
