"""Make the pictures of the docs: serve a project for real, drop files, and look at Prefect's web page in Chromium.

    PYTHONPATH=. python docs/screenshots.py

Needs Debian's `chromium` and the package `playwright` (extra `test`; it brings no browser of its own).
"""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tests.flows.browser import browser_page, why_no_browser
from tests.flows.project import ROOT, Project, descendants, make_project, until

if TYPE_CHECKING:
    from playwright.sync_api import Page

IMAGES = ROOT / "docs" / "images"
MOST_BYTES = 200_000
FLOW = "longshore-ingest"
_LINES = {
    "en": "The harbour council met on {} and agreed to mend the old crane before the winter storms arrive. ",
    "de": "Der Hafenrat traf sich am {} und beschloss, den alten Kran vor den Winterstürmen zu reparieren. ",
    "fr": "Le conseil du port s'est réuni le {} et a décidé de réparer la vieille grue avant les tempêtes. ",
    "es": "El consejo del puerto se reunió el {} y acordó reparar la vieja grúa antes de las tormentas. ",
    "ru": "Совет порта собрался {} и решил починить старый кран до прихода зимних штормов. ",
}
_ENCODINGS = {"en": "utf-8", "de": "windows-1252", "fr": "utf-8", "es": "utf-16", "ru": "koi8-r"}


def main() -> int:
    """Make all pictures; give 1 where there is no browser."""
    if why_no_browser():
        sys.stderr.write(f"No pictures: {why_no_browser()}.\n")
        return 1
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        project = make_project(Path(folder) / "harbour-news")
        try:
            project.serve()
            _drop_files(project)
            _take(project)
        finally:
            _end(project)
    return 0


def _drop_files(project: Project) -> None:
    chance = random.Random(7)  # noqa: S311 - a picture, no secret
    for index in range(600):
        language = chance.choices(list(_LINES), weights=[8, 4, 3, 2, 2])[0]
        date = f"{chance.randint(2021, 2026)}-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}"
        text = f"Date: {date}\n\n" * (index % 3 > 0) + _LINES[language].format(date) * chance.randint(2, 30)
        project.drop(f"2026/{1 + index % 11:02}/{language}-{index:03}.txt", text.encode(_ENCODINGS[language]))
    for name, data in (
        ("2026/11/scan.txt", b"\x89PNG\r\n\x1a\n" + bytes(2000)),
        ("2026/11/nothing.txt", b""),
        ("2026/11/letter.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000)),
        ("2026/10/archive.txt", b"PK\x03\x04broken"),
    ):
        project.drop(name, data)


def _take(project: Project) -> None:
    api = project.api
    ended = api.ended(api.start(f"{FLOW}/ingest"))

    def run_of_report() -> str | None:
        for one in api.artifacts("ingest-report"):
            if "rejected" in (one["description"] or ""):
                return str(one["flow_run_id"])
        return None

    run = until("the report of the run with work", run_of_report)
    report = next(one for one in api.artifacts("ingest-report") if one["flow_run_id"] == run)
    table = next(one for one in api.artifacts("rejected-files") if one["flow_run_id"] == run)
    deployment = api.deployment(f"{FLOW}/ingest")["id"]
    sys.stdout.write(f"the last run ended as {ended['state_name']}\n")
    home = api.url.removesuffix("/api")
    with browser_page(1280, 860) as page:
        for name, path, sign in (
            ("deployments", "/deployments", "ingest"),
            ("run", f"/runs/flow-run/{run}", "normalise"),
            ("report", f"/artifacts/artifact/{report['id']}", "What became of the documents"),
            ("rejected", f"/artifacts/artifact/{table['id']}", "scan.txt"),
            ("form", f"/deployments/deployment/{deployment}/run", "max_files"),
        ):
            _picture(page, name, home + path, sign)


def _picture(page: Page, name: str, url: str, sign: str) -> None:
    page.goto(url)
    with contextlib.suppress(Exception):
        page.get_by_text(sign).first.wait_for(timeout=20_000)
    # What slides or fades in has come to rest by then.
    page.wait_for_timeout(2500)
    path = IMAGES / f"{name}.png"
    page.screenshot(path=path, full_page=False)
    size = path.stat().st_size
    sys.stdout.write(f"{path.relative_to(ROOT)}  {size:,} bytes\n")
    if size > MOST_BYTES:
        raise SystemExit(f"{path} is larger than {MOST_BYTES:,} bytes")


def _end(project: Project) -> None:
    if project.process is None or project.process.poll() is not None:
        return
    left = descendants(project.process.pid)
    project.process.send_signal(signal.SIGTERM)
    with contextlib.suppress(Exception):
        project.process.wait(30)
    for pid in left:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    shutil.rmtree(project.folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
