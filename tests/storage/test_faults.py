"""The faults that the crash tests arm: one of several workers meets a fault, and the others are well."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest

from longshore.storage import fault_injection

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DATA = b"0123456789"


@pytest.fixture(autouse=True)
def disarmed() -> Iterator[None]:
    yield
    fault_injection.arm("")


def test_of_two_that_write_at_once_only_the_one_that_dies_is_cut_short(tmp_path: Path) -> None:
    fault = f"stage.write:cut:1:{tmp_path}/fired"
    fault_injection.arm(fault)
    assert fault_injection.cut("stage.write", DATA) == DATA[:5]
    # The other worker, before the first one has died.
    fault_injection.arm(fault)
    assert fault_injection.cut("stage.write", DATA) == DATA
    fault_injection.step("stage.write")


def test_who_is_cut_short_dies(tmp_path: Path) -> None:
    fault_injection.arm(f"stage.write:cut:1:{tmp_path}/fired")
    child = os.fork()
    if not child:
        fault_injection.cut("stage.write", DATA)
        fault_injection.step("stage.write")
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
