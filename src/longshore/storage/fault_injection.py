"""Fault injection for tests: make a named step of the publish protocol fail.

`LONGSHORE_FAULT=STEP:KIND[:NTH[:ONCE]]` arms one fault: at the NTH (default first) passing of STEP in a process, that
process is killed (`kill`) or stopped until a SIGCONT (`stop`), or an `OSError` is raised (`enospc`, `eio`, `eacces`),
or the write is cut short and the process killed (`cut`). ONCE is the path of a file that the fault makes; where it is
there already, the fault is spent: so one of several workers dies, and the one that takes its place lives.
`STEP:KIND:@NAME` fires at each passing with a path that ends in NAME. Unset, a step costs one look-up of a module
variable. The steps are listed in `STEPS`, in their order; those in `WORKER_STEPS` are passed in workers, those in
`REWRITE_STEPS` by compact, reprocess and forget.
"""

from __future__ import annotations

import contextlib
import errno
import os
import signal

STEPS = (
    "landing.read",
    "claim",
    "worker.read",
    "normalise",
    "stage.write",
    "stage.done",
    "ledger.staged",
    "publish.rename",
    "publish.renamed",
    "finalize.file",
    "finalize.moved",
    "finalize.done",
    "ledger.finalized",
    "deliveries.staged",
    "deliveries.renamed",
)
# Of `after_ingest = "delete"`, between finalize.file and finalize.moved.
DELETE_STEPS = ("finalize.unlink",)
WORKER_STEPS = ("worker.read", "normalise", "stage.write", "stage.done")

# Of rewrites (compact, reprocess, forget), which an ingest run does not pass.
REWRITE_STEPS = (
    "rewrite.built",
    "rewrite.verified",
    "rewrite.linked",
    "rewrite.ready",
    "rewrite.exchanged",
    "rewrite.recorded",
    "rewrite.dropped",
)
FORGET_STEPS = ("forget.buried", "forget.rewritten", "forget.original", "forget.done")
# Of `verify --repair`: the first two only where a damaged file is moved aside.
REPAIR_STEPS = (
    "repair.marked",
    "repair.moved",
    "repair.begun",
    "repair.adopted",
    "repair.recorded",
    "repair.done",
)
# Of `forget` removing a member from an archive.
REMOVE_MEMBER_STEPS = ("forget.archive_rewritten", "forget.archive_recorded", "forget.archive_replaced")

_ERRORS = {
    "enospc": errno.ENOSPC,
    "eio": errno.EIO,
    "eacces": errno.EACCES,
    "erofs": errno.EROFS,
    "eperm": errno.EPERM,
    "ebusy": errno.EBUSY,
}

_armed = os.environ.get("LONGSHORE_FAULT", "")
_passed = 0
_has_cut = False


def step(name: str, *, path: str | os.PathLike[str] = "") -> None:
    """Pass the step called `name`, with the file at `path`; do what is armed for it, if anything is."""
    if _armed:
        _pass(name, os.fspath(path))


def cut(name: str, data: bytes | memoryview) -> bytes | memoryview:
    """Return the data to write at this step: all, or half if a cut is armed; the process then dies at the step."""
    global _has_cut  # noqa: PLW0603 - of this process, as the counter
    if not _armed or ":@" in _armed:
        return data
    wanted, kind, nth, once = _parse()
    # Spent here, not at the step: otherwise two concurrent writes would both be cut, and one process survive.
    if (wanted, kind, _passed) != (name, "cut", nth - 1) or (once and not _first_to_make(once)):
        return data
    _has_cut = True
    return data[: len(data) // 2]


def arm(fault: str) -> None:
    """Arm a fault in this process, as `LONGSHORE_FAULT` does in a new one; an empty string disarms."""
    global _armed, _passed, _has_cut
    _armed, _passed, _has_cut = fault, 0, False


def _parse() -> tuple[str, str, int, str]:
    wanted, kind, *more = _armed.split(":", 3)
    return wanted, kind, int(more[0]) if more else 1, more[1] if len(more) > 1 else ""


def _pass(name: str, path: str) -> None:
    global _passed  # noqa: PLW0603 - one counter a process is what "the nth passing" means
    if ":@" in _armed:
        armed, _, suffix = _armed.partition(":@")
        wanted, kind = armed.split(":")
        if name != wanted or not path.endswith(suffix):
            return
    else:
        wanted, kind, nth, once = _parse()
        if name != wanted:
            return
        _passed += 1
        if not _has_cut and (_passed != nth or (once and not _first_to_make(once))):
            return
    if kind in _ERRORS:
        raise OSError(_ERRORS[kind], f"{os.strerror(_ERRORS[kind])} (made by LONGSHORE_FAULT at {name})", path)
    os.kill(os.getpid(), signal.SIGSTOP if kind == "stop" else signal.SIGKILL)


def _first_to_make(path: str) -> bool:
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o640))
        return True
    return False
