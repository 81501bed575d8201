"""The whole story in an object store: the same rows as on a local disk, every delivery once, and nothing shown."""

from __future__ import annotations

import io
import json
import urllib.request
import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from longshore.errors import SettingsError
from longshore.ingestion.project import warehouse_of
from longshore.maintenance.verify import verify
from longshore.pipeline import ingest
from longshore.settings import Settings, load_settings
from tests.stores.project import OF_PLACE_AND_TIME
from tests.stores.servers import ANYBODY, ENVIRONMENT, seaweedfs

QUICK = pytest.mark.parametrize("store_server", [seaweedfs], ids=["seaweedfs"], indirect=True)
SAMPLES = sorted((Path(__file__).parents[1] / "samples").iterdir())
SECRET = ENVIRONMENT["AWS_SECRET_ACCESS_KEY"]


def _zip(**members):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members.items():
            archive.writestr(f"{name}.txt", text)
    return packed.getvalue()


DELIVERIES = {
    **{sample.name: sample.read_bytes() for sample in SAMPLES if sample.is_file()},
    "deep/er/a b~é.txt": b"The ferries waited for the fog to lift before they left the harbour.\n",
    "box.zip": _zip(one="Der Hafen war am Morgen still.\n" * 3, two="Le port était calme ce matin.\n" * 3),
    "100%25.txt": b"A name with a percent sign, which is kept as it stands.\n",
}


def _drop_locally(folder):
    for name, data in DELIVERIES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def _local_rows(folder):
    tables = [pq.ParquetFile(part).read() for part in sorted((folder / "records").rglob("*.parquet"))]
    return pa.concat_tables(tables).sort_by("record_id").drop_columns(OF_PLACE_AND_TIME)


def test_a_landing_in_a_store_gives_the_same_rows_as_a_local_one(stored, tmp_path):
    local = tmp_path / "local"
    _drop_locally(local / "landing")
    ingest(Settings(landing=local / "landing", warehouse=local / "warehouse", stable_seconds=0))
    for name, data in DELIVERIES.items():
        stored.drop(name, data)

    done = stored.longshore("ingest", "--json")

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["files"]["seen"] == len(DELIVERIES)
    assert stored.rows().equals(_local_rows(local / "warehouse"))
    landed = [key for key in stored.keys("drop") if not key.startswith(("drop/_archive/", "drop/_rejected/"))]
    assert landed == []
    assert verify(stored.settings).disagreements == []
    # A second run has nothing to do; what is delivered again is a duplicate.
    stored.drop("again.txt", DELIVERIES["deep/er/a b~é.txt"])
    assert dict(stored.ingest().to_dict()["files"])["duplicate"] == 1
    assert verify(stored.settings).disagreements == []


@pytest.mark.parametrize("remote", ["landing", "warehouse"])
def test_landing_and_warehouse_may_be_of_different_kinds(stored, tmp_path, remote):
    local = tmp_path / "local"
    _drop_locally(local / "landing")
    if remote == "landing":
        # The ledger is a file of the local warehouse.
        stored.options = {"warehouse": local / "warehouse", "ledger_url": ""}
        for name, data in DELIVERIES.items():
            stored.drop(name, data)
    else:
        stored.options = {"landing": local / "landing", "stable_seconds": 0}
    assert stored.ingest().published > len(SAMPLES) // 2
    assert len(stored.ids()) == len(set(stored.ids())) >= len(SAMPLES) // 2
    assert verify(stored.settings).disagreements == []


def test_a_key_that_is_too_long_to_be_archived_stays_and_blocks_nothing(stored):
    stored.drop("a.txt", "The harbour was quiet in the morning.\n")
    long = "/".join(["a-folder-with-a-long-name"] * 38) + "/b.txt"
    stored.drop(long, "The ferries waited for the fog to lift.\n")
    summary = stored.ingest()
    assert summary.published == 2
    assert "could not be moved" in "".join(summary.notes)
    assert f"drop/{long}" in stored.keys("drop")
    assert stored.ingest().seen == 0
    assert verify(stored.settings).disagreements == []


def test_files_stay_with_keep_and_go_with_delete(stored):
    stored.options = {"after_ingest": "keep"}
    stored.drop("a.txt", "The harbour was quiet in the morning.\n")
    assert stored.ingest().published == 1
    assert stored.ingest().seen == 0
    stored.drop("a.txt", "The harbour was loud in the evening.\n")
    assert stored.ingest().published == 1
    stored.options = {"after_ingest": "delete"}
    assert stored.ingest().duplicate == 1
    assert stored.keys("drop") == []
    assert verify(stored.settings).disagreements == []


