"""Bytes to text: cases as data in tests/cases/encodings.toml, properties, and what is refused."""

from __future__ import annotations

import codecs
import random
import tomllib
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from longshore.records import Reason, Rejection
from longshore.text.decode import Decoded, decode
from longshore.text.encodings.charsets import single_byte

CASES = tomllib.loads((Path(__file__).parents[1] / "cases" / "encodings.toml").read_text(encoding="utf-8"))["case"]


def encode(text: str, encoding: str) -> bytes:
    """Save a text as a program of the time would have."""
    for charset in single_byte():
        if charset.name == encoding:
            return codecs.charmap_encode(text, "strict", {ord(c): b for b, c in enumerate(charset.table)})[0]
    return text.encode(encoding)


def decoded(raw: bytes, declared: str | None = None) -> Decoded:
    result = decode(raw, declared)
    assert isinstance(result, Decoded), result
    return result


def rejected(raw: bytes, declared: str | None = None) -> Rejection:
    result = decode(raw, declared)
    assert isinstance(result, Rejection), result
    return result


@pytest.mark.parametrize("case", CASES, ids=[case["label"] for case in CASES])
def test_text_comes_back_to_the_letter(case, request):
    if "known_failure" in case:
        request.applymarker(pytest.mark.xfail(reason=case["known_failure"], strict=True))
    result = decoded(encode(case["text"], case["encoding"]))
    assert unicodedata.normalize("NFC", result.text) == case["text"]
    assert 0 < result.confidence <= 1


@given(st.binary(max_size=400))
@settings(max_examples=150, deadline=None)
def test_any_bytes_give_a_text_or_a_reason(raw):
    result = decode(raw)
    assert result == decode(raw)
    if isinstance(result, Decoded):
        assert result.text
        result.text.encode("utf-16-le", "surrogatepass")
        assert 0 <= result.confidence <= 1


@given(st.text(min_size=1, max_size=200))
@settings(max_examples=200, deadline=None)
def test_a_text_in_utf_8_with_a_mark_is_that_text(text):
    try:
        raw = codecs.BOM_UTF8 + text.encode()
    except UnicodeEncodeError:
        return
    result = decode(raw)
    if isinstance(result, Decoded):
        assert result.text == text


@pytest.mark.parametrize("raw", [b"", b"\n", b" \t\r\n ", codecs.BOM_UTF8, "\u3000\n\u00a0".encode()])
def test_nothing_but_white_space_is_empty(raw):
    assert rejected(raw).reason is Reason.EMPTY


@pytest.mark.parametrize(
    "raw",
    [
        b"\0\1\2\3" * 100,  # two characters over and over, were it UTF-16
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
        b"%PDF-1.4\n1 0 obj\n<< >>\nendobj\n",
        b"{\\rtf1\\ansi Hello}",
        b"PK\x03\x04\x14\0\0\0",
        b"\x7fELF\x02\x01\x01\0" + bytes(range(256)),
        b"\x80\x04\x95\x0b\0\0\0\0\0\0\0]\x94.",
        bytes(100),
        bytes(range(256)) * 3,
    ],
)
def test_what_is_binary_is_refused(raw):
    assert rejected(raw).reason is Reason.BINARY


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_a_byte_order_mark_is_obeyed_and_taken_off(encoding):
    result = decoded("Grüße aus dem Hafen.".encode(encoding))
    assert (result.text, result.method) == ("Grüße aus dem Hafen.", "bom")


def test_a_declared_encoding_is_obeyed():
    result = decoded("Größe".encode("cp850"), declared="cp850")
    assert (result.text, result.encoding, result.method) == ("Größe", "cp850", "declared")


def test_a_declared_encoding_that_does_not_fit_is_refused_with_the_place():
    rejection = rejected(b"abc\xffdef", declared="utf-8")
    assert rejection.reason is Reason.UNDECODABLE
    assert "offset 3" in rejection.detail
    assert "0xFF" in rejection.detail


def test_an_unknown_declared_encoding_is_refused_by_name():
    assert "klingon" in rejected(b"abc", declared="klingon").detail


def test_damaged_utf_8_stays_utf_8():
    text = "Die Größe der Straße überraschte die Müllerin. " * 20
    raw = text.encode()
    raw = raw[:300] + b"\xff" + raw[300:]
    result = decoded(raw)
    assert (result.encoding, result.method) == ("utf-8", "mixed")
    assert result.text.count("Größe") == 20


def test_lines_of_two_encodings_are_each_read_as_what_they_are():
    line = "Die Größe der Straße überraschte die Müllerin.\n"
    result = decoded(line.encode() * 5 + line.encode("cp1252") * 5)
    assert (result.text, result.method) == (line * 10, "mixed")


def test_a_windows_quote_pasted_into_utf_8_is_read():
    raw = "Größe überall, müde Füße. ".encode() * 3 + b"It\x92s late."
    assert decoded(raw).text.endswith("It’s late.")


