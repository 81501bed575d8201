"""What is looked at of a file: bounded, and with every byte that matters."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from longshore.text.encodings.sampling import take_sample


@given(st.binary(min_size=1, max_size=2000).filter(lambda raw: not raw.isascii()))
@settings(max_examples=100, deadline=None)
def test_every_byte_beyond_ascii_is_in_the_sample(raw):
    sample = take_sample(raw)
    beyond = {code for code in raw if code >= 0x80}
    assert set(sample.distinct) == beyond
    assert beyond <= set(sample.words + sample.rare)


def test_the_sample_does_not_grow_with_the_file():
    line = "Größe überall, müde Füße. ".encode("cp1252")
    text = b"".join(line.replace(b" ", f" {number} ".encode()) for number in range(20_000))
    sample = take_sample(text + b"\xa4")
    assert len(sample.words) + len(sample.rare) < 1000
    assert b"\xa4" in sample.rare


def test_a_word_again_is_no_more_evidence():
    assert take_sample(b"caf\xe9 " * 500).words == b"caf\xe9"


def test_markup_glued_to_a_word_is_left_out():
    word = "<title>Größe</title>" + "<a href='https://example.org/a/long/way/from/here'>"
    assert b"example" not in take_sample(word.encode("cp1252")).words
