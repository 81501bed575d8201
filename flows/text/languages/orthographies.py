"""The letters beyond ASCII of languages that langdetect has no profile for, and how much of a text they are.

Enough to tell that `ð` beside `þ` is Icelandic and that `қ` beside `ә` is Kazakh. Lower case, the commonest first:
each is taken to be as common as its rank says (Zipf). The share of all letters that they make up is rounded.
Sources: each language's orthography, as in CLDR's main exemplar characters. Only languages that were written in
8-bit charsets are listed.
"""

from __future__ import annotations

from typing import Final, NamedTuple


class Orthography(NamedTuple):
    """The letters beyond ASCII of a language, the commonest first, and their share of all its letters."""

    share: float
    letters: str


LATIN: Final[dict[str, Orthography]] = {
    "az": Orthography(0.12, "ıüşöçğ"),
    "br": Orthography(0.03, "ñùêûü"),
    "eo": Orthography(0.04, "ŭĉĝŝĵĥ"),
    "eu": Orthography(0.01, "ñüç"),
    "fo": Orthography(0.13, "ðáøíóúæý"),
    "ga": Orthography(0.09, "áéíóú"),
    "ga-dotted": Orthography(0.15, "áéíóúḃċḋḟġṁṗṡṫ"),
    "gd": Orthography(0.05, "àòìùèé"),
    "gl": Orthography(0.04, "óéíáñúü"),
    "gn": Orthography(0.12, "áéãíóẽúỹõñĩũý"),
    "hsb": Orthography(0.07, "ěžćčłšóńř"),
    "is": Orthography(0.16, "ðáíóéþöúæý"),
    "kl": Orthography(0.01, "åâáêéîíôóûúæø"),
    "ku": Orthography(0.10, "êîşûç"),
    "la": Orthography(0.03, "æœāēīōūë"),
    "lb": Orthography(0.04, "éëäöü"),
    "mi": Orthography(0.05, "āōēūī"),
    "mt": Orthography(0.07, "ħżġċàùòèì"),
    "oc": Orthography(0.05, "èóàéòçíáúïü"),
    "rm": Orthography(0.02, "èàüöéòìù"),
    "se": Orthography(0.09, "áđšžčŋŧ"),
    "tk": Orthography(0.15, "ýäňşüöçž"),
    "wa": Orthography(0.06, "éåèêîôçâû"),
    "american": Orthography(0.03, "áéíóúñü"),  # most languages of Latin America in print
    "african": Orthography(0.03, "éèêôëîïàâûùœ"),  # many in the lands that French was the school's language of
    "diaeresis": Orthography(0.05, "äëïöü"),  # Kaqchikel and its neighbours
    "marked": Orthography(0.10, "áéíóúàèìòùâêîôûãẽĩõũñ"),  # tones and nasals in two or three forms
}

CYRILLIC: Final[dict[str, Orthography]] = {
    "ba": Orthography(1.0, "аелнырәтиҡдмшғуһбйоҙсәөкүпҫҗңхгяэзвюжчцщфъьё"),
    "be": Orthography(1.0, "аніртскелыоўдпяумзвьгйбжшчэцхюёф"),
    "kk": Orthography(1.0, "аыентірлдмсқбоұкпуғжшйзөүңгиәяхвчэюфцһщъьё"),
    "ky": Orthography(1.0, "аыентирлдкуогмсбжушйзөүңпчяхвэюфцщъьё"),
    "mn": Orthography(1.0, "аэнгийролуүсдхтөбмвыжчцшеяёзюкпфщъь"),
    "sr": Orthography(1.0, "аиоенрсјтукдвлмпзгбчшжњцљхћђфџ"),
    "tg": Orthography(1.0, "аинорешдтмлквубсзҳҷпхяӣғгфқӯйчюэжёъ"),
    "tt": Orthography(1.0, "анелрыәитдмкбсгушйүозпөчңяхвҗһюжэцфщъьё"),
    "ru-old": Orthography(1.0, "оеаинтсрвлкмдпуяызбъгчйхжшюцщэфѣіьѳѵ"),
}
