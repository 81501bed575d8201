"""MkDocs hook: the pages outside `docs/` become pages of the site, and every link follows.

The README is the site's first page; changelog, benchmarks and examples are pages too. On GitHub and on a disk the links
between all pages are relative paths in the repository. Here they are rewritten to the pages of the site. A link to
another file of the repository (code, a licence) becomes plain text, because the site does not hold it.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import TYPE_CHECKING

from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

ROOT = Path(__file__).parent.parent
# From the repository to the site.
PAGES = {
    "README.md": "index.md",
    "docs/README.md": "contents.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
    "benchmarks/README.md": "benchmarks.md",
    "examples/README.md": "examples/index.md",
    "examples/news-archive/README.md": "examples/news-archive.md",
    "examples/mail-archive/README.md": "examples/mail-archive.md",
    "examples/s3-dask/README.md": "examples/s3-dask.md",
}
_SITE_TO_REPOSITORY = {site: repository for repository, site in PAGES.items()}
_LINK = re.compile(r"(?<!!)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^)\s#]*)(#[^)\s]*)?\)")
_IMAGE = re.compile(r"!\[([^\]]*)\]\(([^)\s]+)\)")
_BLOCK = re.compile(r"(^ *```.*?^ *```)", re.MULTILINE | re.DOTALL)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages outside `docs/`."""
    for repository, site in PAGES.items():
        files.append(File.generated(config, site, content=(ROOT / repository).read_text(encoding="utf-8")))
    return files


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Rewrite the links of a page."""
    del config, files
    return rewrite_links(markdown, page.file.src_uri)


def rewrite_links(markdown: str, site: str) -> str:
    """Return the text of a page with links to pages of the site only.

    Args:
        markdown: the text, with links as in the repository.
        site: the page's path in the site.

    Raises:
        PluginError: a link leads to a file that does not exist.
    """
    here = _SITE_TO_REPOSITORY.get(site, f"docs/{site}")

    def link(found: re.Match[str]) -> str:
        label, target, anchor = found[1], found[2], found[3] or ""
        if "://" in target or target.startswith("mailto:") or not target:
            return found[0]
        new = _on_site(here, target, site)
        return f"[{label}]({new}{anchor})" if new else label

    def image(found: re.Match[str]) -> str:
        return f"![{found[1]}]({_on_site(here, found[2], site) or found[2]})"

    # Odd pieces are blocks of code.
    pieces = _BLOCK.split(markdown)
    pieces[::2] = [_LINK.sub(link, _IMAGE.sub(image, piece)) for piece in pieces[::2]]
    return "".join(pieces)


def _on_site(here: str, target: str, site: str) -> str | None:
    """Return a link between two pages of the site; None where the site does not hold the target."""
    path = posixpath.normpath(posixpath.join(posixpath.dirname(here), target))
    if not (ROOT / path).exists():
        raise PluginError(f"{here} links to {target}, which does not exist")
    there = PAGES.get(path) or (path.removeprefix("docs/") if path.startswith("docs/") else None)
    if there is None or (ROOT / path).is_dir():
        return None
    return posixpath.relpath(there, posixpath.dirname(site) or ".")
