"""Rules by path: the feed that a file belongs to, and how its documents are read.

A feed is a named group of landed files (`[[feeds]]` in longshore.toml); the first that matches a path wins. The
settings at the top of the file are the rules of all others, and of whatever a feed leaves open.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Final

from longshore.storage.listing import ARCHIVE, DELETING, REJECTED, first_match
from longshore.text.policy import TextPolicy

if TYPE_CHECKING:
    from longshore.documents.web_page import Engine
    from longshore.settings import Feed, Settings, Treatment
    from longshore.storage.archives.stream import ArchiveLimits

_FINALIZED: Final = re.compile(rf"\A(?:{ARCHIVE}/[^/]+/|{REJECTED}/|{DELETING}/)")
_PLACEHOLDER: Final = re.compile(r"\\\{([a-z_]\w*)\\\}")


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules for one file. kinds: by media type, where the default does not apply. why: how they were chosen."""

    policy: TextPolicy = field(default_factory=TextPolicy)
    feed: str | None = None
    encoding: str | None = None
    kinds: tuple[tuple[str, Treatment], ...] = ()
    text_field: str | None = None
    html_engine: Engine = "resiliparse"
    sidecar: str = ""
    metadata: tuple[tuple[str, str], ...] = ()
    why: str = ""

    def treatment(self, media_type: str) -> Treatment:
        """Return what becomes of documents of a kind: what the settings say, else their text is extracted."""
        return next((treatment for kind, treatment in self.kinds if kind == media_type), "extract")


@dataclass(frozen=True)
class RuleBook:
    """The rules of a project for every path: plain values, cheap to send to workers.

    limits: of archives and containers.
    """

    limits: ArchiveLimits
    default: Rules = field(default_factory=Rules)
    declared_encodings: tuple[tuple[str, str], ...] = ()
    feeds: tuple[tuple[tuple[str, ...], str, Rules], ...] = ()

    @cached_property
    def _encodings(self) -> dict[str, str]:
        return dict(self.declared_encodings)

    def of(self, path: str) -> Rules:
        """Return the rules for a `source_path`, or for where its file is after it was finalized.

        Those of a member are those of the file that it is in.
        """
        if not self.feeds and not self.declared_encodings:
            return self.default
        path = _FINALIZED.sub("", path.partition("!/")[0], count=1)
        rules = self.default
        for patterns, fields, of_feed in self.feeds:
            pattern = next((one for one in patterns if first_match({one: one}, path)), None)
            if pattern is not None:
                why = f"the feed {of_feed.feed!r} is the first that matches (`{pattern}`)"
                rules = replace(of_feed, metadata=_path_fields(fields, path), why=why)
                break
        if rules.encoding is None and self.declared_encodings:
            rules = replace(rules, encoding=first_match(self._encodings, path))
        return rules


def rule_book(settings: Settings) -> RuleBook:
    """Return the rules that the settings make."""
    policy = settings.text_policy
    default = Rules(
        policy, kinds=tuple(settings.kinds.items()), text_field=settings.text_field, html_engine=settings.html_engine
    )
    feeds = tuple((feed.match, feed.path_fields, _of_feed(feed, default)) for feed in settings.feeds)
    return RuleBook(settings.limits_of_archives, default, tuple(settings.declared_encodings.items()), feeds)


def _of_feed(feed: Feed, default: Rules) -> Rules:
    policy = replace(default.policy, date_order=feed.date_order or default.policy.date_order, languages=feed.languages)
    own = tuple(feed.kinds.items())
    return replace(
        default,
        policy=policy,
        feed=feed.name,
        encoding=feed.encoding,
        kinds=own + default.kinds,
        text_field=feed.text_field or default.text_field,
        sidecar=feed.sidecar,
    )


def _path_fields(pattern: str, path: str) -> tuple[tuple[str, str], ...]:
    """Return the named parts of a path.

    >>> _path_fields("{outlet}/{year}/", "times/1998/a.txt")
    (('outlet', 'times'), ('year', '1998'))
    """
    if not pattern:
        return ()
    expression = _PLACEHOLDER.sub(r"(?P<\1>[^/]+)", re.escape(pattern)).replace(r"\*\*", ".*").replace(r"\*", "[^/]*")
    found = re.match(f"(?:.*?/)?{expression}" if pattern.startswith("**") else expression, path)
    return tuple(found.groupdict().items()) if found else ()
