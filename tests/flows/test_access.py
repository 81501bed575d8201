"""Who can use the embedded server: real requests, as pages of other sites and other users would send them."""

from __future__ import annotations

import asyncio
import base64
import json
import stat
import urllib.error
import urllib.request
from urllib.parse import urlsplit

import pytest

from longshore.errors import LongshoreError
from longshore.orchestration.access import make_private, names_of, refusal
from tests.flows.browser import browser_page, why_no_browser
from tests.flows.project import free_port, until

pytestmark = pytest.mark.timeout(1800)


def ask(url, method="GET", **headers):
    """Send a request and return its status and headers; names of headers are written with `_`."""
    data = b"{}" if method == "POST" else None
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(url, data, {"Content-Type": "application/json", **given}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.headers
    except urllib.error.HTTPError as error:
        return error.code, error.headers


def modes(folder):
    """Return the modes of a folder and of all that is in it."""
    found = {}
    for path in (folder, *folder.rglob("*")):
        try:
            found[path.relative_to(folder).as_posix()] = stat.S_IMODE(path.stat().st_mode)
        except FileNotFoundError:
            continue
    return found


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://localhost:1", "https://127.0.0.1.evil.example"]
)
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
def test_a_page_of_another_site_is_refused(served, origin, method):
    url = f"{served.api.url}/flow_runs/filter" if method != "GET" else f"{served.api.url}/admin/version"
    status, headers = ask(url, method, Origin=origin, Access_Control_Request_Method="POST")
    assert status == 403
    assert "access-control-allow-origin" not in headers


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:4200", "127.0.0.1.evil.example", "user@localhost", "localhost:x"]
)
def test_a_foreign_host_is_refused(served, host):
    assert ask(f"{served.api.url}/admin/version", Host=host)[0] == 403


def test_its_own_page_is_answered_under_both_names(served):
    port = urlsplit(served.api.url).port
    for name in ("127.0.0.1", "localhost"):
        own = {"Host": f"{name}:{port}", "Origin": f"http://{name}:{port}"}
        assert ask(f"{served.api.url}/admin/version", **own)[0] == 200
        status, headers = ask(
            f"{served.api.url}/flow_runs/filter", "OPTIONS", **own, Access_Control_Request_Method="POST"
        )
        assert (status, headers["access-control-allow-origin"]) == (200, own["Origin"])


def test_a_change_needs_a_csrf_token(served):
    assert ask(f"{served.api.url}/flow_runs/filter", "POST")[0] == 403


def test_a_websocket_of_another_site_is_refused(served):
    """CORS does not hold for WebSockets: events and logs could be read through them."""
    websockets = pytest.importorskip("websockets")
    url = served.api.url.replace("http://", "ws://") + "/events/out"

    async def connect(origin):
        async with websockets.connect(url, origin=origin, subprotocols=["prefect"]):
            return True

    assert asyncio.run(connect(None))
    with pytest.raises(websockets.exceptions.InvalidStatus):
        asyncio.run(connect("http://evil.example"))


def test_two_hosts_in_a_request_are_refused():
    assert refusal([(b"host", b"localhost"), (b"host", b"evil.example")])
    assert refusal([])


def test_the_files_of_a_server_are_for_their_owner(served):
    found = modes(served.folder / ".longshore")
    assert "prefect/prefect.db" in found
    assert "server.log" in found
    folders = {name for name in found if (served.folder / ".longshore" / name).is_dir()}
    assert {found[name] for name in folders} == {0o700}
    assert {mode for name, mode in found.items() if name not in folders} == {0o600}


def test_files_of_an_earlier_version_are_closed_to_others(tmp_path):
    (tmp_path / "state/prefect").mkdir(parents=True)
    (tmp_path / "state/prefect/prefect.db").write_bytes(b"")
    (tmp_path / "state").chmod(0o755)
    make_private(tmp_path / "state")
    assert modes(tmp_path / "state") == {".": 0o700, "prefect": 0o700, "prefect/prefect.db": 0o600}


