"""Tables fit the terminal that they are printed in."""

import contextlib
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from longshore.console import clipped, table, waiting

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


def test_sentences_stand_below_their_rows_where_beside_them_is_no_room():
    rows = [
        ("a-story-with-a-name.txt", "published", "en", "mojibake repaired: windows-1252 read as UTF-8"),
        ("b.txt", "rejected", "", "EMPTY: it holds nothing but white space, in every one of its many lines."),
        ("c.txt", "published", "", ""),
    ]
    assert list(table(HEAD, rows, 60)) == [
        "file                     became     language",
        "-----------------------  ---------  --------",
        "a-story-with-a-name.txt  published  en",
        "    mojibake repaired: windows-1252 read as UTF-8",
        "b.txt                    rejected",
        "    EMPTY: it holds nothing but white space, in every one of",
        "    its many lines.",
        "c.txt                    published",
    ]
    assert [line.split()[-1] for line in table(HEAD, rows, 120)][2:] == ["UTF-8", "lines.", "published"]


def test_ideographs_keep_the_columns_straight():
    *_, one, two = table(HEAD, [("港の朝市.txt", "record", "ja", ""), ("a.txt", "record", "en", "")], 80)
    assert cell_len(one[: one.index("record")]) == two.index("record")


def test_markup_in_a_name_is_shown_as_it_is():
    assert "[red]a[/red].txt" in "\n".join(table(HEAD, [("[red]a[/red].txt", "record", "", "")], 80))


@given(st.text(max_size=60), st.integers(2, 50))
def test_a_clipped_line_fits_and_is_the_line_where_that_fits(line, width):
    assert cell_len(clipped(line, width)) <= width
    assert clipped(line, width) == line or cell_len(line) > width


def on_a_terminal(program):
    """Run a program on a terminal of its own; return what it wrote there."""
    ours, theirs = pty.openpty()
    environment = os.environ | {"TERM": "xterm", "PYTHONPATH": str(Path(__file__).parents[1] / "src")}
    done = subprocess.Popen([sys.executable, "-c", program], stderr=theirs, stdout=theirs, env=environment)
    os.close(theirs)
    written = b""
    with contextlib.suppress(OSError):  # the terminal has gone with the program
        while some := os.read(ours, 4096):
            written += some
    os.close(ours)
    assert done.wait() == 0
    return written.decode()


WAIT = "import time; from longshore.console import waiting\nwith waiting('thinking') as say: "


def test_a_terminal_sees_after_a_second_what_goes_on_and_nothing_is_left_of_it():
    written = on_a_terminal(f"{WAIT}time.sleep(1.5); say('a line'); time.sleep(0.3)")
    assert "thinking … 1 s" in written
    assert written.endswith("\r\x1b[K")
    assert "\x1b[Ka line\r\n" in written


def test_what_takes_less_than_a_second_is_not_announced():
    assert on_a_terminal(f"{WAIT}pass") == ""


def test_a_log_file_gets_no_spinner(capsys):
    with waiting("thinking") as say:
        say("a line")
    assert capsys.readouterr().err == "a line\n"


def test_an_installation_shows_progress_and_where_it_fails_what_pip_said():
    script = [str(Path(__file__).parents[1] / "deploy/install.py"), "--no-index", "no-such-package-anywhere"]
    done = subprocess.run([sys.executable, *script], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "no-such-package-anywhere" in done.stdout
    run = f"import subprocess, sys; subprocess.run([sys.executable, *{script!r}])"
    assert "s  starting pip" in on_a_terminal(run)
