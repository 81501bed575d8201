"""Letters of languages without a profile: a text full of them is in none that has one, however alike it reads.

Azerbaijani reads like Turkish but for its ə, Serbian like Macedonian but for ћ and ђ, Belarusian like Ukrainian but for
ў. Looked for in short texts where there is doubt only, so that a common text costs nothing.
Promised: a name or a quotation with such letters makes no text foreign; nor do letters that come of misreading, as
Turkish with ý, þ and ð has them.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Final, NamedTuple

from longshore.text.languages.scripts import text_of

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


class Siblings(NamedTuple):
    """Words that only a language has, and words that only its siblings have."""

    own: frozenset[str]
    others: frozenset[str]


def _siblings(own: str, others: str) -> Siblings:
    return Siblings(frozenset(own.split()), frozenset(others.split()))


SIBLINGS: Final = {
    "hr": (
        _siblings(
            "što tko nitko netko tjedan tjedna tjedana tisuća tisuće tisuću točno uopće opći opće opća općih sustav"
            " sustava vlak vlaka zrak zraka siječnja veljače ožujka travnja svibnja lipnja srpnja kolovoza rujna"
            " listopada studenoga studenog prosinca europa europe europi europske europski povijest povijesti obitelj"
            " obitelji suradnja suradnje kemija tvornica tvrtka tvrtke glazba glazbe kazalište znanost znanosti"
            " znanstvenik znanstvenici zrakoplov sveučilište sveučilišta županija županije vlastiti vlastite uvjet"
            " uvjeti utjecaj utjecaja sudac suca odvjetnik liječnik liječnici nogomet računalo računala kruh kruha"
            " suglasnost siječanj veljača ožujak travanj svibanj lipanj srpanj kolovoz rujan listopad studeni prosinac",
            "šta ko niko neko sedmica sedmice sedmicu hiljada hiljade hiljadu tačno uopšte opšti opšte opšta opštih"
            " voz vozom voza vazduh vazduha januara februara aprila juna jula avgusta septembra oktobra novembra"
            " decembra evropa evrope evropi evropske evropski evropska historija historije istorija istorije takođe"
            " gde ovde negde uvek pre posle čovek čoveka vreme reč reči dete deca dece lepo cena predsednik"
            " predsednika saradnja saradnje preduzeće bezbednost bezbjednost neophodno naučnik naučnici hemija"
            " sopstveni sopstvene štampa univerzitet univerziteta opština opštine učesnik učestvuje savet saveta"
            " obezbedi obezbijedi uticaj uticaja sudija sudije advokat lekar lekari ljekar ljekari fudbal pozorište"
            " muzika muzike računar hleb hljeb saglasnost januar februar avgust septembar oktobar novembar decembar"
            " jul juli",
        ),
    ),
    "id": (
        _siblings(
            "karena bahwa bisa uang kantor mobil polisi provinsi kabupaten kecamatan yaitu kamu anda sedangkan"
            " berbeda beda universitas setelah sesudah berbagai coba kata ujar menurut kalau dia nggak dong juta"
            " rupiah kuliah",
            "kerana bahawa ialah manakala sekiranya sahaja mahu iaitu universiti pelbagai hendaklah adakah encik"
            " ringgit pengerusi jawatankuasa",
        ),
    ),
    "es": (
        _siblings(
            "una más también cuando ya gente mucho mucha según donde muy hasta hay fue tiene sin los las el y",
            "unha cunha dunha nunha ningunha algunha pola polos polas tamén máis cando xa xente moito moita moitos"
            " moitas ten non sen ata iso coa coas tódalas tódolos",
        ),
        _siblings(
            "es también después tiene este otro todos todas puede pueden para hacer ahora sin las nuevo era",
            "ye tamién dempués tien esti otru toos tolos toles pue puen pa facer agora ensin yera nun nengún dalgún"
            " dalguna dalgunos nueu nel",
        ),
        _siblings(
            "es también después tiene este esta estos otro mucho mucha los las el hacer para",
            "ye tamién dimpués tien iste ista istos istas atro atra muito muita as fer ta d'o d'a d'os d'as",
        ),
    ),
    "pt": (
        _siblings(
            "não uma numa com em um até também mais quando já gente muito muita muitos são pelo pela ainda fazer dois",
            "non unha cunha dunha nunha ningunha algunha ata tamén máis cando xa xente moito moita moitos moitas aínda"
            " facer dous dúas coa coas",
        ),
    ),
    "ca": (
        _siblings(
            "i els les són és més també però quan com fer seva seu aquest aquests on sense va té molt pot tots totes",
            "las sus aqueste aquestas aquò aquel vòstre vòstra vòstres nòstre nòstra pòt pòdon mai fòrça sens"
            " dempuèi totas èsser aver coma ont qu'es avètz sètz podètz volètz",
        ),
    ),
    "it": (
        _siblings(
            "con per anche una le gli questo questa questi queste nel nella dei delle più è sono ha non essere come",
            "cun par ancje une lis chest cheste chescj chestis intal inte tes des stât dute dutis ducj altris plui"
            " daûr jessi",
        ),
    ),
    "en": (
        _siblings(
            "of and with to from all have has their there what was were own every no any more",
            "o wi tae fae frae aw nae ony thair thare hae haes wis whit ilka abuin baith sic mair ane weel leid fowk"
            " yer",
        ),
    ),
    "ur": (
        _siblings(
            "کے کی کا کو میں سے اور نے ہیں تھا تھے تھی",
            "دے دی دا نوں وچ توں تے نیں سی ہن نال اے وی دیاں وچوں ہک کوں ءچ وچّ اتے تھیون ایں",
        ),
    ),
}

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_FEWEST: Final = 2
_MOST_LETTERS: Final = 2_000
# The model itself tells these from their siblings, but where it is in doubt.
_APART: Final = frozenset(("ca", "en", "es", "it", "pt"))
_SURE: Final = 0.95


def is_in_a_sibling(codes: npt.NDArray[np.integer], language: str, confidence: float) -> bool:
    """Return whether the words of a text that seems to be in a language are those of a sibling without a profile."""
    siblings = SIBLINGS.get(language, ())
    if not siblings or (language in _APART and confidence > _SURE):
        return False
    words = Counter(_WORD.findall(text_of(codes[:_MOST_LETTERS]).lower()))
    return any(
        (others := _count(words, each.others)) >= _FEWEST and others > _count(words, each.own) for each in siblings
    )


def _count(words: Counter[str], wanted: frozenset[str]) -> int:
    return sum(words[word] for word in wanted)


# Of the orthographies as in CLDR's exemplar characters; none is a letter of a language that has a profile.
_OF_OTHERS: Final = frozenset(
    # Azerbaijani, Hausa and West Africa, Maltese, Esperanto, Sami
    "əǝŋɓɗƙƴɛɔɲɖƒɣʋħġċĉĝŝĵĥŭŧ"
    # Belarusian, Serbian, Kazakh, Kyrgyz, Tatar, Bashkir, Tajik, Mongolian, Chuvash, Ossetian, Abkhaz
    "ўћђәғқңөұүһҳҷӣӯҡҙҫӑӗӳӕӷҕҧҭҵҽҿӌӏ"
    # Pashto, Kurdish, Uyghur, Sindhi, Saraiki
    "ټډړږښېۍەۆێڕڵڤۇۈۋڄڃڦڇڊڏڙڳڱڻٻݙݨ"
)
_NORDIC: Final = frozenset("ðþ")
_READ_LIKE_NORDIC: Final = frozenset(("da", "de", "en", "nl", "no", "sv"))
_LETTERS_WORD: Final = re.compile(r"[^\W\d_]+")
# From this many on, and this share of the letters, they are no quotation.
_FEWEST_LETTERS: Final = 3
_SHARE: Final = 0.015


def has_letters_of_others(codes: npt.NDArray[np.integer], language: str) -> bool:
    """Return whether more of a text's letters are those of languages without a profile than can be chance."""
    text = text_of(codes)
    if text.isascii():
        return False
    wanted = _OF_OTHERS | _NORDIC if language in _READ_LIKE_NORDIC else _OF_OTHERS
    # Names do not count.
    found = sum(char in wanted for word in _LETTERS_WORD.findall(text) if not word[0].isupper() for char in word)
    return found >= _FEWEST_LETTERS and found > _SHARE * sum(map(str.isalpha, text))
