"""What a search needs of a store, and how a URI chooses one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from videonas.errors import StorageError


class Store(Protocol):
    """Named byte strings that are written once.

    A key is a relative path with `/` between its parts. Every method raises `StorageError` when
    the store cannot be reached or written, after bounded retries where a retry can help.
    """

    uri: str
    """Where the store lies, for messages and for people."""

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

        Raises:
            StorageError: nothing is at `key`.
        """

    def keys(self, prefix: str) -> Iterator[str]:
        """All keys that start with `prefix`, sorted."""

    def delete(self, key: str) -> None:
        """Removes `key`; nothing happens when it is not there."""


def open_store(uri: str) -> Store:
    """The store at a URI: a local path, with or without `file://`.

    Raises:
        StorageError: the scheme is not known.
    """
    from videonas.storage.local import LocalStore

    scheme, separator, rest = uri.partition("://")
    if not separator:
        return LocalStore(Path(uri))
    if scheme == "file":
        return LocalStore(Path(rest))
    raise StorageError(f"{uri}: unknown scheme {scheme!r}; allowed: a local path or file://")
