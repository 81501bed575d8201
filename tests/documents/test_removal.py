"""Documents are taken out of a container, and the others stay as they are."""

import csv
import hashlib
import io
import json

import pytest

from longshore.documents.formats import Options
from longshore.documents.removal import documents_of, without

TEXTS = [f"This is text number {number}: the harbour was quiet, said the master." for number in range(5)]
OBJECTS = [{"title": f"Title {number}", "text": text} for number, text in enumerate(TEXTS)]


def table(delimiter=","):
    out = io.StringIO()
    writer = csv.DictWriter(out, ["title", "text"], delimiter=delimiter)
    writer.writeheader()
    writer.writerows(OBJECTS)
    return out.getvalue()


def feed():
    items = "".join(
        f"<item><title>{o['title']}</title><description>{o['text']}</description></item>\n" for o in OBJECTS
    )
    return f'<rss version="2.0"><channel><title>News</title>{items}</channel></rss>'


CONTAINERS = {
    "rows.jsonl": "\n".join(map(json.dumps, OBJECTS)).encode() + b"\n",
    "array.json": json.dumps(OBJECTS).encode(),
    "wrapped.json": json.dumps({"articles": OBJECTS}, indent=1).encode(),
    "table.csv": table().encode(),
    "excel.txt": table("\t").encode("utf-16"),
    "feed.xml": feed().encode(),
}


@pytest.mark.parametrize("gone", [[0], [4], [1, 2], [3, 4], [0, 4]], ids=str)
@pytest.mark.parametrize("name", CONTAINERS)
def test_the_other_documents_stay_with_their_bytes(name, gone):
    before = list(documents_of(CONTAINERS[name], name, Options()))
    assert len(before) == len(TEXTS)
    ids = {hashlib.sha256(before[number]).hexdigest() for number in gone}
    after = without(CONTAINERS[name], name, ids, Options())
    assert list(documents_of(after, name, Options())) == [r for n, r in enumerate(before) if n not in gone]
    for number in gone:
        assert TEXTS[number].encode() not in after.replace(b"\0", b"")


@pytest.mark.parametrize("name", CONTAINERS)
def test_nothing_is_left_of_a_container_without_documents(name):
    ids = {hashlib.sha256(raw).hexdigest() for raw in documents_of(CONTAINERS[name], name, Options())}
    assert without(CONTAINERS[name], name, ids, Options()) == b""


@pytest.mark.parametrize("name", CONTAINERS)
def test_a_container_that_holds_none_of_them_is_unchanged(name):
    assert without(CONTAINERS[name], name, {"0" * 64}, Options()) is CONTAINERS[name]
