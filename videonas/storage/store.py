"""What a search needs of a store, and how a URI chooses one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from videonas.errors import StorageError

ALLOWED = "a local path, file://, gs://, s3:// or minio://"
SCHEMES = ("file", "gs", "s3", "minio")

PACKAGES = {"google": ("google-cloud-storage", "gcs"), "google_crc32c": ("google-crc32c", "gcs"),
            "boto3": ("boto3", "s3"), "botocore": ("boto3", "s3"), "tenacity": ("tenacity", "s3")}
"""What a store imports: the package that brings it, and the extra that brings the package."""


class Store(Protocol):
    """Named byte strings that are written once.

    A key is a relative path with `/` between its parts. Every method raises `StorageError` when
    the store cannot be reached or written, after bounded retries where a retry can help. Methods
    may be called from several threads.
    """

    uri: str
    """Where the store lies, for messages and for people."""

    folder: Path
    """A folder on this machine for what concerns it alone, such as logs; it need not exist."""

    requests_at_once: int
    """How many requests are worth making at a time, see `in_parallel`; 1 where none is waited for.
    """

    def read(self, key: str) -> bytes | None:
        """The bytes at `key`, or None when nothing is there."""

    def create(self, key: str, data: bytes) -> bytes:
        """Writes `data` unless something is at `key` already; gives back the bytes that count.

        What was written first counts for everybody, so a caller goes on with what it is given
        back, not with what it wanted to write.
        """

    def create_file(self, key: str, path: Path) -> None:
        """Moves the local file at `path` to `key`, unless something is there already."""

    def fetch(self, key: str) -> Path:
        """A local file with the bytes at `key`, to be read only.

        It stays there until this process ends; its name ends as the key does.

        Raises:
            NothingThere: nothing is at `key`.
        """

    def keys(self, prefix: str) -> Iterator[str]:
        """All keys that start with `prefix`, sorted."""

    def children(self, folder: str) -> list[str]:
        """Names right below a folder, sorted; those of folders end in `/`.

        Args:
            folder: empty for the top, or a path that ends in `/`.
        """

    def delete(self, key: str) -> None:
        """Removes `key`; nothing happens when it is not there."""


def open_store(uri: str) -> Store:
    """The store at a URI.

    Args:
        uri: a local path, with or without `file://`; `gs://bucket/prefix`; `s3://bucket/prefix`;
            `minio://` is `s3://` with the endpoint that the environment names.

    Raises:
        StorageError: the scheme is not known, the URI names no bucket, or a package is missing.
    """
    from videonas.storage.local import LocalStore

    check_scheme(uri)
    scheme, separator, rest = uri.partition("://")
    if not separator:
        return LocalStore(Path(uri))
    if scheme == "file":
        return LocalStore(Path(rest))
    try:
        if scheme == "gs":
            from videonas.storage.gcs import GcsStore

            return GcsStore(uri)
        from videonas.storage.s3 import S3Store

        return S3Store(uri)
    except ModuleNotFoundError as error:
        module = (error.name or "").partition(".")[0]
        if module not in PACKAGES:
            raise
        package, extra = PACKAGES[module]
        raise StorageError(f"{uri}: needs {package}; pip install 'videonas[{extra}]'") from error


def check_scheme(uri: str) -> None:
    """Refuses an address that no store can be at, without looking there.

    Raises:
        StorageError: the scheme is not known.
    """
    scheme, separator, _ = uri.partition("://")
    if separator and scheme not in SCHEMES:
        raise StorageError(f"{uri}: unknown scheme {scheme!r}; allowed: {ALLOWED}")


def check_key(uri: str, key: str) -> None:
    """Refuses what is no key.

    Args:
        uri: of the store.
        key: what is to be one.

    Raises:
        StorageError: it is empty, absolute, or has parts that a path would follow elsewhere.
    """
    parts = key.split("/")
    if not all(parts) or any(part in (".", "..") for part in parts):
        raise StorageError(f"{uri}: {key!r} is not a key; parts of a path are allowed")
