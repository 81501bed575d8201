"""The profiles and their scores are those of langdetect, and plausibility ranks the right reading first."""

from __future__ import annotations

import collections
import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langdetect.detector_factory import PROFILES_DIRECTORY, DetectorFactory

from longshore.text.languages.alphabet import BLANK, FIRST_KNOWN, ID_BITS
from longshore.text.languages.plausibility import plausibility
from longshore.text.languages.profiles import SMOOTHING, load_profiles
from longshore.text.languages.script_model import STEPS, script_model

if TYPE_CHECKING:
    from longshore.text.languages.profiles import Profiles

SAMPLES = [
    "",
    "   \n\t ",
    "The harbour was quiet, and NOBODY spoke; the IPO of McAllister's firm was over.",
    "Ein Fährmann grüßte. ÄÖÜ sind Umlaute, und DDR war ein Staat. Straße",
    "Việt Nam có một ngư dân; Tiê\u0301ng Viê\u0323t viết bằng chữ Quốc ngữ.",
    "Портові крани стояли тихо. СССР и США. Жизнь prekrasna, но English words too.",
    "日本語の文章には漢字とカタカナとひらがながあります。",
    "港口很安静,没有人说话。繁體中文與简体中文。",
    "항구는 조용했다. 아무도 말하지 않았다.",
    "كان الميناء هادئا. فارسی را پاس بداریم",
    "Τι είναι αυτό; ΑΘΗΝΑ και ΠΕΙΡΑΙΑΣ. Écrit à l'École. ŞTEFAN și Țară",
    "See https://example.org/a?b=c&d=e or write to someone.else@mail.example.org today.",
    "a b c d  e   f A B CD EFG hIJ 123 4a 5B «quoted» 10° “curly” … x_y^z`w",
    "𝔄𝔟𝔠 😀 𐐀𐐨 \ud800 \x00\x85\x92 \ufffd",
    "word " * 2100,
]


@pytest.fixture(scope="module")
def langdetect() -> DetectorFactory:
    factory = DetectorFactory()
    factory.load_profile(PROFILES_DIRECTORY)
    factory.set_seed(0)
    return factory


def ngrams_of_langdetect(factory: DetectorFactory, text: str) -> collections.Counter[str]:
    detector = factory.create()
    detector.append(text)
    detector.cleaning_text()
    return collections.Counter(detector._extract_ngrams())


IN_ONE_SCRIPT = [
    ("Latn", SAMPLES[2]),
    ("Latn", SAMPLES[3]),
    ("Latn", "„a“ col·lecció Țară și ễỆ x a  b"),
    ("Cyrl", "Портові крани стояли. СССР и США. Жизнь ў"),
    ("Grek", "Τι είναι αυτό; ΑΘΗΝΑ"),
    ("Thai", "ภาษาไทย"),
    ("Latn", ""),
]


@pytest.mark.parametrize(("script", "text"), IN_ONE_SCRIPT)
def test_scores_of_a_script_are_the_sums_over_the_ngrams_of_langdetect(langdetect, script, text):
    model = script_model(script)
    totals = model.score(np.frombuffer(text.encode("utf-32-le"), np.uint32)).totals[0]
    columns = [langdetect.langlist.index(language) for language in model.languages]
    chances = [langdetect.word_lang_prob_map[ngram] for ngram in ngrams_of_langdetect(langdetect, text).elements()]
    expected = [sum(round(math.log(row[column] + SMOOTHING) * STEPS) for row in chances) for column in columns]
    # What no profile knows costs every language the same.
    assert (totals - totals[0]).tolist() == [one - expected[0] for one in expected]


def test_the_parts_of_a_text_add_up_to_the_whole():
    codes = np.frombuffer((SAMPLES[3] * 5).encode("utf-32-le"), np.uint32)
    whole, parts = script_model("Latn").score(codes), script_model("Latn").score(codes, 7)
    assert whole.totals.sum(axis=0).tolist() == parts.totals.sum(axis=0).tolist()
    assert whole.triple_counts.sum() == parts.triple_counts.sum() > 0


def spelled(profiles: Profiles, row: int) -> str:
    key = int(profiles.keys[row])
    length = 3 - (key >> 3 * ID_BITS)
    ids = [key >> (ID_BITS * place) & ((1 << ID_BITS) - 1) for place in reversed(range(length))]
    return "".join(" " if char == BLANK else profiles.characters[char - FIRST_KNOWN] for char in ids)


def test_every_probability_is_that_of_langdetect(langdetect):
    profiles = load_profiles()
    order = [langdetect.langlist.index(name) for name in profiles.languages]
    for row in range(0, profiles.unknown_row, 97):
        expected = [langdetect.word_lang_prob_map[spelled(profiles, row)][column] + SMOOTHING for column in order]
        assert profiles.log_probability[row].tolist() == pytest.approx([math.log(p) for p in expected])


def test_all_ngrams_have_a_row_of_their_own(langdetect):
    assert load_profiles().unknown_row == len(langdetect.word_lang_prob_map)


def test_a_text_without_letters_has_a_plausibility_of_zero():
    assert plausibility("123 456") == 0.0


READINGS = [
    ("Die Fährleute grüßten müde die Möwen über dem Kai.", "utf-8", "cp1252"),
    ("Die Fährleute grüßten müde die Möwen über dem Kai.", "cp1252", "cp1251"),
    ("Die Fährleute grüßten müde die Möwen über dem Kai.", "cp1252", "cp850"),
    ("Die Fährleute grüßten müde die Möwen über dem Kai.", "mac-roman", "cp1252"),
    ("<p class='news'>Порт был тих</p><a href='more'>дальше</a>", "cp1251", "cp437"),
    ("L'œuvre du cœur était là, à côté.", "iso8859-15", "cp1252"),
    ("Портовые краны стояли тихо, и никто не говорил.", "cp1251", "koi8-r"),
    ("Портовые краны стояли тихо, и никто не говорил.", "koi8-r", "cp1251"),
    ("Портовые краны стояли тихо, и никто не говорил.", "cp866", "cp1251"),
    ("Портовые краны стояли тихо, и никто не говорил.", "cp1251", "cp1252"),
    ("Přístav byl tichý a nikdo nepromluvil, žádné světlo.", "cp1250", "cp1252"),
    ("Το λιμάνι ήταν ήσυχο και κανείς δεν μιλούσε.", "iso8859-7", "cp1252"),
    ("항구는 조용했고 아무도 말하지 않았다. 배는 이미 떠났다.", "euc-kr", "gb18030"),
    ("港口很安静，没有人说话，船已经离开了。", "gb18030", "euc-kr"),
]


@pytest.mark.parametrize(("text", "right", "wrong"), READINGS)
def test_the_right_reading_is_more_plausible_than_a_wrong_one(text, right, wrong):
    misread = text.encode(right).decode(wrong, "replace")
    assert plausibility(text) > plausibility(misread) + 0.2


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=80))
def test_plausibility_takes_any_text(text):
    assert -25 <= plausibility(text) <= 0.0


def test_shouting_is_as_plausible_as_speaking_but_an_inner_capital_is_not():
    assert plausibility("DER FÄHRMANN GRÜSSTE") == plausibility("der fährmann grüsste")
    assert plausibility("Le caractère") == plausibility("le caractère")
    assert plausibility("le caractère") > plausibility("le caractÈre") + 0.3


def test_a_sign_is_dear_inside_a_word_only():
    assert plausibility("it costs £10 a head") > plausibility("it co£sts 10 a head") + 0.1
    assert plausibility("┌──────┐ harbour └──────┘") > plausibility("─│┐ harbour ┤╣║╗") + 0.2
