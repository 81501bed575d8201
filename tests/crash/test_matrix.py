"""The crash matrix: every step × every fault × first, middle, last × archive, delete, keep; readers read meanwhile.

After the fault comes an ordinary run, then one that must find nothing to do, then the whole is compared (`server.check`
says with what), `longshore verify` included. `make test` takes every step and fault in archive mode, kills and
input/output errors in the others; CRASH_MATRIX=full takes all. Not in the matrix: a cut anywhere but where something
is written, which is a kill there.
"""

from __future__ import annotations

import itertools
import os

import pytest

from flows.storage import faults

# How often each step is passed in a run of three batches of four files: first, middle, last.
_TIMES = {
    "landing.read": (1, 6, 11),
    "worker.read": (1, 4, 7),
    "settle.file": (1, 6, 11),
    "settle.moved": (1, 5, 9),
    # The last batch holds one new text; what waits for it is settled in one of its own, without a worker.
    "claim": (1, 2, 3),
    # Once a run.
    "deliveries.staged": (1,),
    "deliveries.renamed": (1,),
}
_MODES = ("archive", "delete", "keep")
_KINDS = ("kill", "enospc", "eio", "eacces")
# In `make test` delete and keep meet two faults of the four; in `make soak` (CRASH_MATRIX=full) all.
_FULL = os.environ.get("CRASH_MATRIX") == "full"
# Nothing is moved where files are kept.
_SETTLING = ("settle.file", "settle.moved")


def _cases():
    for mode, step, kind in itertools.product(_MODES, faults.STEPS, _KINDS):
        if step in _SETTLING and mode == "keep":
            continue
        if not _FULL and mode != "archive" and kind not in ("kill", "eio"):
            continue
        for nth in _TIMES.get(step, (1, 2, 3)):
            yield {"after_ingest": mode, "step": step, "kind": kind, "nth": nth}
    for mode, nth in itertools.product(_MODES, (1, 2, 3)):
        yield {"after_ingest": mode, "step": "stage.write", "kind": "cut", "nth": nth}


def _worker_cases():
    """A fault in a worker process: one that dies and is replaced, and one that kills whatever takes its place."""
    kinds = ("kill", "enospc")
    for step, kind, once in itertools.product(faults.WORKER_STEPS, kinds, (True, False)):
        if (step, kind, once) == ("worker.read", "enospc", False):
            continue  # a file that cannot be read is deferred, each time: nothing dies
        yield {"after_ingest": "archive", "step": step, "kind": kind, "nth": 1, "once": once, "workers": 2}
    yield {"after_ingest": "archive", "step": "stage.write", "kind": "cut", "nth": 1, "workers": 2}
    yield {"after_ingest": "archive", "step": "stage.done", "kind": "kill", "nth": 2, "workers": 2}
    # The coordinator dies while workers are at work.
    for step in ("claim", "ledger.staged", "publish.renamed", "settle.file"):
        yield {"after_ingest": "archive", "step": step, "kind": "kill", "nth": 2, "workers": 2}


def _name(case):
    parts = [case["after_ingest"], case["step"], case["kind"], str(case["nth"])]
    return "-".join(parts + ["workers"] * ("workers" in case) + ["always"] * (not case.get("once", True)))


_CASES = [case | {"name": _name(case)} for case in itertools.chain(_cases(), _worker_cases())]


@pytest.mark.parametrize("case", _CASES, ids=[case["name"] for case in _CASES])
def test_whatever_dies_when_nothing_is_lost_twice_or_half(case, crash_answers):
    answer = crash_answers[case["name"]].result()
    assert answer["fired"], "the fault was never reached: the matrix does not test what it says"
    assert not answer["wrong"], "\n".join([*answer["wrong"], answer["first"]])
