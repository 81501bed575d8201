"""A text that looks like another format stays the text that it is, whatever its name promises."""

from __future__ import annotations

import pytest

from longshore.documents.detect import recognise
from tests.documents.corpus_negatives import negatives
from tests.documents.corpus_text_kinds import text_kinds

NEGATIVES = negatives()
# They stay as they are, under a label of their own.
LABELS = {"text/plain", "text/markdown"}


def test_no_text_is_taken_for_a_document_of_another_format():
    assert len(NEGATIVES) >= 300
    kinds = [(name, recognise(text, name)) for name, text in NEGATIVES]
    assert [(name, kind) for name, kind in kinds if kind.container or kind.media_type not in LABELS] == []


def test_only_markdown_is_called_markdown():
    kinds = [(name, recognise(text, name).media_type) for name, text in NEGATIVES if "markdown" not in name]
    assert [(name, kind) for name, kind in kinds if kind != "text/plain"] == []


@pytest.mark.parametrize("media_type", ["text/markdown", "text/x-log", "text/x-source-code", "application/xml"])
def test_texts_of_a_kind_have_its_label(media_type):
    samples = [sample for sample in text_kinds() if sample.media_type == media_type]
    wrong = [
        (sample.name, kind)
        for sample in samples
        if (kind := recognise(sample.raw.decode(), sample.name).media_type) != media_type
    ]
    assert len(samples) >= 20
    assert len(wrong) <= len(samples) / 100, wrong
