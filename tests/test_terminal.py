"""Tables fit the terminal that they are printed in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from longshore.console import clipped, table

HEAD = ("file", "became", "language", "what was done")
ROW = st.tuples(
    st.text(max_size=90),
    st.sampled_from(["record", "rejected"]),
    st.sampled_from(["", "en"]),
    st.text("ab .", max_size=300),
)


@given(st.lists(ROW, max_size=5), st.integers(60, 200))
def test_no_line_of_a_table_is_wider_than_the_terminal(rows, width):
    assert all(cell_len(line) <= width for line in table(HEAD, rows, width))


@given(st.lists(ROW, max_size=5))
def test_in_a_pipe_each_row_is_one_line(rows):
    assert len(list(table(HEAD, rows))) == len(rows) + 2


@pytest.mark.parametrize("width", [None, 80])
def test_a_column_that_holds_nothing_is_left_out(width):
    head, _, row = table(HEAD, [("a.txt", "record", "", "")], width)
    assert (head, row) == ("file   became", "a.txt  record")


def test_a_long_name_is_shown_to_its_last_character():
    name = "a-story-whose-name-is-longer-than-the-terminal-is-wide-and-must-not-be-cut.txt"
    _, _, *lines = table(("file", "became"), [(name, "record")], 40)
    assert "".join(line.split()[0] for line in lines) == name


def test_ideographs_keep_the_columns_straight():
    *_, one, two = table(HEAD, [("港の朝市.txt", "record", "ja", ""), ("a.txt", "record", "en", "")], 80)
    assert cell_len(one[: one.index("record")]) == two.index("record")


def test_markup_in_a_name_is_shown_as_it_is():
    assert "[red]a[/red].txt" in "\n".join(table(HEAD, [("[red]a[/red].txt", "record", "", "")], 80))


@given(st.text(max_size=60), st.integers(2, 50))
def test_a_clipped_line_fits_and_is_the_line_where_that_fits(line, width):
    assert cell_len(clipped(line, width)) <= width
    assert clipped(line, width) == line or cell_len(line) > width
