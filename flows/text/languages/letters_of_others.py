"""Letters of languages without a profile: a text full of them is in none that has one, however alike it reads.

Azerbaijani reads like Turkish but for its ə, Serbian like Macedonian but for ћ and ђ, Belarusian like Ukrainian but for
ў. Looked for in short texts where there is doubt only, so that a common text costs nothing.
Promised: a name or a quotation with such letters makes no text foreign; nor do letters that come of misreading, as
Turkish with ý, þ and ð has them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from flows.text.languages.script import text_of

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

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
_WORD: Final = re.compile(r"[^\W\d_]+")
# From so many on, and this share of the letters, they are no quotation.
_FEWEST: Final = 3
_SHARE: Final = 0.015


def has_letters_of_others(codes: npt.NDArray[np.integer], language: str) -> bool:
    """Tell whether more of a text's letters are those of languages without a profile than can be chance."""
    text = text_of(codes)
    if text.isascii():
        return False
    wanted = _OF_OTHERS | _NORDIC if language in _READ_LIKE_NORDIC else _OF_OTHERS
    # Names do not count.
    found = sum(char in wanted for word in _WORD.findall(text) if not word[0].isupper() for char in word)
    return found >= _FEWEST and found > _SHARE * sum(map(str.isalpha, text))
