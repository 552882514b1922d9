"""Lists and videos in object storage: listed once, and fetched one by one."""

from __future__ import annotations

import errno
import io
import logging
import posixpath
import uuid
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING, Any, Literal

from videonas.data.places import GONE, Fingerprint, LocalCopy, visible
from videonas.errors import NothingThere
from videonas.storage.objects import ObjectStore, Version
from videonas.storage.store import open_store

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

log = logging.getLogger(__name__)

AHEAD = 4
"""Videos fetched at a time: they lie on this machine until they are decoded."""

_LAST = chr(0x10FFFF)
"""Comes after every sign that a key holds."""

_BUFFER = 1 << 16


class Bucket:
    """The objects of a bucket as they were when they were first asked for.

    What was listed is not asked for again, so that all who look see the same.

    Args:
        uri: `scheme://bucket`.

    Raises:
        StorageError: see `open_store`.
    """

    def __init__(self, uri: str) -> None:
        store = open_store(uri)
        assert isinstance(store, ObjectStore)  # local paths have places of their own
        self.uri, self.store = uri, store
        self.store.rights = "list and read"
        self._versions: dict[str, Version] = {}
        self._listed: dict[str, list[str]] = {}

    def keys(self, prefix: str) -> list[str]:
        """All keys that start with `prefix`, sorted.

        Raises:
            StorageError: the bucket is not there, or cannot be listed.
        """
        keys = self._listed[self.look_through(prefix)]
        return keys[bisect_left(keys, prefix) : bisect_right(keys, prefix + _LAST)]

    def look_through(self, prefix: str) -> str:
        """Lists what starts with `prefix`, unless that was done; gives back what was listed.

        Raises:
            StorageError: the bucket is not there, or cannot be listed.
        """
        known = next((listed for listed in self._listed if prefix.startswith(listed)), None)
        if known is None:
            self._list(prefix)
        return prefix if known is None else known

    def version(self, key: str) -> Version | None:
        """What is at a key, or None when nothing is.

        Raises:
            StorageError: the bucket is not there, or cannot be listed.
        """
        if key not in self._versions and _is_key(key):
            self.look_through(key)
        return self._versions.get(key)

    def _list(self, prefix: str) -> None:
        versions = self.store.versions(prefix)
        good = {key: version for key, version in versions.items() if _is_key(key)}
        # programs that show folders create empty objects that stand for them
        odd = [key for key in versions if key not in good and not key.endswith("/")]
        if odd:
            log.warning(
                "%s: %d names are no paths, and left out; the first is %r",
                self.uri, len(odd), odd[0],
            )
        self._versions |= good
        self._listed[prefix] = list(good)


def _is_key(key: str) -> bool:
    return all(part not in ("", ".", "..") for part in key.split("/"))


