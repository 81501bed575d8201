"""What a person sees of a run on Prefect's web page."""

from __future__ import annotations

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
