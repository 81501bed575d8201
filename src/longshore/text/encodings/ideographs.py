"""How likely a character of Chinese, Japanese or Korean text is, by how common it is in each.

A wrong reading of bytes gives rare characters: GBK's second half, JIS level 2, syllables that no Korean writes. So
three classes and a short list of the commonest are enough. The classes are the national standards' own, which
were cut by frequency: GB 2312 level 1, Big5 level 1, JIS X 0208 level 1, KS X 1001.

Promised: a chance for every character of the Basic Multilingual Plane in each of the four.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from longshore.text.languages.punctuation import signs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import numpy.typing as npt

LANGUAGES: Final = ("zh-Hans", "zh-Hant", "ja", "ko")
# The fifth row of the table: Japanese in half-width katakana alone (tickers, telegrams, old terminals), which is rare.
LOG_PRIORS: Final = np.array([0.0, 0.0, 0.0, 0.0, -2.0])

# The commonest first, as general frequency lists have them; each list carries about half of running text.
_SIMPLIFIED: Final = (
    "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所然家种事成方多经么去"
    "法学如都同现当没动面起看定天分还进好小部其些主样理心她本前开但因只从想实日军者意无力它与长把机十民第公此已工使情明性知全三又关点正业"
    "外将两高间由问很最重并物手应战向头文体政美相见被利什二等产或新己制身果加西斯月话合回特代内信表化老给世位次度门任常先海通教儿原东声提"
    "立及比员解水名真论处走义各入几口认条平系气题活尔更别打女变四神总何电数安少报才结反受目太量再感建务做接必场件计管期市直德资命山金指克"
    "许统区保至队形社便空决治展马科司五基眼书非则听白却界达光放强即像难且权思王象完设式色路记南品住告类求据程北边死张该交规万取拉格望觉术"
    "领共确传师观清今切院让识候带导争运"
)
_TRADITIONAL: Final = (
    "的一是不了在人有我他這個們中來上大為和國地到以說時要就出會可也你對生能而子那得於著下自之年過發後作裡用道行所然家種事成方多經麼去"
    "法學如都同現當沒動面起看定天分還進好小部其些主樣理心她本前開但因只從想實日軍者意無力它與長把機十民第公此已工使情明性知全三又關點正業"
    "外將兩高間由問很最重並物手應戰向頭文體政美相見被利什二等產或新己制身果加西斯月話合回特代內信表化老給世位次度門任常先海通教兒原東聲提"
    "立及比員解水名真論處走義各入幾口認條平系氣題活爾更別打女變四神總何電數安少報才結反受目太量再感建務做接必場件計管期市直德資命山金指克"
    "許統區保至隊形社便空決治展馬科司五基眼書非則聽白卻界達光放強即像難且權思王象完設式色路記南品住告類求據程北邊死張該交規萬取拉格望覺術"
    "領共確傳師觀清今切院讓識候帶導爭運灣臺台妳"
)
_KANJI: Final = (
    "日一国会人年大十二本中長出三同時政事自行社見月分議後前民生連五発間対上部東者党地合市業内相方四定今回新場金員九入選立開手米力学問高代"
    "明実円関決子動京全目表戦経通外最言氏現理調体化田当八六約主題下首意法不来作性的要用制治度務強気小七成期公野協取都和統以機平総加山思家話"
    "世受区領多県続進正安設保改数記院女初北午指権心界支第産結百派点教報済書府活原先共得解名交資予川向際査勝面委告軍文反元重近千考判認画海参"
    "売利組知案道信策集在件団別物側任引使求所次水半品昨論計死官増係感特情投示変打男基私各始島直両朝革価式確村提運終挙果西勢減台広容必応演電"
    "歳住争談能無再位置企真流格有疑口過局少放税検藤町常校料沢裁状工建語球営空職証土与急止送援供可役構木割聞身費付施切由説転食比難防補車優夫"
)
_HANGUL: Final = (
    "이다는의에을가지고하를은로한사기도어리자서나시아인대해들그정일으보수있여부라전게만원주과장오스제조상동적했공마니구성선유신위없우면소중요"
    "계것관비경진할회국연안무내세방문민까생업당되간실교미히심모물통명체행분산물였거와습때여러바용학식현말화개년금결달음발권된야양데치려반질지"
    "투드김남함법출강타재감집월처살영최차건복설의트불표북입호런호크르박편품작손길특호군호직력두트책레역속터던않파란론청운추배카테우카후평더람"
)
_JIS_WAVES: Final = "、。「」『』・ー〜～（）！？：，；《》〈〉【】　〔〕…"

# (who, class) -> the whole chance of the class. What is left over is for anything else.
_LATIN_SHARE: Final = 0.15
_PLAIN_SIGN_SHARE: Final = 0.10


class _Mix(NamedTuple):
    """The parts of running text in a language; each part is spread evenly over its characters."""

    kana: float
    katakana: float
    common: float
    level_one: float
    level_two: float


_MIXES: Final[dict[str, _Mix]] = {
    "zh-Hans": _Mix(0.0005, 0.0005, 0.42, 0.28, 0.012),
    "zh-Hant": _Mix(0.0005, 0.0005, 0.42, 0.28, 0.012),
    "ja": _Mix(0.36, 0.10, 0.17, 0.12, 0.005),
    "ko": _Mix(0.0005, 0.0005, 0.45, 0.22, 0.004),
}
_WIDE_SIGN_SHARE: Final = 0.10
_HALF_KATAKANA: Final = 0.003
_HALF_WIDTH_SHARE: Final = 0.8
_HANJA: Final = 0.01
_RARE: Final = 1e-7


@cache
def chances() -> npt.NDArray[np.float32]:
    """Return ln(chance) of every character of the Basic Multilingual Plane: [language, code]; takes 25 ms, once."""
    table = np.full((len(LANGUAGES), 0x10000), _RARE)
    table[:] = np.exp(signs().share) * _PLAIN_SIGN_SHARE
    hanzi = np.zeros(0x10000, np.bool_)
    hanzi[0x3400:0xA000] = hanzi[0xAC00:0xD7A4] = hanzi[0xF900:0xFB00] = True
    table[:, hanzi] = _RARE / 10
    for row, language in enumerate(LANGUAGES):
        mix = _MIXES[language]
        for codes, share in _classes(language, mix):
            table[row, codes] = np.maximum(table[row, codes], share / len(codes))
        _spread(table[row], map(ord, _JIS_WAVES), _WIDE_SIGN_SHARE)
        _spread(table[row], [code for code in range(0x80) if chr(code).isalpha()], _LATIN_SHARE)
        _spread(table[row], range(0xFF66, 0xFFA0), _HALF_KATAKANA / 10 if language != "ja" else _HALF_KATAKANA)
        _spread(table[row], range(0xFF10, 0xFF5B), 0.01)
    table = np.vstack([table, _half_width_row(table[LANGUAGES.index("ja")])])
    logs: npt.NDArray[np.float32] = np.log(table).astype(np.float32)
    return logs


def _half_width_row(japanese: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the chances of a text in half-width katakana: little else but blanks, digits and its own signs."""
    row = japanese / 10
    row[range(0xFF61, 0xFFA0)] = _HALF_WIDTH_SHARE / (0xFFA0 - 0xFF61)
    return row


