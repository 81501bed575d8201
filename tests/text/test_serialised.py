"""Values packed without a signature are binary; texts of any script are not taken for them."""

from __future__ import annotations

import marshal
import pickle
import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longshore.records import Reason, Rejection
from longshore.text.decode import decode
from longshore.text.encodings.binary_reader import name_by_structure

WORDS = ["The lock opens at six.", "Утром вошли три судна.", "朝、三隻の船が入港した。", "Três navios no cais."]
CREW = ["Ana", "Björn", "Ольга", "健二"]


def message_pack(value: object) -> bytes:
    match value:
        case str():
            raw = value.encode()
            return (bytes([0xA0 | len(raw)]) if len(raw) < 32 else bytes([0xD9, len(raw)])) + raw
        case int():
            return bytes([value]) if value < 0x80 else b"\xcd" + struct.pack(">H", value)
        case list():
            return bytes([0x90 | len(value)]) + b"".join(map(message_pack, value))
        case dict():
            return bytes([0x80 | len(value)]) + b"".join(message_pack(one) for pair in value.items() for one in pair)
    raise TypeError


def cbor(value: object) -> bytes:
    def head(kind: int, size: int) -> bytes:
        return bytes([kind << 5 | size]) if size < 24 else bytes([kind << 5 | 24, size])

    match value:
        case str():
            raw = value.encode()
            return head(3, len(raw)) + raw
        case int():
            return head(0, value)
        case list():
            return head(4, len(value)) + b"".join(map(cbor, value))
        case dict():
            return head(5, len(value)) + b"".join(cbor(one) for pair in value.items() for one in pair)
    raise TypeError


def protocol_buffer(strings: list[str]) -> bytes:
    parts = [one.encode() for one in strings]
    return b"\x08\xe4\x8f\x22" + b"".join(bytes([0x12, len(part)]) + part for part in parts)


def bson(strings: list[str]) -> bytes:
    fields = b"".join(
        b"\x02" + str(at).encode() + b"\0" + struct.pack("<i", len(one.encode()) + 1) + one.encode() + b"\0"
        for at, one in enumerate(strings)
    )
    return struct.pack("<i", len(fields) + 5) + fields + b"\0"


def record(words: str) -> dict[str, object]:
    return {"berth": 14, "note": words, "crew": CREW, "depth": 90, "log": [words, words]}


@pytest.mark.parametrize("words", WORDS)
def test_values_without_a_signature_are_named_by_their_structure(words):
    named = {
        "MessagePack": message_pack(record(words)),
        "CBOR": cbor(record(words)),
        "Python": marshal.dumps([{"berth": 14, "note": words, "crew": CREW, "log": [words + "!"]}]),
        "protocol": protocol_buffer([words, *CREW]),
        "BSON": bson([words, *CREW]) * 2,
        "zlib": zlib.compress(words.encode() * 3),
    }
    for name, raw in named.items():
        assert name in (name_by_structure(raw) or ""), name


@pytest.mark.parametrize("words", WORDS)
def test_a_stream_of_values_is_binary(words):
    for raw in (message_pack(record(words)) * 40, cbor(record(words)) * 40):
        found = decode(raw)
        assert isinstance(found, Rejection)
        assert found.reason is Reason.BINARY


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("“The tide turned,” she said, “and nobody on the quay noticed.”", "cp1252"),
        ("Üben, sagte er, üben! Am Kai lag ein Boot.", "cp1252"),
        ("Éste es el muelle número 3: está vacío.", "cp850"),
        ("Прибыли три судна.", "cp866"),
        ("Эхо над портом стихло.", "cp1251"),
        ("船は朝に着いた。", "cp932"),
        ("배가 아침에 닿았다.", "cp949"),
        ("Tàu cập bến lúc sáng.", "viscii"),
    ],
)
def test_a_text_that_begins_as_values_do_is_text(text, encoding):
    raw = text.encode(encoding) if encoding != "viscii" else "T\xe0u c\xa7p b\xaan l\xfac s\xe1ng.".encode("latin-1")
    assert name_by_structure(raw) is None


@pytest.mark.parametrize("cut", range(1, 40))
def test_utf_8_that_was_cut_at_its_head_is_text(cut):
    for words in (*WORDS[1:3], "Über den Dächern lag früh um sechs noch Nebel, und am Kai war es still."):
        raw = ((words + " ") * 9).encode()[cut:]
        assert name_by_structure(raw) is None


def test_a_damaged_letter_at_the_head_is_no_tag_of_cbor():
    assert name_by_structure(b"\xc5\x86em\xc4\x81s kaste, k\xd6em laiva pien\xc4\x81k ost\xc4\x81") is None


@given(st.text(st.characters(min_codepoint=32, max_codepoint=0x24F), min_size=1, max_size=300))
def test_letters_of_the_west_in_any_order_are_no_structure(text):
    assert name_by_structure(text.encode("cp850", "replace")) is None


@given(st.binary(min_size=1, max_size=600))
def test_naming_is_total(raw):
    name_by_structure(raw)


def test_a_table_of_small_weights_is_not_utf_16():
    table = bytearray(b"\1" * 6000)
    table[5::37] = bytes(200 + at % 50 for at in range(len(table[5::37])))
    assert isinstance(decode(bytes(table)), Rejection)


def test_pickles_of_the_first_two_protocols_are_binary_with_letters_beyond_ascii_too():
    for protocol in (0, 1):
        assert isinstance(decode(pickle.dumps(["Björn", "Zoë", b"\xff\xfe"], protocol)), Rejection)
