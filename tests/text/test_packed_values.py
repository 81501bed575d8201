"""Values packed without a signature are binary, not text in some charset."""

from __future__ import annotations

import marshal
import pickle
import struct
import zlib

import pytest

from longshore.records import Reason, Rejection
from longshore.text.decode import decode

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
def test_packed_values_are_binary(words):
    values = record(words)
    packed = {
        "MessagePack": message_pack(values),
        "MessagePack stream": message_pack(values) * 40,
        "CBOR": cbor(values),
        "CBOR stream": cbor(values) * 40,
        "marshal": marshal.dumps([{"berth": 14, "note": words, "crew": CREW}]),
        "protocol buffers": protocol_buffer([words, *CREW]),
        "BSON": bson([words, *CREW]) * 2,
        "zlib": zlib.compress(words.encode() * 3),
    }
    found = {name: decode(raw) for name, raw in packed.items()}
    wrong = {name: one for name, one in found.items() if not isinstance(one, Rejection) or one.reason != Reason.BINARY}
    assert not wrong


def test_a_table_of_small_weights_is_not_utf_16():
    table = bytearray(b"\1" * 6000)
    table[5::37] = bytes(200 + at % 50 for at in range(len(table[5::37])))
    assert isinstance(decode(bytes(table)), Rejection)


def test_pickles_of_the_first_two_protocols_are_binary_with_letters_beyond_ascii_too():
    for protocol in (0, 1):
        assert isinstance(decode(pickle.dumps(["Björn", "Zoë", b"\xff\xfe"], protocol)), Rejection)
