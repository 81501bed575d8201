"""Languages: the right one, or `und`."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from longshore.text.language import detect_language
from longshore.text.languages.declarations import relatives
from longshore.text.languages.detect import LEAST_CONFIDENCE
from longshore.text.languages.prose import prose

CASES = tomllib.loads((Path(__file__).parent.parent / "cases/languages.toml").read_text("utf-8"))["case"]
ENGLISH = (
    "The ferry left the harbour an hour late because the fog would not lift. "
    "Nobody at the town hall could say when the bridge would open again. "
    "She had kept the letters in a biscuit tin under the stairs for forty years. "
)
FINNISH = (
    "Lautta lähti satamasta tunnin myöhässä, koska sumu ei hälvennyt. "
    "Kukaan kaupungintalolla ei osannut sanoa, milloin silta avataan uudelleen. "
    "Hän oli säilyttänyt kirjeet keksirasiassa portaiden alla neljäkymmentä vuotta. "
)
RUSSIAN = (
    "Паром вышел из порта на час позже, потому что туман не рассеивался. "
    "В мэрии никто не мог сказать, когда снова откроют мост. "
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["label"])
def test_language_of(case, request):
    if reason := case.get("known_failure"):
        request.applymarker(pytest.mark.xfail(reason=reason, strict=True))
    found = detect_language(case["text"])
    assert (found.language, found.script) == (case["language"], case.get("script", found.script))


def test_confidence_grows_with_the_text():
    short, long = detect_language("harbour"), detect_language(ENGLISH)
    assert short.confidence < 0.9 < long.confidence


CATALOGUE = {
    "Der Ordner ließ sich nicht leeren, weil er in Gebrauch ist": "de",
    "Impossibile aprire la cartella del porto": "it",
    "No se pudo guardar el diario de a bordo": "es",
    "Le fichier du port est vide": "fr",
    "Nie można otworzyć dziennika statku": "pl",
    "The harbour log cannot be opened": "en",
    "De lijst van schepen is leeg": "nl",
    "Filen kunde inte sparas i hamnens mapp": "sv",
}


def test_lines_of_a_catalogue_are_told_about_as_surely_as_they_are_right():
    found = {line: detect_language(line) for line in CATALOGUE}
    assert {line: one.language for line, one in found.items()} == CATALOGUE
    assert sum(one.confidence for one in found.values()) > 0.8 * len(found)


def test_und_has_no_confidence_but_may_have_candidates():
    basque = next(case for case in CASES if case["label"].startswith("Basque"))
    found = detect_language(basque["text"])
    assert found.confidence == 0.0
    assert all(candidate.confidence < 0.5 for candidate in found.candidates)


def test_candidates_are_at_most_three_best_first_and_make_one_at_most():
    for case in CASES:
        confidences = [candidate.confidence for candidate in detect_language(case["text"]).candidates]
        assert len(confidences) <= 3
        assert confidences == sorted(confidences, reverse=True)
        assert sum(confidences) <= 1.001


@pytest.mark.parametrize(("first", "second"), [("en", "fi"), ("ru", "en"), ("fi", "ru")])
def test_a_text_in_two_languages_says_so(first, second):
    texts = {"en": ENGLISH, "fi": FINNISH, "ru": RUSSIAN}
    found = detect_language(texts[first] * 8 + texts[second] * 3)
    assert [candidate.language for candidate in found.candidates[:2]] == [first, second]
    assert found.candidates[1].confidence > 0.1


def test_a_long_text_in_two_languages_says_so_too():
    found = detect_language(ENGLISH * 400 + FINNISH * 100)
    assert {candidate.language for candidate in found.candidates} >= {"en", "fi"}


@pytest.mark.parametrize("times", [3, 20, 1000])
def test_the_answer_does_not_hang_on_the_length(times):
    assert detect_language(ENGLISH * times).language == "en"
    assert detect_language(FINNISH * times).language == "fi"
    assert detect_language(RUSSIAN * times).language == "ru"


@pytest.mark.parametrize(("language", "text"), [("en", ENGLISH), ("fi", FINNISH), ("ru", RUSSIAN)])
def test_the_answer_stays_while_a_text_grows(language, text):
    assert {detect_language((text * 60)[:length]).language for length in range(60, 6000, 90)} == {language}


def test_no_language_is_named_below_the_least_confidence():
    found = [detect_language(word) for line in CATALOGUE for word in (*line.split(), line)]
    named = [one.confidence for one in found if one.language != "und"]
    assert min(named) >= LEAST_CONFIDENCE
    assert len(named) < len(found)


def test_code_in_a_long_text_does_not_vote():
    code = "\n".join(f"    result_{n} = the_thing.with_name(other_{n}) if is_ok else None" for n in range(60))
    assert detect_language(f"{FINNISH}\n\n```\n{code}\n```\n\n{FINNISH}").language == "fi"


def test_prose_is_left_as_it_is():
    for text in (
        ENGLISH,
        FINNISH,
        RUSSIAN,
        "Il dit « non » ; puis : « oui » (peut-être) !",
        "“Well,” she said—and left…",
    ):
        assert prose(text) == text


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=200) | st.text(alphabet="`<>{}[]()#@:/._-aA \n~=*", max_size=200))
def test_any_text_has_an_answer_and_always_the_same(text):
    found = detect_language(text)
    assert found == detect_language(text)
    assert 0.0 <= found.confidence <= 1.0
    assert (found.language == "und") == (found.confidence == 0.0)


@pytest.mark.parametrize("language", relatives())
def test_no_word_speaks_for_a_language_and_for_its_relative(language):
    assert not [own & others for others, own in relatives()[language] if own & others]
