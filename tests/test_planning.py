"""How much work lies in landing/, as a guess before any of it is read."""

from __future__ import annotations

from longshore.ingestion.planning import estimate_texts
from longshore.records import LandedFile


def landed(path: str, size: int) -> LandedFile:
    return LandedFile(path, size, 1, 1)


def test_a_file_of_news_is_one_text() -> None:
    assert estimate_texts([landed(f"{number}.txt", 3800) for number in range(7)]) == 7


def test_a_long_file_among_others_is_worth_several() -> None:
    assert estimate_texts([landed("book.txt", 1 << 20), landed("a.txt", 3800)]) > 20


def test_archives_count_by_what_is_in_them() -> None:
    assert estimate_texts([landed("a.zip", 3_000_000), landed("b.tar.gz", 3_000_000)]) > 3000


def test_one_archive_is_one_batch_and_keeps_one_process_busy() -> None:
    assert estimate_texts([landed("a.zip", 300_000_000)]) == 1
