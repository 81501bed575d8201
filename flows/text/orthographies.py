"""The letters beyond ASCII of languages that langdetect has no profile for.

Enough to tell that `ð` beside `þ` is Icelandic and that `қ` beside `ә` is Kazakh; no frequencies. Lower case.
Sources: each language's orthography, as in CLDR's main exemplar characters. Only languages that were written in
8-bit charsets are listed.
"""

from __future__ import annotations

from typing import Final

LATIN: Final[dict[str, str]] = {
    "az": "çəğıöşü",
    "br": "ñùêû",
    "bs": "čćđšž",
    "eo": "ĉĝĥĵŝŭ",
    "eu": "ñçü",
    "fo": "áðíóúýæø",
    "ga": "áéíóú",
    "gd": "àèìòù",
    "gl": "áéíñóúü",
    "gn": "ãẽĩñõũỹáéíóúý",
    "gv": "çï",
    "ga-dotted": "áéíóúḃċḋḟġṁṗṡṫ",
    "haw": "āēīōū",
    "hsb": "ćčěłńóřšž",
    "is": "áðéíóúýþæö",
    "kl": "âáêéîíôóûúåæø",
    "ku": "çêîşû",
    "lb": "äëéöü",
    "la": "āēīōūæœ",
    "mi": "āēīōū",
    "mt": "àċèġħìòùż",
    "oc": "áàçéèíïóòúü",
    "rm": "àèéìòùöü",
    "se": "áčđŋšŧž",
    "tk": "äçňöşüýž",
    "wa": "åâçéèêîôû",
    "yo": "áàéèíìóòúù",
    "american": "áéíóúñü",  # most languages of Latin America in print
    "african": "àâçèéêëîïôûùœ",  # many in the lands that French was the school's language of
}

CYRILLIC: Final[dict[str, str]] = {
    "ba": "абвгдежзийклмнопрстуфхцчшщъыьэюяёғҙҡңөҫүһә",
    "be": "абвгдежзйклмнопрстуфхцчшыьэюяёіў",
    "kk": "абвгдежзийклмнопрстуфхцчшщъыьэюяёәғқңөұүһі",
    "ky": "абвгдежзийклмнопрстуфхцчшщъыьэюяёңөү",
    "mn": "абвгдежзийклмнопрстуфхцчшщъыьэюяёөү",
    "sr": "абвгдежзиклмнопрстуфхцчшђјљњћџ",
    "tg": "абвгдежзийклмнопрстуфхчшъэюяёғӣқӯҳҷ",
    "tt": "абвгдежзийклмнопрстуфхцчшщъыьэюяёәөүҗңһ",
    "ru-old": "абвгдежзийклмнопрстуфхцчшщъыьэюяѣіѳѵ",
}
