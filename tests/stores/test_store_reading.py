"""`find`, `show` and `query` where the warehouse is in an object store."""

import json
from pathlib import Path

from longshore.cli.main import main
from longshore.pipeline import ingest

SAMPLES = Path(__file__).parents[1] / "samples"


def test_records_in_a_store_are_found_and_shown(stored, tmp_path, monkeypatch, capsys):
    for name in ("02-date-line.txt", "07-mojibake.txt"):
        stored.drop(name, (SAMPLES / name).read_bytes())
    ingest(stored.settings)
    monkeypatch.chdir(tmp_path)
    for name in ("landing", "warehouse", "ledger_url"):
        monkeypatch.setenv(f"LONGSHORE_{name.upper()}", str(getattr(stored.settings, name)))
    assert main(["find", "jukebox", "--json"]) == 0
    record_id = json.loads(capsys.readouterr().out)["record_id"]
    assert main(["show", record_id[:8]]) == 0
    assert "The café on the quay" in capsys.readouterr().out
    assert main(["query", "SELECT 1"]) == 2
    assert "Point DuckDB with its extension httpfs at s3://" in capsys.readouterr().err
