"""How much of a web page's article is extracted, and how much that is none of it?

    python benchmarks/web_pages.py [--each 20]

Pages whose text is known, in the layouts of `tests/documents/corpus_web.py`: paragraphs, subheadings and list items of
the article are right, menus, bylines, teasers and notices wrong. Beside Longshore: resiliparse's main content, which
Longshore begins with, trafilatura (an extra), and all text without its tags.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "src")]

from resiliparse.extract.html2text import extract_plain_text  # noqa: E402 - the path is set above

from longshore.documents.web_page import extract  # noqa: E402
from longshore.text.decode import Decoded, decode  # noqa: E402
from tests.documents.corpus_web import LAYOUTS, web_pages  # noqa: E402

BULLET = re.compile(r"^\s*(?:[•*-]|\d+\.)\s+")


def of_resiliparse(html: str) -> str:
    """Return the main content as resiliparse finds it."""
    return extract_plain_text(html, main_content=True, preserve_formatting=True, alt_texts=False, comments=False)


def of_tags(html: str) -> str:
    """Return all text that the page shows."""
    return extract_plain_text(html, main_content=False, preserve_formatting=True, alt_texts=False)


def of_trafilatura(html: str) -> str:
    """Return the main content as trafilatura finds it."""
    import trafilatura

    return trafilatura.extract(html, include_comments=False) or ""


SYSTEMS: dict[str, Callable[[str], str]] = {
    "Longshore": lambda html: extract(html, b"").text,
    "resiliparse": of_resiliparse,
    "trafilatura": of_trafilatura,
    "all text": of_tags,
}


def lines(text: str, title: str | None) -> Counter[str]:
    """Return the lines of a text, without bullets; the headline counts for nobody."""
    found = (" ".join(BULLET.sub("", line).split()) for line in text.split("\n"))
    return Counter(line for line in found if line not in {"", title})


def main() -> None:
    """Print the table of the README."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--each", type=int, default=20, help="pages of each layout")
    each = parser.parse_args().each
    scores: dict[tuple[str, str], list[float]] = defaultdict(list)
    seconds: Counter[str] = Counter()
    pages = web_pages(seed=99, each=each)
    for sample in pages:
        decoded, truth = decode(sample.raw), sample.documents[0]
        assert isinstance(decoded, Decoded)
        html, right = decoded.text.replace("\r\n", "\n"), lines(truth.body, truth.title)
        for system, text_of in SYSTEMS.items():
            start = time.process_time()
            got = lines(text_of(html), truth.title)
            seconds[system] += time.process_time() - start
            score = 2 * (got & right).total() / (got.total() + right.total())
            scores[sample.name.rpartition("_")[0], system].append(score)
    print("| layout |", " | ".join(SYSTEMS), "|\n| --- |", " --- |" * len(SYSTEMS))
    for layout in (layout.__name__ for layout in LAYOUTS):
        mean = [sum(scores[layout, system]) / each for system in SYSTEMS]
        print(f"| {layout} |", " | ".join(f"{one:.3f}" for one in mean), "|")
    total = [sum(sum(scores[layout.__name__, system]) for layout in LAYOUTS) / len(pages) for system in SYSTEMS]
    print("| all |", " | ".join(f"**{one:.3f}**" for one in total), "|")
    print("| ms a page |", " | ".join(f"{seconds[system] / len(pages) * 1000:.1f}" for system in SYSTEMS), "|")


if __name__ == "__main__":
    main()
