"""Local copies of what lies in object storage, shared by all processes of a user.

    <name>             a copy, complete; used last at its modification time
    part-<random>      one that is being fetched
    lease-<random>     what a process was given; locked until it ends
    lock-<xx>          held while a copy whose name begins so is fetched
    lock-books         held while leases are written or copies are removed

The operating system takes locks back from a process that ends in whatever way.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from functools import cache, cached_property
from io import FileIO
from pathlib import Path

from videonas.errors import StorageError
from videonas.storage.local import explained

FOLDER, LIMIT = "VIDEONAS_CACHE", "VIDEONAS_CACHE_GB"
"""Environment variables: where copies lie, and how much room they may take."""

DEFAULT_LIMIT = 20.0
ABANDONED = 3600.0
"""Seconds without growth after which a part belongs to a process that was killed."""

COPY = re.compile(r"[0-9a-f]{32}-.*", re.DOTALL)


def cache_folder() -> Path:
    """Where copies lie: as the environment says, else in the user's cache, else with the temporary
    files.
    """
    if given := os.environ.get(FOLDER):
        return Path(given).expanduser().absolute()
    users = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    with contextlib.suppress(OSError, RuntimeError):  # a user without a home, or with one of root's
        folder = Path(users).expanduser().absolute() / "videonas"
        folder.mkdir(parents=True, exist_ok=True)
        if os.access(folder, os.W_OK):
            return folder
    return Path(tempfile.gettempdir()) / f"videonas-cache-{os.getuid()}"


def cache_limit() -> int:
    """How many bytes copies may take.

    Raises:
        StorageError: the environment says something else than a size.
    """
    given = os.environ.get(LIMIT) or DEFAULT_LIMIT
    try:
        gigabytes = float(given)
        if gigabytes >= 0:
            return int(gigabytes * 1e9)
    except (ValueError, OverflowError):
        pass
    raise StorageError(f"{LIMIT} is {given!r}; allowed: a number of gigabytes, 0 or more")


@cache
def open_cache(folder: Path, limit: int) -> Cache:
    """The cache of this process in a folder, see `Cache`."""
    return Cache(folder, limit)


class Cache:
    """Copies in one folder.

    The least recently used are removed where there are too many, but none that a living process
    was given: it may open it again.

    Args:
        folder: created where it does not exist.
        limit: bytes that copies may take together, those in use aside.
    """

    def __init__(self, folder: Path, limit: int) -> None:
        self.folder, self.limit = folder, limit
        self._leased: set[str] = set()

    def get(
        self, name: str, intact: Callable[[Path], bool], fetch: Callable[[Path], None]
    ) -> Path:
        """The copy of a name, fetched where there is none that is intact.

        Processes and threads that want the same at the same time fetch it once.

        Args:
            name: 32 hex digits, a hyphen, and anything that ends a file name.
            intact: whether a file is what it should be.
            fetch: writes a file that is.

        Raises:
            StorageError: the folder cannot be written, or what `fetch` raises.
        """
        path = self.folder / name
        with explained(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
        with explained(path):
            with self._locked(name[:2]):
                self._lease(name)
                if path.is_file() and intact(path):
                    os.utime(path)
                    return path
                part = self.folder / f"part-{uuid.uuid4().hex}"
                try:
                    fetch(part)
                    part.replace(path)
                finally:
                    part.unlink(missing_ok=True)
            self._make_room()
        return path

    @contextlib.contextmanager
    def _locked(self, what: str) -> Iterator[None]:
        handle = os.open(self.folder / f"lock-{what}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    @cached_property
    def _lease_file(self) -> FileIO:
        """Open, and locked, for as long as this cache is."""
        file = FileIO(self.folder / f"lease-{uuid.uuid4().hex}", "x")
        fcntl.flock(file, fcntl.LOCK_EX)
        return file

    def _lease(self, name: str) -> None:
        """Tells others that this process uses a copy, before it looks whether it is there."""
        with self._locked("books"):
            if name not in self._leased:
                self._lease_file.write(f"{name}\0".encode())
                self._leased.add(name)

    def _make_room(self) -> None:
        with self._locked("books"):
            copies = sorted(self._copies())
            excess = sum(size for _, size, _ in copies) - self.limit
            in_use = self._in_use() if excess > 0 else set()
            for _, size, name in copies:
                if excess > 0 and name not in in_use:
                    (self.folder / name).unlink(missing_ok=True)
                    excess -= size

    def _copies(self) -> Iterator[tuple[float, int, str]]:
        """When each was used last, its bytes, its name; abandoned parts are removed."""
        for entry in os.scandir(self.folder):
            try:
                status = entry.stat()
            except FileNotFoundError:  # a part that was finished or given up just now
                continue
            if COPY.fullmatch(entry.name):
                yield status.st_mtime, status.st_size, entry.name
            elif entry.name.startswith("part-") and time.time() > status.st_mtime + ABANDONED:
                Path(entry).unlink(missing_ok=True)

    def _in_use(self) -> set[str]:
        """What living processes were given; the leases of others are removed."""
        names = set(self._leased)
        for path in self.folder.glob("lease-*"):
            with path.open("rb") as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
                except BlockingIOError:
                    names.update(file.read().decode().split("\0"))
                else:
                    path.unlink()
        return names
