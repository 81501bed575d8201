"""How sure a language is, from what was seen of a text, by the numbers in `language_calibration.py`.

Two chances: that by which a language is named or not, and the one that is told of what was named, fitted on more kinds
of texts. (Texts in languages that no profile knows are mostly `und` by then, and what is left is surer.)
"""

from __future__ import annotations

import math
import operator


def features(lead: float, unlike: float, triples: int) -> tuple[float, ...]:
    """Give what the chance is fitted on."""
    log_lead, length, likeness = math.log1p(lead), math.log1p(triples), -min(max(unlike, -0.3), 2.5)
    return 1.0, log_lead, length, likeness, likeness * length, log_lead * length


def chance_of(weights: tuple[float, ...], seen: tuple[float, ...]) -> float:
    """Give the chance that the first language is right, by the weights of what was seen."""
    return 1 / (1 + math.exp(-sum(map(operator.mul, weights, seen))))
