"""Which language a text is in, and how sure that is; `und` where it cannot be told.

Promised: the same answer on every run and machine. ISO 639-1 codes; Chinese is `zh`, its form is in the script.
Not promised: languages that the engine does not know. With the default one they are to be `und`, and mostly are from a
few sentences on.
"""

from __future__ import annotations

from functools import cache

from flows.text.languages.language_engine import Engine, Language
from flows.text.languages.other_engines import AutoEngine, FastTextEngine, LinguaEngine
from flows.text.languages.profile_engine import ProfileEngine
from flows.text.policy import LanguageEngine, require_engine


def detect_language(text: str, engine: LanguageEngine = "langdetect") -> Language:
    """Tell the language of a body, or `und`.

    Raises:
        SettingsError: the engine is an extra that is not installed.
    """
    return _engine(engine).detect(text)


@cache
def _engine(name: LanguageEngine) -> Engine:
    require_engine(name)
    engines: dict[LanguageEngine, type[Engine]] = {
        "langdetect": ProfileEngine,
        "lingua": LinguaEngine,
        "fasttext": FastTextEngine,
        "auto": AutoEngine,
    }
    return engines[name]()
