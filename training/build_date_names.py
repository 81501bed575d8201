"""Write names of months and days of the week in many languages, from the locale data of dateparser.

    python training/build_date_names.py src/longshore/text/data/date_names.json

dateparser (BSD-3-Clause) took most of it from the Unicode CLDR (Unicode License v3). Names are folded as
`longshore.text.dates.lexicon.fold_words` folds the words of a text. A value holds twelve months, seven days (Monday
first), before noon and after noon; `|` between two of these, `,` between two names of one.

The table is committed, not read at run time: a row must not change with the version of a library, and dateparser
takes a quarter of a second to import.
"""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "src"))

from longshore.text.dates.lexicon import fold_words

LOCALES = """
af am ar ast az az-Cyrl be bg bn br bs bs-Cyrl ca ce ckb cs cy da de el en eo es et eu fa fi fil fo fr fur fy ga gd gl
gu ha he hi hr hu hy id ig is it ka kk km kn ky lb lo lt lv mg mk ml mr ms mt my nb ne nl nn or os pa pl ps pt rm ro
ru rw se si sk sl so sq sr sr-Latn sv sw ta te th ti to tr ug uk ur uz uz-Cyrl vi yi zu mn ja ko zh zh-Hant
"""
MONTHS = "january february march april may june july august september october november december"
WEEKDAYS = "monday tuesday wednesday thursday friday saturday sunday"
# Of these, names of three Latin letters or fewer are left out: they are other words, or other months, elsewhere.
SHORT_LEFT_OUT = "ast br ce eo fo fur fy ga gd ha ig kl lb mg mt rm rw se ti to uz yi zu"
# Mistakes of the source, and what is short for two months in French.
LEFT_OUT = {"saturday": {"دو شنبه", "روز شنبه"}, "june": {"jui"}}


def names(info: dict[str, Any], key: str, *, short: bool) -> list[str]:
    """Return the names of one month or day, folded, each once; single letters are no evidence."""
    parts = [info, *info.get("locale_specific", {}).values()]
    found: dict[str, None] = {}
    for part in parts:
        for name in part.get(key, []):
            folded = fold_words(name)
            least = 1 if short or not folded.isascii() else 3
            if len(folded) > least and not any(c.isdigit() for c in name) and folded not in LEFT_OUT.get(key, ()):
                found[folded] = None
    return list(found)


def main() -> int:
    """Write the file."""
    found = {}
    for locale in LOCALES.split():
        info = importlib.import_module(f"dateparser.data.date_translation_data.{locale}").info
        short = locale not in SHORT_LEFT_OUT
        found[locale] = "|".join(
            ",".join(names(info, key, short=short)) for key in f"{MONTHS} {WEEKDAYS} am pm".split()
        )
    Path(sys.argv[1]).write_text(json.dumps(found, ensure_ascii=False, indent=0) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