def _make_folder_marker(project, name):
    """Make the empty object by which consoles of stores show an empty folder."""
    address = f"{project.server.url}/{project.place}/drop/{name}/"
    request = urllib.request.Request(address, data=b"", method="PUT", headers={"Authorization": ANYBODY})
    urllib.request.urlopen(request, timeout=30).close()


def test_what_is_ignored_by_name_is_counted_and_markers_of_folders_are_nothing(stored):
    stored.drop("a.txt", "The harbour was quiet in the morning.\n")
    stored.drop("_work/b.txt", "b")
    stored.drop("_work/c.txt", "c")
    stored.drop("z.part", "half an upload")
    _make_folder_marker(stored, "incoming")
    summary = stored.ingest()
    assert (summary.published, summary.seen) == (1, 1)
    assert (summary.passed_over.files, summary.passed_over.folders) == (1, 1)


@QUICK
def test_no_output_shows_a_credential(stored):
    stored.drop("a.txt", "The harbour was quiet in the morning.\n")
    shown = [stored.longshore(*command) for command in (("ingest",), ("status", "--json"), ("verify",))]
    broken = stored.longshore("ingest", LONGSHORE_LANDING="s3://no-such-bucket/drop")
    assert broken.returncode != 0
    assert "bucket" in broken.stderr
    written = "".join(one.stdout + one.stderr for one in (*shown, broken))
    everything = b"".join(path.read_bytes() for path in stored.root.rglob("*") if path.is_file())
    assert all(one.returncode == 0 for one in shown), written
    assert SECRET not in written
    assert SECRET.encode() not in everything


def test_a_credential_in_a_setting_is_refused_and_not_repeated():
    for address in ("s3://AKIA:hidden-word@bucket/drop", "s3://bucket/drop?secret=hidden-word"):
        with pytest.raises(SettingsError) as refused:
            load_settings(landing=address)
        assert "hidden-word" not in str(refused.value)


def test_a_warehouse_in_a_store_needs_a_database_and_accepts_one_ledger(stored, tmp_path):
    with pytest.raises(SettingsError, match="ledger_url"):
        load_settings(landing=str(tmp_path), warehouse=f"s3://{stored.place}/house")
    stored.drop("a.txt", "The harbour was quiet in the morning.\n")
    stored.ingest()
    stored.options = {"ledger_url": f"sqlite:///{tmp_path / 'second.sqlite3'}"}
    stored.drop("b.txt", "Another text.\n")
    with pytest.raises(Exception, match="ledger"):
        stored.ingest()
    assert len(list(warehouse_of(stored.settings).parts())) == 1


@QUICK
def test_processes_of_a_pool_read_what_the_run_has_fetched(stored):
    for number in range(60):
        stored.drop(f"{number:03}.txt", f"The harbour was quiet in the morning, number {number}.\n")
    stored.options = {"max_files_per_batch": 20, "workers": 2}
    done = stored.longshore("ingest", "--json", LONGSHORE_MAX_FILES_PER_BATCH="20", LONGSHORE_WORKERS="2")
    assert json.loads(done.stdout)["files"]["published"] == 60, done.stderr
    assert len(set(stored.ids())) == 60
    assert verify(stored.settings).disagreements == []


@QUICK
def test_the_story_with_a_ledger_in_postgresql(stored, postgres_url):
    stored.options = {"ledger_url": postgres_url}
    for name, data in DELIVERIES.items():
        stored.drop(name, data)
    done = stored.longshore("ingest", "--json")
    assert json.loads(done.stdout)["files"]["seen"] == len(DELIVERIES), done.stderr
    assert len(set(stored.ids())) == len(stored.ids()) > len(SAMPLES) // 2
    assert verify(stored.settings).disagreements == []


@QUICK
def test_a_store_and_dask_give_the_same_rows_as_a_local_run(stored, tmp_path, postgres_url):
    pytest.importorskip("distributed")
    local = tmp_path / "local"
    _drop_locally(local / "landing")
    ingest(Settings(landing=local / "landing", warehouse=local / "warehouse", stable_seconds=0))
    stored.options = {"ledger_url": postgres_url}
    for name, data in DELIVERIES.items():
        stored.drop(name, data)
    environment = {"EXECUTOR": "dask", "WORKERS": "2", "MAX_FILES_PER_BATCH": "4"}
    done = stored.longshore("ingest", "--json", **{f"LONGSHORE_{name}": value for name, value in environment.items()})
    assert done.returncode == 0, done.stderr
    assert stored.rows().to_pylist() == _local_rows(local / "warehouse").to_pylist()
    assert len(list(stored.warehouse.parts())) > 1
    assert verify(stored.settings).disagreements == []
