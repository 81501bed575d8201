"""What speaks for a reading: letters after letters, signs between neighbours, cases, ideographs."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from longshore.text.encodings.charsets import single_byte
from longshore.text.encodings.detect import glance
from longshore.text.encodings.evidence import background_of, codes_of, log_likelihood
from longshore.text.languages.letter_model import letters

SCRIPTS = ["latin", "vietnamese", "cyrillic", "greek", "hebrew", "arabic", "thai", "cjk"]


def weigh(text: str, script: str = "latin") -> float:
    return log_likelihood(codes_of(text), script)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("a café by the quay", "a caf‚ by the quay"),
        ("dues of £45 a berth", "dues of œ45 a berth"),
        ("it doesn’t matter", "it doesnÕt matter"),
        ("le cœur de la ville", "le c½ur de la ville"),
        ("douze € par mois", "douze ¤ par mois"),
        ("für die Straße", "fɒr die StraŸe"),
        ("Ελλάδα", "╟ррэфр"),
    ],
)
def test_what_people_write_is_likelier_than_its_misreading(right, wrong):
    script = "greek" if "Ε" in right else "latin"
    assert weigh(right, script) > weigh(wrong, script)


@given(st.text(max_size=60), st.sampled_from(SCRIPTS))
@settings(max_examples=150, deadline=None)
def test_every_text_has_a_finite_likelihood(text, script):
    assert math.isfinite(weigh(text, script))


@pytest.mark.parametrize("script", SCRIPTS[:-1])
def test_chances_are_chances(script):
    model = letters(script)
    ids = np.arange(len(model.ones), dtype=np.int32)
    for last in (0, 5, len(ids) - 1):
        chances = model.chances(np.zeros_like(ids), np.full_like(ids, last), ids)
        assert (chances > 0).all()
        assert chances.sum(axis=0).max() < 1.3


def test_an_unknown_language_learns_its_marks():
    """Breton is in no profile: `ñ` and `ù` are what its words end in, as `n` and `u` are elsewhere."""
    assert weigh("frankiz ha gwirioù kevatal en o dellezegezh hag o gwirioù") > weigh(
        "frankiz ha gwirioł kevatal en o dellezegezh hag o gwirioł"
    )


def test_plain_words_tell_the_language():
    model = letters("latin")
    tongues = background_of(b"Die Schiffe lagen am Kai und hingen dort noch lange im Nebel").tongues
    assert model.languages[int(np.argmax(tongues))] == "de"


def test_latin_look_alikes_in_a_cyrillic_word_are_forgiven():
    assert weigh("Bceобщая дeкларaция прaв", "cyrillic") > weigh("Bqzобщая дwкларvция прfв", "cyrillic") + 20


def test_a_glance_ranks_the_right_charset_high():
    raw = "Утром в порт вошли три судна".encode("koi8-r")
    numbers = list(range(len(single_byte())))
    likelihoods = glance(numbers, raw)
    ranked = sorted(numbers, key=lambda number: -likelihoods[number])
    assert "koi8-r" in [single_byte()[number].name for number in ranked[:3]]
