"""Changes: what is new since a token, each once, whatever was compacted meanwhile."""

import itertools
import json
import os
import random
import stat
import sys
from collections import Counter
from dataclasses import replace

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from test_readers import blocks

from longshore.errors import SettingsError
from longshore.ingestion.worker import normalise_members
from longshore.maintenance import reprocess as room
from longshore.maintenance.changes import read_changes
from longshore.maintenance.forget import forget_records
from longshore.storage.fault_injection import FORGET_STEPS, REWRITE_STEPS
from tests.warehouse.project import ROOT, article, in_child


def take(project, token):
    """Read what is new as the guide says, and give the record ids and the next token."""
    ids = []
    for change in read_changes(project.settings, token, with_ids=True):
        assert change.change == "added"
        table = pq.read_table(project.warehouse.records / change.part, columns=["record_id", "batch_id"])
        mine = table.filter(pc.field("batch_id") == change.batch_id)["record_id"].to_pylist()
        assert sorted(mine) == list(change.record_ids)
        assert len(mine) == change.rows
        ids += mine
        token = change.token
    return ids, token


def test_each_record_is_told_once_across_runs_and_compactions(project):
    taken, token = [], "start"
    for start in range(4):
        project.ingest_in_parts(2, files_each=2, first=4 * start)
        ids, token = take(project, token)
        taken += ids
        project.compact()
    more, token = take(project, token)
    assert more == []
    assert len(taken) == len(set(taken)) == 16
    assert sorted(taken) == sorted(project.table()["record_id"].to_pylist())


def test_a_token_of_the_middle_goes_on_from_there(project):
    project.ingest_in_parts(4)
    tokens = [change.token for change in read_changes(project.settings)]
    project.compact()
    assert [change.token for change in read_changes(project.settings, tokens[1])] == tokens[2:]


def test_what_is_not_readable_yet_is_not_told_and_nothing_after_it(project):
    project.ingest_in_parts(1)
    project.drop("x.txt", article(500))
    assert in_child(project.ingest, "ledger.staged:kill") == -9
    (only,) = read_changes(project.settings)
    project.ingest()
    assert [change.rows for change in read_changes(project.settings, only.token)] == [1]


def test_rejections_and_duplicates_are_no_changes(project):
    project.ingest_in_parts(1, files_each=1)
    (first,) = read_changes(project.settings)
    project.drop("again.txt", article(0))
    project.drop("empty.txt", "")
    project.ingest()
    assert list(read_changes(project.settings, first.token)) == []


@pytest.mark.parametrize("token", ["", "1", "zzzzzzzz-1-1", "00000000-1-1", "start-1"])
def test_a_token_of_something_else_is_refused(project, token):
    project.ingest_in_parts(1)
    with pytest.raises(SettingsError):
        list(read_changes(project.settings, token))


def test_the_guide_runs_and_takes_everything_once(project, monkeypatch, capsys):
    project.ingest_in_parts(2)
    command = project.root / "bin" / "longshore"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT}/src exec {sys.executable} -m longshore "$@"\n')
    command.chmod(command.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{command.parent}:{os.environ['PATH']}")
    monkeypatch.chdir(project.root)
    code = next(code for language, code in blocks("follow-changes.md") if language == "python")
    exec(code, {})
    exec(code, {})
    assert capsys.readouterr().out == "3 new records\n" * 2


def test_the_guides_sql_reads_the_deliveries(project, monkeypatch):
    import duckdb

    project.ingest_in_parts(1)
    monkeypatch.chdir(project.root)
    code = next(code for language, code in blocks("follow-changes.md") if language == "sql")
    with duckdb.connect() as db:
        assert db.execute(code).fetchall() == [("published", None, 3)]


def test_the_command_prints_a_line_of_json_for_each_change(project):
    project.ingest_in_parts(2)
    shown = project.run("changes", "--json", check=True).stdout.splitlines()
    assert [json.loads(line)["change"] for line in shown] == ["added", "added"]


class Reader:
    """Keeps a copy of the records as the guide says: by its bookmark, a change at a time, over whatever happens."""

    def __init__(self, project):
        self.project = project
        self.token = "start"
        self.copy = {}
        self.added = Counter()

    def take(self, most=100):
        """Take at most so many changes, as a reader does that stops in between."""
        for change in itertools.islice(read_changes(self.project.settings, self.token), most):
            if change.change == "added":
                table = pq.read_table(self.project.warehouse.records / change.part, partitioning=None)
                rows = table.filter(pc.field("batch_id") == change.batch_id).to_pylist()
                assert len(rows) == change.rows
                self.added.update(row["record_id"] for row in rows)
                self.copy |= {row["record_id"]: row["title"] for row in rows}
            elif change.change == "forgotten":
                for record_id in change.record_ids:
                    self.copy.pop(record_id, None)
            else:
                titles = self.titles()
                # One that was forgotten since is told of by a later change.
                self.copy |= {one: titles[one] for one in change.record_ids if one in titles}
            self.token = change.token

    def titles(self):
        if not self.project.parts():
            return {}
        table = self.project.table()
        return dict(zip(table["record_id"].to_pylist(), table["title"].to_pylist(), strict=True))


@pytest.mark.parametrize("seed", range(4))
def test_a_copy_kept_by_changes_is_the_warehouse_whatever_happens_in_between(project, monkeypatch, seed):
    """Runs, compactions, reprocessings, takedowns, and deaths of each, in any order; a few changes taken at a time."""
    chance = random.Random(seed)
    reader = Reader(project)

    def ingest():
        project.drop(f"{chance.random()}.txt", article(chance.randrange(10_000)))
        project.ingest()

    def reprocess():
        title = f"Title {chance.random()}"
        monkeypatch.setattr(
            room,
            "normalise_members",
            lambda *given: [replace(record, title=title) for record in normalise_members(*given)],
        )
        room.reprocess_warehouse(project.settings, f"char_count > {chance.randrange(400)}")

    def forget():
        known = sorted(reader.titles()) or ["0" * 64]
        forget_records(project.settings, [chance.choice(known)], block_unknown=True)

    faults_of = {
        ingest: ("claim", "ledger.staged", "publish.renamed", "ledger.finalized"),
        project.compact: REWRITE_STEPS,
        reprocess: REWRITE_STEPS,
        forget: (*FORGET_STEPS, *REWRITE_STEPS),
    }
    ingest()
    for _ in range(12):
        act = chance.choice([ingest, *faults_of])
        if chance.random() < 0.3:
            in_child(act, f"{chance.choice(faults_of[act])}:kill")
        else:
            act()
        if chance.random() < 0.6:
            reader.take(chance.randrange(1, 4))
    project.ingest()
    project.compact()
    reader.take()
    assert reader.copy == reader.titles()
    assert set(reader.added.values()) == {1}, "each record is told as new once"
    assert list(read_changes(project.settings, reader.token)) == []
