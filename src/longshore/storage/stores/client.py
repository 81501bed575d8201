"""One place in an object store: read, create, copy and delete objects, with conditions, retries and plain errors.

Promised: an object is created only if its key is free, replaced and deleted only if it is still the one that was seen,
whatever is retried or answered late. An answer that means "not now" (409, 429, 5xx, a time-out, a cut connection) is
retried; what still fails is an `OSError` whose text holds no credential. Not promised: a listing that includes keys
which are no paths (`a//b`, `..`, control characters): it is an error that names the key.

The conditions are those of HTTP: `If-None-Match: *` and `If-Match`. A store may ignore them silently; `check_*` finds
out, and refuses it.
"""

from __future__ import annotations

import datetime as dt
import errno
import hashlib
import os
import random
import time
import uuid
from dataclasses import dataclass
from functools import cached_property, partial
from http.client import HTTPException
from typing import TYPE_CHECKING, Any, BinaryIO, Literal, TypeVar

from longshore.errors import SettingsError
from longshore.storage.stores.signed_requests import TIMEOUT_SECONDS, SignedRequests
from longshore.storage.stores.url import without_secrets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from obstore.store import AzureStore, GCSStore, S3Store

    from longshore.storage.stores.url import StoreUrl

_Out = TypeVar("_Out")

# Reads, copies and deletions that wait for the network at the same time.
CONCURRENCY = 64
# Keys in one page of a listing; no store answers with more.
_PAGE = 1000
# Of this module, around those of obstore: for answers that obstore takes for final, such as 409 and 429. Together they
# last some six seconds: a store that is down for longer defers what needs it to the next run.
_ATTEMPTS = 5
_FIRST_DELAY_SECONDS = 0.2
# How S3 is asked to copy only to a free key; the probe keeps the first that works.
_COPIES: dict[str, tuple[dict[str, str], ...]] = {
    "s3": ({"copy_if_not_exists": "header-with-status:if-none-match:*:412"}, {"copy_if_not_exists": "multipart"}),
    "az": ({},),
    "gs": ({},),
}
# The folder for what is tried out; no run takes anything from there.
PROBES = "_deleting/probes"
_SIGNED_SECONDS = 300
_NEVER = '"longshore-no-such-version"'
_ENDPOINTS = {
    "s3": ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT"),
    "az": ("AZURE_STORAGE_ENDPOINT", "AZURE_ENDPOINT"),
    "gs": ("GOOGLE_BASE_URL",),
}


class ChangedError(Exception):
    """The object is not, or no longer, the version that was asked for."""


