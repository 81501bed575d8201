"""Parts of a date line that are not the date: reading times, ages, counts, issue numbers, clocks in words.

Promised: an aside is replaced by blanks, so every other character keeps its place. The rest of the line is judged as if
the aside had not been there: a sentence stays a sentence.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from longshore.text.dates.lexicon import fold, lexicon
from longshore.text.dates.tokens import Token, shape

if TYPE_CHECKING:
    from longshore.text.dates.resolve import Written

# Between two dates of one line that are not from and to: a bar, a bracket, a label, nothing.
_NO_RANGE = re.compile(r"_?[|/(].*|.*[klu].*|")
# From here to a number: 2024年3月17日～19日. (A dash may stand before a count or a time.)
_TO_A_NUMBER = re.compile(r"\s?[~～〜]\s?\d")
# Right behind a date: until (17-ig, 17.3.2024 asti).
_ENDS_OTHERWISE = re.compile(r"_?e")
_LABELLED_LATER = re.compile(r"l[_:.fj]*D")
# Tokens of glue, and the point that ends a line with it: 17 марта 2024 г.
_GLUE_AND_POINT = re.compile(r"_?[fgoh]_?\.")
_LONGEST_GLUE: Final = 6
# Languages that put a point after the year as after every ordinal.
_YEAR_WITH_A_POINT: Final = frozenset(("hr", "bs", "sr", "sr-Latn", "bs-Cyrl", "hu", "sl"))
_FIRST_WORD = re.compile(r"[\W_]{0,3}([^\W\d_]{2,12})(?=[\s\d.:])")


def is_span_or_question(tokens: list[Token], line: str) -> bool:
    """Return whether the first date of a line without labels is a first day, or a question."""
    letters = shape(tokens)
    first = tokens[letters.index("D")]
    if _TO_A_NUMBER.match(line, first.end) or line.rstrip().endswith(("?", "？", "؟")):
        return True
    between = letters.split("D")[1:-1]
    if not between or _NO_RANGE.fullmatch(between[0]):
        return False
    one, other, *_ = ({c.day for c in token.written.candidates if c.day} for token in tokens if token.written)
    return not one & other


def publication_label_start(letters: str, first: int) -> int:
    """Return where the label of publication begins, where the first date is of something else; 0 where it is not.

    Received 17 March 2024; accepted 2 April 2024; published 9 April 2024
    """
    label = _LABELLED_LATER.search(letters, first) if "e" in letters[:first] else None
    return label.start() if label else 0


def is_of_something_else(tokens: list[Token], first: int, line: str) -> bool:
    """Return whether the word behind the first date, or the first word of the line, makes it a date of something else.

    The first word counts where it means that in the language of the month, whatever it means elsewhere: `Do 17 marca`
    (until) begins like a Thursday in German, and `Né le 17 mars` (born) like a Sunday in Czech.
    """
    after = tokens[first + 1 : first + 3]
    if _ENDS_OTHERWISE.match(shape(after)) or (shape(after).startswith("-") and _may_be_other(after[-1])):
        return True
    written, word = tokens[first].written, _FIRST_WORD.match(line)
    meaning = lexicon().meanings.get(fold(word[1])) if word else None
    others = meaning.roles.get("e") if meaning else None
    if meaning is None or written is None or not others:
        return False
    languages = _languages(written)
    elsewhere = (*meaning.weekdays.values(), *(found for role, found in meaning.roles.items() if role in "klub"))
    return not languages.isdisjoint(others) and all(languages.isdisjoint(found) for found in elsewhere)


def ends_with_its_point(written: Written, tokens: list[Token]) -> bool:
    """Return whether the point at a line's end is the date's: 17 марта 2024 г., 2024. március 17., 17.03.2024."""
    last = max(place for place, token in enumerate(tokens) if token.kind == "D")
    rest = [token for token in tokens[last + 1 :] if token.kind != "_"]
    if _GLUE_AND_POINT.fullmatch(shape(rest)):
        return len(rest[0].text) <= _LONGEST_GLUE
    numbers = all(candidate.order for candidate in written.candidates)
    return shape(rest) in (".", "") and (numbers or not _YEAR_WITH_A_POINT.isdisjoint(_languages(written)))


def _may_be_other(token: Token) -> bool:
    return token.meaning is not None and "e" in token.meaning.roles


def _languages(written: Written) -> frozenset[str]:
    """Return the languages of a month's name; none for a date in numbers."""
    return frozenset[str]().union(*(candidate.languages for candidate in written.candidates if not candidate.order))


