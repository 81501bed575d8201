"""Azure's conditions, on Azurite: the whole story, because its ETags say nothing about the bytes."""

from __future__ import annotations

import base64
import email.utils
import hashlib
import hmac
import shutil
import tempfile
import urllib.request
from pathlib import Path

import pytest

from longshore.errors import SettingsError
from longshore.maintenance.compact import compact_warehouse
from longshore.maintenance.verify import verify
from longshore.storage.stores.client import ObjectStore
from longshore.storage.stores.url import parse_store_url
from tests.stores.project import StoreProject, sha256
from tests.stores.servers import NoServerError, Server, free_port

ACCOUNT = "devstoreaccount1"
# The key that Azurite documents for everybody.
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="


@pytest.fixture(scope="module")
def azurite():
    program = shutil.which("azurite-blob")
    if program is None:
        pytest.skip("azurite-blob is not on the PATH: npm install azurite")
    port = free_port()
    folder = Path(tempfile.mkdtemp(prefix="longshore-azurite-"))
    places = ["--blobHost", "127.0.0.1", "--blobPort", str(port), "--location", str(folder)]
    try:
        server = Server([program, *places, "--skipApiVersionCheck", "--silent"], port, folder)
    except NoServerError as error:
        pytest.skip(str(error))
    _make_container(server.url)
    yield server
    server.stop()


def _make_container(url):
    date = email.utils.formatdate(usegmt=True)
    lines = ["PUT", *[""] * 11, f"x-ms-date:{date}", "x-ms-version:2021-08-06", f"/{ACCOUNT}/{ACCOUNT}/box"]
    text = "\n".join([*lines, "restype:container"])
    signature = base64.b64encode(hmac.new(base64.b64decode(KEY), text.encode(), hashlib.sha256).digest()).decode()
    request = urllib.request.Request(f"{url}/{ACCOUNT}/box?restype=container", method="PUT")
    request.add_header("x-ms-date", date)
    request.add_header("x-ms-version", "2021-08-06")
    request.add_header("Content-Length", "0")
    request.add_header("Authorization", f"SharedKey {ACCOUNT}:{signature}")
    urllib.request.urlopen(request, timeout=30).close()


@pytest.fixture
def stored_in_azure(azurite, tmp_path, monkeypatch):
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_NAME", ACCOUNT)
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_KEY", KEY)
    monkeypatch.setenv("AZURE_STORAGE_ENDPOINT", f"{azurite.url}/{ACCOUNT}")
    return StoreProject(f"box/{tmp_path.name}", tmp_path, azurite, scheme="az")


def test_conditions_hold_and_the_whole_story_ends_well(stored_in_azure):
    project = stored_in_azure
    texts = [f"Ferry {number} waited for the fog.\n" for number in range(6)]
    for half in (texts[:3], texts[3:]):
        for text in half:
            project.drop(f"{texts.index(text)}.txt", text)
        project.drop("empty.txt", "")
        assert project.ingest().published == 3
    assert compact_warehouse(project.settings).failed is False
    assert sorted(project.ids()) == sorted(map(sha256, texts))
    assert len(list(project.warehouse.parts())) == 1
    assert verify(project.settings).disagreements == []
    project.drop("again.txt", texts[0])
    assert project.ingest().duplicate == 1


def test_an_object_that_is_not_the_expected_version_is_neither_deleted_nor_replaced(stored_in_azure):
    objects = stored_in_azure.objects
    objects.put("a.txt", b"first")
    seen = objects.head("a.txt")
    objects.put("a.txt", b"second")
    assert objects.delete_version("a.txt", seen.etag) == "changed"
    assert not objects.create("a.txt", b"third")
    assert objects.copy("a.txt", "b.txt")
    assert not objects.copy("a.txt", "b.txt")
    assert objects.get("a.txt") == b"second"


def test_a_container_that_does_not_exist_is_named(stored_in_azure):
    del stored_in_azure
    with pytest.raises(SettingsError, match="does not exist"):
        list(ObjectStore(parse_store_url("az://no-such-container/x")).objects())