def test_a_deployment_that_somebody_changed_on_the_server_runs_the_projects_flow(served, tmp_path):
    """Without a login any user of the machine can change deployments; that must not run their files as ours."""
    (tmp_path / "evil.py").write_text(
        f"from prefect import flow\n\n@flow\ndef evil():\n    open({str(tmp_path / 'ran')!r}, 'w').close()\n"
    )
    name = "longshore-compact/compact"
    found = served.api.deployment(name)
    served.api.patch(f"/deployments/{found['id']}", {"path": str(tmp_path), "entrypoint": f"{tmp_path}/evil.py:evil"})
    assert served.api.deployment(name)["entrypoint"].endswith("evil.py:evil")
    assert served.api.ended(served.api.start(name))["state_type"] == "COMPLETED"
    assert not (tmp_path / "ran").exists()


@pytest.mark.skipif(bool(why_no_browser()), reason=why_no_browser() or "-")
def test_the_page_works_under_the_name_localhost(served):
    port = urlsplit(served.api.url).port
    with browser_page() as page:
        page.goto(f"http://localhost:{port}/deployments")
        page.get_by_text("longshore-ingest").first.wait_for()


def test_with_a_login_only_who_has_it_is_answered_and_the_project_is_served(tmp_path, monkeypatch):
    from longshore.orchestration.access import LOGIN_FILE, login_of
    from longshore.orchestration.server import EmbeddedServer

    for name in ("PREFECT_API_URL", "PREFECT_API_AUTH_STRING", "PREFECT_SERVER_API_AUTH_STRING"):
        monkeypatch.delenv(name, raising=False)
    state = tmp_path / ".longshore"
    make_private(state)
    server = EmbeddedServer(state, "127.0.0.2", free_port(), login=True)
    server.start()
    try:
        server.wait()
        assert modes(state)[LOGIN_FILE] == 0o600
        login = login_of(state)
        assert login == server.login
        url = f"{server.api_url}/admin/version"
        assert url.startswith("http://127.0.0.2:")
        assert ask(url)[0] == 401
        assert ask(url, Host="evil.example")[0] == 403
        assert ask(url, Authorization=f"Basic {base64.b64encode(b'longshore:wrong').decode()}")[0] == 401
        assert ask(url, Authorization=f"Basic {base64.b64encode(login.encode()).decode()}")[0] == 200
    finally:
        server.stop()
    assert login not in (state / "server.log").read_text()


def test_a_server_for_others_is_warned_of_without_a_login(tmp_path, monkeypatch):
    from longshore.orchestration.server import EmbeddedServer

    monkeypatch.delenv("PREFECT_SERVER_API_AUTH_STRING", raising=False)
    make_private(tmp_path)
    assert EmbeddedServer(tmp_path, "127.0.0.1", free_port()).warning is None
    assert EmbeddedServer(tmp_path, "0.0.0.0", free_port(), login=True).warning is None
    open_to_all = EmbeddedServer(tmp_path, "0.0.0.0", free_port())
    assert "server_login" in (open_to_all.warning or "")
    assert open_to_all.api_url.startswith("http://127.0.0.1:"), "a client cannot connect to 0.0.0.0 everywhere"
    with pytest.raises(LongshoreError, match="server_host"):
        EmbeddedServer(tmp_path, "192.0.2.1", free_port())


def test_only_a_login_opens_other_names_and_never_other_origins():
    foreign = [(b"host", b"files.example:4200")]
    assert refusal(foreign, names_of("0.0.0.0", login=False))
    assert refusal(foreign, names_of("10.0.0.7", login=False))
    assert refusal(foreign, names_of("127.0.0.1", login=True))
    assert refusal(foreign, names_of("0.0.0.0", login=True)) is None
    assert refusal([(b"host", b"10.0.0.7:4200")], names_of("10.0.0.7", login=False)) is None
    assert refusal([*foreign, (b"origin", b"http://evil.example")], names_of("0.0.0.0", login=True))


def test_a_project_with_a_login_is_served_and_ingest_is_seen_by_it(tmp_path):
    from tests.flows.project import end, make_project

    project = make_project(tmp_path / "project")
    settings = project.folder / "longshore.toml"
    settings.write_text(settings.read_text() + 'server_login = true\nschedule_cron = "0 0 1 1 *"\n')
    project.drop("a.txt", "The pilot boat went out at noon.")
    try:
        project.serve()
        assert ".longshore/login" in project.output
        until("the record", lambda: project.rows("SELECT 1 FROM records"))
        project.drop("b.txt", "The pilot boat came back at two.")
        done = project.longshore("ingest", "--json")
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["records"] == 1
        assert "Beginning flow run" in done.stderr
        assert project.stop() == 0
    finally:
        end(project)