_MINUTES: Final = r"(?:min(?:ut(?:e[ns]?|os?|i|s|y|a)?)?|мин(?:ут[аы]?)?|хв|perc|dk|dakika|分钟|分鐘|分)(?![^\W\d_])\.?"
_READING_BEFORE: Final = (
    r"(?:reading|read)[ ]time|lese(?:zeit|dauer)|temps[ ]de[ ]lecture|tiempo[ ]de[ ]lectura|tempo[ ]di[ ]lettura"
    r"|tempo[ ]de[ ]leitura|temps[ ]de[ ]lectura|leestijd|lästid|lesetid|læsetid|lukuaika|czas[ ]czytania|doba[ ]čtení"
    r"|čas[ ]čítania|vrijeme[ ]čitanja|время[ ]чтения|час[ ]читання|okuma[ ]süresi|olvasási[ ]idő|timp[ ]de[ ]citire"
)
_READING_AFTER: Final = (
    r"(?:to[ ])?read(?:ing)?|lesezeit|de[ ]lect(?:ure|ura)|di[ ]lettura|de[ ]leitura|leestijd|läsning|lesetid|læsetid"
    r"|lukuaika|czytania|čtení|čítania|čitanja|branja|чтения|читання|okuma(?:[ ]süresi)?|olvasás"
)
# A span of time before or after the word that makes it an age: vor 3 Jahren, 3 years ago.
_AGE_BEFORE: Final = r"vor|il[ ]y[ ]a|hace|há|acum|före|před|pred|prije|πριν(?:[ ]από)?|منذ|לפני|prieš|pirms"
_AGE_AFTER: Final = (
    r"ago|fa|geleden|sedan|siden|sitten|temu|назад|тому|önce|(?:yang[ ])?lalu|trước|atrás|tagasi|पहले|আগে"
)
_SPAN: Final = r"(?:\d{1,3}|an?|one|einem|einer|un|une|uma?)\+?[ ]?[^\W\d_]\w{0,9}"
# Not those of Twitter: its page shows the day in the reader's zone, which need not be that of publication.
_COUNTED: Final = (
    r"comments?|views?|repl(?:y|ies)|shares?|reactions?|kommentare?|aufrufe|commentaires?|vues"
    r"|comentarios?|comentários?|comentaris?|commenti|visualizzazioni|reacties|kommentarer|kommenttia|komentarz[ey]?"
    r"|komentář[eůi]?|komentar[aiey]?|комментари[йяев]{1,2}|просмотр(?:ов|а)?|коментар[іиів]{0,2}|yorum|hozzászólás"
    r"|comentarii"
)
_ISSUE: Final = (
    r"(?:(?:vol|no|nr|iss|núm|num|jg|č)\.|n[°º]|№)\s?|(?:vol(?:ume)?|no|nr|issue|number|ausgabe|heft|jahrgang|číslo)\s"
)
_PAGE: Final = r"pp?\.|pg\.|pages?|s\.|seite|página|pág\.|pagina|pag\.|стр\.|str\."
_PRESS: Final = r"pressemitteilung|press[ ]release|news[ ]release|communiqué|comunicato|comunicado|persbericht"
# Whose clock it is, in words: an offset is not known by them.
_CLOCK: Final = (
    r"(?:local|eastern|central|pacific|moscow)[ ](?:standard[ ]|daylight[ ]|summer[ ])?time|ortszeit"
    r"|heure[ ](?:locale|d[eu'’][ ]?\w+)|hora[ ](?:local|peninsular|d[eo][ ]\w+)|ora[ ](?:locale|di[ ]\w+)|lokal[ ]tid"
    r"|plaatselijke[ ]tijd|czasu[ ]\w+ego|по[ ]\w+ому[ ]времени|за[ ]\w+им[ ]часом|yerel[ ]saatle|به[ ]وقت[ ]\w+"
    r"|(?:ب|ال)توقيت[ ]\w+(?:[ ]\w+)?"
)

