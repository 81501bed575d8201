"""What a run tells people in a terminal."""

import subprocess

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from longshore.ingestion.summary import reading_line


@pytest.mark.parametrize("folder", ["warehouse/records", "it's $HOME/records"])
def test_the_line_to_read_the_records_with_can_be_pasted_into_a_shell(folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("shutil.which", lambda _name: None)
    (tmp_path / folder).mkdir(parents=True)
    table = pa.table({"title": ["A new crane"], "language": ["en"], "published_date": [None], "text": ["…"]})
    pq.write_table(table, tmp_path / folder / "part.parquet")
    shown = subprocess.run(reading_line(folder), shell=True, capture_output=True, text=True, check=True).stdout
    assert shown == "{'title': 'A new crane', 'language': 'en', 'published_date': None}\n"


def test_where_duckdb_is_installed_the_line_is_its(monkeypatch):
    monkeypatch.setattr("shutil.which", lambda _name: "duckdb")
    assert reading_line("warehouse/records").endswith("FROM 'warehouse/records/**/*.parquet'\"")
