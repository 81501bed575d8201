"""What stands beside a date on its line and says nothing of it: reading times, ages, counts, issues, clocks in words.

Promised: an aside is blanked out, so that every other character keeps its place. What is left is judged as if it had
not been there: a sentence stays one.
"""

from __future__ import annotations

import re
from typing import Final

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
    | (?<![\w.,])\d[\d.,]{{0,9}}[km]?\+?[ ](?:{_COUNTED})(?![^\W\d_])
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
    """Give a line with blanks in the place of its asides.

    >>> without_asides("March 17, 2024 · 5 min read")
    'March 17, 2024 ·           '
    """
    return _ASIDE.sub(_blank, line)


def _blank(match: re.Match[str]) -> str:
    """Keep what an aside has in common with its surroundings: the sign before it, the name of what was released."""
    text = match[0]
    kept = re.match(rf"\s*[|,;·•–—]|(?:{_PRESS})", text, re.IGNORECASE)
    start = kept.end() if kept else 0
    return text[:start] + " " * (len(text) - start)
