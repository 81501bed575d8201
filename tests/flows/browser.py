"""Debian's Chromium, driven by Playwright's core: to look at Prefect's web page as a person does."""

from __future__ import annotations

import contextlib
import importlib.util
import shutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def why_no_browser() -> str:
    """Say why there is no browser to look with; empty where there is one."""
    if importlib.util.find_spec("playwright") is None:
        return "the package playwright is not installed (extra `test`)"
    if shutil.which("chromium") is None:
        return "there is no chromium (Debian: apt-get install chromium)"
    return ""


@contextlib.contextmanager
def browser_page(width: int = 1280, height: int = 800) -> Iterator[Page]:
    """Open a page of that size, in a light theme where the page offers one."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=list(_FLAGS))
        try:
            page = browser.new_page(viewport={"width": width, "height": height}, color_scheme="light")
            page.set_default_timeout(60_000)
            yield page
        finally:
            browser.close()
