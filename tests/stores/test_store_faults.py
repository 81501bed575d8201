"""A store that fails: every delivery still ends once, and a store that keeps no condition is refused."""

from __future__ import annotations

import pytest

from longshore.errors import LongshoreError, SettingsError
from longshore.maintenance.verify import verify
from longshore.storage.stores import client, signed_requests
from longshore.storage.stores.client import StoreError
from longshore.storage.stores.object_warehouse import ObjectWarehouse
from tests.stores.faulty import HANG_SECONDS, take_counts
from tests.stores.project import sha256
from tests.stores.servers import seaweedfs

# What does not depend on how a store copies is tried on the quicker one.
QUICK = pytest.mark.parametrize("store_server", [seaweedfs], ids=["seaweedfs"], indirect=True)
FILES = 12
TEXTS = {
    f"{n:02}.txt": f"The harbour was quiet in the morning, and ferry {n} waited for the fog.\n" for n in range(FILES)
}
PLACES = {
    "creating a part": ("PUT", "/records/"),
    "creating a part of deliveries": ("PUT", "/deliveries/"),
    "reading a landed object": ("GET", "/drop/0"),
    "listing": ("GET", "list-type"),
    "copying": ("COPY", "/_archive/"),
    "ending a copy": ("POST", "/_archive/"),
    "deleting": ("DELETE", "/drop/0"),
    "looking": ("HEAD", ""),
    "writing a reason": ("PUT", "reason.json"),
}
FAULTS = ["SlowDown", "InternalError", "ConditionalRequestConflict", "cut", "lost"]


def _drop(project):
    for name, text in TEXTS.items():
        project.drop(name, text)
    project.drop("empty.txt", "")


def _ingest_until_done(project, runs=12):
    """Run until nothing is left, as a schedule does; a run that fails has said so by an error."""
    failures = []
    for _ in range(runs):
        try:
            summary = project.ingest()
        except (OSError, LongshoreError) as error:
            failures.append(error)
            continue
        if not summary.deferred and not summary.seen:
            return failures
    raise AssertionError(failures)


def _check(project):
    assert sorted(project.ids()) == sorted(map(sha256, TEXTS.values()))
    assert verify(project.settings).disagreements == []
    left = [key for key in project.keys("drop") if not key.startswith(("drop/_archive/", "drop/_rejected/"))]
    assert left == []


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_at_each_kind_of_request_loses_nothing_and_doubles_nothing(failing, fault):
    _drop(failing)
    failing.fail(*({"kind": fault, "method": method, "contains": part, "times": 1} for method, part in PLACES.values()))
    assert _ingest_until_done(failing) == []
    _check(failing)


def test_an_answer_that_is_lost_after_the_store_did_as_asked_is_no_conflict(failing):
    """The repeated request finds its own object: 412 after a success."""
    _drop(failing)
    failing.fail(
        *({"kind": "lost", "method": method, "contains": "", "times": 5} for method in ("PUT", "COPY", "POST"))
    )
    assert _ingest_until_done(failing) == []
    _check(failing)


@QUICK
def test_requests_that_time_out_are_repeated_and_find_what_they_did(failing, monkeypatch):
    for module in (client, signed_requests):
        monkeypatch.setattr(module, "TIMEOUT_SECONDS", HANG_SECONDS // 2)
    _drop(failing)
    failing.fail(
        *({"kind": "hang", "method": method, "contains": part, "times": 1} for method, part in PLACES.values())
    )
    assert _ingest_until_done(failing) == []
    _check(failing)


@QUICK
def test_a_store_that_fails_at_random_only_delays(failing):
    _drop(failing)
    failing.fail(*({"kind": fault, "chance": 0.04} for fault in FAULTS))
    _ingest_until_done(failing)
    failing.fail()
    _ingest_until_done(failing)
    _check(failing)


@QUICK
def test_a_store_that_is_down_defers_reads_and_stops_the_run_with_an_error_that_names_it(failing):
    _drop(failing)
    failing.fail({"kind": "InternalError", "method": "GET", "contains": "/drop/03"})
    summary = failing.ingest()
    assert (summary.published, summary.deferred) == (FILES - 1, 1)
    failing.fail({"kind": "InternalError", "contains": "/drop"})
    with pytest.raises(StoreError, match=failing.place):
        failing.ingest()
    failing.fail()
    _ingest_until_done(failing)
    _check(failing)


@pytest.mark.parametrize(
    ("method", "contains", "what"),
    [
        ("PUT", "/house/_deleting/probes/", "create an object only if its key is free"),
        ("DELETE", "/drop/_deleting/probes/", "delete an object only if it has not changed"),
        (None, "/drop/_deleting/probes/", "copy an object only to a free key"),
    ],
)
def test_a_store_that_ignores_conditions_is_refused_before_anything_moves(failing, method, contains, what):
    _drop(failing)
    before = failing.keys("drop")
    failing.fail({"kind": "ignore", "contains": contains} | ({"method": method} if method else {}))
    with pytest.raises(SettingsError, match=what):
        failing.ingest()
    failing.fail()
    assert failing.keys("drop") == before
    assert failing.keys("house/records") == []


@QUICK
def test_an_object_that_is_replaced_while_it_is_ingested_is_a_new_delivery(failing, monkeypatch):
    _drop(failing)
    newer = "Somebody uploaded another text under the same name while the first one was ingested.\n"
    publish = ObjectWarehouse.publish

    def replaced_meanwhile(*arguments):
        failing.drop("03.txt", newer)
        publish(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(ObjectWarehouse, "publish", replaced_meanwhile)
        summary = failing.ingest()
    assert summary.published == FILES
    assert "new delivery" in "".join(summary.notes)
    _ingest_until_done(failing)
    assert sorted(failing.ids()) == sorted(map(sha256, [*TEXTS.values(), newer]))


def _interrupted(*_):
    raise KeyboardInterrupt


def test_a_run_of_many_files_sends_one_part_and_few_requests_a_file(failing, monkeypatch):
    for number in range(100):
        failing.drop(f"{number:03}.txt", f"Ferry {number} waited for the fog to lift before it left the harbour.\n")
    # One that was interrupted before, and is undone first, changes nothing of that.
    with monkeypatch.context() as patch:
        patch.setattr(ObjectWarehouse, "publish", _interrupted)
        with pytest.raises(KeyboardInterrupt):
            failing.ingest()
    take_counts(failing.proxy)
    failing.ingest()
    counts = take_counts(failing.proxy)
    # The second replaces the fence of the interrupted run.
    assert counts["PUT records"] == 2
    assert counts["GET landed"] <= 110
    assert counts["COPY _archive"] == 100
    assert counts["DELETE landed"] == 100
    failing.drop("more.txt", "The harbour was quiet in the morning.\n")
    failing.ingest()
    assert take_counts(failing.proxy)["PUT records"] == 1


@QUICK
def test_reads_wait_for_the_network_together(failing):
    for number in range(64):
        failing.drop(f"{number:03}.txt", f"Ferry {number} waited for the fog to lift before it left the harbour.\n")
    take_counts(failing.proxy)
    failing.fail({"kind": "slow", "method": "GET", "contains": "/drop/0"})
    assert failing.ingest().published == 64
    assert take_counts(failing.proxy)["at once"] >= 32
