"""What belongs to a date beside it: the day of the week, the time, the zone.

Promised: a time joins the date that it stands next to, before or after, with nothing but glue between.
Not promised: times in words, spans of time.
"""

from __future__ import annotations

import re
from dataclasses import replace

from flows.text.dates.parts import Clock, Written, clock_of
from flows.text.dates.tokens import Token, shape
from flows.text.dates.zones import offset_from, offset_of

_TIME = r"""(?:(?P<lead>a)[_.]{0,2})?
    (?: (?P<colon>d:d)(?:(?P<second>:d)(?P<fraction>[.,][dtyn])?)?(?!:?[dtyn])
      | (?P<letter>dhd|d_h_d)(?:_?[xW]_d_?[xf])?
      | (?P<point>d\.d)(?P<point_second>\.d)?(?!\.?[dtyn])
      | (?P<four>y)(?=_z|_?h)
      | (?P<hour>d)(?=_?[ah])
    )(?:_?(?P<half>a)\.?)?(?:_?h\.?)?"""
_ZONE = r"""(?:[_,]{0,2}\(?
    (?: (?P<zone>z)(?:(?P<from_zone>[+\-]d(?::d)?|[+\-]y))?
      | (?P<offset>\+d:d|[+\-]y) )
    (?![a-zA-Z])\)?(?:_?\([zxy_fgj]{1,9}\))?)?"""

_WEEKDAY_BEFORE = re.compile(r"(?P<weekday>[WBV])[_.,~()|\-]{0,3}(?:[fj][_.]{0,2})?$")
_WEEKDAY_AFTER = re.compile(r"(?:_?[of])?(?!-[WB])[_.,(~\-]{0,3}(?P<weekday>[WB])\)?")
_TIME_BEFORE = re.compile(rf"(?<![dtyn:.]){_TIME}{_ZONE}[_.,~|/()fojVg'\-]{{0,5}}$", re.VERBOSE)
_TIME_AFTER = re.compile(rf"[_.,~|/()fojVamgzh'\-]{{0,9}}?{_TIME}{_ZONE}", re.VERBOSE)
_ZONE_AFTER = re.compile(_ZONE, re.VERBOSE)

# A date looks no further to its left than this many tokens.
_REACH = 24


def with_neighbours(tokens: list[Token]) -> list[Token]:
    """Let each date take in what belongs to it, from left to right."""
    at = 0
    while at < len(tokens):
        if tokens[at].kind == "D":
            tokens, at = _widened(tokens, at)
        at += 1
    return tokens


def _widened(tokens: list[Token], at: int) -> tuple[list[Token], int]:
    """Widen the date at one place as far as it goes: the new tokens, and its new place."""
    letters = shape(tokens)
    written = tokens[at].written
    assert written is not None
    first, last = at, at + 1
    for _ in range(2):
        if not written.weekdays and (match := _WEEKDAY_AFTER.match(letters, last)):
            written = _with_weekday(written, tokens[match.start("weekday")])
            last = match.end()
        if written.clock is None and (match := _TIME_AFTER.match(letters, last)):
            clock = _clock(match, tokens, 0)
            if clock:
                written, last = replace(written, clock=clock), match.end()
        if written.clock and written.clock.offset is None and (match := _ZONE_AFTER.match(letters, last)):
            offset = _offset(match, tokens, 0)
            if match.end() > last:
                written, last = replace(written, clock=replace(written.clock, offset=offset)), match.end()
        behind = max(0, first - _REACH)
        match = _WEEKDAY_BEFORE.search(letters[behind:first])
        if match and not written.weekdays and _is_weekday(written, tokens[behind + match.start("weekday")]):
            written = _with_weekday(written, tokens[behind + match.start("weekday")])
            first = behind + match.start()
            behind = max(0, first - _REACH)
        if written.clock is None and (match := _TIME_BEFORE.search(letters[behind:first])):
            clock = _clock(match, tokens, behind)
            if clock:
                written, first = replace(written, clock=clock), behind + match.start()
    written = replace(written, start=tokens[first].start, end=tokens[last - 1].end)
    whole = Token("D", written.start, written.end, "", written=written)
    return [*tokens[:first], whole, *tokens[last:]], first


def _is_weekday(written: Written, token: Token) -> bool:
    """Tell whether a word is a day of the week: one that is also glue (on, in Norwegian) where it fits the date."""
    assert token.meaning is not None
    if token.kind != "V":
        return True
    return any(candidate.day and candidate.day.weekday() in token.meaning.weekdays for candidate in written.candidates)


def _with_weekday(written: Written, token: Token) -> Written:
    assert token.meaning is not None
    weekdays = token.meaning.weekdays
    languages = frozenset().union(*weekdays.values())
    # Abbreviations of two letters are shared by too many languages to tell one.
    evidence = [*written.evidence, languages] if len(token.text) > 2 else written.evidence
    return replace(written, weekdays=frozenset(weekdays), evidence=evidence)


def _clock(match: re.Match[str], tokens: list[Token], base: int) -> Clock | None:
    """Read the time that a pattern found, or None where no clock shows it."""

    def text(group: str, place: int = 0) -> str:
        return tokens[base + match.start(group) + place].text

    def last(group: str) -> str:
        return tokens[base + match.end(group) - 1].text

    second = fraction = None
    if match["colon"] or match["letter"] or match["point"]:
        group = "colon" if match["colon"] else "letter" if match["letter"] else "point"
        hour, minute = text(group), last(group)
        if len(minute) != 2:
            return None
        seconds = "second" if match["second"] else "point_second"
        second = text(seconds, 1) if match[seconds] else None
        if second is not None and len(second) != 2:
            return None
        fraction = text("fraction", 1) if match["fraction"] else None
    elif match["four"]:
        hour, minute = text("four")[:2], text("four")[2:]
    else:
        hour, minute = text("hour"), "0"
    half = next((text(name) for name in ("lead", "half") if match[name]), None)
    if half is not None:
        name = "lead" if match["lead"] else "half"
        meaning = tokens[base + match.start(name)].meaning
        if int(hour) <= 12 and meaning is not None and meaning.afternoon is not None:
            hour = str(int(hour) % 12 + (12 if meaning.afternoon else 0))
    return clock_of(hour, minute, second, fraction, _offset(match, tokens, base))


def _offset(match: re.Match[str], tokens: list[Token], base: int) -> int | None:
    """Read the zone that a pattern found: minutes east of UTC, where that is written and unmistakable."""
    group = "from_zone" if match["from_zone"] else "offset" if match["offset"] else None
    if group is None:
        return offset_of(tokens[base + match.start("zone")].text) if match["zone"] else None
    sign, hours, *rest = (t.text for t in tokens[base + match.start(group) : base + match.end(group)])
    if len(hours) == 4:
        return offset_from(sign, hours[:2], hours[2:])
    return offset_from(sign, hours, rest[1] if rest else None)
