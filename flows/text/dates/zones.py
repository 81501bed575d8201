"""Time zones by the short names that header lines use.

Promised: a name gives an offset only where the world agrees on it. `EST` is New York or Sydney, `CST` Chicago, Havana
or Shanghai, `IST` Delhi, Dublin or Jerusalem, `ET` summer or winter: these are known as zones and give no offset.
In the Date field of a mail RFC 5322 section 4.3 settles the American ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_HOURS: Final = {
    "Z": 0, "UT": 0, "UTC": 0, "GMT": 0, "WET": 0, "WEST": 1, "CET": 1, "CEST": 2, "MEZ": 1, "MESZ": 2, "EET": 2,
    "EEST": 3, "MSK": 3, "МСК": 3, "TRT": 3, "EAT": 3, "CAT": 2, "WAT": 1, "SAST": 2, "PKT": 5, "NPT": 5.75, "WIB": 7,
    "WITA": 8, "HKT": 8, "SGT": 8, "AWST": 8, "JST": 9, "KST": 9, "ACST": 9.5, "ACDT": 10.5, "AEST": 10, "AEDT": 11,
    "NZST": 12, "NZDT": 13, "EDT": -4, "MDT": -6, "PDT": -7, "AKST": -9, "AKDT": -8, "HST": -10, "BRT": -3, "ART": -3,
}  # fmt: skip
_AMBIGUOUS: Final = frozenset(
    ("EST", "CST", "MST", "PST", "IST", "BST", "AST", "ADT", "CDT", "ET", "CT", "MT", "PT", "NST", "NDT", "GST", "WST",
     "SST", "WIT", "ICT", "PHT", "AMT", "ECT")
)  # fmt: skip
_MAIL_HOURS: Final = {"EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7}

# What is written as a zone, whether it tells an offset or not.
ZONE_NAMES: Final = frozenset(_HOURS) | _AMBIGUOUS | {"мск", "Мск"}
# No clock on Earth is further from UTC than 14 hours.
_MOST_MINUTES: Final = 14 * 60


def offset_of(name: str, *, mail: bool = False) -> int | None:
    """Give the minutes east of UTC that a zone's name stands for, or None where that cannot be known.

    >>> offset_of("CEST"), offset_of("EST"), offset_of("EST", mail=True)
    (120, None, -300)
    """
    known: Mapping[str, float] = {**_HOURS, **_MAIL_HOURS} if mail else _HOURS
    hours = known.get(name.upper())
    return None if hours is None else round(hours * 60)


def offset_from(sign: str, hours: str, minutes: str | None) -> int | None:
    """Give the minutes east of UTC that `+05:30` stands for, or None where no clock shows that.

    >>> offset_from("-", "08", "00"), offset_from("+", "99", None)
    (-480, None)
    """
    size = int(hours) * 60 + int(minutes or 0)
    if size > _MOST_MINUTES or int(minutes or 0) > 59:
        return None
    return -size if sign in "-−–" else size
