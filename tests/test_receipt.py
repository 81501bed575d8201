"""What `longshore inspect` shows of a file."""

import pytest
from rich.cells import cell_len

from longshore.cli.explain import inspect_file
from longshore.settings import Settings


@pytest.fixture
def receipt(tmp_path):
    def lines(raw, width):
        path = tmp_path / "a.txt"
        path.write_bytes(raw)
        settings = Settings(landing=tmp_path / "landing", warehouse=tmp_path / "warehouse")
        _, *rest = inspect_file(path, settings).lines(width)
        return rest

    return lines


@pytest.mark.parametrize("width", [60, 80, 120])
def test_no_line_of_a_receipt_is_wider_than_the_terminal(receipt, width):
    text = "17 March 2024\n\n" + "Ç’est une phrase qui n’en finit pas, à propos d’une barque. " * 9 + "\n"
    lines = receipt(text.encode().decode("cp1252").encode(), width)
    assert any(line.strip().startswith("after") for line in lines)
    assert max(map(cell_len, lines)) <= width


def test_the_runner_up_is_shown_with_what_it_would_read(receipt):
    lines = receipt("The dues rose to £45 a berth.".encode("cp850"), 80)
    assert [line.split()[0] for line in lines if "45 a berth" in line][:2] == ["cp850", "windows-1252"]
