"""Files of every kind are dropped, ingested, and read from the Parquet: the promise as a user meets it."""

import gzip
import re
from collections import defaultdict

import pytest

from longshore.maintenance.reprocess import reprocess_warehouse
from tests.documents.corpus_data import negatives, samples
from tests.documents.corpus_mail import archives, mailboxes, mails
from tests.documents.corpus_web import web_pages
from tests.storage.archive_samples import zip_of
from tests.warehouse.project import Project

ARTICLE = "The harbour was quiet in the evening, and the ferries waited for the fog to lift before they left."


@pytest.fixture
def project(tmp_path):
    (tmp_path / "landing").mkdir()
    return Project(tmp_path)


def rows_of(project):
    """Return the rows by the landed file that they come from, in file order."""
    found = defaultdict(list)
    for row in project.table().to_pylist():
        path, _, number = row["source_path"].partition("!/")
        found[path].append((int(number or 0), row))
    return {path: [row for _, row in sorted(rows, key=lambda pair: pair[0])] for path, rows in found.items()}


def words(text):
    return re.sub(r"\s+", " ", text).strip()


def test_every_kind_becomes_its_documents(project):
    files = [*samples(each=2, seed=5), *mails(seed=5, each=2), *mailboxes(seed=5, each=1), *archives(seed=5, each=1)]
    files = {
        f"{number:04d}/{sample.name}": sample for number, sample in enumerate([*files, *web_pages(seed=5, each=1)])
    }
    for path, sample in files.items():
        project.drop(path, sample.raw)
    summary = project.ingest()
    assert summary.rejected == 0, summary.reasons
    rows = rows_of(project)
    assert {path: len(rows[path]) for path in files} == {path: len(s.documents) for path, s in files.items()}
    kinds = {path: {row["media_type"] for row in found} for path, found in rows.items()}
    assert kinds == {path: {sample.media_type} for path, sample in files.items()}
    pairs = [(row, truth) for path, s in files.items() for row, truth in zip(rows[path], s.documents, strict=True)]
    same = [words(row["text"]) == words(truth.body) for row, truth in pairs if row["media_type"] != "text/html"]
    assert sum(same) >= 0.98 * len(same)
    titles = [row["title"] == truth.title for row, truth in pairs if truth.title]
    assert sum(titles) >= 0.95 * len(titles)


def test_what_only_looks_like_a_format_stays_a_plain_text(project):
    for number, (name, text) in enumerate(negatives()):
        project.drop(f"{number:04d}/{name}", text)
    project.ingest()
    for path, rows in rows_of(project).items():
        assert [row["extraction"] for row in rows] == [[]], path


CSV = f'title,body\nOne,"{ARTICLE} One."\nTwo,"{ARTICLE} Two."\n'


def test_kinds_decides_what_becomes_of_a_kind(project):
    project.options["kinds"] = {"text/csv": "text", "text/html": "reject"}
    project.drop("table.csv", CSV)
    project.drop("page.html", f"<!doctype html><html><body><p>{ARTICLE}</p></body></html>")
    summary = project.ingest()
    assert dict(summary.reasons) == {"UNWANTED_KIND": 1}
    (row,) = project.table().to_pylist()
    assert (row["source_path"], row["media_type"], row["extraction"]) == ("table.csv", "text/csv", [])
    assert row["text"] == CSV.strip()


def test_the_first_feed_that_matches_rules_its_files(project):
    project.options["feeds"] = [
        {
            "name": "press",
            "match": ["press/**"],
            "path_fields": "press/{desk}/",
            "date_order": "DMY",
            "text_field": "words",
            "encoding": "cp1252",
        },
        {"name": "all", "match": ["*"]},
    ]
    project.drop("press/sports/a.txt", f"Date: 03/04/2024\n\nCafé. {ARTICLE}".encode("cp1252"))
    project.drop("press/sports/b.jsonl", f'{{"words": "{ARTICLE} b", "text": "no"}}\n{{"words": "{ARTICLE} c"}}\n')
    project.drop("else/a.txt", f"Date: 03/04/2024\n\n{ARTICLE}")
    project.ingest()
    rows = {row["source_path"]: row for row in project.table().to_pylist()}
    assert {path: row["feed"] for path, row in rows.items()} == {
        "press/sports/a.txt": "press",
        "press/sports/b.jsonl!/1": "press",
        "press/sports/b.jsonl!/2": "press",
        "else/a.txt": "all",
    }
    assert str(rows["press/sports/a.txt"]["published_date"]) == "2024-04-03"
    assert rows["press/sports/a.txt"]["encoding_method"] == "declared"
    assert rows["press/sports/a.txt"]["text"].startswith("Café")
    assert dict(rows["press/sports/a.txt"]["metadata"])["desk"] == "sports"
    assert rows["press/sports/b.jsonl!/1"]["text"] == f"{ARTICLE} b"
    assert rows["else/a.txt"]["date_status"] == "ambiguous"


