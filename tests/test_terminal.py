"""Tables fit the terminal that they are printed in."""

from hypothesis import given
from hypothesis import strategies as st

from longshore.console import columns, cut_in_the_middle, table

HEAD = ("file", "became", "language", "what was done")
ROW = st.tuples(
    st.text(max_size=90),
    st.sampled_from(["record", "rejected"]),
    st.sampled_from(["", "en"]),
    st.text("ab .", max_size=300),
)


@given(st.lists(ROW, max_size=5), st.integers(60, 200))
def test_no_line_of_a_table_is_wider_than_the_terminal(rows, width):
    assert all(columns(line) <= width for line in table(HEAD, rows, width))


@given(st.lists(ROW, max_size=5))
def test_in_a_pipe_each_row_is_one_line(rows):
    assert len(list(table(HEAD, rows))) == len(rows) + 2


def test_a_column_that_holds_nothing_is_left_out():
    assert list(table(HEAD, [("a.txt", "record", "", "")])) == ["file   became", "-----  ------", "a.txt  record"]


def test_what_does_not_fit_beside_its_row_stands_below_it():
    rows = [("a-name-that-is-quite-long-enough.txt", "rejected", "en", "BINARY: The file is a PNG image, not text.")]
    assert list(table(HEAD, rows, 70))[2:] == [
        "a-name-that-is-quite-long-enough.txt  rejected  en",
        "    BINARY: The file is a PNG image, not text.",
    ]


def test_ideographs_keep_the_columns_straight():
    *_, one, two = table(HEAD, [("港の朝市.txt", "record", "ja", ""), ("a.txt", "record", "en", "")])
    assert columns(one[: one.index("record")]) == two.index("record")


@given(st.text(max_size=90), st.integers(4, 60))
def test_a_name_cut_in_the_middle_fits(name, width):
    assert columns(cut_in_the_middle(name, width)) <= width
