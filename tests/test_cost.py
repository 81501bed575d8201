"""What a run may cost, in counts and in ratios: none of this depends on how quick the machine is.

A regression that matters (a fast path that no longer serves, a statement for each file, a library that every start
loads) shows as a count that grows with the files, or as a factor; the factors leave room for noise.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from longshore.ingestion.executors import InlineExecutor
from longshore.pipeline import ingest
from longshore.settings import Settings
from longshore.storage.ledger import engine as engine_module
from longshore.text.normalise import normalise

ROOT = Path(__file__).parents[1]
PARAGRAPHS = (
    "The ferry left the harbour an hour late because the fog – the first of the year – would not lift.",
    "Die Fähre verließ den Hafen mit einer Stunde Verspätung, weil der „Nebel“ nicht weichen wollte.",
    "Le bac a quitté le port avec une heure de retard, parce que le brouillard ne se levait pas.",
    "Паром вышел из порта с опозданием на час, потому что туман никак не рассеивался.",
    "Το πλοίο έφυγε από το λιμάνι με μία ώρα καθυστέρηση, επειδή η ομίχλη δεν έλεγε να διαλυθεί.",
    "霧がなかなか晴れなかったため、フェリーは昨年より一時間遅れて港を出た。",
)
CLEAN = [("\n\n".join([paragraph] * 30)).encode() for paragraph in PARAGRAPHS]


def refuse(*_: object) -> None:
    raise AssertionError("a clean text in UTF-8 came here")


def test_clean_texts_in_utf_8_meet_no_detector_and_no_repair(monkeypatch: pytest.MonkeyPatch) -> None:
    from longshore.text import decode
    from longshore.text.encodings import detect, mixed
    from longshore.text.mojibake import fix

    monkeypatch.setattr(decode, "_not_utf_8", refuse)
    monkeypatch.setattr(detect, "judge", refuse)
    monkeypatch.setattr(mixed, "read_damaged", refuse)
    monkeypatch.setattr(fix, "fix_mojibake", refuse)
    for raw in CLEAN:
        normalise(raw)


def test_a_line_without_a_date_is_not_cut_up_to_find_that_out(monkeypatch: pytest.MonkeyPatch) -> None:
    from longshore.text.dates import dateline as date_lines

    monkeypatch.setattr(date_lines, "read_line", refuse)
    for raw in CLEAN:
        normalise(raw)
        normalise(raw.replace(b"\n\n", b" (1234567890)\n\n", 1))


def test_normalising_costs_a_fraction_of_the_libraries_alone() -> None:
    import ftfy
    import langdetect

    def by_libraries(raw: bytes) -> None:
        langdetect.detect(ftfy.fix_text(raw.decode()))

    ours, theirs = cost_of_each(normalise, by_libraries)
    assert ours * 4 < theirs, f"{theirs / ours:.1f} times; it was 18 when this was written"


def test_a_plain_case_of_a_legacy_encoding_needs_no_second_opinion(monkeypatch: pytest.MonkeyPatch) -> None:
    from longshore.text.encodings import detect

    monkeypatch.setattr(detect, "opinions", refuse)
    for paragraph, encoding in zip(PARAGRAPHS[3:], ("koi8-r", "cp1253", "shift_jis"), strict=True):
        normalise((paragraph * 9).encode(encoding))


def test_the_cost_of_a_text_grows_with_its_length_and_no_faster() -> None:
    small, large = b"\n\n".join(CLEAN), b"\n\n".join(CLEAN * 12)
    short, long = (cost_of_each(normalise, normalise, [raw])[0] for raw in (small, large))
    assert long < 3 * 12 * short


def cost_of_each(
    ours: Callable[[bytes], object], theirs: Callable[[bytes], object], texts: list[bytes] = CLEAN
) -> tuple[float, float]:
    """Give the least processor time that each took for all the texts, the two by turns."""
    least = [float("inf")] * 2
    for _ in range(4):
        for number, act in enumerate((ours, theirs)):
            began = time.process_time()
            for raw in texts:
                act(raw)
            least[number] = min(least[number], time.process_time() - began)
    return least[0], least[1]


def ingested(folder: Path, files: int) -> None:
    landing = folder / "landing"
    landing.mkdir(parents=True)
    for number in range(files):
        (landing / f"{number}.txt").write_text(f"The ferry number {number} left the harbour late.")
    settings = Settings(landing=landing, warehouse=folder / "warehouse", stable_seconds=0)
    assert ingest(settings, executor=InlineExecutor()).published == files


def test_a_batch_takes_the_same_number_of_statements_whatever_it_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    connect = engine_module.connect

    def listened(url: str, **more: str) -> sa.Engine:
        engine = connect(url, **more)
        sa.event.listen(engine, "before_cursor_execute", lambda *event: said.append(event[2]))
        return engine

    monkeypatch.setattr(engine_module, "connect", listened)
    counts = []
    for files in (5, 200):
        said.clear()
        ingested(tmp_path / str(files), files)
        counts.append(len(said))
    assert counts[0], "nothing was counted"
    assert counts[1] <= counts[0] + 2


def test_a_file_is_opened_twice_once_for_its_name_and_once_for_its_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    really = os.open

    def counting(path: str, flags: int, *rest: int, **more: int) -> int:
        opened.append(os.fspath(path))
        return really(path, flags, *rest, **more)

    monkeypatch.setattr(os, "open", counting)
    ingested(tmp_path, 100)
    assert sum(path.endswith(".txt") for path in opened) == 200
    assert len(opened) < 300


# What no start may load, beside what a command has no use for. (asyncio, email and more come with pydantic.)
NEVER = {"prefect", "pandas", "dateparser", "sqlalchemy.orm", "sqlalchemy.dialects.postgresql"}
TEXT_LIBRARIES = {"ftfy", "chardet", "charset_normalizer", "lingua"}


@pytest.mark.parametrize(
    ("command", "useless"),
    [
        ("schema", {"pydantic", "sqlalchemy", "langdetect"}),
        ("status", {"pyarrow", "numpy", "langdetect"}),
        ("ingest", set()),
    ],
)
def test_a_command_loads_nothing_that_it_has_no_use_for(command: str, useless: set[str], tmp_path: Path) -> None:
    (tmp_path / "landing").mkdir()
    if command == "ingest":
        (tmp_path / "landing" / "a.txt").write_bytes(CLEAN[0])
    run = f"from longshore.cli.main import main; code = main([{command!r}])"
    code = f"import sys; {run}; print(*sys.modules); sys.exit(code)"
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "LONGSHORE_STABLE_SECONDS": "0"}
    environment.pop("PREFECT_API_URL", None)
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    loaded = set(done.stdout.splitlines()[-1].split())
    assert not loaded & (NEVER | TEXT_LIBRARIES | useless)