def test_rows_without_a_text_field_are_rejected_with_the_names_they_have(project):
    project.drop("numbers.jsonl", '{"name": "Pier", "town": "Cork"}\n{"name": "Hall", "town": "Bath"}\n')
    summary = project.ingest()
    assert dict(summary.reasons) == {"NO_TEXT_FIELD": 1}
    reason = (project.root / "landing" / "_rejected" / "numbers.jsonl.reason.json").read_text()
    assert "town" in reason
    assert "text_field" in reason


def test_a_container_in_an_archive_is_split_too_and_delivered_wholly(project):
    project.drop("box.zip", zip_of([("a.txt", ARTICLE.encode()), ("in/table.csv", CSV.encode())]))
    summary = project.ingest()
    assert summary.records == 3
    paths = {row["source_path"] for row in project.table().to_pylist()}
    assert paths == {"box.zip!/a.txt", "box.zip!/in/table.csv!/1", "box.zip!/in/table.csv!/2"}


def test_the_fields_of_a_header_are_metadata(project):
    project.drop("a.txt", f"Title: Fog\nAuthor: Ann\nDate: 2024-03-17\n\n{ARTICLE}")
    project.ingest()
    (row,) = project.table().to_pylist()
    assert dict(row["metadata"]) == {"title": "Fog", "author": "Ann", "date": "2024-03-17"}


def test_mojibake_behind_escapes_is_repaired(project):
    project.drop(
        "a.jsonl", '{"text": "Der Hafen lag still, die F\\u00c3\\u00a4hre lag am Kai."}\n' * 1 + '{"text": "x y"}'
    )
    project.ingest()
    texts = {row["text"] for row in project.table().to_pylist()}
    assert "Der Hafen lag still, die Fähre lag am Kai." in texts


def test_a_file_of_many_documents_is_written_piece_by_piece_and_complete(project):
    count = 5_000
    lines = [f'{{"id": {number}, "text": "{ARTICLE} {number}"}}' for number in range(count)]
    project.drop("many.jsonl", "\n".join(lines))
    summary = project.ingest()
    assert summary.records == count
    table = project.table()
    assert table.num_rows == count
    assert set(table["text"].to_pylist()) == {f"{ARTICLE} {number}" for number in range(count)}


def test_a_sidecar_gives_a_text_its_fields_and_stays_in_landing(project):
    project.options["feeds"] = [{"name": "press", "match": ["press/**"], "sidecar": "{stem}.json"}]
    project.drop("press/a.json", '{"author": "Ann", "tags": ["sea", "fog"], "title": "ignored by the text"}')
    project.drop("press/a.txt", f"Author: Bob\nTitle: Fog\n\n{ARTICLE}")
    project.drop("press/b.json", "{broken")
    project.drop("press/b.txt", f"{ARTICLE} b")
    project.drop("press/c.txt", f"{ARTICLE} c")
    summary = project.ingest()
    assert (summary.records, summary.rejected) == (3, 0)
    fields = {row["source_path"]: dict(row["metadata"]) for row in project.table().to_pylist()}
    assert fields["press/a.txt"] == {
        "_sidecar": "a.json", "author": "Bob", "tags": '["sea", "fog"]', "title": "Fog",
    }  # fmt: skip
    assert "cannot be read" in fields["press/b.txt"]["_sidecar_error"]
    assert fields["press/c.txt"] == {}
    assert (project.root / "landing" / "press" / "a.json").exists()
    again = reprocess_warehouse(project.settings, "char_count > 0", dry_run=True)
    assert (again.rows_chosen, again.rows_changed) == (3, 0)


def test_a_table_beside_the_texts_gives_each_its_row(project):
    project.options["feeds"] = [{"name": "press", "match": ["press/**"], "sidecar": "metadata.csv"}]
    project.drop("press/metadata.csv", "filename;author;desk\na.txt;Ann;sports\nb.txt;Bob;city\n")
    for name in ("a", "b", "c"):
        project.drop(f"press/{name}.txt", f"{ARTICLE} {name}")
    assert project.ingest().records == 3
    fields = {row["source_path"]: dict(row["metadata"]) for row in project.table().to_pylist()}
    assert fields == {
        "press/a.txt": {"_sidecar": "metadata.csv", "author": "Ann", "desk": "sports"},
        "press/b.txt": {"_sidecar": "metadata.csv", "author": "Bob", "desk": "city"},
        "press/c.txt": {},
    }


def test_a_container_may_be_larger_than_a_document_also_in_an_archive(project):
    project.options["max_file_bytes"] = 2_000
    lines = "\n".join(f'{{"text": "{ARTICLE} {number}"}}' for number in range(100))
    project.drop("rows.jsonl", lines)
    project.drop("rows.jsonl.gz", gzip.compress(lines.replace("quiet", "loud").encode()))
    project.drop("long.txt.gz", gzip.compress(ARTICLE.encode() * 100))
    summary = project.ingest()
    assert (summary.records, dict(summary.reasons)) == (200, {"TOO_LARGE": 1})