_ASIDE = re.compile(
    rf"""(?<!\w)(?:{_READING_BEFORE})\s?[:：]?\s?(?:ca\.?[ ]|about[ ]|~|<)?\d{{1,3}}\s?{_MINUTES}
    | (?<![\w.,])\d{{1,3}}[ -]?{_MINUTES}[ -]?(?:{_READING_AFTER})\b
    | (?<!\w)(?:{_AGE_BEFORE})[ ]{_SPAN}(?![^\W\d_])
    | (?<!\w){_SPAN}(?<![ ]de)[ ]?(?:{_AGE_AFTER})(?![^\W\d_])
    | (?<![\d月年월])\d{{1,3}}\s?(?:分钟|分鐘|小时|小時|天|个月|個月|分|時間|日|시간|일|개월)\s?[前전]
    | (?<![\w.,])(?!(?:19|20)\d\d[ ])\d[\d.,]{{0,9}}[km]?\+?[ ](?:{_COUNTED})(?![^\W\d_])
    | (?<!\w)(?:no|leave[ ]a|keine|sin|aucun|geen|nessun|nenhum|sem|ingen|brak|нет)[ ](?:{_COUNTED})(?![^\W\d_])
    | (?<=[\w.)][ ])\(?(?:{_CLOCK})\)?(?=\s*$)
    | (?<=\d[ ])(?-i:[A-Z][a-z]+/[A-Z]\w+(?:/[A-Z]\w+)?)(?=\s*$)
    | (?:浏览|瀏覽|点击|點擊|阅读|閱讀|點閱|评论|評論|人氣|人气)[量数數次]{{0,2}}\s?[:：]?\s?\d+次?
    | (?:^\s*|[|,;·•–—]\s?|(?<=\d)[ ]|(?<!\w)(?:{_PRESS})\s)(?:{_ISSUE})(?:[ivxlc]{{1,8}}|\d{{1,6}}(?:/\d\d(?:\d\d)?)?)
      (?:\s?\(\d{{1,6}}\))?(?![\w./\-])
    | (?<!\w)(?:{_PRESS})\s\d{{1,4}}/\d\d(?:\d\d)?(?![\d/.])
    | 第\s?\d{{1,6}}\s?[版期号號卷面]
    | ,\s?(?:{_PAGE})\s?[a-z]{{0,2}}-?\d{{1,3}}(?:[\-–]\d{{1,3}})?\s*$
    | [农農][历曆][\u4e00-\u9fff]{{2,10}}
    | (?<![\w.+\-])<?[\w.+\-]{{1,64}}@[\w\-]{{1,64}}\.[\w.\-]{{2,64}}>?
    | (?<=\w[ ])\(?@\w{{2,30}}\)?
    | (?<=[a-z])\.(?:com|net|org|co)(?:\.[a-z]{{2}})?(?=\s|$)""",
    re.VERBOSE | re.IGNORECASE,
)  # fmt: skip


def without_asides(line: str) -> str:
    """Return the line with its asides replaced by blanks.

    >>> without_asides("March 17, 2024 · 5 min read")
    'March 17, 2024 ·           '
    """
    return _ASIDE.sub(_blank, line)


def _blank(match: re.Match[str]) -> str:
    """Return blanks for an aside, but keep the sign before it and the words `press release`."""
    text = match[0]
    kept = re.match(rf"\s*[|,;·•–—]|(?:{_PRESS})", text, re.IGNORECASE)
    start = kept.end() if kept else 0
    return text[:start] + " " * (len(text) - start)
