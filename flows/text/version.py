"""The version of the rules that make a row. It stands alone so that naming it costs no import of the rules."""

from __future__ import annotations

from typing import Final

# A change of this may change rows: raise it whenever the same bytes could give another row.
NORMALISER_VERSION: Final = "2"
