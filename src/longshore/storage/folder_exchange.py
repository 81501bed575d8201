"""Exchange of partition folders on a local disk: the file operations behind `partition_swap.py`."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
from typing import TYPE_CHECKING

from longshore.errors import WarehouseError
from longshore.storage import fault_injection
from longshore.storage.filesystem import exchange, fsync_folder

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path


def bring_along(visible: Path, built: Path, going: Collection[str]) -> None:
    """Hard-link every other part of the old folder into the new one, and check that the old parts are still there."""
    missing = set(going)
    with os.scandir(visible) as entries:
        for entry in entries:
            if not entry.is_file(follow_symlinks=False):
                raise WarehouseError(f"{entry.path} is not a part; nothing was changed. Move it out of the warehouse.")
            if entry.name in going:
                missing.discard(entry.name)
            else:
                _link(visible / entry.name, built / entry.name)
    if missing:
        raise WarehouseError(
            f"{visible / min(missing)} disappeared while its partition was rewritten; nothing was changed. "
            "`longshore verify` says whether the ledger and the warehouse agree."
        )
    fsync_folder(built)


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.ENOTSUP, errno.EMLINK, errno.ENOSYS):
            raise
        # A file system without hard links.
        shutil.copy2(source, target)
        with target.open("rb") as copy:
            os.fsync(copy.fileno())


def swap(visible: Path, built: Path) -> None:
    """Exchange two folders: in one step where the system can, else by two renames."""
    if exchange(built, visible):
        return
    aside = built.with_name(f"{built.name}.old")
    visible.rename(aside)
    fault_injection.step("rewrite.aside")
    built.rename(visible)
    aside.rename(built)


def was_exchanged(visible: Path, built: Path, old: Sequence[str], new: Sequence[str]) -> bool:
    """Return whether readers see the new folder; one between two renames is put in place first.

    old, new: names of parts.
    """
    aside = built.with_name(f"{built.name}.old")
    if not visible.exists() and aside.exists():
        built.rename(visible)
        fsync_folder(visible.parent)
        return True
    return [name for name in (*old, *new) if (visible / name).exists()] == list(new)


def remove_if_empty(folder: Path) -> None:
    """Remove a folder unless something is in it."""
    with contextlib.suppress(OSError):
        folder.rmdir()
