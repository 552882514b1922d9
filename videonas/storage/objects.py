"""What the stores on object storage share: all but the requests themselves."""

from __future__ import annotations

import contextlib
import hashlib
import os
import random
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from videonas.errors import NothingThere, StorageError
from videonas.storage.cache import cache_folder, cache_limit, open_cache
from videonas.storage.local import explained
from videonas.storage.parallel import write_in_parts
from videonas.storage.store import check_key

PATIENCE = "VIDEONAS_STORE_PATIENCE"
"""Environment variable: seconds for which a request is made again where that can help."""

DEFAULT_PATIENCE = 60.0
TRIES = 8
"""Rounds in which something else can happen to a key whenever it is looked at."""

CHUNK = 2**20


def patience() -> float:
    """For how many seconds a request is made again.

    Raises:
        StorageError: the environment says something else than a time.
    """
    given = os.environ.get(PATIENCE) or DEFAULT_PATIENCE
    with contextlib.suppress(ValueError):
        if 0 < (seconds := float(given)) < float("inf"):
            return seconds
    raise StorageError(f"{PATIENCE} is {given!r}; allowed: a number of seconds above 0")


@dataclass(frozen=True)
class Version:
    """What is at a key now.

    Attributes:
        tag: differs between any two things that were ever written there: generation or ETag.
        size: in bytes.
        checksum: as `ObjectStore._checksum` gives it; empty where the store does not know it.
    """

    tag: str
    size: int
    checksum: str


