"""Which files a user means: patterns as in .gitignore, on paths below the landing root."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import pathspec


def wanted_by(include: Sequence[str], exclude: Sequence[str]) -> Callable[[str], bool] | None:
    """Give the test that a path must pass, or None where every path passes. `exclude` wins over `include`."""
    if not include and not exclude:
        return None
    taken = _spec(tuple(include)) if include else None
    left = _spec(tuple(exclude))
    return lambda path: (taken is None or taken.match_file(path)) and not left.match_file(path)


def first_match(table: Mapping[str, str], path: str) -> str | None:
    """Give the value of the first pattern that matches the path, or None."""
    return next((value for pattern, value in table.items() if _spec((pattern,)).match_file(path)), None)


@lru_cache(maxsize=256)
def _spec(patterns: tuple[str, ...]) -> pathspec.PathSpec[Any]:
    import pathspec  # noqa: PLC0415 - only where a pattern is set

    return pathspec.PathSpec.from_lines("gitignore", patterns)
