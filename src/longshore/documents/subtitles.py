"""Subtitles and captions: SubRip (`.srt`) and WebVTT. Cues become paragraphs; numbers, times and tags go.

Promised: each block is proved to be a cue, and the times go forward. A text that quotes a few cues stays text. A
caption that rolls up and repeats lines (YouTube) gives each line once.
Not promised: who speaks where the file does not say so with a voice tag or a dash.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from longshore.documents.kinds import Extracted, Kind
from longshore.records import Reason, Rejection

SUBRIP: Final = "application/x-subrip"
WEB_VTT: Final = "text/vtt"

_TIME: Final = r"(?:(\d{1,3}):)?(\d{1,2}):(\d{2})[,.](\d{1,3})"
_TIMING: Final = re.compile(rf"[ \t]*{_TIME}[ \t]*--+>[ \t]*{_TIME}(?:[ \t]+[^\n]*)?[ \t]*\Z")
_VTT_HEAD: Final = re.compile(r"WEBVTT(?:[ \t][^\n]*)?(?:\n|\Z)")
_GLANCE: Final = 2_048
_NUMBER: Final = re.compile(r"\s*\d{1,6}\s*\Z")
_OTHER_BLOCKS: Final = ("NOTE", "STYLE", "REGION")
_TAG: Final = re.compile(
    r"</?(?:[biucvs]|font|ruby|rt|lang|span|em|strong)(?:[.\s][^<>\n]{0,200})?>"
    r"|<\d{1,3}:\d{2}(?::\d{2})?\.\d{3}>|\{\\[^{}\n]{1,80}\}",
    re.IGNORECASE,
)
_WORD_TIME: Final = re.compile(r"<\d{1,3}:\d{2}(?::\d{2})?\.\d{3}>")
_VOICE: Final = re.compile(r"<v(?:\.[\w.]*)?[ \t]+([^<>\n]{1,80})>")
# Ends of sentences, before closing quotes.
_SENTENCE_END: Final = re.compile(r"[.!?…。！？؟।♪][\"'”’»)\]]*\Z")
_SPEAKER: Final = re.compile(r"(?:[-–—‐]\s?\S|>>)")
# A pause of this length ends a paragraph after a whole sentence; the longer one ends any.
_PAUSE_MS: Final = 1_500
_LONG_PAUSE_MS: Final = 5_000
# Speech without a sentence end (automatic captions) is cut into paragraphs of this many characters, at the next pause.
_LONG_PARAGRAPH: Final = 800
# A blank line within a cue of SubRip is one only if the next cue follows this soon.
_LINES_TO_NEXT_CUE: Final = 6
# A cue that says the same as the one before, without a pause, goes on with it.
_SAME_CUE_MS: Final = 50
# Cues that may go back in time, one in this many: programs that merge tracks write such.
_FEW_BACKWARD: Final = 10


class _Cue(NamedTuple):
    start: int
    end: int
    lines: tuple[str, ...]


def recognise(text: str, name: str) -> Kind | None:
    r"""Return the kind of a file of subtitles, or None.

    >>> recognise("1\n00:00:01,000 --> 00:00:02,000\nIt was quiet.\n", "a.txt").media_type
    'application/x-subrip'
    """
    del name
    glance = text[:_GLANCE]
    if "-->" not in glance and not glance.startswith("WEBVTT"):
        return None
    found = _cues(_lines(text))
    if found is None:
        return None
    media_type, cues = found
    return Kind(media_type, f"{len(cues)} cues, each with its times, and nothing else")


def extract(text: str, raw: bytes) -> Extracted | Rejection:
    r"""Extract what the cues say, in paragraphs. raw: not looked at; the text holds all.

    >>> extract("1\n00:00:01,000 --> 00:00:03,000\nIt was\n<i>quiet</i>.\n", b"").text
    'It was quiet.'
    """
    del raw
    found = _cues(_lines(text))
    if found is None:
        return Rejection(Reason.UNDECODABLE, "The subtitles cannot be read: not every block is a cue.")
    media_type, cues = found
    said = _paragraphs(_once(cues))
    if not said:
        return Rejection(Reason.EMPTY, "The subtitles say nothing.")
    title, metadata = _fields(text) if media_type == WEB_VTT else (None, {})
    speakers = dict.fromkeys(match[1].strip() for cue in cues for line in cue.lines for match in _VOICE.finditer(line))
    if speakers:
        metadata["speakers"] = ", ".join(speakers)
    return Extracted(said, ("subtitles:cues",), title, None, metadata)


def _lines(text: str) -> list[str]:
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _cues(lines: list[str]) -> tuple[str, list[_Cue]] | None:
    """Return the media type and the cues of a file; None where it is not wholly made of cues."""
    vtt = _VTT_HEAD.match(lines[0]) is not None
    cues: list[_Cue] = []
    at = 0
    if vtt:  # the head ends at the first blank line, or at the first cue
        while at < len(lines) and lines[at].strip() and not _TIMING.match(lines[at]):
            at += 1
    backward = 0
    while at < len(lines):
        if not lines[at].strip():
            at += 1
            continue
        if vtt and lines[at].startswith(_OTHER_BLOCKS) and "-->" not in lines[at]:
            while at < len(lines) and lines[at]:
                at += 1
            continue
        timing = _TIMING.match(lines[at])
        if timing is None and at + 1 < len(lines) and (vtt or _NUMBER.match(lines[at])):
            at += 1
            timing = _TIMING.match(lines[at])
        if timing is None:
            return None
        start, end = _milliseconds(timing.groups()[:4]), _milliseconds(timing.groups()[4:])
        stop = _end_of_cue(lines, at + 1, vtt=vtt)
        backward += end < start or bool(cues and start < cues[-1].start)
        cues.append(_Cue(start, end, tuple(line.strip() for line in lines[at + 1 : stop] if line.strip())))
        at = stop
    if backward * _FEW_BACKWARD > len(cues) or not cues:
        return None
    return (WEB_VTT if vtt else SUBRIP), cues


def _end_of_cue(lines: list[str], at: int, *, vtt: bool) -> int:
    """Return the line where a cue ends: at a blank one, in SubRip at one that a new cue follows, or before a time."""
    while at < len(lines):
        if _TIMING.match(lines[at]):
            return at - 1 if not vtt and at and _NUMBER.match(lines[at - 1]) else at
        # WebVTT ends a cue at an empty line; YouTube writes lines of one space into its cues.
        if not (lines[at] if vtt else lines[at].strip()):
            following = at
            while following < len(lines) and not lines[following].strip():
                following += 1
            near = range(following, min(len(lines), following + _LINES_TO_NEXT_CUE))
            if vtt or _starts_cue(lines, following) or not any(_starts_cue(lines, line) for line in near):
                return at
        at += 1
    return at


def _starts_cue(lines: list[str], at: int) -> bool:
    if at >= len(lines):
        return True
    numbered = _NUMBER.match(lines[at]) is not None and at + 1 < len(lines)
    return _TIMING.match(lines[at]) is not None or (numbered and _TIMING.match(lines[at + 1]) is not None)


def _milliseconds(parts: tuple[str | None, ...]) -> int:
    hours, minutes, seconds, fraction = (part or "0" for part in parts)
    return ((int(hours) * 60 + int(minutes)) * 60 + int(seconds)) * 1_000 + int(fraction.ljust(3, "0"))


def _once(cues: list[_Cue]) -> Iterator[_Cue]:
    """Yield the cues with clean lines; a line that the cue before showed too, as captions roll up, is left out."""
    before: tuple[str, ...] = ()
    ended = 0
    # With the times of single words, captions are those of a program, which rolls them up.
    timed = any("<" in line and _WORD_TIME.search(line) for cue in cues for line in cue.lines)
    for cue in cues:
        lines = tuple(cleaned for line in cue.lines if (cleaned := _clean(line)))
        rolling = timed or cue.start - ended < _PAUSE_MS
        shared = 0
        if rolling and before:
            shared = max((n for n in range(1, min(len(before), len(lines)) + 1) if before[-n:] == lines[:n]), default=0)
        # Two speakers may say the same word one after the other: of two equal cues none is left out.
        same = lines == before and cue.start <= ended + _SAME_CUE_MS
        rolled = shared and (len(lines) > shared or len(before) > shared or same)
        fresh = lines[shared:] if rolled else lines
        if lines:
            before, ended = lines, cue.end
        if fresh:
            yield _Cue(cue.start, cue.end, fresh)


def _clean(line: str) -> str:
    line = _TAG.sub("", line)
    if "&" in line:
        line = html.unescape(line)
    return " ".join(line.replace("\u200e", "").replace("\u200f", "").split()).replace("\\N", " ")


def _paragraphs(cues: Iterator[_Cue]) -> str:
    """Join cues: a paragraph ends with a sentence before a pause, at a long pause, and before another speaker."""
    paragraphs: list[list[str]] = []
    length = ended = 0
    for cue in cues:
        for number, line in enumerate(cue.lines):
            last = paragraphs[-1][-1] if paragraphs else ""
            pause = cue.start - ended if number == 0 else 0
            complete = _SENTENCE_END.search(last) is not None
            apart = not paragraphs or (
                (complete and (pause >= _PAUSE_MS or length >= _LONG_PARAGRAPH))
                or pause >= _LONG_PAUSE_MS
                or (length >= 2 * _LONG_PARAGRAPH and pause > 0)
                or _SPEAKER.match(line) is not None
            )
            if apart:
                paragraphs.append([line])
                length = 0
            else:
                paragraphs[-1].append(line)
            length += len(line) + 1
        ended = max(ended, cue.end)
    return "\n\n".join(_joined(lines) for lines in paragraphs)


_WIDE: Final = re.compile("[\u3000-\u30ff\u3400-\u9fff\uff00-\uffef]")


def _joined(lines: list[str]) -> str:
    """Join lines with spaces, but not between characters of Chinese and Japanese."""
    text = lines[0]
    for line in lines[1:]:
        wide = (_WIDE.match(text[-1]) is not None, _WIDE.match(line[0]) is not None)
        glued = all(wide) or (any(wide) and (text[-1].isdigit() or line[0].isdigit()))
        text += line if glued else f" {line}"
    return text


def _fields(text: str) -> tuple[str | None, dict[str, str]]:
    """Return the title and the fields in the head of a WebVTT file (`Kind: captions`, `Language: en`)."""
    head = _lines(text[:_GLANCE])
    title = head[0][6:].strip(" \t-–") or None
    metadata: dict[str, str] = {}
    for line in head[1:]:
        name, sign, value = line.partition(":")
        if not line.strip() or "-->" in line or not sign:
            break
        metadata[name.strip().lower()] = value.strip()
    return title, metadata