class ObjectStore(ABC):
    """Objects below a prefix in a bucket.

    A subclass makes the requests, again where that can help, and puts its errors into words. The
    names that it is given are those of whole objects, the prefix included.

    Args:
        scheme: that the URI is told with.
        uri: `scheme://bucket/prefix`.

    Raises:
        StorageError: the URI names no bucket.
    """

    requests_at_once = 10  # connections that both clients keep open
    page_length = 1000  # names that one request lists: as many as both take
    part_length = 16 * 2**20  # bytes of a part of a large file; S3 takes none under 5 MiB
    rights = "list, read, create and delete"  # what permission is asked for, in messages

    def __init__(self, scheme: str, uri: str) -> None:
        self.bucket, _, prefix = uri.partition("://")[2].partition("/")
        if not self.bucket:
            raise StorageError(f"{uri}: names no bucket; allowed: {scheme}://bucket/prefix")
        prefix = prefix.strip("/")
        if prefix:
            check_key(uri, prefix)
        self.uri = f"{scheme}://{self.bucket}/{prefix}".rstrip("/")
        self.folder = cache_folder() / "local" / quote(self.uri, safe="")
        self._prefix = f"{prefix}/" if prefix else ""
        self._cache = open_cache(cache_folder(), cache_limit())
        self._slots = threading.BoundedSemaphore(self.requests_at_once)
        self._bucket_is_there = False

    # The store

    def read(self, key: str) -> bytes | None:
        """See `Store.read`."""
        with self._explained(key):
            return self._read(key)

    def create(self, key: str, data: bytes) -> bytes:
        """See `Store.create`."""
        name = self._name(key)
        with self._explained(key):
            for _ in self._rounds(key):
                if self._put(name, data):
                    return data
                if (existing := self._read(key)) is not None:
                    return existing
        raise AssertionError("rounds end with an error")

    def create_file(self, key: str, path: Path) -> None:
        """See `Store.create_file`."""
        name = self._name(key)
        with self._explained(key):
            for _ in self._rounds(key):
                # what is there already is not sent in vain
                if self._head(name) is not None or self._put_file(name, path):
                    break
        path.unlink()

    def fetch(self, key: str) -> Path:
        """See `Store.fetch`."""
        name = self._name(key)
        with self._explained(key):
            version = self._head(name)
            if version is None:
                self._need_bucket()
                raise NothingThere(f"{self._where(key)}: no such file")
        return self._cache.get(
            _copy_name(self._where(key), version),
            lambda path: self._intact(path, version),
            lambda path: self._fetch(key, version, path),
        )

    def keys(self, prefix: str) -> Iterator[str]:
        """See `Store.keys`."""
        with self._explained(prefix):
            names = self._names(self._prefix + prefix)
        return iter(sorted(name.removeprefix(self._prefix) for name in names))

    def children(self, folder: str) -> list[str]:
        """See `Store.children`."""
        top = self._prefix + folder
        with self._explained(folder):
            names = self._level(top)
        return sorted(rest for name in names if (rest := name.removeprefix(top)))

    def delete(self, key: str) -> None:
        """See `Store.delete`.

        Where the answer is lost the request is made again: what somebody wrote in between goes
        with it. Only claims are deleted and written again, and a lost one costs work, no record.
        """
        with self._explained(key):
            self._delete(self._name(key))

    # What only object storage has: files that somebody else wrote, which may be replaced

    def versions(self, prefix: str) -> dict[str, Version]:
        """What is at each key that starts with `prefix`, sorted, as one listing says."""
        with self._explained(prefix):
            found = self._versions(self._prefix + prefix)
        return {name.removeprefix(self._prefix): found[name] for name in sorted(found)}

    def part(self, key: str, version: Version, start: int, end: int) -> bytes:
        """The bytes from `start` to before `end` of a version.

        Raises:
            NothingThere: this version is there no more.
        """
        with self._explained(key):
            data = self._part(self._name(key), version, start, end)
        if data is None:
            raise NothingThere(f"{self._where(key)}: it was removed or changed while it was read")
        return data

    def download(self, key: str, version: Version, path: Path) -> None:
        """Writes a version to a new local file at `path`, past the cache.

        Raises:
            NothingThere: this version is there no more.
        """
        with explained(path):
            self._fetch(key, version, path)

    # What a subclass does

    @abstractmethod
    def _get(self, name: str) -> tuple[bytes, str] | None:
        """A whole object and its checksum, or None when nothing is there."""

    @abstractmethod
    def _put(self, name: str, data: bytes) -> bool:
        """Writes an object; False when the name was taken already, perhaps by this request."""

    @abstractmethod
    def _put_file(self, name: str, path: Path) -> bool:
        """As `_put`, from a file."""

    @abstractmethod
    def _head(self, name: str) -> Version | None:
        """What is there, in one request."""

    @abstractmethod
    def _part(self, name: str, version: Version, start: int, end: int) -> bytes | None:
        """Bytes of a version of an object, or None when it is there no more."""

    @abstractmethod
    def _names(self, prefix: str, most: int | None = None) -> list[str]:
        """Names of all objects, or of so many, that begin so."""

    @abstractmethod
    def _level(self, prefix: str) -> list[str]:
        """As `_names`, up to the next `/`: of what goes on after it, the beginning once."""

    @abstractmethod
    def _versions(self, prefix: str) -> dict[str, Version]:
        """Every object that begins so, by name; its checksum only where a listing tells it."""

    @abstractmethod
    def _delete(self, name: str) -> None:
        """Removes an object if it is there."""

    @abstractmethod
    def _checksum(self, chunks: Iterable[bytes]) -> str:
        """What the store says of an object whose content this is."""

    @abstractmethod
    def _in_words(self, error: Exception) -> str | None:
        """What an error of the client means to people; None where it is not the store's."""

    # What it may use

    def _no_bucket(self) -> str:
        return f"there is no bucket {self.bucket!r}; create it, or put the name right"

    def _not_permitted(self, detail: str) -> str:
        return (
            f"permission denied ({detail}); a search needs to {self.rights} objects in "
            f"{self.bucket!r}"
        )

    # How it is done

    def _name(self, key: str) -> str:
        check_key(self.uri, key)
        return self._prefix + key

    def _where(self, key: str) -> str:
        return f"{self.uri}/{key}"

    @contextlib.contextmanager
    def _explained(self, key: str = "") -> Iterator[None]:
        """Turns what the client says of a key into one sentence.

        Raises:
            StorageError: whatever error of the client was raised inside.
        """
        try:
            yield
        except StorageError:
            raise
        except Exception as error:
            words = self._in_words(error)
            if words is None:
                raise
            raise StorageError(f"{self._where(key).rstrip('/')}: {words}") from error

    def _rounds(self, key: str) -> Iterator[int]:
        """Tries to write; each after the first found the name taken, and then nothing there."""
        for number in range(TRIES):
            yield number
            time.sleep(random.uniform(0, 0.05 * 2**number))
        raise StorageError(
            f"{self._where(key)}: can be neither written nor read: whenever it is written it is "
            "there already, and whenever it is read it is gone"
        )

    def _need_bucket(self) -> None:
        """Tells a bucket that is not there from an object that is not: the answer is the same."""
        if not self._bucket_is_there:
            self._names(self._prefix, most=1)
            self._bucket_is_there = True

    def _read(self, key: str) -> bytes | None:
        for _ in range(TRIES):
            found = self._get(self._name(key))
            if found is None:
                self._need_bucket()
                return None
            data, checksum = found
            if checksum in ("", self._checksum([data])):
                return data
        raise self._damaged(key)

    def _fetch(self, key: str, version: Version, path: Path) -> None:
        """Writes a version to a local file."""

        def part(start: int, end: int) -> bytes:
            """Some bytes of this version, and of no other."""
            return self.part(key, version, start, end)

        with self._explained(key):
            for _ in range(TRIES):
                write_in_parts(path, version.size, self.part_length, part, self.requests_at_once)
                if self._intact(path, version):
                    return
        raise self._damaged(key)

    def _damaged(self, key: str) -> StorageError:
        return StorageError(
            f"{self._where(key)}: what arrives has another checksum than the store says; delete "
            "it there if that stays so"
        )

    def _intact(self, path: Path, version: Version) -> bool:
        if path.stat().st_size != version.size:
            return False
        return version.checksum in ("", self._checksum_of(path))

    def _checksum_of(self, path: Path) -> str:
        with path.open("rb") as file:
            return self._checksum(iter(lambda: file.read(CHUNK), b""))


def in_one_line(error: Exception) -> str:
    """What an error says, as part of a sentence."""
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= 200 else f"{text[:199]}…"


def _copy_name(where: str, version: Version) -> str:
    """The name of a local copy: of this version alone, and ending as the key does."""
    identity = "\n".join((where, version.tag, str(version.size), version.checksum))
    ending = where.rpartition("/")[2][-100:]
    return f"{hashlib.sha256(identity.encode()).hexdigest()[:32]}-{ending}"
