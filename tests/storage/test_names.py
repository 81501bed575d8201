"""Names from outside, as they are shown."""

import sys
import unicodedata

import pytest

from longshore.storage.names import printable

# Default-ignorable or blank, though Unicode calls them letters, marks or symbols.
FILLERS = [
    0x034F,
    0x115F,
    0x1160,
    0x17B4,
    0x17B5,
    *range(0x180B, 0x1810),
    0x2800,
    0x3164,
    *range(0xFE00, 0xFE10),
    0xFFA0,
    0x1D159,
    *range(0xE0100, 0xE01F0),
]
TAGS = range(0xE0000, 0xE0080)
KEPT = ["report.txt", "caf\u00e9", "\u6e2f\u53e3", "\u00a0\u3000", "e\u0301", "\u0645\u064e", "\U0001f6a2"]


def test_no_control_format_private_unassigned_or_line_breaking_character_is_shown():
    hidden = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    shown = [
        code
        for code in range(sys.maxunicode + 1)
        if unicodedata.category(chr(code)) in hidden and not is_escaped(chr(code))
    ]
    assert shown == []


@pytest.mark.parametrize("code", [0xAD, 0x200B, 0x202E, 0xFEFF, 0xE000, 0x10FFFF, *FILLERS[:8], *TAGS[::16]])
def test_an_invisible_character_is_written_as_its_escape(code):
    assert printable(f"a{chr(code)}b.txt") == f"a{chr(code).encode('unicode_escape').decode()}b.txt"


def test_fillers_and_tags_are_escaped():
    assert [hex(code) for code in (*FILLERS, *TAGS) if not is_escaped(chr(code))] == []


@pytest.mark.parametrize("text", KEPT)
def test_what_can_be_seen_is_kept(text):
    assert printable(text) == text


def is_escaped(character):
    return printable(character).startswith("\\") and printable(character).isascii()
