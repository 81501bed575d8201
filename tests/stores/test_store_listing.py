"""A landing of very many objects is listed in bounded memory, and to its end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from longshore.storage.stores.client import ObjectStore
from longshore.storage.stores.url import parse_store_url
from tests.stores.listing_server import key_of
from tests.stores.servers import ENVIRONMENT, ROOT, Server, free_port

KEYS = 300_000
_LIST = """
import json, re, time
from longshore.storage.stores.object_landing import ObjectLanding
from longshore.storage.stores.url import parse_store_url
with ObjectLanding(parse_store_url("s3://box/drop")) as landing:
    listing = landing.list_stable(0, time.time(), 100_000)
# Not ru_maxrss, which begins with that of the process that started this one.
peak = int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]) / 1024
print(json.dumps([len(listing.files), listing.more, peak]))
"""


def _server(keys):
    pytest.importorskip("obstore")
    port = free_port()
    command = [sys.executable, "-m", "tests.stores.listing_server", str(port), str(keys)]
    return Server(command, port, Path(tempfile.mkdtemp(prefix="longshore-listing-")), cwd=ROOT)


def test_memory_is_bounded_by_a_round_and_not_by_the_number_of_objects():
    """Measured with 1,000,000 keys: 86 MiB."""
    server = _server(KEYS)
    try:
        environment = {**os.environ, **server.environment, "PYTHONPATH": str(ROOT / "src")}
        done = subprocess.run(
            [sys.executable, "-c", _LIST], env=environment, capture_output=True, text=True, check=False
        )
    finally:
        server.stop()
    assert done.returncode == 0, done.stderr
    files, more, mebibytes = json.loads(done.stdout)
    assert (files, more) == (100_000, True)
    assert mebibytes < 400


def test_a_listing_that_breaks_off_goes_on_where_it_was(monkeypatch):
    server = _server(12_345)
    for name, value in {**ENVIRONMENT, "AWS_ENDPOINT_URL": server.url}.items():
        monkeypatch.setenv(name, value)
    try:
        found = [one.key for one in ObjectStore(parse_store_url("s3://box/drop")).objects()]
    finally:
        server.stop()
    assert found == [key_of(number) for number in range(12_345)]