def _spread(row: npt.NDArray[np.float64], codes: Iterable[int], share: float) -> None:
    where = list(codes)
    row[where] = np.maximum(row[where], share / len(where))


def _classes(language: str, mix: _Mix) -> list[tuple[list[int], float]]:
    kana, katakana = list(range(0x3041, 0x3094)), list(range(0x30A1, 0x30F7))
    common, one, two = _LISTS[language]()
    classes = [
        (kana, mix.kana),
        (katakana, mix.katakana),
        (sorted({ord(character) for character in common}), mix.common),
        (one, mix.level_one),
        (two, mix.level_two),
    ]
    if language == "ko":
        classes.append((_rows("euc_kr", 0xCA, 0xFE), _HANJA))
    return classes


_LISTS: Final[dict[str, Callable[[], tuple[str, list[int], list[int]]]]] = {
    "zh-Hans": lambda: (_SIMPLIFIED, _rows("gb2312", 0xB0, 0xD8), _rows("gb2312", 0xD8, 0xF8)),
    "zh-Hant": lambda: (_TRADITIONAL, _rows("big5", 0xA4, 0xC7), _rows("big5", 0xC9, 0xFA)),
    "ja": lambda: (_KANJI, _rows("euc_jp", 0xB0, 0xD0), _rows("euc_jp", 0xD0, 0xF5)),
    "ko": lambda: (_HANGUL, _rows("euc_kr", 0xB0, 0xC9), list(range(0xAC00, 0xD7A4))),
}


def _rows(codec: str, first: int, end: int) -> list[int]:
    """Return the characters of some rows of a national standard, in the order of its double bytes."""
    trails = (*range(0x40, 0x7F), *range(0xA1, 0xFF)) if codec == "big5" else range(0xA1, 0xFF)
    pairs = b"".join([bytes((lead, trail)) for lead in range(first, end) for trail in trails])
    return [ord(character) for character in pairs.decode(codec, "ignore")]
