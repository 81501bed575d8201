"""What is no text: by first bytes, by control bytes. And what is text though it looks odd."""

from __future__ import annotations

import pickle
import random
import zlib

import pytest

from longshore.text.encodings.binary import name_by_controls, name_by_signature, name_of_spelt_binary


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        (b"GIF89a\x01\0\x01\0", "GIF"),
        (b"RIFF\x24\0\0\0WEBPVP8 ", "WebP"),
        (b"\0\0\0\x18ftypmp42\0\0\0\0", "MPEG-4"),
        (b"MZ\x90\0\x03\0\0\0", "executable"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "office"),
        (b"SQLite format 3\0", "SQLite"),
        (b"x" * 257 + b"ustar\x0000", "tar"),
        (pickle.dumps({"a": 1}, 4), "Python"),
        (b"\x3c\xb8d\x18\xca\xef\x9c\x95\xcd!\x1c\xbf`\xa1\xbd\xdd", "catalogue"),
        (b"\x1a\1\x14\0\0\0\0\0\x02\0\0\0quay|a terminal on the quay\0", "terminal"),
    ],
)
def test_known_formats_are_named(raw, name):
    assert name in (name_by_signature(raw) or "")


@pytest.mark.parametrize(
    "text", ["MZ is a postcode.", "true to life", "BMW sells cars", "ORC armies", "FWS", "PK wins"]
)
def test_a_word_that_a_format_begins_with_is_text(text):
    assert name_by_signature(text.encode()) is None


def test_compressed_bytes_without_a_signature_have_too_many_controls():
    noise = random.Random(5).randbytes(4000)
    assert name_by_controls(zlib.compress(noise)[20:]) is not None


@pytest.mark.parametrize("encoding", ["cp1251", "koi8-r", "cp866", "shift_jis", "gb18030"])
def test_text_of_any_script_has_few_controls(encoding):
    assert name_by_controls("Порт и море".encode(encoding, "replace") * 50) is None


def test_old_pickles_are_told_from_text():
    assert name_of_spelt_binary(pickle.dumps({"a": [1, "x"]}, 0)) == "a serialised Python object"
    assert name_of_spelt_binary(b"(a remark in brackets.)") is None
