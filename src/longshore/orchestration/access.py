"""Access to the embedded Prefect server: own origin only, an optional login, and private files.

Promised: no page of another site can use the server through a browser on this machine, whatever it sends; no other user
can read its files. Not promised: without a login (`server_login`), any user of this machine can use its API, and so
can whoever else reaches `server_host`.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Iterable, MutableMapping
    from pathlib import Path

    Message = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[Message]]
    Send = Callable[[Message], Awaitable[None]]
    App = Callable[[Message, Receive, Send], Awaitable[None]]

LOOPBACK_NAMES = ("127.0.0.1", "localhost")
EVERY_ADDRESS = "0.0.0.0"  # noqa: S104 - a container publishes a port of it; the default is loopback
LOGIN_FILE = "login"
LOGIN_VARIABLE = "PREFECT_API_AUTH_STRING"
# The page loads nothing from elsewhere, whatever a report or a log holds, and no other page may frame it.
_PAGE_POLICY = (
    b"connect-src 'self'; img-src 'self' data: blob:; media-src 'self'; object-src 'none'; base-uri 'self'; "
    b"form-action 'self'; frame-ancestors 'none'"
)


class OwnOriginOnly:
    """An ASGI application that passes on only what this machine, or the server's own page, has asked for.

    A browser sets `Host` and `Origin` itself. A foreign `Host` is DNS rebinding; a foreign `Origin` is another site's
    page, also where CORS does not apply: simple requests and WebSockets.
    """

    def __init__(self, app: App, names: Collection[str] | None = LOOPBACK_NAMES) -> None:
        """Store the application that is guarded, and the names it answers under; `None`: any, because of a login."""
        self._app, self._names = app, names

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it with 403."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        problem = refusal(scope["headers"], self._names)
        if problem is None:
            await self._app(scope, receive, _with_page_policy(send))
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008, "reason": problem})
        else:
            headers = [(b"content-type", b"text/plain; charset=utf-8")]
            await send({"type": "http.response.start", "status": 403, "headers": headers})
            await send({"type": "http.response.body", "body": problem.encode()})


def refusal(headers: Iterable[tuple[bytes, bytes]], names: Collection[str] | None = LOOPBACK_NAMES) -> str | None:
    """Return why a request with these headers is refused, or None. `names` None: any name of the server will do.

    >>> refusal([(b"host", b"localhost:4200"), (b"origin", b"http://localhost:4200")])
    >>> refusal([(b"host", b"localhost:4200"), (b"origin", b"null")])
    'Requests from pages of other sites are refused.'
    """
    given = [(name.lower(), value.decode("latin-1").lower()) for name, value in headers]
    hosts = [value for name, value in given if name == b"host"]
    name = _name_of(hosts[0]) if len(hosts) == 1 else None
    if name is None or (names is not None and name not in names):
        return f"This server answers only under {' and '.join(names or ['one name'])}."
    if any(value not in (f"http://{hosts[0]}", f"https://{hosts[0]}") for name, value in given if name == b"origin"):
        return "Requests from pages of other sites are refused."
    return None


def names_of(host: str, *, login: bool) -> tuple[str, ...] | None:
    """Return the names under which a server that listens on `host` answers; `None`: any.

    Another site cannot log in, so a server with a login may be reached under whichever name its network gives it.

    >>> names_of("0.0.0.0", login=False)
    ('127.0.0.1', 'localhost')
    >>> names_of("10.0.0.7", login=False)
    ('127.0.0.1', 'localhost', '10.0.0.7')
    """
    if login and not is_loopback(host):
        return None
    return (*LOOPBACK_NAMES, *({host.lower()} - {*LOOPBACK_NAMES, EVERY_ADDRESS}))


def is_loopback(host: str) -> bool:
    """Return whether only this machine reaches what listens there."""
    return host == "localhost" or host.startswith("127.")


def _name_of(host: str) -> str | None:
    with contextlib.suppress(ValueError):
        parts = urlsplit(f"//{host}")
        # Anything but a name and a port (a user, a path) would make two programs read it differently.
        return parts.hostname if host in (parts.hostname, f"{parts.hostname}:{parts.port}") else None
    return None


def _with_page_policy(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", ()), (b"content-security-policy", _PAGE_POLICY)]
        await send(message)

    return sending


def make_private(folder: Path) -> None:
    """Create the folder of a server's files, or close it and what is in it to other users (modes 0700 and 0600)."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            # A file may go while we look: a database's journal, for one.
            with contextlib.suppress(FileNotFoundError):
                path.chmod(0o700 if path.is_dir() else 0o600)


def open_private(path: Path, mode: str) -> IO[Any]:
    """Open a file as `open` does; only its owner can read it if it is created."""
    encoding = None if "b" in mode else "utf-8"
    return open(path, mode, encoding=encoding, opener=lambda name, flags: os.open(name, flags, 0o600))


def login_of(state: Path) -> str:
    """Return the login of an embedded server, `longshore:SECRET`; it is created once and kept in a 0600 file."""
    file = state / LOGIN_FILE
    with contextlib.suppress(FileExistsError), open_private(file, "x") as new:
        new.write(f"longshore:{secrets.token_urlsafe(24)}\n")
    return file.read_text("ascii").strip()