def test_surrogates_written_as_utf_8_are_joined():
    assert decoded("Schöne Grüße ".encode() + b"\xed\xa0\xbd\xed\xb8\x80").text == "Schöne Grüße 😀"


def test_utf_16_without_a_mark_is_seen_by_its_zeros():
    assert decoded("A quiet day in the harbour.".encode("utf-16-be")).encoding == "utf-16be"


def test_a_program_with_a_plus_sign_is_not_utf_7():
    assert decoded(b"a = b +c- d; x+y-z").encoding == "utf-8"


@pytest.mark.parametrize("text", ["+100 +101 +102 +103", "i+ANY j+ANY k+ANY", "call +4912345678 or +33612345678"])
def test_numbers_and_words_behind_a_plus_sign_are_not_utf_7(text):
    assert decoded(text.encode()).text == text


def test_a_close_choice_names_the_other():
    result = decoded("Perfect caf\x82 ".encode("latin-1"))
    assert result.candidates[0].encoding == result.encoding
    assert sum(candidate.score for candidate in result.candidates) <= 1.001


def test_a_line_of_utf_8_in_an_old_file_is_read():
    old = "Größe und Straße, müde Füße überall.\n".encode("cp1252")
    result = decoded(old * 6 + "Später kam eine schöne Zeile.\n".encode())
    assert result.text.endswith("Später kam eine schöne Zeile.\n")
    assert result.method == "mixed"
    assert result.runner_up == "windows-1252"


def test_a_sequence_that_the_end_cuts_short_is_one_replacement():
    raw = ("Die Größe der Straße überraschte die Müllerin. " * 3 + "Schlussé").encode()[:-1]
    assert decoded(raw).text.endswith("Schluss\ufffd")


def test_a_byte_far_behind_the_sample_still_counts():
    english = b"The harbour board said on Monday that dues would rise. " * 4000
    assert decoded(english + "They are £45 now.".encode("cp850")).text.endswith("£45 now.")


def test_reading_is_linear_in_the_file():
    """No step may look at all lines for each line: these two took minutes once."""
    line = "Größe der Straße\n"
    assert decoded((line * 20_000).encode() + (line * 20_000).encode("cp1252")).text == line * 40_000
    assert decoded((line * 20_000).encode("cp1252") + (line * 20_000).encode()).text == line * 40_000


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize(
    "text",
    [
        "Three ships came in.",
        "Утром в порт вошли три судна.",
        "בבוקר נכנסו לנמל שלוש אוניות",
        "เช้านี้มีเรือสามลำเข้าท่าเรือ",
        "今朝、三隻の船が港に入った。",
        "오늘 아침 배 세 척이 항구에 들어왔다.",
    ],
)
def test_wide_unicode_without_a_mark_is_read_in_every_script(text, encoding):
    assert decoded(text.encode(encoding)).text == text


@pytest.mark.parametrize("charset", [charset.name for charset in single_byte()])
def test_every_charset_reads_what_it_was_declared_for(charset):
    table = next(each.table for each in single_byte() if each.name == charset)
    text = "".join(character for character in table[0x80:] if character != "\ufffd")
    result = decoded(encode(text, charset), declared=charset)
    assert (result.text, result.encoding) == (text, charset)


@given(
    st.binary(min_size=1, max_size=300), st.sampled_from(["cp850", "gb18030", "utf-16", "viscii", "koi8-u", "ascii"])
)
@settings(max_examples=60, deadline=None)
def test_declared_text_or_a_reason(raw, declared):
    result = decode(raw, declared)
    if isinstance(result, Rejection):
        assert result.reason in {Reason.UNDECODABLE, Reason.EMPTY}
    else:
        assert result.method == "declared"


@pytest.mark.parametrize("seed", range(12))
def test_bytes_that_are_no_language_say_that_they_may_be_read_wrong(seed):
    noise = bytes(random.Random(seed).choices(range(0x80, 0x100), k=400))
    found = decode(noise)
    assert isinstance(found, Decoded)
    assert found.confidence <= 0.5


@pytest.mark.parametrize(
    "text",
    [
        "Der Nebel lag über dem Kai, und die Fähre kam spät …",
        "Le bac est parti en retard, et personne ne s’est plaint à l’arrivée",
        "Prom wypłynął późno z powodu mgły",
        "Паром ушёл поздно",
        "Το πλοίο άργησε",
        "המעבורת איחרה",
        "تأخرت العبارة",
        "เรือข้ามฟากออกช้า",
        "Phà rời bến muộn vì sương mù",
        "渡船因大雾晚点出发",
        "霧のため船は遅れた",
        "안개로 배가 늦었다",
    ],
)
def test_utf_8_cut_inside_its_last_character_keeps_the_rest(text):
    raw = (text + "…").encode()
    for size in (1, 2):
        result = decoded(raw[:-size])
        assert (result.encoding, result.text) == ("utf-8", text + "\ufffd")


