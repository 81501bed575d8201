"""Whether runs are to be seen by a Prefect API, and by which: found out without importing Prefect.

An API is configured by `PREFECT_API_URL`, or by a `longshore serve` that is running on this project: it writes its
address to `.longshore/serve.json` and holds `.longshore/serve.lock` as long as it lives.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time
import urllib.error
import urllib.request
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from longshore.errors import SettingsError
from longshore.orchestration.access import LOGIN_FILE, LOGIN_VARIABLE, make_private, open_private

if TYPE_CHECKING:
    from collections.abc import Iterator

# The state of what serves this project; git-ignored. In the working directory, as `longshore.toml` is.
STATE_FOLDER = ".longshore"
# A URL that does not answer must be an error within ten seconds.
_ANSWER_SECONDS = 8.0
# What another moment of waiting does not mend.
_NO_ADDRESS = "it is no http address"
_ANOTHER = "something else answers; an API's address ends in /api"
# A run tells so often that it lives; the automation that calls a silent one `Crashed` waits three of them. It is set
# wherever our runs start, because with Prefect's own 180 s that automation would end runs which are well.
HEARTBEAT_SECONDS = 30
HEARTBEAT_VARIABLE = "PREFECT_FLOWS_HEARTBEAT_FREQUENCY"
# Prefect's own telemetry fails noisily where there is no way out to the internet, and says nothing of use here. What
# `serve` itself logs belongs to no run and is not sent to the API: Prefect would warn of that with each line.
QUIET = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",
}


@dataclass(frozen=True, slots=True)
class Serving:
    """A `longshore serve` that is running: which process, which API, its web page, and since when."""

    pid: int
    api_url: str
    page_url: str
    since: str


def serving_here(folder: Path | None = None) -> Serving | None:
    """Return the `longshore serve` that runs on the project in this folder, or None."""
    state = (folder or Path.cwd()) / STATE_FOLDER
    try:
        with (state / "serve.lock").open("rb") as lock:
            if _can_lock(lock):
                return None
        return Serving(**json.loads((state / "serve.json").read_bytes()))
    except (OSError, ValueError, TypeError):
        return None


@contextlib.contextmanager
def one_serve_at_a_time(state: Path) -> Iterator[None]:
    """Hold the project for one `longshore serve`; the operating system lets go of it when its holder dies.

    Raises:
        SettingsError: another one serves it already; the message says which, and where its web page is.
    """
    make_private(state)
    with open_private(state / "serve.lock", "ab") as lock:
        if not _can_lock(lock, keep=True):
            other = serving_here(state.parent)
            where = f" by process {other.pid}, since {other.since}; its web page is {other.page_url}" if other else ""
            raise SettingsError(f"This project is being served already{where}. One is enough.")
        try:
            yield
        finally:
            (state / "serve.json").unlink(missing_ok=True)


def write_serving(state: Path, serving: Serving) -> None:
    """Record for other commands of this project which API to use."""
    new = state / "serve.json.new"
    with open_private(new, "w") as file:
        file.write(json.dumps(asdict(serving), indent=2) + "\n")
    new.replace(state / "serve.json")


def configured_api() -> str | None:
    """Return the URL of the API that this project's runs are to be seen by, or None; it answers.

    Raises:
        SettingsError: `PREFECT_API_URL` does not answer.
    """
    url = os.environ.get("PREFECT_API_URL")
    if url:
        check_answers(url)
        return url
    serving = serving_here()
    return serving.api_url if serving and problem_of(serving.api_url) is None else None


def check_answers(url: str) -> None:
    """Raise an error that a person understands where no Prefect API answers at `url`, within ten seconds."""
    problem = problem_of(url)
    if problem is None:
        return
    raise SettingsError(
        f"PREFECT_API_URL is {url}, but no Prefect API answers there ({problem}). Start that server, or unset "
        "PREFECT_API_URL: then `longshore serve` starts one of its own, and `longshore ingest` needs none."
    )


def problem_of(url: str) -> str | None:
    """Return what is wrong with the API at `url`, or None as soon as it answers; it is given eight seconds."""
    problem: str | None = "no answer"
    deadline = time.monotonic() + _ANSWER_SECONDS
    while (left := deadline - time.monotonic()) > 0:
        problem = answers(url, min(left, 4.0))
        if problem in (None, _NO_ADDRESS, _ANOTHER):
            return problem
        time.sleep(min(0.5, max(0.0, deadline - time.monotonic())))
    return problem


def answers(url: str, seconds: float) -> str | None:
    """Return what is wrong with the API at `url`, or None if it answers."""
    if not url.startswith(("http://", "https://")):
        return _NO_ADDRESS
    try:
        with urllib.request.urlopen(f"{url.rstrip('/')}/health", timeout=seconds) as answer:  # noqa: S310 - checked above
            # A server's own web page answers 200 to any path, with HTML.
            return None if answer.read(64).strip() == b"true" else _ANOTHER
    except urllib.error.HTTPError as error:
        if error.code in (404, 405):
            # A workspace of Prefect Cloud has no such page; elsewhere it means that this is not the API.
            return None if "/workspaces/" in url else _ANOTHER
        # One that wants a key is there; Prefect's client brings the key.
        return None if error.code in (401, 403) else f"HTTP {error.code}"
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", None) or error
        return str(getattr(reason, "strerror", None) or reason)


def use_api(url: str, login: str | None = None) -> None:
    """Make Prefect, once it is imported, use this API.

    login: of an embedded server; by default the one of the `longshore serve` that runs here, if `url` is its API.
    """
    if login is None and (serving := serving_here()) and serving.api_url == url:
        with contextlib.suppress(OSError):
            login = (Path.cwd() / STATE_FOLDER / LOGIN_FILE).read_text("ascii").strip()
    os.environ["PREFECT_API_URL"] = url
    if login:
        os.environ[LOGIN_VARIABLE] = login
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    os.environ.setdefault("PREFECT_LOGGING_EXTRA_LOGGERS", "longshore")
    os.environ[HEARTBEAT_VARIABLE] = str(HEARTBEAT_SECONDS)


def _can_lock(file: IO[bytes], *, keep: bool = False) -> bool:
    # A look takes the lock together with others that look; a serve that starts at that moment tries again.
    for attempt in range(4):
        try:
            fcntl.flock(file, (fcntl.LOCK_EX if keep else fcntl.LOCK_SH) | fcntl.LOCK_NB)
        except BlockingIOError:
            if not keep or attempt == 3:
                return False
            time.sleep(0.05)
        else:
            return True
    return False
