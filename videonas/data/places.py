"""Where lists and videos lie: on this machine, or in object storage. Nothing else knows which.

A layout sees a `Place`, which is as much of `pathlib.Path` as it needs. Whoever wants the videos
themselves asks `videos_of` a folder.
"""

from __future__ import annotations

import hashlib
import os
import posixpath
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Literal, Protocol

from videonas.data.walking import Walk
from videonas.search.dataset import sha256_of_file

Fingerprint = tuple[int, str]
"""Size in bytes and a checksum, by which a video that was changed is told; `GONE` where there is
none."""

GONE: Fingerprint = (-1, "")

_SAMPLE = 64 * 1024


class Place(Protocol):
    """A file or a folder, or where one could be. A `Path` is one; see there what members mean."""

    @property
    def name(self) -> str:
        """The last part of the path."""

    @property
    def stem(self) -> str:
        """The name without its suffix."""

    @property
    def suffix(self) -> str:
        """The end of the name from its last point on."""

    @property
    def parent(self) -> Place:
        """The folder that this is in."""

    def __truediv__(self, path: str, /) -> Place:
        """What is at a path relative to this folder, or at a whole path."""

    def __lt__(self, other: Any, /) -> bool:
        """Places have an order."""

    def exists(self) -> bool:
        """Whether something is there."""

    def is_dir(self) -> bool:
        """Whether it is a folder."""

    def is_file(self) -> bool:
        """Whether it is a file."""

    def iterdir(self) -> Iterator[Place]:
        """What is in this folder."""

    def open(self, mode: Literal["rb"], /) -> IO[bytes]:
        """The file, to be read from its beginning."""

    def read_bytes(self) -> bytes:
        """All that the file holds."""


@dataclass(frozen=True)
class LocalCopy:
    """A video on this machine.

    Attributes:
        path: where it lies.
        temporary: whether it is a copy, to be removed once it was decoded.
    """

    path: Path
    temporary: bool

    def remove(self) -> None:
        """Removes the file where it is a copy."""
        if self.temporary:
            self.path.unlink(missing_ok=True)


class Videos(Protocol):
    """The videos below a folder, by their paths relative to it."""

    top: str
    """What a whole path of a video begins with."""

    ahead: int
    """How many videos are worth fetching at a time."""

    def below(self, name: str, wanted: Callable[[str], bool]) -> Iterator[str]:
        """The files at any depth in a folder of this folder, in no order.

        Hidden folders are left out.

        Args:
            name: of the folder in it; empty for this folder itself.
            wanted: whether a file counts, by its name alone; asked about every file.
        """

    def missing(self, paths: Sequence[str]) -> list[str]:
        """Those paths at which no file is."""

    def fingerprint(self, path: str) -> Fingerprint:
        """By what a video is told from what it may become."""

    def checksum(self, path: str, known: Fingerprint) -> str:
        """A checksum of all bytes of a video.

        Args:
            path: of the video.
            known: its fingerprint; no more is read where that covers all bytes.
        """

    def fetch(self, path: str, scratch: Path) -> LocalCopy | str:
        """A video as a local file, or the reason why there is none.

        Args:
            path: of the video.
            scratch: a folder for a copy of it.

        Raises:
            StorageError: a store cannot be reached or read.
        """


class LocalVideos:
    """See `Videos`: in a folder of this machine.

    Args:
        folder: that paths are relative to; a whole path may lead out of it.
    """

    ahead = 1

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.top = f"{posixpath.normpath(folder.absolute().as_posix())}/"

    def below(self, name: str, wanted: Callable[[str], bool]) -> Iterator[str]:
        """See `Videos.below`."""
        top, start = str(self._folder), str(self._folder / name)
        for path in Walk(top, start).files():
            if wanted(os.path.basename(path)):
                yield Path(path).relative_to(self._folder).as_posix()

    def missing(self, paths: Sequence[str]) -> list[str]:
        """See `Videos.missing`."""
        # `Path.is_file` raises where a name is too long for the system
        return [path for path in paths if not os.path.isfile(self._folder / path)]

    def fingerprint(self, path: str) -> Fingerprint:
        """Size in bytes and the SHA-256 of the first and last 64 KiB: reading whole files would
        take as long as decoding them.
        """
        file_path = self._folder / path
        try:
            if not file_path.is_file():  # opening a pipe would wait for somebody to write
                return GONE
            with file_path.open("rb") as file:
                size = os.fstat(file.fileno()).st_size
                sample = hashlib.sha256(file.read(_SAMPLE))
                file.seek(max(0, size - _SAMPLE))
                sample.update(file.read(_SAMPLE))
        except OSError:
            return GONE
        return size, sample.hexdigest()

    def checksum(self, path: str, known: Fingerprint) -> str:
        """See `Videos.checksum`."""
        size, sample = known
        if size <= 2 * _SAMPLE:
            return sample
        try:
            return sha256_of_file(self._folder / path)
        except OSError:
            return path  # like no other

    def fetch(self, path: str, scratch: Path) -> LocalCopy:
        """See `Videos.fetch`; the video itself, whatever is there."""
        return LocalCopy(self._folder / path, temporary=False)


def visible(names: Iterable[str]) -> Iterator[str]:
    """The names that are not hidden."""
    return (name for name in names if not name.startswith("."))


def open_place(uri: str) -> Place:
    """The place at a path, or at a URI that a store can be at.

    Raises:
        StorageError: see `open_store`.
    """
    scheme, separator, rest = uri.partition("://")
    if not separator:
        return Path(uri)
    if scheme == "file":
        return Path(rest)
    from videonas.data.stored_videos import Bucket, StoredPlace

    bucket, _, key = rest.partition("/")
    return StoredPlace(Bucket(f"{scheme}://{bucket}")) / key


def videos_of(folder: Place) -> Videos:
    """The videos below a folder."""
    if isinstance(folder, Path):
        return LocalVideos(folder)
    from videonas.data.stored_videos import StoredPlace, StoredVideos

    assert isinstance(folder, StoredPlace)  # see `open_place`
    return StoredVideos(folder)
