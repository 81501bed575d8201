"""The report that a run shows on a web page."""

import datetime as dt
import re
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longshore.ingestion.summary import IngestSummary, Refusal
from longshore.orchestration.markdown import as_card, as_markdown, bar, escaped, rejected_rows
from longshore.records import Outcome
from longshore.settings import Settings
from longshore.storage.listing import PassedOver


def summary(**more):
    made = IngestSummary("ab" * 16, dt.datetime(2026, 11, 21, tzinfo=dt.UTC), "completed", 2.0)
    made.seen, made.published, made.rejected, made.records = 10, 9, 1, 9
    made.tallies = {"language": Counter(en=6, de=3), "encoding": Counter({"utf-8": 9})}
    made.reasons = Counter(EMPTY=1)
    made.refusals = [Refusal("a|b<script>.txt", Outcome.REJECTED, "EMPTY", "Nothing but white space.")]
    for name, value in more.items():
        setattr(made, name, value)
    return made


def test_the_headline_figures_are_in_the_card_and_in_the_table():
    assert as_card(summary()).startswith("10 file(s): 9 published, 1 rejected")
    assert "\n" not in as_card(summary())
    assert "| files | **10** | 9 | 0 | 1 | 0 |" in as_markdown(summary(), Settings())


def test_shares_are_drawn_as_bars_that_add_up():
    text = as_markdown(summary(), Settings())
    assert f"| en | 6 | {bar(6, 9)} | 66.7 % |" in text
    assert len(bar(6, 9)) == 16


def test_names_from_outside_make_no_markup():
    text = as_markdown(summary(), Settings())
    assert "<script>" not in text
    assert r"a\|b&lt;script&gt;.txt" in text


def test_what_was_passed_over_is_in_the_report():
    assert "## Notes" not in as_markdown(summary(), Settings())
    text = as_markdown(summary(passed_over=PassedOver(files=2, example="_notes.txt")), Settings())
    assert "2 file\\(s\\) by name, such as \\_notes.txt" in text


@given(st.text())
def test_an_escaped_cell_stays_one_cell(name):
    found = escaped(name)
    bare = re.sub(r"\\.", "", found)
    assert not set(bare) & set("|<>`*[]\n\r")


OUTSIDE = (
    "![x](http://evil.example/x.png)",
    "[click](http://evil.example/)",
    "<http://evil.example/>",
    "<img src=x onerror=alert(1)>",
    "http://evil.example/x.txt",
    "WWW.evil.example",
    "wWw.evil.example",
    "me@evil.example",
    "**bold** `code` ~~gone~~",
    "\\[click](javascript:alert(1))",
    "[x]: http://evil.example",
)


@pytest.mark.parametrize("name", OUTSIDE)
def test_the_cells_of_the_table_hold_no_live_markup(name):
    """Prefect renders strings in a table artifact as markdown."""
    refused = Refusal(name, Outcome.REJECTED, "EMPTY", f"seen: {name}")
    (row,) = rejected_rows(summary(refusals=[refused]))
    for cell in (row["file"], row["what was seen"]):
        bare = re.sub(r"\\.", "", cell)
        assert not set(bare) & set("<>`*[]():@!~\\"), cell
        # What Prefect's second page makes links of, after it has read the escapes.
        assert not re.search(r"https?://|www\.|@\w", markup_gone(cell), re.IGNORECASE)
        assert markup_gone(cell).replace("\N{WORD JOINER}", "").endswith(name)


def markup_gone(cell):
    """Undo the escapes, as a renderer of markdown does."""
    text = re.sub(r"\\([^\w\s])", r"\1", cell)
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def test_a_run_over_millions_makes_a_small_report():
    many = Counter({f"x{i}": 1 for i in range(10_000)})
    refusals = [Refusal(f"{i}" * 50, Outcome.REJECTED, "BINARY", "x" * 5000) for i in range(5000)]
    large = summary(tallies={"language": many, "published_year": many}, refusals=refusals, reasons=Counter(BINARY=5000))
    assert len(as_markdown(large, Settings())) < 40_000
    assert len(rejected_rows(large)) == 200
