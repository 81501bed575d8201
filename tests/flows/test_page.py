"""What a person sees of a run on Prefect's web page."""

from __future__ import annotations

import io
import zipfile

import pytest

from tests.flows.browser import browser_page, why_no_browser
from tests.flows.project import until

pytestmark = [pytest.mark.timeout(1800), pytest.mark.skipif(bool(why_no_browser()), reason=why_no_browser() or "-")]


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
        page.get_by_role("heading", name="What became of the files").first.wait_for()
        table = page.locator("table").first.inner_text()
        assert "records" in table
        body = page.locator("body").inner_text()
        assert "█" in body
        assert "empty|odd*name.txt" in body, "a name from outside is shown as it is, and makes no markup"


def test_names_from_outside_load_nothing_and_are_no_links(served):
    # A member path has no double slash; browsers read `http:/host` as they read `http://host`.
    names = [
        "![x](http:/evil.example/x.png)",
        "[click](http:/evil.example)",
        "<img src=x onerror=alert(1)>",
        "http:/evil.example/a",
        "WWW.evil.example",
        "me@evil.example",
    ]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name in names:
            archive.writestr(f"{name}.txt", "")
    served.drop("markup.zip", packed.getvalue())
    run = served.api.start("longshore-ingest/ingest")
    served.api.ended(run)

    def of_this_run(key):
        return next((found for found in served.api.artifacts(key) if "evil" in str(found["data"])), None)

    with browser_page() as page:
        asked = []
        page.on("request", lambda request: asked.append(request.url))
        page.on("dialog", lambda dialog: asked.append(dialog.message))
        for key in ("rejected-files", "ingest-report"):
            artifact = until(key, lambda key=key: of_this_run(key))
            page.goto(f"{served.api.url.removesuffix('/api')}/artifacts/artifact/{artifact['id']}")
            page.get_by_text("evil.example").first.wait_for()
            page.wait_for_timeout(1000)
            links = page.eval_on_selector_all("a, img", "found => found.map(one => one.href || one.src || '')")
            assert [link for link in links if "evil" in link or "onerror" in link] == []
            body = page.locator("body").inner_text()
            assert "[click](http:/evil.example).txt" in body, key
            assert "WWW.evil.example.txt" in body, key
        assert [url for url in asked if "evil" in url or url == "1"] == []
