"""EBCDIC: what is in it is read, and nothing else is taken for it."""

from __future__ import annotations

import pytest

from longshore.text.decode import Decoded, decode
from longshore.text.encodings.escapes import read_ebcdic

FERRY = "The ferry left the harbour an hour late, said the [deputy] mayor!"


@pytest.mark.parametrize(
    ("encoding", "text"),
    [("cp037", FERRY), ("cp500", FERRY), ("cp1140", "Die Fähre fährt für 5 € über den Fluss, sagte sie.")],
)
def test_a_text_of_a_mainframe_is_read_and_says_which_else_it_could_be(encoding: str, text: str) -> None:
    result = decode(text.encode(encoding))
    assert isinstance(result, Decoded)
    assert (result.text, result.encoding, result.method) == (text, encoding, "detected")
    assert result.runner_up in {"cp037", "cp500", "cp1140"} - {encoding}


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "mac_roman", "utf-16-le", "utf-32-be", "utf-7"])
def test_a_text_of_anything_else_is_not(encoding: str) -> None:
    assert read_ebcdic(FERRY.encode(encoding)) is None


def test_a_picture_that_holds_many_blanks_of_ebcdic_is_not() -> None:
    assert read_ebcdic(b"\x89PNG\r\n\x1a\n" + b"\x40" * 900) is None
