"""The crash matrix: every step × every fault × first, middle, last × archive, delete, keep; readers read meanwhile.

After the fault comes an ordinary run, then one that must find nothing to do, then the whole is compared
(`project.check` says with what), `longshore verify` included. The steps of a compaction, a reprocessing and a
forgetting are in it, too, and all of it once more on PostgreSQL.

`make test` takes every step and fault in archive mode, kills and input/output errors in the others, every step of a
rewrite killed and on a full disk, and on PostgreSQL each step of everything killed once. CRASH_MATRIX=full takes all.
Not in the matrix: a cut anywhere but where something is written, which is a kill there.
"""

from __future__ import annotations

import itertools
import os

import pytest

from longshore.storage import fault_injection
from tests.crash import rewrites

# How often each step is passed in a run of three batches of four files: first, middle, last.
_TIMES = {
    "landing.read": (1, 6, 11),
    "worker.read": (1, 4, 7),
    "finalize.file": (1, 6, 11),
    "finalize.moved": (1, 5, 9),
    # The last batch holds one new text; what waits for it is finalized in one of its own, without a worker.
    "claim": (1, 2, 3),
    # Once a run.
    "deliveries.staged": (1,),
    "deliveries.renamed": (1,),
}
_MODES = ("archive", "delete", "keep")
_KINDS = ("kill", "enospc", "eio", "eacces")
_FULL = os.environ.get("CRASH_MATRIX") == "full"
# Nothing is moved where files are kept.
_FINALIZING = ("finalize.file", "finalize.moved")


def _case(step, kind, nth=1, after_ingest="archive", *, once=True, workers=0, rewrite=""):
    parts = [after_ingest, *([rewrite] if rewrite else ()), step, kind, str(nth)]
    name = "-".join(parts + ["workers"] * bool(workers) + ["always"] * (not once))
    return {
        "name": name, "step": step, "kind": kind, "nth": nth, "after_ingest": after_ingest, "once": once,
        "workers": workers, "rewrite": rewrite,
    }  # fmt: skip


def _ingest_cases():
    for mode, step, kind in itertools.product(_MODES, fault_injection.STEPS, _KINDS):
        if step in _FINALIZING and mode == "keep":
            continue
        if not _FULL and mode != "archive" and kind not in ("kill", "eio"):
            continue
        for nth in _TIMES.get(step, (1, 2, 3)):
            yield _case(step, kind, nth, mode)
    for step, kind in itertools.product(fault_injection.DELETE_STEPS, (*_KINDS, "erofs", "eperm", "ebusy")):
        yield from (_case(step, kind, nth, "delete") for nth in (1, 5, 9))
    for mode, nth in itertools.product(_MODES, (1, 2, 3)):
        yield _case("stage.write", "cut", nth, mode)


def _worker_cases():
    """A fault in a worker process: one that dies and is replaced, and one that kills whatever takes its place."""
    for step, kind, once in itertools.product(fault_injection.WORKER_STEPS, ("kill", "enospc"), (True, False)):
        if (step, kind, once) == ("worker.read", "enospc", False):
            continue  # a file that cannot be read is deferred, each time: nothing dies
        yield _case(step, kind, once=once, workers=2)
    yield _case("stage.write", "cut", workers=2)
    yield _case("stage.done", "kill", 2, workers=2)
    # The coordinator dies while workers are at work.
    for step in ("claim", "ledger.staged", "publish.renamed", "finalize.file"):
        yield _case(step, "kill", 2, workers=2)


def _rewrite_cases():
    for what, steps in rewrites.STEPS.items():
        for mode, step, kind in itertools.product(_MODES, steps, _KINDS):
            # Where the originals were deleted, there is nothing to read anew, and nothing to forget but the record.
            possible = mode != "delete" or (what != "reprocess" and step != "forget.original")
            # A compaction passes each step for the records, then for the deliveries.
            times = (1, 2) if what == "compact" and (_FULL or kind == "kill") else (1,)
            if possible and (_FULL or (mode == "archive" and kind in ("kill", "enospc"))):
                yield from (_case(step, kind, nth, mode, rewrite=what) for nth in times)


def _postgresql_cases():
    if _FULL:
        return _CASES
    each = {step: times[len(times) // 2] for step in fault_injection.STEPS if (times := _TIMES.get(step, (1, 2, 3)))}
    killed = [_case(step, "kill", nth) for step, nth in each.items()]
    finalizing = (*_FINALIZING, *fault_injection.DELETE_STEPS, "finalize.done", "ledger.finalized")
    killed += [_case(step, "kill", each.get(step, 5), "delete") for step in finalizing]
    killed += [_case(step, "ebusy", 5, "delete") for step in fault_injection.DELETE_STEPS]
    killed += [_case(step, "kill", workers=2) for step in ("stage.done", "ledger.staged")]
    return killed + [_case(step, "kill", rewrite=what) for what, steps in rewrites.STEPS.items() for step in steps]


_CASES = [*_ingest_cases(), *_worker_cases(), *_rewrite_cases()]
_ON_POSTGRESQL = _postgresql_cases()


@pytest.mark.parametrize("case", _CASES, ids=[case["name"] for case in _CASES])
def test_whatever_dies_when_nothing_is_lost_twice_or_partial(case, crash_answers):
    _assert_good(crash_answers[case["name"]].result())


@pytest.mark.parametrize("case", _ON_POSTGRESQL, ids=[case["name"] for case in _ON_POSTGRESQL])
def test_the_same_with_the_ledger_in_postgresql(case, crash_answers_on_postgresql):
    _assert_good(crash_answers_on_postgresql[case["name"]].result())


def _assert_good(answer):
    assert answer["fired"], f"the fault was never reached: the matrix does not test what it says\n{answer['wrong']}"
    assert not answer["wrong"], "\n".join([*answer["wrong"], answer["first"]])
