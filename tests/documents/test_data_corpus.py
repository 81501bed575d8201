"""The generated corpus of rows, feeds, subtitles, exports, web archives and Rich Text, and its bars."""

import io
from functools import cache

import pytest

from longshore.documents import exports, rows, rtf, subtitles, syndication, warc
from longshore.documents.detect import recognise
from longshore.documents.kinds import Extracted
from longshore.text.decode import decode
from longshore.text.header import split_header
from tests.documents.corpus_data import ATOM, CSV, GENERATORS, JSON, RSS, TSV, negatives, samples

MIB = 1 << 20
SAMPLES = samples()
KINDS = [generator.__name__ for generator in GENERATORS]


def members_of(sample):
    stream = io.BytesIO(sample.raw)
    if sample.media_type in {JSON, CSV, TSV}:
        return list(rows.split(stream, sample.name, None, MIB))
    if sample.media_type in {RSS, ATOM}:
        return list(syndication.split(stream, sample.name, MIB))
    if sample.raw.startswith(b"WARC"):
        return list(warc.split(stream, sample.name, MIB))
    return list(exports.split(stream, sample.name, MIB))


def extract(sample, text, raw):
    if sample.raw.startswith(b"WARC"):
        return warc.extract(raw, Extracted)
    readers = {RSS: syndication, ATOM: syndication, JSON: rows, CSV: rows, TSV: rows, "application/rtf": rtf}
    readers |= {"text/vtt": subtitles, "application/x-subrip": subtitles, "text/plain": exports}
    return readers[sample.media_type].extract(text, raw)


def text_of(raw):
    return raw.decode("latin-1") if raw.startswith(b"{\\rtf") else decode(raw).text


@cache
def documents_of(number):
    """Return the media types and what is extracted of each document of a file."""
    sample = SAMPLES[number]
    if not sample.container:
        text = text_of(sample.raw)
        return [(recognise(text, sample.name).media_type, extract(sample, text, sample.raw))]
    members = members_of(sample)
    texts = [
        member.decoded.text if member.decoded else "" if member.reader == "warc" else text_of(member.raw)
        for member in members
    ]
    return [(member.media_type, extract(sample, text, member.raw)) for member, text in zip(members, texts, strict=True)]


def of_kind(kind):
    step = len(SAMPLES) // len(KINDS)
    return range(KINDS.index(kind) * step, KINDS.index(kind) * step + step)


def squeezed(text):
    return " ".join(text.split())


@pytest.mark.parametrize("kind", KINDS)
def test_each_file_is_known_for_what_it_is(kind):
    wrong = []
    for number in of_kind(kind):
        sample = SAMPLES[number]
        if any(media_type != sample.media_type for media_type, _ in documents_of(number)):
            wrong.append(sample.name)
        if kind != "warc_file":
            found = recognise(text_of(sample.raw), sample.name)
            expected = "application/warc" if kind == "wet" else sample.media_type
            if (found.media_type, found.container) != (expected, sample.container):
                wrong.append((sample.name, found))
    assert not wrong


@pytest.mark.parametrize("kind", KINDS)
def test_each_file_gives_as_many_documents_as_it_holds(kind):
    wrong = [n for n in of_kind(kind) if len(documents_of(n)) != len(SAMPLES[n].documents)]
    assert [SAMPLES[number].name for number in wrong] == []


@pytest.mark.parametrize("kind", KINDS)
def test_bodies_titles_dates_and_fields_are_those_that_were_written(kind):
    bodies = titles = titled = dates = dated = fields = total = 0
    wrong = []
    for number in of_kind(kind):
        for (_, found), truth in zip(documents_of(number), SAMPLES[number].documents, strict=True):
            total += 1
            if not isinstance(found, Extracted):
                wrong.append((SAMPLES[number].name, found))
                continue
            exact = kind not in {"subrip", "web_vtt", "nexis"}
            same = found.text == truth.body if exact else squeezed(found.text) == squeezed(truth.body)
            bodies += same
            titled += truth.title is not None
            titles += truth.title is not None and found.title == truth.title
            dated += truth.date is not None
            read = split_header(f"date: {found.date}\n\nIt was quiet.").published_date
            dates += truth.date is not None and str(read) == truth.date
            fields += truth.metadata.items() <= found.metadata.items()
            if not same:
                wrong.append((SAMPLES[number].name, found.text[:200], truth.body[:200]))
    assert bodies >= 0.99 * total, wrong[:3]
    assert titles >= 0.95 * titled
    assert dates >= 0.95 * dated
    assert fields >= 0.95 * total


@pytest.mark.parametrize(("name", "text"), negatives(), ids=[name for name, _ in negatives()])
def test_what_only_looks_like_one_stays_text(name, text):
    kind = recognise(decode(text.encode()).text, name)
    assert not kind.container
    assert kind.media_type in {"text/plain", "text/markdown", "text/x-log", "text/x-source-code"}
