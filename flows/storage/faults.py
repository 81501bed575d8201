"""Make a named step of the publish protocol fail on purpose, for tests only.

`LONGSHORE_FAULT=STEP:KIND[:NTH]` arms one fault: at the NTH (default first) passing of STEP the process is killed
(`kill`), or an `OSError` is raised (`enospc`, `eio`, `eacces`), or the write is cut short and the process killed
(`cut`). Unset, a step costs one look-up of a module variable. The steps are listed in `STEPS`, in their order.
"""

from __future__ import annotations

import errno
import os
import signal

STEPS = (
    "landing.read",
    "claim",
    "normalise",
    "stage.write",
    "stage.done",
    "ledger.staged",
    "publish.rename",
    "publish.renamed",
    "ledger.published",
    "settle.file",
    "settle.done",
    "ledger.settled",
)

_ERRORS = {"enospc": errno.ENOSPC, "eio": errno.EIO, "eacces": errno.EACCES}

_armed = os.environ.get("LONGSHORE_FAULT", "")
_passed = 0


def step(name: str, *, path: str | os.PathLike[str] = "") -> None:
    """Pass the step called `name`; do what is armed for it, if anything is."""
    if _armed:
        _pass(name, os.fspath(path))


def cut(name: str, data: bytes | memoryview) -> bytes | memoryview:
    """Give the data to write at this step: all of it, or half where a cut is armed."""
    if not _armed:
        return data
    wanted, kind, _ = _parse()
    return data[: len(data) // 2] if wanted == name and kind == "cut" else data


def _parse() -> tuple[str, str, int]:
    wanted, kind, *nth = _armed.split(":")
    return wanted, kind, int(nth[0]) if nth else 1


def _pass(name: str, path: str) -> None:
    global _passed  # noqa: PLW0603 - one counter a process is what "the nth passing" means
    wanted, kind, nth = _parse()
    if name != wanted:
        return
    _passed += 1
    if _passed != nth:
        return
    if kind in _ERRORS:
        raise OSError(_ERRORS[kind], f"{os.strerror(_ERRORS[kind])} (made by LONGSHORE_FAULT at {name})", path)
    os.kill(os.getpid(), signal.SIGKILL)
