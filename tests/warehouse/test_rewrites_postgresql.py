"""Rewrites with the ledger on PostgreSQL: the same promises."""

import hashlib

import pytest
from test_compaction import ledger_agrees

from longshore.errors import LockHeldError
from longshore.maintenance.changes import read_changes
from longshore.maintenance.forget import forget_records
from longshore.maintenance.reprocess import reprocess_warehouse
from longshore.maintenance.rewrite import now
from longshore.storage.partition_swap import one_rewrite_at_a_time
from tests.warehouse.project import article, in_child


@pytest.fixture
def shared(project, postgres_url):
    project.options["ledger_url"] = postgres_url
    return project


@pytest.mark.parametrize("step", ["rewrite.built", "rewrite.ready", "rewrite.exchanged"])
def test_a_killed_compaction_is_made_good(shared, step):
    shared.ingest_in_parts(3)
    before = shared.table()
    assert in_child(shared.compact, f"{step}:kill") == -9
    shared.ingest()
    assert shared.table().equals(before)
    shared.compact()
    assert len(shared.parts()) == 1
    assert ledger_agrees(shared)


def test_reprocess_changes_and_forget(shared):
    shared.ingest_in_parts(3)
    shared.compact()
    assert reprocess_warehouse(shared.settings, "char_count > 0").rows_chosen == 9
    forget_records(shared.settings, [hashlib.sha256(article(2).encode()).hexdigest()])
    assert shared.table().num_rows == 8
    assert [change.change for change in read_changes(shared.settings)] == ["added"] * 3 + ["forgotten"]
    assert ledger_agrees(shared)


def test_two_machines_never_rewrite_at_once(shared, tmp_path, postgres_url):
    shared.ingest_in_parts(2)
    from longshore.storage.warehouse import LocalWarehouse

    # Another folder, so that only the server's lock is common to both.
    elsewhere = LocalWarehouse(tmp_path / "elsewhere")
    with one_rewrite_at_a_time(elsewhere, "compact other", now(), postgres_url), pytest.raises(LockHeldError):
        shared.compact()