@dataclass(frozen=True)
class StoredPlace:
    """See `Place`: an object, or a folder of objects.

    Attributes:
        bucket: that it is in.
        key: in the bucket; empty for the bucket itself.
    """

    bucket: Bucket
    key: str = ""

    def __str__(self) -> str:
        return f"{self.bucket.uri}/{self.key}".rstrip("/")

    def __lt__(self, other: Any, /) -> bool:
        return bool(self.key < other.key)

    def __truediv__(self, path: str, /) -> StoredPlace:
        inside = path.removeprefix(f"{self.bucket.uri}/")
        key = inside if inside != path else posixpath.join(self.key, path)
        return StoredPlace(self.bucket, posixpath.normpath(key) if key else "")

    @property
    def name(self) -> str:
        """See `Place.name`."""
        return self.key.rpartition("/")[2]

    @property
    def stem(self) -> str:
        """See `Place.stem`."""
        return PurePosixPath(self.name).stem

    @property
    def suffix(self) -> str:
        """See `Place.suffix`."""
        return PurePosixPath(self.name).suffix

    @property
    def parent(self) -> StoredPlace:
        """See `Place.parent`; a bucket's is itself."""
        return StoredPlace(self.bucket, self.key.rpartition("/")[0])

    @property
    def prefix(self) -> str:
        """What the keys of all that is in this folder begin with."""
        return f"{self.key}/" if self.key else ""

    def exists(self) -> bool:
        """See `Place.exists`."""
        return self.is_dir() or self.is_file()

    def is_dir(self) -> bool:
        """See `Place.is_dir`: an object lies below it."""
        return bool(self.bucket.keys(self.prefix))

    def is_file(self) -> bool:
        """See `Place.is_file`."""
        return self.bucket.version(self.key) is not None

    def iterdir(self) -> Iterator[StoredPlace]:
        """See `Place.iterdir`."""
        length = len(self.prefix)
        keys = self.bucket.keys(self.prefix)
        names = dict.fromkeys(key[length:].partition("/")[0] for key in keys)
        return (self / name for name in names)

    def open(self, mode: Literal["rb"], /) -> IO[bytes]:
        """See `Place.open`."""
        return io.BufferedReader(_Reader(self, self._need_version()), _BUFFER)

    def read_bytes(self) -> bytes:
        """See `Place.read_bytes`."""
        self._need_version()
        data = self.bucket.store.read(self.key)
        if data is None:
            raise _gone()
        return data

    def _need_version(self) -> Version:
        version = self.bucket.version(self.key)
        if version is None:
            raise _gone()
        return version


class _Reader(io.RawIOBase):
    """An object that is read no further than it is asked for: it may be a large video."""

    def __init__(self, place: StoredPlace, version: Version) -> None:
        super().__init__()
        self._place, self._version, self._position = place, version, 0

    def readable(self) -> bool:
        """Yes."""
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Reads the next bytes; gives back how many, 0 at the end."""
        view = memoryview(buffer).cast("B")
        end = min(self._position + len(view), self._version.size)
        if end <= self._position:
            return 0
        store = self._place.bucket.store
        data = store.part(self._place.key, self._version, self._position, end)
        view[: len(data)] = data
        self._position += len(data)
        return len(data)


def _gone() -> FileNotFoundError:
    return FileNotFoundError(errno.ENOENT, "No such file or directory")


class StoredVideos:
    """See `Videos`: in object storage.

    Args:
        folder: that paths are relative to; a whole path may lead out of it.
    """

    ahead = AHEAD

    def __init__(self, folder: StoredPlace) -> None:
        self._folder, self._bucket = folder, folder.bucket
        self.top = f"{folder}/"

    def below(self, name: str, wanted: Callable[[str], bool]) -> Iterator[str]:
        """See `Videos.below`."""
        start = (self._folder / name).prefix
        for key in self._bucket.keys(start):
            *folders, file = key[len(start) :].split("/")
            if len(list(visible(folders))) == len(folders) and wanted(file):
                yield key[len(self._folder.prefix) :]

    def missing(self, paths: Sequence[str]) -> list[str]:
        """See `Videos.missing`."""
        return [path for path in paths if self._version(path) is None]

    def fingerprint(self, path: str) -> Fingerprint:
        """Size in bytes, and the checksum that the store has of it, or else its ETag."""
        version = self._version(path)
        if version is None:
            return GONE
        return version.size, version.checksum or version.tag.strip('"')

    def checksum(self, path: str, known: Fingerprint) -> str:
        """See `Videos.checksum`: the listing's, for which nothing is read."""
        return known[1]

    def fetch(self, path: str, scratch: Path) -> LocalCopy | str:
        """See `Videos.fetch`; exactly what was listed, or nothing."""
        version = self._version(path)
        if version is None:
            return "no such file or directory"
        copy = LocalCopy(scratch / uuid.uuid4().hex, temporary=True)
        try:
            self._bucket.store.download((self._folder / path).key, version, copy.path)
        except NothingThere:
            copy.remove()
            return "it was removed or changed after it was listed"
        return copy

    def _version(self, path: str) -> Version | None:
        self._bucket.look_through(self._folder.prefix)  # all at once, not one by one
        return self._bucket.version((self._folder / path).key)