@pytest.mark.parametrize("half", [b"\xed\xa0\xbd", b"\xed\xb8\x80"])
def test_half_of_a_surrogate_pair_is_one_replacement_character(half):
    for before, after in (("Guten Morgen am Kai ", " wünscht Ann …"), ("港口", "有雾"), ("Шторм ", " в порту")):
        result = decoded(before.encode() + half + after.encode())
        assert (result.encoding, result.text) == ("utf-8", f"{before}\ufffd{after}")


@pytest.mark.parametrize(
    "text",
    ["Dear ~{name~}, the quay ~{place~} is closed.", "All well ~{^^~}", "Use ~{id~} or ~{USER~} here", "~{}~{ok~}"],
)
def test_tildes_and_braces_around_ascii_are_not_chinese(text):
    assert decoded(text.encode()).text == text


@pytest.mark.parametrize("text", ["港口今天有雾。", "Quay 7: 渡船晚点出发，没有人抱怨。", "中文"])
def test_chinese_in_hz_is_read(text):
    result = decoded(text.encode("hz"))
    assert (result.encoding, result.text) == ("hz", text)


def test_an_undefined_pair_of_korean_is_one_replacement_character():
    korean = ["배는 아침에 닿았고 길이는 ", "이며 부두에는 사람이 많았다고 한다."]
    raw = korean[0].encode("cp949") + b"\xc9\xa1\xfe\xa2" + korean[1].encode("cp949")
    result = decoded(raw)
    assert (result.encoding, result.text) == ("euc-kr", "\ufffd\ufffd".join(korean))


@pytest.mark.parametrize("text", ["Ask for NESCAFÉ® at the quay.", "The CAFÉ’S door was open.", "FRÖ® is sold here."])
def test_a_trade_mark_after_an_accented_capital_is_not_utf_8(text):
    raw = text.encode("cp1252")
    assert raw.decode()  # well-formed, by chance
    assert decode(raw).text == text


@pytest.mark.parametrize("text", ["TGFβ and NFκB", "The sign ɮ is a lateral.", "CAFE\u0301", "ŁÓDŹ", "PRLę", "ABCɔ"])
def test_letters_after_capitals_in_utf_8_stay(text):
    assert (decode(text.encode()).text, decode(text.encode()).encoding) == (text, "utf-8")


def test_japanese_with_escapes_that_lost_a_byte_is_read_and_in_doubt():
    raw = "船は朝早く港を出ました。\n風は弱く、波も静かでした。\n".encode("iso2022_jp")
    found = decode(raw[:20] + raw[21:])
    assert (found.encoding, "風は弱く、波も静かでした。" in found.text) == ("iso-2022-jp", True)
    assert "\x1b" not in found.text
    assert found.confidence <= 0.75


def test_escapes_of_a_terminal_are_not_japanese():
    assert decode(b"\x1b$B\x1b[0m and what it printed, in colour\n").encoding == "utf-8"


_BULGARIAN = "Първите лодки влязоха в пристанището рано сутринта, преди да излезе вятърът, с добър улов."
_GEORGIAN = "პირველი ნავები დილით ადრე შემოვიდნენ ნავსადგურში, სანამ ქარი ამოვარდებოდა."
_GEORGIAN_ORDER = "აბგდევზჱთიკლმნჲოპჟრსტჳუფქღყშჩცძწჭხჴჯჰჵ"


@pytest.mark.parametrize(
    ("text", "alphabet", "first"),
    [(_BULGARIAN, "".join(map(chr, range(0x410, 0x450))), 0x80), (_GEORGIAN, _GEORGIAN_ORDER, 0xC0)],
    ids=["MIK", "Georgian-PS"],
)
def test_a_charset_that_is_not_known_is_in_doubt(text, alphabet, first):
    raw = bytes(first + alphabet.index(char) if char in alphabet else ord(char) for char in text)
    assert decode(raw).confidence <= 0.75


@pytest.mark.parametrize(
    "raw",
    [
        "паром вышел из порта на час позже, потому что шторм не утихал.".encode("koi8-r").translate(
            bytes(code & 0x7F for code in range(256))
        ),
        b"F{rjan l|g kvar i hamnen p} grund av dimman, och ingen {gare kom ner till b}ten.",
        b"\x1b$)A\x0e8[?Z5D5FK~\x0f",
    ],
    ids=["KOI-7", "Swedish ISO 646", "ISO-2022-CN"],
)
def test_a_set_of_seven_bits_is_not_told_for_sure(raw):
    assert decode(raw).confidence <= 0.75


@pytest.mark.parametrize(
    "raw", [b"x = {a|b}; y[i] = f(z[j])", b"Dear {name}, your [ticket] is ready.", b"a|b|c\nd|e|f\n"]
)
def test_signs_of_code_and_tables_are_no_doubt(raw):
    assert decode(raw).confidence == 1.0
