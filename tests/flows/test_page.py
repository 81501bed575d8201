"""What a person sees of a run on Prefect's web page, in each of its two versions."""

from __future__ import annotations

import io
import zipfile

import pytest

from tests.flows.browser import browser_page, why_no_browser
from tests.flows.project import until

pytestmark = [pytest.mark.timeout(1800), pytest.mark.skipif(bool(why_no_browser()), reason=why_no_browser() or "-")]

PAGES = ("", "/v2")
# A path has no double slash; browsers read `http:/host` as they read `http://host`.
NAMES = [
    "![x](http:/evil.example/x.png)",
    "[click](http:/evil.example)",
    "<img src=x onerror=alert(1)>",
    "http:/evil.example/a",
    "WWW.evil.example",
    "me@evil.example",
]


def test_the_page_is_written_into_the_project_and_not_where_the_program_is_installed(served):
    """A service may not write there: a read-only container, or a unit of systemd."""
    assert (served.folder / ".longshore/prefect/ui/v1/index.html").exists()


def test_the_report_renders_with_its_figures(served):
    served.drop("page/one.txt", "Two lighters and a barge were loaded with grain today.")
    served.drop("page/empty|odd*name.txt", "")
    served.api.start("longshore-ingest/ingest")

    def report():
        found = served.api.artifacts("ingest-report")
        return found[0] if found and "EMPTY" in (found[0]["description"] or "") else None

    artifact = until("the report", report)
    with browser_page() as page:
        page.goto(f"{served.api.url.removesuffix('/api')}/artifacts/artifact/{artifact['id']}")
        page.get_by_role("heading", name="What became of the documents").first.wait_for()
        table = page.locator("table").first.inner_text()
        assert "documents" in table
        body = page.locator("body").inner_text()
        assert "█" in body
        assert "empty|odd*name.txt" in body, "a name from outside is shown as it is, and makes no markup"


class Watched:
    """A page of the server; what it loads from elsewhere, and what it links to."""

    def __init__(self, page, served):
        self.page, self.base = page, served.api.url.removesuffix("/api")
        self.asked = []
        page.on("request", lambda request: self.asked.append(request.url))
        page.on("dialog", lambda dialog: self.asked.append(dialog.message))

    def read(self, path, *, tab="", shown="evil.example"):
        """Open a page and its tab, and return its text; nothing on it may be live."""
        self.page.goto(self.base + path)
        if tab:
            self.page.get_by_text(tab, exact=True).first.click()
        self.page.get_by_text(shown).first.wait_for()
        self.page.wait_for_timeout(1000)
        links = self.page.eval_on_selector_all("a, img, iframe", "found => found.map(one => one.href || one.src || '')")
        assert [link for link in links if "evil" in link.removeprefix(self.base) or "onerror" in link] == [], path
        assert [url for url in self.asked if not url.startswith((self.base, "data:", "blob:"))] == [], path
        return self.page.locator("body").inner_text().replace("\N{WORD JOINER}", "")


def test_names_from_outside_load_nothing_and_are_no_links(served):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name in NAMES:
            archive.writestr(f"{name}.txt", "")
    served.drop("markup.zip", packed.getvalue())
    run = served.api.start("longshore-ingest/ingest")
    served.api.ended(run)

    def of_this_run(key):
        return next((found for found in served.api.artifacts(key) if "evil" in str(found["data"])), None)

    def event():
        return next((found for found in served.api.events("longshore.file.rejected") if "evil" in str(found)), None)

    found = until("the event of a rejected file", event)
    artifacts = {key: until(key, lambda key=key: of_this_run(key)) for key in ("rejected-files", "ingest-report")}
    with browser_page() as page:
        watched = Watched(page, served)
        for version in PAGES:
            for key, artifact in artifacts.items():
                body = watched.read(f"{version}/artifacts/artifact/{artifact['id']}")
                # The second version shows the cells of a table as they are stored, with their escapes.
                for name in NAMES if (version, key) != ("/v2", "rejected-files") else ():
                    assert f"{name}.txt" in body, (version, key)
            raw = watched.read(f"{version}/events/event/{found['occurred'][:10]}/{found['id']}", tab="Raw")
            assert found["payload"]["path"].rpartition("!/")[2][:12] in raw


def test_the_reports_of_maintenance_load_nothing_and_hold_no_links(served):
    """Files that strangers put where only Longshore writes are findings, by their names."""
    for name in NAMES:
        stray = served.landing / "_archive" / "2020-01-01" / f"{name}.txt"
        stray.parent.mkdir(parents=True, exist_ok=True)
        stray.write_text("nobody delivered this")
    verified = served.api.ended(served.api.start("longshore-verify/verify"))
    assert verified["state_type"] == "FAILED"
    served.drop("compact/one.txt", "Three barges came down the river with timber for the yard.")
    served.api.ended(served.api.start("longshore-ingest/ingest"))
    served.api.ended(served.api.start("longshore-compact/compact"))
    (report,) = until("the report of the verification", lambda: served.api.artifacts("verify-report")[:1])
    (compacted,) = until("the report of the compaction", lambda: served.api.artifacts("compact-report")[:1])
    with browser_page() as page:
        watched = Watched(page, served)
        for version in PAGES:
            body = watched.read(f"{version}/artifacts/artifact/{report['id']}")
            for name in NAMES:
                assert f"{name}.txt" in body
            watched.read(f"{version}/artifacts/artifact/{compacted['id']}", shown="partition")
            watched.read(f"{version}/artifacts", shown="verify-report")


def test_the_message_of_a_state_is_shown_as_text(served):
    """Prefect's doing, on which the flows rely: messages name files."""
    run = served.api.start("longshore-ingest/ingest")
    served.api.ended(run)
    message = "[click](http://evil.example/c) <img src=x onerror=alert(1)>"
    state = {"type": "COMPLETED", "name": "NothingToDo", "message": message}
    served.api.post(f"/flow_runs/{run}/set_state", {"state": state, "force": True})
    with browser_page() as page:
        watched = Watched(page, served)
        assert message in watched.read(f"/runs/flow-run/{run}", tab="Details")