class StoreError(OSError):
    """The object store failed, or could not be reached; the work is left for later."""


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object as it was listed. `key`: below the prefix of the store. `modified_ns`: since the epoch."""

    key: str
    size: int
    etag: str
    modified_ns: int


class ObjectStore:
    """The objects below one address. May be used by several threads."""

    def __init__(self, url: StoreUrl) -> None:
        """Keep the address; the first request connects."""
        self.url = url
        self._signed = SignedRequests()

    # Reading

    def head(self, key: str) -> StoredObject | None:
        """Return what is at a key, or None."""
        import obstore  # noqa: PLC0415 - an extra

        try:
            return _stored(self._retried("look at", key, lambda: obstore.head(self._client, key)))
        except FileNotFoundError:
            return None

    def get(self, key: str, etag: str = "") -> bytes:
        """Read an object.

        Raises:
            FileNotFoundError: there is none.
            ChangedError: it is not the version `etag`.
        """
        import obstore  # noqa: PLC0415 - an extra

        options: Any = {"if_match": etag} if etag else {}
        return self._retried("read", key, lambda: obstore.get(self._client, key, options=options).bytes().to_bytes())

    def download(self, key: str, into: BinaryIO, etag: str = "") -> None:
        """Write an object to an empty file, in bounded memory. Raises as `get`."""
        import obstore  # noqa: PLC0415 - an extra

        options: Any = {"if_match": etag} if etag else {}

        def once() -> None:
            into.seek(0)
            into.truncate()
            into.writelines(obstore.get(self._client, key, options=options))
            into.flush()

        self._retried("read", key, once)

    def tail(self, key: str, size: int, length: int) -> bytes:
        """Read the last bytes of an object of this size."""
        import obstore  # noqa: PLC0415 - an extra

        start = max(0, size - length)
        return self._retried(
            "read", key, lambda: obstore.get_range(self._client, key, start=start, end=size).to_bytes()
        )

    def objects(self, prefix: str = "", after: str = "") -> Iterator[StoredObject]:
        """Yield the objects below a folder in the order of their keys, a page at a time.

        A listing that breaks off goes on behind the last key that was yielded.

        after: a key; only those behind it are listed. Azure lists from the beginning all the same.
        """
        import obstore  # noqa: PLC0415 - an extra

        pages: Any = None

        def next_page() -> Sequence[Any]:
            nonlocal pages
            if pages is None:
                pages = obstore.list(self._client, prefix or None, offset=after or None, chunk_size=_PAGE)
            try:
                return next(pages, ())
            except BaseException:
                pages = None
                raise

        while page := self._retried("list", prefix, next_page):
            for found in map(_stored, page):
                after = found.key
                yield found

    def folders(self, prefix: str) -> list[str]:
        """Return the names of the folders in a folder."""
        import obstore  # noqa: PLC0415 - an extra

        found = self._retried("list", prefix, lambda: obstore.list_with_delimiter(self._client, prefix or None))
        return sorted(path.rstrip("/").rpartition("/")[2] for path in found["common_prefixes"])

    # Writing

    def create(self, key: str, data: bytes) -> bool:
        """Create an object; return False, with nothing changed, if another one is there.

        An object with the same bytes is this one: an attempt that seemed to fail may have succeeded.
        """
        if self._create(key, data):
            return True
        try:
            return hashlib.sha256(self.get(key)).digest() == hashlib.sha256(data).digest()
        except FileNotFoundError:
            return self._create(key, data)

    def _create(self, key: str, data: bytes) -> bool:
        import obstore  # noqa: PLC0415 - an extra
        from obstore.exceptions import AlreadyExistsError  # noqa: PLC0415 - an extra

        try:
            self._retried("create", key, lambda: obstore.put(self._client, key, data, mode="create"))
        except AlreadyExistsError:
            return False
        return True

    def replace(self, key: str, data: bytes, etag: str) -> None:
        """Replace an object if it is still this version.

        Raises:
            ChangedError: it is another one, or gone.
        """
        import obstore  # noqa: PLC0415 - an extra

        try:
            self._retried("replace", key, lambda: obstore.put(self._client, key, data, mode={"e_tag": etag}))
        except (ChangedError, FileNotFoundError):
            # An attempt that seemed to fail may have succeeded.
            found = self.head(key)
            if found is None or found.size != len(data) or self.get(key) != bytes(data):
                raise ChangedError(f"{self.url / key} is another object now") from None

    def put(self, key: str, data: bytes) -> None:
        """Write an object, over any other: only for keys that nobody else writes."""
        import obstore  # noqa: PLC0415 - an extra

        self._retried("write", key, lambda: obstore.put(self._client, key, data))

    def copy(self, source: str, target: str) -> bool:
        """Copy an object within the store; return False, with nothing changed, if there is one at the target.

        Raises:
            FileNotFoundError: there is nothing to copy.
        """
        import obstore  # noqa: PLC0415 - an extra
        from obstore.exceptions import AlreadyExistsError  # noqa: PLC0415 - an extra

        client = self._copying
        try:
            self._retried("copy", source, lambda: obstore.copy(client, source, target, overwrite=False))
        except AlreadyExistsError:
            return False
        return True

    def delete(self, keys: Sequence[str]) -> None:
        """Delete objects that nobody else writes; those that are gone already are no error."""
        import obstore  # noqa: PLC0415 - an extra

        for start in range(0, len(keys), _PAGE):
            some = list(keys[start : start + _PAGE])
            try:
                self._retried("delete", some[0], partial(obstore.delete, self._client, some))
            except FileNotFoundError:
                # Azure and GCS stop at one that is gone.
                for key in some:
                    if self.head(key) is not None:
                        self._retried("delete", key, partial(obstore.delete, self._client, key))

    def delete_version(self, key: str, etag: str) -> Literal["deleted", "gone", "changed"]:
        """Delete an object if it is still this version; return how it ended.

        `obstore` has no condition for deletions: the request is signed by it, and sent with `If-Match`.
        """
        import obstore  # noqa: PLC0415 - an extra

        tried = 0

        def once() -> int:
            nonlocal tried
            tried += 1
            signed = obstore.sign(self._client, "DELETE", key, dt.timedelta(seconds=_SIGNED_SECONDS))
            try:
                status = self._signed.send("DELETE", signed, {"If-Match": etag})
            except (OSError, HTTPException) as error:
                raise _AgainError(type(error).__name__) from None
            if status in _NOT_NOW:
                raise _AgainError(f"the answer was {status}")
            if status in (401, 403):
                raise PermissionError(errno.EACCES, f"deleting in {self.url} is not allowed")
            return status

        status = self._retried("delete", key, once)
        if status < 300:
            return "deleted"
        if status in (404, 412):
            found = self.head(key)
            if found is None:
                # The first attempt may have succeeded although its answer was lost.
                return "deleted" if tried > 1 else "gone"
            if found.etag != etag:
                return "changed"
        raise StoreError(errno.EIO, f"{self.url / key} could not be deleted: the answer was {status}")

    # Conditions

    def check_creates(self) -> None:
        """Refuse a store that creates an object over another, or replaces one that has changed.

        Raises:
            SettingsError: it does.
        """
        self._drop_probes()
        key = f"{PROBES}/{uuid.uuid4().hex}"
        try:
            if not self.create(key, b"first"):
                raise StoreError(errno.EIO, f"{self.url} answered that a new key exists")
            if self._create(key, b"second") or self.get(key) != b"first":
                raise self._ignored("create an object only if its key is free", "If-None-Match")
            try:
                self.replace(key, b"third", _NEVER)
            except ChangedError:
                return
            raise self._ignored("replace an object only if it has not changed", "If-Match")
        finally:
            self.delete([key])

    def _drop_probes(self) -> None:
        """Delete what runs that died while they tried out have left."""
        self.delete([found.key for found in self.objects(PROBES)])

    def check_moves(self) -> None:
        """Refuse a store that copies over another object, or deletes one that has changed.

        Raises:
            SettingsError: it does.
        """
        self._drop_probes()
        _ = self._copying
        key = f"{PROBES}/{uuid.uuid4().hex}"
        self.put(key, b"probe")
        try:
            if self._ignores_version(key):
                raise self._ignored(
                    "delete an object only if it has not changed", "If-Match", ' or set `after_ingest = "keep"`'
                )
        finally:
            self.delete([key])

    def _ignores_version(self, key: str) -> bool:
        try:
            return self.delete_version(key, _NEVER) != "changed"
        except StoreError:
            return True

    def _ignored(self, what: str, header: str, otherwise: str = "") -> SettingsError:
        return SettingsError(
            f"The object store of {self.url} cannot {what}: it ignores `{header}`. Without that, files could be lost "
            f"or published twice. Use a store that honours conditional requests{otherwise}."
        )

    # Connections

    @cached_property
    def _client(self) -> S3Store | AzureStore | GCSStore:
        return self._connect({})

    @cached_property
    def _copying(self) -> S3Store | AzureStore | GCSStore:
        """A client that copies only to free keys, in the first way that the store honours."""
        source, target = (f"{PROBES}/{uuid.uuid4().hex}" for _ in range(2))
        self.put(source, b"probe")
        try:
            failed = None
            for config in _COPIES[self.url.scheme]:
                try:
                    if self._copies_once(self._connect(config, retries=0), source, target):
                        return self._connect(config)
                except StoreError as error:
                    failed = error
                self.delete([target])
        finally:
            self.delete([source, target])
        raise failed or self._ignored("copy an object only to a free key", "If-None-Match")

    def _copies_once(self, client: S3Store | AzureStore | GCSStore, source: str, target: str) -> bool:
        """Return whether a second copy to the same key is refused; one refusal proves it, whatever failed before."""
        import obstore  # noqa: PLC0415 - an extra
        from obstore.exceptions import AlreadyExistsError, NotSupportedError  # noqa: PLC0415 - an extra

        def once() -> bool:
            try:
                obstore.copy(client, source, target, overwrite=False)
            except AlreadyExistsError:
                return False
            return True

        try:
            return not (self._retried("copy", source, once) and self._retried("copy", source, once))
        except NotSupportedError:
            return False

    def _connect(self, config: dict[str, str], retries: int = 2) -> S3Store | AzureStore | GCSStore:
        try:
            from obstore.store import AzureStore, GCSStore, S3Store  # noqa: PLC0415 - an extra
        except ImportError:
            raise SettingsError(
                f"{self.url} is in an object store, and the packages for them are missing. "
                "Install them: pip install 'longshore[stores]'."
            ) from None
        kinds: dict[str, Any] = {"s3": S3Store, "gs": GCSStore, "az": AzureStore}
        endpoint = next((os.environ[name] for name in _ENDPOINTS[self.url.scheme] if os.environ.get(name)), "")
        try:
            client: S3Store | AzureStore | GCSStore = kinds[self.url.scheme](
                self.url.bucket,
                prefix=self.url.prefix or None,
                client_options={
                    # Whoever sets an endpoint without TLS wants it.
                    "allow_http": endpoint.startswith("http://"),
                    "timeout": f"{TIMEOUT_SECONDS}s",
                    "connect_timeout": "5s",
                },
                retry_config={
                    "max_retries": retries,
                    "retry_timeout": dt.timedelta(seconds=60),
                    "backoff": {
                        "init_backoff": dt.timedelta(seconds=_FIRST_DELAY_SECONDS),
                        "max_backoff": dt.timedelta(seconds=5),
                        "base": 2,
                    },
                },
                **config,
            )
        except Exception as error:
            raise SettingsError(
                f"The environment does not say how to reach {self.url}: {_cause(error)}. Set the variables that the "
                "store's own tools use."
            ) from None
        return client

    def close(self) -> None:
        """Close the connections that are held open."""
        self._signed.close()

    def _retried(self, doing: str, key: str, request: Callable[[], _Out]) -> _Out:
        """Send a request, again while the answer is "not now"; other failures become plain errors."""
        for attempt in range(_ATTEMPTS):
            try:
                return request()
            except Exception as error:
                plain = self._explained(error, doing, key)
                if attempt == _ATTEMPTS - 1 or not isinstance(plain, StoreError):
                    # Without the cause: its text may hold a signed address.
                    raise plain from None
            time.sleep(_FIRST_DELAY_SECONDS * 2**attempt * random.uniform(0.5, 1))  # noqa: S311 - spreads load
        raise AssertionError

    def _explained(self, error: Exception, doing: str, key: str) -> Exception:  # noqa: PLR0911 - one for each kind
        from obstore import exceptions  # noqa: PLC0415 - an extra

        place = self.url / key if key else self.url
        # S3 answers 409 while another conditional request for the key is under way; Azure means that the key is taken.
        conflict = self.url.scheme == "s3" and "409 Conflict" in str(error)
        if isinstance(error, exceptions.AlreadyExistsError | SettingsError) and not conflict:
            return error
        no_bucket = any(code in str(error) for code in ("NoSuchBucket", "ContainerNotFound"))
        if no_bucket or (doing == "list" and "404 Not Found" in str(error)):
            return SettingsError(f"The bucket of {self.url} does not exist. Create it, or correct the address.")
        if isinstance(error, FileNotFoundError):
            return FileNotFoundError(errno.ENOENT, f"{place} does not exist")
        if isinstance(error, exceptions.PreconditionError | exceptions.NotModifiedError):
            return ChangedError(f"{place} is another object now")
        if isinstance(error, exceptions.PermissionDeniedError | exceptions.UnauthenticatedError | PermissionError):
            return PermissionError(
                errno.EACCES, f"the credentials in the environment do not allow to {doing} {self.url}"
            )
        if isinstance(error, exceptions.InvalidPathError):
            return SettingsError(
                f"{self.url} holds a key that is no path ({_cause(error)}). Rename or delete it with the store's own "
                "tools: nothing below this address can be listed until then."
            )
        if isinstance(error, exceptions.NotSupportedError) or "501 Not Implemented" in str(error):
            return exceptions.NotSupportedError(f"{self.url} cannot {doing} in this way")
        if "169.254." in str(error):
            return PermissionError(
                errno.EACCES,
                f"no credentials for {self.url} in the environment: set the variables that the store's own tools use",
            )
        if isinstance(error, exceptions.BaseError | _AgainError | OSError):
            return StoreError(errno.EIO, f"{self.url} could not {doing} {key or 'it'}: {_cause(error)}")
        return error


class _AgainError(Exception):
    """The answer of the store means: not now."""


_NOT_NOW = frozenset({408, 409, 425, 429, 500, 502, 503, 504})


def _cause(error: Exception) -> str:
    """Return the first line of an error without secrets."""
    text = without_secrets(str(error)).partition("\n")[0].strip()
    return text[:300] or type(error).__name__


def _stored(found: Any) -> StoredObject:  # noqa: ANN401 - obstore's type exists for the type checker only
    modified = found["last_modified"]
    modified_ns = int(modified.timestamp()) * 1_000_000_000 + modified.microsecond * 1000
    return StoredObject(found["path"], found["size"], found["e_tag"] or "", modified_ns)
