"""Addresses of object stores: `s3://bucket/prefix`, `gs://bucket/prefix`, `az://container/prefix`.

An address names a place and nothing else. Credentials, endpoints and regions come from the environment that the
store's own tools use, so that no setting, log or error can show them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

SCHEMES = ("s3", "gs", "az")
_URL = re.compile(r"(s3|gs|az)://([^/?#@\s]+)(?:/([^?#\s][^?#]*)?)?")
_USER = re.compile(r"(://)[^/@\s]*@")
_QUERY = re.compile(r"(\b[a-z][a-z0-9+]*://[^\s?\"']*)\?[^\s\"')]*")


@dataclass(frozen=True, slots=True)
class StoreUrl:
    """A place in an object store. `prefix`: of the keys below it, without slashes at its ends; may be empty."""

    scheme: str
    bucket: str
    prefix: str

    def __str__(self) -> str:
        return f"{self.scheme}://{self.bucket}/{self.prefix}".rstrip("/")

    def __truediv__(self, name: str) -> StoreUrl:
        return StoreUrl(self.scheme, self.bucket, f"{self.prefix}/{name}".strip("/"))

    def absolute(self) -> StoreUrl:
        """Return the address itself, as the method of a path does for a path that is absolute."""
        return self

    def is_below(self, other: StoreUrl) -> bool:
        """Return whether this place is another one, or below it."""
        same_bucket = (self.scheme, self.bucket) == (other.scheme, other.bucket)
        return same_bucket and f"{self.prefix}/".startswith(f"{other.prefix}/".lstrip("/"))


# Where a landing or a warehouse is.
Location = Path | StoreUrl


def is_store_url(text: str) -> bool:
    """Return whether a setting names an object store rather than a folder."""
    return text.partition("://")[0] in SCHEMES and "://" in text


def parse_store_url(text: str) -> StoreUrl:
    """Parse an address.

    >>> parse_store_url("s3://news/drop/")
    StoreUrl(scheme='s3', bucket='news', prefix='drop')

    Raises:
        ValueError: it is not one; the message does not repeat what may be a secret.
    """
    match = _URL.fullmatch(text)
    segments = (match[3] or "").strip("/").split("/") if match else []
    if match is None or any(segment in (".", "..") or (not segment and len(segments) > 1) for segment in segments):
        raise ValueError(
            "an address of an object store is scheme://bucket/prefix with s3, gs or az, without credentials, options "
            "or empty folder names; credentials come from the environment, as for the store's own tools"
        )
    return StoreUrl(match[1], match[2], "/".join(segments))


def without_secrets(text: str) -> str:
    """Remove user names, passwords and queries, which may hold signatures, from the addresses in a text.

    >>> without_secrets("PUT https://me:pw@host/box/a?sig=abc failed")
    'PUT https://host/box/a failed'
    """
    return _QUERY.sub(r"\1", _USER.sub(r"\1", text))
