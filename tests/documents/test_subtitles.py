"""SubRip and WebVTT: what is recognised, and what the cues say."""

import pytest

from longshore.documents import subtitles
from longshore.records import Reason

SRT = """1
00:00:01,000 --> 00:00:04,000
The harbour was
quiet that <i>morning</i>.

2
00:00:04,100 --> 00:00:06,000
{\\an8}Nobody came.

3
00:00:09,000 --> 00:00:12,000
In 1990

12 ships lay there.

4
00:00:12,100 --> 00:00:13,000
Now none.
"""


def text_of(subtitle):
    return subtitles.extract(subtitle, b"").text


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_cues_become_paragraphs_without_times_numbers_and_tags(line_end):
    subtitle = SRT.replace("\n", line_end)
    assert subtitles.recognise(subtitle, "a.txt").media_type == "application/x-subrip"
    assert (
        text_of(subtitle) == "The harbour was quiet that morning. Nobody came.\n\nIn 1990 12 ships lay there. Now none."
    )


def test_notes_styles_and_settings_of_webvtt_are_left_out_and_its_fields_kept():
    subtitle = (
        "WEBVTT - The pier\nKind: captions\nLanguage: en\n\nSTYLE\n::cue { color: red }\n\nNOTE\nby me\nfor you\n\n"
        "00:01.000 --> 00:04.000 align:start position:0%\n<v Ann>Hello <00:00:01.500><c.loud> there</c>.\n\n"
        "second\n00:05.000 --> 00:06.000\nFish &amp; chips.\n"
    )
    assert subtitles.recognise(subtitle, "a.txt").media_type == "text/vtt"
    extracted = subtitles.extract(subtitle, b"")
    assert (extracted.title, extracted.text) == ("The pier", "Hello there. Fish & chips.")
    assert extracted.metadata == {"kind": "captions", "language": "en", "speakers": "Ann"}


def test_lines_that_roll_up_are_said_once():
    cue = "00:00:0{}.{}0 --> 00:00:0{}.{}0 align:start position:0%\n{}\n{}\n\n"
    subtitle = "WEBVTT\n\n" + "".join(
        cue.format(*times, *lines)
        for times, lines in [
            ((0, "00", 2, "00"), (" ", "hello<00:00:00.500><c> and</c><00:00:00.800><c> welcome</c>")),
            ((2, "00", 2, "01"), ("hello and welcome", " ")),
            ((2, "01", 4, "00"), ("hello and welcome", "to<00:00:02.500><c> this</c><00:00:03.000><c> show</c>")),
            ((4, "00", 4, "01"), ("to this show", " ")),
            ((4, "01", 6, "00"), ("to this show", "about<00:00:04.500><c> harbours</c>")),
        ]
    )
    assert text_of(subtitle) == "hello and welcome to this show about harbours"


def test_two_speakers_may_say_the_same():
    assert text_of("1\n00:00:01,000 --> 00:00:02,000\nNo.\n\n2\n00:00:02,500 --> 00:00:03,000\nNo.\n") == "No. No."


def test_chinese_lines_are_joined_without_a_space():
    assert text_of("1\n00:00:01,000 --> 00:00:02,000\n港口很\n安静。\n") == "港口很安静。"


def test_a_speaker_begins_a_paragraph():
    subtitle = "1\n00:00:01,000 --> 00:00:02,000\n- Who is there?\n- It is me.\n"
    assert text_of(subtitle) == "- Who is there?\n\n- It is me."


@pytest.mark.parametrize(
    "text",
    [
        "He wrote:\n1\n00:00:01,000 --> 00:00:02,000\nhello\n",
        "1\n00:00:01,000 --> 00:00:02,000\nhello\n\nThat was a cue, and this is prose.\n",
        "[10:00] <ann> hello --> there\n[10:01] <bob> yes\n",
        "10:00:01 Ann: hello\n10:00:05 Bob: yes\n",
        "WEBVTT\n\nIt is a format with cues.\n",
        "WEBVTT is a format.\n",
        "1\n00:00:09,000 --> 00:00:10,000\nb\n\n2\n00:00:01,000 --> 00:00:02,000\na\n",
        "A --> B\n\nB --> C\n",
    ],
)
def test_a_text_that_is_not_wholly_cues_stays_text(text):
    assert subtitles.recognise(text, "a.srt") is None


def test_subtitles_that_say_nothing_are_empty():
    assert subtitles.extract("WEBVTT\n\n00:01.000 --> 00:02.000\n\n", b"").reason is Reason.EMPTY


def test_a_hundred_thousand_lines_of_one_cue_are_read_once():
    subtitle = "1\n00:00:01,000 --> 00:00:02,000\n" + "a\n" * 100_000
    assert text_of(subtitle).count("a") == 100_000
