"""Sound text with a quote or sign beside an accented letter, in every language with a Latin alphabet, stays as it is.

The bytes of such a pair may be a character of UTF-8 in some encoding: `»Ü` in MacRoman, `Ã”` in windows-1252.
"""

import pytest

from longshore.text.repair import repair

# Accented letters by language; the words around them need not exist.
ALPHABETS = {
    "Albanian": "çë", "Azerbaijani": "çəğıöşü", "Basque": "ñç", "Breton": "âêîôûùüñ", "Catalan": "àçéèíïóòúü",
    "Corsican": "àèéìòù", "Croatian": "čćđšž", "Czech": "áčďéěíňóřšťúůýž", "Danish": "æøåé", "Dutch": "éëïóöü",
    "Esperanto": "ĉĝĥĵŝŭ", "Estonian": "äõöüšž", "Ewe": "ãéíóúẽĩõũ", "Faroese": "áðíóúýæø", "Finnish": "äöåšž",
    "French": "àâæçéèêëîïôœùûüÿ", "Frisian": "âêôûúé", "Galician": "áéíñóúü", "German": "äöüß", "Guarani": "ãẽĩñõũỹ",
    "Hausa": "ƴ", "Hawaiian": "āēīōū", "Hungarian": "áéíóöőúüű", "Icelandic": "áéíóúýðþæö", "Irish": "áéíóú",
    "Italian": "àèéìòù", "Kurdish": "çêîşû", "Latvian": "āčēģīķļņšūž", "Lithuanian": "ąčęėįšųūž",
    "Luxembourgish": "äéë", "Maltese": "ċġħżàèìòù", "Norwegian": "æøåéò", "Polish": "ąćęłńóśźż",
    "Portuguese": "áâãàçéêíóôõú", "Romanian": "ăâîșț", "Sami": "áčđŋšŧž", "Slovak": "áäčďéíĺľňóôŕšťúýž",
    "Slovene": "čšž", "Spanish": "áéíñóúü", "Swedish": "åäöé", "Turkish": "çğıöşüâîû", "Turkmen": "äçňöşüýž",
    "Vietnamese": "ăâđêôơưáàảãạắằẳẵặấầẩẫậéèẻẽẹếềểễệíìỉĩịóòỏõọốồổỗộớờởỡợúùủũụứừửữựýỳỷỹỵ", "Welsh": "âêîôûŵŷ",
    "Yoruba": "ẹọṣáàéèíìóòúù",
}  # fmt: skip
OPENING = "“”„«»‹›‘’‚'\"–—…"
CLOSING = "”»›’'\""
SUPERSCRIPTS = "™®©°ª²³¹"


def sound_lines(letter):
    """Yield sound lines with a letter beside every quote and sign that may stand there."""
    capital = letter.upper() if len(letter.upper()) == 1 else letter
    for sign in OPENING:
        for first in (letter, capital):
            yield f"He went on.\n{sign}{first}ber that we will talk, and we have\nno hurry at all.\n"
            yield f"And then ({sign}{first}) he said {sign}{first}n again.\n"
        yield f"TODAY\n{sign}{capital}BER THE NEWS OF ALL\n"
    for sign in CLOSING:
        yield f"AMANH{capital}{sign}\n"
        yield f"She said “IRM{capital}{sign}, and “CAMPE{capital}{sign} was what he wrote.\n"
    for sign in SUPERSCRIPTS:
        if capital not in "Âß":  # no word ends so, and `Â®` is the most frequent mojibake of all
            yield f"The NESCAF{capital}{sign} and the rest of it.\n"
    yield "".join(f"{capital * times} said she! " for times in (2, 3, 4, 7)) + "\n"


@pytest.mark.parametrize("language", ALPHABETS)
def test_a_quote_or_sign_beside_an_accented_letter_is_no_mojibake(language):
    lines = [line for letter in ALPHABETS[language] for line in sound_lines(letter)]
    changed = [(line, repair(line).text) for line in lines if repair(line).text != line]
    assert changed == []


@pytest.mark.parametrize(
    ("damaged", "right"),
    [
        ("Non voglio piÃ¹ andare alla casa.", "Non voglio più andare alla casa."),
        ("El hombre que llegÃ³ tarde a casa.", "El hombre que llegó tarde a casa."),
        ("LE CÃ”TÃ‰ DU PORT", "LE CÔTÉ DU PORT"),
        ("The BRIGHTLAMPÂ® works.", "The BRIGHTLAMP® works."),
    ],
)
def test_mojibake_of_the_same_signs_is_still_repaired(damaged, right):
    assert repair(damaged).text == right
