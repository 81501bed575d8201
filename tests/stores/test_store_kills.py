"""Runs on an object store that are killed, at each step and at random, lose nothing and double nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from longshore.maintenance.verify import verify
from longshore.storage.stores.object_warehouse import ObjectWarehouse

ROOT = Path(__file__).parents[2]


def _kill(*options):
    command = [sys.executable, "-m", "tests.stores.kills", *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.timeout(900)
def test_a_run_that_is_killed_at_any_step_is_finished_by_the_next():
    pytest.importorskip("obstore")
    _kill("--server", "seaweedfs", "--steps", "1")


@pytest.mark.timeout(900)
def test_a_rewrite_that_is_killed_at_any_step_is_finished_or_undone_by_the_next():
    pytest.importorskip("obstore")
    _kill("--server", "seaweedfs", "--rewrites")


@pytest.mark.timeout(900)
@pytest.mark.parametrize("server", ["moto", "seaweedfs"])
def test_random_kills_while_the_store_fails_lose_nothing(server):
    pytest.importorskip("obstore")
    _kill("--server", server, "--kills", "15", "--faults")


def test_a_request_of_a_dead_run_that_arrives_late_publishes_nothing(stored, monkeypatch):
    """The run died before its part arrived; the next one undoes the batch and publishes the source in another part."""
    late = {}

    def dies(self, run_id, name, part, _sha256):
        late[part] = (self._staging / run_id / name).read_bytes()
        raise KeyboardInterrupt

    stored.drop("a.txt", "The harbour was quiet in the morning.\n")
    with monkeypatch.context() as patch:
        patch.setattr(ObjectWarehouse, "publish", dies)
        with pytest.raises(KeyboardInterrupt):
            stored.ingest()
    ((part, data),) = late.items()

    # As the store would answer when the request gets through at last.
    assert not stored.objects.create(f"house/records/{part}", data)

    stored.drop("b.txt", "The ferries waited for the fog to lift.\n")
    assert stored.ingest().published == 2
    assert not stored.objects.create(f"house/records/{part}", data)
    assert len(stored.ids()) == len(set(stored.ids())) == 2
    assert verify(stored.settings).disagreements == []


def test_a_batch_that_is_made_again_takes_the_place_of_its_fence(stored, monkeypatch):
    def dies(*_):
        raise KeyboardInterrupt

    stored.drop("a.txt", "The harbour was quiet in the morning.\n")
    with monkeypatch.context() as patch:
        patch.setattr(ObjectWarehouse, "publish", dies)
        with pytest.raises(KeyboardInterrupt):
            stored.ingest()
    assert len(stored.keys("house/_longshore/fences")) == 1
    assert stored.ingest().published == 1
    assert stored.keys("house/_longshore/fences") == []
    assert len(stored.ids()) == 1
    assert verify(stored.settings).disagreements == []


def test_an_old_fence_is_removed(stored, monkeypatch):
    from longshore.storage.stores import object_warehouse

    def dies(*_):
        raise KeyboardInterrupt

    stored.drop("a.txt", "The harbour was quiet in the morning.\n")
    with monkeypatch.context() as patch:
        patch.setattr(ObjectWarehouse, "publish", dies)
        with pytest.raises(KeyboardInterrupt):
            stored.ingest()
    stored.drop("b.txt", "The ferries waited for the fog to lift.\n")
    monkeypatch.setattr(object_warehouse, "_LATE_SECONDS", -1)
    stored.ingest()
    assert stored.keys("house/_longshore/fences") == []
    assert len(stored.keys("house/records")) == 1


def test_a_marker_of_a_fence_that_was_left_hides_no_part(stored):
    stored.drop("a.txt", "The harbour was quiet in the morning.\n")
    stored.ingest()
    (part,) = stored.warehouse.parts()
    stored.objects.put(f"house/_longshore/fences/records/{part}", b"")
    assert list(stored.warehouse.parts()) == [part]
    assert verify(stored.settings).disagreements == []
