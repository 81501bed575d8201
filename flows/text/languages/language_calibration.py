"""How sure the default engine may be of a language. Made by benchmarks/calibrate_language.py: edit that.

Measured on texts of known language: half of a collection, the half that is not reported on.
"""

from typing import Final

# The mean log-probability of a triple of letters in texts of the language itself, by its profile. No text was at hand
# for the languages that are missing.
LIKENESS: Final = {
    "af": -6.83,
    "ar": -7.4,
    "bg": -7.35,
    "bn": -7.57,
    "ca": -7.05,
    "cs": -7.73,
    "cy": -7.14,
    "da": -7.09,
    "de": -7.19,
    "el": -7.46,
    "en": -7.18,
    "es": -6.94,
    "et": -7.29,
    "fa": -7.49,
    "fi": -7.11,
    "fr": -7.01,
    "he": -7.41,
    "hi": -7.29,
    "hr": -7.38,
    "hu": -7.52,
    "id": -7.02,
    "it": -7.07,
    "kn": -7.96,
    "lt": -7.37,
    "lv": -7.62,
    "mk": -7.04,
    "mr": -7.33,
    "ne": -7.88,
    "nl": -6.98,
    "no": -7.26,
    "pa": -7.76,
    "pl": -7.61,
    "pt": -7.23,
    "ro": -7.08,
    "ru": -7.59,
    "sk": -7.66,
    "sl": -7.28,
    "so": -6.75,
    "sq": -6.89,
    "sv": -7.33,
    "sw": -6.95,
    "ta": -7.02,
    "te": -7.66,
    "th": -8.32,
    "tl": -6.4,
    "tr": -7.41,
    "uk": -7.72,
    "ur": -7.5,
    "vi": -6.82,
}

# Of a logistic regression that the first language is right, on `confidence.features`.
WEIGHTS: Final = (-3.679, 1.276, 0.975, -3.758, 2.0, -0.17)

# The same for the confidence that is told of a language that was named.
TOLD_WEIGHTS: Final = (-4.111, 1.369, 1.096, -3.464, 1.845, -0.17)

# Where a script decides: of short texts, and of those from some 40 letters on.
ONE_LANGUAGE_CONFIDENCE: Final = (0.97, 0.99)
KANA_OR_HANGUL_CONFIDENCE: Final = (0.97, 0.99)
HAN_CONFIDENCE: Final = (0.9, 0.99)

# How much of what the first language leaves goes to the second and the third.
RUNNER_UP_SHARE: Final = (0.5, 0.15)
